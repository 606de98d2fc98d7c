//! What a cycle of many payees takes, from its draft to files for banks and the root over its statements: the release binary runs each step
//! as a process of its own, and is judged by time and memory.

mod cycle;
mod verdict;

use anyhow::{Context, Result, ensure};
use clap::Args;
use cycle::Cycle;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use verdict::{Measured, judge};

/// How many payees.
#[derive(Args, Debug)]
pub struct PayoutOptions {
    /// Payees of a cycle, in hundreds, once or several times
    #[arg(long, value_delimiter = ',', default_values_t = [10_000, 100_000, 1_000_000])]
    pub payees: Vec<u32>,
    /// The release binary
    #[arg(long, default_value = "target/release/farthing")]
    pub farthing: PathBuf,
    /// Where the books are while it runs
    #[arg(long, default_value = "bench-data")]
    pub folder: PathBuf,
}

/// Measures each size, prints a table and says what is too much.
///
/// # Errors
/// When a step fails, or does not come to what it has to.
pub fn run(options: &PayoutOptions) -> Result<ExitCode> {
    let farthing = options.farthing.canonicalize();
    let farthing =
        farthing.with_context(|| format!("no {}: build it with cargo build --release -p farthing", options.farthing.display()))?;
    let mut sizes = options.payees.clone();
    sizes.sort_unstable();
    sizes.dedup();
    let mut measured = Vec::new();
    for payees in sizes {
        let work = options.folder.join(format!("payouts-{payees}"));
        if work.exists() {
            fs::remove_dir_all(&work).with_context(|| format!("cannot remove {}", work.display()))?;
        }
        let cycle = Cycle::generate(&farthing, &work, payees)?;
        println!(
            "a cycle of {payees} payees\n  {:<14} {:>9}   {:>13}   {:>9}   {:>11}",
            "step", "seconds", "s a million", "peak, MiB", "KiB a payee"
        );
        cycle.walk(|of| {
            let Measured { step, payees, seconds, peak_kib } = of;
            let (per_million, per_payee) = (of.seconds_a_payee() * 1e6, peak_kib as f64 / f64::from(payees));
            println!("  {:<14} {seconds:>9.2}   {per_million:>13.1}   {:>9}   {per_payee:>11.2}", step.as_str(), peak_kib >> 10);
            measured.push(of);
        })?;
        fs::remove_dir_all(&work).with_context(|| format!("cannot remove {}", work.display()))?;
    }
    ensure!(!measured.is_empty(), "--payees names no size");
    let verdict = judge(&measured);
    verdict.compared.iter().for_each(|line| println!("{line}"));
    verdict.faults.iter().for_each(|fault| eprintln!("too much: {fault}"));
    Ok(if verdict.faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
