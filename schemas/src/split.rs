//! Exact products and splits.
use crate::money::MoneyError;

/// `floor(a * b / c)` towards minus infinity, for `c > 0`, exact through 256 bits.
///
/// # Errors
/// [`MoneyError::Overflow`] if the result does not fit 128 bits.
pub fn mul_div_floor(a: i128, b: i128, c: i128) -> Result<i128, MoneyError> {
    a.checked_mul(b).map(|p| p.div_euclid(c)).ok_or(MoneyError::Overflow)
}

/// `ceil(a * b / c)`, for `c > 0`, exact through 256 bits.
///
/// # Errors
/// [`MoneyError::Overflow`] if the result does not fit 128 bits.
pub fn mul_div_ceil(a: i128, b: i128, c: i128) -> Result<i128, MoneyError> {
    a.checked_mul(b).map(|p| -(-p).div_euclid(c)).ok_or(MoneyError::Overflow)
}
