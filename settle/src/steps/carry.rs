//! What was not paid stays owed, exactly and without expiry; the party's own account is empty after this.

use super::View;
use super::pay::{Decision, decide};
use super::withhold::Taxed;
use crate::book::{PartySums, transfer};
use crate::error::SettleError;
use crate::moves::{Account, Move, Rule, Step, WhyCarried};
use farthing_schemas::Money;

/// One move per party with something left.
///
/// # Errors
/// A sum that does not fit, or a party that is not among the payees.
pub fn moves(view: View<'_>) -> Result<Vec<Move>, SettleError> {
    let mut moves = Vec::new();
    for (party, sums) in view.book.parties() {
        let (from, to) = (Account::Party(party.clone()), Account::Carried(party.clone()));
        let rule = Rule::Carried(why_carried(view, party, sums)?);
        moves.extend(transfer(Step::Carry, rule, from, to, sums.available)?);
    }
    Ok(moves)
}

fn why_carried(view: View<'_>, party: &str, sums: &PartySums) -> Result<WhyCarried, SettleError> {
    if sums.carried.plus(sums.available)? < Money::ZERO {
        return Ok(WhyCarried::Owing);
    }
    Ok(match decide(view.input, Taxed::of(view.input, party)?, sums.available)? {
        Decision::Keep(why) => why,
        // What could be paid was paid one step before: what that left is below a minor unit, if not of this currency, of the payout's.
        Decision::Pay { .. } => WhyCarried::BelowMinorUnit,
    })
}
