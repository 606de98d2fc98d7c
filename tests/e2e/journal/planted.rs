//! Tests of the tests: faults are planted in the books, most with every hash made to fit, and each is found and named.

use super::scene::Approved;
use crate::analysts::python;
use crate::support::binary;
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::process::Command;

#[test]
fn every_planted_fault_is_found_and_named() -> Result<()> {
    let books = Approved::new()?;
    let paths = [books.data().books(), books.data().path().join("planted")].map(|path| path.display().to_string());
    let plan: Value = serde_json::from_str(&python::run("journal/plant.py", &[&paths[0], &paths[1]])?)?;
    let plan = plan.as_array().context("no plan")?;
    ensure!(plan.len() > 50, "only {} faults", plan.len());
    let mut overlooked = Vec::new();
    for planted in plan {
        let words = |name: &str| planted[name].as_array().into_iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>();
        let folder = planted["folder"].as_str().context("no folder")?;
        let output = Command::new(binary()).args(words("command")).args(["--data", folder]).output()?;
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        let names = words("names");
        let found = if names.is_empty() {
            output.status.success()
        } else {
            output.status.code() == Some(1) && names.iter().any(|name| said.contains(name))
        };
        if !found {
            overlooked.push(format!("{}: {}, none of {names:?} in: {said}", planted["kind"], output.status));
        }
    }
    ensure!(overlooked.is_empty(), "{} of {} faults:\n{}", overlooked.len(), plan.len(), overlooked.join("\n"));
    println!("{} planted faults are found and named", plan.len() - 1);
    Ok(())
}

/// Nothing is done upon books in which something does not hold: the move says what, and changes nothing.
#[test]
fn a_move_is_refused_upon_broken_books() -> Result<()> {
    let books = Approved::new()?;
    let paths = [books.data().books(), books.data().path().join("planted")].map(|path| path.display().to_string());
    let plan: Value = serde_json::from_str(&python::run("journal/plant.py", &[&paths[0], &paths[1]])?)?;
    for kind in ["a posting changed, check", "a posting removed, check", "the last entry removed, check"] {
        let planted = plan.as_array().into_iter().flatten().find(|planted| planted["kind"] == kind).context("no such fault")?;
        let folder = planted["folder"].as_str().context("no folder")?;
        let run =
            |arguments: &[&str]| Command::new(binary()).args(arguments).args(["--data", folder]).current_dir(books.data().path()).output();
        let before = run(&["settle", "status", "--json"])?.stdout;
        // In euros nothing builds on October yet; its entries are read together with those in dollars.
        let october = ["settle", "withdraw", "--mid", "mid_a", "--currency", "EUR", "--cycle", "2026-10"];
        let refused = run(&[&october[..], &["--as", "bo", "--key", "bo.pem", "--why", "try"]].concat())?;
        let said = crate::support::stderr(&refused);
        ensure!(refused.status.code() == Some(1) && said.contains("farthing check"), "{kind}: {refused:?}");
        ensure!(run(&["settle", "status", "--json"])?.stdout == before, "{kind}: something has moved");
    }
    Ok(())
}
