//! Claims, as the chain records them.

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
    /// The last manifest of which it knew.
    pub through_sequence: u64,
    /// For unlicensed use, what the platform has paid; none for suspense.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment: Option<ClaimPayment>,
    /// Who did it.
    pub by: String,
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
}
