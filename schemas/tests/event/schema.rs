//! `json/event.schema.json` against the decoder, in both directions.

use crate::generate::event;
use crate::{REVERSAL, USAGE, altered, outcome};
use farthing_schemas::Currency;
use farthing_schemas::event::encode;
use jsonschema::Validator;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::LazyLock;

static SCHEMA: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../json/event.schema.json")).expect("the schema is JSON"));
static VALIDATOR: LazyLock<Validator> = LazyLock::new(|| jsonschema::draft202012::new(&SCHEMA).expect("the schema is one"));

fn allows(text: &str) -> bool {
    VALIDATOR.is_valid(&serde_json::from_str(text).expect("JSON"))
}

fn decodes(text: &str) -> bool {
    outcome(text.as_bytes()).0 == "ok"
}

#[test]
fn the_schema_is_valid_and_names_every_currency() {
    assert!(jsonschema::meta::is_valid(&SCHEMA));
    let codes: Vec<&str> = Currency::all().map(Currency::code).collect();
    assert_eq!(SCHEMA["$defs"]["currency"]["enum"], json!(codes));
}

#[test]
fn the_examples_are_valid_for_both() {
    for example in [
        include_str!("../../json/examples/event.share.json"),
        include_str!("../../json/examples/event.score.json"),
        include_str!("../../json/examples/event.rank.json"),
        include_str!("../../json/examples/event.reversal.json"),
        USAGE,
        REVERSAL,
    ] {
        assert!(allows(example) && decodes(example), "{example}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn generated_events_are_valid_for_both(event in event()) {
        let text = encode(&event);
        prop_assert!(decodes(&text) && allows(&text), "{}", text);
    }
}

/// Every path to a value of a known field.
fn pointers(value: &Value, prefix: &str, found: &mut Vec<String>) {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(fields) => fields.iter().map(|(key, value)| (key.clone(), value)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(index, value)| (index.to_string(), value)).collect(),
        _ => Vec::new(),
    };
    for (key, child) in children {
        let pointer = format!("{prefix}/{key}");
        pointers(child, &pointer, found);
        found.push(pointer);
    }
}

fn without(value: &Value, pointer: &str) -> Value {
    let mut value = value.clone();
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
    match value.pointer_mut(parent).expect("it is there") {
        Value::Object(fields) => drop(fields.remove(key)),
        Value::Array(items) => drop(items.remove(key.parse().expect("an index"))),
        _ => panic!("{parent} holds nothing"),
    }
    value
}

fn with(value: &Value, pointer: &str, new: &Value) -> Value {
    let mut value = value.clone();
    *value.pointer_mut(pointer).expect("it is there") = new.clone();
    value
}

/// Every field left out, made null, or given each other type: both say the same.
#[test]
fn dropped_and_mistyped_fields_are_judged_alike() {
    let others = [
        json!(null),
        json!(true),
        json!(7),
        json!(-1),
        json!(0.5),
        json!(""),
        json!("x y"),
        json!("0.5"),
        json!([]),
        json!({}),
        json!([1]),
    ];
    let long = json!("x".repeat(257));
    let (mut judged, mut refused) = (0, 0);
    for base in [USAGE, REVERSAL] {
        let base: Value = serde_json::from_str(base).expect("JSON");
        let mut found = Vec::new();
        pointers(&base, "", &mut found);
        for pointer in &found {
            let altered = others.iter().chain([&long]).map(|other| with(&base, pointer, other));
            for value in altered.chain([without(&base, pointer)]) {
                let text = value.to_string();
                assert_eq!(allows(&text), decodes(&text), "{pointer}: {text}: {:?}", outcome(text.as_bytes()));
                judged += 1;
                refused += usize::from(!decodes(&text));
            }
        }
    }
    assert!(judged > 400 && refused > 200, "{refused} of {judged} were refused");
}

/// What is replaced in the base of a use, and by what.
type Case = (&'static str, &'static str);

#[test]
fn bad_values_are_refused_by_both() {
    let cases: &[Case] = &[
        ("farthing.usage.retrieval.v1", "farthing.usage.retrieval.v2"),
        (r#""specversion":"1.0""#, r#""specversion":"1.1""#),
        ("2026-10-03T09:12:44.120Z", "2026-10-03"),
        ("2026-10-03T09:12:44.120Z", "2026-10-03T09:12:44.Z"),
        ("2026-10-03T09:12:44.120Z", "2026-13-03T09:12:44Z"),
        ("2026-10-03T09:12:44.120Z", "2026-10-03T24:12:44Z"),
        ("2026-10-03T09:12:44.120Z", "2026-10-03T09:12:60Z"),
        ("2026-10-03T09:12:44.120Z", "2026-10-03T09:12:44+24:00"),
        ("2026-10-03T09:12:44.120Z", "1970-10-03T09:12:44Z"),
        (r#""0.002140""#, r#""00.1""#),
        (r#""0.002140""#, r#""-0.1""#),
        (r#""0.002140""#, r#""0.1\n""#),
        (r#""0.002140""#, r#""0.<13*1>""#),
        (r#""0.002140""#, r#""<16*1>""#),
        (r#""USD""#, r#""usd""#),
        (r#""request":1"#, r#""request":9007199254740994"#),
        (r#""request":1"#, r#""request":1.5"#),
        (r#""kind":"share""#, r#""kind":"score""#),
        (r#""pty_ana""#, r#""pty ana""#),
        (r#""pty_ana""#, r#""pty\u0000""#),
        (r#""pty_ana""#, r#""pty\u00a0""#),
        (r#""pty_ana""#, r#""pty\u3000""#),
        (r#""pty_ana""#, r#""pty\n""#),
        (r#""pty_ana""#, r#""pty_ana","work":"wrk_1""#),
        (r#""0.62""#, r#""1e65""#),
        (r#""0.62""#, r#""1e-065""#),
        (r#""0.62""#, r#""62%""#),
        (r#""0.62""#, r#""0.<70*1>""#),
        (r#""weight":0.25"#, r#""weight":1e15"#),
        (r#""weight":0.25"#, r#""weight":-1e15"#),
        (r#""unattributed":"0.13""#, r#""unattributed":1.1"#),
        (r#""unattributed":"0.13""#, r#""unattributed":-0.1"#),
    ];
    for (from, to) in cases {
        let text = altered(USAGE, from, to);
        assert!(!allows(&text), "allowed: {from} -> {to}");
        assert!(!decodes(&text), "decoded: {from} -> {to}");
    }
}

/// What the schema's `$comment` says that JSON Schema cannot say: allowed there, refused by the decoder.
#[test]
fn what_the_schema_cannot_say() {
    let cases: &[Case] = &[
        (r#""01JB7""#, r#""<129*é>""#),
        (r#""id":"01JB7""#, r#""id":"01JB7","id":"01JB7""#),
        (r#""request":1"#, r#""request":1,"request":1"#),
        (r#""request":1"#, r#""request":1.0"#),
        (r#""request":1"#, r#""request":1e3"#),
        (r#""0.62""#, r#""1e15""#),
        (r#""weight":0.25"#, r#""weight":0.<70*1>"#),
        (r#""weight":0.25"#, r#""weight":1e-65"#),
        (r#""unattributed":"0.13""#, r#""unattributed":"1.1""#),
        (r#""unattributed":"0.13""#, r#""unattributed":"-0.1""#),
        (r#""kind":"share""#, r#""kind":"rank""#),
        ("2026-10-03T09:12:44.120Z", "2026-02-30T09:12:44Z"),
        ("2026-10-03T09:12:44.120Z", "1999-10-03T09:12:44Z"),
        (r#""model":"acme-large-2""#, r#""model":"<2*                    >","x":"<1048576*x>""#),
    ];
    for (from, to) in cases {
        let text = altered(USAGE, from, to);
        assert!(allows(&text), "not allowed: {from} -> {to}");
        assert!(!decodes(&text), "decoded: {from} -> {to}");
    }
}
