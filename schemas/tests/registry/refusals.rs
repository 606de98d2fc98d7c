//! What is refused only because of what stands beside it.

use super::{BASE, base, judged, load, shown};
use farthing_schemas::registry::{ERRORS_MAX, State};

const LATER: &str = r#""from":"2026-03-01T00:00:00Z""#;

fn membership(party: &str, mid: &str, platforms: &str, uses: &str, times: &str) -> String {
    format!(r#"{{"kind":"membership","party":"{party}","mid":"{mid}","platforms":{platforms},"uses":{uses},{times}}}"#)
}

fn agreement(id: &str, platform: &str, uses: &str, currency: &str, times: &str) -> String {
    let terms = format!(r#""labour_share":"0.75","currency":"{currency}","on_shortfall":"refuse""#);
    format!(r#"{{"kind":"agreement","id":"{id}","platform":"{platform}","mid":"mid_x","uses":{uses},{terms},{times}}}"#)
}

fn work(id: &str, times: &str) -> String {
    format!(r#"{{"kind":"work","id":"{id}","parties":[{{"party":"pty_3","share":"1"}}]{times}}}"#)
}

/// Judges the lines over [`BASE`]; expects exactly these errors, or none.
fn check(lines: &[&str], expected: &str) {
    let found = judged(&base(), &lines.join("\n")).err().unwrap_or_default();
    assert_eq!(shown(&found).trim(), expected, "{lines:#?}");
}

#[test]
fn names_that_are_not_there() {
    let missing = |field: &str, kind: &str, id: &str| format!("line 1: {field}: names {kind} \"{id}\", which is not in the registry");
    check(&[&membership("pty_9", "mid_x", "\"*\"", "\"*\"", LATER)], &missing("party", "party", "pty_9"));
    check(&[&membership("pty_1", "mid_9", "\"*\"", "\"*\"", LATER)], &missing("mid", "mid", "mid_9"));
    check(&[&membership("pty_1", "mid_x", "[\"plt_a\",\"plt_9\"]", "\"*\"", LATER)], &missing("platforms", "platform", "plt_9"));
    check(&[&agreement("agr", "plt_9", "\"*\"", "USD", LATER)], &missing("platform", "platform", "plt_9"));
    check(&[&agreement("agr", "plt_a", "\"*\"", "USD", LATER).replace("mid_x", "mid_9")], &missing("mid", "mid", "mid_9"));
    check(&[&work("wrk_9", "").replace("pty_3", "pty_9")], &missing("parties", "party", "pty_9"));
    check(&[r#"{"kind":"consent","party":"pty_9","decision":"n"}"#], &missing("party", "party", "pty_9"));
    check(&[r#"{"kind":"consent","party":"pty_1","work":"wrk_9","decision":"n"}"#], &missing("work", "work", "wrk_9"));
    check(&[r#"{"kind":"consent","party":"pty_1","platform":"plt_9","decision":"n"}"#], &missing("platform", "platform", "plt_9"));
    check(&[&work("wrk_9", ""), r#"{"kind":"consent","party":"pty_1","work":"wrk_9","platform":"plt_a","decision":"n"}"#], "");
}

#[test]
fn keys_twice_in_one_load() {
    let mid = r#"{"kind":"mid","id":"mid_z","fee":"0","currency":"USD"}"#;
    check(&[mid, "", mid], r#"line 1 and line 3: id: "mid_z" has this key twice in one load"#);
    let one = membership("pty_1", "mid_x", "[\"plt_a\",\"plt_b\"]", "\"*\"", LATER);
    let same = membership("pty_1", "mid_x", "[\"plt_b\",\"plt_a\"]", "\"*\"", r#""from":"2026-03-01T01:00:00+01:00""#);
    check(&[&one, &same], r#"line 1 and line 2: from: "pty_1" has this key twice in one load"#);
    let consent = r#"{"kind":"consent","party":"pty_1","decision":"n"}"#;
    let same = r#"{"kind":"consent","party":"pty_1","platform":"*","use":"*","decision":"y","to":"2026-01-01T00:00:00Z"}"#;
    check(&[consent, same], r#"line 1 and line 2: from: "pty_1" has this key twice in one load"#);
}

#[test]
fn memberships_that_overlap() {
    let overlaps = r#": from: overlaps another membership of "pty_1" for the same platform and use"#;
    let both = format!("line 1 and line 2{overlaps}");
    let all = |mid| membership("pty_1", mid, "\"*\"", "\"*\"", LATER);
    let (a, b) = ("[\"plt_a\"]", "[\"plt_b\"]");
    check(&[&all("mid_x"), &all("mid_y")], &both);
    check(&[&all("mid_x"), &membership("pty_1", "mid_x", a, "[\"training\"]", LATER)], &both);
    check(
        &[
            &membership("pty_1", "mid_y", a, "[\"training\"]", r#""from":"2026-01-01T00:00:00Z","to":"2026-03-01T00:00:00.000001Z""#),
            &all("mid_x"),
        ],
        &both,
    );
    check(
        &[
            &membership("pty_1", "mid_y", a, "[\"training\"]", r#""from":"2026-01-01T00:00:00Z","to":"2026-03-01T00:00:00Z""#),
            &all("mid_x"),
        ],
        "",
    );
    check(&[&membership("pty_1", "mid_x", a, "\"*\"", LATER), &membership("pty_1", "mid_y", b, "\"*\"", LATER)], "");
    check(
        &[
            &membership("pty_1", "mid_x", a, "[\"training\"]", LATER),
            &membership("pty_1", "mid_y", a, "[\"citation\",\"retrieval\"]", LATER),
        ],
        "",
    );
    check(&[&all("mid_x"), &all("mid_x").replace("pty_1", "pty_2")], "");
    let mut state = base();
    load(&mut state, &all("mid_x"));
    let errors = judged(&state, &format!("\n\n{}", all("mid_y"))).unwrap_err();
    assert_eq!(shown(&errors), format!("line 3 and version 2 line 1{overlaps}\n"));
    let ended = all("mid_x").replace('}', r#","to":"2026-04-01T00:00:00Z"}"#);
    let moved = all("mid_y").replace("2026-03-01", "2026-04-01");
    assert_eq!(judged(&state, &format!("{ended}\n{moved}")).unwrap().len(), 2);
}

#[test]
fn a_short_membership_inside_does_not_hide_a_long_one() {
    let times = |from: &str, to: &str| format!(r#""from":"2026-0{from}-01T00:00:00Z","to":"2026-0{to}-01T00:00:00Z""#);
    let long = membership("pty_1", "mid_x", "\"*\"", "[\"training\"]", &times("1", "9"));
    let short = membership("pty_1", "mid_x", "\"*\"", "[\"training\",\"citation\"]", &times("2", "3"));
    let last = membership("pty_1", "mid_y", "\"*\"", "[\"training\"]", &times("4", "5"));
    let overlaps = r#": from: overlaps another membership of "pty_1" for the same platform and use"#;
    check(&[&long, &short, &last], &format!("line 1 and line 2{overlaps}\nline 1 and line 3{overlaps}"));
}

#[test]
fn agreements_and_works_that_overlap() {
    let one = agreement("agr_1", "plt_a", "[\"training\",\"citation\"]", "USD", LATER);
    let clash = r#"line 1 and line 2: from: "agr_2" overlaps another agreement for the same platform, mid, use and currency"#;
    check(&[&one, &agreement("agr_2", "plt_a", "\"*\"", "USD", LATER)], clash);
    check(&[&one, &agreement("agr_2", "plt_a", "\"*\"", "EUR", LATER)], "");
    check(&[&one, &agreement("agr_2", "plt_b", "\"*\"", "USD", LATER)], "");
    check(&[&one, &agreement("agr_2", "plt_a", "[\"retrieval\"]", "USD", LATER)], "");
    check(&[&one, &agreement("agr_2", "plt_a", "\"*\"", "USD", LATER).replace("mid_x", "mid_y")], "");
    check(
        &[&work("wrk_1", r#","from":"2026-03-01T00:00:00Z""#)],
        r#"line 1 and version 1 line 8: from: overlaps another record of work "wrk_1""#,
    );
    check(&[&work("wrk_2", r#","from":"2026-02-01T00:00:00Z""#)], "");
    check(&[&work("wrk_2", r#","to":"2026-01-01T00:00:00Z""#)], "");
    check(&[&work("wrk_1", "")], "");
}

#[test]
fn one_legal_entity_is_not_platform_and_mid() {
    let mid = r#"{"kind":"mid","id":"mid_z","fee":"0","currency":"USD","legal_id":" lei-a"}"#;
    check(&[mid], r#"line 1 and version 1 line 1: legal_id: mid "mid_z" and platform "plt_a" are one legal entity"#);
    let platform = r#"{"kind":"platform","id":"plt_z","default_labour_share":"0.7","legal_id":"LEI-Y"}"#;
    check(&[platform], r#"line 1 and version 1 line 4: legal_id: mid "mid_y" and platform "plt_z" are one legal entity"#);
    check(&[&mid.replace(" lei-a", ""), &platform.replace("LEI-Y", "")], "");
}

#[test]
fn a_refused_load_changes_nothing_and_names_what_it_can() {
    let state = base();
    let before = state.public_ndjson();
    let lines: Vec<String> = (0..40).map(|n| format!(r#"{{"kind":"consent","party":"nobody_{n}","decision":"n"}}"#)).collect();
    assert_eq!(judged(&state, &lines.join("\n")).unwrap_err().len(), ERRORS_MAX);
    assert_eq!(state.public_ndjson(), before);
    assert!(judged(&State::default(), BASE).is_ok());
}

/// A party with 50,000 memberships and 50,000 consents: judged in the time of a sort, not of all pairs.
#[test]
fn crowded_parties_are_judged_quickly() {
    let mut text = BASE.to_owned();
    for n in 0..50_000_u32 {
        let day = |n: u32| format!("{}-{:02}-{:02}T{:02}:00:00Z", 2010 + n / 8064, n / 672 % 12 + 1, n / 24 % 28 + 1, n % 24);
        let times = format!(r#""from":"{}","to":"{}""#, day(n), day(n + 1));
        text.push_str(&membership("pty_1", "mid_x", "[\"plt_a\"]", "\"*\"", &times));
        text.push_str(&format!("\n{{\"kind\":\"consent\",\"party\":\"pty_1\",\"decision\":\"n\",{times}}}\n"));
    }
    assert_eq!(judged(&State::default(), &text).unwrap().len(), 100_009);
}

const SINCE: &str = r#""from":"2026-01-01T00:00:00Z""#;
const GERMAN: &str = r#"{"kind":"mid","id":"mid_z","fee":"0","currency":"EUR","jurisdiction":"DE"}"#;

fn withholding(id: &str, whom: &str, times: &str) -> String {
    format!(r#"{{"kind":"withholding","id":"{id}","jurisdiction":"DE","rate":"0.15"{whom},{times}}}"#)
}

fn certificate(party: &str, jurisdiction: &str, times: &str) -> String {
    format!(r#"{{"kind":"certificate","party":"{party}","jurisdiction":"{jurisdiction}","rate":"0","reference":"r",{times}}}"#)
}

fn residence(party: &str, country: &str, times: &str) -> String {
    format!(r#"{{"kind":"residence","party":"{party}","country":"{country}",{times}}}"#)
}

fn successor(party: &str, heirs: &[(&str, &str)]) -> String {
    let heirs: Vec<String> = heirs.iter().map(|(heir, share)| format!(r#"{{"party":"{heir}","share":"{share}"}}"#)).collect();
    format!(r#"{{"kind":"successor","party":"{party}",{SINCE},"heirs":[{}]}}"#, heirs.join(","))
}

#[test]
fn taxes_of_nobody_and_nowhere() {
    let nobody = "names party \"pty_9\", which is not in the registry";
    check(&[&residence("pty_9", "DE", SINCE)], &format!("line 1: party: {nobody}"));
    check(&[GERMAN, &certificate("pty_9", "DE", SINCE)], &format!("line 2: party: {nobody}"));
    // Typed otherwise than the MID's own it would silently withhold nothing.
    let nowhere = |line: u64| format!("line {line}: jurisdiction: names jurisdiction \"DE\", which no mid has");
    check(&[&withholding("wht", "", SINCE)], &nowhere(1));
    check(&[&GERMAN.replace("DE", "de"), &certificate("pty_1", "DE", SINCE)], &nowhere(2));
    check(&[GERMAN, &withholding("wht", "", SINCE), &certificate("pty_1", "DE", SINCE), &residence("pty_1", "FR", SINCE)], "");
}

#[test]
fn a_mid_does_not_end_taxes_by_leaving() {
    let mut state = base();
    load(&mut state, &format!("{GERMAN}\n{}", withholding("wht", "", SINCE)));
    let french = GERMAN.replace("DE", "FR");
    let left = "jurisdiction: was the last of jurisdiction \"DE\", in which withholding \"wht\" has no end\n";
    assert_eq!(shown(&judged(&state, &french).unwrap_err()), format!("line 1 and version 2 line 2: {left}"));
    // What the same load takes away is not there for its other records.
    let nowhere = "line 2: jurisdiction: names jurisdiction \"DE\", which no mid has\n";
    let both = format!("{french}\n{}", withholding("wht", "", SINCE));
    assert_eq!(shown(&judged(&state, &both).unwrap_err()), format!("line 1 and line 2: {left}{nowhere}"));
    let another = GERMAN.replace("mid_z", "mid_w");
    assert!(judged(&state, &format!("{french}\n{another}")).is_ok());
    let ended = withholding("wht", "", r#""from":"2026-01-01T00:00:00Z","to":"2027-01-01T00:00:00Z""#);
    let errors = judged(&state, &format!("{french}\n{ended}")).unwrap_err();
    assert_eq!(shown(&errors), nowhere, "ended before the MID goes, and not with it");
    load(&mut state, &ended);
    assert!(judged(&state, &french).is_ok());
}

#[test]
fn taxes_that_overlap() {
    let (first, second) = (r#""from":"2026-01-01T00:00:00Z","to":"2026-07-01T00:00:00Z""#, r#""from":"2026-07-01T00:00:00Z""#);
    let inside = r#""from":"2026-06-30T23:59:59.999999Z""#;
    let residences = |later: &str| [residence("pty_1", "DE", first), residence("pty_1", "FR", later)];
    check(&residences(second).each_ref().map(String::as_str), "");
    check(&residences(inside).each_ref().map(String::as_str), r#"line 1 and line 2: from: overlaps another residence of "pty_1""#);
    let certificates = |later: &str| [GERMAN.to_owned(), certificate("pty_1", "DE", first), certificate("pty_1", "DE", later)];
    check(&certificates(second).each_ref().map(String::as_str), "");
    let clash = r#"line 2 and line 3: from: overlaps another certificate of "pty_1" for "DE""#;
    check(&certificates(inside).each_ref().map(String::as_str), clash);
    let french = GERMAN.replace("mid_z", "mid_w").replace("DE", "FR");
    check(&[GERMAN, &french, &certificate("pty_1", "DE", SINCE), &certificate("pty_1", "FR", SINCE)], "");
    let clash = r#"line 2 and line 3: from: "two" overlaps another withholding of the same jurisdiction, residence and type"#;
    check(&[GERMAN, &withholding("one", "", first), &withholding("two", "", second)], "");
    check(&[GERMAN, &withholding("one", "", first), &withholding("two", "", inside)], clash);
    let (fr, person) = (r#","residence":"FR""#, r#","type":"person""#);
    check(&[GERMAN, &withholding("one", "", first), &withholding("two", fr, first), &withholding("three", person, first)], "");
    check(&[GERMAN, &withholding("one", fr, first), &withholding("two", r#","residence":"FR","type":"*""#, inside)], clash);
}

#[test]
fn a_residence_overlaps_one_of_an_earlier_load() {
    let mut state = base();
    load(&mut state, &residence("pty_1", "DE", SINCE));
    let errors = judged(&state, &residence("pty_1", "FR", r#""from":"2026-05-01T00:00:00Z""#)).unwrap_err();
    assert_eq!(shown(&errors), "line 1 and version 2 line 1: from: overlaps another residence of \"pty_1\"\n");
    let ended = residence("pty_1", "DE", r#""from":"2026-01-01T00:00:00Z","to":"2026-05-01T00:00:00Z""#);
    assert!(judged(&state, &format!("{ended}\n{}", residence("pty_1", "FR", r#""from":"2026-05-01T00:00:00Z""#))).is_ok());
}

#[test]
fn heirs_that_are_not_there_and_circles_of_them() {
    let nobody = "names party \"pty_9\", which is not in the registry";
    check(&[&successor("pty_9", &[("pty_1", "1")])], &format!("line 1: party: {nobody}"));
    check(&[&successor("pty_1", &[("pty_9", "1")])], &format!("line 1: heirs: {nobody}"));
    check(&[&successor("pty_1", &[("pty_2", "0.4"), ("pty_3", "0.6")]), &successor("pty_2", &[("pty_3", "1")])], "");
    check(
        &[&successor("pty_1", &[("pty_2", "1")]), &successor("pty_2", &[("pty_3", "0.5"), ("pty_1", "0.5")])],
        "line 1 and line 2: heirs: makes a circle of heirs: pty_1, pty_2, pty_1",
    );
    let mut state = base();
    load(&mut state, &successor("pty_1", &[("pty_2", "1")]));
    load(&mut state, &successor("pty_2", &[("pty_3", "1")]));
    let errors = judged(&state, &format!("\n{}", successor("pty_3", &[("pty_1", "1")]))).unwrap_err();
    assert_eq!(shown(&errors), "line 2 and version 2 line 1: heirs: makes a circle of heirs: pty_3, pty_1, pty_2, pty_3\n");
    // A will that was found later takes the place of the one before.
    assert!(judged(&state, &format!("{}\n{}", successor("pty_1", &[("pty_3", "1")]), successor("pty_3", &[("pty_2", "1")]))).is_err());
    let replaced = format!("{}\n{}", successor("pty_2", &[("pty_1", "1")]), successor("pty_1", &[("pty_3", "1")]));
    assert!(judged(&state, &replaced).is_ok());
}

/// A line of 20,000 who each leave all to the next: judged without a stack, and in time.
#[test]
fn long_lines_of_heirs_are_judged() {
    let mut text = String::new();
    for n in 0..20_001 {
        text.push_str(&format!("{{\"kind\":\"party\",\"id\":\"p{n}\",\"type\":\"person\"}}\n"));
    }
    for n in 0..20_000 {
        text.push_str(&successor(&format!("p{n}"), &[(&format!("p{}", n + 1), "1")]));
        text.push('\n');
    }
    assert_eq!(judged(&State::default(), &text).unwrap().len(), 40_001);
    text.push_str(&successor("p20000", &[("p0", "1")]));
    assert_eq!(judged(&State::default(), &text).unwrap_err().len(), 1);
}
