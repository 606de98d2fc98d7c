//! Proofs from real books: what the binary gives out verifies anywhere, and nothing else does; the same books give the same bytes.

use super::checkers::{Said, both, farthing, python};
use crate::golden::way::{Books, Form, Order, Runs, Way};
use crate::scenarios::scene::{NOW, Scene, event, event_of, reversal};
use crate::support::{Data, also_on_postgres, on_postgres};
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Two settled months of one MID and one of another, with something undone, late and left out; a third month is open.
pub fn settled() -> Result<Scene> {
    let scene = Scene::new()?;
    let (mid_a, mid_b) = ("mid_a", "mid_b");
    scene.meter(
        "october",
        &[
            event("o1", "2026-10-03T00:00:00Z", "ana", "10"),
            event_of("retrieval", "o2", "2026-10-04T00:00:00Z", "ana", "0.000000000431"),
            event_of("training", "o3", "2026-10-05T00:00:00Z", "ana", "3"),
            event("o4", "2026-10-06T00:00:00Z", "ben", "7.77"),
            event("o5", "2026-10-07T00:00:00Z", "cem", "5"),
            event("o6", "2026-10-08T00:00:00Z", "ben", "2"),
            reversal("r6", "2026-10-09T00:00:00Z", "o6"),
        ],
    )?;
    scene.settle(mid_a, "2026-10")?;
    scene.settle(mid_b, "2026-10")?;
    scene.meter(
        "november",
        &[
            event("n1", "2026-11-02T00:00:00Z", "ana", "4"),
            event("late", "2026-10-30T00:00:00Z", "ana", "1.5"),
            reversal("r1", "2026-11-05T00:00:00Z", "o1"),
            event("n2", "2026-11-06T00:00:00Z", "ben", "0.3"),
            event_of("training", "n3", "2026-11-07T00:00:00Z", "ben", "1"),
        ],
    )?;
    scene.close(mid_a, "2026-11")?;
    scene.data.ok(["settle", "draft", "--mid", mid_a, "--cycle", "2026-11", "--without", "agr_train"])?;
    scene.meter(
        "december",
        &[event("d1", "2026-12-02T00:00:00Z", "ana", "6"), event_of("training", "d2", "2026-12-02T00:00:00Z", "ben", "2")],
    )?;
    Ok(scene)
}

fn root_of(data: &Data, cycle: &str) -> Result<String> {
    let document = data.json(["settle", "root", "--mid", "mid_a", "--cycle", cycle])?;
    ensure!(document["sealed"] == false, "{document}");
    Ok(document["root"].as_str().context("no root")?.to_owned())
}

fn proof(scene: &Scene, party: &str, cycle: &str, more: &[&str]) -> Result<PathBuf> {
    let arguments = ["statement", party, "--mid", "mid_a", "--cycle", cycle, "--format", "proof"];
    let path = scene.data.path().join(format!("{party}-{cycle}{}.json", more.concat()));
    std::fs::write(&path, scene.data.ok([&arguments, more].concat())?)?;
    Ok(path)
}

#[test]
fn what_is_given_out_verifies_in_its_own_root_and_in_later_ones_only() -> Result<()> {
    let scene = settled()?;
    let (october, november) = (root_of(&scene.data, "2026-10")?, root_of(&scene.data, "2026-11")?);
    let documents = scene.data.json(["settle", "root", "--mid", "mid_a", "--cycle", "2026-11"])?;
    assert_eq!(documents["previous"].as_str(), Some(october.as_str()), "the chain holds all before");
    for party in ["ana", "ben"] {
        let own = proof(&scene, party, "2026-10", &[])?;
        assert_eq!(both(&own, &october)?, Said::Ok);
        assert_eq!(both(&own, &november)?, Said::no("wrong root"));
        let later = proof(&scene, party, "2026-10", &["--through", "2026-11"])?;
        assert_eq!((both(&later, &november)?, both(&later, &october)?), (Said::Ok, Said::no("wrong root")));
        assert_eq!(both(&proof(&scene, party, "2026-11", &[])?, &november)?, Said::Ok);
    }
    for (arguments, words) in [
        ("statement ana --mid mid_a --cycle 2026-11 --format proof --through 2026-10", &["--through 2026-10"][..]),
        ("statement ana --mid mid_a --cycle 2026-12 --format proof", &["2026-12", "no final draft"]),
        ("statement ana --mid mid_a --cycle 2026-10 --format proof --through 2026-12", &["2026-12", "no final draft"]),
        ("settle root --mid mid_a --cycle 2026-12", &["2026-12", "no final draft"]),
        ("settle root --mid nobody --cycle 2026-10", &["nobody", "mid_a"]),
        ("statement cem --mid mid_a --cycle 2026-10", &["cem", "no line in the draft"]),
        ("statement ana --mid mid_a --cycle 2026-10 --through 2026-11", &["--format proof"]),
        ("statement ana --mid mid_a --cycle 2026-10 --format html --json", &["--json"]),
        ("statement ana --mid mid_a --cycle 2026-10 --all", &["--all"]),
        ("statement ana --mid mid_a --cycle 2026-10 --out papers", &["--out"]),
        ("statement --all --cycle 2026-10", &["--mid", "--out"]),
        ("statement --all --mid mid_a --cycle 2026-10", &["--out"]),
        ("statement --all --mid mid_a --cycle 2026-10 --out .", &["--out .", "new folder"]),
    ] {
        let said = scene.refused(&arguments.split(' ').collect::<Vec<_>>())?;
        assert!(words.iter().all(|word| said.contains(word)), "{arguments}: {said}");
    }
    Ok(())
}

#[test]
fn what_was_changed_fails_with_what_was_changed() -> Result<()> {
    let scene = settled()?;
    let root = root_of(&scene.data, "2026-10")?;
    let whole = std::fs::read_to_string(proof(&scene, "ana", "2026-10", &[])?)?;
    let other = std::fs::read_to_string(proof(&scene, "ben", "2026-10", &[])?)?;
    let statement = |text: &str| text.split_once("\"statement\":").map(|(_, rest)| rest.to_owned()).context("no statement");
    let changed = |from: &str, to: &str| {
        assert!(whole.contains(from), "{from} is not in {whole}");
        whole.replacen(from, to, 1)
    };
    let file = scene.data.path().join("changed.json");
    let says = |text: &str| -> Result<Said> {
        std::fs::write(&file, text)?;
        both(&file, &root)
    };
    assert_eq!(says(&whole)?, Said::Ok);
    assert_eq!(
        says(&whole.replacen(",\"statement\":", " ,\n  \"statement\" : ", 1))?,
        Said::Ok,
        "what surrounds the statement may be laid out"
    );
    for text in [
        changed("\"carried_in\":\"0.", "\"carried_in\":\"1."),
        changed("\"events\":1", "\"events\":2"),
        changed("\"statement\":{\"", "\"statement\":{ \""),
        whole.replace(&statement(&whole)?, &statement(&other)?),
        changed("\"party\":\"ana\"", "\"party\":\"ana\",\"party\":\"ana\""),
        changed("\"preview\":false", "\"preview\":0.5"),
    ] {
        assert_eq!(says(&text)?, Said::no("changed statement"), "{text}");
    }
    assert_eq!(says(&changed("\"index\":0", "\"index\":1"))?, Said::no("wrong path"));
    assert_eq!(says(&changed("\"index\":0", "\"index\":2"))?, Said::no("wrong path"));
    assert_eq!(says(&changed("\"previous\":null", &format!("\"previous\":\"{root}\"")))?, Said::no("wrong chain"));
    for text in [
        String::new(),
        "[]".to_owned(),
        statement(&whole)?.trim_end().trim_end_matches('}').to_owned(),
        whole[..whole.len() / 2].to_owned(),
        format!("{whole}{whole}"),
        format!("\u{feff}{whole}"),
        changed("\"farthing_proof\":1", "\"farthing_proof\":2"),
        changed("\"farthing_proof\":1,", ""),
        changed("\"later\":[]", "\"later\":{}"),
        changed("\"previous\":null,", ""),
        changed("\"index\":0", "\"index\":-1"),
        changed("\"index\":0", "\"index\":0.5"),
        changed("\"index\":0", "\"index\":\"0\""),
        changed("\"index\":0", "\"index\":0,\"index\":0"),
        changed("\"index\":0", "\"index\":0,\"more\":0"),
        changed("\"leaf\":\"", "\"leaf\":\"0"),
        whole.replacen(&root, &root.to_uppercase(), 1),
        changed("\"later\":[]", "\"later\":[{\"cycle\":\"2026-13\",\"tree_size\":1,\"tree_root\":\"\"}]"),
        whole.trim_end().trim_end_matches('}').to_owned() + "},\"index\":0}",
    ] {
        assert_eq!(says(&text)?, Said::Malformed, "{text}");
    }
    // What is no root is wrong use.
    for hash in ["", "abc", &root.to_uppercase(), &format!("{root}0")] {
        assert_eq!(scene.data.run(["verify", "--statement", "changed.json", "--root", hash])?.status.code(), Some(2), "{hash}");
    }
    scene.refused(&["verify", "--statement", "changed.json"])?;
    scene.refused(&["verify", "--root", &root])?;
    assert_eq!(scene.data.run(["verify", "--statement", "nowhere.json", "--root", &root])?.status.code(), Some(2));
    Ok(())
}

/// All statements of a cycle in a form, by the names of their files.
fn written(data: &Data, mid: &str, cycle: &str, form: &str) -> Result<(PathBuf, BTreeMap<String, Vec<u8>>)> {
    let folder = format!("papers-{mid}-{cycle}-{form}");
    data.ok(["statement", "--all", "--mid", mid, "--cycle", cycle, "--format", form, "--out", &folder])?;
    let path = data.path().join(folder);
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(&path)? {
        let entry = entry?;
        files.insert(entry.file_name().to_string_lossy().into_owned(), std::fs::read(entry.path())?);
    }
    Ok((path, files))
}

/// All that is given out of both settled cycles, and their roots.
fn all_of(scene: &Scene) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut all = BTreeMap::new();
    for cycle in ["2026-10", "2026-11"] {
        for form in ["text", "html", "json", "csv", "proof"] {
            let (_, files) = written(&scene.data, "mid_a", cycle, form)?;
            ensure!(files.len() == 2, "{form} of {cycle}: {:?}", files.keys());
            all.extend(files.into_iter().map(|(name, bytes)| (format!("{cycle}/{name}"), bytes)));
        }
        all.insert(format!("{cycle}/root"), root_of(&scene.data, cycle)?.into_bytes());
    }
    Ok(all)
}

#[test]
fn the_same_books_give_the_same_bytes_on_both_databases() -> Result<()> {
    let one = all_of(&settled()?)?;
    assert_eq!(one.len(), 2 * (5 * 2 + 1));
    assert_eq!(all_of(&settled()?)?, one, "the same books twice");
    assert_eq!(on_postgres(|| all_of(&settled()?))?, one, "the same books on PostgreSQL");
    Ok(())
}

#[test]
fn all_statements_of_a_real_month_are_what_its_draft_says_and_verify() -> Result<()> {
    let way = Way { set: "real", batch: Some(1000), runs: Runs::One, form: Form::Gzip, order: Order::ByName, compact_between: false };
    let books = Books::metered(way)?;
    let data = &books.data;
    let carried = books.expected["carried"].as_array().cloned().unwrap_or_default();
    let mids: Vec<&str> = carried.iter().filter_map(|november| november["mid"].as_str()).collect();
    ensure!(!mids.is_empty(), "no MID has a month to settle");
    for mid in mids {
        data.ok(["settle", "close", "--mid", mid, "--cycle", "2026-10", "--now", NOW])?;
        let draft = data.json(["settle", "draft", "--mid", mid, "--cycle", "2026-10"])?;
        let lines = draft["lines"].as_array().context("no lines")?;
        let (_, statements) = written(data, mid, "2026-10", "json")?;
        assert_eq!(statements.len(), lines.len());
        for line in lines {
            check_figures(line, &statements)?;
        }
        let (folder, proofs) = written(data, mid, "2026-10", "proof")?;
        let files: Vec<PathBuf> = proofs.keys().map(|name| folder.join(name)).collect();
        let root = data.json(["settle", "root", "--mid", mid, "--cycle", "2026-10"])?["root"].as_str().context("no root")?.to_owned();
        assert_eq!(python(&files, &root)?, vec![Said::Ok; lines.len()]);
        for file in files.iter().step_by(files.len().div_ceil(5)) {
            assert_eq!(farthing(file, &root)?, Said::Ok);
        }
        let (_, pages) = written(data, mid, "2026-10", "text")?;
        let lengths = pages.values().map(|page| page.split(|byte| *byte == b'\n').count() - 1);
        assert!(lengths.clone().max() <= Some(60) && pages.len() == lines.len(), "{:?}", lengths.max());
    }
    Ok(())
}

/// The figures of a statement are those of its line in the draft.
fn check_figures(line: &Value, statements: &BTreeMap<String, Vec<u8>>) -> Result<()> {
    let party = line["party"].as_str().context("no party")?;
    let file = statements.get(&format!("{party}.json")).with_context(|| format!("no file of {party}"))?;
    let statement: Value = serde_json::from_slice(file)?;
    for (name, amount) in statement["figures"].as_object().context("no figures")? {
        ensure!(line[name] == *amount, "{party}: {name} is {amount}, but {} in the draft", line[name]);
    }
    Ok(())
}

#[test]
fn statements_count_the_events_that_count() -> Result<()> {
    let scene = settled()?;
    let uses = |party: &str, cycle: &str| -> Result<Vec<String>> {
        let document: Value = scene.data.json(["statement", party, "--mid", "mid_a", "--cycle", cycle])?;
        let line = |line: &Value| format!("{} {} {} {}", line["use"], line["events"], line["late"], line["labour"]).replace('"', "");
        Ok(document["uses"].as_array().context("no uses")?.iter().map(line).collect())
    };
    let october = ["inference 1 0 8.000000000000", "retrieval 1 0 0.000000000345", "training 1 0 2.250000000000"];
    assert_eq!(uses("ana", "2026-10")?, october);
    assert_eq!(uses("ben", "2026-10")?, ["inference 1 0 6.216000000000"], "an event that was undone in the cycle does not count");
    assert_eq!(uses("ana", "2026-11")?, ["inference 2 1 4.400000000000"]);
    let ana = scene.data.json(["statement", "ana", "--mid", "mid_a", "--cycle", "2026-11"])?;
    let undone = &ana["undone"][0];
    assert_eq!(
        (undone["cycle"].as_str(), undone["events"].as_i64(), undone["labour"].as_str()),
        (Some("2026-10"), Some(-1), Some("-8.000000000000"))
    );
    let ben = scene.data.json(["statement", "ben", "--mid", "mid_a", "--cycle", "2026-11"])?;
    assert_eq!((ben["left_out"][0]["agreement"].as_str(), ana["left_out"].as_array().map(Vec::len)), (Some("agr_train"), Some(0)));
    // What was left out comes in December, late, with what December has of its own; nobody has written its lines yet.
    assert_eq!(uses("ben", "2026-12")?, ["training 2 1 2.250000000000"]);
    assert_eq!(uses("ana", "2026-12")?, ["inference 1 0 4.800000000000"]);
    scene.settle("mid_a", "2026-12")?;
    assert_eq!(uses("ben", "2026-12")?, ["training 2 1 2.250000000000"]);
    assert_eq!(both(&proof(&scene, "ben", "2026-12", &[])?, &root_of(&scene.data, "2026-12")?)?, Said::Ok);
    Ok(())
}

also_on_postgres!(what_is_given_out_verifies_in_its_own_root_and_in_later_ones_only, statements_count_the_events_that_count);
