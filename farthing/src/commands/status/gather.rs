//! What the ledger and the brokers say.

use crate::cli::StatusOptions;
#[cfg(feature = "kafka")]
use crate::configuration::topics::named;
use crate::output::Answer;
use crate::place::Place;
#[cfg(feature = "kafka")]
use farthing_ingest::kafka::{Ends, Topic};
use farthing_ledger::{Ledger, Position};
use farthing_schemas::Instant;
use farthing_schemas::manifest::{Act, Counts, Manifest};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Batches of a partition whose rate is told.
const BATCHES: usize = 20;
/// Manifests that are read at a time, and at most: what is older is not looked for.
const PAGE: u64 = 200;
const PAGES: usize = 10;

/// How everything stands.
pub struct Report {
    pub at: Instant,
    pub rows: Vec<Row>,
    /// Rejected events that were not replayed.
    pub dead_letters: u64,
    /// Batches that were not searched for copies yet; none if that would take long to say.
    pub unsearched: Option<u64>,
    /// MID, currency, cycle, state: of all others that hold anything, the state is open.
    pub cycles: Vec<[String; 4]>,
    /// What could not be said, and why.
    pub notes: Vec<String>,
}

/// A partition of a source.
pub struct Row {
    pub partition: String,
    pub position: u64,
    pub counts: Counts,
    pub end: Option<u64>,
    pub last: Option<Last>,
    /// Events a second, over its last batches.
    pub rate: Option<f64>,
    pub dead_letters: u64,
    /// Why it is stuck, if it is.
    pub stuck: Option<String>,
}

/// The last batch of a partition.
#[derive(Clone, Debug)]
pub struct Last {
    pub batch: u64,
    pub at: Instant,
    pub counts: Counts,
}

impl Row {
    pub fn lag(&self) -> Option<u64> {
        Some(self.end?.saturating_sub(self.position))
    }
}

impl Report {
    pub fn answer(&self) -> Answer {
        if self.rows.iter().any(|row| row.stuck.is_some()) { Answer::No } else { Answer::Yes }
    }
}

/// The topics whose ends are asked for.
pub struct Topics(#[cfg(feature = "kafka")] Vec<(Topic, Ends)>);

impl Topics {
    #[cfg(feature = "kafka")]
    pub fn named(at: &Place, sources: &[String]) -> anyhow::Result<Topics> {
        let topic = |source: &String| {
            let topic = named(&at.topics, source)?;
            let ends = Ends::of(&topic)?;
            Ok((topic, ends))
        };
        Ok(Topics(sources.iter().map(topic).collect::<anyhow::Result<_>>()?))
    }

    /// Adds what their brokers say.
    #[cfg(feature = "kafka")]
    fn ask(&mut self, stuck_seconds: u64, report: &mut Report) {
        for (topic, ends) in &mut self.0 {
            ask(topic, ends, stuck_seconds, report);
        }
    }

    #[cfg(not(feature = "kafka"))]
    fn ask(&mut self, _: u64, _: &mut Report) {}

    /// Whether one is called so in the ledger.
    #[cfg(feature = "kafka")]
    fn name(&self, name: &str) -> bool {
        self.0.iter().any(|(topic, _)| topic.name == name)
    }

    #[cfg(not(feature = "kafka"))]
    fn name(&self, _: &str) -> bool {
        false
    }

    #[cfg(not(feature = "kafka"))]
    pub fn named(_: &Place, sources: &[String]) -> anyhow::Result<Topics> {
        anyhow::ensure!(sources.is_empty(), "{}: this farthing was built without the feature `kafka`", sources.join(" "));
        Ok(Topics())
    }
}

/// Asks the ledger, then the brokers.
pub async fn gather(ledger: &Ledger, topics: &mut Topics, options: &StatusOptions, now: Instant) -> anyhow::Result<Report> {
    let positions = ledger.positions().await?;
    let history = History::read(ledger, &positions).await?;
    let letters: BTreeMap<String, u64> = ledger.dead_letters_waiting().await?.into_iter().collect();
    let mut report = Report {
        at: now,
        rows: positions.iter().map(|position| history.row(position, &letters)).collect(),
        dead_letters: letters.values().sum(),
        unsearched: history.unsearched,
        cycles: ledger.cycles().await?,
        notes: Vec::new(),
    };
    for row in &mut report.rows {
        row.end = file_end(&row.partition);
    }
    tokio::task::block_in_place(|| topics.ask(options.stuck_seconds, &mut report));
    report.unasked(topics);
    report.rows.sort_by_key(|row| order_of(&row.partition));
    Ok(report)
}

/// A file that is read as it lies there ends with it.
fn file_end(partition: &str) -> Option<u64> {
    let plain = partition.starts_with('/') && !partition.ends_with(".gz") && !partition.ends_with(".zst");
    Some(Path::new(partition).metadata().ok().filter(|_| plain)?.len())
}

/// Partitions of one topic stand in the order of their numbers.
fn order_of(partition: &str) -> (String, u64, String) {
    let (source, number) = partition.rsplit_once('/').unwrap_or((partition, ""));
    (source.to_owned(), number.parse().unwrap_or(u64::MAX), partition.to_owned())
}

/// Adds what the brokers of a topic say; what they do not say of one partition keeps nothing back that they say of others.
#[cfg(feature = "kafka")]
fn ask(topic: &Topic, ends: &mut Ends, stuck_seconds: u64, report: &mut Report) {
    let told = match ends.of_each(|_| true) {
        Ok(told) => told,
        Err(error) => {
            report.notes.push(format!("topic {}: {error}; this is what the ledger says alone", topic.topic));
            return;
        }
    };
    for (number, end) in told {
        match end {
            Ok((low, high)) => judge(topic, ends, stuck_seconds, report, Offsets { number, low, high }),
            Err(error) => report.notes.push(format!("{:#}; its lag is not known", anyhow::Error::from(error))),
        }
    }
}

/// Where a partition of a topic begins and ends.
#[cfg(feature = "kafka")]
struct Offsets {
    number: i32,
    low: u64,
    high: u64,
}

#[cfg(feature = "kafka")]
fn judge(topic: &Topic, ends: &mut Ends, stuck_seconds: u64, report: &mut Report, at: Offsets) {
    let now = report.at;
    let Offsets { number, low, high } = at;
    let name = topic.partition_name(number);
    if !report.rows.iter().any(|row| row.partition == name) {
        report.rows.push(Row::never_read(&name, low));
    }
    let Some(row) = report.rows.iter_mut().find(|row| row.partition == name) else { return };
    row.end = Some(high);
    let since = row.last.as_ref().map(|last| last.at);
    let long_ago = |time: Instant| time.micros() < now.micros().saturating_sub(micros(stuck_seconds));
    if high <= row.position || since.is_some_and(|since| !long_ago(since)) {
        return;
    }
    match ends.first_after(number, row.position) {
        // There is nothing to be metered.
        Ok(None) => row.end = Some(row.position),
        // It has only just come.
        Ok(Some((_, Some(time)))) if !long_ago(time) && time <= now => {}
        _ => row.stuck = Some(sentence(since, high - row.position)),
    }
}

#[cfg(feature = "kafka")]
fn sentence(since: Option<Instant>, lag: u64) -> String {
    match since {
        Some(since) => format!("lag {lag}, and nothing committed since {since}: is a worker running, and what does its /ready say?"),
        None => format!("lag {lag}, and no batch of it is known: is a worker running, and what does its /ready say?"),
    }
}

#[cfg(feature = "kafka")]
fn micros(seconds: u64) -> i64 {
    i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1_000_000)
}

impl Report {
    /// Says whose ends nobody was asked for.
    fn unasked(&mut self, topics: &Topics) {
        let names =
            self.rows.iter().filter_map(|row| row.partition.strip_prefix("kafka:")?.rsplit_once('/').map(|(name, _)| name.to_owned()));
        let names: BTreeSet<String> = names.filter(|name| !topics.name(name)).collect();
        for name in names {
            self.notes.push(format!("topic {name}: its ends are not known; for its lag, name it: farthing status kafka://BROKERS/{name}"));
        }
    }
}

impl Row {
    #[cfg(feature = "kafka")]
    fn never_read(name: &str, low: u64) -> Row {
        let partition = name.to_owned();
        Row { partition, position: low, counts: Counts::default(), end: None, last: None, rate: None, dead_letters: 0, stuck: None }
    }
}

/// The last batches.
#[derive(Default)]
struct History {
    /// By partition, the newest first.
    batches: BTreeMap<String, Vec<Last>>,
    unsearched: Option<u64>,
}

impl History {
    /// Reads back until every partition's last batch is known, and whether it was searched, or for long enough.
    async fn read(ledger: &Ledger, positions: &[Position]) -> anyhow::Result<History> {
        let mut history = History::default();
        let (mut before, mut batches) = (u64::MAX >> 1, Vec::new());
        for _ in 0..PAGES {
            let page = ledger.manifests_before(before, PAGE).await?;
            let Some(oldest) = page.last() else { break };
            before = oldest.sequence;
            for stored in &page {
                let manifest = Manifest::from_json(&stored.body)?;
                history.take(&manifest, &mut batches)?;
            }
            let known = |position: &Position| position.counts.read == 0 || history.batches.contains_key(&position.partition);
            if before <= 1 || (history.unsearched.is_some() && positions.iter().all(known)) {
                break;
            }
        }
        if before <= 1 || before == u64::MAX >> 1 {
            history.unsearched.get_or_insert(u64::try_from(batches.len())?);
        }
        Ok(history)
    }

    /// Takes the next older manifest.
    fn take(&mut self, manifest: &Manifest, batches: &mut Vec<u64>) -> anyhow::Result<()> {
        match &manifest.act {
            Act::Batch(batch) => {
                let at = manifest.at.parse()?;
                if !batch.is_by_farthing() {
                    batches.push(manifest.sequence);
                }
                for slice in &batch.slices {
                    let of = self.batches.entry(slice.partition.clone()).or_default();
                    if of.len() < BATCHES {
                        of.push(Last { batch: batch.batch, at, counts: slice.counts });
                    }
                }
            }
            Act::Copies(search) if self.unsearched.is_none() => {
                let later = batches.iter().filter(|sequence| **sequence > search.through_sequence).count();
                self.unsearched = Some(u64::try_from(later)?);
            }
            _ => {}
        }
        Ok(())
    }

    fn row(&self, position: &Position, letters: &BTreeMap<String, u64>) -> Row {
        let batches = self.batches.get(&position.partition).map_or(&[][..], Vec::as_slice);
        Row {
            partition: position.partition.clone(),
            position: position.next,
            counts: position.counts,
            end: None,
            last: batches.first().cloned(),
            rate: rate(batches),
            dead_letters: letters.get(&position.partition).copied().unwrap_or(0),
            stuck: None,
        }
    }
}

/// Events a second from the oldest commit of these to the newest; what the oldest one brought was read before.
fn rate(batches: &[Last]) -> Option<f64> {
    let (newest, oldest) = (batches.first()?, batches.last()?);
    let millis = u32::try_from((newest.at.micros() - oldest.at.micros()) / 1000).ok().filter(|millis| *millis > 0)?;
    let read: u64 = batches[..batches.len() - 1].iter().map(|last| last.counts.read).sum();
    Some(f64::from(u32::try_from(read).unwrap_or(u32::MAX)) * 1000.0 / f64::from(millis))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn last(second: i64, read: u64) -> Last {
        Last { batch: 1, at: Instant::from_micros(second * 1_000_000), counts: Counts { read, ..Counts::default() } }
    }

    #[test]
    fn rates_are_of_what_came_between_the_commits() {
        assert_eq!(rate(&[]), None);
        assert_eq!(rate(&[last(10, 5)]), None);
        assert_eq!(rate(&[last(20, 30), last(15, 20), last(10, 1000)]), Some(5.0));
    }

    #[test]
    fn partitions_stand_in_the_order_of_their_numbers() {
        let mut names = ["kafka:a/10", "kafka:a/9", "/b/c", "stdin/000002"];
        names.sort_by_key(|name| order_of(name));
        assert_eq!(names, ["/b/c", "kafka:a/9", "kafka:a/10", "stdin/000002"]);
    }
}
