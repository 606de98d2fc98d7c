//! Compiles a [`Registry`] from a [`State`], or from archived public text.

use super::exchange::QuoteRows;
use super::names::Names;
use super::public_lines;
use super::rows::{AgreementSpan, ConsentRow, MembershipRow, PartyRow, PayoutRow, Scope, WorkVersion};
use super::succession::{HeirRow, SuccessorRows};
use super::tax::TaxRows;
use super::{
    AgreementIndex, AgreementTerms, MidIndex, MidTerms, PartyIndex, PlatformIndex, PlatformRow, PlatformTerms, Registry, WorkIndex,
    WorkPart,
};
use crate::registry::State;
use crate::registry::record::{Agreement, Mid, PartyType, Platform, Platforms, Price, Uses, Validity};
use crate::registry::{Certificate, Country, Quote, Successor, Withholding};
use crate::{Currency, Use};
use hashbrown::HashMap;
use std::num::NonZeroU32;

/// Why no registry could be compiled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// A line is not public text as it was written.
    #[error("registry version {version}, line {line} of its public text: {message}")]
    Unreadable {
        /// The version at fault.
        version: u64,
        /// The line of the public text, from 1.
        line: u64,
        /// What is wrong.
        message: String,
    },
    /// More than 2^32 records of a kind, or ids of more than 4 GiB.
    #[error("the registry has more records or longer ids than 32 bits can count")]
    TooLarge,
}

/// Why one record could not be added.
pub(super) enum Refusal {
    TooLarge,
    Unreadable(String),
}

impl Registry {
    /// Compiles the current records of a state.
    ///
    /// # Errors
    /// [`BuildError::TooLarge`].
    pub fn from_state(state: &State) -> Result<Registry, BuildError> {
        let mut builder = Builder::new();
        builder.add_state(state).map_err(|refusal| located(refusal, state.version(), 0))?;
        builder.finish(state.version()).ok_or(BuildError::TooLarge)
    }

    /// Compiles the archived public text of versions 1 to the last, in that order; it was judged when it was loaded.
    ///
    /// ```
    /// use farthing_schemas::registry::Registry;
    /// let first = b"{\"line\":1,\"kind\":\"platform\",\"id\":\"plt_acme\",\"default_labour_share\":\"0.700000\",\"consent_default\":\"allow\"}\n";
    /// let registry = Registry::from_public([(1, &first[..])])?;
    /// assert!(registry.platform("plt_acme").is_some());
    /// # Ok::<(), farthing_schemas::registry::BuildError>(())
    /// ```
    ///
    /// # Errors
    /// [`BuildError::Unreadable`] for what was not written by [`crate::registry::Delta::public_ndjson`].
    pub fn from_public<'a>(versions: impl IntoIterator<Item = (u64, &'a [u8])>) -> Result<Registry, BuildError> {
        let mut builder = Builder::new();
        let mut last = 0;
        for (version, text) in versions {
            last = version;
            public_lines::read(text, &mut builder).map_err(|(line, refusal)| located(refusal, version, line))?;
        }
        builder.finish(last).ok_or(BuildError::TooLarge)
    }
}

fn located(refusal: Refusal, version: u64, line: u64) -> BuildError {
    match refusal {
        Refusal::TooLarge => BuildError::TooLarge,
        Refusal::Unreadable(message) => BuildError::Unreadable { version, line, message },
    }
}

/// What one membership says, apart from whose it is.
pub(super) struct MembershipOf<'a> {
    pub(super) mid: &'a str,
    pub(super) platforms: Option<Vec<&'a str>>,
    pub(super) uses: Uses,
    pub(super) validity: Validity,
}

/// What one consent says, apart from whose it is.
pub(super) struct ConsentOf<'a> {
    pub(super) work: Option<&'a str>,
    pub(super) platform: Option<&'a str>,
    pub(super) use_: Option<Use>,
    pub(super) denies: bool,
    pub(super) validity: Validity,
}

/// Gathers records; what a record names must have come before it, and a later record replaces one of the same key.
pub(super) struct Builder {
    platforms: Names,
    platform_rows: Vec<PlatformRow>,
    mids: Names,
    mid_terms: Vec<MidTerms>,
    agreements: Names,
    agreement_terms: Vec<AgreementTerms>,
    parties: Names,
    party_payouts: Vec<Option<NonZeroU32>>,
    party_types: Vec<PartyType>,
    /// The party named last: the next record often names it or the one after.
    last_party: u32,
    payouts: Vec<PayoutRow>,
    memberships: Vec<(PartyIndex, MembershipRow)>,
    scopes: Vec<Scope>,
    scope_numbers: HashMap<Scope, u32, foldhash::fast::FixedState>,
    consents: Vec<(PartyIndex, ConsentRow)>,
    works: Names,
    work_versions: Vec<(WorkIndex, WorkVersion)>,
    work_parts: Vec<WorkPart>,
    taxes: TaxRows,
    successors: SuccessorRows,
    quotes: QuoteRows,
}

type Added = Result<(), Refusal>;

impl Builder {
    fn new() -> Builder {
        Builder {
            platforms: Names::new(),
            platform_rows: Vec::new(),
            mids: Names::new(),
            mid_terms: Vec::new(),
            agreements: Names::new(),
            agreement_terms: Vec::new(),
            parties: Names::new(),
            party_payouts: Vec::new(),
            party_types: Vec::new(),
            last_party: 0,
            payouts: Vec::new(),
            memberships: Vec::new(),
            scopes: Vec::new(),
            scope_numbers: HashMap::default(),
            consents: Vec::new(),
            works: Names::new(),
            work_versions: Vec::new(),
            work_parts: Vec::new(),
            taxes: TaxRows::default(),
            successors: SuccessorRows::default(),
            quotes: QuoteRows::default(),
        }
    }

    fn add_state(&mut self, state: &State) -> Added {
        let tables = &state.tables;
        self.expect_parties(tables.parties.len());
        tables.platforms.iter().try_for_each(|entry| self.platform(entry.value.clone()))?;
        tables.mids.iter().try_for_each(|entry| self.mid(entry.value.clone()))?;
        for party in tables.parties.iter().map(|entry| &entry.value) {
            self.party(&party.id, party.party_type, party.payout.as_ref().map(|payout| (&*payout.method, payout.currency)))?;
        }
        tables.agreements.iter().try_for_each(|entry| self.agreement(&entry.value))?;
        for it in tables.memberships.iter().map(|entry| &entry.value) {
            let platforms = match &it.platforms {
                Platforms::All => None,
                Platforms::Listed(listed) => Some(listed.iter().map(|platform| &**platform).collect()),
            };
            self.membership(&it.party, &MembershipOf { mid: &it.mid, platforms, uses: it.uses, validity: it.validity })?;
        }
        for it in tables.works.iter().map(|entry| &entry.value) {
            self.work(&it.id, it.parties.iter(), it.validity)?;
        }
        for it in tables.consents.iter().map(|entry| &entry.value) {
            let (work, platform) = (it.work.as_deref(), it.platform.as_deref());
            self.consent(&it.party, &ConsentOf { work, platform, use_: it.use_, denies: it.denies, validity: it.validity })?;
        }
        for it in tables.residences.iter().map(|entry| &entry.value) {
            self.residence(&it.party, it.country, it.validity)?;
        }
        tables.withholdings.iter().for_each(|entry| self.withholding(entry.value.clone()));
        tables.certificates.iter().try_for_each(|entry| self.certificate(entry.value.clone()))?;
        tables.quotes.iter().for_each(|entry| self.quote(entry.value.clone()));
        tables.successors.iter().try_for_each(|entry| self.successor(&entry.value))
    }

    pub(super) fn quote(&mut self, it: Quote) {
        self.quotes.quote(it);
    }

    pub(super) fn residence(&mut self, party: &str, country: Country, validity: Validity) -> Added {
        let party = self.party_of(party)?;
        self.taxes.reside(party, country, validity);
        Ok(())
    }

    pub(super) fn withholding(&mut self, it: Withholding) {
        self.taxes.withhold(it);
    }

    pub(super) fn certificate(&mut self, it: Certificate) -> Added {
        let party = self.party_of(&it.party)?;
        self.taxes.certify(party, it);
        Ok(())
    }

    pub(super) fn successor(&mut self, it: &Successor) -> Added {
        let party = self.party_of(&it.party)?;
        let heir = |(heir, share): &(Box<str>, crate::Rate)| Ok(HeirRow { party: self.party_of(heir)?, share: *share });
        let heirs = it.heirs.iter().map(heir).collect::<Result<_, Refusal>>()?;
        self.successors.succeed(party, it.from, heirs);
        Ok(())
    }

    pub(super) fn platform(&mut self, it: Platform) -> Added {
        let (number, _) = self.platforms.intern(&it.id).ok_or(Refusal::TooLarge)?;
        let terms = PlatformTerms { name: it.name, default_labour_share: it.default_labour_share, denies_by_default: it.denies_by_default };
        let mut prices: [Vec<Price>; 4] = Default::default();
        for (use_, price) in it.rates {
            prices[use_ as usize].push(price);
        }
        for of_use in &mut prices {
            of_use.sort_by(|one, two| (&one.unit, one.from).cmp(&(&two.unit, two.from)));
        }
        put(&mut self.platform_rows, number, PlatformRow { terms, prices: prices.map(Vec::into_boxed_slice) });
        Ok(())
    }

    pub(super) fn mid(&mut self, it: Mid) -> Added {
        let (number, _) = self.mids.intern(&it.id).ok_or(Refusal::TooLarge)?;
        let Mid { name, jurisdiction, fee, recovery_cap, currency, thresholds, .. } = it;
        put(&mut self.mid_terms, number, MidTerms { name, jurisdiction, fee, recovery_cap, currency, thresholds });
        Ok(())
    }

    /// Makes room for that many more parties, of which there are by far the most.
    pub(super) fn expect_parties(&mut self, more: usize) {
        self.parties.reserve(more);
        self.party_payouts.reserve(more);
        self.party_types.reserve(more);
    }

    pub(super) fn party(&mut self, id: &str, party_type: PartyType, payout: Option<(&str, Currency)>) -> Added {
        let (number, _) = self.parties.intern(id).ok_or(Refusal::TooLarge)?;
        let payout = payout.map(|payout| self.payout_number(payout)).transpose()?;
        put(&mut self.party_payouts, number, payout);
        put(&mut self.party_types, number, party_type);
        Ok(())
    }

    /// There are few ways to be paid, so a look at each is quick.
    fn payout_number(&mut self, (method, currency): (&str, Currency)) -> Result<NonZeroU32, Refusal> {
        let known = self.payouts.iter().position(|payout| payout.currency == currency && *payout.method == *method);
        let at = known.unwrap_or(self.payouts.len());
        if known.is_none() {
            self.payouts.push(PayoutRow { method: method.into(), currency });
        }
        u32::try_from(at + 1).ok().and_then(NonZeroU32::new).ok_or(Refusal::TooLarge)
    }

    pub(super) fn agreement(&mut self, it: &Agreement) -> Added {
        let platform = PlatformIndex(number_of(&self.platforms, "platform", &it.platform)?);
        let mid = MidIndex(number_of(&self.mids, "mid", &it.mid)?);
        let (number, _) = self.agreements.intern(&it.id).ok_or(Refusal::TooLarge)?;
        let Validity { from, to } = it.validity;
        let (labour_share, currency, on_shortfall) = (it.labour_share, it.currency, it.on_shortfall);
        put(
            &mut self.agreement_terms,
            number,
            AgreementTerms { platform, mid, uses: it.uses.set(), labour_share, currency, on_shortfall, from, to },
        );
        Ok(())
    }

    pub(super) fn membership(&mut self, party: &str, it: &MembershipOf<'_>) -> Added {
        let party = self.party_of(party)?;
        let mid = MidIndex(number_of(&self.mids, "mid", it.mid)?);
        let scope = self.scope(it)?;
        self.memberships.push((party, MembershipRow { from: it.validity.start(), to: it.validity.end(), mid, scope }));
        Ok(())
    }

    fn scope(&mut self, it: &MembershipOf<'_>) -> Result<u32, Refusal> {
        let listed = |ids: &Vec<&str>| -> Result<Box<[PlatformIndex]>, Refusal> {
            let mut listed =
                ids.iter().map(|id| number_of(&self.platforms, "platform", id).map(PlatformIndex)).collect::<Result<Vec<_>, _>>()?;
            listed.sort_unstable();
            Ok(listed.into())
        };
        let platforms = it.platforms.as_ref().map(listed).transpose()?;
        let scope = Scope { platforms, uses: it.uses.set(), every_use: it.uses == Uses::All };
        if let Some(number) = self.scope_numbers.get(&scope) {
            return Ok(*number);
        }
        let number = u32::try_from(self.scopes.len()).map_err(|_| Refusal::TooLarge)?;
        self.scopes.push(scope.clone());
        self.scope_numbers.insert(scope, number);
        Ok(number)
    }

    pub(super) fn consent(&mut self, party: &str, it: &ConsentOf<'_>) -> Added {
        let party = self.party_of(party)?;
        let work = it.work.map(|id| number_of(&self.works, "work", id).map(WorkIndex)).transpose()?;
        let platform = it.platform.map(|id| number_of(&self.platforms, "platform", id).map(PlatformIndex)).transpose()?;
        let row = ConsentRow { from: it.validity.start(), to: it.validity.end(), work, platform, use_: it.use_, denies: it.denies };
        self.consents.push((party, row));
        Ok(())
    }

    pub(super) fn work<'a>(&mut self, id: &str, parts: impl Iterator<Item = (&'a str, u64)>, validity: Validity) -> Added {
        let (work, _) = self.works.intern(id).ok_or(Refusal::TooLarge)?;
        let start = self.work_parts.len();
        for (party, weight) in parts {
            let party = self.party_of(party)?;
            self.work_parts.push(WorkPart { party, weight });
        }
        let parties = &self.parties;
        self.work_parts[start..].sort_by_key(|part| parties.get(part.party.0));
        let place = |at: usize| u32::try_from(at).map_err(|_| Refusal::TooLarge);
        let (parts_start, parts_end) = (place(start)?, place(self.work_parts.len())?);
        self.work_versions.push((WorkIndex(work), WorkVersion { from: validity.start(), to: validity.end(), parts_start, parts_end }));
        Ok(())
    }

    fn party_of(&mut self, id: &str) -> Result<PartyIndex, Refusal> {
        let number = self.parties.find_near(self.last_party, id).ok_or_else(|| not_before("party", id))?;
        self.last_party = number;
        Ok(PartyIndex(number))
    }

    /// Puts what belongs together side by side; none if there is too much of it.
    fn finish(mut self, version: u64) -> Option<Registry> {
        let membership_key = |row: &MembershipRow| (row.mid, row.scope, row.from);
        let (starts, memberships) = grouped(self.memberships, self.parties.len(), |it| it.0.at(), membership_key, |row| row.from)?;
        let (list_of_party, membership_starts, memberships) = distinct_lists(&starts, &memberships)?;
        let consent_key = |row: &ConsentRow| (row.work, row.platform, row.use_, row.from);
        let (consent_starts, consents) = grouped(self.consents, self.parties.len(), |it| it.0.at(), consent_key, ConsentRow::order)?;
        let (work_starts, work_versions) = grouped(self.work_versions, self.works.len(), |it| it.0.at(), |row| row.from, |row| row.from)?;
        self.party_payouts.push(None);
        // One row more than there are parties: it ends the last one's consents.
        let lists = list_of_party.into_iter().chain([0]);
        let starts = lists.zip(consent_starts).zip(self.party_payouts);
        let party_rows = starts.map(|((memberships, consents), payout)| PartyRow { memberships, consents, payout }).collect();
        [&mut self.parties, &mut self.works].into_iter().for_each(Names::shrink);
        self.work_parts.shrink_to_fit();
        Some(Registry {
            version,
            agreement_spans: agreement_spans(&self.agreement_terms),
            platforms: self.platforms,
            platform_rows: self.platform_rows,
            mids: self.mids,
            mid_terms: self.mid_terms,
            agreements: self.agreements,
            agreement_terms: self.agreement_terms,
            parties: self.parties,
            party_rows,
            memberships,
            membership_starts,
            consents,
            scopes: self.scopes,
            payouts: self.payouts,
            works: self.works,
            work_starts,
            work_versions,
            work_parts: self.work_parts,
            party_types: self.party_types,
            taxes: self.taxes,
            successors: self.successors,
            quotes: self.quotes,
        })
    }
}

/// The number of a name that stands before.
fn number_of(names: &Names, kind: &str, id: &str) -> Result<u32, Refusal> {
    names.find(id).ok_or_else(|| not_before(kind, id))
}

fn not_before(kind: &str, id: &str) -> Refusal {
    Refusal::Unreadable(format!("names {kind} {id:?}, which does not stand before"))
}

/// Sets a row that is there already, or is the next one.
fn put<T>(rows: &mut Vec<T>, number: u32, row: T) {
    match rows.get_mut(number as usize) {
        Some(known) => *known = row,
        None => rows.push(row),
    }
}

/// Rows by their owner, of equal keys only the last, each owner's in that order; and where each owner's start.
fn grouped<O, T: Copy, K: Ord, S: Ord>(
    mut rows: Vec<(O, T)>,
    owners: usize,
    owner: impl Fn(&(O, T)) -> usize,
    key: impl Fn(&T) -> K,
    order: impl Fn(&T) -> S,
) -> Option<(Vec<u32>, Vec<T>)> {
    rows.sort_by_key(&owner);
    let mut starts = Vec::with_capacity(owners + 1);
    let mut flat: Vec<T> = Vec::with_capacity(rows.len());
    for same in rows.chunk_by_mut(|one, two| owner(one) == owner(two)) {
        let start = u32::try_from(flat.len()).ok()?;
        starts.resize(owner(&same[0]) + 1, start);
        if let [(_, only)] = same {
            flat.push(*only);
            continue;
        }
        same.sort_by_key(|(_, row)| key(row));
        let last_of_key = same.chunk_by(|one, two| key(&one.1) == key(&two.1)).filter_map(<[_]>::last);
        flat.extend(last_of_key.map(|(_, row)| *row));
        flat[start as usize..].sort_by_key(&order);
    }
    starts.resize(owners + 1, u32::try_from(flat.len()).ok()?);
    flat.shrink_to_fit();
    Some((starts, flat))
}

/// Lists of rows, each distinct one once: per owner the number of its list, then where each list starts, then the lists.
fn distinct_lists<T: Copy + Eq + std::hash::Hash>(starts: &[u32], rows: &[T]) -> Option<(Vec<u32>, Vec<u32>, Vec<T>)> {
    let mut numbers: HashMap<&[T], u32, foldhash::fast::FixedState> = HashMap::default();
    let (mut of_owner, mut list_starts, mut lists) = (Vec::with_capacity(starts.len()), vec![0], Vec::new());
    for range in starts.windows(2) {
        let list = &rows[range[0] as usize..range[1] as usize];
        let next = u32::try_from(numbers.len()).ok()?;
        let number = *numbers.entry(list).or_insert(next);
        if number == next {
            lists.extend_from_slice(list);
            list_starts.push(u32::try_from(lists.len()).ok()?);
        }
        of_owner.push(number);
    }
    Some((of_owner, list_starts, lists))
}

pub(super) fn agreement_spans(terms: &[AgreementTerms]) -> HashMap<super::AgreementKey, Box<[AgreementSpan]>, foldhash::fast::FixedState> {
    let mut spans: HashMap<super::AgreementKey, Vec<AgreementSpan>, foldhash::fast::FixedState> = HashMap::default();
    for (number, it) in (0..).zip(terms) {
        let validity = Validity { from: it.from, to: it.to };
        for use_ in it.uses.iter() {
            let span = AgreementSpan { from: validity.start(), to: validity.end(), agreement: AgreementIndex(number) };
            spans.entry((it.platform, it.mid, use_, it.currency)).or_default().push(span);
        }
    }
    spans.into_iter().map(|(key, spans)| (key, spans.into())).collect()
}
