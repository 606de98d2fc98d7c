//! A collector that speaks OTLP over HTTP, and one that is of no use.

use anyhow::{Context, Result, bail};
use flate2::read::GzDecoder;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::metrics::v1::{Metric, metric, number_data_point};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// What it does with what it gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    Takes,
    /// Never answers.
    Hangs,
    /// Answers 503 to everything.
    Refuses,
}

/// All that came.
#[derive(Default)]
pub struct Received {
    pub resources: Vec<Resource>,
    pub spans: Vec<Span>,
    pub metrics: Vec<Metric>,
    pub logs: Vec<LogRecord>,
    /// The headers of the requests.
    pub heads: Vec<String>,
}

/// Listens until the test process ends.
pub struct Collector {
    pub endpoint: String,
    received: Arc<Mutex<Received>>,
}

impl Collector {
    pub fn new(manner: Manner) -> Result<Collector> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let received = Arc::new(Mutex::new(Received::default()));
        let into = received.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let into = into.clone();
                thread::spawn(move || {
                    if let Err(error) = serve(&stream, manner, &into) {
                        eprintln!("the collector: {error:#}");
                    }
                });
            }
        });
        Ok(Collector { endpoint, received })
    }

    /// What came until now.
    pub fn received(&self) -> std::sync::MutexGuard<'_, Received> {
        self.received.lock().expect("nobody panics while holding it")
    }
}

/// One request to a connection.
fn serve(mut stream: &TcpStream, manner: Manner, into: &Mutex<Received>) -> Result<()> {
    let mut reader = BufReader::new(stream);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        if line.trim().is_empty() {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse()?;
        }
        head += &line;
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    match manner {
        // As long as the test process lives.
        Manner::Hangs => loop {
            thread::park();
        },
        Manner::Refuses => Ok(stream.write_all(b"HTTP/1.1 503 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")?),
        Manner::Takes => {
            into.lock().expect("whole").take(&head, &body)?;
            Ok(stream
                .write_all(b"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")?)
        }
    }
}

impl Received {
    fn take(&mut self, head: &str, body: &[u8]) -> Result<()> {
        let path = head.split_whitespace().nth(1).context("a path")?;
        let lower = head.to_ascii_lowercase();
        anyhow::ensure!(lower.contains("content-type: application/x-protobuf"), "{head}");
        let mut bytes = Vec::new();
        match lower.contains("content-encoding: gzip") {
            true => GzDecoder::new(body).read_to_end(&mut bytes).map(drop)?,
            false => bytes.extend_from_slice(body),
        }
        match path {
            "/v1/traces" => {
                for of in ExportTraceServiceRequest::decode(&bytes[..])?.resource_spans {
                    self.resources.extend(of.resource);
                    self.spans.extend(of.scope_spans.into_iter().flat_map(|scope| scope.spans));
                }
            }
            "/v1/metrics" => {
                for of in ExportMetricsServiceRequest::decode(&bytes[..])?.resource_metrics {
                    self.resources.extend(of.resource);
                    self.metrics.extend(of.scope_metrics.into_iter().flat_map(|scope| scope.metrics));
                }
            }
            "/v1/logs" => {
                for of in ExportLogsServiceRequest::decode(&bytes[..])?.resource_logs {
                    self.resources.extend(of.resource);
                    self.logs.extend(of.scope_logs.into_iter().flat_map(|scope| scope.log_records));
                }
            }
            other => bail!("nobody asks for {other}"),
        }
        self.heads.push(head.to_owned());
        Ok(())
    }

    /// The last points of a counter, by a label's value.
    pub fn counter(&self, name: &str, label: &str) -> BTreeMap<String, i64> {
        let mut last = BTreeMap::new();
        for metric in self.metrics.iter().filter(|metric| metric.name == name) {
            let Some(metric::Data::Sum(sum)) = &metric.data else { continue };
            let mut sums = BTreeMap::new();
            for point in &sum.data_points {
                if let Some(number_data_point::Value::AsInt(value)) = point.value {
                    *sums.entry(text(&point.attributes, label)).or_insert(0) += value;
                }
            }
            // They are cumulative: the last export says it all.
            last = sums;
        }
        last
    }
}

/// The text of an attribute; empty if there is none.
pub fn text(attributes: &[KeyValue], key: &str) -> String {
    match value(attributes, key) {
        Some(any_value::Value::StringValue(text)) => text,
        _ => String::new(),
    }
}

/// The number of an attribute.
pub fn number(attributes: &[KeyValue], key: &str) -> Option<i64> {
    match value(attributes, key) {
        Some(any_value::Value::IntValue(number)) => Some(number),
        _ => None,
    }
}

fn value(attributes: &[KeyValue], key: &str) -> Option<any_value::Value> {
    let found = attributes.iter().find(|attribute| attribute.key == key)?;
    let AnyValue { value } = found.value.clone()?;
    value
}
