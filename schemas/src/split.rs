//! Exact products and splits.
//!
//! A split shares a whole number of units among weights so that the parts sum to the whole, always (SPEC.md, section 2).
//! Small numbers take a path of 64-bit products; everything else goes through 256 bits, with the same result.

use crate::money::{Money, MoneyError};
use arrow_buffer::i256;

/// `floor(a * b / c)` towards minus infinity, for `c > 0`, exact through 256 bits.
///
/// ```
/// use farthing_schemas::split::mul_div_floor;
/// assert_eq!(mul_div_floor(-7, 1, 2)?, -4);
/// assert_eq!(mul_div_floor(i128::MIN, i128::MAX, i128::MAX)?, i128::MIN);
/// # Ok::<(), farthing_schemas::money::MoneyError>(())
/// ```
///
/// # Errors
/// [`MoneyError::Overflow`] if the result does not fit 128 bits.
///
/// # Panics
/// If `c` is not above 0.
pub fn mul_div_floor(a: i128, b: i128, c: i128) -> Result<i128, MoneyError> {
    assert!(c > 0, "the divisor of a product is above 0");
    if let Some((product, c)) = narrow_product(a, b, c) {
        return Ok(i128::from(product.div_euclid(c)));
    }
    let Some(product) = a.checked_mul(b) else {
        let (quotient, remainder) = wide_quotient(a, b, c);
        let floor = if remainder.is_negative() { quotient.wrapping_sub(i256::ONE) } else { quotient };
        return floor.to_i128().ok_or(MoneyError::Overflow);
    };
    // Division cuts towards zero. Neither step can overflow: one is taken only where c > 1.
    let quotient = product / c;
    Ok(if product < quotient * c { quotient - 1 } else { quotient })
}

/// `ceil(a * b / c)`, for `c > 0`, exact through 256 bits.
///
/// ```
/// use farthing_schemas::split::mul_div_ceil;
/// assert_eq!(mul_div_ceil(7, 1, 2)?, 4);
/// assert_eq!(mul_div_ceil(-7, 1, 2)?, -3);
/// # Ok::<(), farthing_schemas::money::MoneyError>(())
/// ```
///
/// # Errors
/// [`MoneyError::Overflow`] if the result does not fit 128 bits.
///
/// # Panics
/// If `c` is not above 0.
pub fn mul_div_ceil(a: i128, b: i128, c: i128) -> Result<i128, MoneyError> {
    assert!(c > 0, "the divisor of a product is above 0");
    if let Some((product, c)) = narrow_product(a, b, c) {
        return Ok(i128::from(product.div_euclid(c)) + i128::from(product.rem_euclid(c) != 0));
    }
    let Some(product) = a.checked_mul(b) else {
        let (quotient, remainder) = wide_quotient(a, b, c);
        let ceil = if remainder.is_positive() { quotient.wrapping_add(i256::ONE) } else { quotient };
        return ceil.to_i128().ok_or(MoneyError::Overflow);
    };
    let quotient = product / c;
    Ok(if product > quotient * c { quotient + 1 } else { quotient })
}

/// `a * b` and `c`, if all fit 64 bits: nearly every amount of an event does, and a division is then several times faster.
fn narrow_product(a: i128, b: i128, c: i128) -> Option<(i64, i64)> {
    let product = i64::try_from(a).ok()?.checked_mul(i64::try_from(b).ok()?)?;
    Some((product, i64::try_from(c).ok()?))
}

/// `a * b / c` cut towards zero, and the remainder, which has the product's sign.
///
/// Nothing wraps: a product of two `i128` is at most 2^254 in size, and `c` is neither 0 nor -1.
fn wide_quotient(a: i128, b: i128, c: i128) -> (i256, i256) {
    i256::from_i128(a).wrapping_mul(i256::from_i128(b)).wrapping_div_rem(i256::from_i128(c))
}

/// `dividend / divisor`, rounded half to even, for a divisor above 0.
pub(crate) fn rounded_quotient(dividend: u128, divisor: u128) -> u128 {
    let (quotient, remainder) = (dividend / divisor, dividend % divisor);
    // Twice the remainder is compared with the divisor without doubling, which could overflow.
    let up = match remainder.cmp(&(divisor - remainder)) {
        std::cmp::Ordering::Less => false,
        std::cmp::Ordering::Equal => quotient % 2 == 1,
        std::cmp::Ordering::Greater => true,
    };
    quotient + u128::from(up)
}

/// Why a whole could not be split.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SplitError {
    /// No weight is above 0.
    #[error("a split needs a weight above 0")]
    NoWeight,
    /// The weights sum to 2^128 or more.
    #[error("the weights of a split sum to more than 128 bits")]
    Overflow,
}

/// Splits amounts by weights; keeps its room between calls, so that a split allocates nothing.
///
/// Each part is `floor(total * weight / whole)`; the units left over go one each to the parts with the largest remainder, ties
/// to the earlier part. The caller orders the weights by reference in byte order: then ties go to the lower reference.
///
/// ```
/// use farthing_schemas::{Money, split::Splitter};
/// let mut splitter = Splitter::default();
/// let mut parts = Vec::new();
/// splitter.split(Money::from_units(10), &[1, 1, 0, 1], &mut parts)?;
/// assert_eq!(parts, [4, 3, 0, 3].map(Money::from_units));
/// splitter.split(Money::from_units(-10), &[1, 1, 0, 1], &mut parts)?;
/// assert_eq!(parts, [-4, -3, 0, -3].map(Money::from_units));
/// # Ok::<(), farthing_schemas::split::SplitError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Splitter {
    shares: Vec<Share>,
    remainders: Vec<u128>,
}

/// One part on its way: its floor, and what the floor cut off.
#[derive(Clone, Copy, Debug)]
struct Share {
    floor: u128,
    remainder: u128,
}

impl Splitter {
    /// Replaces `parts` by the parts of `total`, one per weight and in the same order; they sum to `total`.
    ///
    /// # Errors
    /// [`SplitError::NoWeight`] if there is no weight above 0; [`SplitError::Overflow`] if the weights sum to 2^128 or more.
    /// `parts` is then empty.
    pub fn split(&mut self, total: Money, weights: &[u128], parts: &mut Vec<Money>) -> Result<(), SplitError> {
        parts.clear();
        let whole = weights.iter().try_fold(0_u128, |sum, weight| sum.checked_add(*weight)).ok_or(SplitError::Overflow)?;
        if whole == 0 {
            return Err(SplitError::NoWeight);
        }
        let size = total.units().unsigned_abs();
        self.shares.clear();
        match (u64::try_from(size), u64::try_from(whole)) {
            (Ok(size), Ok(whole)) => self.shares.extend(weights.iter().map(|weight| narrow_share(size, *weight, whole))),
            _ => self.shares.extend(weights.iter().map(|weight| wide_share(size, *weight, whole))),
        }
        let left = size - self.shares.iter().map(|share| share.floor).sum::<u128>();
        self.hand_out(left);
        let negative = total.units() < 0;
        parts.extend(self.shares.iter().map(|share| signed(share.floor, negative)));
        Ok(())
    }

    /// Gives one unit each to the `left` shares with the largest remainders, ties to the earlier.
    ///
    /// The remainders sum to `left * whole` and each is below `whole`, so if any unit is left, more than `left` shares have a
    /// remainder: a share of weight 0 has none and gets nothing.
    fn hand_out(&mut self, left: u128) {
        let Ok(left @ 1..) = usize::try_from(left) else { return };
        self.remainders.clear();
        self.remainders.extend(self.shares.iter().map(|share| share.remainder));
        let (_, last, _) = self.remainders.select_nth_unstable_by(left - 1, |one, other| other.cmp(one));
        let last = *last;
        let above = self.shares.iter().filter(|share| share.remainder > last).count();
        let mut ties = left - above;
        for share in &mut self.shares {
            let tied = share.remainder == last && ties > 0;
            ties -= usize::from(tied);
            share.floor += u128::from(tied || share.remainder > last);
        }
    }
}

/// For an amount and a sum of weights below 2^64.
fn narrow_share(size: u64, weight: u128, whole: u64) -> Share {
    let whole = u128::from(whole);
    let product = u128::from(size) * weight;
    let floor = product / whole;
    Share { floor, remainder: product - floor * whole }
}

/// For any amount and weights.
fn wide_share(size: u128, weight: u128, whole: u128) -> Share {
    if let Some(product) = size.checked_mul(weight) {
        return Share { floor: product / whole, remainder: product % whole };
    }
    let wide = |number: u128| i256::from_parts(number, 0);
    // The product is at most 2^127 * (2^128 - 1), below the greatest i256; the quotient is at most `size`.
    let (floor, remainder) = wide(size).wrapping_mul(wide(weight)).wrapping_div_rem(wide(whole));
    Share { floor: floor.to_parts().0, remainder: remainder.to_parts().0 }
}

fn signed(size: u128, negative: bool) -> Money {
    let units = if negative { 0_i128.checked_sub_unsigned(size) } else { 0_i128.checked_add_unsigned(size) };
    Money::from_units(units.expect("a part is no larger than the total"))
}

/// Splits once, where room need not be kept: see [`Splitter`].
///
/// ```
/// use farthing_schemas::{Money, split::split};
/// assert_eq!(split(Money::from_units(7), &[620, 250, 130])?, [4, 2, 1].map(Money::from_units));
/// # Ok::<(), farthing_schemas::split::SplitError>(())
/// ```
///
/// # Errors
/// As [`Splitter::split`].
pub fn split(total: Money, weights: &[u128]) -> Result<Vec<Money>, SplitError> {
    let mut parts = Vec::with_capacity(weights.len());
    Splitter::default().split(total, weights, &mut parts)?;
    Ok(parts)
}
