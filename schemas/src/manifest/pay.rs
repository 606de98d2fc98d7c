//! What is sent to banks and what they answer, as the chain records it.

use super::Booked;
use serde::{Deserialize, Serialize};

/// What a move of a cycle sends to banks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Released {
    /// How many payments its files have together.
    pub payments: u64,
    /// What they sum to, by currency.
    pub sums: Vec<Sum>,
    /// How many payments were left out, and so have failed at once.
    pub left_out: u64,
    /// SHA-256 over all its payments, in hex; `settle::payout` says of which bytes.
    pub payments_sha256: String,
    /// The files, in order.
    pub bank_files: Vec<BankFile>,
}

/// An amount in one currency.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sum {
    /// The currency.
    pub currency: String,
    /// A decimal with 12 digits.
    pub amount: String,
}

/// A file for a bank. Its bytes, which name accounts, are in the ledger alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BankFile {
    /// Its id, by which the bank's answers name it.
    pub message_id: String,
    /// The format, as the configuration names it.
    pub format: String,
    /// How many payments it has.
    pub payments: u64,
    /// What they sum to.
    pub sum: Sum,
    /// SHA-256 of its bytes, in hex.
    pub sha256: String,
}

/// What a bank has sent was taken in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BankMessage {
    /// Whose bank it is.
    pub mid: String,
    /// SHA-256 of the file, in hex: it is taken in once.
    pub sha256: String,
    /// What kind of file it is.
    pub form: String,
    /// The id that the bank gave it.
    pub message_id: Option<String>,
    /// How many payments it moved to another state.
    pub moved: u64,
    /// How many receipts of money it has.
    pub receipts: u64,
    /// How many of its lines are left to a person.
    pub exceptions: u64,
    /// SHA-256 over all of these, in hex; `settle::payout` says of which bytes.
    pub outcome_sha256: String,
    /// Who did it.
    pub by: String,
    /// What it books.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub booked: Option<Booked>,
}
