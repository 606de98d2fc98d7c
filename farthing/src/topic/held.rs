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
    /// All is in it that manifests up to this one have brought.
    pub through: u64,
}

/// A partition that is ours anew, under the lease that says so.
pub struct Fresh {
    pub partition: Partition,
    /// As it was when we held it last; others may have added to it since.
    pub index: Option<Index>,
}

/// What we have of a partition before a job.
pub enum Had {
    /// All of it, as it was.
    All(Held),
    Fresh(Fresh),
}

impl Had {
    /// Under a new lease: if nobody had one since, nothing can have been added to what is to be remembered.
    pub fn under(lease: Partition, held: Option<Held>) -> Had {
        match held {
            Some(held) if lease.epoch == held.partition.epoch + 1 && lease.next == held.partition.next => {
                Had::All(Held { start: lease.next, partition: lease, index: held.index })
            }
            held => Had::Fresh(Fresh { partition: lease, index: held.map(|held| held.index) }),
        }
    }
}

/// Partitions by number, between two jobs.
#[derive(Default)]
pub struct Indexed {
    /// Those that the last job held.
    pub held: BTreeMap<i32, Held>,
    /// Those that others got since.
    pub aside: BTreeMap<i32, Held>,
}

impl Indexed {
    /// Takes what is known of a partition.
    pub fn take(&mut self, partition: i32) -> Option<Held> {
        self.held.remove(&partition).or_else(|| self.aside.remove(&partition))
    }

    /// What is held no longer is set aside, and of what is there already as much as there is room for.
    pub fn set_aside(&mut self, most: usize) {
        let before = std::mem::take(&mut self.aside);
        self.aside = std::mem::take(&mut self.held).into_iter().chain(before).take(most).collect();
    }
}
