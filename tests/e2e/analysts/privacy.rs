//! What is private of a party is in the ledger and nowhere else: not in the archive, not in the snapshot of the registry, and in nothing that is printed.

use super::python;
use crate::support::Data;
use crate::tamper::books::{self, PRIVATE, PRIVATE_DIGITS};
use anyhow::{Result, ensure};
use serde_json::{Value, json};

/// Public words that must be found where private ones are looked for: the search can find.
const PUBLIC: [&str; 8] =
    ["pty_02", "wrk_03", "mid_guild", "agr_guild_late", "shown-model", "shown-output-one-003", "shown-method", "shown-reason"];

fn search(data: &Data) -> Result<Value> {
    let books = data.books().display().to_string();
    let arguments: Vec<&str> = [books.as_str(), PRIVATE, PRIVATE_DIGITS].into_iter().chain(PUBLIC).collect();
    Ok(serde_json::from_str(&python::run("analysts/privacy.py", &arguments)?)?)
}

/// Commands that print what was metered, to people and to machines.
const PRINTING: [&[&str]; 12] = [
    &["accruals"],
    &["accruals", "--by", "party,status"],
    &["settle", "draft", "--mid", "mid_guild", "--cycle", "2026-10"],
    &["settle", "draft", "--mid", "mid_choir", "--cycle", "2026-11"],
    &["settle", "status"],
    &["statement", "pty_00", "--cycle", "2026-10"],
    &["statement", "pty_02", "--cycle", "2026-11"],
    &["registry", "versions"],
    &["archive", "list"],
    &["archive", "check"],
    &["dead-letters", "list", "--all"],
    &["verify"],
];

fn nothing_private(what: &str, said: &[u8]) -> Result<()> {
    let said = String::from_utf8_lossy(said);
    ensure!(!said.contains(PRIVATE) && !said.contains(PRIVATE_DIGITS), "{what} says what is private: {said}");
    Ok(())
}

#[test]
fn nothing_private_is_in_the_archive_or_printed() {
    let data = books::told().unwrap();
    // Once with the files as the batches wrote them, once merged.
    for compacted in [false, true] {
        if compacted {
            data.ok(["archive", "compact"]).unwrap();
        }
        let found = search(&data).unwrap();
        let (found, parties) = (found["found"].as_object().unwrap(), found["parties"].as_u64().unwrap());
        assert_eq!(parties, 14, "the ledger has what was planted");
        assert_eq!(found.keys().filter(|text| !PUBLIC.contains(&text.as_str())).collect::<Vec<_>>(), Vec::<&String>::new(), "{found:?}");
        assert_eq!(found.len(), PUBLIC.len(), "the search finds what is public: {found:?}");
    }
    for arguments in PRINTING {
        for more in [None, Some("--json")] {
            let output = data.run(arguments.iter().chain(&more)).unwrap();
            assert!(output.status.success(), "{arguments:?}: {output:?}");
            nothing_private(&format!("{arguments:?}"), &[output.stdout, output.stderr].concat()).unwrap();
        }
    }
}

/// Registry files with a fault each, beside what is private.
fn faulty() -> Vec<(&'static str, String)> {
    let name = format!("{PRIVATE}-name");
    let good = json!({"kind": "party", "id": "pty_new", "name": name, "type": "person", "identifiers": [{"scheme": name, "value": name}],
        "payout": {"method": "sepa", "currency": "EUR", "iban": name, "born": PRIVATE_DIGITS.parse::<u64>().unwrap_or(0)}});
    let but = |field: &str, value: Value| {
        let mut record = good.clone();
        record[field] = value;
        record.to_string()
    };
    let text = good.to_string();
    let deep = format!("{}\"{name}\"{}", "[".repeat(40), "]".repeat(40));
    vec![
        ("no type", but("type", Value::Null)),
        ("a name of the wrong kind", but("name", json!({"first": name}))),
        ("a name that is a list", but("name", json!([name]))),
        ("identifiers that are text", but("identifiers", json!(name))),
        ("an identifier that is text", but("identifiers", json!([name]))),
        ("an identifier without a scheme", but("identifiers", json!([{"value": name}]))),
        ("an identifier of the wrong kind", but("identifiers", json!([{"scheme": name, "value": {"is": name}}]))),
        ("a payout without a method", but("payout", json!({"currency": "EUR", "iban": name}))),
        ("a payout without a currency", but("payout", json!({"method": "sepa", "iban": name}))),
        ("a payout that is text", but("payout", json!(name))),
        ("a payout that is nested too deep", text.replace(&format!("\"iban\":\"{name}\""), &format!("\"iban\":{deep}"))),
        ("a detail that stands twice", text.replace("\"iban\"", &format!("\"{name}\":1,\"{name}\":2,\"iban\""))),
        ("a name that stands twice", text.replace("\"kind\"", &format!("\"name\":\"{name}\",\"kind\""))),
        ("a cut line", text[..text.len() - 9].to_owned()),
        ("a bare name", text.replace(&format!("\"{name}\""), &name)),
        ("a broken escape", text.replace(&name, &format!("{name}\\q"))),
        ("one party twice", format!("{text}\n{text}")),
        (
            "an unknown MID",
            format!(
                "{text}\n{}",
                json!({"kind": "membership", "party": "pty_new", "mid": "mid_none", "platforms": "*", "uses": "*", "name": name})
            ),
        ),
    ]
}

#[test]
fn no_error_message_says_what_is_private() {
    let data = books::begun().unwrap();
    for (fault, text) in faulty() {
        std::fs::write(data.path().join("faulty.ndjson"), text).unwrap();
        for more in [None, Some("--json")] {
            let output = data.run(["registry", "load", "faulty.ndjson"].iter().chain(&more)).unwrap();
            assert_eq!(output.status.code(), Some(2), "{fault}: {output:?}");
            nothing_private(fault, &[output.stdout, output.stderr].concat()).unwrap();
        }
    }
    // A field that nobody knows, in an event that is rejected for another.
    let event = json!({"specversion": "1.0", "id": "x", "source": "//x", "type": "farthing.usage.retrieval.v1", "time": format!("{PRIVATE}-time"),
        "user": {"name": format!("{PRIVATE}-user")}, "data": {"platform": "plt_news", "user": format!("{PRIVATE}-user")}});
    std::fs::write(data.path().join("faulty-events.ndjson"), format!("{event}\n")).unwrap();
    let output = data.run(["meter", "faulty-events.ndjson"]).unwrap();
    nothing_private("meter", &[output.stdout, output.stderr].concat()).unwrap();
}
