//! Many workers share a topic: they come, are killed, freeze and come back.

use super::produce::{Producer, Record, partition_of, repeated};
use super::scene::Scene;
use crate::crash::child::{Running, wait_until};
use crate::services::kafka;
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(120);

/// The small set's events one to three times each, produced to as many partitions.
fn produced(partitions: u32, seed: u64) -> Result<(Scene, BTreeMap<i32, u64>)> {
    let scene = Scene::of("small", partitions)?;
    let (records, counts) = repeated(&scene.lines, partitions, seed);
    scene.producer()?.send(records.into_iter().map(|(_, line)| scene.record(&line)))?;
    Ok((scene, counts))
}

#[test]
fn four_workers_share_eight_partitions_and_end_with_them() -> Result<()> {
    let (scene, counts) = produced(8, 1)?;
    let workers = (0..4).map(|_| scene.worker(&["--batch-events", "20"])).collect::<Result<Vec<_>>>()?;
    for worker in workers {
        let output = worker.output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    scene.check(&scene.metered(&[])?, &counts)
}

#[test]
fn a_group_of_more_workers_than_partitions_ends_as_well() -> Result<()> {
    let (scene, counts) = produced(2, 2)?;
    let workers = (0..4).map(|_| scene.worker(&[])).collect::<Result<Vec<_>>>()?;
    for worker in workers {
        let output = worker.output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    scene.check(&scene.metered(&[])?, &counts)
}

/// The end of a topic is behind the marks of transactions and what was aborted: nobody waits for these.
#[test]
fn a_group_ends_though_its_topic_ends_with_marks_of_transactions() -> Result<()> {
    let scene = Scene::of("small", 4)?;
    let producer = Producer::transactional(&scene.brokers, &scene.topic)?;
    let records: Vec<Record> = scene.lines.iter().map(|line| scene.record(line)).collect();
    producer.transaction(records.clone(), true)?;
    producer.transaction(records, false)?;
    let workers = [scene.worker(&[])?, scene.worker(&[])?];
    for worker in workers {
        let output = worker.output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    scene.check(&scene.metered(&[])?, &scene.once())
}

/// Each named step of a commit, with another worker that takes over.
#[test]
fn a_worker_killed_at_each_step_is_replaced() -> Result<()> {
    for step in ["batch-sealed", "usage-written", "accruals-written", "manifest-written", "batch-committed"] {
        let (scene, counts) = produced(3, 3)?;
        let mut killed = Running::start(scene.meter(&["--batch-events", "25"]).env("FAILPOINTS", format!("{step}=1*off->pause")))?;
        // It holds all partitions, and waits at its second batch.
        let first = || -> Result<bool> { Ok(!scene.positions()?.is_empty()) };
        wait_until("a first batch", first)?;
        std::thread::sleep(Duration::from_millis(1500));
        ensure!(killed.ended()?.is_none(), "it ended before {step}");
        let other = scene.worker(&["--batch-events", "25"])?;
        killed.kill_9()?;
        let output = other.output()?;
        ensure!(output.status.success(), "{step}: {}", String::from_utf8_lossy(&output.stderr));
        scene.check(&scene.metered(&[])?, &counts).with_context(|| step.to_owned())?;
    }
    Ok(())
}

/// A worker that sleeps for longer than its session lasts, in the middle of a commit, wakes up, and tries to commit.
#[test]
fn a_zombie_cannot_commit() -> Result<()> {
    // In the last, what it was writing was swept away when its lease was taken, as the archive finds.
    for (step, more) in [("usage-written", ""), ("manifest-written", ""), ("sums-encoded", ";archive-refuses=3*off->1*return")] {
        let (scene, counts) = produced(3, 4)?;
        let words = ["--batch-events", "25", "--follow", "--batch-seconds", "1"];
        let zombie = Running::start(scene.meter(&words).env("FAILPOINTS", format!("{step}=1*off->1*sleep(4000){more}")))?;
        wait_until("a first batch", || Ok(!scene.positions()?.is_empty()))?;
        // It sleeps at its second batch by now, and holds no lock of the database: that nobody could take from it.
        std::thread::sleep(Duration::from_millis(1000));
        zombie.signal("STOP")?;
        let other = scene.worker(&words)?;
        scene.wait_for(&counts, PATIENCE)?;
        zombie.signal("CONT")?;
        // It joins anew, and both go on with what comes.
        std::thread::sleep(Duration::from_secs(6));
        let mut counts = counts;
        let again: Vec<_> = scene.lines.iter().map(|line| scene.record(line)).collect();
        for record in &again {
            *counts.entry(record.partition).or_default() += 1;
        }
        scene.producer()?.send(again)?;
        scene.wait_for(&counts, PATIENCE)?;
        for worker in [zombie, other] {
            worker.signal("TERM")?;
            let output = worker.output()?;
            ensure!(output.status.success(), "{step}: {}", String::from_utf8_lossy(&output.stderr));
        }
        scene.check(&scene.metered(&[])?, &counts).with_context(|| step.to_owned())?;
    }
    Ok(())
}

/// SIGTERM: what is open is committed, and the group is left at once, so that another takes over without waiting for the session.
#[test]
fn a_worker_that_is_told_to_stop_leaves_within_seconds() -> Result<()> {
    let (scene, counts) = produced(2, 5)?;
    let words = ["--follow", "--batch-seconds", "3600"];
    let worker = scene.worker(&words)?;
    std::thread::sleep(Duration::from_secs(4));
    ensure!(scene.positions()?.is_empty(), "the batch is open");
    let clock = std::time::Instant::now();
    worker.signal("TERM")?;
    let output = worker.output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    ensure!(clock.elapsed() < Duration::from_secs(10), "it took {:?}", clock.elapsed());
    ensure!(scene.positions()? == counts, "what was open is committed");
    scene.check(&scene.metered(&[])?, &counts)
}

/// A commit that takes longer than that is left as it is: the worker says so, and nothing has gone wrong.
#[test]
fn a_worker_that_cannot_commit_in_time_leaves_in_order() -> Result<()> {
    let (scene, counts) = produced(2, 5)?;
    let mut slow = scene.meter(&["--follow", "--batch-seconds", "3600"]);
    let slow = Running::start(slow.env("FAILPOINTS", "usage-written=sleep(8000)"))?;
    std::thread::sleep(Duration::from_secs(4));
    let clock = std::time::Instant::now();
    slow.signal("TERM")?;
    let output = slow.output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success() && said.contains("will be read again"), "{:?}: {said}", output.status);
    ensure!(clock.elapsed() < Duration::from_secs(10), "it took {:?}", clock.elapsed());
    // Whoever is cut off after nine seconds prints nothing.
    ensure!(!output.stdout.is_empty(), "it was cut off");
    ensure!(scene.positions()?.values().all(|next| *next == 0), "the batch was committed");
    scene.check(&scene.metered(&[])?, &counts)
}

/// Brokers that are away for longer than the session lasts take all partitions from a worker. It gets them back, and knows what it knew: it
/// reads none of the evidence again, which is not there meanwhile.
#[test]
fn what_nobody_had_meanwhile_is_known_without_being_read_again() -> Result<()> {
    let cluster = kafka::alone();
    let scene = Scene::on(&cluster, "small", 3)?;
    let worker = scene.worker(&["--follow", "--batch-seconds", "1"])?;
    scene.produce_all()?;
    scene.wait_for(&scene.once(), PATIENCE)?;
    let leases = scene.leases()?;
    let (evidence, hidden) = (scene.data.archive().join("usage"), scene.data.path().join("hidden"));
    fs::rename(&evidence, &hidden)?;
    cluster.kill(1);
    std::thread::sleep(Duration::from_secs(5));
    cluster.start(1);
    let twice: BTreeMap<i32, u64> = scene.once().into_iter().map(|(partition, count)| (partition, 2 * count)).collect();
    scene.produce_all()?;
    scene.wait_for(&twice, PATIENCE)?;
    ensure!(!evidence.exists(), "copies are no evidence");
    fs::rename(&hidden, &evidence)?;
    worker.signal("TERM")?;
    let output = worker.output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let anew = scene.leases()?;
    ensure!(leases.iter().all(|(partition, epoch)| anew[partition] > *epoch), "{leases:?}, then {anew:?}: the session was not lost");
    scene.check(&scene.metered(&[])?, &twice)
}

/// A partition that was another's meanwhile comes back: what was known of it is still known, and what the other has added alone is read. The
/// older evidence is not there.
#[test]
fn of_what_others_had_meanwhile_only_what_they_added_is_read() -> Result<()> {
    let cluster = kafka::alone();
    let scene = Scene::on(&cluster, "small", 4)?;
    let (early, late) = scene.lines.split_at(scene.lines.len() / 2);
    let mut sent = BTreeMap::new();
    let mut send = |lines: &[Vec<u8>]| -> Result<BTreeMap<i32, u64>> {
        scene.wait_for(&sent_with(&scene, lines, &mut sent)?, PATIENCE)?;
        Ok(sent.clone())
    };
    let follows = ["--follow", "--batch-seconds", "1"];
    let stays = scene.worker(&follows)?;
    send(early)?;
    let (leases, evidence, hidden) = (scene.leases()?, scene.data.archive().join("usage"), scene.data.path().join("hidden"));
    let older = files_in(&evidence)?;
    let other = scene.worker(&follows)?;
    // Copies are no evidence: what is new of it is the other's, or is of partitions that stay.
    wait_until("another worker has its part", || {
        send(early)?;
        Ok(scene.leases()?.iter().any(|(partition, epoch)| *epoch > leases[partition]))
    })?;
    send(late)?;
    move_all(&older, &evidence, &hidden)?;
    other.kill_9()?;
    let all = send(&scene.lines)?;
    ensure!(older.iter().all(|path| !evidence.join(path).exists()), "the older evidence is there");
    move_all(&older, &hidden, &evidence)?;
    stays.signal("TERM")?;
    let output = stays.output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    scene.check(&scene.metered(&[])?, &all)
}

/// Who has to read all of an index first gives up what others wait for, and not only when it has read it.
#[test]
fn what_is_read_for_an_index_keeps_nobody_waiting() -> Result<()> {
    let cluster = kafka::alone();
    let scene = Scene::on(&cluster, "small", 4)?;
    scene.produce_all()?;
    scene.check(&scene.metered(&["--batch-events", "20"])?, &scene.once())?;
    let files = files_in(&scene.data.archive().join("usage"))?.len();
    ensure!(files >= 6, "{files} files");
    let lease = || least_lease(&scene);
    let before = lease()?;
    let follows = ["--follow", "--batch-seconds", "1"];
    let mut slow = scene.meter(&follows);
    let slow = Running::start(slow.env("FAILPOINTS", "index-reads-file=sleep(4000)"))?;
    wait_until("the first has taken all over", || Ok(lease()? > before))?;
    let since = std::time::Instant::now();
    let quick = scene.worker(&follows)?;
    let taken = scene.leases()?;
    scene.produce_all()?;
    let twice = |partition: &i32| 2 * scene.once()[partition];
    wait_until("the second meters its part", || {
        Ok(scene.positions()?.iter().filter(|(partition, next)| **next == twice(partition)).count() >= 2)
    })?;
    let (took, reading) = (since.elapsed(), Duration::from_secs(4 * u64::try_from(files)?));
    ensure!(took < reading * 2 / 3, "{took:?}, and the first has {reading:?} to read");
    ensure!(scene.leases()?.iter().any(|(partition, epoch)| *epoch > taken[partition]), "nobody has taken anything over");
    end_with_twice(&scene, [slow, quick])
}

/// Who reads an index and gets more partitions meanwhile, since another has left, holds nobody up who comes then.
#[test]
fn what_comes_in_addition_while_an_index_is_read_keeps_nobody_waiting() -> Result<()> {
    let cluster = kafka::alone();
    let scene = Scene::on(&cluster, "small", 4)?;
    scene.produce_all()?;
    scene.check(&scene.metered(&["--batch-events", "20"])?, &scene.once())?;
    let files = files_in(&scene.data.archive().join("usage"))?.len();
    ensure!(files >= 6, "{files} files");
    let before = least_lease(&scene)?;
    let follows = ["--follow", "--batch-seconds", "1"];
    let leaves = scene.worker(&follows)?;
    wait_until("the first has taken all over", || Ok(least_lease(&scene)? > before))?;
    let taken = leases(&scene, "SUM")?;
    let mut slow = scene.meter(&follows);
    let slow = Running::start(slow.env("FAILPOINTS", "index-reads-file=sleep(4000)"))?;
    wait_until("the slow one has its part", || Ok(leases(&scene, "SUM")? > taken))?;
    leaves.signal("TERM")?;
    ensure!(leaves.output()?.status.success(), "it did not leave in order");
    // By now the slow one is given all of them.
    std::thread::sleep(Duration::from_secs(4));
    let since = std::time::Instant::now();
    let comes = scene.worker(&follows)?;
    scene.produce_all()?;
    let twice = |partition: &i32| 2 * scene.once()[partition];
    wait_until("who has come meters its part", || {
        Ok(scene.positions()?.iter().filter(|(partition, next)| **next == twice(partition)).count() >= 2)
    })?;
    let (took, reading) = (since.elapsed(), Duration::from_secs(4 * u64::try_from(files)?));
    ensure!(took < reading / 3, "{took:?}, and the slow one has {reading:?} to read");
    end_with_twice(&scene, [slow, comes])
}

/// The files of an index are merged into another while it is read.
#[test]
fn merging_the_archive_ends_no_worker_that_reads_its_index() -> Result<()> {
    let scene = Scene::of("small", 2)?;
    scene.produce_all()?;
    scene.check(&scene.metered(&["--batch-events", "20"])?, &scene.once())?;
    let (files, before) = (|| Ok::<_, anyhow::Error>(files_in(&scene.data.archive().join("usage"))?.len()), least_lease(&scene)?);
    let were = files()?;
    let mut slow = scene.meter(&["--follow", "--batch-seconds", "1"]);
    let slow = Running::start(slow.env("FAILPOINTS", "index-reads-file=1*off->1*sleep(6000)"))?;
    wait_until("it has taken all over", || Ok(least_lease(&scene)? > before))?;
    std::thread::sleep(Duration::from_secs(1));
    scene.data.ok(["archive", "compact"])?;
    ensure!(files()? < were, "nothing was merged");
    scene.produce_all()?;
    let twice: BTreeMap<i32, u64> = scene.once().into_iter().map(|(partition, count)| (partition, 2 * count)).collect();
    scene.wait_for(&twice, PATIENCE)?;
    slow.signal("TERM")?;
    let output = slow.output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    scene.check(&scene.metered(&[])?, &twice)
}

/// What another has reversed meanwhile cannot be reversed again by who gets the partition back.
#[test]
fn what_another_reversed_meanwhile_is_known_to_be() -> Result<()> {
    let cluster = kafka::alone();
    let scene = Scene::on(&cluster, "small", 4)?;
    let mut sent: BTreeMap<i32, u64> = BTreeMap::new();
    let mut send = |partition: i32, event: &Value| -> Result<()> {
        *sent.entry(partition).or_default() += 1;
        scene.producer()?.send([scene.record_to(partition, event.to_string().as_bytes())])?;
        scene.wait_for(&sent, PATIENCE)
    };
    let usage: Value = scene.lines.iter().filter_map(|line| serde_json::from_slice(line).ok()).find(is_usage).context("no usage")?;
    let [first, second] = ["r1", "r2"].map(|id| {
        json!({"specversion": "1.0", "id": id, "source": "//again", "type": "farthing.usage.reversal.v1", "time": usage["time"],
            "data": {"platform": usage["data"]["platform"], "reverses": {"source": usage["source"], "id": usage["id"]}}})
    });
    let follows = ["--follow", "--batch-seconds", "1"];
    let stays = scene.worker(&follows)?;
    send(0, &usage)?;
    let leases = scene.leases()?;
    let other = scene.worker(&follows)?;
    // Copies, until another worker has committed one.
    wait_until("another worker has the partition", || {
        send(0, &usage)?;
        Ok(scene.leases()?[&0] > leases[&0])
    })?;
    send(0, &first)?;
    other.kill_9()?;
    send(0, &second)?;
    stays.signal("TERM")?;
    let output = stays.output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let letters = scene.data.ok(["dead-letters", "list"])?;
    ensure!(letters.matches("unknown_original").count() == 1, "{letters}");
    scene.data.ok(["verify"]).map(drop)
}

fn is_usage(event: &Value) -> bool {
    event["type"].as_str().is_some_and(|type_| type_.starts_with("farthing.usage") && !type_.contains("reversal"))
}

/// A worker that slept until another took over is refused its batch, and knows what it knew before it: the older evidence is not there when it
/// comes back.
#[test]
fn who_was_taken_for_dead_forgets_only_what_was_not_committed() -> Result<()> {
    let cluster = kafka::alone();
    let scene = Scene::on(&cluster, "small", 4)?;
    let (early, late) = scene.lines.split_at(scene.lines.len() / 2);
    let mut sent = BTreeMap::new();
    let mut send = |lines: &[Vec<u8>]| sent_with(&scene, lines, &mut sent);
    let sleeps = scene.worker(&["--follow", "--batch-seconds", "3"])?;
    scene.wait_for(&send(early)?, PATIENCE)?;
    let (evidence, hidden) = (scene.data.archive().join("usage"), scene.data.path().join("hidden"));
    let older = files_in(&evidence)?;
    let both = send(late)?;
    // It has read them, and they are not committed yet.
    std::thread::sleep(Duration::from_millis(1500));
    sleeps.signal("STOP")?;
    ensure!(scene.positions()?.values().sum::<u64>() < both.values().sum(), "the batch was committed already");
    let other = scene.worker(&["--follow", "--batch-seconds", "1"])?;
    scene.wait_for(&both, PATIENCE)?;
    move_all(&older, &evidence, &hidden)?;
    sleeps.signal("CONT")?;
    // It is refused, and joins anew.
    std::thread::sleep(Duration::from_secs(6));
    other.kill_9()?;
    let all = send(&scene.lines)?;
    scene.wait_for(&all, PATIENCE)?;
    ensure!(older.iter().all(|path| !evidence.join(path).exists()), "the older evidence is there");
    move_all(&older, &hidden, &evidence)?;
    sleeps.signal("TERM")?;
    let output = sleeps.output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success() && said.contains("joining the group anew"), "{said}");
    scene.check(&scene.metered(&[])?, &all)
}

/// Both leave in order, and all that was sent is there twice.
fn end_with_twice(scene: &Scene, workers: [Running; 2]) -> Result<()> {
    for worker in workers {
        worker.signal("TERM")?;
        let output = worker.output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let all = scene.once().into_iter().map(|(partition, count)| (partition, 2 * count)).collect();
    scene.check(&scene.metered(&[])?, &all)
}

/// The oldest lease of a partition, as the ledger has it now.
fn least_lease(scene: &Scene) -> Result<u64> {
    leases(scene, "MIN")
}

/// A figure of the leases of all partitions.
fn leases(scene: &Scene, figure: &str) -> Result<u64> {
    let program = "import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute(sys.argv[2]).fetchone()[0])";
    let select = format!("SELECT {figure}(epoch) FROM positions");
    let output = Command::new("python3").args(["-c", program]).arg(scene.data.ledger()).arg(select).output()?;
    Ok(String::from_utf8(output.stdout)?.trim().parse()?)
}

/// Sends lines; how many were sent to each partition by now.
fn sent_with(scene: &Scene, lines: &[Vec<u8>], sent: &mut BTreeMap<i32, u64>) -> Result<BTreeMap<i32, u64>> {
    lines.iter().for_each(|line| *sent.entry(partition_of(line, scene.partitions)).or_default() += 1);
    scene.producer()?.send(lines.iter().map(|line| scene.record(line)))?;
    Ok(sent.clone())
}

/// Moves files with their folders.
fn move_all(paths: &[PathBuf], from: &Path, to: &Path) -> Result<()> {
    for path in paths {
        let (from, to) = (from.join(path), to.join(path));
        fs::create_dir_all(to.parent().context("a file is in a folder")?)?;
        fs::rename(from, to)?;
    }
    Ok(())
}

/// The files of a folder and of those in it, each from there on.
fn files_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let (mut found, mut folders) = (Vec::new(), vec![PathBuf::new()]);
    while let Some(inner) = folders.pop() {
        for entry in fs::read_dir(folder.join(&inner))? {
            let entry = entry?;
            let path = inner.join(entry.file_name());
            let list = if entry.file_type()?.is_dir() { &mut folders } else { &mut found };
            list.push(path);
        }
    }
    Ok(found)
}
