//! `kill -9` at each step of paying, and the same command again: nobody is paid twice, and nobody is forgotten.

use super::scene::{MID, Scene};
use crate::crash::child::Running;
use anyhow::{Context, Result, ensure};
use serde_json::json;

/// Runs a command until it waits at a step, and kills it there.
pub fn killed_at(scene: &Scene, step: &str, words: &[&str]) -> Result<()> {
    let mut running = Running::start(scene.data.command(words).env("FAILPOINTS", format!("{step}=pause")))?;
    running.wait_until_still().with_context(|| step.to_owned())?;
    running.kill_9()
}

#[test]
fn a_release_that_is_killed_sends_the_same_files() -> Result<()> {
    for step in ["move-made", "manifest-written", "release-committed", "bank-file-written"] {
        let mut scene = Scene::of(3)?;
        scene.approve("2026-10")?;
        killed_at(&scene, step, &Scene::releasing("2026-10"))?;
        let state = scene.data.json(["settle", "status"])?["cycles"][0]["state"].clone();
        let committed = matches!(step, "release-committed" | "bank-file-written");
        assert_eq!(state, if committed { "released" } else { "approved" }, "{step}");
        if committed {
            // It cannot be released a second time; its files are written as they were.
            let again = scene.data.run(Scene::releasing("2026-10"))?;
            ensure!(again.status.code() == Some(1), "{step}: {again:?}");
            scene.data.ok(["settle", "files", "--mid", MID, "--cycle", "2026-10", "--out", "files"])?;
        } else {
            ensure!(scene.files()?.is_empty(), "{step}: files were written that nobody knows of");
            scene.data.json(Scene::releasing("2026-10"))?;
        }
        let files = scene.files()?;
        scene.data.ok(["settle", "files", "--mid", MID, "--cycle", "2026-10", "--out", "files"])?;
        assert_eq!(files.keys().collect::<Vec<_>>(), ["mid_guild-EUR-2026-10-sepa-1.xml"], "{step}");
        ensure!(scene.files()? == files, "{step}: other files");
        scene.holds().with_context(|| step.to_owned())?;
        scene.ask(&json!({"accounts": {"ACME": {"balance": 100_000_000_000_i64}}}), "none")?;
        let report = scene.pay("mid_guild-EUR-2026-10-sepa-1.xml", "report")?;
        let days = scene.ask(&json!({"days": 9}), "days")?;
        assert_eq!(scene.book(&[report, days].concat())?, 0, "{step}");
        assert_eq!(scene.states("2026-10")?, [("settled".to_owned(), 3)].into(), "{step}");
        scene.step("reconcile", "2026-10", &[])?;
        scene.holds()?;
    }
    Ok(())
}

#[test]
fn an_answer_whose_booking_is_killed_is_booked_once() -> Result<()> {
    let mut scene = Scene::of(3)?;
    scene.approve("2026-10")?;
    scene.data.json(Scene::releasing("2026-10"))?;
    scene.ask(&json!({"accounts": {"ACME": {"balance": 100_000_000_000_i64}}}), "none")?;
    let mut messages = scene.pay("mid_guild-EUR-2026-10-sepa-1.xml", "report")?;
    messages.extend(scene.ask(&json!({"days": 9}), "days")?);
    for step in ["manifest-written", "bank-message-booked"] {
        for message in &messages {
            killed_at(&scene, step, &["bank", "book", message, "--mid", MID])?;
            scene.data.ok(["check"])?;
        }
    }
    assert_eq!(scene.book(&messages)?, 0);
    assert_eq!(scene.states("2026-10")?, [("settled".to_owned(), 3)].into());
    let bank = scene.balance("bank")?;
    let paid: i128 = scene
        .payments("2026-10")?
        .values()
        .map(|row| row["amount"].as_str().unwrap_or_default().replace('.', "").parse::<i128>())
        .sum::<Result<_, _>>()?;
    assert_eq!(bank.replace('.', "").parse::<i128>()?, -paid);
    scene.holds()
}
