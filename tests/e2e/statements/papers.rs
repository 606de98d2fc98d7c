//! Statements as papers: they look the way people and programs need them, and ids with anything in them stay words.

use super::proofs::settled;
use crate::analysts::python;
use crate::scenarios::scene::{Scene, event};
use crate::support::stderr;
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

const ANA: [&str; 6] = ["statement", "ana", "--mid", "mid_a", "--cycle", "2026-11"];

#[test]
fn every_form_says_the_same() -> Result<()> {
    let scene = settled()?;
    let form = |name: &str| scene.data.ok([&ANA[..], &["--format", name]].concat());
    let document: Value = serde_json::from_str(&form("json")?)?;
    assert_eq!(scene.data.ok([&ANA[..], &["--json"]].concat())?, form("json")?);
    assert_eq!(scene.data.ok(ANA)?, form("text")?);
    let (text, html, csv) = (form("text")?, form("html")?, form("csv")?);
    for name in ["labour", "paid", "carried_out"] {
        let amount = document["figures"][name].as_str().context("no figure")?;
        ensure!(csv.contains(&format!("{amount},")), "{name} {amount}: {csv}");
        let (whole, fraction) = amount.split_once('.').context("no point")?;
        let short = format!("{whole}.{:0<2}", fraction.trim_end_matches('0'));
        // What was undone has a row of its own, so the labour of both together stands nowhere.
        ensure!(name == "labour" || (text.contains(&short) && html.contains(&short)), "{name} {short}: {text}");
    }
    for words in ["2026-10", "mid_a", "the end not included", "How to check this statement"] {
        ensure!(text.contains(words) && html.contains(words), "{words}: {text}");
    }
    Ok(())
}

#[test]
fn a_preview_is_marked_and_costs_nothing() -> Result<()> {
    let scene = settled()?;
    let december = ["statement", "ana", "--mid", "mid_a", "--cycle", "2026-12"];
    let before = scene.data.ok(["archive", "list"])?;
    let output = scene.data.run(december)?;
    let said = String::from_utf8(output.stdout.clone())?;
    ensure!(output.status.success() && said.contains("PREVIEW") && stderr(&output).contains("preview"), "{output:?}");
    let document: Value = scene.data.json(december)?;
    assert_eq!((&document["preview"], document["figures"]["gross"].as_str()), (&Value::Bool(true), Some("6.000000000000")));
    assert_eq!(scene.data.ok(["archive", "list"])?, before, "a preview writes nothing");
    scene.close("mid_a", "2026-12")?;
    let said = scene.refused(&december)?;
    ensure!(said.contains("no draft yet"), "{said}");
    Ok(())
}

#[test]
fn html_is_well_formed_and_alone_whatever_the_ids_are() -> Result<()> {
    let scene = Scene::new()?;
    let (platform, agreement, party) = ("plt</td><script>alert(1)</script>", "agr\"onload='x'&amp;", "ana<i>&\u{202e}../é");
    let from = "2026-01-01T00:00:00Z";
    scene.load(&[
        json!({"kind": "platform", "id": platform, "name": "x", "legal_id": "LEI-X", "default_labour_share": "0.70"}),
        json!({"kind": "party", "id": party, "name": "x", "type": "person", "payout": {"method": "sepa", "currency": "USD"}}),
        json!({"kind": "membership", "party": party, "mid": "mid_a", "platforms": "*", "uses": "*", "from": from}),
        json!({"kind": "agreement", "id": agreement, "platform": platform, "mid": "mid_a", "uses": ["inference"], "labour_share": "0.80",
            "currency": "USD", "on_shortfall": "refuse", "from": from}),
    ])?;
    let mut used = event("o1", "2026-10-03T00:00:00Z", party, "10");
    used["data"]["platform"] = platform.into();
    scene.meter("october", &[used, event("o2", "2026-10-03T00:00:00Z", party, "1"), event("o3", "2026-10-03T00:00:00Z", "ana", "1")])?;
    scene.settle("mid_a", "2026-10")?;
    for form in ["html", "csv", "proof"] {
        scene.data.ok(["statement", "--all", "--mid", "mid_a", "--cycle", "2026-10", "--format", form, "--out", form])?;
    }
    let mut files: Vec<String> = Vec::new();
    for entry in std::fs::read_dir(scene.data.path().join("html"))? {
        files.push(entry?.path().display().to_string());
    }
    let odd = files.iter().find(|name| name.ends_with("/ana%3Ci%3E%26%E2%80%AE..%2F%C3%A9.html")).context("no such file")?;
    assert_eq!(files.len(), 2);
    let rows = python::run("statements/check_html.py", &files.iter().map(String::as_str).collect::<Vec<_>>())?;
    assert!(rows.trim().parse::<usize>()? > 10, "{rows}");
    let html = std::fs::read_to_string(odd)?;
    ensure!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;") && !html.contains("<script"), "{html}");
    // A program reads back from CSV and JSON exactly what the ids are.
    let csv = std::fs::read_to_string(odd.replace("/html/", "/csv/").replace(".html", ".csv"))?;
    ensure!(csv.contains("\"agr\"\"onload='x'&amp;\""), "{csv}");
    let proof: Value = serde_json::from_str(&std::fs::read_to_string(odd.replace("/html/", "/proof/").replace(".html", ".proof.json"))?)?;
    assert_eq!((proof["statement"]["party"].as_str(), proof["statement"]["uses"][0]["agreement"].as_str()), (Some(party), Some(agreement)));
    Ok(())
}
