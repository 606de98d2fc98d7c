//! The pure crates reach no I/O, no clock, no environment, no randomness and no binary floating point.

use super::sources::code_words;
use super::workspace::{PURE, cargo, files, output};
use anyhow::Result;

/// Crates that a pure crate must not reach through any chain of normal dependencies.
const FORBIDDEN_CRATES: &[&str] = &[
    "axum",
    "fail",
    "futures",
    "getrandom",
    "hyper",
    "object_store",
    "parquet",
    "rand",
    "rdkafka",
    "reqwest",
    "rusqlite",
    "sqlx",
    "sqlx-core",
    "tempfile",
    "tokio",
];

/// (crate, what it may reach although forbidden). arrow-array seeds its hash maps through ahash; nothing of that gets into a result, and
/// the determinism tests would show it if it did.
const TOLERATED: &[(&str, &str)] = &[("ahash", "getrandom")];

/// Words of code that a pure crate must not contain; a double colon counts as a word. (`Instant` alone is a type of farthing-schemas.)
const FORBIDDEN_WORDS: &[&str] = &[
    "std :: env",
    "std :: fs",
    "std :: net",
    "std :: process",
    "std :: time",
    "SystemTime",
    "Instant :: now",
    "Utc :: now",
    "Local :: now",
    "thread :: sleep",
    "thread :: spawn",
    "f32",
    "f64",
];

/// Chains from a tree printed with `--prefix depth --no-dedupe` to each forbidden crate, without the tolerated steps.
fn forbidden_chains(tree: &str) -> Vec<String> {
    let (mut chain, mut found, mut tolerated_below): (Vec<&str>, Vec<String>, Option<usize>) = (Vec::new(), Vec::new(), None);
    for line in tree.lines() {
        let digits = line.find(|c: char| !c.is_ascii_digit()).unwrap_or(line.len());
        let Ok(depth) = line[..digits].parse::<usize>() else { continue };
        let name = line[digits..].split(' ').next().unwrap_or_default();
        chain.truncate(depth);
        let parent = chain.last().copied().unwrap_or_default();
        chain.push(name);
        if tolerated_below.is_some_and(|limit| depth > limit) {
            continue;
        }
        tolerated_below = TOLERATED.contains(&(parent, name)).then_some(depth);
        if tolerated_below.is_none() && FORBIDDEN_CRATES.contains(&name) {
            found.push(chain.join(" -> "));
        }
    }
    found
}

/// The forbidden words in a source file, tests left out.
fn impure_words(source: &str) -> Result<Vec<&'static str>> {
    let words = code_words(source)?;
    Ok(FORBIDDEN_WORDS.iter().copied().filter(|word| words.contains(&format!(" {word} "))).collect())
}

#[test]
fn pure_crates_reach_no_impure_crate() -> Result<()> {
    for name in PURE {
        let tree = output(cargo().args(["tree", "-e", "normal", "--prefix", "depth", "--no-dedupe", "--all-features", "-p", name]))?;
        assert!(tree.starts_with(&format!("0{name} ")), "not a tree of {name}: {tree}");
        assert_eq!(forbidden_chains(&tree), Vec::<String>::new());
    }
    Ok(())
}

#[test]
fn a_planted_impure_crate_is_found() {
    let tree = "0farthing-aggregate v0.1.0\n1arrow-array v60.1.0\n2ahash v0.8.0\n3getrandom v0.3.0\n4libc v0.2.0\n2bytes v1.0.0\n3tokio v1.0.0\n1getrandom v0.4.0\n";
    assert_eq!(forbidden_chains(tree), ["farthing-aggregate -> arrow-array -> bytes -> tokio", "farthing-aggregate -> getrandom"]);
}

#[test]
fn pure_sources_have_no_clock_environment_or_float() -> Result<()> {
    let folders = PURE.map(|name| format!("{}/src/", name.trim_start_matches("farthing-")));
    let sources: Vec<_> = files()?.into_iter().filter(|file| folders.iter().any(|folder| file.path.starts_with(folder))).collect();
    let tests = super::sources::test_only_paths(&sources);
    let mut checked = 0;
    for file in sources.iter().filter(|file| file.path.ends_with(".rs") && !tests.iter().any(|test| file.path.starts_with(test.as_str()))) {
        let words = impure_words(&file.text).map_err(|error| error.context(file.path.clone()))?;
        assert_eq!(words, Vec::<&str>::new(), "{}", file.path);
        checked += 1;
    }
    assert!(checked >= PURE.len(), "only {checked} source files found");
    Ok(())
}

#[test]
fn planted_impure_words_are_found() -> Result<()> {
    for (source, expected) in [
        ("fn now() -> u64 { SystemTime::now().into() }", "SystemTime"),
        ("use std::{collections::BTreeMap, env};", "std :: env"),
        ("use std::fs as disk;", "std :: fs"),
        ("use std::{cmp::Ordering, time::{Duration, Instant as Clock}};", "std :: time"),
        ("fn f() { println!(\"{}\", Instant::now()); }", "Instant :: now"),
        ("fn f() { std::thread::sleep(pause); }", "thread :: sleep"),
        ("struct Money { amount: f64 }", "f64"),
        ("fn f() { vec![1 as f32] }", "f32"),
    ] {
        assert_eq!(impure_words(source)?, [expected], "{source}");
    }
    Ok(())
}

#[test]
fn comments_strings_and_tests_are_not_code() -> Result<()> {
    let source = "//! No f64, no std::env.\n/// Not SystemTime.\nfn f() { g(\"std::fs\") }\n#[cfg(test)]\nmod tests { use std::fs; const HALF: f64 = 0.5; }\n";
    assert_eq!(impure_words(source)?, Vec::<&str>::new());
    Ok(())
}
