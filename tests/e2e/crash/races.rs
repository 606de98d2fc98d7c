//! Races between processes, decided by delaying a system call of one of them.

use super::child::{Running, strace, wait_until};
use super::scene::{Scene, Words, expected, meter, meter_files, same, words};
use anyhow::Result;

const DELAY: &str = "delay_enter=1500000:when=1";

/// Starts a command that waits at a call, with others meanwhile, and then goes on.
fn delayed(scene: &Scene, words: &Words, options: &[&str], call: &str) -> Result<Running> {
    let report = scene.data.path().join("strace.txt");
    let (filter, inject) = (format!("trace={call}"), format!("inject={call}:{DELAY}"));
    let mut all = vec!["-e", &filter, "-e", &inject];
    all.extend(options);
    Running::start(&mut strace(&all, &report, &scene.command(words))?)
}

/// One opens the books, another meters and ends, and only then the first gets the lock: what it saw before is old.
#[test]
fn books_opened_before_the_lock_was_free_are_read_again() {
    for second in [meter_files(&["c.ndjson", "d.ndjson"], 60), words("dead-letters replay --all --now 2026-11-05T00:00:00Z")] {
        let scene = Scene::new().unwrap();
        scene.ok(&meter_files(&["a.ndjson"], 60)).unwrap();
        let running = delayed(&scene, &second, &[], "flock").unwrap();
        wait_until("the second is about to take the lock", || running.has_open("ledger.sqlite.meter-lock")).unwrap();
        scene.ok(&meter_files(&["a.ndjson", "b.ndjson"], 60)).unwrap();
        let output = running.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        scene.ok(&meter(60)).unwrap();
        scene.sound().unwrap();
        if second[0] == "meter" {
            same(&scene.outcome().unwrap(), expected().unwrap(), "a lock that came late").unwrap();
        }
    }
}

/// A reader has read what exists; before it opens a file, a compaction replaces and removes it.
#[test]
fn readers_are_not_misled_by_a_compaction() {
    let scene = Scene::new().unwrap();
    for (round, line) in ["verify", "accruals", "archive check", "settle draft --mid mid_sun --cycle 2026-10"].iter().enumerate() {
        // New small files for each reader, so that there is something to compact.
        scene.ok(&meter_files(&["a.ndjson", "b.ndjson", "c.ndjson", "d.ndjson"][..=round], 40)).unwrap();
        let table = if *line == "verify" { "usage" } else { "accruals" };
        let path = scene.named().unwrap().into_iter().find(|path| path.starts_with(table) && path.contains("batch-")).unwrap();
        let path = scene.data.archive().join(path);
        let running = delayed(&scene, &words(line), &["-P", path.to_str().unwrap()], "openat").unwrap();
        wait_until("the reader has the ledger open", || running.has_open("ledger.sqlite-wal")).unwrap();
        scene.ok(&words("archive compact")).unwrap();
        let output = running.output().unwrap();
        assert!(output.status.success(), "{line} while compacting: {output:?}");
    }
}
