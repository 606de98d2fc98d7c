//! What claims are about: people and works that come to be known.

use crate::scenarios::scene::{NOW, Scene, event};
use anyhow::{Context, Result};
use serde_json::{Value, json};

pub const OCTOBER: &str = "2026-10-10T12:00:00Z";
pub const NOVEMBER: &str = "2026-11-10T12:00:00Z";
pub const DECEMBER: &str = "2026-12-10T12:00:00Z";

/// A party that is a MID's from then on.
pub fn known(party: &str, mid: &str, from: &str) -> Vec<Value> {
    vec![
        json!({"kind": "party", "id": party, "name": party, "type": "person", "payout": {"method": "sepa", "currency": "USD"}}),
        json!({"kind": "membership", "party": party, "mid": mid, "platforms": "*", "uses": "*", "from": from}),
    ]
}

/// A work that always was in equal parts of these.
pub fn owned(work: &str, owners: &[&str]) -> Value {
    let parties: Vec<Value> = owners.iter().map(|party| json!({"party": party, "weight": 1})).collect();
    json!({"kind": "work", "id": work, "from": "2026-01-01T00:00:00Z", "parties": parties})
}

/// An event that used works in equal parts.
pub fn through(id: &str, time: &str, works: &[&str], amount: &str) -> Value {
    let mut event = event(id, time, "nobody", amount);
    event["data"]["attribution"]["entries"] = works.iter().map(|work| json!({"work": work, "weight": 1})).collect();
    event
}

/// `farthing claim`, at the time at which all arrives.
pub fn claim(scene: &Scene, words: &[&str]) -> Result<Value> {
    scene.data.json([&["claim", "--now", NOW], words].concat())
}

/// What a claim gave: status and MID, gross, labour.
pub fn given(made: &Value) -> Result<Vec<(String, String, String)>> {
    let text = |line: &Value, name: &str| line[name].as_str().unwrap_or("missing").to_owned();
    let line = |line: &Value| (format!("{} {}", text(line, "status"), text(line, "mid")), text(line, "gross"), text(line, "labour"));
    Ok(made["given"].as_array().with_context(|| made.to_string())?.iter().map(line).collect())
}

/// The labour of a party over all time, by status.
pub fn labour(scene: &Scene, party: &str, status: &str) -> Result<String> {
    let document = scene.data.json(["accruals", "--by", "party,status"])?;
    let lines = document["lines"].as_array().context("accruals without lines")?;
    let line = lines.iter().find(|line| line["party"] == party && line["status"] == status);
    Ok(line.map_or("none", |line| line["labour"].as_str().unwrap_or_default()).to_owned())
}
