//! `rank` against rationals, `softmax` against an exponential of 80 digits.

use crate::{Rational, half_to_even};
use farthing_schemas::Weight;
use farthing_schemas::transform::{rank, softmax};
use num_bigint::BigInt;
use proptest::prelude::*;

const ONE: i128 = 1_000_000_000_000;

fn check_rank(whole: i128) {
    let exact = Rational::new(BigInt::from(ONE), BigInt::from(whole));
    let ours = rank(Weight::from_units(whole * ONE)).map(|weight| BigInt::from(weight.units()));
    assert_eq!(ours, Some(half_to_even(&exact)), "1 / {whole}");
}

#[test]
fn ranks_to_a_hundred_thousand() {
    (1..=100_000).for_each(check_rank);
}

#[test]
fn ranks_that_tie_or_vanish() {
    // 10^12 / n is half of an odd number for n = 2^13 * 5^k.
    (0..=12).for_each(|k| check_rank(8192 * 5_i128.pow(k)));
    [2 * ONE - 1, 2 * ONE, 2 * ONE + 1, 10_i128.pow(15) - 1, 10_i128.pow(15)].into_iter().for_each(check_rank);
    assert_eq!(rank(Weight::from_units(2 * ONE * ONE)), Some(Weight::ZERO));
}

#[test]
fn what_has_no_rank() {
    for units in [0, 1, ONE - 1, ONE + 1, -ONE, 3 * ONE / 2, i128::MIN, i128::MAX] {
        assert_eq!(rank(Weight::from_units(units)), None, "{units}");
    }
}

/// `10^80 * exp(-distance / 10^12)`, by the alternating series of a 2^16th of the argument and 16 squarings; off by less than 10^10.
fn exponential(distance: i128) -> BigInt {
    let scale = BigInt::from(10).pow(80);
    let argument = &scale * distance / ONE / (1 << 16);
    let (mut sum, mut term) = (scale.clone(), scale.clone());
    for n in 1..200 {
        term = -term * &argument / &scale / n;
        if term == BigInt::from(0) {
            break;
        }
        sum += &term;
    }
    (0..16).fold(sum, |root, _| &root * &root / &scale)
}

fn check_softmax(distance: i128) {
    let units = exponential(distance) * ONE;
    let scale = BigInt::from(10).pow(80);
    let near = |off: i128| half_to_even(&Rational::new(&units + BigInt::from(off), scale.clone()));
    let off = 10_i128.pow(30);
    assert_eq!(near(-off), near(off), "the reference cannot tell for {distance}");
    for highest in [0, 10_i128.pow(27), -7] {
        let ours = softmax(Weight::from_units(highest - distance), Weight::from_units(highest));
        assert_eq!(BigInt::from(ours.units()), near(0), "exp(-{distance} / 10^12)");
    }
}

#[test]
fn the_ends_of_softmax() {
    for highest in [0, 5, -(10_i128.pow(27)), 10_i128.pow(27), i128::MIN, i128::MAX] {
        assert_eq!(softmax(Weight::from_units(highest), Weight::from_units(highest)), Weight::ONE);
    }
    let least = Weight::from_units(-(10_i128.pow(27)));
    assert_eq!(softmax(least, Weight::from_units(10_i128.pow(27))), Weight::ZERO);
    assert_eq!(softmax(Weight::from_units(i128::MIN), Weight::from_units(i128::MAX)), Weight::ZERO);
    [1, 2, 3, 999_999, 1_000_000, ONE - 1, ONE, ONE + 1, 29 * ONE - 1, 29 * ONE, 29 * ONE + 1].into_iter().for_each(check_softmax);
}

/// ln(2 * 10^12) is 28.324168296488...: from there on the value is below half a unit.
#[test]
fn where_softmax_vanishes() {
    (28_324_168_296_480..28_324_168_296_500).for_each(check_softmax);
    let at = |distance: i128| softmax(Weight::from_units(-distance), Weight::ZERO).units();
    assert_eq!((at(28_324_168_296_488), at(28_324_168_296_489)), (1, 0));
}

/// `exp(-x)` in units is near a tie for odd thousandths of thousandths: 10^12 - k*10^6 + k^2/2 - k^3/6 * 10^-6.
#[test]
fn near_ties() {
    for k in (1..200).step_by(2) {
        ((k * 1_000_000 - 1)..=(k * 1_000_000 + 1)).for_each(check_softmax);
    }
}

#[test]
#[should_panic = "no weight of an event is above its highest"]
fn a_weight_above_the_highest_is_refused() {
    let _ = softmax(Weight::ONE, Weight::ZERO);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn any_rank(whole in 1..=10_i128.pow(15), bits in 0_u32..50) {
        check_rank((whole >> bits).max(1));
    }

    #[test]
    fn any_softmax(distance in 0..29 * ONE) {
        check_softmax(distance);
    }

    #[test]
    fn softmax_of_near_weights(distance in 0..29 * ONE, bits in 0_u32..45) {
        check_softmax(distance >> bits);
    }

    #[test]
    fn softmax_falls(distance in 0..30 * ONE, further in 0..ONE) {
        let at = |distance: i128| softmax(Weight::from_units(-distance), Weight::ZERO);
        prop_assert!(at(distance + further) <= at(distance));
    }
}
