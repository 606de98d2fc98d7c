//! [`Amount`]: whole minor units of a currency, which is all that a bank can move.

use farthing_schemas::money::{MoneyError, SCALE, UNITS_PER_MAJOR};
use farthing_schemas::{Currency, Money};
use std::fmt;

/// A signed count of a currency's minor units, such as cents; of major units where there are no minor ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount {
    minor_units: i128,
    currency: Currency,
}

/// Why there is no such amount.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// Something is left below the minor unit.
    #[error("{money} {currency} is not a whole number of minor units: a bank moves multiples of {smallest}", smallest = currency.minor_unit())]
    BelowMinorUnit {
        /// The amount as it is.
        money: Money,
        /// Its currency.
        currency: Currency,
    },
    /// The text is no decimal number that fits.
    #[error("{0:?} is not an amount: digits, with a point before the fraction")]
    NotAnAmount(String),
    /// Two currencies do not add up.
    #[error("amounts in {0} and {1} cannot be added")]
    Currencies(Currency, Currency),
    /// The exact result does not fit 128 bits.
    #[error("an amount is too large")]
    Overflow(#[from] MoneyError),
}

impl Amount {
    /// That much money, if it is a whole number of minor units: never rounded.
    ///
    /// ```
    /// use farthing_bank::Amount;
    /// use farthing_schemas::{Currency, Money};
    /// let euro: Currency = "EUR".parse()?;
    /// assert_eq!(Amount::of("12.30".parse()?, euro)?.decimal(), "12.30");
    /// assert!(Amount::of("12.301".parse()?, euro).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`AmountError::BelowMinorUnit`] otherwise.
    pub fn of(money: Money, currency: Currency) -> Result<Amount, AmountError> {
        let minor = currency.minor_unit().units();
        match money.units() % minor {
            0 => Ok(Amount { minor_units: money.units() / minor, currency }),
            _ => Err(AmountError::BelowMinorUnit { money, currency }),
        }
    }

    /// That many minor units.
    #[must_use]
    pub const fn from_minor_units(minor_units: i128, currency: Currency) -> Amount {
        Amount { minor_units, currency }
    }

    /// The count of minor units.
    #[must_use]
    pub const fn minor_units(self) -> i128 {
        self.minor_units
    }

    /// The currency.
    #[must_use]
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// The same as money.
    ///
    /// # Errors
    /// [`AmountError::Overflow`] beyond 128 bits.
    pub fn money(self) -> Result<Money, AmountError> {
        let units = self.minor_units.checked_mul(self.currency.minor_unit().units());
        units.map(Money::from_units).ok_or(AmountError::Overflow(MoneyError::Overflow))
    }

    /// As much the other way.
    ///
    /// # Errors
    /// [`AmountError::Overflow`] for the one amount that has no opposite.
    pub fn negated(self) -> Result<Amount, AmountError> {
        let minor_units = self.minor_units.checked_neg().ok_or(AmountError::Overflow(MoneyError::Overflow))?;
        Ok(Amount { minor_units, ..self })
    }

    /// `self + other`.
    ///
    /// # Errors
    /// [`AmountError::Currencies`] if they differ, [`AmountError::Overflow`] beyond 128 bits.
    pub fn plus(self, other: Amount) -> Result<Amount, AmountError> {
        if self.currency != other.currency {
            return Err(AmountError::Currencies(self.currency, other.currency));
        }
        let sum = self.minor_units.checked_add(other.minor_units);
        sum.map(|minor_units| Amount { minor_units, ..self }).ok_or(AmountError::Overflow(MoneyError::Overflow))
    }

    /// The sum of many amounts in one currency.
    ///
    /// # Errors
    /// [`AmountError::Currencies`] for one in another, [`AmountError::Overflow`] beyond 128 bits.
    pub fn sum(currency: Currency, amounts: impl IntoIterator<Item = Amount>) -> Result<Amount, AmountError> {
        amounts.into_iter().try_fold(Amount::from_minor_units(0, currency), Amount::plus)
    }

    /// As files have it: digits, a point and as many digits as the currency has; no point where it has none.
    #[must_use]
    pub fn decimal(self) -> String {
        let digits = minor_digits(self.currency);
        let sign = if self.minor_units < 0 { "-" } else { "" };
        let size = self.minor_units.unsigned_abs();
        if digits == 0 {
            return format!("{sign}{size}");
        }
        let minor_per_major = 10_u128.pow(digits);
        let width = usize::try_from(digits).unwrap_or_default();
        format!("{sign}{}.{:0width$}", size / minor_per_major, size % minor_per_major)
    }

    /// Reads a decimal number as files have it: zeros may stand before and behind it, a sign before it.
    ///
    /// # Errors
    /// [`AmountError::NotAnAmount`] for other texts, [`AmountError::BelowMinorUnit`] for more digits than the currency has.
    pub fn from_decimal(text: &str, currency: Currency) -> Result<Amount, AmountError> {
        let money = money_from(text).ok_or_else(|| AmountError::NotAnAmount(text.chars().take(64).collect()))?;
        Amount::of(money, currency)
    }
}

/// Fractional digits of a currency.
#[must_use]
pub(crate) fn minor_digits(currency: Currency) -> u32 {
    SCALE - currency.minor_unit().units().ilog10()
}

/// `-12.5`, `+0012.50`, `.5` and `12.` are what XML schemas call a decimal.
fn money_from(text: &str) -> Option<Money> {
    let (negative, size) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (whole, fraction) = size.split_once('.').unwrap_or((size, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let fraction = fraction.trim_end_matches('0');
    let scale = usize::try_from(SCALE).ok()?;
    if (whole.is_empty() && size.len() < 2) || !digits(whole) || !digits(fraction) || fraction.len() > scale {
        return None;
    }
    let whole_units = if whole.is_empty() { 0 } else { whole.parse::<i128>().ok()?.checked_mul(UNITS_PER_MAJOR)? };
    let fraction_units: i128 = format!("{fraction:0<scale$}").parse().ok()?;
    let units = whole_units.checked_add(fraction_units)?;
    Some(Money::from_units(if negative { -units } else { units }))
}

/// `12.30 EUR`
impl fmt::Display for Amount {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {}", self.decimal(), self.currency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn currency(code: &str) -> Currency {
        code.parse().unwrap()
    }

    fn check(text: &str, code: &str, expected: Result<i128, &str>) {
        let read = Amount::from_decimal(text, currency(code)).map(Amount::minor_units).map_err(|error| error.to_string());
        match expected {
            Ok(minor_units) => assert_eq!(read, Ok(minor_units), "{text} {code}"),
            Err(part) => assert!(read.as_ref().is_err_and(|error| error.contains(part)), "{text} {code}: {read:?}"),
        }
    }

    #[test]
    fn decimals_are_read_exactly_or_refused() {
        check("12.30", "EUR", Ok(1230));
        check("0012.3000", "EUR", Ok(1230));
        check("-.05", "EUR", Ok(-5));
        check("+7.", "EUR", Ok(700));
        check("1.234", "KWD", Ok(1234));
        check("5", "JPY", Ok(5));
        check("5.000", "JPY", Ok(5));
        check("5.5", "JPY", Err("multiples of 1.000000000000"));
        check("12.305", "EUR", Err("not a whole number of minor units"));
        for text in ["", ".", "-", "1,5", "1e3", "1.2.3", " 1", "0x1", "1.0000000000001", "99999999999999999999999999999999999999999"] {
            check(text, "EUR", Err("is not an amount"));
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        for code in ["EUR", "JPY", "KWD", "CLF"] {
            for minor_units in [0, 1, -1, 99, 100, 12_345_678_901, -70] {
                let amount = Amount::from_minor_units(minor_units, currency(code));
                assert_eq!(Amount::from_decimal(&amount.decimal(), currency(code)), Ok(amount));
                assert_eq!(Amount::of(amount.money().unwrap(), currency(code)), Ok(amount));
            }
        }
    }

    #[test]
    fn sums_are_of_one_currency_and_checked() {
        let cents = |minor_units| Amount::from_minor_units(minor_units, currency("EUR"));
        assert_eq!(Amount::sum(currency("EUR"), [cents(1), cents(2)]), Ok(cents(3)));
        let yen = Amount::from_minor_units(1, currency("JPY"));
        assert_eq!(cents(1).plus(yen), Err(AmountError::Currencies(currency("EUR"), currency("JPY"))));
        assert_eq!(cents(i128::MAX).plus(cents(1)), Err(AmountError::Overflow(MoneyError::Overflow)));
        assert!(cents(i128::MAX).money().is_err());
    }
}
