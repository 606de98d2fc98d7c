//! Overviews of real cycles: each figure is the draft's, and who is not to be seen is not.

use super::{amount, december, list};
use crate::journal::scene::Approved;
use crate::scenarios::scene::{Scene, event};
use crate::support::{also_on_postgres, stderr};
use anyhow::{Result, ensure};
use serde_json::{Value, json};

#[test]
fn overviews_say_what_the_draft_says() -> Result<()> {
    let books = Approved::new()?;
    let data = books.data();
    let draft = &books.drafts[0];
    let report = |name: &str| data.json(["report", name, "--mid", "mid_a", "--cycle", "2026-10"]);
    let seventy = report("seventy")?;
    for (found, drafted) in list(&seventy, "agreements")?.iter().zip(list(draft, "agreements")?) {
        for name in ["agreement", "platform", "gross", "net", "true_up"] {
            assert_eq!(found[name], drafted[name], "{seventy}");
        }
        assert_eq!(found["finding"] == "holds", drafted["holds"] == true);
    }
    assert_eq!(list(&seventy, "agreements")?.len(), list(draft, "agreements")?.len());
    let payouts = report("payouts")?;
    assert_eq!((&payouts["totals"]["paid"], &payouts["totals"]["carried"]), (&draft["paid"], &draft["carried"]));
    let paid: i128 = list(&payouts, "payouts")?.iter().map(|row| amount(row, "paid")).sum::<Result<_>>()?;
    assert_eq!(paid, amount(draft, "paid")?);
    ensure!(list(&payouts, "payouts")?.iter().all(|row| row["method"] == "sepa"), "{payouts}");
    for name in ["seventy", "transparency", "payouts", "exceptions"] {
        assert_eq!(report(name)?["draft_sha256"], draft["draft_sha256"], "{name}");
        let text = data.ok(["report", name, "--mid", "mid_a", "--cycle", "2026-10"])?;
        ensure!(text.contains("mid_a for 2026-10 in USD"), "{text}");
        let csv = data.ok(["report", name, "--mid", "mid_a", "--cycle", "2026-10", "--csv"])?;
        ensure!(csv.starts_with("mid,currency,cycle,preview,draft_sha256,"), "{csv}");
    }
    let euros = data.json(["report", "payouts", "--mid", "mid_a", "--cycle", "2026-10", "--currency", "EUR"])?;
    assert_eq!(list(&euros, "payouts")?[0]["why"], "no_payout_instruction");
    Ok(())
}

#[test]
fn an_open_cycle_is_a_preview() -> Result<()> {
    let books = december()?;
    let data = books.data();
    data.ok(["hold", "add", "ana", "--mid", "mid_a", "--why", "dispute", "--reference", "case-17"])?;
    let asked = |name: &'static str| ["report", name, "--mid", "mid_a", "--cycle", "2026-12"];
    let output = data.run(asked("seventy"))?;
    ensure!(output.status.success() && stderr(&output).contains("PREVIEW"), "{output:?}");
    let seventy = data.json(asked("seventy"))?;
    let platform = &list(&seventy, "platforms")?[0];
    assert_eq!((&platform["suspense"], &seventy["preview"]), (&Value::from("0.500000000000"), &Value::Bool(true)));
    let exceptions = data.json(asked("exceptions"))?;
    let rows: Vec<(&Value, &Value)> = list(&exceptions, "exceptions")?.iter().map(|row| (&row["kind"], &row["party"])).collect();
    // More of ana's was undone than earned: there is nothing to hold back.
    assert_eq!(rows, [(&Value::from("negative_balance"), &Value::from("ana"))], "{exceptions}");
    Ok(())
}

#[test]
fn a_refused_draft_is_a_no() -> Result<()> {
    let scene = Scene::new()?;
    let mid = json!({"kind": "mid", "id": "mid_a", "name": "mid_a", "legal_id": "LEI-mid_a", "fee": "0.2", "currency": "USD"});
    scene.load(&[mid])?;
    scene.meter("october", &[event("o1", "2026-10-03T00:00:00Z", "ana", "10")])?;
    let output = scene.data.run(["report", "seventy", "--mid", "mid_a", "--cycle", "2026-10", "--json"])?;
    let found: Value = serde_json::from_slice(&output.stdout)?;
    assert_eq!((output.status.code(), &found["refused"]), (Some(1), &Value::Bool(true)));
    assert_eq!((&found["agreements"][0]["share"], &found["agreements"][0]["finding"]), (&"0.64000000".into(), &"refused".into()));
    // What is closed and has no draft has no overview either.
    scene.close("mid_a", "2026-10")?;
    let said = scene.refused(&["report", "payouts", "--mid", "mid_a", "--cycle", "2026-10"])?;
    ensure!(said.contains("no draft yet"), "{said}");
    Ok(())
}

#[test]
fn the_public_sees_sums_of_many() -> Result<()> {
    let scene = Scene::new()?;
    let parties: Vec<String> = (0..24).map(|number| format!("member-{number:02}")).collect();
    let mut records = Vec::new();
    for party in &parties {
        records
            .push(json!({"kind": "party", "id": party, "name": party, "type": "person", "payout": {"method": "sepa", "currency": "USD"}}));
        records.push(
            json!({"kind": "membership", "party": party, "mid": "mid_a", "platforms": "*", "uses": "*", "from": "2026-01-01T00:00:00Z"}),
        );
    }
    scene.load(&records)?;
    let usage =
        |(number, party): (usize, &String)| event(&format!("o{number}"), "2026-10-03T00:00:00Z", party, &format!("{}.37", 10 + number));
    let mut events: Vec<Value> = parties.iter().enumerate().map(usage).collect();
    events.push(event("other", "2026-10-04T00:00:00Z", "cem", "1000"));
    events.push(event("unknown", "2026-10-04T00:00:00Z", "dora", "3"));
    scene.meter("october", &events)?;
    let draft = scene.settle("mid_a", "2026-10")?;
    let asked = ["report", "transparency", "--mid", "mid_a", "--cycle", "2026-10"];
    let found = scene.data.json(asked)?;
    assert_eq!((&found["totals"]["contributors"], &found["totals"]["labour"]), (&24.into(), &draft["labour"]));
    assert_eq!((&found["totals"]["fee_kept"], &found["totals"]["share_of_fee"]), (&draft["fee_kept"], &"0.05000000".into()));
    let shown: Vec<(&Value, &Value)> = list(&found, "outcome")?.iter().map(|row| (&row["what"], &row["contributors"])).collect();
    ensure!(shown.iter().all(|(_, count)| count.as_i64() >= Some(10)), "{found}");
    // 24 parties earned 516.88 of gross, and another MID's one 1,000.
    assert_eq!((&found["concentration"]["percent"], &found["concentration"]["above_30_percent"]), (&34.into(), &true.into()), "{found}");
    // dora is alone in suspense, and would be seen.
    ensure!(list(&found, "unsettled")?.is_empty() && scene.data.ok(asked)?.contains("platforms owe besides (suspense)"), "{found}");
    for form in [scene.data.ok(asked)?, found.to_string(), scene.data.ok([&asked[..], &["--csv"]].concat())?] {
        for hidden in ["member", "dora", "agr_a", "plt", "gross", "cem"] {
            ensure!(!form.contains(hidden), "{hidden}: {form}");
        }
    }
    let first = scene.data.ok(asked)?;
    scene.meter("late", &[event("late", "2026-10-05T00:00:00Z", "dora", "5")])?;
    assert_eq!(scene.data.ok(asked)?, first, "what comes after a draft changes nothing of what was said");
    Ok(())
}

also_on_postgres!(overviews_say_what_the_draft_says, the_public_sees_sums_of_many);
