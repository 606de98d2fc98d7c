//! Adjustments, as the chain records them.

use serde::{Deserialize, Serialize};

/// What a closed cycle got wrong for a party is put right by the next draft of its MID, between the party and what the MID keeps. The
/// cycle itself stays as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adjustment {
    /// Its number, from 1 without gaps.
    pub number: u64,
    /// The MID that gives or takes back.
    pub mid: String,
    /// The currency.
    pub currency: String,
    /// Whose money it is.
    pub party: String,
    /// The cycle that it corrects.
    pub cycle: String,
    /// What the MID gives, or takes back if it is negative: a decimal with 12 digits.
    pub amount: String,
    /// Why.
    pub reason: String,
    /// What it refers to, such as the number of a case.
    pub reference: String,
    /// Who did it.
    pub by: String,
}
