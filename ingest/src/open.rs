//! The open batch, and the part of a block that is on its way into it.

use crate::worker::{Decoded, DecodedLine, Slot, What};
use arrow_array::RecordBatch;
use farthing_aggregate::Accumulator;
use farthing_aggregate::columns::ColumnError;
use farthing_aggregate::fold::{Target, UnknownReference};
use farthing_aggregate::numbered::index;
use farthing_aggregate::usage::{Place, kept_rows};
use farthing_schemas::Cycle;
use farthing_schemas::manifest::{DeadLetter, Slice};
use std::collections::BTreeSet;
use std::time::Instant as Clock;

/// What an unknown reference takes beside its text.
const REFERENCE_BYTES: u64 = 128;

/// The batch that is being filled.
pub struct Open {
    /// Its number, from its first event on.
    pub batch: Option<u64>,
    pub since: Clock,
    pub lines: Accumulator,
    pub rows: u32,
    /// The months of its events.
    pub months: BTreeSet<Cycle>,
    pub slices: Vec<Option<Slice>>,
    pub dead_letters: Vec<DeadLetter>,
    /// Bytes of what waits as it came: dead letters, and references that the registry does not know.
    pub kept_bytes: u64,
    pub replayed: Vec<u64>,
    pub read: u64,
    pub bytes: u64,
}

/// A chunk: the part of a block that belongs to the open batch, on its way out as complete rows.
pub struct Current<'d> {
    pub decoded: &'d Decoded,
    /// Which index of identities its partition has.
    pub index: usize,
    /// The next row of the block's evidence.
    pub next_row: usize,
    /// The first row of the block's evidence that is not yet on its way.
    pub first_row: usize,
    /// Per row since then, whether it is metered.
    pub keep: Vec<bool>,
    /// The slots of the metered rows, by their place in the chunk.
    pub metered: Vec<usize>,
    /// Metered reversals and the places of their originals.
    pub reverses: Vec<(usize, Place)>,
    /// Per number of terms in the block, their number in the open batch, once a line has needed it.
    terms: Vec<Option<u32>>,
}

impl Open {
    pub fn new(partitions: usize) -> Open {
        Open {
            batch: None,
            since: Clock::now(),
            lines: Accumulator::default(),
            rows: 0,
            months: BTreeSet::new(),
            slices: vec![None; partitions],
            dead_letters: Vec::new(),
            kept_bytes: 0,
            replayed: Vec::new(),
            read: 0,
            bytes: 0,
        }
    }

    /// The number of a batch that has an event.
    pub fn number(&self) -> u64 {
        self.batch.expect("a batch is numbered before its first event")
    }

    /// A target of a block as one of the batch.
    pub fn target(&mut self, target: Target, of_block: &[UnknownReference]) -> Target {
        match target {
            Target::Unknown(place) => {
                let reference = &of_block[index(place)];
                let known = self.lines.unknown.values().len();
                let number = self.lines.unknown.number(reference.clone());
                if self.lines.unknown.values().len() > known {
                    self.kept_bytes += u64::try_from(reference.1.len()).unwrap_or(u64::MAX) + REFERENCE_BYTES;
                }
                Target::Unknown(number)
            }
            known => known,
        }
    }
}

impl<'d> Current<'d> {
    pub fn of(decoded: &'d Decoded, index: usize) -> Current<'d> {
        Current {
            decoded,
            index,
            next_row: 0,
            first_row: 0,
            keep: Vec::new(),
            metered: Vec::new(),
            reverses: Vec::new(),
            terms: Vec::new(),
        }
    }

    /// Begins a chunk: what follows is of a new block or for another batch.
    pub fn start_chunk(&mut self) {
        self.first_row = self.next_row;
        self.keep.clear();
        self.metered.clear();
        self.reverses.clear();
        self.terms.clear();
        self.terms.resize(self.decoded.terms.len(), None);
    }

    /// The metered rows of the chunk.
    pub fn kept_rows(&self) -> Result<RecordBatch, ColumnError> {
        let rows = self.decoded.usage.slice(self.first_row, self.next_row - self.first_row);
        if self.keep.iter().all(|keep| *keep) {
            return Ok(rows);
        }
        kept_rows(&rows, &self.keep)
    }

    /// The number of a line's terms in the open batch.
    pub fn number(&mut self, line: &DecodedLine, open: &mut Open) -> u32 {
        let at = index(line.terms);
        *self.terms[at].get_or_insert_with(|| open.lines.number(self.decoded.terms[at]))
    }

    /// Whether a row of the open batch is of this block, and not yet on its way.
    pub fn holds(&self, place: Place, open: &Open) -> bool {
        self.slot_of(place, open).is_some()
    }

    fn slot_of(&self, place: Place, open: &Open) -> Option<&'d Slot> {
        let kept = u32::try_from(self.metered.len()).ok()?;
        let at = place.row.checked_sub(open.rows - kept).filter(|_| Some(place.batch) == open.batch)?;
        Some(&self.decoded.slots[*self.metered.get(usize::try_from(at).ok()?)?])
    }

    /// The lines of an original that this block gave the open batch.
    pub fn lines_of(&self, place: Place, open: &Open) -> Option<&'d [DecodedLine]> {
        let slot = self.slot_of(place, open)?;
        match &slot.what {
            What::Usage { lines, .. } => Some(&self.decoded.lines[lines.clone()]),
            _ => None,
        }
    }
}
