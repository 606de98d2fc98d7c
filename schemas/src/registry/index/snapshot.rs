//! A [`Registry`] as bytes, to be read again many times faster than its text is compiled.

use super::Registry;
use super::build::agreement_spans;
use super::names::Names;
use serde::{Deserialize, Serialize};

/// What the bytes begin with.
const MAGIC: [u8; 8] = *b"FARTHREG";

/// Goes up with every change of what is in a snapshot or of how text is compiled: `tests/registry/snapshot.rs` notices.
const FORMAT: u32 = 2;

/// Which registry a snapshot is of, and who made it: one with any other key is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotKey([u8; 32]);

impl SnapshotKey {
    /// The key for the registry compiled from these public texts: their SHA-256 in hexadecimal, versions 1 to the last.
    #[must_use]
    pub fn of<'a>(sha256: impl IntoIterator<Item = &'a str>) -> SnapshotKey {
        let mut hasher = blake3::Hasher::new();
        hasher.update(format!("{FORMAT} {}\n", env!("CARGO_PKG_VERSION")).as_bytes());
        for text in sha256 {
            hasher.update(text.as_bytes()).update(b"\n");
        }
        SnapshotKey(*hasher.finalize().as_bytes())
    }
}

/// What stands before the rows.
#[derive(Serialize, Deserialize)]
struct Header {
    magic: [u8; 8],
    key: [u8; 32],
    /// BLAKE3 of the rows.
    digest: [u8; 32],
}

const HEADER_BYTES: usize = size_of::<Header>();

impl Registry {
    /// This registry as bytes, under that key; none if there is no memory for them.
    #[must_use]
    pub fn to_snapshot(&self, key: &SnapshotKey) -> Option<Vec<u8>> {
        let mut bytes = postcard::to_extend(self, vec![0; HEADER_BYTES]).ok()?;
        let (header, rows) = bytes.split_at_mut(HEADER_BYTES);
        let said = Header { magic: MAGIC, key: key.0, digest: *blake3::hash(rows).as_bytes() };
        postcard::to_slice(&said, header).ok()?;
        Some(bytes)
    }

    /// The registry of bytes that [`Registry::to_snapshot`] gave under the same key; none for any others.
    #[must_use]
    pub fn from_snapshot(bytes: &[u8], key: &SnapshotKey) -> Option<Registry> {
        let (header, rows) = bytes.split_at_checked(HEADER_BYTES)?;
        let header: Header = postcard::from_bytes(header).ok()?;
        if header.magic != MAGIC || header.key != key.0 || header.digest != *blake3::hash(rows).as_bytes() {
            return None;
        }
        // From here on the rows are known to be those that were written: what they point at is there, and is not checked again.
        let mut registry: Registry = postcard::from_bytes(rows).ok()?;
        registry.agreement_spans = agreement_spans(&registry.agreement_terms);
        let Registry { platforms, mids, agreements, parties, works, .. } = &mut registry;
        [platforms, mids, agreements, parties, works].into_iter().try_for_each(Names::fill_shards)?;
        Some(registry)
    }
}
