//! Scenes of what happens over time, between runs and after closing: what the oracle does not play.

mod adjustments;
mod exchange;
mod heirs;
mod holds;
mod memory;
mod reserves;
pub mod scene;
mod taxes;

use crate::support::also_on_postgres;
use anyhow::{Context, Result};
use scene::{Scene, amount, event, event_of, line, registry, reversal, units};
use serde_json::{Value, json};
use std::fs;

const OCTOBER: &str = "2026-10-10T12:00:00Z";
const NOVEMBER: &str = "2026-11-10T12:00:00Z";
const DECEMBER: &str = "2026-12-10T12:00:00Z";

#[test]
fn a_late_event_goes_to_the_next_open_cycle_and_is_marked() -> Result<()> {
    let scene = Scene::new()?;
    scene.meter("first", &[event("e1", OCTOBER, "ana", "1"), event("c1", OCTOBER, "cem", "1")])?;
    let october = scene.settle("mid_a", "2026-10")?;
    assert_eq!(line(&october, "ana")?, [76, 0, 0, 76, 0].map(amount));

    scene.meter("late", &[event("e2", OCTOBER, "ana", "2"), event("c2", OCTOBER, "cem", "2"), event("s1", OCTOBER, "dora", "1")])?;
    let late = scene.statement("ana", "2026-11")?;
    assert_eq!(late.len(), 1);
    assert_eq!(
        (&late[0]["late"], &late[0]["time"], &late[0]["undone"]),
        (&json!(true), &json!("2026-10-10T12:00:00.000000Z"), &Value::Null)
    );
    assert_eq!(scene.statement("ana", "2026-10")?.len(), 1);
    // Only mid_a closed: what is mid_b's or nobody's stays where its time puts it.
    assert_eq!(scene.statement("cem", "2026-10")?.iter().filter(|line| line["late"] == false).count(), 2);
    assert_eq!(scene.statement("dora", "2026-10")?.len(), 1);

    assert_eq!(scene.draft("mid_a", "2026-10")?, october, "a final draft never changes");
    assert_eq!(line(&scene.settle("mid_a", "2026-11")?, "ana")?, [152, 0, 0, 152, 0].map(amount));
    scene.meter("later", &[event("e3", OCTOBER, "ana", "1")])?;
    assert_eq!(scene.statement("ana", "2026-12")?.len(), 1, "two cycles are closed: December is the earliest open one");
    scene.verify()
}

#[test]
fn what_reverses_a_closed_cycle_stands_apart_on_its_terms() -> Result<()> {
    let scene = Scene::new()?;
    scene.meter("october", &[event("e1", OCTOBER, "ana", "1"), event("e2", OCTOBER, "ben", "1")])?;
    let october = scene.settle("mid_a", "2026-10")?;
    // Since then the MID takes twice the fee; what ana gives back is what she got.
    let mut dearer = registry().into_iter().find(|record| record["id"] == "mid_a").context("mid_a")?;
    dearer["fee"] = "0.10".into();
    scene.load(&[dearer])?;
    assert_eq!(scene.meter("november", &[event("e3", NOVEMBER, "ana", "0.50"), reversal("r1", NOVEMBER, "e1")])?, [2, 2, 0, 0]);
    let undone = scene.statement("ana", "2026-11")?.into_iter().find(|line| line["id"] == "r1").context("the reversal's line")?;
    assert_eq!((&undone["undone"], &undone["late"], &undone["gross"]), (&json!("2026-10"), &json!(true), &json!("-1.000000000000")));

    let november = scene.settle("mid_a", "2026-11")?;
    assert_eq!(line(&november, "ana")?, [36 - 76, 0, 0, 0, -40].map(amount));
    // Outside the sums of the 70 % rule: 0.36 of 0.50 holds, and would not with -0.40 of -0.50.
    let agreement = &november["agreements"][0];
    assert_eq!((&agreement["gross"], &agreement["net"], &agreement["holds"]), (&json!(amount(50)), &json!(amount(36)), &json!(true)));

    // What she owes is taken from later earnings, at most a quarter of them at a time.
    scene.meter("december", &[event("e4", DECEMBER, "ana", "1")])?;
    let december = scene.settle("mid_a", "2026-12")?;
    assert_eq!(line(&december, "ana")?, [72, 18, -40, 54, -22].map(amount));
    let drafts = [&october, &november, &december];
    let sum = |at: usize| drafts.iter().map(|draft| units(&line(draft, "ana")?[at])).sum::<Result<i128>>();
    assert_eq!(sum(0)?, sum(3)? + units(&amount(-22))?, "net to date = paid + carried");
    scene.verify()
}

#[test]
fn a_reversal_in_an_open_cycle_leaves_nothing() -> Result<()> {
    let scene = Scene::new()?;
    scene.meter("first", &[event("e1", OCTOBER, "ana", "1"), event("e2", OCTOBER, "ana", "3")])?;
    scene.data.ok(["archive", "compact"])?;
    // Its own time is November's; it goes where its original is.
    assert_eq!(scene.meter("second", &[reversal("r1", NOVEMBER, "e1")])?, [1, 1, 0, 0]);
    assert_eq!(scene.gross("ana", "payable")?, amount(300));
    assert_eq!(line(&scene.draft("mid_a", "2026-10")?, "ana")?[0], amount(228));
    assert!(scene.statement("ana", "2026-11")?.is_empty());
    // Again it is a copy; under another name it is too late, and so is one of a reversal.
    let more =
        [reversal("r1", NOVEMBER, "e1"), reversal("r2", NOVEMBER, "e1"), reversal("r3", NOVEMBER, "r1"), reversal("r4", NOVEMBER, "e9")];
    assert_eq!(scene.meter("third", &more)?, [4, 0, 1, 3]);
    assert!(scene.dead_letters()?.iter().all(|(_, code)| code == "unknown_original"));
    assert_eq!(scene.meter("fourth", &[event("e1", OCTOBER, "ana", "1")])?, [1, 0, 1, 0], "what was undone does not come back");
    assert_eq!(scene.gross("ana", "payable")?, amount(300));
    scene.verify()
}

#[test]
fn a_reversal_finds_its_original_in_every_batch_of_its_run() -> Result<()> {
    let scene = Scene::new()?;
    let originals = (0..20).map(|n| event(&format!("e{n}"), OCTOBER, "ana", "1"));
    let reversals = (0..20).map(|n| reversal(&format!("r{n}"), OCTOBER, &format!("e{n}")));
    let events: Vec<Value> = originals.chain(reversals).collect();
    assert_eq!(scene.meter_with("all", &events, &["--batch-events", "3"])?, [40, 40, 0, 0]);
    assert_eq!(scene.gross("ana", "payable")?, "none");
    scene.verify()
}

#[test]
fn what_is_left_out_joins_the_next_cycle() -> Result<()> {
    let scene = Scene::new()?;
    // 0.75 less 10 % is below 0.70: agr_train is refused.
    let mut dearer = registry().into_iter().find(|record| record["id"] == "mid_a").context("mid_a")?;
    dearer["fee"] = "0.10".into();
    scene.load(&[dearer.clone()])?;
    scene.meter("october", &[event("e1", OCTOBER, "ana", "1"), event_of("training", "t1", OCTOBER, "ana", "2")])?;
    scene.close("mid_a", "2026-10")?;
    let refused = scene.data.run(["settle", "draft", "--mid", "mid_a", "--cycle", "2026-10"])?;
    assert_eq!(refused.status.code(), Some(1));
    let october = scene.data.json(["settle", "draft", "--mid", "mid_a", "--cycle", "2026-10", "--without", "agr_train"])?;
    assert_eq!(line(&october, "ana")?, [72, 0, 0, 72, 0].map(amount));
    assert_eq!(october["agreements"].as_array().map(Vec::len), Some(1));

    scene.meter("november", &[event_of("training", "t2", NOVEMBER, "ana", "4")])?;
    dearer["fee"] = "0.02".into();
    scene.load(&[dearer])?;
    let november = scene.settle("mid_a", "2026-11")?;
    // 6.00 x 0.75 less 2 %: October's 2.00 and November's 4.00, on the terms of the draft that they are in.
    assert_eq!(line(&november, "ana")?, [441, 0, 0, 441, 0].map(amount));
    assert_eq!(november["agreements"][0]["gross"], amount(600));
    scene.meter("december", &[event("e2", DECEMBER, "ana", "1")])?;
    assert_eq!(line(&scene.settle("mid_a", "2026-12")?, "ana")?[0], "0.784000000000", "and is settled once");
    scene.verify()
}

#[test]
fn leaving_an_agreement_out_leaves_its_claims_where_they_are() -> Result<()> {
    let scene = Scene::new()?;
    // ben denies: what the agreement would promise him is a claim on the platform, which no draft settles and none defers.
    scene.load(&[json!({"kind": "consent", "party": "ben", "use": "training", "decision": "n", "from": "2026-01-01T00:00:00Z"})])?;
    scene.meter("october", &[event_of("training", "t1", OCTOBER, "ana", "2"), event_of("training", "t2", OCTOBER, "ben", "2")])?;
    scene.close("mid_a", "2026-10")?;
    scene.data.ok(["settle", "draft", "--mid", "mid_a", "--cycle", "2026-10", "--without", "agr_train"])?;
    let november = scene.settle("mid_a", "2026-11")?;
    assert_eq!(november["lines"].as_array().map(Vec::len), Some(1));
    assert_eq!(line(&november, "ana")?[0], "1.425000000000");
    assert_eq!(scene.gross("ben", "unlicensed")?, amount(200));
    scene.verify()
}

#[test]
fn what_reverses_something_left_out_is_on_the_terms_it_was_settled_on() -> Result<()> {
    let scene = Scene::new()?;
    scene.meter("october", &[event("e1", OCTOBER, "ana", "1"), event_of("training", "t1", OCTOBER, "ana", "2")])?;
    scene.close("mid_a", "2026-10")?;
    scene.data.ok(["settle", "draft", "--mid", "mid_a", "--cycle", "2026-10", "--without", "agr_train"])?;
    // Undone before it was ever settled: nothing is left of it.
    scene.meter("november", &[reversal("r1", NOVEMBER, "t1"), event("e2", NOVEMBER, "ana", "1")])?;
    let november = scene.settle("mid_a", "2026-11")?;
    assert_eq!(line(&november, "ana")?, [76, 0, 0, 76, 0].map(amount));
    scene.verify()
}

#[test]
fn cycles_close_in_order_and_not_before_their_end() -> Result<()> {
    let scene = Scene::new()?;
    scene.meter("events", &[event("e1", OCTOBER, "ana", "1"), event("e2", NOVEMBER, "ana", "1")])?;
    let early = ["settle", "close", "--mid", "mid_a", "--cycle", "2026-10", "--now", "2026-10-31T23:59:59.999999Z"];
    assert!(scene.refused(&early)?.contains("2026-11-01T00:00:00"), "the message names the earliest time");
    let close = |cycle| ["settle", "close", "--mid", "mid_a", "--cycle", cycle, "--now", scene::NOW];
    assert!(scene.refused(&close("2026-11"))?.contains("2026-10"), "October comes first");
    assert!(scene.refused(&close("2027-02"))?.contains("has not ended"));
    scene.data.ok(["settle", "close", "--mid", "mid_a", "--cycle", "2026-10", "--now", "2026-11-01T00:00:00Z"])?;
    assert!(scene.refused(&close("2026-11"))?.contains("draft"), "October has no draft yet");
    scene.draft("mid_a", "2026-10")?;
    assert!(scene.refused(&close("2026-10"))?.contains("closed already"));
    scene.close("mid_a", "2026-11")?;
    let status = scene.data.json(["settle", "status"])?;
    let states: Vec<_> = status["cycles"].as_array().into_iter().flatten().map(|row| (&row["cycle"], &row["state"])).collect();
    assert_eq!(states, [(&json!("2026-10"), &json!("draft")), (&json!("2026-11"), &json!("closing"))]);
    scene.verify()
}

#[test]
fn a_statement_sums_to_the_accruals_of_its_party() -> Result<()> {
    let scene = Scene::new()?;
    let work = json!({"kind": "work", "id": "book", "parties": [{"party": "ana", "weight": 1}, {"party": "ben", "weight": 2}]});
    scene.load(&[work])?;
    let mut through = event("w1", OCTOBER, "ana", "0.000000000100");
    through["data"]["attribution"] = json!({"kind": "score", "transform": "linear", "unattributed": "0.3",
        "entries": [{"work": "book", "weight": 7}, {"party": "ana", "weight": 5}, {"work": "lost", "weight": 1}]});
    scene
        .meter("events", &[through, event("e1", OCTOBER, "ana", "3"), event("e2", NOVEMBER, "ana", "1"), reversal("r1", NOVEMBER, "e1")])?;
    let mut sums = [0, 0];
    for cycle in ["2026-10", "2026-11"] {
        for entry in scene.statement("ana", cycle)? {
            for (sum, name) in sums.iter_mut().zip(["gross", "labour"]) {
                *sum += units(entry[name].as_str().unwrap_or_default())?;
            }
        }
    }
    let document = scene.data.json(["accruals", "--by", "party"])?;
    let ana = document["lines"].as_array().into_iter().flatten().find(|line| line["party"] == "ana").context("ana")?;
    assert_eq!(sums, [units(ana["gross"].as_str().unwrap_or_default())?, units(ana["labour"].as_str().unwrap_or_default())?]);
    let through = scene.statement("ana", "2026-10")?.into_iter().find(|line| line["id"] == "w1").context("w1")?;
    assert_eq!(through["works"], json!(["book"]), "through which works it came");
    scene.verify()
}

#[test]
fn an_identity_is_found_across_runs_whatever_its_time() -> Result<()> {
    let scene = Scene::new()?;
    scene.meter("first", &[event("e1", OCTOBER, "ana", "1")])?;
    // A copy that came late, one of another month, and one whose weights say the same in other words.
    let mut reworded = event("e1", OCTOBER, "ana", "1.00");
    reworded["data"]["attribution"] =
        json!({"kind": "share", "entries": [{"party": "ana", "weight": "0.9995"}, {"party": "ana", "weight": "0.0005"}]});
    let copies = [event("e1", "2026-10-11T11:59:59Z", "ana", "1"), event("e1", DECEMBER, "ana", "1"), reworded];
    assert_eq!(scene.meter("copies", &copies)?, [3, 0, 3, 0]);
    // One that says something else is kept as a dead letter, here and in a later run.
    let others = [
        event("e1", OCTOBER, "ana", "1.01"),
        event("e1", OCTOBER, "ben", "1"),
        event_of("retrieval", "e1", OCTOBER, "ana", "1"),
        reversal("e1", OCTOBER, "e1"),
    ];
    assert_eq!(scene.meter("others", &others)?, [4, 0, 0, 4]);
    scene.data.ok(["archive", "compact"])?;
    assert_eq!(scene.meter("again", &others)?, [4, 0, 0, 4]);
    assert!(scene.dead_letters()?.iter().all(|(_, code)| code == "identity_conflict"));
    // Neither another source nor another platform can stand in its way.
    let (mut source, mut platform) = (event("e1", OCTOBER, "ana", "2"), event("e1", OCTOBER, "dora", "5"));
    source["source"] = "//plt/2".into();
    platform["data"]["platform"] = "plt_other".into();
    assert_eq!(scene.meter("namesakes", &[source, platform])?, [2, 2, 0, 0]);
    assert_eq!(scene.gross("ana", "payable")?, amount(300));
    scene.verify()
}

#[test]
fn dead_letters_are_replayed_once_the_registry_is_right() -> Result<()> {
    let scene = Scene::new()?;
    let mut stranger = event("e1", OCTOBER, "ana", "1");
    stranger["data"]["platform"] = "plt_new".into();
    assert_eq!(
        scene.meter(
            "first",
            &[stranger, event("e2", OCTOBER, "ana", "1"), reversal("r1", OCTOBER, "e3"), event("e3", OCTOBER, "ben", "1")]
        )?,
        [4, 2, 0, 2]
    );
    assert_eq!(scene.dead_letters()?, [(1, "unknown_platform".to_owned()), (2, "unknown_original".to_owned())]);
    // Still wrong: it is read again and rejected again, under a number of its own.
    assert_eq!(scene.replay(&["--code", "unknown_platform"])?, [1, 0, 0, 1]);
    assert_eq!(scene.dead_letters()?.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [2, 3]);
    scene.load(&[json!({"kind": "platform", "id": "plt_new", "name": "New", "legal_id": "LEI-N", "default_labour_share": "0.70"})])?;
    // A source of its own: the counts of all replays so far.
    assert_eq!(scene.replay(&["--all"])?, [3, 2, 0, 1]);
    assert_eq!((scene.gross("ana", "suspense")?, scene.gross("ben", "payable")?), (amount(100), "none".to_owned()));
    assert!(scene.dead_letters()?.is_empty());
    assert!(scene.refused(&["dead-letters", "replay", "3"])?.contains("replayed already"));
    scene.data.ok(["dead-letters", "replay", "--all"])?;
    assert_eq!(scene.gross("ana", "suspense")?, amount(100), "exactly once");
    scene.verify()
}

#[test]
fn a_dead_letter_is_corrected_and_replayed() -> Result<()> {
    let scene = Scene::new()?;
    let wrong = event("e1", OCTOBER, "ana", "1,50");
    assert_eq!(scene.meter("first", std::slice::from_ref(&wrong))?, [1, 0, 0, 1]);
    assert_eq!(scene.data.ok(["dead-letters", "show", "1", "--raw"])?.trim_end(), wrong.to_string(), "the original bytes");
    scene.write("corrected.json", &[event("e1", OCTOBER, "ana", "1.50")])?;
    assert_eq!(scene.replay(&["1", "--corrected", "corrected.json"])?, [1, 1, 0, 0]);
    assert_eq!(scene.gross("ana", "payable")?, amount(150));
    // The one who sent it sends it again, corrected as well: the same event.
    assert_eq!(scene.meter("second", &[event("e1", OCTOBER, "ana", "1.50")])?, [1, 0, 1, 0]);
    scene.verify()
}

#[test]
fn every_pipe_is_a_source_of_its_own() -> Result<()> {
    let scene = Scene::new()?;
    let events = [event("e1", OCTOBER, "ana", "1"), event("e2", OCTOBER, "ana", "1")];
    assert_eq!(scene.meter_piped(&events)?, [2, 2, 0, 0]);
    assert_eq!(scene.meter_piped(&events)?, [2, 0, 2, 0]);
    assert_eq!(scene.meter("file", &events)?, [2, 0, 2, 0]);
    assert_eq!(scene.gross("ana", "payable")?, amount(200));
    scene.verify()
}

#[test]
fn a_source_can_be_bound_to_its_platforms() -> Result<()> {
    let scene = Scene::new()?;
    let mut other = event("e2", OCTOBER, "dora", "1");
    other["data"]["platform"] = "plt_other".into();
    let events = [event("e1", OCTOBER, "ana", "1"), other];
    assert_eq!(scene.meter_with("bound", &events, &["--platform", "plt"])?, [2, 1, 0, 1]);
    assert_eq!(scene.dead_letters()?, [(1, "platform_not_allowed".to_owned())]);
    assert_eq!(scene.meter_with("both", &events, &["--platform", "plt", "--platform", "plt_other"])?, [2, 1, 1, 0]);
    scene.verify()
}

/// A source's own limits are not lifted by whoever replays everything.
#[test]
fn what_a_source_may_not_bring_is_replayed_only_by_name() -> Result<()> {
    let scene = Scene::new()?;
    let mut other = event("e1", OCTOBER, "dora", "1");
    other["data"]["platform"] = "plt_other".into();
    let mut unknown = event("e2", OCTOBER, "ana", "1");
    unknown["data"]["platform"] = "plt_new".into();
    assert_eq!(scene.meter_with("bound", &[other, unknown], &["--platform", "plt", "--platform", "plt_new"])?, [2, 0, 0, 2]);
    scene.load(&[json!({"kind": "platform", "id": "plt_new", "legal_id": "LEI-N", "default_labour_share": "0.70"})])?;
    assert_eq!(scene.replay(&["--all"])?, [1, 1, 0, 0]);
    assert_eq!(scene.dead_letters()?, [(1, "platform_not_allowed".to_owned())]);
    assert_eq!(scene.replay(&["--code", "platform_not_allowed"])?, [2, 2, 0, 0]);
    scene.verify()
}

/// Nothing in the contract keeps a later registry version from giving an agreement to another MID, or another platform.
#[test]
fn an_agreement_in_other_hands_leaves_what_was_metered_where_it_was() -> Result<()> {
    let scene = Scene::new()?;
    scene.meter("first", &[event("e1", OCTOBER, "ana", "1"), event("e2", OCTOBER, "ana", "1"), event("c1", OCTOBER, "cem", "1")])?;
    let record = |id: &str| registry().into_iter().find(|record| record["id"] == id).context("a record");
    let (mut handed_over, mut elsewhere) = (record("agr_a")?, record("agr_b")?);
    handed_over["mid"] = "mid_b".into();
    handed_over["uses"] = json!(["retrieval"]);
    elsewhere["platform"] = "plt_other".into();
    scene.load(&[handed_over, elsewhere])?;
    assert_eq!(scene.meter("second", &[reversal("r1", OCTOBER, "e1")])?, [1, 1, 0, 0]);
    assert_eq!(scene.gross("ana", "payable")?, amount(100));
    scene.verify()?;
    scene.data.ok(["archive", "compact"])?;
    scene.verify()?;
    assert_eq!(line(&scene.settle("mid_a", "2026-10")?, "ana")?, [76, 0, 0, 76, 0].map(amount));
    assert_eq!(line(&scene.settle("mid_b", "2026-10")?, "cem")?, [76, 0, 0, 76, 0].map(amount));
    scene.verify()
}

#[test]
fn events_can_be_too_late_and_too_early() -> Result<()> {
    let scene = Scene::new()?;
    let at = |id: &str, time: &str| event(id, time, "ana", "1");
    // Everything arrives at 2027-02-01: 31 days before is 2027-01-01.
    let events = [
        at("e1", "2026-12-31T23:59:59.999999Z"),
        at("e2", "2027-01-01T00:00:00Z"),
        at("e3", "2027-02-02T00:00:00Z"),
        at("e4", "2027-02-02T00:00:00.000001Z"),
        at("e5", "2027-02-02T00:00:00.0000009Z"),
    ];
    assert_eq!(scene.meter_with("events", &events, &["--max-age-days", "31"])?, [5, 3, 0, 2]);
    assert_eq!(scene.dead_letters()?, [(1, "too_late".to_owned()), (2, "future_time".to_owned())]);
    assert_eq!(scene.meter("unlimited", &events)?, [5, 1, 3, 1], "no limit unless asked for");
    scene.verify()
}

#[test]
fn a_file_that_grew_goes_on_where_it_ended() -> Result<()> {
    let scene = Scene::new()?;
    let events: Vec<Value> = (0..6).map(|n| event(&format!("e{n}"), OCTOBER, "ana", "1")).collect();
    assert_eq!(scene.meter("growing", &events[..2])?, [2, 2, 0, 0]);
    assert_eq!(scene.meter("growing", &events)?, [6, 6, 0, 0], "the counts of a source are of all its runs");
    // A last line without its end is a line; what follows it is the next one.
    let text = events.iter().map(Value::to_string).collect::<Vec<_>>().join("\n");
    let path = scene.data.path().join("open.ndjson");
    fs::write(&path, format!("{text}\n{}", event("e6", OCTOBER, "ana", "1")))?;
    let meter = || scene::counts(&scene.data.json(["meter", "open.ndjson", "--now", scene::NOW])?);
    assert_eq!(meter()?, [7, 1, 6, 0]);
    fs::write(&path, format!("{text}\n{}\n{}\n", event("e6", OCTOBER, "ana", "1"), event("e7", OCTOBER, "ana", "1")))?;
    assert_eq!(meter()?, [8, 2, 6, 0]);
    assert_eq!(scene.gross("ana", "payable")?, amount(800));
    scene.verify()
}

#[test]
fn another_file_under_the_same_name_is_refused() -> Result<()> {
    let scene = Scene::new()?;
    scene.meter("events", &[event("e1", OCTOBER, "ana", "1"), event("e2", OCTOBER, "ana", "1")])?;
    scene
        .write("events.ndjson", &[event("x1", OCTOBER, "ana", "1"), event("x2", OCTOBER, "ana", "1"), event("x3", OCTOBER, "ana", "1")])?;
    assert!(scene.refused(&["meter", "events.ndjson", "--now", scene::NOW])?.contains("not the file"));
    scene.write("events.ndjson", &[event("e1", OCTOBER, "ana", "1")])?;
    assert!(scene.refused(&["meter", "events.ndjson", "--now", scene::NOW])?.contains("cut or replaced"), "a file that was cut");
    assert_eq!(scene.gross("ana", "payable")?, amount(200));
    scene.verify()
}

#[test]
fn a_registry_loaded_twice_is_the_same_version() -> Result<()> {
    let scene = Scene::new()?;
    let before = scene.data.json(["registry", "versions"])?;
    scene.load(&registry())?;
    let mut backwards = registry();
    backwards.reverse();
    scene.load(&backwards)?;
    assert_eq!(scene.data.json(["registry", "versions"])?, before);
    scene.verify()
}

#[test]
fn a_later_registry_version_never_changes_what_is_metered() -> Result<()> {
    let scene = Scene::new()?;
    scene.meter("first", &[event("e1", OCTOBER, "ana", "1"), event("e2", OCTOBER, "dora", "1")])?;
    let before = scene.data.json(["accruals"])?;
    // From long before October on: ana denies, and dora is known and represented.
    let member =
        json!({"kind": "membership", "party": "dora", "mid": "mid_a", "platforms": "*", "uses": "*", "from": "2026-01-01T00:00:00Z"});
    scene.load(&[
        json!({"kind": "consent", "party": "ana", "platform": "plt", "use": "*", "decision": "n", "from": "2026-01-01T00:00:00Z"}),
        json!({"kind": "party", "id": "dora", "name": "Dora", "type": "person"}),
        member,
    ])?;
    assert_eq!(scene.data.json(["accruals"])?, before);
    assert_eq!(scene.meter("copies", &[event("e1", OCTOBER, "ana", "1"), event("e2", OCTOBER, "dora", "1")])?, [2, 0, 2, 0]);
    scene.meter("second", &[event("e3", OCTOBER, "ana", "1"), event("e4", OCTOBER, "dora", "1")])?;
    let gross = |party, status| scene.gross(party, status);
    assert_eq!([gross("ana", "payable")?, gross("ana", "unlicensed")?], [amount(100), amount(100)]);
    assert_eq!([gross("dora", "suspense")?, gross("dora", "payable")?], [amount(100), amount(100)]);
    // A reversal undoes what was metered, as it was metered.
    scene.meter("undone", &[reversal("r1", OCTOBER, "e1"), reversal("r2", OCTOBER, "e2")])?;
    assert_eq!([gross("ana", "payable")?, gross("ana", "unlicensed")?], ["none".to_owned(), amount(100)]);
    assert_eq!([gross("dora", "suspense")?, gross("dora", "payable")?], ["none".to_owned(), amount(100)]);
    scene.verify()
}

also_on_postgres!(
    a_late_event_goes_to_the_next_open_cycle_and_is_marked,
    what_reverses_a_closed_cycle_stands_apart_on_its_terms,
    a_reversal_in_an_open_cycle_leaves_nothing,
    a_reversal_finds_its_original_in_every_batch_of_its_run,
    what_is_left_out_joins_the_next_cycle,
    leaving_an_agreement_out_leaves_its_claims_where_they_are,
    what_reverses_something_left_out_is_on_the_terms_it_was_settled_on,
    cycles_close_in_order_and_not_before_their_end,
    a_statement_sums_to_the_accruals_of_its_party,
    an_identity_is_found_across_runs_whatever_its_time,
    dead_letters_are_replayed_once_the_registry_is_right,
    a_dead_letter_is_corrected_and_replayed,
    every_pipe_is_a_source_of_its_own,
    a_source_can_be_bound_to_its_platforms,
    what_a_source_may_not_bring_is_replayed_only_by_name,
    an_agreement_in_other_hands_leaves_what_was_metered_where_it_was,
    events_can_be_too_late_and_too_early,
    a_file_that_grew_goes_on_where_it_ended,
    another_file_under_the_same_name_is_refused,
    a_registry_loaded_twice_is_the_same_version,
    a_later_registry_version_never_changes_what_is_metered,
);
