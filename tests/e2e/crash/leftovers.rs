//! Leftovers of the killed: never counted, and swept up by whoever comes next.

use super::child::{Running, strace};
use super::scene::{Scene, Words, expected, meter, same, words};
use super::steps::start_until;
use crate::support::also_on_s3;
use anyhow::{Result, ensure};

/// Runs a command that the kernel kills as one of its threads makes a system call for the `when`th time.
fn killed_at_call(scene: &Scene, words: &Words, call: &str, when: u64) -> Result<()> {
    let report = scene.data.path().join("strace.txt");
    let inject = format!("inject={call}:signal=KILL:when={when}");
    let mut command = strace(&["-e", &format!("trace={call}"), "-e", &inject], &report, &scene.command(words))?;
    let output = Running::start(&mut command)?.output()?;
    ensure!(!output.status.success(), "it was not killed at {call} {when}");
    Ok(())
}

#[test]
fn whole_files_that_nobody_names_are_swept() {
    let scene = Scene::new().unwrap();
    for step in ["usage-written", "accruals-written", "manifest-written"] {
        start_until(&scene, &meter(60), step, 1).unwrap().kill_9().unwrap();
        assert!(!scene.unnamed().unwrap().is_empty(), "{step}");
        scene.sound().unwrap();
    }
    scene.ok(&meter(60)).unwrap();
    assert_eq!(scene.unnamed().unwrap(), [].into());
    start_until(&scene, &words("archive compact"), "compaction-written", 0).unwrap().kill_9().unwrap();
    assert!(!scene.unnamed().unwrap().is_empty());
    scene.ok(&words("archive compact")).unwrap();
    assert_eq!(scene.unnamed().unwrap(), [].into());
    same(&scene.outcome().unwrap(), expected().unwrap(), "after sweeping").unwrap();
}

/// What it replaced is no leftover of this compaction, but of the kill.
#[test]
fn what_a_committed_compaction_replaced_is_swept() {
    let scene = Scene::new().unwrap();
    scene.ok(&meter(60)).unwrap();
    start_until(&scene, &words("archive compact"), "compaction-committed", 0).unwrap().kill_9().unwrap();
    assert!(!scene.unnamed().unwrap().is_empty());
    scene.ok(&words("archive compact")).unwrap();
    scene.ok(&meter(60)).unwrap();
    assert_eq!(scene.unnamed().unwrap(), [].into());
    same(&scene.outcome().unwrap(), expected().unwrap(), "after sweeping").unwrap();
}

/// A file under its passing name is a leftover too: nobody lists it, and it must not stay for ever.
#[test]
fn half_written_files_are_swept() {
    let scene = Scene::new().unwrap();
    for _ in 0..2 {
        killed_at_call(&scene, &meter(60), "rename", 1).unwrap();
    }
    let half: Vec<String> = scene.unnamed().unwrap().into_iter().filter(|path| path.contains('#')).collect();
    assert!(!half.is_empty(), "being killed at a rename leaves a file under its passing name");
    scene.ok(&meter(60)).unwrap();
    scene.ok(&words("archive compact")).unwrap();
    scene.ok(&meter(60)).unwrap();
    assert_eq!(scene.unnamed().unwrap(), [].into());
    same(&scene.outcome().unwrap(), expected().unwrap(), "after sweeping").unwrap();
}

/// Whoever rebuilds a ledger from the archive must not find two manifests of one number. (One beyond the ledger's last cannot be
/// told from one that is about to be committed: it may stay until its number is taken.)
#[test]
fn copies_of_manifests_that_were_never_committed_are_swept() {
    let scene = Scene::new().unwrap();
    start_until(&scene, &meter(60), "manifest-written", 1).unwrap().kill_9().unwrap();
    scene.ok(&meter(60)).unwrap();
    let load = words("registry load addition.ndjson");
    start_until(&scene, &load, "manifest-written", 0).unwrap().kill_9().unwrap();
    scene.ok(&load).unwrap();
    scene.ok(&meter(60)).unwrap();
    scene.ok(&words("archive compact")).unwrap();
    let copies = scene.manifest_copies().unwrap();
    let twice: Vec<_> = copies.values().filter(|copies| copies.len() > 1).collect();
    assert!(twice.is_empty(), "two of one number: {twice:?}");
}

also_on_s3!(
    whole_files_that_nobody_names_are_swept,
    what_a_committed_compaction_replaced_is_swept,
    copies_of_manifests_that_were_never_committed_are_swept,
);
