//! Adjustments: what a closed cycle got wrong is put right in this one, between the party and what its MID keeps. The cycle itself stays as
//! it is, and what is earned here is not touched: an adjustment is in no base of the 70 % rule.

use super::View;
use crate::book::transfer;
use crate::error::SettleError;
use crate::moves::{Account, Move, Rule, Step};

/// One move per adjustment.
///
/// # Errors
/// An amount without opposite.
pub fn moves(view: View<'_>) -> Result<Vec<Move>, SettleError> {
    let mut moves = Vec::new();
    for (number, adjustment) in &view.input.adjustments {
        let (from, to) = (Account::Mid(view.input.mid.mid.as_str().into()), Account::Party(adjustment.party.as_str().into()));
        moves.extend(transfer(Step::Adjust, Rule::Adjustment(*number), from, to, adjustment.amount)?);
    }
    Ok(moves)
}
