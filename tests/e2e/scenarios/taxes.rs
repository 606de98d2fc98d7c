//! Withholding tax through the binary: in drafts, statements, books and the report of a year, and again from the archive.

use super::scene::{Scene, amount, event, line, registry, reversal, units};
use super::{DECEMBER, NOVEMBER, OCTOBER};
use crate::analysts::python;
use crate::support::also_on_postgres;
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

/// mid_a pays under German law: 15 % of everybody, 5 % of persons in France, where ana lives.
fn taxed() -> Result<Scene> {
    let scene = Scene::new()?;
    let mut mid = registry().into_iter().find(|record| record["id"] == "mid_a").context("mid_a")?;
    mid["jurisdiction"] = "DE".into();
    let withholding =
        |id: &str, rate: &str| json!({"kind": "withholding", "id": id, "jurisdiction": "DE", "rate": rate, "from": "2026-01-01T00:00:00Z"});
    let mut treaty = withholding("wht_treaty", "0.05");
    (treaty["residence"], treaty["type"]) = ("FR".into(), "person".into());
    let residence = json!({"kind": "residence", "party": "ana", "country": "FR", "from": "2026-01-01T00:00:00Z"});
    scene.load(&[mid, withholding("wht_all", "0.15"), treaty, residence])?;
    for actor in ["zoe", "yan"] {
        scene.data.ok(["actor", "add", actor, "--person", actor, "--key", &format!("{actor}.pem")])?;
    }
    Ok(scene)
}

/// Closes a cycle of mid_a, drafts it with one key and approves it with another's; the draft.
pub fn approve(scene: &Scene, cycle: &str) -> Result<Value> {
    scene.close("mid_a", cycle)?;
    let of_cycle = ["--mid", "mid_a", "--cycle", cycle];
    let draft = scene.data.json([&["settle", "draft", "--as", "zoe", "--key", "zoe.pem"], &of_cycle[..]].concat())?;
    let sha256 = draft["draft_sha256"].as_str().context("a draft without a hash")?;
    scene.data.ok([&["settle", "approve", "--draft", sha256, "--as", "yan", "--key", "yan.pem"], &of_cycle[..]].concat())?;
    Ok(draft)
}

/// What is withheld of each party: party, record, certificate, rate, base, withheld.
fn taxes(draft: &Value) -> Vec<String> {
    let of = |line: &Value| {
        let words = ["party", "withholding", "certificate", "rate", "base", "withheld"].map(|name| line[name].as_str().unwrap_or("-"));
        words.join(" ")
    };
    draft["taxes"].as_array().into_iter().flatten().map(of).collect()
}

/// The balance of an account of a party, a debit above 0.
pub fn balance(scene: &Scene, account: &str, owner: &str) -> Result<i128> {
    let sheet = scene.data.json(["trial-balance", "--by", "account"])?;
    let lines = sheet["lines"].as_array().context("a trial balance without lines")?;
    let line = lines.iter().find(|line| line["account"] == account && line["owner"] == owner);
    line.map_or(Ok(0), |line| units(line["balance"].as_str().unwrap_or_default()))
}

fn report(scene: &Scene, year: &str) -> Result<Vec<String>> {
    let document = scene.data.json(["tax", "report", "--mid", "mid_a", "--year", year])?;
    let of = |line: &Value| {
        let words = ["party", "jurisdiction", "withholding", "certificate", "rate", "gross", "base", "withheld"];
        words.map(|name| line[name].as_str().unwrap_or("-")).join(" ")
    };
    Ok(document["lines"].as_array().context("no lines")?.iter().map(of).collect())
}

#[test]
fn a_tax_is_withheld_booked_and_shown() -> Result<()> {
    let scene = taxed()?;
    scene.meter("october", &[event("e1", OCTOBER, "ana", "1"), event("e2", OCTOBER, "ben", "1")])?;
    let october = approve(&scene, "2026-10")?;
    // 0.76 for each: 5 % is 0.038, and 15 % is 0.114.
    assert_eq!(
        taxes(&october),
        ["ana wht_treaty - 0.050000 0.760000000000 0.030000000000", "ben wht_all - 0.150000 0.760000000000 0.110000000000"]
    );
    assert_eq!(line(&october, "ana")?, [76, 0, 0, 73, 0].map(amount));
    assert_eq!(line(&october, "ben")?, [76, 0, 0, 65, 0].map(amount));
    for (party, withheld, owed) in [("ana", 3, 73), ("ben", 11, 65)] {
        let found = (balance(&scene, "withheld_tax", party)?, balance(&scene, "party_payable", party)?);
        assert_eq!(found, (-units(&amount(withheld))?, -units(&amount(owed))?), "{party}");
    }
    let statement = |format| scene.data.ok(["statement", "ana", "--mid", "mid_a", "--cycle", "2026-10", "--format", format]);
    let text = statement("text")?;
    ensure!(text.contains("withheld for a tax of DE, 5 % of 0.76 (record wht_treaty)") && text.lines().count() <= 60, "{text}");
    let html = statement("html")?;
    ensure!(html.contains("<td>withheld for a tax of DE, 5 % of 0.76 (record wht_treaty)</td><td class=\"n\">-0.03</td>"), "{html}");
    let csv = statement("csv")?;
    ensure!(csv.contains(",tax,") && csv.contains(",0.760000000000,,,,0.030000000000,\"withheld for a tax of DE, 5 %"), "{csv}");
    let json: Value = serde_json::from_str(&statement("json")?)?;
    assert_eq!(
        (&json["tax"]["withholding"], &json["tax"]["rate"], &json["figures"]["withheld"]),
        (&json!("wht_treaty"), &json!("0.050000"), &json!(amount(3)))
    );
    let shown = scene.data.ok(["settle", "draft", "--mid", "mid_a", "--cycle", "2026-10"])?;
    ensure!(shown.contains("Withheld for taxes"), "{shown}");
    scene.data.ok(["check"])?;
    scene.verify()
}

#[test]
fn each_cycle_has_the_rates_and_certificates_of_its_end() -> Result<()> {
    let scene = taxed()?;
    // Ben is exempt until December begins, and so for October alone: November can be paid from then on.
    let certificate = |to: &str| json!({"kind": "certificate", "party": "ben", "jurisdiction": "DE", "rate": "0", "reference": "exemption 17/2026", "from": "2026-10-31T12:00:00Z", "to": to});
    scene.load(&[certificate("2026-12-01T00:00:00Z")])?;
    for (cycle, time) in [("2026-10", OCTOBER), ("2026-11", NOVEMBER), ("2026-12", DECEMBER)] {
        scene.meter(cycle, &[event(&format!("b{cycle}"), time, "ben", "1")])?;
    }
    let october = approve(&scene, "2026-10")?;
    assert_eq!(taxes(&october), ["ben wht_all exemption 17/2026 0.000000 0.760000000000 0.000000000000"]);
    let text = scene.data.ok(["statement", "ben", "--mid", "mid_a", "--cycle", "2026-10"])?;
    ensure!(text.contains("0.00 is withheld for a tax of DE, 0 % of 0.76 (record wht_all, certificate exemption 17/2026)."), "{text}");
    assert_eq!(taxes(&approve(&scene, "2026-11")?), ["ben wht_all - 0.150000 0.760000000000 0.110000000000"]);
    // A new year, a new rate; and a certificate that comes too late changes nothing of what was drafted.
    let old = json!({"kind": "withholding", "id": "wht_all", "jurisdiction": "DE", "rate": "0.15", "from": "2026-01-01T00:00:00Z", "to": "2027-01-01T00:00:00Z"});
    let new = json!({"kind": "withholding", "id": "wht_2027", "jurisdiction": "DE", "rate": "0.20", "from": "2027-01-01T00:00:00Z"});
    scene.load(&[old, new, certificate("2026-12-31T00:00:00Z")])?;
    assert_eq!(scene.draft("mid_a", "2026-10")?, october);
    // 20 % of 0.76 is 0.152.
    assert_eq!(taxes(&approve(&scene, "2026-12")?), ["ben wht_2027 - 0.200000 0.760000000000 0.150000000000"]);
    let rows = [
        "ben DE wht_all - 0.150000 0.760000000000 0.760000000000 0.110000000000",
        "ben DE wht_all exemption 17/2026 0.000000 0.760000000000 0.760000000000 0.000000000000",
    ];
    assert_eq!(report(&scene, "2026")?, rows);
    // December ends with the year, so it is paid in the next one.
    assert_eq!(report(&scene, "2027")?, ["ben DE wht_2027 - 0.200000 0.760000000000 0.760000000000 0.150000000000"]);
    scene.data.ok(["check"])?;
    scene.verify()
}

#[test]
fn what_is_undone_after_it_was_taxed_lowers_the_taxes_to_come() -> Result<()> {
    let scene = taxed()?;
    scene.meter("october", &[event("e1", OCTOBER, "ana", "100")])?;
    assert_eq!(taxes(&approve(&scene, "2026-10")?), ["ana wht_treaty - 0.050000 76.000000000000 3.800000000000"]);
    scene.meter("november", &[reversal("r1", NOVEMBER, "e1"), event("e2", NOVEMBER, "ana", "50")])?;
    // 38 - 76: nothing is paid, so nothing is taxed, and nothing is asked back of the authority.
    let november = approve(&scene, "2026-11")?;
    assert_eq!((taxes(&november), line(&november, "ana")?), (vec![], [-3800, 0, 0, 0, -3800].map(amount)));
    scene.meter("december", &[event("e3", DECEMBER, "ana", "200")])?;
    // 152, of which a quarter, 38, goes to what she owes: 114 is taxed. All in all 190 of 190 that she earned in the end.
    let december = approve(&scene, "2026-12")?;
    assert_eq!(taxes(&december), ["ana wht_treaty - 0.050000 114.000000000000 5.700000000000"]);
    assert_eq!(line(&december, "ana")?, [15200, 3800, -3800, 10830, 0].map(amount));
    assert_eq!(balance(&scene, "withheld_tax", "ana")?, -units(&amount(950))?);
    scene.data.ok(["check"])?;
    scene.verify()
}

#[test]
fn the_report_of_a_year_sums_what_was_approved() -> Result<()> {
    let scene = taxed()?;
    scene
        .load(&[json!({"kind": "party", "id": "cem", "name": "cem", "type": "person", "payout": {"method": "sepa", "currency": "USD"}})])?;
    scene.meter("october", &[event("e1", OCTOBER, "ana", "1"), event("e2", OCTOBER, "ben", "1"), event("e3", NOVEMBER, "ana", "2")])?;
    approve(&scene, "2026-10")?;
    scene.settle("mid_a", "2026-11")?;
    let output = scene.data.run(["tax", "report", "--mid", "mid_a", "--year", "2026"])?;
    let (said, text) = (crate::support::stderr(&output), String::from_utf8(output.stdout)?);
    ensure!(text.contains("cycles 2026-10 in USD") && text.contains("total"), "{text}");
    ensure!(said.contains("cycle 2026-11 of mid_a in USD is not in these figures"), "{said}");
    let document = scene.data.json(["tax", "report", "--mid", "mid_a", "--year", "2026"])?;
    assert_eq!(document["not_approved"], json!([{"currency": "USD", "cycle": "2026-11"}]));
    assert_eq!(document["totals"], json!([{"currency": "USD", "gross": amount(152), "base": amount(152), "withheld": amount(14)}]));
    let csv = scene.data.ok(["tax", "report", "--mid", "mid_a", "--year", "2026", "--csv"])?;
    let rows: Vec<&str> = csv.lines().collect();
    assert_eq!(rows[0], "mid,year,currency,party,jurisdiction,withholding,certificate,rate,gross,base,withheld");
    assert_eq!(rows[1], "mid_a,2026,USD,ana,DE,wht_treaty,,0.050000,0.760000000000,0.760000000000,0.030000000000");
    assert_eq!(rows.len(), 3);
    // mid_b pays under no law that withholds: its payees are listed, and nothing of their money is a base.
    scene.meter("more", &[event("c1", OCTOBER, "cem", "1")])?;
    scene.close("mid_b", "2026-10")?;
    let of_cycle = ["--mid", "mid_b", "--cycle", "2026-10"];
    let draft = scene.data.json([&["settle", "draft", "--as", "zoe", "--key", "zoe.pem"], &of_cycle[..]].concat())?;
    assert!(draft["taxes"].is_null(), "drafts without taxes are as they always were");
    let sha256 = draft["draft_sha256"].as_str().context("a draft without a hash")?;
    scene.data.ok([&["settle", "approve", "--draft", sha256, "--as", "yan", "--key", "yan.pem"], &of_cycle[..]].concat())?;
    let document = scene.data.json(["tax", "report", "--mid", "mid_b", "--year", "2026"])?;
    let line = &document["lines"][0];
    assert_eq!(
        (&line["jurisdiction"], &line["rate"], &line["gross"], &line["base"]),
        (&Value::Null, &Value::Null, &json!(amount(76)), &json!(amount(0)))
    );
    let text = scene.data.ok(["tax", "report", "--mid", "mid_a", "--year", "2030"])?;
    ensure!(text.contains("No cycle of mid_a that ends in 2030"), "{text}");
    scene.verify()
}

#[test]
fn a_tax_that_was_altered_is_found() -> Result<()> {
    let scene = taxed()?;
    scene.meter("october", &[event("e1", OCTOBER, "ana", "1"), event("e2", OCTOBER, "ben", "1")])?;
    approve(&scene, "2026-10")?;
    scene.verify()?;
    for (old, new) in
        [("\"rate\":\"0.150000\"", "\"rate\":\"0.140000\""), ("wht_treaty", "wht_trusty"), ("\"withheld\":\"0.03", "\"withheld\":\"0.04")]
    {
        let books = scene.data.books().display().to_string();
        python::run("scenarios/alter_draft.py", &[&books, old, new])?;
        let output = scene.data.run(["verify"])?;
        let said = String::from_utf8(output.stdout)?;
        ensure!(output.status.code() == Some(1) && said.contains("draft of cycle 2026-10 of mid_a"), "{old}: {said}");
        python::run("scenarios/alter_draft.py", &[&books, new, old])?;
        scene.verify()?;
    }
    Ok(())
}

/// What registries and statements said before there were taxes, they still say, byte by byte.
#[test]
fn nothing_changes_for_whom_no_tax_is() -> Result<()> {
    let scene = Scene::new()?;
    scene.meter("october", &[event("e1", OCTOBER, "ana", "1")])?;
    let october = scene.settle("mid_a", "2026-10")?;
    for field in ["taxes", "inheritances"] {
        assert!(october[field].is_null() && october["lines"][0][field].is_null());
    }
    let json: Value =
        serde_json::from_str(&scene.data.ok(["statement", "ana", "--mid", "mid_a", "--cycle", "2026-10", "--format", "json"])?)?;
    assert_eq!((&json["farthing_statement"], &json["tax"]), (&json!(1), &Value::Null));
    scene.verify()
}

also_on_postgres!(a_tax_is_withheld_booked_and_shown, each_cycle_has_the_rates_and_certificates_of_its_end);
