//! Labour passes from the platform to the party, or back where a reversal outweighs it.

use super::View;
use crate::book::transfer;
use crate::error::SettleError;
use crate::moves::{Account, Move, Rule, Step};

/// One move per agreement, cycle undone and party.
///
/// # Errors
/// An agreement without terms, or an amount without opposite.
pub fn moves(view: View<'_>) -> Result<Vec<Move>, SettleError> {
    let mut moves = Vec::new();
    for (key, earning) in view.earnings.iter() {
        let agreement = &key.terms.agreement;
        let terms = view.input.agreements.get(agreement).ok_or_else(|| SettleError::UnknownAgreement(agreement.clone()))?;
        let (from, to) = (Account::Platform(terms.platform.clone()), Account::Party(key.party.clone()));
        moves.extend(transfer(Step::Earn, Rule::Terms(key.terms.clone()), from, to, earning.labour)?);
    }
    Ok(moves)
}
