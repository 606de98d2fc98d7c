//! Weights as text against a parser in big rationals.

use crate::{Rational, half_to_even, ten_to};
use farthing_schemas::Weight;
use num_bigint::BigInt;
use proptest::prelude::*;

/// The contract's grammar and bounds, by cutting the text up from its end.
fn reference(text: &str) -> Option<BigInt> {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if text.len() > 64 {
        return None;
    }
    let (decimal, exponent) = match text.find(['e', 'E']) {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, "0"),
    };
    if !digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)) {
        return None;
    }
    let exponent: BigInt = exponent.strip_prefix('+').unwrap_or(exponent).parse().expect("digits with or without a minus");
    let exponent = i32::try_from(exponent).ok().filter(|exponent| (-64..=64).contains(exponent))?;
    let size = decimal.strip_prefix('-').unwrap_or(decimal);
    let (whole, fraction) = size.split_once('.').unwrap_or((size, "0"));
    if !digits(whole) || !digits(fraction) || (whole.starts_with('0') && whole != "0") {
        return None;
    }
    let number: BigInt = format!("{whole}{fraction}").parse().expect("digits");
    let places = i32::try_from(fraction.len()).expect("at most 64");
    let value = Rational::from_integer(number) * ten_to(exponent - places);
    if value >= ten_to(15) {
        return None;
    }
    let units = half_to_even(&(value * ten_to(12)));
    Some(if decimal.starts_with('-') { -units } else { units })
}

fn check(text: &str) {
    let ours = text.parse::<Weight>();
    assert_eq!(ours.as_ref().ok().map(|weight| BigInt::from(weight.units())), reference(text), "{text:?}");
    if let Err(error) = ours {
        let shown: String = text.chars().take(64).collect();
        assert!(error.to_string().starts_with(&format!("{shown:?} is not a weight")), "{error}");
    }
}

#[test]
fn known_weights() {
    let cases = [
        ("0", 0),
        ("-0", 0),
        ("-0.0e5", 0),
        ("0e64", 0),
        ("1", 1_000_000_000_000),
        ("0.62", 620_000_000_000),
        ("-0.25", -250_000_000_000),
        ("1E+2", 100_000_000_000_000),
        ("1e-12", 1),
        ("5e-13", 0),
        ("15e-13", 2),
        ("25e-13", 2),
        ("-15e-13", -2),
        ("5.0000001e-13", 1),
        ("49999999999e-23", 0),
        ("50000000001e-23", 1),
        ("0.6180339887498949", 618_033_988_750),
        ("1e00000000000000000000000000000000000000000000000000000000000014", 100_000_000_000_000_000_000_000_000),
        ("999999999999999.9999999999995", 1_000_000_000_000_000_000_000_000_000),
        ("999999999999999.99999999999949999", 999_999_999_999_999_999_999_999_999),
    ];
    for (text, units) in cases {
        assert_eq!(text.parse::<Weight>().map(Weight::units).ok(), Some(units), "{text}");
        check(text);
    }
}

#[test]
fn what_is_no_weight() {
    let texts = [
        "",
        "-",
        "+1",
        ".5",
        "5.",
        "-.5",
        "01",
        "-01",
        "00",
        "1e",
        "1e+",
        "1e-",
        "1e+-1",
        "1e1.5",
        "1.e1",
        "1.5.5",
        "--1",
        " 1",
        "1 ",
        "1\n",
        "1_0",
        "0x1",
        "NaN",
        "Infinity",
        "-Infinity",
        "1e65",
        "1e-65",
        "0e65",
        "1e15",
        "1000000000000000",
        "0.1e16",
        "-1e15",
        "٣",
        "1٣",
        "1,5",
        "1e99999999999999999999999999",
        "e5",
        "1ee5",
        "1f5",
        "0.5é",
    ];
    for text in texts {
        assert!(text.parse::<Weight>().is_err(), "{text:?}");
        check(text);
    }
}

#[test]
fn sixty_four_bytes_and_one_more() {
    for (zeros, good) in [(62, true), (63, false)] {
        let text = format!("0.{}", "0".repeat(zeros));
        assert_eq!(text.parse::<Weight>().is_ok(), good, "{} bytes", text.len());
    }
    check(&format!("0.{}5", "9".repeat(61)));
    check(&format!("0.{}5", "9".repeat(62)));
    check(&format!("1e{}1", "0".repeat(61)));
    check(&format!("1e{}1", "0".repeat(62)));
    check(&format!("{}e-50", "9".repeat(60)));
    check(&format!("{}e-45", "9".repeat(60)));
    check(&"é".repeat(32));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6000))]

    #[test]
    fn decimals(text in "-?(0|[1-9][0-9]{0,16})(\\.[0-9]{1,20})?") {
        check(&text);
    }

    #[test]
    fn decimals_with_exponents(text in "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,30})?[eE][+-]?0{0,3}[0-9]{1,2}") {
        check(&text);
    }

    #[test]
    fn leading_zeros_then_exponents(text in "-?0\\.0{0,20}[0-9]{1,6}[eE][+-]?[0-9]{1,2}") {
        check(&text);
    }

    /// Ties and their neighbours, at every exponent.
    #[test]
    fn near_halves(whole in 0_u64..1000, tail in "5|50{0,9}|50{0,9}1|49{0,9}", shift in -9_i32..9) {
        let exponent = shift - 12 - i32::try_from(tail.len()).expect("short");
        let digits = if whole == 0 { tail } else { format!("{whole}{tail}") };
        check(&format!("{digits}e{exponent}"));
        check(&format!("-0.000{digits}e{}", exponent + 3 + i32::try_from(digits.len()).expect("short")));
    }

    #[test]
    fn nearly_weights(text in "[-+0-9.eE ]{0,8}") {
        check(&text);
    }

    #[test]
    fn what_is_shown_comes_back(units in -(10_i128.pow(27) - 1)..10_i128.pow(27)) {
        let weight = Weight::from_units(units);
        prop_assert_eq!(weight.to_string().parse::<Weight>(), Ok(weight));
    }
}
