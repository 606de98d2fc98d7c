//! The evidence: metered events as rows of `usage`, written so that everything can be computed from them again.

mod build;
mod kept;
mod read;

pub use build::{Joining, UsageBuilder, join_batch};
pub use kept::kept_rows;
pub use read::UsageRows;

/// Where a metered event stands: its batch and its row among all rows of that batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The batch's number.
    pub batch: u64,
    /// The row's number within the batch, from 0.
    pub row: u32,
}

/// Where an event came from.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    /// The source partition: a file, or a partition of a topic.
    pub partition: &'a str,
    /// The byte in a file, or the offset in Kafka, where it begins.
    pub position: u64,
}

/// The word for a reversal in the column `use`.
pub(crate) const REVERSAL: &str = "reversal";

/// The word for what a claim moves: it names an event whose lines it changes, as a reversal does, and undoes none.
pub(crate) const CLAIM: &str = "claim";
