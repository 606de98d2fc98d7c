//! From an approved draft to money in the bank: files go to a bank that is not ours, what it answers is taken in, and a cycle is sealed.

mod ach;
mod assigned;
mod collected;
mod erased;
mod exchanged;
mod files;
mod kills;
mod planted;
mod put;
mod refused;
mod remitted;
mod scene;
mod seeds;
pub mod statements;
mod undone;

use crate::support::{also_on_postgres, stderr};
use anyhow::{Context, Result, ensure};
use scene::{MID, Scene, iban, party_record};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;

also_on_postgres!(a_month_is_paid_and_sealed_though_one_payment_is_rejected_and_one_comes_back, a_release_can_leave_parties_out);

fn line<'a>(draft: &'a Value, party: &str) -> Result<&'a Value> {
    let lines = draft["lines"].as_array().context("no lines")?;
    lines.iter().find(|line| line["party"] == party).with_context(|| format!("no {party} in {draft}"))
}

#[test]
fn a_month_is_paid_and_sealed_though_one_payment_is_rejected_and_one_comes_back() -> Result<()> {
    let mut scene = Scene::of(6)?;
    // The account of the second is closed, as only the bank knows.
    scene.load(&party_record(2, &iban("NL", "MOCK0000000003")))?;
    let october = scene.approve("2026-10")?;
    let name = released(&scene, &october)?;
    let back = scene.payments("2026-10")?["pty_4"]["payment"].clone();
    told_twice(&mut scene, &name, &back)?;
    paid_anew(&mut scene)?;
    sealed(&scene)?;
    owed_again(&mut scene, &october, &back)
}

/// October's payouts are in one file, which nobody else may read; its name.
fn released(scene: &Scene, october: &Value) -> Result<String> {
    let said = scene.data.json(Scene::releasing("2026-10"))?;
    assert_eq!((&said["released"]["payments"], &said["released"]["sums"][0]["amount"]), (&json!(6), &october["paid"]), "{said}");
    let files = scene.files()?;
    let name = files.keys().next().context("no file")?.clone();
    assert_eq!((files.len(), name.as_str()), (1, "mid_guild-EUR-2026-10-sepa-1.xml"));
    let mode = fs::metadata(scene.data.path().join("files").join(&name))?.permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(scene.states("2026-10")?, [("released".to_owned(), 6)].into());
    assert_eq!(scene.balance("in_flight:pty_4")?, format!("-{}", paid(october, "pty_4")?));
    scene.holds()?;
    Ok(name)
}

/// What the bank says of it, once and again: one payment is rejected, and one comes back after two days.
fn told_twice(scene: &mut Scene, name: &str, back: &Value) -> Result<()> {
    let behaviour = json!({"behaviour": "return-later", "parameters": {"days": 2, "reason": "MD07", "end_to_end_id": back}});
    scene.ask(&json!({"accounts": {"ACME": {"balance": 100_000_000_000_i64}}}), "none")?;
    scene.ask(&json!({"accounts": {"ACME": behaviour}}), "none")?;
    let report = scene.pay(name, "october")?;
    assert_eq!(scene.book(&report)?, 0);
    assert_eq!(scene.states("2026-10")?, [("accepted".to_owned(), 5), ("rejected".to_owned(), 1)].into());
    // The bank names the account in its reason.
    assert_eq!(scene.payments("2026-10")?["pty_2"]["reason"], "AC04: the creditor account ***0003 is closed");
    let reconciled = scene.data.run(Scene::moves("reconcile", "2026-10", &[]))?;
    ensure!(reconciled.status.code() == Some(1) && stderr(&reconciled).contains("farthing bank book"), "{}", stderr(&reconciled));
    scene.holds()?;

    let days = scene.ask(&json!({"days": 9}), "days")?;
    ensure!(days.iter().any(|name| name.contains("camt.053")) && days.iter().any(|name| name.contains("camt.054")), "{days:?}");
    assert_eq!(scene.book(&days)?, 0);
    assert_eq!(scene.states("2026-10")?, [("rejected".to_owned(), 1), ("returned".to_owned(), 1), ("settled".to_owned(), 4)].into());
    let before = (scene.payments("2026-10")?, scene.data.json(["trial-balance"])?, scene.data.json(["ledger", "check"])?);
    // All again, in another order: nothing changes.
    let again: Vec<String> = days.iter().rev().chain(&report).cloned().collect();
    assert_eq!(scene.book(&again)?, 0);
    assert_eq!((scene.payments("2026-10")?, scene.data.json(["trial-balance"])?, scene.data.json(["ledger", "check"])?), before);
    scene.holds()
}

/// The books of a cycle that only carries what others left are as whole as any: its approval moves nothing, and is in the archive all the same.
#[test]
fn a_cycle_in_which_nothing_moves_is_sealed_too() -> Result<()> {
    let scene = Scene::of(1)?;
    let carrying = format!(
        r#"{{"kind":"mid","id":"{MID}","fee":"0.05","currency":"EUR","thresholds":[{{"method":"sepa","currency":"EUR","amount":"1000000"}}]}}"#
    );
    scene.load(&carrying)?;
    for cycle in ["2026-10", "2026-11", "2026-12"] {
        scene.approve(cycle)?;
        scene.data.json(Scene::releasing(cycle))?;
        scene.step("reconcile", cycle, &[])?;
        scene.step("seal", cycle, &[])?;
        scene.holds()?;
    }
    let exported = scene.data.path().join("books.journal");
    fs::write(&exported, scene.data.ok(["journal", "export", "--hledger"])?)?;
    crate::journal::exported::strictly_accepted(&exported)
}

fn reissuing(party: &str) -> Vec<&str> {
    Scene::moves("reissue", "2026-10", &["--party", party, "--why", "new account", "--now", scene::NOW, "--out", "files"])
}

/// The rejected one is paid anew, once its account is mended; none other is.
fn paid_anew(scene: &mut Scene) -> Result<()> {
    let refused = scene.data.run(reissuing("pty_1"))?;
    ensure!(refused.status.code() == Some(1) && stderr(&refused).contains("settled"), "{}", stderr(&refused));
    scene.load(&party_record(2, &iban("NL", "MOCK0000000777")))?;
    scene.data.json(reissuing("pty_2"))?;
    let anew = scene.payments("2026-10")?["pty_2"].clone();
    assert_eq!((&anew["state"], &anew["attempt"]), (&json!("released"), &json!(2)), "{anew}");
    ensure!(anew["replaces"].as_str().is_some_and(|id| id.ends_with("-2610-1")), "{anew}");
    let twice = scene.data.run(reissuing("pty_2"))?;
    ensure!(twice.status.code() == Some(1) && stderr(&twice).contains("released"), "{}", stderr(&twice));
    let report = scene.pay("mid_guild-EUR-2026-10-sepa-2.xml", "anew")?;
    let days = scene.ask(&json!({"days": 5}), "later")?;
    assert_eq!(scene.book(&[report, days].concat())?, 0);
    scene.holds()
}

fn sealed(scene: &Scene) -> Result<()> {
    scene.step("reconcile", "2026-10", &[])?;
    let sealed = scene.step("seal", "2026-10", &[])?;
    let root = scene.data.json(["settle", "root", "--mid", MID, "--cycle", "2026-10"])?;
    assert_eq!((&sealed["root"], &root["sealed"]), (&root["root"], &json!(true)));
    // The journal and the payouts are in the archive.
    let files = scene.data.json(["archive", "list"])?;
    let rows = |table: &str| -> u64 {
        let files = files["files"].as_array().into_iter().flatten();
        files.filter(|file| file["table"] == table).filter_map(|file| file["rows"].as_u64()).sum()
    };
    ensure!(rows("payouts") == 7 && rows("journal") > 20, "{files}");
    scene.data.ok(["archive", "check"])?;
    let late = scene.data.run(reissuing("pty_4"))?;
    ensure!(late.status.code() == Some(1) && stderr(&late).contains("sealed"), "{}", stderr(&late));
    scene.holds()
}

/// What came back is owed again, and paid with November.
fn owed_again(scene: &mut Scene, october: &Value, back: &Value) -> Result<()> {
    let november = scene.approve("2026-11")?;
    assert_eq!(november["returned"], json!([{"payment": back, "party": "pty_4", "amount": paid(october, "pty_4")?}]));
    scene.data.json(Scene::releasing("2026-11"))?;
    assert_eq!(scene.balance("in_flight:pty_4")?, format!("-{}", paid(&november, "pty_4")?));
    let report = scene.pay("mid_guild-EUR-2026-11-sepa-1.xml", "november")?;
    let days = scene.ask(&json!({"accounts": {"ACME": {"behaviour": "ok"}}, "days": 9}), "last")?;
    assert_eq!(scene.book(&[report, days].concat())?, 0);
    scene.step("reconcile", "2026-11", &[])?;
    scene.step("seal", "2026-11", &[])?;
    scene.holds()
}

fn paid(draft: &Value, party: &str) -> Result<String> {
    Ok(line(draft, party)?["paid"].as_str().context("no amount")?.to_owned())
}

#[test]
fn a_release_can_leave_parties_out() -> Result<()> {
    let scene = Scene::of(4)?;
    scene.load(&party_record(1, "NL00MOCK0000000001"))?;
    let draft = scene.approve("2026-10")?;
    let refused = scene.data.run(Scene::releasing("2026-10"))?;
    let said = stderr(&refused);
    ensure!(refused.status.code() == Some(1) && said.contains("pty_1") && said.contains("check digits"), "{said}");
    ensure!(!said.contains("MOCK0000000001"), "an account number is shown: {said}");
    assert_eq!(scene.data.json(["settle", "status"])?["cycles"][0]["state"], "approved");
    let said = scene.data.json([&Scene::releasing("2026-10")[..], &["--leave-out", "pty_3", "--leave-out-unpayable"]].concat())?;
    assert_eq!((&said["released"]["payments"], &said["released"]["left_out"]), (&json!(2), &json!(2)), "{said}");
    assert_eq!(scene.states("2026-10")?, [("rejected".to_owned(), 2), ("released".to_owned(), 2)].into());
    ensure!(scene.payments("2026-10")?["pty_1"]["reason"].as_str().is_some_and(|why| why.contains("check digits")));
    scene.holds()?;
    // What was left out is owed again with the next draft.
    let november = scene.approve("2026-11")?;
    let parties: Vec<&str> = november["returned"].as_array().into_iter().flatten().filter_map(|line| line["party"].as_str()).collect();
    assert_eq!(parties.len(), 2, "{november}");
    let carried = line(&november, "pty_3")?["carried_in"].as_str().context("no amount")?;
    let line = line(&draft, "pty_3")?;
    let sum = |left: &str, right: &str| -> Result<i128> {
        let units = |text: &str| text.replace('.', "").parse::<i128>();
        Ok(units(left)? + units(right)?)
    };
    assert_eq!(
        carried.replace('.', "").parse::<i128>()?,
        sum(line["paid"].as_str().context("no amount")?, line["carried_out"].as_str().context("no amount")?)?
    );
    scene.holds()
}
