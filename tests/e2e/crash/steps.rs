//! kill -9 at each named step, and on.

use super::child::Running;
use super::scene::{Scene, Words, expected_of_life, life, same};
use crate::support::{also_on_s3, slow};
use anyhow::{Context, Result, ensure};
use std::collections::BTreeSet;

/// The steps of a batch's commit, in order.
const COMMIT: [&str; 5] = ["batch-sealed", "usage-written", "accruals-written", "manifest-written", "batch-committed"];
const COMPACTION: [&str; 3] = ["compaction-written", "manifest-written", "compaction-committed"];

/// Starts a command that stops at a step once it was passed `passed` times, and waits until it is there.
pub fn start_until(scene: &Scene, words: &Words, step: &str, passed: u64) -> Result<Running> {
    let action = if passed == 0 { format!("{step}=pause") } else { format!("{step}={passed}*off->pause") };
    let mut running = Running::start(scene.command(words).env("FAILPOINTS", action))?;
    running.wait_until_still().with_context(|| format!("{} until {step} after {passed}", words.join(" ")))?;
    Ok(running)
}

/// Where a command of a life is to be killed; each step is passed by what ran before it, so that it is reached again.
fn stops(words: &Words) -> Vec<(&'static str, u64)> {
    match words[0].as_str() {
        "registry" => vec![("manifest-written", 0)],
        "meter" => COMMIT.iter().enumerate().map(|(at, step)| (*step, u64::from(at % 2 == 0))).collect(),
        "dead-letters" => COMMIT.iter().map(|step| (*step, 0)).collect(),
        "archive" => COMPACTION.iter().map(|step| (*step, 0)).collect(),
        // The search for copies, the cut-off and the result lines of what was metered until then are three acts.
        _ if words[1] == "close" => vec![
            ("copies-reversed", 0),
            ("manifest-written", 0),
            ("copies-searched", 0),
            ("manifest-written", 0),
            ("compaction-written", 0),
            ("manifest-written", 0),
            ("compaction-committed", 0),
        ],
        // Drafting keeps the draft, and then writes the result lines of what came since the cut-off.
        _ => vec![("manifest-written", 0), ("compaction-written", 0)],
    }
}

fn kill_at(scene: &Scene, words: &Words, step: &str, passed: u64) -> Result<()> {
    let running = start_until(scene, words, step, passed)?;
    if words[0] == "meter" {
        evidence(scene, step).with_context(|| format!("{} at {step}", words.join(" ")))?;
    }
    running.kill_9()
}

/// What is on the disk and not named tells that the process is where it is said to be, and that nothing of it counts.
fn evidence(scene: &Scene, step: &str) -> Result<()> {
    let unnamed = scene.unnamed()?;
    let tables: BTreeSet<&str> = unnamed.iter().filter_map(|path| path.split('/').next()).collect();
    let named = scene.json(&vec!["verify".to_owned()])?["compared"]["manifests"].as_u64().context("manifests")?;
    let copies = scene.manifest_copies()?;
    // Evidence of this batch and of the next may be archived ahead of the commit.
    let expected: &[&[&str]] = match step {
        "usage-written" => &[&["usage"]],
        "accruals-written" | "manifest-written" => &[&["accruals", "usage"]],
        _ => &[&[], &["usage"]],
    };
    ensure!(expected.iter().any(|expected| tables.iter().eq(*expected)), "unnamed are {unnamed:?}");
    let batch_of = |path: &String| path.split("batch-").nth(1)?.get(..9)?.parse::<u64>().ok();
    let committed = scene.named()?.iter().filter_map(batch_of).max().unwrap_or(0);
    let batches: BTreeSet<u64> = unnamed.iter().filter_map(batch_of).collect();
    let far = batches.len() > 2 || batches.iter().any(|batch| *batch <= committed);
    ensure!(!far, "unnamed are {unnamed:?} after batch {committed}");
    let last = copies.keys().last().copied().unwrap_or(0);
    let ahead = u64::from(step == "manifest-written");
    // A number ahead may hold the leftovers of earlier kills as well.
    ensure!(last == named + ahead || step != "manifest-written", "the last copy is of manifest {last}, the ledger has {named}");
    Ok(())
}

#[test]
fn killed_at_each_named_step_a_life_comes_to_the_same_result() {
    let scene = Scene::bare().unwrap();
    for words in life(29) {
        for (step, passed) in stops(&words) {
            kill_at(&scene, &words, step, passed).unwrap();
        }
        scene.ok(&words).unwrap();
    }
    same(&scene.outcome_of_life().unwrap(), expected_of_life().unwrap(), "killed at each step").unwrap();
}

/// Each step by itself, at the first, the second and the third time that it is passed.
#[test]
fn killed_at_one_named_step_a_life_comes_to_the_same_result() {
    if !slow() {
        return;
    }
    for at in 0..life(29).len() {
        for (step, passed) in stops(&life(29)[at]) {
            let again = if life(29)[at][0] == "meter" { 3 } else { 1 };
            for more in 0..again {
                let scene = Scene::bare().unwrap();
                for (number, words) in life(29).iter().enumerate() {
                    if number == at {
                        kill_at(&scene, words, step, passed + more).unwrap();
                    }
                    scene.ok(words).unwrap();
                }
                let story = format!("command {at} killed at {step} after {}", passed + more);
                same(&scene.outcome_of_life().unwrap(), expected_of_life().unwrap(), &story).unwrap();
            }
        }
    }
}

also_on_s3!(killed_at_each_named_step_a_life_comes_to_the_same_result);
