//! [`Batches`]: which batches are committed, and when.

use farthing_schemas::manifest::Batch;
use std::collections::{BTreeSet, HashMap};
use std::ops::RangeInclusive;
use std::slice::Iter;

/// The batches that are committed. A batch is known by its number, which says nothing about when it was committed: its manifest does.
#[derive(Clone, Debug, Default)]
pub struct Batches {
    /// In the order of the chain.
    committed: Vec<Batch>,
    /// Per number of a batch, the number of its manifest and its place in the list.
    places: HashMap<u64, (u64, usize)>,
}

impl Batches {
    /// Takes the next batch of the chain, whose number is new, with the number of its manifest.
    pub fn commit(&mut self, sequence: u64, batch: Batch) {
        self.places.insert(batch.batch, (sequence, self.committed.len()));
        self.committed.push(batch);
    }

    /// The batch of that number.
    #[must_use]
    pub fn get(&self, number: u64) -> Option<&Batch> {
        self.places.get(&number).map(|(_, place)| &self.committed[*place])
    }

    /// The number of the manifest that committed the batch of that number.
    #[must_use]
    pub fn sequence_of(&self, number: u64) -> Option<u64> {
        self.places.get(&number).map(|(sequence, _)| *sequence)
    }

    /// The numbers of the batches that these manifests committed.
    #[must_use]
    pub fn numbers(&self, sequences: RangeInclusive<u64>) -> BTreeSet<u64> {
        self.places.iter().filter(|(_, (sequence, _))| sequences.contains(sequence)).map(|(number, _)| *number).collect()
    }

    /// The numbers of all batches.
    #[must_use]
    pub fn all_numbers(&self) -> BTreeSet<u64> {
        self.places.keys().copied().collect()
    }

    /// The numbers of the batches that took something from this partition and that manifests after that one committed.
    #[must_use]
    pub fn brought_by(&self, partition: &str, after: u64) -> BTreeSet<u64> {
        let from_it = |batch: &&Batch| batch.slices.iter().any(|slice| slice.partition == partition);
        let later = self.places.values().filter(|(sequence, _)| *sequence > after).map(|(_, place)| &self.committed[*place]);
        later.filter(from_it).map(|batch| batch.batch).collect()
    }

    /// The numbers of the batches with events from outside that manifests after that one committed.
    #[must_use]
    pub fn of_events_after(&self, sequence: u64) -> BTreeSet<u64> {
        let wanted = |(after, place): &&(u64, usize)| *after > sequence && !self.committed[*place].is_by_farthing();
        self.places.values().filter(wanted).map(|(_, place)| self.committed[*place].batch).collect()
    }

    /// All batches, in the order of the chain.
    pub fn iter(&self) -> Iter<'_, Batch> {
        self.committed.iter()
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        u64::try_from(self.committed.len()).unwrap_or(u64::MAX)
    }
}

impl<'a> IntoIterator for &'a Batches {
    type Item = &'a Batch;
    type IntoIter = Iter<'a, Batch>;

    fn into_iter(self) -> Iter<'a, Batch> {
        self.iter()
    }
}
