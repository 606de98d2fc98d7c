//! Options of the commands about taxes.

use super::hold::above_zero;
use clap::{Args, Subcommand};
use farthing_schemas::{Currency, Cycle, Money};
use std::path::PathBuf;

#[derive(Clone, Debug, Subcommand)]
pub enum TaxCommand {
    /// Per party and jurisdiction, what was paid and what was withheld of it in a year
    #[command(after_help = "\
Examples:
  farthing tax report --mid mid_guild --year 2026 --data books
  farthing tax report --mid mid_guild --year 2026 --csv --data books > taxes.csv

Of approved drafts. A cycle counts for the year in which it ends, and so can first be paid: December of 2025 for 2026, and December of
2026 for 2027. Gross is what was paid and withheld, base what a rate was applied to: less where no tax is in force for a party, which
has a row of its own for that. What was remitted to tax offices stands beside what was withheld for them.")]
    Report(TaxReportOptions),
    /// Record that withheld taxes were paid to a tax office
    Remit(RemitOptions),
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

#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Example:
  farthing tax remit --list --data books

The payment itself is made outside, such as in the tax office's portal. To record it all options but
--currency, --list and --as are needed. It is all that was withheld for the jurisdiction in released
cycles and not remitted, each cycle whole and once; another amount is refused. What was withheld of
payments that a release has left out is in it, too: they are paid later without a second tax. It
leaves the account withheld_tax of each party for the bank. The debit on the bank's statement is put
to it if it is of that sum and names the reference, and else by a person, with farthing bank assign
LINE --remittance NUMBER. Of the evidence the SHA-256 stays for good.")]
pub struct RemitOptions {
    /// The MID that withheld
    #[arg(long, value_name = "MID", required_unless_present = "list", conflicts_with = "list",
        requires_all = ["jurisdiction", "through", "amount", "why", "payment", "evidence"])]
    pub mid: Option<String>,
    /// To whose tax office it was paid, as records of withholding name it, such as DE
    #[arg(long, value_name = "CODE", requires = "mid")]
    pub jurisdiction: Option<String>,
    /// In which currency [default: the MID's]
    #[arg(long, value_name = "CODE", requires = "mid")]
    pub currency: Option<Currency>,
    /// The last cycle that is paid for
    #[arg(long, value_name = "CYCLE", requires = "mid")]
    pub through: Option<Cycle>,
    /// How much was paid: what was withheld through that cycle, and not remitted yet
    #[arg(long, value_name = "AMOUNT", requires = "mid", value_parser = above_zero::<Money>)]
    pub amount: Option<Money>,
    /// Why, for the auditor
    #[arg(long, value_name = "TEXT", requires = "mid")]
    pub why: Option<String>,
    /// What the payment names, by which the bank's statement is put to it
    #[arg(long = "reference", id = "payment", value_name = "TEXT", requires = "mid")]
    pub reference: Option<String>,
    /// The document that shows the payment
    #[arg(long, value_name = "FILE", requires = "mid")]
    pub evidence: Option<PathBuf>,
    /// What was remitted so far, by whom and why
    #[arg(long)]
    pub list: bool,
    /// Who does it, for the record [default: the user's name]
    #[arg(long = "as", value_name = "PERSON")]
    pub person: Option<String>,
}
