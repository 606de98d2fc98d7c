//! Payments that arrive in another currency than the draft's.

use super::scene::{MID, NOW, Scene, account_of};
use crate::support::stderr;
use anyhow::{Context, Result, ensure};
use serde_json::json;
use std::fs;

/// A scene whose second party is paid in dollars.
fn scene() -> Result<Scene> {
    let scene = Scene::of(2)?;
    let payout = json!({"method": "swift", "currency": "USD", "iban": account_of(1), "bic": "INGBNL2AXXX"});
    let records = [
        json!({"kind": "party", "id": "pty_1", "name": "Zoe", "type": "person", "payout": payout}),
        json!({"kind": "exchange_rate", "from": "EUR", "to": "USD", "rate": "1.1", "source": "ECB", "time": "2026-10-30T15:00:00Z"}),
    ];
    scene.load(&records.map(|record| record.to_string()).join("\n"))?;
    let path = scene.data.path().join("farthing.toml");
    let more = "[payers.mid_guild.swift]\nformat = 'pain.001.001.09'\nscheme = 'plain'\nname = 'Guild eG'\niban = 'DE89370400440532013000'\nbic = 'COBADEFFXXX'\n";
    fs::write(&path, fs::read_to_string(&path)? + more)?;
    Ok(scene)
}

/// What fails in dollars is owed again in dollars, by a draft in them: and then it is not paid anew as well.
#[test]
fn what_arrives_in_another_currency_is_booked_and_owed_in_it() -> Result<()> {
    let scene = scene()?;
    scene.approve("2026-10")?;
    let said = scene.data.json(Scene::releasing("2026-10"))?;
    assert_eq!(said["released"]["sums"].as_array().map(Vec::len), Some(2), "{said}");
    assert_eq!(scene.files()?.keys().collect::<Vec<_>>(), ["mid_guild-EUR-2026-10-sepa-1.xml", "mid_guild-USD-2026-10-swift-2.xml"]);
    let payment = scene.payments("2026-10")?["pty_1"].clone();
    assert_eq!(payment["currency"], "USD");
    scene.holds()?;
    let id = payment["payment"].as_str().context("no id")?;
    fs::write(scene.data.path().join("rejected"), crate::bank::REPORT.replace("ONE-2610-1", id))?;
    assert_eq!(scene.book(&["rejected".to_owned()])?, 0);
    scene.holds()?;

    let dollars = ["--currency", "USD"];
    scene.step("close", "2026-11", &[&dollars[..], &["--now", "2027-01-01T00:00:00Z"]].concat())?;
    let draft = scene.step("draft", "2026-11", &dollars)?;
    assert_eq!(draft["returned"][0]["payment"], id, "{draft}");
    let reissue = ["--party", "pty_1", "--why", "try", "--now", NOW, "--out", "files"];
    let refused = scene.data.run(Scene::moves("reissue", "2026-10", &reissue))?;
    ensure!(refused.status.code() == Some(1) && stderr(&refused).contains("in its balance again"), "{}", stderr(&refused));
    let sha256 = draft["draft_sha256"].as_str().context("no hash")?;
    scene.step("approve", "2026-11", &[&dollars[..], &["--draft", sha256]].concat())?;
    scene.step("release", "2026-11", &[&dollars[..], &["--now", NOW, "--out", "files"]].concat())?;
    assert_eq!(draft["lines"][0]["paid"], payment["amount"]);
    scene.holds()
}

/// Files of one cycle in two currencies, released on one day, have ids and names of their own.
#[test]
fn nothing_is_written_over() -> Result<()> {
    let scene = scene()?;
    scene.approve("2026-10")?;
    scene.data.json(Scene::releasing("2026-10"))?;
    let before = scene.files()?;
    let name = before.keys().next().context("no file")?;
    // Another file of that name is not touched.
    fs::write(scene.data.path().join("files").join(name), "somebody else's")?;
    let again = scene.data.run(["settle", "files", "--mid", MID, "--cycle", "2026-10", "--out", "files"])?;
    ensure!(again.status.code() == Some(2) && stderr(&again).contains("another file of that name"), "{}", stderr(&again));
    scene.data.ok(["settle", "files", "--mid", MID, "--cycle", "2026-10", "--out", "others"])?;
    assert_eq!(fs::read(scene.data.path().join("others").join(name))?, before[name]);
    Ok(())
}
