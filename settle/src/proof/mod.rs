//! Proofs that a statement is one of those that a seal names, for whoever has nothing but the statement and the seal's root.
//!
//! The statements of a cycle are the leaves of a Merkle tree as RFC 6962, section 2.1, has it; its root, the cycle and the root of the
//! seal before give the root of the cycle's seal. So one root names a cycle, all its statements, and all cycles before it.
//!
//! Modules in reading order: [`tree`], [`check`], [`chain`], [`mod@file`], [`fault`].

pub mod chain;
pub mod check;
pub mod fault;
pub mod file;
pub mod tree;

use sha2::{Digest as _, Sha256};
use std::fmt;
use std::str::FromStr;

/// A SHA-256, written as 64 hex digits in lower case.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Digest([u8; 32]);

/// The text is not a [`Digest`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a SHA-256: 64 digits of 0 to 9 and a to f")]
pub struct NotADigest(pub String);

impl Digest {
    /// Of these bytes, one part after the other.
    #[must_use]
    pub fn of(parts: &[&[u8]]) -> Digest {
        let mut hasher = Sha256::new();
        parts.iter().for_each(|part| hasher.update(part));
        Digest(hasher.finalize().into())
    }

    /// Its bytes.
    #[must_use]
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl FromStr for Digest {
    type Err = NotADigest;

    fn from_str(text: &str) -> Result<Digest, NotADigest> {
        let plain = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let mut bytes = [0; 32];
        match hex::decode_to_slice(text, &mut bytes) {
            Ok(()) if plain => Ok(Digest(bytes)),
            _ => Err(NotADigest(text.chars().take(80).collect())),
        }
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Digest({self})")
    }
}
