//! [`Weight`]: a decimal with 12 fractional digits, as attributions carry it.

use crate::split::rounded_quotient;
use std::fmt;
use std::str::FromStr;

/// Fractional digits that are kept.
const SCALE: i32 = 12;
/// No weight has this many digits before the point: 10^15 is too large.
const WHOLE_DIGITS_MAX: i32 = 15;
const EXPONENT_MAX: i32 = 64;
/// So many digits fit 64 bits.
const SHORT_DIGITS_MAX: usize = 19;
const TEXT_BYTES_MAX: usize = 64;
/// Units in a weight of one.
const UNITS_PER_ONE: i128 = 1_000_000_000_000;

/// Units in one of the last digit, by how many stand behind the point.
const UNITS_PER_LAST_DIGIT: [u64; 13] = {
    let mut units = [1; 13];
    let mut digits = 12;
    while digits > 0 {
        units[digits - 1] = units[digits] * 10;
        digits -= 1;
    }
    units
};

/// A weight in units of 10^-12, below 10^15 in size before it was rounded.
///
/// ```
/// use farthing_schemas::Weight;
/// let weight: Weight = "6.2e-1".parse()?;
/// assert_eq!(weight.units(), 620_000_000_000);
/// assert_eq!(weight.to_string(), "0.620000000000");
/// assert!("62%".parse::<Weight>().is_err());
/// # Ok::<(), farthing_schemas::weight::NotAWeight>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Weight(i128);

/// The text is not a weight.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a weight: a JSON number of at most 64 bytes, below 10^15 in size, with an exponent from -64 to 64")]
pub struct NotAWeight(pub String);

impl Weight {
    /// Nothing.
    pub const ZERO: Weight = Weight(0);
    /// One: the whole, for shares.
    pub const ONE: Weight = Weight(UNITS_PER_ONE);

    /// A weight of that many units of 10^-12.
    #[must_use]
    pub const fn from_units(units: i128) -> Weight {
        Weight(units)
    }

    /// The count of units of 10^-12.
    #[must_use]
    pub const fn units(self) -> i128 {
        self.0
    }
}

impl FromStr for Weight {
    type Err = NotAWeight;

    /// Reads `-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?`, rounded half to even at 12 fractional digits.
    fn from_str(text: &str) -> Result<Weight, NotAWeight> {
        let units = short(text.as_bytes()).or_else(|| parse(text.as_bytes()));
        units.map(Weight).ok_or_else(|| NotAWeight(text.chars().take(TEXT_BYTES_MAX).collect()))
    }
}

/// The units of what most weights look like: `0.204761`, `7`. No sign, no exponent, at most 19 bytes; what else is one is for [`parse`].
fn short(text: &[u8]) -> Option<i128> {
    if text.len() > SHORT_DIGITS_MAX {
        return None;
    }
    let (mut mantissa, mut point) = (0_u64, None);
    for (at, byte) in text.iter().enumerate() {
        match byte {
            b'0'..=b'9' => mantissa = mantissa * 10 + u64::from(byte - b'0'),
            b'.' if point.is_none() => point = Some(at),
            _ => return None,
        }
    }
    let whole = point.unwrap_or(text.len());
    let fraction = point.map_or(0, |at| text.len() - at - 1);
    let form = whole > 0 && (whole == 1 || text[0] != b'0') && (fraction > 0 || point.is_none());
    if !form || length(whole) > WHOLE_DIGITS_MAX {
        return None;
    }
    match UNITS_PER_LAST_DIGIT.get(fraction) {
        Some(power) => i128::try_from(u128::from(mantissa) * u128::from(*power)).ok(),
        None => Some(short_units(mantissa, SCALE - length(fraction))),
    }
}

fn parse(text: &[u8]) -> Option<i128> {
    if text.len() > TEXT_BYTES_MAX {
        return None;
    }
    let (negative, text) = match text.strip_prefix(b"-") {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, rest) = leading_digits(text);
    if whole.is_empty() || (whole[0] == b'0' && whole.len() > 1) {
        return None;
    }
    let (fraction, rest) = match rest.strip_prefix(b".") {
        Some(rest) => leading_digits(rest),
        None => (&rest[..0], rest),
    };
    // A point without a digit behind it leaves `fraction` empty and a byte unaccounted for.
    if whole.len() + fraction.len() + usize::from(!fraction.is_empty()) + rest.len() != text.len() {
        return None;
    }
    let exponent = exponent(rest)?;
    let size = units(whole, fraction, exponent)?;
    Some(if negative { -size } else { size })
}

fn leading_digits(text: &[u8]) -> (&[u8], &[u8]) {
    text.split_at(text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len()))
}

/// What stands behind the digits: nothing (0), or `[eE][+-]?[0-9]+` of at most 64 in size.
fn exponent(text: &[u8]) -> Option<i32> {
    let Some((mark, rest)) = text.split_first() else { return Some(0) };
    if !matches!(mark, b'e' | b'E') {
        return None;
    }
    let (negative, digits) = match rest.split_first() {
        Some((b'-', digits)) => (true, digits),
        Some((b'+', digits)) => (false, digits),
        _ => (false, rest),
    };
    if digits.is_empty() {
        return None;
    }
    let mut size = 0;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        size = size * 10 + i32::from(digit - b'0');
        if size > EXPONENT_MAX {
            return None;
        }
    }
    Some(if negative { -size } else { size })
}

/// The size in units of 10^-12, rounded half to even; none from 10^15 up.
fn units(whole: &[u8], fraction: &[u8], exponent: i32) -> Option<i128> {
    let digits = || whole.iter().chain(fraction).map(|byte| byte - b'0');
    let leading_zeros = digits().take_while(|digit| *digit == 0).count();
    let significant = whole.len() + fraction.len() - leading_zeros;
    if significant == 0 {
        return Some(0);
    }
    // The value is 0.d1d2d3... x 10^places with d1 above 0, so it is below 10^15 just when `places` is at most 15.
    let places = length(whole.len()) + exponent - length(leading_zeros);
    if places > WHOLE_DIGITS_MAX {
        return None;
    }
    if significant <= SHORT_DIGITS_MAX {
        let mantissa = whole.iter().chain(fraction).fold(0_u64, |number, byte| number * 10 + u64::from(byte - b'0'));
        return Some(short_units(mantissa, exponent + SCALE - length(fraction.len())));
    }
    // With none of its digits kept the value may still round up to one unit; with fewer it is below a tenth of one.
    let Ok(kept) = u32::try_from(places + SCALE) else { return Some(0) };
    Some(long_units(digits().skip(leading_zeros), kept))
}

/// `mantissa * 10^shift`, below 10^27, rounded half to even.
fn short_units(mantissa: u64, shift: i32) -> i128 {
    let power = shift.unsigned_abs();
    if shift >= 0 {
        return i128::from(mantissa) * 10_i128.pow(power);
    }
    // A mantissa is below 10^19: by 10^20 it is below a tenth.
    match 10_u64.checked_pow(power) {
        Some(divisor) => i128::try_from(rounded_quotient(mantissa.into(), divisor.into())).expect("a quotient of 64 bits"),
        None => 0,
    }
}

/// The first `kept` digits, at most 27, rounded half to even by the rest.
fn long_units(mut digits: impl Iterator<Item = u8>, kept: u32) -> i128 {
    let mut units: i128 = 0;
    for read in 0..kept {
        match digits.next() {
            Some(digit) => units = units * 10 + i128::from(digit),
            None => return units * 10_i128.pow(kept - read),
        }
    }
    let first_cut = digits.next().unwrap_or(0);
    let rest_cut = digits.any(|digit| digit > 0);
    let up = first_cut > 5 || (first_cut == 5 && (rest_cut || units % 2 == 1));
    units + i128::from(up)
}

fn length(bytes: usize) -> i32 {
    i32::try_from(bytes).expect("a weight's text has at most 64 bytes")
}

/// Always with 12 fractional digits, with a `-` when negative.
impl fmt::Display for Weight {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (size, one) = (self.0.unsigned_abs(), UNITS_PER_ONE.unsigned_abs());
        write!(out, "{sign}{}.{:012}", size / one, size % one)
    }
}
