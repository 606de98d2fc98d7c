//! A service of deploy/local, started for a benchmark and gone with this process, however that ends.

use anyhow::{Context, Result, ensure};
use std::path::{Path, PathBuf};
use std::process::{self, Command, Stdio};

/// A script of deploy/local, and the folder that its service has its data in.
#[derive(Debug)]
pub struct Service {
    script: PathBuf,
    folder: PathBuf,
}

impl Service {
    /// Starts the service; its folder goes when this process does.
    pub fn up(script: &Path, folder: &Path) -> Result<Self> {
        let service = Self { script: script.to_owned(), folder: folder.to_owned() };
        service.run("up", &["--owner", &process::id().to_string(), "--remove"])?;
        Ok(service)
    }

    /// Stops it, so that it takes nothing from what is measured after, and its folder can be removed.
    pub fn down(&self) -> Result<()> {
        self.run("down", &[]).map(drop)
    }

    /// What a command of the script prints.
    pub fn run(&self, command: &str, arguments: &[&str]) -> Result<String> {
        let output = Command::new(&self.script).arg(command).arg(&self.folder).args(arguments).stdin(Stdio::null()).output();
        let output = output.with_context(|| format!("cannot run {}", self.script.display()))?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{} {command} failed ({}): {said}", self.script.display(), output.status);
        Ok(String::from_utf8(output.stdout).context("a script's output is not UTF-8")?.trim().to_owned())
    }
}

/// One broker of Kafka.
#[derive(Debug)]
pub struct Broker {
    /// What runs.
    pub service: Service,
    /// For `bootstrap.servers`.
    pub brokers: String,
}

impl Broker {
    /// Starts it.
    pub fn up(script: &Path, folder: &Path) -> Result<Self> {
        let service = Service::up(script, folder)?;
        let brokers = folder.join("brokers");
        let brokers = std::fs::read_to_string(&brokers).with_context(|| format!("cannot read {}", brokers.display()))?.trim().to_owned();
        Ok(Self { service, brokers })
    }

    /// Makes a topic that keeps what it gets.
    pub fn topic(&self, name: &str, partitions: u32) -> Result<()> {
        self.service.run("topic", &[name, &partitions.to_string()]).map(drop)
    }
}
