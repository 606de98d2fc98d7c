//! What a platform pays for a claim, and what is booked when it has: what came in is no longer nobody's.

use super::account::Account;
use super::approval::Occasion;
use super::entry::{Entry, EntryKind, Evidence, EvidenceKind, Header, Posting};
use crate::error::SettleError;
use farthing_schemas::{Currency, Cycle, Money};
use std::collections::BTreeMap;

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

/// What is paid for the labour that a claim gives, by the cycle that it goes to: whole minor units, of each cycle as many as the sum up to it
/// has more than the sum before it. What is below stays owed, as with every invoice.
///
/// ```
/// use farthing_settle::journal::paid_by_cycle;
/// use farthing_schemas::Money;
/// let labours = [("2026-11".parse()?, "0.337".parse()?), ("2026-12".parse()?, "0.337".parse()?)].into();
/// let paid: Vec<Money> = paid_by_cycle(&labours, "USD".parse()?)?.into_values().collect();
/// assert_eq!(paid, ["0.33".parse()?, "0.34".parse()?]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// A sum that does not fit.
pub fn paid_by_cycle(labours: &BTreeMap<Cycle, Money>, currency: Currency) -> Result<BTreeMap<Cycle, Money>, SettleError> {
    let (mut sum, mut before, mut paid) = (Money::ZERO, Money::ZERO, BTreeMap::new());
    for (cycle, labour) in labours {
        sum = sum.plus(*labour)?;
        let through = sum.cut_down_to(currency.minor_unit());
        paid.insert(*cycle, through.minus(before)?);
        before = through;
    }
    Ok(paid)
}
