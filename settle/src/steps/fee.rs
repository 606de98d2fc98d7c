//! The MID's fee: `floor(labour x fee)` per party and agreement, and per cycle undone at that cycle's fee.
//!
//! Rounded towards minus infinity on both ways, so that giving back is never dearer than earning was: of a labour `l` the party got
//! `l - floor(l x fee)`, and gives back `l - ceil(l x fee)`.

use super::View;
use crate::book::transfer;
use crate::error::SettleError;
use crate::input::Input;
use crate::moves::{Account, Move, Rule, Step, Terms};
use farthing_schemas::Rate;
use std::sync::Arc;

/// One move per agreement, cycle undone and party.
///
/// # Errors
/// A cycle undone whose fee is not known.
pub fn moves(view: View<'_>) -> Result<Vec<Move>, SettleError> {
    let mut moves = Vec::new();
    let mid: Arc<str> = view.input.mid.mid.as_str().into();
    for (key, earning) in view.earnings.iter() {
        let fee = fee_of(view.input, &key.terms)?.floor_of(earning.labour)?;
        let (from, to) = (Account::Party(key.party.clone()), Account::Mid(mid.clone()));
        moves.extend(transfer(Step::Fee, Rule::Terms(key.terms.clone()), from, to, fee)?);
    }
    Ok(moves)
}

fn fee_of(input: &Input, terms: &Terms) -> Result<Rate, SettleError> {
    let Some(undone) = terms.undone else { return Ok(input.mid.fee) };
    let settled_in = input.settled_in.get(&(terms.agreement.to_string(), undone)).copied().unwrap_or(undone);
    input.fees_of_cycles.get(&settled_in).copied().ok_or(SettleError::UnknownFee(settled_in))
}
