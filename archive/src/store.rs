//! The object store: whole files in, whole files out.

use crate::ArchiveError;
use crate::content::Content;
use bytes::Bytes;
use farthing_schemas::manifest::{File, sha256_hex};
use futures::TryStreamExt;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use std::path::PathBuf;
use std::sync::Arc;

/// A file that is to be written.
#[derive(Clone, Debug)]
pub struct NewFile {
    /// `usage`, `accruals`, `lines`, `registry` or `manifests`.
    pub table: &'static str,
    /// How many rows or records it has.
    pub rows: u64,
    /// The least and the greatest number of the batches that its rows belong to.
    pub batches: Option<(u64, u64)>,
    /// All of it.
    pub content: Content,
}

/// An open archive.
#[derive(Clone, Debug)]
pub struct Archive {
    store: Arc<dyn ObjectStore>,
    folder: PathBuf,
}

impl Archive {
    /// Opens the archive of a URL, `file://DIR`; makes the folder if there is none and `create` is set.
    ///
    /// # Errors
    /// [`ArchiveError::Url`], [`ArchiveError::Vanished`], [`ArchiveError::Store`].
    pub fn open(url: &str, create: bool) -> Result<Archive, ArchiveError> {
        let folder = url.strip_prefix("file://").filter(|folder| !folder.is_empty()).ok_or_else(|| ArchiveError::Url(url.to_owned()))?;
        let folder = PathBuf::from(folder);
        let shown = folder.display().to_string();
        if create {
            std::fs::create_dir_all(&folder).map_err(|source| ArchiveError::Store {
                path: shown.clone(),
                source: object_store::Error::Generic { store: "file", source: source.into() },
            })?;
        } else if !folder.is_dir() {
            return Err(ArchiveError::Vanished(shown));
        }
        // Without syncing, power loss could take away a file that the ledger names.
        let store =
            LocalFileSystem::new_with_prefix(&folder).map_err(|source| ArchiveError::Store { path: shown, source })?.with_fsync(true);
        Ok(Archive { store: Arc::new(store), folder })
    }

    /// Its folder, for people and for analysts' tools.
    #[must_use]
    pub fn folder(&self) -> &std::path::Path {
        &self.folder
    }

    /// Writes a whole file durably below the archive's root, at a path that may tell its SHA-256; says what a manifest is to say of it.
    ///
    /// # Errors
    /// [`ArchiveError::Store`]; the file is then not there.
    pub async fn put(&self, new: NewFile, path: impl FnOnce(&str) -> String) -> Result<File, ArchiveError> {
        let NewFile { table, rows, batches, content: Content { pieces, sha256 } } = new;
        let bytes = u64::try_from(pieces.content_length()).unwrap_or(u64::MAX);
        let file = File { table: table.to_owned(), path: path(&sha256), rows, batches, bytes, sha256 };
        self.store.put(&Path::from(file.path.as_str()), pieces).await.map_err(|source| refused(&file.path, source))?;
        Ok(file)
    }

    /// A file's bytes, which are those that its manifest names.
    ///
    /// # Errors
    /// [`ArchiveError::Missing`], [`ArchiveError::Altered`], [`ArchiveError::Store`].
    pub async fn get(&self, file: &File) -> Result<Bytes, ArchiveError> {
        let bytes = self.get_unchecked(&file.path).await?;
        let found = sha256_hex(&bytes);
        if found == file.sha256 {
            Ok(bytes)
        } else {
            Err(ArchiveError::Altered { path: file.path.clone(), named: file.sha256.clone(), found })
        }
    }

    /// A file's bytes, whatever they are.
    ///
    /// # Errors
    /// [`ArchiveError::Missing`], [`ArchiveError::Store`].
    pub async fn get_unchecked(&self, path: &str) -> Result<Bytes, ArchiveError> {
        let result = self.store.get(&Path::from(path)).await.map_err(|source| refused(path, source))?;
        result.bytes().await.map_err(|source| refused(path, source))
    }

    /// Whether a file is there.
    ///
    /// # Errors
    /// [`ArchiveError::Store`]
    pub async fn exists(&self, path: &str) -> Result<bool, ArchiveError> {
        match self.store.head(&Path::from(path)).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(source) => Err(refused(path, source)),
        }
    }

    /// The paths of all files below a folder, sorted.
    ///
    /// # Errors
    /// [`ArchiveError::Store`]
    pub async fn list(&self, below: &str) -> Result<Vec<String>, ArchiveError> {
        let prefix = (!below.is_empty()).then(|| Path::from(below));
        let metas: Vec<_> = self.store.list(prefix.as_ref()).try_collect().await.map_err(|source| refused(below, source))?;
        let mut paths: Vec<String> = metas.into_iter().map(|meta| meta.location.to_string()).collect();
        paths.sort();
        Ok(paths)
    }

    /// The paths of half-written files below a folder: a killed writer leaves them under passing names, `NAME#1`, which no listing shows.
    ///
    /// # Errors
    /// [`ArchiveError::Store`]
    pub fn half_written(&self, below: &str) -> Result<Vec<PathBuf>, ArchiveError> {
        let mut found = Vec::new();
        let mut folders = vec![self.folder.join(below)];
        while let Some(folder) = folders.pop() {
            let entries = match std::fs::read_dir(&folder) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                other => other.and_then(Iterator::collect::<Result<Vec<_>, _>>),
            };
            let entries =
                entries.map_err(|source| refused(below, object_store::Error::Generic { store: "file", source: source.into() }))?;
            for path in entries.into_iter().map(|entry| entry.path()) {
                if path.is_dir() {
                    folders.push(path);
                } else if path.file_name().is_some_and(|name| name.to_string_lossy().contains('#')) {
                    found.push(path);
                }
            }
        }
        Ok(found)
    }

    /// Removes a file that no manifest names; one that is gone already is fine.
    ///
    /// # Errors
    /// [`ArchiveError::Store`]
    pub async fn remove(&self, path: &str) -> Result<(), ArchiveError> {
        match self.store.delete(&Path::from(path)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(source) => Err(refused(path, source)),
        }
    }
}

fn refused(path: &str, source: object_store::Error) -> ArchiveError {
    match source {
        object_store::Error::NotFound { .. } => ArchiveError::Missing(path.to_owned()),
        source => ArchiveError::Store { path: path.to_owned(), source },
    }
}
