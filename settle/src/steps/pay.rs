//! Paid is what is available, cut down to the currency's minor unit and less what is withheld of that, where it reaches the party's threshold
//! and has somewhere to go.

use super::View;
use super::withhold::{Taxed, withheld_of};
use crate::book::transfer;
use crate::error::SettleError;
use crate::input::Input;
use crate::moves::{Account, Move, Rule, Step, WhyCarried};
use farthing_schemas::Money;

/// What is to become of an amount that is available.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// This much is paid.
    Pay {
        /// A multiple of the minor unit.
        amount: Money,
        /// And this much is withheld, a multiple of it, too.
        withheld: Money,
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
        // As before the tax, which was withheld if and only if this is paid.
        let untaxed = sums.available.minus(sums.steps.brought(Step::Withhold))?;
        if let Decision::Pay { amount, least, .. } = decide(view.input, Taxed::of(view.input, party)?, untaxed)? {
            let (from, to) = (Account::Party(party.clone()), Account::Payout(party.clone()));
            moves.extend(transfer(Step::Pay, Rule::Threshold(least), from, to, amount)?);
        }
    }
    Ok(moves)
}

/// What is to become of what is available to a party before a tax is withheld.
///
/// # Errors
/// A sum that does not fit.
pub fn decide(input: &Input, Taxed { payee, tax }: Taxed<'_>, available: Money) -> Result<Decision, SettleError> {
    let minor = input.currency.minor_unit();
    let Some(payout) = payee.payout.as_ref().filter(|payout| payout.currency == input.currency) else {
        return Ok(Decision::Keep(WhyCarried::NoPayoutInstruction));
    };
    let threshold = input.mid.threshold(&payout.method, input.currency).filter(|_| payee.stays);
    let least = threshold.unwrap_or(minor).max(minor);
    let base = available.max(Money::ZERO).cut_down_to(minor);
    let withheld = tax.map_or(Ok(Money::ZERO), |tax| withheld_of(base, tax, input.currency))?;
    let amount = base.minus(withheld)?;
    Ok(if amount >= least {
        Decision::Pay { amount, withheld, least }
    } else if amount < minor {
        Decision::Keep(WhyCarried::BelowMinorUnit)
    } else {
        Decision::Keep(WhyCarried::BelowThreshold)
    })
}
