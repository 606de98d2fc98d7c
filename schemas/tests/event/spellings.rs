//! One event has many spellings in JSON: with escapes or without, tight or with white space. All of them decode to the same.
//!
//! This sets what the decoder reads itself (plain strings and keys, no white space) against what it leaves to the parser of JSON.

use crate::generate::event;
use crate::properties::{change, changed};
use crate::{REVERSAL, USAGE};
use farthing_schemas::event::{Event, decode, encode};
use farthing_schemas::{Code, Rejection};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// As Python writes events by default, with scores and other orders of fields.
const SPACED: &str = concat!(
    r#"{"data": {"attribution": {"entries": [{"weight": 31.05016397824501, "party": "pub_LA", "x": null}, "#,
    r#"{"content_hash": "sha256:c1af58b88540daada7115a495f8e8ab7", "role": null, "weight": "-5.58e-3", "work": "psg_é"}], "#,
    r#""transform": "softmax", "kind": "score"}, "usage": {"request": 1}, "model": "", "platform": "plt_search"}, "#,
    r#""time": "2026-10-16T18:17:03.9799600+02:00", "type": "farthing.usage.inference.v1", "#,
    r#""source": "//search.example/run", "id": "topic-303", "specversion": "1.0"}"#
);

/// With entries of the usual form, a reference and a weight alone, and others among them.
const USUAL: &str = concat!(
    r#"{"specversion":"1.0","id":"7","source":"//a/b","type":"farthing.usage.citation.v1","time":"2026-10-16T18:17:03Z","#,
    r#""data":{"platform":"plt_a","revenue":{"amount":"1.5","currency":"EUR"},"attribution":{"kind":"citation_count","entries":["#,
    r#"{"party":"pty_7","weight":0.5},{"work":"wrk_9","weight":"2"},{"party":"pty_7","weight":3,"role":"author"},"#,
    r#"{"weight":1,"party":"pty_8"},{"party":"ürk","weight":4e1}]}}}"#
);

/// Passes over a line as JSON is read, and writes the bytes that stand in strings and outside of them with `write`.
fn respelled(line: &[u8], mut write: impl FnMut(Place, u8, &mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::new();
    let mut place = Place::Outside;
    for byte in line.iter().copied() {
        let next = match (place, byte) {
            (Place::Outside, b'"') => Place::Start,
            (Place::Outside, _) | (Place::Start | Place::Within, b'"') => Place::Outside,
            (Place::Start | Place::Within, b'\\') => Place::Escape,
            (Place::Start | Place::Within | Place::Escape, _) => Place::Within,
        };
        write(place, byte, &mut out);
        place = next;
    }
    out
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Outside,
    /// Right behind the opening quote.
    Start,
    Within,
    /// Behind a backslash.
    Escape,
}

/// With the first letter of each string and key as an escape, so that none of them is plain.
fn escaped(line: &[u8]) -> Vec<u8> {
    respelled(line, |place, byte, out| match place {
        Place::Start if byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\') => out.extend(format!("\\u{byte:04X}").bytes()),
        _ => out.push(byte),
    })
}

/// With white space around all punctuation.
fn spaced(line: &[u8]) -> Vec<u8> {
    respelled(line, |place, byte, out| match (place, byte) {
        (Place::Outside, b'{' | b'}' | b'[' | b']' | b',' | b':') => out.extend([b' ', b'\r', byte, b'\t', b'\n']),
        _ => out.push(byte),
    })
}

/// Where a line is malformed differs between spellings.
fn judged(line: &[u8]) -> Result<Event<'_>, Rejection> {
    decode(line).map_err(|rejection| match rejection.code {
        Code::MalformedJson => Rejection::new(Code::MalformedJson, ""),
        _ => rejection,
    })
}

fn all_spellings_agree(line: &[u8]) -> Result<(), TestCaseError> {
    let plain = judged(line);
    for spelling in [escaped(line), spaced(line), spaced(&escaped(line))] {
        prop_assert_eq!(&plain, &judged(&spelling), "{} and {}", String::from_utf8_lossy(line), String::from_utf8_lossy(&spelling));
    }
    Ok(())
}

#[test]
fn the_bases_are_valid_in_every_spelling() {
    for line in [USAGE, REVERSAL, SPACED, USUAL] {
        assert_eq!(decode(line.as_bytes()).err(), None);
        all_spellings_agree(line.as_bytes()).expect("spellings agree");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn of_valid_events(event in event()) {
        let line = encode(&event);
        prop_assert_eq!(judged(line.as_bytes()), Ok(event));
        all_spellings_agree(line.as_bytes())?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn of_changed_events(base in select(vec![USAGE, REVERSAL, SPACED, USUAL]), changes in vec(change(), 1..4)) {
        all_spellings_agree(&changes.iter().fold(base.as_bytes().to_vec(), changed))?;
    }
}
