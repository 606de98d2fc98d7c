//! `farthing meter`: events from files and standard input into accruals.

use crate::books::Books;
use crate::claims;
use crate::cli::MeterOptions;
use crate::configuration::limits::MeterTable;
use crate::lock::Lock;
use crate::metering::{Ended, Metering, Seconds, Stop};
use crate::output::{self, Answer};
use crate::patience;
use crate::place::Place;
use crate::telemetry::{Event, LedgerCall, Watched, tell, timed};
use crate::time;
#[cfg(feature = "kafka")]
use crate::{outgoing::Outgoing, topic::TopicMetering};
use anyhow::{Context, bail, ensure};
use farthing_ingest::worker::Admission;
use farthing_ingest::{Input, Partition, source};
use farthing_schemas::manifest::Counts;
use farthing_schemas::time::DAY_MICROS;
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// How long a worker on a topic may take to end in order: whoever stops workers kills them soon after.
#[cfg(feature = "kafka")]
const TOPIC_PATIENCE: Duration = Duration::from_secs(9);

const NO_SCRATCH: &str = "no files can be made in the scratch folder (--scratch)";

/// How the URL of a topic begins, and the name of one that is in the configuration; a file of such a name is `./kafka:...`.
const TOPIC: &str = "kafka:";

pub async fn run(at: &Place, options: MeterOptions, json: bool) -> anyhow::Result<Answer> {
    let watched = Watched::start(at, &options)?;
    let answer = meter_and_say(at, options, json).await;
    if let Err(error) = &answer {
        tell(Event::Fails(&format!("{error:#}")));
    }
    watched.end().await;
    answer
}

async fn meter_and_say(at: &Place, options: MeterOptions, json: bool) -> anyhow::Result<Answer> {
    let (books, names, seconds) = meter(at, options).await?;
    say(&books, &names, &seconds, json).await?;
    books.ledger.close().await;
    Ok(Answer::Yes)
}

/// Meters sources to their ends; returns the books, the names of the sources in them, and where the time went.
pub async fn meter(at: &Place, options: MeterOptions) -> anyhow::Result<(Books, Vec<String>, Seconds)> {
    let topics = options.sources.iter().filter(|source| source.starts_with(TOPIC)).count();
    if topics > 0 {
        ensure!(options.sources.len() == 1, "a topic is metered by itself: name it in a command of its own");
        return meter_topic(at, options).await;
    }
    let stop = if options.follow { Stop::on_signal(None)? } else { Stop::default() };
    let sources = options.sources.iter().map(|source| named(source)).collect::<anyhow::Result<Vec<_>>>()?;
    let mut books = Books::open(at).await?;
    books.patience = stop.patience(patience(&options, &at.meter));
    books.lock = Lock::metering(at, &books.ledger).await?;
    let metering = as_asked(at, options, &at.meter);
    metering.room.check().context(NO_SCRATCH)?;
    let mut seconds = Seconds::default();
    let before = books.catalog.sequence;
    loop {
        // Whoever held the lock until now may have committed, and a new registry version is to be known.
        books.refresh().await?;
        let partitions = open_partitions(&books, &sources).await?;
        let names = partitions.iter().map(|(partition, _)| partition.name.clone()).collect();
        let result = metering.run(&mut books, partitions, &stop).await;
        let outcome = result.context("metering stopped; all batches before are kept, and the same command goes on from there");
        let (ended, more) = outcome?;
        seconds += more;
        match ended {
            Ended::AllRead => {
                books.lock = None;
                claims::go_with_reversals(&mut books, at, before).await?;
                return Ok((books, names, seconds));
            }
            Ended::NewRegistry => output::note("the registry has a new version: what comes now is metered with it"),
        }
    }
}

/// Meters a topic together with all others of its group.
#[cfg(feature = "kafka")]
async fn meter_topic(at: &Place, options: MeterOptions) -> anyhow::Result<(Books, Vec<String>, Seconds)> {
    let (topic, options, limits) = named_topic(at, options)?;
    let stop = Stop::on_signal(Some(TOPIC_PATIENCE))?;
    let mut books = Books::open(at).await?;
    books.patience = stop.patience(patience(&options, &limits));
    let metering = as_asked(at, options, &limits);
    metering.room.check().context(NO_SCRATCH)?;
    let outgoing = Outgoing::of(&topic, &books)?;
    let mut worker = TopicMetering { topic: &topic, metering: &metering, stop: &stop, outgoing };
    let seconds = worker.run(&mut books).await;
    let seconds = seconds.context("metering stopped; all batches before are kept, and the same command goes on from there")?;
    let number = |name: &str| topic.number_of(name);
    books.lock = None;
    let positions = books.patience.with(async || books.ledger.positions().await).await?;
    let mut names: Vec<String> = positions.into_iter().map(|position| position.partition).filter(|name| number(name).is_some()).collect();
    names.sort_by_key(|name| number(name));
    // At the end of a topic all of it has its letters sent, also what was held by somebody who is gone.
    worker.outgoing.hold(names.clone());
    tokio::task::block_in_place(|| worker.outgoing.end(stop.signalled()));
    Ok((books, names, seconds))
}

/// The topic of a URL, or that of the configuration with what its table says where the command line says nothing.
#[cfg(feature = "kafka")]
fn named_topic(at: &Place, mut options: MeterOptions) -> anyhow::Result<(farthing_ingest::kafka::Topic, MeterOptions, MeterTable)> {
    let source = options.sources[0].clone();
    let Some(key) = source.strip_prefix(TOPIC).filter(|rest| !rest.starts_with("//")) else {
        return Ok((farthing_ingest::kafka::Topic::from_url(&source)?, options, at.meter.clone()));
    };
    let (table, topic) = crate::configuration::topics::topic(&at.topics, key)?;
    let limits = table.limits(key)?.or(&at.meter);
    options.max_age_days = options.max_age_days.or(table.max_age_days);
    if options.platforms.is_empty() {
        options.platforms = table.platforms;
    }
    Ok((topic, options, limits))
}

#[cfg(not(feature = "kafka"))]
async fn meter_topic(_: &Place, options: MeterOptions) -> anyhow::Result<(Books, Vec<String>, Seconds)> {
    bail!("{}: this farthing was built without the feature `kafka`; build it with: cargo build --release -p farthing", options.sources[0]);
}

/// How long to wait for a ledger that is away.
fn patience(options: &MeterOptions, table: &MeterTable) -> Duration {
    let usual = if options.follow { patience::LONG } else { patience::SHORT };
    options.ledger_patience.or(table.ledger_patience_seconds).map_or(usual, Duration::from_secs)
}

fn as_asked(at: &Place, options: MeterOptions, table: &MeterTable) -> Metering {
    let limits = table.under(&options.limits);
    let started = time::now();
    let (follow, arrival) = (options.follow, options.now);
    Metering {
        admission: Admission {
            platforms: (!options.platforms.is_empty()).then(|| options.platforms.into_iter().collect()),
            oldest_micros: options.max_age_days.map(|days| i64::from(days) * DAY_MICROS),
        },
        room: at.room(&limits),
        limits,
        follow,
        now: Arc::new(move || arrival.unwrap_or_else(|| if follow { time::now() } else { started })),
    }
}

/// Each source once, however often it is named.
async fn open_partitions(books: &Books, sources: &[(String, Input)]) -> anyhow::Result<Vec<(Partition, Input)>> {
    let mut partitions = Vec::new();
    for (at, (name, input)) in sources.iter().enumerate() {
        if !sources[..at].iter().any(|(before, _)| before == name) {
            partitions.push(open_partition(books, name.clone(), input.clone()).await?);
        }
    }
    Ok(partitions)
}

/// A source as the ledger names it.
fn named(source: &str) -> anyhow::Result<(String, Input)> {
    if source == "-" {
        return Ok(("stdin".to_owned(), Input::Stdin));
    }
    let cannot = || format!("the source {source} cannot be opened");
    let kind = std::fs::metadata(source).with_context(cannot)?;
    if kind.is_dir() {
        bail!("the source {source} is a folder; name its files");
    }
    if !kind.is_file() {
        bail!("the source {source} is not a file that can be read twice; pipe it in and name the source -");
    }
    let path = std::fs::canonicalize(Path::new(source)).with_context(cannot)?;
    Ok((path.display().to_string(), Input::File(path)))
}

/// Takes the lease of a source, after making sure that it is the one that was metered under this name.
async fn open_partition(books: &Books, name: String, input: Input) -> anyhow::Result<(Partition, Input)> {
    let (name, fingerprint) = match &input {
        Input::File(path) => {
            let known = books.patience.with(async || books.ledger.position(&name).await).await?.filter(|position| position.next > 0);
            let length = known.as_ref().and_then(|position| position.fingerprint.split(':').next()?.parse().ok());
            let found = source::fingerprint(path, length)?;
            if let Some(position) = known.filter(|position| position.fingerprint != found) {
                bail!(
                    "{name} is not the file that was metered under this name up to byte {}: it begins differently; give the new file another name",
                    position.next
                );
            }
            (name, found)
        }
        // What is piped cannot be wound back: every standard input is a source of its own, and identities tell what was read before.
        _ => {
            let prefix = format!("{name}/");
            let positions = books.patience.with(async || books.ledger.positions().await).await?;
            let number = positions.iter().filter(|position| position.partition.starts_with(&prefix)).count() + 1;
            (format!("{prefix}{number:06}"), String::new())
        }
    };
    let lease = books.patience.with(async || timed(LedgerCall::Lease, books.ledger.lease(&name, &fingerprint, 0)).await).await?;
    Ok((Partition { name, epoch: lease.epoch, next: lease.next, index: 0 }, input))
}

/// Says what is counted of the partitions in all their runs.
pub async fn say(books: &Books, names: &[String], seconds: &Seconds, json: bool) -> anyhow::Result<()> {
    let mut total = Counts::default();
    let mut positions = Vec::new();
    for name in names {
        if let Some(position) = books.patience.with(async || books.ledger.position(name).await).await? {
            total.add(&position.counts);
            positions.push(position);
        }
    }
    if json {
        let partitions = positions.iter().map(|position| {
            let Counts { read, metered, duplicate, rejected } = position.counts;
            json!({"partition": position.partition, "read": read, "metered": metered, "duplicate": duplicate, "rejected": rejected, "next": position.next})
        });
        let Counts { read, metered, duplicate, rejected } = total;
        let seconds = json!({"registry": seconds.registry, "identities": seconds.identities, "metering": seconds.metering, "commits": seconds.commits});
        let document = json!({"read": read, "metered": metered, "duplicate": duplicate, "rejected": rejected,
            "partitions": partitions.collect::<Vec<_>>(), "seconds": seconds});
        return output::json(&document);
    }
    let row = |name: &str, counts: &Counts| {
        vec![
            name.to_owned(),
            counts.read.to_string(),
            counts.metered.to_string(),
            counts.duplicate.to_string(),
            counts.rejected.to_string(),
        ]
    };
    let mut rows: Vec<_> = positions.iter().map(|position| row(&position.partition, &position.counts)).collect();
    rows.push(row("total", &total));
    output::text(&output::table(&["source", "read", "metered", "duplicate", "rejected"], &rows, 1))?;
    if total.rejected > 0 {
        output::note(&format!("rejected and kept: {}; see why with: farthing dead-letters list", total.rejected));
    }
    Ok(())
}
