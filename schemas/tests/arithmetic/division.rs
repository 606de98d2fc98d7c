//! `floor(a * b / c)` and `ceil(a * b / c)`, and the rates that use them.

use crate::{Rational, numbers};
use farthing_schemas::money::MoneyError;
use farthing_schemas::split::{mul_div_ceil, mul_div_floor};
use farthing_schemas::{Money, Rate};
use num_bigint::BigInt;
use proptest::prelude::*;

fn fitting(value: BigInt) -> Result<i128, MoneyError> {
    i128::try_from(value).map_err(|_| MoneyError::Overflow)
}

fn check(a: i128, b: i128, c: i128) {
    let exact = Rational::new(BigInt::from(a) * b, BigInt::from(c));
    assert_eq!(mul_div_floor(a, b, c), fitting(exact.floor().to_integer()), "floor({a} * {b} / {c})");
    assert_eq!(mul_div_ceil(a, b, c), fitting(exact.ceil().to_integer()), "ceil({a} * {b} / {c})");
}

#[test]
fn every_pair_of_edges() {
    let edges = [i128::MIN, i128::MIN + 1, -(1 << 64), -3, -2, -1, 0, 1, 2, 3, (1 << 64) - 1, 1 << 64, i128::MAX - 1, i128::MAX];
    for a in edges {
        for b in edges {
            for c in edges.into_iter().filter(|c| *c > 0) {
                check(a, b, c);
            }
        }
    }
}

#[test]
fn every_small_case() {
    for a in -12..=12 {
        for b in -12..=12 {
            for c in 1..=12 {
                check(a, b, c);
            }
        }
    }
}

#[test]
#[should_panic = "the divisor of a product is above 0"]
fn a_divisor_of_0_is_refused() {
    let _ = mul_div_floor(1, 1, 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn any_numbers(a in numbers(), b in numbers(), c in numbers()) {
        if let Some(c @ 1..) = c.checked_abs() {
            check(a, b, c);
        }
    }

    /// Quotients that fit although the product does not.
    #[test]
    fn quotients_near_a_factor(a in numbers(), b in numbers(), off in -2_i128..=2) {
        if let Some(c @ 1..) = b.checked_abs().and_then(|size| size.checked_add(off)) {
            check(a, b, c);
        }
    }

    #[test]
    fn rates_round_once(units in numbers(), millionths in 0_u32..=1_000_000) {
        let rate = Rate::from_millionths(millionths).expect("at most one");
        let exact = Rational::new(BigInt::from(units) * millionths, BigInt::from(1_000_000));
        let amount = Money::from_units(units);
        prop_assert_eq!(rate.ceil_of(amount).map(Money::units), fitting(exact.ceil().to_integer()));
        prop_assert_eq!(rate.floor_of(amount).map(Money::units), fitting(exact.floor().to_integer()));
    }

    #[test]
    fn a_rate_reads_what_it_shows(millionths in 0_u32..=1_000_000) {
        let rate = Rate::from_millionths(millionths).expect("at most one");
        prop_assert_eq!(rate.to_string().parse::<Rate>(), Ok(rate));
    }
}

#[test]
fn what_is_no_rate() {
    for text in ["1.000001", "2", "-0.5", "0.0000001", "1e-1", "", ".5", "0.", "00.5", "0.12345670000001", " 0.5"] {
        assert!(text.parse::<Rate>().is_err(), "{text:?}");
    }
    assert_eq!("0.1234560000".parse::<Rate>().ok(), Rate::from_millionths(123_456));
    assert_eq!(Rate::from_millionths(1_000_001), None);
}
