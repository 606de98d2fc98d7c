//! Ways to meter a set of events, and comparing what came of it with what must.

use super::super::support::{Data, root};
use anyhow::{Context, Result, bail, ensure};
use flate2::read::GzDecoder;
use serde_json::Value;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

/// Differences that a failure names.
const SHOWN: usize = 5;
/// What is counted, in the order of [`Books::counts`].
const COUNTS: [&str; 4] = ["read", "metered", "duplicate", "rejected"];

/// One way to meter a set of events.
#[derive(Clone, Copy, Debug)]
pub struct Way {
    /// The folder of `tests/data`.
    pub set: &'static str,
    /// Events in a batch; the default if none.
    pub batch: Option<u32>,
    pub runs: Runs,
    pub form: Form,
    pub order: Order,
    /// Whether to compact after every run.
    pub compact_between: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runs {
    /// All files in one run.
    One,
    /// One run for each file.
    Each,
    /// The events of all files, in order, cut into twenty files, each with a run of its own.
    Twenty,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As they are in the repository.
    Gzip,
    Plain,
    Zstd,
    /// Through a pipe; always a run each.
    Stdin,
}

/// Reversals are in the file of their originals: whole files may come in any order.
#[derive(Clone, Copy, Debug)]
pub enum Order {
    ByName,
    Backwards,
    Rotated(usize),
}

/// Books with a set of events in them.
pub struct Books {
    pub data: Data,
    pub expected: Value,
    /// What the runs said, added up: read, metered, duplicate, rejected.
    pub counts: [u64; 4],
    way: Way,
}

/// Meters a set in one way; everything must be as the oracle says.
pub fn check(way: Way) -> Result<()> {
    Books::metered(way)?.check("once metered")
}

impl Books {
    pub fn metered(way: Way) -> Result<Books> {
        let expected = serde_json::from_slice(&unpacked(&root().join(format!("tests/e2e/golden/{}.json.gz", way.set)))?)?;
        let mut books = Books { data: Data::new()?, expected, counts: [0; 4], way };
        let registry = books.data.path().join("registry.ndjson");
        let folder = if way.set == "small" { "real" } else { way.set };
        fs::write(&registry, unpacked(&root().join(format!("tests/data/{folder}/registry.ndjson.gz")))?)?;
        books.data.ok(["registry", "load", "registry.ndjson"])?;
        books.meter(way)?;
        Ok(books)
    }

    /// When all events are taken to arrive: nothing here depends on the clock.
    pub fn now(&self) -> &str {
        self.expected["now"].as_str().unwrap_or_default()
    }

    /// Meters the set in that way, whatever was metered before.
    pub fn meter(&mut self, way: Way) -> Result<()> {
        let sources = self.sources(way)?;
        let runs: Vec<&[PathBuf]> = match way.runs {
            Runs::One if way.form != Form::Stdin => vec![&sources],
            _ => sources.chunks(1).collect(),
        };
        for run in runs {
            self.run(way, run).with_context(|| format!("{way:?}"))?;
            if way.compact_between {
                self.compact()?;
            }
        }
        Ok(())
    }

    pub fn compact(&self) -> Result<()> {
        self.data.ok(["archive", "compact"]).map(drop)
    }

    fn run(&mut self, way: Way, sources: &[PathBuf]) -> Result<()> {
        let mut arguments: Vec<OsString> = ["meter", "--json", "--now", self.now()].map(OsString::from).to_vec();
        if let Some(batch) = way.batch {
            arguments.extend(["--batch-events".into(), batch.to_string().into()]);
        }
        let mut stdin = Stdio::null();
        match (way.form, sources) {
            (Form::Stdin, [source]) => {
                stdin = File::open(source)?.into();
                arguments.push("-".into());
            }
            _ => arguments.extend(sources.iter().map(|source| source.clone().into())),
        }
        let said = document(&self.data.command(arguments).stdin(stdin).output()?)?;
        for (sum, name) in self.counts.iter_mut().zip(COUNTS) {
            *sum += said[name].as_u64().with_context(|| format!("{name} is missing in {said}"))?;
        }
        Ok(())
    }

    /// The files of the set in that order and form, written where they do not lie ready.
    fn sources(&self, way: Way) -> Result<Vec<PathBuf>> {
        let files = ordered(files_of(way.set)?, way.order);
        if way.form == Form::Gzip && way.runs != Runs::Twenty {
            return Ok(files);
        }
        let texts = files.iter().map(|file| unpacked(file)).collect::<Result<Vec<_>>>()?;
        let texts = if way.runs == Runs::Twenty { pieces(&texts, 20) } else { texts };
        let write = |(number, text): (usize, &Vec<u8>)| -> Result<PathBuf> {
            let zstd = way.form == Form::Zstd;
            let path = self.data.path().join(format!("{:?}-{number:02}.ndjson{}", way.form, if zstd { ".zst" } else { "" }));
            fs::write(&path, if zstd { zstd::encode_all(&text[..], 1)? } else { text.clone() })?;
            Ok(path)
        };
        texts.iter().enumerate().map(write).collect()
    }

    /// Counts, accruals and every draft are the oracle's, and the books verify.
    pub fn check(&self, when: &str) -> Result<()> {
        self.check_all().with_context(|| format!("{when}: {:?}", self.way))
    }

    fn check_all(&self) -> Result<()> {
        for (name, found) in COUNTS.iter().zip(self.counts) {
            ensure!(self.expected["counts"][name] == found, "{found} {name}, not {}", self.expected["counts"][name]);
        }
        compare("accruals", &self.expected["accruals"], &self.data.json(["accruals"])?)?;
        for expected in self.expected["drafts"].as_array().context("no drafts")? {
            self.check_draft(expected)?;
        }
        self.data.ok(["verify"])?;
        Ok(())
    }

    /// Compares one draft of the golden file with what is drafted now.
    pub fn check_draft(&self, expected: &Value) -> Result<()> {
        let text = |name: &str| expected[name].as_str().with_context(|| format!("{name} is missing in {expected}"));
        let (mid, cycle) = (text("mid")?, text("cycle")?);
        let mut arguments = vec!["settle", "draft", "--json", "--mid", mid, "--cycle", cycle, "--currency", text("currency")?];
        for without in expected["without"].as_array().context("no list without")? {
            arguments.extend(["--without", without.as_str().unwrap_or_default()]);
        }
        let output = self.data.run(&arguments)?;
        let refused = expected["draft"]["refused"] == true;
        ensure!(output.status.code() == Some(i32::from(refused)), "{arguments:?}: {output:?}");
        let found: Value = serde_json::from_slice(&output.stdout)?;
        compare(&format!("{arguments:?}"), &expected["draft"], &found)
    }

    /// The draft of a MID and cycle in the golden file, with nothing left out.
    pub fn draft_of(&self, mid: &str, cycle: &str) -> Result<&Value> {
        let whole = |draft: &&Value| draft["mid"] == mid && draft["cycle"] == cycle && draft["without"] == Value::Array(Vec::new());
        self.expected["drafts"].as_array().into_iter().flatten().find(whole).with_context(|| format!("no draft of {mid} for {cycle}"))
    }
}

/// The event files of a set by name.
pub fn files_of(set: &str) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(root().join("tests/data").join(set))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "gz") && !path.ends_with("registry.ndjson.gz") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn ordered(mut files: Vec<PathBuf>, order: Order) -> Vec<PathBuf> {
    match order {
        Order::ByName => {}
        Order::Backwards => files.reverse(),
        Order::Rotated(by) => files.rotate_left(by),
    }
    files
}

/// All lines in order, in so many pieces of about as many lines.
fn pieces(texts: &[Vec<u8>], count: usize) -> Vec<Vec<u8>> {
    let lines: Vec<&[u8]> = texts.iter().flat_map(|text| text.split_inclusive(|byte| *byte == b'\n')).collect();
    lines.chunks(lines.len().div_ceil(count).max(1)).map(<[&[u8]]>::concat).collect()
}

pub fn unpacked(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = File::open(path).with_context(|| path.display().to_string())?;
    GzDecoder::new(file).read_to_end(&mut bytes).with_context(|| path.display().to_string())?;
    Ok(bytes)
}

/// The document that a command printed, which must have succeeded.
fn document(output: &Output) -> Result<Value> {
    ensure!(output.status.success(), "{:?}: {}", output.status.code(), String::from_utf8_lossy(&output.stderr));
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Every field that `expected` has must be in `found`, and equal; lists are equal line by line.
pub fn compare(what: &str, expected: &Value, found: &Value) -> Result<()> {
    let mut differences = Vec::new();
    differ(String::new(), expected, found, &mut differences);
    if differences.is_empty() {
        return Ok(());
    }
    bail!("{what}: {} differences\n{}", differences.len(), differences.iter().take(SHOWN).cloned().collect::<Vec<_>>().join("\n"))
}

fn differ(at: String, expected: &Value, found: &Value, differences: &mut Vec<String>) {
    match (expected, found) {
        (Value::Object(expected), Value::Object(found)) => {
            for (name, expected) in expected {
                differ(format!("{at}.{name}"), expected, found.get(name).unwrap_or(&Value::Null), differences);
            }
        }
        (Value::Array(expected), Value::Array(found)) if expected.len() == found.len() => {
            for (number, (expected, found)) in expected.iter().zip(found).enumerate() {
                differ(format!("{at}[{number}]"), expected, found, differences);
            }
        }
        _ if expected == found => {}
        _ => differences.push(format!("{at}: must be {expected}, is {found}")),
    }
}

#[cfg(test)]
mod tests {
    use super::compare;
    use serde_json::json;

    #[test]
    fn a_planted_difference_is_found() {
        let expected = json!({"lines": [{"party": "a", "gross": "0.000000000001"}]});
        let more = json!({"lines": [{"party": "a", "gross": "0.000000000001", "held": "0"}], "draft_sha256": "x"});
        assert!(compare("more fields", &expected, &more).is_ok());
        for other in [
            json!({"lines": []}),
            json!({}),
            json!({"lines": [{"party": "a", "gross": "0.000000000002"}]}),
            json!({"lines": [{"party": "a"}]}),
        ] {
            assert!(compare("other", &expected, &other).is_err(), "{other}");
        }
    }
}
