//! [`softmax`] and [`rank`]: what attributions do to weights before they share, the same on every machine.
//!
//! Both answers are the true value rounded half to even at 12 fractional digits, for every input. No float takes part.
//!
//! # Why `softmax` is right
//!
//! Let `d` be `highest - weight` in units, `x = d / 10^12` and `V = 10^12 * exp(-x)`: the answer is `V` rounded, in units.
//!
//! 1. *Ends.* `d = 0` gives exactly one. From `x = 29` on the answer is 0: `exp(29) > 2.7^29 > 2 * 10^12`, so `V < 1/2`.
//! 2. *Never a tie.* For `d > 0`, `x` is rational and not 0, so `exp(-x)` is irrational (Lambert), and `V` is never half of a
//!    whole number. Hence every narrow enough interval around `V` rounds to one number; and an interval whose two ends round
//!    alike gives the answer, because rounding is monotone.
//! 3. *Quick interval* (`quick`), for `0 < x < 29`. Write `d = a*10^12 + b*10^10 + c*10^8 + e*10^6 + r` with `a < 29`,
//!    `b, c, e < 100` and `r < 10^6`. Then `exp(-x) = A * B * C * E * exp(-t)`: four table entries, and `t = r / 10^12 < 10^-6`.
//!    - The tables hold fractions from 0 to 1 as counts of 2^-127, each off by a known number of counts at most. `product` of
//!      two fractions that are off by `i` and `j` is off by at most `i + j + 1`: the last 1 is what it cuts.
//!    - `exponential_of_inverse` is `1 - s(1 - s/2(1 - s/3(... (1 - s/40))))`, where `s = 1/n` is off by at most 1. If a
//!      bracket is off by `i`, then the one around it, which divides by `k`, is off by at most `(i + 2)/k + 1`. From 0 inside
//!      this stays at most 4 while `k >= 2`, and is at most 7 after `k = 1`. The series alternates and falls, so what it leaves
//!      out is below `1/41!`, far below 2^-127. So a table's step is off by at most 8.
//!    - An entry is a product of `i <= 99` steps, off by at most `9 * i < 900`; the product of four entries is off by less than
//!      `4 * 900 + 3 < 4000`.
//!    - `P = 6*10^36 * (1 - t + t^2/2 - t^3/6)` is a whole number, and computed exactly. By the same alternation `exp(-t)` lies
//!      between `P / (6*10^36)` and `t^4/24 < 10^-24/24` above that.
//!    - So in counts of `1 / (6*10^36)`, of which `6*10^24` make a unit of `V`, `exp(-x)` is within
//!      `4000 * 6*10^36 / 2^127 + 6*10^36 * 10^-24/24 + 1 < 3 * 10^11` (`QUICK_ERROR`) of what `quick` computes. This decides
//!      unless `V` is within about 10^-13 of a tie.
//! 4. *Careful interval* (`careful`). `exp(x)` is the sum of `x^n / n!`. In counts of 2^-p each term is bounded from below by
//!    cutting and from above by rounding up. From the first `n >= 2x` on each term is at most half of the one before, so all
//!    terms after one of these together are at most that one. `V = 10^12 / exp(x)`: the ends of `exp(x)` give the ends of `V`,
//!    which are rounded exactly. With growing `p` the ends of `exp(x)` come as close as one likes (there are `O(p)` terms, and what
//!    one rounding adds grows at most `exp(29)`-fold), so by 2 they round alike for some `p`, and the loop ends.

use crate::split::rounded_quotient;
use crate::weight::Weight;
use num_bigint::BigUint;

const UNITS_PER_ONE: u64 = 1_000_000_000_000;
/// From this many units on `exp(-x)` is below half a unit.
const DISTANCE_MAX: u64 = 29 * UNITS_PER_ONE;

/// `1 / weight` for a whole number from 1 up, rounded half to even; none for any other weight.
///
/// ```
/// use farthing_schemas::{Weight, transform::rank};
/// let third: Weight = "3".parse()?;
/// assert_eq!(rank(third), Some("0.333333333333".parse()?));
/// assert_eq!(rank("1.5".parse()?), None);
/// # Ok::<(), farthing_schemas::weight::NotAWeight>(())
/// ```
#[must_use]
pub fn rank(weight: Weight) -> Option<Weight> {
    let units = u128::try_from(weight.units()).ok()?;
    let one = u128::from(UNITS_PER_ONE);
    if units == 0 || units % one != 0 {
        return None;
    }
    Some(from_units(rounded_quotient(one, units / one)))
}

/// `exp(weight - highest)`, rounded half to even, where `highest` is the highest weight of the event.
///
/// ```
/// use farthing_schemas::{Weight, transform::softmax};
/// let highest: Weight = "2.5".parse()?;
/// assert_eq!(softmax(highest, highest), Weight::ONE);
/// assert_eq!(softmax("1.5".parse()?, highest).to_string(), "0.367879441171");
/// # Ok::<(), farthing_schemas::weight::NotAWeight>(())
/// ```
///
/// # Panics
/// If `weight` is above `highest`.
#[must_use]
pub fn softmax(weight: Weight, highest: Weight) -> Weight {
    assert!(weight <= highest, "no weight of an event is above its highest");
    let distance = match u64::try_from(highest.units().abs_diff(weight.units())) {
        Ok(0) => return Weight::ONE,
        Ok(distance @ 1..DISTANCE_MAX) => distance,
        _ => return Weight::ZERO,
    };
    from_units(quick(distance, QUICK_ERROR).unwrap_or_else(|| careful(distance)))
}

fn from_units(units: u128) -> Weight {
    Weight::from_units(i128::try_from(units).expect("a transformed weight is at most one"))
}

/// 1, as the fractions of the tables count: in 2^-127.
const ONE: u128 = 1 << 127;
/// Counts of `1 / (6 * 10^36)` in a unit.
const PER_UNIT: u128 = 6 * 10_u128.pow(24);
/// How far [`quick`] may be off, in counts of `1 / (6 * 10^36)`.
const QUICK_ERROR: u128 = 300_000_000_000;

/// `exp(-i)`, `exp(-i/10^2)`, `exp(-i/10^4)` and `exp(-i/10^6)`.
static EXP_ONES: [u128; 29] = powers(exponential_of_inverse(1));
static EXP_1E2: [u128; 100] = powers(exponential_of_inverse(100));
static EXP_1E4: [u128; 100] = powers(exponential_of_inverse(10_000));
static EXP_1E6: [u128; 100] = powers(exponential_of_inverse(1_000_000));

/// `V` rounded, for a distance above 0 and below [`DISTANCE_MAX`], unless the interval holds a tie.
fn quick(distance: u64, error: u128) -> Option<u128> {
    let value = quick_value(distance);
    let (units, cut, half) = (value / PER_UNIT, value % PER_UNIT, PER_UNIT / 2);
    if cut + error < half {
        Some(units)
    } else if cut > half + error {
        Some(units + 1)
    } else {
        None
    }
}

/// `exp(-distance / 10^12)` in counts of `1 / (6 * 10^36)`, off by less than [`QUICK_ERROR`].
fn quick_value(distance: u64) -> u128 {
    let digits = |place: u64, count: u64| usize::try_from(distance / place % count).expect("a table's index is small");
    let table = product(
        product(EXP_ONES[digits(UNITS_PER_ONE, 29)], EXP_1E2[digits(10_000_000_000, 100)]),
        product(EXP_1E4[digits(100_000_000, 100)], EXP_1E6[digits(1_000_000, 100)]),
    );
    let rest = u128::from(distance % 1_000_000);
    let one = u128::from(UNITS_PER_ONE);
    let polynomial = PER_UNIT * one + 3 * one * rest * rest - PER_UNIT * rest - rest * rest * rest;
    product(table, polynomial)
}

/// `a * b / 2^127`, cut; below 2^128 as one of the two is at most [`ONE`].
const fn product(a: u128, b: u128) -> u128 {
    const LOW: u128 = (1 << 64) - 1;
    let (a_high, a_low, b_high, b_low) = (a >> 64, a & LOW, b >> 64, b & LOW);
    let low = a_low * b_low;
    let cross = a_high * b_low + (low >> 64);
    let middle = a_low * b_high + (cross & LOW);
    let high = a_high * b_high + (cross >> 64) + (middle >> 64);
    (high << 1) | ((middle >> 63) & 1)
}

/// `exp(-1/n)` in counts of [`ONE`].
const fn exponential_of_inverse(n: u128) -> u128 {
    let mut bracket = ONE;
    let mut power = 40;
    while power > 0 {
        bracket = ONE - product(ONE / n, bracket) / power;
        power -= 1;
    }
    bracket
}

/// The powers of a step from 0 on.
const fn powers<const COUNT: usize>(step: u128) -> [u128; COUNT] {
    let mut table = [ONE; COUNT];
    let mut i = 1;
    while i < COUNT {
        table[i] = product(table[i - 1], step);
        i += 1;
    }
    table
}

/// `V` rounded, for a distance above 0 and below [`DISTANCE_MAX`], with as many bits as it takes.
fn careful(distance: u64) -> u128 {
    let mut bits = 128;
    loop {
        let (low, high) = exponential_ends(distance, bits);
        let units = rounded_inverse(&high, bits);
        if units == rounded_inverse(&low, bits) {
            return u128::try_from(units).expect("exp of a negative number is below one");
        }
        bits *= 2;
    }
}

/// A number below and one above `exp(distance / 10^12)`, in counts of `2^-bits`.
fn exponential_ends(distance: u64, bits: u64) -> (BigUint, BigUint) {
    let one = BigUint::from(1_u8) << bits;
    let (mut low_term, mut high_term) = (one.clone(), one.clone());
    let (mut low, mut high) = (one.clone(), one);
    for n in 1_u64.. {
        let divisor = UNITS_PER_ONE * n;
        low_term = low_term * distance / divisor;
        high_term = (high_term * distance + (divisor - 1)) / divisor;
        low += &low_term;
        high += &high_term;
        // Here all terms to come sum to at most this one.
        if divisor >= 2 * distance && high_term == BigUint::from(1_u8) {
            break;
        }
    }
    (low, high + high_term)
}

/// `10^12 / (exponential / 2^bits)`, rounded half to even.
fn rounded_inverse(exponential: &BigUint, bits: u64) -> BigUint {
    let dividend = BigUint::from(UNITS_PER_ONE) << bits;
    let (quotient, remainder) = (&dividend / exponential, &dividend % exponential);
    let up = match (remainder << 1_u32).cmp(exponential) {
        std::cmp::Ordering::Less => false,
        std::cmp::Ordering::Equal => quotient.bit(0),
        std::cmp::Ordering::Greater => true,
    };
    quotient + u32::from(up)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cut_off_is_proved() {
        let tens = |power| BigUint::from(10_u8).pow(power);
        assert!(BigUint::from(27_u8).pow(29) > BigUint::from(2_u8) * tens(12 + 29));
        assert_eq!(careful(DISTANCE_MAX - 1), 0);
    }

    #[test]
    fn the_error_bound_covers_its_parts() {
        let scale = PER_UNIT * u128::from(UNITS_PER_ONE);
        assert!(scale < ONE);
        assert!(scale / (ONE / 4000) + 1 + scale / 10_u128.pow(24) / 24 + 1 < QUICK_ERROR);
    }

    #[test]
    fn products_are_cut_at_the_last_bit() {
        let numbers = (0..200_u128).map(|i| i.wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835) >> (1 + i % 90));
        for (a, b) in numbers.clone().flat_map(|a| numbers.clone().map(move |b| (a, b))).chain([(ONE, ONE), (ONE, u128::MAX), (1, ONE)]) {
            let exact: BigUint = (BigUint::from(a) * b) >> 127_u32;
            assert_eq!(BigUint::from(product(a, b)), exact, "{a} * {b}");
        }
    }

    #[test]
    fn the_quick_interval_holds_the_value() {
        for distance in distances() {
            let (low, high) = exponential_ends(distance, 256);
            let dividend = BigUint::from(PER_UNIT * u128::from(UNITS_PER_ONE)) << 256_u32;
            let (least, most) = (&dividend / high, &dividend / low + 1_u8);
            let value = BigUint::from(quick_value(distance));
            assert!(&value + QUICK_ERROR >= most && value <= least + QUICK_ERROR, "{distance}");
        }
    }

    #[test]
    fn table_entries_are_within_their_bounds() {
        let tables: [(u64, &[u128]); 4] =
            [(UNITS_PER_ONE, &EXP_ONES), (10_000_000_000, &EXP_1E2), (100_000_000, &EXP_1E4), (1_000_000, &EXP_1E6)];
        for (place, table) in tables {
            for (index, entry) in (1_u64..).zip(&table[1..]) {
                let (low, high) = exponential_ends(place * index, 256);
                let dividend = BigUint::from(1_u8) << (127 + 256_u32);
                let (least, most) = (&dividend / high, &dividend / low + 1_u8);
                let entry = BigUint::from(*entry);
                assert!(&entry + 9 * index >= most && entry <= least + 9 * index, "{place} {index}");
            }
        }
    }

    /// Distances spread over the whole range, its ends, and those near ties: `d^2 / (2 * 10^12)` is near a half for odd `d / 10^6`.
    fn distances() -> impl Iterator<Item = u64> {
        let spread = (0..3000_u64).map(|i| i.wrapping_mul(0x9E37_79B9_7F4A_7C15) % (DISTANCE_MAX - 1) + 1);
        let small = (0..300_u64).map(|i| i.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (20 + i % 44)).map(|d| d % (DISTANCE_MAX - 1) + 1);
        let near_ties = (1..400_u64).flat_map(|odd| (0..3).map(move |i| 1_000_000 * (2 * odd - 1) + i - 1));
        let last = (0..300).map(|i| 28_324_168_296_480 + i * 50_000_000);
        spread.chain(small).chain(near_ties).chain(last).chain([1, 2, DISTANCE_MAX - 1]).filter(|d| *d < DISTANCE_MAX)
    }

    #[test]
    fn careful_agrees_with_quick() {
        for distance in distances() {
            assert_eq!(quick(distance, QUICK_ERROR), Some(careful(distance)), "{distance}");
        }
    }

    #[test]
    fn an_interval_that_holds_a_tie_decides_nothing() {
        // exp(-10^-6) is 10^12 - 10^6 + 1/2 - 10^-6/6 and a little, in units.
        let gap = PER_UNIT / 6_000_000;
        assert_eq!(quick(1_000_000, gap * 2), None);
        assert_eq!(quick(1_000_000, gap / 2), Some(1_000_000_000_000 - 1_000_000));
        assert_eq!(careful(1_000_000), 1_000_000_000_000 - 1_000_000);
    }
}
