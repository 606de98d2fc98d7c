//! Rows of a bucket in the order of their keys.
//!
//! A bucket has many rows of few parties: counted and put in their places they are in order sooner than by comparing.

use super::PARTY_BITS;
use super::rows::Narrow;
use crate::numbered::index;

/// The parties of a bucket; fewer rows than this are compared.
const PARTIES: usize = 1 << PARTY_BITS;

/// So many rows in the order of their keys.
pub(super) fn in_order(rows: impl Iterator<Item = Narrow> + Clone, count: usize) -> Vec<Narrow> {
    let starts = if count < PARTIES { None } else { starts_of_parties(rows.clone()) };
    match starts {
        Some(starts) => put_in_order(rows, count, starts),
        None => {
            let mut ordered = Vec::with_capacity(count);
            ordered.extend(rows);
            ordered.sort_unstable_by_key(|row: &Narrow| row.key);
            ordered
        }
    }
}

/// Where the rows of each party will start; none if they are not all of one bucket's parties.
fn starts_of_parties(rows: impl Iterator<Item = Narrow>) -> Option<Vec<u32>> {
    let mut starts = vec![0; PARTIES];
    let mut bucket = None;
    for row in rows {
        if *bucket.get_or_insert(row.key.bucket()) != row.key.bucket() {
            return None;
        }
        starts[row.key.number_in_bucket()] += 1;
    }
    let mut next = 0;
    for start in &mut starts {
        next += std::mem::replace(start, next);
    }
    Some(starts)
}

fn put_in_order(rows: impl Iterator<Item = Narrow>, count: usize, mut next: Vec<u32>) -> Vec<Narrow> {
    let mut ordered = vec![Narrow::default(); count];
    for row in rows {
        let place = &mut next[row.key.number_in_bucket()];
        ordered[index(*place)] = row;
        *place += 1;
    }
    // What was the next place of a party is now the end of its rows.
    let mut start = 0;
    for end in next.into_iter().map(index) {
        ordered[start..end].sort_unstable_by_key(|row| row.key);
        start = end;
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::super::rows::RowKey;
    use super::super::{Sums, Target};
    use super::*;
    use farthing_schemas::Money;
    use farthing_schemas::registry::PartyIndex;

    fn check(targets: impl Fn(u32) -> Target) {
        for count in [0, 1, 2, 4095, 4096, 20_000] {
            let row = |at: u32| {
                let amount = Money::from_units(i128::from(at));
                Narrow::of(RowKey::of(targets(at), at % 7), Sums { gross: amount, labour: amount }).expect("small")
            };
            let rows = in_order((0..count).map(row), index(count));
            let keys: Vec<_> = rows.iter().map(|row| row.key).collect();
            assert!(keys.is_sorted(), "{count}");
            let mut amounts: Vec<_> = rows.iter().map(|row| row.sums().gross.units()).collect();
            amounts.sort_unstable();
            assert_eq!(amounts, (0..i128::from(count)).collect::<Vec<_>>());
        }
    }

    #[test]
    fn rows_of_one_bucket_are_put_in_order() {
        check(|at| Target::Party(PartyIndex::of((5 << PARTY_BITS) + at * 2017 % 4096)));
        check(|_| Target::Party(PartyIndex::of((6 << PARTY_BITS) - 1)));
    }

    #[test]
    fn rows_of_all_kinds_are_put_in_order() {
        check(|at| Target::Unknown(at * 2017 % 10_000));
        check(|at| if at % 3 == 0 { Target::Nobody } else { Target::Unknown(at % 5) });
        check(|at| Target::Party(PartyIndex::of(at * 2017 % 10_000)));
    }
}
