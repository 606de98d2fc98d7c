//! An archive in a bucket: nothing in it is ever overwritten, and a file is there whole or not at all.
//!
//! The store must show what was written to whoever reads or lists afterwards, as S3 and all that call themselves like it do: sweeping
//! relies on it.

use crate::s3::{self, Credentials, S3};
use crate::{ArchiveError, Content};
use farthing_schemas::manifest::sha256_hex;
use futures::{StreamExt, TryStreamExt, stream};
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{Error, MultipartUpload, ObjectStore, ObjectStoreExt, PutMode, PutPayload};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Parts on their way at once.
const PARTS_AT_ONCE: usize = 4;
/// How long opening waits for an answer: nothing is on its way yet, and a person may be waiting.
const OPENED: Duration = Duration::from_secs(10);
/// Between two tries of what a broken connection left open.
const PAUSE: Duration = Duration::from_millis(500);

/// Why a bucket cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BucketError {
    /// Nobody said whose requests they are.
    #[error(
        "{0}: no credentials: set access_key_id and secret_access_key under [s3] in a file for --config, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
    )]
    NoCredentials(String),
    /// The endpoint has no TLS.
    #[error("the endpoint {0} is not encrypted; if it is to be used, say so: allow_http = true under [s3], or AWS_ALLOW_HTTP=true")]
    NotEncrypted(String),
    /// What was said of the service is of no use.
    #[error("{url}: the service cannot be used as it is configured: {cause}")]
    Configuration {
        /// The archive.
        url: String,
        /// Why.
        cause: String,
    },
    /// There is no such bucket.
    #[error(
        "there is no bucket {bucket} at {service}: make it (aws s3 mb s3://{bucket}), or name another in --archive or another endpoint under [s3]"
    )]
    NoBucket {
        /// Its name.
        bucket: String,
        /// Where it was looked for.
        service: String,
    },
    /// The credentials are not known, or may not do this.
    #[error(
        "{url}: {service} refuses these credentials ({cause}): they need to list the bucket and to get, put and delete objects below the prefix"
    )]
    Refused {
        /// The archive, or the object in it.
        url: String,
        /// Who refuses.
        service: String,
        /// What it says.
        cause: String,
    },
    /// Whoever was asked does not answer, or not as S3 does.
    #[error("{url}: no use of {service} ({cause}): is it up, and are endpoint and region under [s3] right?")]
    Silent {
        /// The archive.
        url: String,
        /// Who was asked.
        service: String,
        /// What came instead.
        cause: String,
    },
    /// It worked when the archive was opened.
    #[error("{url}: {service} failed for {seconds} s ({cause}): once it is well again, run the same command again")]
    Failed {
        /// The object.
        url: String,
        /// Who failed.
        service: String,
        /// How long it was tried.
        seconds: u64,
        /// What came in the end.
        cause: String,
    },
    /// The name is taken, and nothing is overwritten.
    #[error(
        "{0}: the archive holds other bytes under this name, and nothing in it is ever overwritten; remove that object once you know whose it is"
    )]
    OtherBytes(String),
}

/// A part of a bucket that is an archive.
#[derive(Clone, Debug)]
pub struct Bucket {
    url: String,
    name: String,
    s3: S3,
}

impl Bucket {
    /// Opens `s3://BUCKET[/PREFIX]`, which must exist.
    pub(crate) async fn open(url: &str, s3: &S3) -> Result<(Bucket, Arc<dyn ObjectStore>), ArchiveError> {
        let (name, prefix) = parse(url).ok_or_else(|| ArchiveError::Url(url.to_owned()))?;
        let bucket = Bucket { url: url.trim_end_matches('/').to_owned(), name, s3: s3.clone() };
        let credentials = s3.credentials.as_ref().ok_or_else(|| BucketError::NoCredentials(bucket.url.clone()))?;
        if let Some(endpoint) = s3.endpoint.as_ref().filter(|endpoint| !s3.allow_http && endpoint.starts_with("http://")) {
            return Err(BucketError::NotEncrypted(endpoint.clone()).into());
        }
        bucket.answers(&prefix, credentials).await?;
        let store = bucket.store(&prefix, credentials, s3.patience)?;
        Ok((bucket, store))
    }

    fn store(&self, prefix: &Path, credentials: &Credentials, patience: Duration) -> Result<Arc<dyn ObjectStore>, BucketError> {
        let failed = |error: Error| BucketError::Configuration { url: self.url.clone(), cause: cause(&error) };
        let client = s3::client(&self.s3, &self.name, credentials, patience).map_err(failed)?;
        Ok(Arc::new(PrefixStore::new(client, prefix.clone())))
    }

    /// Asks for the names of the tables, which are few: one request, and all that can be wrong is found before anything is begun.
    async fn answers(&self, prefix: &Path, credentials: &Credentials) -> Result<(), BucketError> {
        let patience = OPENED.min(self.s3.patience);
        let store = self.store(prefix, credentials, patience)?;
        let Err(error) = while_cut(patience, async || store.list_with_delimiter(None).await).await else { return Ok(()) };
        let (url, service) = (self.url.clone(), self.s3.shown());
        // What refuses a listing, the client tells by the text alone.
        let cause = cause(&error);
        match cause.get(..3) {
            Some("404") => Err(BucketError::NoBucket { bucket: self.name.clone(), service }),
            Some("401" | "403") => Err(BucketError::Refused { url, service, cause }),
            _ => Err(BucketError::Silent { url, service, cause }),
        }
    }

    /// `s3://BUCKET[/PREFIX]`, without a slash at its end.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// How it is reached.
    #[must_use]
    pub fn s3(&self) -> &S3 {
        &self.s3
    }

    /// Puts a whole object, and confirms what an earlier try may have put.
    pub(crate) async fn put(&self, store: &dyn ObjectStore, path: &Path, content: &Content) -> Result<(), ArchiveError> {
        let parts = parts(content.pieces.clone(), self.s3.part_bytes);
        let put = async || {
            // S3 has no condition for the client's uploads in parts: names tell their content and their writer, so that nobody comes in between.
            if (parts.len() > 1 || !self.s3.conditional_puts) && exists(store, path).await? {
                return Ok(false);
            }
            let new = match &parts[..] {
                [_, _, ..] => put_parts(store, path, parts.clone()).await,
                _ => put_whole(store, path, content.pieces.clone(), self.s3.conditional_puts).await,
            };
            match new {
                Err(Error::AlreadyExists { .. }) if exists(store, path).await? => Ok(false),
                answer => answer.map(|()| true),
            }
        };
        if !self.persist(path.as_ref(), put).await? {
            let there = self.persist(path.as_ref(), async || store.get(path).await?.bytes().await).await?;
            if sha256_hex(&there) != content.sha256 {
                return Err(BucketError::OtherBytes(format!("{}/{path}", self.url)).into());
            }
        }
        Ok(())
    }

    /// Asks with the patience of this bucket.
    pub(crate) async fn persist<T>(&self, path: &str, ask: impl AsyncFnMut() -> Result<T, Error>) -> Result<T, ArchiveError> {
        let since = Instant::now();
        while_cut(self.s3.patience, ask).await.map_err(|error| self.failed(path, since.elapsed(), error))
    }

    fn failed(&self, path: &str, tried: Duration, error: Error) -> ArchiveError {
        let (url, service, cause) = (format!("{}/{path}", self.url), self.s3.shown(), cause(&error));
        match (error, cause.get(..3)) {
            (_, Some("404")) if cause.ends_with("NoSuchBucket") => BucketError::NoBucket { bucket: self.name.clone(), service }.into(),
            (Error::NotFound { .. }, _) => ArchiveError::Missing(path.to_owned()),
            (_, Some("401" | "403")) => BucketError::Refused { url, service, cause }.into(),
            _ => BucketError::Failed { url, service, seconds: tried.as_secs(), cause }.into(),
        }
    }
}

/// Asks again while connections break, until patience ends. Answers that say no are tried again by the client, and end in time, too.
async fn while_cut<T>(patience: Duration, mut ask: impl AsyncFnMut() -> Result<T, Error>) -> Result<T, Error> {
    let since = Instant::now();
    loop {
        match ask().await {
            Err(error) if s3::was_cut(&error) && since.elapsed() < patience => tokio::time::sleep(PAUSE).await,
            answer => return answer,
        }
    }
}

/// Name and prefix: of letters that mean themselves in paths, URLs and patterns of every tool.
fn parse(url: &str) -> Option<(String, Path)> {
    let (name, prefix) = url.strip_prefix("s3://").map(|rest| rest.split_once('/').unwrap_or((rest, "")))?;
    let fine = |text: &str, more: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c));
    let prefix = prefix.trim_end_matches('/');
    let parts_fine = prefix.is_empty() || prefix.split('/').all(|part| fine(part, "-_.=") && !part.trim_matches('.').is_empty());
    (name.len() >= 3 && fine(name, "-.") && parts_fine).then(|| (name.to_owned(), Path::from(prefix)))
}

async fn exists(store: &dyn ObjectStore, path: &Path) -> Result<bool, Error> {
    match store.head(path).await {
        Ok(_) => Ok(true),
        Err(Error::NotFound { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

async fn put_whole(store: &dyn ObjectStore, path: &Path, pieces: PutPayload, conditional: bool) -> Result<(), Error> {
    let mode = if conditional { PutMode::Create } else { PutMode::Overwrite };
    store.put_opts(path, pieces, mode.into()).await.map(drop)
}

async fn put_parts(store: &dyn ObjectStore, path: &Path, parts: Vec<PutPayload>) -> Result<(), Error> {
    let mut upload = store.put_multipart(path).await?;
    let Err(error) = upload_parts(&mut *upload, parts).await else { return Ok(()) };
    // Parts that nobody completes cost rent until the bucket's own rule removes them.
    let _ = upload.abort().await;
    // An upload whose completion got lost on its way back is not known any more, and the object is there.
    match error {
        Error::NotFound { .. } if exists(store, path).await? => {
            Err(Error::AlreadyExists { path: path.to_string(), source: Box::new(error) })
        }
        error => Err(error),
    }
}

async fn upload_parts(upload: &mut dyn MultipartUpload, parts: Vec<PutPayload>) -> Result<(), Error> {
    let parts: Vec<_> = parts.into_iter().map(|part| upload.put_part(part)).collect();
    stream::iter(parts).buffer_unordered(PARTS_AT_ONCE).try_collect::<Vec<()>>().await?;
    upload.complete().await.map(drop)
}

/// Pieces, gathered to parts of so many bytes; S3 wants all parts but the last to have 5 MiB.
fn parts(pieces: PutPayload, part_bytes: usize) -> Vec<PutPayload> {
    let (mut parts, mut part, mut bytes) = (Vec::new(), Vec::new(), 0);
    for mut piece in pieces {
        while !piece.is_empty() {
            let more = piece.split_to(piece.len().min(part_bytes - bytes));
            bytes += more.len();
            part.push(more);
            if bytes == part_bytes {
                parts.push(part.drain(..).collect());
                bytes = 0;
            }
        }
    }
    if bytes > 0 {
        parts.push(part.into_iter().collect());
    }
    parts
}

/// What is at the bottom of an error: the client's own texts repeat each other. Of the store's own words, its code.
fn cause(error: &Error) -> String {
    let mut deepest: &(dyn std::error::Error + 'static) = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    let text = deepest.to_string();
    let between = |from: &str, to: &str| text.split_once(from).and_then(|(_, rest)| rest.split_once(to)).map(|(found, _)| found.trim());
    match (between("status code: ", ": "), between("<Code>", "</Code>")) {
        (Some(status), Some(code)) => format!("{status}, {code}"),
        (Some(status), None) => status.to_owned(),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    #[test]
    fn urls_name_a_bucket_and_a_prefix() {
        let parsed = |url| parse(url).map(|(name, prefix)| format!("{name} {prefix}"));
        assert_eq!(parsed("s3://a.b-c").as_deref(), Some("a.b-c "));
        assert_eq!(parsed("s3://bucket/").as_deref(), Some("bucket "));
        assert_eq!(parsed("s3://bucket/year=1/x_y/").as_deref(), Some("bucket year=1/x_y"));
        for wrong in
            ["s3://", "s3://ab", "s3:///x", "s3://abc/a//c", "s3://abc/../c", "s3://abc/*", "s3://abc/a b", "s3://abc?x", "file://abc"]
        {
            assert_eq!(parsed(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn parts_hold_all_bytes_in_order() {
        let check = |pieces: &[usize], expected: &[usize]| {
            let pieces: Vec<Bytes> = (0_u8..).zip(pieces).map(|(fill, length)| vec![fill; *length].into()).collect();
            let parts = parts(pieces.iter().cloned().collect(), 10);
            assert_eq!(parts.iter().flatten().flatten().copied().collect::<Vec<u8>>(), pieces.concat());
            assert_eq!(parts.iter().map(PutPayload::content_length).collect::<Vec<_>>(), expected);
        };
        check(&[], &[]);
        check(&[7], &[7]);
        check(&[10], &[10]);
        check(&[21], &[10, 10, 1]);
        check(&[9, 9, 3], &[10, 10, 1]);
        check(&[4, 0, 4, 4], &[10, 2]);
    }
}
