//! The lines of one event that wait, and what a claim makes of them.

use super::{Asked, Claim, Moved, usage_of};
use crate::again::AgainError;
use crate::lines_table::NamedLine;
use crate::{Line, LineMaker, Outcome, Reference, Refused};
use farthing_schemas::accrual::AccrualKey;
use farthing_schemas::event::{Event, Usage};
use farthing_schemas::registry::{AgreementIndex, PlatformIndex, Registry, Standing};
use farthing_schemas::split::Splitter;
use farthing_schemas::{Currency, Cycle, Instant, Money, Rate, ReferenceKind, Status, Use};
use std::collections::BTreeMap;

/// A line of an event that a claim takes or gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimLine {
    /// A party, or a work that nobody knew.
    pub kind: ReferenceKind,
    /// Its id.
    pub reference: String,
    /// The MID whose agreement applies, else empty.
    pub mid: String,
    /// The agreement that applies, else empty.
    pub agreement: String,
    /// What is to become of it.
    pub status: Status,
    /// Attributed revenue.
    pub gross: Money,
    /// The part promised to contributors.
    pub labour: Money,
    /// What share of gross that is, before it is rounded up.
    share: Rate,
    /// What reached it, by the work through which it came.
    parts: Vec<Part>,
}

/// A part of gross that reached a line.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Part {
    work: Option<String>,
    gross: Money,
}

/// The lines of an event that wait.
#[derive(Clone, Debug, Default)]
pub struct Waiting(Vec<ClaimLine>);

/// What all lines of one event share when a claim is made.
#[derive(Clone, Copy)]
pub(super) struct Circumstance<'a> {
    claim: Claim<'a>,
    platform_id: &'a str,
    platform: PlatformIndex,
    use_: Use,
    currency: Currency,
    time: Instant,
    own: Cycle,
}

/// A part with whoever is reached by it.
struct Found<'r> {
    party: Standing,
    id: &'r str,
    part: Part,
}

/// The terms by which a party is paid.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Terms {
    mid: String,
    agreement: String,
    share: Option<Rate>,
}

impl ClaimLine {
    /// It as it stands in tables.
    #[must_use]
    pub fn named(&self, platform: &str, use_: Use, currency: Currency) -> NamedLine {
        let mut works: Vec<String> = self.parts.iter().filter_map(|part| part.work.clone()).collect();
        works.sort();
        works.dedup();
        let key = AccrualKey {
            reference_kind: Some(self.kind),
            party: self.reference.clone(),
            mid: self.mid.clone(),
            agreement: self.agreement.clone(),
            platform: platform.to_owned(),
            use_,
            currency,
            status: self.status,
        };
        NamedLine { key, works, gross: self.gross, labour: self.labour }
    }
}

impl<'a> Circumstance<'a> {
    /// None if the claim's registry does not know the platform, as it must.
    pub(super) fn of(claim: &Claim<'a>, event: &'a Event<'_>, usage: &Usage<'_>, currency: Currency) -> Option<Circumstance<'a>> {
        let platform = claim.registry.platform(&event.platform)?;
        let (use_, time, own) = (usage.use_, event.time, event.time.cycle());
        Some(Circumstance { claim: *claim, platform_id: &event.platform, platform, use_, currency, time, own })
    }

    /// What is found at the event's time, else at the claim's.
    fn then_or_now<T>(&self, find: impl Fn(Instant) -> Option<T>) -> Option<T> {
        find(self.time).or_else(|| find(self.claim.at))
    }

    fn terms_of(&self, party: Standing) -> Option<Terms> {
        let registry = self.claim.registry;
        let mid = self.then_or_now(|at| registry.mid_of(party, self.platform, self.use_, at))?;
        let agreement: AgreementIndex = self.then_or_now(|at| registry.agreement_of(self.platform, mid, self.use_, self.currency, at))?;
        Some(Terms {
            mid: registry.mid_id(mid).to_owned(),
            agreement: registry.agreement_id(agreement).to_owned(),
            share: Some(registry.agreement_terms(agreement).labour_share),
        })
    }

    fn denied(&self, party: Standing, work: Option<&str>) -> bool {
        let work = work.and_then(|id| self.claim.registry.work_named(id));
        self.claim.registry.denied(party, work, self.platform, self.use_, self.time)
    }
}

impl Waiting {
    /// The lines of an event that waited when it was metered.
    pub(super) fn of(maker: &mut LineMaker, then: &Registry, event: &Event<'_>) -> Result<(Waiting, Outcome), AgainError> {
        let usage = usage_of(event)?;
        let platform = then.platform(&event.platform).ok_or(AgainError::Unknown("platform"))?;
        let outcome = maker.make(then, platform, usage, event.time)?;
        let default = then.platform_terms(platform).default_labour_share;
        let waits = |line: &&Line| matches!(line.status, Status::Suspense | Status::Unlicensed);
        let lines = maker.lines().iter().filter(waits).filter_map(|line| waiting_line(maker, then, usage, default, line));
        Ok((Waiting(lines.collect()), outcome))
    }

    /// Takes what a claim asks for, if there is somebody to give it to.
    pub(super) fn answer(&mut self, at: Circumstance<'_>) -> Result<Moved, AgainError> {
        if !at.claim.asked.covers(at.platform_id, at.currency, at.own) {
            return Ok(Moved::default());
        }
        let (status, (kind, reference)) = (at.claim.asked.status(), at.claim.asked.reference());
        let is_asked = |line: &ClaimLine| line.status == status && line.kind == kind && line.reference == reference;
        let asked: Vec<ClaimLine> = self.0.iter().filter(|line| is_asked(line)).cloned().collect();
        let moved = match at.claim.asked {
            Asked::Suspense { kind, .. } => found(&at, *kind, asked)?,
            Asked::Unlicensed { mid, .. } => paid_for(&at, mid.as_ref(), asked)?,
        };
        if !moved.is_nothing() {
            self.0.retain(|line| !moved.taken.contains(line));
            self.0.extend(moved.given.iter().filter(|line| line.status != Status::Payable).cloned());
        }
        Ok(moved)
    }
}

fn waiting_line(maker: &LineMaker, then: &Registry, usage: &Usage<'_>, default: Rate, line: &Line) -> Option<ClaimLine> {
    let (kind, reference) = match line.reference {
        Reference::Nobody => return None,
        Reference::Party(party) => (ReferenceKind::Party, then.party_id(party).to_owned()),
        Reference::Unknown(kind, entry) => (kind, usage.attribution.entries[entry].reference.to_string()),
    };
    let terms = line.agreement.map(|agreement| (agreement, then.agreement_terms(agreement)));
    let parts = maker.parts_of(line).map(|(work, gross)| Part { work: work.map(|work| then.work_id(work).to_owned()), gross });
    Some(ClaimLine {
        kind,
        reference,
        mid: terms.map(|(_, terms)| then.mid_id(terms.mid).to_owned()).unwrap_or_default(),
        agreement: terms.map(|(agreement, _)| then.agreement_id(agreement).to_owned()).unwrap_or_default(),
        status: line.status,
        gross: line.gross,
        labour: line.labour,
        share: terms.map_or(default, |(_, terms)| terms.labour_share),
        parts: parts.collect(),
    })
}

/// Suspense that has found its party, or a work its owners; what still finds nobody stays where it is.
fn found(at: &Circumstance<'_>, kind: ReferenceKind, asked: Vec<ClaimLine>) -> Result<Moved, AgainError> {
    // All that an event has in suspense has one share: the default of its platform.
    let Some(share) = asked.iter().map(|line| line.share).max() else { return Ok(Moved::default()) };
    let reached = match kind {
        ReferenceKind::Party => of_party(at, &asked),
        ReferenceKind::Work => of_owners(at, &asked)?,
    };
    let given = grouped(at, reached, share)?;
    // A work's owners are named from now on, whether or not anybody answers for them.
    let stays = given.is_empty() || (kind == ReferenceKind::Party && given.iter().all(|line| line.status == Status::Suspense));
    Ok(if stays { Moved::default() } else { Moved { taken: asked, given } })
}

/// Each part of a party's lines, if the registry knows it by now.
fn of_party<'r>(at: &Circumstance<'r>, asked: &[ClaimLine]) -> Vec<Found<'r>> {
    let registry = at.claim.registry;
    let known = asked.first().and_then(|line| registry.party(&line.reference));
    let Some(party) = known.map(|party| registry.standing(party)) else { return Vec::new() };
    let parts = asked.iter().flat_map(|line| &line.parts);
    parts.map(|part| Found { party, id: registry.party_id(party.party), part: part.clone() }).collect()
}

/// Each owner's part of a work's lines, if the registry knows who owns it.
fn of_owners<'r>(at: &Circumstance<'r>, asked: &[ClaimLine]) -> Result<Vec<Found<'r>>, AgainError> {
    let registry = at.claim.registry;
    let (mut reached, mut splitter, mut through) = (Vec::new(), Splitter::default(), Vec::new());
    for line in asked {
        let Some((_, owners)) = at.then_or_now(|time| registry.work(&line.reference, time)) else { continue };
        let weights: Vec<u128> = owners.iter().map(|owner| u128::from(owner.weight)).collect();
        splitter.split(line.gross, &weights, &mut through).map_err(Refused::from)?;
        for (owner, gross) in owners.iter().zip(&through).filter(|(_, gross)| **gross != Money::ZERO) {
            let part = Part { work: Some(line.reference.clone()), gross: *gross };
            reached.push(Found { party: registry.standing(owner.party), id: registry.party_id(owner.party), part });
        }
    }
    Ok(reached)
}

/// One line per party and status, as when an event is metered.
fn grouped(at: &Circumstance<'_>, reached: Vec<Found<'_>>, share: Rate) -> Result<Vec<ClaimLine>, AgainError> {
    let mut groups: BTreeMap<(String, Status), (Terms, Vec<Part>)> = BTreeMap::new();
    for Found { party, id, part } in reached {
        let terms = at.terms_of(party).unwrap_or_default();
        let status = match (at.denied(party, part.work.as_deref()), terms.share) {
            (true, _) => Status::Unlicensed,
            (false, Some(_)) => Status::Payable,
            (false, None) => Status::Suspense,
        };
        groups.entry((id.to_owned(), status)).or_insert_with(|| (terms, Vec::new())).1.push(part);
    }
    groups.into_iter().map(|((reference, status), (terms, parts))| given(reference, status, terms, parts, share)).collect()
}

fn given(reference: String, status: Status, terms: Terms, parts: Vec<Part>, least: Rate) -> Result<ClaimLine, AgainError> {
    let share = terms.share.map_or(least, |share| share.max(least));
    let gross = parts.iter().try_fold(Money::ZERO, |sum, part| sum.plus(part.gross)).map_err(Refused::from)?;
    let labour = share.ceil_of(gross).map_err(Refused::from)?;
    let (mid, agreement) = (terms.mid, terms.agreement);
    Ok(ClaimLine { kind: ReferenceKind::Party, reference, mid, agreement, status, gross, labour, share, parts })
}

/// Unlicensed use that was paid for becomes payable: under the agreement that it has, else under one that is found as for suspense; what is
/// another MID's than the one to which it was paid stays.
fn paid_for(at: &Circumstance<'_>, mid: Option<&String>, asked: Vec<ClaimLine>) -> Result<Moved, AgainError> {
    let mut moved = Moved::default();
    for line in asked {
        let given = match payable(at, &line)? {
            Some(given) if mid.is_none_or(|mid| *mid == given.mid) => given,
            _ => continue,
        };
        moved.given.push(given);
        moved.taken.push(line);
    }
    Ok(moved)
}

/// What an unlicensed line becomes, if there is an agreement for it.
fn payable(at: &Circumstance<'_>, line: &ClaimLine) -> Result<Option<ClaimLine>, AgainError> {
    if !line.agreement.is_empty() {
        return Ok(Some(ClaimLine { status: Status::Payable, ..line.clone() }));
    }
    let party = at.claim.registry.party(&line.reference).map(|party| at.claim.registry.standing(party));
    let terms = party.and_then(|party| at.terms_of(party));
    terms.map(|terms| given(line.reference.clone(), Status::Payable, terms, line.parts.clone(), line.share)).transpose()
}
