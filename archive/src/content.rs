//! [`Content`]: the bytes of a file that is to be written, with their SHA-256.

use farthing_schemas::manifest::{Sha256Hasher, sha256_hex};
use object_store::{PutPayload, PutPayloadMut};
use std::io::Write;

/// Bytes of a piece of a file.
const PIECE_BYTES: usize = 256 << 10;

/// All bytes of a file, in one piece or more.
#[derive(Clone, Debug)]
pub struct Content {
    pub(crate) pieces: PutPayload,
    pub(crate) sha256: String,
}

impl Content {
    /// A file of these bytes.
    #[must_use]
    pub fn of(bytes: Vec<u8>) -> Content {
        let sha256 = sha256_hex(&bytes);
        Content { pieces: bytes.into(), sha256 }
    }
}

/// A file that is written in memory. In pieces it takes no more room than what it was made of gives back meanwhile, and is never copied
/// as it grows; it is hashed as it comes, while others still make the rest of it.
pub(crate) struct ContentWriter {
    pieces: PutPayloadMut,
    sha256: Sha256Hasher,
}

impl ContentWriter {
    pub(crate) fn new() -> ContentWriter {
        ContentWriter { pieces: PutPayloadMut::new().with_block_size(PIECE_BYTES), sha256: Sha256Hasher::default() }
    }

    pub(crate) fn finish(self) -> Content {
        Content { pieces: self.pieces.freeze(), sha256: self.sha256.finish() }
    }
}

impl Write for ContentWriter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.pieces.extend_from_slice(bytes);
        self.sha256.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
