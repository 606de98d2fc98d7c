//! Final drafts made again from what the archive held when they were made.

use super::{Compared, journal};
use crate::books::Books;
use crate::commands::settle::Settlement;
use crate::courses;
use crate::draft_rows;
use crate::plan_input::{self, Scope};
use anyhow::{Context, ensure};
use farthing_archive::catalog::Moved;
use farthing_schemas::manifest::CycleMove;
use farthing_settle::cycle::Kind;
use farthing_settle::{Plan, plan_of};
use std::collections::BTreeSet;

/// A draft's row, as far as making it again hangs on it; its text, which may be long, is not kept.
pub struct Kept {
    sha256: String,
    registry_version: u64,
    /// Of the text as a whole.
    text_sha256: String,
}

/// Makes each draft again, those that were thrown away, too.
pub async fn compare(books: &mut Books, compared: &mut Compared) -> anyhow::Result<()> {
    for (moved, kept) in rows(books).await? {
        let again = again(books, &moved, &kept).await?;
        ensure!(again.draft.text_sha256() == kept.text_sha256, "ledger, {}: made again from the archive it is another", name(&moved.step));
        journal::booked_from(books, &kept.sha256, &again).await?;
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
    let kept = match kept(books, &moved.step).await {
        Ok(kept) => kept,
        Err(changed) => return Ok(Err(format!("{changed:#}; run: farthing verify"))),
    };
    let again = again(books, &moved, &kept).await?;
    let same = again.draft.text_sha256() == kept.text_sha256;
    Ok(if same {
        Ok(again)
    } else {
        Err(format!("{}: made again from the archive it is another; run: farthing verify", name(&moved.step)))
    })
}

/// The rows of final drafts, each with the move that names it: there are no others, and each is what it says.
pub async fn rows(books: &Books) -> anyhow::Result<Vec<(Moved, Kept)>> {
    let mut stored: BTreeSet<String> = books.ledger.draft_names().await?.into_iter().collect();
    let mut rows = Vec::new();
    for moved in courses::of_kind(&books.catalog, Kind::Draft)? {
        rows.push((moved.clone(), kept(books, &moved.step).await?));
    }
    for (_, kept) in &rows {
        stored.remove(&kept.sha256);
    }
    ensure!(stored.is_empty(), "ledger: drafts that no manifest names: {stored:?}");
    Ok(rows)
}

/// The row of the draft that a move made, if it is what was made.
async fn kept(books: &Books, step: &CycleMove) -> anyhow::Result<Kept> {
    let name = name(step);
    let sha256 = step.draft_sha256.as_ref().with_context(|| format!("{name}: its manifest names no SHA-256"))?;
    let row = books.ledger.draft(sha256).await?;
    let row = row.with_context(|| format!("ledger, {name}: it is missing or has another SHA-256"))?;
    let same = (&row.mid, &row.currency, &row.cycle) == (&step.mid, &step.currency, &step.cycle);
    ensure!(same, "ledger, {name}: the row says it is another's");
    let (draft, text_sha256) = draft_rows::hashed(&row).with_context(|| format!("ledger, {name}"))?;
    Ok(Kept { sha256: row.sha256, registry_version: draft.registry_version, text_sha256 })
}

/// The plan as it comes out of what the books held when it was made.
async fn again(books: &mut Books, moved: &Moved, kept: &Kept) -> anyhow::Result<Plan> {
    let step = &moved.step;
    let of = Settlement { mid: step.mid.clone(), currency: step.currency.parse()?, cycle: step.cycle.parse()? };
    let registry = books.registry(kept.registry_version).await?;
    let without = step.without.iter().cloned().collect();
    let scope = Scope { through_sequence: moved.sequence - 1, without, preview: false, to_come: Vec::new() };
    let input = plan_input::gather(books, &registry, &of, scope).await?;
    drop(registry);
    books.let_registries_go();
    Ok(plan_of(input)?)
}

fn name(step: &CycleMove) -> String {
    format!("draft of cycle {} of {} in {}", step.cycle, step.mid, step.currency)
}
