//! The order of system calls: what a manifest names is durable before the transaction that names it.

use super::child::{Running, strace};
use super::scene::{Scene, Words, meter, words};
use super::trace::{Call, calls};
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const TRACED: &str = "trace=openat,write,pwrite64,fsync,fdatasync,rename,renameat,renameat2,mkdir,mkdirat";
const WAL: &str = "ledger.sqlite-wal";

/// A manifest as its copy in the archive has it.
struct Named {
    sequence: u64,
    /// The first half of its SHA-256, as its file's name has it.
    hash: String,
    /// Paths and lengths of its copy and of the files that it names.
    files: Vec<(String, u64)>,
}

fn manifests(scene: &Scene) -> Result<Vec<Named>> {
    let mut found = Vec::new();
    for (sequence, paths) in scene.manifest_copies()? {
        for path in paths {
            let text = fs::read_to_string(scene.data.archive().join(&path))?;
            let act = &serde_json::from_str::<Value>(&text)?["act"];
            let listed = act["files"].as_array().cloned().unwrap_or_default();
            let mut files = vec![(path.clone(), u64::try_from(text.len())?)];
            for file in listed.iter().chain(act.get("file")) {
                files.push((file["path"].as_str().context("a path")?.to_owned(), file["bytes"].as_u64().context("bytes")?));
            }
            let name = path.rsplit('/').next().unwrap_or_default().trim_end_matches(".json");
            let hash = name.split_once('-').with_context(|| path.clone())?.1.to_owned();
            found.push(Named { sequence, hash, files });
        }
    }
    Ok(found)
}

/// The calls of a command that succeeds.
fn traced(scene: &Scene, words: &Words) -> Result<Vec<Call>> {
    let report = scene.data.path().join("strace.txt");
    let mut command = strace(&["-y", "-s", "4096", "-e", TRACED], &report, &scene.command(words))?;
    let output = Running::start(&mut command)?.output()?;
    ensure!(output.status.success(), "{words:?}: {output:?}");
    calls(&fs::read_to_string(report)?)
}

/// What is wrong with the order in which a manifest and its files were written; none if its transaction is not among the calls.
fn wrong(calls: &[Call], archive: &Path, named: &Named) -> Option<Vec<String>> {
    let begins = |call: &&Call| call.name == "pwrite64" && ends(call, WAL) && call.arguments.contains(&named.hash);
    let transaction = calls.iter().find(begins)?;
    let synced = |call: &Call| is_sync(call) && ends(call, WAL) && call.start > transaction.end;
    let mut wrong = Vec::new();
    if !calls.iter().any(synced) {
        wrong.push(format!("manifest {}: its transaction is never synced", named.sequence));
    }
    // Not only before the sync: the system may write the log to the disk whenever it likes.
    let before: Vec<&Call> = calls.iter().filter(|call| call.end < transaction.start).collect();
    for (path, bytes) in &named.files {
        let at = archive.join(path);
        wrong.extend(file_wrong(&before, &at, *bytes).err().map(|error| format!("manifest {}: {path}: {error:#}", named.sequence)));
        for folder in at.ancestors().skip(1).take_while(|folder| folder.starts_with(archive)) {
            wrong.extend(folder_wrong(&before, folder).err().map(|error| format!("manifest {}: {path}: {error:#}", named.sequence)));
        }
    }
    Some(wrong)
}

/// Written whole under another name, synced, renamed, its folder synced: in this order.
fn file_wrong(before: &[&Call], path: &Path, bytes: u64) -> Result<()> {
    let renames =
        |call: &&&Call| call.name.starts_with("rename") && call.result == 0 && call.quoted().get(1).is_some_and(|to| Path::new(to) == path);
    let rename = before.iter().rev().find(renames).context("not renamed into place")?;
    let staged = rename.quoted()[0].to_owned();
    let of_staged = |call: &&&Call| call.of_descriptor() == Some(&staged);
    let writes: Vec<_> = before.iter().filter(|call| call.name.contains("write") && call.result > 0).filter(of_staged).collect();
    let written: i64 = writes.iter().map(|call| call.result).sum();
    ensure!(u64::try_from(written) == Ok(bytes), "{written} bytes are written, it has {bytes}");
    let last = writes.iter().map(|call| call.end).max().unwrap_or(0);
    let synced = before.iter().filter(of_staged).any(|call| is_sync(call) && call.start > last && call.end < rename.start);
    ensure!(synced, "not synced between its last write and its rename");
    let folder = path.parent().context("a folder")?;
    let folder_synced =
        before.iter().any(|call| is_sync(call) && call.of_descriptor().map(Path::new) == Some(folder) && call.start > rename.end);
    ensure!(folder_synced, "its folder is not synced after its rename");
    Ok(())
}

/// A folder made on the way is itself an entry of a folder that must be synced.
fn folder_wrong(before: &[&Call], folder: &Path) -> Result<()> {
    let made = |call: &&&Call| {
        call.name.starts_with("mkdir") && call.result == 0 && call.quoted().first().is_some_and(|made| Path::new(made) == folder)
    };
    let Some(made) = before.iter().find(made) else { return Ok(()) };
    let parent = folder.parent();
    let synced = before.iter().any(|call| is_sync(call) && call.of_descriptor().map(Path::new) == parent && call.start > made.end);
    ensure!(synced, "the folder {} is new, and the folder that it is in is not synced", folder.display());
    Ok(())
}

fn is_sync(call: &Call) -> bool {
    matches!(call.name.as_str(), "fsync" | "fdatasync") && call.result == 0
}

fn ends(call: &Call, suffix: &str) -> bool {
    call.of_descriptor().is_some_and(|path| path.ends_with(suffix))
}

#[test]
fn files_and_their_folders_are_synced_before_the_transaction_that_names_them() {
    let scene = Scene::bare().unwrap();
    let (mut shown, mut kinds) = (BTreeSet::new(), BTreeSet::new());
    let close = words(&format!("settle close --mid mid_sun --cycle 2026-09 --now {}", super::scene::NOW));
    for words in [words("registry load registry.ndjson"), meter(80), close, words("archive compact")] {
        let calls = traced(&scene, &words).unwrap();
        for named in manifests(&scene).unwrap() {
            if shown.contains(&named.sequence) {
                continue;
            }
            if let Some(wrong) = wrong(&calls, &scene.data.archive(), &named) {
                assert!(wrong.is_empty(), "{words:?}:\n{}", wrong.join("\n"));
                kinds.extend(named.files.iter().filter_map(|(path, _)| Some(path.split_once('/')?.0.to_owned())));
                shown.insert(named.sequence);
            }
        }
    }
    let all = scene.manifest_copies().unwrap().into_keys().collect();
    assert_eq!(shown, all, "the transactions of all manifests are found in the reports");
    assert!(kinds.iter().eq(["accruals", "lines", "manifests", "registry", "usage"]), "{kinds:?}");
}

/// The check above can fail: without any one of the syncs of a file or a folder that it rests on, it does.
#[test]
fn a_missing_sync_is_seen() {
    let scene = Scene::new().unwrap();
    let calls = traced(&scene, &meter(300)).unwrap();
    let archive = scene.data.archive();
    // The first manifest is of the registry, which was loaded before.
    let named: Vec<Named> = manifests(&scene).unwrap().into_iter().filter(|named| named.sequence > 1).collect();
    let is_whole = |calls: &[Call]| named.iter().all(|named| wrong(calls, &archive, named).is_some_and(|wrong| wrong.is_empty()));
    assert!(is_whole(&calls));
    let of_files = |call: &Call| is_sync(call) && call.of_descriptor().is_some_and(|path| path.contains("parquet#"));
    let of_months = |call: &Call| is_sync(call) && call.of_descriptor().is_some_and(|path| path.ends_with("=2026-09"));
    for (what, left_out) in [("files", &of_files as &dyn Fn(&Call) -> bool), ("folders", &of_months)] {
        let others: Vec<Call> = calls.iter().filter(|call| !left_out(call)).cloned().collect();
        assert!(others.len() < calls.len(), "{what} are synced at all");
        assert!(!is_whole(&others), "{what} without a sync are not seen");
    }
    let late: Vec<Call> = calls
        .iter()
        .map(|call| if of_files(call) { Call { start: usize::MAX, end: usize::MAX, ..call.clone() } } else { call.clone() })
        .collect();
    assert!(!is_whole(&late), "files that are synced too late are not seen");
}
