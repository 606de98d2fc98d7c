//! What the identities of a long history take: how soon `farthing meter` is ready upon books of many events, and in how much memory.
//!
//! The books are made by metering generated files one after the other, each of one entry per event and few parties: what is told apart
//! does not hang on the rest. Then a file with a copy of the very first event is metered, which must be found again.

use crate::bench::measure::Usage;
use crate::bench::report::count;
use crate::bench::sides::Farthing;
use crate::generate::{Plan, Popularity, generate};
use anyhow::{Context, Result, ensure};
use clap::Args;
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Events in each file.
const FILE_EVENTS: u64 = 1_000_000;
const CONTRIBUTORS: u64 = 1000;

/// How many events to remember, and with what.
#[derive(Args, Debug)]
pub struct RememberOptions {
    /// Events in the books, once or several times
    #[arg(long, value_delimiter = ',', default_values_t = [10_000_000])]
    pub events: Vec<u64>,
    /// The release binary
    #[arg(long, default_value = "target/release/farthing")]
    pub farthing: PathBuf,
    /// Where the books are while it runs
    #[arg(long, default_value = "bench-data")]
    pub folder: PathBuf,
}

/// Measures and prints a table.
///
/// # Errors
/// When metering fails, or the first event is not found again.
pub fn run(options: &RememberOptions) -> Result<ExitCode> {
    ensure!(options.farthing.is_file(), "no {}: build it with cargo build --release -p farthing", options.farthing.display());
    measure(&options.events, &options.farthing, &options.folder.join("identities-work"))?;
    Ok(ExitCode::SUCCESS)
}

/// The same, for numbers of events and a folder that is made anew and removed.
///
/// # Errors
/// When metering fails, or the first event is not found again.
pub fn measure(events: &[u64], binary: &Path, work: &Path) -> Result<()> {
    if work.exists() {
        fs::remove_dir_all(work).with_context(|| format!("cannot remove {}", work.display()))?;
    }
    let mut sizes = events.to_vec();
    sizes.sort_unstable();
    sizes.dedup();
    println!(
        "starting upon books that remember events\n  {:>12}   {:>14}   {:>9}   {:>9}",
        "events", "identities, s", "whole, s", "peak, MiB"
    );
    let mut books = Books::empty(binary, work)?;
    for size in sizes {
        books.grow_to(size)?;
        let started = books.start(size)?;
        let identities = identities_s(&started)?;
        println!("  {size:>12}   {identities:>14.2}   {:>9.2}   {:>9}", started.wall_s, started.peak_kib >> 10);
    }
    fs::remove_dir_all(work).with_context(|| format!("cannot remove {}", work.display()))
}

/// Books that grow by one file after the other.
struct Books {
    farthing: Farthing,
    work: PathBuf,
    events: u64,
    files: u64,
}

impl Books {
    fn empty(binary: &Path, work: &Path) -> Result<Self> {
        generate(&plan(1, 0), work)?;
        let first = fs::File::open(work.join("events.ndjson")).context("cannot open a generated file")?;
        let mut line = String::new();
        BufReader::new(first).read_line(&mut line)?;
        let farthing = Farthing::load_registry(binary, &work.join("registry.ndjson"), work)?;
        farthing.begin_anew()?;
        fs::write(work.join("first"), line).context("cannot write the first event")?;
        Ok(Self { farthing, work: work.to_owned(), events: 0, files: 0 })
    }

    fn grow_to(&mut self, size: u64) -> Result<()> {
        while self.events < size {
            let events = (size - self.events).min(FILE_EVENTS);
            let folder = self.work.join(format!("file-{}", self.files));
            generate(&plan(events, self.files), &folder)?;
            let usage = self.farthing.meter_more(&folder.join("events.ndjson"))?;
            ensure!(count(&usage, "metered")? == events, "farthing did not meter {events} new events");
            fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
            self.events += events;
            self.files += 1;
        }
        Ok(())
    }

    /// Meters one more file, of one event that the books remember.
    fn start(&self, size: u64) -> Result<Usage> {
        let again = self.work.join(format!("again-{size}.ndjson"));
        fs::copy(self.work.join("first"), &again).context("cannot write the file to begin with")?;
        let usage = self.farthing.meter_more(&again)?;
        ensure!(count(&usage, "duplicate")? == 1, "farthing does not remember the first of {size} events");
        Ok(usage)
    }
}

/// Files differ by their seeds, which are part of the ids.
fn plan(events: u64, file: u64) -> Plan {
    Plan { events, fan_out: 1, contributors: CONTRIBUTORS, seed: file + 1, duplicates_micro: 0, popularity: Popularity::Uniform }
}

fn identities_s(usage: &Usage) -> Result<f64> {
    let report: Value = serde_json::from_str(&usage.output).context("a report cannot be read")?;
    report["seconds"]["identities"].as_f64().context("a report does not say how long the identities took")
}
