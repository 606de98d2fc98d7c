//! `/live` and `/ready` through a worker's life.

use super::asked::Address;
use crate::crash::child::{Running, wait_until};
use crate::services::{kafka, postgres};
use crate::support::{Data, stderr};
use crate::topics::produce::{Producer, Record};
use crate::topics::read::client;
use crate::topics::scene::Scene;
use anyhow::{Result, ensure};
use rdkafka::consumer::Consumer;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

const QUICK: [&str; 5] = ["--follow", "--batch-seconds", "1", "--stuck-seconds", "3"];

/// A worker that answers, with named steps.
fn worker(scene: &Scene, words: &[&str], failpoints: &str) -> Result<(Running, Address)> {
    let address = Address::free()?;
    let words = [&QUICK[..], &["--listen", address.shown()], words].concat();
    Ok((Running::start(scene.meter(&words).env("FAILPOINTS", failpoints))?, address))
}

fn ends_in_order(worker: Running) -> Result<()> {
    worker.signal("TERM")?;
    let output = worker.output()?;
    ensure!(output.status.success(), "{}", stderr(&output));
    Ok(())
}

/// Not before its partitions are taken over.
#[test]
fn a_worker_is_ready_once_it_has_taken_over() -> Result<()> {
    let scene = Scene::of("small", 2)?;
    let (mut worker, address) = worker(&scene, &[], "leftovers-listed=1*sleep(3000)")?;
    let mut said = Vec::new();
    wait_until("it is ready", || {
        ensure!(worker.ended()?.is_none(), "it has ended");
        let Some((ready, answer)) = address.ready() else { return Ok(false) };
        said.push(answer.to_string());
        address.live().map(|()| ready)
    })?;
    // From its first answer on it says what it waits for, and it is not ready in between.
    let takes_over = said.iter().filter(|said| said.contains("2 partitions are being taken over")).count();
    let waits = said.iter().filter(|said| said.contains("\"ready\":false")).count();
    ensure!(takes_over > 10 && waits == said.len() - 1, "{said:?}");
    ensure!(address.scrape()?.sum("farthing_partitions_held", &[]) == Some(2.0));
    // Nothing has come for longer than it may be stuck: there is nothing to do.
    std::thread::sleep(Duration::from_secs(5));
    ensure!(address.ready().is_some_and(|(ready, _)| ready), "{:?}", address.ready());
    ends_in_order(worker)
}

/// The ledger's server is killed: the worker waits for it, and says so.
#[test]
fn a_worker_without_its_ledger_is_alive_and_not_ready() -> Result<()> {
    let server = postgres::alone();
    let scene = Scene::with(Data::on(server.database())?, kafka::cluster(), "small", 2)?;
    let (mut worker, address) = worker(&scene, &[], "")?;
    scene.produce_all()?;
    scene.wait_for(&scene.once(), Duration::from_secs(60))?;
    address.wait_until(&mut worker, true, &[])?;
    server.kill();
    let clock = Instant::now();
    let not_ready = address.wait_until(&mut worker, false, &["the ledger has not answered since"]);
    let after = clock.elapsed();
    let (live, scrape) = (address.live(), address.scrape());
    server.start();
    not_ready?;
    live?;
    ensure!(after >= Duration::from_secs(3), "not ready after {after:?} already");
    ensure!(scrape?.sum("farthing_ledger_away_seconds", &[]) >= Some(3.0));
    let mut counts = scene.once();
    counts.values_mut().for_each(|count| *count *= 2);
    scene.produce_all()?;
    scene.wait_for(&counts, Duration::from_secs(60))?;
    address.wait_until(&mut worker, true, &[])?;
    let scrape = address.scrape()?;
    ensure!(scrape.sum("farthing_ledger_away_seconds", &[]) == Some(0.0) && scrape.sum("farthing_ledger_retries_total", &[]) > Some(0.0));
    ends_in_order(worker)
}

/// A commit that does not come to its end, for whatever reason: the partition is named, with what lags, since when, and what to do.
#[test]
fn a_worker_that_is_stuck_says_which_partition() -> Result<()> {
    let scene = Scene::of("small", 1)?;
    let (mut worker, address) = worker(&scene, &["--batch-events", "40"], "manifest-written=1*off->1*sleep(12000)")?;
    scene.produce_all()?;
    let name = format!("kafka:{}/0", scene.topic);
    let answer = address.wait_until(&mut worker, false, &[&name, "has not moved since", "restart it"])?;
    let stuck = &answer["stuck"][0];
    let (position, end) = (stuck["position"].as_u64().unwrap_or(0), stuck["end"].as_u64().unwrap_or(0));
    ensure!(position == 40 && end == scene.once()[&0] && stuck["lag"].as_u64() == Some(end - position), "{answer}");
    ensure!(stuck["seconds"].as_u64() >= Some(3) && stuck["since"].as_str().is_some_and(|since| since.ends_with('Z')), "{answer}");
    address.live()?;
    let scrape = address.scrape()?;
    ensure!(scrape.sum("farthing_ready", &[]) == Some(0.0) && scrape.sum("farthing_partitions_stuck", &[]) == Some(1.0));
    // Who asks from outside sees it as well.
    let url = format!("kafka://{}/{}", scene.brokers, scene.topic);
    let output = scene.data.run(["status", &url, "--stuck-seconds", "1"])?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(output.status.code() == Some(1) && said.contains(&format!("STUCK {name}: lag {}", end - position)), "{said}");
    address.wait_until(&mut worker, true, &[])?;
    scene.wait_for(&scene.once(), Duration::from_secs(60))?;
    ensure!(address.scrape_until("nothing is stuck", |scrape| scrape.sum("farthing_partitions_stuck", &[]) == Some(0.0)).is_ok());
    ends_in_order(worker)
}

/// One worker is killed, and the other, ready with its share, is ready again with all; one for whom nothing is left is ready, too.
#[test]
fn workers_are_ready_again_after_a_rebalance() -> Result<()> {
    let scene = Scene::of("small", 2)?;
    let (mut first, at_first) = worker(&scene, &[], "")?;
    at_first.wait_until(&mut first, true, &[])?;
    let (mut second, at_second) = worker(&scene, &[], "")?;
    let holds = |address: &Address, partitions: f64| {
        address.scrape_until("its share", |scrape| {
            scrape.sum("farthing_partitions_held", &[]) == Some(partitions) && scrape.sum("farthing_ready", &[]) == Some(1.0)
        })
    };
    holds(&at_first, 1.0)?;
    holds(&at_second, 1.0)?;
    at_second.wait_until(&mut second, true, &[])?;
    let (mut third, at_third) = worker(&scene, &[], "")?;
    at_third.wait_until(&mut third, true, &[])?;
    holds(&at_third, 0.0)?;
    scene.produce_all()?;
    scene.wait_for(&scene.once(), Duration::from_secs(60))?;
    second.kill_9()?;
    // The third gets what the second had, or the first does.
    wait_until("both partitions are held", || {
        let held = |address: &Address| Ok::<_, anyhow::Error>(address.scrape()?.sum("farthing_partitions_held", &[]).unwrap_or(0.0));
        Ok(held(&at_first)? + held(&at_third)? == 2.0)
    })?;
    at_first.wait_until(&mut first, true, &[])?;
    at_third.wait_until(&mut third, true, &[])?;
    ensure!(at_first.scrape()?.sum("farthing_rebalances_total", &[]) >= Some(2.0));
    let mut counts = scene.once();
    counts.values_mut().for_each(|count| *count *= 2);
    scene.produce_all()?;
    scene.wait_for(&counts, Duration::from_secs(60))?;
    ends_in_order(first)?;
    ends_in_order(third)
}

/// Marks of transactions and what was aborted have offsets, but are nothing to be metered: nobody is stuck before them.
#[test]
fn what_is_no_event_does_not_count_as_lag_for_ever() -> Result<()> {
    let scene = Scene::of("small", 1)?;
    let (mut worker, address) = worker(&scene, &[], "")?;
    let records = |lines: &[Vec<u8>]| -> Vec<Record> { lines.iter().map(|line| scene.record(line)).collect() };
    let producer = Producer::transactional(&scene.brokers, &scene.topic)?;
    producer.transaction(records(&scene.lines[..40]), true)?;
    producer.transaction(records(&scene.lines[40..60]), false)?;
    wait_until("a first batch", || Ok(scene.positions()?.get(&0).is_some_and(|next| *next >= 40)))?;
    // The marks of both transactions, and the aborted messages.
    address.scrape_until("lag", |scrape| scrape.sum("farthing_partition_lag", &[]) > Some(0.0))?;
    std::thread::sleep(Duration::from_secs(6));
    let (ready, answer) = address.ready().unwrap_or_default();
    ensure!(ready, "{answer}");
    address.scrape_until("no lag", |scrape| scrape.sum("farthing_partition_lag", &[]) == Some(0.0))?;
    let url = format!("kafka://{}/{}", scene.brokers, scene.topic);
    let status = scene.data.json(["status", &url, "--stuck-seconds", "1"])?;
    ensure!(status["stuck"] == false && status["partitions"][0]["lag"] == 0, "{status}");
    address.wait_until(&mut worker, true, &[])?;
    ends_in_order(worker)
}

/// A batch of no events is as little to be metered as a mark: neither who asks a worker nor who asks from outside waits for it.
#[test]
fn messages_without_events_do_not_count_as_lag_for_ever() -> Result<()> {
    let scene = Scene::of("small", 1)?;
    let (mut worker, address) = worker(&scene, &[], "")?;
    let headers = vec![("content-type", "application/cloudevents-batch+json".to_owned())];
    let empty = || Record { headers: headers.clone(), ..scene.record_to(0, b"[]") };
    let producer = scene.producer()?;
    producer.send(scene.lines[..40].iter().map(|line| scene.record(line)).chain([empty(), empty()]))?;
    wait_until("a first batch", || Ok(scene.positions()?.get(&0).is_some_and(|next| *next >= 40)))?;
    // More of them come for longer than anything may be stuck; each is looked at once.
    for _ in 0..8 {
        producer.send([empty()])?;
        std::thread::sleep(Duration::from_secs(1));
        let (ready, answer) = address.ready().unwrap_or_default();
        ensure!(ready, "{answer}");
    }
    address.scrape_until("no lag", |scrape| scrape.sum("farthing_partition_lag", &[]) == Some(0.0))?;
    let url = format!("kafka://{}/{}", scene.brokers, scene.topic);
    let status = scene.data.json(["status", &url, "--stuck-seconds", "1"])?;
    ensure!(status["stuck"] == false && status["partitions"][0]["lag"] == 0, "{status}");
    ensure!(scene.positions()?[&0] < 50, "no batch is committed for nothing: {:?}", scene.positions()?);
    // Whoever goes to the end of a topic does not wait for the others to go beyond what they cannot.
    let mut second = scene.worker(&[])?;
    ensure!(second.ends_within(Duration::from_secs(60))?, "it waits for what is no event");
    ensure!(second.output()?.status.success());
    // What comes behind them is metered.
    producer.send([scene.record(&scene.lines[40])])?;
    scene.wait_for(&BTreeMap::from([(0, 51)]), Duration::from_secs(60))?;
    address.wait_until(&mut worker, true, &[])?;
    ends_in_order(worker)
}

/// The node of one partition is away, and no other has a copy of it: that one is named, and the others are told as ever.
#[test]
fn a_partition_without_a_leader_hides_no_other() -> Result<()> {
    let cluster = kafka::three_nodes();
    let mut scene = Scene::on(&cluster, "small", 3)?;
    scene.topic = format!("{}.single", scene.topic);
    cluster.make_topic_with(&scene.topic, 3, &["1", "message.timestamp.after.max.ms=9223372036854775807", "max.message.bytes=16777216"]);
    let (mut worker, address) = worker(&scene, &[], "")?;
    scene.produce_all()?;
    scene.wait_for(&scene.once(), Duration::from_secs(60))?;
    address.wait_until(&mut worker, true, &[])?;
    let asked = client(&scene.brokers, "leaders")?;
    let metadata = asked.fetch_metadata(Some(&scene.topic), Duration::from_secs(30))?;
    let leaders: BTreeMap<i32, i32> = metadata.topics()[0].partitions().iter().map(|of| (of.id(), of.leader())).collect();
    let node = u32::try_from(leaders[&1])?;
    ensure!(leaders.values().filter(|leader| **leader == leaders[&1]).count() == 1, "each has another leader: {leaders:?}");
    cluster.kill(node);
    let checked = without_a_leader(&scene, &address, &mut worker);
    cluster.start(node);
    checked?;
    address.wait_until(&mut worker, true, &[])?;
    ends_in_order(worker)
}

fn without_a_leader(scene: &Scene, address: &Address, worker: &mut Running) -> Result<()> {
    let name = |partition: u32| format!("kafka:{}/{partition}", scene.topic);
    let answer = address.wait_until(worker, false, &[&name(1), "no broker has said since", "where it ends"])?;
    ensure!(!answer.to_string().contains(&name(0)) && !answer.to_string().contains("its partitions end"), "{answer}");
    // The others have their lag: more is produced to them than the worker has.
    worker.signal("STOP")?;
    let more = scene.lines.iter().map(|line| scene.record(line)).filter(|record| record.partition != 1);
    scene.producer()?.send(more)?;
    let url = format!("kafka://{}/{}", scene.brokers, scene.topic);
    let status = scene.data.json(["status", &url]);
    worker.signal("CONT")?;
    let status = status?;
    let row = |partition: u32| status["partitions"].as_array()?.iter().find(|row| row["partition"] == name(partition).as_str());
    for partition in [0, 2] {
        let lag = row(partition).and_then(|row| row["lag"].as_u64());
        ensure!(lag == scene.once().get(&i32::try_from(partition)?).copied(), "{partition}: {status}");
    }
    let said = format!("topic {}, partition 1: no broker says where it ends", scene.topic);
    ensure!(row(1).is_some_and(|row| row["lag"].is_null()) && status["notes"].to_string().contains(&said), "{status}");
    ensure!(status["notes"].as_array().is_some_and(|notes| notes.len() == 1), "{status}");
    Ok(())
}
