//! Splits against the contract's words in big integers.

use farthing_schemas::Money;
use farthing_schemas::split::{SplitError, Splitter, split};
use num_bigint::BigInt;
use proptest::prelude::*;

/// Section 2 of the contract, to the letter, over references that need not be in order.
fn reference(total: i128, entries: &[(String, u128)]) -> Vec<(String, BigInt)> {
    if total < 0 {
        let opposite = reference_of(-BigInt::from(total), entries);
        return opposite.into_iter().map(|(name, part)| (name, -part)).collect();
    }
    reference_of(BigInt::from(total), entries)
}

fn reference_of(total: BigInt, entries: &[(String, u128)]) -> Vec<(String, BigInt)> {
    let whole: BigInt = entries.iter().map(|(_, weight)| BigInt::from(*weight)).sum();
    let mut parts: Vec<(String, BigInt, BigInt)> =
        entries.iter().map(|(name, weight)| (name.clone(), &total * *weight / &whole, &total * *weight % &whole)).collect();
    parts.sort_by(|(name, _, cut), (other_name, _, other_cut)| other_cut.cmp(cut).then(name.as_bytes().cmp(other_name.as_bytes())));
    let left = total - parts.iter().map(|(_, floor, _)| floor).sum::<BigInt>();
    let left = usize::try_from(left).expect("fewer than parts");
    for (_, floor, _) in &mut parts[..left] {
        *floor += 1;
    }
    let mut parts: Vec<_> = parts.into_iter().map(|(name, floor, _)| (name, floor)).collect();
    parts.sort();
    parts
}

/// Splits as a caller does: entries put in the byte order of their references first.
fn ours(splitter: &mut Splitter, total: i128, entries: &[(String, u128)]) -> Vec<(String, BigInt)> {
    let mut entries = entries.to_vec();
    entries.sort_by(|(name, _), (other, _)| name.as_bytes().cmp(other.as_bytes()));
    let weights: Vec<u128> = entries.iter().map(|(_, weight)| *weight).collect();
    let mut parts = vec![Money::from_units(-77); 3];
    splitter.split(Money::from_units(total), &weights, &mut parts).expect("a weight above 0");
    assert_eq!(parts.len(), weights.len());
    entries.into_iter().zip(parts).map(|((name, _), part)| (name, BigInt::from(part.units()))).collect()
}

fn check(splitter: &mut Splitter, total: i128, entries: &[(String, u128)]) {
    let parts = ours(splitter, total, entries);
    assert_eq!(parts, reference(total, entries), "{total} over {entries:?}");
    assert_eq!(parts.iter().map(|(_, part)| part).sum::<BigInt>(), BigInt::from(total));
    for (name, part) in &parts {
        let weightless = entries.iter().any(|(other, weight)| other == name && *weight == 0);
        assert!(!weightless || *part == BigInt::from(0), "{name} has no weight");
    }
}

fn named(weights: &[u128]) -> Vec<(String, u128)> {
    weights.iter().enumerate().map(|(index, weight)| (format!("pty_{index:05}"), *weight)).collect()
}

#[test]
fn every_small_case() {
    let mut splitter = Splitter::default();
    for count in 1..=4_u32 {
        for code in 1..6_u128.pow(count) {
            let weights: Vec<u128> = (0..count).map(|place| code / 6_u128.pow(place) % 6).collect();
            let mut parts = Vec::new();
            for total in -12..=40_i128 {
                splitter.split(Money::from_units(total), &weights, &mut parts).expect("a weight above 0");
                let units: Vec<i128> = parts.iter().map(|part| part.units()).collect();
                assert_eq!(units, small_reference(total, &weights), "{total} over {weights:?}");
            }
        }
    }
}

/// As [`reference`], in machine integers, for the many small cases: the units left go round by picking the best each time.
fn small_reference(total: i128, weights: &[u128]) -> Vec<i128> {
    let weights: Vec<i128> = weights.iter().map(|weight| i128::try_from(*weight).expect("small")).collect();
    let whole: i128 = weights.iter().sum();
    let size = total.abs();
    let mut parts: Vec<i128> = weights.iter().map(|weight| size * weight / whole).collect();
    let mut cuts: Vec<i128> = weights.iter().map(|weight| size * weight % whole).collect();
    while parts.iter().sum::<i128>() < size {
        let most = *cuts.iter().max().expect("not empty");
        let first = cuts.iter().position(|cut| *cut == most).expect("it is there");
        parts[first] += 1;
        cuts[first] = -1;
    }
    parts.into_iter().map(|part| part * total.signum()).collect()
}

#[test]
fn nothing_to_split_by() {
    for weights in [&[][..], &[0], &[0, 0, 0]] {
        assert_eq!(split(Money::from_units(5), weights), Err(SplitError::NoWeight));
    }
    assert_eq!(split(Money::from_units(5), &[u128::MAX, 1]), Err(SplitError::Overflow));
    let mut parts = vec![Money::ZERO];
    assert_eq!(Splitter::default().split(Money::ZERO, &[0], &mut parts), Err(SplitError::NoWeight));
    assert!(parts.is_empty());
}

#[test]
fn the_ends_of_128_bits() {
    let mut splitter = Splitter::default();
    for total in [i128::MIN, i128::MIN + 1, -1, 0, 1, i128::MAX] {
        for weights in [&[u128::MAX][..], &[1], &[0, 1, 0], &[u128::MAX - 1, 1], &[u128::MAX / 2, u128::MAX / 2, 1], &[1, 1, 1]] {
            check(&mut splitter, total, &named(weights));
        }
    }
}

/// The most that one event can bring: 16,384 entries and the unattributed part, each of 10^15, of an amount of 10^15.
#[test]
fn the_largest_event() {
    let most = 10_u128.pow(27);
    let total = 10_i128.pow(27) - 1;
    let mut splitter = Splitter::default();
    let alike = named(&vec![most; 16_385]);
    let uneven: Vec<u128> = (0..16_385).map(|index| most - index * index * 1_000_003).collect();
    check(&mut splitter, total, &alike);
    check(&mut splitter, -total, &named(&uneven));
    check(&mut splitter, 16_384, &alike);
}

fn entries(weight: impl Strategy<Value = u128>) -> impl Strategy<Value = Vec<(String, u128)>> {
    let entries = prop::collection::btree_map("[a-z_é]{1,4}", weight, 1..24).prop_map(|map| map.into_iter().collect::<Vec<_>>());
    let weighted = entries.prop_filter("a weight above 0", |entries| entries.iter().any(|(_, weight)| *weight > 0));
    weighted.prop_shuffle()
}

fn weights() -> impl Strategy<Value = u128> {
    prop_oneof![
        Just(0),
        0_u128..6,
        0..10_u128.pow(12),
        0..=10_u128.pow(27),
        (any::<u64>(), 0_u32..64).prop_map(|(weight, bits)| u128::from(weight >> bits)),
    ]
}

fn totals() -> impl Strategy<Value = i128> {
    prop_oneof![-100_i128..100, -(10_i128.pow(11))..10_i128.pow(11), -(10_i128.pow(27))..=10_i128.pow(27), any::<i128>()]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    /// The entries come shuffled, so agreement with the reference is independence of their order too.
    #[test]
    fn any_split(total in totals(), entries in entries(weights())) {
        check(&mut Splitter::default(), total, &entries);
    }

    #[test]
    fn typical_split(total in 0..10_i128.pow(11), entries in entries(0..10_u128.pow(12))) {
        check(&mut Splitter::default(), total, &entries);
    }

    #[test]
    fn many_ties(total in -60_i128..60, entries in entries(0_u128..3)) {
        check(&mut Splitter::default(), total, &entries);
    }

    /// A factor common to all weights changes nothing, though it takes the split through 256 bits.
    #[test]
    fn both_paths_agree(total in 0..i128::from(i64::MAX), weights in prop::collection::vec(1_u128..1_000_000, 1..12)) {
        let wide: Vec<u128> = weights.iter().map(|weight| weight << 100).collect();
        prop_assert_eq!(split(Money::from_units(total), &weights), split(Money::from_units(total), &wide));
    }
}
