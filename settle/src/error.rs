//! [`SettleError`]: why there is no draft. A refused draft is no error: it is a draft that says so.

use farthing_schemas::money::MoneyError;
use farthing_schemas::{Currency, Cycle, Money};

/// What whoever asked has to mend; nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum SettleError {
    /// An accrual names an agreement whose terms are missing.
    #[error("agreement {0:?} has accruals in this cycle but no terms in the registry version")]
    UnknownAgreement(String),
    /// A party has a balance or a movement but is not among the payees.
    #[error("party {0:?} has a balance or accruals in this cycle but is not in the registry version")]
    UnknownPayee(String),
    /// Money of a party could come to nobody.
    #[error("the heirs of {0:?} have no shares, or come after each other in a circle")]
    NoHeirs(String),
    /// A tax that takes all.
    #[error("the tax {0:?} leaves nothing of a payment: its rate is not below 1")]
    NothingLeft(String),
    /// The fee of a cycle undone is missing.
    #[error("the fee of cycle {0}, which reversals undo, is not known: it has no draft yet")]
    UnknownFee(Cycle),
    /// An accrual that has no place in this draft.
    #[error("an accrual of {party:?} under agreement {agreement:?} has no place in this draft: {why}")]
    Misplaced {
        /// Whose accrual it is.
        party: String,
        /// The agreement it names.
        agreement: String,
        /// What does not fit.
        why: &'static str,
    },
    /// `--without` names an agreement that is not in the draft anyway.
    #[error("agreement {0:?} cannot be left out: it has nothing in this cycle and currency")]
    NothingToLeaveOut(String),
    /// The accruals promise less than 70 % to labour, so no fee given back could mend it.
    #[error("agreement {0:?} falls short of 70 % even without a fee: its accruals are not those of a labour share of 0.70 or more")]
    BeyondTrueUp(String),
    /// A sum does not fit.
    #[error("the draft's sums are too large")]
    Money(#[from] MoneyError),
    /// The text is not a draft.
    #[error("this is not a draft")]
    NotADraft(#[from] serde_json::Error),
    /// The text's own SHA-256 is not the one it names.
    #[error("the draft was changed: it does not have the SHA-256 {0:?} that it names")]
    Changed(String),
    /// The text is not a statement.
    #[error("this is not a statement")]
    NotAStatement(#[source] serde_json::Error),
    /// The text is not a statement with its proof.
    #[error("this is not a statement with its proof: {0}")]
    NotAProof(String),
    /// Figures of a statement contradict each other.
    #[error("the statement of {party:?} does not add up: {what} are {one} and {other}")]
    DoesNotAddUp {
        /// Whose statement it is.
        party: String,
        /// What ought to be the same.
        what: &'static str,
        /// The one.
        one: Money,
        /// The other.
        other: Money,
    },
    /// Rows could not be written as CSV.
    #[error("this cannot be written as CSV")]
    Csv(#[from] csv::Error),
    /// Debits are not credits.
    #[error("journal entry {number} does not balance: its postings in {currency} come to {over} and not to 0")]
    Unbalanced {
        /// The entry's number.
        number: u64,
        /// In which currency.
        currency: Currency,
        /// Debits less credits.
        over: Money,
    },
    /// The chart has no such account.
    #[error("there is no account {0:?} in the chart of accounts")]
    NoSuchAccount(String),
    /// An invoice is not what was booked for its platform.
    #[error("the invoice of {platform:?} comes to {is}, where the journal has {should}; run: farthing verify")]
    NotAsBooked {
        /// Whose invoice it is.
        platform: String,
        /// What it comes to.
        is: Money,
        /// What was booked.
        should: Money,
    },
    /// An approval in the journal is of no cycle.
    #[error("an approval in the journal books something for {0:?} and names no cycle; look at it with: farthing check")]
    NoCycle(String),
    /// A preview or a refused draft.
    #[error("draft {0} cannot be booked: it is a preview, or refused")]
    NotToBook(String),
    /// A line of a bank's message cannot be the payment of what was booked before: why.
    #[error("{0}")]
    NotItsPayment(String),
    /// A line of a bank's message cannot take another one back: why.
    #[error("{0}")]
    NotTakenBack(String),
    /// A line of a bank's message does not tell of these payments: why.
    #[error("{0}")]
    NotTheirs(String),
    /// An entry of the journal is not what the approved draft says.
    #[error("{account} has {is} where the draft says {should}")]
    NotAsDrafted {
        /// Which account, or which kind of accounts together.
        account: String,
        /// What the entry has.
        is: Money,
        /// What the draft says.
        should: Money,
    },
}
