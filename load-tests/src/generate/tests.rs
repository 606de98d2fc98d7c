use super::{MICRO, Plan, Popularity, registry, write_events};
use serde_json::Value;
use std::collections::BTreeSet;

fn plan(fan_out: u64) -> Plan {
    Plan { events: 2000, fan_out, contributors: 300, seed: 5, duplicates_micro: 10_000, popularity: Popularity::Uniform }
}

fn lines(plan: &Plan) -> Vec<String> {
    let mut bytes = Vec::new();
    let written = write_events(plan, &mut bytes).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    assert_eq!(written.bytes as usize, text.len());
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    assert_eq!(written.lines as usize, lines.len());
    lines
}

fn micro(value: &Value) -> u64 {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let (whole, fraction) = text.split_once('.').unwrap();
    let padded = format!("{fraction:0<6}");
    whole.parse::<u64>().unwrap() * MICRO + padded.parse::<u64>().unwrap()
}

#[test]
fn every_event_is_json_and_its_weights_sum_to_one_or_clearly_less() {
    for fan_out in [1, 8, 32] {
        for line in lines(&plan(fan_out)) {
            let event: Value = serde_json::from_str(&line).unwrap();
            let attribution = &event["data"]["attribution"];
            let entries = attribution["entries"].as_array().unwrap();
            assert_eq!(entries.len() as u64, fan_out);
            let sum: u64 = entries.iter().map(|entry| micro(&entry["weight"])).sum();
            match attribution.get("unattributed") {
                Some(rest) => assert_eq!(sum + micro(rest), MICRO),
                None => assert!(sum < MICRO - 1000),
            }
            assert!(event["time"].as_str().unwrap().starts_with("2026-10-"));
        }
    }
}

#[test]
fn identities_are_unique_but_for_exact_copies() {
    let lines = lines(&plan(8));
    let distinct: BTreeSet<&String> = lines.iter().collect();
    let copies = lines.len() - distinct.len();
    assert_eq!(distinct.len(), 2000);
    assert!((5..50).contains(&copies), "{copies} copies of 2000 events at 1 %");
    let ids: BTreeSet<String> = distinct.iter().map(|line| line.split('"').nth(7).unwrap().to_owned()).collect();
    assert_eq!(ids.len(), 2000);
}

#[test]
fn the_same_plan_gives_the_same_bytes_and_another_seed_others() {
    let other = Plan { seed: 6, ..plan(8) };
    assert_eq!(lines(&plan(8)), lines(&plan(8)));
    assert_ne!(lines(&plan(8)), lines(&other));
}

#[test]
fn events_at_fan_out_8_are_as_long_as_real_ones() {
    let lines = lines(&plan(8));
    let mean = lines.iter().map(String::len).sum::<usize>() / lines.len();
    assert!((600..800).contains(&mean), "{mean} bytes");
}

#[test]
fn the_registry_has_every_kind_of_contributor() {
    let mut bytes = Vec::new();
    registry::write_registry(&plan(8), &mut bytes).unwrap();
    let records: Vec<Value> = bytes.split(|b| *b == b'\n').filter(|l| !l.is_empty()).map(|l| serde_json::from_slice(l).unwrap()).collect();
    let count = |kind: &str| records.iter().filter(|record| record["kind"] == kind).count();
    assert_eq!([count("platform"), count("mid"), count("agreement"), count("party"), count("consent")], [3, 4, 11, 300, 3]);
    // 15 of 300 are in no MID; 3 moved, and so have two memberships.
    assert_eq!(count("membership"), 300 - 15 + 3);
}
