//! What names people and accounts is erased once it is not needed any more, and everything still adds up.

use super::scene::{MID, Scene};
use crate::analysts::python;
use crate::support::{also_on_postgres, stderr};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::fs;

also_on_postgres!(files_and_messages_are_erased_once_their_cycles_are_sealed);

/// The name of somebody whom only the bank names.
const NAME: &str = "Quetzalcoatl";

fn erased(scene: &Scene, before: &str) -> Result<(Value, Value)> {
    let said = scene.data.json(["bank", "erase", "--before", before])?;
    Ok((said["files"].clone(), said["messages"].clone()))
}

/// A message in which a bank says why it has not paid, and to whom.
fn rejecting(scene: &Scene, name: &str, party: &str, cycle: &str) -> Result<()> {
    let id = scene.payments(cycle)?[party]["payment"].as_str().context("no id")?.to_owned();
    let why = format!("<Cd>AC04</Cd></Rsn><AddtlInf>account of {NAME} is closed</AddtlInf>");
    let text = crate::bank::REPORT.replace("<Cd>AC04</Cd></Rsn>", &why).replace("ONE-2610-1", &id).replace("S-1", name);
    Ok(fs::write(scene.data.path().join(name), text)?)
}

#[test]
fn files_and_messages_are_erased_once_their_cycles_are_sealed() -> Result<()> {
    let scene = Scene::of(2)?;
    for cycle in ["2026-10", "2026-11"] {
        scene.approve(cycle)?;
        scene.data.json(Scene::releasing(cycle))?;
        for party in ["pty_0", "pty_1"] {
            let name = format!("{party}-{cycle}.xml");
            rejecting(&scene, &name, party, cycle)?;
            assert_eq!(scene.book(&[name])?, 0);
        }
    }
    // What fits no payment stands in its message alone: a person has to look at it.
    fs::write(scene.data.path().join("unknown.xml"), crate::bank::REPORT)?;
    assert_eq!(scene.book(&["unknown.xml".to_owned()])?, 1);
    // A row that stays for good names nobody.
    assert_eq!(scene.payments("2026-10")?["pty_0"]["reason"], "AC04: account of *** is closed");
    assert_eq!(erased(&scene, "2200-01-01")?, (json!(0), json!(0)), "nothing is sealed yet");
    scene.step("reconcile", "2026-10", &[])?;
    scene.step("seal", "2026-10", &[])?;
    assert_eq!(erased(&scene, "2020-01-01")?, (json!(0), json!(0)), "nothing is so old");

    let before = (scene.payments("2026-10")?, scene.data.json(["trial-balance"])?, scene.data.json(["ledger", "check"])?);
    assert_eq!(erased(&scene, "2200-01-01")?, (json!(1), json!(2)), "November is not sealed");
    assert_eq!(erased(&scene, "2200-01-01")?, (json!(0), json!(0)));
    assert_eq!((scene.payments("2026-10")?, scene.data.json(["trial-balance"])?, scene.data.json(["ledger", "check"])?), before);
    scene.holds()?;
    // A message that was erased is known all the same; a file that was cannot be written out, and others can.
    assert_eq!(scene.book(&["pty_0-2026-10.xml".to_owned()])?, 0);
    fs::remove_dir_all(scene.data.path().join("files"))?;
    let files = |cycle| scene.data.run(["settle", "files", "--mid", MID, "--cycle", cycle, "--out", "files"]);
    let refused = files("2026-10")?;
    ensure!(refused.status.code() == Some(2) && stderr(&refused).contains("was erased"), "{}", stderr(&refused));
    ensure!(files("2026-11")?.status.success());

    scene.step("reconcile", "2026-11", &[])?;
    scene.step("seal", "2026-11", &[])?;
    assert_eq!(erased(&scene, "2200-01-01")?, (json!(1), json!(2)));
    scene.holds()
}

/// A file of SQLite keeps what is deleted in pages that it does not use, and in its log.
#[test]
fn nothing_of_what_is_erased_is_left_in_the_files_of_the_ledger() -> Result<()> {
    let scene = Scene::of(1)?;
    scene.approve("2026-10")?;
    scene.data.json(Scene::releasing("2026-10"))?;
    rejecting(&scene, "rejected.xml", "pty_0", "2026-10")?;
    assert_eq!(scene.book(&["rejected.xml".to_owned()])?, 0);
    let path = scene.data.books().join("ledger.sqlite").display().to_string();
    let pieces: Vec<String> = serde_json::from_str(&python::run("paying/bodies.py", &[&path])?)?;
    let stand = || -> Result<usize> {
        let mut files = String::new();
        for entry in fs::read_dir(scene.data.books())? {
            let path = entry?.path();
            if path.is_file() {
                files += &fs::read(path)?.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
            }
        }
        Ok(pieces.iter().filter(|piece| files.contains(*piece)).count())
    };
    ensure!((pieces.len(), stand()?) == (2, 2), "{pieces:?}");
    scene.step("reconcile", "2026-10", &[])?;
    scene.step("seal", "2026-10", &[])?;
    assert_eq!(erased(&scene, "2200-01-01")?, (json!(1), json!(1)));
    assert_eq!(stand()?, 0, "some of it is still in a file");
    scene.holds()
}
