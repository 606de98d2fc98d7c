//! Messages in every form: structured, binary, batches, and what is no event.

use super::produce::{Producer, Record};
use super::scene::Scene;
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::collections::BTreeMap;

#[test]
fn the_shared_events_come_to_what_the_oracle_says() -> Result<()> {
    // The odd sets have events that take a reversal's identity: these come to its partition only if there is but one.
    for (set, partitions) in [("real", 4), ("odd_1", 1), ("odd_4", 1)] {
        let scene = Scene::of(set, partitions)?;
        scene.produce_all()?;
        let said = scene.metered(&["--batch-events", "1000"])?;
        scene.check(&said, &scene.once()).with_context(|| set.to_owned())?;
        // Again: nothing is left.
        assert_eq!(scene.metered(&[])?["read"], said["read"]);
    }
    Ok(())
}

/// An event of the small set in binary mode.
fn binary(line: &[u8]) -> Result<Record> {
    let event: Value = serde_json::from_slice(line)?;
    let mut headers = vec![("content-type", "application/json".to_owned())];
    for (key, name) in
        [("ce_specversion", "specversion"), ("ce_id", "id"), ("ce_source", "source"), ("ce_type", "type"), ("ce_time", "time")]
    {
        headers.push((key, event[name].as_str().unwrap_or_default().to_owned()));
    }
    Ok(Record { headers, ..Record::of(0, event["data"].to_string()) })
}

#[test]
fn every_form_of_a_message_holds_the_same_events() -> Result<()> {
    let scene = Scene::of("small", 1)?;
    let mut records = Vec::new();
    for (number, some) in scene.lines.chunks(3).enumerate() {
        match number % 3 {
            0 => {
                let list = [b"[".to_vec(), some.join(&b","[..]), b"]".to_vec()].concat();
                records.push(Record {
                    headers: vec![("content-type", "application/cloudevents-batch+json; charset=UTF-8".to_owned())],
                    ..Record::of(0, list)
                });
            }
            1 => {
                for line in some {
                    // What cannot be taken apart is sent as it is.
                    records.push(binary(line).unwrap_or_else(|_| Record::of(0, line.clone())));
                }
            }
            _ => records.extend(some.iter().map(|line| Record {
                headers: vec![("content-type", "application/cloudevents+json".to_owned())],
                ..Record::of(0, line.clone())
            })),
        }
    }
    let messages = u64::try_from(records.len())?;
    for record in &mut records {
        record.millis = Some(scene.arrival());
    }
    scene.producer()?.send(records)?;
    // Batches of seven: they end between messages, never within one.
    let said = scene.metered(&["--batch-events", "7"])?;
    assert_eq!(said["partitions"][0]["next"], messages);
    scene.check(&said, &BTreeMap::from([(0, u64::try_from(scene.lines.len())?)]))
}

#[test]
fn what_is_no_event_is_kept_with_its_offset() -> Result<()> {
    let scene = Scene::of("small", 1)?;
    let batch =
        |value: &str| Record { headers: vec![("content-type", "application/cloudevents-batch+json".to_owned())], ..Record::of(0, value) };
    let records = [
        Record { partition: 0, ..Record::default() },
        Record::of(0, "{\n"),
        batch("[{}, 1]"),
        batch("[]"),
        batch("[{}"),
        Record { headers: vec![("content-type", "application/cloudevents+avro".to_owned())], ..Record::of(0, "x") },
        Record { headers: vec![("ce_id", "a".to_owned())], ..Record::of(0, "{},\"id\":\"b\"") },
    ];
    scene.producer()?.send(records)?;
    let said = scene.metered(&[])?;
    assert_eq!((&said["read"], &said["rejected"], &said["partitions"][0]["next"]), (&json!(7), &json!(7), &json!(7)));
    let letters = scene.data.json(["dead-letters", "list"])?;
    let found: Vec<(u64, &str)> = letters["dead_letters"]
        .as_array()
        .context("letters")?
        .iter()
        .map(|letter| (letter["position"].as_u64().unwrap_or(u64::MAX), letter["code"].as_str().unwrap_or_default()))
        .collect();
    let expected = [
        (0, "not_cloudevent"),
        (1, "malformed_json"),
        (2, "not_cloudevent"),
        (2, "not_cloudevent"),
        (4, "malformed_json"),
        (5, "not_cloudevent"),
        (6, "malformed_json"),
    ];
    assert_eq!(found, expected);
    scene.data.ok(["verify"])?;
    Ok(())
}

/// An event's time says nothing about when it came: the record's time does.
#[test]
fn what_lies_in_the_future_of_its_arrival_is_rejected() -> Result<()> {
    let scene = Scene::of("small", 1)?;
    let line = &scene.lines[0];
    let event: Value = serde_json::from_slice(line)?;
    let time: farthing_schemas::Instant = event["time"].as_str().context("time")?.parse()?;
    let (millis, day) = (time.micros() / 1000, 24 * 3600 * 1000);
    let at = |millis: i64| Record { millis: Some(millis), ..Record::of(0, line.clone()) };
    scene.producer()?.send([at(millis - day - 1000), at(millis - day + 1000), at(millis + 400 * day)])?;
    let said = scene.metered(&[])?;
    let counts = ["read", "metered", "duplicate", "rejected"].map(|name| said[name].as_u64());
    assert_eq!(counts, [3, 1, 1, 1].map(Some));
    assert_eq!(scene.data.json(["dead-letters", "list"])?["dead_letters"][0]["code"], "future_time");
    Ok(())
}

/// Only what committed transactions wrote is counted; the markers between are no events.
#[test]
fn aborted_transactions_are_not_counted() -> Result<()> {
    let scene = Scene::of("small", 1)?;
    let producer = Producer::transactional(&scene.brokers, &scene.topic)?;
    let half = scene.lines.len() / 2;
    let records = |lines: &[Vec<u8>]| lines.iter().map(|line| scene.record(line)).collect::<Vec<_>>();
    producer.transaction(records(&scene.lines[half..]), false)?;
    producer.transaction(records(&scene.lines[..half]), true)?;
    producer.transaction(records(&scene.lines[..half]), false)?;
    let said = scene.metered(&["--batch-events", "10"])?;
    assert_eq!(said["read"], u64::try_from(half)?);
    producer.transaction(records(&scene.lines[half..]), true)?;
    let said = scene.metered(&["--batch-events", "10"])?;
    scene.check(&said, &scene.once())
}
