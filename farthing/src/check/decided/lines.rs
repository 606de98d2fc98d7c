//! The lines of banks' messages as they stand: each can be whose it is by the last word, a person's or else its message's.

use crate::check::Chain;
use crate::payouts::lines::{described, is_money, kept, number_of, number_of_row, taken_back, told_by};
use crate::payouts::met::met;
use crate::payouts::put::{ByLine, beside, id_of};
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
    let mut open: Vec<(LineNumber, &Stands<'_>, Option<&str>)> = Vec::new();
    for (number, one) in lines {
        let Stands { row, line, to: Some(AssignedTo::Repetition { of, .. }), .. } = one else { continue };
        let others = counted.get(&(line.amount, row.currency.as_str())).into_iter().flatten();
        let is_told = others.into_iter().any(|other| other.mid == line.mid || other.message_sha256 == line.message_sha256);
        if of.is_some() || !is_told {
            open.push((*number, one, of.as_deref()));
        }
    }
    told_by_payments(chain, lines, &open)
}

/// What lines repeat, payments have told: those that a person has named, or else the message of each.
fn told_by_payments(chain: &Chain<'_>, all: &Lines<'_>, lines: &[(LineNumber, &Stands<'_>, Option<&str>)]) -> anyhow::Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    let about: BTreeMap<LineNumber, &str> =
        chain.payments.exceptions().filter_map(|row| Some((number_of(row)?, row.reference.as_deref()?))).collect();
    let id = |number: &LineNumber, of: Option<&'_ str>| of.or_else(|| about.get(number).copied().map(id_of)).unwrap_or_default().to_owned();
    let wanted: BTreeSet<String> = lines.iter().map(|(number, _, of)| id(number, *of)).collect();
    let mut payments: BTreeMap<&str, Vec<&StoredPayment>> = BTreeMap::new();
    let mut ids = BTreeSet::new();
    for row in chain.payments.payments() {
        for name in [Some(row.id.as_str()), row.message_id.as_deref()].into_iter().flatten().filter(|name| wanted.contains(*name)) {
            payments.entry(name).or_default().push(row);
            ids.insert(row.id.as_str());
        }
    }
    let states: Vec<&StoredState> = chain.payments.states().filter(|row| ids.contains(row.id.as_str())).collect();
    let mut by_lines: Vec<(LineNumber, ByLine<'_>)> = Vec::new();
    for (number, one) in all {
        let told = ByLine::of(one.row, one.to.as_ref(), about.get(number).copied()).filter(|told| ids.contains(told.id));
        if is_money(one.row, one.to.as_ref())? {
            by_lines.extend(told.map(|told| (*number, told)));
        }
    }
    for (number, Stands { line, to, said, .. }, of) in lines {
        let named = payments.get(id(number, *of).as_str()).into_iter().flatten();
        // What was told later is none of what it repeats.
        let before = states.iter().copied().filter(|row| row.sequence < *said);
        let by_lines = by_lines.iter().filter(|(other, told)| other != number && told.act < *said).map(|(_, told)| *told);
        let kept = kept(to.as_ref())?;
        let is_told = beside(line, named.copied(), before, by_lines)?.iter().any(|told| told.leaves(line, kept));
        ensure!(is_told, "line {number} is said to be a repetition, and nothing else tells it");
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
