//! Files of NACHA: a bank tells those of one payer and day apart by a letter or digit.

use super::scene::{MID, NOW, Scene};
use crate::support::{also_on_postgres, stderr};
use anyhow::{Context, Result, ensure};
use std::collections::BTreeMap;

also_on_postgres!(files_of_one_day_are_told_apart_whatever_cycle_they_are_of);

/// Of each file: the day on which it was made, and what tells it apart.
fn told_apart(scene: &Scene) -> Result<BTreeMap<String, String>> {
    let header = |(name, bytes): (String, Vec<u8>)| {
        let text = String::from_utf8(bytes)?;
        let (day, modifier) = (text.get(23..29).context("no day")?, text.get(33..34).context("no modifier")?);
        Ok((name, format!("{day} {modifier}")))
    };
    scene.files()?.into_iter().map(header).collect()
}

#[test]
fn files_of_one_day_are_told_apart_whatever_cycle_they_are_of() -> Result<()> {
    let scene = Scene::in_dollars(3)?;
    // Of each cycle one file, and one more; the last on another day.
    for (cycle, day) in [("2026-10", NOW), ("2026-11", "2026-11-03T09:30:00Z")] {
        scene.approve(cycle)?;
        scene.data.json([&Scene::releasing(cycle)[..], &["--leave-out", "pty_2"]].concat())?;
        scene.step("reissue", cycle, &["--party", "pty_2", "--why", "mended", "--now", day, "--out", "files"])?;
    }
    let expected = [
        ("mid_guild-USD-2026-10-ach-1.ach", "261102 A"),
        ("mid_guild-USD-2026-10-ach-2.ach", "261102 B"),
        ("mid_guild-USD-2026-11-ach-1.ach", "261102 C"),
        ("mid_guild-USD-2026-11-ach-2.ach", "261103 A"),
    ];
    assert_eq!(told_apart(&scene)?, expected.map(|(name, header)| (name.to_owned(), header.to_owned())).into());
    // Written again they are as they were.
    scene.data.ok(["settle", "files", "--mid", MID, "--cycle", "2026-11", "--out", "files"])?;
    scene.holds()
}

fn reissuing(party: &str) -> Vec<&str> {
    Scene::moves("reissue", "2026-10", &["--party", party, "--why", "mended", "--now", NOW, "--out", "files"])
}

#[test]
fn a_payer_has_as_many_files_a_day_as_a_bank_can_tell_apart() -> Result<()> {
    let scene = Scene::in_dollars(37)?;
    scene.approve("2026-10")?;
    let parties: Vec<String> = (1..37).map(|party| format!("pty_{party}")).collect();
    let left_out = parties.iter().flat_map(|party| ["--leave-out", party.as_str()]);
    scene.data.json(Scene::releasing("2026-10").into_iter().chain(left_out).collect::<Vec<_>>())?;
    for party in &parties[..35] {
        scene.data.json(reissuing(party))?;
    }
    ensure!(told_apart(&scene)?.into_values().any(|header| header == "261102 9"), "{:?}", told_apart(&scene)?);
    let refused = scene.data.run(reissuing(&parties[35]))?;
    let said = stderr(&refused);
    ensure!(refused.status.code() == Some(1) && said.contains("a bank tells 36 files of one payer and day apart"), "{said}");
    assert_eq!(scene.files()?.len(), 36);
    Ok(())
}
