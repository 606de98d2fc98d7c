//! A ledger's server that is killed, cuts connections or stays away while its ledger is used.

use super::child::Running;
use super::scene::{Scene, expected, meter, refused, same, words};
use crate::dice::Dice;
use crate::services::postgres;
use crate::support::{Data, also_on_postgres, stderr};
use anyhow::{Context, Result, ensure};
use std::thread;
use std::time::Duration;

fn scene_on(url: String) -> Result<Scene> {
    let scene = Scene::bare_in(Data::on(url)?)?;
    scene.ok(&words("registry load registry.ndjson"))?;
    Ok(scene)
}

/// The server is killed and started again in the middle of batches, and the same process goes on to the same result.
#[test]
fn a_server_that_is_killed_during_batches_changes_nothing() -> Result<()> {
    let server = postgres::alone();
    let mut dice = Dice::new(0x5E4E);
    let mut noted = 0;
    for life in 0..3 {
        let scene = scene_on(server.database())?;
        let mut running = Running::start(&mut scene.command(&meter(3)))?;
        for _ in 0..3 {
            if running.ends_within(Duration::from_millis(150 + dice.below(400)))? {
                break;
            }
            server.kill();
            server.start();
        }
        let output = running.output()?;
        ensure!(output.status.success(), "life {life}: {}", stderr(&output));
        noted += stderr(&output).matches("does not answer").count();
        same(&scene.outcome()?, expected()?, &format!("life {life}, its server killed"))?;
    }
    ensure!(noted > 0, "no process ever met the outage");
    Ok(())
}

/// Patience ends: the process says why and what to do, and the next one goes on.
#[test]
fn a_server_that_stays_away_ends_metering_in_order() -> Result<()> {
    let server = postgres::alone();
    let scene = scene_on(server.database())?;
    let mut patient = meter(2);
    patient.extend(words("--ledger-patience 1"));
    let mut running = Running::start(&mut scene.command(&patient))?;
    ensure!(!running.ends_within(Duration::from_millis(300))?, "it ended before the server was killed");
    server.kill();
    let output = running.output();
    server.start();
    let output = output?;
    // It may have been done before the server was killed.
    let said = stderr(&output);
    let ended =
        output.status.code() == Some(2) && said.contains("does not answer") && said.contains("the ledger's database is not available");
    ensure!(ended || output.status.success(), "{output:?}");
    same(&scene.outcome()?, expected()?, "its server away for too long")
}

/// Two processes: the second is refused while the first meters, and let in once it is killed.
#[test]
fn only_one_process_meters() -> Result<()> {
    let scene = scene_on(postgres::server().database())?;
    let mut first = Running::start(&mut scene.command(&words("meter --follow a.ndjson")))?;
    thread::sleep(Duration::from_secs(1));
    ensure!(first.ended()?.is_none(), "the first process has ended");
    let second = scene.run(&meter(100))?;
    refused(&second, &["another process is metering files into this ledger", "postgres://farthing@"])?;
    first.kill_9()?;
    scene.ok(&meter(100)).context("after the first was killed")?;
    same(&scene.outcome()?, expected()?, "one after the other")
}

/// Whatever bytes come in, the server can keep them: text of PostgreSQL cannot hold a zero.
#[test]
fn zeros_in_events_are_kept() -> Result<()> {
    let scene = scene_on(postgres::server().database())?;
    let event = r#"{"specversion":"1.0","id":"e","source":"//s","type":"farthing.usage.inference.v1","time":"2026-10-03T09:12:44Z","data":{"platform":"plt_red","revenue":{"amount":"1","currency":"USD"},"attribution":{"kind":"share","entries":[{"party":"pty_00","weight":1}]}}}"#;
    let zero = r"\u0000";
    let mut lines = vec![event.to_owned(), "\0{\0".to_owned()];
    for word in ["1.0", "\"e\"", "//s", "inference", "09:12:44Z", "plt_red", "USD", "share", "pty_00", "\"amount\":\"1"] {
        lines.push(event.replace(word, &word.replacen(|c: char| c.is_alphanumeric(), &format!("x{zero}"), 1)));
    }
    std::fs::write(scene.data.path().join("zeros.ndjson"), lines.join("\n") + "\n")?;
    let counted = scene.json(&words("meter zeros.ndjson --now 2026-11-05T00:00:00Z"))?;
    ensure!(counted["read"] == lines.len(), "{counted}");
    scene.sound()
}

#[test]
fn the_ledger_is_checked_and_migrated() -> Result<()> {
    let scene = Scene::new()?;
    scene.ok(&meter(50))?;
    let checked = scene.ok(&words("ledger check"))?;
    ensure!(checked.starts_with("Checked"), "{checked}");
    let migrated = scene.ok(&words("ledger migrate"))?;
    ensure!(migrated.contains("nothing to do"), "{migrated}");
    Ok(())
}

also_on_postgres!(the_ledger_is_checked_and_migrated);
