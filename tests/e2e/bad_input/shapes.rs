//! Bytes that are hardly JSON, or far too much of it.

use super::{EVENT_UNITS, Row, USAGE, books, check_rows, gross, letters, meter, raw, usage, write};
use anyhow::{Result, ensure};

/// The most bytes of an event.
const EVENT_BYTES_MAX: usize = 1 << 20;

fn joined(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

/// The good event with these bytes in place of its model's name.
fn with_model(id: &str, model: &[u8]) -> Vec<u8> {
    let text = usage(id);
    let (before, after) = text.split_once("\"m\"").unwrap_or((&text, ""));
    joined(&[before.as_bytes(), b"\"", model, b"\"", after.as_bytes()])
}

/// The good event with one more field that nobody knows, before its others.
fn with_unknown(id: &str, value: &str) -> String {
    usage(id).replacen('{', &format!("{{\"unknown\":{value},"), 1)
}

/// The good event, padded to that many bytes.
fn padded(id: &str, bytes: usize) -> String {
    let bare = with_unknown(id, "\"\"").len();
    with_unknown(id, &format!("\"{}\"", "x".repeat(bytes - bare)))
}

#[test]
fn bytes_that_are_no_text_are_kept_as_they_came() -> Result<()> {
    let data = books()?;
    let rows = [
        Row::new("malformed_json", with_model("a", b"\xff")),
        Row::new("malformed_json", with_model("b", b"\xc0\xaf")),
        Row::new("malformed_json", with_model("c", b"\xed\xa0\x80")),
        Row::new("malformed_json", with_model("d", b"\xf4\x90\x80\x80")),
        Row::new("malformed_json", with_model("e", b"caf\xc3")),
        Row::new("malformed_json", with_model("f", b"\0")),
        Row::new("malformed_json", with_model("g", b"\x01")),
        Row::new("malformed_json", with_model("h", b"\t")),
        Row::new("metered", with_model("i", "\u{7f}\u{feff}\u{10ffff}é".as_bytes())),
        Row::new("malformed_json", joined(&[with_unknown("j", "7").as_bytes(), b"\xff"])),
        Row::new("malformed_json", usage("k").replace("\"model\"", "\"\u{fffd}\"").into_bytes().repeat(2)),
        Row::new("malformed_json", joined(&[b"\xff\xfe", &utf_16(&usage("l"))])),
        Row::new("malformed_json", b"\0".to_vec()),
        Row::new("malformed_json", b"\x1f\x8b\x08\x00".to_vec()),
        // Only white space is blank: what merely looks like nothing is an event that is none.
        Row::new("malformed_json", "\u{feff}".as_bytes()),
        Row::new("malformed_json", "\u{a0}".as_bytes()),
        Row::new("malformed_json", joined(&["\u{feff}".as_bytes(), usage("m").as_bytes()])),
    ];
    check_rows(&data, "bytes.ndjson", &rows, &[])
}

/// Without the bytes that would end the line.
fn utf_16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).filter(|byte| *byte != b'\n').collect()
}

#[test]
fn a_byte_order_mark_costs_no_more_than_its_line() -> Result<()> {
    let data = books()?;
    let file = format!("\u{feff}{}\n{}\n", usage("first"), usage("second"));
    write(&data, "bom.ndjson", &file)?;
    assert_eq!(meter(&data, "bom.ndjson", &[])?, [2, 1, 0, 1]);
    let letter = letters(&data)?.remove(0);
    assert_eq!((letter["code"].as_str(), letter["position"].as_u64()), (Some("malformed_json"), Some(0)));
    assert_eq!(raw(&data, &letter["number"])?, format!("\u{feff}{}", usage("first")).into_bytes());
    Ok(())
}

#[test]
fn line_ends_and_blank_lines_are_no_events() -> Result<()> {
    let data = books()?;
    let rows = [
        Row::new("metered", format!("{}\r", usage("a"))),
        Row::new("metered", format!("  {}\t \r", usage("b"))),
        Row::new("metered", usage("c").replace(',', "\r,\t ")),
        Row::new("malformed_json", "not json\r"),
        Row::new("blank", ""),
        Row::new("blank", "\r"),
        Row::new("blank", " \t \r"),
        Row::new("duplicate", format!("{}\r", usage("a"))),
    ];
    check_rows(&data, "lines.ndjson", &rows, &[])?;
    for (name, text, expected) in [
        ("empty.ndjson", String::new(), [0; 4]),
        ("blank.ndjson", "\n\r\n \n".repeat(1000), [0; 4]),
        ("one.ndjson", usage("one"), [1, 1, 0, 0]),
        ("leading.ndjson", format!("\r\n\n{}", usage("two")), [1, 1, 0, 0]),
        ("torn.ndjson", usage("three")[..100].to_owned(), [1, 0, 0, 1]),
    ] {
        write(&data, name, text)?;
        assert_eq!(meter(&data, name, &[])?, expected, "{name}");
        // Again: nothing is left of it.
        assert_eq!(meter(&data, name, &[])?, expected, "{name}");
    }
    data.ok(["verify"])?;
    Ok(())
}

#[test]
fn an_event_of_a_mebibyte_is_metered_and_a_byte_more_is_kept() -> Result<()> {
    let data = books()?;
    let rows = [
        Row::new("metered", padded("exact", EVENT_BYTES_MAX)),
        Row::new("metered", format!("{}\r", padded("exact-crlf", EVENT_BYTES_MAX))),
        Row::new("too_large", padded("over", EVENT_BYTES_MAX + 1)),
        Row::new("too_large", padded("far-over", 5 * EVENT_BYTES_MAX)),
        Row::new("too_large", vec![b'x'; EVENT_BYTES_MAX + 1]),
        Row::new("too_large", vec![b'['; EVENT_BYTES_MAX + 1]),
    ];
    check_rows(&data, "large.ndjson", &rows, &[])
}

#[test]
fn deep_nesting_is_no_danger() -> Result<()> {
    let data = books()?;
    let mut rows = vec![
        Row::new("metered", with_unknown("shallow", &nested("[", "]", 100))),
        Row::new("metered", with_unknown("shallow-objects", &nested("{\"a\":", "}", 100))),
    ];
    for depth in [10_000, 500_000] {
        let name = |kind: &str| format!("{kind}-{depth}");
        let lists = nested("[", "]", depth);
        rows.extend([
            Row::new("malformed_json", with_unknown(&name("unknown"), &lists)),
            Row::new("malformed_json|not_cloudevent", lists.clone()),
            Row::new("malformed_json", "[".repeat(depth)),
            Row::new("malformed_json", "{\"data\":".repeat(depth.min(100_000))),
            Row::new("malformed_json|bad_field", usage(&name("weight")).replace("0.25}", &format!("{lists}}}"))),
            Row::new("malformed_json|bad_field", usage(&name("time")).replace("\"2026-10-03T09:12:44Z\"", &lists)),
            Row::new("malformed_json|bad_field", usage(&name("entries")).replace("[{\"party\"", &format!("[{lists},{{\"party\""))),
            Row::new("malformed_json|bad_field", usage(&name("usage")).replace("{\"token\":2}", &lists)),
        ]);
    }
    let objects = nested("{\"a\":", "}", 10_000);
    rows.push(Row::new("malformed_json", with_unknown("objects", &objects)));
    rows.push(Row::new("malformed_json", USAGE.replace("\"ID\"", "\"late\"").replace("\"data\":", &format!("\"x\":{objects},\"data\":"))));
    check_rows(&data, "deep.ndjson", &rows, &[])
}

fn nested(open: &str, close: &str, depth: usize) -> String {
    format!("{}{}", open.repeat(depth), if open == "[" { close.repeat(depth) } else { format!("1{}", close.repeat(depth)) })
}

#[test]
fn ids_have_256_bytes_whatever_they_are_made_of() -> Result<()> {
    let data = books()?;
    let mut rows = Vec::new();
    for (most, more) in [
        ("x".repeat(256), "x".repeat(257)),
        ("é".repeat(128), "é".repeat(128) + "x"),
        ("\u{1f600}".repeat(64), "\u{1f600}".repeat(64) + "x"),
        ("\\ud83d\\ude01".repeat(64), "\\ud83d\\ude01".repeat(65)),
        ("\\u0041".repeat(256), "\\u0041".repeat(257)),
    ] {
        for field in ["\"ID\"", "\"//a/1\"", "\"pty_1\"", "\"wrk_1\"", "\"m\"", "\"o\""] {
            let id = format!("\"{}-{}\"", rows.len(), &field[1..2]);
            let event = |text: &str| USAGE.replace(field, &format!("\"{text}\"")).replace("\"ID\"", &id);
            rows.push(Row::new("metered", event(&most)));
            rows.push(Row::new("bad_field", event(&more)));
        }
    }
    check_rows(&data, "ids.ndjson", &rows, &[])?;
    // The long ids come out again as they went in, on their way through the archive.
    let text = data.ok(["accruals", "--json"])?;
    ensure!(text.contains(&"\u{1f600}".repeat(64)), "the id of a party of 64 smileys is gone");
    Ok(())
}

#[test]
fn sixteen_thousand_entries_are_metered_and_one_more_is_not() -> Result<()> {
    let data = books()?;
    let event = |id: &str, entry: &str, count: usize| {
        let entries = vec![entry; count].join(",");
        let (before, rest) = USAGE.split_once("[{").unwrap_or((USAGE, ""));
        let (_, after) = rest.split_once("}]").unwrap_or(("", rest));
        format!("{before}[{entries}]{after}").replace("\"ID\"", &format!("\"{id}\""))
    };
    let party = r#"{"party":"pty_1","weight":0.000045}"#;
    let work = r#"{"work":"wrk_1","weight":"0.000045"}"#;
    let rows = [
        Row::new("metered", event("parties", party, 16_384)),
        Row::new("too_many_entries", event("parties-and-one", party, 16_385)),
        Row::new("metered", event("works", work, 16_384)),
        Row::new("too_many_entries|malformed_json", event("works-and-junk", work, 16_385) + "}"),
        // A weight of 0 is an entry like any other, and one that is at fault is named whatever stands behind it.
        Row::new("too_many_entries|bad_weight", event("nothing", r#"{"party":"p","weight":0}"#, 16_385)),
    ];
    check_rows(&data, "entries.ndjson", &rows, &[])?;
    assert_eq!(gross(&data)?, 7 * EVENT_UNITS);
    Ok(())
}
