//! A partition that is held: where it is, where it ends, and since when it has not moved.

use crate::time;
use farthing_schemas::Instant;
use std::path::PathBuf;
use std::time::{Duration, Instant as Clock};

/// A partition that is held.
pub struct Partition {
    pub origin: Origin,
    pub position: u64,
    pub end: Option<u64>,
    /// Since when it has ended beyond its position, and the position has not moved.
    pub behind: Option<Since>,
    /// Whether there is anything to be metered up to its end, if it was looked at: a transaction's marks are no events.
    pub waits: Option<bool>,
    /// Since when nobody has said where it ends, or what waits there.
    pub silent: Option<Since>,
}

/// What a partition is a part of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The partition of a topic of that number.
    Topic(i32),
    /// A file whose bytes are counted as they lie there.
    Plain(PathBuf),
    /// What has no end that could be known.
    Endless,
}

#[derive(Clone, Copy)]
pub struct Since {
    pub clock: Clock,
    pub time: Instant,
}

/// A partition that has events, but does not move.
pub struct Stuck {
    pub partition: String,
    pub position: u64,
    pub end: u64,
    pub since: Instant,
    pub seconds: u64,
}

impl Since {
    pub fn now() -> Since {
        Since { clock: Clock::now(), time: time::now() }
    }

    pub fn seconds(&self) -> u64 {
        self.clock.elapsed().as_secs()
    }
}

impl Partition {
    pub fn of(origin: Origin, position: u64) -> Partition {
        Partition { origin, position, end: None, behind: None, waits: None, silent: None }
    }

    pub fn move_to(&mut self, position: u64) {
        self.position = position;
        self.end = self.end.map(|end| end.max(position));
        (self.behind, self.waits, self.silent) = (None, None, None);
    }

    pub fn ends_at(&mut self, end: u64) {
        if self.end != Some(end) && self.waits == Some(false) {
            // What was no event may be followed by one, which has not waited yet.
            (self.behind, self.waits) = (None, None);
        }
        self.end = Some(end);
        if end <= self.position {
            (self.behind, self.waits) = (None, None);
        } else {
            self.behind.get_or_insert_with(Since::now);
        }
    }

    /// What is no event does not lag, once that is known.
    pub fn lag(&self) -> Option<u64> {
        let lag = self.end?.saturating_sub(self.position);
        Some(if self.waits == Some(false) { 0 } else { lag })
    }

    pub fn stuck(&self, name: &str, patience: Duration) -> Option<Stuck> {
        let since = self.behind.filter(|since| since.clock.elapsed() >= patience && self.waits == Some(true))?;
        Some(Stuck { partition: name.to_owned(), position: self.position, end: self.end?, since: since.time, seconds: since.seconds() })
    }
}

impl Stuck {
    pub fn lag(&self) -> u64 {
        self.end.saturating_sub(self.position)
    }

    pub fn sentence(&self) -> String {
        format!(
            "{}: its lag is {}, but its position {} has not moved since {} ({} s): see what this worker has said, and whether its ledger and \
             its archive answer; else restart it: what is not committed is read again by whoever gets the partition",
            self.partition,
            self.lag(),
            self.position,
            self.since,
            self.seconds
        )
    }
}
