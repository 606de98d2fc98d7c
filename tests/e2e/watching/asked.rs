//! Asking a worker over HTTP, as Prometheus and Kubernetes do.

use crate::crash::child::Running;
use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread::sleep;
use std::time::{Duration, Instant};

pub const PATIENCE: Duration = Duration::from_secs(90);
const PAUSE: Duration = Duration::from_millis(100);

/// Where a worker answers.
#[derive(Clone, Debug)]
pub struct Address(String);

impl Address {
    /// A port that is free now.
    pub fn free() -> Result<Address> {
        Ok(Address(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.to_string()))
    }

    pub fn shown(&self) -> &str {
        &self.0
    }

    /// The status and the body of an answer.
    pub fn get(&self, path: &str) -> Result<(u16, String)> {
        let mut stream = TcpStream::connect(&self.0)?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.0)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (head, body) = answer.split_once("\r\n\r\n").with_context(|| answer.clone())?;
        Ok((head.split_whitespace().nth(1).context("a status")?.parse()?, body.to_owned()))
    }

    /// Whether the worker is ready, and its answer; none if it does not answer yet.
    pub fn ready(&self) -> Option<(bool, Value)> {
        let (status, body) = self.get("/ready").ok()?;
        Some((status == 200, serde_json::from_str(&body).ok()?))
    }

    /// Waits until it is ready, or is not because of something that has these words in it; the answer.
    pub fn wait_until(&self, worker: &mut Running, ready: bool, words: &[&str]) -> Result<Value> {
        let deadline = Instant::now() + PATIENCE;
        let mut last = None;
        while Instant::now() < deadline {
            ensure!(worker.ended()?.is_none(), "the worker has ended; before, it said {last:?}");
            if let Some((is, answer)) = self.ready() {
                if is == ready && words.iter().all(|word| answer.to_string().contains(word)) {
                    return Ok(answer);
                }
                last = Some(answer);
            }
            sleep(PAUSE);
        }
        bail!("not ready={ready} with {words:?} within {PATIENCE:?}: {last:?}")
    }

    pub fn live(&self) -> Result<()> {
        let (status, body) = self.get("/live")?;
        ensure!(status == 200, "{status} {body}");
        Ok(())
    }

    pub fn scrape(&self) -> Result<Scrape> {
        let (status, text) = self.get("/metrics")?;
        ensure!(status == 200, "{status} {text}");
        Scrape::of(text)
    }

    /// Scrapes until it is so.
    pub fn scrape_until(&self, what: &str, so: impl Fn(&Scrape) -> bool) -> Result<Scrape> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let scrape = self.scrape()?;
            if so(&scrape) {
                return Ok(scrape);
            }
            ensure!(Instant::now() < deadline, "not within {PATIENCE:?}: {what}\n{}", scrape.text);
            sleep(PAUSE);
        }
    }
}

/// Metrics in the text form of Prometheus.
pub struct Scrape {
    pub text: String,
    /// Families by name, with their type.
    pub families: BTreeMap<String, String>,
    samples: Vec<(String, BTreeMap<String, String>, f64)>,
}

impl Scrape {
    fn of(text: String) -> Result<Scrape> {
        let (mut families, mut samples) = (BTreeMap::new(), Vec::new());
        for line in text.lines() {
            if let Some(family) = line.strip_prefix("# TYPE ") {
                let (name, kind) = family.split_once(' ').context("a type")?;
                families.insert(name.to_owned(), kind.to_owned());
            } else if !line.starts_with('#') {
                samples.push(sample(line).with_context(|| line.to_owned())?);
            }
        }
        Ok(Scrape { text, families, samples })
    }

    /// The names of all samples.
    pub fn names(&self) -> Vec<&str> {
        self.samples.iter().map(|(name, ..)| name.as_str()).collect()
    }

    /// The sum of all samples of that name that have these labels.
    pub fn sum(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let has = |of: &BTreeMap<String, String>| labels.iter().all(|(key, value)| of.get(*key).is_some_and(|found| found == value));
        let found: Vec<f64> = self.samples.iter().filter(|(of, with, _)| of == name && has(with)).map(|(.., value)| *value).collect();
        (!found.is_empty()).then(|| found.iter().sum())
    }

    /// The sums of that name by a label.
    pub fn by(&self, name: &str, label: &str) -> BTreeMap<String, f64> {
        let mut sums = BTreeMap::new();
        for (_, labels, value) in self.samples.iter().filter(|(of, labels, _)| of == name && labels.contains_key(label)) {
            *sums.entry(labels[label].clone()).or_insert(0.0) += value;
        }
        sums
    }
}

/// `name{label="value",...} number`
fn sample(line: &str) -> Result<(String, BTreeMap<String, String>, f64)> {
    let (rest, value) = line.rsplit_once(' ').context("a value")?;
    let (name, labels) = rest.split_once('{').unwrap_or((rest, ""));
    let mut found = BTreeMap::new();
    for label in labels.trim_end_matches('}').split("\",").filter(|label| !label.is_empty()) {
        let (key, text) = label.split_once("=\"").context("a label")?;
        found.insert(key.to_owned(), text.trim_end_matches('"').to_owned());
    }
    Ok((name.to_owned(), found, value.parse()?))
}
