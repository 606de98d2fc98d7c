//! Crate arrows point one way: schemas <- aggregate, settle, bank <- ingest, archive, ledger <- farthing <- tests, load-tests.

use super::workspace::metadata;
use anyhow::Result;
use serde_json::Value;

/// Every crate of the workspace, and all that it may name, in normal, build and development dependencies alike.
const ARROWS: &[(&str, &[&str])] = &[
    ("farthing-schemas", &[]),
    ("farthing-aggregate", &["farthing-schemas"]),
    ("farthing-settle", &["farthing-schemas"]),
    ("farthing-bank", &["farthing-schemas"]),
    ("farthing-ingest", &["farthing-schemas", "farthing-aggregate"]),
    ("farthing-archive", &["farthing-schemas", "farthing-aggregate"]),
    ("farthing-ledger", &["farthing-schemas"]),
    (
        "farthing",
        &[
            "farthing-schemas",
            "farthing-aggregate",
            "farthing-settle",
            "farthing-bank",
            "farthing-ingest",
            "farthing-archive",
            "farthing-ledger",
        ],
    ),
    ("farthing-tests", &["farthing", "farthing-schemas", "farthing-aggregate", "farthing-settle", "farthing-load-tests"]),
    ("farthing-load-tests", &["farthing", "farthing-schemas", "farthing-settle"]),
];

/// (crate, what it depends on) for each edge inside the workspace, and (crate, itself) for each crate.
fn edges(metadata: &Value) -> Vec<(String, String)> {
    let name = |value: &Value| value["name"].as_str().unwrap_or_default().to_owned();
    let packages = metadata["packages"].as_array().cloned().unwrap_or_default();
    let ours: Vec<String> = packages.iter().map(name).collect();
    let mut edges: Vec<(String, String)> = ours.iter().map(|own| (own.clone(), own.clone())).collect();
    for package in &packages {
        let dependencies = package["dependencies"].as_array().cloned().unwrap_or_default();
        edges.extend(dependencies.iter().map(name).filter(|other| ours.contains(other)).map(|other| (name(package), other)));
    }
    edges
}

/// The edges that the table does not allow, and the crates that it does not know.
fn forbidden(edges: &[(String, String)]) -> Vec<String> {
    let allowed = |from: &str| ARROWS.iter().find(|(name, _)| *name == from).map(|(_, allowed)| *allowed);
    let judge = |(from, to): &(String, String)| match allowed(from) {
        None => Some(format!("{from} is not in the table of arrows")),
        Some(allowed) if from != to && !allowed.contains(&to.as_str()) => Some(format!("{from} -> {to}")),
        Some(_) => None,
    };
    edges.iter().filter_map(judge).collect()
}

#[test]
fn crate_arrows_point_one_way() -> Result<()> {
    let edges = edges(&metadata(&["--no-deps", "--offline"])?);
    assert!(edges.len() > ARROWS.len(), "no edges found: {edges:?}");
    assert_eq!(forbidden(&edges), Vec::<String>::new());
    Ok(())
}

#[test]
fn a_planted_arrow_is_refused() {
    let metadata = serde_json::json!({"packages": [
        {"name": "farthing-schemas", "dependencies": [{"name": "serde", "kind": null}, {"name": "farthing-ledger", "kind": "dev"}]},
        {"name": "farthing-ledger", "dependencies": [{"name": "farthing-schemas", "kind": null}]},
        {"name": "farthing-utils", "dependencies": []},
    ]});
    assert_eq!(forbidden(&edges(&metadata)), ["farthing-utils is not in the table of arrows", "farthing-schemas -> farthing-ledger"]);
}

#[test]
fn the_table_itself_has_no_cycle() {
    let position = |name: &str| ARROWS.iter().position(|(own, _)| *own == name);
    for (name, allowed) in ARROWS.iter().filter(|(name, _)| *name != "farthing-tests") {
        assert!(allowed.iter().all(|other| position(other) < position(name)), "{name} points up");
    }
}
