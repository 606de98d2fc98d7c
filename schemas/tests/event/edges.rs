//! Size, count, depth, order of fields, what is borrowed, and which characters a reference may have.

use crate::{REVERSAL, USAGE, altered, outcome};
use farthing_schemas::event::{Body, ENTRIES_MAX, EVENT_BYTES_MAX, Event, decode};
use farthing_schemas::{Instant, ReferenceKind};
use serde_json::Value;
use std::borrow::Cow;

fn code(text: &str) -> String {
    outcome(text.as_bytes()).0
}

#[test]
fn every_field_arrives() {
    let event = decode(USAGE.as_bytes()).expect("the base is valid");
    assert_eq!((event.id.as_ref(), event.source.as_ref(), event.platform.as_ref()), ("01JB7", "//acme.example/eu-1", "plt_acme"));
    assert_eq!((event.model.as_deref(), event.output.as_deref()), (Some("acme-large-2"), Some("resp_9f3")));
    assert_eq!(event.time, Instant::from_micros(1_791_018_764_120_000));
    let Body::Usage(usage) = event.body else { panic!("a use") };
    assert_eq!(usage.use_.as_str(), "retrieval");
    assert_eq!(usage.counts, [("request".into(), 1), ("input_token".into(), 812)]);
    let (amount, currency) = usage.revenue.expect("given");
    assert_eq!((amount.units(), currency.code()), (2_140_000_000, "USD"));
    let attribution = usage.attribution;
    assert_eq!((attribution.method.as_deref(), attribution.method_version.as_deref()), (Some("rag-score"), Some("2")));
    assert_eq!(attribution.unattributed.map(|weight| weight.units()), Some(130_000_000_000));
    let [first, second] = attribution.entries.as_slice() else { panic!("two entries") };
    assert_eq!((first.kind, first.reference.as_ref(), first.weight.units()), (ReferenceKind::Party, "pty_ana", 620_000_000_000));
    assert_eq!((first.role.as_deref(), first.consent_receipt.as_deref()), (Some("author"), Some("cr_1")));
    assert_eq!((second.kind, second.reference.as_ref(), second.weight.units()), (ReferenceKind::Work, "wrk_17", 250_000_000_000));
    assert_eq!(second.content_hash.as_deref(), Some("sha256:00"));
    let Body::Reversal(reversal) = decode(REVERSAL.as_bytes()).expect("the base is valid").body else { panic!("a reversal") };
    assert_eq!((reversal.source.as_ref(), reversal.id.as_ref()), ("//acme.example/eu-2", "01JB7"));
    assert_eq!((reversal.time, reversal.reason.as_deref()), (Some(event.time), Some("sent twice")));
}

#[test]
fn texts_without_escapes_are_borrowed() {
    let borrowed = |text: &Cow<'_, str>| matches!(text, Cow::Borrowed(_));
    let event = decode(USAGE.as_bytes()).expect("the base is valid");
    let Body::Usage(usage) = &event.body else { panic!("a use") };
    assert!([&event.id, &event.source, &event.platform].into_iter().all(borrowed));
    assert!(
        usage.counts.iter().all(|(unit, _)| borrowed(unit)) && usage.attribution.entries.iter().all(|entry| borrowed(&entry.reference))
    );
    let escaped = altered(USAGE, "acme-large-2", r"a\u0063me\n\ud83d\ude00");
    assert_eq!(decode(escaped.as_bytes()).expect("valid").model.as_deref(), Some("acme\n😀"));
}

#[test]
fn one_mebibyte_and_not_a_byte_more() {
    let padded = |bytes: usize| {
        let pad = " ".repeat(bytes - USAGE.len());
        outcome(format!("{USAGE}{pad}").as_bytes()).0
    };
    assert_eq!(EVENT_BYTES_MAX, 1_048_576);
    assert_eq!(padded(EVENT_BYTES_MAX), "ok");
    assert_eq!(padded(EVENT_BYTES_MAX + 1), "too_large");
    assert_eq!(outcome(&vec![0xff; EVENT_BYTES_MAX + 1]).0, "too_large");
}

#[test]
fn entries_up_to_the_limit() {
    let with = |count: usize, entry: &str| {
        altered(USAGE, r#"{"party":"pty_ana","weight":"0.62","role":"author","consent_receipt":"cr_1"}"#, &vec![entry; count].join(","))
    };
    assert_eq!(ENTRIES_MAX, 16_384);
    assert_eq!(code(&with(16_383, r#"{"party":"p","weight":0}"#)), "ok");
    assert_eq!(code(&with(16_384, r#"{"party":"p","weight":0}"#)), "too_many_entries");
    assert_eq!(code(&with(200_000, "{}")), "bad_field");
    let all = decode(with(16_383, r#"{"work":"w","weight":1}"#).as_bytes()).map(|event| match event.body {
        Body::Usage(usage) => usage.attribution.entries.len(),
        Body::Reversal(_) => 0,
    });
    assert_eq!(all, Ok(16_384));
}

#[test]
fn many_units_are_compared_quickly() {
    let units = |twin: &str| {
        let units: Vec<String> = (0..70_000).map(|unit| format!("\"u{unit}\":1")).collect();
        altered(USAGE, r#""request":1"#, &format!("{}{twin}", units.join(",")))
    };
    assert_eq!(code(&units("")), "ok");
    assert_eq!(code(&units(",\"u7\":1")), "bad_field");
}

#[test]
fn depth_is_limited_and_never_overflows_the_stack() {
    let nested = |open: &str, close: &str, depth: usize| format!(r#""model":"m","x":{}0{}"#, open.repeat(depth), close.repeat(depth));
    let with = |field: &str| code(&altered(USAGE, r#""model":"acme-large-2""#, field));
    assert_eq!(with(&nested("[", "]", 200)), "ok");
    assert_eq!(with(&nested(r#"{"a":"#, "}", 200)), "ok");
    assert_eq!(with(&nested("[", "]", 201)), "malformed_json");
    for depth in [10_000, 500_000] {
        assert_eq!(with(&nested("[", "]", depth)), "malformed_json");
        for place in [r#""platform":"plt_acme""#, r#""request":1"#, r#""amount":"0.002140""#, r#""kind":"share""#, r#""weight":0.25"#] {
            let key = place.split_once(':').expect("a field").0;
            assert_eq!(code(&altered(USAGE, place, &format!("{key}:{}", "[".repeat(depth)))), "malformed_json");
        }
        assert_eq!(code(&"[".repeat(depth)), "malformed_json");
    }
}

#[test]
fn what_is_not_utf8_is_malformed() {
    for bad in [&b"\xff"[..], b"\xc3\x28", b"\xed\xa0\x80", b"\xc0\xaf", b"\xf4\x90\x80\x80"] {
        for place in ["acme-large-2", r#""0.13"}}}"#] {
            let at = USAGE.find(place).expect("it stands there");
            let bytes = [&USAGE.as_bytes()[..at], bad, &USAGE.as_bytes()[at..]].concat();
            assert_eq!(outcome(&bytes).0, "malformed_json");
        }
    }
    assert_eq!(outcome(b"").0, "malformed_json");
    assert_eq!(outcome(&USAGE.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>()).0, "malformed_json");
}

#[test]
fn what_is_no_object_is_no_cloudevent() {
    for text in ["[]", "7", "null", "\"x\"", "true", "{}", "[1,{}]", " {} "] {
        assert_eq!(code(text), "not_cloudevent", "{text}");
    }
    for text in ["[", "nul", "7x", "[1,{]}", "\u{feff}{}", "{} {}"] {
        assert_eq!(code(text), "malformed_json", "{text}");
    }
}

/// The fields of each object in the reverse of their order: `data` before `type`, `entries` before `kind`.
fn reversed(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let fields: Vec<String> =
                fields.iter().rev().map(|(key, value)| format!("{}:{}", Value::from(key.as_str()), reversed(value))).collect();
            format!("{{{}}}", fields.join(","))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(reversed).collect::<Vec<_>>().join(",")),
        other => other.to_string(),
    }
}

#[test]
fn the_order_of_fields_does_not_matter() {
    let same = |left: &Event<'_>, right: &Event<'_>| {
        let sorted = |event: &Event<'_>| {
            let mut event = event.clone();
            if let Body::Usage(usage) = &mut event.body {
                usage.counts.sort();
            }
            format!("{event:?}")
        };
        sorted(left) == sorted(right)
    };
    for base in [USAGE, REVERSAL] {
        let value: Value = serde_json::from_str(base).expect("the base is JSON");
        let expected = decode(base.as_bytes()).expect("the base is valid");
        for text in [reversed(&value), value.to_string()] {
            assert!(same(&decode(text.as_bytes()).expect("valid in any order"), &expected), "{text}");
        }
    }
}

/// A reversal whose `data` comes first and has, for a use, faults: they are no faults of a reversal.
#[test]
fn data_is_judged_by_the_type_wherever_that_stands() {
    let data = r#""data":{"platform":"p","attribution":[],"attribution":7,"usage":{"x":-1},"reverses":{"source":"s","id":"i"}}"#;
    let rest = r#""specversion":"1.0","id":"i","source":"s","time":"2026-10-03T09:12:44Z""#;
    let reversal = r#""type":"farthing.usage.reversal.v1""#;
    let usage = r#""type":"farthing.usage.training.v1""#;
    assert_eq!(code(&format!("{{{data},{rest},{reversal}}}")), "ok");
    assert_eq!(code(&format!("{{{reversal},{rest},{data}}}")), "ok");
    assert_eq!(code(&format!("{{{data},{rest},{usage}}}")), "bad_field");
    assert_eq!(code(&format!("{{{usage},{rest},{data}}}")), "bad_field");
    assert_eq!(code(&format!("{{{data},{rest}}}")), "not_cloudevent");
    assert_eq!(code(&format!("{{{data},{data},{rest},{reversal}}}")), "bad_field");
}

/// The set of Python's `[\s\x00-\x1f\x7f-\x9f]`, listed there once: what a reference must not have.
#[test]
fn references_refuse_exactly_white_space_and_controls() {
    let refused =
        [0x00..=0x20, 0x7f..=0xa0, 0x1680..=0x1680, 0x2000..=0x200a, 0x2028..=0x2029, 0x202f..=0x202f, 0x205f..=0x205f, 0x3000..=0x3000];
    for character in '\0'..=char::MAX {
        if !(u32::from(character) < 0x3100 || character == '\u{feff}' || u32::from(character) % 4_096 == 0) {
            continue;
        }
        let expected = if refused.iter().any(|range| range.contains(&u32::from(character))) { "bad_field" } else { "ok" };
        let name = Value::from(format!("x{character}")).to_string();
        assert_eq!(code(&altered(USAGE, r#""wrk_17""#, &name.replace('<', "<1*<>"))), expected, "{character:?}");
    }
}
