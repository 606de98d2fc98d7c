//! Identities: who was metered already, and what they said.
//!
//! All are known for ever, exactly, in bounded memory: the latest in a map, the others sorted in files, each file behind a filter in
//! memory that answers for nearly every new event. Nothing of it has to survive: it is made anew from the evidence that the manifests
//! name, and the files have no names, so that they end with the process.
//!
//! Modules in reading order: `known`, `run`, `filter`, `settled`, `later`.

mod filter;
mod known;
mod later;
mod run;
mod settled;

use crate::batch::Refusal;
use arrow_array::RecordBatch;
use farthing_aggregate::Digest;
use farthing_aggregate::identity::BuildUniform;
use farthing_aggregate::usage::Place;
use farthing_schemas::registry::Registry;
use hashbrown::HashMap;
use known::{ENTRY_BYTES, Known, rank};
pub use later::Later;
use settled::Runs;
use std::collections::BTreeSet;
use std::io;
use std::iter::Sum;
use std::path::PathBuf;
use std::sync::Arc;

/// One metered event, as the index is filled from the archive.
#[derive(Clone, Copy, Debug)]
pub struct Remembered {
    /// Who it is.
    pub identity: Digest,
    /// What it says; for a reversal, whom it reverses.
    pub says: Digest,
    /// Where it stands.
    pub place: Place,
    /// Whether it is a reversal.
    pub reversal: bool,
}

/// An original, wherever it stands, with the registry it was metered with.
pub struct Original {
    /// One row of `usage`.
    pub row: RecordBatch,
    /// The registry of that row's version.
    pub registry: Arc<Registry>,
}

/// Where originals of committed batches are read.
pub trait Originals: Send {
    /// Reads one.
    ///
    /// # Errors
    /// Whatever the archive says.
    fn read(&mut self, place: Place) -> Result<Original, Refusal>;
}

/// How much an index may take.
#[derive(Clone, Debug)]
pub struct Room {
    /// Bytes of memory, about.
    pub memory_bytes: u64,
    /// Where files go for what does not fit in them, without a name.
    pub folder: PathBuf,
}

impl Room {
    /// Makes sure that files can be made, before they are needed.
    ///
    /// # Errors
    /// When they cannot.
    pub fn check(&self) -> io::Result<()> {
        tempfile::tempfile_in(&self.folder).map(drop)
    }
}

/// What an index takes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Size {
    /// Identities; one that was reversed after it was settled may count twice.
    pub identities: u64,
    /// Bytes of memory.
    pub memory_bytes: u64,
    /// Bytes in files.
    pub file_bytes: u64,
}

impl Sum for Size {
    fn sum<I: Iterator<Item = Size>>(sizes: I) -> Size {
        sizes.fold(Size::default(), |all, size| Size {
            identities: all.identities + size.identities,
            memory_bytes: all.memory_bytes + size.memory_bytes,
            file_bytes: all.file_bytes + size.file_bytes,
        })
    }
}

/// What an identity turns out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// It was not metered before.
    New,
    /// It says what was said before.
    Duplicate,
    /// It says something else.
    Conflict,
}

type Shard = HashMap<Digest, Known, BuildUniform>;

/// How many shards there are: one for each last byte of an identity, which is the first of its rank.
const SHARDS: usize = 256;

/// Bytes that an entry of a map takes: it and a byte more, in tables that are half full after they have grown.
const MAP_ENTRY_BYTES: u64 = 2 * ENTRY_BYTES as u64;

/// Identities that the map may always hold, however little memory there is: runs are not to be tiny.
const LATEST_MIN: usize = 1024;

/// All identities that were ever metered.
pub struct Identities {
    /// The latest, and of settled ones those that have changed since. Spread over shards, so that one grows at a time, within the
    /// processor's cache, and not all of them at once.
    latest: Box<[Shard; SHARDS]>,
    latest_count: usize,
    latest_max: usize,
    settled: Runs,
    /// Batches that were never committed and never will be: what is there of them counts for nothing.
    void: BTreeSet<u64>,
    /// Originals that reversals have undone whose batches are not known to be committed, with those.
    undone: Vec<(u64, Digest)>,
}

impl Identities {
    /// An empty index, which will hold so many soon.
    #[must_use]
    pub fn with_room(count: usize, room: &Room) -> Identities {
        let (latest_max, filter_bytes_max) = shares(room.memory_bytes);
        // Shards are not quite alike.
        let count = count.min(latest_max);
        let each = count / SHARDS + count / SHARDS / 8;
        let shard = |_| HashMap::with_capacity_and_hasher(each, BuildUniform::default());
        let settled = Runs::new(room.folder.clone(), filter_bytes_max);
        Identities {
            latest: Box::new(std::array::from_fn(shard)),
            latest_count: 0,
            latest_max,
            settled,
            void: BTreeSet::new(),
            undone: Vec::new(),
        }
    }

    /// Takes hardly any memory until it is resized, for nobody looks into it.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn rest(&mut self) -> io::Result<()> {
        self.settled.rest();
        if self.latest_count > 0 {
            self.settle()?;
            self.settled.rest();
        }
        self.latest.iter_mut().for_each(|shard| *shard = Shard::default());
        // Between jobs nothing is on its way.
        self.undone = Vec::new();
        Ok(())
    }

    /// Is to take so many bytes of memory from now on.
    ///
    /// # Errors
    /// When a file cannot be written or read.
    pub fn resize(&mut self, memory_bytes: u64) -> io::Result<()> {
        let (latest_max, filter_bytes_max) = shares(memory_bytes);
        let shrinks = latest_max < self.latest_max;
        self.latest_max = latest_max;
        self.settled.resize(filter_bytes_max)?;
        if shrinks && self.latest_count >= latest_max {
            self.settle()?;
        } else if shrinks {
            self.latest.iter_mut().for_each(|shard| shard.shrink_to(latest_max / SHARDS));
        }
        Ok(())
    }

    /// What it takes now.
    #[must_use]
    pub fn size(&self) -> Size {
        let map_bytes: usize = self.latest.iter().map(Shard::allocation_size).sum();
        Size {
            identities: self.latest_count as u64 + self.settled.entries(),
            memory_bytes: map_bytes as u64 + self.settled.memory_bytes(),
            file_bytes: self.settled.entries() * ENTRY_BYTES as u64,
        }
    }

    /// Touches identities one after the other: their places come from memory side by side and are there when they are asked for.
    pub fn prefetch(&self, identities: impl Iterator<Item = Digest>) {
        for identity in identities {
            std::hint::black_box(self.latest[shard_of(identity)].contains_key(&identity));
            self.settled.prefetch(identity);
        }
    }

    /// Compares an event with what its identity said before.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn seen(&self, identity: Digest, says: Digest) -> io::Result<Seen> {
        Ok(match self.get(identity)? {
            None => Seen::New,
            Some(known) if known.says(says) => Seen::Duplicate,
            Some(_) => Seen::Conflict,
        })
    }

    /// Where an original stands that can still be reversed.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn reversible(&self, original: Digest) -> io::Result<Option<Place>> {
        Ok(self.get(original)?.filter(|known| known.is_reversible()).map(Known::place))
    }

    /// Where the event of an identity stands.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn place(&self, identity: Digest) -> io::Result<Option<Place>> {
        Ok(self.get(identity)?.map(Known::place))
    }

    /// Remembers a metered event; of the archive's, reversals may come before or after their originals.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn insert(&mut self, event: Remembered) -> io::Result<()> {
        self.put(event.identity, Known::of(event))
    }

    /// Remembers one of the archive's events, unless the one of its identity that is remembered already `comes_first`.
    ///
    /// # Errors
    /// When a file cannot be read or written.
    pub fn insert_first(&mut self, event: Remembered, comes_first: impl FnOnce(Place) -> bool) -> io::Result<()> {
        match self.get(event.identity)? {
            Some(known) if comes_first(known.place()) => Ok(()),
            _ => self.insert(event),
        }
    }

    /// Marks an original as reversed by an event of this batch, which is on its way.
    ///
    /// # Errors
    /// When a file cannot be read or written.
    pub fn reverse(&mut self, original: Digest, batch: u64) -> io::Result<()> {
        self.undone.push((batch, original));
        self.undo(original)
    }

    /// What batches have undone that are committed stays so.
    pub fn keep(&mut self, is_committed: impl Fn(u64) -> bool) {
        self.undone.retain(|(batch, _)| !is_committed(*batch));
    }

    /// Forgets what these batches have brought and undone: they were not committed and never will be.
    ///
    /// # Errors
    /// When a file cannot be read or written.
    pub fn forget(&mut self, batches: &BTreeSet<u64>) -> io::Result<()> {
        self.void.extend(batches);
        for (batch, original) in std::mem::take(&mut self.undone) {
            if batches.contains(&batch)
                && let Some(known) = self.get(original)?
            {
                self.put(original, known.not_undone())?;
            }
        }
        Ok(())
    }

    /// Marks an original as reversed.
    ///
    /// # Errors
    /// When a file cannot be read or written.
    pub fn undo(&mut self, original: Digest) -> io::Result<()> {
        match self.get(original)? {
            Some(known) => self.put(original, known.undone()),
            None => Ok(()),
        }
    }

    fn get(&self, identity: Digest) -> io::Result<Option<Known>> {
        let known = match self.latest[shard_of(identity)].get(&identity) {
            Some(known) => Some(*known),
            None => self.settled.get(identity)?,
        };
        Ok(known.filter(|known| !self.void.contains(&known.place().batch)))
    }

    fn put(&mut self, identity: Digest, known: Known) -> io::Result<()> {
        if self.latest[shard_of(identity)].insert(identity, known).is_none() {
            self.latest_count += 1;
        }
        if self.latest_count >= self.latest_max { self.settle() } else { Ok(()) }
    }

    /// Moves all that is in memory into a file. The shards are in the order of their ranks, so that one at a time is sorted.
    fn settle(&mut self) -> io::Result<()> {
        let latest_max = self.latest_max;
        let sorted = |shard: &mut Shard| {
            let mut entries: Vec<(Digest, Known)> = shard.drain().collect();
            entries.sort_unstable_by_key(|(identity, _)| rank(*identity));
            shard.shrink_to(latest_max / SHARDS);
            entries
        };
        let count = std::mem::take(&mut self.latest_count);
        self.settled.settle(count as u64, self.latest.iter_mut().flat_map(sorted))
    }
}

/// Half of the memory is for the map, half for filters: how many entries, and how many bytes.
fn shares(memory_bytes: u64) -> (usize, u64) {
    let half = memory_bytes / 2;
    (usize::try_from(half / MAP_ENTRY_BYTES).unwrap_or(usize::MAX).max(LATEST_MIN), half)
}

fn shard_of(identity: Digest) -> usize {
    usize::from(identity.0[15])
}

#[cfg(test)]
mod tests;
