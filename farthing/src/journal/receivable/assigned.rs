//! What people said of money on the bank's account, as it moves the accounts of platforms.

use crate::books::Books;
use crate::payouts::lines::{Change, changes};
use anyhow::Context;
use farthing_archive::assignments::Assigned;
use farthing_ledger::StoredReceipt;
use farthing_schemas::manifest::AssignedTo;
use farthing_schemas::{Day, Instant, Money};
use farthing_settle::receivables::{Movement, MovementKind};

/// Each time something is said of a line it is taken from where it was, and put where it is said to be.
pub fn movements(books: &Books, mid: &str, lines: &[StoredReceipt]) -> anyhow::Result<Vec<Movement>> {
    let mut movements = Vec::new();
    let changes = changes(&books.catalog, lines).context("run: farthing check")?;
    for Change { number, made, from, to, .. } in changes.into_iter().filter(|change| change.made.assignment.mid == mid) {
        movements.extend(movement(from.as_ref(), made, made.amount).with_context(|| format!("assignment {number}"))?);
        movements.extend(movement(Some(to), made, made.amount.negated()?).with_context(|| format!("assignment {number}"))?);
    }
    Ok(movements)
}

/// Of a platform: what is put to the invoice of a cycle, if it is said of which.
fn movement(of: Option<&AssignedTo>, made: &Assigned, amount: Money) -> anyhow::Result<Option<Movement>> {
    let Some(AssignedTo::Platform { platform, cycle }) = of else { return Ok(None) };
    let (day, cycle) = (Day::of(made.at.parse::<Instant>()?), cycle.as_ref().map(|cycle| cycle.parse()).transpose()?);
    Ok(Some(Movement { platform: platform.clone(), currency: made.currency, cycle, day, kind: MovementKind::Received, amount }))
}
