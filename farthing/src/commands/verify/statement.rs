//! `farthing verify --statement FILE --root ROOT`: one statement against a root, with nothing else at hand.

use crate::output::{self, Answer};
use anyhow::Context;
use farthing_settle::proof::Digest;
use farthing_settle::proof::file::Proof;
use serde_json::json;
use std::path::Path;

pub fn check(path: &Path, root: Digest, json: bool) -> anyhow::Result<Answer> {
    let named = || path.display().to_string();
    let text = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", named()))?;
    let proof = Proof::from_json(&text).with_context(named)?;
    let checked = proof.check(root);
    if json {
        let fault = checked.as_ref().err();
        let statement = checked.as_ref().ok();
        output::json(
            &json!({"verified": checked.is_ok(), "fault": fault.map(|fault| fault.name()), "difference": fault.map(|fault| fault.to_string()),
            "party": statement.map(|statement| &statement.party), "paid": statement.map(|statement| statement.figures.paid.to_string())}),
        )?;
    } else {
        output::text(&match &checked {
            Ok(of) => format!(
                "OK: the statement of {} from {} for {} in {} is in the root, and its figures add up\n  paid         {}\n  carried out  {}",
                of.party, of.mid, of.cycle, of.currency, of.figures.paid, of.figures.carried_out
            ),
            Err(fault) => format!("NOT OK, {}: {fault}", fault.name()),
        })?;
    }
    Ok(if checked.is_ok() { Answer::Yes } else { Answer::No })
}
