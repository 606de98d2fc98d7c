//! Successors: what is available to a party that has died before the end of the cycle is its heirs', by an exact split; so is what its
//! works still earn, in every cycle after. Heirs of heirs are served in one draft: who died before comes first.
//!
//! - Holds come first: what a hold on the party keeps back of what is available is not passed on; once it is lifted, it is.
//! - Debts are not passed on: nobody's own earnings are taken for what somebody else owed. What the party owed stays its own, and is
//!   recovered, as in its life, from what its works still earn and under the same cap; the heirs get the rest.
//! - What is inherited is not earned: it is in no base of the 70 % rule, and nothing of it is taken for what an heir owes from before.
//! - A tax is withheld of what an heir is paid, at the heir's own rate; of what is passed on none is.

use super::View;
use super::hold::{given_back, kept_back_of};
use crate::book::transfer;
use crate::error::SettleError;
use crate::input::Heir;
use crate::moves::{Account, Move, Rule, Step};
use farthing_schemas::Money;
use farthing_schemas::money::MoneyError;
use farthing_schemas::split::{SplitError, split};
use std::collections::{BTreeMap, BTreeSet};

/// One move per party that has died and each of its heirs that gets something.
///
/// # Errors
/// Heirs without shares or in a circle, or a sum that does not fit.
pub fn moves(view: View<'_>) -> Result<Vec<Move>, SettleError> {
    let (mut moves, given) = (Vec::new(), given_back(view));
    let mut inherited: BTreeMap<&str, Money> = BTreeMap::new();
    for party in in_order(&view.input.heirs)? {
        let own = view.book.party(party).map_or(Money::ZERO, |sums| sums.available);
        let available = own.plus(inherited.get(party).copied().unwrap_or_default())?.max(Money::ZERO);
        let passed_on = available.minus(kept_back_of(view, &given, party, available)?)?;
        let heirs = &view.input.heirs[party];
        for (heir, part) in heirs.iter().zip(parts(party, heirs, passed_on)?) {
            let sum = inherited.entry(&heir.party).or_default();
            *sum = sum.plus(part)?;
            let (from, to) = (Account::Party(party.into()), Account::Party(heir.party.as_str().into()));
            moves.extend(transfer(Step::Inherit, Rule::Heir(heir.share), from, to, part)?);
        }
    }
    Ok(moves)
}

/// By heir in the byte order of ids, as a split's ties want it.
fn parts(party: &str, heirs: &[Heir], whole: Money) -> Result<Vec<Money>, SettleError> {
    let shares: Vec<u128> = heirs.iter().map(|heir| u128::from(heir.share.millionths())).collect();
    split(whole, &shares).map_err(|error| match error {
        SplitError::NoWeight => SettleError::NoHeirs(party.to_owned()),
        SplitError::Overflow => SettleError::Money(MoneyError::Overflow),
    })
}

/// The parties that have died, each after all whose heir it is.
fn in_order(heirs: &BTreeMap<String, Vec<Heir>>) -> Result<Vec<&str>, SettleError> {
    let mut before: BTreeMap<&str, usize> = heirs.keys().map(|party| (party.as_str(), 0)).collect();
    for heir in heirs.values().flatten() {
        if let Some(count) = before.get_mut(heir.party.as_str()) {
            *count += 1;
        }
    }
    let mut ready: BTreeSet<&str> = before.iter().filter(|(_, count)| **count == 0).map(|(party, _)| *party).collect();
    let mut ordered = Vec::with_capacity(before.len());
    while let Some(party) = ready.pop_first() {
        ordered.push(party);
        before.remove(party);
        for heir in &heirs[party] {
            let Some(count) = before.get_mut(heir.party.as_str()) else { continue };
            *count -= 1;
            if *count == 0 {
                ready.insert(&heir.party);
            }
        }
    }
    match before.keys().next() {
        Some(party) => Err(SettleError::NoHeirs((*party).to_owned())),
        None => Ok(ordered),
    }
}
