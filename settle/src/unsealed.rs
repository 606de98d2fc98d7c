//! The text of a draft on its way to whoever reads it, hashed without the field that has its hash.

use farthing_schemas::manifest::Sha256Hasher;
use std::io::{self, Read};

/// How that field begins. Within a text of JSON a quote has a backslash before it, so this stands nowhere else.
const FIELD: &[u8] = b"\"draft_sha256\":\"";

/// How it ends.
const FIELD_END: &[u8] = b"\",";

/// The field is among the first: where it is not in so many bytes, the text has none, and is not kept to look for it.
const HEAD_BYTES_MAX: usize = 1 << 16;

/// What is read of a text, hashed but for its first field of that name.
pub(crate) struct Unsealed<R> {
    text: R,
    /// What has come while the field has not.
    head: Option<Vec<u8>>,
    hasher: Sha256Hasher,
}

impl<R: Read> Unsealed<R> {
    pub(crate) fn of(text: R) -> Unsealed<R> {
        Unsealed { text, head: Some(Vec::new()), hasher: Sha256Hasher::default() }
    }

    /// The SHA-256 of what was read, in hex.
    pub(crate) fn sha256(mut self) -> String {
        self.hasher.update(&self.head.unwrap_or_default());
        self.hasher.finish()
    }

    fn take(&mut self, bytes: &[u8]) {
        let Some(head) = &mut self.head else { return self.hasher.update(bytes) };
        head.extend_from_slice(bytes);
        if let Some((before, after)) = without_field(head) {
            self.hasher.update(before);
            self.hasher.update(after);
            self.head = None;
        } else if head.len() > HEAD_BYTES_MAX {
            self.hasher.update(head);
            self.head = None;
        }
    }
}

impl<R: Read> Read for Unsealed<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.text.read(into)?;
        self.take(&into[..count]);
        Ok(count)
    }
}

/// What stands before the field and after it, once all of it is there.
fn without_field(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let start = find(text, FIELD)?;
    let value = start + FIELD.len();
    let end = value + find(&text[value..], FIELD_END)? + FIELD_END.len();
    Some((&text[..start], &text[end..]))
}

fn find(text: &[u8], piece: &[u8]) -> Option<usize> {
    text.windows(piece.len()).position(|window| window == piece)
}

#[cfg(test)]
mod tests {
    use super::*;
    use farthing_schemas::manifest::sha256_hex;

    /// Reads a text in pieces of each size, and compares with the hash of another.
    #[track_caller]
    fn check(text: &str, hashed: &str) {
        for size in 1..=text.len() + 1 {
            let mut unsealed = Unsealed::of(text.as_bytes());
            let mut piece = vec![0; size];
            let mut read = Vec::new();
            loop {
                match unsealed.read(&mut piece).unwrap() {
                    0 => break,
                    count => read.extend_from_slice(&piece[..count]),
                }
            }
            assert_eq!(read, text.as_bytes());
            assert_eq!(unsealed.sha256(), sha256_hex(hashed.as_bytes()), "{text} in pieces of {size}");
        }
    }

    #[test]
    fn a_text_is_hashed_without_its_hash() {
        check(r#"{"refused":false,"draft_sha256":"00ff","lines":[]}"#, r#"{"refused":false,"lines":[]}"#);
        check(r#"{"draft_sha256":"","a":"b"}"#, r#"{"a":"b"}"#);
    }

    #[test]
    fn what_only_looks_like_the_field_is_hashed() {
        let named = r#"{"mid":"\"draft_sha256\":\"1\",","draft_sha256":"2","a":1}"#;
        check(named, r#"{"mid":"\"draft_sha256\":\"1\",","a":1}"#);
        for text in ["", "{}", r#"{"draft_sha256":"1"}"#, r#"{"draft_sha256":1,"a":2}"#] {
            check(text, text);
        }
        // Who looks for it to the end would hold all of a long text.
        let late = format!("{{\"a\":\"{}\",\"draft_sha256\":\"1\",\"b\":2}}", "x".repeat(2 * HEAD_BYTES_MAX));
        let mut unsealed = Unsealed::of(late.as_bytes());
        io::copy(&mut unsealed, &mut io::sink()).unwrap();
        assert_eq!(unsealed.sha256(), sha256_hex(late.as_bytes()));
        // One field is left out, and no more: JSON with two of a name is no draft.
        check(r#"{"draft_sha256":"1","draft_sha256":"2","a":1}"#, r#"{"draft_sha256":"2","a":1}"#);
    }
}
