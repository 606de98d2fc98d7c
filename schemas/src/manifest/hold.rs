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
    /// How it is kept as a reserve; none for a hold of all that is available.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reserve: Option<Reserve>,
    /// Why.
    pub reason: String,
    /// What it refers to, such as the number of a case.
    pub reference: Option<String>,
    /// Who did it.
    pub by: String,
}

/// Of what the party earns in each cycle a share is kept back, against what may be undone later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reserve {
    /// The share, a decimal above 0 and at most 1 with 6 digits.
    pub share: String,
    /// After so many cycles, at least 1, what was kept back in one is given back; not before the hold is lifted without it.
    pub cycles: Option<u32>,
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
