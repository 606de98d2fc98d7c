//! Disks that are full, ledgers that may not be written, archives that are gone.

use super::child::{Running, wait_until};
use super::scene::{Scene, Words, expected, meter, refused, same, words};
use super::steps::start_until;
use crate::support::{Data, binary};
use anyhow::{Result, ensure};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Output};

/// A small disk of its own, unmounted at the end of its scope.
struct Disk {
    folder: PathBuf,
}

impl Disk {
    /// None where one may not mount: not root, or a container without the right to.
    fn mount(folder: PathBuf, kibibytes: u64) -> Result<Option<Disk>> {
        fs::create_dir_all(&folder)?;
        let done = Command::new("mount").args(["-t", "tmpfs", "-o", &format!("size={kibibytes}k"), "tmpfs"]).arg(&folder).output();
        Ok(done.is_ok_and(|output| output.status.success()).then(|| Disk { folder }))
    }

    fn remount(&self, options: &str) -> Result<()> {
        let output = Command::new("mount").args(["-o", &format!("remount,{options}")]).arg(&self.folder).output()?;
        ensure!(output.status.success(), "remount {options}: {output:?}");
        Ok(())
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: a process that is about to end may still hold it.
        let _ = Command::new("umount").arg("-l").arg(&self.folder).status();
    }
}

/// Runs a command none of whose files may grow beyond so many KiB, with the signal for it ignored, as a full disk would be.
fn with_short_files(scene: &Scene, words: &Words, kibibytes: u64) -> Result<Output> {
    let script = format!("trap '' XFSZ; ulimit -f {kibibytes}; exec \"$0\" \"$@\"");
    let command = scene.command(words);
    let mut limited = Command::new("bash");
    limited.args(["-c", &script]).arg(command.get_program()).args(command.get_args()).current_dir(scene.data.path());
    Running::start(&mut limited)?.output()
}

#[test]
fn files_that_may_not_grow_stop_metering_and_lose_nothing() {
    let scene = Scene::new().unwrap();
    let mut stopped = 0;
    for kibibytes in [4, 16, 64, 200] {
        let output = with_short_files(&scene, &meter(60), kibibytes).unwrap();
        if !output.status.success() {
            refused(&output, &[]).unwrap();
            let said = crate::support::stderr(&output);
            assert!(["File too large", "disk I/O error", "disk is full"].iter().any(|cause| said.contains(cause)), "{said}");
            stopped += 1;
        }
        scene.sound().unwrap();
    }
    assert!(stopped > 1, "some of these limits are too small to meter in");
    scene.ok(&meter(60)).unwrap();
    same(&scene.outcome().unwrap(), expected().unwrap(), "with short files").unwrap();
}

/// Where one may mount, a disk that is really full, the ledger and the archive on it.
#[test]
fn a_full_disk_stops_metering_and_loses_nothing() {
    let mut scene = Scene::bare().unwrap();
    let Some(disk) = Disk::mount(scene.data.path().join("books"), 700).unwrap() else { return };
    scene.ok(&words("registry load registry.ndjson")).unwrap();
    let mut stopped = 0;
    for kibibytes in [700, 800, 900, 1_100] {
        disk.remount(&format!("size={kibibytes}k")).unwrap();
        let output = scene.run(&meter(20)).unwrap();
        refused(&output, &[]).unwrap();
        let said = crate::support::stderr(&output);
        assert!(["No space left", "disk is full", "disk I/O error"].iter().any(|cause| said.contains(cause)), "{said}");
        stopped += 1;
    }
    assert_eq!(stopped, 4);
    disk.remount("size=64m").unwrap();
    scene.ok(&meter(20)).unwrap();
    same(&scene.outcome().unwrap(), expected().unwrap(), "after a full disk").unwrap();
    // The disk goes before the folder that it is in.
    drop(disk);
    scene.data = Data::new().unwrap();
}

/// A ledger elsewhere than its archive, so that one of them can be taken away.
fn apart(scene: &Scene, words: &Words) -> Command {
    let mut command = Command::new(binary());
    let at = |part: &str| scene.data.path().join(part).display().to_string();
    command.args(words).current_dir(scene.data.path());
    command.args(["--ledger", &format!("sqlite://{}/ledger.sqlite", at("ledger")), "--archive", &format!("file://{}", at("archive"))]);
    command
}

#[test]
fn a_read_only_ledger_is_named_and_loses_nothing() {
    let scene = Scene::bare().unwrap();
    let folder = scene.data.path().join("ledger");
    // As root, permissions hold nobody back, but a disk mounted read-only does.
    let disk = Disk::mount(folder.clone(), 4096).unwrap();
    let run = |words: &Words| apart(&scene, words).output().unwrap();
    assert!(run(&words("registry load registry.ndjson")).status.success());
    let set = |writable: bool| match &disk {
        Some(disk) => disk.remount(if writable { "rw" } else { "ro" }).unwrap(),
        None => {
            for path in [folder.join("ledger.sqlite"), folder.clone()] {
                let mode = if path.is_dir() { 0o555 } else { 0o444 } | if writable { 0o200 } else { 0 };
                fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            }
        }
    };
    for command in [meter(60), words("registry load addition.ndjson"), words("archive compact"), words("dead-letters replay --all")] {
        set(false);
        let output = run(&command);
        set(true);
        refused(&output, &["ledger.sqlite"]).unwrap();
        assert!(run(&words("verify")).status.success());
    }
    assert!(run(&meter(60)).status.success());
    let accruals = run(&words("accruals --json"));
    let accruals: serde_json::Value = serde_json::from_slice(&accruals.stdout).unwrap();
    assert_eq!(accruals["lines"], expected().unwrap()["accruals"]);
    drop(disk);
}

#[test]
fn an_archive_that_is_gone_is_named_by_every_command() {
    let scene = Scene::new().unwrap();
    scene.ok(&meter_first()).unwrap();
    let (archive, away) = (scene.data.archive(), scene.data.path().join("away"));
    let close = format!("settle close --mid mid_sun --cycle 2026-09 --now {}", super::scene::NOW);
    let list =
        ["accruals", "verify", "archive check", "archive compact", "registry load addition.ndjson", "dead-letters replay --all", &close];
    let commands: Vec<Words> = list.iter().map(|line| words(line)).chain([meter(60)]).collect();
    for empty in [false, true] {
        fs::rename(&archive, &away).unwrap();
        if empty {
            // What a mount point looks like while nothing is mounted.
            fs::create_dir(&archive).unwrap();
        }
        for command in &commands {
            let output = scene.run(command).unwrap();
            let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), crate::support::stderr(&output));
            // For those who are asked whether all is there, what is missing is an answer: no.
            let answers = empty && ["verify", "archive check"].contains(&command.join(" ").as_str());
            assert_eq!(output.status.code(), Some(if answers { 1 } else { 2 }), "{command:?} (empty: {empty}): {said}");
            assert!(said.contains("archive") || said.contains("missing"), "{command:?} (empty: {empty}): {said}");
            assert_eq!(archive.exists(), empty, "{command:?} made a new archive");
        }
        if empty {
            fs::remove_dir_all(&archive).unwrap();
        }
        fs::rename(&away, &archive).unwrap();
        scene.sound().unwrap();
    }
    same(&scene.outcome().unwrap(), expected().unwrap(), "the archive is back").unwrap();
}

fn meter_first() -> Words {
    super::scene::meter_files(&["a.ndjson"], 60)
}

/// The archive vanishes while a batch is under way, at each of its steps.
#[test]
fn an_archive_that_vanishes_while_metering_is_named_and_loses_nothing() {
    let scene = Scene::new().unwrap();
    let (archive, away) = (scene.data.archive(), scene.data.path().join("away"));
    for step in ["batch-sealed", "usage-written", "accruals-written"] {
        let sleeping = format!("{step}=2*off->1*sleep(400)");
        let mut running = Running::start(scene.command(&meter(20)).env("FAILPOINTS", sleeping)).unwrap();
        running.wait_until_still().unwrap();
        fs::rename(&archive, &away).unwrap();
        let output = running.output().unwrap();
        // What was written meanwhile went into a folder that only looks like the archive.
        if archive.exists() {
            fs::remove_dir_all(&archive).unwrap();
        }
        fs::rename(&away, &archive).unwrap();
        refused(&output, &[archive.to_str().unwrap()]).unwrap();
        scene.sound().unwrap();
    }
    scene.ok(&meter(20)).unwrap();
    same(&scene.outcome().unwrap(), expected().unwrap(), "the archive came back").unwrap();
}

/// The archive goes and comes back within one batch: what was written in between is not in it.
#[test]
fn an_archive_that_comes_back_lacks_nothing_that_is_named() {
    let scene = Scene::new().unwrap();
    let (archive, away) = (scene.data.archive(), scene.data.path().join("away"));
    scene.ok(&meter_first()).unwrap();
    let steps = "usage-written=1*sleep(400);accruals-written=1*sleep(400)";
    let mut running = Running::start(scene.command(&meter(60)).env("FAILPOINTS", steps)).unwrap();
    running.wait_until_still().unwrap();
    fs::rename(&archive, &away).unwrap();
    wait_until("sums in a folder made anew, or an end", || Ok(archive.join("accruals").exists() || running.ended()?.is_some())).unwrap();
    if running.ended().unwrap().is_none() {
        running.wait_until_still().unwrap();
    }
    if archive.exists() {
        fs::remove_dir_all(&archive).unwrap();
    }
    fs::rename(&away, &archive).unwrap();
    let output = running.output().unwrap();
    scene.sound().unwrap();
    if !output.status.success() {
        refused(&output, &[archive.to_str().unwrap()]).unwrap();
    }
    scene.ok(&meter(60)).unwrap();
    same(&scene.outcome().unwrap(), expected().unwrap(), "the archive was away for a moment").unwrap();
}

/// Killed within a batch while the archive is away: the books are whole once it is back.
#[test]
fn killed_while_the_archive_is_away() {
    let scene = Scene::new().unwrap();
    let (archive, away) = (scene.data.archive(), scene.data.path().join("away"));
    let running = start_until(&scene, &meter(60), "usage-written", 2).unwrap();
    fs::rename(&archive, &away).unwrap();
    running.kill_9().unwrap();
    refused(&scene.run(&meter(60)).unwrap(), &[archive.to_str().unwrap()]).unwrap();
    fs::rename(&away, &archive).unwrap();
    scene.ok(&meter(60)).unwrap();
    same(&scene.outcome().unwrap(), expected().unwrap(), "killed while the archive was away").unwrap();
}
