//! Final drafts made again from what the archive held when they were made.

use super::Compared;
use crate::books::Books;
use crate::commands::settle::{DRAFT, Settlement};
use crate::plan_input::{self, Scope};
use anyhow::{Context, ensure};
use farthing_settle::{Draft, plan};
use std::collections::BTreeMap;

pub async fn compare(books: &mut Books, compared: &mut Compared) -> anyhow::Result<()> {
    let mut stored: BTreeMap<String, _> = books.ledger.drafts().await?.into_iter().map(|draft| (draft.sha256.clone(), draft)).collect();
    for moved in books.catalog.moves.clone().into_iter().filter(|moved| moved.step.to == DRAFT) {
        let step = &moved.step;
        let name = format!("draft of cycle {} of {} in {}", step.cycle, step.mid, step.currency);
        let sha256 = step.draft_sha256.clone().with_context(|| format!("{name}: its manifest names no SHA-256"))?;
        let row = stored.remove(&sha256).with_context(|| format!("ledger, {name}: it is missing or has another SHA-256"))?;
        let same = (&row.mid, &row.currency, &row.cycle) == (&step.mid, &step.currency, &step.cycle);
        ensure!(same, "ledger, {name}: the row says it is another's");
        let kept = Draft::from_json(&row.body).with_context(|| format!("ledger, {name}"))?;
        ensure!(kept.draft_sha256 == sha256, "ledger, {name}: its text has the SHA-256 {}", kept.draft_sha256);
        let of = Settlement { mid: step.mid.clone(), currency: step.currency.parse()?, cycle: step.cycle.parse()? };
        let registry = books.registry(kept.registry_version).await?;
        let scope = Scope {
            through_sequence: moved.sequence - 1,
            without: step.without.iter().cloned().collect(),
            preview: false,
            to_come: Vec::new(),
        };
        let again = plan(&plan_input::gather(books, &registry, &of, scope).await?)?.draft;
        ensure!(again.to_json() == row.body, "ledger, {name}: made again from the archive it is another");
        compared.drafts += 1;
    }
    ensure!(stored.is_empty(), "ledger: drafts that no manifest names: {:?}", stored.keys());
    Ok(())
}
