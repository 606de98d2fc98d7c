//! How a payment goes out in another currency: no step of its own, but what [`super::pay`] and [`super::withhold`] do where the party's
//! payout instruction is in another currency than the draft, and the registry has a rate for the two.
//!
//! What arrives is a whole number of that currency's minor units: `exchanged = floor(paid x rate)`, cut down to them. `paid` is the least
//! amount that gives as much, so a unit less would give less, and nobody pays for what is cut: that stays owed, exactly, in the currency
//! that it was earned in. So nothing is lost in either currency and there is nothing to put on an account for rounding: in the books the
//! one amount goes into the account of the exchange, and the other one comes out of it.
//!
//! A tax is withheld in the draft's currency, in its minor units: of what can be paid `paid + withheld` is the base, as it is without an
//! exchange. Since `paid` is not free here, but one of the amounts that an exchange can take, the tax that belongs to it is
//! `floor(paid x rate / (1 - rate))`, cut down to minor units; then `withheld = floor(base x rate)`, cut down, holds as everywhere. What
//! had come back before is in no base, and so not in that `paid` either. Of all such payments the largest is made that is available.

use crate::error::SettleError;
use crate::input::{Quote, Tax};
use farthing_schemas::rate::MILLION;
use farthing_schemas::split::mul_div_floor;
use farthing_schemas::{Currency, Money};

/// A payment in another currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exchange {
    /// What goes into it, in the draft's currency.
    pub paid: Money,
    /// What is withheld beside it, in the draft's currency.
    pub withheld: Money,
    /// What comes out of it.
    pub exchanged: Money,
}

/// What is exchanged.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'a> {
    /// The draft's currency.
    pub from: Currency,
    /// The payout's currency.
    pub to: Currency,
    /// What one of the one is worth in the other.
    pub quote: &'a Quote,
    /// What is withheld.
    pub tax: Option<&'a Tax>,
    /// This much is paid without it.
    pub untaxed: Money,
}

/// The largest payment that is available; all its amounts are nothing if there is none.
///
/// # Errors
/// A sum that does not fit.
pub fn most(available: Money, terms: Terms<'_>) -> Result<Exchange, SettleError> {
    let minor = terms.to.minor_unit();
    // Counts of minor units: this many there would be without a tax, and with one there are not more. Each payment takes more than a
    // smaller one, so halving finds the largest.
    let (mut least, mut most) = (0, terms.quote.rate.exchanged(available.max(Money::ZERO), minor)?.units() / minor.units());
    while least < most {
        let middle = most - (most - least) / 2;
        let Exchange { paid, withheld, .. } = of(Money::from_units(middle * minor.units()), terms)?;
        if paid.plus(withheld)? <= available {
            least = middle;
        } else {
            most = middle - 1;
        }
    }
    of(Money::from_units(least * minor.units()), terms)
}

/// The payment of which so much comes out.
fn of(exchanged: Money, terms: Terms<'_>) -> Result<Exchange, SettleError> {
    let paid = terms.quote.rate.least_for(exchanged)?;
    let Some(tax) = terms.tax else { return Ok(Exchange { paid, withheld: Money::ZERO, exchanged }) };
    let (rate, left) = (tax.rate.millionths(), MILLION - tax.rate.millionths());
    if left == 0 {
        return Err(SettleError::NothingLeft(tax.withholding.clone()));
    }
    let taxed = paid.minus(terms.untaxed.min(paid))?;
    let exact = Money::from_units(mul_div_floor(taxed.units(), i128::from(rate), i128::from(left))?);
    Ok(Exchange { paid, withheld: exact.cut_down_to(terms.from.minor_unit()), exchanged })
}
