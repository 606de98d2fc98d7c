//! [`Money`]: a signed count of units, 10^-12 of a currency's major unit.

use std::fmt;
use std::str::FromStr;

/// Units in one major unit: 10^12.
pub const UNITS_PER_MAJOR: i128 = 1_000_000_000_000;

/// Fractional digits of an amount as text, Parquet and SQL.
pub const SCALE: u32 = 12;

/// A signed amount in units of 10^-12 of the major unit of a currency that stands beside it.
///
/// ```
/// use farthing_schemas::Money;
/// let amount: Money = "0.000000123456".parse()?;
/// assert_eq!(amount.units(), 123_456);
/// assert_eq!(amount.to_string(), "0.000000123456");
/// # Ok::<(), farthing_schemas::money::MoneyError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money(i128);

/// Why an amount could not be read or computed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// The text is not `(0|[1-9][0-9]{0,14})(\.[0-9]{1,12})?`.
    #[error("{0:?} is not an amount: digits with at most 15 before and 12 after the point")]
    NotAnAmount(String),
    /// The exact result does not fit 128 bits.
    #[error("an amount is beyond 128 bits")]
    Overflow,
}

impl Money {
    /// Nothing.
    pub const ZERO: Money = Money(0);
    /// No accepted event earns this much or more: 10^15 major units.
    pub const EVENT_BOUND: Money = Money(1_000_000_000_000_000 * UNITS_PER_MAJOR);

    /// An amount of that many units.
    #[must_use]
    pub const fn from_units(units: i128) -> Money {
        Money(units)
    }

    /// The count of units of 10^-12.
    #[must_use]
    pub const fn units(self) -> i128 {
        self.0
    }

    /// `self + other`.
    ///
    /// ```
    /// use farthing_schemas::{Money, money::MoneyError};
    /// let most = Money::from_units(i128::MAX);
    /// assert_eq!(most.plus(Money::from_units(1)), Err(MoneyError::Overflow));
    /// ```
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] beyond 128 bits.
    pub fn plus(self, other: Money) -> Result<Money, MoneyError> {
        self.0.checked_add(other.0).map(Money).ok_or(MoneyError::Overflow)
    }

    /// `self - other`.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] beyond 128 bits.
    pub fn minus(self, other: Money) -> Result<Money, MoneyError> {
        self.0.checked_sub(other.0).map(Money).ok_or(MoneyError::Overflow)
    }

    /// `-self`.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] for the one amount that has no opposite.
    pub fn negated(self) -> Result<Money, MoneyError> {
        self.0.checked_neg().map(Money).ok_or(MoneyError::Overflow)
    }

    /// `self * count`.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] beyond 128 bits.
    pub fn times(self, count: u64) -> Result<Money, MoneyError> {
        self.0.checked_mul(i128::from(count)).map(Money).ok_or(MoneyError::Overflow)
    }

    /// The sum of many.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] beyond 128 bits.
    pub fn sum(amounts: impl IntoIterator<Item = Money>) -> Result<Money, MoneyError> {
        amounts.into_iter().try_fold(Money::ZERO, Money::plus)
    }

    /// The largest multiple of `minor` that is not above a positive `self`: what a bank can pay.
    ///
    /// ```
    /// use farthing_schemas::Money;
    /// let cent = Money::from_units(10_000_000_000);
    /// let owed: Money = "1.239".parse()?;
    /// assert_eq!(owed.cut_down_to(cent).to_string(), "1.230000000000");
    /// # Ok::<(), farthing_schemas::money::MoneyError>(())
    /// ```
    #[must_use]
    pub fn cut_down_to(self, minor: Money) -> Money {
        Money(self.0 - self.0.rem_euclid(minor.0))
    }
}

impl FromStr for Money {
    type Err = MoneyError;

    /// Reads the contract's form of an amount; it has no sign.
    fn from_str(text: &str) -> Result<Money, MoneyError> {
        parse(text.as_bytes()).ok_or_else(|| MoneyError::NotAnAmount(text.chars().take(64).collect()))
    }
}

fn parse(text: &[u8]) -> Option<Money> {
    let point = text.iter().position(|byte| *byte == b'.');
    let (whole, fraction) = match point {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    let plain = whole == b"0" || (!whole.is_empty() && whole[0] != b'0');
    if !plain || whole.len() > 15 || fraction.is_some_and(|digits| digits.is_empty() || digits.len() > SCALE as usize) {
        return None;
    }
    let fraction = fraction.unwrap_or_default();
    let units_per_last_digit = 10_u64.pow(SCALE - u32::try_from(fraction.len()).ok()?);
    let whole_units = i128::from(number(whole)?) * UNITS_PER_MAJOR;
    Some(Money(whole_units + i128::from(number(fraction)? * units_per_last_digit)))
}

/// The number that digits write: at most 15, which fit.
fn number(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0, |number, byte| byte.is_ascii_digit().then(|| number * 10 + u64::from(byte - b'0')))
}

/// Always with 12 fractional digits, with a `-` when negative.
impl fmt::Display for Money {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let size = self.0.unsigned_abs();
        let major = UNITS_PER_MAJOR.unsigned_abs();
        write!(out, "{sign}{}.{:012}", size / major, size % major)
    }
}

/// Reads what [`Money`]'s `Display` writes, sign included: for our own stored text, never for events.
///
/// # Errors
/// [`MoneyError::NotAnAmount`] for any other form.
pub fn from_stored_text(text: &str) -> Result<Money, MoneyError> {
    let bad = || MoneyError::NotAnAmount(text.chars().take(64).collect());
    let (negative, size) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = size.split_once('.').ok_or_else(bad)?;
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || fraction.len() != SCALE as usize {
        return Err(bad());
    }
    let units: i128 = format!("{whole}{fraction}").parse().map_err(|_| bad())?;
    Ok(Money(if negative { -units } else { units }))
}
