//! The small world in a data folder, and what is there in the end.

use super::world;
use crate::support::{Data, stderr};
use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::{Command, Output};
use std::sync::OnceLock;

/// The present of all tests: both months of the world have ended.
pub const NOW: &str = "2026-11-05T00:00:00Z";
const SEED: u64 = 3;
const FILES: [&str; 4] = ["a.ndjson", "b.ndjson", "c.ndjson", "d.ndjson"];
const LINES: usize = 110;

/// A data folder with the world's files beside it.
pub struct Scene {
    pub data: Data,
}

/// Words of a command line.
pub type Words = Vec<String>;

pub fn words(line: &str) -> Words {
    line.split_ascii_whitespace().map(str::to_owned).collect()
}

/// Metering all four files, some events a batch.
pub fn meter(batch: u64) -> Words {
    meter_files(&FILES, batch)
}

pub fn meter_files(files: &[&str], batch: u64) -> Words {
    words(&format!("meter {} --now {NOW} --batch-events {batch}", files.join(" ")))
}

/// All commands of a life, each safe to run again until it is done.
pub fn life(batch: u64) -> Vec<Words> {
    vec![
        words("registry load registry.ndjson"),
        meter_files(&FILES[..2], batch),
        words("registry load addition.ndjson"),
        words(&format!("dead-letters replay --code unknown_platform --now {NOW} --batch-events {}", batch.min(5))),
        words(&format!("settle close --mid mid_sun --cycle 2026-09 --now {NOW} --as ana")),
        words("archive compact"),
        meter(batch),
        words("settle draft --mid mid_sun --cycle 2026-09 --as ana"),
        words("archive compact"),
    ]
}

impl Scene {
    /// Files alone, no books yet.
    pub fn bare() -> Result<Scene> {
        Scene::bare_in(Data::new()?)
    }

    /// Files alone, for books there.
    pub fn bare_in(data: Data) -> Result<Scene> {
        fs::write(data.path().join("registry.ndjson"), world::registry())?;
        fs::write(data.path().join("addition.ndjson"), world::registry_addition())?;
        for (name, text) in FILES.iter().zip(world::files(SEED, FILES.len(), LINES)) {
            fs::write(data.path().join(name), text)?;
        }
        Ok(Scene { data })
    }

    /// Files, and books with the registry.
    pub fn new() -> Result<Scene> {
        let scene = Scene::bare()?;
        scene.ok(&words("registry load registry.ndjson"))?;
        Ok(scene)
    }

    pub fn command(&self, words: &Words) -> Command {
        self.data.command(words)
    }

    pub fn run(&self, words: &Words) -> Result<Output> {
        self.data.run(words)
    }

    pub fn ok(&self, words: &Words) -> Result<String> {
        self.data.ok(words).with_context(|| words.join(" "))
    }

    pub fn json(&self, words: &Words) -> Result<Value> {
        self.data.json(words).with_context(|| words.join(" "))
    }

    /// What there is once everything is metered: counts, accruals, dead letters, as they do not depend on batches.
    pub fn outcome(&self) -> Result<Value> {
        let counted = self.json(&meter(100_000))?;
        self.sound()?;
        let partitions = list(&counted, "partitions")?.iter().map(|partition| renamed(partition, &["partition"]));
        let letters = self.json(&words("dead-letters list --all"))?;
        let letters = list(&letters, "dead_letters")?.iter().map(|letter| {
            let mut letter = renamed(letter, &["partition"]);
            letter["batch"] = Value::Null;
            letter["replayed_in"] = json!(!letter["replayed_in"].is_null());
            letter
        });
        Ok(json!({
            "counts": [counted["read"], counted["metered"], counted["duplicate"], counted["rejected"]],
            "partitions": partitions.collect::<Vec<_>>(),
            "letters": letters.collect::<Vec<_>>(),
            "accruals": self.json(&words("accruals"))?["lines"],
            "first_cycle": self.json(&words("accruals --cycle 2026-09"))?["lines"],
        }))
    }

    /// The final draft of a life, with what the outcome has.
    pub fn outcome_of_life(&self) -> Result<Value> {
        let mut outcome = self.outcome()?;
        outcome["draft"] = self.json(&words("settle draft --mid mid_sun --cycle 2026-09"))?;
        Ok(outcome)
    }

    /// `verify` and `archive check` pass, and counts reconcile.
    pub fn sound(&self) -> Result<()> {
        self.ok(&words("verify"))?;
        let check = self.json(&words("archive check"))?;
        ensure!(check["faults"] == json!([]), "archive check: {check}");
        Ok(())
    }

    /// The files that exist, by what the ledger says.
    pub fn named(&self) -> Result<BTreeSet<String>> {
        let listed = self.json(&words("archive list"))?;
        list(&listed, "files")?.iter().map(|file| Ok(file["path"].as_str().context("a path")?.to_owned())).collect()
    }

    /// The files of the tables that are on the disk and that nobody names.
    pub fn unnamed(&self) -> Result<BTreeSet<String>> {
        let mut found = BTreeSet::new();
        for table in ["usage", "accruals", "lines"] {
            found.extend(self.data.archived(table)?);
        }
        let named = self.named()?;
        Ok(found.into_iter().filter(|path| !named.contains(path)).collect())
    }

    /// The copies of manifests in the archive, by number: each number should have one.
    pub fn manifest_copies(&self) -> Result<BTreeMap<u64, Vec<String>>> {
        let found = self.data.archived("manifests")?;
        let mut copies: BTreeMap<u64, Vec<String>> = BTreeMap::new();
        for path in found {
            let name = path.rsplit('/').next().unwrap_or_default();
            let number = name.split('-').next().and_then(|number| number.parse().ok()).with_context(|| path.clone())?;
            copies.entry(number).or_default().push(path);
        }
        Ok(copies)
    }
}

fn list<'a>(document: &'a Value, key: &str) -> Result<&'a Vec<Value>> {
    document[key].as_array().with_context(|| format!("no {key} in {document}"))
}

/// Paths as names: every scene is in a folder of its own.
fn renamed(value: &Value, keys: &[&str]) -> Value {
    let mut value = value.clone();
    for key in keys {
        if let Some(path) = value[*key].as_str() {
            value[*key] = json!(path.rsplit('/').next());
        }
    }
    value
}

/// What an undisturbed metering of all files with the first registry gives.
pub fn expected() -> Result<&'static Value> {
    static EXPECTED: OnceLock<Value> = OnceLock::new();
    kept(&EXPECTED, || {
        let scene = Scene::new()?;
        let outcome = scene.outcome()?;
        // The world must have in it what these tests are about.
        for (at, count) in outcome["counts"].as_array().context("counts")?.iter().enumerate() {
            ensure!(count.as_u64() > Some(20), "too few of count {at}: {}", outcome["counts"]);
        }
        Ok(outcome)
    })
}

/// What an undisturbed life gives.
pub fn expected_of_life() -> Result<&'static Value> {
    static EXPECTED: OnceLock<Value> = OnceLock::new();
    kept(&EXPECTED, || {
        let scene = Scene::bare()?;
        for words in life(100_000) {
            scene.ok(&words)?;
        }
        scene.outcome_of_life()
    })
}

fn kept(cell: &'static OnceLock<Value>, make: impl FnOnce() -> Result<Value>) -> Result<&'static Value> {
    // Two tests may both make it the first time; one of the equal results is kept.
    if let Some(value) = cell.get() {
        return Ok(value);
    }
    let made = make()?;
    Ok(cell.get_or_init(|| made))
}

/// Compares outcomes part by part, so that a difference can be read.
pub fn same(found: &Value, expected: &Value, after: &str) -> Result<()> {
    let parts = expected.as_object().context("an outcome")?;
    for (part, value) in parts {
        if found[part] == *value {
            continue;
        }
        if let (Some(found), Some(expected)) = (found[part].as_array(), value.as_array()) {
            let at = found.iter().zip(expected).take_while(|(one, other)| one == other).count();
            bail!(
                "{after}: {part} has {} entries, expected {}; the first difference is at {at}:\n  found    {:?}\n  expected {:?}",
                found.len(),
                expected.len(),
                found.get(at).map(Value::to_string),
                expected.get(at).map(Value::to_string)
            );
        }
        bail!("{after}: {part} is {}, expected {value}", found[part]);
    }
    Ok(())
}

/// A refusal: exit 2, and a message that says each of these things.
pub fn refused(output: &Output, says: &[&str]) -> Result<()> {
    let said = stderr(output);
    ensure!(output.status.code() == Some(2), "exit {}, expected 2: {said}", output.status);
    ensure!(said.starts_with("farthing: "), "not a message of ours: {said}");
    for part in says {
        ensure!(said.contains(part), "the message does not say {part:?}: {said}");
    }
    Ok(())
}
