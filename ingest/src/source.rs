//! Sources: what gives blocks; and files, plain or compressed, and standard input, read from a position on.

use crate::pipeline::Feed;
use farthing_schemas::manifest::sha256_hex;
use flate2::read::MultiGzDecoder;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// Bytes at the beginning of a file by which it is known again.
const FINGERPRINT_BYTES: u64 = 4096;

/// Where events come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// An NDJSON file; `.gz` and `.zst` are decompressed.
    File(PathBuf),
    /// Standard input.
    Stdin,
    /// Lines that are in memory: dead letters to be replayed, with their numbers.
    Letters(Vec<(u64, Vec<u8>)>),
}

/// A source with its place in the ledger.
#[derive(Clone, Debug)]
pub struct Partition {
    /// Its name in the ledger.
    pub name: String,
    /// The lease under which it is read.
    pub epoch: u64,
    /// The position to go on from.
    pub next: u64,
    /// Which of the job's indexes of identities its events are told apart by.
    pub index: usize,
}

/// Gives blocks, on a thread of its own.
pub trait Source: Send {
    /// Gives all blocks in order: until there are no more, or the feed wants none.
    ///
    /// # Errors
    /// [`SourceError`]; what was given before it is metered.
    fn give(self: Box<Self>, feed: &Feed<'_>) -> Result<(), SourceError>;

    /// Whether it ends soon once the feed has ended; a pipe may never speak again.
    fn ends_with_its_feed(&self) -> bool {
        false
    }
}

/// A source cannot be read on.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The system refuses.
    #[error("{path}: cannot be read at byte {position}")]
    Read {
        /// Which file.
        path: String,
        /// How far it was read, after decompression.
        position: u64,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It has no lines, or none that memory holds.
    #[error(
        "{path}: the line at byte {position} has no end within {most} bytes: these are no events, one a line; take it out and meter what is left under another name"
    )]
    Endless {
        /// Which file.
        path: String,
        /// Where the line starts, after decompression.
        position: u64,
        /// The longest line that is read.
        most: usize,
    },
    /// It ends before the position that was committed.
    #[error("{path}: ends at byte {end}, before byte {position} where metering is to go on; was the file cut or replaced?")]
    Short {
        /// Which file.
        path: String,
        /// Where it ends.
        end: u64,
        /// Where metering is to go on.
        position: u64,
    },
}

/// How a file is packed, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// Not at all.
    Plain,
    /// `.gz`
    Gzip,
    /// `.zst`
    Zstd,
}

impl Packing {
    /// What the name says, in capitals or not.
    #[must_use]
    pub fn of(path: &Path) -> Packing {
        let ends = |suffix: &str| path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(suffix));
        match () {
            () if ends("gz") => Packing::Gzip,
            () if ends("zst") => Packing::Zstd,
            () => Packing::Plain,
        }
    }
}

/// Opens a file for reading, unpacked.
fn open(path: &Path) -> io::Result<Box<dyn Read + Send>> {
    let file = File::open(path)?;
    Ok(match Packing::of(path) {
        Packing::Plain => Box::new(file),
        Packing::Gzip => Box::new(MultiGzDecoder::new(io::BufReader::with_capacity(1 << 16, file))),
        Packing::Zstd => Box::new(zstd::stream::read::Decoder::new(file)?),
    })
}

/// What a file begins with, as `LENGTH:SHA-256`; `length` says how much to take, else up to 4 KiB.
///
/// # Errors
/// [`SourceError::Read`]; [`SourceError::Short`] if it is shorter than `length`.
pub fn fingerprint(path: &Path, length: Option<u64>) -> Result<String, SourceError> {
    let shown = path.display().to_string();
    let read = |source| SourceError::Read { path: shown.clone(), position: 0, source };
    let mut head = Vec::new();
    let wanted = length.unwrap_or(FINGERPRINT_BYTES);
    let result = open(path).and_then(|reader| reader.take(wanted).read_to_end(&mut head));
    // A file that breaks within its head is told from others by what can be read of it.
    if head.is_empty() {
        result.map_err(read)?;
    }
    let end = u64::try_from(head.len()).unwrap_or(u64::MAX);
    match length {
        Some(position) if end < position => Err(SourceError::Short { path: shown, end, position }),
        _ => Ok(format!("{end}:{}", sha256_hex(&head))),
    }
}

/// A source under way.
pub struct Reader {
    /// Its name, for people.
    pub path: String,
    inner: Box<dyn Read + Send>,
    position: u64,
    /// A pipe gives what it has: waiting for a full block would hold events back.
    pipe: bool,
}

impl Reader {
    /// Opens an input and goes to a position.
    ///
    /// # Errors
    /// [`SourceError`]
    pub fn open(input: &Input, start: u64) -> Result<Reader, SourceError> {
        let (path, inner) = match input {
            Input::Stdin => ("-".to_owned(), Ok(Box::new(io::stdin()) as Box<dyn Read + Send>)),
            Input::Letters(_) => ("dead letters".to_owned(), Ok(Box::new(io::empty()) as Box<dyn Read + Send>)),
            Input::File(path) => (path.display().to_string(), open(path)),
        };
        let inner = inner.map_err(|source| SourceError::Read { path: path.clone(), position: 0, source })?;
        let mut reader = Reader { path, inner, position: 0, pipe: *input == Input::Stdin };
        match input {
            Input::File(path) if start > 0 => reader.go_to(path, start)?,
            _ => {}
        }
        Ok(reader)
    }

    fn go_to(&mut self, path: &Path, start: u64) -> Result<(), SourceError> {
        let reached = if Packing::of(path) != Packing::Plain {
            io::copy(&mut self.inner.by_ref().take(start), &mut io::sink())
        } else {
            File::open(path).and_then(|mut file| {
                let end = file.metadata()?.len();
                file.seek(SeekFrom::Start(start.min(end)))?;
                self.inner = Box::new(file);
                Ok(start.min(end))
            })
        };
        self.position = reached.map_err(|source| SourceError::Read { path: self.path.clone(), position: 0, source })?;
        if self.position < start {
            return Err(SourceError::Short { path: self.path.clone(), end: self.position, position: start });
        }
        Ok(())
    }

    /// Appends up to `most` bytes; 0 at the end.
    ///
    /// # Errors
    /// [`SourceError::Read`]
    pub fn read(&mut self, into: &mut Vec<u8>, most: u64) -> Result<u64, SourceError> {
        // A vector that grows as it is read into copies all that it holds each time.
        into.reserve(usize::try_from(most).unwrap_or(0));
        let result = if self.pipe { read_once(&mut self.inner, into, most) } else { self.inner.by_ref().take(most).read_to_end(into) };
        let count = result.map_err(|source| SourceError::Read { path: self.path.clone(), position: self.position, source })?;
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        self.position += count;
        Ok(count)
    }
}

fn read_once(from: &mut impl Read, into: &mut Vec<u8>, most: u64) -> io::Result<usize> {
    let before = into.len();
    into.resize(before + usize::try_from(most).unwrap_or(usize::MAX), 0);
    let result = loop {
        match from.read(&mut into[before..]) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => break other,
        }
    };
    into.truncate(before + *result.as_ref().unwrap_or(&0));
    result
}
