//! Digests that tell events apart: who an event is, and what it says.

use farthing_schemas::event::Reversal;
use farthing_schemas::{Currency, Money, ReferenceKind, Use};
use std::hash::{BuildHasherDefault, Hasher};

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

/// Hashes digests, which are uniform already: their first bytes are their hash.
#[derive(Debug, Default)]
pub struct Uniform(u64);

/// What maps of digests are built with.
pub type BuildUniform = BuildHasherDefault<Uniform>;

impl Hasher for Uniform {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        if let Some(first) = bytes.first_chunk() {
            self.0 = u64::from_le_bytes(*first);
        }
    }

    fn write_usize(&mut self, _length: usize) {}
}

/// Appends how many bytes a whole number needs, then these: the lowest first, in two's complement.
fn number(bytes: &mut Vec<u8>, number: i128) {
    let size = if number < 0 { !number } else { number };
    // One bit more than its size, for the sign.
    let count = size.checked_ilog2().map_or(1, |bits| bits / 8 + 1 + u32::from(bits % 8 == 7));
    let count = u8::try_from(count).expect("at most 16");
    bytes.push(count);
    // All 16 are copied at once and cut off again: that is quicker than to copy just so many.
    let end = bytes.len() + usize::from(count);
    bytes.extend_from_slice(&number.to_le_bytes());
    bytes.truncate(end);
}

/// Appends a text so that no two sequences of texts give the same bytes.
fn text(bytes: &mut Vec<u8>, text: &str) {
    number(bytes, i128::try_from(text.len()).unwrap_or(i128::MAX));
    bytes.extend_from_slice(text.as_bytes());
}

/// The identity of an event: its platform, source and id.
#[must_use]
pub fn of_event(platform: &str, source: &str, id: &str) -> Digest {
    let mut bytes = Vec::with_capacity(256);
    for part in [platform, source, id] {
        text(&mut bytes, part);
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
        number(&mut self.bytes, revenue.units());
        self.bytes.extend_from_slice(currency.code().as_bytes());
    }

    /// Adds one reference; they come in the order of the split, so the order of the entries does not matter.
    pub(crate) fn reference(&mut self, kind: ReferenceKind, reference: &str, gross: Money) {
        self.bytes.push(kind as u8);
        self.bytes.extend_from_slice(reference.as_bytes());
        // References hold no control characters: 0 ends them.
        self.bytes.push(0);
        number(&mut self.bytes, gross.units());
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
        [(0, "b4f9be2986229c2f7ee442c2ad78a2fa"), (1, "2d02af5453d77130a13bd6c0abab95c2"), (40, "1b3b16f9e23aec35ae4a8777f080c99c")];

    #[test]
    fn numbers_are_told_apart_by_few_bytes() {
        let bytes = |value: i128| {
            let mut bytes = Vec::new();
            number(&mut bytes, value);
            bytes
        };
        let read = |bytes: &[u8]| {
            let fill = if bytes[bytes.len() - 1] >= 0x80 { 0xff } else { 0 };
            let mut whole = [fill; 16];
            whole[..bytes.len() - 1].copy_from_slice(&bytes[1..]);
            i128::from_le_bytes(whole)
        };
        for (value, expected) in
            [(0, vec![1, 0]), (-1, vec![1, 255]), (127, vec![1, 127]), (128, vec![2, 128, 0]), (-129, vec![2, 127, 255])]
        {
            assert_eq!(bytes(value), expected);
        }
        for bit in 0..127 {
            for value in [(1 << bit) - 1, 1 << bit, -(1 << bit), -(1 << bit) - 1, i128::MAX >> bit, i128::MIN >> bit] {
                assert_eq!(read(&bytes(value)), value);
                assert_eq!(bytes(value).len(), usize::from(bytes(value)[0]) + 1);
            }
        }
    }

    /// Archives hold these digests, which another program gave for the same bytes: once a version is released, another value needs another
    /// version of the table.
    #[test]
    fn digests_stay_as_they_are() {
        let hex = |digest: Digest| digest.0.map(|byte| format!("{byte:02x}")).concat();
        assert_eq!(hex(of_event("plt_a", "//a/1", "e-1")), "7a3d087828debc4389ad6790f87a1a31");
        for (references, expected) in SAYINGS {
            let mut saying = Saying::new();
            saying.begin(Use::Retrieval, Money::from_units(25), "USD".parse().expect("a currency"));
            (0..references).for_each(|number| saying.reference(ReferenceKind::Party, &format!("pty_{number}"), Money::from_units(number)));
            assert_eq!(hex(saying.digest()), expected);
        }
    }
}
