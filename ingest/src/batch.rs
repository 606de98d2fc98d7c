//! What the sequencer hands on: evidence as it comes, and sealed batches; and where their numbers come from.

use crate::identities::Size;
use arrow_array::RecordBatch;
use farthing_aggregate::Accumulator;
use farthing_schemas::manifest::{DeadLetter, Slice};
use farthing_schemas::registry::Registry;
use std::sync::Arc;

/// Why whoever was called, to commit, to read an original or to number a batch, could not.
pub type Refusal = Box<dyn std::error::Error + Send + Sync>;

/// Gives batches their numbers: each as its first event comes, before anything of it is handed on. Nothing is asked of it while there is
/// nothing to read.
pub trait Numbers: Send {
    /// A number that no other batch has, of whatever writer; higher than those that it gave before.
    ///
    /// # Errors
    /// Whatever stops the job.
    fn next(&mut self) -> Result<u64, Refusal>;
}

/// Takes the evidence of one batch after the other, on a thread of its own: that of the next one while the last one is committed.
///
/// What goes wrong with it is for [`Committer::commit`] to say.
pub trait Evidence: Send {
    /// Takes complete rows of `usage`, of the batch that is sealed next.
    fn take(&mut self, rows: RecordBatch);

    /// Ends the evidence of the batch of that number.
    fn seal(&mut self, batch: u64);
}

/// Commits sealed batches, on the calling thread and in order.
pub trait Committer {
    /// Commits a batch, with its evidence.
    ///
    /// # Errors
    /// Whatever stops the job; batches that were committed before stay.
    fn commit(&mut self, batch: SealedBatch) -> Result<(), Refusal>;

    /// Whether a batch that was refused so is surely not committed: what was known before it is good then.
    fn is_surely_undone(&self, why: &Refusal) -> bool {
        let _ = why;
        false
    }
}

/// Events that are committed together, or not at all; their rows of `usage` go to the [`Evidence`].
pub struct SealedBatch {
    /// Its number.
    pub batch: u64,
    /// The registry that it was metered with.
    pub registry: Arc<Registry>,
    /// The events' lines, not yet summed up and not yet assigned to cycles.
    pub lines: Accumulator,
    /// Bytes of its events, as they came.
    pub bytes: u64,
    /// What the indexes of identities take, all together.
    pub remembered: Size,
    /// What was taken from each partition.
    pub slices: Vec<Slice>,
    /// Rejected events.
    pub dead_letters: Vec<DeadLetter>,
    /// Dead letters that were read again, by number.
    pub replayed: Vec<u64>,
}
