//! Bad input through the binary: whatever comes in is metered, kept as a dead letter or refused with a message, and nothing is lost.

mod bounds;
mod codes;
mod place;
mod registry;
mod shapes;
mod sources;

use crate::support::{Data, stderr};
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Output};

/// When everything here is metered.
pub const NOW: &str = "2026-10-04T09:12:44Z";

/// Three platforms, of which two have an agreement with the one MID; what the second uses in October is rated at most absurd prices.
pub const REGISTRY: &str = r#"{"kind":"platform","id":"plt_a","default_labour_share":"0.70","rates":[{"use":"inference","unit":"token","price":"0.75","currency":"USD"}]}
{"kind":"platform","id":"plt_b","default_labour_share":"0.70","rates":[{"use":"inference","unit":"token","price":"999999999999999.999999999999","currency":"USD"}]}
{"kind":"platform","id":"plt_c","default_labour_share":"0.70"}
{"kind":"mid","id":"mid_x","fee":"0.05","currency":"USD"}
{"kind":"party","id":"pty_1","type":"person","payout":{"method":"sepa","currency":"USD"}}
{"kind":"party","id":"pty_2","type":"person"}
{"kind":"membership","party":"pty_1","mid":"mid_x","platforms":"*","uses":"*","from":"2026-01-01T00:00:00Z"}
{"kind":"agreement","id":"agr_a","platform":"plt_a","mid":"mid_x","uses":"*","labour_share":"0.80","currency":"USD","on_shortfall":"refuse","from":"2026-01-01T00:00:00Z"}
{"kind":"agreement","id":"agr_b","platform":"plt_b","mid":"mid_x","uses":"*","labour_share":"0.80","currency":"USD","on_shortfall":"true_up","from":"2026-01-01T00:00:00Z"}
{"kind":"work","id":"wrk_1","parties":[{"party":"pty_1","share":"0.333333"},{"party":"pty_2","share":"0.666667"}]}
"#;

/// A good event of 1.5 USD; tests put their own id in the place of `ID`.
pub const USAGE: &str = r#"{"specversion":"1.0","id":"ID","source":"//a/1","type":"farthing.usage.inference.v1","time":"2026-10-03T09:12:44Z","data":{"platform":"plt_a","model":"m","output":"o","usage":{"token":2},"revenue":{"amount":"1.5","currency":"USD"},"attribution":{"method":"rag","kind":"share","entries":[{"party":"pty_1","weight":"0.5"},{"work":"wrk_1","weight":0.25}],"unattributed":"0.25"}}}"#;

/// The gross of the good event, in units.
pub const EVENT_UNITS: i128 = 1_500_000_000_000;

/// The good event with that id.
pub fn usage(id: &str) -> String {
    USAGE.replace("\"ID\"", &format!("\"{id}\""))
}

/// Books with [`REGISTRY`] in them.
pub fn books() -> Result<Data> {
    let data = Data::new()?;
    std::fs::write(data.path().join("registry.ndjson"), REGISTRY)?;
    data.ok(["registry", "load", "registry.ndjson"])?;
    Ok(data)
}

/// Writes a file beside the books.
pub fn write(data: &Data, name: &str, bytes: impl AsRef<[u8]>) -> Result<()> {
    std::fs::write(data.path().join(name), bytes).with_context(|| name.to_owned())
}

/// The arguments that meter these files at [`NOW`].
pub fn metering<'a>(files: &[&'a str]) -> Vec<&'a str> {
    [&["meter", "--now", NOW], files].concat()
}

/// Read, metered, duplicate, rejected.
pub type Counts = [u64; 4];

pub fn counts(of: &Value) -> Result<Counts> {
    let count = |name: &str| of[name].as_u64().with_context(|| format!("no {name} in {of}"));
    Ok([count("read")?, count("metered")?, count("duplicate")?, count("rejected")?])
}

/// Meters a file into books that may hold more, and gives the file's counts, which must reconcile.
pub fn meter(data: &Data, file: &str, options: &[&str]) -> Result<Counts> {
    let document = data.json([&metering(&[file])[..], options].concat())?;
    let found = counts(&document)?;
    ensure!(found[0] == found[1..].iter().sum::<u64>(), "read = metered + duplicate + rejected does not hold: {document}");
    ensure!(counts(&document["partitions"][0])? == found, "the file's own counts are others: {document}");
    Ok(found)
}

/// What one line of a file becomes: `metered`, `duplicate`, `blank` (not read), or a code; several codes where any of them will do.
pub struct Row {
    pub line: Vec<u8>,
    pub expected: &'static str,
}

impl Row {
    pub fn new(expected: &'static str, line: impl Into<Vec<u8>>) -> Row {
        Row { line: line.into(), expected }
    }

    fn is_rejected(&self) -> bool {
        !["metered", "duplicate", "blank"].contains(&self.expected)
    }
}

/// Meters a file that has each row behind a good event, then compares the counts, every dead letter and every original byte.
pub fn check_rows(data: &Data, file: &str, rows: &[Row], options: &[&str]) -> Result<()> {
    let mut bytes = Vec::new();
    let mut expected = Vec::new();
    for (number, row) in rows.iter().enumerate() {
        bytes.extend(usage(&format!("{file}-good-{number}")).into_bytes());
        bytes.push(b'\n');
        if row.is_rejected() {
            expected.push((row, bytes.len()));
        }
        bytes.extend(&row.line);
        bytes.push(b'\n');
    }
    write(data, file, &bytes)?;
    let before = letters(data)?.len();
    let found = meter(data, file, options)?;
    let letters = letters(data)?.split_off(before);
    let mut wrong = Vec::new();
    for (letter, (row, position)) in letters.iter().zip(&expected) {
        wrong.extend(misjudged(data, letter, row, *position)?);
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    let count = |word: &str| rows.iter().filter(|row| row.expected == word).count();
    let read = 2 * rows.len() - count("blank");
    let wanted = [read, rows.len() + count("metered"), count("duplicate"), expected.len()].map(|count| count as u64);
    ensure!(found == wanted && letters.len() == expected.len(), "{found:?} with {} letters, not {wanted:?}", letters.len());
    Ok(())
}

/// The first 200 characters, for messages.
pub fn shortened(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&bytes[..bytes.len().min(600)]).chars().take(200).collect()
}

/// What is wrong with a letter, beside what its row says.
fn misjudged(data: &Data, letter: &Value, row: &Row, position: usize) -> Result<Option<String>> {
    let code = letter["code"].as_str().unwrap_or_default();
    let shown = shortened(&row.line);
    if !row.expected.split('|').any(|expected| expected == code) || letter["position"] != position {
        return Ok(Some(format!("{letter}, not {} at {position}: {shown}", row.expected)));
    }
    if letter["sentence"].as_str().is_none_or(|sentence| sentence.is_empty() || sentence.len() > 1000) {
        return Ok(Some(format!("{letter} has no sentence to be read: {shown}")));
    }
    let raw = raw(data, &letter["number"])?;
    Ok((raw != row.line).then(|| format!("{letter}: the original bytes do not come back: {shown}")))
}

/// All dead letters, replayed or not, in order.
pub fn letters(data: &Data) -> Result<Vec<Value>> {
    let mut document = data.json(["dead-letters", "list", "--all"])?;
    let letters = document["dead_letters"].as_array_mut().context("no list of dead letters")?;
    Ok(std::mem::take(letters))
}

/// The original bytes of a dead letter.
pub fn raw(data: &Data, number: &Value) -> Result<Vec<u8>> {
    let output = data.run(["dead-letters", "show", &number.to_string(), "--raw"])?;
    ensure!(output.status.success(), "dead letter {number}: {}", stderr(&output));
    Ok(output.stdout.strip_suffix(b"\n").context("no line end after the bytes")?.to_vec())
}

/// A decimal with 12 fractional digits, in units.
pub fn units(amount: &Value) -> Result<i128> {
    let text = amount.as_str().context("an amount is text")?;
    let (whole, fraction) = text.split_once('.').context("an amount has a point")?;
    ensure!(fraction.len() == 12, "{text} has not 12 fractional digits");
    Ok(format!("{whole}{fraction}").parse()?)
}

/// The gross of all accruals together, in units.
pub fn gross(data: &Data) -> Result<i128> {
    let document = data.json(["accruals"])?;
    let lines = document["lines"].as_array().context("no lines")?;
    lines.iter().map(|line| units(&line["gross"])).sum()
}

/// Runs a command that must exit 2, with all these words on standard error and nothing on standard output; what it said.
pub fn refused<S: AsRef<OsStr>>(data: &Data, arguments: impl IntoIterator<Item = S>, words: &[&str]) -> Result<String> {
    said(&data.run(arguments)?, 2, words)
}

/// What a command said on standard error, after making sure of its exit code, these words, and nothing on standard output.
pub fn said(output: &Output, code: i32, words: &[&str]) -> Result<String> {
    let text = stderr(output);
    ensure!(output.status.code() == Some(code), "exit {:?}, not {code}: {text}", output.status.code());
    ensure!(output.stdout.is_empty(), "on standard output: {}", shortened(&output.stdout));
    for word in words {
        ensure!(text.contains(word), "{word:?} is not in: {text}");
    }
    ensure!(!text.contains("panicked") && !text.contains("RUST_BACKTRACE"), "{text}");
    Ok(text)
}

/// Every file below a folder with its bytes; nothing for a folder that is not there.
pub fn files(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop().filter(|folder| folder.exists()) {
        for entry in std::fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(path.display().to_string(), std::fs::read(&path)?);
            }
        }
    }
    Ok(found)
}

/// The same command without any privilege: root may read and write whatever the modes say, so root becomes nobody.
pub fn unprivileged(data: &Data, mut command: Command) -> Result<Output> {
    use std::os::unix::fs::{MetadataExt, chown};
    use std::os::unix::process::CommandExt;
    const NOBODY: u32 = 65534;
    if std::fs::metadata("/proc/self")?.uid() != 0 {
        return Ok(command.output()?);
    }
    // The binary may lie where only root may go. Another process copies it: while this one held it open for writing, a command that is
    // started on another thread would inherit that, and nobody could run it.
    let binary = data.path().join("farthing-for-nobody");
    if !binary.exists() {
        ensure!(Command::new("cp").arg(command.get_program()).arg(&binary).status()?.success(), "the binary cannot be copied");
    }
    let mut paths = vec![data.path().to_owned()];
    while let Some(path) = paths.pop() {
        chown(&path, Some(NOBODY), Some(NOBODY))?;
        if path.is_dir() {
            paths.extend(std::fs::read_dir(&path)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?);
        }
    }
    let arguments: Vec<_> = command.get_args().map(OsStr::to_owned).collect();
    Ok(Command::new(&binary).args(arguments).current_dir(data.path()).uid(NOBODY).gid(NOBODY).output()?)
}
