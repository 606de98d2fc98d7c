//! [`Rate`]: a labour share, fee or work share, in whole millionths.

use crate::money::{Money, MoneyError};
use crate::split::{mul_div_ceil, mul_div_floor};
use std::fmt;
use std::str::FromStr;

/// Parts per million in one.
pub const MILLION: u32 = 1_000_000;

/// A number from 0 to 1 with at most 6 fractional digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rate(u32);

/// The text is not a rate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a rate: a decimal from 0 to 1 with at most 6 fractional digits")]
pub struct NotARate(pub String);

impl Rate {
    /// No labour share may be below this: 0.70.
    pub const LEAST_LABOUR_SHARE: Rate = Rate(700_000);

    /// A rate of that many millionths, if it is at most one.
    #[must_use]
    pub const fn from_millionths(millionths: u32) -> Option<Rate> {
        if millionths <= MILLION { Some(Rate(millionths)) } else { None }
    }

    /// The count of millionths.
    #[must_use]
    pub const fn millionths(self) -> u32 {
        self.0
    }

    /// `ceil(amount x self)`: labour of a gross.
    ///
    /// ```
    /// use farthing_schemas::{Money, Rate};
    /// let share: Rate = "0.75".parse()?;
    /// assert_eq!(share.ceil_of(Money::from_units(5))?.units(), 4);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] cannot happen for a rate of at most one, but is not hidden.
    pub fn ceil_of(self, amount: Money) -> Result<Money, MoneyError> {
        mul_div_ceil(amount.units(), i128::from(self.0), i128::from(MILLION)).map(Money::from_units)
    }

    /// `floor(amount x self)`, towards minus infinity: a fee of a labour.
    ///
    /// ```
    /// use farthing_schemas::{Money, Rate};
    /// let fee: Rate = "0.05".parse()?;
    /// assert_eq!(fee.floor_of(Money::from_units(39))?.units(), 1);
    /// assert_eq!(fee.floor_of(Money::from_units(-1))?.units(), -1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`Rate::ceil_of`].
    pub fn floor_of(self, amount: Money) -> Result<Money, MoneyError> {
        mul_div_floor(amount.units(), i128::from(self.0), i128::from(MILLION)).map(Money::from_units)
    }
}

impl FromStr for Rate {
    type Err = NotARate;

    fn from_str(text: &str) -> Result<Rate, NotARate> {
        let bad = || NotARate(text.chars().take(64).collect());
        let units = text.parse::<Money>().map_err(|_| bad())?.units();
        let per_millionth = crate::money::UNITS_PER_MAJOR / i128::from(MILLION);
        let millionths = u32::try_from(units / per_millionth).map_err(|_| bad())?;
        if units % per_millionth != 0 {
            return Err(bad());
        }
        Rate::from_millionths(millionths).ok_or_else(bad)
    }
}

/// With 6 fractional digits.
impl fmt::Display for Rate {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}.{:06}", self.0 / MILLION, self.0 % MILLION)
    }
}
