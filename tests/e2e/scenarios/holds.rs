//! Money that is in dispute: held back, shown, given back, and at no time anybody else's.

use super::scene::{Scene, amount, event, line, units};
use super::{DECEMBER, NOVEMBER, OCTOBER};
use crate::support::also_on_postgres;
use anyhow::{Context, Result};
use serde_json::{Value, json};

fn add(scene: &Scene, options: &[&str]) -> Result<Value> {
    scene.data.json([&["hold", "add", "ana", "--mid", "mid_a", "--why", "dispute", "--as", "zoe"], options].concat())
}

/// What a draft holds back, gives back and still holds by each hold: [number, held, lifted, outstanding].
pub fn holds(draft: &Value) -> Result<Vec<(u64, [String; 3])>> {
    let of = |line: &Value| {
        let amounts = ["held", "lifted", "outstanding"].map(|name| line[name].as_str().unwrap_or("missing").to_owned());
        Some((line["number"].as_u64()?, amounts))
    };
    draft["holds"].as_array().into_iter().flatten().map(|line| of(line).context("a hold without a number")).collect()
}

#[test]
fn what_is_held_back_is_paid_once_it_is_lifted() -> Result<()> {
    let scene = Scene::new()?;
    scene.meter("october", &[event("e1", OCTOBER, "ana", "1"), event("e2", OCTOBER, "ben", "1")])?;
    assert_eq!(add(&scene, &["--reference", "case-17"])?["number"], 1);
    let october = scene.settle("mid_a", "2026-10")?;
    // 0.80 of 1.00, less a twentieth, is 0.76: ben's is paid, ana's is there and waits.
    assert_eq!(line(&october, "ben")?, [76, 0, 0, 76, 0].map(amount));
    assert_eq!(line(&october, "ana")?, [76, 0, 0, 0, 0].map(amount));
    assert_eq!(holds(&october)?, [(1, [76, 0, 76].map(amount))]);
    assert_eq!(october["agreements"][0]["holds"], true, "the 70 % rule is judged on what is earned");

    scene.meter("november", &[event("e3", NOVEMBER, "ana", "2")])?;
    let november = scene.settle("mid_a", "2026-11")?;
    assert_eq!(holds(&november)?, [(1, [152, 0, 228].map(amount))]);
    let listed = scene.data.json(["hold", "list"])?;
    assert_eq!((&listed["holds"][0]["held"], &listed["holds"][0]["reference"]), (&json!(amount(228)), &json!("case-17")));

    scene.data.ok(["hold", "lift", "ana", "--mid", "mid_a", "--why", "case-17 is settled", "--as", "zoe"])?;
    assert_eq!(scene.draft("mid_a", "2026-11")?, november, "a final draft never changes");
    let december = scene.settle("mid_a", "2026-12")?;
    assert_eq!(line(&december, "ana")?, [0, 0, 0, 228, 0].map(amount));
    assert_eq!(holds(&december)?, [(1, [0, 228, 0].map(amount))]);
    assert_eq!(scene.data.json(["hold", "list"])?["holds"], json!([]));
    assert_eq!(scene.data.json(["hold", "list", "--all"])?["holds"][0]["lifted"]["reason"], "case-17 is settled");

    // SPEC section 5, number 6, over the three cycles.
    let drafts = [&october, &november, &december];
    let sum = |at: usize| drafts.iter().map(|draft| units(&line(draft, "ana")?[at])).sum::<Result<i128>>();
    assert_eq!(sum(0)?, sum(3)?, "net to date is paid");
    scene.verify()
}

#[test]
fn a_hold_with_a_limit_holds_no_more_over_all_cycles() -> Result<()> {
    let scene = Scene::new()?;
    add(&scene, &["--limit", "1"])?;
    for (cycle, time, held, outstanding, paid) in
        [("2026-10", OCTOBER, 76, 76, 0), ("2026-11", NOVEMBER, 24, 100, 52), ("2026-12", DECEMBER, 0, 100, 76)]
    {
        scene.meter(cycle, &[event(cycle, time, "ana", "1")])?;
        let draft = scene.settle("mid_a", cycle)?;
        assert_eq!(holds(&draft)?, [(1, [held, 0, outstanding].map(amount))], "{cycle}");
        assert_eq!(line(&draft, "ana")?, [76, 0, 0, paid, 0].map(amount), "{cycle}");
    }
    scene.verify()
}

#[test]
fn a_hold_is_of_one_mid_and_lifting_one_leaves_the_others() -> Result<()> {
    let scene = Scene::new()?;
    scene.meter("october", &[event("e1", OCTOBER, "ana", "1"), event("c1", OCTOBER, "cem", "1")])?;
    add(&scene, &["--limit", "0.50"])?;
    add(&scene, &["--limit", "0.10"])?;
    scene.data.ok(["hold", "lift", "ana", "--mid", "mid_a", "--number", "1", "--why", "a mistake"])?;
    assert_eq!(line(&scene.settle("mid_b", "2026-10")?, "cem")?, [76, 0, 0, 76, 0].map(amount));
    let october = scene.settle("mid_a", "2026-10")?;
    assert_eq!(holds(&october)?, [(2, [10, 0, 10].map(amount))], "a hold that was lifted before it held anything is nothing");
    scene.verify()
}

/// Makes the final draft of mid_a's cycle with one key and approves it with another's.
pub fn approve(scene: &Scene, cycle: &str) -> Result<()> {
    scene.close("mid_a", cycle)?;
    let of_cycle = ["--mid", "mid_a", "--cycle", cycle];
    let draft = scene.data.json([&["settle", "draft", "--as", "zoe", "--key", "zoe.pem"], &of_cycle[..]].concat())?;
    let sha256 = draft["draft_sha256"].as_str().context("a draft without a hash")?;
    let approve = ["settle", "approve", "--draft", sha256, "--as", "yan", "--key", "yan.pem"];
    scene.data.ok([&approve, &of_cycle[..]].concat()).map(drop)
}

/// The balance of an account of a party, a debit above 0.
pub fn balance(scene: &Scene, account: &str) -> Result<i128> {
    let sheet = scene.data.json(["trial-balance", "--by", "account"])?;
    let lines = sheet["lines"].as_array().context("a trial balance without lines")?;
    let line = lines.iter().find(|line| line["account"] == account && line["owner"] == "ana");
    line.map_or(Ok(0), |line| units(line["balance"].as_str().unwrap_or_default()))
}

#[test]
fn the_books_keep_what_is_held_on_an_account_of_its_own() -> Result<()> {
    let scene = Scene::new()?;
    for actor in ["zoe", "yan"] {
        scene.data.ok(["actor", "add", actor, "--person", actor, "--key", &format!("{actor}.pem")])?;
    }
    scene.meter("october", &[event("e1", OCTOBER, "ana", "1")])?;
    add(&scene, &["--limit", "0.50"])?;
    approve(&scene, "2026-10")?;
    assert_eq!((balance(&scene, "held")?, balance(&scene, "party_payable")?), (-units(&amount(50))?, -units(&amount(26))?));
    scene.data.ok(["hold", "lift", "ana", "--mid", "mid_a", "--why", "settled"])?;
    approve(&scene, "2026-11")?;
    assert_eq!((balance(&scene, "held")?, balance(&scene, "party_payable")?), (0, -units(&amount(76))?));
    scene.data.ok(["check"])?;
    scene.verify()
}

#[test]
fn a_preview_shows_what_would_be_held() -> Result<()> {
    let scene = Scene::new()?;
    scene.meter("october", &[event("e1", OCTOBER, "ana", "1")])?;
    assert!(scene.draft("mid_a", "2026-10")?["holds"].is_null(), "drafts without holds are as they always were");
    add(&scene, &[])?;
    assert_eq!(holds(&scene.draft("mid_a", "2026-10")?)?, [(1, [76, 0, 76].map(amount))]);
    let report = scene.data.ok(["settle", "draft", "--mid", "mid_a", "--cycle", "2026-10"])?;
    assert!(report.contains("Held back in disputes"), "{report}");
    Ok(())
}

#[test]
fn what_cannot_be_held_or_lifted_is_told() -> Result<()> {
    let scene = Scene::new()?;
    let why = ["--why", "dispute"];
    for (options, expected) in [
        (&["add", "nobody", "--mid", "mid_a"][..], "nobody is not a party"),
        (&["add", "ana", "--mid", "mid_x"], "mid_a"),
        (&["add", "ana", "--mid", "mid_a", "--limit", "0"], "above 0"),
        (&["add", "ana", "--mid", "mid_a", "--limit", "-5"], "-5"),
        (&["add", "ana", "--mid", "mid_a", "--limit", "1.0000000000001"], "1.0000000000001"),
        (&["add", "ana", "--mid", "mid_a", "--reference", " "], "--reference says nothing"),
        (&["lift", "ana", "--mid", "mid_a"], "no hold on ana"),
        (&["lift", "ana", "--mid", "mid_a", "--number", "7"], "no hold 7"),
    ] {
        let message = scene.refused(&[&["hold"], options, &why].concat())?;
        assert!(message.contains(expected), "{options:?}: {message}");
    }
    assert!(scene.refused(&["hold", "add", "ana", "--mid", "mid_a", "--why", " "])?.contains("--why says nothing"));
    let forged = scene.refused(&["hold", "add", "ana", "--mid", "mid_a", "--why", "dispute", "--as", "zoe\nyan"])?;
    assert!(forged.contains("--as has control characters"), "{forged}");
    assert!(scene.refused(&["hold", "list", "--mid", "mid_x"])?.contains("mid_a"));
    add(&scene, &[])?;
    scene.data.ok(["hold", "lift", "ana", "--mid", "mid_a", "--why", "done"])?;
    assert!(scene.refused(&["hold", "lift", "ana", "--mid", "mid_a", "--why", "again"])?.contains("no hold on ana"));
    scene.verify()
}

also_on_postgres!(
    what_is_held_back_is_paid_once_it_is_lifted,
    a_hold_with_a_limit_holds_no_more_over_all_cycles,
    the_books_keep_what_is_held_on_an_account_of_its_own,
);
