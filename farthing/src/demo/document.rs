//! The facts as one JSON document.

use super::facts::{CYCLE, Facts};
use farthing_schemas::manifest::Counts;
use farthing_settle::Draft;
use serde_json::{Value, json};

/// Everything that the story tells, for machines.
pub fn document(facts: &Facts) -> anyhow::Result<Value> {
    let path = |path: &std::path::Path| path.display().to_string();
    let files = &facts.files;
    let counts = |of: &Counts| json!({"read": of.read, "metered": of.metered, "duplicate": of.duplicate, "rejected": of.rejected});
    let metered: Vec<Value> = facts.metered.iter().map(|(file, of)| json!({"file": file, "counts": counts(of)})).collect();
    let earned = facts.earned.iter().map(|((status, currency), sums)| {
        json!({"status": status.as_str(), "currency": currency.code(), "gross": sums.gross.to_string(), "labour": sums.labour.to_string()})
    });
    let steps = facts.seconds.steps.iter().map(|(step, seconds)| ((*step).to_owned(), json!(seconds)));
    Ok(json!({
        "seed": facts.size.seed,
        "contributors": facts.size.contributors,
        "events": facts.size.events,
        "files": {"registry": path(&files.registry), "records": files.records, "month": path(&files.month), "week": path(&files.week)},
        "metered": metered,
        "total": counts(&facts.total()),
        "earned": earned.collect::<Vec<_>>(),
        "cycle": CYCLE,
        "drafts": facts.drafts.iter().map(draft).collect::<anyhow::Result<Vec<_>>>()?,
        "rejected": facts.rejected,
        "verified": facts.proven.is_ok(),
        "difference": facts.proven.as_ref().err().map(|error| format!("{error:#}")),
        "compared": facts.proven.as_ref().ok(),
        "seconds": steps.collect::<serde_json::Map<_, _>>(),
    }))
}

/// A draft as `settle draft --json` has it, but for the lines of single parties.
fn draft(draft: &Draft) -> anyhow::Result<Value> {
    let mut document: Value = serde_json::from_str(&draft.to_json())?;
    if let Some(fields) = document.as_object_mut() {
        fields.insert("parties".to_owned(), draft.lines.len().into());
        fields.insert("parties_paid".to_owned(), super::story::paid(draft).count().into());
        fields.remove("lines");
    }
    Ok(document)
}
