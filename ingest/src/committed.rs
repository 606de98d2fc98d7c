//! Which of this job's batches are still on their way: told by the sequencer and by whoever commits, waited for by the sequencer.

use std::collections::BTreeSet;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Knows whether a batch is committed, for whoever has to wait for one.
///
/// Other writers commit batches with numbers before, between and after those of this job: a number says nothing. But an event of another
/// writer's batch is known from a manifest alone, so its batch is committed; only those of this job may not be.
#[derive(Debug, Default)]
pub struct Committed {
    own: Mutex<Own>,
    changed: Condvar,
}

/// The batches of this job.
#[derive(Debug, Default)]
struct Own {
    /// Those that were begun and are not committed.
    open: BTreeSet<u64>,
    /// Whether none will be committed any more.
    ended: bool,
}

impl Committed {
    /// Tells that this job has begun a batch.
    pub fn begin(&self, batch: u64) {
        self.lock().open.insert(batch);
    }

    /// Tells that a batch is committed.
    pub fn commit(&self, batch: u64) {
        self.lock().open.remove(&batch);
        self.changed.notify_all();
    }

    /// Tells that none will be committed any more: whoever waits for one need not.
    pub fn end(&self) {
        self.lock().ended = true;
        self.changed.notify_all();
    }

    /// Whether a batch, of which an event was met, is committed.
    pub fn holds(&self, batch: u64) -> bool {
        !self.lock().open.contains(&batch)
    }

    /// The batches of this job that are not committed: never, once that has ended.
    pub fn open(&self) -> BTreeSet<u64> {
        self.lock().open.clone()
    }

    /// Waits until a batch is committed; false if it will never be.
    pub fn wait_for(&self, batch: u64) -> bool {
        let waiting = |own: &mut Own| !own.ended && own.open.contains(&batch);
        let own = self.changed.wait_while(self.lock(), waiting).unwrap_or_else(PoisonError::into_inner);
        !own.open.contains(&batch)
    }

    fn lock(&self) -> MutexGuard<'_, Own> {
        // A set of numbers is whole, whoever panicked while holding it.
        self.own.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn only_own_batches_are_waited_for() {
        let committed = Committed::default();
        committed.begin(4);
        committed.begin(9);
        // Those of others are committed, whatever their number.
        assert_eq!([3, 4, 5, 9, 10].map(|batch| committed.holds(batch)), [true, false, true, false, true]);
        assert!(committed.wait_for(5) && committed.wait_for(10));
        committed.commit(4);
        assert_eq!([4, 9].map(|batch| committed.holds(batch)), [true, false]);
        assert_eq!(committed.open(), [9].into());
    }

    #[test]
    fn waiting_ends_with_the_commit_or_when_there_is_none() {
        let committed = Arc::new(Committed::default());
        let waits_for = |batch: u64| {
            let waiting = committed.clone();
            waiting.begin(batch);
            std::thread::spawn(move || waiting.wait_for(batch))
        };
        let waits = waits_for(5);
        committed.commit(5);
        assert_eq!(waits.join().ok(), Some(true));
        let waits = waits_for(6);
        committed.end();
        assert_eq!((waits.join().ok(), committed.holds(6), committed.wait_for(5)), (Some(false), false, true));
    }
}
