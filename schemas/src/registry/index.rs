//! [`Registry`]: all that metering asks of the registry, compiled once and never changed.
//!
//! Every id is a small number, and what many parties have in common is kept once, so that the common question about a party
//! waits for memory two or three times.

mod build;
mod exchange;
mod names;
mod public_lines;
mod rows;
mod snapshot;
mod succession;
mod tax;

use super::record::{OnShortfall, PartyType, Price, Threshold};
use super::stored;
use crate::{Currency, Instant, Rate, Use, UseSet};
use exchange::QuoteRows;
use hashbrown::HashMap;
use names::Names;
use rows::{AgreementSpan, ConsentRow, MembershipRow, PartyRow, PayoutRow, Scope, WorkVersion};
use serde::{Deserialize, Serialize};
use succession::SuccessorRows;
use tax::TaxRows;

pub use build::BuildError;
pub use exchange::QuoteOf;
pub use snapshot::SnapshotKey;
pub use tax::TaxTerms;

macro_rules! indexes {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {
        $($(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(u32);

        impl $name {
            /// The one of that number, which the same registry gave.
            #[must_use]
            pub const fn of(index: u32) -> $name {
                $name(index)
            }

            /// The number itself, counted from 0 within one registry.
            #[must_use]
            pub const fn index(self) -> u32 {
                self.0
            }

            const fn at(self) -> usize {
                self.0 as usize
            }
        })+
    };
}

indexes! {
    /// A party of one [`Registry`].
    PartyIndex,
    /// A platform of one [`Registry`].
    PlatformIndex,
    /// A MID of one [`Registry`].
    MidIndex,
    /// An agreement of one [`Registry`].
    AgreementIndex,
    /// The id of a work of one [`Registry`], whoever owns it at the time.
    WorkIndex,
}

/// What holds for a platform by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlatformTerms {
    /// For people.
    pub name: Option<Box<str>>,
    /// The labour share where no agreement applies.
    #[serde(with = "stored::text")]
    pub default_labour_share: Rate,
    /// Whether a party that says nothing is taken to say no.
    pub denies_by_default: bool,
}

/// What holds for a MID by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MidTerms {
    /// For people.
    pub name: Option<Box<str>>,
    /// Where it is registered, and so under whose tax laws it pays.
    pub jurisdiction: Option<Box<str>>,
    /// What it keeps of labour.
    #[serde(with = "stored::text")]
    pub fee: Rate,
    /// How much of a movement may go to what a party owes back.
    #[serde(with = "stored::text")]
    pub recovery_cap: Rate,
    /// What it settles in.
    #[serde(with = "stored::text")]
    pub currency: Currency,
    /// The least that is paid out, per method and currency.
    pub thresholds: Vec<Threshold>,
}

/// What one agreement says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgreementTerms {
    /// Who owes.
    pub platform: PlatformIndex,
    /// Who collects.
    pub mid: MidIndex,
    /// For what.
    #[serde(with = "stored::uses")]
    pub uses: UseSet,
    /// The part of gross promised to contributors.
    #[serde(with = "stored::text")]
    pub labour_share: Rate,
    /// The currency it covers.
    #[serde(with = "stored::text")]
    pub currency: Currency,
    /// What happens when the 70 % rule fails.
    pub on_shortfall: OnShortfall,
    /// From when on.
    #[serde(with = "stored::optional_micros")]
    pub from: Option<Instant>,
    /// Until when.
    #[serde(with = "stored::optional_micros")]
    pub to: Option<Instant>,
}

/// One owner of a work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkPart {
    /// Who.
    pub party: PartyIndex,
    /// Millionths, or whole weights; the same kind in all parts of one work.
    pub weight: u64,
}

/// How a party is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payout<'a> {
    /// The method of payment.
    pub method: &'a str,
    /// The currency to be paid in.
    pub currency: Currency,
}

/// A party, with what its memberships and consents are found by.
#[derive(Clone, Copy, Debug)]
pub struct Standing {
    /// Who.
    pub party: PartyIndex,
    row: PartyRow,
    consents_end: u32,
}

/// One version of the registry, compiled.
///
/// What serde makes of it is the inside of a snapshot and lacks what follows from the rest: read one by [`Registry::from_snapshot`].
#[derive(Debug, Serialize, Deserialize)]
pub struct Registry {
    version: u64,
    platforms: Names,
    platform_rows: Vec<PlatformRow>,
    mids: Names,
    mid_terms: Vec<MidTerms>,
    agreements: Names,
    agreement_terms: Vec<AgreementTerms>,
    /// Not in a snapshot: it follows from the terms.
    #[serde(skip)]
    agreement_spans: HashMap<AgreementKey, Box<[AgreementSpan]>, foldhash::fast::FixedState>,
    parties: Names,
    /// One for each party, and one more that ends the last one's ranges.
    party_rows: Vec<PartyRow>,
    /// Distinct lists of memberships, each by start: most parties share theirs with many others.
    memberships: Vec<MembershipRow>,
    /// Where each list starts, and where the last one ends.
    membership_starts: Vec<u32>,
    /// By party; see [`ConsentRow::order`].
    consents: Vec<ConsentRow>,
    scopes: Vec<Scope>,
    payouts: Vec<PayoutRow>,
    works: Names,
    /// Where each work's versions start, and where the last one's end.
    work_starts: Vec<u32>,
    work_versions: Vec<WorkVersion>,
    work_parts: Vec<WorkPart>,
    /// By party.
    party_types: Vec<PartyType>,
    taxes: TaxRows,
    successors: SuccessorRows,
    quotes: QuoteRows,
}

/// What an agreement is found by.
type AgreementKey = (PlatformIndex, MidIndex, Use, Currency);

#[derive(Debug, Serialize, Deserialize)]
struct PlatformRow {
    terms: PlatformTerms,
    /// By use, in the order of [`Use::ALL`].
    prices: [Box<[Price]>; 4],
}

impl Registry {
    /// The version that it was compiled from.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The party of that id.
    #[must_use]
    pub fn party(&self, id: &str) -> Option<PartyIndex> {
        self.parties.find(id).map(PartyIndex)
    }

    /// Looks up parties side by side: among millions, one after the other would wait for memory each time.
    pub fn find_parties(&self, ids: &[&str], found: &mut Vec<Option<Standing>>) {
        found.clear();
        let nothing = PartyRow { memberships: 0, consents: 0, payout: None };
        let named = |number| Standing { party: PartyIndex(number), row: nothing, consents_end: 0 };
        self.parties.find_all(ids, |number| found.push(number.map(named)));
        found.iter_mut().flatten().for_each(|standing| *standing = self.standing(standing.party));
    }

    /// Where a party's memberships and consents stand.
    #[must_use]
    pub fn standing(&self, party: PartyIndex) -> Standing {
        Standing { party, row: self.party_rows[party.at()], consents_end: self.party_rows[party.at() + 1].consents }
    }

    /// The id of a party.
    #[must_use]
    pub fn party_id(&self, party: PartyIndex) -> &str {
        self.parties.get(party.0)
    }

    /// How many parties there are; their indexes are below this.
    #[must_use]
    pub fn party_count(&self) -> usize {
        self.parties.len()
    }

    /// The platform of that id.
    #[must_use]
    pub fn platform(&self, id: &str) -> Option<PlatformIndex> {
        self.platforms.find(id).map(PlatformIndex)
    }

    /// The id of a platform.
    #[must_use]
    pub fn platform_id(&self, platform: PlatformIndex) -> &str {
        self.platforms.get(platform.0)
    }

    /// The MID of that id.
    #[must_use]
    pub fn mid(&self, id: &str) -> Option<MidIndex> {
        self.mids.find(id).map(MidIndex)
    }

    /// The id of a MID.
    #[must_use]
    pub fn mid_id(&self, mid: MidIndex) -> &str {
        self.mids.get(mid.0)
    }

    /// Every MID.
    pub fn mids(&self) -> impl Iterator<Item = MidIndex> {
        (0..).take(self.mids.len()).map(MidIndex)
    }

    /// The agreement of that id.
    #[must_use]
    pub fn agreement(&self, id: &str) -> Option<AgreementIndex> {
        self.agreements.find(id).map(AgreementIndex)
    }

    /// The id of an agreement.
    #[must_use]
    pub fn agreement_id(&self, agreement: AgreementIndex) -> &str {
        self.agreements.get(agreement.0)
    }

    /// The work of that id, whoever owns it.
    #[must_use]
    pub fn work_named(&self, id: &str) -> Option<WorkIndex> {
        self.works.find(id).map(WorkIndex)
    }

    /// The id of a work.
    #[must_use]
    pub fn work_id(&self, work: WorkIndex) -> &str {
        self.works.get(work.0)
    }

    /// What holds for a platform by itself.
    #[must_use]
    pub fn platform_terms(&self, platform: PlatformIndex) -> &PlatformTerms {
        &self.platform_rows[platform.at()].terms
    }

    /// The platform's prices for a use at all times, all in one currency; by unit, then by start.
    #[must_use]
    pub fn prices(&self, platform: PlatformIndex, use_: Use) -> &[Price] {
        &self.platform_rows[platform.at()].prices[use_ as usize]
    }

    /// What holds for a MID by itself.
    #[must_use]
    pub fn mid_terms(&self, mid: MidIndex) -> &MidTerms {
        &self.mid_terms[mid.at()]
    }

    /// What an agreement says.
    #[must_use]
    pub fn agreement_terms(&self, agreement: AgreementIndex) -> &AgreementTerms {
        &self.agreement_terms[agreement.at()]
    }

    /// The work of that id, with its owners at that instant by their ids; none if nobody owns it then.
    #[must_use]
    pub fn work(&self, id: &str, at: Instant) -> Option<(WorkIndex, &[WorkPart])> {
        let work = WorkIndex(self.works.find(id)?);
        let range = self.work_starts[work.at()] as usize..self.work_starts[work.at() + 1] as usize;
        let version = self.work_versions[range].iter().find(|version| version.from <= at && at < version.to)?;
        Some((work, &self.work_parts[version.parts_start as usize..version.parts_end as usize]))
    }

    /// The one MID that answers for the party to the platform for the use at that instant.
    #[must_use]
    pub fn mid_of(&self, party: Standing, platform: PlatformIndex, use_: Use, at: Instant) -> Option<MidIndex> {
        let covers = |row: &&MembershipRow| row.from <= at && at < row.to && self.scopes[row.scope as usize].covers(platform, use_);
        self.memberships_of(party.row).iter().find(covers).map(|row| row.mid)
    }

    /// The one agreement of that MID with the platform for the use and currency at that instant.
    #[must_use]
    pub fn agreement_of(
        &self,
        platform: PlatformIndex,
        mid: MidIndex,
        use_: Use,
        currency: Currency,
        at: Instant,
    ) -> Option<AgreementIndex> {
        let spans = self.agreement_spans.get(&(platform, mid, use_, currency))?;
        spans.iter().find(|span| span.from <= at && at < span.to).map(|span| span.agreement)
    }

    /// Whether the party denies the use: of that work's part, or of a direct entry, for which consents that name a work say nothing.
    #[must_use]
    pub fn denied(&self, party: Standing, work: Option<WorkIndex>, platform: PlatformIndex, use_: Use, at: Instant) -> bool {
        let consents = self.consents_of(party);
        if consents.is_empty() {
            return self.platform_terms(platform).denies_by_default;
        }
        let first = |named: Option<WorkIndex>| {
            let start = consents.partition_point(|row| row.work < named);
            let same = consents[start..].iter().take_while(|row| row.work == named);
            same.into_iter().find(|row| row.applies(platform, use_, at))
        };
        let of_work = work.and_then(|work| first(Some(work)));
        let decisive = first(None).into_iter().chain(of_work).max_by_key(|row| row.precedence());
        decisive.map_or_else(|| self.platform_terms(platform).denies_by_default, |row| row.denies)
    }

    /// What sort of party it is.
    #[must_use]
    pub fn party_type(&self, party: PartyIndex) -> PartyType {
        self.party_types[party.at()]
    }

    /// How the party is paid, if it said so.
    #[must_use]
    pub fn payout(&self, party: PartyIndex) -> Option<Payout<'_>> {
        let row = self.party_rows[party.at()].payout?;
        let PayoutRow { method, currency } = &self.payouts[row.get() as usize - 1];
        Some(Payout { method, currency: *currency })
    }

    /// Whether some membership of the party in the MID goes on after that end.
    #[must_use]
    pub fn stays(&self, party: PartyIndex, mid: MidIndex, end: Instant) -> bool {
        self.memberships_of(self.party_rows[party.at()]).iter().any(|row| row.mid == mid && row.to > end)
    }

    /// About how much memory it takes.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        let names = [&self.platforms, &self.mids, &self.agreements, &self.parties, &self.works]
            .iter()
            .map(|names| names.heap_bytes())
            .sum::<usize>();
        let parties = size_of_val(&*self.party_rows)
            + size_of_val(&*self.memberships)
            + size_of_val(&*self.membership_starts)
            + size_of_val(&*self.consents);
        names + parties + size_of_val(&*self.work_starts) + size_of_val(&*self.work_versions) + size_of_val(&*self.work_parts)
    }

    fn memberships_of(&self, party: PartyRow) -> &[MembershipRow] {
        let list = party.memberships as usize;
        &self.memberships[self.membership_starts[list] as usize..self.membership_starts[list + 1] as usize]
    }

    fn consents_of(&self, party: Standing) -> &[ConsentRow] {
        &self.consents[party.row.consents as usize..party.consents_end as usize]
    }
}
