//! Amounts as text, checked sums, and accruals too small to see.

use crate::{Rational, numbers, ten_to};
use farthing_schemas::Money;
use farthing_schemas::money::{MoneyError, from_stored_text};
use num_bigint::BigInt;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn stored_text_comes_back(units in numbers().prop_filter("has an opposite", |units| *units != i128::MIN)) {
        let amount = Money::from_units(units);
        prop_assert_eq!(from_stored_text(&amount.to_string()), Ok(amount));
    }

    #[test]
    fn the_contracts_text_comes_back(units in 0..10_i128.pow(27)) {
        let amount = Money::from_units(units);
        prop_assert_eq!(amount.to_string().parse::<Money>(), Ok(amount));
    }

    #[test]
    fn text_is_the_number_it_says(whole in "0|[1-9][0-9]{0,14}", fraction in "[0-9]{0,12}") {
        let text = if fraction.is_empty() { whole.clone() } else { format!("{whole}.{fraction}") };
        let digits: BigInt = format!("{whole}{fraction}").parse().expect("digits");
        let places = i32::try_from(fraction.len()).expect("at most 12");
        let exact = Rational::from_integer(digits) * ten_to(12 - places);
        let units = text.parse::<Money>().expect("an amount").units();
        prop_assert_eq!(Rational::from_integer(BigInt::from(units)), exact);
    }

    #[test]
    fn sums_are_checked(a in numbers(), b in numbers()) {
        let fitting = |value: BigInt| i128::try_from(value).map(Money::from_units).map_err(|_| MoneyError::Overflow);
        let (one, other) = (Money::from_units(a), Money::from_units(b));
        prop_assert_eq!(one.plus(other), fitting(BigInt::from(a) + b));
        prop_assert_eq!(one.minus(other), fitting(BigInt::from(a) - b));
        prop_assert_eq!(one.negated(), fitting(-BigInt::from(a)));
    }
}

#[test]
fn what_is_no_amount() {
    let texts = ["", "-1", "+1", "01", "1.", ".1", "1e3", "1234567890123456", "0.1234567890123", " 1", "1 ", "1,5", "٣", "0x1", "1.-1"];
    for text in texts {
        assert!(text.parse::<Money>().is_err(), "{text:?}");
    }
}

/// 10^7 accruals of 10^-7 USD are exactly 1 USD, one by one, in blocks of a thousand, and in halves with debts between.
#[test]
fn ten_million_accruals_of_a_ten_millionth() {
    let tiny: Money = "0.0000001".parse().expect("an amount");
    let dollar: Money = "1".parse().expect("an amount");
    let sum = |count: usize| Money::sum(std::iter::repeat_n(tiny, count)).expect("far below 128 bits");
    assert_eq!(sum(10_000_000), dollar);

    let blocks = Money::sum((0..10_000).map(|_| sum(1000)));
    assert_eq!(blocks, Ok(dollar));

    let debt = tiny.times(3_000_000).and_then(Money::negated).expect("fits");
    let rest = sum(7_000_000);
    let orders = [[debt, rest, sum(6_000_000)], [rest, sum(6_000_000), debt], [sum(6_000_000), debt, rest]];
    for order in orders {
        assert_eq!(Money::sum(order), Ok(dollar));
    }
    assert_eq!(tiny.times(10_000_000), Ok(dollar));
}
