//! Four eyes: whoever prepared a draft cannot have it paid alone, whatever they try, and no approval stands for anything but what was seen.

mod forged;
mod offline;

use crate::analysts::python;
use crate::bad_input::{NOW, books, usage, write};
use crate::command_line::varied_books;
use crate::support::{Data, also_on_postgres, stderr};
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::process::Output;

also_on_postgres!(
    each_way_around_is_refused,
    nothing_is_approved_that_was_changed_or_used_before,
    a_draft_is_thrown_away_and_made_again,
    nothing_is_approved_upon_what_nobody_approved,
    only_whoever_may_acts,
);

/// The time of every close.
const CLOSED_AT: [&str; 2] = ["--now", "2026-12-01T00:00:00Z"];
const BECAUSE: [&str; 2] = ["--why", "the fee was wrong"];
const ANA: [&str; 4] = ["--as", "ana", "--key", "ana.pem"];
const BO: [&str; 4] = ["--as", "bo", "--key", "bo.pem"];

/// Ana, twice, and Bo.
const ACTORS: [[&str; 3]; 3] = [["ana", "Ana Díaz", "ana.pem"], ["ana2", "  ana DÍAZ", "ana2.pem"], ["bo", "Bo Ek", "bo.pem"]];

fn add(data: &Data, actors: &[[&str; 3]]) -> Result<()> {
    for [actor, person, key] in actors {
        data.ok(["actor", "add", actor, "--person", person, "--key", key])?;
    }
    Ok(())
}

/// A command upon October of a MID.
fn october<'a>(verb: &'a str, mid: &'a str, rest: &[&'a str]) -> Vec<&'a str> {
    of("2026-10", verb, mid, rest)
}

fn of<'a>(cycle: &'a str, verb: &'a str, mid: &'a str, rest: &[&'a str]) -> Vec<&'a str> {
    [&["settle", verb, "--mid", mid, "--cycle", cycle], rest].concat()
}

/// Books with October of `mid_x` closed and prepared by Ana before Bo came; the SHA-256 of its draft.
fn prepared() -> Result<(Data, String)> {
    let data = books()?;
    write(&data, "october.ndjson", usage("one"))?;
    data.ok(["meter", "october.ndjson", "--now", NOW])?;
    add(&data, &ACTORS[..2])?;
    data.ok(october("close", "mid_x", &CLOSED_AT))?;
    data.ok(october("draft", "mid_x", &ANA))?;
    add(&data, &ACTORS[2..])?;
    let sha256 = draft_of(&data, "2026-10")?;
    Ok((data, sha256))
}

/// What `settle status` says of a cycle of `mid_x`.
fn standing(data: &Data, cycle: &str) -> Result<Value> {
    let status = data.json(["settle", "status", "--mid", "mid_x"])?;
    let cycles = status["cycles"].as_array().context("no cycles")?;
    cycles.iter().find(|row| row["cycle"] == cycle).cloned().with_context(|| format!("no {cycle} in {status}"))
}

fn draft_of(data: &Data, cycle: &str) -> Result<String> {
    Ok(standing(data, cycle)?["draft_sha256"].as_str().context("no draft")?.to_owned())
}

/// A command that must be refused with exit 1 and these words, and change nothing.
fn refused(data: &Data, arguments: &[&str], words: &[&str]) -> Result<()> {
    let before = (data.json(["settle", "status"])?, data.json(["ledger", "check"])?);
    let json = data.run([arguments, &["--json"]].concat())?;
    for output in [&data.run(arguments)?, &json] {
        let said = stderr(output);
        ensure!(output.status.code() == Some(1), "{arguments:?}: exit {:?}: {said}", output.status.code());
        for word in words {
            ensure!(said.contains(word), "{arguments:?}: no {word:?} in {said}");
        }
    }
    let document: Value = serde_json::from_slice(&json.stdout)?;
    ensure!(document["refused"].as_str().is_some_and(|why| why.contains(words[0])), "{arguments:?}: {document}");
    ensure!((data.json(["settle", "status"])?, data.json(["ledger", "check"])?) == before, "{arguments:?} changed something");
    Ok(())
}

/// A command whose use is wrong: exit 2 and these words.
fn wrong(data: &Data, arguments: &[&str], words: &[&str]) -> Result<()> {
    let output: Output = data.run(arguments)?;
    let said = stderr(&output);
    ensure!(output.status.code() == Some(2) && words.iter().all(|word| said.contains(word)), "{arguments:?}: {output:?}");
    Ok(())
}

#[test]
fn each_way_around_is_refused() -> Result<()> {
    let data = varied_books()?;
    add(&data, &ACTORS)?;
    let approve = |sha256: &str, who: &[&str], words: &[&str]| {
        refused(&data, &october("approve", "mid_x", &[&["--draft", sha256], who].concat()), words)
    };

    // A preview, a cycle without a draft, and a draft that the 70 % rule refuses.
    let preview = data.json(october("draft", "mid_x", &[]))?["draft_sha256"].as_str().context("no hash")?.to_owned();
    approve(&preview, &BO, &["open"])?;
    data.ok(october("close", "mid_x", &CLOSED_AT))?;
    approve(&preview, &BO, &["closing"])?;
    data.ok(october("close", "mid_y", &CLOSED_AT))?;
    let output = data.run(october("draft", "mid_y", &[&ANA[..], &["--json"]].concat()))?;
    let forbidden: Value = serde_json::from_slice(&output.stdout)?;
    ensure!(output.status.code() == Some(1) && forbidden["refused"] == true, "{forbidden}");
    let forbidden = forbidden["draft_sha256"].as_str().context("no hash")?;
    refused(&data, &october("approve", "mid_y", &[&["--draft", forbidden], &BO[..]].concat()), &["closing"])?;

    // A draft that nobody signed; the message says how to have one that can be approved.
    data.ok(october("draft", "mid_x", &["--as", "ana"]))?;
    let unsigned = draft_of(&data, "2026-10")?;
    approve(&unsigned, &BO, &["not signed", "farthing settle discard", "farthing settle draft --as ID --key FILE"])?;
    data.ok(october("discard", "mid_x", &[&BECAUSE[..], &BO].concat()))?;
    data.ok(october("draft", "mid_x", &ANA))?;
    let draft = draft_of(&data, "2026-10")?;

    // The preparer, their other key, their key under another's name.
    approve(&draft, &ANA, &["prepared the draft"])?;
    approve(&draft, &["--as", "ana2", "--key", "ana2.pem"], &["keys of one person"])?;
    approve(&draft, &["--as", "bo", "--key", "ana.pem"], &["not that of actor \"bo\""])?;
    approve(&draft, &["--as", "nobody", "--key", "bo.pem"], &["no actor", "nobody", "farthing actor add"])?;
    approve(&draft, &["--as", "bo", "--signature", &"0".repeat(128)], &["signature"])?;
    approve(&"0".repeat(64), &BO, &["names the draft", &draft])?;

    // Whoever is retired.
    data.ok(["actor", "add", "cy", "--person", "Cy Ro", "--key", "cy.pem"])?;
    data.ok(["actor", "retire", "cy"])?;
    approve(&draft, &["--as", "cy", "--key", "cy.pem"], &["retired"])?;

    data.ok(october("approve", "mid_x", &[&["--draft", &draft], &BO[..]].concat()))?;
    approve(&draft, &BO, &["approved"])?;
    data.ok(["ledger", "check"])?;
    data.ok(["verify"]).map(drop)
}

#[test]
fn nothing_is_approved_that_was_changed_or_used_before() -> Result<()> {
    let (data, draft) = prepared()?;
    let approve = |sha256: &str, rest: &[&str]| [&october("approve", "mid_x", &["--draft"])[..], &[sha256], rest].concat().join("\n");
    let ok = |line: String| data.ok(line.split('\n'));
    let no = |line: String, words: &[&str]| refused(&data, &line.split('\n').collect::<Vec<_>>(), words);

    // A row that was edited behind the program's back, with and without its hash.
    let is_refused = |edit: &str| -> Result<()> {
        let output = data.run(approve(&draft, &BO).split('\n'))?;
        ensure!(output.status.code() == Some(1) && stderr(&output).contains("draft of cycle 2026-10"), "{edit}: {output:?}");
        Ok(())
    };
    if !data.is_on_server() {
        let books = data.books().display().to_string();
        let alter = |old: &str, new: &str| python::run("scenarios/alter_draft.py", &[&books, old, new]);
        alter("\"mid_x\"", "\"mid_y\"")?;
        is_refused("another MID in the text")?;
        alter("\"mid_y\"", "\"mid_x\"")?;
    }
    // What is packed begins with this byte.
    let first_again = if data.is_on_server() { "'\\x28'::bytea || packed" } else { "CAST(X'28' || packed AS BLOB)" };
    for (edit, back) in [
        ("UPDATE drafts SET packed = substr(packed, 2)", format!("UPDATE drafts SET packed = {first_again}").as_str()),
        ("UPDATE drafts SET sha256 = 'x' || sha256", "UPDATE drafts SET sha256 = substr(sha256, 2)"),
        ("UPDATE drafts SET cycle = '2026-11'", "UPDATE drafts SET cycle = '2026-10'"),
    ] {
        forged::edited(&data, "drafts", edit)?;
        is_refused(edit)?;
        forged::edited(&data, "drafts", back)?;
    }

    // A signature that was given before the draft was thrown away, for one that came out the same.
    let text = ok(approve(&draft, &["--as", "bo", "--print-text"]))?;
    ensure!(text.contains(&draft) && text.contains("move: approve\nmid: mid_x\ncurrency: USD\ncycle: 2026-10\n"), "{text}");
    ok(approve(&draft, &BO))?;
    let signature = |at: usize| -> Result<String> {
        let log = data.json(october("log", "mid_x", &[]))?;
        Ok(log["moves"][at]["signature"].as_str().with_context(|| format!("no signature {at} in {log}"))?.to_owned())
    };
    let first = signature(2)?;
    no(october("discard", "mid_x", &[&BECAUSE[..], &BO].concat()).join("\n"), &["approved"])?;
    data.ok(october("withdraw", "mid_x", &[&BECAUSE[..], &BO].concat()))?;
    no(approve(&draft, &["--as", "bo", "--signature", &first]), &["signature"])?;
    // Neither is the signature of another move one of this.
    no(approve(&draft, &["--as", "bo", "--signature", &signature(3)?]), &["signature"])?;
    data.ok(october("discard", "mid_x", &[&BECAUSE[..], &ANA].concat()))?;
    no(approve(&draft, &BO), &["closing"])?;
    data.ok(october("draft", "mid_x", &ANA))?;
    assert_eq!(draft_of(&data, "2026-10")?, draft, "a draft made again is another");
    no(approve(&draft, &["--as", "bo", "--signature", &first]), &["signature"])?;

    // An older draft, when the new one is another.
    write(&data, "changed.ndjson", r#"{"kind":"mid","id":"mid_x","fee":"0.04","currency":"USD"}"#)?;
    data.ok(["registry", "load", "changed.ndjson"])?;
    data.ok(october("discard", "mid_x", &[&BECAUSE[..], &ANA].concat()))?;
    data.ok(october("draft", "mid_x", &ANA))?;
    let newer = draft_of(&data, "2026-10")?;
    ensure!(newer != draft, "the fee changed nothing");
    no(approve(&draft, &BO), &["names the draft", &newer])?;
    ok(approve(&newer, &BO))?;
    no(approve(&newer, &BO), &["approved"])?;
    let moves = data.json(october("log", "mid_x", &[]))?;
    let moves: Vec<&str> = moves["moves"].as_array().context("no moves")?.iter().filter_map(|entry| entry["move"].as_str()).collect();
    assert_eq!(moves, ["close", "draft", "approve", "withdraw", "discard", "draft", "discard", "draft", "approve"]);
    data.ok(["ledger", "check"])?;
    data.ok(["verify"]).map(drop)
}

#[test]
fn a_draft_is_thrown_away_and_made_again() -> Result<()> {
    let (data, first) = prepared()?;
    let gone = [&BECAUSE[..], &ANA].concat();
    write(&data, "november.ndjson", usage("two").replace("2026-10", "2026-11"))?;
    data.ok(["meter", "november.ndjson", "--now", "2026-12-01T00:00:00Z"])?;
    data.ok(of("2026-11", "close", "mid_x", &CLOSED_AT))?;
    data.ok(of("2026-11", "draft", "mid_x", &ANA))?;

    // What November carries in comes from October's draft.
    refused(&data, &october("discard", "mid_x", &gone), &["2026-11", "discard that one first"])?;
    data.ok(of("2026-11", "discard", "mid_x", &gone))?;
    data.ok(october("discard", "mid_x", &gone))?;
    let undrafted = data.run(of("2026-11", "draft", "mid_x", &ANA))?;
    ensure!(undrafted.status.code() == Some(2) && stderr(&undrafted).contains("2026-10"), "{undrafted:?}");

    // With another fee October pays more, and November goes on from there.
    write(&data, "changed.ndjson", r#"{"kind":"mid","id":"mid_x","fee":"0.01","currency":"USD"}"#)?;
    data.ok(["registry", "load", "changed.ndjson"])?;
    let october_again = data.json(october("draft", "mid_x", &ANA))?;
    let november = data.json(of("2026-11", "draft", "mid_x", &ANA))?;
    ensure!(october_again["draft_sha256"] != *first, "the fee changed nothing");
    let carried = |draft: &Value, field: &str| -> Vec<(String, String)> {
        let lines = draft["lines"].as_array().cloned().unwrap_or_default();
        let of = |line: &Value| (line["party"].to_string(), line[field].to_string());
        lines.iter().map(of).filter(|(_, amount)| amount != "\"0.000000000000\"").collect()
    };
    ensure!(!carried(&october_again, "carried_out").is_empty(), "nothing is carried: {october_again}");
    assert_eq!(carried(&november, "carried_in"), carried(&october_again, "carried_out"));
    data.ok(["ledger", "check"])?;
    data.ok(["verify"])?;

    // Who prepared it is not written over by who asks again.
    wrong(&data, &october("draft", "mid_x", &BO), &["another prepared it", "farthing settle discard"])?;
    assert_eq!(data.json(october("draft", "mid_x", &ANA))?, october_again);
    assert_eq!(data.json(october("draft", "mid_x", &[]))?, october_again);
    Ok(())
}

#[test]
fn nothing_is_approved_upon_what_nobody_approved() -> Result<()> {
    let (data, october_draft) = prepared()?;
    data.ok(of("2026-11", "close", "mid_x", &["--now", "2027-01-01T00:00:00Z"]))?;
    data.ok(of("2026-11", "draft", "mid_x", &ANA))?;
    let november_draft = draft_of(&data, "2026-11")?;
    let november = of("2026-11", "approve", "mid_x", &["--draft", &november_draft, "--as", "bo", "--key", "bo.pem"]);
    refused(&data, &november, &["the draft of cycle 2026-10", "is not approved"])?;
    data.ok(october("approve", "mid_x", &["--draft", &october_draft, "--as", "bo", "--key", "bo.pem"]))?;
    data.ok(november)?;
    let withdraw = october("withdraw", "mid_x", &[&BECAUSE[..], &BO].concat());
    refused(&data, &withdraw, &["the draft of cycle 2026-11", "withdraw that approval first"])?;
    data.ok(of("2026-11", "withdraw", "mid_x", &[&BECAUSE[..], &BO].concat()))?;
    data.ok(withdraw)?;
    data.ok(["check"]).map(drop)
}

#[test]
fn only_whoever_may_acts() -> Result<()> {
    let (data, draft) = prepared()?;
    let row = standing(&data, "2026-10")?;
    assert_eq!((row["prepared_by"].as_str(), row["signed"].as_bool(), row["approved_by"].as_str()), (Some("ana"), Some(true), None));

    // Ids and keys are given once; a key file is never written over.
    wrong(&data, &["actor", "add", "bo", "--person", "Bo Ek", "--key", "more.pem"], &["\"bo\"", "given once"])?;
    ensure!(!data.path().join("more.pem").exists(), "a key that is nobody's");
    wrong(&data, &["actor", "add", "eva", "--person", "Eva Li", "--key", "bo.pem"], &["bo.pem"])?;
    wrong(&data, &["actor", "add", "eva", "--person", "Eva Li"], &["--key", "--public-key"])?;
    wrong(&data, &["actor", "add", "e va", "--person", "Eva Li", "--key", "more.pem"], &["white space"])?;
    wrong(&data, &["actor", "add", "eva", "--person", " ", "--key", "more.pem"], &["person"])?;
    wrong(&data, &["actor", "retire", "nobody"], &["nobody"])?;

    // What is signed needs an actor, a key that is one, and a reason.
    wrong(&data, &october("approve", "mid_x", &["--draft", &draft]), &["--key", "--signature", "--print-text"])?;
    wrong(&data, &october("approve", "mid_x", &["--draft", &draft, "--key", "bo.pem"]), &["--as"])?;
    wrong(
        &data,
        &october("approve", "mid_x", &["--draft", &draft, "--as", "bo", "--key", "october.ndjson"]),
        &["october.ndjson", "PKCS#8"],
    )?;
    wrong(&data, &october("approve", "mid_x", &["--draft", &draft, "--as", "bo", "--signature", "none"]), &["--signature none"])?;
    wrong(&data, &october("discard", "mid_x", &ANA), &["--why"])?;
    refused(&data, &october("discard", "mid_x", &[&["--why", "two\nlines"], &ANA[..]].concat()), &["reason"])?;
    refused(&data, &october("withdraw", "mid_x", &[&BECAUSE[..], &BO].concat()), &["draft"])?;

    wrong(&data, &of("2026-11", "draft", "mid_x", &["--as", "bo", "--key", "ana.pem"]), &["not that of actor \"bo\""])?;
    data.ok(["actor", "retire", "ana"])?;
    wrong(&data, &of("2026-11", "draft", "mid_x", &ANA), &["retired"])?;
    wrong(&data, &["actor", "retire", "ana"], &["retired"])?;
    refused(&data, &october("discard", "mid_x", &[&BECAUSE[..], &ANA].concat()), &["retired"])?;
    // What she signed before stays, and can be approved.
    data.ok(october("approve", "mid_x", &[&["--draft", &draft], &BO[..]].concat()))?;
    let row = standing(&data, "2026-10")?;
    assert_eq!((row["state"].as_str(), row["approved_by"].as_str()), (Some("approved"), Some("bo")));
    let actors = data.json(["actor", "list"])?;
    let standings: Vec<_> = actors["actors"].as_array().context("no actors")?.iter().map(|actor| actor["standing"].as_str()).collect();
    assert_eq!(standings, [Some("retired"), Some("active"), Some("active")]);
    let said = data.ok(october("log", "mid_x", &[]))?;
    ensure!(said.contains("approve") && said.contains("Bo Ek") && said.contains(&draft), "{said}");
    data.ok(["ledger", "check"])?;
    data.ok(["verify"]).map(drop)
}
