//! The ledger: the SQL database that decides what exists.
//!
//! It is a file of SQLite or a database of PostgreSQL; the statements are the same but for the few in `dialect`.
//!
//! Every change is one transaction that appends one manifest to the chain, together with what it does to positions, dead
//! letters, party details and cycles. What no manifest names does not exist.
//!
//! Invariants
//! - A manifest is appended only to the head that its maker saw; otherwise [`LedgerError::Moved`], and nothing happened.
//! - A position moves only under the epoch and from the start that its reader held.
//! - A batch is committed only under a number that is reserved for it, and no number is given out twice.
//! - An entry of the journal that is booked is neither changed nor added to, and none is booked that its act's manifest does not commit to.
//! - Names, identifiers and account details of parties are in one table, and nowhere else but in files for banks and messages of theirs.
//! - No payment, no change of a payment's state and no message of a bank is changed, deleted or written twice.
//!
//! Modules in reading order: `url`, `dialect`, [`open`], `positions`, `reservations`, [`append`], `actors`, `read`, `journal`,
//! [`payments`], [`erase`], `letters`, `hold`, `error`.
#![deny(missing_docs)]

mod actors;
pub mod append;
mod dialect;
pub mod erase;
mod error;
mod hold;
mod journal;
mod letters;
pub mod open;
pub mod payments;
mod positions;
mod read;
mod reservations;
mod url;

pub use actors::StoredActor;
pub use append::Effects;
pub use erase::Erased;
pub use error::LedgerError;
pub use hold::Held;
pub use journal::{StoredEntry, StoredPosting};
pub use open::{Ledger, Migrated};
pub use payments::{Asked, PaymentRows, StoredBankFile, StoredBankMessage, StoredException, StoredPayment, StoredReceipt, StoredState};
pub use positions::{Lease, Position};
pub use read::{DraftText, KeptLetter, PartyDetails, StoredDraft, StoredManifest};
pub use reservations::Reservation;
pub use url::LedgerUrl;

/// SQL has signed 64 bits; no count, position or number of ours comes near.
pub(crate) fn signed(value: u64) -> i64 {
    i64::try_from(value).expect("counts and positions are below 2^63")
}

/// What SQL gives back of a [`signed`] number; a tampered negative one fits nothing.
pub(crate) fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(u64::MAX)
}
