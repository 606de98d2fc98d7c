//! Holds: what is in dispute is kept back before anything is paid, and is the party's again once its hold is lifted. Nobody else ever
//! gets it.

use super::View;
use crate::book::transfer;
use crate::error::SettleError;
use crate::input::{Hold, Input};
use crate::moves::{Account, Move, Rule, Step};
use farthing_schemas::Money;
use std::collections::BTreeMap;

/// One move per lifted hold that keeps something back.
///
/// # Errors
/// An amount without opposite.
pub fn lift_moves(view: View<'_>) -> Result<Vec<Move>, SettleError> {
    let mut moves = Vec::new();
    for (number, hold) in view.input.holds.iter().filter(|(_, hold)| hold.lifted) {
        let (from, to) = (Account::Held(hold.party.as_str().into()), Account::Party(hold.party.as_str().into()));
        moves.extend(transfer(Step::Lift, Rule::Hold(*number), from, to, hold.held_before)?);
    }
    Ok(moves)
}

/// One move per hold in force whose party has something: the older hold comes first.
///
/// # Errors
/// A sum that does not fit.
pub fn hold_moves(view: View<'_>) -> Result<Vec<Move>, SettleError> {
    let mut moves = Vec::new();
    let mut left: BTreeMap<&str, Money> = BTreeMap::new();
    for (number, hold) in view.input.holds.iter().filter(|(_, hold)| !hold.lifted) {
        let available = || view.book.party(&hold.party).map_or(Money::ZERO, |sums| sums.available);
        let left = left.entry(&hold.party).or_insert_with(available);
        let amount = kept_back(hold, *left)?;
        *left = left.minus(amount)?;
        let (from, to) = (Account::Party(hold.party.as_str().into()), Account::Held(hold.party.as_str().into()));
        moves.extend(transfer(Step::Hold, Rule::Hold(*number), from, to, amount)?);
    }
    Ok(moves)
}

/// What all holds on a party keep back together of what is available to it.
///
/// # Errors
/// A sum that does not fit.
pub fn kept_back_of(input: &Input, party: &str, available: Money) -> Result<Money, SettleError> {
    let mut left = available;
    for hold in input.holds.values().filter(|hold| !hold.lifted && hold.party == party) {
        left = left.minus(kept_back(hold, left)?)?;
    }
    Ok(available.minus(left)?)
}

/// What a hold keeps back of what is available: what a party owes cannot be held.
fn kept_back(hold: &Hold, available: Money) -> Result<Money, SettleError> {
    let available = available.max(Money::ZERO);
    let Some(limit) = hold.limit else { return Ok(available) };
    Ok(limit.minus(hold.held_before)?.max(Money::ZERO).min(available))
}
