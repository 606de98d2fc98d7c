//! Lines in, sums per key out.

use super::rows::ROWS_AT_LEAST;
use super::*;

fn terms(status: Status) -> Terms {
    Terms {
        agreement: None,
        mid: None,
        platform: PlatformIndex::of(0),
        undoes: None,
        claimed: None,
        own: "2026-10".parse().expect("a cycle"),
        currency: "USD".parse().expect("a currency"),
        use_: Use::Retrieval,
        status,
    }
}

fn sums(units: i128) -> Sums {
    Sums { gross: Money::from_units(units), labour: Money::from_units(units / 2) }
}

fn rows(lines: Accumulator) -> Result<Vec<(Target, u32, Sums)>, MoneyError> {
    let folded = lines.finish();
    let places: Vec<u32> = (0..).take(folded.terms.len()).collect();
    let mut rows = Vec::new();
    for part in folded.parts(3, 1) {
        for bucket in part.summed(&places) {
            rows.extend(bucket?.map(|row| (row.target, row.place, row.sums)));
        }
    }
    Ok(rows)
}

#[test]
fn lines_of_one_key_are_summed_however_often_and_in_whatever_order_they_come() {
    let mut lines = Accumulator::default();
    let count = u32::try_from(ROWS_AT_LEAST).expect("small") * 2 + 5;
    let parties = [7, 3, 3 << PARTY_BITS];
    for line in 0..count {
        let target = Target::Party(PartyIndex::of(parties[line as usize % 3]));
        lines.add(LineKey { target, terms: terms(Status::Payable) }, sums(2)).expect("small");
    }
    let of = |party: u32, first: u32| (Target::Party(PartyIndex::of(party)), 0, sums(2 * i128::from((count - first).div_ceil(3))));
    assert_eq!(rows(lines), Ok(vec![of(3, 1), of(7, 0), of(3 << PARTY_BITS, 2)]));
}

#[test]
fn amounts_beyond_64_bits_are_summed_with_small_ones() {
    let most = i128::from(i64::MAX);
    for amounts in [[most, most, 1, -1], [most + 1, 1, -most, 2 * most], [1, i128::MAX - 3, 1, 1], [-most - 1, -most - 1, 5, 0]] {
        let mut lines = Accumulator::default();
        for amount in amounts {
            lines.add(LineKey { target: Target::Nobody, terms: terms(Status::Unattributed) }, sums(amount)).expect("it fits");
        }
        let sum = |of: fn(i128) -> i128| Money::from_units(amounts.map(of).iter().sum());
        let expected = Sums { gross: sum(|amount| amount), labour: sum(|amount| amount / 2) };
        assert_eq!(rows(lines), Ok(vec![(Target::Nobody, 0, expected)]));
    }
}

#[test]
fn terms_that_share_a_place_share_a_sum() {
    let mut lines = Accumulator::default();
    for (status, units) in [(Status::Payable, 2), (Status::Suspense, 4), (Status::Unlicensed, 6)] {
        lines.add(LineKey { target: Target::Nobody, terms: terms(status) }, sums(units)).expect("small");
    }
    let folded = lines.finish();
    let rows: Vec<_> = folded.parts(1, usize::MAX)[0]
        .summed(&[5, 1, 5])
        .flat_map(|rows| rows.expect("small"))
        .map(|row| (row.target, row.place, row.sums))
        .collect();
    assert_eq!(rows, [(Target::Nobody, 1, sums(4)), (Target::Nobody, 5, sums(8))]);
    assert_eq!(folded.sums_of_terms(), Ok(vec![sums(2), sums(4), sums(6)]));
}

#[test]
fn parts_hold_all_and_become_smaller() {
    let mut lines = Accumulator::default();
    for party in 0..1000 {
        let target = Target::Party(PartyIndex::of(party << PARTY_BITS));
        lines.add(LineKey { target, terms: terms(Status::Payable) }, sums(2)).expect("small");
    }
    let folded = lines.finish();
    for (threads, least, first, count) in
        [(1, 10, 334, 12), (2, 10, 167, 21), (2, 0, 167, 32), (7, 500, 501, 2), (7, 2000, 1001, 1), (0, 500, 501, 2)]
    {
        let parts: Vec<usize> = folded.parts(threads, least).iter().map(|part| part.0.len()).collect();
        assert_eq!((parts[0], parts.len(), parts.iter().sum()), (first, count, folded.buckets.len()), "{threads} {least}: {parts:?}");
        assert!(parts.is_sorted_by(|part, next| part >= next));
    }
}

#[test]
fn unknown_references_stand_by_name() {
    let mut lines = Accumulator::default();
    for name in ["zoe", "ann", "zoe"] {
        let place = lines.unknown.number((ReferenceKind::Party, name.to_owned()));
        lines.add(LineKey { target: Target::Unknown(place), terms: terms(Status::Suspense) }, sums(2)).expect("small");
    }
    let folded = lines.finish();
    assert_eq!(folded.unknown.iter().map(|(_, name)| name.as_str()).collect::<Vec<_>>(), ["ann", "zoe"]);
    let rows: Vec<_> = folded.parts(1, usize::MAX)[0].summed(&[0]).flat_map(|rows| rows.expect("small")).map(|row| row.sums).collect();
    assert_eq!(rows, [sums(2), sums(4)]);
}

#[test]
fn a_sum_beyond_128_bits_is_refused() {
    let mut lines = Accumulator::default();
    for _ in 0..2 {
        lines.add(LineKey { target: Target::Nobody, terms: terms(Status::Unattributed) }, sums(i128::MAX)).expect("not summed yet");
    }
    assert_eq!(rows(lines), Err(MoneyError::Overflow));
}
