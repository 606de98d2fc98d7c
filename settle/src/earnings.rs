//! [`Earnings`]: the accruals of one draft, checked and summed per terms and party.

use crate::error::SettleError;
use crate::input::Input;
use crate::moves::Terms;
use farthing_schemas::{Accrual, Cycle, Money, Status};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Who earned under which terms.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EarningKey {
    /// The terms.
    pub terms: Terms,
    /// The party.
    pub party: Arc<str>,
}

/// What was earned under one key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Earning {
    /// The party's part of the revenue: the base of the 70 % rule.
    pub gross: Money,
    /// What the agreement promises of it.
    pub labour: Money,
}

/// What a draft settles, in the order of its keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Earnings {
    by_key: Vec<(EarningKey, Earning)>,
    gross_all: BTreeMap<String, Money>,
}

impl Earnings {
    /// Sums what the input settles.
    ///
    /// # Errors
    /// An accrual out of place, an agreement without terms, or one to leave out that has nothing here.
    pub fn of(input: &Input) -> Result<Earnings, SettleError> {
        let deferred_cycles: BTreeSet<(&str, Cycle)> =
            input.deferred.iter().map(|accrual| (accrual.key.agreement.as_str(), accrual.cycle)).collect();
        let mut earnings = Earnings::default();
        let mut by_key: BTreeMap<EarningKey, Earning> = BTreeMap::new();
        let mut agreements: BTreeMap<&str, Arc<str>> = BTreeMap::new();
        let mut left_out = BTreeSet::new();
        for (accrual, kind) in all(input) {
            check_place(input, accrual, kind)?;
            add(earnings.gross_all.entry(accrual.key.platform.clone()).or_default(), accrual.gross)?;
            if !is_ours(input, accrual) {
                continue;
            }
            if input.without.contains(&accrual.key.agreement) {
                left_out.insert(accrual.key.agreement.as_str());
                continue;
            }
            let undone = cycle_undone(input, accrual, &deferred_cycles)?;
            let agreement = accrual.key.agreement.as_str();
            let terms = Terms { agreement: agreements.entry(agreement).or_insert_with(|| agreement.into()).clone(), undone };
            let earning = by_key.entry(EarningKey { terms, party: accrual.key.party.as_str().into() }).or_default();
            add(&mut earning.gross, accrual.gross)?;
            add(&mut earning.labour, accrual.labour)?;
        }
        earnings.by_key = by_key.into_iter().collect();
        match input.without.iter().find(|agreement| !left_out.contains(agreement.as_str())) {
            Some(agreement) => Err(SettleError::NothingToLeaveOut(agreement.clone())),
            None => Ok(earnings),
        }
    }

    /// What was earned, by agreement, cycle undone (none first) and party.
    pub fn iter(&self) -> impl Iterator<Item = (&EarningKey, &Earning)> {
        self.by_key.iter().map(|(key, earning)| (key, earning))
    }

    /// All that the platform owes on in this cycle and currency, whatever the status and the MID.
    #[must_use]
    pub fn gross_all(&self, platform: &str) -> Money {
        self.gross_all.get(platform).copied().unwrap_or_default()
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Current,
    Deferred,
}

fn all(input: &Input) -> impl Iterator<Item = (&Accrual, Kind)> {
    let current = input.accruals.iter().map(|accrual| (accrual, Kind::Current));
    current.chain(input.deferred.iter().map(|accrual| (accrual, Kind::Deferred)))
}

fn add(sum: &mut Money, amount: Money) -> Result<(), SettleError> {
    *sum = sum.plus(amount)?;
    Ok(())
}

fn is_ours(input: &Input, accrual: &Accrual) -> bool {
    accrual.key.status == Status::Payable && accrual.key.mid == input.mid.mid
}

/// An accrual that came here by mistake is an error: to skip it could lose somebody's money silently.
fn check_place(input: &Input, accrual: &Accrual, kind: Kind) -> Result<(), SettleError> {
    let in_cycle = match kind {
        Kind::Current => accrual.cycle == input.cycle,
        Kind::Deferred => accrual.cycle < input.cycle,
    };
    if accrual.key.currency != input.currency {
        return Err(misplaced(accrual, "it is in another currency"));
    }
    if !in_cycle {
        return Err(misplaced(accrual, "it belongs to another cycle"));
    }
    if kind == Kind::Deferred && !is_ours(input, accrual) {
        return Err(misplaced(accrual, "only payable accruals of this MID can have been left out before"));
    }
    Ok(())
}

/// The closed cycle on whose terms a reversal stands apart; none where the original is settled in this very draft (it may have
/// been left out until now), so that whoever gives back is always judged on the terms of what they got.
fn cycle_undone(input: &Input, accrual: &Accrual, deferred_cycles: &BTreeSet<(&str, Cycle)>) -> Result<Option<Cycle>, SettleError> {
    let Some(undone) = accrual.undone else { return Ok(None) };
    let agreement = &accrual.key.agreement;
    if undone > accrual.cycle {
        return Err(misplaced(accrual, "it undoes a later cycle"));
    }
    let joins_here = undone == input.cycle || deferred_cycles.contains(&(agreement.as_str(), undone));
    Ok((!joins_here).then_some(undone))
}

fn misplaced(accrual: &Accrual, why: &'static str) -> SettleError {
    SettleError::Misplaced { party: accrual.key.party.clone(), agreement: accrual.key.agreement.clone(), why }
}
