//! Paid is what is available, cut down to the currency's minor unit, where it reaches the party's threshold and has somewhere to go.

use super::View;
use crate::book::transfer;
use crate::error::SettleError;
use crate::input::{Input, Payee};
use crate::moves::{Account, Move, Rule, Step, WhyCarried};
use farthing_schemas::Money;

/// What is to become of an amount that is available.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// This much is paid.
    Pay {
        /// A multiple of the minor unit.
        amount: Money,
        /// The least that would have been paid.
        least: Money,
    },
    /// All of it stays.
    Keep(WhyCarried),
}

/// One move per party that is paid.
///
/// # Errors
/// A party that is not among the payees.
pub fn moves(view: View<'_>) -> Result<Vec<Move>, SettleError> {
    let mut moves = Vec::new();
    for (party, sums) in view.book.parties() {
        let payee = view.input.payees.get(party).ok_or_else(|| SettleError::UnknownPayee(party.clone()))?;
        if let Decision::Pay { amount, least } = decide(view.input, payee, sums.available) {
            let (from, to) = (Account::Party(party.clone()), Account::Payout(party.clone()));
            moves.extend(transfer(Step::Pay, Rule::Threshold(least), from, to, amount)?);
        }
    }
    Ok(moves)
}

/// What is to become of what is available to a party.
#[must_use]
pub fn decide(input: &Input, payee: &Payee, available: Money) -> Decision {
    let minor = input.currency.minor_unit();
    let Some(payout) = payee.payout.as_ref().filter(|payout| payout.currency == input.currency) else {
        return Decision::Keep(WhyCarried::NoPayoutInstruction);
    };
    let threshold = input.mid.threshold(&payout.method, input.currency).filter(|_| payee.stays);
    let least = threshold.unwrap_or(minor).max(minor);
    let amount = available.max(Money::ZERO).cut_down_to(minor);
    if amount >= least {
        Decision::Pay { amount, least }
    } else if amount < minor {
        Decision::Keep(WhyCarried::BelowMinorUnit)
    } else {
        Decision::Keep(WhyCarried::BelowThreshold)
    }
}
