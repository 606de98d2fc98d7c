//! The lines of banks' messages as they stand: each can be whose it is by the last word, a person's or else its message's.

use crate::check::Chain;
use crate::payouts::lines::{described, has_told, is_money, number_of, number_of_row, taken_back, told_by};
use crate::payouts::met::met;
use anyhow::{Context, ensure};
use farthing_archive::Catalog;
use farthing_archive::assignments::LineNumber;
use farthing_ledger::{StoredPayment, StoredReceipt, StoredState};
use farthing_schemas::Money;
use farthing_schemas::manifest::AssignedTo;
use farthing_settle::journal::{Line, Met};
use std::collections::{BTreeMap, BTreeSet};

/// A line, and whose it is.
struct Stands<'a> {
    row: &'a StoredReceipt,
    line: Line,
    to: Option<AssignedTo>,
    /// The manifest that says so.
    said: u64,
}

type Lines<'a> = BTreeMap<LineNumber, Stands<'a>>;

/// Says which line cannot be whose it is said to be.
pub fn stand(chain: &Chain<'_>) -> anyhow::Result<()> {
    let mut lines = Lines::new();
    for row in chain.payments.receipts() {
        let number = number_of_row(row);
        let taken = chain.catalog.message_of(row.sequence).with_context(|| format!("line {number} came with no message"))?;
        let line = described(row, &taken.message.mid, &taken.message.sha256)?;
        let told = told_by(row)?;
        if let Some(met) = paid_by(chain.catalog, number, told.as_ref(), row.sequence)? {
            met.is_met_by(&number.to_string(), &line)?;
        }
        let assigned = chain.catalog.assignments.last_of(number);
        let (to, said) = assigned.map_or((told, row.sequence), |made| (Some(made.assignment.to.clone()), made.sequence));
        lines.insert(number, Stands { row, line, to, said });
    }
    paid_within(chain.catalog, &lines)?;
    taken_back_whole(&lines)?;
    repeated(chain, &lines)?;
    let came_in = lines.iter().find(|(_, one)| one.to == Some(AssignedTo::Charges) && one.line.amount >= Money::ZERO);
    ensure!(came_in.is_none(), "line {} came in, and is charges", came_in.map_or_else(String::new, |(number, _)| number.to_string()));
    Ok(())
}

/// What was booked before the bank told it is paid by lines that fit it, and by no more than it is of: whoever put them to it.
fn paid_within(catalog: &Catalog, lines: &Lines<'_>) -> anyhow::Result<()> {
    let mut sums: BTreeMap<String, Money> = BTreeMap::new();
    for (number, Stands { line, to, said, .. }) in lines {
        if let Some(met) = paid_by(catalog, *number, to.as_ref(), *said)? {
            let sum = sums.entry(met.name.clone()).or_default();
            met.takes(&number.to_string(), line, *sum)?;
            *sum = sum.plus(line.amount)?;
        }
    }
    Ok(())
}

/// What takes another line back is its opposite, which was there and is in suspense, and no third one takes that back.
fn taken_back_whole(lines: &Lines<'_>) -> anyhow::Result<()> {
    let mut taken = BTreeSet::new();
    for (number, Stands { line, to, said, .. }) in lines {
        let Some(other) = to.as_ref().and_then(taken_back) else { continue };
        let found = lines.get(&other).filter(|_| other.message < *said);
        let found = found.with_context(|| format!("line {number} takes back line {other}, which was not there"))?;
        line.takes_back(&number.to_string(), &other.to_string(), &found.line, found.to == Some(AssignedTo::Suspense))?;
        ensure!(taken.insert(other), "line {other} is taken back twice");
    }
    Ok(())
}

/// What another message is said to have told, another line or a payment has.
fn repeated(chain: &Chain<'_>, lines: &Lines<'_>) -> anyhow::Result<()> {
    let mut counted: BTreeMap<(Money, &str), Vec<&Line>> = BTreeMap::new();
    for one in lines.values() {
        if is_money(one.row, one.to.as_ref())? {
            counted.entry((one.line.amount, &one.row.currency)).or_default().push(&one.line);
        }
    }
    let mut open: BTreeMap<LineNumber, &Line> = BTreeMap::new();
    for (number, Stands { row, line, .. }) in lines.iter().filter(|(_, one)| one.to == Some(AssignedTo::Repetition)) {
        let others = counted.get(&(line.amount, row.currency.as_str())).into_iter().flatten();
        if !others.into_iter().any(|other| other.mid == line.mid || other.message_sha256 == line.message_sha256) {
            open.insert(*number, line);
        }
    }
    if open.is_empty() {
        return Ok(());
    }
    let about: BTreeMap<LineNumber, &str> =
        chain.payments.exceptions().filter_map(|row| Some((number_of(row)?, row.reference.as_deref()?))).collect();
    let wanted: BTreeSet<&str> = open.keys().filter_map(|number| about.get(number).copied()).collect();
    let payments: BTreeMap<&str, &StoredPayment> =
        chain.payments.payments().filter(|row| wanted.contains(row.id.as_str())).map(|row| (row.id.as_str(), row)).collect();
    let states: Vec<StoredState> = chain.payments.states().filter(|row| wanted.contains(row.id.as_str())).cloned().collect();
    for (number, line) in open {
        let payment = about.get(&number).and_then(|id| payments.get(id));
        ensure!(
            payment.is_some_and(|payment| has_told(payment, &states, line)),
            "line {number} is said to be a repetition, and nothing else tells it"
        );
    }
    Ok(())
}

/// What a line is the payment of, as the manifest of that number says: it was there before.
fn paid_by(catalog: &Catalog, number: LineNumber, to: Option<&AssignedTo>, said: u64) -> anyhow::Result<Option<Met>> {
    let Some(to) = to else { return Ok(None) };
    let Some((sequence, met)) = met(catalog, to).with_context(|| format!("line {number}"))? else { return Ok(None) };
    ensure!(sequence < said, "line {number} was put to {} before that was there", met.name);
    Ok(Some(met))
}
