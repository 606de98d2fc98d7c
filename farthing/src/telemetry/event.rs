//! What happens, in the words of those who watch.

use farthing_archive::Asked;
use farthing_ingest::SealedBatch;
use farthing_ingest::identities::Size;
#[cfg(feature = "kafka")]
use farthing_ingest::kafka::{Standing, Topic};
use farthing_schemas::manifest::Slice;
use std::collections::BTreeMap;
use std::path::PathBuf;
#[cfg(feature = "kafka")]
use std::sync::Arc;
use std::time::{Duration, Instant as Clock};

/// What happens. Nothing of it names a contributor or an account.
#[cfg_attr(not(feature = "telemetry"), expect(dead_code, reason = "nobody watches"))]
pub enum Event<'e> {
    /// A worker is about to join the group of a topic.
    #[cfg(feature = "kafka")]
    Joins { topic: &'e Topic, standing: &'e Arc<Standing> },
    /// No job runs: it is waited for partitions.
    #[cfg(feature = "kafka")]
    Waits { source: &'e str },
    /// Partitions are taken over: their leases are taken, and their identities read.
    #[cfg(feature = "kafka")]
    TakesOver { source: &'e str, partitions: usize },
    /// A job reads these partitions of a topic, by their numbers, from these positions of the ledger on.
    #[cfg(feature = "kafka")]
    Reads { source: &'e str, partitions: Vec<(i32, String, u64)> },
    /// A job reads these files and the like.
    ReadsFiles(Vec<FileRead>),
    /// A batch has its number: its first event has come.
    BatchBegins { batch: u64 },
    /// A batch is full.
    BatchSealed { batch: u64 },
    /// A step of a batch was done, or has failed.
    Step { step: Step, batch: u64, began: Clock, failed: bool },
    /// A batch exists.
    Committed(&'e Sealed),
    /// The job has ended: what it had begun and not committed is read again.
    JobEnded,
    /// The ledger was asked.
    LedgerAsked { call: LedgerCall, took: Duration, failed: bool },
    /// The ledger does not answer, and is asked again.
    LedgerAway,
    /// The ledger answers.
    LedgerThere,
    /// The archive was asked.
    ArchiveAsked(&'e Asked),
    /// A signal asks for the end.
    Stops,
    /// The command fails.
    Fails(&'e str),
    /// Something was said on standard error.
    Said(&'e str),
}

/// A file that a job reads, or what stands for one.
#[cfg_attr(not(feature = "telemetry"), expect(dead_code, reason = "nobody watches"))]
pub struct FileRead {
    /// Its name in the ledger.
    pub name: String,
    /// Where it is read from.
    pub position: u64,
    /// Where it lies, if its bytes are counted as they lie there.
    pub plain: Option<PathBuf>,
}

/// A step of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "telemetry"), expect(dead_code, reason = "nobody watches"))]
pub enum Step {
    /// Its events are read, decoded, told apart and gathered.
    Fold,
    /// Its evidence is put into the archive.
    Evidence,
    /// Its sums are made and encoded.
    Sums,
    /// Its sums are put into the archive.
    Archive,
    /// Its manifest is appended: the transaction that makes it exist.
    Append,
    /// All of the commit.
    Commit,
}

/// What the ledger is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "telemetry"), expect(dead_code, reason = "nobody watches"))]
pub enum LedgerCall {
    Append,
    Lease,
    Manifests,
    Position,
    Reserve,
}

/// A batch on its way to its commit, as far as it is told.
#[derive(Default)]
pub struct Sealed {
    pub batch: u64,
    pub slices: Vec<Slice>,
    /// Bytes of its events.
    #[cfg_attr(not(feature = "telemetry"), expect(dead_code, reason = "nobody watches"))]
    pub bytes: u64,
    /// What is remembered then.
    #[cfg_attr(not(feature = "telemetry"), expect(dead_code, reason = "nobody watches"))]
    pub remembered: Size,
    /// How many were rejected, by code.
    #[cfg_attr(not(feature = "telemetry"), expect(dead_code, reason = "nobody watches"))]
    pub rejected: BTreeMap<String, u64>,
}

impl Sealed {
    /// What is to be told of a batch once it is committed.
    pub fn of(batch: &SealedBatch) -> Sealed {
        let mut rejected = BTreeMap::new();
        for letter in &batch.dead_letters {
            *rejected.entry(letter.code.clone()).or_insert(0) += 1;
        }
        Sealed { batch: batch.batch, slices: batch.slices.clone(), bytes: batch.bytes, remembered: batch.remembered, rejected }
    }
}
