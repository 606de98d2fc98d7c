//! The turnstile before the commits of batches, which is shut while a cycle is settled that could not be otherwise.
//!
//! A cycle closes upon a search of all before it, and a draft upon a compaction: an act is appended to the head that its maker saw, or there
//! is another round. Beside writers that commit faster than a round takes, that would have no end. So after some rounds writers are held off;
//! those who passed just before commit once more at most, and then nobody comes in between.
//!
//! What is settled does not hang on this: only the head decides. Who passes all the same, as an older version does, or one that has waited for
//! too long, makes another round of it and no more. The lock goes with the process that shut it.

use crate::books::Books;
use crate::lock::{Lock, Work};
use crate::output;
use crate::patience::timely;
use crate::place::Place;
use anyhow::ensure;
use std::time::{Duration, Instant as Clock};

/// Rounds beside writers; then they are held off.
const BESIDE_WRITERS: u32 = 3;
/// Rounds in all.
const ROUNDS_MAX: u32 = 12;

/// How long a batch waits: whoever has shut the turnstile may be frozen.
const WAIT_MAX: Duration = Duration::from_secs(300);
/// How often whoever waits looks.
const LOOK: Duration = Duration::from_millis(100);

/// The rounds of one who settles.
#[derive(Default)]
pub struct Rounds {
    begun: u32,
    shut: Option<Lock>,
}

impl Rounds {
    /// Begins the next one, beside writers or with the turnstile shut.
    pub async fn begin(&mut self, at: &Place) -> anyhow::Result<()> {
        self.begun += 1;
        ensure!(
            self.begun <= ROUNDS_MAX,
            "batches came first {ROUNDS_MAX} times, though their writers were to wait: nothing was settled, and no copy with it; stop those who \
             meter into this ledger, which may be of an older version, for as long as this takes, and run the same command again"
        );
        if self.begun > BESIDE_WRITERS && self.shut.is_none() {
            output::note("batches come faster than they are searched: their commits wait now until this is done");
            self.shut = Some(Lock::take(at, Work::Settling).await?);
        }
        Ok(())
    }
}

/// How a batch came through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passed {
    /// Nobody was in the way.
    AtOnce,
    /// After a while.
    Later,
}

/// Waits while the turnstile is shut, but neither for ever nor for longer than the process may.
pub async fn pass(books: &Books) -> anyhow::Result<Passed> {
    fail::fail_point!("past-the-turnstile", |_| Ok(Passed::AtOnce));
    let since = Clock::now();
    let mut passed = Passed::AtOnce;
    while !books.patience.with(async || timely(Work::Settling.is_nobodys(&books.ledger)).await).await? {
        if since.elapsed() > WAIT_MAX || books.patience.is_over() {
            break;
        }
        if passed == Passed::AtOnce {
            output::note("a cycle is being settled: this batch is committed once that is done");
        }
        passed = Passed::Later;
        tokio::time::sleep(LOOK).await;
    }
    Ok(passed)
}
