//! What people say of money on a bank account, as the chain records it.

use super::Booked;
use serde::{Deserialize, Serialize};

/// Whose a line of a bank's message is, by a person's word: money that came in or went out, and is no payment of ours. An assignment is
/// never changed: what was wrong is assigned again, by another one that names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assignment {
    /// Its number, from 1 without gaps.
    pub number: u64,
    /// Whose bank it is.
    pub mid: String,
    /// The manifest that took the line's message in.
    pub message: u64,
    /// The line's number among the receipts of that message.
    pub line: u64,
    /// The currency.
    pub currency: String,
    /// What came in, or went out if it is negative: a decimal with 12 digits.
    pub amount: String,
    /// SHA-256 of the message, in hex.
    pub message_sha256: String,
    /// Whose it is.
    pub to: AssignedTo,
    /// The assignment that it takes the place of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instead_of: Option<u64>,
    /// Why.
    pub reason: String,
    /// What it refers to, such as a letter of the payer.
    pub reference: String,
    /// Who did it.
    pub by: String,
    /// What it books; nothing where it stays on its account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub booked: Option<Booked>,
}

/// Whose a line is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "whose", rename_all = "snake_case")]
pub enum AssignedTo {
    /// A platform's.
    Platform {
        /// Which platform.
        platform: String,
        /// The cycle whose invoice it pays; the oldest that is open, if none is named.
        #[serde(skip_serializing_if = "Option::is_none")]
        cycle: Option<String>,
    },
    /// A platform's, for unlicensed use: the claim has taken it out of suspense.
    Claim {
        /// The number of the claim.
        claim: u64,
    },
    /// Nobody's yet.
    Suspense,
    /// The bank's: charges and interest.
    Charges,
    /// A tax office's: the remittance has taken it out of the bank.
    Remittance {
        /// The number of the remittance.
        remittance: u64,
    },
    /// Nobody's, since another message has told the same: it is not booked.
    Repetition {
        /// The payment of ours that has told it, or the file of all that have, where the line's own message does not name it.
        #[serde(skip_serializing_if = "Option::is_none")]
        of: Option<String>,
        /// What the bank has kept beyond what that told, a decimal with 12 digits: a cost of the MID's own.
        #[serde(skip_serializing_if = "Option::is_none")]
        charges: Option<String>,
    },
    /// Payees': a debit tells that payments of ours have gone out, a credit that they have come back. What has become of a payment stays so.
    Payees {
        /// The id of the payment, or of the file that all of them are in.
        of: String,
        /// What the bank has kept of it, a decimal with 12 digits: a cost of the MID's own.
        #[serde(skip_serializing_if = "Option::is_none")]
        charges: Option<String>,
        /// SHA-256 over their new states, as over those that a bank's message tells, in hex.
        states_sha256: String,
    },
    /// Nobody's, like the line that it takes back: what came in went back, or what went out came back.
    Against {
        /// The manifest that took that line's message in.
        message: u64,
        /// That line's number among the receipts of that message.
        line: u64,
    },
}
