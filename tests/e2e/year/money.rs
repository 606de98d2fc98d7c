//! Money of the model: whole units of 10^-12 of a currency, by the contract and not by the product's code.

use anyhow::{Context, Result};

/// Units of one major unit.
pub const ONE: i128 = 1_000_000_000_000;

/// A rate in millionths.
pub type Millionths = i128;

/// A decimal text with up to twelve digits behind the point.
pub fn units(text: &str) -> Result<i128> {
    let (negative, size) = text.strip_prefix('-').map_or((false, text), |size| (true, size));
    let (whole, part) = size.split_once('.').unwrap_or((size, ""));
    let part: i128 = format!("{part:0<12}").parse().with_context(|| text.to_owned())?;
    let units = whole.parse::<i128>().with_context(|| text.to_owned())? * ONE + part;
    Ok(if negative { -units } else { units })
}

pub fn text(units: i128) -> String {
    let sign = if units < 0 { "-" } else { "" };
    format!("{sign}{}.{:012}", units.abs() / ONE, units.abs() % ONE)
}

/// The greatest whole number that is not above that part of an amount.
pub fn floor(units: i128, rate: Millionths) -> i128 {
    (units * rate).div_euclid(1_000_000)
}

/// The least whole number that is not below that part of an amount.
pub fn ceil(units: i128, rate: Millionths) -> i128 {
    -floor(-units, rate)
}

/// What is left of an amount when all below a minor unit is cut away; 0 of what is owed the other way.
pub fn cut(units: i128, minor: i128) -> i128 {
    units.max(0) / minor * minor
}

/// Splits an amount by weights: each part is rounded down, and what is left over goes one unit each to the largest remainders, at a tie to
/// who stands first.
pub fn split(units: i128, weights: &[i128]) -> Vec<i128> {
    let whole: i128 = weights.iter().sum();
    let mut parts: Vec<i128> = weights.iter().map(|weight| units * weight / whole).collect();
    let mut by_remainder: Vec<usize> = (0..weights.len()).collect();
    by_remainder.sort_by_key(|at| (-(units * weights[*at] % whole), *at));
    let mut left = units - parts.iter().sum::<i128>();
    for at in by_remainder {
        if left > 0 && weights[at] > 0 {
            parts[at] += 1;
            left -= 1;
        }
    }
    parts
}
