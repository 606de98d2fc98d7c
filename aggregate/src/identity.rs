//! Digests that tell events apart: who an event is, and what it says.

use farthing_schemas::event::Reversal;
use farthing_schemas::{Currency, Money, ReferenceKind, Use};

/// 128 bits of BLAKE3: nobody can make an event that takes the place of another platform's, or one that passes for a copy of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 16]);

impl Digest {
    fn of(bytes: &[u8]) -> Digest {
        let mut short = [0; 16];
        short.copy_from_slice(&blake3::hash(bytes).as_bytes()[..16]);
        Digest(short)
    }
}

/// Appends a field so that no two sequences of fields give the same bytes.
fn field(bytes: &mut Vec<u8>, text: &str) {
    let length = u64::try_from(text.len()).unwrap_or(u64::MAX);
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(text.as_bytes());
}

/// The identity of an event: its platform, source and id.
#[must_use]
pub fn of_event(platform: &str, source: &str, id: &str) -> Digest {
    let mut bytes = Vec::with_capacity(256);
    for text in [platform, source, id] {
        field(&mut bytes, text);
    }
    Digest::of(&bytes)
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

    pub(crate) fn digest(&self) -> Digest {
        Digest::of(&self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By how many references are said.
    const SAYINGS: [(i128, &str); 3] =
        [(0, "99d0832a384e66a968f8ff3c9cab2702"), (1, "94c28b91339db8ea14a4fe68d0066343"), (40, "631234f0728e4028b447e9bccb730450")];

    /// Archives hold these digests, which other programs gave for the same bytes: another value is another version of them.
    #[test]
    fn digests_stay_as_they_are() {
        let hex = |digest: Digest| digest.0.map(|byte| format!("{byte:02x}")).concat();
        assert_eq!(hex(of_event("plt_a", "//a/1", "e-1")), "ac797985771f8eb6fd0fe36e772aa450");
        for (references, expected) in SAYINGS {
            let mut saying = Saying::new();
            saying.begin(Use::Retrieval, Money::from_units(25), "USD".parse().expect("a currency"));
            (0..references).for_each(|number| saying.reference(ReferenceKind::Party, &format!("pty_{number}"), Money::from_units(number)));
            assert_eq!(hex(saying.digest()), expected);
        }
    }
}
