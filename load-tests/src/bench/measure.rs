//! One program's whole run: wall time, processor time, peak memory.
//!
//! The kernel keeps the peak of *all* children of a process in one figure, so each measured program gets a parent of its own: this same
//! binary, started anew, which runs one program and prints what it used.

use anyhow::{Context, Result, bail, ensure};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;
use serde::{Deserialize, Serialize};
use std::env;
use std::ffi::OsString;
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

/// What one run used, and what it printed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Usage {
    /// From start to end.
    pub wall_s: f64,
    /// Processor time in the program.
    pub user_s: f64,
    /// Processor time in the kernel.
    pub system_s: f64,
    /// The most memory that was resident at once.
    pub peak_kib: u64,
    /// Standard output.
    pub output: String,
}

impl Usage {
    /// Processor time in all.
    pub fn cpu_s(&self) -> f64 {
        self.user_s + self.system_s
    }
}

/// Runs `command` below a fresh copy of this binary.
///
/// # Errors
/// When it cannot be started or does not succeed.
pub fn run(command: &[OsString]) -> Result<Usage> {
    let this = env::current_exe().context("cannot find this binary")?;
    let output =
        Command::new(this).arg("measure").arg("--").args(command).stderr(Stdio::inherit()).output().context("cannot run this binary")?;
    ensure!(output.status.success(), "{command:?} failed ({})", output.status);
    serde_json::from_slice(&output.stdout).context("the measurement cannot be read")
}

/// The inner half of [`run`]: runs the program, prints its [`Usage`] as JSON.
///
/// # Errors
/// When it cannot be started, or does not succeed.
pub fn run_and_print(command: &[String]) -> Result<ExitCode> {
    let [program, arguments @ ..] = command else { bail!("nothing to run") };
    let start = Instant::now();
    // Standard error is not a terminal either: progress bars are no part of the work, and no part of the report.
    let output = Command::new(program).args(arguments).output().with_context(|| format!("cannot run {program}"))?;
    let wall_s = start.elapsed().as_secs_f64();
    ensure!(output.status.success(), "{program} ended with {}: {}", output.status, String::from_utf8_lossy(&output.stderr));
    let used = getrusage(UsageWho::RUSAGE_CHILDREN).context("cannot read what the program used")?;
    let usage = Usage {
        wall_s,
        user_s: seconds(used.user_time()),
        system_s: seconds(used.system_time()),
        peak_kib: u64::try_from(used.max_rss()).context("a negative peak")?,
        output: String::from_utf8(output.stdout).context("the program's output is not UTF-8")?,
    };
    println!("{}", serde_json::to_string(&usage)?);
    Ok(ExitCode::SUCCESS)
}

fn seconds(time: TimeVal) -> f64 {
    time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6
}
