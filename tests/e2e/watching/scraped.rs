//! What Prometheus scrapes is what the books say.

use super::asked::{Address, Scrape};
use crate::crash::child::Running;
use crate::support::{Data, root, stderr};
use crate::topics::scene::Scene;
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::time::Duration;

/// The counts of a scrape are those that the commands tell of the books.
fn same_as_the_books(scrape: &Scrape, data: &Data, said: &Value) -> Result<()> {
    let events = |outcome| scrape.sum("farthing_events_total", &[("farthing_outcome", outcome)]);
    for outcome in ["metered", "duplicate", "rejected"] {
        ensure!(events(outcome) == said[outcome].as_f64(), "{outcome}: {:?}, the books say {}", events(outcome), said[outcome]);
    }
    ensure!(scrape.sum("farthing_events_read_total", &[]) == said["read"].as_f64(), "read");
    let mut codes = BTreeMap::new();
    for letter in data.json(["dead-letters", "list", "--all"])?["dead_letters"].as_array().context("dead letters")? {
        *codes.entry(letter["code"].as_str().context("a code")?.to_owned()).or_insert(0.0) += 1.0;
    }
    let mut scraped = scrape.by("farthing_events_total", "farthing_rejection_code");
    scraped.retain(|_, count| *count > 0.0);
    ensure!(scraped == codes && !codes.is_empty(), "{scraped:?}, the books say {codes:?}");
    let batches = said["partitions"].as_array().context("partitions")?;
    for partition in batches {
        let labels = [("farthing_partition", partition["partition"].as_str().context("a name")?)];
        let at = scrape.sum("farthing_partition_position", &labels);
        ensure!(at == partition["next"].as_f64().or(partition["position"].as_f64()), "{partition}: {at:?}");
        ensure!(scrape.sum("farthing_partition_lag", &labels) == Some(0.0), "{partition}");
    }
    Ok(())
}

/// No label says anything of those who are owed.
fn nothing_private(scrape: &Scrape, registry: &str) -> Result<()> {
    let mut looked_for = 0;
    for line in registry.lines() {
        let record: Value = serde_json::from_str(line)?;
        if record["kind"] != "party" && record["kind"] != "work" {
            continue;
        }
        for word in [&record["id"], &record["name"], &record["payout"]["iban"]].into_iter().filter_map(Value::as_str) {
            ensure!(word.len() < 4 || !scrape.text.contains(word), "{word} is in the scrape");
            looked_for += 1;
        }
    }
    ensure!(looked_for > 10, "only {looked_for} words were looked for");
    Ok(())
}

/// A worker on a topic of the events that have everything wrong that can be, once it has committed them all.
pub fn with_scraped_worker(check: impl FnOnce(&Scene, &Address, &Scrape) -> Result<()>) -> Result<()> {
    let scene = Scene::of("odd_1", 1)?;
    scene.produce_all()?;
    let address = Address::free()?;
    let words = ["--follow", "--batch-events", "50", "--batch-seconds", "1", "--listen", address.shown()];
    let mut worker = scene.worker(&words)?;
    scene.wait_for(&scene.once(), Duration::from_secs(60))?;
    address.wait_until(&mut worker, true, &[])?;
    let all = |scrape: &Scrape| {
        let read = scrape.sum("farthing_events_read_total", &[]).unwrap_or(0.0);
        read >= 240.0 && scrape.sum("farthing_partition_lag", &[]) == Some(0.0)
    };
    let scrape = address.scrape_until("all events are counted", all)?;
    check(&scene, &address, &scrape)?;
    worker.signal("TERM")?;
    let output = worker.output()?;
    ensure!(output.status.success(), "{}", stderr(&output));
    Ok(())
}

#[test]
fn a_scrape_of_a_worker_on_a_topic_equals_the_books() -> Result<()> {
    with_scraped_worker(|scene, _, scrape| {
        let status = scene.data.json(["status"])?;
        let mut said = status["partitions"][0].clone();
        ensure!(status["partitions"].as_array().is_some_and(|all| all.len() == 1), "{status}");
        said["partitions"] = status["partitions"].clone();
        same_as_the_books(scrape, &scene.data, &said)?;
        let bytes: usize = scene.lines.iter().map(Vec::len).sum();
        let told = scrape.sum("farthing_events_size_bytes_total", &[]);
        ensure!(told == Some(f64::from(u32::try_from(bytes)?)), "{told:?} bytes, {bytes} were produced");
        let labels = [("messaging_destination_name", scene.topic.as_str()), ("messaging_destination_partition_id", "0")];
        ensure!(scrape.sum("farthing_partition_end", &labels) == Some(240.0), "{}", scrape.text);
        ensure!(scrape.sum("farthing_partitions_held", &[]) == Some(1.0) && scrape.sum("farthing_ready", &[]) == Some(1.0));
        let batches = scrape.sum("farthing_batches_total", &[]).context("batches")?;
        ensure!(batches >= 5.0, "{batches} batches of at most 50 events");
        for step in ["fold", "evidence", "sums", "archive", "append", "commit"] {
            let count = scrape.sum("farthing_batch_step_duration_seconds_count", &[("farthing_step", step)]);
            ensure!(count == Some(batches), "{step}: {count:?} of {batches}");
        }
        let appended =
            scrape.sum("db_client_operation_duration_seconds_count", &[("db_operation_name", "append"), ("db_system_name", "sqlite")]);
        ensure!(appended == Some(batches), "{appended:?} appends of {batches}");
        ensure!(scrape.sum("farthing_archive_io_bytes_total", &[("farthing_archive_operation", "put")]) > Some(1000.0), "{}", scrape.text);
        nothing_private(scrape, &fs::read_to_string(scene.data.path().join("registry.ndjson"))?)
    })
}

/// Files have their metrics as well, and half of a line is nothing that waits.
#[test]
fn a_scrape_of_a_followed_file_equals_the_books() -> Result<()> {
    let data = Data::new()?;
    fs::copy(root().join("examples/registry.ndjson"), data.path().join("registry.ndjson"))?;
    data.ok(["registry", "load", "registry.ndjson"])?;
    let events = fs::read_to_string(root().join("examples/events.ndjson"))? + "{\"broken\":1}\n";
    fs::write(data.path().join("live.ndjson"), &events)?;
    let address = Address::free()?;
    let words = ["--batch-seconds", "1", "--stuck-seconds", "1", "--now", "2026-11-22T00:00:00Z", "--listen", address.shown()];
    let mut worker = Running::start(&mut data.command([&["meter", "--follow", "live.ndjson"], &words[..]].concat()))?;
    address.wait_until(&mut worker, true, &[])?;
    address.scrape_until("all is committed", |scrape| scrape.sum("farthing_partition_lag", &[]) == Some(0.0))?;
    fs::OpenOptions::new().append(true).open(data.path().join("live.ndjson"))?.write_all(b"{\"half\":")?;
    let scrape = address.scrape_until("half a line", |scrape| scrape.sum("farthing_partition_lag", &[]) == Some(8.0))?;
    let name = fs::canonicalize(data.path().join("live.ndjson"))?.display().to_string();
    let at = scrape.sum("farthing_partition_position", &[("farthing_partition", &name)]);
    ensure!(at == Some(f64::from(u32::try_from(events.len())?)), "{at:?}");
    std::thread::sleep(Duration::from_secs(3));
    ensure!(address.ready().is_some_and(|(ready, _)| ready), "{:?}", address.ready());
    let scrape = address.scrape()?;
    worker.signal("TERM")?;
    let output = worker.output()?;
    ensure!(output.status.success(), "{}", stderr(&output));
    let status = data.json(["status"])?;
    let read = scrape.sum("farthing_events_read_total", &[]);
    ensure!(read.is_some_and(|read| read > 1.0), "{read:?}");
    // What was half is read at the end, as it is.
    let rejected = scrape.sum("farthing_events_total", &[("farthing_outcome", "rejected"), ("farthing_rejection_code", "not_cloudevent")]);
    ensure!(rejected == Some(1.0), "{}", scrape.text);
    ensure!(
        status["partitions"][0]["metered"].as_f64() == scrape.sum("farthing_events_total", &[("farthing_outcome", "metered")]),
        "{status}"
    );
    Ok(())
}

/// What cannot be listened at is told, and nothing is metered without being watched.
#[test]
fn an_address_that_is_taken_is_told() -> Result<()> {
    let data = Data::new()?;
    fs::copy(root().join("examples/registry.ndjson"), data.path().join("registry.ndjson"))?;
    data.ok(["registry", "load", "registry.ndjson"])?;
    fs::write(data.path().join("events.ndjson"), "{}\n")?;
    let taken = std::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0))?;
    let address = taken.local_addr()?.to_string();
    let output = data.run(["meter", "events.ndjson", "--listen", &address])?;
    let said = stderr(&output);
    ensure!(output.status.code() == Some(2) && said.contains(&address) && said.contains("--listen"), "{said}");
    fs::write(data.path().join("books.toml"), "[telemetry]\nlisten = 'nowhere'\n")?;
    let output = data.run(["meter", "events.ndjson", "--config", "books.toml"])?;
    ensure!(output.status.code() == Some(2) && stderr(&output).contains("line 2"), "{}", stderr(&output));
    fs::write(data.path().join("books.toml"), "[telemetry]\nlistens = '127.0.0.1:1'\n")?;
    let output = data.run(["meter", "events.ndjson", "--config", "books.toml"])?;
    ensure!(output.status.code() == Some(2) && stderr(&output).contains("unknown field `listens`"), "{}", stderr(&output));
    Ok(())
}
