//! Settlement's plan: from accruals and the terms of a registry version to an immutable draft; and the statements that come of it,
//! with the proofs that they are those of a seal.
//!
//! [`plan`] is a pure function: no clock, no environment, no randomness, no I/O, no float. What executes a plan writes down
//! what it says and decides nothing.
//!
//! Invariants
//! - A draft line is the sum of its party's [`moves`]; every move takes from one account what it gives to another, so money
//!   is neither made nor lost, and `net + true_up + carried_in + inherited = paid + held + withheld - lifted + carried_out + passed_on` to the
//!   unit.
//! - No move goes from one party to another, but to the heirs of one that has died.
//! - Nothing is withheld of what is not paid.
//! - The order of the input changes nothing: equal inputs make byte-identical drafts.
//! - The 70 % rule is judged in exact integers, per agreement, before any true-up.
//! - What reverses an event of a closed cycle stands apart from the rule, on the terms of the cycle undone.
//! - No entry of the journal is unbalanced in any currency, and none takes from one MID's books what another's get.
//!
//! - A cycle's state changes by the moves of one table ([`cycle`]), and who approves a draft is not who prepared it.
//! - An obligation has one payment that may arrive; another is made only after that one has failed for good, and names it ([`payout`]).
//!
//! Modules in reading order: [`input`], [`error`], [`moves`], [`earnings`], [`book`], [`finding`], [`steps`], [`draft`],
//! [`wire`], [`mod@report`], [`payout`], [`journal`]; [`earned`], [`statement`], [`proof`];
//! [`document`], [`reserve`], [`unsettled`], [`invoice`], [`receivables`], [`overview`]; then [`cycle`], [`refusal`], [`actors`], [`course`].
#![deny(missing_docs)]

pub mod actors;
pub mod book;
pub mod course;
pub mod cycle;
pub mod document;
pub mod draft;
pub mod earned;
pub mod earnings;
pub mod error;
pub mod finding;
mod hashing;
pub mod input;
pub mod invoice;
pub mod journal;
pub mod moves;
pub mod overview;
mod page;
pub mod payout;
pub mod proof;
pub mod receivables;
pub mod refusal;
pub mod report;
pub mod reserve;
pub mod statement;
pub mod steps;
mod unsealed;
pub mod unsettled;
pub mod untaxed;
mod values;
pub mod wire;

pub use course::Courses;
pub use draft::{Draft, Plan};
pub use error::SettleError;
pub use input::Input;
pub use refusal::Refusal;
pub use report::report;
pub use statement::Statement;
pub use steps::{plan, plan_of};
