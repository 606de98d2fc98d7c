//! The lints of money code and of documentation are on, and each of them refuses what it is there for.

use super::workspace::{PURE, PlantedCrate, metadata, read};
use anyhow::{Context, Result, ensure};

/// Each money lint with the smallest function that it must refuse.
const REFUSED: &[(&str, &str)] = &[
    ("clippy::cast_possible_truncation", "pub fn f(x: u64) -> u32 { x as u32 }"),
    ("clippy::cast_sign_loss", "pub fn f(x: i64) -> u64 { x as u64 }"),
    ("clippy::cast_precision_loss", "pub fn f(x: u64) -> f64 { x as f64 }"),
    ("clippy::cast_possible_wrap", "pub fn f(x: u64) -> i64 { x as i64 }"),
    ("clippy::float_arithmetic", "pub fn f(x: f64) -> f64 { x + x }"),
    ("clippy::unwrap_used", "pub fn f(x: Option<u8>) -> u8 { x.unwrap() }"),
];
const CLEAN: &str = "//! Clean.\n/// Adds.\npub fn f(x: u32, y: i64) -> Option<i64> { y.checked_add(i64::from(x)) }\n";

/// The value of a variable of the Makefile, as words.
fn variable<'text>(makefile: &'text str, name: &str) -> Result<Vec<&'text str>> {
    let prefix = format!("{name} := ");
    let line = makefile.lines().find_map(|line| line.strip_prefix(&prefix)).with_context(|| format!("the Makefile has no {name}"))?;
    Ok(line.split_whitespace().collect())
}

fn clippy(library: &str, lints: &[&str]) -> Result<(bool, String)> {
    PlantedCrate::new(library)?.cargo(&[&["clippy", "--quiet", "--lib", "--"], lints].concat(), &[])
}

#[test]
fn the_money_lints_refuse_planted_code() -> Result<()> {
    let makefile = read("Makefile")?;
    let lints = variable(&makefile, "MONEY_LINTS")?;
    for (lint, _) in REFUSED {
        ensure!(lints.windows(2).any(|pair| pair == ["-D", *lint]), "{lint} is not denied in the Makefile");
    }
    let all_bad: String = REFUSED.iter().enumerate().map(|(n, (_, bad))| bad.replace("fn f", &format!("fn f{n}")) + "\n").collect();
    let (passed, said) = clippy(&all_bad, &lints)?;
    assert!(!passed, "the planted crate passed");
    // Clippy names the flag by which a lint was denied, with dashes or underscores.
    let said = said.replace('-', "_");
    for (lint, bad) in REFUSED {
        assert!(said.contains(lint), "{lint} did not refuse {bad:?}: {said}");
    }
    let (passed, said) = clippy(CLEAN, &lints)?;
    assert!(passed, "the clean crate was refused: {said}");
    Ok(())
}

#[test]
fn missing_and_broken_documentation_is_refused() -> Result<()> {
    let makefile = read("Makefile")?;
    let flags = variable(&makefile, "PURE_DOC_FLAGS")?.join(" ");
    let doc = |library: &str| PlantedCrate::new(library)?.cargo(&["doc", "--quiet", "--no-deps"], &[("RUSTDOCFLAGS", &flags)]);
    assert!(doc(CLEAN)?.0);
    let (passed, said) = doc("//! No function is described.\npub fn f() {}\n")?;
    assert!(!passed && said.contains("missing documentation"), "{said}");
    let (passed, said) = doc("//! See [`Gone`].\n")?;
    assert!(!passed && said.contains("unresolved link"), "{said}");
    Ok(())
}

#[test]
fn the_pure_crates_are_the_ones_checked() -> Result<()> {
    let makefile = read("Makefile")?;
    let checked = variable(&makefile, "PURE_CRATES")?;
    assert_eq!(checked, PURE.map(|name| ["-p", name]).concat());
    let recipe: Vec<&str> = makefile.lines().filter(|line| line.starts_with('\t')).collect();
    for needed in [["$(PURE_CRATES)", "$(MONEY_LINTS)"], ["$(PURE_CRATES)", "$(PURE_DOC_FLAGS)"]] {
        assert!(recipe.iter().any(|line| needed.iter().all(|part| line.contains(part))), "no recipe with {needed:?}");
    }
    Ok(())
}

#[test]
fn every_crate_has_the_lints_of_the_workspace() -> Result<()> {
    let metadata = metadata(&["--no-deps", "--offline"])?;
    for package in metadata["packages"].as_array().context("no packages")? {
        let manifest = package["manifest_path"].as_str().context("no manifest")?;
        assert!(inherits_lints(&std::fs::read_to_string(manifest)?)?, "{manifest} does not inherit the lints");
    }
    Ok(())
}

fn inherits_lints(manifest: &str) -> Result<bool> {
    let manifest: toml::Table = manifest.parse()?;
    Ok(manifest.get("lints").and_then(|lints| lints.get("workspace")).and_then(toml::Value::as_bool) == Some(true))
}

#[test]
fn a_planted_manifest_without_lints_is_found() -> Result<()> {
    assert!(inherits_lints("[lints]\nworkspace = true\n")?);
    assert!(!inherits_lints("[package]\nname = \"planted\"\n")?);
    assert!(!inherits_lints("[lints.clippy]\nunwrap_used = \"allow\"\n")?);
    Ok(())
}
