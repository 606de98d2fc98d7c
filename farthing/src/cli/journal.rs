//! Options of the commands that read the journal.

use crate::journal::select::Selection;
use clap::{Args, Subcommand, ValueEnum};
use farthing_schemas::Instant;

#[derive(Args, Clone, Debug)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
Examples:
  farthing journal --mid mid_guild --cycle 2026-10 --data books
  farthing journal --account party_payable:pty_ana --from 2026-01-01T00:00:00Z --data books
  farthing journal export --hledger --data books > books.journal

Every entry is one business act: balanced, proven by what it names, never changed."
)]
pub struct JournalOptions {
    #[command(flatten)]
    pub selection: Selection,
    #[command(subcommand)]
    pub command: Option<JournalCommand>,
}

#[derive(Clone, Debug, Subcommand)]
pub enum JournalCommand {
    /// The whole journal for other programs, exact to the unit
    #[command(
        after_help = "Examples:\n  farthing journal export --hledger --data books > books.journal   # then: hledger -f books.journal check --strict\n  farthing journal export --csv --mid mid_guild --data books > journal.csv"
    )]
    Export(ExportOptions),
}

#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct ExportOptions {
    /// As a journal of hledger, with its accounts and currencies declared
    #[arg(long, required_unless_present = "csv", conflicts_with = "csv")]
    pub hledger: bool,
    /// As comma-separated values, one row a posting
    #[arg(long)]
    pub csv: bool,
    /// Only the books of this MID
    #[arg(long, value_name = "MID")]
    pub mid: Option<String>,
}

#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Examples:
  farthing trial-balance --data books
  farthing trial-balance --mid mid_guild --by account --at 2026-11-30T23:59:59Z --data books

Debits are above 0, credits below. Exits 1 if debits do not equal credits.")]
pub struct TrialBalanceOptions {
    /// Only the books of this MID
    #[arg(long, value_name = "MID")]
    pub mid: Option<String>,
    /// As of then: what had happened by that time (RFC 3339)
    #[arg(long, value_name = "TIME")]
    pub at: Option<Instant>,
    /// What is added up: all accounts of a kind, or each account
    #[arg(long, value_enum, default_value_t = By::Kind)]
    pub by: By,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum By {
    /// All accounts of a kind
    Kind,
    /// Each account
    Account,
}
