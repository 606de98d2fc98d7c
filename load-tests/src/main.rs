//! `farthing-load`: generates load, and measures.

use anyhow::Result;
use clap::{Args, Parser, Subcommand};
use farthing_load_tests::bench::{self, Bench, measure};
use farthing_load_tests::generate::{Plan, Popularity, generate};
use farthing_load_tests::identities::{self, RememberOptions};
use farthing_load_tests::kafka::produce::{Produce, produce};
use farthing_load_tests::kafka::raw::{Count, count};
use farthing_load_tests::kafka::soak::{self, Soak};
use farthing_load_tests::kafka::{self, BenchKafka};
use farthing_load_tests::payouts::{self, PayoutOptions};
use farthing_load_tests::statements::{self, RootOptions};
use std::path::PathBuf;
use std::process::ExitCode;

/// Generates load for Farthing, and measures it against DuckDB, librdkafka and Kafka Streams.
#[derive(Parser)]
#[command(name = "farthing-load", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Write events.ndjson and registry.ndjson, the same bytes for the same options
    Generate(Generate),
    /// Measure the release binary against DuckDB over the same files
    Bench(Bench),
    /// Send a file of events to a topic of Kafka, keyed by identity
    Produce(Produce),
    /// Measure the release binary from a broker to durable state, against librdkafka alone and Kafka Streams
    BenchKafka(BenchKafka),
    /// Meter a steady stream for a time, with a fault a minute
    Soak(Soak),
    /// Measure how soon the release binary is ready upon books of many events, and in how much memory
    Identities(RememberOptions),
    /// Measure what the root over a cycle's statements takes, in time and memory
    Statements(RootOptions),
    /// Measure each step of the release binary from a cycle's draft to files for banks and the root, by the number of payees
    Payouts(PayoutOptions),
    /// Read a topic from its beginning to its end with librdkafka and count, as JSON
    Count(Count),
    /// Run one program and print what it used, as JSON (the benchmark calls this itself)
    #[command(hide = true)]
    Measure {
        /// The program and its arguments
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
        command: Vec<String>,
    },
}

#[derive(Args)]
struct Generate {
    /// Events with an identity of their own; copies come on top
    #[arg(long, default_value_t = 1_000_000)]
    events: u64,
    /// Entries in each event
    #[arg(long, alias = "fanout", default_value_t = 8)]
    fan_out: u64,
    /// Parties in the registry
    #[arg(long, default_value_t = 1_000_000)]
    contributors: u64,
    /// Decides all that the other options do not
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Exact copies later in the file, in percent of the events
    #[arg(long, default_value = "1", value_parser = percent_as_micro)]
    duplicates: u64,
    /// How often contributors are named
    #[arg(long, value_enum, default_value_t)]
    popularity: Popularity,
    /// The folder to write to
    #[arg(long)]
    out: PathBuf,
}

impl Generate {
    fn plan(&self) -> Plan {
        Plan {
            events: self.events,
            fan_out: self.fan_out,
            contributors: self.contributors,
            seed: self.seed,
            duplicates_micro: self.duplicates,
            popularity: self.popularity,
        }
    }
}

/// Percent with up to four decimals, as millionths.
fn percent_as_micro(text: &str) -> Result<u64, String> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > 4 {
        return Err("at most four decimals".to_owned());
    }
    let digits = format!("{whole}{fraction:0<4}");
    let micro: u64 = digits.parse().map_err(|_| "a number of percent, such as 1 or 0.5".to_owned())?;
    if micro > 1_000_000 { Err("at most 100 percent".to_owned()) } else { Ok(micro) }
}

fn main() -> Result<ExitCode> {
    match Cli::parse().command {
        Command::Generate(options) => {
            let written = generate(&options.plan(), &options.out)?;
            println!("{} lines, {} of them copies, {} bytes", written.lines, written.duplicates, written.bytes);
            Ok(ExitCode::SUCCESS)
        }
        Command::Bench(options) => bench::run(&options),
        Command::Produce(options) => {
            let sent = produce(&options)?;
            println!(
                "{} messages, {} bytes, {:.1} s, {:.0}/s",
                sent.messages,
                sent.bytes,
                sent.seconds,
                sent.messages as f64 / sent.seconds
            );
            Ok(ExitCode::SUCCESS)
        }
        Command::BenchKafka(options) => kafka::run(&options),
        Command::Soak(options) => soak::run(&options),
        Command::Identities(options) => identities::run(&options),
        Command::Statements(options) => statements::run(&options),
        Command::Payouts(options) => payouts::run(&options),
        Command::Count(options) => {
            println!("{}", serde_json::to_string(&count(&options)?)?);
            Ok(ExitCode::SUCCESS)
        }
        Command::Measure { command } => measure::run_and_print(&command),
    }
}
