//! `make bench`: Farthing against DuckDB, whole process against whole process, in turn, over the same files.
//!
//! DuckDB runs three times: the equal fold comes to the same figures, and the goal is held against it; beside it are printed the same
//! with the evidence, which Farthing always writes, and the sums alone, so that nobody need believe that the equal fold was made slow.

mod agreement;
pub(crate) mod dataset;
pub mod measure;
pub(crate) mod report;
pub(crate) mod sides;
pub(crate) mod verdict;

use crate::generate::Popularity;
use anyhow::{Context, Result, ensure};
use clap::Args;
use dataset::Dataset;
use report::{Round, Stage};
use sides::{Farthing, Peer, Work};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

/// The fan-out that the goals speak of, and that growth is measured at.
const JUDGED_FAN_OUT: u64 = 8;

/// What to measure, and with what.
#[derive(Args, Debug)]
pub struct Bench {
    /// Events in each file; copies come on top
    #[arg(long, default_value_t = 1_000_000)]
    pub events: u64,
    /// Parties in the registry
    #[arg(long, default_value_t = 1_000_000)]
    pub contributors: u64,
    /// Entries in each event, one file for each
    #[arg(long, value_delimiter = ',', default_values_t = [1, 8, 32])]
    pub fan_outs: Vec<u64>,
    /// How often each side runs over each file
    #[arg(long, default_value_t = 3)]
    pub rounds: u32,
    /// How often contributors are named
    #[arg(long, value_enum, default_value_t)]
    pub popularity: Popularity,
    /// Threads for the peer; Farthing takes one per processor, and so does this by default
    #[arg(long)]
    pub threads: Option<usize>,
    /// The release binary
    #[arg(long, default_value = "target/release/farthing")]
    pub farthing: PathBuf,
    /// A Python with duckdb
    #[arg(long, default_value = ".venv/bin/python")]
    pub python: PathBuf,
    /// The peer's program
    #[arg(long, default_value = "load-tests/peers/duckdb_fold.py")]
    pub peer: PathBuf,
    /// Where files are kept for the next run
    #[arg(long, default_value = "bench-data")]
    pub folder: PathBuf,
}

/// Runs the benchmark and prints it.
///
/// # Errors
/// When a side cannot be run, fails, or comes to another result than the other.
pub fn run(options: &Bench) -> Result<ExitCode> {
    ensure!(options.rounds > 0, "at least one round");
    let work = options.folder.join("work");
    let (farthing, peer) = sides(options, &work)?;
    let mut stages = Vec::new();
    for &fan_out in &options.fan_outs {
        let stage = run_stage(options, fan_out, &farthing, &peer)?;
        stage.print();
        stages.push(stage);
    }
    fs::remove_dir_all(&work).with_context(|| format!("cannot remove {}", work.display()))?;
    let judged = stages.iter().find(|stage| stage.fan_out == JUDGED_FAN_OUT);
    let peak_kib = stages.iter().map(Stage::farthing_peak_kib).max().unwrap_or(0);
    let findings = verdict::judge(judged.map(Stage::ratio), judged.and_then(Stage::growth), peak_kib);
    for finding in &findings {
        println!("{finding}");
    }
    Ok(if findings.iter().all(|finding| finding.holds) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn sides(options: &Bench, work: &Path) -> Result<(Farthing, Peer)> {
    ensure!(options.farthing.is_file(), "no {}: build it with cargo build --release -p farthing", options.farthing.display());
    ensure!(options.python.is_file(), "no {}: run deploy/install-test-tools.sh", options.python.display());
    if work.exists() {
        fs::remove_dir_all(work).with_context(|| format!("cannot remove {}", work.display()))?;
    }
    fs::create_dir_all(work).with_context(|| format!("cannot create {}", work.display()))?;
    let threads = match options.threads {
        Some(threads) => threads,
        None => std::thread::available_parallelism().context("cannot count the processors")?.get(),
    };
    let first = dataset(options, options.fan_outs.first().copied().unwrap_or(JUDGED_FAN_OUT), options.events)?;
    let start = Instant::now();
    let farthing = Farthing::load_registry(&options.farthing, &first.registry(), work)?;
    println!("registry of {} parties loaded in {:.1} s (not part of what follows)", options.contributors, start.elapsed().as_secs_f64());
    println!("{threads} threads for the peer\n");
    Ok((farthing, Peer { python: options.python.clone(), program: options.peer.clone(), work: work.to_owned(), threads }))
}

fn run_stage(options: &Bench, fan_out: u64, farthing: &Farthing, peer: &Peer) -> Result<Stage> {
    let once = dataset(options, fan_out, options.events)?;
    let twice = if fan_out == JUDGED_FAN_OUT { Some(dataset(options, fan_out, options.events * 2)?) } else { None };
    // One read of each file first: neither side pays for a cold page cache, and neither is the one that warms it.
    once.warm()?;
    let mut rounds = Vec::new();
    for _ in 0..options.rounds {
        let round = run_round(&once, twice.as_ref(), farthing, peer)?;
        round.print(rounds.len() + 1);
        rounds.push(round);
    }
    let agreed = agreement::compare(farthing, peer, &rounds)?;
    Ok(Stage { fan_out, bytes: once.bytes()?, rounds, agreed })
}

/// All in turn, so that a slow minute of the machine falls on both sides; the file that counts stands between its two peers.
fn run_round(once: &Dataset, twice: Option<&Dataset>, farthing: &Farthing, peer: &Peer) -> Result<Round> {
    let doubled = twice.map(|data| farthing.meter(&data.events())).transpose()?;
    let sums = peer.fold(Work::Sums, once)?;
    let whole = peer.fold(Work::Whole, once)?;
    let farthing = farthing.meter(&once.events())?;
    let equal = peer.fold(Work::Equal, once)?;
    Ok(Round { farthing, equal, whole, sums, doubled })
}

fn dataset(options: &Bench, fan_out: u64, events: u64) -> Result<Dataset> {
    Dataset::ready(&options.folder, events, fan_out, options.contributors, options.popularity)
}
