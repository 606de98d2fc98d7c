//! What the identities of a long history take: how soon `farthing meter` is ready upon books of many events, and in how much memory.
//!
//! The books are made by metering generated events of one entry each and of few parties: what is told apart does not hang on the rest. Then a file with a copy of the very first event is metered, which must be found again.

use crate::bench::measure::Usage;
use crate::bench::report::count;
use crate::bench::sides::Farthing;
use crate::generate::{Plan, Popularity, generate, write_events};
use anyhow::{Context, Result, ensure};
use clap::Args;
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader, BufWriter};
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};

/// Bytes that are generated before they go into a pipe.
const PIPE_BYTES: usize = 1 << 20;
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
    parts: u64,
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
        Ok(Self { farthing, work: work.to_owned(), events: 0, parts: 0 })
    }

    /// Meters as many new events as are missing, as they are generated: long histories need no file of their own.
    fn grow_to(&mut self, size: u64) -> Result<()> {
        let Some(events) = size.checked_sub(self.events).filter(|events| *events > 0) else { return Ok(()) };
        let mut metering =
            self.farthing.meter_pipe().stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("cannot run farthing")?;
        let pipe = metering.stdin.take().context("farthing has no standard input")?;
        // A pipe that breaks is the end of farthing, which says more of it.
        let written = write_events(&plan(events, self.parts), &mut BufWriter::with_capacity(PIPE_BYTES, pipe));
        let output = metering.wait_with_output().context("farthing cannot be waited for")?;
        ensure!(output.status.success(), "farthing ended with {}", output.status);
        written?;
        let report: Value = serde_json::from_slice(&output.stdout).context("a report cannot be read")?;
        self.events += events;
        self.parts += 1;
        ensure!(report["metered"].as_u64() == Some(events), "farthing did not meter {events} new events: {report}");
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

/// Parts differ by their seeds, which are part of the ids.
fn plan(events: u64, part: u64) -> Plan {
    Plan { events, fan_out: 1, contributors: CONTRIBUTORS, seed: part + 1, duplicates_micro: 0, popularity: Popularity::Uniform }
}

fn identities_s(usage: &Usage) -> Result<f64> {
    let report: Value = serde_json::from_str(&usage.output).context("a report cannot be read")?;
    report["seconds"]["identities"].as_f64().context("a report does not say how long the identities took")
}
