//! Exchanges against big rationals: what arrives, and the least that gives as much.

use crate::{Rational, numbers, ten_to};
use farthing_schemas::money::MoneyError;
use farthing_schemas::{ExchangeRate, Money};
use num_bigint::BigInt;
use proptest::prelude::*;

/// Any rate, as its text and as the number that it is.
fn rates() -> impl Strategy<Value = (String, Rational)> {
    let units = prop_oneof![1..2_000_000_000_000_i128, 1..10_i128.pow(27), Just(1), Just(10_i128.pow(27) - 1)];
    units.prop_map(|units| (Money::from_units(units).to_string(), Rational::from_integer(BigInt::from(units)) * ten_to(-12)))
}

fn minors() -> impl Strategy<Value = i128> {
    prop_oneof![Just(10_i128.pow(12)), Just(10_i128.pow(10)), Just(10_i128.pow(9)), Just(10_i128.pow(8))]
}

fn exact(units: i128) -> Rational {
    Rational::from_integer(BigInt::from(units))
}

fn fitting(value: &Rational) -> Result<Money, MoneyError> {
    i128::try_from(value.to_integer()).map(Money::from_units).map_err(|_| MoneyError::Overflow)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn what_arrives_is_cut_once((text, rate) in rates(), units in numbers().prop_filter("is paid", |units| *units >= 0), minor in minors()) {
        let found = text.parse::<ExchangeRate>().expect("a rate").exchanged(Money::from_units(units), Money::from_units(minor));
        let whole = (exact(units) * rate / exact(minor)).floor() * exact(minor);
        // Beyond 128 bits nothing is given, even where what is cut would just have brought it back.
        if found != Err(MoneyError::Overflow) {
            prop_assert_eq!(found, fitting(&whole));
        } else {
            prop_assert!(whole + exact(minor) > exact(i128::MAX));
        }
    }

    #[test]
    fn the_least_gives_as_much_and_a_unit_less_does_not((text, rate) in rates(), count in 1..10_i128.pow(15), minor in minors()) {
        let there = exact(count * minor);
        let parsed = text.parse::<ExchangeRate>().expect("a rate");
        prop_assert_eq!(parsed.to_string(), text);
        let least = (there.clone() / rate.clone()).ceil();
        prop_assert_eq!(parsed.least_for(Money::from_units(count * minor)), fitting(&least));
        prop_assert!(least.clone() * rate.clone() >= there && (least - exact(1)) * rate < there);
    }
}

#[test]
fn what_is_no_rate() {
    for text in ["", "0", "0.0", "-1", "1.", ".5", "01", "1e3", "0.0000000000001", "1000000000000000", "1,5", " 1"] {
        let error = text.parse::<ExchangeRate>().expect_err(text).to_string();
        assert!(error.contains("is not an exchange rate"), "{error}");
    }
}
