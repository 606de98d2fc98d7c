//! [`Assignments`]: what people said of money on bank accounts, and what stands of it.

use crate::numbered::Numbered;
use farthing_schemas::manifest::Assignment;
use farthing_schemas::{Currency, Money, money};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// Which line of a bank's messages: the manifest that took its message in, and its number among the receipts of that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LineNumber {
    /// The number of the manifest.
    pub message: u64,
    /// Its number among the receipts.
    pub line: u64,
}

/// `17-2`.
impl fmt::Display for LineNumber {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}-{}", self.message, self.line)
    }
}

impl FromStr for LineNumber {
    type Err = String;

    fn from_str(text: &str) -> Result<LineNumber, String> {
        // A number may be read with a sign before it, which none of ours has.
        let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten();
        let numbers = text.split_once('-').and_then(|(message, line)| Some((number(message)?, number(line)?)));
        let (message, line) = numbers.ok_or_else(|| format!("{text:?} is not the number of a line, such as 17-2"))?;
        Ok(LineNumber { message, line })
    }
}

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

impl Assigned {
    /// The line that it is of.
    #[must_use]
    pub fn line(&self) -> LineNumber {
        line_of(&self.assignment)
    }
}

/// All assignments there ever were, by number, and the last of each line.
#[derive(Clone, Debug, Default)]
pub struct Assignments {
    made: Numbered<Assigned>,
    last: BTreeMap<LineNumber, u64>,
    /// The number of each, by its manifest.
    by_act: BTreeMap<u64, u64>,
}

impl Assignments {
    /// Takes the next assignment of the chain, or says what is wrong with it.
    pub(crate) fn take(&mut self, sequence: u64, at: String, assignment: Assignment) -> Result<(), String> {
        let number = assignment.number;
        self.made.is_next("assignment", number)?;
        let unreadable = |field: &str| format!("the {field} of assignment {number} cannot be read");
        let currency = assignment.currency.parse().map_err(|_| unreadable("currency"))?;
        let amount = money::from_stored_text(&assignment.amount).map_err(|_| unreadable("amount"))?;
        let line = line_of(&assignment);
        let last = self.last.get(&line).copied();
        if assignment.instead_of != last {
            let [before, last] = [assignment.instead_of, last].map(|one| one.map_or("none".to_owned(), |one| one.to_string()));
            let of = if assignment.instead_of.is_some() { "assignment " } else { "" };
            return Err(format!("assignment {number} takes the place of {of}{before}, and the last one of its line is {last}"));
        }
        self.last.insert(line, number);
        self.by_act.insert(sequence, number);
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
    pub fn last_of(&self, line: LineNumber) -> Option<&Assigned> {
        self.last.get(&line).and_then(|number| self.made.get(*number))
    }

    /// The one that a manifest made.
    #[must_use]
    pub fn of_act(&self, sequence: u64) -> Option<&Assigned> {
        self.by_act.get(&sequence).and_then(|number| self.made.get(*number))
    }

    /// All of them, in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = (u64, &Assigned)> {
        self.made.iter()
    }
}

fn line_of(assignment: &Assignment) -> LineNumber {
    LineNumber { message: assignment.message, line: assignment.line }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_lines_are_read_as_they_are_written() {
        let number = LineNumber { message: 17, line: 2 };
        assert_eq!((number.to_string().as_str(), "17-2".parse()), ("17-2", Ok(number)));
        for wrong in ["", "17", "-2", "17-", "17-2-3", "a-b", "17-+", "17-+2", "+17-2", "17--2", " 17-2", "17-18446744073709551616"] {
            assert!(wrong.parse::<LineNumber>().is_err(), "{wrong}");
        }
    }
}
