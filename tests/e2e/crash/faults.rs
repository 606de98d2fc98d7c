//! System calls that fail on purpose: either the command says so and the next run is right, or it succeeds and is right.

use super::child::{Running, strace};
use super::scene::{Scene, Words, expected_of_life, life, same};
use super::trace::calls;
use crate::dice::Dice;
use crate::support::{slow, stderr};
use anyhow::{Context, Result, ensure};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::process::{Command, Output};

/// Which calls fail, and with what.
const FAULTS: [(&str, &str); 10] = [
    ("fsync", "EIO"),
    ("write", "EIO"),
    ("write", "ENOSPC"),
    ("pwrite64", "EIO"),
    ("pwrite64", "ENOSPC"),
    ("rename", "EIO"),
    ("openat", "EIO"),
    ("openat", "EMFILE"),
    ("unlink", "EIO"),
    ("mkdir", "ENOSPC"),
];

fn faults_per_command() -> usize {
    if slow() { 30 } else { 3 }
}

/// What an undisturbed run of a command does, so that it can be hit: nothing of that run stays.
struct Rehearsal {
    /// How often a thread makes each call at most: strace counts per thread.
    most: BTreeMap<&'static str, u64>,
    /// The files of the archive that are written, under their passing names.
    written: Vec<String>,
}

fn rehearse(scene: &Scene, words: &Words) -> Result<Rehearsal> {
    let (books, aside) = (scene.data.books(), scene.data.path().join("aside"));
    let copied = !books.exists() || Command::new("cp").arg("-a").arg(&books).arg(&aside).status()?.success();
    ensure!(copied, "the books cannot be copied");
    let report = scene.data.path().join("strace.txt");
    let names: BTreeSet<&str> = FAULTS.iter().map(|(call, _)| *call).collect();
    let filter = format!("trace={}", names.iter().copied().collect::<Vec<_>>().join(","));
    let output = Running::start(&mut strace(&["-y", "-e", &filter], &report, &scene.command(words))?)?.output()?;
    ensure!(output.status.success(), "{words:?}: {}", stderr(&output));
    fs::remove_dir_all(&books)?;
    if aside.exists() {
        fs::rename(&aside, &books)?;
    }
    let calls = calls(&fs::read_to_string(report)?)?;
    let mut counts: BTreeMap<(u32, &str), u64> = BTreeMap::new();
    for call in &calls {
        *counts.entry((call.thread, &call.name)).or_default() += 1;
    }
    let most = |name: &str| counts.iter().filter(|((_, of), _)| *of == name).map(|(_, count)| *count).max().unwrap_or(0);
    let staged = calls.iter().filter(|call| call.name == "write").filter_map(|call| call.of_descriptor()).filter(|path| path.contains('#'));
    Ok(Rehearsal { most: names.iter().map(|name| (*name, most(name))).collect(), written: staged.map(str::to_owned).collect() })
}

/// Runs a command in which one call fails; what was done to it.
fn with_fault(scene: &Scene, words: &Words, rehearsal: &Rehearsal, dice: &mut Dice) -> Result<(Output, String)> {
    let (call, error) = *dice.pick(&FAULTS);
    let report = scene.data.path().join("strace.txt");
    let when = 1 + dice.below(rehearsal.most[call].max(1));
    // Threads wake each other by writing, too, which cannot fail: of `write`, only what goes to files is meant.
    let (when, path) = if call == "write" { (1, Some(dice.pick(&rehearsal.written).as_str())) } else { (when, None) };
    let (filter, inject) = (format!("trace={call}"), format!("inject={call}:error={error}:when={when}"));
    let mut options = vec!["-e", &filter, "-e", &inject];
    options.extend(path.into_iter().flat_map(|path| ["-P", path]));
    let story = format!("{} with {error} of {call} {when} {}", words.join(" "), path.unwrap_or_default());
    let output = Running::start(&mut strace(&options, &report, &scene.command(words))?)?.output().context(story.clone())?;
    Ok((output, story))
}

/// Exit 0, or exit 2 with the system's or the database's own words.
fn honest(output: &Output) -> Result<()> {
    let said = stderr(output);
    let causes = ["os error", "disk I/O error", "disk is full", "unable to open database", "database is locked"];
    match output.status.code() {
        Some(0) => Ok(()),
        // The dynamic loader opens files before there is a program.
        Some(127) if said.contains("error while loading shared libraries") => Ok(()),
        Some(2) if said.starts_with("farthing: ") && causes.iter().any(|cause| said.contains(cause)) => Ok(()),
        _ => anyhow::bail!("{}: {said}", output.status),
    }
}

/// Lives whose commands are hit again and again before they may finish.
#[test]
fn whatever_call_fails_no_figure_is_wrong() {
    let mut dice = Dice::new(0x5EED);
    let scene = Scene::bare().unwrap();
    let mut complaints = Vec::new();
    for words in life(37) {
        let rehearsal = rehearse(&scene, &words).unwrap();
        for _ in 0..faults_per_command() {
            let (output, story) = with_fault(&scene, &words, &rehearsal, &mut dice).unwrap();
            complaints.extend(honest(&output).err().map(|error| format!("{story}: {error}")));
        }
        scene.ok(&words).unwrap();
        scene.sound().unwrap();
    }
    same(&scene.outcome_of_life().unwrap(), expected_of_life().unwrap(), "a life of faults").unwrap();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

/// A disk that fails at every sync from some moment on: nothing is committed after it, and all that was before stays.
#[test]
fn a_disk_that_dies_takes_nothing_with_it() {
    let scene = Scene::new().unwrap();
    let report = scene.data.path().join("strace.txt");
    let words = super::scene::meter(37);
    for when in ["1+", "3+", "5+"] {
        for call in ["fsync", "rename", "pwrite64"] {
            let inject = format!("inject={call}:error=EIO:when={when}");
            let mut command = strace(&["-e", &format!("trace={call}"), "-e", &inject], &report, &scene.command(&words)).unwrap();
            let output = Running::start(&mut command).unwrap().output().unwrap();
            honest(&output).unwrap();
            assert_ne!(output.status.code(), Some(0), "every {call} fails from {when} on");
            scene.sound().unwrap();
        }
    }
    scene.ok(&words).unwrap();
    same(&scene.outcome().unwrap(), super::scene::expected().unwrap(), "a disk that died").unwrap();
}

/// Standard output and standard error are files as well, and may be full.
#[test]
fn full_outputs_are_no_reason_to_panic() {
    let scene = Scene::new().unwrap();
    let full = || File::options().write(true).open("/dev/full").unwrap();
    let output = scene.command(&super::scene::meter(60)).stderr(full()).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "what cannot be said beside the answer does not matter: {output:?}");
    let output = scene.command(&super::scene::words("accruals")).stdout(full()).output().unwrap();
    super::scene::refused(&output, &["No space left"]).unwrap();
    let output = scene.command(&super::scene::words("meter not-there.ndjson")).stderr(full()).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}
