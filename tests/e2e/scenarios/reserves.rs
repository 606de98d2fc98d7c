//! Money kept in reserve of what each cycle brings: shown, on an account of its own, and given back once its time is over.

use super::holds::{approve, balance, holds};
use super::scene::{Scene, amount, event, line, units};
use super::{NOVEMBER, OCTOBER};
use crate::support::also_on_postgres;
use anyhow::{Result, ensure};
use serde_json::json;

fn scene() -> Result<Scene> {
    let scene = Scene::new()?;
    for actor in ["zoe", "yan"] {
        scene.data.ok(["actor", "add", actor, "--person", actor, "--key", &format!("{actor}.pem")])?;
    }
    Ok(scene)
}

#[test]
fn a_quarter_is_kept_for_a_cycle_and_given_back() -> Result<()> {
    let scene = scene()?;
    let add = ["hold", "add", "ana", "--mid", "mid_a", "--share", "0.25", "--cycles", "1", "--why", "agreed", "--as", "zoe"];
    let added = scene.data.json(add)?;
    assert_eq!((&added["share"], &added["cycles"]), (&json!("0.250000"), &json!(1)));
    scene.meter("october", &[event("e1", OCTOBER, "ana", "1"), event("e2", OCTOBER, "ben", "1")])?;
    scene.meter("november", &[event("e3", NOVEMBER, "ana", "2")])?;
    // 0.80 of 1.00, less a twentieth, is 0.76, and a quarter of that 0.19. December brings nothing but what November kept.
    for (cycle, [net, paid], hold) in
        [("2026-10", [76, 57], [19, 0, 19]), ("2026-11", [152, 133], [38, 19, 38]), ("2026-12", [0, 38], [0, 38, 0])]
    {
        approve(&scene, cycle)?;
        let draft = scene.draft("mid_a", cycle)?;
        assert_eq!(line(&draft, "ana")?, [net, 0, 0, paid, 0].map(amount), "{cycle}");
        assert_eq!(holds(&draft)?, [(1, hold.map(amount))], "{cycle}");
        assert_eq!((balance(&scene, "reserve")?, balance(&scene, "held")?), (-units(&amount(hold[2]))?, 0), "{cycle}");
        scene.data.ok(["check"])?;
    }
    assert_eq!(line(&scene.draft("mid_a", "2026-10")?, "ben")?[3], amount(76), "ben's is ben's");
    let listed = scene.data.ok(["hold", "list"])?;
    ensure!(listed.contains("0.250000 of each cycle, for 1"), "{listed}");
    scene.verify()
}

#[test]
fn a_statement_says_what_is_in_reserve_and_proves_it() -> Result<()> {
    let scene = scene()?;
    scene.data.ok(["hold", "add", "ana", "--mid", "mid_a", "--share", "0.25", "--limit", "0.1", "--why", "agreed"])?;
    scene.meter("october", &[event("e1", OCTOBER, "ana", "1")])?;
    approve(&scene, "2026-10")?;
    let of_ana = ["statement", "ana", "--mid", "mid_a", "--cycle", "2026-10"];
    let text = scene.data.ok(of_ana)?;
    ensure!(text.contains("kept in reserve against what may be undone") && text.contains("0.10 is in reserve after this cycle"), "{text}");
    ensure!(!text.contains("until a dispute is decided"), "{text}");
    let statement = scene.data.json([&of_ana[..], &["--format", "json"]].concat())?;
    assert_eq!(statement["reserve"], json!({"held": amount(10), "lifted": amount(0), "outstanding": amount(10)}));
    let report = scene.data.ok(["settle", "draft", "--mid", "mid_a", "--cycle", "2026-10"])?;
    ensure!(report.contains("Kept in reserve") && !report.contains("Held back in disputes"), "{report}");
    // Lifted, it is all there again, whatever its time.
    let lift = ["hold", "lift", "ana", "--mid", "mid_a", "--why", "ended"];
    ensure!(scene.refused(&lift)?.contains("a reserve is lifted by its --number"), "with a dispute, it is not lifted by the way");
    scene.data.ok([&lift[..], &["--number", "1"]].concat())?;
    approve(&scene, "2026-11")?;
    assert_eq!(line(&scene.draft("mid_a", "2026-11")?, "ana")?[3], amount(10));
    scene.data.ok(["check"])?;
    scene.verify()
}

#[test]
fn what_cannot_be_a_reserve_is_told() -> Result<()> {
    let scene = Scene::new()?;
    for (options, expected) in [
        (&["--share", "0"][..], "above 0"),
        (&["--share", "1.1"], "1.1"),
        (&["--share", "0.1", "--cycles", "0"], "0 is not in 1.."),
        (&["--cycles", "3"], "--share"),
    ] {
        let message = scene.refused(&[&["hold", "add", "ana", "--mid", "mid_a", "--why", "agreed"], options].concat())?;
        ensure!(message.contains(expected), "{options:?}: {message}");
    }
    scene.verify()
}

also_on_postgres!(a_quarter_is_kept_for_a_cycle_and_given_back);
