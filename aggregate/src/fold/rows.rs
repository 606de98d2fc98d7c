//! Rows: lines and sums of lines, in buckets that fit the processor's cache.

use super::order::in_order;
use super::{PARTY_BITS, Sums, Target};
use crate::numbered::index;
use farthing_schemas::Money;
use farthing_schemas::money::MoneyError;
use farthing_schemas::registry::PartyIndex;

/// A bucket with fewer rows is not summed up before the commit; beyond, memory grows with keys and not with events.
pub(super) const ROWS_AT_LEAST: usize = 1 << 15;

/// A target and the number of its terms in one integer, in the order of targets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RowKey(u64);

const TERMS_BITS: u32 = 30;
const INDEX_BITS: u32 = 32;

impl RowKey {
    pub(super) fn of(target: Target, terms: u32) -> RowKey {
        assert!(terms >> TERMS_BITS == 0, "a batch holds fewer than 2^30 terms");
        let (kind, index) = match target {
            Target::Party(party) => (0, party.index()),
            Target::Unknown(place) => (1, place),
            Target::Nobody => (2, 0),
        };
        RowKey(kind << (INDEX_BITS + TERMS_BITS) | u64::from(index) << TERMS_BITS | u64::from(terms))
    }

    pub(super) fn target(self) -> Target {
        let index = u32::try_from(self.0 >> TERMS_BITS & u64::from(u32::MAX)).expect("masked to 32 bits");
        match self.0 >> (INDEX_BITS + TERMS_BITS) {
            0 => Target::Party(PartyIndex::of(index)),
            1 => Target::Unknown(index),
            _ => Target::Nobody,
        }
    }

    pub(super) fn terms(self) -> u32 {
        u32::try_from(self.0 & ((1 << TERMS_BITS) - 1)).expect("masked to 30 bits")
    }

    /// What the keys of a bucket's parties have in common.
    pub(super) fn bucket(self) -> u64 {
        self.0 >> (TERMS_BITS + PARTY_BITS)
    }

    /// The number of a party within its bucket.
    pub(super) fn number_in_bucket(self) -> usize {
        usize::try_from(self.0 >> TERMS_BITS & ((1 << PARTY_BITS) - 1)).expect("masked to few bits")
    }

    fn with_terms(self, terms: u32) -> RowKey {
        RowKey(self.0 >> TERMS_BITS << TERMS_BITS | u64::from(terms))
    }
}

/// A line or a sum of lines, if its amounts fit: half as many bytes to keep and to move as whole ones.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Narrow {
    pub(super) key: RowKey,
    gross: i64,
    labour: i64,
}

impl Narrow {
    pub(super) fn of(key: RowKey, sums: Sums) -> Option<Narrow> {
        let (gross, labour) = (i64::try_from(sums.gross.units()).ok()?, i64::try_from(sums.labour.units()).ok()?);
        Some(Narrow { key, gross, labour })
    }

    pub(super) fn sums(self) -> Sums {
        Sums { gross: Money::from_units(self.gross.into()), labour: Money::from_units(self.labour.into()) }
    }

    /// Takes in a row of the same key, if the sum fits.
    fn absorb(&mut self, other: Narrow) -> bool {
        match (self.gross.checked_add(other.gross), self.labour.checked_add(other.labour)) {
            (Some(gross), Some(labour)) if self.key == other.key => {
                (self.gross, self.labour) = (gross, labour);
                true
            }
            _ => false,
        }
    }
}

/// Rows that are kept in one piece: a list that grows in pieces is not copied as it grows, and hardly larger than its rows.
const PIECE_ROWS: usize = 4096;

/// The rows of neighbouring parties, in no order; a key may have several.
#[derive(Clone, Debug, Default)]
pub(super) struct Bucket {
    /// Pieces that are full.
    full: Vec<Vec<Narrow>>,
    /// How many rows they hold.
    full_rows: usize,
    open: Vec<Narrow>,
    wide: Vec<(RowKey, Sums)>,
    /// How many rows were left when they were summed up last.
    distinct: usize,
}

impl Bucket {
    pub(super) fn add(&mut self, key: RowKey, sums: Sums) -> Result<(), MoneyError> {
        match Narrow::of(key, sums) {
            Some(row) => self.push(row),
            None => self.wide.push((key, sums)),
        }
        if self.len() >= ROWS_AT_LEAST.max(2 * self.distinct) {
            self.sum_up()?;
        }
        Ok(())
    }

    fn push(&mut self, row: Narrow) {
        if self.open.len() >= PIECE_ROWS {
            self.full_rows += self.open.len();
            self.full.push(std::mem::replace(&mut self.open, Vec::with_capacity(PIECE_ROWS)));
        }
        self.open.push(row);
    }

    fn sum_up(&mut self) -> Result<(), MoneyError> {
        self.open = self.sorted(|key| key);
        self.open.shrink_to_fit();
        (self.full, self.full_rows) = (Vec::new(), 0);
        self.wide.sort_unstable_by_key(|(key, _)| *key);
        add_up(&mut self.wide)?;
        self.distinct = self.len();
        Ok(())
    }

    pub(super) fn len(&self) -> usize {
        self.full_rows + self.open.len() + self.wide.len()
    }

    fn narrow(&self) -> impl Iterator<Item = Narrow> + Clone {
        self.full.iter().chain([&self.open]).flatten().copied()
    }

    /// The narrow rows in the order of their keys as they are `placed`, neighbours of one key added up where that fits.
    fn sorted(&self, placed: impl Fn(RowKey) -> RowKey + Copy) -> Vec<Narrow> {
        let rows = self.narrow().map(|row| Narrow { key: placed(row.key), ..row });
        let mut rows = in_order(rows, self.full_rows + self.open.len());
        rows.dedup_by(|next, kept| kept.absorb(*next));
        rows
    }

    /// One row per key, in order, with `places[terms]` instead of the number of its terms.
    pub(super) fn rows(&self, places: &[u32]) -> Result<Vec<(RowKey, Sums)>, MoneyError> {
        let placed = |key: RowKey| key.with_terms(places[index(key.terms())]);
        let mut rows: Vec<(RowKey, Sums)> = self.sorted(placed).iter().map(|row| (row.key, row.sums())).collect();
        if !self.wide.is_empty() {
            rows.extend(self.wide.iter().map(|(key, sums)| (placed(*key), *sums)));
            rows.sort_unstable_by_key(|(key, _)| *key);
        }
        // Neighbours of one key are left where a sum did not fit a narrow row.
        add_up(&mut rows)?;
        Ok(rows)
    }

    /// Its rows as they are, in no order.
    pub(super) fn unsummed(&self) -> impl Iterator<Item = (RowKey, Sums)> {
        self.narrow().map(|row| (row.key, row.sums())).chain(self.wide.iter().copied())
    }

    /// The keys, to be changed.
    pub(super) fn keys(&mut self) -> impl Iterator<Item = &mut RowKey> {
        let narrow = self.full.iter_mut().chain([&mut self.open]).flatten().map(|row| &mut row.key);
        narrow.chain(self.wide.iter_mut().map(|(key, _)| key))
    }
}

/// Adds up neighbours of one key.
fn add_up(rows: &mut Vec<(RowKey, Sums)>) -> Result<(), MoneyError> {
    let mut result = Ok(());
    rows.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same && result.is_ok() {
            result = kept.1.add(next.1);
        }
        same
    });
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_key_keeps_target_and_terms_and_their_order() {
        let parties = [0, 1, u32::MAX].map(|index| Target::Party(PartyIndex::of(index)));
        let targets = [parties[0], parties[1], parties[2], Target::Unknown(0), Target::Unknown(u32::MAX), Target::Nobody];
        let terms = [0, 1, (1 << TERMS_BITS) - 1];
        let keys: Vec<_> = targets.iter().flat_map(|target| terms.map(|terms| (*target, terms))).collect();
        for (target, terms) in &keys {
            let key = RowKey::of(*target, *terms);
            assert_eq!((key.target(), key.terms()), (*target, *terms));
        }
        assert!(keys.is_sorted_by_key(|(target, terms)| RowKey::of(*target, *terms)));
    }
}
