//! What is booked when payouts are released, and when banks answer.

use super::account::Account;
use super::approval::Occasion;
use super::entry::{Entry, EntryKind, Evidence, EvidenceKind, Header, Posting, Sums};
use crate::error::SettleError;
use crate::payout::{Motion, Payment};
use farthing_schemas::{Currency, Cycle, Money};

/// Whose payouts of which cycle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfCycle {
    /// The MID.
    pub mid: String,
    /// The cycle whose draft says what is paid.
    pub cycle: Cycle,
}

/// What a release books: what was owed to each party is on its way to it. Payments that were left out move nothing.
///
/// # Errors
/// A sum that does not fit.
pub fn entry_of_release(
    of: &OfCycle,
    kind: EntryKind,
    payments: &[Payment],
    evidence: Evidence,
    occasion: Occasion,
) -> Result<Entry, SettleError> {
    let sent = || payments.iter().filter(|payment| payment.message_id.is_some());
    let mut sums = Sums::default();
    // In the order of an entry, so that there is nothing to sort.
    for payment in sent() {
        sums.add(Posting { account: Account::PartyPayable(payment.party.clone()), currency: payment.currency, amount: payment.amount })?;
    }
    for payment in sent() {
        let amount = payment.amount.negated()?;
        sums.add(Posting { account: Account::InFlight(payment.party.clone()), currency: payment.currency, amount })?;
    }
    let Occasion { place, happened, booked, reason, reference } = occasion;
    let (mid, cycle) = (of.mid.clone(), Some(of.cycle));
    Entry::of(Header { place, kind, mid, cycle, happened, booked, reason, reference, reverses: None, evidence }, sums)
}

/// What a message from a bank says of money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// A payment changed its state.
    Payment {
        /// Who is paid.
        party: String,
        /// How it moves.
        motion: Motion,
        /// How much.
        amount: Money,
        /// In which currency.
        currency: Currency,
    },
    /// The bank has kept something for its services: a cost of the MID's own.
    Charges {
        /// How much.
        amount: Money,
        /// In which currency.
        currency: Currency,
    },
    /// A platform has paid.
    Receipt {
        /// Which platform; none where it is not known who has paid, or for what.
        platform: Option<String>,
        /// How much.
        amount: Money,
        /// In which currency.
        currency: Currency,
    },
}

/// What a message of a MID's bank books, on the evidence of its bytes.
///
/// # Errors
/// A sum that does not fit.
pub fn entry_of_message(mid: &str, sha256: &str, told: &[Told], occasion: Occasion) -> Result<Entry, SettleError> {
    let postings = postings(told)?;
    let evidence = Evidence { kind: EvidenceKind::BankMessage, sha256: sha256.to_owned() };
    let Occasion { place, happened, booked, reason, reference } = occasion;
    let (kind, mid) = (EntryKind::BankMessage, mid.to_owned());
    Entry::new(Header { place, kind, mid, cycle: None, happened, booked, reason, reference, reverses: None, evidence }, postings)
}

/// What all of it posts.
pub(super) fn postings(told: &[Told]) -> Result<Vec<Posting>, SettleError> {
    let mut postings = Vec::with_capacity(2 * told.len());
    for one in told {
        let (from, to, amount, currency) = one.accounts();
        postings.push(Posting { account: to, currency, amount });
        postings.push(Posting { account: from, currency, amount: amount.negated()? });
    }
    Ok(postings)
}

impl Told {
    /// The account that is credited, the one that is debited, and how much.
    fn accounts(&self) -> (Account, Account, Money, Currency) {
        match self {
            Told::Payment { party, motion, amount, currency } => {
                let party = || party.clone();
                let (from, to) = match motion {
                    Motion::Arrived => (Account::Bank, Account::InFlight(party())),
                    Motion::Failed => (Account::PartyPayable(party()), Account::InFlight(party())),
                    Motion::CameBack => (Account::PartyPayable(party()), Account::Bank),
                };
                (from, to, *amount, *currency)
            }
            Told::Charges { amount, currency } => (Account::Bank, Account::FeeIncome, *amount, *currency),
            Told::Receipt { platform, amount, currency } => {
                let from = platform.clone().map_or(Account::Suspense, Account::PlatformReceivable);
                (from, Account::Bank, *amount, *currency)
            }
        }
    }
}
