//! Whatever is changed behind the program's back is found, and named.

pub mod books;
mod on_postgres;

use crate::analysts::python;
use crate::support::{binary, slow};
use anyhow::{Context, Result};
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

/// How many tamperings `make test-slow` tries; `make test` tries each kind once, and most kinds stand twice.
const MANY: usize = 260;
const SEED: &str = "11";

/// Runs a command upon books anywhere; its exit code and all that it said.
fn said(books: &Path, arguments: &[&str]) -> Result<(Option<i32>, String)> {
    let Output { status, stdout, stderr } = Command::new(binary()).args(arguments).arg("--data").arg(books).output()?;
    Ok((status.code(), format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr))))
}

/// What is wrong with how one tampering was found, if anything.
fn fault(tampering: &Value, number: usize) -> Result<Option<String>> {
    let folder = Path::new(tampering["folder"].as_str().context("no folder")?);
    // The answer is the same for people and machines.
    let json = number.is_multiple_of(2);
    let (code, text) = said(folder, if json { &["verify", "--json"] } else { &["verify"] })?;
    let text = if json { text.replace("\\\"", "\"") } else { text };
    let names: Vec<&str> = tampering["names"].as_array().context("no names")?.iter().filter_map(Value::as_str).collect();
    let found = if names.is_empty() { code == Some(0) } else { code == Some(1) && names.iter().any(|name| text.contains(name)) };
    Ok((!found).then(|| format!("#{number} {} ({}): exit {code:?}, none of {names:?} in: {text}", tampering["kind"], tampering["what"])))
}

/// What `archive check` overlooks of a file that was tampered with.
fn overlooked(tampering: &Value) -> Result<Option<String>> {
    let Some(file) = tampering["file"].as_str() else { return Ok(None) };
    let folder = Path::new(tampering["folder"].as_str().context("no folder")?);
    let (code, text) = said(folder, &["archive", "check"])?;
    let found = code == Some(1) && text.contains(file);
    Ok((!found).then(|| format!("archive check, {} ({}): exit {code:?}: {text}", tampering["kind"], tampering["what"])))
}

/// Judges every tampering, on two threads.
fn judged(plan: &[Value], judge: impl Fn(usize, &Value) -> Result<Option<String>> + Sync) -> Result<Vec<String>> {
    let of = |half: usize| -> Result<Vec<String>> {
        let ours = plan.iter().enumerate().filter(|(number, _)| number % 2 == half);
        ours.filter_map(|(number, tampering)| judge(number, tampering).transpose()).collect()
    };
    std::thread::scope(|scope| {
        let other = scope.spawn(|| of(1));
        let mut faults = of(0)?;
        faults.extend(other.join().map_err(|_| anyhow::anyhow!("a thread panicked"))??);
        Ok(faults)
    })
}

#[test]
fn every_tampering_is_found_and_named() {
    let data = books::told().unwrap();
    let copies = data.path().join("copies");
    let paths = [data.books(), copies].map(|path| path.display().to_string());
    let plan = |count: usize| -> Result<Value> {
        Ok(serde_json::from_str(&python::run("tamper/tamper.py", &[&paths[0], &paths[1], SEED, &count.to_string()])?)?)
    };
    let kinds = usize::try_from(plan(0).unwrap()["kinds"].as_u64().unwrap()).unwrap();
    let plan = plan(if slow() { MANY } else { kinds + 1 }).unwrap();
    let plan = plan["plan"].as_array().unwrap();
    let mut faults = judged(plan, |number, tampering| fault(tampering, number)).unwrap();
    faults.extend(judged(plan, |_, tampering| overlooked(tampering)).unwrap());
    assert!(faults.is_empty(), "{} of {} tamperings:\n{}", faults.len(), plan.len(), faults.join("\n"));
    println!("{} tamperings of {kinds} kinds are found and named", plan.len() - 1);
}

/// What is erased of a party stands nowhere else, so nothing may depend on it.
#[test]
fn a_party_can_be_erased() {
    let data = books::told().unwrap();
    let books = data.books().display().to_string();
    let before = data.json(["accruals"]).unwrap();
    for party in ["pty_00", "%"] {
        python::run("tamper/erase.py", &[&books, party]).unwrap();
        assert!(data.ok(["verify"]).unwrap().starts_with("Verified"), "after {party} was erased");
        data.ok(["archive", "check"]).unwrap();
        assert_eq!(data.json(["accruals"]).unwrap(), before);
    }
    // Whoever is erased can be paid as before, and can come back.
    data.ok(["statement", "pty_00", "--cycle", "2026-10"]).unwrap();
    data.ok(["settle", "draft", "--mid", "mid_guild", "--cycle", "2026-11"]).unwrap();
    assert_eq!(data.json(["registry", "load", "changes.ndjson"]).unwrap()["registry_version"], 4);
    assert!(data.ok(["verify"]).unwrap().starts_with("Verified"));
}

/// An older ledger put back: its chain is whole, but the archive remembers what came after.
#[test]
fn an_older_ledger_is_found() {
    let data = books::begun().unwrap();
    books::close(&data).unwrap();
    let older = data.path().join("older.sqlite");
    python::run("tamper/backup.py", &[&data.ledger().display().to_string(), &older.display().to_string()]).unwrap();
    books::go_on(&data).unwrap();
    for end in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{end}", data.ledger().display()));
    }
    std::fs::rename(&older, data.ledger()).unwrap();
    let (code, text) = said(&data.books(), &["verify"]).unwrap();
    assert!(code == Some(1) && text.contains("manifest"), "exit {code:?}: {text}");
}
