//! What is booked when a person says whose money on a bank's account is.

use super::account::Account;
use super::approval::Occasion;
use super::entry::{Entry, EntryKind, Evidence, EvidenceKind, Header, Posting};
use super::line::Line;
use super::payment::{Told, postings};
use crate::error::SettleError;

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
    /// It is not booked, or the bank's account is booked otherwise: by another message, by a remittance, or by what it tells of payments.
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

/// What it books that a line is no longer one's but another's, and what it tells of payments, on the evidence of the bank's message: nothing where
/// it stays on its account, and tells nothing.
///
/// # Errors
/// The one amount that has no opposite.
pub fn entry_of_assignment(line: &Line, from: &Whose, to: &Whose, told: &[Told], occasion: Occasion) -> Result<Option<Entry>, SettleError> {
    let (from, to) = (from.account(), to.account());
    if from == to && told.is_empty() {
        return Ok(None);
    }
    let posting = |account, amount| Posting { account, currency: line.currency, amount };
    let mut postings = postings(told)?;
    postings.extend([posting(from, line.amount), posting(to, line.amount.negated()?)]);
    let evidence = Evidence { kind: EvidenceKind::BankMessage, sha256: line.message_sha256.clone() };
    let Occasion { place, happened, booked, reason, reference } = occasion;
    let (kind, mid) = (EntryKind::Assignment, line.mid.clone());
    Entry::new(Header { place, kind, mid, cycle: None, happened, booked, reason, reference, reverses: None, evidence }, postings).map(Some)
}
