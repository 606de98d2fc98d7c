//! [`Assignments`]: what people said of money on bank accounts, and what stands of it.

use crate::numbered::Numbered;
use farthing_schemas::manifest::Assignment;
use farthing_schemas::{Currency, Money, money};
use std::collections::BTreeMap;

/// An assignment that was made.
#[derive(Clone, Debug)]
pub struct Assigned {
    /// The number of the manifest that made it.
    pub sequence: u64,
    /// When that was made.
    pub at: String,
    /// The assignment.
    pub assignment: Assignment,
    /// Its currency.
    pub currency: Currency,
    /// What came in, or went out if it is negative.
    pub amount: Money,
}

/// A line of a message: the manifest that took that in, and the number of the line.
pub type LineKey = (u64, u64);

/// All assignments there ever were, by number, and the last of each line.
#[derive(Clone, Debug, Default)]
pub struct Assignments {
    made: Numbered<Assigned>,
    last: BTreeMap<LineKey, u64>,
}

impl Assignments {
    /// Takes the next assignment of the chain, or says what is wrong with it.
    pub(crate) fn take(&mut self, sequence: u64, at: String, assignment: Assignment) -> Result<(), String> {
        let number = assignment.number;
        self.made.is_next("assignment", number)?;
        let unreadable = |field: &str| format!("the {field} of assignment {number} cannot be read");
        let currency = assignment.currency.parse().map_err(|_| unreadable("currency"))?;
        let amount = money::from_stored_text(&assignment.amount).map_err(|_| unreadable("amount"))?;
        let line = (assignment.message, assignment.line);
        let last = self.last.insert(line, number);
        if assignment.instead_of != last {
            return Err(format!(
                "assignment {number} takes the place of {:?}, and the last one of its line is {last:?}",
                assignment.instead_of
            ));
        }
        self.made.add(number, Assigned { sequence, at, assignment, currency, amount });
        Ok(())
    }

    /// The next number.
    #[must_use]
    pub fn next_number(&self) -> u64 {
        self.made.next_number()
    }

    /// What was said last of a line.
    #[must_use]
    pub fn last_of(&self, line: LineKey) -> Option<&Assigned> {
        self.last.get(&line).and_then(|number| self.made.get(*number))
    }

    /// The one of that number.
    #[must_use]
    pub fn get(&self, number: u64) -> Option<&Assigned> {
        self.made.get(number)
    }

    /// All of them, in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = (u64, &Assigned)> {
        self.made.iter()
    }
}
