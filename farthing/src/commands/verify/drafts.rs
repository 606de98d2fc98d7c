//! Final drafts made again from what the archive held when they were made.

use super::{Compared, journal};
use crate::books::Books;
use crate::commands::settle::Settlement;
use crate::courses;
use crate::plan_input::{self, Scope};
use anyhow::{Context, ensure};
use farthing_archive::catalog::Moved;
use farthing_ledger::StoredDraft;
use farthing_schemas::manifest::CycleMove;
use farthing_settle::cycle::Kind;
use farthing_settle::{Draft, Plan, plan};
use std::collections::BTreeMap;

/// Makes each draft again, those that were thrown away, too.
pub async fn compare(books: &mut Books, compared: &mut Compared) -> anyhow::Result<()> {
    for (moved, row) in rows(books).await? {
        let again = again(books, &moved, &row).await?;
        ensure!(again.draft.to_json() == row.body, "ledger, {}: made again from the archive it is another", name(&moved.step));
        journal::booked_from(books, &row.sha256, &again).await?;
        compared.drafts += 1;
    }
    Ok(())
}

/// The plan of the draft that a cycle has, or what is wrong with that draft: its row is not what was drafted, or not what comes out when it
/// is made again.
pub async fn made_again(books: &mut Books, of: &Settlement) -> anyhow::Result<Result<Plan, String>> {
    let made = courses::of_kind(&books.catalog, Kind::Draft)?;
    let is_its = |step: &CycleMove| (&*step.mid, &*step.currency, &step.cycle) == (&*of.mid, of.currency.code(), &of.cycle.to_string());
    let moved = made.into_iter().rfind(|moved| is_its(&moved.step)).context("the cycle has no draft")?.clone();
    let row = match row(&by_sha256(books).await?, &moved.step) {
        Ok(row) => row,
        Err(changed) => return Ok(Err(format!("{changed:#}; run: farthing verify"))),
    };
    let again = again(books, &moved, &row).await?;
    let same = again.draft.to_json() == row.body;
    Ok(if same {
        Ok(again)
    } else {
        Err(format!("{}: made again from the archive it is another; run: farthing verify", name(&moved.step)))
    })
}

/// The rows of final drafts, each with the move that names it: there are no others, and each is what it says.
pub async fn rows(books: &Books) -> anyhow::Result<Vec<(Moved, StoredDraft)>> {
    let mut stored = by_sha256(books).await?;
    let mut rows = Vec::new();
    for moved in courses::of_kind(&books.catalog, Kind::Draft)? {
        rows.push((moved.clone(), row(&stored, &moved.step)?));
    }
    for (_, row) in &rows {
        stored.remove(&row.sha256);
    }
    ensure!(stored.is_empty(), "ledger: drafts that no manifest names: {:?}", stored.keys());
    Ok(rows)
}

async fn by_sha256(books: &Books) -> anyhow::Result<BTreeMap<String, StoredDraft>> {
    Ok(books.ledger.drafts().await?.into_iter().map(|draft| (draft.sha256.clone(), draft)).collect())
}

/// The row of the draft that a move made, if it is what was made.
fn row(stored: &BTreeMap<String, StoredDraft>, step: &CycleMove) -> anyhow::Result<StoredDraft> {
    let name = name(step);
    let sha256 = step.draft_sha256.as_ref().with_context(|| format!("{name}: its manifest names no SHA-256"))?;
    let row = stored.get(sha256).with_context(|| format!("ledger, {name}: it is missing or has another SHA-256"))?;
    let same = (&row.mid, &row.currency, &row.cycle) == (&step.mid, &step.currency, &step.cycle);
    ensure!(same, "ledger, {name}: the row says it is another's");
    let kept = Draft::from_json(&row.body).with_context(|| format!("ledger, {name}"))?;
    ensure!(kept.draft_sha256 == *sha256, "ledger, {name}: its text has the SHA-256 {}", kept.draft_sha256);
    Ok(row.clone())
}

/// The plan as it comes out of what the books held when it was made.
async fn again(books: &mut Books, moved: &Moved, row: &StoredDraft) -> anyhow::Result<Plan> {
    let step = &moved.step;
    let kept = Draft::from_json(&row.body)?;
    let of = Settlement { mid: step.mid.clone(), currency: step.currency.parse()?, cycle: step.cycle.parse()? };
    let registry = books.registry(kept.registry_version).await?;
    let without = step.without.iter().cloned().collect();
    let scope = Scope { through_sequence: moved.sequence - 1, without, preview: false, to_come: Vec::new() };
    Ok(plan(&plan_input::gather(books, &registry, &of, scope).await?)?)
}

fn name(step: &CycleMove) -> String {
    format!("draft of cycle {} of {} in {}", step.cycle, step.mid, step.currency)
}
