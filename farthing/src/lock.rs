//! Locks beside the ledger: they go with the process that holds them, however it ends.

use crate::place::Place;
use anyhow::{Context, bail};
use farthing_ledger::Ledger;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

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
}

/// A lock that is held.
pub struct Lock {
    _file: File,
}

/// The partition of all replays of dead letters: its position counts the bytes of the letters read again.
pub const REPLAYS: &str = "dead-letters";

/// Whether a partition is read only by whoever holds the lock of metering: a file, a standard input, or the replays.
fn read_under_lock(partition: &str) -> bool {
    partition.starts_with('/') || partition.starts_with("stdin/") || partition == REPLAYS
}

impl Lock {
    /// Takes the lock of metering files, and takes back the batch numbers of those who held it before: they are gone. A lease would not tell: that
    /// of a standard input is never taken again.
    ///
    /// For the tests alone there is a way past it, the named step `meter-beside-others`, by which several processes meter files side by side.
    pub async fn metering(at: &Place, ledger: &Ledger) -> anyhow::Result<Option<Lock>> {
        fail::fail_point!("meter-beside-others", |_| Ok(None));
        let lock = Lock::take(at, Work::Metering)?;
        for reservation in ledger.reserved().await?.into_iter().filter(|of| read_under_lock(&of.partition)) {
            ledger.take_back(reservation.batch).await?;
        }
        Ok(Some(lock))
    }

    /// Takes the lock for that work, waits for it, or says that another process has it.
    pub fn take(at: &Place, work: Work) -> anyhow::Result<Lock> {
        let mut path = at.ledger_path()?.into_os_string();
        path.push(match work {
            Work::Metering => ".meter-lock",
            Work::Compacting => ".compact-lock",
            Work::Searching => ".copies-lock",
        });
        let path = PathBuf::from(path);
        let opened = File::options().create(true).append(true).open(&path);
        let file = opened.with_context(|| format!("the lock {} cannot be opened", path.display()))?;
        let cannot = || format!("the lock {} cannot be taken", path.display());
        match work {
            Work::Compacting | Work::Searching => file.lock().with_context(cannot)?,
            Work::Metering => refused_or(file.try_lock(), &path).with_context(cannot)?,
        }
        Ok(Lock { _file: file })
    }
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
