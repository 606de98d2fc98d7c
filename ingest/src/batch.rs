//! A sealed batch: all that one commit needs.

use arrow_array::RecordBatch;
use farthing_aggregate::Accumulator;
use farthing_schemas::manifest::{DeadLetter, Slice};
use farthing_schemas::registry::Registry;
use std::sync::Arc;

/// Events that are committed together, or not at all.
pub struct SealedBatch {
    /// Its number.
    pub batch: u64,
    /// The registry that it was metered with.
    pub registry: Arc<Registry>,
    /// Rows of `usage`, complete and in order.
    pub usage: Vec<RecordBatch>,
    /// Their lines, not yet summed up and not yet assigned to cycles.
    pub lines: Accumulator,
    /// What was taken from each partition.
    pub slices: Vec<Slice>,
    /// Rejected events.
    pub dead_letters: Vec<DeadLetter>,
    /// Dead letters that were read again, by number.
    pub replayed: Vec<u64>,
}
