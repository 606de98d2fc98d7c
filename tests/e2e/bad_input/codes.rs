//! Each code of the contract, and the edges of each rule, on events in one file with good ones between them.

use super::{EVENT_UNITS, Row, USAGE, books, check_rows, gross, letters, meter, refused, shortened, usage, write};
use crate::support::also_on_postgres;
use anyhow::{Context, Result, ensure};
use std::collections::BTreeSet;

/// Every code of the contract.
const CODES: [&str; 20] = [
    "malformed_json",
    "not_cloudevent",
    "unknown_type",
    "missing_field",
    "bad_field",
    "bad_time",
    "future_time",
    "too_late",
    "unknown_platform",
    "platform_not_allowed",
    "bad_amount",
    "unknown_currency",
    "unrated",
    "bad_weight",
    "score_without_transform",
    "weights_exceed_one",
    "too_many_entries",
    "too_large",
    "unknown_original",
    "identity_conflict",
];

/// What an event becomes, and how it differs from [`USAGE`]: `FROM -> TO`, joined by ` && `; `*` is the whole of it. `<3*x>` is `xxx`.
/// An event that is metered stays one of 1.5 USD.
const EVENTS: &str = r#"
metered | "ID" -> "ID"
malformed_json | * -> not json
malformed_json | * -> {
malformed_json | * -> }
malformed_json | * -> {}{}
malformed_json | "0.25"}}} -> "0.25"}}
malformed_json | "0.25"}}} -> "0.25"}}}}
malformed_json | "0.25"}}} -> "0.25"}}} //
malformed_json | "model":"m", -> "model":"m",,
malformed_json | "model":"m", -> "model":'m',
malformed_json | "model":"m", -> model:"m",
malformed_json | "model":"m" -> "model":"\x"
malformed_json | "model":"m" -> "model":"\ud800"
malformed_json | "model":"m" -> "unknown":"\udc00\ud800"
malformed_json | "token":2 -> "token":NaN
malformed_json | "token":2 -> "token":2,"unknown":NaN
malformed_json | "weight":0.25 -> "weight":NaN
malformed_json | "weight":0.25 -> "weight":Infinity
malformed_json | "weight":0.25 -> "weight":.25
malformed_json | "weight":0.25 -> "weight":+0.25
malformed_json | "weight":0.25 -> "weight":00.25
malformed_json | "token":2 -> "token":02
not_cloudevent | * -> []
not_cloudevent | * -> "text"
not_cloudevent | * -> 1e400
not_cloudevent | * -> null
not_cloudevent | * -> {}
not_cloudevent | "specversion":"1.0", -> 
not_cloudevent | "1.0" -> "0.3"
not_cloudevent | "1.0" -> 1.0
not_cloudevent | "id":"ID", -> 
not_cloudevent | "ID" -> null
not_cloudevent | "source":"//a/1", -> 
not_cloudevent | "type":"farthing.usage.inference.v1", -> 
unknown_type | usage.inference -> usage.reading
unknown_type | inference.v1 -> inference.v2
unknown_type | farthing.usage.inference.v1 -> <5000*x>
missing_field | "time":"2026-10-03T09:12:44Z", -> 
missing_field | 2026-10-03T09:12:44Z","data": -> 2026-10-03T09:12:44Z","x":
missing_field | "platform":"plt_a", -> 
missing_field | "amount":"1.5", -> 
missing_field | "amount":"1.5" -> "amount":null
missing_field | ,"currency":"USD" -> 
missing_field | "attribution":{ -> "x":{
missing_field | "kind":"share", -> 
missing_field | "entries":[ -> "x":[
missing_field | ,"weight":0.25 -> 
missing_field | usage.inference -> usage.reversal
bad_field | "ID" -> ""
bad_field | "ID" -> 7
bad_field | "ID" -> "a","id":"a"
bad_field | "ID" -> "a","\u0069d":"b"
bad_field | "//a/1" -> {"a":1}
bad_field | "plt_a" -> ["plt_a"]
bad_field | "plt_a" -> "plt_a","platform":"plt_a"
bad_field | "model":"m" -> "model":1
bad_field | "model":"m" -> "model":"<257*x>"
metered | "model":"m" -> "model":"<128*é>"
bad_field | "output":"o" -> "output":"<128*é>o"
bad_field | {"token":2} -> [2]
bad_field | "token":2 -> "token":-1
bad_field | "token":2 -> "token":2.0
bad_field | "token":2 -> "token":1e400
bad_field | "token":2 -> "token":<400*9>
bad_field | "token":2 -> "token":9007199254740993
metered | "token":2 -> "token":9007199254740992
bad_field | "token":2 -> "token":"2"
bad_field | "token":2 -> "token":2,"token":2
bad_field | {"amount":"1.5","currency":"USD"} -> "1.5 USD"
bad_field | "USD"} -> "USD","currency":"USD"}
bad_field | "share" -> "shares"
bad_field | "share" -> 1
bad_field | [{"party":"pty_1","weight":"0.5"}, -> [7,
bad_field | "party":"pty_1" -> "party":"pty_1","work":"wrk_1"
bad_field | "party":"pty_1" -> "x":"pty_1"
bad_field | "party":"pty_1" -> "party":""
bad_field | "party":"pty_1" -> "party":"pty 1"
bad_field | "party":"pty_1" -> "party":"pty\u00001"
bad_field | "party":"pty_1" -> "party":"pty\u20281"
bad_field | "party":"pty_1" -> "party":"pty_1","party":"pty_1"
bad_field | "party":"pty_1" -> "party":"pty_1","role":7
bad_time | 2026-10-03T09:12:44Z -> yesterday
bad_time | 2026-10-03T09:12:44Z -> 2026-10-03
bad_time | 2026-10-03T09:12:44Z -> 2026-10-03T09:12:44
bad_time | 2026-10-03T09:12:44Z -> 2026-10-03 09:12:44Z
bad_time | 2026-10-03T09:12:44Z -> 2026-10-03T09:12:60Z
bad_time | 2026-10-03T09:12:44Z -> 2026-02-30T09:12:44Z
bad_time | 2026-10-03T09:12:44Z -> 1999-12-31T23:59:59Z
bad_time | 2026-10-03T09:12:44Z -> 2200-01-01T00:00:00Z
bad_time | 2026-10-03T09:12:44Z -> 2026-10-03T09:12:44.<400*9>x
bad_time | "2026-10-03T09:12:44Z" -> 1790000000
metered | 2026-10-03T09:12:44Z -> 2026-10-03T11:12:44.<400*9>+02:00
future_time | 2026-10-03T09:12:44Z -> 2026-10-05T09:12:44.000001Z
future_time | 2026-10-03T09:12:44Z -> 2199-12-31T23:59:59Z
metered | 2026-10-03T09:12:44Z -> 2026-10-05T09:12:44Z
too_late | 2026-10-03T09:12:44Z -> 2026-09-04T09:12:43.999999Z
too_late | 2026-10-03T09:12:44Z -> 2000-01-01T00:00:00Z
metered | 2026-10-03T09:12:44Z -> 2026-09-04T09:12:44Z
unknown_platform | "plt_a" -> "plt_gone"
platform_not_allowed | "plt_a" -> "plt_c"
platform_not_allowed|unknown_platform | "plt_a" -> ""
bad_amount | "1.5" -> 1.5
bad_amount | "1.5" -> true
bad_amount | "1.5" -> ""
bad_amount | "1.5" -> "-1.5"
bad_amount | "1.5" -> "+1.5"
bad_amount | "1.5" -> "01.5"
bad_amount | "1.5" -> "1."
bad_amount | "1.5" -> ".5"
bad_amount | "1.5" -> " 1.5"
bad_amount | "1.5" -> "1,5"
bad_amount | "1.5" -> "1e3"
bad_amount | "1.5" -> "NaN"
bad_amount | "1.5" -> "١.٥"
bad_amount | "1.5" -> "1.5000000000000"
bad_amount | "1.5" -> "1000000000000000"
bad_amount | "1.5" -> "<400*9>"
bad_amount | "1.5" -> 1e400
bad_amount|bad_field | "1.5" -> "1.5","amount":"1.5"
metered | "1.5" -> "1.500000000000"
unknown_currency | "USD" -> "usd"
unknown_currency | "USD" -> "XYZ"
unknown_currency | "USD" -> ""
unknown_currency | "USD" -> "USD "
metered | "revenue":{"amount":"1.5","currency":"USD"}, -> 
metered | {"token":2},"revenue":{"amount":"1.5","currency":"USD"}, -> {"token":2,"image":7},
unrated | {"token":2},"revenue":{"amount":"1.5","currency":"USD"}, -> {"image":7},
unrated | {"token":2},"revenue":{"amount":"1.5","currency":"USD"}, -> {},
unrated | "usage":{"token":2},"revenue":{"amount":"1.5","currency":"USD"}, -> 
unrated | "revenue":{"amount":"1.5","currency":"USD"}, ->  && usage.inference -> usage.training
bad_amount | "revenue":{"amount":"1.5","currency":"USD"}, ->  && "plt_a" -> "plt_b"
bad_amount | {"token":2},"revenue":{"amount":"1.5","currency":"USD"}, -> {"token":9007199254740992},
bad_weight | "weight":0.25 -> "weight":true
bad_weight | "weight":0.25 -> "weight":[]
bad_weight | "weight":0.25 -> "weight":""
bad_weight | "weight":0.25 -> "weight":"25%"
bad_weight | "weight":0.25 -> "weight":" 0.25"
bad_weight | "weight":0.25 -> "weight":"+0.25"
bad_weight | "weight":0.25 -> "weight":"Infinity"
bad_weight | "weight":0.25 -> "weight":1e400
bad_weight | "weight":0.25 -> "weight":1e-400
bad_weight | "weight":0.25 -> "weight":1e65
bad_weight | "weight":0.25 -> "weight":1e<400*9>
bad_weight | "weight":0.25 -> "weight":<400*9>
bad_weight | "weight":0.25 -> "weight":0.<400*2>
bad_weight | "weight":0.25 -> "weight":1000000000000000
bad_weight | "weight":0.25 -> "weight":-1e15
bad_weight|bad_field | "weight":0.25 -> "weight":0.25,"weight":0.25
bad_weight | "unattributed":"0.25" -> "unattributed":"1.000000000001"
bad_weight | "unattributed":"0.25" -> "unattributed":-0.000001
bad_weight | "unattributed":"0.25" -> "unattributed":{}
bad_weight | "share" -> "rank"
bad_weight | "share" -> "rank" && "0.5" -> 1 && 0.25} -> 0}
metered | "share" -> "rank" && "0.5" -> 1.0000000000001 && 0.25} -> 2e0}
metered | "weight":0.25 -> "weight":1e-64
metered | "weight":0.25 -> "weight":"-9.99e14"
score_without_transform | "share" -> "score"
score_without_transform | "share" -> "score","transform":null
score_without_transform | "share" -> "score","transform":"cubic"
score_without_transform|bad_field | "share" -> "score","transform":7
metered | "share" -> "score","transform":"linear"
metered | "share" -> "score","transform":"softmax"
metered | "share" -> "share","transform":"cubic"
metered | "share" -> "citation_count"
weights_exceed_one | "unattributed":"0.25" -> "unattributed":"0.251000000001"
weights_exceed_one | "weight":0.25 -> "weight":999999999999999
metered | "unattributed":"0.25" -> "unattributed":"0.251"
metered | "unattributed":"0.25" -> "unattributed":null
metered | [{"party":"pty_1","weight":"0.5"},{"work":"wrk_1","weight":0.25}] -> []
too_many_entries | "entries":[ -> "entries":[<16383*{"work":"w","weight":0},>
metered | "entries":[ -> "entries":[<16382*{"work":"w","weight":0},>
too_large | "model":"m" -> "unknown":"<1048576*x>"
metered | "model":"m" -> "unknown":{"unknown":1,"unknown":2},"unknown":1e400,"unknown":<400*9>
metered | "ID" -> "first"
duplicate | "ID" -> "first"
duplicate | "ID" -> "first" && T09:12:44Z -> T08:12:44Z && "model":"m" -> "model":"other" && "token":2 -> "token":3
duplicate | "ID" -> "first" && 2026-10-03 -> 2026-10-05
identity_conflict | "ID" -> "first" && "1.5" -> "1.500000000001"
identity_conflict | "ID" -> "first" && "USD" -> "EUR"
identity_conflict | "ID" -> "first" && "pty_1" -> "pty_2"
identity_conflict | "ID" -> "first" && usage.inference -> usage.citation
identity_conflict | "ID" -> "first" && "weight":0.25 -> "weight":0.24
metered | "ID" -> "first" && "plt_a" -> "plt_b"
metered | "ID" -> "first" && //a/1 -> //a/2
"#;

/// The same for reversals, each in the place of [`USAGE`]; `@1` stands for `"source":"//a/1","id"`.
const REVERSALS: &str = r#"
unknown_original | REVERSAL "r1" {"platform":"plt_a","reverses":{@1:"later"}}
metered | USAGE "later"
metered | REVERSAL "r1" {"platform":"plt_a","reverses":{@1:"later"},"reason":"refund"}
duplicate | REVERSAL "r1" {"platform":"plt_a","reverses":{@1:"later","time":"2026-10-03T09:12:44Z"}}
unknown_original | REVERSAL "r2" {"platform":"plt_a","reverses":{@1:"later"}}
unknown_original | REVERSAL "r3" {"platform":"plt_a","reverses":{@1:"r1"}}
duplicate | USAGE "later"
metered | USAGE "second"
identity_conflict | REVERSAL "r1" {"platform":"plt_a","reverses":{@1:"second"}}
identity_conflict | REVERSAL "second" {"platform":"plt_a","reverses":{@1:"second"}}
unknown_original | REVERSAL "r4" {"platform":"plt_b","reverses":{@1:"second"}}
unknown_original | REVERSAL "r4" {"platform":"plt_a","reverses":{"source":"//a/2","id":"second"}}
unknown_platform | REVERSAL "r4" {"platform":"plt_gone","reverses":{@1:"second"}}
missing_field | REVERSAL "r4" {"reverses":{@1:"second"}}
missing_field | REVERSAL "r4" {"platform":"plt_a"}
missing_field | REVERSAL "r4" {"platform":"plt_a","reverses":null}
missing_field | REVERSAL "r4" {"platform":"plt_a","reverses":{"id":"second"}}
missing_field | REVERSAL "r4" {"platform":"plt_a","reverses":{"source":"//a/1"}}
bad_field | REVERSAL "r4" {"platform":"plt_a","reverses":["//a/1","second"]}
bad_field | REVERSAL "r4" {"platform":"plt_a","reverses":{@1:""}}
bad_field | REVERSAL "r4" {"platform":"plt_a","reverses":{@1:"<129*é>"}}
bad_field | REVERSAL "r4" {"platform":"plt_a","reverses":{@1:"second","id":"second"}}
bad_field | REVERSAL "r4" {"platform":"plt_a","reverses":{@1:"second"},"reason":7}
bad_time | REVERSAL "r4" {"platform":"plt_a","reverses":{@1:"second","time":"then"}}
metered | REVERSAL "r4" {"platform":"plt_a","reverses":{@1:"second"},"attribution":7}
"#;

/// Spells out `<3*x>` as `xxx`.
pub fn spelt_out(text: &str) -> Result<String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, inside)) = rest.split_once('<') {
        let (times, inside) = inside.split_once('*').context("no * after <")?;
        let (repeated, after) = inside.split_once('>').context("no > after <")?;
        out.push_str(before);
        out.push_str(&repeated.repeat(times.parse()?));
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

fn altered(changes: &str, id: &str) -> Result<String> {
    let mut line = USAGE.to_owned();
    for change in changes.split(" && ") {
        let (from, to) = change.split_once(" -> ").with_context(|| format!("no arrow in {change:?}"))?;
        let from = if from == "*" { line.clone() } else { from.to_owned() };
        ensure!(line.matches(&from).count() == 1, "{from} does not stand once in the event: {changes}");
        line = line.replace(&from, &spelt_out(to)?);
    }
    Ok(line.replace("\"ID\"", &format!("\"{id}\"")))
}

fn table(text: &'static str, line: impl Fn(usize, &str) -> Result<String>) -> Result<Vec<Row>> {
    let rows = text.lines().filter(|row| !row.is_empty()).enumerate().map(|(number, row)| {
        let (expected, rest) = row.split_once(" | ").with_context(|| format!("no column in {row:?}"))?;
        Ok(Row::new(expected, line(number, rest)?))
    });
    rows.collect()
}

/// Sources are bound to these platforms, of which one is not in the registry, and what is older than 30 days is too late.
const ADMISSION: [&str; 8] = ["--platform", "plt_a", "--platform", "plt_b", "--platform", "plt_gone", "--max-age-days", "30"];

#[test]
fn every_code_is_told_and_every_original_comes_back() -> Result<()> {
    let data = books()?;
    let rows = table(EVENTS, |number, changes| altered(changes, &format!("row-{number}")))?;
    check_rows(&data, "events.ndjson", &rows, &ADMISSION)?;
    let metered = rows.len() + rows.iter().filter(|row| row.expected == "metered").count();
    assert_eq!(gross(&data)?, EVENT_UNITS * i128::try_from(metered)?);
    data.ok(["verify"])?;
    Ok(())
}

#[test]
fn every_fault_of_a_reversal_is_told() -> Result<()> {
    let data = books()?;
    let rows = table(REVERSALS, |_, text| {
        let (word, rest) = text.split_once(" \"").with_context(|| text.to_owned())?;
        if word == "USAGE" {
            return Ok(usage(rest.trim_end_matches('"')));
        }
        let (id, body) = rest.split_once("\" ").with_context(|| text.to_owned())?;
        let body = spelt_out(&body.replace("@1", "\"source\":\"//a/1\",\"id\""))?;
        let (head, _) = USAGE.split_once(",\"data\"").context("the event has data")?;
        let head = head.replace("\"ID\"", &format!("\"{id}\"")).replace("inference", "reversal");
        Ok(format!("{head},\"data\":{body}}}"))
    })?;
    check_rows(&data, "reversals.ndjson", &rows, &[])?;
    // Two were metered, and both undone: what is left is the good event before each row.
    assert_eq!(gross(&data)?, EVENT_UNITS * i128::try_from(rows.len())?);
    data.ok(["verify"])?;
    Ok(())
}

#[test]
fn the_tables_have_every_code() {
    let in_tables: BTreeSet<&str> =
        EVENTS.lines().chain(REVERSALS.lines()).filter_map(|row| row.split_once(" | ")).map(|(expected, _)| expected).collect();
    for code in CODES {
        assert!(in_tables.contains(code), "{code} is in no table");
    }
}

/// What a platform's engineer does after the first bad export: look, correct, replay.
#[test]
fn a_rejected_event_is_corrected_and_replayed_once() -> Result<()> {
    let data = books()?;
    let bad = usage("again").replace("\"1.5\"", "1.5");
    write(&data, "bad.ndjson", format!("{bad}\n{}\n", usage("later").replace("plt_a", "plt_new")))?;
    assert_eq!(meter(&data, "bad.ndjson", &[])?, [2, 0, 0, 2]);
    let shown = data.ok(["dead-letters", "show", "1"])?;
    for word in ["bad_amount", "data.revenue.amount", "bad.ndjson", &bad] {
        assert!(shown.contains(word), "{word}: {shown}");
    }
    write(&data, "corrected.json", usage("again"))?;
    let replay = ["dead-letters", "replay", "1", "--corrected", "corrected.json", "--now", super::NOW];
    assert_eq!(super::counts(&data.json(replay)?)?, [1, 1, 0, 0]);
    assert_eq!(gross(&data)?, EVENT_UNITS);
    refused(&data, replay, &["dead letter 1", "replayed already"])?;
    refused(&data, ["dead-letters", "replay", "2", "--corrected", "nowhere.json"], &["nowhere.json", "No such file"])?;
    refused(&data, ["dead-letters", "replay", "1", "2", "--corrected", "corrected.json"], &["one number"])?;
    // As it is, it is rejected again, under a number of its own.
    data.ok(["dead-letters", "replay", "--code", "unknown_platform", "--now", super::NOW])?;
    let codes: Vec<_> = letters(&data)?.iter().map(|letter| (letter["code"].to_string(), letter["replayed_in"].is_null())).collect();
    let letter = |code: &str, waiting| (format!("{code:?}"), waiting);
    assert_eq!(codes, [letter("bad_amount", false), letter("unknown_platform", false), letter("unknown_platform", true)]);
    write(&data, "new.ndjson", r#"{"kind":"platform","id":"plt_new","default_labour_share":"0.7"}"#)?;
    data.ok(["registry", "load", "new.ndjson"])?;
    let replayed = data.ok(["dead-letters", "replay", "--all", "--now", super::NOW])?;
    assert_eq!(gross(&data)?, 2 * EVENT_UNITS, "{}", shortened(replayed.as_bytes()));
    assert!(data.ok(["dead-letters", "list"])?.contains("No rejected events"));
    data.ok(["verify"])?;
    Ok(())
}

also_on_postgres!(
    every_code_is_told_and_every_original_comes_back,
    every_fault_of_a_reversal_is_told,
    a_rejected_event_is_corrected_and_replayed_once
);
