//! Money, rates, products, splits, weights and transforms against a second opinion in big rationals.
//!
//! The references here share no code with what they judge, and are written to be read, not to be fast.

#[path = "arithmetic/division.rs"]
mod division;
#[path = "arithmetic/exchange.rs"]
mod exchange;
#[path = "arithmetic/money.rs"]
mod money;
#[path = "arithmetic/split.rs"]
mod split;
#[path = "arithmetic/transform.rs"]
mod transform;
#[path = "arithmetic/weight.rs"]
mod weight;

use num_bigint::BigInt;
use num_rational::Ratio;
use proptest::prelude::*;

/// An exact number of any size.
pub type Rational = Ratio<BigInt>;

/// `10^power`, exactly.
pub fn ten_to(power: i32) -> Rational {
    let size = Rational::from_integer(BigInt::from(10).pow(power.unsigned_abs()));
    if power < 0 { size.recip() } else { size }
}

/// The whole number nearest to `value`, the even one of two.
pub fn half_to_even(value: &Rational) -> BigInt {
    let floor = value.floor().to_integer();
    let above: Rational = value - Rational::from_integer(floor.clone());
    let half = Rational::new(BigInt::from(1), BigInt::from(2));
    let odd = &floor % 2 != BigInt::from(0);
    if above > half || (above == half && odd) { floor + 1 } else { floor }
}

/// Numbers of every size, often at the edges of 64 and 128 bits.
pub fn numbers() -> impl Strategy<Value = i128> {
    let edges = vec![0, 1, -1, i128::MAX, i128::MIN, i128::MIN + 1, 1 << 64, (1 << 64) - 1, -(1 << 64), i128::from(i64::MIN)];
    prop_oneof![
        prop::sample::select(edges),
        any::<i128>(),
        (any::<i128>(), 0_u32..127).prop_map(|(number, bits)| number >> bits),
        -50_i128..50,
    ]
}
