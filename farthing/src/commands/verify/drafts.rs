//! Final drafts made again from what the archive held when they were made.

use super::Compared;
use crate::books::Books;
use crate::commands::settle::{DRAFT, Settlement};
use crate::plan_input::{self, Scope};
use anyhow::{Context, ensure};
use farthing_archive::catalog::Moved;
use farthing_ledger::StoredDraft;
use farthing_schemas::manifest::CycleMove;
use farthing_settle::{Draft, plan};
use std::collections::BTreeMap;

/// Makes each draft again.
pub async fn compare(books: &mut Books, compared: &mut Compared) -> anyhow::Result<()> {
    for (moved, row) in rows(books).await? {
        let step = &moved.step;
        let kept = Draft::from_json(&row.body)?;
        let of = Settlement { mid: step.mid.clone(), currency: step.currency.parse()?, cycle: step.cycle.parse()? };
        let registry = books.registry(kept.registry_version).await?;
        let scope = Scope { through_sequence: moved.sequence - 1, without: step.without.iter().cloned().collect(), preview: false };
        let again = plan(&plan_input::gather(books, &registry, &of, scope).await?)?.draft;
        ensure!(again.to_json() == row.body, "ledger, {}: made again from the archive it is another", name(step));
        compared.drafts += 1;
    }
    Ok(())
}

/// The rows of final drafts, each with the move that names it: there are no others, and each is what it says.
pub async fn rows(books: &Books) -> anyhow::Result<Vec<(Moved, StoredDraft)>> {
    let mut stored: BTreeMap<String, _> = books.ledger.drafts().await?.into_iter().map(|draft| (draft.sha256.clone(), draft)).collect();
    let mut rows = Vec::new();
    for moved in books.catalog.moves.iter().filter(|moved| moved.step.to == DRAFT) {
        let step = &moved.step;
        let name = name(step);
        let sha256 = step.draft_sha256.clone().with_context(|| format!("{name}: its manifest names no SHA-256"))?;
        let row = stored.remove(&sha256).with_context(|| format!("ledger, {name}: it is missing or has another SHA-256"))?;
        let same = (&row.mid, &row.currency, &row.cycle) == (&step.mid, &step.currency, &step.cycle);
        ensure!(same, "ledger, {name}: the row says it is another's");
        let kept = Draft::from_json(&row.body).with_context(|| format!("ledger, {name}"))?;
        ensure!(kept.draft_sha256 == sha256, "ledger, {name}: its text has the SHA-256 {}", kept.draft_sha256);
        rows.push((moved.clone(), row));
    }
    ensure!(stored.is_empty(), "ledger: drafts that no manifest names: {:?}", stored.keys());
    Ok(rows)
}

fn name(step: &CycleMove) -> String {
    format!("draft of cycle {} of {} in {}", step.cycle, step.mid, step.currency)
}
