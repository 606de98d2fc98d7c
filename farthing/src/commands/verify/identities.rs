//! Every identity counts once: whatever was metered more often is undone, and nothing else is undone but by a reversal that counts.

use super::claims::Claims;
use crate::books::Books;
use crate::copies::{REVERSALS_SOURCE, id_of};
use crate::courses;
use crate::trace::Behind;
use anyhow::{Context, ensure};
use farthing_aggregate::Digest;
use farthing_aggregate::identity::{self, BuildUniform};
use farthing_aggregate::usage::{Place, UsageRows};
use farthing_schemas::event::{Body, Event};
use farthing_schemas::manifest::{CLAIMS, COPIES};
use farthing_settle::cycle::Kind;
use std::collections::{BTreeMap, HashMap};

/// A place in the order of the chain: the manifest of the batch, and the row.
type Order = (u64, u32);

/// The event of an identity that counts, as far as is known.
struct First {
    order: Order,
    place: Place,
    reversal: bool,
}

/// A reversal that came as an event.
struct Reversal {
    order: Order,
    identity: Digest,
    of: Digest,
    undoes: Place,
    name: String,
}

/// Everything that was said, to find what counts twice.
#[derive(Default)]
pub struct Said {
    firsts: HashMap<Digest, First, BuildUniform>,
    /// Usage events that are not the first of their identity.
    copies: BTreeMap<Place, (Order, Digest, String)>,
    reversals: BTreeMap<Place, Reversal>,
    /// What Farthing has undone, with whose identity that is, and the name of its reversal.
    made: BTreeMap<Place, (Digest, String)>,
    claims: Claims,
}

impl Said {
    /// Takes a row whose event was computed again and said that.
    pub fn take(
        &mut self,
        books: &Books,
        event: &Event<'_>,
        usage: &UsageRows<'_>,
        row: usize,
        says: Digest,
        behind: Option<&Behind<'_>>,
    ) -> anyhow::Result<()> {
        let identity = identity::of_event(&event.platform, &event.source, &event.id);
        ensure!(identity == usage.identity(row) && says == usage.says(row), "its identity or what it says is not what the archive says");
        let (place, name) = (usage.place(row), format!("{} {} of {}", event.source, event.id, event.platform));
        let order = (books.catalog.batches.sequence_of(place.batch).context("its batch is in no manifest")?, place.row);
        if usage.origin(row).partition == CLAIMS {
            return self.claims.take(event, usage, row, behind, order.0);
        }
        if usage.origin(row).partition == COPIES {
            let undone = usage.reverses(row).context("it is of the partition of copies, and no reversal")?;
            ensure!(event.source == REVERSALS_SOURCE && event.id == id_of(undone), "a reversal of a copy that does not name its place");
            let before = self.made.insert(undone, (says, name.clone()));
            ensure!(before.is_none(), "{name} counts twice");
            return Ok(());
        }
        if let (Body::Reversal(_), Some(undoes)) = (&event.body, usage.reverses(row)) {
            self.reversals.insert(place, Reversal { order, identity, of: says, undoes, name: name.clone() });
        }
        self.take_first(identity, First { order, place, reversal: matches!(event.body, Body::Reversal(_)) }, name);
        Ok(())
    }

    fn take_first(&mut self, identity: Digest, found: First, name: String) {
        let later = match self.firsts.remove(&identity) {
            Some(known) if known.order < found.order => {
                self.firsts.insert(identity, known);
                found
            }
            known => {
                self.firsts.insert(identity, found);
                let Some(known) = known else { return };
                known
            }
        };
        if !later.reversal {
            self.copies.insert(later.place, (later.order, identity, name));
        }
    }

    /// Compares how often each event is undone with how often it must be; how many are not settled that came after the last search.
    pub fn finish(self, books: &Books) -> anyhow::Result<u64> {
        closed_after_a_search(books)?;
        self.only_events_are_undone()?;
        let mut balance: BTreeMap<Place, Balance> = BTreeMap::new();
        for (place, (order, identity, name)) in &self.copies {
            let of = balance.entry(*place).or_insert_with(|| Balance::of(*identity, name));
            (of.required, of.latest) = (1, of.latest.max(order.0));
        }
        for reversal in self.reversals.values().filter(|reversal| self.counts(reversal)) {
            if let Some(first) = self.firsts.get(&reversal.of).filter(|first| !first.reversal) {
                balance.entry(first.place).or_insert_with(|| Balance::of(reversal.of, &reversal.name)).required = 1;
            }
        }
        for (place, reversal) in &self.reversals {
            let of = balance.entry(reversal.undoes).or_insert_with(|| Balance::of(reversal.of, &reversal.name));
            of.undone += i64::from(!self.made.contains_key(place));
        }
        for (place, (identity, name)) in self.made.iter().filter(|(place, _)| !self.reversals.contains_key(place)) {
            balance.entry(*place).or_insert_with(|| Balance::of(*identity, name)).undone += 1;
        }
        let mut named: HashMap<Digest, u64, BuildUniform> = HashMap::default();
        for reversal in self.reversals.values() {
            let latest = named.entry(reversal.of).or_default();
            *latest = (*latest).max(reversal.order.0);
        }
        let undone = |event: Place| {
            let of = balance.get(&event).filter(|of| of.required > 0)?;
            Some(of.latest.max(named.get(&of.identity).copied().unwrap_or(0)))
        };
        let mut pending = self.claims.finish(books.catalog.copies_through, undone)?;
        for (place, of) in balance.into_iter().filter(|(_, of)| of.undone != of.required) {
            let latest = of.latest.max(named.get(&of.identity).copied().unwrap_or(0));
            ensure!(latest > books.catalog.copies_through, "{}", of.said(place));
            pending += 1;
        }
        Ok(pending)
    }

    fn counts(&self, reversal: &Reversal) -> bool {
        self.firsts.get(&reversal.identity).is_some_and(|first| first.order == reversal.order)
    }

    /// What came as an event undoes a usage event, and what Farthing made undoes no reversal of its own.
    fn only_events_are_undone(&self) -> anyhow::Result<()> {
        for reversal in self.reversals.values() {
            ensure!(!self.reversals.contains_key(&reversal.undoes), "{} undoes a reversal", reversal.name);
            ensure!(self.firsts.contains_key(&reversal.of), "{} undoes what was never metered", reversal.name);
        }
        for (identity, name) in self.made.values() {
            ensure!(self.firsts.contains_key(identity), "{name} undoes a copy of what was never metered");
        }
        Ok(())
    }
}

/// How often an event is undone, and how often it must be.
struct Balance {
    identity: Digest,
    name: String,
    required: i64,
    undone: i64,
    /// The last manifest that has to do with it.
    latest: u64,
}

impl Balance {
    fn of(identity: Digest, name: &str) -> Balance {
        Balance { identity, name: name.to_owned(), required: 0, undone: 0, latest: 0 }
    }

    fn said(&self, place: Place) -> String {
        let (name, at) = (&self.name, format!("batch {}, row {}", place.batch, place.row));
        match (self.required, self.undone) {
            (1, 0) => format!("{name} counts twice: {at} is not undone"),
            (0, 1) => format!("{name}: {at} is undone, though it is no copy and no reversal that counts names it"),
            (_, times) => format!("{name}: {at} undoes an event that was undone before: it is undone {times} times"),
        }
    }
}

/// No copy is settled: of every cycle, all that came before it closed was searched first.
fn closed_after_a_search(books: &Books) -> anyhow::Result<()> {
    for moved in courses::of_kind(&books.catalog, Kind::Close)? {
        let unsearched = books.catalog.batches.of_events_after(moved.copies_through);
        let before = |batch: &&u64| books.catalog.batches.sequence_of(**batch).is_some_and(|sequence| sequence < moved.sequence);
        if let Some(batch) = unsearched.iter().find(before) {
            let step = &moved.step;
            anyhow::bail!(
                "manifest {}: cycle {} of {} was closed before batch {batch} was searched for copies",
                moved.sequence,
                step.cycle,
                step.mid
            );
        }
    }
    Ok(())
}
