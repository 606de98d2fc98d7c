//! Withheld taxes that were paid to a tax office, as the chain records it.

use super::{Booked, CyclePaid};
use serde::{Deserialize, Serialize};

/// What was withheld for the taxes of a jurisdiction was paid to its tax office: of each cycle all of it, once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remittance {
    /// Its number, from 1 without gaps.
    pub number: u64,
    /// The MID that withheld.
    pub mid: String,
    /// To which jurisdiction.
    pub jurisdiction: String,
    /// The currency.
    pub currency: String,
    /// What was withheld in which cycle, in order.
    pub cycles: Vec<CyclePaid>,
    /// What they come to: a decimal with 12 digits.
    pub amount: String,
    /// Why.
    pub reason: String,
    /// What the payment is found by: the bank's statement is to name it.
    pub reference: String,
    /// SHA-256 of the document that shows it, in hex.
    pub evidence_sha256: String,
    /// Who did it.
    pub by: String,
    /// What it books.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub booked: Option<Booked>,
}
