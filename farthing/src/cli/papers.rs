//! Options of the commands that print papers for platforms, accountants and the public.

use clap::{Args, Subcommand, ValueEnum};
use farthing_schemas::{Currency, Cycle, Day};
use std::path::PathBuf;

/// Days until an invoice is to be paid.
const DUE_DAYS: std::ops::RangeInclusive<i64> = 0..=365;

#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Examples:
  farthing invoice plt_acme --mid mid_guild --cycle 2026-10 --data books
  farthing invoice --all --mid mid_guild --cycle 2026-10 --format html --out invoices --data books

Without an approved draft it is a preview, which has no number and on which nothing is to be paid. What is below the smallest
amount of the currency goes into the next invoice. The number is the reference of the payment too, with check digits of its own.")]
pub struct InvoiceOptions {
    /// Who owes
    #[arg(value_name = "PLATFORM", required_unless_present = "all", conflicts_with = "all")]
    pub platform: Option<String>,
    #[command(flatten)]
    pub of: PaperOf,
    /// Write the invoices of all platforms
    #[arg(long, requires = "out")]
    pub all: bool,
    /// In which form [default: text]
    #[arg(long, value_name = "FORM")]
    pub format: Option<PaperFormat>,
    /// The new folder for the invoices of all platforms
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    #[command(flatten)]
    pub due: DueOption,
}

/// Whose cycle a paper is of.
#[derive(Args, Clone, Debug)]
pub struct PaperOf {
    /// Whose cycle
    #[arg(long, value_name = "MID")]
    pub mid: String,
    /// Which month, in UTC: 2026-10
    #[arg(long, value_name = "CYCLE")]
    pub cycle: Cycle,
    /// Which currency [default: the MID's]
    #[arg(long, value_name = "CODE")]
    pub currency: Option<Currency>,
}

#[derive(Args, Clone, Copy, Debug)]
pub struct DueOption {
    /// Days from the approval until it is to be paid [default: due_days of the configuration, else 30]
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(DUE_DAYS))]
    pub due_days: Option<u16>,
}

/// A form of a paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PaperFormat {
    /// For people
    Text,
    /// A file for a browser, to be printed
    Html,
    /// One document, with exact amounts
    Json,
    /// One row per line and figure, with exact amounts
    Csv,
}

#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Examples:
  farthing receivables --mid mid_guild --data books
  farthing receivables --mid mid_guild --as-of 2026-12-31 --csv --data books > receivables.csv

From the journal and the receipts: what comes in pays the invoice that it names, and else the oldest.")]
pub struct ReceivablesOptions {
    /// To whom it is owed
    #[arg(long, value_name = "MID")]
    pub mid: String,
    /// At the end of this day in UTC [default: today]
    #[arg(long, value_name = "DATE")]
    pub as_of: Option<Day>,
    /// As comma-separated values
    #[arg(long)]
    pub csv: bool,
    #[command(flatten)]
    pub due: DueOption,
}

#[derive(Clone, Debug, Subcommand)]
pub enum ReportCommand {
    /// The 70 % rule by agreement and platform, with and without what reached nobody; exits 1 if a draft is refused
    #[command(after_help = "Example:\n  farthing report seventy --mid mid_guild --cycle 2026-10 --data books")]
    Seventy(ReportOptions),
    /// For the public: counts and sums, of no party, platform or agreement in particular
    #[command(after_help = "Example:\n  farthing report transparency --mid mid_guild --cycle 2026-10 --data books")]
    Transparency(ReportOptions),
    /// Who is paid how much by which method, and what is carried and why
    #[command(after_help = "Example:\n  farthing report payouts --mid mid_guild --cycle 2026-10 --csv --data books > payouts.csv")]
    Payouts(ReportOptions),
    /// What a person has to look at: holds, money that has nowhere to go, parties that owe, agreements left out
    #[command(after_help = "Example:\n  farthing report exceptions --mid mid_guild --cycle 2026-10 --data books")]
    Exceptions(ReportOptions),
}

#[derive(Args, Clone, Debug)]
pub struct ReportOptions {
    #[command(flatten)]
    pub of: PaperOf,
    /// As comma-separated values
    #[arg(long)]
    pub csv: bool,
}
