//! Unlicensed use: never payable by itself, and once a platform has paid for it, the party's; with the record of who says so.

use super::scene::{NOVEMBER, OCTOBER, claim, given, known};
use crate::scenarios::scene::{Scene, amount, event, line};
use crate::support::also_on_postgres;
use anyhow::{Result, ensure};
use serde_json::json;

/// Books in which ben denies, and has been used all the same.
fn denied() -> Result<Scene> {
    let scene = Scene::new()?;
    scene.load(&[json!({"kind": "consent", "party": "ben", "decision": "n", "from": "2026-01-01T00:00:00Z"})])?;
    scene.meter("events", &[event("b1", OCTOBER, "ben", "1"), event("b2", NOVEMBER, "ben", "2"), event("a1", OCTOBER, "ana", "1")])?;
    std::fs::write(scene.data.path().join("remittance.txt"), "1.60 and 0.80 for b2 and b1")?;
    Ok(scene)
}

const PAID: [&str; 10] = [
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

#[test]
fn unlicensed_use_is_payable_once_its_payment_is_recorded() -> Result<()> {
    let scene = denied()?;
    let october = scene.settle("mid_a", "2026-10")?;
    ensure!(line(&october, "ben").is_err(), "nothing is paid by itself");
    ensure!(claim(&scene, &["ben", "--kind", "party"])?["number"].is_null(), "and it is no suspense");
    let made = claim(&scene, &[&PAID[..], &["--month", "2026-10", "--as", "zoe"]].concat())?;
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
    // The consent stays as it was.
    scene.meter("more", &[event("b3", NOVEMBER, "ben", "4")])?;
    ensure!(scene.gross("ben", "unlicensed")? == amount(600));
    let rest = claim(&scene, &PAID)?;
    ensure!(rest["events"] == 2 && scene.gross("ben", "unlicensed")? == "none", "{rest}");
    ensure!(claim(&scene, &PAID)?["number"].is_null());
    scene.verify()
}

#[test]
fn only_what_was_paid_for_is_payable() -> Result<()> {
    let scene = denied()?;
    let other: Vec<&str> = PAID.iter().map(|word| if *word == "plt" { "plt_other" } else { word }).collect();
    ensure!(claim(&scene, &other)?["number"].is_null(), "another platform has paid");
    ensure!(claim(&scene, &[&PAID[..], &["--currency", "EUR"]].concat())?["number"].is_null(), "in another currency");
    ensure!(claim(&scene, &[&PAID[..], &["--month", "2026-12"]].concat())?["number"].is_null(), "for another month");
    ensure!(scene.data.json(["claim", "--list"])?["claims"] == json!([]), "what moves nothing is not in the chain");
    ensure!(claim(&scene, &[&PAID[..], &["--currency", "USD"]].concat())?["events"] == 2);
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
    ] {
        let mut words = [&["claim"], &PAID[..]].concat();
        words[at + 1] = instead;
        let message = scene.refused(&words)?;
        ensure!(message.contains(expected), "{words:?}: {message}");
    }
    std::fs::write(scene.data.path().join("remittance.txt"), "")?;
    ensure!(scene.refused(&[&["claim"], &PAID[..]].concat())?.contains("it is empty"));
    ensure!(scene.gross("ben", "unlicensed")? == amount(300));
    scene.verify()
}

also_on_postgres!(unlicensed_use_is_payable_once_its_payment_is_recorded);
