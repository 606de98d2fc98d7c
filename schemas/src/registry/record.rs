//! What one line of the registry says, once it is known to be valid by itself.

use super::exchange::Quote;
use super::stored;
use super::succession::Successor;
use super::tax::{Certificate, Residence, Withholding};
use super::{Place, PrivateDetails};
use crate::{Currency, Instant, Money, Rate, Use, UseSet};
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

/// A record and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Where it was read.
    pub place: Place,
    /// What it says in public.
    pub body: Body,
    /// What a party's record says besides; none for the other kinds, and for what was read from public text.
    pub private: Option<PrivateDetails>,
}

/// The public part of a record, by kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// An AI company that owes.
    Platform(Box<Platform>),
    /// A mediator that represents contributors.
    Mid(Box<Mid>),
    /// A contributor.
    Party(Party),
    /// The terms between a platform and a MID.
    Agreement(Box<Agreement>),
    /// A MID answers for a party.
    Membership(Membership),
    /// Who owns a thing.
    Work(Work),
    /// What a party allows.
    Consent(Consent),
    /// Where a party is taxed.
    Residence(Residence),
    /// What is withheld of some parties.
    Withholding(Withholding),
    /// What is withheld of one party instead.
    Certificate(Certificate),
    /// Who comes after a party.
    Successor(Successor),
    /// What one currency is worth in another.
    Quote(Quote),
}

/// When a record is in force.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Validity {
    /// The first instant, or ever before.
    pub from: Option<Instant>,
    /// The first instant that is no longer in it, or ever after.
    pub to: Option<Instant>,
}

impl Validity {
    /// The first instant, before all others if it is open.
    #[must_use]
    pub fn start(self) -> Instant {
        self.from.unwrap_or(Instant::EARLIEST)
    }

    /// The first instant after, later than all others if it is open.
    #[must_use]
    pub fn end(self) -> Instant {
        self.to.unwrap_or(Instant::LATEST)
    }

    /// Whether that instant is in it.
    #[must_use]
    pub fn covers(self, at: Instant) -> bool {
        self.start() <= at && at < self.end()
    }
}

/// An AI company that uses contributions and owes for them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Platform {
    /// Its key.
    pub id: Box<str>,
    /// For people.
    pub name: Option<Box<str>>,
    /// Its number in a register of legal entities.
    pub legal_id: Option<Box<str>>,
    /// The labour share where no agreement applies.
    pub default_labour_share: Rate,
    /// What it charges, to rate events that come without revenue.
    pub rates: Vec<(Use, Price)>,
    /// Whether a party that says nothing is taken to say no.
    pub denies_by_default: bool,
}

/// The price of one unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// What is counted, as in an event's `usage`.
    pub unit: Box<str>,
    /// What one of it earns.
    #[serde(with = "stored::text")]
    pub price: Money,
    /// The currency of the price, the same for all of one platform and use.
    #[serde(with = "stored::text")]
    pub currency: Currency,
    /// From when on.
    #[serde(with = "stored::optional_micros")]
    pub from: Option<Instant>,
    /// Until when.
    #[serde(with = "stored::optional_micros")]
    pub to: Option<Instant>,
}

impl Price {
    /// When it is in force.
    #[must_use]
    pub fn validity(&self) -> Validity {
        Validity { from: self.from, to: self.to }
    }
}

/// A mediator of individual data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mid {
    /// Its key.
    pub id: Box<str>,
    /// For people.
    pub name: Option<Box<str>>,
    /// Its number in a register of legal entities.
    pub legal_id: Option<Box<str>>,
    /// Where it is registered.
    pub jurisdiction: Option<Box<str>>,
    /// Its number there.
    pub registration_id: Option<Box<str>>,
    /// What it keeps of labour; below one.
    pub fee: Rate,
    /// What it settles in.
    pub currency: Currency,
    /// How much of a movement may go to what a party owes back.
    pub recovery_cap: Rate,
    /// The least that is paid out, per method and currency.
    pub thresholds: Vec<Threshold>,
}

/// The least that is paid out by one method in one currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Threshold {
    /// The method of payment.
    pub method: Box<str>,
    /// The currency paid.
    #[serde(with = "stored::text")]
    pub currency: Currency,
    /// The least amount.
    #[serde(with = "stored::text")]
    pub amount: Money,
}

/// A contributor, as far as it is public.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    /// Its key.
    pub id: Box<str>,
    /// What it is.
    pub party_type: PartyType,
    /// How it is paid, if it said so.
    pub payout: Option<PartyPayout>,
    /// A salted digest of the private details, once the caller has set it.
    pub private_sha256: Option<[u8; 32]>,
}

/// The public part of a payout instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartyPayout {
    /// The method of payment.
    pub method: Box<str>,
    /// The currency to be paid in.
    pub currency: Currency,
}

/// What a party is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum PartyType {
    /// One human being.
    Person,
    /// A legal entity.
    Organisation,
    /// Many who own together.
    Community,
}

impl PartyType {
    /// Every type, by its word.
    pub const WORDS: [(&'static str, PartyType); 3] =
        [("person", PartyType::Person), ("organisation", PartyType::Organisation), ("community", PartyType::Community)];

    /// The word in the registry.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            PartyType::Person => "person",
            PartyType::Organisation => "organisation",
            PartyType::Community => "community",
        }
    }
}

/// The platforms that a membership covers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Platforms {
    /// `*`: all, also those to come.
    All,
    /// These, sorted, each once.
    Listed(Box<[Box<str>]>),
}

/// The uses that a membership or an agreement covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Uses {
    /// `*`: all.
    All,
    /// These; even if they are all, this is not `*` in a key.
    Listed(UseSet),
}

impl Uses {
    /// The uses covered.
    #[must_use]
    pub const fn set(self) -> UseSet {
        match self {
            Uses::All => UseSet::ALL,
            Uses::Listed(set) => set,
        }
    }

    /// A number that tells each from every other: its place in the order of keys.
    pub(super) fn rank(self) -> u8 {
        let listed = |set: UseSet| Use::ALL.iter().rev().fold(0, |bits, use_| bits * 2 + u8::from(set.covers(*use_)));
        match self {
            Uses::All => u8::MAX,
            Uses::Listed(set) => listed(set),
        }
    }
}

/// A MID answers for a party.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// Who is represented.
    pub party: Box<str>,
    /// Who represents.
    pub mid: Box<str>,
    /// To whom.
    pub platforms: Platforms,
    /// For what.
    pub uses: Uses,
    /// When; `from` is always there.
    pub validity: Validity,
}

/// What happens when an agreement's creators would get less than 70 %.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum OnShortfall {
    /// The draft is refused.
    Refuse,
    /// The MID gives back of its fee.
    TrueUp,
}

impl OnShortfall {
    /// Both, by their word.
    pub const WORDS: [(&'static str, OnShortfall); 2] = [("refuse", OnShortfall::Refuse), ("true_up", OnShortfall::TrueUp)];

    /// The word in the registry.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            OnShortfall::Refuse => "refuse",
            OnShortfall::TrueUp => "true_up",
        }
    }
}

/// The terms between one platform and one MID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreement {
    /// Its key.
    pub id: Box<str>,
    /// Who owes.
    pub platform: Box<str>,
    /// Who collects.
    pub mid: Box<str>,
    /// For what.
    pub uses: Uses,
    /// The part of gross promised to contributors.
    pub labour_share: Rate,
    /// The currency it covers.
    pub currency: Currency,
    /// What happens when the 70 % rule fails.
    pub on_shortfall: OnShortfall,
    /// When; `from` is always there.
    pub validity: Validity,
}

/// Who owns a thing, for a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Work {
    /// The thing.
    pub id: Box<str>,
    /// Its owners.
    pub parties: WorkShares,
    /// Hash of the thing itself.
    pub content_hash: Option<Box<str>>,
    /// When.
    pub validity: Validity,
}

/// The owners of a work by their ids, each once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WorkShares {
    /// Shares that sum to one.
    Shares(Box<[(Box<str>, Rate)]>),
    /// Whole numbers from 1 to 10^9.
    Weights(Box<[(Box<str>, u32)]>),
}

impl WorkShares {
    /// The owners with their weights: millionths, or the numbers as they came.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        let (shares, weights): (&[_], &[_]) = match self {
            WorkShares::Shares(shares) => (shares, &[]),
            WorkShares::Weights(weights) => (&[], weights),
        };
        let shares = shares.iter().map(|(party, share): &(Box<str>, Rate)| (&**party, u64::from(share.millionths())));
        shares.chain(weights.iter().map(|(party, weight): &(Box<str>, u32)| (&**party, u64::from(*weight))))
    }
}

/// What a party allows or denies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    /// Who says it.
    pub party: Box<str>,
    /// Of which work; none: of all, and of the party itself.
    pub work: Option<Box<str>>,
    /// To whom; none: to all.
    pub platform: Option<Box<str>>,
    /// For what; none: for all.
    pub use_: Option<Use>,
    /// `n`.
    pub denies: bool,
    /// When.
    pub validity: Validity,
}

/// What tells the records of one kind apart.
pub(super) trait Keyed {
    /// The first column of the key: records of one group may stand in each other's way.
    fn group(&self) -> &str;
    /// The order of whole keys, by group first.
    fn compare_key(&self, other: &Self) -> Ordering;
    /// The column that an error about the key names.
    const KEY_FIELD: &'static str;
}

macro_rules! keyed_by_id {
    ($($kind:ty),+) => {
        $(impl Keyed for $kind {
            fn group(&self) -> &str {
                &self.id
            }
            fn compare_key(&self, other: &Self) -> Ordering {
                self.id.cmp(&other.id)
            }
            const KEY_FIELD: &'static str = "id";
        })+
    };
}

keyed_by_id!(Platform, Mid, Party, Agreement);

impl Keyed for Membership {
    fn group(&self) -> &str {
        &self.party
    }
    fn compare_key(&self, other: &Self) -> Ordering {
        let key = |it: &Self| (it.uses.rank(), it.validity.from);
        (&self.party, &self.mid, &self.platforms, key(self)).cmp(&(&other.party, &other.mid, &other.platforms, key(other)))
    }
    const KEY_FIELD: &'static str = "from";
}

impl Keyed for Work {
    fn group(&self) -> &str {
        &self.id
    }
    fn compare_key(&self, other: &Self) -> Ordering {
        (&self.id, self.validity.from).cmp(&(&other.id, other.validity.from))
    }
    const KEY_FIELD: &'static str = "from";
}

impl Keyed for Consent {
    fn group(&self) -> &str {
        &self.party
    }
    fn compare_key(&self, other: &Self) -> Ordering {
        let key = |it: &Self| (it.use_, it.validity.from);
        (&self.party, &self.work, &self.platform, key(self)).cmp(&(&other.party, &other.work, &other.platform, key(other)))
    }
    const KEY_FIELD: &'static str = "from";
}
