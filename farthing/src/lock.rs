//! Locks beside the ledger, or of its server: they go with the process that holds them, however it ends.

use crate::place::Place;
use anyhow::{Context, bail};
use farthing_ledger::{Held, Ledger, LedgerError, LedgerUrl};
use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How often, and how long apart, the lock of a server is tried before it counts as another's.
const TRIES: u32 = 10;
const PAUSE: Duration = Duration::from_millis(100);

/// What only one process does at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Metering files, standard input or dead letters; a second one would wait for hours, so it is refused. Workers on topics need no
    /// lock: each partition has its lease, and copies across partitions and files are found later.
    Metering,
    /// Merging files; a second one waits.
    Compacting,
    /// Searching for copies; a second one waits.
    Searching,
    /// Settling with the turnstile shut; a second one waits, and so do the commits of batches.
    Settling,
}

impl Work {
    /// What its lock on a server is called.
    fn name(self) -> &'static str {
        match self {
            Work::Metering => "metering",
            Work::Compacting => "compacting",
            Work::Searching => "copies",
            Work::Settling => "settling",
        }
    }

    /// What its file is called behind the ledger's name.
    fn suffix(self) -> &'static str {
        match self {
            Work::Metering => ".meter-lock",
            Work::Compacting => ".compact-lock",
            Work::Searching => ".copies-lock",
            Work::Settling => ".settle-lock",
        }
    }

    fn file(self, ledger: &Path) -> PathBuf {
        let mut path = ledger.as_os_str().to_owned();
        path.push(self.suffix());
        PathBuf::from(path)
    }

    /// Whether nobody holds its lock at the moment.
    pub async fn is_nobodys(self, ledger: &Ledger) -> Result<bool, LedgerError> {
        let Some(path) = ledger.path() else { return ledger.is_free(self.name()).await };
        match File::open(self.file(path)) {
            // What cannot be locked for another reason keeps nobody waiting.
            Ok(file) => Ok(!matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))),
            Err(_) => Ok(true),
        }
    }
}

/// A lock that is held.
pub enum Lock {
    /// Of a file beside the ledger.
    File { _file: File },
    /// Of a connection to the ledger's server.
    Session { held: Held, url: LedgerUrl, work: Work },
}

/// What became of a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// It was held all the time.
    Still,
    /// It was lost, and is held again: another process may have had it meanwhile.
    Again,
}

/// The partition of all replays of dead letters: its position counts the bytes of the letters read again.
pub const REPLAYS: &str = "dead-letters";

/// Whether a partition is read only by whoever holds the lock of metering: a file, a standard input, or the replays.
fn read_under_lock(partition: &str) -> bool {
    partition.starts_with('/') || partition.starts_with("stdin/") || partition == REPLAYS
}

impl Lock {
    /// Takes the lock of metering files, and takes back the batch numbers of those who held it before: they are gone. A lease would not
    /// tell: that of a standard input is never taken again.
    ///
    /// For the tests alone there is a way past it, the named step `meter-beside-others`, by which several processes meter files side by side.
    pub async fn metering(at: &Place, ledger: &Ledger) -> anyhow::Result<Option<Lock>> {
        fail::fail_point!("meter-beside-others", |_| Ok(None));
        let lock = Lock::take(at, Work::Metering).await?;
        for reservation in ledger.reserved().await?.into_iter().filter(|of| read_under_lock(&of.partition)) {
            ledger.take_back(reservation.batch).await?;
        }
        Ok(Some(lock))
    }

    /// Takes the lock for that work, waits for it, or says that another process has it.
    pub async fn take(at: &Place, work: Work) -> anyhow::Result<Lock> {
        match at.ledger.path() {
            Some(path) => Lock::of_file(path, work),
            None => Lock::of_session(&at.ledger, work).await,
        }
    }

    /// Makes sure that it is held, also when its connection was lost meanwhile.
    pub async fn keep(&mut self) -> Result<Kept, LedgerError> {
        let Lock::Session { held, url, work } = self else { return Ok(Kept::Still) };
        if held.still().await {
            return Ok(Kept::Still);
        }
        // The server may not have noticed yet that the connection was lost, and hold the lock for it.
        let taken = Held::try_take(url, work.name()).await?;
        *held = taken.ok_or_else(|| io::Error::other(format!("the lock for {} is held by another connection", work.name())))?;
        Ok(Kept::Again)
    }

    /// Whether nobody else may meter that partition while this is held.
    pub fn excludes(&self, partition: &str) -> bool {
        matches!(self, Lock::Session { work: Work::Metering, .. }) && read_under_lock(partition)
    }

    fn of_file(ledger: &Path, work: Work) -> anyhow::Result<Lock> {
        let path = work.file(ledger);
        let opened = File::options().create(true).append(true).open(&path);
        let file = opened.with_context(|| format!("the lock {} cannot be opened", path.display()))?;
        let cannot = || format!("the lock {} cannot be taken", path.display());
        match work {
            Work::Compacting | Work::Searching | Work::Settling => file.lock().with_context(cannot)?,
            Work::Metering => refused_or(file.try_lock(), &path).with_context(cannot)?,
        }
        Ok(Lock::File { _file: file })
    }

    async fn of_session(url: &LedgerUrl, work: Work) -> anyhow::Result<Lock> {
        let held = match work {
            Work::Compacting | Work::Searching | Work::Settling => Held::wait_for(url, work.name()).await?,
            Work::Metering => try_to_take(url, work).await?.with_context(|| {
                format!("another process is metering files into this ledger (it holds a lock of {url}); wait for it or stop it")
            })?,
        };
        Ok(Lock::Session { held, url: url.clone(), work })
    }
}

/// The server frees the lock of a process that has just ended a moment later.
async fn try_to_take(url: &LedgerUrl, work: Work) -> Result<Option<Held>, LedgerError> {
    for _ in 0..TRIES {
        let taken = Held::try_take(url, work.name()).await?;
        if taken.is_some() {
            return Ok(taken);
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(None)
}

fn refused_or(taken: Result<(), TryLockError>, path: &Path) -> anyhow::Result<()> {
    match taken {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => {
            bail!("another process is metering files into this ledger (it holds {}); wait for it or stop it", path.display())
        }
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}
