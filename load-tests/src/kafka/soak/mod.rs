//! `make soak`: a steady stream for as long as one likes, at half of what the machine can do, and a fault a minute. At the end nothing is
//! lost or counted twice; memory and lag are as flat as they were at the beginning.
//!
//! What the machine can do is measured first, with the same producer beside the same workers. Services are those of deploy/local: one
//! broker, whose topic keeps little, and PostgreSQL.

mod fault;
mod minute;
mod stream;
mod verdict;
mod world;

use super::pace::Rate;
use crate::bench::dataset::Dataset;
use crate::generate::{Plan, Popularity};
use anyhow::{Context, Result, ensure};
use clap::Args;
use fault::Fault;
use minute::{Minute, heading};
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};
use stream::Stream;
use world::World;

/// When in each minute something strikes.
const STRIKES_AT: Duration = Duration::from_secs(15);
/// How often it is looked at memory and lag.
const LOOK: Duration = Duration::from_secs(1);
/// How long the workers have for what is left when the stream has ended.
const REST: Duration = Duration::from_secs(180);

/// What to soak, and for how long.
#[derive(Args, Debug)]
pub struct Soak {
    /// Minutes of stream, and so many faults
    #[arg(long, default_value_t = 30)]
    pub minutes: u32,
    /// Messages a second; half of what is measured, unless it is said
    #[arg(long)]
    pub rate: Option<Rate>,
    /// Messages to measure with; start and end weigh little among many
    #[arg(long, default_value_t = 1_000_000)]
    pub measured: u64,
    /// Entries in each event
    #[arg(long, alias = "fanout", default_value_t = 8)]
    pub fan_out: u64,
    /// Parties in the registry
    #[arg(long, default_value_t = 20_000)]
    pub contributors: u64,
    /// Partitions of the topic
    #[arg(long, default_value_t = 4)]
    pub partitions: u32,
    /// Workers that share them
    #[arg(long, default_value_t = 2)]
    pub workers: usize,
    /// Mebibytes that each worker may remember identities in: few, so that they are full soon, and what grows beside them is seen
    #[arg(long, default_value_t = 256)]
    pub identities_mib: u64,
    /// The release binary
    #[arg(long, default_value = "target/release/farthing")]
    pub farthing: PathBuf,
    /// What starts the broker
    #[arg(long, default_value = "deploy/local/kafka.sh")]
    pub kafka: PathBuf,
    /// What starts PostgreSQL
    #[arg(long, default_value = "deploy/local/postgres.sh")]
    pub postgres: PathBuf,
    /// Where all of it has its data while it runs
    #[arg(long, default_value = "bench-data")]
    pub folder: PathBuf,
}

impl Soak {
    /// So many events, the same for the same number.
    fn plan(&self, events: u64) -> Plan {
        let (fan_out, contributors) = (self.fan_out, self.contributors);
        Plan { events, fan_out, contributors, seed: 1, duplicates_micro: 10_000, popularity: Popularity::Uniform }
    }
}

/// Soaks, and prints a line a minute and a verdict.
///
/// # Errors
/// When a service or a worker cannot be run, or the end is not what was sent.
pub fn run(options: &Soak) -> Result<ExitCode> {
    ensure!(options.minutes > 0 && options.workers > 0 && options.partitions > 0, "at least one minute, one worker and one partition");
    ensure!(options.farthing.is_file(), "no {}: build it with cargo build --release -p farthing", options.farthing.display());
    let work = options.folder.join("soak-work");
    super::begin_anew(&work)?;
    // Only its registry is needed.
    let registry = Dataset::ready(&options.folder, 1, options.fan_out, options.contributors, Popularity::Uniform)?.registry();
    let mut world = World::up(options, &registry, &work)?;
    let rate = match options.rate {
        Some(rate) => rate,
        None => measured(options, &mut world)?,
    };
    let minutes = soak(options, &mut world, rate)?;
    world.down()?;
    fs::remove_dir_all(&work).with_context(|| format!("cannot remove {}", work.display()))?;
    println!();
    let findings = verdict::judge(&minutes, rate);
    for finding in &findings {
        println!("{finding}");
    }
    Ok(if findings.iter().all(|finding| finding.holds) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Half of what workers do with a producer beside them that sends as fast as it can.
fn measured(options: &Soak, world: &mut World) -> Result<Rate> {
    world.begin("measured", options)?;
    let clock = Instant::now();
    let stream = Stream::start(options.plan(options.measured), world.produce("measured", None));
    let sent = stream.join()?;
    world.wait_until_read(sent.messages, REST)?;
    let a_second = sent.messages as f64 / clock.elapsed().as_secs_f64();
    world.end(&sent)?;
    let half = format!("{}/s", ((a_second / 2.0) as u32).max(1)).parse()?;
    println!("{} messages were sent and metered at {a_second:.0}/s: half of that is the rate\n", sent.messages);
    Ok(half)
}

fn soak(options: &Soak, world: &mut World, rate: Rate) -> Result<Vec<Minute>> {
    world.begin("soak", options)?;
    let events = u64::from(rate.a_second()) * 60 * u64::from(options.minutes);
    let stream = Stream::start(options.plan(events), world.produce("soak", Some(rate)));
    println!("{}", heading());
    let (clock, mut minutes) = (Instant::now(), Vec::new());
    for number in 1..=options.minutes {
        let mut minute = Minute::begin(number, Fault::of(number), world.read());
        minute_of(world, &mut minute, clock + Duration::from_secs(60) * number)?;
        println!("{minute}");
        minutes.push(minute);
        ensure!(!stream.has_failed(), "{:#}", stream.join().err().unwrap_or_else(|| anyhow::anyhow!("the stream ended too early")));
    }
    let sent = stream.join()?;
    world.wait_until_read(sent.messages, REST)?;
    world.end(&sent)?;
    println!("{} messages were sent, {} of them copies: each is metered once", sent.messages, sent.copies);
    Ok(minutes)
}

/// Looks every second until the minute ends; in between its fault strikes.
fn minute_of(world: &mut World, minute: &mut Minute, end: Instant) -> Result<()> {
    let strikes_at = end.checked_sub(Duration::from_secs(60)).unwrap_or(end) + STRIKES_AT;
    let mut fault = Some(minute.fault);
    while Instant::now() < end {
        if Instant::now() >= strikes_at
            && let Some(fault) = fault.take()
        {
            let clock = Instant::now();
            world.strike(fault)?;
            minute.struck = clock.elapsed();
        }
        minute.look(world.memory_mib()?, world.read(), world.sent());
        thread::sleep(LOOK.min(end.saturating_duration_since(Instant::now())));
    }
    world.all_live()
}
