//! Corrections against a model that reads the chain as one source would have been read.

use super::*;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// What happens next in some partition.
#[derive(Clone, Debug)]
enum Step {
    Event {
        partition: usize,
        id: u8,
        content: u8,
    },
    Reversal {
        partition: usize,
        id: u8,
        of: u8,
    },
    /// All that is known so far is searched for copies.
    Search,
    /// The partition is read by somebody else from now on, who knows the identities of all partitions.
    Begin {
        partition: usize,
    },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let (partition, id) = (0_usize..3, 0_u8..5);
    let event = (partition.clone(), id.clone(), 0_u8..2).prop_map(|(partition, id, content)| Step::Event { partition, id, content });
    let reversal = (partition.clone(), id.clone(), id).prop_map(|(partition, id, of)| Step::Reversal { partition, id: id + 3, of });
    let begin = partition.prop_map(|partition| Step::Begin { partition });
    proptest::collection::vec(prop_oneof![6 => event, 5 => reversal, 1 => Just(Step::Search), 1 => begin], 0..40)
}

fn digest(of: u8) -> Digest {
    Digest([of; 16])
}

/// What one reader remembers, as `farthing_ingest::Identities` does.
#[derive(Clone, Default)]
struct Index {
    /// Place, what was said and whether it is a reversal.
    known: BTreeMap<Digest, (Place, Digest, bool)>,
    undone: BTreeSet<Digest>,
}

impl Index {
    fn of_all(rows: &[Row]) -> Index {
        let mut index = Index::default();
        for row in rows.iter().filter(|row| !row.by_farthing) {
            if let std::collections::btree_map::Entry::Vacant(entry) = index.known.entry(row.identity) {
                entry.insert((row.place, row.says, row.undoes.is_some()));
                index.undone.extend(row.undoes.map(|_| row.says));
            }
        }
        index
    }
}

#[derive(Default)]
struct World {
    rows: Vec<Row>,
    indexes: [Index; 3],
}

impl World {
    fn push(&mut self, identity: Digest, says: Digest, undoes: Option<Place>, by_farthing: bool) -> Place {
        let committed = u64::try_from(self.rows.len()).expect("few") + 1;
        // Numbers of batches say nothing.
        let place = Place { batch: 1_000 - committed, row: 0 };
        self.rows.push(Row { committed, place, identity, says, undoes, by_farthing });
        place
    }

    fn meter(&mut self, partition: usize, identity: Digest, says: Digest, of: Option<Digest>) {
        if self.indexes[partition].known.contains_key(&identity) {
            return;
        }
        let index = &self.indexes[partition];
        let undoes = match of {
            None => None,
            Some(of) => match index.known.get(&of) {
                Some((place, _, false)) if !index.undone.contains(&of) => Some(*place),
                // `unknown_original`.
                _ => return,
            },
        };
        let place = self.push(identity, says, undoes, false);
        let index = &mut self.indexes[partition];
        index.known.insert(identity, (place, says, of.is_some()));
        index.undone.extend(of);
    }

    fn step(&mut self, step: &Step) {
        match *step {
            Step::Event { partition, id, content } => self.meter(partition, digest(id), digest(100 + content), None),
            Step::Reversal { partition, id, of } => self.meter(partition, digest(id), digest(of), Some(digest(of))),
            Step::Begin { partition } => self.indexes[partition] = Index::of_all(&self.rows),
            Step::Search => {
                for correction in corrections(&self.rows, |_| true) {
                    let row = *self.rows.iter().find(|row| row.place == correction.of).expect("it is there");
                    self.push(digest(200), row.identity, Some(row.place), true);
                }
            }
        }
    }

    /// How often the lines of each usage event count, with all that undoes them and that brings them back.
    fn counted(&self) -> BTreeMap<Place, i32> {
        let mut counted: BTreeMap<Place, i32> = self.rows.iter().filter(|row| row.undoes.is_none()).map(|row| (row.place, 1)).collect();
        let undone_by: BTreeMap<Place, Place> = self.rows.iter().filter_map(|row| Some((row.place, row.undoes?))).collect();
        for undone in undone_by.values() {
            match undone_by.get(undone) {
                Some(restored) => *counted.get_mut(restored).expect("a usage event") += 1,
                None => *counted.get_mut(undone).expect("a usage event") -= 1,
            }
        }
        counted
    }

    /// The same, if all had been read as one source.
    fn expected(&self) -> BTreeMap<Place, i32> {
        let (mut seen, mut firsts, mut reversed) = (BTreeSet::new(), BTreeMap::new(), BTreeSet::new());
        for row in self.rows.iter().filter(|row| !row.by_farthing) {
            if seen.insert(row.identity) {
                match row.undoes {
                    None => drop(firsts.insert(row.identity, row.place)),
                    Some(_) => drop(reversed.insert(row.says)),
                }
            }
        }
        let counts = |row: &Row| firsts.get(&row.identity) == Some(&row.place) && !reversed.contains(&row.identity);
        let usage = self.rows.iter().filter(|row| row.undoes.is_none());
        usage.map(|row| (row.place, i32::from(counts(row)))).collect()
    }
}

/// Partitions, then what comes in them; what counts in the end, by place in the order of the commits.
fn check(steps: &[Step], expected: &[i32]) {
    let mut world = World::default();
    steps.iter().chain([&Step::Search]).for_each(|step| world.step(step));
    // Later batches have lower numbers here.
    let counted: Vec<i32> = world.counted().into_values().rev().collect();
    assert_eq!(counted, expected, "{:?}", world.rows);
    assert_eq!(corrections(&world.rows, |_| true), [], "a second search finds nothing");
}

fn event(partition: usize, id: u8) -> Step {
    Step::Event { partition, id, content: 0 }
}

fn reversal(partition: usize, id: u8, of: u8) -> Step {
    Step::Reversal { partition, id, of }
}

#[test]
fn an_identity_counts_once_or_not_at_all() {
    let both = [event(0, 1), event(1, 1)];
    check(&both, &[1, 0]);
    check(&[&both[..], &[Step::Event { partition: 2, id: 1, content: 1 }]].concat(), &[1, 0, 0]);
    // Reversed where the first is, where the copy is, and in both: by one event and by two.
    check(&[&both[..], &[reversal(0, 7, 1)]].concat(), &[0, 0]);
    check(&[&both[..], &[reversal(1, 7, 1)]].concat(), &[0, 0]);
    check(&[&both[..], &[reversal(0, 7, 1), reversal(1, 7, 1)]].concat(), &[0, 0]);
    check(&[&both[..], &[reversal(0, 7, 1), reversal(1, 8, 1)]].concat(), &[0, 0]);
    // The copy was found before it was reversed, and so it is reversed twice.
    check(&[&both[..], &[Step::Search, reversal(1, 7, 1)]].concat(), &[0, 0]);
    check(&[&both[..], &[Step::Search, reversal(1, 7, 1), Step::Search, reversal(0, 7, 1)]].concat(), &[0, 0]);
}

#[test]
fn one_event_undone_by_two_readers_is_undone_once() {
    let known_to_both = [event(0, 1), Step::Begin { partition: 1 }, Step::Begin { partition: 2 }];
    check(&[&known_to_both[..], &[reversal(1, 7, 1), reversal(2, 7, 1)]].concat(), &[0]);
    check(&[&known_to_both[..], &[reversal(1, 7, 1), reversal(2, 8, 1), reversal(0, 9, 1)]].concat(), &[0]);
}

#[test]
fn a_reversal_whose_identity_is_another_events_does_not_count() {
    check(&[event(0, 1), event(1, 7), reversal(0, 7, 1)], &[1, 1]);
    check(&[event(0, 1), reversal(0, 7, 1), event(1, 7)], &[0, 0]);
    // Named in conflict: who searches by identity has to look at what it names.
    let mut world = World::default();
    [event(0, 1), event(1, 7), reversal(0, 7, 1)].iter().for_each(|step| world.step(step));
    assert_eq!(named_in_conflict(&world.rows), [digest(1)]);
}

#[test]
fn only_what_is_wanted_is_corrected() {
    let mut world = World::default();
    [event(0, 1), event(0, 2), event(1, 2), event(1, 1)].iter().for_each(|step| world.step(step));
    let (first, of) = (world.rows[1].place, world.rows[2].place);
    assert_eq!(corrections(&world.rows, |identity| identity == digest(2)), [Correction { of, why: Why::Copy { first } }]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Any interleaving of events, copies, conflicts and reversals over three partitions, searched at any time.
    #[test]
    fn figures_are_those_of_one_source(steps in steps()) {
        let mut world = World::default();
        steps.iter().chain([&Step::Search]).for_each(|step| world.step(step));
        prop_assert_eq!(world.counted(), world.expected());
        prop_assert!(corrections(&world.rows, |_| true).is_empty());
    }
}
