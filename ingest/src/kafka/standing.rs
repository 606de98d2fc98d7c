//! [`Standing`]: how a membership stands, for whoever watches it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant as Clock};

/// How a membership stands; it is told by the member's own threads, and may outlast it.
#[derive(Debug, Default)]
pub struct Standing {
    member: AtomicBool,
    held: AtomicU64,
    paused: AtomicU64,
    rebalances: AtomicU64,
    polled: Mutex<Option<Clock>>,
}

impl Standing {
    /// Whether the group has said what is the worker's, be it nothing.
    #[must_use]
    pub fn is_member(&self) -> bool {
        self.member.load(Ordering::Relaxed)
    }

    /// How many partitions the group has given to the worker, whether it reads them or not.
    #[must_use]
    pub fn held(&self) -> u64 {
        self.held.load(Ordering::Relaxed)
    }

    /// How many of them are paused.
    #[must_use]
    pub fn paused(&self) -> u64 {
        self.paused.load(Ordering::Relaxed)
    }

    /// How often the group has given or taken any.
    #[must_use]
    pub fn rebalances(&self) -> u64 {
        self.rebalances.load(Ordering::Relaxed)
    }

    /// How long ago the consumer was polled last; none if no member is there.
    #[must_use]
    pub fn polled_before(&self) -> Option<Duration> {
        self.polled.lock().unwrap_or_else(PoisonError::into_inner).map(|polled| polled.elapsed())
    }

    pub(super) fn is_given(&self) {
        self.member.store(true, Ordering::Relaxed);
        self.rebalances.fetch_add(1, Ordering::Relaxed);
    }

    /// Something is taken away; if it is `lost`, the group counts the worker as gone.
    pub(super) fn is_taken(&self, lost: bool) {
        self.rebalances.fetch_add(1, Ordering::Relaxed);
        if lost {
            self.member.store(false, Ordering::Relaxed);
        }
    }

    pub(super) fn is_polled(&self, held: usize, paused: usize) {
        let count = |length: usize| u64::try_from(length).unwrap_or(u64::MAX);
        self.held.store(count(held), Ordering::Relaxed);
        self.paused.store(count(paused), Ordering::Relaxed);
        *self.polled.lock().unwrap_or_else(PoisonError::into_inner) = Some(Clock::now());
    }

    /// The member has left, or has not come yet.
    pub(super) fn is_none(&self) {
        self.member.store(false, Ordering::Relaxed);
        self.held.store(0, Ordering::Relaxed);
        self.paused.store(0, Ordering::Relaxed);
        *self.polled.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
