//! Paid is what is available, cut down to the currency's minor unit and less what is withheld of that, where it reaches the party's threshold
//! and has somewhere to go. In another currency it is what [`super::exchange`] makes of it.

use super::View;
use super::exchange::{self, Exchange};
use super::withhold::{Taxed, withheld_of};
use crate::book::transfer;
use crate::draft::Exchanged;
use crate::error::SettleError;
use crate::input::{Input, Payee, Payout};
use crate::moves::{Account, Move, Rule, Step, WhyCarried};
use farthing_schemas::Money;

/// What is to become of an amount that is available.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// This much is paid.
    Pay {
        /// A multiple of the minor unit, or what goes into an exchange.
        amount: Money,
        /// And this much is withheld, a multiple of it.
        withheld: Money,
        /// Why: what was reached, or what comes out.
        rule: Rule,
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
        let before = sums.available.minus(sums.steps.brought(Step::Withhold))?;
        if let Decision::Pay { amount, rule, .. } = decide(view.input, Taxed::of(view.input, party)?, before)? {
            let (from, to) = (Account::Party(party.clone()), Account::Payout(party.clone()));
            moves.extend(transfer(Step::Pay, rule, from, to, amount)?);
        }
    }
    Ok(moves)
}

/// What is to become of what is available to a party before a tax is withheld.
///
/// # Errors
/// A sum that does not fit.
pub fn decide(input: &Input, taxed: Taxed<'_>, available: Money) -> Result<Decision, SettleError> {
    let Taxed { payee, tax, untaxed } = taxed;
    let minor = input.currency.minor_unit();
    let payout = match &payee.payout {
        Some(payout) if payout.currency == input.currency => payout,
        Some(payout) => return elsewhere(input, taxed, payout, available),
        None => return Ok(Decision::Keep(WhyCarried::NoPayoutInstruction)),
    };
    let least = least(input, payee, payout);
    let base = available.max(Money::ZERO).cut_down_to(minor);
    let base_of_tax = base.minus(untaxed.min(base))?;
    let withheld = tax.map_or(Ok(Money::ZERO), |tax| withheld_of(base_of_tax, tax, input.currency))?;
    let amount = base.minus(withheld)?;
    Ok(if amount >= least { Decision::Pay { amount, withheld, rule: Rule::Threshold(least) } } else { too_little(amount, minor) })
}

/// What is to become of it where it is paid in another currency: its threshold is judged in that one, on what would arrive.
fn elsewhere(input: &Input, taxed: Taxed<'_>, payout: &Payout, available: Money) -> Result<Decision, SettleError> {
    let Taxed { payee, tax, untaxed } = taxed;
    let Some(quote) = input.quotes.get(&payout.currency) else { return Ok(Decision::Keep(WhyCarried::NoPayoutInstruction)) };
    let terms = exchange::Terms { from: input.currency, to: payout.currency, quote, tax, untaxed };
    let Exchange { paid, withheld, exchanged } = exchange::most(available, terms)?;
    if exchanged < least(input, payee, payout) {
        return Ok(too_little(exchanged, payout.currency.minor_unit()));
    }
    let exchanged = Exchanged { currency: payout.currency, amount: exchanged, quote: quote.clone() };
    Ok(Decision::Pay { amount: paid, withheld, rule: Rule::Exchange(Box::new(exchanged)) })
}

/// The least that goes out by the party's instruction, in its currency.
fn least(input: &Input, payee: &Payee, payout: &Payout) -> Money {
    let minor = payout.currency.minor_unit();
    let threshold = input.mid.threshold(&payout.method, payout.currency).filter(|_| payee.stays);
    threshold.unwrap_or(minor).max(minor)
}

fn too_little(amount: Money, minor: Money) -> Decision {
    Decision::Keep(if amount < minor { WhyCarried::BelowMinorUnit } else { WhyCarried::BelowThreshold })
}
