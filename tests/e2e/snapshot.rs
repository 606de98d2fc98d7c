//! The snapshot of the compiled registry beside the ledger: right figures with it, without it, and whatever is in its place.

use crate::support::Data;
use anyhow::{Context, Result, ensure};
use farthing_schemas::registry::{Registry, SnapshotKey};
use serde_json::Value;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

const REGISTRY: &str = r#"{"kind":"platform","id":"plt_a","default_labour_share":"0.70"}
{"kind":"mid","id":"mid_x","fee":"0.05","currency":"USD"}
{"kind":"party","id":"pty_1","name":"Ana","type":"person","payout":{"method":"sepa","currency":"USD","iban":"DE0"}}
{"kind":"membership","party":"pty_1","mid":"mid_x","platforms":"*","uses":"*","from":"2026-01-01T00:00:00Z"}
{"kind":"agreement","id":"agr_1","platform":"plt_a","mid":"mid_x","uses":"*","labour_share":"0.80","currency":"USD","on_shortfall":"true_up","from":"2026-01-01T00:00:00Z"}
"#;

/// Of one unit of gross, another labour.
const BETTER_TERMS: &str = r#"{"kind":"agreement","id":"agr_1","platform":"plt_a","mid":"mid_x","uses":"*","labour_share":"0.90","currency":"USD","on_shortfall":"true_up","from":"2026-01-01T00:00:00Z"}
"#;

fn load(data: &Data, text: &str) -> Result<()> {
    fs::write(data.path().join("load.ndjson"), text)?;
    data.ok(["registry", "load", "load.ndjson"]).map(drop)
}

fn books() -> Result<Data> {
    let data = Data::new()?;
    load(&data, REGISTRY)?;
    Ok(data)
}

fn snapshot(data: &Data) -> PathBuf {
    data.books().join("ledger.sqlite.registry-snapshot")
}

/// Meters one more event, which earns one dollar; labour of all.
fn labour_after(data: &Data, id: &str) -> Result<String> {
    let event = format!(
        r#"{{"specversion":"1.0","id":"{id}","source":"//a/1","type":"farthing.usage.training.v1","time":"2026-10-03T09:12:44Z","data":{{"platform":"plt_a","revenue":{{"amount":"1","currency":"USD"}},"attribution":{{"kind":"share","entries":[{{"party":"pty_1","weight":"1"}}]}}}}}}"#
    );
    let name = format!("{id}.ndjson");
    fs::write(data.path().join(&name), event)?;
    let metered = data.json(["meter", &name, "--now", "2026-10-04T00:00:00Z"])?;
    ensure!(metered["metered"] == 1, "{metered}");
    let accruals = data.json(["accruals", "--by", "currency"])?;
    accruals["lines"][0]["labour"].as_str().map(str::to_owned).with_context(|| accruals.to_string())
}

fn dollars(tenths: usize) -> String {
    format!("{}.{}00000000000", tenths / 10, tenths % 10)
}

/// The files of the registry in the archive.
fn texts(data: &Data) -> Result<Vec<PathBuf>> {
    let listed = data.json(["registry", "versions"])?;
    let versions = listed["versions"].as_array().context("versions")?;
    Ok(versions.iter().filter_map(|version| Some(data.archive().join(version["path"].as_str()?))).collect())
}

#[test]
fn whatever_is_in_place_of_the_snapshot_the_figures_are_the_same() {
    let data = books().unwrap();
    let good = fs::read(snapshot(&data)).unwrap();
    let other = Data::new().unwrap();
    load(&other, &REGISTRY.replace("0.80", "0.95")).unwrap();
    let of_another = fs::read(snapshot(&other)).unwrap();
    let flipped = |at: usize| {
        let mut bytes = good.clone();
        bytes[at] ^= 0x10;
        bytes
    };
    let mut wrong: Vec<Vec<u8>> = [0, 7, 8, 39, 40, 71, 72, good.len() / 2, good.len() - 1].map(flipped).into();
    wrong.extend([0, 1, 71, 72, good.len() - 1].map(|length| good[..length].to_vec()));
    wrong.extend([of_another, b"rubbish".repeat(99), [&good[..], b"\0"].concat()]);
    for (number, bytes) in wrong.iter().enumerate() {
        fs::write(snapshot(&data), bytes).unwrap();
        assert_eq!(labour_after(&data, &format!("wrong-{number}")).unwrap(), dollars(8 * (number + 1)), "{number}");
        assert!(fs::read(snapshot(&data)).unwrap() == good, "{number}: it is written anew");
    }
    fs::remove_file(snapshot(&data)).unwrap();
    assert_eq!(labour_after(&data, "missing").unwrap(), dollars(8 * (wrong.len() + 1)));
    assert!(fs::read(snapshot(&data)).unwrap() == good, "it is written where it was missing");
    data.ok(["verify"]).unwrap();
}

#[test]
fn a_snapshot_that_cannot_be_written_or_read_is_missed_by_nobody() {
    let data = books().unwrap();
    fs::remove_file(snapshot(&data)).unwrap();
    // A folder in its place holds even root back.
    fs::create_dir(snapshot(&data)).unwrap();
    assert_eq!(labour_after(&data, "one").unwrap(), dollars(8));
    load(&data, BETTER_TERMS).unwrap();
    assert_eq!(labour_after(&data, "two").unwrap(), dollars(17));
    let beside: Vec<String> = fs::read_dir(data.books()).unwrap().map(|entry| entry.unwrap().file_name().display().to_string()).collect();
    assert!(!beside.iter().any(|name| name.contains('#')), "nothing half written stays: {beside:?}");
    data.ok(["verify"]).unwrap();
}

#[test]
fn a_snapshot_that_may_not_be_read_is_written_anew() {
    let data = books().unwrap();
    let good = fs::read(snapshot(&data)).unwrap();
    fs::set_permissions(snapshot(&data), Permissions::from_mode(0o000)).unwrap();
    assert_eq!(labour_after(&data, "one").unwrap(), dollars(8));
    // Root may read it all the same.
    fs::set_permissions(snapshot(&data), Permissions::from_mode(0o600)).unwrap();
    assert!(fs::read(snapshot(&data)).unwrap() == good);
}

#[test]
fn a_later_version_has_a_snapshot_of_its_own() {
    let data = books().unwrap();
    let first = fs::read(snapshot(&data)).unwrap();
    assert_eq!(labour_after(&data, "one").unwrap(), dollars(8));
    load(&data, BETTER_TERMS).unwrap();
    let second = fs::read(snapshot(&data)).unwrap();
    assert!(first != second);
    assert_eq!(labour_after(&data, "two").unwrap(), dollars(17));
    assert!(fs::read(snapshot(&data)).unwrap() == second, "metering has nothing to add to it");
    fs::write(snapshot(&data), first).unwrap();
    assert_eq!(labour_after(&data, "three").unwrap(), dollars(26), "that of the version before counts for nothing");
    assert!(fs::read(snapshot(&data)).unwrap() == second);
    data.ok(["verify"]).unwrap();
}

/// Metering trusts the snapshot, so it needs no text; who verifies trusts the text alone.
#[test]
fn metering_reads_the_snapshot_and_verify_never_does() {
    let data = books().unwrap();
    let text = texts(&data).unwrap().remove(0);
    let aside = data.path().join("aside");
    fs::rename(&text, &aside).unwrap();
    assert_eq!(labour_after(&data, "one").unwrap(), dollars(8));
    assert!(!data.run(["verify"]).unwrap().status.success(), "the text is missing");
    fs::rename(&aside, &text).unwrap();
    fs::write(snapshot(&data), b"rubbish").unwrap();
    data.ok(["verify"]).unwrap();
    assert_eq!(fs::read(snapshot(&data)).unwrap(), b"rubbish", "who verifies writes none either");
}

/// One that was made on purpose, to look like ours and say something else, makes figures that are found out.
#[test]
fn a_forged_snapshot_is_found_out_by_verify() {
    let data = books().unwrap();
    let versions = data.json(["registry", "versions"]).unwrap();
    let sha256 = versions["versions"][0]["sha256"].as_str().unwrap();
    let packed = fs::read(texts(&data).unwrap().remove(0)).unwrap();
    let text = String::from_utf8(zstd::decode_all(&packed[..]).unwrap()).unwrap();
    let generous = Registry::from_public([(1, text.replace("\"0.800000\"", "\"0.990000\"").as_bytes())]).unwrap();
    fs::write(snapshot(&data), generous.to_snapshot(&SnapshotKey::of([sha256])).unwrap()).unwrap();
    assert_eq!(labour_after(&data, "one").unwrap(), "0.990000000000");
    let output = data.run(["verify", "--json"]).unwrap();
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), &said["verified"]), (Some(1), &Value::Bool(false)), "{said}");
}
