//! The compiled registry in a file beside the ledger, or in the user's cache if the ledger is on a server, so that whoever meters need
//! not compile its text again.
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

/// Where the snapshot of a ledger's registry is, if there is a place for it.
#[derive(Clone, Debug)]
pub struct RegistrySnapshot {
    path: Option<PathBuf>,
}

impl RegistrySnapshot {
    /// That of the ledger there.
    pub fn of(at: &Place) -> RegistrySnapshot {
        let path = at.registry_snapshot();
        // The ledger's folder is there; if that of a cache cannot be made, nothing can be written to it.
        if let Some(folder) = path.as_ref().filter(|_| at.ledger.path().is_none()).and_then(|path| path.parent()) {
            let _ = fs::create_dir_all(folder);
        }
        RegistrySnapshot { path }
    }

    /// The registry that these archived texts make, if it is the one in the file.
    pub fn read(&self, texts: &[File]) -> Option<Registry> {
        let bytes = fs::read(self.path.as_ref()?).ok()?;
        Registry::from_snapshot(&bytes, &key(texts)).filter(|registry| u64::try_from(texts.len()) == Ok(registry.version()))
    }

    /// Puts that registry, which these archived texts make, in the place of whatever is in the file, if that can be done.
    pub fn write(&self, registry: &Registry, texts: &[File]) {
        let (Some(path), Some(bytes)) = (&self.path, registry.to_snapshot(&key(texts))) else { return };
        // What it is called until it is whole: always the same, so that crashes leave one such file at most.
        let mut half_written = path.clone().into_os_string();
        half_written.push("#1");
        let written = fs::write(&half_written, bytes).and_then(|()| fs::rename(&half_written, path));
        if written.is_err() {
            // It would only take room where there may be none left.
            let _ = fs::remove_file(&half_written);
        }
    }
}

/// The texts by the SHA-256 that their manifests name.
fn key(texts: &[File]) -> SnapshotKey {
    SnapshotKey::of(texts.iter().map(|file| &*file.sha256))
}
