//! [`plan`]: the steps in their order. Each reads what stands in the book and answers with moves; a further step (a chain between
//! MIDs, a guild's sharing) takes its place in [`STEPS`] and leaves the others as they are.
//!
//! Steps in their order: [`earn`], [`fee`], [`true_up`], [`adjust`], [`balance`], [`hold`] (what is lifted), [`inherit`], [`hold`], [`withhold`],
//! [`pay`] (with [`exchange`]), [`carry`].

pub mod adjust;
pub mod balance;
pub mod carry;
pub mod earn;
pub mod exchange;
pub mod fee;
pub mod hold;
pub mod inherit;
pub mod pay;
pub mod true_up;
pub mod withhold;

use crate::book::Book;
use crate::draft::{Draft, Plan};
use crate::earnings::Earnings;
use crate::error::SettleError;
use crate::input::Input;
use crate::moves::Move;

/// What a step sees.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// What the draft depends on.
    pub input: &'a Input,
    /// What was earned.
    pub earnings: &'a Earnings,
    /// The moves of the steps before.
    pub book: &'a Book,
}

/// A pure step.
pub type StepFn = fn(View<'_>) -> Result<Vec<Move>, SettleError>;

/// All steps, in the order that SPEC section 5 has them.
pub const STEPS: &[StepFn] = &[
    earn::moves,
    fee::moves,
    true_up::moves,
    adjust::moves,
    balance::bring_in_moves,
    balance::recover_moves,
    hold::lift_moves,
    inherit::moves,
    hold::hold_moves,
    withhold::moves,
    pay::moves,
    carry::moves,
];

/// The plan for one MID, cycle and currency.
///
/// # Errors
/// An input that contradicts itself, or a sum that does not fit. A rule that is broken is no error: the draft is refused.
pub fn plan(input: &Input) -> Result<Plan, SettleError> {
    planned(input, Earnings::of(input)?)
}

/// [`plan`], of an input that nobody needs any more: its accruals, the most of it, are let go as soon as they are summed.
///
/// # Errors
/// As for [`plan`].
pub fn plan_of(mut input: Input) -> Result<Plan, SettleError> {
    let earnings = Earnings::of(&input)?;
    (input.accruals, input.deferred) = (Vec::new(), Vec::new());
    planned(&input, earnings)
}

fn planned(input: &Input, earnings: Earnings) -> Result<Plan, SettleError> {
    let mut book = Book::open(input)?;
    for step in STEPS {
        let moves = step(View { input, earnings: &earnings, book: &book })?;
        book.post(moves)?;
    }
    let draft = Draft::of(View { input, earnings: &earnings, book: &book })?;
    drop(earnings);
    Ok(Plan::new(draft, book.into_moves()))
}
