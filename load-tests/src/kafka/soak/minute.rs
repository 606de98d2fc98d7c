//! One minute as a line of a table.

use super::fault::Fault;
use std::fmt;
use std::time::{Duration, Instant};

/// What was seen in a minute.
#[derive(Clone, Debug)]
pub struct Minute {
    /// From 1.
    pub number: u32,
    /// What struck.
    pub fault: Fault,
    /// How long it took until what was struck was there again.
    pub struck: Duration,
    began: Instant,
    read_before: u64,
    /// Messages that were committed at the end.
    read: u64,
    /// The most memory that a worker had.
    pub memory_mib: u64,
    /// The most that was sent and not committed, and what it was at the end.
    pub lag: (u64, u64),
    /// Committed a second.
    pub rate: f64,
}

impl Minute {
    /// Nothing seen yet; so many messages were committed before.
    pub fn begin(number: u32, fault: Fault, read: u64) -> Self {
        Self {
            number,
            fault,
            struck: Duration::ZERO,
            began: Instant::now(),
            read_before: read,
            read,
            memory_mib: 0,
            lag: (0, 0),
            rate: 0.0,
        }
    }

    /// Takes what is seen now.
    pub fn look(&mut self, memory_mib: u64, read: u64, sent: u64) {
        self.memory_mib = self.memory_mib.max(memory_mib);
        self.read = self.read.max(read);
        let lag = sent.saturating_sub(self.read);
        self.lag = (self.lag.0.max(lag), lag);
        self.rate = (self.read - self.read_before) as f64 / self.began.elapsed().as_secs_f64().max(0.001);
    }
}

/// Above the lines.
pub fn heading() -> &'static str {
    "minute   metered/s   most lag   lag at end   most MiB   fault, and until it is there again"
}

impl fmt::Display for Minute {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { number, rate, lag, memory_mib, fault, struck, .. } = self;
        let back = struck.as_secs_f64();
        write!(out, "{number:>6}   {rate:>9.0}   {:>8}   {:>10}   {memory_mib:>8}   {fault}, {back:.1} s", lag.0, lag.1)
    }
}
