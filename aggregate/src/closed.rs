//! Which cycle a line is settled in, given which cycles are closed.

use farthing_schemas::{Currency, Cycle};
use std::collections::{BTreeMap, HashMap};

/// Per MID and currency, the last cycle that is no longer open. Cycles of a MID close in order, so one says all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClosedThrough(BTreeMap<(String, Currency), Cycle>);

/// Where a line goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Assigned {
    /// The cycle it is settled in.
    pub cycle: Cycle,
    /// Whether that is later than its own time's, or it came by a claim.
    pub late: bool,
    /// For a reversal's line, the cycle that the original's line was assigned to.
    pub undone: Option<Cycle>,
}

impl ClosedThrough {
    /// The last closed cycle of a MID and currency.
    #[must_use]
    pub fn get(&self, mid: &str, currency: Currency) -> Option<Cycle> {
        // A line without a MID belongs to no settlement: its cycle is that of its time.
        if mid.is_empty() { None } else { self.0.get(&(mid.to_owned(), currency)).copied() }
    }

    /// Closes through that cycle.
    pub fn close(&mut self, mid: &str, currency: Currency, cycle: Cycle) {
        self.0.insert((mid.to_owned(), currency), cycle);
    }

    /// All that is closed, by MID and currency.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Currency, Cycle)> {
        self.0.iter().map(|((mid, currency), cycle)| (mid.as_str(), *currency, *cycle))
    }

    /// `wanted`, or the earliest open cycle after it.
    #[must_use]
    pub fn open_from(&self, mid: &str, currency: Currency, wanted: Cycle) -> Cycle {
        self.get(mid, currency).map_or(wanted, |closed| wanted.max(closed.next()))
    }

    /// Where a line of an event of `own` goes, in a batch that is committed when `self` is closed.
    #[must_use]
    pub fn assign(&self, mid: &str, currency: Currency, own: Cycle) -> Assigned {
        let cycle = self.open_from(mid, currency, own);
        Assigned { cycle, late: cycle != own, undone: None }
    }

    /// Where a reversal's line goes, when its original was committed while `original` was closed.
    #[must_use]
    pub fn assign_reversal(&self, original: &ClosedThrough, mid: &str, currency: Currency, own: Cycle) -> Assigned {
        let undone = original.open_from(mid, currency, own);
        let cycle = self.open_from(mid, currency, undone);
        Assigned { cycle, late: cycle != own, undone: Some(undone) }
    }
}

impl Assigned {
    /// The same for what a claim moves: it is late, whichever cycle it goes to.
    #[must_use]
    pub fn claimed(self) -> Assigned {
        Assigned { late: true, ..self }
    }
}

impl FromIterator<(String, Currency, Cycle)> for ClosedThrough {
    fn from_iter<T: IntoIterator<Item = (String, Currency, Cycle)>>(items: T) -> ClosedThrough {
        ClosedThrough(items.into_iter().map(|(mid, currency, cycle)| ((mid, currency), cycle)).collect())
    }
}

/// What was closed when each batch was committed. Numbers of batches say nothing about it: they are committed in any order.
#[derive(Clone, Debug, Default)]
pub struct ClosedHistory {
    /// Each state once, in the order in which they were; they change only as cycles close.
    states: Vec<ClosedThrough>,
    /// Per batch, the place of its state.
    of_batches: HashMap<u64, usize>,
}

impl ClosedHistory {
    /// A batch was committed while that was closed: the next one in the order of the commits.
    pub fn commit(&mut self, batch: u64, closed: &ClosedThrough) {
        if self.states.last() != Some(closed) {
            self.states.push(closed.clone());
        }
        self.of_batches.insert(batch, self.states.len() - 1);
    }

    /// What was closed when that batch was committed; none if it is not known.
    #[must_use]
    pub fn of(&self, batch: u64) -> Option<&ClosedThrough> {
        self.of_batches.get(&batch).map(|state| &self.states[*state])
    }
}

/// What decides on the cycles of a batch's lines: the state of the cycles at its commit, and at the commits of the originals that it undoes.
#[derive(Clone, Copy, Debug)]
pub struct Closing<'a> {
    /// The batch.
    pub batch: u64,
    /// What is closed when it is committed.
    pub closed: &'a ClosedThrough,
    /// What was closed when each batch before it was committed.
    pub history: &'a ClosedHistory,
}

impl<'a> Closing<'a> {
    /// What is closed when that batch is committed, which may be this one: its reversals may undo events of its own.
    #[must_use]
    pub fn of(&self, batch: u64) -> Option<&'a ClosedThrough> {
        if batch == self.batch { Some(self.closed) } else { self.history.of(batch) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cycle(text: &str) -> Cycle {
        text.parse().expect("a cycle")
    }

    #[test]
    fn late_lines_go_to_the_earliest_open_cycle() {
        let dollar: Currency = "USD".parse().expect("a currency");
        let mut closed = ClosedThrough::default();
        closed.close("mid_a", dollar, cycle("2026-10"));
        let late = closed.assign("mid_a", dollar, cycle("2026-09"));
        assert_eq!(late, Assigned { cycle: cycle("2026-11"), late: true, undone: None });
        let own = closed.assign("mid_b", dollar, cycle("2026-09"));
        assert_eq!(own, Assigned { cycle: cycle("2026-09"), late: false, undone: None });
        assert_eq!(closed.assign("", dollar, cycle("2026-09")).cycle, cycle("2026-09"));
    }

    #[test]
    fn a_reversal_names_the_cycle_that_its_original_went_to() {
        let dollar: Currency = "USD".parse().expect("a currency");
        let mut then = ClosedThrough::default();
        then.close("mid_a", dollar, cycle("2026-08"));
        let mut now = then.clone();
        now.close("mid_a", dollar, cycle("2026-10"));
        let line = now.assign_reversal(&then, "mid_a", dollar, cycle("2026-07"));
        assert_eq!(line, Assigned { cycle: cycle("2026-11"), late: true, undone: Some(cycle("2026-09")) });
    }

    #[test]
    fn each_batch_knows_what_was_closed_at_its_own_commit() {
        let dollar: Currency = "USD".parse().expect("a currency");
        let (mut history, mut closed) = (ClosedHistory::default(), ClosedThrough::default());
        let mut states = Vec::new();
        // Out of order and with gaps, two batches between one close and the next.
        for (batch, close) in [(5, "2026-08"), (2, "2026-09"), (9, ""), (3, "2026-10")] {
            if !close.is_empty() {
                closed.close("mid_a", dollar, cycle(close));
            }
            history.commit(batch, &closed);
            states.push((batch, closed.clone()));
        }
        for (batch, then) in &states {
            assert_eq!(history.of(*batch), Some(then), "batch {batch}");
        }
        assert_eq!([0, 1, 4, 6, 10].map(|batch| history.of(batch)), [None; 5]);
        closed.close("mid_a", dollar, cycle("2026-11"));
        let closing = Closing { batch: 4, closed: &closed, history: &history };
        assert_eq!((closing.of(4), closing.of(5), closing.of(6)), (Some(&closed), Some(&states[0].1), None));
    }
}
