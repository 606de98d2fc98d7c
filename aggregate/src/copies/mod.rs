//! Copies: events of one identity that were metered more than once, since no index of identities saw them all.
//!
//! Let the metered events stand in the order of the chain, and let the first event of an identity be the one that is *accepted*. An
//! identity is *reversed* if an accepted reversal names it. Then each usage event must be undone exactly so often:
//!
//! - once, if it is not the first of its identity, or if its identity is reversed;
//! - never, if it is the first of an identity that is not reversed.
//!
//! So the lines of an identity, with those of all its copies and of all reversals of any of them, sum to the first's or to nothing,
//! whatever the copies say. How often an event is undone is how many reversals name its place, of events and of Farthing, less those
//! that are undone themselves. What is undone too seldom is undone by a reversal of Farthing's; of what is undone too often, the last
//! reversals are undone, which brings its lines back.
//!
//! What is required of an event only ever grows, as does how often it is undone by events: so no correction has to be taken back, and
//! none is made twice. A reversal comes after an event of the identity that it names, and so after the first.

use crate::Digest;
use crate::identity::BuildUniform;
use crate::usage::Place;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

/// A row of `usage`, as far as copies are told by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// The number of the manifest that committed its batch.
    pub committed: u64,
    /// Where it stands.
    pub place: Place,
    /// Who it is.
    pub identity: Digest,
    /// What it says; for a reversal, whom it reverses.
    pub says: Digest,
    /// For a reversal, the place of what it undoes.
    pub undoes: Option<Place>,
    /// Whether it is a reversal that Farthing has made of a copy.
    pub by_farthing: bool,
}

impl Row {
    /// Its place in the order of the chain.
    #[must_use]
    pub fn order(&self) -> (u64, u32) {
        (self.committed, self.place.row)
    }
}

/// A row that is to be undone: the lines of a usage event, or the effect of a reversal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Correction {
    /// Which one.
    pub of: Place,
    /// Why.
    pub why: Why,
}

/// Why a row is to be undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It is a copy of the first of its identity.
    Copy {
        /// Where that stands.
        first: Place,
    },
    /// The same, and it says something else.
    Conflict {
        /// Where the first stands.
        first: Place,
    },
    /// Its identity was reversed, and that reversal has undone a copy.
    Reversed {
        /// Where the reversal stands.
        by: Place,
    },
    /// It is a reversal of what is undone without it, or is not to be undone.
    Idle,
}

/// What is known of some identities.
#[derive(Default)]
struct Known<'r> {
    /// The first event of each.
    firsts: HashMap<Digest, &'r Row, BuildUniform>,
    /// Per place, the events that undo it.
    undoings: HashMap<Place, Vec<&'r Row>>,
    /// What Farthing has undone.
    corrected: HashSet<Place>,
    /// Identities that are reversed, with the first reversal.
    reversed: HashMap<Digest, &'r Row, BuildUniform>,
}

/// What is to be undone so that each of the `wanted` identities counts once, in the order of the chain.
///
/// Of each wanted identity, and of each reversal that names it, all rows have to be among these: those that have the identity, and those
/// that name it.
#[must_use]
pub fn corrections(rows: &[Row], wanted: impl Fn(Digest) -> bool) -> Vec<Correction> {
    let known = Known::of(rows);
    let mut found: Vec<(&Row, Why)> = Vec::new();
    for row in rows.iter().filter(|row| row.undoes.is_none() && wanted(row.identity)) {
        known.correct(row, &mut found);
    }
    found.sort_by_key(|(row, _)| row.order());
    found.into_iter().map(|(row, why)| Correction { of: row.place, why }).collect()
}

/// The identities that are named by reversals which say something else than the first of their own identity, and so do not count.
#[must_use]
pub fn named_in_conflict(rows: &[Row]) -> Vec<Digest> {
    let known = Known::of(rows);
    let conflicting = |row: &&Row| row.undoes.is_some() && !row.by_farthing && known.conflicts(row);
    rows.iter().filter(conflicting).map(|row| row.says).collect()
}

impl<'r> Known<'r> {
    fn of(rows: &'r [Row]) -> Known<'r> {
        let mut known = Known::default();
        for row in rows {
            match row.undoes {
                Some(place) if row.by_farthing => {
                    known.corrected.insert(place);
                }
                undoes => {
                    if let Some(place) = undoes {
                        known.undoings.entry(place).or_default().push(row);
                    }
                    keep_earlier(&mut known.firsts, row.identity, row);
                }
            }
        }
        for row in rows.iter().filter(|row| row.undoes.is_some() && !row.by_farthing) {
            if known.is_first(row) {
                keep_earlier(&mut known.reversed, row.says, row);
            }
        }
        known
    }

    fn is_first(&self, row: &Row) -> bool {
        self.firsts.get(&row.identity).is_some_and(|first| first.place == row.place)
    }

    fn conflicts(&self, row: &Row) -> bool {
        self.firsts.get(&row.identity).is_some_and(|first| first.says != row.says || first.undoes.is_some() != row.undoes.is_some())
    }

    /// Why a usage event is to be undone, once; nothing if it counts.
    fn why_undone(&self, row: &Row) -> Option<Why> {
        let first = self.firsts.get(&row.identity)?.place;
        match self.reversed.get(&row.identity) {
            _ if !self.is_first(row) && self.conflicts(row) => Some(Why::Conflict { first }),
            _ if !self.is_first(row) => Some(Why::Copy { first }),
            by => by.map(|by| Why::Reversed { by: by.place }),
        }
    }

    fn correct(&self, row: &'r Row, found: &mut Vec<(&'r Row, Why)>) {
        let mut undoings: Vec<&Row> = self.undoings.get(&row.place).into_iter().flatten().copied().collect();
        undoings.retain(|undoing| !self.corrected.contains(&undoing.place));
        undoings.sort_by_key(|undoing| undoing.order());
        let required = self.why_undone(row);
        let undone = undoings.len() + usize::from(self.corrected.contains(&row.place));
        match required {
            Some(why) if undone == 0 => found.push((row, why)),
            _ => {
                let idle = undone.saturating_sub(usize::from(required.is_some()));
                found.extend(undoings.into_iter().rev().take(idle).map(|undoing| (undoing, Why::Idle)));
            }
        }
    }
}

fn keep_earlier<'r>(kept: &mut HashMap<Digest, &'r Row, BuildUniform>, of: Digest, row: &'r Row) {
    match kept.entry(of) {
        Entry::Occupied(mut entry) => {
            if row.order() < entry.get().order() {
                entry.insert(row);
            }
        }
        Entry::Vacant(entry) => {
            entry.insert(row);
        }
    }
}

#[cfg(test)]
mod tests;
