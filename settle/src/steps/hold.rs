//! Holds: what is in dispute is kept back before anything is paid, and is the party's again once its hold is lifted. Of what a party earns
//! a reserve keeps a share back, until its time is over. Nobody else ever gets it.

use super::View;
use crate::book::{Book, transfer};
use crate::error::SettleError;
use crate::input::{Hold, Reserve};
use crate::moves::{Account, Move, Rule, Step};
use farthing_schemas::Money;
use std::collections::BTreeMap;

/// One move per hold that gives something back: all of it if it is lifted, what is due of a reserve.
///
/// # Errors
/// An amount without opposite.
pub fn lift_moves(view: View<'_>) -> Result<Vec<Move>, SettleError> {
    let mut moves = Vec::new();
    for (number, hold) in &view.input.holds {
        moves.extend(transfer(Step::Lift, Rule::Hold(*number), keeps(hold), owns(hold), given_back(hold))?);
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
        let amount = kept_back(view.book, hold, *left)?;
        *left = left.minus(amount)?;
        moves.extend(transfer(Step::Hold, Rule::Hold(*number), owns(hold), keeps(hold), amount)?);
    }
    Ok(moves)
}

/// What all holds on a party keep back together of what is available to it.
///
/// # Errors
/// A sum that does not fit.
pub fn kept_back_of(view: View<'_>, party: &str, available: Money) -> Result<Money, SettleError> {
    let mut left = available;
    for hold in view.input.holds.values().filter(|hold| !hold.lifted && hold.party == party) {
        left = left.minus(kept_back(view.book, hold, left)?)?;
    }
    Ok(available.minus(left)?)
}

/// What a hold keeps back of what is available: what a party owes cannot be held.
fn kept_back(book: &Book, hold: &Hold, available: Money) -> Result<Money, SettleError> {
    let wanted = match &hold.reserve {
        Some(Reserve { share, .. }) => share.floor_of(earned(book, &hold.party)?)?.min(available),
        None => available,
    };
    let room = hold.limit.map(|limit| limit.minus(hold.held_before)?.plus(given_back(hold))).transpose()?;
    Ok(room.map_or(wanted, |room| room.min(wanted)).max(Money::ZERO))
}

/// What a hold gives back of what it keeps.
fn given_back(hold: &Hold) -> Money {
    match &hold.reserve {
        _ if hold.lifted => hold.held_before,
        Some(Reserve { due, .. }) => hold.held_before.min(*due),
        None => Money::ZERO,
    }
}

/// What the cycle brings a party by itself: its net, with what the MID gives back of its fee.
fn earned(book: &Book, party: &str) -> Result<Money, SettleError> {
    book.party(party).map_or(Ok(Money::ZERO), |sums| sums.steps.brought_by(&[Step::Earn, Step::Fee, Step::TrueUp]))
}

fn owns(hold: &Hold) -> Account {
    Account::Party(hold.party.as_str().into())
}

fn keeps(hold: &Hold) -> Account {
    let party = hold.party.as_str().into();
    if hold.reserve.is_some() { Account::Reserve(party) } else { Account::Held(party) }
}
