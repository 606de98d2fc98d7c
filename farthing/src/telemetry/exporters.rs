//! Where metrics, traces and logs go: to whoever scrapes, and to a collector over OTLP, each on threads of its own with bounded queues.

use super::configuration::{Collector, Settings};
use crate::output;
use anyhow::Context;
use opentelemetry::KeyValue;
use opentelemetry::metrics::{Meter, MeterProvider};
use opentelemetry::trace::TracerProvider;
use opentelemetry_appender_tracing::layer::OpenTelemetryTracingBridge;
use opentelemetry_otlp::{Compression, LogExporter, MetricExporter, Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider};
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use prometheus::Registry;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant as Clock};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Context as LayerContext, SubscriberExt};
use tracing_subscriber::{Layer, Registry as Subscriber};

/// Where it is said who says it.
const SCOPE: &str = "farthing";

/// All ways out.
pub struct Exporters {
    metrics: SdkMeterProvider,
    traces: Option<SdkTracerProvider>,
    logs: Option<SdkLoggerProvider>,
    registry: Registry,
}

impl Exporters {
    pub fn open(settings: &Settings) -> anyhow::Result<Exporters> {
        // The first one stays; whoever installed another before has one, too.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let resource = resource(settings);
        let registry = Registry::new();
        let mut metrics = SdkMeterProvider::builder().with_resource(resource.clone());
        if settings.listen.is_some() {
            let scraped = opentelemetry_prometheus::exporter().with_registry(registry.clone()).scope_info_enabled(false).build();
            metrics = metrics.with_reader(scraped.context("metrics cannot be scraped")?);
        }
        let (mut traces, mut logs) = (None, None);
        if let Some(collector) = &settings.collector {
            if let Some(url) = &collector.metrics {
                metrics = metrics.with_reader(pushed(collector, url)?);
            }
            if let Some(url) = &collector.traces {
                let exporter = reached(SpanExporter::builder().with_http(), collector, url).build().context("traces cannot be sent")?;
                traces = Some(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource.clone()).build());
            }
            if let Some(url) = &collector.logs {
                let exporter = reached(LogExporter::builder().with_http(), collector, url).build().context("logs cannot be sent")?;
                logs = Some(SdkLoggerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build());
            }
        }
        listen_to_events(logs.as_ref());
        Ok(Exporters { metrics: metrics.build(), traces, logs, registry })
    }

    pub fn meter(&self) -> Meter {
        self.metrics.meter(SCOPE)
    }

    pub fn tracer(&self) -> Option<SdkTracer> {
        self.traces.as_ref().map(|traces| traces.tracer(SCOPE))
    }

    /// What Prometheus scrapes.
    pub fn scrape(&self) -> anyhow::Result<String> {
        Ok(prometheus::TextEncoder::new().encode_to_string(&self.registry.gather())?)
    }

    /// Sends what there is, for so long at most: a collector that is away must not hold up the end. Nothing is sent afterwards.
    pub fn end(&self, longest: Duration) {
        let deadline = Clock::now() + longest;
        let (done, all) = channel();
        let (metrics, traces, logs) = (self.metrics.clone(), self.traces.clone(), self.logs.clone());
        let ends: [Box<dyn FnOnce() + Send>; 3] = [
            Box::new(move || drop(metrics.shutdown_with_timeout(longest))),
            Box::new(move || drop(traces.map(|traces| traces.shutdown_with_timeout(longest)))),
            Box::new(move || drop(logs.map(|logs| logs.shutdown_with_timeout(longest)))),
        ];
        let mut open = 0;
        for end in ends {
            let done = done.clone();
            let run = move || {
                end();
                // Nobody waits for one that is late.
                let _ = done.send(());
            };
            open += usize::from(std::thread::Builder::new().name("flush".to_owned()).spawn(run).is_ok());
        }
        for _ in 0..open {
            if all.recv_timeout(deadline.saturating_duration_since(Clock::now())).is_err() {
                return;
            }
        }
    }
}

fn pushed(collector: &Collector, url: &str) -> anyhow::Result<PeriodicReader<MetricExporter>> {
    let exporter = reached(MetricExporter::builder().with_http(), collector, url).build().context("metrics cannot be sent")?;
    let reader = PeriodicReader::builder(exporter);
    Ok(match collector.interval {
        Some(interval) => reader.with_interval(interval).build(),
        None => reader.build(),
    })
}

fn reached<B: WithExportConfig + WithHttpConfig>(builder: B, collector: &Collector, url: &str) -> B {
    let headers: HashMap<String, String> =
        collector.headers.iter().map(|(name, value)| (name.clone(), value.reveal().to_owned())).collect();
    let builder = builder.with_endpoint(url).with_protocol(Protocol::HttpBinary).with_compression(Compression::Gzip).with_headers(headers);
    match collector.timeout {
        Some(timeout) => builder.with_timeout(timeout),
        None => builder,
    }
}

/// Who says all this. What the environment says of it, the builder reads itself.
fn resource(settings: &Settings) -> Resource {
    let mut random = [0; 16];
    // Without randomness all workers are one instance.
    let _ = getrandom::fill(&mut random);
    let mut resource = Resource::builder_empty()
        .with_attributes([
            KeyValue::new("service.name", SCOPE),
            KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
            KeyValue::new("service.instance.id", hex::encode(random)),
        ])
        .with_detectors(&[
            Box::new(opentelemetry_sdk::resource::TelemetryResourceDetector),
            Box::new(opentelemetry_sdk::resource::EnvResourceDetector::new()),
        ]);
    if let Some(name) = &settings.service_name {
        resource = resource.with_service_name(name.clone());
    }
    resource.with_attributes(settings.resource.iter().map(|(key, value)| KeyValue::new(key.clone(), value.clone()))).build()
}

/// Our own events become logs; what the exporters complain of is said once.
fn listen_to_events(logs: Option<&SdkLoggerProvider>) {
    let ours = Targets::new().with_target(SCOPE, LevelFilter::INFO);
    let theirs = Targets::new().with_target("opentelemetry", LevelFilter::WARN);
    let subscriber = Subscriber::default()
        .with(logs.map(|logs| OpenTelemetryTracingBridge::new(logs).with_filter(ours)))
        .with(Complaints(AtomicBool::new(false)).with_filter(theirs));
    // Only a test would have another.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

/// Says the first thing that goes wrong with sending, and that it does no harm.
struct Complaints(AtomicBool);

impl<S: tracing::Subscriber> Layer<S> for Complaints {
    fn on_event(&self, event: &tracing::Event<'_>, _: LayerContext<'_, S>) {
        if !self.0.swap(true, Ordering::Relaxed) {
            let what = event.metadata().name();
            output::say(&format!("telemetry cannot be sent, and is dropped until it can ({what}); metering goes on"));
        }
    }
}
