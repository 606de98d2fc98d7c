//! Metering partitions into the books, until they end or a new registry version asks for a new beginning.

use crate::batch::{Around, Commits};
use crate::books::Books;
use crate::cli::LimitOptions;
use crate::numbers::Reservations;
use crate::originals::ArchivedOriginals;
use crate::output;
use crate::patience::Patience;
use crate::progress;
use crate::remembered::identities;
use crate::telemetry::{self, Event, FileRead, LedgerCall, tell};
use farthing_ingest::source::Packing;
use farthing_ingest::worker::Admission;
use farthing_ingest::{Files, Identities, Input, Job, Limits, Outside, Partition, Room, Source};
use farthing_ledger::Ledger;
use farthing_schemas::Instant;
use farthing_schemas::manifest::{Act, Manifest};
use std::collections::BTreeMap;
use std::ops::AddAssign;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant as Clock};
use tokio::signal::unix::{SignalKind, signal};

/// How often the ledger is asked whether the registry has a new version.
const REGISTRY_PAUSE: Duration = Duration::from_secs(1);

/// When a batch is full, unless it is said otherwise.
const BATCH_EVENTS: u64 = 1_000_000;
const BATCH_MIB: u64 = 1024;
pub const BATCH_AGE: Duration = Duration::from_secs(10);

/// How sources are to be metered.
pub struct Metering {
    pub admission: Admission,
    pub limits: LimitOptions,
    /// For the identities of all partitions together.
    pub room: Room,
    pub follow: bool,
    pub now: Arc<dyn Fn() -> Instant + Send + Sync>,
}

/// Why metering ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// All is read that there was, or a signal asked for an end.
    AllRead,
    /// Files are followed, and the registry has a new version: what comes now is to be metered with it.
    NewRegistry,
}

/// Where the time of a metering went.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seconds {
    /// Reading the registry.
    pub registry: f32,
    /// Filling the index of identities.
    pub identities: f32,
    /// Metering, with the encoding of evidence and the commits.
    pub metering: f32,
    /// Of which summing, waiting for the evidence, writing and committing batches.
    pub commits: f32,
}

impl AddAssign for Seconds {
    fn add_assign(&mut self, more: Seconds) {
        self.registry += more.registry;
        self.identities += more.identities;
        self.metering += more.metering;
        self.commits += more.commits;
    }
}

/// What one job reads, and what is known of it.
pub struct Reading {
    pub partitions: Vec<Partition>,
    pub source: Box<dyn Source>,
    /// Each partition names one of them.
    pub identities: Vec<Identities>,
    /// Bytes, if that can be known.
    pub total: Option<u64>,
    /// Whether a new registry version ends the job: its source can begin again where it was left.
    pub can_begin_again: bool,
    /// What makes its source end, when set: then what it gave before is still read.
    pub stop: Arc<AtomicBool>,
    /// What its source has to say about each commit.
    pub around: Around,
}

/// Why a job has failed, and what it leaves.
pub struct Failed {
    pub error: anyhow::Error,
    /// As the job left them, with what was committed; none if that is not known.
    #[cfg_attr(not(feature = "kafka"), expect(dead_code, reason = "only partitions of topics go from job to job"))]
    pub identities: Option<Vec<Identities>>,
    /// The last manifest that has committed something of each partition.
    #[cfg_attr(not(feature = "kafka"), expect(dead_code, reason = "likewise"))]
    pub last: BTreeMap<String, u64>,
}

impl From<anyhow::Error> for Failed {
    fn from(error: anyhow::Error) -> Failed {
        Failed { error, identities: None, last: BTreeMap::new() }
    }
}

/// What a job leaves.
pub struct Done {
    pub ended: Ended,
    /// As the job left them.
    #[cfg_attr(not(feature = "kafka"), expect(dead_code, reason = "only partitions of topics go from job to job"))]
    pub identities: Vec<Identities>,
    pub seconds: Seconds,
}

impl Metering {
    /// Meters files and the like; what is read when it ends is committed.
    pub async fn run(&self, books: &mut Books, sources: Vec<(Partition, Input)>, stop: &Stop) -> anyhow::Result<(Ended, Seconds)> {
        self.sweep(books).await?;
        let clock = Clock::now();
        let identities = vec![identities(books, &self.room).await?];
        let filled = clock.elapsed().as_secs_f32();
        let (partitions, inputs): (Vec<Partition>, Vec<Input>) = sources.into_iter().unzip();
        tell(Event::ReadsFiles(partitions.iter().zip(&inputs).map(as_told).collect()));
        let reading = Reading {
            source: Box::new(Files::open(&partitions, &inputs, self.follow)?),
            total: progress::total_bytes(&partitions, &inputs),
            // What is piped cannot be opened again where it was left.
            can_begin_again: self.follow && inputs.iter().all(|input| matches!(input, Input::File(_))),
            partitions,
            identities,
            stop: stop.job.clone(),
            around: Around::default(),
        };
        let done = self.job(books, reading, stop).await.map_err(|failed| failed.error);
        let Done { ended, mut seconds, .. } = done?;
        seconds.identities += filled;
        Ok((ended, seconds))
    }

    /// Removes what crashes left.
    pub async fn sweep(&self, books: &mut Books) -> anyhow::Result<()> {
        books.sweep_batches().await?;
        books.sweep_copies().await
    }

    /// Runs one job, with the registry version that is in force now.
    pub async fn job(&self, books: &mut Books, reading: Reading, stop: &Stop) -> Result<Done, Failed> {
        let mut seconds = Seconds::default();
        let clock = Clock::now();
        let registry = books.registry_now().await?;
        books.keep_snapshot(&registry);
        seconds.registry = clock.elapsed().as_secs_f32();
        let Reading { partitions, source, identities, total, can_begin_again, stop: of_source, around } = reading;
        let originals = Box::new(ArchivedOriginals::of(books).await?);
        let job = Arc::new(Job {
            partitions,
            registry,
            admission: self.admission.clone(),
            limits: self.limits(),
            workers: self.limits.workers.map_or_else(|| std::thread::available_parallelism().map_or(2, usize::from), usize::from),
            now: self.now.clone(),
            progress: Arc::default(),
            stop: of_source,
        });
        let new_registry = Arc::new(AtomicBool::new(false));
        let watch = watch_registry(books.ledger.clone(), books.catalog.sequence, stop.job.clone(), new_registry.clone());
        let watch = can_begin_again.then(|| tokio::spawn(watch));

        let bar = progress::watch(job.progress.clone(), total);
        let clock = Clock::now();
        let numbers = Box::new(Reservations::of(books, &job.partitions));
        let (mut commits, evidence) = Commits::to(books, around);
        let outside = Outside { source, identities, originals, numbers, evidence: Box::new(evidence) };
        let done = tokio::task::block_in_place(|| farthing_ingest::run(&job, outside, &mut commits));
        seconds.commits = commits.time.as_secs_f32();
        seconds.metering = clock.elapsed().as_secs_f32();
        bar.finish();
        if let Some(watch) = watch {
            watch.abort();
            // One that was just about to end the job has done so now: it would end the next one instead.
            let _ = watch.await;
        }
        tell(Event::JobEnded);
        // Also after a failure: who joins the group anew has another job.
        let goes_on = stop.go_on();
        let begin_again = new_registry.load(Ordering::Relaxed) && goes_on;
        let last = std::mem::take(&mut commits.last);
        let identities = done.map_err(|farthing_ingest::Failed { error, identities }| Failed { error: error.into(), identities, last })?;
        Ok(Done { ended: if begin_again { Ended::NewRegistry } else { Ended::AllRead }, identities, seconds })
    }

    fn limits(&self) -> Limits {
        let LimitOptions { batch_events, batch_mib, batch_seconds, .. } = self.limits;
        let (events, mib) = (batch_events.unwrap_or(BATCH_EVENTS), batch_mib.unwrap_or(BATCH_MIB));
        Limits { events, bytes: mib << 20, age: batch_seconds.map_or(BATCH_AGE, Duration::from_secs) }
    }
}

/// A file, or what stands for one, as it is told.
fn as_told((partition, input): (&Partition, &Input)) -> FileRead {
    let plain = match input {
        Input::File(path) if Packing::of(path) == Packing::Plain => Some(path.clone()),
        _ => None,
    };
    FileRead { name: partition.name.clone(), position: partition.next, plain }
}

/// Ends the job once somebody has loaded a new version.
async fn watch_registry(ledger: Ledger, mut sequence: u64, stop: Arc<AtomicBool>, found: Arc<AtomicBool>) {
    loop {
        tokio::time::sleep(REGISTRY_PAUSE).await;
        let news = telemetry::timed(LedgerCall::Manifests, ledger.manifests_after(sequence)).await;
        if news.is_err() {
            tell(Event::LedgerAway);
        }
        // If the ledger cannot be asked now, the next commit will say so.
        for manifest in news.unwrap_or_default() {
            sequence = manifest.sequence;
            if Manifest::from_json(&manifest.body).is_ok_and(|manifest| matches!(manifest.act, Act::Registry(_))) {
                found.store(true, Ordering::Relaxed);
                stop.store(true, Ordering::Relaxed);
                return;
            }
        }
    }
}

pub const NOT_IN_TIME: &str = "stopped; what was not committed in time will be read again";

/// Ends metering from outside, in order.
#[derive(Clone, Default)]
pub struct Stop {
    /// Whether a signal has come.
    signalled: Arc<AtomicBool>,
    /// Whether the job that runs now is to end.
    job: Arc<AtomicBool>,
}

impl Stop {
    /// The first signal ends the job in order, a second one the process: for metering that has no end of its own. What is not in order by
    /// `patience` is left as it is: it will be read again.
    pub fn on_signal(patience: Option<Duration>) -> std::io::Result<Stop> {
        let stop = Stop::default();
        // Asked for here and not in the task: from now on a signal ends the run in order, however late the task begins.
        let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        let of_task = stop.clone();
        tokio::spawn(async move {
            loop {
                tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
                if of_task.signalled.swap(true, Ordering::SeqCst) {
                    std::process::exit(130);
                }
                of_task.job.store(true, Ordering::SeqCst);
                tell(Event::Stops);
                if let Some(patience) = patience {
                    tokio::spawn(async move {
                        tokio::time::sleep(patience).await;
                        output::note(NOT_IN_TIME);
                        telemetry::flush_at_exit();
                        std::process::exit(0);
                    });
                }
            }
        });
        Ok(stop)
    }

    /// Set once a signal has come.
    #[cfg(feature = "kafka")]
    pub fn signal(&self) -> Arc<AtomicBool> {
        self.signalled.clone()
    }

    /// Whether a signal has come.
    pub fn signalled(&self) -> bool {
        self.signalled.load(Ordering::SeqCst)
    }

    /// Set when the job that runs now is to end.
    #[cfg(feature = "kafka")]
    pub fn job(&self) -> Arc<AtomicBool> {
        self.job.clone()
    }

    /// How long to wait for a ledger that is away; a signal ends it.
    pub fn patience(&self, longest: Duration) -> Patience {
        Patience::of(longest, self.signalled.clone())
    }

    /// Lets another job run, unless a signal has come.
    fn go_on(&self) -> bool {
        self.job.store(false, Ordering::SeqCst);
        let signalled = self.signalled();
        // One that came just now ends the next job as well.
        self.job.fetch_or(signalled, Ordering::SeqCst);
        !signalled
    }
}
