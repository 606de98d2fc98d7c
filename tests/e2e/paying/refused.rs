//! What is refused changes nothing: releases that no bank would take, answers that cannot be true, and account numbers where they do not belong.

use super::scene::{MID, NOW, Scene, account_of};
use crate::support::stderr;
use anyhow::{Context, Result, ensure};
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

/// A command that must fail with these words; the books are as before.
fn refused(scene: &Scene, words: &[&str], code: i32, said: &[&str]) -> Result<()> {
    let before = scene.data.json(["ledger", "check"])?;
    let output = scene.data.run(words)?;
    let text = stderr(&output);
    ensure!(output.status.code() == Some(code), "{words:?}: {output:?}");
    for word in said {
        ensure!(text.contains(word), "{words:?}: no {word:?} in {text}");
    }
    ensure!(scene.data.json(["ledger", "check"])? == before, "{words:?} changed something");
    Ok(())
}

#[test]
fn nothing_is_released_that_is_not_approved_signed_and_configured() -> Result<()> {
    let scene = Scene::of(2)?;
    let without = |word: &str| {
        let words = Scene::releasing("2026-10");
        let at = words.iter().position(|other| *other == word).unwrap_or(words.len());
        [&words[..at], words.get(at + 2..).unwrap_or_default()].concat()
    };
    refused(&scene, &Scene::releasing("2026-10"), 1, &["open"])?;
    scene.approve("2026-10")?;
    refused(&scene, &without("--config"), 1, &["[payers.mid_guild.sepa]"])?;
    refused(&scene, &without("--key"), 2, &["--key"])?;
    refused(&scene, &[&without("--as")[..], &["--as", "bo"]].concat(), 1, &["not that of actor"])?;
    refused(&scene, &[&without("--now")[..], &["--execution", "2020-01-01"]].concat(), 1, &["2020-01-01"])?;
    refused(&scene, &[&Scene::releasing("2026-10")[..], &["--leave-out", "pty_9"]].concat(), 2, &["pty_9"])?;
    refused(&scene, &Scene::moves("reconcile", "2026-10", &[]), 1, &["approved"])?;
    refused(&scene, &Scene::moves("seal", "2026-10", &[]), 1, &["approved"])?;
    scene.data.json(Scene::releasing("2026-10"))?;
    refused(&scene, &Scene::moves("withdraw", "2026-10", &["--why", "too late"]), 1, &["released"])?;
    scene.approve("2026-11")?;
    scene.holds()
}

/// Earlier cycles are paid first, and sealed first.
#[test]
fn cycles_are_released_and_sealed_in_order() -> Result<()> {
    let scene = Scene::of(2)?;
    scene.approve("2026-10")?;
    scene.approve("2026-11")?;
    refused(&scene, &Scene::releasing("2026-11"), 1, &["cycle 2026-10", "not released"])
}

#[test]
fn answers_that_cannot_be_true_are_left_to_a_person() -> Result<()> {
    let scene = Scene::of(2)?;
    scene.approve("2026-10")?;
    scene.data.json(Scene::releasing("2026-10"))?;
    let id = scene.payments("2026-10")?["pty_0"]["payment"].as_str().context("no id")?.to_owned();
    let report = |name: &str, id: &str, status: &str| -> Result<Vec<String>> {
        let text = crate::bank::REPORT.replace("ONE-2610-1", id).replace("RJCT", status).replace("S-1", name);
        fs::write(scene.data.path().join(name), text)?;
        Ok(vec![name.to_owned()])
    };
    assert_eq!(scene.book(&report("rejected", &id, "RJCT")?)?, 0);
    assert_eq!(scene.book(&report("settled", &id, "ACSC")?)?, 1);
    assert_eq!(scene.book(&report("unknown", "NOBODY-1", "RJCT")?)?, 1);
    assert_eq!(scene.payments("2026-10")?["pty_0"]["state"], "rejected");
    let said = scene.data.ok(["bank", "exceptions", "--mid", MID])?;
    ensure!(said.contains("was rejected before") && said.contains("no payment of ours has this id"), "{said}");
    // The same file twice is no exception twice.
    assert_eq!(scene.book(&["unknown".to_owned()])?, 0);
    assert_eq!(scene.data.json(["bank", "exceptions"])?["exceptions"].as_array().map(Vec::len), Some(2));
    scene.holds()
}

/// Account numbers stand in the files for the bank and in the ledger's tables for them, and nowhere else.
#[test]
fn no_account_number_leaves_for_anywhere_but_the_bank() -> Result<()> {
    let scene = Scene::of(3)?;
    scene.approve("2026-10")?;
    let said = scene.data.run([&Scene::releasing("2026-10")[..], &["--json"]].concat())?;
    let own = account_of(1);
    let number = own.get(4..).context("an IBAN has more")?;
    let file = scene.files()?.into_values().next().context("no file")?;
    ensure!(String::from_utf8(file)?.contains(&own), "the bank is not told where to pay");
    let shown = [String::from_utf8(said.stdout)?, String::from_utf8(said.stderr)?, scene.data.ok(["payments", "--mid", MID])?];
    ensure!(shown.iter().all(|text| !text.contains(number)), "{shown:?}");
    let mut looked = 0;
    for entry in walk(&scene.data.archive())? {
        let bytes = fs::read(&entry)?;
        let text = if entry.extension().is_some_and(|end| end == "zst") { zstd::decode_all(&bytes[..])? } else { bytes };
        ensure!(!text.windows(number.len()).any(|window| window == number.as_bytes()), "{} names an account", entry.display());
        looked += 1;
    }
    ensure!(looked > 5, "only {looked} files");
    Ok(())
}

/// Every file of the archive with its bytes, and what the ledger's own check says of the ledger.
fn books_of(scene: &Scene) -> Result<BTreeMap<PathBuf, Vec<u8>>> {
    let mut files = BTreeMap::from([(PathBuf::from("ledger"), scene.data.ok(["ledger", "check"])?.into_bytes())]);
    for path in walk(&scene.data.archive())? {
        files.insert(path.clone(), fs::read(path)?);
    }
    Ok(files)
}

#[test]
fn what_is_printed_to_be_signed_changes_nothing() -> Result<()> {
    let scene = Scene::of(2)?;
    scene.approve("2026-10")?;
    let printed = |verb, more: &[&'static str]| -> Result<String> {
        let before = books_of(&scene)?;
        let words = ["settle", verb, "--mid", MID, "--cycle", "2026-10", "--config", "farthing.toml", "--as", "ana", "--print-text"];
        let text = scene.data.ok([&words[..], more].concat())?;
        ensure!(books_of(&scene)? == before, "{verb} --print-text has changed something");
        Ok(text)
    };
    let left_out = ["--leave-out", "pty_0", "--leave-out", "pty_1"];
    let text = printed("release", &[&["--now", NOW, "--out", "unmade"][..], &left_out].concat())?;
    ensure!(text.contains("move: release") && !scene.data.path().join("unmade").exists(), "{text}");
    scene.data.json([&Scene::releasing("2026-10")[..], &left_out].concat())?;
    ensure!(printed("reconcile", &[])?.contains("to: reconciled"));
    scene.step("reconcile", "2026-10", &[])?;
    let text = printed("seal", &[])?;
    let sealed = scene.step("seal", "2026-10", &[])?;
    ensure!(text.contains(&format!("root: {}", sealed["root"].as_str().context("no root")?)), "{text}");
    scene.holds()
}

fn walk(folder: &std::path::Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { found.extend(walk(&path)?) } else { found.push(path) }
    }
    Ok(found)
}
