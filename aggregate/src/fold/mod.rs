//! The accumulator: lines of many events, on their way to sums per key.
//!
//! Lines are appended one after the other and put in order when they are summed, instead of looked up one by one in a table: with a
//! million parties every look-up waits for memory, ordering hardly does, and accruals have to be in order anyway. They are appended to
//! buckets of neighbouring parties, each small enough to be put in order and summed within the processor's cache.

mod order;
mod rows;
#[cfg(test)]
mod tests;

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
    /// For a line that a claim moves, how it goes.
    pub claimed: Option<Claimed>,
    /// The cycle of the event's (for a reversal, the original's) own time.
    pub own: Cycle,
    /// The currency of the amounts.
    pub currency: Currency,
    /// What was done.
    pub use_: Use,
    /// What is to become of it.
    pub status: Status,
}

/// How a line goes that a claim moves: marked late, and to the cycle that is open for its MID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Claimed {
    /// The MID whose cycles decide on a line without a MID, so that it goes where the money goes that was in suspense.
    pub with: Option<MidIndex>,
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
