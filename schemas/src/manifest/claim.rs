//! Claims, as the chain records them.

use super::Booked;
use serde::{Deserialize, Serialize};

/// Money that no draft could settle is asked for: suspense that has found its party, or unlicensed use that its platform has paid for.
/// What it moves is in the batches of [`super::CLAIMS`] that name its number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Its number, from 1 without gaps.
    pub number: u64,
    /// `party` or `work`.
    pub reference_kind: String,
    /// Whose money, or which work's.
    pub reference: String,
    /// The registry version by which whoever it belongs to is found.
    pub registry_version: u64,
    /// The time that counts where nobody is found at the event's own, RFC 3339 in UTC.
    pub claimed_at: String,
    /// The last manifest of which it knew: it takes from no batch of a later one.
    pub through_sequence: u64,
    /// For unlicensed use, what the platform has paid; none for suspense.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment: Option<ClaimPayment>,
    /// Who did it.
    pub by: String,
    /// What it books: a payment that is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub booked: Option<Booked>,
}

impl Claim {
    /// What the platform has paid, where that is said.
    #[must_use]
    pub fn paid(&self) -> Option<(&ClaimPayment, &ClaimPaid)> {
        self.payment.as_ref().and_then(|payment| Some((payment, payment.paid.as_ref()?)))
    }
}

/// A platform's payment for unlicensed use, as an accountant has recorded it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimPayment {
    /// Who paid.
    pub platform: String,
    /// In which currency; all that it owes on, if none is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// For the use of which month in UTC; for all of it so far, if none is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub month: Option<String>,
    /// Why it is the party's now.
    pub reason: String,
    /// What it refers to, such as the number of the bank's line.
    pub reference: String,
    /// SHA-256 of the document that shows it, in hex.
    pub evidence_sha256: String,
    /// How much; claims of before it was asked for do not say it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paid: Option<ClaimPaid>,
}

/// How much a platform has paid for a claim, in the currency of its payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimPaid {
    /// Whose claim upon the platform it is.
    pub mid: String,
    /// A decimal with 12 digits: what the claim comes to, in whole minor units.
    pub amount: String,
    /// What of it is for which cycle, in order: what is claimed goes to the cycles that are open.
    pub cycles: Vec<CyclePaid>,
}

/// What is paid for one cycle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CyclePaid {
    /// The cycle.
    pub cycle: String,
    /// A decimal with 12 digits.
    pub amount: String,
}
