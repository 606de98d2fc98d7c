//! The accumulator: lines of many events, summed per key.
//!
//! Lines are appended one after the other and sorted when they are summed, instead of looked up one by one in a table: with a
//! million parties every look-up waits for memory, a sort hardly does, and accruals have to be in order anyway.

use farthing_schemas::money::MoneyError;
use farthing_schemas::registry::{AgreementIndex, MidIndex, PartyIndex, PlatformIndex};
use farthing_schemas::{Currency, Cycle, Money, ReferenceKind, Status, Use};
use hashbrown::HashMap;

/// Lines that are appended before they are summed up for the first time, so that memory grows with keys and not with events.
const LINES_AT_LEAST: usize = 1 << 20;

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

/// Numbers distinct values as they come.
#[derive(Debug)]
pub struct Numbered<T> {
    values: Vec<T>,
    numbers: HashMap<T, u32, foldhash::fast::FixedState>,
    last: u32,
}

impl<T> Default for Numbered<T> {
    fn default() -> Numbered<T> {
        Numbered { values: Vec::new(), numbers: HashMap::default(), last: 0 }
    }
}

impl<T: Clone + Eq + std::hash::Hash> Numbered<T> {
    /// The number of a value, which is new or known.
    pub fn number(&mut self, value: T) -> u32 {
        // Lines of one event, and of neighbours, often have the same terms.
        if usize::try_from(self.last).is_ok_and(|at| self.values.get(at) == Some(&value)) {
            return self.last;
        }
        let next = u32::try_from(self.values.len()).expect("a batch holds fewer than 2^32 distinct values");
        let number = *self.numbers.entry(value).or_insert_with_key(|value| {
            self.values.push(value.clone());
            next
        });
        self.last = number;
        number
    }

    /// The values by number.
    #[must_use]
    pub fn values(&self) -> &[T] {
        &self.values
    }

    /// The values by number, for keeping; starts over.
    pub fn take(&mut self) -> Vec<T> {
        self.numbers.clear();
        self.last = 0;
        std::mem::take(&mut self.values)
    }
}

impl Numbered<String> {
    /// The number of a text, which is only copied if it is new.
    pub fn number_of(&mut self, text: &str) -> u32 {
        match self.numbers.get(text) {
            Some(number) => *number,
            None => self.number(text.to_owned()),
        }
    }
}

/// A reference that the registry does not know, as events name it.
pub type UnknownReference = (ReferenceKind, String);

/// A batch's table of unknown references: what [`Target::Unknown`] stands for.
pub type UnknownTable = Numbered<UnknownReference>;

/// A target and the number of its terms in one integer, in the order of targets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct RowKey(u64);

const TERMS_BITS: u32 = 30;
const INDEX_BITS: u32 = 32;

impl RowKey {
    fn of(target: Target, terms: u32) -> RowKey {
        assert!(terms >> TERMS_BITS == 0, "a batch holds fewer than 2^30 terms");
        let (kind, index) = match target {
            Target::Party(party) => (0, party.index()),
            Target::Unknown(place) => (1, place),
            Target::Nobody => (2, 0),
        };
        RowKey(kind << (INDEX_BITS + TERMS_BITS) | u64::from(index) << TERMS_BITS | u64::from(terms))
    }

    fn target(self) -> Target {
        let index = u32::try_from(self.0 >> TERMS_BITS & u64::from(u32::MAX)).expect("masked to 32 bits");
        match self.0 >> (INDEX_BITS + TERMS_BITS) {
            0 => Target::Party(PartyIndex::of(index)),
            1 => Target::Unknown(index),
            _ => Target::Nobody,
        }
    }

    fn terms(self) -> u32 {
        u32::try_from(self.0 & ((1 << TERMS_BITS) - 1)).expect("masked to 30 bits")
    }
}

#[derive(Clone, Copy, Debug)]
struct Row {
    key: RowKey,
    sums: Sums,
}

/// Lines of one batch, on their way to sums.
#[derive(Debug, Default)]
pub struct Accumulator {
    /// What [`Target::Unknown`] stands for in the lines added.
    pub unknown: UnknownTable,
    terms: Numbered<Terms>,
    rows: Vec<Row>,
    /// How many rows were left when they were summed up last.
    distinct: usize,
}

impl Accumulator {
    /// An accumulator that is expected to take about as much as another one.
    #[must_use]
    pub fn like(other: &Accumulator) -> Accumulator {
        Accumulator { rows: Vec::with_capacity(other.rows.len()), ..Accumulator::default() }
    }

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
        self.rows.push(Row { key: RowKey::of(target, terms), sums });
        if self.rows.len() >= LINES_AT_LEAST.max(2 * self.distinct) {
            self.sum_up()?;
        }
        Ok(())
    }

    /// The sums, ordered by target.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] beyond 128 bits.
    pub fn finish(mut self) -> Result<Folded, MoneyError> {
        let unknown = self.order_unknown();
        self.sum_up()?;
        Ok(Folded { terms: self.terms.take(), unknown, rows: self.rows })
    }

    fn sum_up(&mut self) -> Result<(), MoneyError> {
        self.rows.sort_unstable_by_key(|row| row.key);
        let mut result = Ok(());
        self.rows.dedup_by(|next, kept| {
            let same = next.key == kept.key;
            if same && result.is_ok() {
                result = kept.sums.add(next.sums);
            }
            same
        });
        self.distinct = self.rows.len();
        result
    }

    /// Numbers unknown references by name: rows must not stand in the order in which names were met.
    fn order_unknown(&mut self) -> Vec<UnknownReference> {
        let met = self.unknown.take();
        let mut order: Vec<usize> = (0..met.len()).collect();
        order.sort_unstable_by_key(|at| &met[*at]);
        let mut ranks = vec![0; met.len()];
        for (rank, at) in (0..).zip(&order) {
            ranks[*at] = rank;
        }
        for row in &mut self.rows {
            if let Target::Unknown(place) = row.key.target() {
                let rank = ranks[usize::try_from(place).expect("places are indexes")];
                row.key = RowKey::of(Target::Unknown(rank), row.key.terms());
            }
        }
        order.into_iter().map(|at| met[at].clone()).collect()
    }
}

/// The sums of a batch, not yet assigned to cycles.
#[derive(Debug)]
pub struct Folded {
    /// The terms of the rows, by number.
    pub terms: Vec<Terms>,
    /// What [`Target::Unknown`] stands for, by place and in order.
    pub unknown: Vec<UnknownReference>,
    rows: Vec<Row>,
}

impl Folded {
    /// Target, number of terms and sums of each row, ordered by target.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = (Target, u32, Sums)> {
        self.rows.iter().map(|row| (row.key.target(), row.key.terms(), row.sums))
    }
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

    #[test]
    fn lines_of_one_key_are_summed_however_often_and_in_whatever_order_they_come() {
        let mut sums_of = Accumulator::default();
        let lines = u32::try_from(LINES_AT_LEAST).expect("small") * 2 + 5;
        for line in 0..lines {
            let target = Target::Party(PartyIndex::of(line % 3));
            sums_of.add(LineKey { target, terms: terms(Status::Payable) }, sums(2)).expect("small");
        }
        let folded = sums_of.finish().expect("small");
        let of_party = |index: u32| sums(2 * i128::from((lines - index).div_ceil(3)));
        let expected: Vec<_> = (0..3).map(|index| (Target::Party(PartyIndex::of(index)), 0, of_party(index))).collect();
        assert_eq!(folded.rows().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn unknown_references_stand_by_name() {
        let mut sums_of = Accumulator::default();
        for name in ["zoe", "ann", "zoe"] {
            let place = sums_of.unknown.number((ReferenceKind::Party, name.to_owned()));
            sums_of.add(LineKey { target: Target::Unknown(place), terms: terms(Status::Suspense) }, sums(2)).expect("small");
        }
        let folded = sums_of.finish().expect("small");
        assert_eq!(folded.unknown.iter().map(|(_, name)| name.as_str()).collect::<Vec<_>>(), ["ann", "zoe"]);
        assert_eq!(folded.rows().map(|row| row.2).collect::<Vec<_>>(), [sums(2), sums(4)]);
    }

    #[test]
    fn a_sum_beyond_128_bits_is_refused() {
        let mut sums_of = Accumulator::default();
        for _ in 0..2 {
            sums_of.add(LineKey { target: Target::Nobody, terms: terms(Status::Unattributed) }, sums(i128::MAX)).expect("not summed yet");
        }
        assert!(matches!(sums_of.finish(), Err(MoneyError::Overflow)));
    }
}
