//! Topics that change: made anew, cut by retention, of another cluster, with more partitions.

use super::produce::Producer;
use super::scene::Scene;
use crate::services::kafka;
use crate::support::stderr;
use anyhow::{Result, ensure};
use std::time::Duration;

const TOPICS: &str = "org.apache.kafka.tools.TopicCommand";

fn refused(scene: &Scene, words: &[&str]) -> Result<()> {
    let output = scene.meter(&[]).output()?;
    let said = stderr(&output);
    ensure!(output.status.code() == Some(2), "exit {:?}: {said}", output.status.code());
    for word in words {
        ensure!(said.contains(word), "{word:?} is not in: {said}");
    }
    Ok(())
}

#[test]
fn a_topic_made_anew_is_told_from_the_old_one() -> Result<()> {
    let cluster = kafka::cluster();
    let scene = Scene::of("small", 1)?;
    scene.produce_all()?;
    scene.metered(&[])?;
    cluster.tool(TOPICS, &["--delete", "--topic", &scene.topic]);
    std::thread::sleep(Duration::from_secs(2));
    cluster.make_topic(&scene.topic, 1);
    // It has grown beyond the old position: offsets alone would not tell.
    scene.produce_all()?;
    scene.produce_all()?;
    let end = scene.lines.len().to_string();
    refused(&scene, &[&scene.topic, "/0", &end, "made anew", "?name="])?;
    // The way out that it names.
    let url = format!("kafka://{}/{}?group=g&name=second", scene.brokers, scene.topic);
    scene.data.ok(["meter", &url])?;
    Ok(())
}

/// A worker that sleeps while its topic is made anew, and grows beyond the old position, does not take the one for the other.
#[test]
fn a_topic_made_anew_under_a_worker_is_told_as_well() -> Result<()> {
    let cluster = kafka::cluster();
    let scene = Scene::of("small", 1)?;
    scene.produce_all()?;
    let worker = scene.worker(&["--follow", "--batch-seconds", "1"])?;
    scene.wait_for(&scene.once(), Duration::from_secs(60))?;
    // Not within a transaction.
    std::thread::sleep(Duration::from_secs(1));
    worker.signal("STOP")?;
    cluster.tool(TOPICS, &["--delete", "--topic", &scene.topic]);
    std::thread::sleep(Duration::from_secs(2));
    cluster.make_topic(&scene.topic, 1);
    for _ in 0..3 {
        scene.produce_all()?;
    }
    worker.signal("CONT")?;
    let output = worker.output()?;
    let said = stderr(&output);
    ensure!(output.status.code() == Some(2) && said.contains(&scene.topic) && said.contains("?name="), "{:?}: {said}", output.status);
    ensure!(scene.positions()? == scene.once(), "nothing of the new topic is counted");
    scene.data.ok(["verify"])?;
    Ok(())
}

#[test]
fn what_retention_has_deleted_before_it_was_metered_is_an_error() -> Result<()> {
    let cluster = kafka::cluster();
    let scene = Scene::of("small", 1)?;
    scene.produce_all()?;
    scene.metered(&[])?;
    scene.produce_all()?;
    let (at, low) = (scene.lines.len(), scene.lines.len() + 5);
    let list = scene.data.path().join("delete.json");
    std::fs::write(
        &list,
        format!("{{\"partitions\":[{{\"topic\":\"{}\",\"partition\":0,\"offset\":{low}}}],\"version\":1}}", scene.topic),
    )?;
    cluster.tool("org.apache.kafka.tools.DeleteRecordsCommand", &["--offset-json-file", &list.display().to_string()]);
    refused(&scene, &[&scene.topic, "partition 0", &at.to_string(), &low.to_string(), "retention", "?name="])
}

/// What a group of that name has committed before, or where it would begin by itself, is nothing to us.
#[test]
fn first_events_are_not_skipped_and_the_groups_offsets_are_not_read() -> Result<()> {
    let cluster = kafka::cluster();
    let scene = Scene::of("small", 1)?;
    scene.produce_all()?;
    let groups = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand";
    cluster.tool(groups, &["--group", "g", "--topic", &scene.topic, "--reset-offsets", "--to-latest", "--execute"]);
    let said = scene.metered(&[])?;
    scene.check(&said, &scene.once())
}

#[test]
fn a_topic_that_does_not_exist_and_brokers_that_do_not_answer_are_named() -> Result<()> {
    let mut scene = Scene::of("small", 1)?;
    scene.topic = "nowhere".to_owned();
    refused(&scene, &["nowhere", "does not exist"])?;
    scene.brokers = "127.0.0.1:1".to_owned();
    refused(&scene, &["127.0.0.1:1", "no broker"])
}

/// A partition that is added while workers run is shared as well.
#[test]
fn a_partition_that_is_added_is_metered() -> Result<()> {
    let cluster = kafka::cluster();
    let scene = Scene::of("small", 1)?;
    scene.produce_all()?;
    let worker = scene.worker(&["--follow", "--batch-seconds", "1"])?;
    let mut counts = scene.once();
    scene.wait_for(&counts, Duration::from_secs(60))?;
    cluster.tool(TOPICS, &["--alter", "--topic", &scene.topic, "--partitions", "2"]);
    let other = Producer::to(&scene.brokers, &scene.topic)?;
    let mut record = scene.record(&scene.lines[0]);
    record.partition = 1;
    // Nothing valid, so that the figures stay: the event is in the other partition already.
    record.value = Some(b"{}".to_vec());
    other.send([record])?;
    counts.insert(1, 1);
    scene.wait_for(&counts, Duration::from_secs(90))?;
    worker.signal("TERM")?;
    let output = worker.output()?;
    ensure!(output.status.success(), "{}", stderr(&output));
    scene.check(&scene.metered(&[])?, &counts)
}
