//! Identities: who was metered already, and what they said.

use crate::batch::Refusal;
use arrow_array::RecordBatch;
use farthing_aggregate::Digest;
use farthing_aggregate::identity::BuildUniform;
use farthing_aggregate::usage::Place;
use farthing_schemas::registry::Registry;
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
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

/// What is remembered of an identity: 16 bytes beside the 16 of the identity itself.
#[derive(Clone, Copy)]
struct Known {
    says: u64,
    batch: u32,
    row: u32,
}

impl Known {
    fn of(event: Remembered) -> Known {
        let batch = u32::try_from(event.place.batch).expect("fewer than 2^32 batches");
        assert!(event.place.row < UNDONE, "fewer than 2^30 rows in a batch");
        let row = event.place.row | if event.reversal { REVERSAL } else { 0 };
        Known { says: shortened(event.says), batch, row }
    }

    fn place(&self) -> Place {
        Place { batch: u64::from(self.batch), row: self.row & !(REVERSAL | UNDONE) }
    }
}

/// A row's two flags are its highest bits: batches are far smaller than 2^30 rows.
const REVERSAL: u32 = 1 << 31;
const UNDONE: u32 = 1 << 30;

type Shard = HashMap<Digest, Known, BuildUniform>;

/// How many shards there are: one for each last byte of an identity.
const SHARDS: usize = 256;

/// All identities that were ever metered.
///
/// They are spread over shards, so that one grows at a time, within the processor's cache, and not all of them at once.
pub struct Identities {
    shards: [Shard; SHARDS],
}

impl Default for Identities {
    fn default() -> Identities {
        Identities::with_room(0)
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

impl Identities {
    /// An index of what the archive names, with room for more.
    #[must_use]
    pub fn with_room(count: usize) -> Identities {
        // Shards are not quite alike.
        let each = count / SHARDS + count / SHARDS / 8;
        Identities { shards: std::array::from_fn(|_| HashMap::with_capacity_and_hasher(each, BuildUniform::default())) }
    }

    fn shard(&self, identity: Digest) -> &Shard {
        &self.shards[shard_of(identity)]
    }

    /// Touches identities one after the other: their places come from memory side by side and are there when they are asked for.
    pub fn prefetch(&self, identities: impl Iterator<Item = Digest>) {
        for identity in identities {
            std::hint::black_box(self.shard(identity).contains_key(&identity));
        }
    }

    /// Compares an event with what its identity said before.
    #[must_use]
    pub fn seen(&self, identity: Digest, says: Digest) -> Seen {
        match self.shard(identity).get(&identity) {
            None => Seen::New,
            Some(known) if known.says == shortened(says) => Seen::Duplicate,
            Some(_) => Seen::Conflict,
        }
    }

    /// Where an original stands that can still be reversed.
    #[must_use]
    pub fn reversible(&self, original: Digest) -> Option<Place> {
        self.shard(original).get(&original).filter(|known| known.row & (REVERSAL | UNDONE) == 0).map(Known::place)
    }

    /// Remembers a metered event; of the archive's, reversals may come before or after their originals.
    pub fn insert(&mut self, event: Remembered) {
        self.shards[shard_of(event.identity)].insert(event.identity, Known::of(event));
    }

    /// Remembers one of the archive's events, unless the one of its identity that is remembered already `comes_first`.
    pub fn insert_first(&mut self, event: Remembered, comes_first: impl FnOnce(Place) -> bool) {
        match self.shards[shard_of(event.identity)].entry(event.identity) {
            Entry::Occupied(known) if comes_first(known.get().place()) => {}
            entry => {
                entry.insert(Known::of(event));
            }
        }
    }

    /// Where the event of an identity stands.
    #[must_use]
    pub fn place(&self, identity: Digest) -> Option<Place> {
        self.shard(identity).get(&identity).map(Known::place)
    }

    /// Marks an original as reversed.
    pub fn undo(&mut self, original: Digest) {
        if let Entry::Occupied(mut known) = self.shards[shard_of(original)].entry(original) {
            known.get_mut().row |= UNDONE;
        }
    }
}

fn shard_of(identity: Digest) -> usize {
    usize::from(identity.0[15])
}

/// Sayings are compared within one identity, whose platform can only fool itself: 64 bits are plenty.
fn shortened(says: Digest) -> u64 {
    says.0.first_chunk().map_or(0, |first| u64::from_le_bytes(*first))
}
