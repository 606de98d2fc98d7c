//! [`Entry`]: one business act, balanced in each currency. There is no other way to make one.

use super::account::Account;
use crate::error::SettleError;
use farthing_schemas::{Currency, Cycle, Instant, Money};
use std::collections::BTreeMap;

/// One business act in the books of one MID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    header: Header,
    postings: Vec<Posting>,
}

/// What an entry says beside its postings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Where it stands.
    pub place: Place,
    /// What kind of act it is.
    pub kind: EntryKind,
    /// In whose books.
    pub mid: String,
    /// The cycle that it belongs to, if it belongs to one.
    pub cycle: Option<Cycle>,
    /// When it happened.
    pub happened: Instant,
    /// When it was written down.
    pub booked: Instant,
    /// Why, in a person's words.
    pub reason: String,
    /// What others know it by.
    pub reference: String,
    /// The number of the entry that it reverses, if it does.
    pub reverses: Option<u64>,
    /// What proves it.
    pub evidence: Evidence,
}

/// An entry's place in the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its number, from 1 without gaps.
    pub number: u64,
    /// SHA-256 of the entry before, in hex; empty for the first.
    pub previous: String,
}

/// What kind of business act an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EntryKind {
    /// A draft was approved: what it says is owed now.
    Approval,
    /// An approval was withdrawn: its entry is reversed.
    Withdrawal,
    /// Payouts were sent to banks: what was owed is on its way.
    Release,
    /// Payouts that had failed were sent again.
    Reissue,
    /// A bank said what became of payments, or what has come in.
    BankMessage,
    /// What has come in was said to be a platform's, for a claim.
    Claim,
    /// A person said whose money on the bank's account is.
    Assignment,
    /// What was withheld for taxes was paid to a tax office.
    Remittance,
}

/// What proves an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// What it is.
    pub kind: EvidenceKind,
    /// Its SHA-256, in hex.
    pub sha256: String,
}

/// What can prove an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EvidenceKind {
    /// An act in the chain of manifests.
    Manifest,
    /// A draft.
    Draft,
    /// What a bank sent.
    BankMessage,
    /// What a person decided, and signed.
    Decision,
    /// A document that shows a payment.
    Payment,
}

/// An amount on one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting {
    /// The account.
    pub account: Account,
    /// The currency of the amount.
    pub currency: Currency,
    /// A debit above 0, a credit below; never 0 in an entry.
    pub amount: Money,
}

impl Entry {
    /// The entry with these postings: those of one account and currency added up, in the order of accounts and currencies, without those
    /// that come to nothing.
    ///
    /// ```
    /// use farthing_settle::journal::{Account, Posting};
    /// # use farthing_settle::journal::{Entry, EntryKind, Evidence, EvidenceKind, Header, Place};
    /// # let header = Header {
    /// #     place: Place { number: 1, previous: String::new() },
    /// #     kind: EntryKind::Approval,
    /// #     mid: "mid_a".to_owned(),
    /// #     cycle: None,
    /// #     happened: "2026-11-02T09:00:00Z".parse()?,
    /// #     booked: "2026-11-02T09:00:01Z".parse()?,
    /// #     reason: String::new(),
    /// #     reference: String::new(),
    /// #     reverses: None,
    /// #     evidence: Evidence { kind: EvidenceKind::Draft, sha256: "00".to_owned() },
    /// # };
    /// let posting = |account, units| Posting { account, currency: "USD".parse().unwrap(), amount: farthing_schemas::Money::from_units(units) };
    /// let platform = posting(Account::PlatformReceivable("plt_a".to_owned()), 100);
    /// let party = posting(Account::PartyPayable("pty_ana".to_owned()), -95);
    /// assert!(Entry::new(header.clone(), vec![platform.clone(), party.clone()]).is_err(), "5 units are missing");
    /// let entry = Entry::new(header, vec![posting(Account::FeeIncome, -5), party, platform])?;
    /// assert_eq!(entry.postings()[0].account.to_string(), "platform_receivable:plt_a");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`SettleError::Unbalanced`], or a sum that does not fit.
    pub fn new(header: Header, postings: impl IntoIterator<Item = Posting>) -> Result<Entry, SettleError> {
        let mut sums = Sums::default();
        postings.into_iter().try_for_each(|posting| sums.add(posting))?;
        Entry::of(header, sums)
    }

    /// [`Entry::new`] of postings that are still to be read: they are added up as they are.
    ///
    /// # Errors
    /// The first that cannot be read, or as for [`Entry::new`].
    pub fn read<E: From<SettleError>>(header: Header, postings: impl IntoIterator<Item = Result<Posting, E>>) -> Result<Entry, E> {
        let mut sums = Sums::default();
        postings.into_iter().try_for_each(|posting| sums.add(posting?).map_err(E::from))?;
        Ok(Entry::of(header, sums)?)
    }

    /// The entry with these sums.
    pub(super) fn of(header: Header, sums: Sums) -> Result<Entry, SettleError> {
        let mut postings = sums.merged()?;
        postings.retain(|posting| posting.amount != Money::ZERO);
        balanced(header.place.number, &postings)?;
        Ok(Entry { header, postings })
    }

    /// What it says beside its postings.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Its number.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.header.place.number
    }

    /// Its postings, each account and currency once, in their order.
    #[must_use]
    pub fn postings(&self) -> &[Posting] {
        &self.postings
    }
}

/// Postings as they come, those of one account and currency added up: however many they are, no more than twice as many are kept as an entry
/// has. A list takes half the room of a map.
#[derive(Default)]
pub(super) struct Sums {
    postings: Vec<Posting>,
    /// How many there were when those of one account and currency were last added up.
    merged: usize,
}

/// So few are not worth adding up before the end.
const FEW: usize = 1 << 10;

impl Sums {
    pub(super) fn add(&mut self, posting: Posting) -> Result<(), SettleError> {
        if self.postings.len() >= 2 * self.merged.max(FEW) {
            self.merge()?;
        }
        self.postings.push(posting);
        Ok(())
    }

    /// In the order of accounts and currencies, each once.
    fn merged(mut self) -> Result<Vec<Posting>, SettleError> {
        self.merge()?;
        Ok(self.postings)
    }

    fn merge(&mut self) -> Result<(), SettleError> {
        self.postings.sort_by(|one, other| one.key().cmp(&other.key()));
        let mut failed = None;
        self.postings.dedup_by(|next, sum| {
            let same = next.key() == sum.key();
            if same {
                sum.amount = sum.amount.plus(next.amount).unwrap_or_else(|error| {
                    failed = Some(error);
                    Money::ZERO
                });
            }
            same
        });
        self.merged = self.postings.len();
        failed.map_or(Ok(()), |error| Err(error.into()))
    }
}

impl Posting {
    fn key(&self) -> (&Account, Currency) {
        (&self.account, self.currency)
    }
}

/// Whether the postings of an entry sum to 0 in each currency.
///
/// # Errors
/// [`SettleError::Unbalanced`], or a sum that does not fit.
pub fn balanced(number: u64, postings: &[Posting]) -> Result<(), SettleError> {
    let mut sums: BTreeMap<Currency, Money> = BTreeMap::new();
    for posting in postings {
        let sum = sums.entry(posting.currency).or_default();
        *sum = sum.plus(posting.amount)?;
    }
    match sums.into_iter().find(|(_, sum)| *sum != Money::ZERO) {
        Some((currency, over)) => Err(SettleError::Unbalanced { number, currency, over }),
        None => Ok(()),
    }
}

impl EntryKind {
    /// All kinds.
    pub const ALL: [EntryKind; 8] = [
        EntryKind::Approval,
        EntryKind::Withdrawal,
        EntryKind::Release,
        EntryKind::Reissue,
        EntryKind::BankMessage,
        EntryKind::Claim,
        EntryKind::Assignment,
        EntryKind::Remittance,
    ];

    /// The kind's name in tables and exports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            EntryKind::Approval => "approval",
            EntryKind::Withdrawal => "withdrawal",
            EntryKind::Release => "release",
            EntryKind::Reissue => "reissue",
            EntryKind::BankMessage => "bank_message",
            EntryKind::Claim => "claim",
            EntryKind::Assignment => "assignment",
            EntryKind::Remittance => "remittance",
        }
    }
}

impl EvidenceKind {
    /// All kinds.
    pub const ALL: [EvidenceKind; 5] =
        [EvidenceKind::Manifest, EvidenceKind::Draft, EvidenceKind::BankMessage, EvidenceKind::Decision, EvidenceKind::Payment];

    /// The kind's name in tables and exports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            EvidenceKind::Manifest => "manifest",
            EvidenceKind::Draft => "draft",
            EvidenceKind::BankMessage => "bank_message",
            EvidenceKind::Decision => "decision",
            EvidenceKind::Payment => "payment",
        }
    }
}
