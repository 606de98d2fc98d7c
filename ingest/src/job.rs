//! A job: what is to be metered, how, and how far it is.

use crate::source::Partition;
use crate::worker::Admission;
use farthing_schemas::Instant;
use farthing_schemas::registry::Registry;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::time::Duration;

/// When a batch is full: whichever comes first. It ends earlier when too much waits in memory for its commit; see `sequencer`.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Events read.
    pub events: u64,
    /// Bytes read.
    pub bytes: u64,
    /// Time since its first event, looked at between blocks.
    pub age: Duration,
}

/// How far a job is, for whoever watches it.
#[derive(Debug, Default)]
pub struct Progress {
    /// Bytes of whole lines read, after decompression.
    pub bytes: AtomicU64,
    /// Events sequenced.
    pub events: AtomicU64,
}

/// What is to be metered, and how.
pub struct Job {
    /// What is read, by number.
    pub partitions: Vec<Partition>,
    /// The registry version of the whole job.
    pub registry: Arc<Registry>,
    /// What is judged beside the events themselves.
    pub admission: Admission,
    /// When a batch is full.
    pub limits: Limits,
    /// How many workers decode side by side.
    pub workers: usize,
    /// The arrival of what is read now, where the source does not say it itself.
    pub now: Arc<dyn Fn() -> Instant + Send + Sync>,
    /// Moves on as the job does.
    pub progress: Arc<Progress>,
    /// Set from outside to end early, with what is sealed.
    pub stop: Arc<AtomicBool>,
}
