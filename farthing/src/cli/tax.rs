//! Options of the commands about taxes.

use clap::{Args, Subcommand};

#[derive(Clone, Debug, Subcommand)]
pub enum TaxCommand {
    /// Per party and jurisdiction, what was paid and what was withheld of it in a year
    #[command(after_help = "\
Examples:
  farthing tax report --mid mid_guild --year 2026 --data books
  farthing tax report --mid mid_guild --year 2026 --csv --data books > taxes.csv

Of approved drafts. A cycle counts for the year in which it ends, and so can first be paid: December of 2025 for 2026, and December of
2026 for 2027. Gross is what was paid and withheld, base what a rate was applied to: less where no tax is in force for a party, which
has a row of its own for that.")]
    Report(TaxReportOptions),
}

#[derive(Args, Clone, Debug)]
pub struct TaxReportOptions {
    /// The MID that withheld
    #[arg(long, value_name = "MID")]
    pub mid: String,
    /// The year
    #[arg(long, value_name = "YEAR", value_parser = clap::value_parser!(u16).range(2000..2200))]
    pub year: u16,
    /// As comma-separated values
    #[arg(long, conflicts_with = "json")]
    pub csv: bool,
}
