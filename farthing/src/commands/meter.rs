//! `farthing meter`: events from files and standard input into accruals.

use crate::books::Books;
use crate::cli::{LimitOptions, MeterOptions};
use crate::originals::{ArchivedOriginals, identities};
use crate::output::{self, Answer};
use crate::place::Place;
use crate::{batch, time};
use anyhow::{Context, bail};
use farthing_ingest::source::Packing;
use farthing_ingest::worker::Admission;
use farthing_ingest::{Input, Job, Limits, Partition, Progress, source};
use farthing_schemas::manifest::Counts;
use farthing_schemas::{Instant, time::DAY_MICROS};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use std::fs::{File, TryLockError};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant as Clock};

pub async fn run(at: &Place, options: MeterOptions, json: bool) -> anyhow::Result<Answer> {
    let (books, names, seconds) = meter(at, options).await?;
    say(&books, &names, &seconds, json).await?;
    books.ledger.close().await;
    Ok(Answer::Yes)
}

/// Meters sources to their ends; returns the books, the names of the sources in them, and where the time went.
pub async fn meter(at: &Place, options: MeterOptions) -> anyhow::Result<(Books, Vec<String>, Seconds)> {
    let sources = options.sources.iter().map(|source| named(source)).collect::<anyhow::Result<Vec<_>>>()?;
    let mut books = Books::open(at).await?;
    let _lock = MeterLock::take(at)?;
    // Whoever held the lock until now may have committed.
    books.refresh().await?;
    let started = time::now();
    let follow = options.follow;
    let arrival = options.now;
    let job = Metering {
        admission: Admission {
            platforms: (!options.platforms.is_empty()).then(|| options.platforms.iter().cloned().collect()),
            oldest_micros: options.max_age_days.map(|days| i64::from(days) * DAY_MICROS),
        },
        limits: options.limits,
        follow,
        now: Box::new(move || arrival.unwrap_or_else(|| if follow { time::now() } else { started })),
    };
    let mut partitions: Vec<Partition> = Vec::new();
    for (name, input) in sources {
        if !partitions.iter().any(|partition| partition.name == name) {
            partitions.push(open_partition(&books, name, input).await?);
        }
    }
    let result = job.run(&mut books, partitions).await;
    let outcome = result.context("metering stopped; all batches before are kept, and the same command goes on from there");
    let (names, seconds) = outcome?;
    Ok((books, names, seconds))
}

/// Only one process meters into one ledger.
pub struct MeterLock {
    _file: File,
}

impl MeterLock {
    /// Takes the lock, or says that another has it; it goes with the process, however that ends.
    pub fn take(at: &Place) -> anyhow::Result<MeterLock> {
        let mut path = at.ledger_path()?.into_os_string();
        path.push(".meter-lock");
        let path = PathBuf::from(path);
        let file = File::options()
            .create(true)
            .append(true)
            .open(&path)
            .with_context(|| format!("the lock {} cannot be opened", path.display()))?;
        match file.try_lock() {
            Ok(()) => Ok(MeterLock { _file: file }),
            Err(TryLockError::WouldBlock) => {
                bail!("another process is metering into this ledger (it holds {}); wait for it or stop it", path.display())
            }
            Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("the lock {} cannot be taken", path.display())),
        }
    }
}

/// A source as the ledger names it.
fn named(source: &str) -> anyhow::Result<(String, Input)> {
    if source == "-" {
        return Ok(("stdin".to_owned(), Input::Stdin));
    }
    if source.starts_with("kafka://") {
        bail!("{source}: this version meters files and standard input; Kafka sources are not there yet");
    }
    let cannot = || format!("the source {source} cannot be opened");
    let kind = std::fs::metadata(source).with_context(cannot)?;
    if kind.is_dir() {
        bail!("the source {source} is a folder; name its files");
    }
    if !kind.is_file() {
        bail!("the source {source} is not a file that can be read twice; pipe it in and name the source -");
    }
    let path = std::fs::canonicalize(Path::new(source)).with_context(cannot)?;
    Ok((path.display().to_string(), Input::File(path)))
}

/// Takes the lease of a source, after making sure that it is the one that was metered under this name.
async fn open_partition(books: &Books, name: String, input: Input) -> anyhow::Result<Partition> {
    let (name, fingerprint) = match &input {
        Input::File(path) => {
            let known = books.ledger.position(&name).await?.filter(|position| position.next > 0);
            let length = known.as_ref().and_then(|position| position.fingerprint.split(':').next()?.parse().ok());
            let found = source::fingerprint(path, length)?;
            if let Some(position) = known.filter(|position| position.fingerprint != found) {
                bail!(
                    "{name} is not the file that was metered under this name up to byte {}: it begins differently; give the new file another name",
                    position.next
                );
            }
            (name, found)
        }
        // What is piped cannot be wound back: every standard input is a source of its own, and identities tell what was read before.
        _ => {
            let prefix = format!("{name}/");
            let positions = books.ledger.positions().await?;
            let number = positions.iter().filter(|position| position.partition.starts_with(&prefix)).count() + 1;
            (format!("{prefix}{number:06}"), String::new())
        }
    };
    let lease = books.ledger.lease(&name, &fingerprint).await?;
    Ok(Partition { name, epoch: lease.epoch, next: lease.next, input })
}

/// How sources are to be metered.
pub struct Metering {
    pub admission: Admission,
    pub limits: LimitOptions,
    pub follow: bool,
    pub now: Box<dyn Fn() -> Instant + Send + Sync>,
}

/// Where the time of a metering went.
#[derive(Debug, Default)]
pub struct Seconds {
    /// Reading the registry.
    pub registry: f32,
    /// Filling the index of identities.
    pub identities: f32,
    /// Metering, commits included.
    pub metering: f32,
    /// Of which writing and committing batches.
    pub commits: f32,
}

impl Metering {
    /// Meters partitions to their ends; returns their names.
    pub async fn run(self, books: &mut Books, partitions: Vec<Partition>) -> anyhow::Result<(Vec<String>, Seconds)> {
        let mut seconds = Seconds::default();
        let names = partitions.iter().map(|partition| partition.name.clone()).collect();
        // We hold the lock: a file of a batch that no manifest names is a leftover of a crash.
        books.sweep(&["usage", "accruals"], "batch-").await?;
        books.sweep_copies().await?;
        let clock = Clock::now();
        let registry = books.registry_now().await?;
        seconds.registry = clock.elapsed().as_secs_f32();
        let clock = Clock::now();
        let identities = identities(books).await?;
        let originals = Box::new(ArchivedOriginals::of(books).await?);
        seconds.identities = clock.elapsed().as_secs_f32();
        let total = total_bytes(&partitions);
        let job = Arc::new(Job {
            partitions,
            registry,
            admission: self.admission,
            limits: Limits {
                events: self.limits.batch_events,
                bytes: self.limits.batch_mib << 20,
                age: Duration::from_secs(self.limits.batch_seconds),
            },
            last_batch: books.catalog.last_batch(),
            follow: self.follow,
            workers: self.limits.workers.unwrap_or_else(|| std::thread::available_parallelism().map_or(2, usize::from)).max(1),
            now: self.now,
            progress: Arc::default(),
            stop: stop_on_signal(self.follow)?,
        });
        let watching = watch(job.progress.clone(), total);
        let clock = Clock::now();
        let mut commits = 0.0;
        let runtime = tokio::runtime::Handle::current();
        let done = tokio::task::block_in_place(|| {
            farthing_ingest::run(&job, identities, originals, &mut |sealed| {
                let clock = Clock::now();
                let done = runtime.block_on(batch::commit(books, sealed)).map_err(Into::into);
                commits += clock.elapsed().as_secs_f32();
                done
            })
        });
        seconds.metering = clock.elapsed().as_secs_f32();
        seconds.commits = commits;
        watching.finish();
        done?;
        Ok((names, seconds))
    }
}

/// While files are followed, the first signal ends them in order; a second one, or any otherwise, ends the process, which is safe.
fn stop_on_signal(follow: bool) -> std::io::Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    if follow {
        use tokio::signal::unix::{SignalKind, signal};
        // Asked for here and not in the task: from now on a signal ends the run in order, however late the task begins.
        let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        let flag = stop.clone();
        tokio::spawn(async move {
            loop {
                tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
                if flag.swap(true, Ordering::Relaxed) {
                    std::process::exit(130);
                }
            }
        });
    }
    Ok(stop)
}

/// The bytes that are left to read, if they can be known.
fn total_bytes(partitions: &[Partition]) -> Option<u64> {
    partitions.iter().try_fold(0, |sum, partition| match &partition.input {
        Input::File(path) if Packing::of(path) == Packing::Plain => Some(sum + path.metadata().ok()?.len().saturating_sub(partition.next)),
        _ => None,
    })
}

/// A progress bar on a terminal, nothing in a pipe.
struct Watching {
    done: Arc<AtomicBool>,
    bar: Option<ProgressBar>,
}

fn watch(progress: Arc<Progress>, total: Option<u64>) -> Watching {
    let done = Arc::new(AtomicBool::new(false));
    if !std::io::stderr().is_terminal() {
        return Watching { done, bar: None };
    }
    let bar = total.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
    let form = if total.is_some() { "{wide_bar} {bytes}/{total_bytes}  {msg}  {eta} left" } else { "{spinner} {bytes}  {msg}  {elapsed}" };
    bar.set_style(ProgressStyle::with_template(form).unwrap_or_else(|_| ProgressStyle::default_bar()));
    let (flag, drawn) = (done.clone(), bar.clone());
    std::thread::spawn(move || {
        let clock = Clock::now();
        while !flag.load(Ordering::Relaxed) {
            let events = progress.events.load(Ordering::Relaxed);
            let millis = u64::try_from(clock.elapsed().as_millis()).unwrap_or(u64::MAX).max(1);
            drawn.set_position(progress.bytes.load(Ordering::Relaxed));
            drawn.set_message(format!("{events} events, {}/s", events.saturating_mul(1000) / millis));
            std::thread::sleep(Duration::from_millis(200));
        }
    });
    Watching { done, bar: Some(bar) }
}

impl Watching {
    fn finish(self) {
        self.done.store(true, Ordering::Relaxed);
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Says what is counted of the partitions in all their runs.
pub async fn say(books: &Books, names: &[String], seconds: &Seconds, json: bool) -> anyhow::Result<()> {
    let mut total = Counts::default();
    let mut positions = Vec::new();
    for name in names {
        if let Some(position) = books.ledger.position(name).await? {
            total.add(&position.counts);
            positions.push(position);
        }
    }
    if json {
        let partitions = positions.iter().map(|position| {
            let Counts { read, metered, duplicate, rejected } = position.counts;
            json!({"partition": position.partition, "read": read, "metered": metered, "duplicate": duplicate, "rejected": rejected, "next": position.next})
        });
        let Counts { read, metered, duplicate, rejected } = total;
        let seconds = json!({"registry": seconds.registry, "identities": seconds.identities, "metering": seconds.metering, "commits": seconds.commits});
        let document = json!({"read": read, "metered": metered, "duplicate": duplicate, "rejected": rejected,
            "partitions": partitions.collect::<Vec<_>>(), "seconds": seconds});
        return output::json(&document);
    }
    let row = |name: &str, counts: &Counts| {
        vec![
            name.to_owned(),
            counts.read.to_string(),
            counts.metered.to_string(),
            counts.duplicate.to_string(),
            counts.rejected.to_string(),
        ]
    };
    let mut rows: Vec<_> = positions.iter().map(|position| row(&position.partition, &position.counts)).collect();
    rows.push(row("total", &total));
    output::text(&output::table(&["source", "read", "metered", "duplicate", "rejected"], &rows, 1))?;
    if total.rejected > 0 {
        output::note(&format!("rejected and kept: {}; see why with: farthing dead-letters list", total.rejected));
    }
    Ok(())
}
