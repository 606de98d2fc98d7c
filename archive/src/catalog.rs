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
mod tests {
    use super::*;
    use crate::assignments::LineNumber;
    use farthing_schemas::manifest::{
        Adjustment, AssignedTo, Batch, CLAIMS, COPIES, Claim, Compaction, CopySearch, CyclePaid, Hold, Lift, Remittance, Slice, VERSION,
    };

    fn batch(number: u64) -> Act {
        let (slices, files, replayed) = (Vec::new(), Vec::new(), Vec::new());
        let (closed_through, totals, dead_letters_sha256) = (Vec::new(), Vec::new(), String::new());
        Act::Batch(Batch { batch: number, registry_version: 1, slices, files, closed_through, totals, dead_letters_sha256, replayed })
    }

    fn batch_from(number: u64, partition: &str) -> Act {
        let Act::Batch(batch) = batch(number) else { unreachable!("it is one") };
        Act::Batch(Batch { slices: vec![Slice { partition: partition.to_owned(), ..Slice::default() }], ..batch })
    }

    fn close(cycle: &str) -> Act {
        let [mid, currency, cycle, to, by] = ["mid_a", "USD", cycle, "closing", "ana"].map(str::to_owned);
        Act::Cycle(CycleMove { mid, currency, cycle, to, by, ..CycleMove::default() })
    }

    fn compaction(through_sequence: u64) -> Act {
        Act::Compaction(Compaction { through_sequence, files: Vec::new(), replaces: Vec::new() })
    }

    fn search(through_sequence: u64) -> Act {
        Act::Copies(CopySearch { through_sequence })
    }

    fn hold(number: u64, limit: Option<&str>) -> Act {
        let [mid, currency, party, reason, by] = ["mid_a", "USD", "ana", "dispute", "ben"].map(str::to_owned);
        Act::Hold(Hold { number, mid, currency, party, limit: limit.map(str::to_owned), reserve: None, reason, reference: None, by })
    }

    fn lift(number: u64) -> Act {
        Act::Lift(Lift { number, reason: "settled".to_owned(), by: "ben".to_owned() })
    }

    /// Takes acts one after the other; the first complaint.
    fn chain(acts: Vec<Act>) -> Result<Catalog, CatalogError> {
        let mut catalog = Catalog::default();
        for act in acts {
            let (version, sequence, previous) = (VERSION, catalog.sequence + 1, catalog.sha256.clone());
            let body = Manifest { version, sequence, previous, at: String::new(), act }.to_json();
            catalog.take(sequence, &sha256_hex(body.as_bytes()), &body)?;
        }
        Ok(catalog)
    }

    #[test]
    fn batches_come_in_any_order_and_with_gaps() {
        let catalog = chain(vec![batch(7), close("2026-09"), batch(2), compaction(3), batch(4)]).expect("it holds together");
        assert_eq!(catalog.batches.iter().map(|batch| batch.batch).collect::<Vec<_>>(), [7, 2, 4], "in the order of the chain");
        assert_eq!([2, 4, 7, 3].map(|number| catalog.batches.sequence_of(number)), [Some(3), Some(5), Some(1), None]);
        let uncovered = catalog.batches.numbers(catalog.lines_through + 1..=catalog.sequence);
        assert_eq!(uncovered, [4].into(), "the compaction knew of 7 and 2");
        let closed = |number| catalog.history.of(number).map(|closed| closed.iter().count());
        assert_eq!([7, 2, 4, 3].map(closed), [Some(0), Some(1), Some(1), None]);
        assert_eq!(catalog.moves[0].sequence, 2);
    }

    #[test]
    fn batches_after_the_last_search_are_known_and_those_of_copies_need_none() {
        let acts = vec![batch_from(5, "/a"), batch_from(2, "/b"), batch_from(7, COPIES), search(2), batch_from(1, "/a"), close("2026-09")];
        let catalog = chain(acts).expect("it holds together");
        assert_eq!(catalog.copies_through, 2);
        assert_eq!([0, 1, 2, 5].map(|sequence| catalog.batches.of_events_after(sequence).len()), [3, 2, 1, 0]);
        assert_eq!((catalog.moves[0].sequence, catalog.moves[0].copies_through), (6, 2));
    }

    #[test]
    fn holds_are_in_force_from_their_manifest_to_the_one_that_lifts_them() {
        let catalog = chain(vec![hold(1, None), batch(1), hold(2, Some("5.000000000000")), lift(1)]).expect("it holds together");
        let found: Vec<_> =
            catalog.holds.iter().map(|(number, held)| (number, held.sequence, held.limit.map(|limit| limit.to_string()))).collect();
        assert_eq!(found, [(1, 1, None), (2, 3, Some("5.000000000000".to_owned()))]);
        let lifted = |through: u64| catalog.holds.iter().map(|(_, held)| held.is_lifted(through)).collect::<Vec<_>>();
        assert_eq!((lifted(3), lifted(4)), (vec![false, false], vec![true, false]));
    }

    fn claim(number: u64, of: &str, through_sequence: u64) -> Act {
        let [reference_kind, reference, by] = ["party", of, "ben"].map(str::to_owned);
        let claimed_at = "2026-11-01T00:00:00.000000Z".to_owned();
        let (payment, booked) = (None, None);
        Act::Claim(Claim { number, reference_kind, reference, registry_version: 0, claimed_at, through_sequence, payment, by, booked })
    }

    #[test]
    fn claims_are_known_by_their_number() {
        let catalog = chain(vec![claim(1, "ana", 0), batch_from(4, CLAIMS), search(1), claim(2, "cem", 2)]).expect("it holds together");
        let found: Vec<_> =
            catalog.claims.iter().map(|(number, made)| (number, made.sequence, made.asked.reference().1.to_owned())).collect();
        assert_eq!(found, [(1, 1, "ana".to_owned()), (2, 4, "cem".to_owned())]);
        assert_eq!(catalog.claims.next_number(), 3);
        assert_eq!([1, 2, 3].map(|sequence| catalog.batches.has_from_after(CLAIMS, sequence)), [true, false, false]);
        assert!(catalog.batches.of_events_after(0).is_empty(), "what claims move is not from outside");
    }

    fn adjustment(number: u64, amount: &str, cycle: &str) -> Act {
        let [mid, currency, party, cycle, amount] = ["mid_a", "USD", "ana", cycle, amount].map(str::to_owned);
        let [reason, reference, by] = ["counted twice", "case-9", "ben"].map(str::to_owned);
        Act::Adjustment(Adjustment { number, mid, currency, party, cycle, amount, reason, reference, by })
    }

    #[test]
    fn adjustments_are_known_by_their_number() {
        let acts = vec![adjustment(1, "-5.000000000000", "2026-09"), batch(1), adjustment(2, "0.000000000001", "2026-08")];
        let catalog = chain(acts).expect("it holds together");
        let found: Vec<_> = catalog.adjustments.iter().map(|(number, of)| (number, of.sequence, of.amount.to_string())).collect();
        assert_eq!(found, [(1, 1, "-5.000000000000".to_owned()), (2, 3, "0.000000000001".to_owned())]);
    }

    fn taken_in() -> Act {
        Act::BankMessage(BankMessage { mid: "mid_a".to_owned(), sha256: "aa".to_owned(), ..BankMessage::default() })
    }

    fn assignment(number: u64, message: u64, instead_of: Option<u64>) -> Act {
        let [mid, currency, amount, message_sha256] = ["mid_a", "USD", "5.000000000000", "aa"].map(str::to_owned);
        let [reason, reference, by] = ["they wrote", "letter 3", "ben"].map(str::to_owned);
        let (line, to, booked) = (1, AssignedTo::Suspense, None);
        Act::Assignment(Assignment {
            number,
            mid,
            message,
            line,
            currency,
            amount,
            message_sha256,
            to,
            instead_of,
            reason,
            reference,
            by,
            booked,
        })
    }

    fn remittance(number: u64, cycle: &str, amount: &str) -> Act {
        let [mid, jurisdiction, currency, cycle] = ["mid_a", "DE", "USD", cycle].map(str::to_owned);
        let cycles = vec![CyclePaid { cycle, amount: "5.000000000000".to_owned() }];
        let [amount, reason, reference, by, evidence_sha256] = [amount, "due", "T-9", "ben", "bb"].map(str::to_owned);
        Act::Remittance(Remittance {
            number,
            mid,
            jurisdiction,
            currency,
            cycles,
            amount,
            reason,
            reference,
            evidence_sha256,
            by,
            booked: None,
        })
    }

    #[test]
    fn what_is_assigned_again_takes_the_place_of_what_was_said_last() {
        let acts =
            vec![taken_in(), assignment(1, 1, None), batch(1), assignment(2, 1, Some(1)), remittance(1, "2026-10", "5.000000000000")];
        let catalog = chain(acts).expect("it holds together");
        let last = |line| catalog.assignments.last_of(LineNumber { message: 1, line }).map(|made| (made.assignment.number, made.sequence));
        assert_eq!((last(1), last(2), catalog.assignments.next_number()), (Some((2, 4)), None, 3));
        let paying = |jurisdiction, cycle: &str| {
            let (currency, cycle) = ("USD".parse().expect("a currency"), cycle.parse().expect("a cycle"));
            catalog.remittances.paying("mid_a", jurisdiction, currency, cycle)
        };
        assert_eq!([paying("DE", "2026-10"), paying("FR", "2026-10"), paying("DE", "2026-11")], [Some(1), None, None]);
        let refused = |acts| chain(acts).expect_err("a contradiction").to_string();
        assert_eq!(refused(vec![taken_in(), assignment(2, 1, None)]), "manifest 2: assignment 2 comes where 1 is the next");
        let not_there = "manifest 2: assignment 1 is of a message that manifest 2 did not take in";
        assert_eq!(refused(vec![taken_in(), assignment(1, 2, None)]), not_there);
        for (instead_of, of) in [(None, "none"), (Some(2), "assignment 2")] {
            let said = refused(vec![taken_in(), assignment(1, 1, None), assignment(2, 1, instead_of)]);
            assert_eq!(said, format!("manifest 3: assignment 2 takes the place of {of}, and the last one of its line is 1"));
        }
        let said = refused(vec![taken_in(), assignment(1, 1, Some(1))]);
        assert_eq!(said, "manifest 2: assignment 1 takes the place of assignment 1, and the last one of its line is none");
        let (october, twice) = (remittance(1, "2026-10", "5.000000000000"), remittance(2, "2026-10", "5.000000000000"));
        assert_eq!(refused(vec![october, twice]), "manifest 2: remittance 2 pays what was withheld in 2026-10 a second time");
        let more = remittance(1, "2026-10", "5.000000000001");
        assert_eq!(refused(vec![more]), "manifest 1: remittance 1 is not of what its cycles come to, or of nothing");
    }

    #[test]
    fn contradictions_are_refused() {
        let refused = |acts| chain(acts).expect_err("a contradiction").to_string();
        assert_eq!(refused(vec![batch(3), batch(1), batch(3)]), "manifest 3: batch 3 was committed before, by manifest 1");
        assert_eq!(refused(vec![batch(1), compaction(2)]), "manifest 2: covers manifest 2, which does not come before it");
        assert_eq!(refused(vec![batch(1), search(2)]), "manifest 2: has searched manifest 2, which does not come before it");
        assert_eq!(refused(vec![hold(1, None), hold(3, None)]), "manifest 2: hold 3 comes where 2 is the next");
        assert_eq!(refused(vec![hold(1, Some("0.000000000000"))]), "manifest 1: the limit of hold 1 is not above 0");
        assert_eq!(refused(vec![adjustment(2, "1.000000000000", "2026-09")]), "manifest 1: adjustment 2 comes where 1 is the next");
        assert_eq!(refused(vec![adjustment(1, "0.000000000000", "2026-09")]), "manifest 1: adjustment 1 is of nothing");
        assert_eq!(refused(vec![adjustment(1, "1.000000000000", "Sept")]), "manifest 1: the cycle of adjustment 1 cannot be read");
        assert_eq!(refused(vec![claim(2, "ana", 0)]), "manifest 1: claim 2 comes where 1 is the next");
        assert_eq!(refused(vec![claim(1, "ana", 1)]), "manifest 1: claim 1 knew of manifest 1, which does not come before it");
        assert_eq!(refused(vec![hold(1, None), lift(2)]), "manifest 2: lifts hold 2, which there is not");
        assert_eq!(refused(vec![hold(1, None), lift(1), lift(1)]), "manifest 3: lifts hold 1, which manifest 2 lifted");
    }
}
