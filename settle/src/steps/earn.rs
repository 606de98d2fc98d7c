//! Labour passes from the platform to the party, or back where a reversal outweighs it.

use super::View;
use crate::book::transfer;
use crate::error::SettleError;
use crate::moves::{Account, Move, Rule, Step};
use std::collections::BTreeMap;
use std::sync::Arc;

/// One move per agreement, cycle undone and party.
///
/// # Errors
/// An agreement without terms, or an amount without opposite.
pub fn moves(view: View<'_>) -> Result<Vec<Move>, SettleError> {
    let mut moves = Vec::new();
    let platforms: BTreeMap<&str, Arc<str>> =
        view.input.agreements.iter().map(|(agreement, terms)| (agreement.as_str(), terms.platform.as_str().into())).collect();
    for (key, earning) in view.earnings.iter() {
        let agreement = &key.terms.agreement;
        let platform = platforms.get(&**agreement).ok_or_else(|| SettleError::UnknownAgreement(agreement.to_string()))?;
        let (from, to) = (Account::Platform(platform.clone()), Account::Party(key.party.clone()));
        moves.extend(transfer(Step::Earn, Rule::Terms(key.terms.clone()), from, to, earning.labour)?);
    }
    Ok(moves)
}
