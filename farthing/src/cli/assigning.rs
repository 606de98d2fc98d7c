//! What is asked of whoever decides whose money on the bank's account is.

use clap::{ArgGroup, Args};
use farthing_archive::assignments::LineNumber;
use farthing_settle::invoice::InvoiceNumber;

#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Examples:
  farthing bank assign 17-2 --invoice RF742610EUR0123456789ACDE --why no-number --reference letter-3
  farthing bank assign 17-2 --platform plt_acme --why advance --reference letter-3
  farthing bank assign 17-3 --charges --why fees --reference statement-4
  farthing bank assign 19-4 --payment 4DV4PVN6D5F178SGJC35-2610-1 --why no-id --reference call-8
  farthing bank assign 21-1 --against 17-2 --why sent-back --reference letter-5
  farthing bank assign --list --data books

farthing bank exceptions and farthing bank lines number the lines. From then on it counts there: in
receivables, in what release --funded pays out of, and in the journal, which books it on the
evidence of the bank's message. What was wrong is assigned again, to --suspense if it is nobody's:
the new one points back, and the old one stays. Only what has become of a --payment stays so:
whoever it came back from is owed it again, and may be paid anew. The same again changes nothing.")]
#[command(group = ArgGroup::new("payments").args(["payment", "repetition_of"]))]
pub struct AssignOptions {
    /// The line of the bank's message, such as 17-2
    #[arg(value_name = "LINE", required_unless_present = "list", conflicts_with = "list", requires_all = ["WhoseOptions", "why", "letter"])]
    pub line: Option<LineNumber>,
    #[command(flatten)]
    pub whose: WhoseOptions,
    /// With --payment or --repetition-of: the bank has kept the rest, out of what the MID keeps; who is paid is owed all of it
    #[arg(long, requires = "payments")]
    pub with_charges: bool,
    /// Why, for the auditor
    #[arg(long, value_name = "TEXT")]
    pub why: Option<String>,
    /// What it refers to, such as a letter of the payer
    #[arg(long = "reference", id = "letter", value_name = "TEXT")]
    pub reference: Option<String>,
    /// What was decided so far, by whom and why
    #[arg(long)]
    pub list: bool,
    /// Who does it, for the record [default: the user's name]
    #[arg(long = "as", value_name = "PERSON")]
    pub person: Option<String>,
}

/// Whose a line is.
#[derive(Args, Clone, Debug)]
#[group(multiple = false, conflicts_with = "list")]
pub struct WhoseOptions {
    /// A platform has paid this invoice with it
    #[arg(long, value_name = "NUMBER")]
    pub invoice: Option<InvoiceNumber>,
    /// This platform's: it pays the oldest invoice that is open
    #[arg(long, value_name = "PLATFORM")]
    pub platform: Option<String>,
    /// It is what was paid for this claim of unlicensed use, which has booked it to its platform already
    #[arg(long, value_name = "NUMBER")]
    pub claim: Option<u64>,
    /// Charges or interest that the bank has taken: out of what the MID keeps, and of nobody else's money
    #[arg(long)]
    pub charges: bool,
    /// It is the payment of this remittance of withheld taxes, which has booked it already
    #[arg(long, value_name = "NUMBER")]
    pub remittance: Option<u64>,
    /// It is this payment of ours, or all of this file's for a bank: a debit tells that they went out, a credit that they came back
    #[arg(long, value_name = "ID")]
    pub payment: Option<String>,
    /// Another message has told the same: it is not booked
    #[arg(long)]
    pub repetition: bool,
    /// The same of a line that does not name the payment, or the file, of which another message has told it
    #[arg(long, value_name = "ID")]
    pub repetition_of: Option<String>,
    /// It takes back that line, which is nobody's: what came in was sent back, or what went out by mistake has come back
    #[arg(long, value_name = "LINE")]
    pub against: Option<LineNumber>,
    /// Nobody's yet: it is left to a person again
    #[arg(long)]
    pub suspense: bool,
}
