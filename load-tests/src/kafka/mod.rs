//! `make bench-kafka`: from a real broker to durable state, against librdkafka alone and against Kafka Streams, in turn and in one run.
//!
//! librdkafka reads the same topic and counts: nobody who uses it can be faster. Its clock runs from the first message to the last, that
//! of Farthing from when the worker has its partitions to its last commit; from its start to its end is told beside it. Kafka Streams
//! gets a topic of its own, for it is slow, and its clock leaves out all that it does once.

mod key;
mod pace;
pub mod produce;
pub mod raw;
mod report;
mod service;
pub mod soak;
mod streams;
mod verdict;
mod workers;

use crate::bench::dataset::Dataset;
use crate::bench::measure::{self, Usage};
use crate::bench::report::count;
use crate::bench::sides::{Farthing, settle_disks};
use crate::generate::Popularity;
use crate::identities;
use anyhow::{Context, Result, ensure};
use clap::Args;
use produce::{Produce, Produced, Sending, produce};
use raw::{Count, Counted};
use report::{Metered, Round, Rounds};
use service::{Broker, Service};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread;
use streams::{Report, Streams, Sums, Tuning};
use workers::{Books, OnPostgres, Workers};

const TOPIC: &str = "usage";
const STREAMS_TOPIC: &str = "usage-of-streams";

/// What to measure, and with what.
#[derive(Args, Debug)]
pub struct BenchKafka {
    /// Events in the topic; copies come on top
    #[arg(long, default_value_t = 1_000_000)]
    pub events: u64,
    /// Entries in each event
    #[arg(long, alias = "fanout", default_value_t = verdict::JUDGED_FAN_OUT)]
    pub fan_out: u64,
    /// Parties in the registry
    #[arg(long, default_value_t = 1_000_000)]
    pub contributors: u64,
    /// Partitions of the topic
    #[arg(long, default_value_t = 4)]
    pub partitions: u32,
    /// How often each side runs
    #[arg(long, default_value_t = 3)]
    pub rounds: u32,
    /// Events for Kafka Streams, in a topic of their own; 0 leaves it out
    #[arg(long, default_value_t = 100_000)]
    pub streams_events: u64,
    /// Threads of Kafka Streams; one per processor by default
    #[arg(long)]
    pub streams_threads: Option<usize>,
    /// What Kafka Streams keeps sums by
    #[arg(long, value_enum, default_value_t)]
    pub streams_sums: Sums,
    /// How often Kafka Streams commits, in milliseconds
    #[arg(long, default_value_t = 1000)]
    pub streams_commit_ms: u32,
    #[command(flatten)]
    pub sending: Sending,
    /// Books of so many events are opened at the end, to see what their identities take; 0 leaves it out
    #[arg(long, value_delimiter = ',', default_values_t = [1_000_000])]
    pub identities: Vec<u64>,
    /// The release binary
    #[arg(long, default_value = "target/release/farthing")]
    pub farthing: PathBuf,
    /// What starts the broker
    #[arg(long, default_value = "deploy/local/kafka.sh")]
    pub kafka: PathBuf,
    /// Keep the ledger on PostgreSQL, which this starts; the embedded one without it
    #[arg(long, num_args = 0..=1, default_missing_value = "deploy/local/postgres.sh", value_name = "SCRIPT")]
    pub postgres: Option<PathBuf>,
    /// What builds the Kafka Streams application
    #[arg(long, default_value = "load-tests/peers/kafka-streams/build.sh")]
    pub streams: PathBuf,
    /// Where that is built, once
    #[arg(long, default_value = "target/kafka-streams")]
    pub streams_built: PathBuf,
    /// Where files are kept for the next run, and the broker's data while it runs
    #[arg(long, default_value = "bench-data")]
    pub folder: PathBuf,
}

/// All that a round needs.
struct Sides {
    broker: Broker,
    workers: Workers,
    streams: Option<Fed>,
    events: u64,
    messages: u64,
}

/// Kafka Streams, and what is in its topic.
struct Fed {
    streams: Streams,
    events: u64,
    messages: u64,
}

/// Runs the benchmark and prints it.
///
/// # Errors
/// When a side cannot be run, fails, or has not counted what was sent.
pub fn run(options: &BenchKafka) -> Result<ExitCode> {
    ensure!(options.rounds > 0, "at least one round");
    ensure!(options.partitions > 1, "at least two partitions: two readers share them");
    ensure!(options.farthing.is_file(), "no {}: build it with cargo build --release -p farthing", options.farthing.display());
    let work = options.folder.join("kafka-work");
    begin_anew(&work)?;
    let sides = sides(options, &work)?;
    let mut rounds = Rounds(Vec::new());
    for number in 1..=options.rounds {
        let round = sides.round(number)?;
        round.print(rounds.0.len() + 1);
        rounds.0.push(round);
    }
    sides.down()?;
    println!();
    rounds.print();
    let remembered: Vec<u64> = options.identities.iter().copied().filter(|events| *events > 0).collect();
    if !remembered.is_empty() {
        println!();
        identities::measure(&remembered, &options.farthing, &work.join("identities"))?;
    }
    fs::remove_dir_all(&work).with_context(|| format!("cannot remove {}", work.display()))?;
    println!();
    let findings = verdict::judge(options.fan_out, rounds.to_raw(), rounds.to_streams());
    for finding in &findings {
        println!("{finding}");
    }
    Ok(if findings.iter().all(|finding| finding.holds) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn begin_anew(work: &Path) -> Result<()> {
    if work.exists() {
        fs::remove_dir_all(work).with_context(|| format!("cannot remove {}", work.display()))?;
    }
    fs::create_dir_all(work).with_context(|| format!("cannot create {}", work.display()))
}

fn sides(options: &BenchKafka, work: &Path) -> Result<Sides> {
    let data = dataset(options, options.events)?;
    let workers = workers(options, &data, work)?;
    // Built before the broker is there: a fault is known at once.
    let streams = if options.streams_events > 0 { Some(application(options, work)?) } else { None };
    let broker = Broker::up(&options.kafka, &work.join("kafka"))?;
    let messages = fill(options, &broker, TOPIC, &data)?;
    let streams = match streams {
        Some(streams) => {
            let events = options.streams_events;
            Some(Fed { streams, events, messages: fill(options, &broker, STREAMS_TOPIC, &dataset(options, events)?)? })
        }
        None => None,
    };
    raw::wake_groups(&Count { brokers: broker.brokers.clone(), topic: TOPIC.to_owned(), threads: 1 })?;
    println!();
    Ok(Sides { broker, workers, streams, events: options.events, messages })
}

fn workers(options: &BenchKafka, data: &Dataset, work: &Path) -> Result<Workers> {
    let books = match &options.postgres {
        Some(script) => {
            println!("farthing: the ledger is on PostgreSQL, the archive in a folder");
            let server = Service::up(script, &work.join("postgres"))?;
            Books::OnPostgres(OnPostgres { server, registry: data.registry(), work: work.join("books") })
        }
        None => Books::Embedded(Farthing::load_registry(&options.farthing, &data.registry(), work)?),
    };
    Ok(Workers { binary: options.farthing.clone(), books })
}

fn application(options: &BenchKafka, work: &Path) -> Result<Streams> {
    let threads = match options.streams_threads {
        Some(threads) => threads,
        None => thread::available_parallelism().context("cannot count the processors")?.get(),
    };
    let (sums, commit_ms) = (options.streams_sums, options.streams_commit_ms);
    println!("kafka streams: {threads} threads, sums by {}, a commit every {commit_ms} ms", sums.name());
    Streams::ready(&options.streams, &options.streams_built, Tuning { work: work.to_owned(), threads, sums, commit_ms })
}

/// Makes a topic of a file; the number of its messages.
fn fill(options: &BenchKafka, broker: &Broker, topic: &str, data: &Dataset) -> Result<u64> {
    broker.topic(topic, options.partitions)?;
    let (brokers, topic, sending) = (broker.brokers.clone(), topic.to_owned(), options.sending.clone());
    let Produced { messages, bytes, seconds } = produce(&Produce { brokers, topic, rate: None, sending, file: data.events() })?;
    println!(
        "{messages} messages of {} bytes, fan-out {}, in {} partitions, {}: sent in {seconds:.1} s",
        bytes / messages.max(1),
        options.fan_out,
        options.partitions,
        options.sending.compression.name()
    );
    Ok(messages)
}

fn dataset(options: &BenchKafka, events: u64) -> Result<Dataset> {
    Dataset::ready(&options.folder, events, options.fan_out, options.contributors, Popularity::Uniform)
}

impl Sides {
    /// All in turn, so that a slow minute of the machine falls on all.
    fn round(&self, number: u32) -> Result<Round> {
        let raw = self.raw(1)?;
        let one = self.meter(number, 1)?;
        let raw = [raw, self.raw(2)?];
        let two = self.meter(number, 2)?;
        let streams = self.streams.as_ref().map(|fed| self.stream(fed, number)).transpose()?;
        Ok(Round { raw, one, two, streams })
    }

    fn down(&self) -> Result<()> {
        if let Books::OnPostgres(postgres) = &self.workers.books {
            postgres.server.down()?;
        }
        self.broker.service.down()
    }

    /// Processes its topic as an application that never was before.
    fn stream(&self, fed: &Fed, number: u32) -> Result<Report> {
        let report = fed.streams.process(&self.broker.brokers, STREAMS_TOPIC, fed.messages, &format!("round-{number}"))?;
        let Report { events, duplicates, .. } = report;
        let found = (events, duplicates);
        let expected = (fed.events, fed.messages - fed.events);
        ensure!(found == expected, "kafka streams counted (events, copies) {found:?}; sent were {expected:?}");
        Ok(report)
    }

    fn raw(&self, threads: usize) -> Result<Counted> {
        let this = std::env::current_exe().context("cannot find this binary")?;
        let mut command = vec![this.into_os_string()];
        let brokers = self.broker.brokers.as_str();
        command.extend(["count", "--brokers", brokers, "--topic", TOPIC, "--threads", &threads.to_string()].map(Into::into));
        settle_disks();
        let counted: Counted = serde_json::from_str(&measure::run(&command)?.output).context("a count cannot be read")?;
        let sent = self.messages;
        ensure!(counted.messages == sent, "librdkafka counted {} messages of {sent}", counted.messages);
        Ok(counted)
    }

    /// Meters the whole topic by so many processes.
    fn meter(&self, round: u32, processes: usize) -> Result<Metered> {
        let (usages, wall_s) = self.workers.meter(&self.broker.brokers, TOPIC, &format!("round-{round}-of-{processes}"), processes)?;
        // Each says what the books hold at its end, when all is metered that the topic held.
        usages.iter().try_for_each(|usage| self.whole(usage))?;
        Ok(Metered::of(self.messages, wall_s, &usages))
    }

    fn whole(&self, usage: &Usage) -> Result<()> {
        let expected = [self.messages, self.events, self.messages - self.events, 0];
        let mut found = [0; 4];
        for (count_of, name) in found.iter_mut().zip(["read", "metered", "duplicate", "rejected"]) {
            *count_of = count(usage, name)?;
        }
        ensure!(found == expected, "farthing read, metered, found again and rejected {found:?}; sent were {expected:?}");
        Ok(())
    }
}
