//! What strikes, one a minute, in turn.

use std::fmt;

/// A fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// `kill -9` of a worker, and another in its place.
    KillWorker,
    /// `SIGSTOP` of a worker for longer than its session, and back.
    FreezeWorker,
    /// `kill -9` of the broker, and again.
    KillBroker,
    /// `kill -9` of PostgreSQL, and again.
    KillDatabase,
}

impl Fault {
    /// That of a minute, from 1.
    pub fn of(minute: u32) -> Self {
        match minute % 4 {
            1 => Self::KillWorker,
            2 => Self::KillDatabase,
            3 => Self::KillBroker,
            _ => Self::FreezeWorker,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::KillWorker => "worker killed",
            Self::FreezeWorker => "worker frozen",
            Self::KillBroker => "broker killed",
            Self::KillDatabase => "postgres killed",
        })
    }
}
