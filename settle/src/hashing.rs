//! SHA-256 of a text that is written piece by piece: a long one is never there as a whole.

use farthing_schemas::manifest::Sha256Hasher;
use serde::Serialize;
use std::io::{BufWriter, Write};

/// Many small pieces are hashed, and long texts read, in larger portions.
pub(crate) const PORTION_BYTES: usize = 1 << 16;

/// A text that is hashed and not kept.
pub(crate) struct Hashed(BufWriter<Sha256Hasher>);

impl Hashed {
    pub(crate) fn new() -> Hashed {
        Hashed(BufWriter::with_capacity(PORTION_BYTES, Sha256Hasher::default()))
    }

    /// Writes the compact JSON of a value.
    pub(crate) fn json<T: Serialize>(&mut self, value: &T) {
        serde_json::to_writer(&mut self.0, value).expect("strings, numbers and lists of them always have a JSON text");
    }

    /// Writes a text as it is.
    pub(crate) fn text(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).expect("a hash takes all bytes");
    }

    /// The SHA-256 in hex.
    pub(crate) fn sha256(mut self) -> String {
        self.0.flush().expect("a hash takes all bytes");
        let (hasher, _) = self.0.into_parts();
        hasher.finish()
    }
}

/// The SHA-256 of a value's compact JSON, in hex.
pub(crate) fn sha256_of_json<T: Serialize>(value: &T) -> String {
    let mut hashed = Hashed::new();
    hashed.json(value);
    hashed.sha256()
}

#[cfg(test)]
mod tests {
    use super::*;
    use farthing_schemas::manifest::sha256_hex;

    #[test]
    fn pieces_are_hashed_as_the_whole_is() {
        let long = "x".repeat(100_000);
        let mut hashed = Hashed::new();
        hashed.text("a");
        hashed.json(&long);
        hashed.text("\n");
        assert_eq!(hashed.sha256(), sha256_hex(format!("a\"{long}\"\n").as_bytes()));
        assert_eq!(sha256_of_json(&["b"]), sha256_hex(b"[\"b\"]"));
        assert_eq!(Hashed::new().sha256(), sha256_hex(b""));
    }
}
