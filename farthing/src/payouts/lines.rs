//! Money on the account of a MID's bank that is no payment of ours: whose each line of it is, by the bank's message and by what people said
//! since.

use crate::books::Books;
use anyhow::{Context, anyhow};
use farthing_archive::Catalog;
use farthing_archive::assignments::{Assigned, LineNumber};
use farthing_ledger::{StoredException, StoredReceipt};
use farthing_schemas::manifest::AssignedTo;
use farthing_schemas::money::from_stored_text;
use farthing_schemas::{Currency, Money};
use farthing_settle::journal::{Line, Whose};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// Why the bank's message books nothing of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unbooked {
    /// It waits until a person says whose it is.
    Open,
    /// Another message has told it, as far as can be seen.
    Again,
    /// The remittance of that number has booked it.
    Remitted(u64),
}

const REMITTED: &str = "remitted:";

/// `open`, `again` and `remitted:3`, as a row says it.
impl fmt::Display for Unbooked {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unbooked::Open => out.write_str("open"),
            Unbooked::Again => out.write_str("again"),
            Unbooked::Remitted(remittance) => write!(out, "{REMITTED}{remittance}"),
        }
    }
}

impl FromStr for Unbooked {
    type Err = String;

    fn from_str(text: &str) -> Result<Unbooked, String> {
        let number = text.strip_prefix(REMITTED).and_then(|number| number.parse().ok()).map(Unbooked::Remitted);
        // Only what is written as we write it is one of them.
        let found = [Some(Unbooked::Open), Some(Unbooked::Again), number].into_iter().flatten().find(|one| one.to_string() == text);
        found.ok_or_else(|| format!("{text:?} is no reason why a line is not booked"))
    }
}

/// A line, and what was said of it last.
pub struct AccountLine {
    pub number: LineNumber,
    pub row: StoredReceipt,
    pub money: Line,
    /// When its message was taken in.
    pub at: String,
    pub assigned: Option<Assigned>,
    /// The line that takes it back, as a person says.
    pub taken_back_by: Option<LineNumber>,
    /// The id that its message names, such as that of a payment of which it tells what was told before.
    pub about: Option<String>,
    unbooked: Option<Unbooked>,
    /// Whose it is by its message.
    told: Option<AssignedTo>,
}

impl AccountLine {
    /// Whose it is by the last word, a person's or else the message's; none where nobody has said it.
    pub fn to(&self) -> Option<&AssignedTo> {
        self.assigned.as_ref().map(|assigned| &assigned.assignment.to).or(self.told.as_ref())
    }

    /// Whose it is in the books.
    pub fn whose(&self) -> Whose {
        whose(self.to())
    }

    /// Whether a person has to look at it.
    pub fn is_left(&self) -> bool {
        self.taken_back_by.is_none() && matches!(self.to(), None | Some(AssignedTo::Suspense))
    }

    /// Whether it is that already.
    pub fn is(&self, to: &AssignedTo) -> bool {
        self.to() == Some(to)
    }

    /// The remittance that it is the payment of.
    pub fn remittance(&self) -> Option<u64> {
        match self.to() {
            Some(AssignedTo::Remittance { remittance }) => Some(*remittance),
            _ => None,
        }
    }

    /// Whether its message tells what another has told before it.
    pub fn is_told_again(&self) -> bool {
        self.unbooked == Some(Unbooked::Again)
    }

    /// Whether another message that tells it tells it again: it counts, or a person has said that it repeats what was told otherwise.
    pub fn is_told(&self) -> bool {
        self.counts() || !self.is_told_again() && matches!(self.to(), Some(AssignedTo::Repetition { .. }))
    }

    /// Whether it is nobody's, and in suspense as such.
    pub fn is_in_suspense(&self) -> bool {
        self.is(&AssignedTo::Suspense)
    }

    /// Whether it is money: what was told again is so once a person says that it is another, and what a person takes for a repetition is not.
    pub fn counts(&self) -> bool {
        counts(self.to(), self.unbooked)
    }
}

fn counts(to: Option<&AssignedTo>, unbooked: Option<Unbooked>) -> bool {
    to.map_or(unbooked != Some(Unbooked::Again), |to| !matches!(to, AssignedTo::Repetition { charges: None, .. }))
}

/// Whether a row is money, if that is said of it.
pub fn is_money(row: &StoredReceipt, to: Option<&AssignedTo>) -> anyhow::Result<bool> {
    Ok(counts(to, unbooked(row)?))
}

/// All lines, in the order in which they were told.
pub async fn all(books: &Books) -> anyhow::Result<Vec<AccountLine>> {
    let rows = books.ledger.bank_receipts().await?;
    let mut lines = rows.into_iter().map(|row| line_of(&books.catalog, row)).collect::<anyhow::Result<Vec<_>>>()?;
    if lines.is_empty() {
        return Ok(lines);
    }
    let exceptions = books.ledger.bank_exceptions().await?;
    let mut about: BTreeMap<LineNumber, String> =
        exceptions.into_iter().filter_map(|row| Some((number_of(&row)?, row.reference?))).collect();
    let taking_back: BTreeMap<LineNumber, LineNumber> =
        lines.iter().filter_map(|line| Some((taken_back(line.to()?)?, line.number))).collect();
    for line in &mut lines {
        line.taken_back_by = taking_back.get(&line.number).copied();
        line.about = about.remove(&line.number);
    }
    Ok(lines)
}

/// The line that is taken back by one of which that is said.
pub fn taken_back(to: &AssignedTo) -> Option<LineNumber> {
    match to {
        AssignedTo::Against { message, line } => Some(LineNumber { message: *message, line: *line }),
        _ => None,
    }
}

fn line_of(catalog: &Catalog, row: StoredReceipt) -> anyhow::Result<AccountLine> {
    let number = number_of_row(&row);
    let taken = catalog.message_of(row.sequence).with_context(|| format!("line {number} is of no message; run: farthing check"))?;
    let money = described(&row, &taken.message.mid, &taken.message.sha256)?;
    let assigned = catalog.assignments.last_of(number).cloned();
    let (unbooked, told) = (unbooked(&row)?, told_by(&row)?);
    Ok(AccountLine { number, money, at: taken.at.clone(), assigned, taken_back_by: None, about: None, unbooked, told, row })
}

/// The line that a row is.
pub fn number_of_row(row: &StoredReceipt) -> LineNumber {
    LineNumber { message: row.sequence, line: row.line }
}

/// The line that an exception is about.
pub fn number_of(exception: &StoredException) -> Option<LineNumber> {
    exception.about_line.map(|line| LineNumber { message: exception.sequence, line })
}

/// A row as the journal knows it.
pub fn described(row: &StoredReceipt, mid: &str, message_sha256: &str) -> anyhow::Result<Line> {
    let (amount, currency): (Money, Currency) = (from_stored_text(&row.amount)?, row.currency.parse()?);
    Ok(Line { mid: mid.to_owned(), amount, currency, message_sha256: message_sha256.to_owned() })
}

/// Whose a line is by its message, as a person would have said it; none where that books nothing of it, nor has anything else.
pub fn told_by(row: &StoredReceipt) -> anyhow::Result<Option<AssignedTo>> {
    Ok(match (unbooked(row)?, &row.platform) {
        (Some(Unbooked::Open | Unbooked::Again), _) => None,
        (Some(Unbooked::Remitted(remittance)), _) => Some(AssignedTo::Remittance { remittance }),
        (None, Some(platform)) => Some(AssignedTo::Platform { platform: platform.clone(), cycle: row.cycle.clone() }),
        (None, None) => Some(AssignedTo::Suspense),
    })
}

fn unbooked(row: &StoredReceipt) -> anyhow::Result<Option<Unbooked>> {
    let read = row.unbooked.as_deref().map(str::parse).transpose();
    read.map_err(|fault: String| anyhow!("line {}: {fault}; run: farthing check", number_of_row(row)))
}

/// The same in the books.
pub fn whose(to: Option<&AssignedTo>) -> Whose {
    match to {
        Some(AssignedTo::Platform { platform, .. }) => Whose::Platform(platform.clone()),
        Some(AssignedTo::Claim { .. } | AssignedTo::Suspense | AssignedTo::Against { .. }) => Whose::Suspense,
        Some(AssignedTo::Charges) => Whose::Charges,
        Some(AssignedTo::Remittance { .. } | AssignedTo::Repetition { .. } | AssignedTo::Payees { .. }) | None => Whose::Elsewhere,
    }
}

/// What the bank has kept of a line of which that is said.
pub fn kept(to: Option<&AssignedTo>) -> anyhow::Result<Money> {
    let Some(AssignedTo::Payees { charges, .. } | AssignedTo::Repetition { charges, .. }) = to else { return Ok(Money::ZERO) };
    Ok(charges.as_deref().map_or(Ok(Money::ZERO), from_stored_text)?)
}

/// What a person said of a line, and whose it was until then.
pub struct Change<'a> {
    /// The number of the assignment.
    pub number: u64,
    pub made: &'a Assigned,
    pub row: &'a StoredReceipt,
    pub from: Option<AssignedTo>,
    pub to: &'a AssignedTo,
}

/// All that people said of these lines, in its order: each time a line is taken from where it was, and put where it is said to be.
pub fn changes<'a>(catalog: &'a Catalog, rows: impl IntoIterator<Item = &'a StoredReceipt>) -> anyhow::Result<Vec<Change<'a>>> {
    let rows: BTreeMap<LineNumber, &StoredReceipt> = rows.into_iter().map(|row| (number_of_row(row), row)).collect();
    let mut last: BTreeMap<LineNumber, &AssignedTo> = BTreeMap::new();
    let mut changes = Vec::new();
    for (number, made) in catalog.assignments.iter() {
        let (key, to) = (made.line(), &made.assignment.to);
        let row = *rows.get(&key).with_context(|| format!("assignment {number}: its line is none of the bank's message"))?;
        let from = last.insert(key, to).map_or_else(|| told_by(row), |before| Ok(Some(before.clone())))?;
        changes.push(Change { number, made, row, from, to });
    }
    Ok(changes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn why_a_line_is_not_booked_is_read_as_it_is_written() {
        for (why, text) in [(Unbooked::Open, "open"), (Unbooked::Again, "again"), (Unbooked::Remitted(17), "remitted:17")] {
            assert_eq!((why.to_string().as_str(), text.parse()), (text, Ok(why)));
        }
        for wrong in ["", "Open", "opened", "again ", "remitted", "remitted:", "remitted:-1", "remitted:+1", "remitted:01", "remitted:x"] {
            assert!(wrong.parse::<Unbooked>().is_err(), "{wrong}");
        }
    }
}
