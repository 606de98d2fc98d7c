//! How far batches are committed: told by whoever commits, waited for by the sequencer.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// The last batch that is committed, for whoever has to wait for one.
#[derive(Debug)]
pub struct Committed {
    /// The last batch; none once there will be no more.
    last: Mutex<Option<u64>>,
    changed: Condvar,
}

impl Committed {
    pub fn new(last: u64) -> Committed {
        Committed { last: Mutex::new(Some(last)), changed: Condvar::new() }
    }

    /// The last batch that is committed; 0 once there will be no more.
    pub fn last(&self) -> u64 {
        self.lock().unwrap_or(0)
    }

    /// Tells that a batch is committed.
    pub fn advance(&self, batch: u64) {
        self.tell(Some(batch));
    }

    /// Tells that none will be committed any more: whoever waits for one need not.
    pub fn end(&self) {
        self.tell(None);
    }

    /// Waits until a batch is committed; false if it will never be.
    pub fn wait_for(&self, batch: u64) -> bool {
        let waiting = |last: &mut Option<u64>| last.is_some_and(|last| last < batch);
        self.changed.wait_while(self.lock(), waiting).unwrap_or_else(PoisonError::into_inner).is_some()
    }

    fn tell(&self, last: Option<u64>) {
        *self.lock() = last;
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Option<u64>> {
        // A number is whole, whoever panicked while holding it.
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn waiting_ends_with_the_commit_or_when_there_is_none() {
        let committed = Arc::new(Committed::new(4));
        assert!(committed.wait_for(4));
        let waits_for = |batch: u64| {
            let waiting = committed.clone();
            std::thread::spawn(move || waiting.wait_for(batch))
        };
        let waits = waits_for(5);
        committed.advance(5);
        assert_eq!((waits.join().ok(), committed.last()), (Some(true), 5));
        let waits = waits_for(6);
        committed.end();
        assert_eq!((waits.join().ok(), committed.last()), (Some(false), 0));
    }
}
