//! Amounts and weights at their bounds, together: nothing overflows, and not a unit is lost.

use super::{USAGE, books, gross, meter, units, write};
use anyhow::{Context, Result};
use serde_json::Value;

const AMOUNT_MAX: &str = "999999999999999.999999999999";
const AMOUNT_MAX_UNITS: i128 = 999_999_999_999_999_999_999_999_999;
const ENTRIES_MAX: usize = 16_384;

/// An event of that amount with these entries.
fn event(id: &str, amount: &str, kind: &str, entries: &str) -> String {
    let (before, rest) = USAGE.split_once("[{").unwrap_or((USAGE, ""));
    let (_, after) = rest.split_once("}]").unwrap_or(("", rest));
    let text = format!("{before}[{entries}]{after}");
    text.replace("\"ID\"", &format!("\"{id}\"")).replace("\"1.5\"", &format!("\"{amount}\"")).replace("\"share\"", kind)
}

/// As many entries as an event may have, each with that weight.
fn most(weight: &str, reference: impl Fn(usize) -> String) -> String {
    let entries: Vec<String> = (0..ENTRIES_MAX).map(|number| format!("{{{},\"weight\":{weight}}}", reference(number))).collect();
    entries.join(",")
}

/// Meters these events, of so many units in all; gives the accruals' lines.
fn conserved(events: &[String], total: i128) -> Result<Vec<Value>> {
    let data = books()?;
    write(&data, "bounds.ndjson", events.join("\n"))?;
    let count = u64::try_from(events.len())?;
    assert_eq!(meter(&data, "bounds.ndjson", &[])?, [count, count, 0, 0], "{}", data.ok(["dead-letters", "list"])?);
    assert_eq!(gross(&data)?, total);
    data.ok(["settle", "draft", "--mid", "mid_x", "--cycle", "2026-10"])?;
    data.ok(["verify"])?;
    let lines = data.json(["accruals"])?["lines"].as_array().context("no lines")?.clone();
    for line in &lines {
        let (gross, labour) = (units(&line["gross"])?, units(&line["labour"])?);
        assert!(0 < labour && labour <= gross, "{line}");
    }
    Ok(lines)
}

#[test]
fn the_largest_amount_over_the_most_and_largest_weights() -> Result<()> {
    let party = |number: usize| format!("\"party\":\"p{number:05}\"");
    let events = [
        event("score", AMOUNT_MAX, "\"score\",\"transform\":\"linear\"", &most("\"999999999999999\"", party)),
        event("count", AMOUNT_MAX, "\"citation_count\"", &most("\"999999999999999.9999999999994\"", party).replace("\"p0", "\"0")),
        event("softmax", AMOUNT_MAX, "\"score\",\"transform\":\"softmax\"", &most("-999999999999999", party)),
        event("rank", AMOUNT_MAX, "\"rank\"", &most("1", party)),
    ];
    let lines = conserved(&events, 4 * AMOUNT_MAX_UNITS)?;
    // Both spellings of each reference, and the unattributed quarter.
    assert!(lines.len() > ENTRIES_MAX, "only {} lines", lines.len());
    Ok(())
}

#[test]
fn one_party_reached_many_times_with_the_largest_weight() -> Result<()> {
    let entries = |weight: &str| most(weight, |number| ["\"party\":\"pty_1\"", "\"work\":\"wrk_1\""][number % 2].to_owned());
    let events = [
        event("count", AMOUNT_MAX, "\"citation_count\"", &entries("999999999999999")),
        event(
            "mixed",
            AMOUNT_MAX,
            "\"citation_count\"",
            "{\"party\":\"pty_2\",\"weight\":1e-12},{\"party\":\"pty_1\",\"weight\":999999999999999}",
        ),
        event("negative", AMOUNT_MAX, "\"citation_count\"", &entries("-999999999999999")),
        event("last-rank", AMOUNT_MAX, "\"rank\"", &entries("999999999999999")),
        event("nobody", AMOUNT_MAX, "\"share\"", ""),
        event("whole", AMOUNT_MAX, "\"share\"", "{\"party\":\"pty_1\",\"weight\":1}")
            .replace("\"unattributed\":\"0.25\"", "\"unattributed\":0.001"),
    ];
    conserved(&events, 6 * AMOUNT_MAX_UNITS)?;
    Ok(())
}

#[test]
fn the_smallest_amounts_are_split_to_the_unit() -> Result<()> {
    let party = |number: usize| format!("\"party\":\"p{number:05}\"");
    let events = [
        event("unit", "0.000000000001", "\"citation_count\"", &most("1", party)),
        event("units", "0.000000016385", "\"citation_count\"", &most("1", party))
            .replace("\"unattributed\":\"0.25\"", "\"unattributed\":0"),
        event("nothing", "0", "\"citation_count\"", &most("1", party)),
        event("tiny-weights", "0.000000000003", "\"citation_count\"", &most("1e-12", party)),
        event("no-weights", "0.000000000005", "\"citation_count\"", &most("4e-13", party)),
    ];
    conserved(&events, 1 + 16_385 + 3 + 5)?;
    Ok(())
}

/// Many of the largest events in one sum: far beyond what one amount may be.
#[test]
fn sums_may_be_far_beyond_one_amount() -> Result<()> {
    let events: Vec<String> = (0..2_000)
        .map(|number| event(&number.to_string(), AMOUNT_MAX, "\"share\"", "{\"party\":\"pty_1\",\"weight\":1}").replace("\"0.25\"", "0"))
        .collect();
    let lines = conserved(&events, 2_000 * AMOUNT_MAX_UNITS)?;
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["gross"], "1999999999999999999.999999998000");
    Ok(())
}

#[test]
fn what_is_rated_beyond_the_bounds_is_kept_and_the_rest_metered() -> Result<()> {
    let data = books()?;
    let rated = |id: &str, usage: &str| {
        let event = USAGE.replace("\"ID\"", &format!("\"{id}\"")).replace("plt_a", "plt_b");
        event.replace("\"revenue\":{\"amount\":\"1.5\",\"currency\":\"USD\"},", "").replace("{\"token\":2}", usage)
    };
    let events = [
        rated("one", r#"{"token":1}"#),
        rated("two", r#"{"token":2}"#),
        rated("most", r#"{"token":9007199254740992}"#),
        rated("none", r#"{"token":0,"image":9007199254740992}"#),
    ];
    write(&data, "rated.ndjson", events.join("\n"))?;
    assert_eq!(meter(&data, "rated.ndjson", &[])?, [4, 2, 0, 2]);
    assert_eq!(gross(&data)?, AMOUNT_MAX_UNITS);
    let codes: Vec<_> = super::letters(&data)?.iter().map(|letter| letter["code"].to_string()).collect();
    assert_eq!(codes, ["\"bad_amount\"", "\"bad_amount\""]);
    Ok(())
}
