//! Money on the account of a MID's bank that is no payment of ours: whose each line of it is, by the bank's message and by what people said
//! since.

use crate::books::Books;
use anyhow::Context;
use farthing_archive::Catalog;
use farthing_archive::assignments::Assigned;
use farthing_ledger::StoredReceipt;
use farthing_schemas::manifest::AssignedTo;
use farthing_schemas::money::from_stored_text;
use farthing_schemas::{Currency, Money};
use farthing_settle::journal::{Line, Whose};
use std::fmt;
use std::str::FromStr;

/// A line that waits until a person says whose it is.
pub const OPEN: &str = "open";
/// A line that another message has told, as far as can be seen.
pub const AGAIN: &str = "again";
/// A line that a remittance has booked; its number follows.
const REMITTED: &str = "remitted:";

/// Which line: the manifest that took its message in, and its number among the receipts of that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LineNumber {
    pub message: u64,
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
        let numbers = text.split_once('-').and_then(|(message, line)| Some((message.parse().ok()?, line.parse().ok()?)));
        let (message, line) = numbers.ok_or_else(|| format!("{text:?} is not the number of a line, such as 17-2"))?;
        Ok(LineNumber { message, line })
    }
}

/// A line, and what was said of it last.
pub struct AccountLine {
    pub number: LineNumber,
    pub row: StoredReceipt,
    pub line: Line,
    /// When its message was taken in.
    pub at: String,
    pub assigned: Option<Assigned>,
}

impl AccountLine {
    /// Whose it is in the books.
    pub fn whose(&self) -> Whose {
        self.assigned.as_ref().map_or_else(|| by_message(&self.row), |assigned| by_person(&assigned.assignment.to))
    }

    /// Whether a person has to look at it.
    pub fn is_left(&self) -> bool {
        match (&self.assigned, self.row.unbooked.as_deref()) {
            (Some(assigned), _) => assigned.assignment.to == AssignedTo::Suspense,
            (None, None) => self.row.platform.is_none(),
            (None, Some(why)) => remittance_of(why).is_none(),
        }
    }

    /// Whether it is that already, by what was said last.
    pub fn is(&self, to: &AssignedTo) -> bool {
        match (&self.assigned, self.row.unbooked.as_deref()) {
            (Some(assigned), _) => assigned.assignment.to == *to,
            (None, None) => *to == said_by_message(&self.row),
            (None, Some(why)) => remittance_of(why).is_some_and(|remittance| *to == AssignedTo::Remittance { remittance }),
        }
    }

    /// The remittance that it is the payment of.
    pub fn remittance(&self) -> Option<u64> {
        match self.assigned.as_ref().map(|assigned| &assigned.assignment.to) {
            Some(AssignedTo::Remittance { remittance }) => Some(*remittance),
            Some(_) => None,
            None => self.row.unbooked.as_deref().and_then(remittance_of),
        }
    }

    /// The claim that it is the payment for.
    pub fn claim(&self) -> Option<u64> {
        match self.assigned.as_ref().map(|assigned| &assigned.assignment.to) {
            Some(AssignedTo::Claim { claim }) => Some(*claim),
            _ => None,
        }
    }

    /// Whether another message that tells it has told it before: what was itself told again counts once a person says that it is another.
    pub fn counts(&self) -> bool {
        let is_another = self.assigned.as_ref().is_some_and(|assigned| assigned.assignment.to != AssignedTo::Repetition);
        self.row.unbooked.as_deref() != Some(AGAIN) || is_another
    }
}

/// All lines, in the order in which they were told.
pub async fn all(books: &Books) -> anyhow::Result<Vec<AccountLine>> {
    books.ledger.bank_receipts().await?.into_iter().map(|row| line_of(&books.catalog, row)).collect()
}

fn line_of(catalog: &Catalog, row: StoredReceipt) -> anyhow::Result<AccountLine> {
    let number = LineNumber { message: row.sequence, line: row.line };
    let taken = catalog.message_of(row.sequence).with_context(|| format!("line {number} is of no message; run: farthing check"))?;
    let line = described(&row, &taken.message.mid, &taken.message.sha256)?;
    let assigned = catalog.assignments.last_of((row.sequence, row.line)).cloned();
    Ok(AccountLine { number, line, at: taken.at.clone(), assigned, row })
}

/// A row as the journal knows it.
pub fn described(row: &StoredReceipt, mid: &str, message_sha256: &str) -> anyhow::Result<Line> {
    let (amount, currency): (Money, Currency) = (from_stored_text(&row.amount)?, row.currency.parse()?);
    Ok(Line { mid: mid.to_owned(), amount, currency, message_sha256: message_sha256.to_owned() })
}

/// Whose a line is before anybody has said anything: what is not booked stands against the bank itself.
pub fn by_message(row: &StoredReceipt) -> Whose {
    match (&row.unbooked, &row.platform) {
        (Some(_), _) => Whose::Booked,
        (None, Some(platform)) => Whose::Platform(platform.clone()),
        (None, None) => Whose::Suspense,
    }
}

/// Whose a line is by a person's word.
pub fn by_person(to: &AssignedTo) -> Whose {
    match to {
        AssignedTo::Platform { platform, .. } => Whose::Platform(platform.clone()),
        AssignedTo::Claim { .. } | AssignedTo::Suspense => Whose::Suspense,
        AssignedTo::Charges => Whose::TheBanks,
        AssignedTo::Remittance { .. } | AssignedTo::Repetition => Whose::Booked,
    }
}

/// The same of what the message books, as a person would have said it.
fn said_by_message(row: &StoredReceipt) -> AssignedTo {
    let platform = |platform: &String| AssignedTo::Platform { platform: platform.clone(), cycle: row.cycle.clone() };
    row.platform.as_ref().map_or(AssignedTo::Suspense, platform)
}

/// Why a row is not booked that a remittance has booked.
pub fn remitted(remittance: u64) -> String {
    format!("{REMITTED}{remittance}")
}

fn remittance_of(unbooked: &str) -> Option<u64> {
    unbooked.strip_prefix(REMITTED).and_then(|number| number.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_lines_are_read_as_they_are_written() {
        let number = LineNumber { message: 17, line: 2 };
        assert_eq!((number.to_string().as_str(), "17-2".parse()), ("17-2", Ok(number)));
        for wrong in ["", "17", "-2", "17-", "17-2-3", "a-b", "17-+"] {
            assert!(wrong.parse::<LineNumber>().is_err(), "{wrong}");
        }
    }
}
