//! What is booked when a person says whose money on a bank's account is.

use super::account::Account;
use super::approval::Occasion;
use super::entry::{Entry, EntryKind, Evidence, EvidenceKind, Header, Posting};
use crate::error::SettleError;
use farthing_schemas::{Currency, Money};

/// Whose a line of a bank's message is, as far as the books are concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// A platform has paid, or was paid back.
    Platform(String),
    /// It is nobody's yet; or a claim has taken it from there; or it takes back what is nobody's.
    Suspense,
    /// The bank has taken it for its services: a cost of the MID's own, out of what it keeps. It comes out of no account of a party, of
    /// suspense or of a tax: what is owed to contributors is owed to them in full, however dear the bank is.
    Charges,
    /// It is not booked, or the bank's account was booked already: by another message, or by a remittance.
    Elsewhere,
}

impl Whose {
    /// The account that stands against the bank's.
    fn account(&self) -> Account {
        match self {
            Whose::Platform(platform) => Account::PlatformReceivable(platform.clone()),
            Whose::Suspense => Account::Suspense,
            Whose::Charges => Account::FeeIncome,
            // What is debited and credited there comes to nothing.
            Whose::Elsewhere => Account::Bank,
        }
    }
}

/// Money on the account of a MID's bank that is no payment of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Whose bank it is.
    pub mid: String,
    /// What came in, or went out if it is below 0.
    pub amount: Money,
    /// In which currency.
    pub currency: Currency,
    /// SHA-256 of the message that tells it, in hex.
    pub message_sha256: String,
}

impl Line {
    /// Whether the line of that number can take back another one, which it leaves nothing of: of the same account, and of the same sum the other
    /// way. The other one is nobody's, and in suspense as such, so that both together leave nothing there.
    ///
    /// # Errors
    /// [`SettleError::NotTakenBack`] says why not; or the one amount that has no opposite.
    pub fn takes_back(&self, number: &str, other_number: &str, other: &Line, is_in_suspense: bool) -> Result<(), SettleError> {
        let not = |why: String| Err(SettleError::NotTakenBack(why));
        if number == other_number {
            return not(format!("line {number} cannot take back itself"));
        }
        if (&self.mid, self.currency) != (&other.mid, other.currency) {
            let (mid, currency) = (&other.mid, other.currency);
            let (own, in_) = (&self.mid, self.currency);
            return not(format!("line {other_number} is one of {mid} in {currency}, and line {number} is one of {own} in {in_}"));
        }
        if self.amount != other.amount.negated()? {
            let (sum, opposite) = (self.amount, other.amount);
            return not(format!("line {number} is of {sum}, and what takes line {other_number} back is the opposite of {opposite}"));
        }
        if !is_in_suspense {
            return not(format!(
                "line {other_number} is not in suspense: only what is nobody's is taken back; put it there first with --suspense, or, if it \
                 is not booked yet, put it against line {number}"
            ));
        }
        Ok(())
    }
}

/// What it books that a line is no longer one's but another's, on the evidence of the bank's message: nothing where it stays on its account.
///
/// # Errors
/// The one amount that has no opposite.
pub fn entry_of_assignment(line: &Line, from: &Whose, to: &Whose, occasion: Occasion) -> Result<Option<Entry>, SettleError> {
    let (from, to) = (from.account(), to.account());
    if from == to {
        return Ok(None);
    }
    let posting = |account, amount| Posting { account, currency: line.currency, amount };
    let postings = [posting(from, line.amount), posting(to, line.amount.negated()?)];
    let evidence = Evidence { kind: EvidenceKind::BankMessage, sha256: line.message_sha256.clone() };
    let Occasion { place, happened, booked, reason, reference } = occasion;
    let (kind, mid) = (EntryKind::Assignment, line.mid.clone());
    Entry::new(Header { place, kind, mid, cycle: None, happened, booked, reason, reference, reverses: None, evidence }, postings).map(Some)
}
