//! The compiled registry in a file beside the ledger, so that whoever meters need not compile its text again.
//!
//! It is a copy of what the archive says and evidence of nothing: `verify` compiles the text. Everything about it may fail, and then
//! the text is compiled. It is not synced, and two processes may write it at once: a file that was cut off, that was mixed of two or
//! that is of another registry does not have the digest or the key in its header, and counts as no file at all. So no crash between
//! any two steps leaves more than a file to be replaced.

use crate::place::Place;
use farthing_schemas::manifest::File;
use farthing_schemas::registry::{Registry, SnapshotKey};
use std::fs;
use std::path::PathBuf;

/// Where the snapshot of a ledger's registry is.
#[derive(Clone, Debug)]
pub struct RegistrySnapshot {
    path: PathBuf,
    /// What it is called until it is whole: always the same, so that crashes leave one such file at most.
    half_written: PathBuf,
}

impl RegistrySnapshot {
    /// The one beside that ledger.
    pub fn beside_ledger(at: &Place) -> anyhow::Result<RegistrySnapshot> {
        let beside = |end: &str| -> anyhow::Result<PathBuf> {
            let mut path = at.ledger_path()?.into_os_string();
            path.push(end);
            Ok(PathBuf::from(path))
        };
        Ok(RegistrySnapshot { path: beside(".registry-snapshot")?, half_written: beside(".registry-snapshot#1")? })
    }

    /// The registry that these archived texts make, if it is the one in the file.
    pub fn read(&self, texts: &[File]) -> Option<Registry> {
        let bytes = fs::read(&self.path).ok()?;
        Registry::from_snapshot(&bytes, &key(texts)).filter(|registry| u64::try_from(texts.len()) == Ok(registry.version()))
    }

    /// Puts that registry, which these archived texts make, in the place of whatever is in the file, if that can be done.
    pub fn write(&self, registry: &Registry, texts: &[File]) {
        let Some(bytes) = registry.to_snapshot(&key(texts)) else { return };
        let written = fs::write(&self.half_written, bytes).and_then(|()| fs::rename(&self.half_written, &self.path));
        if written.is_err() {
            // It would only take room where there may be none left.
            let _ = fs::remove_file(&self.half_written);
        }
    }
}

/// The texts by the SHA-256 that their manifests name.
fn key(texts: &[File]) -> SnapshotKey {
    SnapshotKey::of(texts.iter().map(|file| &*file.sha256))
}
