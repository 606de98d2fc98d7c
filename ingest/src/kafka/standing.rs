//! [`Standing`]: how a membership stands, for whoever watches it.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant as Clock};

/// How a membership stands; it is told by the member's own threads, and may outlast it.
#[derive(Debug, Default)]
pub struct Standing(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// How many partitions it was given; none before it was told.
    given: Option<usize>,
    paused: usize,
    rebalances: u64,
    polled: Option<Clock>,
}

impl Standing {
    /// How many partitions the group has given to the worker, whether it reads them or not; none if it is no member, or not yet.
    #[must_use]
    pub fn given(&self) -> Option<usize> {
        self.state().given
    }

    /// How many of them are paused.
    #[must_use]
    pub fn paused(&self) -> usize {
        self.state().paused
    }

    /// How often the group has given or taken any.
    #[must_use]
    pub fn rebalances(&self) -> u64 {
        self.state().rebalances
    }

    /// How long ago the consumer was polled last; none if no member is there.
    #[must_use]
    pub fn polled_before(&self) -> Option<Duration> {
        self.state().polled.map(|polled| polled.elapsed())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Each change is whole, whoever panicked after it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The group rebalances; the worker may be `lost` to it.
    pub(super) fn rebalance(&self, lost: bool) {
        let mut state = self.state();
        state.rebalances += 1;
        if lost {
            state.given = None;
        }
    }

    /// What the group gave is taken, and it is so many by now.
    pub(super) fn takes(&self, held: usize) {
        self.state().given = Some(held);
    }

    pub(super) fn polls(&self, held: usize, paused: usize) {
        let mut state = self.state();
        state.given = state.given.map(|_| held);
        state.paused = paused;
        state.polled = Some(Clock::now());
    }

    /// The member has left, or has not come yet.
    pub(super) fn ends(&self) {
        let mut state = self.state();
        *state = State { rebalances: state.rebalances, ..State::default() };
    }
}
