//! Waiting for a ledger that is away: its server restarts, or is out of reach for a while.

use crate::output;
use crate::telemetry::{Event, tell};
use farthing_ledger::LedgerError;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant as Clock};

/// The first pause before trying again, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(5));
/// How often a pause looks whether it is to end.
const LOOK: Duration = Duration::from_millis(50);
/// How long one call may take: a machine that has vanished does not even refuse.
const ANSWERED: Duration = Duration::from_secs(120);
/// How long a command waits that has an end of its own.
pub const SHORT: Duration = Duration::from_secs(30);
/// How long one waits that has none.
pub const LONG: Duration = Duration::from_secs(300);

/// How long to wait for a ledger that is away.
#[derive(Clone, Debug)]
pub struct Patience {
    longest: Duration,
    /// Set by a signal that asks for the end.
    stop: Arc<AtomicBool>,
}

impl Default for Patience {
    fn default() -> Patience {
        Patience::of(SHORT, Arc::default())
    }
}

impl Patience {
    /// So long, unless `stop` is set before.
    pub fn of(longest: Duration, stop: Arc<AtomicBool>) -> Patience {
        Patience { longest, stop }
    }

    /// Calls until the ledger answers, or patience ends.
    pub async fn with<T>(&self, mut call: impl AsyncFnMut() -> Result<T, LedgerError>) -> Result<T, LedgerError> {
        let mut waiting = self.begin();
        loop {
            match timely(call()).await {
                Err(error) if waiting.again(&error).await => {}
                result => {
                    waiting.ends(result.is_ok());
                    return result;
                }
            }
        }
    }

    /// Whether the end was asked for.
    pub fn is_over(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// The waiting of one call.
    pub fn begin(&self) -> Waiting {
        Waiting { patience: self.clone(), since: None, pause: PAUSES.0 }
    }
}

/// The answer of a call, which must not take for ever.
pub async fn timely<T>(call: impl Future<Output = Result<T, LedgerError>>) -> Result<T, LedgerError> {
    timely_for(0, call).await
}

/// The answer of a call that writes so many rows: it may take longer for them.
pub async fn timely_for<T>(rows: usize, call: impl Future<Output = Result<T, LedgerError>>) -> Result<T, LedgerError> {
    let longest = ANSWERED + Duration::from_millis(u64::try_from(rows).unwrap_or(u64::MAX));
    match tokio::time::timeout(longest, call).await {
        Ok(answer) => answer,
        Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, format!("no answer within {} s", longest.as_secs())).into()),
    }
}

/// How long one call has waited.
pub struct Waiting {
    patience: Patience,
    since: Option<Clock>,
    pause: Duration,
}

impl Waiting {
    /// After an error: pauses and says that it is time to try again, or that this is no use any more.
    pub async fn again(&mut self, error: &LedgerError) -> bool {
        let LedgerError::Unavailable(cause) = error else { return false };
        tell(Event::LedgerAway);
        let longest = self.patience.longest;
        let since = *self.since.get_or_insert_with(|| {
            output::note(&format!(
                "the ledger does not answer ({cause}); trying again for {} s while you look after its database. What is not committed is read again",
                longest.as_secs()
            ));
            Clock::now()
        });
        let pause = jittered(self.pause).min(longest.saturating_sub(since.elapsed()));
        self.pause = (self.pause * 2).min(PAUSES.1);
        let end = Clock::now() + pause;
        while Clock::now() < end && !self.patience.stop.load(Ordering::Relaxed) {
            tokio::time::sleep(LOOK.min(end.saturating_duration_since(Clock::now()))).await;
        }
        since.elapsed() < longest && !self.patience.stop.load(Ordering::Relaxed)
    }

    /// The call has its answer.
    fn ends(&self, answered: bool) {
        if answered && self.since.is_some() {
            tell(Event::LedgerThere);
        }
    }
}

/// Between half of it and all of it, so that those who wait do not all come at once.
fn jittered(pause: Duration) -> Duration {
    let mut random = [0];
    // Without randomness it is all of it.
    let part = getrandom::fill(&mut random).map_or(255, |()| u32::from(random[0]));
    pause * (256 + part) / 511
}

#[cfg(test)]
mod tests {
    use super::*;

    fn away() -> LedgerError {
        io::Error::other("away").into()
    }

    #[tokio::test]
    async fn what_passes_is_tried_again_and_nothing_else() {
        let patience = Patience::of(Duration::from_secs(20), Arc::default());
        let mut calls = 0;
        let answer = patience.with(async || {
            calls += 1;
            if calls < 3 { Err(away()) } else { Ok(calls) }
        });
        assert_eq!(answer.await.unwrap(), 3);
        let mut calls = 0;
        let refused: Result<(), _> = patience
            .with(async || {
                calls += 1;
                Err(LedgerError::Moved)
            })
            .await;
        assert!(matches!(refused, Err(LedgerError::Moved)) && calls == 1);
    }

    #[tokio::test]
    async fn patience_ends() {
        let clock = Clock::now();
        let short = Patience::of(Duration::from_millis(120), Arc::default());
        assert!(matches!(short.with(async || Err::<(), _>(away())).await, Err(LedgerError::Unavailable(_))));
        let stopped = Patience::of(LONG, Arc::new(AtomicBool::new(true)));
        assert!(matches!(stopped.with(async || Err::<(), _>(away())).await, Err(LedgerError::Unavailable(_))));
        assert!(clock.elapsed() < Duration::from_secs(5));
    }

    #[test]
    fn pauses_differ_within_their_half() {
        for _ in 0..1000 {
            let pause = jittered(Duration::from_millis(1000)).as_millis();
            assert!((500..=1000).contains(&pause), "{pause}");
        }
    }
}
