//! DuckDB, Polars and pyarrow read the archive, and find what `farthing accruals` says, to the unit.

use super::python;
use crate::support::Data;
use crate::tamper::books;
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

/// What the tools are asked to find.
#[derive(Clone, Copy)]
struct Asked {
    /// Whether every batch has its result lines.
    all_lines: bool,
    /// Whether files lie about that a crash left.
    leftovers: bool,
}

/// What the tools find otherwise than the program says, and how much was compared.
fn check(data: &Data, asked: Asked) -> Result<(Vec<String>, usize)> {
    let (accruals, list) = (data.json(["accruals"])?, data.json(["archive", "list"])?);
    let given = json!({"archive": data.archive(), "sql": data.ok(["archive", "list", "--sql"])?, "files": list["files"],
        "accruals": accruals["lines"], "all_lines": asked.all_lines, "leftovers": asked.leftovers});
    let path = data.path().join("given.json");
    std::fs::write(&path, given.to_string())?;
    let found: Value = serde_json::from_str(&python::run("analysts/check.py", &[&path.display().to_string()])?)?;
    let texts = |key: &str| -> Result<Vec<String>> {
        let list = found[key].as_array().with_context(|| format!("no {key}"))?;
        Ok(list.iter().map(|text| text.as_str().unwrap_or_default().to_owned()).collect())
    };
    Ok((texts("differences")?, texts("compared")?.len()))
}

/// Everything is the same, and at least so much was compared.
fn same(data: &Data, all_lines: bool, at_least: usize) -> Result<()> {
    let (differences, compared) = check(data, Asked { all_lines, leftovers: false })?;
    ensure!(differences.is_empty(), "{}", differences.join("\n"));
    ensure!(compared >= at_least, "only {compared} comparisons");
    Ok(())
}

#[test]
fn sums_are_the_same_in_duckdb_polars_and_pyarrow() {
    let data = books::begun().unwrap();
    // As the batches wrote it; then merged, with lines, cycles closed; then with late events, and lines of only some batches.
    same(&data, false, 50).unwrap();
    books::close(&data).unwrap();
    same(&data, true, 80).unwrap();
    books::go_on(&data).unwrap();
    same(&data, false, 100).unwrap();
    data.ok(["archive", "compact"]).unwrap();
    same(&data, true, 80).unwrap();
}

/// A crash between a compaction's commit and the removal of what it replaced leaves both: a glob counts them twice, the printed views do not.
#[test]
fn leftovers_of_a_crash_are_in_no_view() {
    let data = books::begun().unwrap();
    let crashed = data.command(["archive", "compact"]).env("FAILPOINTS", "compaction-committed=panic").output().unwrap();
    assert!(!crashed.status.success(), "{crashed:?}");
    let leftovers = |data: &Data| data.json(["archive", "check"]).unwrap()["leftovers"].as_u64();
    assert!(leftovers(&data) > Some(0));
    let (differences, _) = check(&data, Asked { all_lines: true, leftovers: true }).unwrap();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    // Whoever meters next sweeps up, and globs are right again.
    data.ok(["meter", "one.ndjson"]).unwrap();
    assert_eq!(leftovers(&data), Some(0));
    same(&data, true, 80).unwrap();
}
