//! What is remembered of one identity, in memory and in a file.

use super::Remembered;
use farthing_aggregate::Digest;
use farthing_aggregate::usage::Place;

/// Bytes of an identity and of what is remembered of it.
pub const ENTRY_BYTES: usize = 32;

/// A row's two flags are its highest bits: batches are far smaller than 2^30 rows.
const REVERSAL: u32 = 1 << 31;
const UNDONE: u32 = 1 << 30;

/// What is remembered of an identity: 16 bytes beside the 16 of the identity itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    says: u64,
    batch: u32,
    row: u32,
}

impl Known {
    pub fn of(event: Remembered) -> Known {
        let batch = u32::try_from(event.place.batch).expect("fewer than 2^32 batches");
        assert!(event.place.row < UNDONE, "fewer than 2^30 rows in a batch");
        let row = event.place.row | if event.reversal { REVERSAL } else { 0 };
        Known { says: shortened(event.says), batch, row }
    }

    pub fn place(self) -> Place {
        Place { batch: u64::from(self.batch), row: self.row & !(REVERSAL | UNDONE) }
    }

    pub fn says(self, says: Digest) -> bool {
        self.says == shortened(says)
    }

    pub fn is_reversible(self) -> bool {
        self.row & (REVERSAL | UNDONE) == 0
    }

    pub fn undone(self) -> Known {
        Known { row: self.row | UNDONE, ..self }
    }

    pub fn not_undone(self) -> Known {
        Known { row: self.row & !UNDONE, ..self }
    }
}

/// Sayings are compared within one identity, whose platform can only fool itself: 64 bits are plenty.
fn shortened(says: Digest) -> u64 {
    says.0.first_chunk().map_or(0, |first| u64::from_le_bytes(*first))
}

/// The number that identities are sorted by.
pub fn rank(identity: Digest) -> u128 {
    u128::from_le_bytes(identity.0)
}

/// The upper half of a rank.
pub fn upper(rank: u128) -> u64 {
    (rank >> 64) as u64
}

/// An entry as it stands in a file.
pub fn written(identity: Digest, known: Known) -> [u8; ENTRY_BYTES] {
    let mut entry = [0; ENTRY_BYTES];
    entry[..16].copy_from_slice(&identity.0);
    entry[16..24].copy_from_slice(&known.says.to_le_bytes());
    entry[24..28].copy_from_slice(&known.batch.to_le_bytes());
    entry[28..].copy_from_slice(&known.row.to_le_bytes());
    entry
}

/// The entry in these bytes.
pub fn read(entry: &[u8; ENTRY_BYTES]) -> (Digest, Known) {
    let known = Known {
        says: u64::from_le_bytes(part(entry, 16)),
        batch: u32::from_le_bytes(part(entry, 24)),
        row: u32::from_le_bytes(part(entry, 28)),
    };
    (Digest(part(entry, 0)), known)
}

/// So many bytes, from one on.
pub fn part<const N: usize>(bytes: &[u8], from: usize) -> [u8; N] {
    std::array::from_fn(|at| bytes[from + at])
}
