//! The accumulator: lines of many events, summed per key.

use crate::Refused;
use farthing_schemas::registry::{AgreementIndex, PartyIndex, PlatformIndex};
use farthing_schemas::{Currency, Cycle, Money, Status, Use};
use hashbrown::HashMap;

/// What lines are summed by: small integers, given meaning by the registry and by the batch's table of unknown references.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineKey {
    /// The agreement that applies.
    pub agreement: Option<AgreementIndex>,
    /// Who it is for; see [`Target`].
    pub target: Target,
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
    /// [`Refused::Overflow`] beyond 128 bits.
    pub fn add(&mut self, gross: Money, labour: Money) -> Result<(), Refused> {
        *self = Sums { gross: self.gross.plus(gross)?, labour: self.labour.plus(labour)? };
        Ok(())
    }
}

/// What a key says beside its target: few are distinct, so they are numbered.
type Terms = (Option<AgreementIndex>, PlatformIndex, Option<u64>, Cycle, Currency, Use, Status);

fn terms_of(key: &LineKey) -> Terms {
    (key.agreement, key.platform, key.undoes, key.own, key.currency, key.use_, key.status)
}

/// Sums of lines per key.
#[derive(Default)]
pub struct Accumulator {
    /// By target and number of the terms: small keys, since there are many and they are met at random.
    sums: HashMap<(Target, u32), Sums, foldhash::fast::FixedState>,
    terms: Vec<Terms>,
    numbers: HashMap<Terms, u32, foldhash::fast::FixedState>,
    last: u32,
}

impl Accumulator {
    /// Adds one line.
    ///
    /// # Errors
    /// [`Refused::Overflow`] beyond 128 bits.
    pub fn add(&mut self, key: LineKey, gross: Money, labour: Money) -> Result<(), Refused> {
        let number = self.number(terms_of(&key));
        self.sums.entry((key.target, number)).or_default().add(gross, labour)
    }

    fn number(&mut self, terms: Terms) -> u32 {
        // Lines of one event, and of neighbours, often have the same terms.
        let at = |number: u32| usize::try_from(number).ok().and_then(|at| self.terms.get(at));
        if at(self.last) == Some(&terms) {
            return self.last;
        }
        let next = u32::try_from(self.terms.len()).expect("fewer than 2^32 terms in a batch");
        let number = *self.numbers.entry(terms).or_insert(next);
        if number == next {
            self.terms.push(terms);
        }
        self.last = number;
        number
    }

    /// The sums, in no order that means anything; empties the accumulator.
    pub fn drain(&mut self) -> Vec<(LineKey, Sums)> {
        let terms = std::mem::take(&mut self.terms);
        self.numbers.clear();
        self.last = 0;
        let key = |target, number: u32| {
            let at = usize::try_from(number).expect("numbers are places");
            let (agreement, platform, undoes, own, currency, use_, status) = terms[at];
            LineKey { agreement, target, platform, undoes, own, currency, use_, status }
        };
        self.sums.drain().map(|((target, number), sums)| (key(target, number), sums)).collect()
    }
}
