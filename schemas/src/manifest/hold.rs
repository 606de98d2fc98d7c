//! Holds, as the chain records them.

use serde::{Deserialize, Serialize};

/// From now on money of a party is held back, such as in a dispute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Its number, from 1 without gaps.
    pub number: u64,
    /// The MID that keeps it back.
    pub mid: String,
    /// The currency.
    pub currency: String,
    /// Whose money it is.
    pub party: String,
    /// The most that is kept back, a decimal with 12 digits; all that is available without it.
    pub limit: Option<String>,
    /// Why.
    pub reason: String,
    /// What it refers to, such as the number of a case.
    pub reference: Option<String>,
    /// Who did it.
    pub by: String,
}

/// A hold ends: what it keeps back is the party's again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lift {
    /// The number of the hold.
    pub number: u64,
    /// Why.
    pub reason: String,
    /// Who did it.
    pub by: String,
}
