//! Rejected events of a topic: in floods, and on their way to a topic for them.

use super::produce::{Chance, Record};
use super::read::{Found, whole};
use super::scene::Scene;
use crate::crash::child::{Running, wait_until};
use crate::services::kafka;
use crate::support::{also_on_postgres, stderr};
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const PARTITIONS: u32 = 3;

/// A topic of good events and bad ones, and one for the bad ones.
struct Poisoned {
    scene: Scene,
    letters: String,
}

impl Poisoned {
    /// With a topic for letters of these settings; without settings there is none yet.
    fn new(settings: Option<&[&str]>) -> Result<Poisoned> {
        let scene = Scene::of("small", PARTITIONS)?;
        let letters = format!("{}.rejected", scene.topic);
        if let Some(settings) = settings {
            kafka::cluster().make_topic_with(&letters, 2, settings);
        }
        let poisoned = Poisoned { scene, letters };
        poisoned.produce()?;
        Ok(poisoned)
    }

    /// The set's events, each followed by a bad one.
    fn produce(&self) -> Result<()> {
        let good = self.scene.lines.iter().map(|line| self.scene.record(line));
        let bad = (0..self.scene.lines.len()).map(|number| {
            let value = match number % 4 {
                0 => format!("{{broken {number}"),
                1 => format!(r#"{{"specversion":"1.0","id":"{number}","data":{{"platform":"plt_known_{number}"}}}}"#),
                2 => format!("\u{fffd} no event {number}"),
                _ => format!("[{number}]"),
            };
            Record { millis: Some(self.scene.arrival()), ..Record::of(i32::try_from(number % 3).unwrap_or_default(), value) }
        });
        let both: Vec<Record> = good.zip(bad).flat_map(|(good, bad)| [good, bad]).collect();
        self.scene.producer()?.send(both)
    }

    fn meter(&self, words: &[&str]) -> Command {
        let Scene { brokers, topic, .. } = &self.scene;
        let url = format!("kafka://{brokers}/{topic}?group={topic}&dead_letters_topic={}&{}", self.letters, super::scene::QUICK);
        self.scene.data.command([&["meter", &url, "--batch-events", "20"], words].concat())
    }

    fn metered(&self) -> Result<String> {
        let output = self.meter(&[]).output()?;
        ensure!(output.status.success(), "{}", stderr(&output));
        Ok(stderr(&output))
    }

    /// Every letter of the ledger stands in the topic for them, at least once, and says what the ledger says; how many came more than once.
    fn all_are_sent(&self, since: i64) -> Result<usize> {
        let listed = self.scene.data.json(["dead-letters", "list", "--all"])?;
        let listed = listed["dead_letters"].as_array().context("letters")?.clone();
        let mut found: BTreeMap<String, Vec<Found>> = BTreeMap::new();
        for record in whole(&self.scene.brokers, &self.letters)? {
            ensure!(record.millis >= since, "the record's time is not that of its sending: {record:?}");
            found.entry(record.header("farthing_number").to_owned()).or_default().push(record);
        }
        let mut again = 0;
        for letter in &listed {
            let records = found.remove(&letter["number"].to_string()).with_context(|| format!("not sent: {letter}"))?;
            again += records.len() - 1;
            let keys: BTreeSet<&str> = records.iter().map(|record| record.key.as_str()).collect();
            ensure!(keys.len() == 1 && keys.iter().all(|key| *key == records[0].header("farthing_id")), "ids differ: {records:?}");
            for record in records {
                self.same(letter, &record)?;
            }
        }
        ensure!(found.is_empty() && !listed.is_empty(), "of no letter: {found:?}");
        Ok(again)
    }

    fn same(&self, letter: &Value, record: &Found) -> Result<()> {
        let (name, number) = letter["partition"].as_str().and_then(|name| name.rsplit_once('/')).context("a partition")?;
        let value = record.value.as_deref().unwrap_or_default();
        ensure!(letter["bytes"] == value.len(), "{letter} is longer or shorter: {record:?}");
        // To ask for each takes too long.
        if letter["number"].as_u64().is_some_and(|number| number % 16 == 1) {
            let raw = self.scene.data.json(["dead-letters", "show", &letter["number"].to_string()])?;
            let hex: String = value.iter().map(|byte| format!("{byte:02x}")).collect();
            ensure!(raw["raw_hex"] == hex, "the bytes of {letter} are others: {record:?}");
        }
        for (header, expected) in [
            ("code", letter["code"].as_str().context("code")?),
            ("sentence", letter["sentence"].as_str().context("sentence")?),
            ("topic", name.trim_start_matches("kafka:")),
            ("partition", number),
            ("offset", &letter["position"].to_string()),
        ] {
            ensure!(record.header(&format!("farthing_{header}")) == expected, "{header} of {letter}: {record:?}");
        }
        let platform = String::from_utf8_lossy(value).contains("plt_known");
        ensure!(!platform || record.header("farthing_platform").starts_with("plt_known"), "the platform is known: {record:?}");
        Ok(())
    }
}

fn now() -> Result<i64> {
    Ok(i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())?)
}

#[test]
fn every_rejected_event_goes_to_the_topic_for_them() -> Result<()> {
    let since = now()?;
    let poisoned = Poisoned::new(Some(&[]))?;
    poisoned.metered()?;
    ensure!(poisoned.all_are_sent(since)? == 0, "nobody was killed, and letters came twice");
    // Nothing new: nothing is sent again. What comes then is sent, and no more.
    poisoned.metered()?;
    poisoned.produce()?;
    poisoned.metered()?;
    ensure!(poisoned.all_are_sent(since)? == 0, "letters were sent again");
    // The ledger has them still.
    poisoned.scene.data.ok(["dead-letters", "replay", "--all"])?;
    poisoned.scene.data.ok(["verify"]).map(drop)
}

also_on_postgres!(every_rejected_event_goes_to_the_topic_for_them);

/// Killed between the commit and the sending, and between the brokers' answer and the mark: nothing is lost, and what comes twice has one id.
#[test]
fn letters_are_sent_whoever_is_killed() -> Result<()> {
    for (step, twice) in [("batch-committed", false), ("dead-letters-sent", true)] {
        let since = now()?;
        let poisoned = Poisoned::new(Some(&[]))?;
        for passed in [0, 1] {
            let mut killed = Running::start(poisoned.meter(&[]).env("FAILPOINTS", format!("{step}={passed}*off->pause")))?;
            wait_until("a first batch", || Ok(!poisoned.scene.positions()?.is_empty()))?;
            std::thread::sleep(Duration::from_millis(1500));
            ensure!(killed.ended()?.is_none(), "it ended before {step}");
            killed.kill_9()?;
        }
        poisoned.metered()?;
        let again = poisoned.all_are_sent(since).with_context(|| step.to_owned())?;
        ensure!((again > 0) == twice, "{step}: {again} came again");
        poisoned.scene.data.ok(["verify"])?;
    }
    Ok(())
}

/// A topic that is not there keeps nobody from metering, is told, and gets all once it is there.
#[test]
fn a_topic_for_letters_that_is_away_is_told_and_waited_for_by_nobody() -> Result<()> {
    let since = now()?;
    let poisoned = Poisoned::new(None)?;
    let said = poisoned.metered()?;
    ensure!(said.contains(&poisoned.letters) && said.contains("metering goes on") && said.contains("in the ledger"), "{said}");
    let count = poisoned.scene.lines.len() * 2;
    let read: u64 = poisoned.scene.positions()?.values().sum();
    ensure!(usize::try_from(read)? == count, "{read} of {count} are metered");
    // While a worker runs: it sends them as soon as the topic is there.
    let worker = Running::start(&mut poisoned.meter(&["--follow"]))?;
    kafka::cluster().make_topic_with(&poisoned.letters, 2, &[]);
    wait_until("all are sent", || Ok(poisoned.all_are_sent(since).is_ok()))?;
    worker.signal("TERM")?;
    let output = worker.output()?;
    ensure!(output.status.success(), "{}", stderr(&output));
    poisoned.scene.data.ok(["verify"]).map(drop)
}

/// What the topic does not take goes without its bytes, which the ledger has.
#[test]
fn letters_that_are_too_large_for_their_topic_do_not_stand_in_the_way() -> Result<()> {
    let poisoned = Poisoned::new(Some(&["max.message.bytes=20000"]))?;
    // What cannot be made small, either.
    let mut chance = Chance(1);
    let large: Vec<u8> = (0..100_000).map(|_| b'A' + u8::try_from(chance.below(58)).unwrap_or_default()).collect();
    let large = Record::of(0, large);
    poisoned.scene.producer()?.send([large, Record::of(0, "the last one")])?;
    poisoned.metered()?;
    let records = whole(&poisoned.scene.brokers, &poisoned.letters)?;
    let without: Vec<&Found> = records.iter().filter(|record| record.value.is_none()).collect();
    ensure!(without.len() == 1 && without[0].header("farthing_value_left_out") == "too large for this topic", "{without:?}");
    ensure!(records.iter().any(|record| record.value.as_deref() == Some(b"the last one")), "what came behind it is not there");
    let raw = poisoned.scene.data.ok(["dead-letters", "show", without[0].header("farthing_number"), "--raw"])?;
    ensure!(raw.trim_end().len() == 100_000, "the ledger has {} bytes of it", raw.len());
    Ok(())
}

/// One that is too large even without its bytes is said, with the way out, and passed over: what is behind it goes, and goes once.
#[test]
fn a_letter_that_brokers_never_take_is_said_and_passed_over() -> Result<()> {
    let scene = Scene::of("small", 1)?;
    let letters = format!("{}.rejected", scene.topic);
    kafka::cluster().make_topic_with(&letters, 1, &["max.message.bytes=450"]);
    let poisoned = Poisoned { scene, letters };
    let scene = &poisoned.scene;
    // Its platform goes into a header, and cannot be made small.
    let mut chance = Chance(7);
    let platform: String = (0..256).map(|_| char::from(b'a' + u8::try_from(chance.below(26)).unwrap_or_default())).collect();
    let never = format!(r#"{{"specversion":"1.0","id":"1","data":{{"platform":"{platform}"}}}}"#);
    let bad = |text: &str| Record { millis: Some(scene.arrival()), ..Record::of(0, text) };
    scene.producer()?.send([bad("{first"), bad(&never), bad("{second"), bad("{last")])?;
    let said = poisoned.metered()?;
    let passed_over = "does not take the dead letters 2, even without their bytes";
    ensure!(said.contains(passed_over) && said.contains("raise max.message.bytes") && !said.contains("cannot be sent"), "{said}");
    let sent = || -> Result<Vec<Vec<u8>>> {
        let records = whole(&scene.brokers, &poisoned.letters)?;
        Ok(records.into_iter().map(|record| record.value.unwrap_or_default()).collect())
    };
    ensure!(sent()? == [&b"{first"[..], b"{second", b"{last"], "{:?}", sent()?);
    // It is tried no more, and the others are not sent again; the ledger has it.
    scene.producer()?.send([bad("{more")])?;
    let said = poisoned.metered()?;
    ensure!(!said.contains("does not take") && sent()?.len() == 4, "{said} {:?}", sent()?);
    let raw = scene.data.ok(["dead-letters", "show", "2", "--raw"])?;
    ensure!(raw.trim_end() == never, "{raw}");
    scene.data.ok(["verify"]).map(drop)
}

#[test]
fn a_topic_does_not_get_its_own_letters() -> Result<()> {
    let scene = Scene::of("small", 1)?;
    let url = format!("kafka://{}/{}?dead_letters_topic={}", scene.brokers, scene.topic, scene.topic);
    let output = scene.data.run(["meter", &url])?;
    ensure!(output.status.code() == Some(2) && stderr(&output).contains("its own rejected events"), "{}", stderr(&output));
    Ok(())
}
