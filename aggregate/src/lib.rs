//! From weights to gross, from gross to labour, from labour to accruals: the contract's arithmetic on events.
//!
//! Pure: an event, the registry and the state of the cycles go in; lines and Arrow batches come out.
//!
//! Invariants
//! - The gross of an event's lines, the unattributed part included, sums to its revenue.
//! - Labour is rounded once, up, per event, reference and status; nothing else is rounded but the split.
//! - A reversal's lines are its original's, negated, to the unit.
//!
//! Modules in reading order: [`identity`], [`attribution`], [`lines`], [`fold`], [`closed`], [`usage`], [`accruals`],
//! [`again`], [`copies`], [`claims`], [`lines_table`], [`columns`], [`numbered`].
#![deny(missing_docs)]

pub mod accruals;
pub mod again;
pub mod attribution;
pub mod claims;
pub mod closed;
pub mod columns;
pub mod copies;
pub mod fold;
pub mod identity;
pub mod lines;
pub mod lines_table;
pub mod numbered;
pub mod usage;

pub use attribution::Attributor;
pub use closed::ClosedThrough;
pub use fold::{Accumulator, LineKey};
pub use identity::Digest;
pub use lines::{Line, LineMaker, Outcome, Reference};

use farthing_schemas::Rejection;
use farthing_schemas::money::MoneyError;
use farthing_schemas::split::SplitError;

/// Why an event has no lines, by what the caller is to do.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// Dead-letter the event and go on.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// Stop: the batch is not to be committed, nothing is lost.
    #[error("an amount of an accepted event cannot be held")]
    Overflow(#[from] MoneyError),
    /// Stop: a split was asked for that cannot be made.
    #[error("a revenue cannot be split")]
    Split(#[from] SplitError),
}
