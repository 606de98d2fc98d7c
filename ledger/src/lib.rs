//! The ledger: the SQL database that decides what exists.
//!
//! Every change is one transaction that appends one manifest to the chain, together with what it does to positions, dead
//! letters, party details and cycles. What no manifest names does not exist.
//!
//! Invariants
//! - A manifest is appended only to the head that its maker saw; otherwise [`LedgerError::Moved`], and nothing happened.
//! - A position moves only under the epoch and from the start that its reader held.
//! - A batch is committed only under a number that is reserved for it, and no number is given out twice.
//! - Names, identifiers and account details of parties are in one table, and nowhere else.
//!
//! Modules in reading order: [`open`], `positions`, `reservations`, [`append`], `read`.
#![deny(missing_docs)]

pub mod append;
pub mod open;
mod positions;
mod read;
mod reservations;

pub use append::Effects;
pub use open::Ledger;
pub use positions::{Lease, Position};
pub use read::{KeptLetter, PartyDetails, StoredDraft, StoredManifest};
pub use reservations::Reservation;

/// Why the ledger did not do it, by what the caller is to do.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// Another act came first: look at the new head and try again.
    #[error("another process wrote to the ledger first")]
    Moved,
    /// Stop: another process reads this partition now, or the batch's number was taken back.
    #[error("the lease of partition {0} is lost: another process is metering it")]
    LostLease(String),
    /// Stop: a dead letter was replayed by another process, or does not exist.
    #[error("dead letter {0} does not exist or was replayed already")]
    NoSuchLetter(u64),
    /// The URL names no ledger that this version can open.
    #[error("{0:?} is no ledger URL of this version: use sqlite://PATH")]
    Url(String),
    /// There is no ledger, or it cannot be opened.
    #[error("the ledger {path} cannot be opened")]
    Open {
        /// Which file.
        path: String,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// It was written by a newer version.
    #[error("the ledger was written by a newer version of farthing: use that one")]
    Newer,
    /// Its tables cannot be brought to this version.
    #[error("the ledger cannot be migrated")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// The database refused; nothing happened.
    #[error("the ledger refused")]
    Sql(#[from] sqlx::Error),
}

/// SQL has signed 64 bits; no count, position or number of ours comes near.
pub(crate) fn signed(value: u64) -> i64 {
    i64::try_from(value).expect("counts and positions are below 2^63")
}

/// What SQL gives back of a [`signed`] number; a tampered negative one fits nothing.
pub(crate) fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(u64::MAX)
}
