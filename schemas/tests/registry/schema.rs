//! The JSON Schema and the decoder say the same of one record, as far as a schema can.

use farthing_schemas::registry::read_load;
use serde_json::{Value, json};

const SCHEMA: &str = include_str!("../../json/registry.schema.json");
const EXAMPLES: &str = include_str!("../../json/examples/registry.ndjson");

fn validator() -> jsonschema::Validator {
    jsonschema::draft202012::new(&serde_json::from_str(SCHEMA).unwrap()).unwrap()
}

fn decodes(record: &Value) -> bool {
    read_load("", record.to_string().as_bytes()).is_ok()
}

#[test]
fn examples_are_valid_for_both() {
    let validator = validator();
    for line in EXAMPLES.lines() {
        let record: Value = serde_json::from_str(line).unwrap();
        assert!(validator.is_valid(&record), "{line}: {:?}", validator.validate(&record));
        assert!(read_load("", line.as_bytes()).is_ok(), "{line}");
    }
    let state = super::State::default();
    assert_eq!(super::judged(&state, EXAMPLES).unwrap().len(), EXAMPLES.lines().count());
}

/// Every value inside, by its pointer.
fn pointers(value: &Value, at: &str, out: &mut Vec<String>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, inner)| {
            out.push(format!("{at}/{name}"));
            pointers(inner, &format!("{at}/{name}"), out);
        }),
        Value::Array(items) => items.iter().enumerate().for_each(|(index, inner)| {
            out.push(format!("{at}/{index}"));
            pointers(inner, &format!("{at}/{index}"), out);
        }),
        _ => {}
    }
}

/// Without the value at that pointer.
fn dropped(record: &Value, pointer: &str) -> Value {
    let mut record = record.clone();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    match record.pointer_mut(parent).unwrap() {
        Value::Object(fields) => drop(fields.remove(name)),
        Value::Array(items) => drop(items.remove(name.parse().unwrap())),
        _ => unreachable!(),
    }
    record
}

/// What a schema cannot see, but the decoder does: sums of shares, doubles, overlaps.
fn is_beyond_schema(record: &Value) -> bool {
    let errors = read_load("", record.to_string().as_bytes()).err().unwrap_or_default();
    let beyond = ["sum to", "twice", "already", "overlaps", "not after", "itself"];
    !errors.is_empty() && errors.iter().all(|error| beyond.iter().any(|word| error.message.contains(word)))
}

/// Texts that are right somewhere and wrong elsewhere.
const TEXTS: &[&str] = &[
    "",
    "*",
    "x",
    "a b",
    "a\u{85}b",
    "a\u{2003}b",
    "a\u{feff}b",
    "0",
    "0.699999",
    "0.7000000",
    "00.7",
    "1",
    "1.0",
    "1.000001",
    "-0.8",
    "0.",
    ".7",
    "1e0",
    "999999999999999.999999999999",
    "1000000000000000",
    "0.0000000000001",
    "USD",
    "usd",
    "XXQ",
    "training",
    "reading",
    "n",
    "deny",
    "true_up",
    "community",
    "2026-01-01T00:00:00Z",
    "2026-01-01T00:00:00",
    "2026-01-01T00:00:60Z",
    "2026-13-01T00:00:00Z",
    "2026-01-01 00:00:00Z",
    "2026-01-01T00:00:00.1234567+14:00",
    "platform",
    "mid",
];

/// What may be put in the place of any value of a record.
fn others() -> Vec<Value> {
    let rest = [
        json!(null),
        json!(true),
        json!(1),
        json!(0),
        json!(-1),
        json!(1_000_000_001),
        json!(1.5),
        json!([]),
        json!(["*"]),
        json!(["training"]),
        json!(["training", "x"]),
        json!([{}]),
        json!([1]),
        json!({}),
        json!("k".repeat(256)),
        json!("k".repeat(257)),
        json!({"method": "m", "currency": "USD", "iban": [1]}),
    ];
    TEXTS.iter().map(|text| json!(text)).chain(rest).collect()
}

#[test]
fn mutations_are_judged_alike() {
    let validator = validator();
    let others = others();
    let (mut accepted, mut refused) = (0, 0);
    for line in EXAMPLES.lines() {
        let record: Value = serde_json::from_str(line).unwrap();
        let mut at = Vec::new();
        pointers(&record, "", &mut at);
        for pointer in at {
            let replaced = others.iter().map(|other| {
                let mut changed = record.clone();
                *changed.pointer_mut(&pointer).unwrap() = other.clone();
                changed
            });
            for changed in replaced.chain([dropped(&record, &pointer)]) {
                if is_beyond_schema(&changed) {
                    continue;
                }
                let valid = validator.is_valid(&changed);
                assert_eq!(valid, decodes(&changed), "{pointer} in {changed}: {:?}", read_load("", changed.to_string().as_bytes()));
                *(if valid { &mut accepted } else { &mut refused }) += 1;
            }
        }
    }
    assert!(accepted > 500 && refused > 3000, "{accepted} accepted, {refused} refused");
}
