//! What holds of every event and of every byte string.

use crate::generate::event;
use crate::{REVERSAL, USAGE};
use farthing_schemas::Code;
use farthing_schemas::event::{decode, encode};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// Pieces that are likely to hurt.
const PIECES: &[&str] = &[
    "\"",
    "\\",
    "\\u",
    "\\ud800",
    "\\udc00",
    "\\ud83d\\ude00",
    "\\u0000",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "-",
    "+",
    ".",
    "e",
    "E5",
    "0",
    "01",
    "9",
    "null",
    "true",
    "NaN",
    "Infinity",
    " ",
    "\n",
    "\u{0}",
    "\u{1}",
    "\u{7f}",
    "\u{feff}",
    "é",
    "\"type\":",
    "\"weight\":1,",
    "{}",
    "[]",
    "\"\":{\"a\":[1,2]},",
    "//",
    "'",
];

#[derive(Clone, Debug)]
pub enum Change {
    Replace(Index, u8),
    Insert(Index, &'static str),
    Remove(Index, usize),
    Repeat(Index, usize),
    Cut(Index),
}

pub fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        3 => (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Change::Replace(at, byte)),
        4 => (any::<Index>(), select(PIECES.to_vec())).prop_map(|(at, piece)| Change::Insert(at, piece)),
        3 => (any::<Index>(), 1_usize..12).prop_map(|(at, length)| Change::Remove(at, length)),
        2 => (any::<Index>(), 1_usize..40).prop_map(|(at, length)| Change::Repeat(at, length)),
        1 => any::<Index>().prop_map(Change::Cut),
    ]
}

pub fn changed(mut bytes: Vec<u8>, change: &Change) -> Vec<u8> {
    let span = |at: &Index, length: usize| {
        let start = at.index(bytes.len() + 1);
        start..(start + length).min(bytes.len())
    };
    match change {
        Change::Replace(at, byte) => {
            let span = span(at, 1);
            bytes.splice(span, [*byte]);
        }
        Change::Insert(at, piece) => {
            let span = span(at, 0);
            bytes.splice(span, piece.bytes());
        }
        Change::Remove(at, length) => {
            let span = span(at, *length);
            bytes.drain(span);
        }
        Change::Repeat(at, length) => {
            let span = span(at, *length);
            let copy = bytes[span.clone()].to_vec();
            bytes.splice(span.start..span.start, copy);
        }
        Change::Cut(at) => bytes.truncate(at.index(bytes.len() + 1)),
    }
    bytes
}

/// Malformed for us just when it is for `serde_json`, which reads every string and number; it refuses large numbers, we do not.
fn agrees_with_serde_json(bytes: &[u8]) -> Result<(), TestCaseError> {
    let ours = decode(bytes);
    let malformed = matches!(&ours, Err(rejection) if rejection.code == Code::MalformedJson);
    match serde_json::from_slice::<serde_json::Value>(bytes) {
        Ok(_) => prop_assert!(!malformed, "{ours:?} of {:?}", String::from_utf8_lossy(bytes)),
        Err(error) if error.to_string().starts_with("number out of range") => {}
        Err(error) => prop_assert!(malformed, "{error} in {:?}, yet {ours:?}", String::from_utf8_lossy(bytes)),
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_encoded_decodes_to_the_same(event in event()) {
        let text = encode(&event);
        prop_assert_eq!(decode(text.as_bytes()), Ok(event));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn changed_events_are_malformed_just_when_serde_json_says_so(
        base in select(vec![USAGE, REVERSAL]),
        changes in vec(change(), 1..5),
    ) {
        let bytes = changes.iter().fold(base.as_bytes().to_vec(), changed);
        agrees_with_serde_json(&bytes)?;
    }

    #[test]
    fn heaps_of_pieces_are_malformed_just_when_serde_json_says_so(pieces in vec(select(PIECES.to_vec()), 0..16)) {
        let heap = pieces.concat();
        agrees_with_serde_json(heap.as_bytes())?;
        agrees_with_serde_json(format!("{{\"a\":{heap}}}").as_bytes())?;
        agrees_with_serde_json(format!("{{\"id\":\"{heap}\"}}").as_bytes())?;
    }

    #[test]
    fn random_bytes_never_panic(bytes in vec(any::<u8>(), 0..64)) {
        agrees_with_serde_json(&bytes)?;
    }
}
