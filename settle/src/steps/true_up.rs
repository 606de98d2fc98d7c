//! The true-up: where less than 70 % of an agreement's gross is its parties' net, the MID gives back of its fee what is missing,
//! if the agreement says so. Where it does not, nothing moves and the draft is refused.
//!
//! The fee always suffices: each line's labour is at least 0.70 of its gross, rounded up, so `sum(labour) >= ceil(7 x sum(gross) / 10)`
//! and what is missing, `ceil(7 x sum(gross) / 10) - (sum(labour) - sum(fee))`, is at most `sum(fee)`. Accruals for which this is
//! not so do not come from an agreement that the registry would have let in: an error, never a gift of more than the fee.

use super::View;
use crate::book::transfer;
use crate::error::SettleError;
use crate::finding::{Finding, findings};
use crate::input::OnShortfall;
use crate::moves::{Account, Move, Rule, Step, Terms};
use farthing_schemas::money::MoneyError;
use farthing_schemas::split::{SplitError, Splitter};
use std::sync::Arc;

/// One move per party of the agreements that lack something and are to be mended.
///
/// # Errors
/// An agreement that not even its whole fee could mend.
pub fn moves(view: View<'_>) -> Result<Vec<Move>, SettleError> {
    let mut moves = Vec::new();
    for finding in findings(view.input, view.earnings, view.book)? {
        if !finding.holds()? && finding.terms.on_shortfall == OnShortfall::TrueUp {
            moves.extend(give_back(view, &finding)?);
        }
    }
    Ok(moves)
}

fn give_back(view: View<'_>, finding: &Finding<'_>) -> Result<Vec<Move>, SettleError> {
    let missing = finding.shortfall()?;
    if missing > finding.fee {
        return Err(SettleError::BeyondTrueUp(finding.agreement.to_owned()));
    }
    let terms = Terms { agreement: finding.agreement.into(), undone: None };
    // By party in byte order, as a split's ties want it. Who only gives back takes no part.
    let of_agreement = || view.earnings.iter().filter(|(key, _)| key.terms == terms);
    let weights: Vec<u128> = of_agreement().map(|(_, earning)| earning.labour.units().max(0).unsigned_abs()).collect();
    let mut parts = Vec::new();
    Splitter::default().split(missing, &weights, &mut parts).map_err(|error| match error {
        SplitError::NoWeight => SettleError::BeyondTrueUp(finding.agreement.to_owned()),
        SplitError::Overflow => SettleError::Money(MoneyError::Overflow),
    })?;
    let mut moves = Vec::new();
    let mid: Arc<str> = view.input.mid.mid.as_str().into();
    for ((key, _), part) in of_agreement().zip(parts) {
        let (from, to) = (Account::Mid(mid.clone()), Account::Party(key.party.clone()));
        moves.extend(transfer(Step::TrueUp, Rule::Terms(terms.clone()), from, to, part)?);
    }
    Ok(moves)
}
