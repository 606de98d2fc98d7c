//! The object store: whole files in, whole files out.

#[cfg(feature = "s3")]
use crate::Bucket;
use crate::asked::{Asked, Watch};
use crate::content::Content;
use crate::{ArchiveError, S3};
use bytes::Bytes;
use farthing_schemas::manifest::{File, sha256_hex};
use futures::TryStreamExt;
use futures::stream::BoxStream;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt};
use std::fmt;
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
    root: Root,
    watch: Watch,
}

/// Where an archive is.
#[derive(Clone, Debug)]
pub enum Root {
    /// A folder of this machine.
    Folder(PathBuf),
    /// A part of a bucket.
    #[cfg(feature = "s3")]
    Bucket(Bucket),
}

impl fmt::Display for Root {
    /// As people are told of it.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Root::Folder(folder) => folder.display().fmt(out),
            #[cfg(feature = "s3")]
            Root::Bucket(bucket) => bucket.url().fmt(out),
        }
    }
}

impl Archive {
    /// Opens the archive of a URL, `file://DIR` or `s3://BUCKET[/PREFIX]`, the latter reached as `s3` says. Makes the folder if there is none
    /// and `create` is set; a bucket must be there.
    ///
    /// # Errors
    /// [`ArchiveError::Url`], [`ArchiveError::Vanished`], [`ArchiveError::Store`]; of a bucket `Bucket`, or [`ArchiveError::NotBuilt`].
    pub async fn open(url: &str, s3: &S3, create: bool) -> Result<Archive, ArchiveError> {
        if let Some(folder) = url.strip_prefix("file://").filter(|folder| !folder.is_empty()) {
            return Archive::of_folder(PathBuf::from(folder), create);
        }
        if url.starts_with("s3://") {
            return Archive::of_bucket(url, s3).await;
        }
        Err(ArchiveError::Url(url.to_owned()))
    }

    fn of_folder(folder: PathBuf, create: bool) -> Result<Archive, ArchiveError> {
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
        Ok(Archive { store: Arc::new(store), root: Root::Folder(folder), watch: Watch::default() })
    }

    #[cfg(feature = "s3")]
    async fn of_bucket(url: &str, s3: &S3) -> Result<Archive, ArchiveError> {
        let (bucket, store) = Bucket::open(url, s3).await?;
        Ok(Archive { store, root: Root::Bucket(bucket), watch: Watch::default() })
    }

    #[cfg(not(feature = "s3"))]
    async fn of_bucket(url: &str, _: &S3) -> Result<Archive, ArchiveError> {
        Err(ArchiveError::NotBuilt(url.to_owned()))
    }

    /// The same archive, of which is told whatever it is asked.
    #[must_use]
    pub fn watched(self, told: impl Fn(&Asked) + Send + Sync + 'static) -> Archive {
        Archive { watch: Watch::by(told), ..self }
    }

    /// Where it is, for people and for analysts' tools.
    #[must_use]
    pub fn root(&self) -> &Root {
        &self.root
    }

    /// Writes a whole file durably below the archive's root, at a path that may tell its SHA-256; says what a manifest is to say of it.
    ///
    /// # Errors
    /// [`ArchiveError::Store`]; the file is then not there. Of a bucket `Bucket`; then it may be.
    pub async fn put(&self, new: NewFile, path: impl FnOnce(&str) -> String) -> Result<File, ArchiveError> {
        let NewFile { table, rows, batches, content } = new;
        let bytes = u64::try_from(content.pieces.content_length()).unwrap_or(u64::MAX);
        let file = File { table: table.to_owned(), path: path(&content.sha256), rows, batches, bytes, sha256: content.sha256.clone() };
        let length = content.pieces.content_length();
        self.watch.tell("put", |()| length, self.put_content(&file.path, content)).await?;
        Ok(file)
    }

    async fn put_content(&self, path: &str, content: Content) -> Result<(), ArchiveError> {
        let location = Path::from(path);
        match &self.root {
            Root::Folder(_) => self.store.put(&location, content.pieces).await.map(drop).map_err(|source| refused(path, source)),
            #[cfg(feature = "s3")]
            Root::Bucket(bucket) => bucket.put(&self.store, &location, &content).await,
        }
    }

    /// Asks the store, a bucket with patience.
    async fn ask<T>(&self, path: &str, mut ask: impl AsyncFnMut() -> Result<T, object_store::Error>) -> Result<T, ArchiveError> {
        match &self.root {
            Root::Folder(_) => ask().await.map_err(|source| refused(path, source)),
            #[cfg(feature = "s3")]
            Root::Bucket(bucket) => bucket.persist(path, ask).await,
        }
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
        let location = Path::from(path);
        let got = self.ask(path, async || self.store.get(&location).await?.bytes().await);
        self.watch.tell("get", Bytes::len, got).await
    }

    /// Whether a file is there.
    ///
    /// # Errors
    /// [`ArchiveError::Store`]
    pub async fn exists(&self, path: &str) -> Result<bool, ArchiveError> {
        let location = Path::from(path);
        let asked = self.ask(path, async || self.store.head(&location).await);
        match self.watch.tell("head", |_| 0, asked).await {
            Ok(_) => Ok(true),
            Err(ArchiveError::Missing(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The paths of all files below a folder, sorted. A bucket gives them in pages of a thousand, one after the other: some tens of
    /// milliseconds and a 200,000th of a dollar each at AWS. Whoever sweeps reads much more than that before.
    ///
    /// # Errors
    /// [`ArchiveError::Store`]
    pub async fn list(&self, below: &str) -> Result<Vec<String>, ArchiveError> {
        let prefix = (!below.is_empty()).then(|| Path::from(below));
        let listed = self.ask(below, async || paths(self.store.list(prefix.as_ref())).await);
        self.watch.tell("list", |_| 0, listed).await
    }

    /// The same, but only those that come after a path. A bucket is asked for no others.
    ///
    /// # Errors
    /// [`ArchiveError::Store`]
    pub async fn list_after(&self, below: &str, path: &str) -> Result<Vec<String>, ArchiveError> {
        let (prefix, offset) = (Path::from(below), Path::from(path));
        let listed = self.ask(below, async || paths(self.store.list_with_offset(Some(&prefix), &offset)).await);
        self.watch.tell("list", |_| 0, listed).await
    }

    /// The paths of half-written files below a folder: a killed writer leaves them under passing names, `NAME#1`, which no listing shows.
    /// In a bucket there are none: parts of an upload that was killed are no objects, and the bucket's own rule has to remove them.
    ///
    /// # Errors
    /// [`ArchiveError::Store`]
    pub fn half_written(&self, below: &str) -> Result<Vec<PathBuf>, ArchiveError> {
        #[cfg_attr(not(feature = "s3"), expect(irrefutable_let_patterns, reason = "buckets are left out"))]
        let Root::Folder(folder) = &self.root else { return Ok(Vec::new()) };
        let (mut found, mut folders) = (Vec::new(), vec![folder.join(below)]);
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
        let location = Path::from(path);
        let asked = self.ask(path, async || self.store.delete(&location).await);
        match self.watch.tell("delete", |()| 0, asked).await {
            Ok(()) | Err(ArchiveError::Missing(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

async fn paths(list: BoxStream<'_, Result<ObjectMeta, object_store::Error>>) -> Result<Vec<String>, object_store::Error> {
    let mut paths: Vec<String> = list.map_ok(|meta| meta.location.to_string()).try_collect().await?;
    paths.sort();
    Ok(paths)
}

fn refused(path: &str, source: object_store::Error) -> ArchiveError {
    match source {
        object_store::Error::NotFound { .. } => ArchiveError::Missing(path.to_owned()),
        source => ArchiveError::Store { path: path.to_owned(), source },
    }
}
