//! [`BankError`]: why a file could not be read. Nothing of it was acted upon.

use crate::amount::AmountError;

/// What whoever asked has to do about a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BankError {
    /// The file is damaged or cut off: fetch it again.
    #[error("line {line}: {why}")]
    Damaged {
        /// Where.
        line: usize,
        /// What is wrong there.
        why: String,
    },
    /// The file's own sums and counts are not those of its records: fetch it again, or ask the bank.
    #[error("line {line}: the {field} is {stated}, and the records before it make {found}")]
    Inconsistent {
        /// Where.
        line: usize,
        /// Which sum.
        field: &'static str,
        /// What the file says.
        stated: String,
        /// What it has.
        found: String,
    },
    /// The file is not to be trusted, or too large to be read.
    #[error("the file is refused: {0}")]
    Refused(String),
    /// The file is something else than was asked for.
    #[error("{found}; {known}")]
    OtherFile {
        /// What it is.
        found: String,
        /// What would be read.
        known: &'static str,
    },
    /// An amount that is none.
    #[error("line {line}: {why}")]
    Amount {
        /// Where.
        line: usize,
        /// What is wrong with it.
        why: AmountError,
    },
}

impl BankError {
    pub(crate) fn damaged(line: usize, why: impl Into<String>) -> BankError {
        BankError::Damaged { line, why: why.into() }
    }
}
