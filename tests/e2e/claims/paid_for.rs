//! Unlicensed use: never payable by itself, and once a platform has paid for it, the party's; with the record of who says so.

use super::scene::{NOVEMBER, OCTOBER, claim, given, known};
use crate::scenarios::scene::{NOW, Scene, amount, event, event_of, line};
use crate::support::also_on_postgres;
use anyhow::{Result, ensure};
use serde_json::{Value, json};

/// Books in which ben denies, and has been used all the same.
pub fn denied() -> Result<Scene> {
    let scene = Scene::new()?;
    scene.load(&[json!({"kind": "consent", "party": "ben", "decision": "n", "from": "2026-01-01T00:00:00Z"})])?;
    scene.meter("events", &[event("b1", OCTOBER, "ben", "1"), event("b2", NOVEMBER, "ben", "2"), event("a1", OCTOBER, "ana", "1")])?;
    std::fs::write(scene.data.path().join("remittance.txt"), "1.60 and 0.80 for b2 and b1")?;
    Ok(scene)
}

pub const PAID: [&str; 10] = [
    "--unlicensed",
    "ben",
    "--platform",
    "plt",
    "--why",
    "settled out of court",
    "--reference",
    "bank-line-9",
    "--evidence",
    "remittance.txt",
];

/// A claim of what was paid for, with that amount.
fn paid(scene: &Scene, amount: &str, more: &[&str]) -> Result<Value> {
    claim(scene, &[&PAID[..], &["--amount", amount, "--currency", "USD"], more].concat())
}

/// The platform owes nothing for it: what it paid is booked, and invoice and receivables have it.
#[test]
fn what_was_paid_for_is_not_asked_for_again() -> Result<()> {
    let scene = denied()?;
    for (actor, person) in [("ana", "Ana"), ("bo", "Bo")] {
        scene.data.ok(["actor", "add", actor, "--person", person, "--key", &format!("{actor}.pem")])?;
    }
    let october = ["--mid", "mid_a", "--cycle", "2026-10"];
    let moved = |verb: &str, by: &str, more: &[&str]| -> Result<Value> {
        let key = format!("{by}.pem");
        scene.data.json([&["settle", verb, "--as", by, "--key", &key], &october[..], more].concat())
    };
    ensure!(paid(&scene, "0.80", &["--month", "2026-10"])?["number"] == 1);
    let balance = |account: &str, owner: &str| -> Result<String> {
        let said = scene.data.json(["trial-balance", "--mid", "mid_a", "--by", "account"])?;
        let line =
            said["lines"].as_array().into_iter().flatten().find(|line| line["account"] == account && line["owner"] == owner).cloned();
        Ok(line.map_or("none".to_owned(), |line| line["balance"].as_str().unwrap_or_default().to_owned()))
    };
    assert_eq!((balance("suspense", "")?, balance("platform_receivable", "plt")?), (amount(80), amount(-80)));
    moved("close", "ana", &["--now", NOW])?;
    let draft = moved("draft", "ana", &[])?["draft_sha256"].as_str().unwrap_or_default().to_owned();
    moved("approve", "bo", &["--draft", &draft])?;

    // Of ana's use and ben's the platform is asked for 1.60, of which half was paid.
    let invoice = scene.data.json([&["invoice", "plt"], &october[..]].concat())?;
    let figures = ["labour", "paid", "to_pay"].map(|name| invoice["figures"][name].clone());
    assert_eq!(figures, [160, 80, 80].map(|cents| json!(amount(cents))), "{invoice}");
    assert_eq!(invoice["paid_claims"], json!([{"claim": 1, "reference": "bank-line-9", "amount": amount(80)}]));
    let text = scene.data.ok([&["invoice", "plt"], &october[..]].concat())?;
    ensure!(text.contains("Please pay 0.80 USD"), "{text}");
    let receivables = scene.data.json(["receivables", "--mid", "mid_a"])?;
    let open = &receivables["platforms"][0];
    assert_eq!(
        (&open["invoiced"], &open["paid_for_claims"], &open["open"]),
        (&json!(amount(80)), &json!(amount(80)), &json!(amount(80))),
        "{open}"
    );
    assert_eq!(balance("platform_receivable", "plt")?, amount(80));
    scene.data.ok(["check"])?;
    scene.verify()
}

/// A party whom one MID represents for one use and another for another: each is paid what it answers for.
#[test]
fn what_two_mids_answer_for_is_paid_to_each() -> Result<()> {
    let scene = denied()?;
    let member = |mid: &str, used: &str| json!({"kind": "membership", "party": "ben", "mid": mid, "platforms": "*", "uses": [used], "from": "2026-01-02T00:00:00Z"});
    let ended = json!({"kind": "membership", "party": "ben", "mid": "mid_a", "platforms": "*", "uses": "*", "from": "2026-01-01T00:00:00Z",
        "to": "2026-01-02T00:00:00Z"});
    let agreement = json!({"kind": "agreement", "id": "agr_b_read", "platform": "plt", "mid": "mid_b", "uses": ["retrieval"], "labour_share": "0.75",
        "currency": "USD", "on_shortfall": "refuse", "from": "2026-01-01T00:00:00Z"});
    scene.load(&[ended, member("mid_a", "inference"), member("mid_b", "retrieval"), agreement])?;
    scene.meter("retrieved", &[event_of("retrieval", "r1", OCTOBER, "ben", "4")])?;
    let refused = scene.refused(&[&["claim"][..], &PAID, &["--amount", "5.40", "--currency", "USD"]].concat())?;
    ensure!(refused.contains("mid_a and mid_b") && refused.contains("--mid"), "{refused}");
    ensure!(given(&paid(&scene, "3.00", &["--mid", "mid_b"])?)? == [("payable mid_b".to_owned(), amount(400), amount(300))]);
    // What is left is one MID's.
    ensure!(given(&paid(&scene, "2.40", &[])?)? == [("payable mid_a".to_owned(), amount(300), amount(240))]);
    ensure!(scene.gross("ben", "unlicensed")? == "none");
    scene.data.ok(["check"])?;
    scene.verify()
}

/// What was paid is asked for in no invoice, also where its labour comes with a later one.
#[test]
fn what_was_paid_is_not_asked_for_again_though_its_labour_is_put_off() -> Result<()> {
    let scene = denied()?;
    for (actor, person) in [("ana", "Ana"), ("bo", "Bo")] {
        scene.data.ok(["actor", "add", actor, "--person", person, "--key", &format!("{actor}.pem")])?;
    }
    ensure!(paid(&scene, "0.80", &["--month", "2026-10"])?["number"] == 1);
    let asked = |cycle: &str, without: &[&str]| -> Result<Value> {
        let of = ["--mid", "mid_a", "--cycle", cycle];
        scene.close("mid_a", cycle)?;
        let draft = scene.data.json([&["settle", "draft", "--as", "ana", "--key", "ana.pem"], &of[..], without].concat())?;
        let sha256 = draft["draft_sha256"].as_str().unwrap_or_default();
        scene.data.ok([&["settle", "approve", "--draft", sha256, "--as", "bo", "--key", "bo.pem"], &of[..]].concat())?;
        let figures = scene.data.json([&["invoice", "plt"], &of[..]].concat())?["figures"].clone();
        Ok(json!(["labour", "carried_in", "paid", "to_pay", "carried_out"].map(|name| figures[name].clone())))
    };
    // ana's 0.80 and the 0.80 that was paid wait for November.
    let october = asked("2026-10", &["--without", "agr_a"])?;
    assert_eq!(october, json!([amount(0), amount(0), amount(80), amount(0), "-0.800000000000"]));
    assert_eq!(asked("2026-11", &[])?, json!([amount(160), "-0.800000000000", null, amount(80), amount(0)]));
    let open = scene.data.json(["receivables", "--mid", "mid_a"])?["platforms"][0]["open"].clone();
    assert_eq!(open, amount(80));
    scene.data.ok(["check"])?;
    scene.verify()
}

#[test]
fn unlicensed_use_is_payable_once_its_payment_is_recorded() -> Result<()> {
    let scene = denied()?;
    let october = scene.settle("mid_a", "2026-10")?;
    ensure!(line(&october, "ben").is_err(), "nothing is paid by itself");
    ensure!(claim(&scene, &["ben", "--kind", "party"])?["number"].is_null(), "and it is no suspense");
    let made = paid(&scene, "0.80", &["--month", "2026-10", "--as", "zoe"])?;
    ensure!(given(&made)? == [("payable mid_a".to_owned(), amount(100), amount(80))], "{made}");
    ensure!((scene.gross("ben", "unlicensed")?, scene.gross("ben", "payable")?) == (amount(200), amount(100)));
    assert_eq!(line(&scene.settle("mid_a", "2026-11")?, "ben")?, [76, 0, 0, 76, 0].map(amount));

    let record = scene.data.json(["claim", "--list"])?["claims"][0].clone();
    // SHA-256 of what stands in the file.
    let sha256 = "7a4b8fc99edf7787c4c0f6b1f899dee73fb1f294d5743966d45cb45a728fd1be";
    let payment = &record["payment"];
    ensure!(
        (&record["by"], &payment["platform"], &payment["reference"]) == (&json!("zoe"), &json!("plt"), &json!("bank-line-9")),
        "{record}"
    );
    ensure!((&payment["reason"], &payment["month"]) == (&json!("settled out of court"), &json!("2026-10")), "{record}");
    ensure!(payment["evidence_sha256"] == sha256, "{record}");
    let of_november = json!([{"cycle": "2026-11", "amount": amount(80)}]);
    assert_eq!(payment["paid"], json!({"mid": "mid_a", "amount": amount(80), "cycles": of_november}));
    // The consent stays as it was.
    scene.meter("more", &[event("b3", NOVEMBER, "ben", "4")])?;
    ensure!(scene.gross("ben", "unlicensed")? == amount(600));
    let rest = paid(&scene, "4.80", &[])?;
    ensure!(rest["events"] == 2 && scene.gross("ben", "unlicensed")? == "none", "{rest}");
    ensure!(paid(&scene, "4.80", &[])?["number"].is_null());
    scene.verify()
}

#[test]
fn only_what_was_paid_for_is_payable() -> Result<()> {
    let scene = denied()?;
    let other: Vec<&str> = PAID.iter().map(|word| if *word == "plt" { "plt_other" } else { word }).collect();
    ensure!(
        claim(&scene, &[&other[..], &["--amount", "1", "--currency", "USD"]].concat())?["number"].is_null(),
        "another platform has paid"
    );
    ensure!(claim(&scene, &[&PAID[..], &["--amount", "1", "--currency", "EUR"]].concat())?["number"].is_null(), "in another currency");
    ensure!(paid(&scene, "1", &["--month", "2026-12"])?["number"].is_null(), "for another month");
    for (other, month) in [("2.39", &[][..]), ("2.41", &[]), ("2.40", &["--month", "2026-10"])] {
        let words = [&["claim"], &PAID[..], &["--amount", other, "--currency", "USD", "--now", NOW], month].concat();
        let expected = if month.is_empty() { "2.400000000000 USD" } else { "0.800000000000 USD" };
        let said = scene.refused(&words)?;
        ensure!(said.contains("what is claimed comes to") && said.contains(expected), "{said}");
    }
    ensure!(scene.data.json(["claim", "--list"])?["claims"] == json!([]), "what moves nothing is not in the chain");
    ensure!(paid(&scene, "2.40", &[])?["events"] == 2);
    scene.verify()
}

#[test]
fn whoever_has_no_mid_waits_for_one() -> Result<()> {
    let scene = Scene::new()?;
    let dora = known("dora", "mid_a", "2026-11-01T00:00:00Z");
    scene.load(&[dora[0].clone(), json!({"kind": "consent", "party": "dora", "decision": "n", "from": "2026-01-01T00:00:00Z"})])?;
    scene.meter("events", &[event("d1", OCTOBER, "dora", "1")])?;
    std::fs::write(scene.data.path().join("remittance.txt"), "paid")?;
    let of_dora: Vec<&str> = PAID.iter().map(|word| if *word == "ben" { "dora" } else { word }).collect();
    let of_dora = [&of_dora[..], &["--amount", "0.80", "--currency", "USD"]].concat();
    ensure!(claim(&scene, &of_dora)?["number"].is_null(), "nobody answers for her");
    scene.load(&dora)?;
    let made = claim(&scene, &of_dora)?;
    ensure!(given(&made)? == [("payable mid_a".to_owned(), amount(100), amount(80))], "{made}");
    scene.verify()
}

#[test]
fn a_payment_without_a_word_or_evidence_is_no_record() -> Result<()> {
    let scene = denied()?;
    for (at, instead, expected) in [
        (1, "nobody", "nobody is not a party"),
        (3, "plt_none", "no such platform"),
        (5, " ", "--why says nothing"),
        (7, "line\n9", "--reference has control characters"),
        (9, "nowhere.txt", "nowhere.txt"),
        (11, "2.4000000000001", "--amount"),
        (13, "XYZ", "--currency"),
    ] {
        let mut words = [&["claim"], &PAID[..], &["--amount", "2.40", "--currency", "USD"]].concat();
        words[at + 1] = instead;
        let message = scene.refused(&words)?;
        ensure!(message.contains(expected), "{words:?}: {message}");
    }
    std::fs::write(scene.data.path().join("remittance.txt"), "")?;
    let words = [&["claim"], &PAID[..], &["--amount", "2.40", "--currency", "USD"]].concat();
    ensure!(scene.refused(&words)?.contains("it is empty"));
    ensure!(scene.gross("ben", "unlicensed")? == amount(300));
    scene.verify()
}

also_on_postgres!(unlicensed_use_is_payable_once_its_payment_is_recorded, what_was_paid_for_is_not_asked_for_again);
