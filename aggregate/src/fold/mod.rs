//! The accumulator: lines of many events, on their way to sums per key.
//!
//! Lines are appended one after the other and put in order when they are summed, instead of looked up one by one in a table: with a
//! million parties every look-up waits for memory, ordering hardly does, and accruals have to be in order anyway. They are appended to
//! buckets of neighbouring parties, each small enough to be put in order and summed within the processor's cache.

mod order;
mod rows;

use crate::numbered::{Numbered, index};
use farthing_schemas::money::MoneyError;
use farthing_schemas::registry::{AgreementIndex, MidIndex, PartyIndex, PlatformIndex};
use farthing_schemas::{Currency, Cycle, Money, ReferenceKind, Status, Use};
use rows::{Bucket, RowKey};

/// The bits of a party's number that tell it from the others of its bucket.
const PARTY_BITS: u32 = 12;

/// Each part is this share of what one thread still has to do: large, since each part begins row groups of its own, and ever smaller, so
/// that the threads end together.
const SHARES_PER_THREAD: usize = 3;

/// What lines are summed by: small integers, given meaning by the registry and by the batch's table of unknown references.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineKey {
    /// Who it is for; see [`Target`].
    pub target: Target,
    /// All that many targets share.
    pub terms: Terms,
}

/// What a key says beside its target: few are distinct within a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Terms {
    /// The agreement that applies.
    pub agreement: Option<AgreementIndex>,
    /// Whose agreement it was when the event was metered: a later registry version can give the agreement to another MID.
    pub mid: Option<MidIndex>,
    /// Who owes it.
    pub platform: PlatformIndex,
    /// For a reversal's line, the batch of its original, whose cycles decide what it undoes.
    pub undoes: Option<u64>,
    /// The cycle of the event's (for a reversal, the original's) own time.
    pub own: Cycle,
    /// The currency of the amounts.
    pub currency: Currency,
    /// What was done.
    pub use_: Use,
    /// What is to become of it.
    pub status: Status,
}

/// Who a summed line is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// A party of the registry.
    Party(PartyIndex),
    /// A reference that the registry does not know, by its place in the batch's table.
    Unknown(u32),
    /// The unattributed part.
    Nobody,
}

/// Gross and labour of one key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Attributed revenue.
    pub gross: Money,
    /// The part promised to contributors.
    pub labour: Money,
}

impl Sums {
    /// Adds checked.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] beyond 128 bits.
    pub fn add(&mut self, other: Sums) -> Result<(), MoneyError> {
        *self = Sums { gross: self.gross.plus(other.gross)?, labour: self.labour.plus(other.labour)? };
        Ok(())
    }
}

/// A reference that the registry does not know, as events name it.
pub type UnknownReference = (ReferenceKind, String);

/// A batch's table of unknown references: what [`Target::Unknown`] stands for.
pub type UnknownTable = Numbered<UnknownReference>;

/// Lines of one batch, on their way to sums.
#[derive(Debug, Default)]
pub struct Accumulator {
    /// What [`Target::Unknown`] stands for in the lines added.
    pub unknown: UnknownTable,
    terms: Numbered<Terms>,
    /// By the highest bits of the party.
    parties: Vec<Bucket>,
    /// Unknown references and nobody.
    others: Bucket,
    rows: usize,
}

impl Accumulator {
    /// Adds one line.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] beyond 128 bits.
    pub fn add(&mut self, key: LineKey, sums: Sums) -> Result<(), MoneyError> {
        let terms = self.number(key.terms);
        self.add_numbered(key.target, terms, sums)
    }

    /// The number of terms, for lines that share them.
    pub fn number(&mut self, terms: Terms) -> u32 {
        self.terms.number(terms)
    }

    /// Adds one line whose terms are numbered already.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] beyond 128 bits.
    pub fn add_numbered(&mut self, target: Target, terms: u32, sums: Sums) -> Result<(), MoneyError> {
        let bucket = match target {
            Target::Party(party) => bucket_of(&mut self.parties, party),
            Target::Unknown(_) | Target::Nobody => &mut self.others,
        };
        let before = bucket.len();
        bucket.add(RowKey::of(target, terms), sums)?;
        self.rows = self.rows + bucket.len() - before;
        Ok(())
    }

    /// Rows that it holds: of 24 bytes, if the amounts fit 64 bits.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// All lines, ready to be summed.
    #[must_use]
    pub fn finish(mut self) -> Folded {
        let unknown = self.order_unknown();
        let mut buckets = self.parties;
        buckets.push(self.others);
        Folded { terms: self.terms.take(), unknown, buckets }
    }

    /// Numbers unknown references by name: rows must not stand in the order in which names were met.
    fn order_unknown(&mut self) -> Vec<UnknownReference> {
        let mut met: Vec<(usize, UnknownReference)> = self.unknown.take().into_iter().enumerate().collect();
        met.sort_unstable_by(|a, b| a.1.cmp(&b.1));
        let mut ranks = vec![0; met.len()];
        for (rank, (at, _)) in (0..).zip(&met) {
            ranks[*at] = rank;
        }
        for key in self.others.keys() {
            if let Target::Unknown(place) = key.target() {
                let rank = ranks[index(place)];
                *key = RowKey::of(Target::Unknown(rank), key.terms());
            }
        }
        met.into_iter().map(|(_, reference)| reference).collect()
    }
}

/// The lines of a batch, not yet assigned to cycles.
#[derive(Debug)]
pub struct Folded {
    /// The terms of the lines, by number.
    pub terms: Vec<Terms>,
    /// What [`Target::Unknown`] stands for, by place and in order.
    pub unknown: Vec<UnknownReference>,
    /// In the order of targets.
    buckets: Vec<Bucket>,
}

/// The lines of neighbouring targets.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a>(&'a [Bucket]);

/// What the lines of one key come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SummedRow {
    /// Who it is for.
    pub target: Target,
    /// The place of its terms, as given to [`Part::summed`].
    pub place: u32,
    /// Their gross and labour.
    pub sums: Sums,
}

impl Part<'_> {
    /// The sums per target and place of its terms, where the terms of number `n` have `places[n]`: bucket by bucket, ordered by target,
    /// then place.
    ///
    /// # Errors
    /// Items are [`MoneyError::Overflow`] beyond 128 bits.
    pub fn summed(&self, places: &[u32]) -> impl Iterator<Item = Result<impl Iterator<Item = SummedRow> + use<>, MoneyError>> {
        let row = |(key, sums): (RowKey, Sums)| SummedRow { target: key.target(), place: key.terms(), sums };
        self.0.iter().map(move |bucket| Ok(bucket.rows(places)?.into_iter().map(row)))
    }
}

impl Folded {
    /// Cuts the lines into parts for so many threads, none smaller than `least` lines but the last; at least one. Each is a share of what
    /// is left, so that parts become smaller towards the end and the threads end together.
    #[must_use]
    pub fn parts(&self, threads: usize, least: usize) -> Vec<Part<'_>> {
        let mut left: usize = self.buckets.iter().map(Bucket::len).sum();
        let (mut parts, mut first, mut count) = (Vec::new(), 0, 0);
        for (at, bucket) in self.buckets.iter().enumerate() {
            count += bucket.len();
            if count > least.max(left / (SHARES_PER_THREAD * threads.max(1))) {
                parts.push(Part(&self.buckets[first..=at]));
                left -= count;
                (first, count) = (at + 1, 0);
            }
        }
        if first < self.buckets.len() {
            parts.push(Part(&self.buckets[first..]));
        }
        parts
    }

    /// Gross and labour per number of terms.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] beyond 128 bits.
    pub fn sums_of_terms(&self) -> Result<Vec<Sums>, MoneyError> {
        let mut totals = vec![Sums::default(); self.terms.len()];
        for (key, sums) in self.buckets.iter().flat_map(Bucket::unsummed) {
            totals[index(key.terms())].add(sums)?;
        }
        Ok(totals)
    }
}

fn bucket_of(parties: &mut Vec<Bucket>, party: PartyIndex) -> &mut Bucket {
    let at = index(party.index() >> PARTY_BITS);
    if at >= parties.len() {
        parties.resize_with(at + 1, Bucket::default);
    }
    &mut parties[at]
}

#[cfg(test)]
mod tests {
    use super::rows::ROWS_AT_LEAST;
    use super::*;

    fn terms(status: Status) -> Terms {
        Terms {
            agreement: None,
            mid: None,
            platform: PlatformIndex::of(0),
            undoes: None,
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
}
