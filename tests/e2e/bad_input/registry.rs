//! Registries with every fault that the contract knows: line and field named, and nothing of the load is there.

use super::{books, codes::spelt_out, files, refused, shortened, unprivileged, write};
use crate::support::Data;
use anyhow::{Context, Result, ensure};
use std::collections::BTreeMap;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

/// Lines joined by ` && ` (the first is line 2 of the file), where the message must place the fault, and words that it must have.
/// `@name` stands for fields that the record needs besides; `<3*x>` is `xxx`.
const FAULTS: &str = r#"
not json | line 2: record | JSON object
[1] | line 2: record | JSON object
{"kind":"mid"} {} | line 2: record | JSON object
{"kind":"mid" | line 2: record | JSON object
<500000*[> | line 2: record | JSON object
{} | line 2: kind | missing
{"kind":null} | line 2: kind | missing
{"kind":7} | line 2: kind | not a string
{"kind":"bank"} | line 2: kind | none of platform, mid, party
{"kind":"party","kind":"party",@pty} | line 2: kind | twice
{"kind":"platform","default_labour_share":"0.7"} | line 2: id | missing
{"kind":"platform","id":"p"} | line 2: default_labour_share | missing
{"kind":"platform","id":"p","default_labour_share":"0.699999"} | line 2: default_labour_share | below 0.70
{"kind":"platform","id":"p","default_labour_share":0.8} | line 2: default_labour_share | not a string
{"kind":"platform","id":"p","default_labour_share":"0.7000001"} | line 2: default_labour_share | 6 fractional digits
{"kind":"platform","id":"p","default_labour_share":"1.000001"} | line 2: default_labour_share | from 0 to 1
{"kind":"platform","id":"*","default_labour_share":"0.7"} | line 2: id | all platforms
{"kind":"platform","id":"p","id":"q","default_labour_share":"0.7"} | line 2: id | twice
{"kind":"platform",@plt,"consent_default":"ask"} | line 2: consent_default | allow, deny
{"kind":"platform",@plt,"name":1} | line 2: name | not a string
{"kind":"platform",@plt,"rates":{}} | line 2: rates | not a list
{"kind":"platform",@plt,"rates":[{@rate},7]} | line 2: rates[1] | JSON object
{"kind":"platform",@plt,"rates":[{"unit":"u","price":"1","currency":"USD"}]} | line 2: rates[0].use | missing
{"kind":"platform",@plt,"rates":[{"use":"reading","unit":"u","price":"1","currency":"USD"}]} | line 2: rates[0].use | reading
{"kind":"platform",@plt,"rates":[{"use":"training","price":"1","currency":"USD"}]} | line 2: rates[0].unit | missing
{"kind":"platform",@plt,"rates":[{"use":"training","unit":"u","price":1,"currency":"USD"}]} | line 2: rates[0].price | not a string
{"kind":"platform",@plt,"rates":[{"use":"training","unit":"u","price":"1e400","currency":"USD"}]} | line 2: rates[0].price | not an amount
{"kind":"platform",@plt,"rates":[{"use":"training","unit":"u","price":"<400*9>","currency":"USD"}]} | line 2: rates[0].price | not an amount
{"kind":"platform",@plt,"rates":[{"use":"training","unit":"u","price":"1","currency":"USDT"}]} | line 2: rates[0].currency | ISO 4217
{"kind":"platform",@plt,"rates":[{@rate,"from":"2026-10-01"}]} | line 2: rates[0].from | RFC 3339
{"kind":"platform",@plt,"rates":[{@rate,"from":"2026-10-01T00:00:00Z","to":"2026-10-01T00:00:00Z"}]} | line 2: rates[0].to | not after from
{"kind":"platform",@plt,"rates":[{@rate},{@rate,"from":"2026-10-01T00:00:00Z"}]} | line 2: rates[1].from | overlaps rates[0]
{"kind":"platform",@plt,"rates":[{@rate},{"use":"training","unit":"v","price":"1","currency":"EUR"}]} | line 2: rates[1].currency | USD already
{"kind":"mid","fee":"0","currency":"USD"} | line 2: id | missing
{"kind":"mid","id":"","fee":"0","currency":"USD"} | line 2: id | empty
{"kind":"mid","id":"m","currency":"USD"} | line 2: fee | missing
{"kind":"mid","id":"m","fee":"1","currency":"USD"} | line 2: fee | below 1
{"kind":"mid","id":"m","fee":"-0.1","currency":"USD"} | line 2: fee | not a rate
{"kind":"mid","id":"m","fee":"0.1"} | line 2: currency | missing
{"kind":"mid",@mid,"recovery_cap":"1.5"} | line 2: recovery_cap | not a rate
{"kind":"mid",@mid,"thresholds":[{"currency":"USD","amount":"1"}]} | line 2: thresholds[0].method | missing
{"kind":"mid",@mid,"thresholds":[{"method":"m","currency":"USD","amount":"-1"}]} | line 2: thresholds[0].amount | not an amount
{"kind":"mid",@mid,"thresholds":[{@thr},{@thr}]} | line 2: thresholds[1].method | already
{"kind":"mid",@mid,"legal_id":"LEI-P"} && {"kind":"platform",@plt,"legal_id":"lei-p "} | line 2 and line 3: legal_id | one legal entity
{"kind":"party","type":"person"} | line 2: id | missing
{"kind":"party","id":"<257*x>","type":"person"} | line 2: id | 257 bytes
{"kind":"party","id":"<129*é>","type":"person"} | line 2: id | 258 bytes
{"kind":"party","id":"a b","type":"person"} | line 2: id | white space
{"kind":"party","id":"a\u0000b","type":"person"} | line 2: id | control characters
{"kind":"party","id":"\ud800","type":"person"} | line 2: id | not a string
{"kind":"party","id":"p"} | line 2: type | missing
{"kind":"party","id":"p","type":"robot"} | line 2: type | person, organisation, community
{"kind":"party",@pty,"identifiers":[{"scheme":"isni"}]} | line 2: identifiers[0].value | missing
{"kind":"party",@pty,"payout":"sepa"} | line 2: payout | JSON object
{"kind":"party",@pty,"payout":{"currency":"USD"}} | line 2: payout.method | missing
{"kind":"party",@pty,"payout":{"method":"sepa"}} | line 2: payout.currency | missing
{"kind":"party",@pty,"payout":{"method":"sepa","currency":"USD","iban":"1","iban":"2"}} | line 2: payout | twice
{"kind":"party",@pty,"payout":{"method":"sepa","currency":"USD","x":<10000*[><10000*]>}} | line 2: payout | deep
{"kind":"membership",@mem} | line 2: from | missing
{"kind":"membership",@mem,"from":"2026-13-01T00:00:00Z"} | line 2: from | RFC 3339
{"kind":"membership",@mem,"from":"1999-12-31T00:00:00Z"} | line 2: from | 2000 to 2199
{"kind":"membership",@mem,@from,"to":"2026-01-01T00:00:00Z"} | line 2: to | not after from
{"kind":"membership","mid":"mid_x","platforms":"*","uses":"*",@from} | line 2: party | missing
{"kind":"membership","party":"pty_2","mid":"mid_x","platforms":"plt_a","uses":"*",@from} | line 2: platforms | list
{"kind":"membership","party":"pty_2","mid":"mid_x","platforms":[],"uses":"*",@from} | line 2: platforms | empty
{"kind":"membership","party":"pty_2","mid":"mid_x","platforms":["plt_a","*"],"uses":"*",@from} | line 2: platforms[1] | all platforms
{"kind":"membership","party":"pty_2","mid":"mid_x","platforms":"*","uses":["reading"],@from} | line 2: uses[0] | reading
{"kind":"membership","party":"nobody","mid":"mid_x","platforms":"*","uses":"*",@from} | line 2: party | "nobody"
{"kind":"membership","party":"pty_2","mid":"mid_9","platforms":"*","uses":"*",@from} | line 2: mid | "mid_9"
{"kind":"membership","party":"pty_2","mid":"mid_x","platforms":["plt_a","plt_9"],"uses":"*",@from} | line 2: platforms | "plt_9"
{"kind":"membership",@mem,@from} && {"kind":"membership",@mem,@from} | line 2 and line 3: from | twice
{"kind":"membership",@mem,@from} && {"kind":"membership",@mem,"from":"2026-06-01T02:00:00+02:00"} | line 2 and line 3: from | twice
{"kind":"membership",@mem,@from} && {"kind":"membership",@mem,"from":"2027-01-01T00:00:00Z"} | line 2 and line 3: from | overlaps
{"kind":"membership",@mem,@from} && {"kind":"membership","party":"pty_2","mid":"mid_x","platforms":["plt_a"],"uses":["training"],@from} | line 2 and line 3: from | overlaps
{"kind":"membership","party":"pty_1","mid":"mid_x","platforms":["plt_a"],"uses":"*",@from} | line 2 and version 1 line 7: from | overlaps
{"kind":"agreement",@agr,"labour_share":"0.8","on_shortfall":"refuse"} | line 2: from | missing
{"kind":"agreement",@agr,@from,"on_shortfall":"refuse"} | line 2: labour_share | missing
{"kind":"agreement",@agr,@from,"labour_share":"0.69","on_shortfall":"refuse"} | line 2: labour_share | below 0.70
{"kind":"agreement",@agr,@from,"labour_share":"0.8"} | line 2: on_shortfall | missing
{"kind":"agreement",@agr,@from,"labour_share":"0.8","on_shortfall":"shrug"} | line 2: on_shortfall | refuse, true_up
{"kind":"agreement","id":"agr_c","platform":"plt_9","mid":"mid_x","uses":"*","currency":"USD",@terms} | line 2: platform | "plt_9"
{"kind":"agreement","id":"agr_c","platform":"plt_c","mid":"mid_9","uses":"*","currency":"USD",@terms} | line 2: mid | "mid_9"
{"kind":"agreement",@agr,@terms} && {"kind":"agreement",@agr,@terms} | line 2 and line 3: id | twice
{"kind":"agreement",@agr,@terms} && {"kind":"agreement","id":"agr_d","platform":"plt_c","mid":"mid_x","uses":["training"],"currency":"USD",@terms} | line 2 and line 3: from | overlaps
{"kind":"agreement","id":"agr_c","platform":"plt_a","mid":"mid_x","uses":["training"],"currency":"USD",@terms} | line 2 and version 1 line 8: from | overlaps
{"kind":"work","id":"w"} | line 2: parties | missing
{"kind":"work","id":"w","parties":[]} | line 2: parties | empty
{"kind":"work","id":"w","parties":[{"share":"1"}]} | line 2: parties[0].party | missing
{"kind":"work","id":"w","parties":[{"party":"pty_1"}]} | line 2: parties[0].share | missing
{"kind":"work","id":"w","parties":[{"party":"pty_1","share":"1","weight":1}]} | line 2: parties[0].weight | beside a share
{"kind":"work","id":"w","parties":[{"party":"pty_1","share":"0.5"},{"party":"pty_2","weight":1}]} | line 2: parties[1] | mixes
{"kind":"work","id":"w","parties":[{"party":"pty_1","share":"0.5"},{"party":"pty_2","share":"0.499999"}]} | line 2: parties | 0.999999
{"kind":"work","id":"w","parties":[{"party":"pty_1","weight":1},{"party":"pty_1","weight":1}]} | line 2: parties[1].party | twice
{"kind":"work","id":"w","parties":[{"party":"pty_1","weight":0}]} | line 2: parties[0].weight | 1 to 1000000000
{"kind":"work","id":"w","parties":[{"party":"pty_1","weight":1000000001}]} | line 2: parties[0].weight | 1 to 1000000000
{"kind":"work","id":"w","parties":[{"party":"pty_1","weight":1e400}]} | line 2: parties[0].weight | 1 to 1000000000
{"kind":"work","id":"w","parties":[{"party":"nobody","weight":1}]} | line 2: parties | "nobody"
{"kind":"work","id":"wrk_1",@own,@from} | line 2 and version 1 line 10: from | overlaps
{"kind":"work","id":"w",@own} && {"kind":"work","id":"w",@own,@from} | line 2 and line 3: from | overlaps
{"kind":"work","id":"w",@own} && {"kind":"work","id":"w",@own,"from":null} | line 2 and line 3: from | twice
{"kind":"consent","decision":"y"} | line 2: party | missing
{"kind":"consent","party":"pty_1"} | line 2: decision | missing
{"kind":"consent","party":"pty_1","decision":true} | line 2: decision | not a string
{"kind":"consent","party":"pty_1","decision":"maybe"} | line 2: decision | y, n
{"kind":"consent","party":"pty_1","decision":"n","use":"reading"} | line 2: use | reading
{"kind":"consent","party":"nobody","decision":"n"} | line 2: party | "nobody"
{"kind":"consent","party":"pty_1","decision":"n","work":"wrk_9"} | line 2: work | "wrk_9"
{"kind":"consent","party":"pty_1","decision":"n","platform":"plt_9"} | line 2: platform | "plt_9"
{"kind":"consent","party":"pty_1","decision":"n"} && {"kind":"consent","party":"pty_1","decision":"y","platform":"*"} | line 2 and line 3: from | twice
{"kind":"residence","party":"pty_1","country":"Germany",@from} | line 2: country | ISO 3166-1
{"kind":"residence","party":"nobody","country":"DE",@from} | line 2: party | "nobody"
{"kind":"residence",@res,@from} && {"kind":"residence",@res,@from} | line 2 and line 3: from | twice
{"kind":"residence",@res,@from} && {"kind":"residence",@res,"from":"2027-01-01T00:00:00Z"} | line 2 and line 3: from | overlaps
{"kind":"withholding",@wht,"rate":"15",@from} | line 2: rate | not a rate
{"kind":"withholding",@wht,"rate":"0.15"} | line 2: from | missing
{"kind":"withholding",@wht,"rate":"0.15",@from} | line 2: jurisdiction | no mid has
{"kind":"certificate",@cert,"rate":"0",@from} | line 2: reference | missing
{"kind":"certificate",@cert,"rate":"0","reference":"r",@from} | line 2: jurisdiction | no mid has
{"kind":"mid",@mid,"jurisdiction":"US"} && {"kind":"certificate",@cert,"rate":"0","reference":"r",@from} && {"kind":"certificate",@cert,"rate":"0","reference":"s","from":"2027-01-01T00:00:00Z"} | line 3 and line 4: from | overlaps
{"kind":"mid",@mid,"jurisdiction":"US"} && {"kind":"withholding",@wht,"rate":"0.1",@from} && {"kind":"withholding","id":"wht_2","jurisdiction":"US","type":"*","rate":"0",@from} | line 3 and line 4: from | overlaps
{"kind":"successor","party":"pty_1",@from,"heirs":[]} | line 2: heirs | empty
{"kind":"successor","party":"pty_1",@from,"heirs":[{"party":"pty_2","share":"0.4"}]} | line 2: heirs | 0.400000
{"kind":"successor","party":"pty_1",@from,"heirs":[{"party":"pty_1","share":"1"}]} | line 2: heirs[0].party | itself
{"kind":"successor","party":"pty_1",@from,"heirs":[{"party":"nobody","share":"1"}]} | line 2: heirs | "nobody"
{"kind":"successor","party":"pty_1",@from,"heirs":[{"party":"pty_2","share":"1"}]} && {"kind":"successor","party":"pty_2",@from,"heirs":[{"party":"pty_1","share":"1"}]} | line 2 and line 3: heirs | circle
{"kind":"exchange_rate",@pair,"rate":"0","source":"ECB","time":"2026-10-30T15:00:00Z"} | line 2: rate | above 0
{"kind":"exchange_rate",@pair,"rate":"1","source":"ECB","time":"yesterday"} | line 2: time | RFC 3339
{"kind":"exchange_rate","from":"USD","to":"USD","rate":"1","source":"ECB","time":"2026-10-30T15:00:00Z"} | line 2: to | itself
{"kind":"exchange_rate",@pair,"rate":"1","source":"ECB","time":"2026-10-30T15:00:00Z"} && {"kind":"exchange_rate",@pair,"rate":"2","source":"ECB","time":"2026-10-30T16:00:00+01:00"} | line 2 and line 3: time | twice
"#;

const SHORT: [(&str, &str); 14] = [
    ("@plt", r#""id":"plt_n","default_labour_share":"0.7""#),
    ("@rate", r#""use":"training","unit":"u","price":"1","currency":"USD""#),
    ("@mid", r#""id":"mid_n","fee":"0","currency":"USD""#),
    ("@thr", r#""method":"sepa","currency":"USD","amount":"1""#),
    ("@pty", r#""id":"pty_n","type":"person""#),
    ("@mem", r#""party":"pty_2","mid":"mid_x","platforms":"*","uses":"*""#),
    ("@agr", r#""id":"agr_c","platform":"plt_c","mid":"mid_x","uses":"*","currency":"USD""#),
    ("@terms", r#"@from,"labour_share":"0.8","on_shortfall":"refuse""#),
    ("@own", r#""parties":[{"party":"pty_1","share":"1"}]"#),
    ("@pair", r#""from":"USD","to":"EUR""#),
    ("@res", r#""party":"pty_1","country":"DE""#),
    ("@wht", r#""id":"wht","jurisdiction":"US""#),
    ("@cert", r#""party":"pty_1","jurisdiction":"US""#),
    ("@from", r#""from":"2026-06-01T00:00:00Z""#),
];

const GOOD: &str = r#"{"kind":"party","id":"pty_good","type":"person","name":"Ana Secreta"}"#;

/// What there is of a registry, wherever it is.
struct Stand {
    versions: String,
    archive: BTreeMap<String, Vec<u8>>,
}

fn stand(data: &Data) -> Result<Stand> {
    Ok(Stand { versions: data.ok(["registry", "versions", "--json"])?, archive: files(&data.archive())? })
}

fn unchanged(data: &Data, before: &Stand) -> Result<()> {
    let now = stand(data)?;
    ensure!(now.versions == before.versions, "{} became {}", before.versions, now.versions);
    let names = |stand: &Stand| stand.archive.keys().cloned().collect::<Vec<_>>();
    ensure!(now.archive == before.archive, "the archive's files changed: {:?} became {:?}", names(before), names(&now));
    Ok(())
}

fn load<'a>(files: &[&'a str]) -> Vec<&'a str> {
    [&["registry", "load"], files].concat()
}

#[test]
fn each_fault_names_its_line_and_field_and_nothing_is_loaded() -> Result<()> {
    let data = books()?;
    let before = stand(&data)?;
    let mut wrong = Vec::new();
    for row in FAULTS.lines().filter(|row| !row.is_empty()) {
        let [lines, place, word] = row.split(" | ").collect::<Vec<_>>()[..] else { anyhow::bail!("not three columns: {row}") };
        let lines = SHORT.iter().fold(lines.to_owned(), |lines, (name, fields)| lines.replace(name, fields));
        write(&data, "faulty.ndjson", format!("{GOOD}\r\n{}\r\n", spelt_out(&lines)?.replace(" && ", "\n")))?;
        let place = format!("faulty.ndjson {place}: ");
        if let Err(error) = refused(&data, load(&["faulty.ndjson"]), &["nothing is loaded", &place, word]) {
            wrong.push(format!("{error}\n  of {}", shortened(row.as_bytes())));
        }
        unchanged(&data, &before).with_context(|| row.to_owned())?;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    write(&data, "good.ndjson", GOOD)?;
    assert_eq!(data.json(load(&["good.ndjson"]))?, serde_json::json!({"registry_version": 2, "changed": 1}));
    data.ok(["verify"])?;
    Ok(())
}

#[test]
fn files_that_are_no_registry_are_refused() -> Result<()> {
    let data = books()?;
    let before = stand(&data)?;
    std::fs::create_dir(data.path().join("folder"))?;
    for (name, bytes, words) in [
        ("bytes", b"{\"kind\":\"party\",\"id\":\"\xff\"}".to_vec(), &["bytes line 1: record", "UTF-8"][..]),
        ("bom", format!("\u{feff}{GOOD}").into_bytes(), &["bom line 1: record"]),
        ("gzip", b"\x1f\x8b\x08\0\0\0\0\0".to_vec(), &["gzip line 1: record"]),
        ("long", vec![b'x'; 10 << 20], &["long line 1: record", "JSON object"]),
        ("deep", b"[".repeat(10 << 20), &["deep line 1: record", "JSON object"]),
        ("pretty", b"{\n  \"kind\": \"party\",\n  \"id\": \"p\"\n}\n".to_vec(), &["pretty line 1: record"]),
    ] {
        write(&data, name, bytes)?;
        let text = refused(&data, load(&[name]), words)?;
        ensure!(text.len() < 10_000, "{} bytes of message for {name}", text.len());
        unchanged(&data, &before)?;
    }
    refused(&data, load(&["nowhere"]), &["nowhere", "No such file"])?;
    refused(&data, load(&["folder"]), &["folder", "Is a directory"])?;
    refused(&data, load(&[]), &["FILE", "--help"])?;
    write(&data, "secret", GOOD)?;
    std::fs::set_permissions(data.path().join("secret"), Permissions::from_mode(0o000))?;
    said_denied(&data)?;
    unchanged(&data, &before)
}

fn said_denied(data: &Data) -> Result<()> {
    let output = unprivileged(data, data.command(load(&["secret"])))?;
    super::said(&output, 2, &["secret", "Permission denied"]).map(drop)
}

#[test]
fn an_empty_file_changes_nothing_and_a_long_line_is_loaded() -> Result<()> {
    let data = books()?;
    let before = stand(&data)?;
    for (name, text) in [("empty", ""), ("blank", "\r\n \n\n")] {
        write(&data, name, text)?;
        assert_eq!(data.json(load(&[name]))?, serde_json::json!({"registry_version": 1, "changed": 0}));
        unchanged(&data, &before)?;
    }
    let long = GOOD.replace("\"name\"", &format!("\"unknown\":\"{}\",\"name\"", "x".repeat(10 << 20)));
    write(&data, "long", long)?;
    assert_eq!(data.json(load(&["long"]))?, serde_json::json!({"registry_version": 2, "changed": 1}));
    data.ok(["verify"])?;
    Ok(())
}

#[test]
fn several_files_are_one_load() -> Result<()> {
    let data = books()?;
    let before = stand(&data)?;
    write(&data, "one.ndjson", GOOD)?;
    write(&data, "two.ndjson", format!("\n{{\"kind\":\"mid\",\"id\":\"m\",\"currency\":\"USD\"}}\n{GOOD}\n"))?;
    refused(&data, load(&["one.ndjson", "two.ndjson"]), &["nothing is loaded", "two.ndjson line 2: fee: is missing"])?;
    unchanged(&data, &before)?;
    write(&data, "two.ndjson", format!("\n{GOOD}\n"))?;
    refused(&data, load(&["one.ndjson", "two.ndjson"]), &["one.ndjson line 1 and two.ndjson line 2: id", "twice"])?;
    refused(&data, load(&["one.ndjson", "one.ndjson"]), &["line 1 and line 1: id", "twice"])?;
    unchanged(&data, &before)?;
    write(&data, "two.ndjson", r#"{"kind":"consent","party":"pty_good","decision":"n"}"#)?;
    assert_eq!(data.json(load(&["two.ndjson", "one.ndjson"]))?["changed"], 2);
    Ok(())
}

#[test]
fn a_message_names_many_faults_but_nothing_private() -> Result<()> {
    let data = books()?;
    write(&data, "many.ndjson", format!("{{\"kind\":\"mid\"}}\n{{\"kind\":\"party\",\"id\":\"p\"}}\n{}", "{}\n".repeat(1000)))?;
    let words = ["line 1: id", "line 1: fee", "line 1: currency", "line 2: type", "line 3: kind"];
    let text = refused(&data, load(&["many.ndjson"]), &words)?;
    ensure!(text.lines().count() < 30, "{} lines of message", text.lines().count());
    for fault in [
        r#""name":"Ana Secreta","type":"robot""#,
        r#""type":"person","name":["Ana Secreta"]"#,
        r#""type":"person","payout":{"method":"sepa","currency":"USD","iban":"Secreta","iban":"Secreta"}"#,
        r#""type":"person","payout":"Secreta""#,
        r#""type":"person","identifiers":[{"scheme":"isni","value":"Secreta"},{"value":"Secreta"}]"#,
        r#""type":"person","identifiers":{"isni":"Secreta"}"#,
        r#""type":"person","name":"Secreta","name":"Secreta""#,
    ] {
        write(&data, "private.ndjson", format!("{{\"kind\":\"party\",\"id\":\"p\",{fault}}}\n"))?;
        let text = refused(&data, load(&["private.ndjson"]), &["private.ndjson line 1: "])?;
        ensure!(!text.contains("Secreta"), "{text}");
    }
    Ok(())
}

/// The first load of all: what is refused leaves no books that could be taken for good ones.
#[test]
fn a_refused_first_load_makes_no_books() -> Result<()> {
    let data = Data::new()?;
    write(&data, "faulty.ndjson", format!("{GOOD}\n{{}}\n"))?;
    refused(&data, load(&["faulty.ndjson"]), &["faulty.ndjson line 2: kind: is missing"])?;
    write(&data, "unjust.ndjson", r#"{"kind":"consent","party":"nobody","decision":"n"}"#)?;
    refused(&data, load(&["unjust.ndjson"]), &["unjust.ndjson line 1: party", "\"nobody\""])?;
    ensure!(files(&data.archive())?.is_empty(), "a refused load left files in the archive");
    refused(&data, ["meter", "faulty.ndjson"], &["registry load"])?;
    write(&data, "good.ndjson", GOOD)?;
    assert_eq!(data.json(load(&["good.ndjson"]))?["registry_version"], 1);
    data.ok(["verify"])?;
    Ok(())
}
