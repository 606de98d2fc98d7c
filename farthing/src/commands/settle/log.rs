//! `farthing settle log`: who moved a cycle, when, why and with which signature.

use super::settlement;
use crate::books::Books;
use crate::cli::CycleOptions;
use crate::courses;
use crate::output::{self, Answer};
use crate::place::Place;
use farthing_archive::catalog::Moved;
use farthing_settle::Courses;
use farthing_settle::cycle::Allowed;
use serde_json::{Value, json};

pub async fn run(at: &Place, options: &CycleOptions, json: bool) -> anyhow::Result<Answer> {
    let mut books = Books::open(at).await?;
    let registry = books.registry_now().await?;
    let of = settlement(&registry, options)?;
    let mut entries = Vec::new();
    courses::each(&books.catalog, books.catalog.sequence, |before, moved, row| {
        before.judge(&moved.step)?;
        let step = &moved.step;
        if (&*step.mid, &*step.currency, &step.cycle) == (&*of.mid, of.currency.code(), &of.cycle.to_string()) {
            entries.push(entry(before, moved, row, before.text(step).ok()));
        }
        Ok(())
    })?;
    if json {
        let (currency, cycle) = (of.currency.code(), of.cycle.to_string());
        output::json(&json!({"mid": of.mid, "currency": currency, "cycle": cycle, "moves": entries}))?;
    } else {
        let columns = ["manifest", "at", "move", "by", "person", "signed", "why", "draft_sha256"];
        let rows: Vec<Vec<String>> = entries.iter().map(|entry| columns.map(|column| cell(&entry[column])).to_vec()).collect();
        output::text(&output::table(&["manifest", "at", "move", "by", "person", "signed", "why", "draft"], &rows, columns.len()))?;
    }
    Ok(Answer::Yes)
}

/// One move; with what was signed, anybody can check it.
fn entry(before: &Courses, moved: &Moved, row: &Allowed, text: Option<String>) -> Value {
    let (step, signed) = (&moved.step, moved.step.signed.as_ref());
    let person = signed.and_then(|_| before.actors().get(&step.by)).map(|actor| &actor.person);
    json!({"manifest": moved.sequence, "at": moved.at, "move": row.kind.as_str(), "from": row.from.as_str(), "to": row.to.as_str(),
        "by": step.by, "person": person, "signed": signed.is_some(), "why": step.why,
        "draft_sha256": step.draft_sha256, "public_key": signed.map(|signed| &signed.public_key),
        "signature": signed.map(|signed| &signed.signature), "signed_text": signed.and(text)})
}

/// A value as a table shows it.
pub fn cell(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
