//! The catalog: what the chain of manifests says exists.

use farthing_aggregate::closed::{ClosedHistory, ClosedThrough};
use farthing_schemas::manifest::{Act, Batch, CycleMove, File, Manifest, sha256_hex};
use std::collections::{BTreeMap, BTreeSet};

/// The chain does not hold together.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// A manifest's bytes do not have the hash that is kept beside them.
    #[error("manifest {0}: its SHA-256 is not the one kept beside it")]
    Altered(u64),
    /// A manifest does not follow the one before.
    #[error("manifest {0}: it does not follow manifest {1} in the chain")]
    Broken(u64, u64),
    /// A manifest cannot be read.
    #[error("manifest {0}: not a manifest of this version")]
    Unreadable(u64, #[source] Option<serde_json::Error>),
    /// A manifest contradicts those before.
    #[error("manifest {0}: {1}")]
    Contradiction(u64, String),
}

/// A move of a cycle, and how much was metered when it was made.
#[derive(Clone, Debug)]
pub struct Moved {
    /// The last batch before it.
    pub last_batch: u64,
    /// The move.
    pub step: CycleMove,
}

/// What exists, folded from manifests in their order.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    /// The number of the last manifest.
    pub sequence: u64,
    /// The SHA-256 of the last manifest, in hex.
    pub sha256: String,
    /// The files that readers are to read, by path.
    pub live: BTreeMap<String, File>,
    /// Paths of files that were merged into others: nobody reads them any more.
    pub replaced: BTreeSet<String>,
    /// The batches in order; `batches[0]` is batch 1.
    pub batches: Vec<Batch>,
    /// The registry versions in order: the public records that each added; `[0]` is version 1.
    pub registry: Vec<File>,
    /// What is closed now.
    pub closed: ClosedThrough,
    /// What was closed at each batch.
    pub history: ClosedHistory,
    /// The moves of cycles, in order.
    pub moves: Vec<Moved>,
    /// The last batch whose result lines are written.
    pub lines_through: u64,
}

impl Catalog {
    /// Takes the next manifest, whose text and hash are as stored.
    ///
    /// # Errors
    /// [`CatalogError`], naming the manifest.
    pub fn take(&mut self, sequence: u64, sha256: &str, body: &str) -> Result<(), CatalogError> {
        if sha256_hex(body.as_bytes()) != sha256 {
            return Err(CatalogError::Altered(sequence));
        }
        let manifest = Manifest::from_json(body).map_err(|error| CatalogError::Unreadable(sequence, Some(error)))?;
        if manifest.version != farthing_schemas::manifest::VERSION {
            return Err(CatalogError::Unreadable(sequence, None));
        }
        if manifest.sequence != sequence || sequence != self.sequence + 1 || manifest.previous != self.sha256 {
            return Err(CatalogError::Broken(sequence, self.sequence));
        }
        self.fold(manifest)?;
        self.sequence = sequence;
        sha256.clone_into(&mut self.sha256);
        Ok(())
    }

    fn fold(&mut self, manifest: Manifest) -> Result<(), CatalogError> {
        let sequence = manifest.sequence;
        let wrong = |what: String| CatalogError::Contradiction(sequence, what);
        match manifest.act {
            Act::Registry(load) => {
                if load.registry_version != self.registry_version() + 1 {
                    return Err(wrong(format!("registry version {} follows {}", load.registry_version, self.registry_version())));
                }
                self.registry.push(load.file);
            }
            Act::Batch(batch) => {
                if batch.batch != self.last_batch() + 1 {
                    return Err(wrong(format!("batch {} follows {}", batch.batch, self.last_batch())));
                }
                self.live.extend(batch.files.iter().map(|file| (file.path.clone(), file.clone())));
                self.history.since(batch.batch, &self.closed);
                self.batches.push(batch);
            }
            Act::Compaction(compaction) => {
                for path in &compaction.replaces {
                    self.live.remove(path).ok_or_else(|| wrong(format!("replaces {path}, which does not exist")))?;
                    self.replaced.insert(path.clone());
                }
                self.lines_through = self.lines_through.max(compaction.through_batch);
                self.live.extend(compaction.files.into_iter().map(|file| (file.path.clone(), file)));
            }
            Act::Cycle(step) => {
                let parsed = step.currency.parse().ok().zip(step.cycle.parse().ok());
                let (currency, cycle) = parsed.ok_or_else(|| wrong("its currency or cycle cannot be read".to_owned()))?;
                if self.closed.get(&step.mid, currency).is_none_or(|closed| closed < cycle) {
                    self.closed.close(&step.mid, currency, cycle);
                }
                self.moves.push(Moved { last_batch: self.last_batch(), step });
            }
        }
        Ok(())
    }

    /// The number of the last batch; 0 if there is none.
    #[must_use]
    pub fn last_batch(&self) -> u64 {
        u64::try_from(self.batches.len()).unwrap_or(u64::MAX)
    }

    /// The number of the last registry version; 0 if there is none.
    #[must_use]
    pub fn registry_version(&self) -> u64 {
        u64::try_from(self.registry.len()).unwrap_or(u64::MAX)
    }

    /// The live files of a table, by path.
    pub fn files<'a>(&'a self, table: &'a str) -> impl Iterator<Item = &'a File> {
        self.live.values().filter(move |file| file.table == table)
    }
}

/// Where the archive keeps its copy of a manifest: its hash is in the name, so two makers never write one file.
#[must_use]
pub fn manifest_path(sequence: u64, sha256: &str) -> String {
    format!("manifests/v1/{sequence:012}-{}.json", sha256.get(..16).unwrap_or(sha256))
}

/// Where the archive keeps the public records of a registry version.
#[must_use]
pub fn registry_path(version: u64, sha256: &str) -> String {
    format!("registry/v1/{version:06}-{}.ndjson.zst", sha256.get(..16).unwrap_or(sha256))
}
