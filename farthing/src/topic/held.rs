//! What a worker knows of partitions between two jobs: of those that it holds, and of those that others got from it.

use farthing_ingest::{Identities, Partition};
use std::collections::BTreeMap;

/// A partition that we hold, between two jobs.
pub struct Held {
    pub partition: Partition,
    /// The offset to read on from: beyond the position, if no events were between.
    pub start: u64,
    pub index: Index,
}

/// The index of a partition.
pub struct Index {
    pub identities: Identities,
    /// All is in it that manifests up to this one have brought of the partition, and nothing that was not committed.
    pub through: u64,
}

/// A partition that is ours, under the lease that says so, and how much of it is known.
pub enum Had {
    UpToDate(Held),
    /// As it was when we held it last; others may have added to it since.
    Behind(Partition, Option<Index>),
}

impl Had {
    /// Under a new lease: if nobody had one since, nothing can have been added to what is to be remembered.
    pub fn under(lease: Partition, held: Option<Held>) -> Had {
        match held {
            Some(held) if lease.epoch == held.partition.epoch + 1 && lease.next == held.partition.next => {
                Had::UpToDate(Held { start: lease.next, partition: lease, index: held.index })
            }
            held => Had::Behind(lease, held.map(|held| held.index)),
        }
    }
}

/// What is known of partitions between two jobs.
#[derive(Default)]
pub struct Indexed {
    /// Those that the last job held, by number.
    pub held: BTreeMap<i32, Held>,
    /// How often in a row an index was given up before all of it was read.
    pub given_up: u32,
    /// Which topic of which cluster they are of.
    pub fingerprint: Option<String>,
    /// Those that others got since, the latest first. Their indexes are at rest.
    aside: Vec<(i32, Held)>,
}

impl Indexed {
    /// Takes what was set aside of a partition.
    pub fn take_aside(&mut self, partition: i32) -> Option<Held> {
        let at = self.aside.iter().position(|(number, _)| *number == partition)?;
        Some(self.aside.remove(at).1)
    }

    /// Sets aside what is held no longer; of all that is there, so many stay. One that cannot be kept is no loss: it is read again.
    pub fn set_aside(&mut self, most: usize) {
        let gone = std::mem::take(&mut self.held).into_iter().take(most);
        let resting = gone.filter_map(|(number, mut held)| held.index.identities.rest().is_ok().then_some((number, held)));
        self.aside.splice(0..0, resting);
        self.aside.truncate(most);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use farthing_ingest::Room;

    fn partition(epoch: u64, next: u64) -> Partition {
        Partition { name: "kafka:usage/0".to_owned(), epoch, next, index: 0 }
    }

    fn held(epoch: u64, next: u64) -> Held {
        let room = Room { memory_bytes: 0, folder: std::env::temp_dir() };
        let index = Index { identities: Identities::with_room(0, &room), through: 17 };
        Held { partition: partition(epoch, next), start: next, index }
    }

    #[test]
    fn only_what_nobody_had_since_is_up_to_date() {
        assert!(matches!(Had::under(partition(4, 70), Some(held(3, 70))), Had::UpToDate(Held { start: 70, .. })));
        // Another has read on, or had a lease and may read on no more, or we never had one.
        for (lease, before) in [((4, 71), Some((3, 70))), ((5, 70), Some((3, 70))), ((4, 70), None)] {
            let had = Had::under(partition(lease.0, lease.1), before.map(|(epoch, next)| held(epoch, next)));
            let Had::Behind(partition, index) = had else { panic!("{lease:?} after {before:?}") };
            assert_eq!((partition.epoch, index.map(|index| index.through)), (lease.0, before.map(|_| 17)));
        }
    }

    #[test]
    fn the_latest_are_set_aside() {
        let mut indexed = Indexed::default();
        for numbers in [[1, 2], [3, 4]] {
            indexed.held.extend(numbers.map(|number| (number, held(1, 0))));
            indexed.set_aside(3);
        }
        assert_eq!(indexed.aside.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [3, 4, 1]);
        assert!(indexed.take_aside(4).is_some() && indexed.take_aside(4).is_none() && indexed.take_aside(2).is_none());
        indexed.set_aside(0);
        assert!(indexed.held.is_empty() && indexed.aside.is_empty());
    }
}
