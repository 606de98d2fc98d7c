//! What a collector gets, and that one which is away or of no use changes nothing.

use super::collector::{Collector, Manner, Received, number, text};
use crate::crash::child::Running;
use crate::crash::scene::{Scene as Files, expected, meter, same, words};
use crate::support::stderr;
use crate::topics::scene::Scene;
use anyhow::{Context, Result, ensure};
use opentelemetry_proto::tonic::trace::v1::Span;
use serde_json::Value;
use std::process::Output;
use std::time::{Duration, Instant};

/// The span of each batch.
fn batches(received: &Received) -> Vec<&Span> {
    received.spans.iter().filter(|span| span.parent_span_id.is_empty()).collect()
}

/// Each batch is a trace with its steps, and what it says of its events sums up to what the command said.
fn traces_are_whole(received: &Received, said: &Value) -> Result<()> {
    let batches = batches(received);
    ensure!(!batches.is_empty());
    for outcome in ["read", "metered", "duplicate", "rejected"] {
        let sum: i64 = batches.iter().filter_map(|span| number(&span.attributes, &format!("farthing.batch.{outcome}"))).sum();
        ensure!(Some(sum) == said[outcome].as_i64(), "{outcome}: the spans say {sum}, the command {}", said[outcome]);
    }
    for batch in &batches {
        let steps: Vec<&Span> = received.spans.iter().filter(|span| span.parent_span_id == batch.span_id).collect();
        let mut names: Vec<&str> = steps.iter().map(|span| span.name.as_str()).collect();
        names.sort_unstable();
        ensure!(names == ["append", "archive", "commit", "evidence", "fold", "sums"], "{names:?}");
        for step in steps {
            ensure!(step.trace_id == batch.trace_id && step.start_time_unix_nano <= step.end_time_unix_nano, "{step:?}");
            // Clocks are read one after the other.
            ensure!(step.start_time_unix_nano + 1_000_000_000 > batch.start_time_unix_nano, "{step:?} before {batch:?}");
        }
    }
    Ok(())
}

fn logs_tell_each_batch(received: &Received) -> Result<()> {
    let told: Vec<_> = received.logs.iter().filter(|log| log.event_name == "farthing.batch.committed").collect();
    let batches = batches(received);
    ensure!(told.len() == batches.len(), "{} logs of {} batches", told.len(), batches.len());
    for log in told {
        let of = batches.iter().find(|span| span.span_id == log.span_id && span.trace_id == log.trace_id);
        let of = of.with_context(|| format!("a log of no batch: {log:?}"))?;
        ensure!(number(&log.attributes, "farthing.batch.number") == number(&of.attributes, "farthing.batch.number"), "{log:?}");
    }
    Ok(())
}

#[test]
fn a_collector_gets_the_traces_metrics_and_logs_of_files() -> Result<()> {
    let collector = Collector::new(Manner::Takes)?;
    let scene = Files::new()?;
    let mut command = scene.command(&[&meter(50)[..], &words("--json")[..]].concat());
    command.env("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.endpoint).env("OTEL_EXPORTER_OTLP_HEADERS", "x-token=secret");
    let output = command.env("OTEL_SERVICE_NAME", "meters").env("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test").output()?;
    ensure!(output.status.success(), "{}", stderr(&output));
    let said = serde_json::from_slice(&output.stdout)?;
    same(&scene.outcome()?, expected()?, "exported")?;
    let received = collector.received();
    traces_are_whole(&received, &said)?;
    logs_tell_each_batch(&received)?;
    let events = received.counter("farthing.events", "farthing.outcome");
    for outcome in ["metered", "duplicate", "rejected"] {
        ensure!(events.get(outcome).copied() == said[outcome].as_i64(), "{outcome}: {events:?}");
    }
    let batches = i64::try_from(batches(&received).len())?;
    ensure!(received.counter("farthing.batches", "").values().sum::<i64>() == batches);
    ensure!(received.heads.iter().all(|head| head.contains("x-token: secret")), "{:?}", received.heads.first());
    for resource in &received.resources {
        let said = ["service.name", "deployment.environment.name", "telemetry.sdk.language"].map(|key| text(&resource.attributes, key));
        ensure!(said == ["meters", "test", "rust"], "{resource:?}");
        ensure!(!text(&resource.attributes, "service.instance.id").is_empty() && !text(&resource.attributes, "service.version").is_empty());
    }
    Ok(())
}

/// By the configuration file, and in the words of the conventions for messages.
#[test]
fn a_collector_gets_what_a_worker_on_a_topic_does() -> Result<()> {
    let collector = Collector::new(Manner::Takes)?;
    let scene = Scene::of("small", 2)?;
    scene.produce_all()?;
    let table = format!("[telemetry]\nendpoint = '{}'\nservice_name = 'worker'\nexport_seconds = 1\n", collector.endpoint);
    std::fs::write(scene.data.path().join("telemetry.toml"), table)?;
    let said = scene.metered(&["--batch-events", "50", "--config", "telemetry.toml"])?;
    scene.check(&said, &scene.once())?;
    let received = collector.received();
    traces_are_whole(&received, &said)?;
    logs_tell_each_batch(&received)?;
    for batch in batches(&received) {
        ensure!(batch.name == format!("meter {}", scene.topic), "{}", batch.name);
        let said =
            ["messaging.system", "messaging.destination.name", "messaging.consumer.group.name"].map(|key| text(&batch.attributes, key));
        ensure!(said == ["kafka", &scene.topic, "g"], "{batch:?}");
    }
    let append = received.spans.iter().find(|span| span.name == "append").context("an append")?;
    ensure!(text(&append.attributes, "db.system.name") == "sqlite", "{append:?}");
    ensure!(received.logs.iter().any(|log| log.event_name == "farthing.partitions.taken"), "no partitions were taken");
    ensure!(received.metrics.iter().any(|metric| metric.name == "farthing.partition.position" && metric.unit == "{position}"));
    Ok(())
}

/// A collector that is away, refuses or never answers: metering comes to the same, and ends when it would have.
#[test]
fn a_collector_that_is_away_or_hangs_changes_nothing() -> Result<()> {
    let (hanging, refusing) = (Collector::new(Manner::Hangs)?, Collector::new(Manner::Refuses)?);
    let nobody = format!("http://{}", super::asked::Address::free()?.shown());
    for endpoint in [&hanging.endpoint, &refusing.endpoint, &nobody] {
        let scene = Files::new()?;
        let json = [&meter(20)[..], &words("--json")[..]].concat();
        let mut command = scene.command(&json);
        command
            .env("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
            .env("OTEL_METRIC_EXPORT_INTERVAL", "200")
            .env("OTEL_BSP_SCHEDULE_DELAY", "100");
        let clock = Instant::now();
        let plain = Files::new()?.command(&json).output()?;
        let without = clock.elapsed();
        let clock = Instant::now();
        let output = command.output()?;
        let with = clock.elapsed();
        ensure!(output.status.success() && plain.status.success(), "{endpoint}: {}", stderr(&output));
        ensure!(counts(&output)? == counts(&plain)?, "{endpoint}: it says something else");
        ensure!(with < without * 2 + Duration::from_secs(5), "{endpoint}: {with:?}, without it {without:?}");
        same(&scene.outcome()?, expected()?, endpoint)?;
    }
    Ok(())
}

/// A collector that is away is told of, once.
#[test]
fn a_collector_that_is_away_is_told_once() -> Result<()> {
    let scene = Files::new()?;
    let mut command = scene.command(&words("meter --follow a.ndjson --batch-seconds 1"));
    let nobody = format!("http://{}", super::asked::Address::free()?.shown());
    let worker = Running::start(command.env("OTEL_EXPORTER_OTLP_ENDPOINT", nobody).env("OTEL_METRIC_EXPORT_INTERVAL", "500"))?;
    std::thread::sleep(Duration::from_secs(12));
    worker.signal("TERM")?;
    let output = worker.output()?;
    let said = stderr(&output);
    ensure!(output.status.success() && said.matches("telemetry cannot be sent").count() == 1, "{said}");
    Ok(())
}

fn counts(output: &Output) -> Result<[Option<u64>; 4]> {
    let said: Value = serde_json::from_slice(&output.stdout)?;
    Ok(["read", "metered", "duplicate", "rejected"].map(|key| said[key].as_u64()))
}

/// SIGTERM with a collector that never answers: all is committed, and the group is left, within the 10 seconds that there are.
#[test]
fn a_collector_that_hangs_does_not_hold_up_the_end() -> Result<()> {
    let collector = Collector::new(Manner::Hangs)?;
    let scene = Scene::of("small", 2)?;
    scene.produce_all()?;
    let words = ["--follow", "--batch-seconds", "1"];
    let mut command = scene.meter(&words);
    let worker = Running::start(command.env("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.endpoint).env("OTEL_BSP_SCHEDULE_DELAY", "100"))?;
    scene.wait_for(&scene.once(), Duration::from_secs(60))?;
    let clock = Instant::now();
    worker.signal("TERM")?;
    let output = worker.output()?;
    ensure!(output.status.success(), "{}", stderr(&output));
    ensure!(clock.elapsed() < Duration::from_secs(10), "it took {:?}", clock.elapsed());
    scene.check(&scene.metered(&[])?, &scene.once())
}
