//! The words of Farthing: money, time, ids, events, the registry, and the shapes of what is archived.
//!
//! Pure: no clock, no environment, no randomness, no I/O, no float near money. Time and ids are arguments.
//!
//! Invariants
//! - An amount is a checked `i128` count of 10^-12 of the major unit; overflow is an error, never a wrap.
//! - A split's parts sum to the whole, whatever the order of its input.
//! - What decodes is valid by itself; what needs the registry is judged in `farthing-aggregate`.
//!
//! Modules in reading order: [`money`], [`rate`], [`split`], [`weight`], [`transform`], [`currency`], [`exchange`],
//! [`time`], [`day`], [`words`], [`accrual`], [`rejection`], [`event`], [`registry`], [`manifest`], [`tables`].
#![deny(missing_docs)]

pub mod accrual;
pub mod currency;
pub mod day;
pub mod event;
pub mod exchange;
pub mod manifest;
pub mod money;
pub mod rate;
pub mod registry;
pub mod rejection;
pub mod split;
pub mod tables;
pub mod time;
pub mod transform;
pub mod weight;
pub mod words;

pub use accrual::Accrual;
pub use currency::Currency;
pub use day::Day;
pub use exchange::ExchangeRate;
pub use money::Money;
pub use rate::Rate;
pub use rejection::{Code, Rejection};
pub use time::{Cycle, Instant};
pub use weight::Weight;
pub use words::{ReferenceKind, Status, Use, UseSet};
