//! What of a reserve has been kept for long enough. It follows from the drafts before: the oldest is given back first.

use crate::draft::Draft;
use crate::error::SettleError;
use farthing_schemas::{Cycle, Money};

/// What the hold of that number kept back so many cycles ago and before, and no draft has given back since; below 0 where more than that was
/// given back, for what the party owed.
///
/// # Errors
/// A sum that does not fit.
pub fn due(number: u64, cycles: u32, cycle: Cycle, earlier: &[Draft]) -> Result<Money, SettleError> {
    let mut due = Money::ZERO;
    for draft in earlier {
        let is_over = u32::from(draft.cycle.index()).saturating_add(cycles) <= u32::from(cycle.index());
        for line in draft.holds.iter().filter(|line| line.number == number) {
            due = if is_over { due.plus(line.held)? } else { due }.minus(line.lifted)?;
        }
    }
    Ok(due)
}
