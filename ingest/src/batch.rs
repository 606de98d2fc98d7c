//! What the sequencer hands on: evidence as it comes, and sealed batches.

use arrow_array::RecordBatch;
use farthing_aggregate::Accumulator;
use farthing_schemas::manifest::{DeadLetter, Slice};
use farthing_schemas::registry::Registry;
use std::sync::Arc;

/// Why whoever was called, to commit or to read an original, could not.
pub type Refusal = Box<dyn std::error::Error + Send + Sync>;

/// Takes evidence and sealed batches, on one thread and in order.
pub trait Committer {
    /// Takes complete rows of `usage`, of the batch that is sealed next.
    ///
    /// # Errors
    /// Whatever stops the job.
    fn rows(&mut self, rows: RecordBatch) -> Result<(), Refusal>;

    /// Commits a batch, with all rows since the last one.
    ///
    /// # Errors
    /// Whatever stops the job; batches that were committed before stay.
    fn commit(&mut self, batch: SealedBatch) -> Result<(), Refusal>;
}

/// Events that are committed together, or not at all; their rows of `usage` went before.
pub struct SealedBatch {
    /// Its number.
    pub batch: u64,
    /// The registry that it was metered with.
    pub registry: Arc<Registry>,
    /// The events' lines, not yet summed up and not yet assigned to cycles.
    pub lines: Accumulator,
    /// What was taken from each partition.
    pub slices: Vec<Slice>,
    /// Rejected events.
    pub dead_letters: Vec<DeadLetter>,
    /// Dead letters that were read again, by number.
    pub replayed: Vec<u64>,
}
