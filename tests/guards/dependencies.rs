//! Licences, bans and sources of dependencies, as deny.toml has them, on machines with and without cargo-deny.
//!
//! Advisories are not held here: they need a database that this repository does not carry (deploy/check-dependencies.sh).

use super::workspace::{metadata, output, read};
use anyhow::{Context, Result};
use serde_json::Value;
use spdx::{Expression, ParseMode};
use std::process::Command;

/// What deny.toml says, as far as it is held here.
struct Policy {
    licences: Vec<String>,
    banned: Vec<String>,
    registries: Vec<String>,
}

impl Policy {
    fn read(text: &str) -> Result<Self> {
        let table: toml::Table = text.parse()?;
        let list = |section: &str, key: &str| -> Result<Vec<toml::Value>> {
            let found = table.get(section).and_then(|section| section.get(key)).and_then(toml::Value::as_array);
            found.cloned().with_context(|| format!("deny.toml has no list {section}.{key}"))
        };
        let text = |value: &toml::Value| value.as_str().map(str::to_owned).context("a text was expected");
        Ok(Self {
            licences: list("licenses", "allow")?.iter().map(text).collect::<Result<_>>()?,
            banned: list("bans", "deny")?
                .iter()
                .map(|ban| text(ban.get("crate").context("a ban without a crate")?))
                .collect::<Result<_>>()?,
            registries: list("sources", "allow-registry")?.iter().map(text).collect::<Result<_>>()?,
        })
    }

    /// Why a package may not be used; none is fine.
    fn faults(&self, package: &Value) -> Vec<String> {
        let name = package["name"].as_str().unwrap_or("a package without a name");
        let mut faults = Vec::new();
        match package["license"].as_str() {
            Some(licence) if self.allows(licence) => {}
            Some(licence) => faults.push(format!("{name}: licence {licence:?} is not allowed")),
            None => faults.push(format!("{name}: no licence is named")),
        }
        if self.banned.iter().any(|banned| banned == name) {
            faults.push(format!("{name}: banned"));
        }
        if let Some(source) = package["source"].as_str()
            && !source.strip_prefix("registry+").is_some_and(|registry| self.registries.iter().any(|allowed| allowed == registry))
        {
            faults.push(format!("{name}: source {source:?} is not allowed"));
        }
        faults
    }

    /// Whether some choice that the expression leaves open is on the list whole.
    fn allows(&self, licence: &str) -> bool {
        let Ok(expression) = Expression::parse_mode(licence, ParseMode::LAX) else { return false };
        expression.evaluate(|requirement| self.licences.contains(&requirement.to_string()))
    }
}

fn host() -> Result<String> {
    let version = output(Command::new("rustc").arg("-vV"))?;
    version.lines().find_map(|line| line.strip_prefix("host: ")).map(str::to_owned).context("rustc does not name its host")
}

#[test]
fn every_dependency_is_allowed() -> Result<()> {
    let policy = Policy::read(&read("deny.toml")?)?;
    // The host's packages alone: those of other systems need not have been downloaded.
    let metadata = metadata(&["--locked", "--all-features", "--filter-platform", &host()?])?;
    let used: Vec<&str> =
        metadata["resolve"]["nodes"].as_array().context("no nodes")?.iter().filter_map(|node| node["id"].as_str()).collect();
    let packages = metadata["packages"].as_array().context("no packages")?;
    let packages: Vec<&Value> = packages.iter().filter(|package| used.contains(&package["id"].as_str().unwrap_or_default())).collect();
    assert!(packages.len() > 50, "only {} packages found", packages.len());
    assert_eq!(packages.into_iter().flat_map(|package| policy.faults(package)).collect::<Vec<_>>(), Vec::<String>::new());
    Ok(())
}

#[test]
fn planted_dependencies_are_refused() -> Result<()> {
    let policy = Policy::read(&read("deny.toml")?)?;
    let registry = "registry+https://github.com/rust-lang/crates.io-index";
    for (name, licence, source, faults) in [
        ("fine", Some("MIT OR GPL-3.0-only"), registry, 0),
        ("old_form", Some("MIT/Apache-2.0"), registry, 0),
        ("grouped", Some("(MIT OR Apache-2.0) AND Unicode-3.0"), registry, 0),
        ("with_exception", Some("Apache-2.0 WITH LLVM-exception"), registry, 0),
        ("copyleft", Some("GPL-3.0-only"), registry, 1),
        ("both_needed", Some("MIT AND AGPL-3.0-only"), registry, 1),
        ("not_an_expression", Some("see the file"), registry, 1),
        ("silent", None, registry, 1),
        ("datafusion", Some("Apache-2.0"), registry, 1),
        ("forked", Some("MIT"), "git+https://example.org/forked", 1),
        ("elsewhere", Some("MIT"), "registry+https://example.org/index", 1),
    ] {
        let found = policy.faults(&serde_json::json!({"name": name, "license": licence, "source": source}));
        assert_eq!(found.len(), faults, "{name}: {found:?}");
    }
    Ok(())
}
