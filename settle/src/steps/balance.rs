//! What earlier cycles carried: what is owed to a party is there again in full, and so is what has come back; of what a party owes, only a
//! capped part of its earnings is taken, so that nobody is left without.

use super::View;
use crate::book::{PartySums, transfer};
use crate::error::SettleError;
use crate::moves::{Account, Move, Rule, Step};
use farthing_schemas::Money;

/// One move per party to which something is owed from before, or has come back.
///
/// # Errors
/// An amount without opposite.
pub fn bring_in_moves(view: View<'_>) -> Result<Vec<Move>, SettleError> {
    let mut moves = Vec::new();
    for (party, _) in view.book.parties() {
        let (from, to) = (Account::Carried(party.clone()), Account::Party(party.clone()));
        let owed = view.input.carried_by(party).max(Money::ZERO).plus(view.input.returned_to(party)?)?;
        moves.extend(transfer(Step::BringIn, Rule::Balance, from, to, owed)?);
    }
    Ok(moves)
}

/// One move per party that owes from before and earned in this cycle.
///
/// # Errors
/// A sum that does not fit.
pub fn recover_moves(view: View<'_>) -> Result<Vec<Move>, SettleError> {
    let cap = view.input.mid.recovery_cap;
    let mut moves = Vec::new();
    for (party, sums) in view.book.parties().filter(|(party, _)| view.input.carried_by(party) < Money::ZERO) {
        let owed = view.input.carried_by(party).negated()?;
        let most = cap.floor_of(earned(sums)?.max(Money::ZERO))?;
        let (from, to) = (Account::Party(party.clone()), Account::Carried(party.clone()));
        moves.extend(transfer(Step::Recover, Rule::RecoveryCap(cap), from, to, owed.min(most))?);
    }
    Ok(moves)
}

fn earned(sums: &PartySums) -> Result<Money, SettleError> {
    sums.steps.brought_by(&[Step::Earn, Step::Fee, Step::TrueUp])
}
