//! The two checkers: the binary, away from all books, and the one in Python, which shares no code with it.

use crate::support::{binary, root};
use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What a checker says of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    Ok,
    /// What fails, in two words.
    No(String),
    /// It is no statement with its proof.
    Malformed,
}

impl Said {
    pub fn no(fault: &str) -> Said {
        Said::No(fault.to_owned())
    }
}

/// What the binary says, in a folder where there is nothing but the file.
pub fn farthing(file: &Path, root: &str) -> Result<Said> {
    let alone = tempfile::tempdir()?;
    let file = std::fs::canonicalize(file)?;
    let run = |more: &[&str]| {
        Command::new(binary()).args(["verify", "--root", root, "--statement"]).arg(&file).args(more).current_dir(alone.path()).output()
    };
    let (text, json) = (run(&[])?, run(&["--json"])?);
    ensure!(text.status.code() == json.status.code(), "{text:?} but {json:?}");
    ensure!(std::fs::read_dir(alone.path())?.next().is_none(), "a check made files");
    let document = || serde_json::from_slice::<Value>(&json.stdout).context("no document");
    let shown = String::from_utf8_lossy(&text.stdout).into_owned();
    match text.status.code() {
        Some(0) => {
            ensure!(shown.starts_with("OK: ") && document()?["verified"] == true, "{shown}");
            Ok(Said::Ok)
        }
        Some(1) => {
            let document = document()?;
            let fault = document["fault"].as_str().context("no fault is named")?;
            ensure!(shown.starts_with(&format!("NOT OK, {fault}: ")) && document["difference"].is_string(), "{shown} {document}");
            Ok(Said::no(fault))
        }
        Some(2) => {
            let said = String::from_utf8_lossy(&text.stderr).into_owned();
            let name = file.file_name().context("no name")?.to_string_lossy().into_owned();
            ensure!(said.contains(&name) && shown.is_empty() && json.stdout.is_empty(), "{said}");
            Ok(Said::Malformed)
        }
        other => bail!("exit {other:?}: {text:?}"),
    }
}

/// What the checker in Python says of each of many files.
pub fn python(files: &[PathBuf], hash: &str) -> Result<Vec<Said>> {
    let output = Command::new(root().join(".venv/bin/python"))
        .args(["-I", "-B"])
        .arg(root().join("deploy/check_statement.py"))
        .args(["--root", hash])
        .args(files)
        .output()?;
    let (said, complained) = (String::from_utf8(output.stdout)?, String::from_utf8(output.stderr)?);
    let of = |file: &PathBuf| -> Result<Said> {
        let start = format!("{}: ", file.display());
        let rest = |text: &str| text.lines().find_map(|line| line.strip_prefix(&start)).map(str::to_owned);
        match (rest(&said), rest(&complained)) {
            (Some(line), None) if line.starts_with("OK: ") => Ok(Said::Ok),
            (Some(line), None) => {
                let fault = line.strip_prefix("NOT OK, ").and_then(|rest| rest.split_once(": "));
                fault.map(|(fault, _)| Said::no(fault)).with_context(|| line.clone())
            }
            (None, Some(line)) if line.contains("not a statement with its proof") => Ok(Said::Malformed),
            other => bail!("{}: {other:?}\n{complained}", file.display()),
        }
    };
    let all = files.iter().map(of).collect::<Result<Vec<_>>>()?;
    let expected = if all.contains(&Said::Malformed) { 2 } else { i32::from(all.iter().any(|said| *said != Said::Ok)) };
    ensure!(output.status.code() == Some(expected), "exit {:?}, not {expected}", output.status.code());
    Ok(all)
}

/// What both say, which must be the same.
pub fn both(file: &Path, root: &str) -> Result<Said> {
    let (one, other) = (farthing(file, root)?, python(&[file.to_owned()], root)?);
    ensure!(other == [one.clone()], "{}: farthing says {one:?}, the other checker {other:?}", file.display());
    Ok(one)
}

#[test]
fn the_other_checker_can_be_read_and_needs_python_alone() -> Result<()> {
    let program = std::fs::read_to_string(root().join("deploy/check_statement.py"))?;
    assert!(program.lines().count() <= 150, "{} lines", program.lines().count());
    let imports: Vec<&str> = program.lines().filter(|line| line.starts_with("import ") || line.starts_with("from ")).collect();
    assert_eq!(imports, ["import argparse", "import hashlib", "import json", "import re", "import sys"]);
    Ok(())
}
