//! The catalog: what the chain of manifests says exists.

use crate::adjustments::Adjustments;
use crate::assignments::Assignments;
use crate::batches::Batches;
use crate::claims::Claims;
use crate::holds::Holds;
use crate::remittances::Remittances;
use farthing_aggregate::closed::{ClosedHistory, ClosedThrough};
use farthing_schemas::manifest::{Act, ActorChange, Assignment, BankMessage, Booked, CycleMove, File, Manifest, sha256_hex};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

/// The chain does not hold together.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// A manifest's bytes do not have the hash that is kept beside them.
    #[error("manifest {0}: its SHA-256 is not the one kept beside it")]
    Altered(u64),
    /// A manifest does not follow the one before.
    #[error("manifest {0}: it does not follow manifest {1} in the chain")]
    Broken(u64, u64),
    /// A manifest cannot be read.
    #[error("manifest {0}: not a manifest of this version")]
    Unreadable(u64, #[source] Option<serde_json::Error>),
    /// A manifest contradicts those before.
    #[error("manifest {0}: {1}")]
    Contradiction(u64, String),
}

/// A move of a cycle, and its place in the chain.
#[derive(Clone, Debug)]
pub struct Moved {
    /// The number of its manifest.
    pub sequence: u64,
    /// The SHA-256 of its manifest, in hex.
    pub sha256: String,
    /// When its manifest was made.
    pub at: String,
    /// The last manifest that was searched for copies by then.
    pub copies_through: u64,
    /// The move.
    pub step: CycleMove,
}

/// What an act added to the journal, and its place in the chain.
#[derive(Clone, Debug)]
pub struct BookedBy {
    /// The number of its manifest.
    pub sequence: u64,
    /// The numbers of its entries.
    pub numbers: RangeInclusive<u64>,
    /// What it says of them.
    pub booked: Booked,
}

/// A change to who may act, and its place in the chain.
#[derive(Clone, Debug)]
pub struct ActorChanged {
    /// The number of its manifest.
    pub sequence: u64,
    /// The change.
    pub change: ActorChange,
}

/// A message of a bank that was taken in, and its place in the chain.
#[derive(Clone, Debug)]
pub struct TakenIn {
    /// The number of its manifest.
    pub sequence: u64,
    /// When its manifest was made.
    pub at: String,
    /// What is said of it.
    pub message: BankMessage,
}

/// What exists, folded from manifests in their order.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    /// The number of the last manifest.
    pub sequence: u64,
    /// The SHA-256 of the last manifest, in hex.
    pub sha256: String,
    /// The files that readers are to read, by path.
    pub live: BTreeMap<String, File>,
    /// Paths of files that were merged into others: nobody reads them any more.
    pub replaced: BTreeSet<String>,
    /// The batches that are committed.
    pub batches: Batches,
    /// The registry versions in order: the public records that each added; `[0]` is version 1.
    pub registry: Vec<File>,
    /// What is closed now.
    pub closed: ClosedThrough,
    /// What was closed at each batch.
    pub history: ClosedHistory,
    /// The moves of cycles, in order.
    pub moves: Vec<Moved>,
    /// What is held back of whom.
    pub holds: Holds,
    /// What was claimed.
    pub claims: Claims,
    /// What is put right of closed cycles.
    pub adjustments: Adjustments,
    /// What people said of money on bank accounts.
    pub assignments: Assignments,
    /// Which withheld taxes were paid to tax offices.
    pub remittances: Remittances,
    /// How many entries the journal has.
    pub entries: u64,
    /// The SHA-256 of its last entry, in hex.
    pub last_entry: String,
    /// The acts that booked something, in order.
    pub booked: Vec<BookedBy>,
    /// The changes to who may act, in order.
    pub actors: Vec<ActorChanged>,
    /// The messages of banks that were taken in, in order.
    pub messages: Vec<TakenIn>,
    /// The last manifest of which a compaction knew: batches of later ones have no result lines yet.
    pub lines_through: u64,
    /// The last manifest of which a search for copies knew: batches of later ones may hold copies that still count.
    pub copies_through: u64,
}

impl Catalog {
    /// Takes the next manifest, whose text and hash are as stored.
    ///
    /// # Errors
    /// [`CatalogError`], naming the manifest.
    pub fn take(&mut self, sequence: u64, sha256: &str, body: &str) -> Result<(), CatalogError> {
        if sha256_hex(body.as_bytes()) != sha256 {
            return Err(CatalogError::Altered(sequence));
        }
        let manifest = Manifest::from_json(body).map_err(|error| CatalogError::Unreadable(sequence, Some(error)))?;
        if manifest.version != farthing_schemas::manifest::VERSION {
            return Err(CatalogError::Unreadable(sequence, None));
        }
        if manifest.sequence != sequence || sequence != self.sequence + 1 || manifest.previous != self.sha256 {
            return Err(CatalogError::Broken(sequence, self.sequence));
        }
        self.fold(manifest, sha256)?;
        self.sequence = sequence;
        sha256.clone_into(&mut self.sha256);
        Ok(())
    }

    fn fold(&mut self, manifest: Manifest, sha256: &str) -> Result<(), CatalogError> {
        let sequence = manifest.sequence;
        let wrong = |what: String| CatalogError::Contradiction(sequence, what);
        self.book(sequence, manifest.act.booked()).ok_or_else(|| wrong("books more entries than can be counted".to_owned()))?;
        match manifest.act {
            Act::Registry(load) => {
                if load.registry_version != self.registry_version() + 1 {
                    return Err(wrong(format!("registry version {} follows {}", load.registry_version, self.registry_version())));
                }
                self.registry.push(load.file);
            }
            Act::Batch(batch) => {
                if let Some(before) = self.batches.sequence_of(batch.batch) {
                    return Err(wrong(format!("batch {} was committed before, by manifest {before}", batch.batch)));
                }
                self.live.extend(batch.files.iter().map(|file| (file.path.clone(), file.clone())));
                self.history.commit(batch.batch, &self.closed);
                self.batches.commit(sequence, batch);
            }
            Act::Copies(search) => {
                if search.through_sequence >= sequence {
                    return Err(wrong(format!("has searched manifest {}, which does not come before it", search.through_sequence)));
                }
                self.copies_through = self.copies_through.max(search.through_sequence);
            }
            Act::Compaction(compaction) => {
                for path in &compaction.replaces {
                    self.live.remove(path).ok_or_else(|| wrong(format!("replaces {path}, which does not exist")))?;
                    self.replaced.insert(path.clone());
                }
                if compaction.through_sequence >= sequence {
                    return Err(wrong(format!("covers manifest {}, which does not come before it", compaction.through_sequence)));
                }
                self.lines_through = self.lines_through.max(compaction.through_sequence);
                self.live.extend(compaction.files.into_iter().map(|file| (file.path.clone(), file)));
            }
            Act::Cycle(step) => {
                let parsed = step.currency.parse().ok().zip(step.cycle.parse().ok());
                let (currency, cycle) = parsed.ok_or_else(|| wrong("its currency or cycle cannot be read".to_owned()))?;
                if self.closed.get(&step.mid, currency).is_none_or(|closed| closed < cycle) {
                    self.closed.close(&step.mid, currency, cycle);
                }
                self.live.extend(step.files.iter().map(|file| (file.path.clone(), file.clone())));
                self.moves.push(Moved { sequence, sha256: sha256.to_owned(), at: manifest.at, copies_through: self.copies_through, step });
            }
            Act::Hold(hold) => self.holds.hold(sequence, manifest.at, hold).map_err(wrong)?,
            Act::Lift(lift) => self.holds.lift(sequence, lift).map_err(wrong)?,
            Act::Claim(claim) => self.claims.take(sequence, self.registry_version(), manifest.at, claim).map_err(wrong)?,
            Act::Adjustment(adjustment) => self.adjustments.take(sequence, manifest.at, adjustment).map_err(wrong)?,
            Act::Assignment(assignment) => {
                self.is_of_message(&assignment).map_err(wrong)?;
                self.assignments.take(sequence, manifest.at, assignment).map_err(wrong)?;
            }
            Act::Remittance(remittance) => self.remittances.take(sequence, manifest.at, remittance).map_err(wrong)?,
            Act::Actor(change) => self.actors.push(ActorChanged { sequence, change }),
            Act::BankMessage(message) => {
                let same = |taken: &TakenIn| (&taken.message.mid, &taken.message.sha256) == (&message.mid, &message.sha256);
                if self.messages.iter().any(same) {
                    return Err(wrong(format!("takes in the message {} a second time", message.sha256)));
                }
                self.messages.push(TakenIn { sequence, at: manifest.at, message });
            }
        }
        Ok(())
    }

    /// Whether what is assigned is of the message that it names.
    fn is_of_message(&self, assignment: &Assignment) -> Result<(), String> {
        let taken = self.message_of(assignment.message).map(|taken| (taken.message.mid.as_str(), taken.message.sha256.as_str()));
        if taken == Some((assignment.mid.as_str(), assignment.message_sha256.as_str())) {
            return Ok(());
        }
        Err(format!("assignment {} is of a message that manifest {} did not take in", assignment.number, assignment.message))
    }

    /// The message that an act has taken in.
    #[must_use]
    pub fn message_of(&self, sequence: u64) -> Option<&TakenIn> {
        self.messages.binary_search_by_key(&sequence, |taken| taken.sequence).ok().and_then(|at| self.messages.get(at))
    }

    fn book(&mut self, sequence: u64, booked: Option<&Booked>) -> Option<()> {
        let Some(booked) = booked.filter(|booked| booked.entries > 0) else { return Some(()) };
        let first = self.entries.checked_add(1)?;
        self.entries = self.entries.checked_add(booked.entries)?;
        self.last_entry.clone_from(&booked.sha256);
        self.booked.push(BookedBy { sequence, numbers: first..=self.entries, booked: booked.clone() });
        Some(())
    }

    /// The number of the last registry version; 0 if there is none.
    #[must_use]
    pub fn registry_version(&self) -> u64 {
        u64::try_from(self.registry.len()).unwrap_or(u64::MAX)
    }

    /// The live files of a table, by path.
    pub fn files<'a>(&'a self, table: &'a str) -> impl Iterator<Item = &'a File> {
        self.live.values().filter(move |file| file.table == table)
    }
}

/// Where the archive keeps its copy of a manifest: its hash is in the name, so two makers never write one file.
#[must_use]
pub fn manifest_path(sequence: u64, sha256: &str) -> String {
    format!("manifests/v1/{sequence:012}-{}.json", sha256.get(..16).unwrap_or(sha256))
}

/// Where the archive keeps the public records of a registry version.
#[must_use]
pub fn registry_path(version: u64, sha256: &str) -> String {
    format!("registry/v1/{version:06}-{}.ndjson.zst", sha256.get(..16).unwrap_or(sha256))
}

#[cfg(test)]
mod tests;
