//! What people said of money on the bank's account, as it moves the accounts of platforms.

use crate::books::Books;
use anyhow::Context;
use farthing_archive::assignments::{Assigned, LineKey};
use farthing_ledger::StoredReceipt;
use farthing_schemas::manifest::AssignedTo;
use farthing_schemas::{Day, Instant, Money};
use farthing_settle::receivables::{Movement, MovementKind};
use std::collections::BTreeMap;

/// The platform that a line is of, and the cycle whose invoice it pays.
type Of = Option<(String, Option<String>)>;

/// Each time something is said of a line it is taken from where it was, and put where it is said to be.
pub fn movements(books: &Books, mid: &str, lines: &[StoredReceipt]) -> anyhow::Result<Vec<Movement>> {
    let rows: BTreeMap<LineKey, &StoredReceipt> = lines.iter().map(|row| ((row.sequence, row.line), row)).collect();
    let mut stands: BTreeMap<LineKey, Of> = BTreeMap::new();
    let mut movements = Vec::new();
    for (number, made) in books.catalog.assignments.iter().filter(|(_, made)| made.assignment.mid == mid) {
        let key = (made.assignment.message, made.assignment.line);
        let row = rows.get(&key).with_context(|| format!("assignment {number} is of a line that there is not; run: farthing check"))?;
        let to = by_person(&made.assignment.to);
        let from = stands.insert(key, to.clone()).unwrap_or_else(|| by_message(row));
        movements.extend(movement(from, made, made.amount).with_context(|| format!("assignment {number}"))?);
        movements.extend(movement(to, made, made.amount.negated()?).with_context(|| format!("assignment {number}"))?);
    }
    Ok(movements)
}

fn movement(of: Of, made: &Assigned, amount: Money) -> anyhow::Result<Option<Movement>> {
    let Some((platform, cycle)) = of else { return Ok(None) };
    let (day, cycle) = (Day::of(made.at.parse::<Instant>()?), cycle.map(|cycle| cycle.parse()).transpose()?);
    Ok(Some(Movement { platform, currency: made.currency, cycle, day, kind: MovementKind::Received, amount }))
}

fn by_person(to: &AssignedTo) -> Of {
    match to {
        AssignedTo::Platform { platform, cycle } => Some((platform.clone(), cycle.clone())),
        _ => None,
    }
}

fn by_message(row: &StoredReceipt) -> Of {
    row.platform.clone().filter(|_| row.unbooked.is_none()).map(|platform| (platform, row.cycle.clone()))
}
