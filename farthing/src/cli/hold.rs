//! What `farthing hold` asks.

use clap::{Args, Subcommand};
use farthing_schemas::{Currency, Money, Rate};
use std::fmt::Display;
use std::str::FromStr;

#[derive(Clone, Debug, Subcommand)]
pub enum HoldCommand {
    /// Hold back a party's money in every draft that is made from now on
    #[command(after_help = "\
Examples:
  farthing hold add pty_ana --mid mid_guild --why dispute --reference case-17 --as ana --data books
  farthing hold add pty_ana --mid mid_guild --limit 250 --why complaint --data books
  farthing hold add pty_ana --mid mid_guild --share 0.1 --cycles 6 --why agreed --data books

With --share it is a reserve: of the net and true-up of each cycle the share is kept back, rounded down, against what may be undone later: what
the party owes then is taken from it first. With --cycles it is given back so many cycles after. What is held stays the party's and is shown in every draft. The reason goes into the chain for
good: name a case, not a person.")]
    Add(HoldAddOptions),
    /// End a party's holds: what they kept back goes into the next draft
    #[command(after_help = "Example:\n  farthing hold lift pty_ana --mid mid_guild --why settled --as ana --data books")]
    Lift(HoldLiftOptions),
    /// What is held back, of whom and why
    List {
        /// Only this MID
        #[arg(long, value_name = "MID")]
        mid: Option<String>,
        /// Also what was lifted and given back already
        #[arg(long)]
        all: bool,
    },
}

#[derive(Args, Clone, Debug)]
pub struct HoldScope {
    /// Whose money
    #[arg(value_name = "PARTY")]
    pub party: String,
    /// The MID that pays it
    #[arg(long, value_name = "MID")]
    pub mid: String,
    /// Which currency [default: the MID's]
    #[arg(long, value_name = "CODE")]
    pub currency: Option<Currency>,
    /// Who does it, for the record [default: the user's name]
    #[arg(long = "as", value_name = "PERSON")]
    pub person: Option<String>,
}

#[derive(Args, Clone, Debug)]
pub struct HoldAddOptions {
    #[command(flatten)]
    pub scope: HoldScope,
    /// Hold back no more than this, over all cycles together [default: all that would be paid or carried]
    #[arg(long, value_name = "AMOUNT", value_parser = above_zero::<Money>)]
    pub limit: Option<Money>,
    /// Hold back only this share of what each cycle brings, such as 0.1, as a reserve
    #[arg(long, value_name = "SHARE", value_parser = above_zero::<Rate>)]
    pub share: Option<Rate>,
    /// Give back what was kept in reserve after so many cycles [default: when the hold is lifted]
    #[arg(long, value_name = "N", requires = "share", value_parser = clap::value_parser!(u32).range(1..))]
    pub cycles: Option<u32>,
    /// Why, for the auditor
    #[arg(long, value_name = "TEXT")]
    pub why: String,
    /// What it refers to, such as the number of a case
    #[arg(long, value_name = "TEXT")]
    pub reference: Option<String>,
}

#[derive(Args, Clone, Debug)]
pub struct HoldLiftOptions {
    #[command(flatten)]
    pub scope: HoldScope,
    /// Only the hold of this number, or this reserve [default: all of the party's at this MID but reserves]
    #[arg(long, value_name = "N")]
    pub number: Option<u64>,
    /// Why, for the auditor
    #[arg(long, value_name = "TEXT")]
    pub why: String,
}

/// An amount or a rate that is something.
pub fn above_zero<T: FromStr<Err: Display> + Default + PartialOrd>(text: &str) -> Result<T, String> {
    match text.parse::<T>() {
        Ok(some) if some > T::default() => Ok(some),
        Ok(_) => Err("it has to be above 0".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}
