//! [`write()`]: a checked order becomes a file; [`read_back`]: what a file of ours says, for whoever compares it with the journal.

use crate::check::Checked;
use crate::format::Format;
use crate::payment::Totals;
use crate::{AccountNumber, Amount, BankError, Reference};
use crate::{nacha, pain001, paypal, wise};
use sha2::{Digest, Sha256};

/// A file for a bank.
#[derive(Clone, PartialEq, Eq)]
pub struct Written {
    /// All of it: account numbers in full, for the bank and for nobody else.
    pub bytes: Vec<u8>,
    /// Of these bytes, in hexadecimal digits.
    pub sha256: String,
    /// What it pays.
    pub totals: Totals,
    /// How its name ends: `xml`, `ach` or `csv`.
    pub extension: &'static str,
}

/// One payment, as a file says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// The payment's id, or as much of it as the format has.
    pub reference: Reference,
    /// How much.
    pub amount: Amount,
    /// Who is paid; nothing where the format does not say.
    pub name: String,
    /// Where to.
    pub account: AccountNumber,
    /// What the creditor reads.
    pub purpose: String,
}

/// Writes the file. Equal orders make equal bytes.
#[must_use]
pub fn write(checked: &Checked<'_>) -> Written {
    let (bytes, extension) = match checked.format {
        Format::Pain001 { version, scheme } => (pain001::write(checked, *version, *scheme), "xml"),
        Format::Nacha(originator) => (nacha::write(checked, originator), "ach"),
        Format::Paypal { decimal_mark } => (paypal::write(checked, *decimal_mark), "csv"),
        Format::Wise { source } => (wise::write(checked, *source), "csv"),
    };
    Written { sha256: sha256(&bytes), bytes, totals: checked.totals, extension }
}

/// What a file that was written for this format asks the bank for.
///
/// # Errors
/// [`BankError`], as with answers.
pub fn read_back(bytes: &[u8], format: &Format) -> Result<Vec<Instruction>, BankError> {
    match format {
        Format::Pain001 { .. } => pain001::read_back(bytes),
        Format::Nacha(_) => nacha::read_back(bytes),
        Format::Paypal { decimal_mark } => paypal::read_back(bytes, *decimal_mark),
        Format::Wise { .. } => wise::read_back(bytes),
    }
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// Without the bytes, which have account numbers in them.
impl std::fmt::Debug for Written {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Written").field("bytes", &self.bytes.len()).field("sha256", &self.sha256).field("totals", &self.totals).finish()
    }
}
