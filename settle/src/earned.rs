//! [`Earned`]: what somebody earned, line by line, and in which part of a draft it stands: what papers below a draft are made of.

use crate::draft::Draft;
use farthing_schemas::{Accrual, Currency, Cycle, Money, Status, Use};
use std::collections::BTreeSet;

/// What somebody earned, as an accrual or a result line has it.
#[derive(Clone, Copy, Debug)]
pub struct Earned<'a> {
    /// Who earned it.
    pub party: &'a str,
    /// The MID whose agreement applies, else empty.
    pub mid: &'a str,
    /// The agreement that applies, else empty.
    pub agreement: &'a str,
    /// Who owes it.
    pub platform: &'a str,
    /// What was done.
    pub use_: Use,
    /// The currency of gross and labour.
    pub currency: Currency,
    /// What is to become of it.
    pub status: Status,
    /// The cycle it is settled in.
    pub cycle: Cycle,
    /// Whether it belongs to an earlier cycle that was closed when it came.
    pub late: bool,
    /// The cycle that a reversal undoes.
    pub undone: Option<Cycle>,
    /// Which event, where it is known: all lines of one stand together.
    pub event: Option<EventNumber>,
    /// How many events: 1 for a result line, -1 for one that undoes another.
    pub events: i64,
    /// The part of the revenue.
    pub gross: Money,
    /// The part of gross promised to contributors.
    pub labour: Money,
}

/// Tells an event from others; it has lines of several parties.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EventNumber(pub u64);

impl<'a> Earned<'a> {
    /// An accrual, of so many events.
    #[must_use]
    pub fn of(accrual: &'a Accrual, events: i64) -> Earned<'a> {
        let key = &accrual.key;
        Earned {
            party: &key.party,
            mid: &key.mid,
            agreement: &key.agreement,
            platform: &key.platform,
            use_: key.use_,
            currency: key.currency,
            status: key.status,
            cycle: accrual.cycle,
            late: accrual.late,
            undone: accrual.undone,
            event: None,
            events,
            gross: accrual.gross,
            labour: accrual.labour,
        }
    }
}

/// Agreements in cycles that earlier drafts left out and this one settles or leaves out again.
pub type Deferred = BTreeSet<(String, Cycle)>;

/// Where something stands in the papers of a draft.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// It is settled.
    Used,
    /// It undoes something of that closed cycle, on its terms.
    Undone(Cycle),
    /// It waits for a later cycle.
    LeftOut,
}

/// Where it stands, as [`crate::earnings`] has it: what was left out before joins, and what undoes it is judged with it. None where it is
/// not the draft's.
#[must_use]
pub fn part(draft: &Draft, deferred: &Deferred, earned: &Earned<'_>) -> Option<Part> {
    let ours = earned.status == Status::Payable && earned.mid == draft.mid && earned.currency == draft.currency;
    let deferred = |cycle: Cycle| !deferred.is_empty() && deferred.contains(&(earned.agreement.to_owned(), cycle));
    if !ours || !(earned.cycle == draft.cycle || deferred(earned.cycle)) {
        return None;
    }
    if draft.without.contains(earned.agreement) {
        return Some(Part::LeftOut);
    }
    let undone = earned.undone.filter(|undone| *undone != draft.cycle && !deferred(*undone));
    Some(undone.map_or(Part::Used, Part::Undone))
}
