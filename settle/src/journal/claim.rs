//! What is booked when a platform has paid for a claim: what came in is no longer nobody's.

use super::account::Account;
use super::approval::Occasion;
use super::entry::{Entry, EntryKind, Evidence, EvidenceKind, Header, Posting};
use crate::error::SettleError;
use farthing_schemas::{Currency, Money};

/// A platform's payment for a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaidForClaim {
    /// Whose claim upon the platform it is.
    pub mid: String,
    /// Who has paid.
    pub platform: String,
    /// How much.
    pub amount: Money,
    /// In which currency.
    pub currency: Currency,
    /// SHA-256 of the document that shows it, in hex.
    pub evidence_sha256: String,
}

/// What a payment for a claim books: it comes in without the number of an invoice, and so waits in suspense, or is going to, until it is said
/// whose it is. From then on the platform owes as much less.
///
/// # Errors
/// A sum that does not fit.
pub fn entry_of_claim(paid: &PaidForClaim, occasion: Occasion) -> Result<Entry, SettleError> {
    let PaidForClaim { mid, platform, amount, currency, evidence_sha256 } = paid;
    let posting = |account, amount| Posting { account, currency: *currency, amount };
    let postings = [posting(Account::Suspense, *amount), posting(Account::PlatformReceivable(platform.clone()), amount.negated()?)];
    let evidence = Evidence { kind: EvidenceKind::Payment, sha256: evidence_sha256.clone() };
    let Occasion { place, happened, booked, reason, reference } = occasion;
    let (kind, mid) = (EntryKind::Claim, mid.clone());
    Entry::new(Header { place, kind, mid, cycle: None, happened, booked, reason, reference, reverses: None, evidence }, postings)
}
