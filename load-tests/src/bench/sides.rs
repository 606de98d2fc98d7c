//! The two programs under measurement.

use super::dataset::Dataset;
use super::measure::{self, Usage};
use anyhow::{Context, Result, ensure};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The release binary, and a data folder that holds a registry and nothing else.
#[derive(Debug)]
pub struct Farthing {
    binary: PathBuf,
    registry_only: PathBuf,
    data: PathBuf,
}

impl Farthing {
    /// Loads the registry into a fresh folder below `work`.
    pub fn load_registry(binary: &Path, registry: &Path, work: &Path) -> Result<Self> {
        let side = Self { binary: binary.to_owned(), registry_only: work.join("registry-only"), data: work.join("data") };
        let status = Command::new(binary)
            .args(["registry", "load"])
            .arg(registry)
            .arg("--data")
            .arg(&side.registry_only)
            .stdout(std::process::Stdio::null())
            .status()
            .with_context(|| format!("cannot run {}", binary.display()))?;
        ensure!(status.success(), "the registry was not loaded ({status})");
        Ok(side)
    }

    /// Meters a file into a fresh copy of the registry-only folder.
    pub fn meter(&self, events: &Path) -> Result<Usage> {
        self.begin_anew()?;
        self.meter_more(events)
    }

    /// Leaves the registry in the books and nothing else.
    pub fn begin_anew(&self) -> Result<()> {
        if self.data.exists() {
            fs::remove_dir_all(&self.data).with_context(|| format!("cannot remove {}", self.data.display()))?;
        }
        copy_folder(&self.registry_only, &self.data)?;
        settle_disks();
        Ok(())
    }

    /// Where the books are.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Meters a file into the books as they are.
    pub fn meter_more(&self, events: &Path) -> Result<Usage> {
        measure::run(&command(&self.binary, &["meter".as_ref(), events, "--data".as_ref(), &self.data, "--json".as_ref()]))
    }

    /// A command that meters its standard input into the books as they are.
    pub fn meter_pipe(&self) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(["meter", "-", "--json", "--data"]).arg(&self.data);
        command
    }

    /// A command that sums what the last [`Farthing::meter`] left.
    pub fn accruals(&self, keys: &str) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(["accruals", "--by", keys, "--json", "--data"]).arg(&self.data);
        command
    }
}

/// What a peer does of Farthing's work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// The same fold, to the same figures: what Farthing is held against.
    Equal,
    /// The same fold with the evidence beside it, which Farthing always writes.
    Whole,
    /// The sums alone: a bound that no peer with the same figures can reach.
    Sums,
}

impl Work {
    fn name(self) -> &'static str {
        match self {
            Self::Equal => "equal",
            Self::Whole => "whole",
            Self::Sums => "sums",
        }
    }
}

/// DuckDB, driven from Python.
#[derive(Debug)]
pub struct Peer {
    /// A Python with duckdb.
    pub python: PathBuf,
    /// The program.
    pub program: PathBuf,
    /// Where the sums go.
    pub work: PathBuf,
    /// Threads that it may use.
    pub threads: usize,
}

impl Peer {
    /// One timed run.
    pub fn fold(&self, work: Work, data: &Dataset) -> Result<Usage> {
        let out = self.out(work);
        for old in [out.clone(), out.with_extension("parquet.usage")].iter().filter(|old| old.exists()) {
            fs::remove_file(old).with_context(|| format!("cannot remove {}", old.display()))?;
        }
        settle_disks();
        let mut arguments = command(&self.python, &[&self.program, work.name().as_ref(), &data.events()]);
        if work != Work::Sums {
            arguments.push(data.registry().into());
        }
        arguments.extend([out.into(), "--threads".into(), self.threads.to_string().into()]);
        measure::run(&arguments)
    }

    /// A command that sums what the last [`Peer::fold`] of that work left, as CSV.
    pub fn sums(&self, work: Work, keys: &str) -> Command {
        let mut command = Command::new(&self.python);
        command.arg(&self.program).arg("read").arg(self.out(work)).arg(keys);
        command
    }

    fn out(&self, work: Work) -> PathBuf {
        self.work.join(format!("{}.parquet", work.name()))
    }
}

fn command(program: &Path, arguments: &[&Path]) -> Vec<OsString> {
    std::iter::once(program).chain(arguments.iter().copied()).map(OsString::from).collect()
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("cannot create {}", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("cannot list {}", from.display()))? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), &target).with_context(|| format!("cannot copy {}", entry.path().display()))?;
        }
    }
    Ok(())
}

/// All sides sync what they write; what was written before must not wait in the same queue.
pub fn settle_disks() {
    nix::unistd::sync();
}
