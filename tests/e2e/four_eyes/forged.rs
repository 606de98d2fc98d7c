//! Chains and rows that were forged by somebody who can write anywhere, with every hash made anew.

use super::{ANA, BECAUSE, BO, october, prepared};
use crate::analysts::python;
use crate::services::postgres::query;
use crate::support::{Data, binary};
use anyhow::{Result, ensure};
use std::process::Command;

/// Runs a statement upon a table whose triggers are off.
pub fn edited(data: &Data, table: &str, statement: &str) -> Result<()> {
    if data.is_on_server() {
        let (off, on) = ("DISABLE TRIGGER USER", "ENABLE TRIGGER USER");
        return query(data.server(), &format!("ALTER TABLE {table} {off}; {statement}; ALTER TABLE {table} {on}")).map(drop);
    }
    python::run("four_eyes/forge.py", &[&data.books().display().to_string(), "sql", statement]).map(drop)
}

/// What is forged in a chain that ends with an approval, a withdrawal and an approval, and what is said of it.
const FORGERIES: [(&str, &str); 15] = [
    ("sealed at once", "no move leads from there to sealed"),
    ("approved twice", "no move leads from there to approved"),
    ("opened again", "no move leads from there to open"),
    ("approved without a signature", "has to be signed"),
    ("one digit of a signature", "the signature is not one of actor \"bo\""),
    ("another reason", "the signature is not one of actor \"bo\""),
    ("no reason", "needs a reason"),
    ("a reason that nobody signed", "cannot be read"),
    ("approved by the preparer", "prepared the draft"),
    ("approved by nobody", "no actor"),
    ("another draft approved", "names the draft"),
    ("an approval replayed", "the signature is not one of actor \"bo\""),
    ("one person behind both", "keys of one person"),
    ("another key", "not that of actor \"bo\""),
    ("retired before", "retired"),
];

#[test]
fn a_forged_chain_is_found_and_named() -> Result<()> {
    let (data, draft) = prepared()?;
    let approve = october("approve", "mid_x", &[&["--draft", &draft], &BO[..]].concat()).join("\n");
    data.ok(approve.split('\n'))?;
    data.ok(october("withdraw", "mid_x", &[&BECAUSE[..], &BO].concat()))?;
    data.ok(approve.split('\n'))?;
    let books = data.books().display().to_string();
    let mut missed = Vec::new();
    for (number, (forgery, words)) in [("nothing", "")].into_iter().chain(FORGERIES).enumerate() {
        let copy = data.path().join(format!("forged-{number}")).display().to_string();
        python::run("four_eyes/forge.py", &[&books, "chain", forgery, &copy])?;
        for command in [&["ledger", "check"][..], &["verify"]] {
            let output = Command::new(binary()).args(command).args(["--data", &copy]).output()?;
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            let found = match forgery {
                "nothing" => output.status.success(),
                _ => {
                    output.status.code() == Some(1) && said.contains("manifest ") && said.contains("cycle 2026-10") && said.contains(words)
                }
            };
            if !found {
                missed.push(format!("{forgery}, {command:?}: {output:?}"));
            }
        }
        // Nothing more is built upon it.
        let mut next = Command::new(binary());
        next.args(october("withdraw", "mid_x", &[&BECAUSE[..], &ANA].concat())).args(["--data", &copy]);
        let output = next.current_dir(data.path()).output()?;
        ensure!(output.status.success() == (forgery == "nothing"), "{forgery}: {output:?}");
    }
    ensure!(missed.is_empty(), "{} of {} are not found:\n{}", missed.len(), FORGERIES.len(), missed.join("\n"));
    Ok(())
}
