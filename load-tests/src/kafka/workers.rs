//! The release binary as workers on a topic, with books that hold the registry and nothing else at the start of each run.

use super::service::Service;
use crate::bench::measure::{self, Usage};
use crate::bench::sides::{Farthing, settle_disks};
use anyhow::{Context, Result, ensure};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Instant;

/// The binary and its books.
#[derive(Debug)]
pub struct Workers {
    /// The binary.
    pub binary: PathBuf,
    /// Where the books are.
    pub books: Books,
}

/// Where the books are made anew for each run.
#[derive(Debug)]
pub enum Books {
    /// In a folder, as a copy of one with the registry.
    Embedded(Farthing),
    /// In a database of its own, with the archive in a folder; the registry is loaded each time.
    OnPostgres(OnPostgres),
}

/// A server, and what each database on it begins with.
#[derive(Debug)]
pub struct OnPostgres {
    /// The server.
    pub server: Service,
    /// The registry.
    pub registry: PathBuf,
    /// Archives and copies of compiled registries lie below.
    pub work: PathBuf,
}

impl Workers {
    /// Meters a topic into fresh books, by so many processes of a group that never was before: what each used, and the seconds from the
    /// start of the first to the end of the last.
    pub fn meter(&self, brokers: &str, topic: &str, run: &str, processes: usize) -> Result<(Vec<Usage>, f64)> {
        let mut command = self.fresh(run)?;
        command.extend(["meter", &format!("kafka://{brokers}/{topic}?group={run}"), "--json"].map(OsString::from));
        settle_disks();
        let start = Instant::now();
        let usages = thread::scope(|scope| {
            let workers: Vec<_> = (0..processes).map(|_| scope.spawn(|| measure::run(&command))).collect();
            workers.into_iter().map(|worker| worker.join().expect("no worker panics")).collect::<Result<Vec<Usage>>>()
        })?;
        Ok((usages, start.elapsed().as_secs_f64()))
    }

    /// Makes fresh books; the command that works upon them.
    fn fresh(&self, run: &str) -> Result<Vec<OsString>> {
        match &self.books {
            Books::Embedded(farthing) => {
                farthing.begin_anew()?;
                Ok(vec![self.binary.clone().into(), "--data".into(), farthing.data().into()])
            }
            Books::OnPostgres(postgres) => postgres.fresh(&self.binary, run),
        }
    }
}

impl OnPostgres {
    /// Makes a database and an archive with the registry; the command that works upon them.
    pub fn fresh(&self, binary: &Path, run: &str) -> Result<Vec<OsString>> {
        let url = self.server.run("database", &[run])?;
        let folder = self.work.join(run);
        fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
        let folder = folder.canonicalize().with_context(|| format!("cannot find {}", folder.display()))?;
        let (cache, archive) = (format!("XDG_CACHE_HOME={}", folder.display()), format!("file://{}/archive", folder.display()));
        // What is kept of a registry on a server lies in the user's cache: that of a benchmark is to be gone with it.
        let mut command: Vec<OsString> = vec!["env".into(), cache.into(), binary.into()];
        command.extend(["--ledger", &url, "--archive", &archive].map(OsString::from));
        let mut load = Command::new(&command[0]);
        load.args(&command[1..]).args(["registry", "load"]).arg(&self.registry).stdout(Stdio::null());
        let status = load.status().with_context(|| format!("cannot run {}", binary.display()))?;
        ensure!(status.success(), "the registry was not loaded ({status})");
        Ok(command)
    }
}
