//! Digests that tell events apart: who an event is, and what it says.

use farthing_schemas::event::Reversal;
use farthing_schemas::{Currency, Money, ReferenceKind, Use};
use twox_hash::xxhash3_128;

/// 128 bits of what tells events apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 16]);

/// Appends a field so that no two sequences of fields give the same bytes.
fn field(bytes: &mut Vec<u8>, text: &str) {
    let length = u64::try_from(text.len()).unwrap_or(u64::MAX);
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(text.as_bytes());
}

/// The identity of an event: its platform, source and id. It is BLAKE3, cut off: nobody can make an event that takes the place of
/// another platform's.
#[must_use]
pub fn of_event(platform: &str, source: &str, id: &str) -> Digest {
    let mut bytes = Vec::with_capacity(256);
    for text in [platform, source, id] {
        field(&mut bytes, text);
    }
    let mut short = [0; 16];
    short.copy_from_slice(&blake3::hash(&bytes).as_bytes()[..16]);
    Digest(short)
}

/// What a reversal says is whom it reverses: the identity of its original.
#[must_use]
pub fn said_by_reversal(platform: &str, reversal: &Reversal<'_>) -> Digest {
    of_event(platform, &reversal.source, &reversal.id)
}

/// What a usage event says: use, revenue, currency and the gross above 0 of each reference.
pub(crate) struct Saying {
    bytes: Vec<u8>,
}

impl Saying {
    pub(crate) fn new() -> Saying {
        Saying { bytes: Vec::new() }
    }

    /// Starts over for the next event.
    pub(crate) fn begin(&mut self, use_: Use, revenue: Money, currency: Currency) {
        self.bytes.clear();
        self.bytes.push(use_ as u8);
        self.bytes.extend_from_slice(&revenue.units().to_le_bytes());
        self.bytes.extend_from_slice(currency.code().as_bytes());
    }

    /// Adds one reference; they come in the order of the split, so the order of the entries does not matter.
    pub(crate) fn reference(&mut self, kind: ReferenceKind, reference: &str, gross: Money) {
        self.bytes.push(kind as u8);
        self.bytes.extend_from_slice(reference.as_bytes());
        // References hold no control characters: 0 ends them.
        self.bytes.push(0);
        self.bytes.extend_from_slice(&gross.units().to_le_bytes());
    }

    /// XXH3: sayings are compared within one identity, and an event that would be taken for a copy there is not metered either way.
    pub(crate) fn digest(&self) -> Digest {
        Digest(xxhash3_128::Hasher::oneshot(&self.bytes).to_le_bytes())
    }
}
