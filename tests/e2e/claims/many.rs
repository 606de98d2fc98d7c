//! Many events whose parties and works come to be known one after the other: once all is claimed, the figures are those of the same events
//! metered with all known from the start, to the unit. That metering is checked against the oracle's figures elsewhere.

use super::scene::{claim, known, owned};
use crate::scenarios::scene::{Scene, event_of};
use crate::support::also_on_postgres;
use crate::topics::produce::Chance;
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const EVENTS: usize = 600;

/// Each party stands behind one reference of an event at most, so that labour is rounded up once, however it is found.
const PARTIES: [&str; 6] = ["ivo", "jan", "kim", "lea", "mia", "noa"];
const WORKS: [(&str, &[&str]); 3] = [("opus", &["oda", "pia", "qi"]), ("poem", &["rex"]), ("quilt", &["sue", "tom"])];

fn events() -> Vec<Value> {
    let mut chance = Chance(20);
    let mut below = |bound: usize| chance.below(bound);
    (0..EVENTS)
        .map(|number| {
            let use_ = ["inference", "training"][below(2)];
            let time = format!("2026-{:02}-{:02}T12:00:00Z", 10 + below(2), 1 + below(28));
            let amount = format!("0.{:012}", 1 + below(999_999_999));
            let mut event = event_of(use_, &format!("e{number}"), &time, "ana", &amount);
            let parties = PARTIES.iter().map(|party| json!({"party": party, "weight": 1 + below(9)})).collect::<Vec<_>>();
            let works = WORKS.iter().map(|(work, _)| json!({"work": work, "weight": 1 + below(9)})).collect::<Vec<_>>();
            let chosen: Vec<Value> = parties.into_iter().chain(works).filter(|_| below(3) > 0).collect();
            event["data"]["attribution"]["entries"] = json!(chosen);
            event
        })
        .collect()
}

/// What comes to be known: everybody was represented all the time, by one MID or the other, and some deny.
fn registry() -> Vec<Value> {
    let owners = WORKS.iter().flat_map(|(_, owners)| owners.iter());
    let parties = PARTIES.iter().chain(owners).enumerate();
    let mut records: Vec<Value> =
        parties.clone().flat_map(|(at, party)| known(party, ["mid_a", "mid_b"][at % 2], "2026-01-01T00:00:00Z")).collect();
    records.extend(WORKS.iter().map(|(work, owners)| owned(work, owners)));
    for party in ["kim", "pia"] {
        records.push(json!({"kind": "consent", "party": party, "use": "training", "decision": "n", "from": "2026-10-15T00:00:00Z"}));
    }
    records
}

/// The sums over all cycles, as they are listed.
fn sums(scene: &Scene) -> Result<BTreeMap<String, [String; 2]>> {
    let document = scene.data.json(["accruals"])?;
    let lines = document["lines"].as_array().context("accruals without lines")?;
    let key = |line: &Value| {
        ["reference_kind", "party", "mid", "agreement", "use", "status"]
            .map(|name| line[name].as_str().unwrap_or_default().to_owned())
            .join(" ")
    };
    let amounts = |line: &Value| ["gross", "labour"].map(|name| line[name].as_str().unwrap_or_default().to_owned());
    Ok(lines.iter().map(|line| (key(line), amounts(line))).collect())
}

#[test]
fn what_is_claimed_is_what_would_have_been_metered() -> Result<()> {
    let (events, records) = (events(), registry());
    let expected = Scene::new()?;
    expected.load(&records)?;
    expected.meter("all", &events)?;

    let scene = Scene::new()?;
    scene.meter_with("all", &events, &["--batch-events", "70"])?;
    // One after the other, so that registry versions differ, with files merged on the way.
    let parties_first = records.iter().filter(|record| record["kind"] != "work").cloned().collect::<Vec<_>>();
    scene.load(&parties_first)?;
    for party in PARTIES {
        claim(&scene, &[party, "--kind", "party"])?;
    }
    scene.data.ok(["archive", "compact"])?;
    for (work, owners) in WORKS {
        scene.load(&[owned(work, owners)])?;
        claim(&scene, &[work, "--kind", "work"])?;
    }
    // mid_b has no agreement for training: of that, owners are named now, and wait.
    ensure!(sums(&scene)? == sums(&expected)?, "found\n{:#?}\nexpected\n{:#?}", sums(&scene)?, sums(&expected)?);
    ensure!(!sums(&expected)?.keys().any(|key| key.starts_with("work ")), "each work is known in the end");
    scene.verify()?;
    scene.data.ok(["archive", "compact"])?;
    scene.verify()
}

also_on_postgres!(what_is_claimed_is_what_would_have_been_metered);
