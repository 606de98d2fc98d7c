//! What `farthing claim` asks.

use clap::Args;
use farthing_schemas::{Currency, Cycle, Instant, Money, ReferenceKind};
use std::path::PathBuf;

#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Examples:
  farthing claim pty_ana --kind party --as zoe --data books
  farthing claim wrk_17 --kind work --data books
  farthing claim --list --data books

Suspense goes to whoever answers for it, event by event: by membership, agreement and work as they were at the event's time, else as they
are now. What still finds nobody stays where it is. Unlicensed use becomes payable only so: once a platform has paid for it, and somebody
says so, with --unlicensed, --platform, --amount, --currency, --why, --reference and --evidence. Who claimed what, when and why stays in the
chain for good; of the evidence its SHA-256 does.")]
pub struct ClaimOptions {
    /// The party or work that has something in suspense
    #[arg(value_name = "REF", required_unless_present_any = ["unlicensed", "list"], conflicts_with_all = ["unlicensed", "list"], requires = "kind")]
    pub reference: Option<String>,
    /// Whether REF is a party or a work
    #[arg(long, value_name = "party|work", requires = "reference")]
    pub kind: Option<ReferenceKind>,
    /// The party whose unlicensed use was paid for
    #[arg(long, value_name = "PARTY", requires_all = ["platform", "amount", "currency", "why", "doc_reference", "evidence"], conflicts_with = "list")]
    pub unlicensed: Option<String>,
    /// The platform that has paid
    #[arg(long, value_name = "PLATFORM", requires = "unlicensed")]
    pub platform: Option<String>,
    /// How much it has paid: the labour of what is claimed, in whole minor units; another amount is refused
    #[arg(long, value_name = "AMOUNT", requires = "unlicensed")]
    pub amount: Option<Money>,
    /// In which currency; only what it owes in this one is claimed
    #[arg(long, value_name = "CODE", requires = "unlicensed")]
    pub currency: Option<Currency>,
    /// Only the use of this month, in UTC, by the events' own time
    #[arg(long, value_name = "CYCLE", requires = "unlicensed")]
    pub month: Option<Cycle>,
    /// Only what this MID answers for [default: the one that answers for all of it]
    #[arg(long, value_name = "MID", requires = "unlicensed")]
    pub mid: Option<String>,
    /// Why it is the party's now, for the auditor
    #[arg(long, value_name = "TEXT", requires = "unlicensed")]
    pub why: Option<String>,
    /// What the payment is found by, such as the number of the bank's line
    #[arg(long = "reference", id = "doc_reference", value_name = "TEXT", requires = "unlicensed")]
    pub payment_reference: Option<String>,
    /// The document that shows the payment
    #[arg(long, value_name = "FILE", requires = "unlicensed")]
    pub evidence: Option<PathBuf>,
    /// What was claimed so far, by whom and why
    #[arg(long)]
    pub list: bool,
    /// Take this as the present (RFC 3339): what counts where nobody answered at an event's own time
    #[arg(long, value_name = "TIME")]
    pub now: Option<Instant>,
    /// Who does it, for the record [default: the user's name]
    #[arg(long = "as", value_name = "PERSON")]
    pub person: Option<String>,
}
