//! [`ExchangeRate`]: how much of one currency there is for one of another, in whole units of 10^-12.

use crate::money::{Money, MoneyError, UNITS_PER_MAJOR};
use crate::split::{mul_div_ceil, mul_div_floor};
use std::fmt;
use std::str::FromStr;

/// A decimal above 0 with at most 15 digits before and 12 after its point: what one major unit of a currency is worth in another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExchangeRate(Money);

/// The text is not an exchange rate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an exchange rate: a decimal above 0 with at most 15 digits before and 12 after its point")]
pub struct NotAnExchangeRate(pub String);

impl ExchangeRate {
    /// What an amount gives in the other currency, in whole minor units of it: `floor(amount x rate)`, cut down to them.
    ///
    /// ```
    /// use farthing_schemas::{Currency, ExchangeRate, Money};
    /// let rate: ExchangeRate = "0.925".parse()?;
    /// let euro: Currency = "EUR".parse()?;
    /// assert_eq!(rate.exchanged("10.019".parse()?, euro.minor_unit())?, "9.26".parse()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] beyond 128 bits.
    pub fn exchanged(self, amount: Money, minor: Money) -> Result<Money, MoneyError> {
        mul_div_floor(amount.units(), self.0.units(), UNITS_PER_MAJOR).map(|units| Money::from_units(units).cut_down_to(minor))
    }

    /// The least amount that gives as much: `ceil(exchanged / rate)`. So it is what goes into an exchange, to the unit: one unit less would
    /// give less.
    ///
    /// ```
    /// use farthing_schemas::{Currency, ExchangeRate, Money};
    /// let rate: ExchangeRate = "0.925".parse()?;
    /// let least = rate.least_for("9.26".parse()?)?;
    /// assert_eq!(least.to_string(), "10.010810810811");
    /// let cent = "EUR".parse::<Currency>()?.minor_unit();
    /// assert_eq!(rate.exchanged(least, cent)?, "9.26".parse()?);
    /// assert_eq!(rate.exchanged(least.minus(Money::from_units(1))?, cent)?, "9.25".parse()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] beyond 128 bits.
    pub fn least_for(self, exchanged: Money) -> Result<Money, MoneyError> {
        mul_div_ceil(exchanged.units(), UNITS_PER_MAJOR, self.0.units()).map(Money::from_units)
    }
}

impl FromStr for ExchangeRate {
    type Err = NotAnExchangeRate;

    fn from_str(text: &str) -> Result<ExchangeRate, NotAnExchangeRate> {
        let rate = text.parse().ok().filter(|rate| *rate > Money::ZERO);
        rate.map(ExchangeRate).ok_or_else(|| NotAnExchangeRate(text.chars().take(64).collect()))
    }
}

/// With 12 fractional digits.
impl fmt::Display for ExchangeRate {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}
