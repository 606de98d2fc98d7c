//! Copies that are not told at once, since they came to another partition or beside others: in the end each identity counts once, and
//! never twice in a draft.

mod interrupted;
pub mod scene;
mod topics;

use super::scenarios::scene::{Scene, amount, event, event_of, line, reversal};
use anyhow::{Result, ensure};
use scene::{compare, conflicting, once, outcome, pending, reverse_copies, side_by_side};
use serde_json::{Value, json};

pub const OCTOBER: &str = "2026-10-10T12:00:00Z";
pub const OCTOBER_TOO: &str = "2026-10-12T13:00:00Z";
pub const NOVEMBER: &str = "2026-11-10T12:00:00Z";

fn alone(event: &Value) -> &[Value] {
    std::slice::from_ref(event)
}

fn one() -> Value {
    event("e1", OCTOBER, "ana", "1")
}

/// The figures of a draft; agreements and platforms are listed as well of which all was undone.
fn figures(draft: &Value) -> Value {
    json!(["lines", "gross", "labour", "fee", "net", "true_up", "paid", "carried"].map(|name| draft[name].clone()))
}

/// Meters these files side by side, committed in this order: what must come of it is what `expected` gives, metered alone.
fn check(what: &str, files: &[&[Value]], copies: u64, expected: &[Value]) -> Result<()> {
    let scene = Scene::new()?;
    side_by_side(&scene, files)?;
    ensure!(pending(&scene)? == copies, "{what}: {} copies are pending", pending(&scene)?);
    let alone = once(expected)?;
    for (mid, cycle) in [("mid_a", "2026-10"), ("mid_b", "2026-10"), ("mid_a", "2026-11")] {
        let (found, expected) = (figures(&scene.draft(mid, cycle)?), figures(&alone.draft(mid, cycle)?));
        ensure!(found == expected, "{what}: the preview of {mid} for {cycle} is {found}, not {expected}");
    }
    let found = reverse_copies(&scene)?;
    ensure!(found["reversed"] == copies, "{what}: {found}");
    compare(what, &scene, &alone)?;
    let before = scene.data.json(["accruals"])?;
    let again = reverse_copies(&scene)?;
    ensure!((&again["reversed"], &again["batches"]) == (&json!(0), &json!(0)), "{what}, again: {again}");
    scene.data.ok(["archive", "compact"])?;
    ensure!(scene.data.json(["accruals"])? == before, "{what}, compacted");
    compare(what, &scene, &alone)
}

#[test]
fn a_copy_counts_once_whatever_it_says() -> Result<()> {
    let (e1, e2) = (one(), event("e2", OCTOBER, "ben", "2"));
    check("the same", &[&[e1.clone(), e2.clone()], alone(&e1)], 1, &[e1.clone(), e2.clone()])?;
    check("at another time", &[alone(&e1), &[event("e1", OCTOBER_TOO, "ana", "1"), e2.clone()]], 1, &[e1.clone(), e2.clone()])?;
    check("in another month", &[alone(&e1), &[event("e1", NOVEMBER, "ana", "1")]], 1, alone(&e1))?;
    check(
        "in other months, thrice",
        &[&[event("e1", NOVEMBER, "ana", "1")], alone(&e1), alone(&e1)],
        2,
        &[event("e1", NOVEMBER, "ana", "1")],
    )?;
    check("for another party", &[alone(&e1), &[event("e1", OCTOBER, "cem", "3")]], 1, alone(&e1))?;
    check("for another use", &[alone(&e1), &[event_of("training", "e1", OCTOBER, "dora", "3")]], 1, alone(&e1))
}

#[test]
fn a_conflict_is_named() -> Result<()> {
    let scene = Scene::new()?;
    side_by_side(&scene, &[&[one()], &[event("e1", OCTOBER, "cem", "3")], &[one()]])?;
    let said = scene.data.ok(["archive", "reverse-copies"])?;
    ensure!(said.contains("2 copies reversed"), "{said}");
    ensure!(said.contains("conflict: //plt e1 of plt says something else"), "{said}");
    ensure!(said.matches("conflict").count() == 1, "{said}");
    let scene = Scene::new()?;
    side_by_side(&scene, &[&[one()], &[event("e1", OCTOBER, "cem", "3")]])?;
    let conflict = &reverse_copies(&scene)?["conflicts"][0];
    ensure!((&conflict["id"], &conflict["platform"], &conflict["copy"]["row"]) == (&json!("e1"), &json!("plt"), &json!(0)), "{conflict}");
    Ok(())
}

/// The original, its copy, and reversals in either, in both, by one event or by two, before and after a search.
#[test]
fn what_is_reversed_anywhere_is_reversed_once() -> Result<()> {
    let (e1, e2) = (one(), event("e2", OCTOBER, "ben", "2"));
    let (r1, r2) = (reversal("r1", OCTOBER, "e1"), reversal("r2", OCTOBER, "e1"));
    let rest = alone(&e2);
    let both = [e1.clone(), r1.clone()];
    check("where the first is", &[&both, &[e1.clone(), e2.clone()]], 1, rest)?;
    check("where the copy is", &[&[e1.clone(), e2.clone()], &both], 1, rest)?;
    check("in both", &[&both, &[e1.clone(), r1.clone(), e2.clone()]], 0, rest)?;
    check("in both, by two events", &[&both, &[e1.clone(), r2.clone(), e2.clone()]], 0, rest)?;
    // Another event has the reversal's identity, and came first: the reversal does not count.
    check("in conflict", &[&[event("r1", OCTOBER, "ben", "2")], &both], 1, &[event("r1", OCTOBER, "ben", "2"), e1.clone()])?;
    for (what, after) in [("by one event", vec![r1.clone()]), ("by two", vec![r2.clone()])] {
        let scene = Scene::new()?;
        scene.meter("first", alone(&e1))?;
        // All know of it, and none of the others' reversals.
        side_by_side(&scene, &[alone(&r1), &after])?;
        ensure!(pending(&scene)? == 1, "{what}");
        ensure!(reverse_copies(&scene)?["reversed"] == 1, "{what}");
        compare(what, &scene, &once(&[])?)?;
    }
    Ok(())
}

/// A copy is found and reversed; then it comes to light that the identity is to be reversed.
#[test]
fn a_reversal_after_the_search_finds_the_first() -> Result<()> {
    let scene = Scene::new()?;
    side_by_side(&scene, &[&[one()], &[one()]])?;
    reverse_copies(&scene)?;
    ensure!(scene.meter("more", &[one(), reversal("r1", OCTOBER, "e1"), reversal("r2", OCTOBER, "e1")])? == [3, 1, 1, 1]);
    ensure!(pending(&scene)? == 0);
    compare("reversed later", &scene, &once(&[])?)
}

/// A preview shows what the draft will be, and writes nothing; closing a cycle reverses its copies first.
#[test]
fn no_copy_is_in_a_draft() -> Result<()> {
    let events = [one(), event("e2", OCTOBER, "ben", "2"), event("c1", OCTOBER, "cem", "1")];
    let (scene, alone) = (Scene::new()?, once(&events)?);
    side_by_side(&scene, &[&events, &[one(), event("c1", OCTOBER_TOO, "cem", "1")], &conflicting(&events)])?;
    let before = scene.data.ok(["archive", "list", "--json"])?;
    let output = scene.data.run(["settle", "draft", "--mid", "mid_a", "--cycle", "2026-10", "--json"])?;
    ensure!(crate::support::stderr(&output).contains("5 copies of events are not reversed yet"), "{output:?}");
    let preview: Value = serde_json::from_slice(&output.stdout)?;
    assert_eq!(preview, alone.draft("mid_a", "2026-10")?);
    assert_eq!(scene.data.ok(["archive", "list", "--json"])?, before, "a preview writes nothing");
    ensure!(pending(&scene)? == 5);
    for mid in ["mid_a", "mid_b"] {
        assert_eq!(scene.settle(mid, "2026-10")?, alone.settle(mid, "2026-10")?);
    }
    ensure!(pending(&scene)? == 0);
    compare("settled", &scene, &alone)
}

/// Copies that come when the cycle is closed go to the next one, marked late, and are reversed there.
#[test]
fn copies_in_closed_cycles_are_reversed_where_they_landed() -> Result<()> {
    let scene = Scene::new()?;
    side_by_side(&scene, &[&[one(), event("e2", OCTOBER, "ben", "2")], &[one()]])?;
    let october = scene.settle("mid_a", "2026-10")?;
    assert_eq!(line(&october, "ana")?, [76, 0, 0, 76, 0].map(amount));
    // A topic's worker knows its own partition alone: here that is a metering that began before.
    let late = event("e3", OCTOBER, "ana", "4");
    side_by_side(&scene, &[alone(&late), &[late.clone(), event("e4", NOVEMBER, "ana", "1")]])?;
    ensure!(scene.statement("ana", "2026-11")?.len() == 3);
    let november = scene.draft("mid_a", "2026-11")?;
    assert_eq!(line(&november, "ana")?, [380, 0, 0, 380, 0].map(amount));
    assert_eq!(scene.settle("mid_a", "2026-11")?["lines"], november["lines"]);
    assert_eq!(scene.draft("mid_a", "2026-10")?, october);
    let undone = scene.statement("ana", "2026-11")?.into_iter().find(|line| line["source"] == "//farthing/copies");
    ensure!(undone.is_some_and(|line| line["late"] == true && line["undone"] == "2026-11" && line["gross"] == "-4.000000000000"));
    scene.verify()
}

/// What undoes too much in a closed cycle is brought back on the terms on which it was undone.
#[test]
fn a_reversal_of_a_closed_cycle_counts_once() -> Result<()> {
    let scene = Scene::new()?;
    let events = [one(), event("e2", OCTOBER, "ben", "2")];
    scene.meter("october", &events)?;
    scene.settle("mid_a", "2026-10")?;
    side_by_side(&scene, &[&[reversal("r1", NOVEMBER, "e1")], &[reversal("r1", NOVEMBER, "e1"), event("e3", NOVEMBER, "ana", "1")]])?;
    let alone = Scene::new()?;
    alone.meter("october", &events)?;
    alone.settle("mid_a", "2026-10")?;
    alone.meter("november", &[reversal("r1", NOVEMBER, "e1"), event("e3", NOVEMBER, "ana", "1")])?;
    assert_eq!(scene.settle("mid_a", "2026-11")?, alone.settle("mid_a", "2026-11")?);
    ensure!(outcome(&scene)? == outcome(&alone)?);
    scene.verify()
}
