//! What `farthing adjust` asks.

use clap::Args;
use farthing_schemas::{Currency, Cycle};

#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Examples:
  farthing adjust pty_1 --mid mid_x --cycle 2026-10 --amount 12.50 --why low --reference case-9
  farthing adjust pty_1 --mid mid_x --cycle 2026-10 --amount=-3 --why twice --reference case-9
  farthing adjust --list --data books

What is closed stays as it is: the next draft of the MID books the adjustment, between the party and what the MID keeps, and points back to
the cycle. What a platform owes is put right by events and reversals. The reason stays in the chain for good: name a case, not a person.")]
pub struct AdjustOptions {
    /// Whose money
    #[arg(value_name = "PARTY", required_unless_present = "list", conflicts_with = "list", requires_all = ["mid", "cycle", "amount", "why", "case"])]
    pub party: Option<String>,
    /// The MID that gives it, or takes it back
    #[arg(long, value_name = "MID")]
    pub mid: Option<String>,
    /// The cycle that is put right: approved or later
    #[arg(long, value_name = "CYCLE")]
    pub cycle: Option<Cycle>,
    /// What the party gets, such as 12.50, or gives back, such as -3
    #[arg(long, value_name = "AMOUNT", allow_hyphen_values = true)]
    pub amount: Option<String>,
    /// Which currency [default: the MID's]
    #[arg(long, value_name = "CODE")]
    pub currency: Option<Currency>,
    /// Why, for the auditor
    #[arg(long, value_name = "TEXT")]
    pub why: Option<String>,
    /// What it refers to, such as the number of a case
    #[arg(long = "reference", id = "case", value_name = "TEXT")]
    pub reference: Option<String>,
    /// What was put right so far, and in which cycle it is booked
    #[arg(long)]
    pub list: bool,
    /// Who does it, for the record [default: the user's name]
    #[arg(long = "as", value_name = "PERSON")]
    pub person: Option<String>,
}
