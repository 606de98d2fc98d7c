//! `farthing`: the one binary. It parses the command line, wires the crates together and says what came out.
//!
//! Exit codes: 0 on success, 1 when the answer is no, 2 on wrong use or input.

mod accrued_cycles;
mod batch;
mod books;
mod check;
mod claims;
mod cli;
mod commands;
mod configuration;
mod copies;
mod courses;
mod demo;
mod draft_rows;
mod drafted;
mod invoices;
mod journal;
mod keys;
mod lock;
mod metering;
mod numbers;
mod originals;
#[cfg(feature = "kafka")]
mod outgoing;
mod output;
mod own_batches;
mod papers;
mod patience;
mod payouts;
mod place;
mod plan_input;
mod progress;
mod registry_snapshot;
mod remembered;
mod side_by_side;
mod statements;
mod sweep;
mod telemetry;
mod time;
#[cfg(feature = "kafka")]
mod topic;
mod trace;
mod turnstile;

use clap::Parser;
use cli::{Cli, Command};
use output::Answer;
use std::process::ExitCode;

/// Workers run for months, and what one thread allocates another frees: the C library's arenas keep hundreds of MiB of that, and this one gives
/// them back. It asks for no huge pages: clearing them took a sixth of a worker's time, and an eighth more memory.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let _failpoints = fail::FailScenario::setup();
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return output::failed(&error.into()),
    };
    match runtime.block_on(answer(&cli)) {
        Ok(Answer::Yes) => ExitCode::SUCCESS,
        Ok(Answer::No) => ExitCode::from(1),
        Err(error) => output::failed(&error),
    }
}

/// A reader may hold a list of files of which another process has just merged some into a new one: then it looks again.
async fn answer(cli: &Cli) -> anyhow::Result<Answer> {
    let at = place::Place::of(&cli.place)?;
    let mut look = 1;
    loop {
        match dispatch(cli, &at).await {
            Err(error) if look < books::LOOKS && cli.command.can_begin_again() && output::names_a_missing_file(&error) => look += 1,
            Err(error) if output::comes_from_the_ledger(&error) => return Err(error.context(format!("the ledger {}", at.ledger))),
            answer => return answer,
        }
    }
}

async fn dispatch(cli: &Cli, at: &place::Place) -> anyhow::Result<Answer> {
    let json = cli.json;
    match cli.command.clone() {
        Command::Demo(options) => demo::run(at, &options, json).await,
        Command::Registry(command) => commands::registry::run(at, command, json).await,
        Command::Meter(options) => commands::meter::run(at, options, json).await,
        Command::Accruals(options) => commands::accruals::run(at, &options, json).await,
        Command::Settle(command) => commands::settle::run(at, command, json).await,
        Command::Hold(command) => commands::hold::run(at, command, json).await,
        Command::Adjust(options) => commands::adjust::run(at, &options, json).await,
        Command::Claim(options) => commands::claim::run(at, &options, json).await,
        Command::Actor(command) => commands::actor::run(at, command, json).await,
        Command::Statement(options) => commands::statement::run(at, &options, json).await,
        Command::Invoice(options) => commands::invoice::run(at, &options, json).await,
        Command::Receivables(options) => commands::receivables::run(at, &options, json).await,
        Command::Report(command) => commands::report::run(at, &command, json).await,
        Command::Journal(options) => commands::journal::run(at, &options, json).await,
        Command::Tax(command) => commands::tax::run(at, &command, json).await,
        Command::TrialBalance(options) => commands::trial_balance::run(at, &options, json).await,
        Command::Check => commands::check::run(at, json).await,
        Command::DeadLetters(command) => commands::dead_letters::run(at, command, json).await,
        Command::Archive(command) => commands::archive::run(at, command, json).await,
        Command::Bank(command) => commands::bank::run(at, command, json).await,
        Command::Payments(options) => commands::payments::run(at, &options, json).await,
        Command::Ledger(command) => commands::ledger::run(at, command, json).await,
        Command::Status(options) => commands::status::run(at, &options, json).await,
        Command::Verify(options) => commands::verify::run(at, &options, json).await,
        Command::Completions { shell } => commands::completions::run(shell),
    }
}
