//! Sweeping: files that will never exist are removed, and those of others who are still at work are left alone.

use crate::books::Books;
use anyhow::Context;
use farthing_archive::catalog::manifest_path;
use std::collections::HashSet;
use std::io::ErrorKind;
use std::path::Path;

impl Books {
    /// Removes the files of batches that will never be committed, whoever else writes meanwhile.
    ///
    /// The order of the steps leaves no race. A number is reserved before anything is written under it, and a commit uses the reservation up
    /// in the transaction that appends the manifest. So of a file that is listed first, the number was reserved by then; if it no longer is
    /// when the reservations are read afterwards, its batch was committed before that, and the chain that is read last says so and names
    /// what counts of it; or the number was taken back, and the batch can never be committed. A writer that sleeps meanwhile, for
    /// however long, wakes up to a file that is gone only where its commit is refused anyway; what it still writes is for the next sweep. In
    /// the other order a batch could be reserved, written and committed between the look at the chain and the listing.
    pub async fn sweep_batches(&mut self) -> anyhow::Result<()> {
        let (mut whole, mut half) = (Vec::new(), Vec::new());
        for folder in ["usage", "accruals"] {
            whole.extend(self.archive.list(folder).await?);
            half.extend(self.archive.half_written(folder)?);
        }
        fail::fail_point!("leftovers-listed");
        self.patience.with(async || self.ledger.drop_superseded().await).await?;
        let reserved = self.patience.with(async || self.ledger.reserved().await).await?;
        let reserved: HashSet<u64> = reserved.into_iter().map(|reservation| reservation.batch).collect();
        self.refresh().await?;
        let left = |name: &str| batch_of(name).is_some_and(|batch| !reserved.contains(&batch));
        for path in whole {
            if left(path.rsplit('/').next().unwrap_or_default()) && !self.catalog.live.contains_key(&path) {
                self.archive.remove(&path).await?;
            }
        }
        half.iter().filter(|path| left(&name_of(path))).try_for_each(|path| remove_half_written(path))
    }

    /// Removes leftovers of a crashed compaction. Only whoever holds the lock for it may call this.
    pub async fn sweep_compactions(&self) -> anyhow::Result<()> {
        const PREFIX: &str = "compact-";
        for folder in ["usage", "accruals", "lines"] {
            for path in self.archive.list(folder).await? {
                let name = path.rsplit('/').next().unwrap_or_default();
                if name.starts_with(PREFIX) && !self.catalog.live.contains_key(&path) {
                    self.archive.remove(&path).await?;
                }
            }
            let half = self.archive.half_written(folder)?;
            half.iter().filter(|path| name_of(path).starts_with(PREFIX)).try_for_each(|path| remove_half_written(path))?;
        }
        Ok(())
    }

    /// Removes files that a compaction replaced and then had no time to remove.
    pub async fn sweep_replaced(&self) -> anyhow::Result<()> {
        for folder in ["usage", "accruals"] {
            for path in self.archive.list(folder).await? {
                if self.catalog.replaced.contains(&path) && !self.catalog.live.contains_key(&path) {
                    self.archive.remove(&path).await?;
                }
            }
        }
        Ok(())
    }

    /// Removes copies of manifests and registry versions that lost the race for their number; those beyond the last may be on their way.
    pub async fn sweep_copies(&self) -> anyhow::Result<()> {
        let mut named: HashSet<String> = self.catalog.registry.iter().map(|file| file.path.clone()).collect();
        for manifest in self.patience.with(async || self.ledger.manifests_after(0).await).await? {
            named.insert(manifest_path(manifest.sequence, &manifest.sha256));
        }
        for (folder, last) in [("manifests", self.catalog.sequence), ("registry", self.catalog.registry_version())] {
            for path in self.archive.list(folder).await? {
                let name = path.rsplit('/').next().unwrap_or_default();
                let number = name.split('-').next().and_then(|number| number.parse().ok()).unwrap_or(u64::MAX);
                if number <= last && !named.contains(&path) {
                    self.archive.remove(&path).await?;
                }
            }
        }
        Ok(())
    }
}

/// The number in the name of a batch's file, which is `batch-NUMBER-...`.
fn batch_of(name: &str) -> Option<u64> {
    name.strip_prefix("batch-")?.split('-').next()?.parse().ok()
}

fn name_of(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// One that was listed may be whole by now, under its own name.
fn remove_half_written(path: &Path) -> anyhow::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error).with_context(|| format!("{} cannot be removed", path.display())),
        _ => Ok(()),
    }
}
