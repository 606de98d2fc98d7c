//! Ingest: bytes in, sealed batches out.
//!
//! A reader cuts sources into blocks of whole lines, workers decode and attribute them side by side, and one sequencer puts them in
//! order again: it tells duplicates, conflicts and reversals, gathers lines, hands on the evidence as it comes, and seals batches.
//! Whoever calls [`run`] commits each batch; a batch that is not committed never existed, since positions move with it.
//!
//! Invariants
//! - Per partition, the slices of the batches are adjacent: nothing is skipped, nothing is read twice.
//! - In each slice, read = metered + duplicate + rejected.
//! - Nothing here writes but, into files without names, the identities that no longer fit in memory.
//! - Nothing is concluded from the number of another writer's batch: numbers are unique, and no more.
//!
//! Modules in reading order: [`source`], [`block`], [`files`], [`worker`], [`job`], [`identities`], `open`, `recent`, `committed`,
//! [`batch`], `sequencer`, `pipeline`; with the feature `kafka`, `kafka`.
#![deny(missing_docs)]

pub mod batch;
pub mod block;
mod committed;
pub mod files;
pub mod identities;
pub mod job;
#[cfg(feature = "kafka")]
pub mod kafka;
mod open;
mod pipeline;
mod recent;
mod sequencer;
pub mod source;
pub mod worker;

pub use batch::{Committer, Evidence, Numbers, Refusal, SealedBatch};
pub use files::Files;
pub use identities::{Identities, Original, Originals, Remembered, Room};
pub use job::{Job, Limits, Progress};
pub use pipeline::{Failed, Feed, Outside, run};
pub use source::{Input, Partition, Source, SourceError};

use farthing_aggregate::Refused;
use farthing_aggregate::columns::ColumnError;

/// Why ingest stopped; what was committed before stays.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// A source cannot be read on.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// An amount cannot be held: the batch is not made.
    #[error("the open batch cannot be folded")]
    Fold(#[source] Refused),
    /// The evidence cannot be built or read.
    #[error("the evidence of the open batch cannot be built")]
    Evidence(#[from] ColumnError),
    /// An original that a reversal names cannot be read from the archive.
    #[error("the original of a reversal cannot be read")]
    Original(#[source] Refusal),
    /// What no longer fits in memory cannot be kept in a file, or read from it.
    #[error("the index of identities cannot be kept in the scratch folder")]
    Identities(#[from] std::io::Error),
    /// A batch cannot be begun.
    #[error("a batch cannot be given a number")]
    Number(#[source] Refusal),
    /// Whoever commits has failed.
    #[error("a batch cannot be committed")]
    Commit(#[source] Refusal),
    /// The system gives no thread.
    #[error("a thread of the pipeline cannot be started")]
    Spawn(#[source] std::io::Error),
    /// A source left something out, or gave it twice.
    #[error("{partition}: what was read begins at {start}, but it was read up to {position}: this is a defect of its source")]
    Torn {
        /// Which partition.
        partition: String,
        /// How far it was read.
        position: u64,
        /// Where the next block begins.
        start: u64,
    },
    /// A thread of the pipeline has ended before its time.
    #[error("a thread of the pipeline ended early: this is a defect")]
    Thread,
}
