//! Reversals of the archive, kept until all events are remembered: in a file without a name, once they are many.

use super::known::part;
use super::{Identities, Remembered, Room};
use farthing_aggregate::Digest;
use farthing_aggregate::usage::Place;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};

/// So many bytes of them stay in memory.
const MEMORY_BYTES: usize = 1 << 20;
/// A reversal: its identity, whom it reverses, its batch and row.
const BYTES: usize = 44;

/// Reversals that are looked at later.
pub struct Later {
    count: u64,
    kept: BufWriter<tempfile::SpooledTempFile>,
}

impl Later {
    /// None yet.
    #[must_use]
    pub fn new(room: &Room) -> Later {
        Later { count: 0, kept: BufWriter::new(tempfile::spooled_tempfile_in(MEMORY_BYTES, room.folder.clone())) }
    }

    /// Keeps one.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn push(&mut self, reversal: &Remembered) -> io::Result<()> {
        self.count += 1;
        self.kept.write_all(&reversal.identity.0)?;
        self.kept.write_all(&reversal.says.0)?;
        self.kept.write_all(&reversal.place.batch.to_le_bytes())?;
        self.kept.write_all(&reversal.place.row.to_le_bytes())
    }

    /// Marks the originals of those as reversed that count: a copy of a reversal does not.
    ///
    /// # Errors
    /// When a file cannot be read or written.
    pub fn undo_in(self, identities: &mut Identities) -> io::Result<()> {
        let mut kept = self.kept.into_inner().map_err(io::IntoInnerError::into_error)?;
        kept.rewind()?;
        let mut kept = BufReader::new(kept);
        for _ in 0..self.count {
            let mut bytes = [0; BYTES];
            kept.read_exact(&mut bytes)?;
            let (identity, original, place) = read(&bytes);
            if identities.place(identity)? == Some(place) {
                identities.undo(original)?;
            }
        }
        Ok(())
    }
}

fn read(bytes: &[u8; BYTES]) -> (Digest, Digest, Place) {
    let place = Place { batch: u64::from_le_bytes(part(bytes, 32)), row: u32::from_le_bytes(part(bytes, 40)) };
    (Digest(part(bytes, 0)), Digest(part(bytes, 16)), place)
}
