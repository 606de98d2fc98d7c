//! The Kafka Streams application under measurement (peers/kafka-streams).

use crate::bench::measure;
use crate::bench::sides::settle_disks;
use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use serde::Deserialize;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The heap of the application.
const HEAP: &str = "-Xmx2g";

/// What the application keeps sums by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Sums {
    /// A sum for each party and partition of the topic: the quicker.
    #[default]
    Partition,
    /// One sum for each party, through a repartition topic.
    Party,
}

impl Sums {
    /// As the application calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Partition => "partition",
            Self::Party => "party",
        }
    }
}

/// How the application runs.
#[derive(Debug)]
pub struct Tuning {
    /// Below it lie the stores of each run.
    pub work: PathBuf,
    /// Stream threads.
    pub threads: usize,
    /// What sums are kept by.
    pub sums: Sums,
    /// How often it commits.
    pub commit_ms: u32,
}

/// The application, built.
#[derive(Debug)]
pub struct Streams {
    class_path: String,
    tuning: Tuning,
}

/// What the application reports.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Report {
    /// Events that counted.
    pub events: u64,
    /// Copies that did not.
    pub duplicates: u64,
    /// From the first record that was processed to the last.
    pub seconds: f64,
}

impl Streams {
    /// Builds the application by its script into a folder, unless it is there already.
    pub fn ready(script: &Path, folder: &Path, tuning: Tuning) -> Result<Self> {
        let output = Command::new(script).arg(folder).stderr(Stdio::inherit()).output();
        let output = output.with_context(|| format!("cannot run {}", script.display()))?;
        ensure!(output.status.success(), "{} failed ({})", script.display(), output.status);
        let class_path = String::from_utf8(output.stdout).context("a class path that is not UTF-8")?.trim().to_owned();
        Ok(Self { class_path, tuning })
    }

    /// Processes a topic of so many records from its beginning, as an application that never ran before.
    pub fn process(&self, brokers: &str, topic: &str, records: u64, application: &str) -> Result<Report> {
        let Tuning { work, threads, sums, commit_ms } = &self.tuning;
        let state = work.join(application);
        settle_disks();
        let mut command: Vec<OsString> = ["java", HEAP, "-cp", &self.class_path].map(OsString::from).to_vec();
        command.extend(["-Dorg.slf4j.simpleLogger.defaultLogLevel=error", "farthing.peer.Meter", brokers, topic].map(OsString::from));
        command.extend([records.to_string().into(), application.into(), state.clone().into()]);
        command.extend([threads.to_string(), sums.name().to_owned(), commit_ms.to_string()].map(OsString::from));
        let usage = measure::run(&command)?;
        let report: Report = serde_json::from_str(&usage.output).context("the report of the Kafka Streams application cannot be read")?;
        fs::remove_dir_all(&state).with_context(|| format!("cannot remove {}", state.display()))?;
        Ok(report)
    }
}
