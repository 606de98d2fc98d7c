//! What `deploy/` has for those who watch names metrics that a worker has, and no others; Prometheus's own tool takes the rules.

use super::asked::Scrape;
use super::scraped::with_scraped_worker;
use crate::support::root;
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const RULES: &str = "deploy/prometheus/alerts.yaml";
/// Labels that Prometheus has itself, and one that only failures have.
const OTHERS_LABELS: [&str; 4] = ["job", "instance", "le", "error_type"];
/// Words of its language that are no functions.
const KEYWORDS: [&str; 11] = ["and", "or", "unless", "by", "without", "on", "ignoring", "group_left", "group_right", "bool", "offset"];

/// Prometheus's own tool. Without it these tests cannot be, and must not be skipped.
fn promtool() -> Result<PathBuf> {
    let services = std::env::var_os("FARTHING_SERVICES").map_or_else(|| root().join(".services"), PathBuf::from);
    let places = [PathBuf::from("promtool"), services.join("prometheus/usr/bin/promtool")];
    let works = |program: &PathBuf| Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success());
    places.into_iter().find(works).context("promtool is not installed; run: deploy/install-test-tools.sh")
}

fn passes(words: &[&str], file: &Path) -> Result<()> {
    let output = Command::new(promtool()?).args(words).arg(file).output()?;
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    ensure!(output.status.success(), "promtool {words:?} {}: {said}", file.display());
    Ok(())
}

/// The expressions of the dashboard.
fn panels(board: &Value) -> Vec<String> {
    let targets = board["panels"].as_array().into_iter().flatten().flat_map(|panel| panel["targets"].as_array().into_iter().flatten());
    targets.filter_map(|target| target["expr"].as_str().map(str::to_owned)).collect()
}

/// The expressions of the alerts, on one line or several.
fn alerts(rules: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut within = None;
    for line in rules.lines() {
        let indent = line.len() - line.trim_start().len();
        match (line.trim_start().strip_prefix("expr: "), within) {
            (Some("|"), _) => {
                found.push(String::new());
                within = Some(indent);
            }
            (Some(expression), _) => found.push(expression.to_owned()),
            (None, Some(of)) if indent > of => found.last_mut().expect("one was begun").push_str(&format!("{} ", line.trim())),
            _ => within = None,
        }
    }
    found
}

/// Metrics and labels that an expression names.
fn named(expression: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut metrics, mut labels) = (BTreeSet::new(), BTreeSet::new());
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let (mut rest, mut grouping, mut matching) = (expression, false, false);
    while let Some(first) = rest.chars().next() {
        let length = rest.find(|c| !is_word(c)).unwrap_or(rest.len()).max(1);
        let (word, after) = rest.split_at(length);
        rest = after;
        match first {
            '"' => rest = rest.split_once('"').map_or("", |(_, after)| after),
            '[' => rest = rest.split_once(']').map_or("", |(_, after)| after),
            '{' => matching = true,
            '}' => matching = false,
            ')' => grouping = false,
            _ if !first.is_ascii_alphabetic() => {}
            _ if matching || grouping => drop(labels.insert(word.to_owned())),
            _ if ["by", "without", "on", "ignoring"].contains(&word) => grouping = true,
            _ if KEYWORDS.contains(&word) || rest.trim_start().starts_with('(') => {}
            // A function before its grouping: sum by (...) (...).
            _ if rest.trim_start().starts_with("by ") || rest.trim_start().starts_with("without ") => {}
            _ => drop(metrics.insert(word.to_owned())),
        }
    }
    (metrics, labels)
}

/// What is named but is not in the scrape.
fn unknown(expressions: &[String], scrape: &Scrape) -> Vec<String> {
    let there: BTreeSet<&str> = scrape.names().into_iter().collect();
    let mut unknown = Vec::new();
    for expression in expressions {
        let (metrics, labels) = named(expression);
        if metrics.is_empty() {
            unknown.push(format!("no metric in {expression}"));
        }
        unknown.extend(metrics.into_iter().filter(|name| !there.contains(name.as_str())));
        let known = |label: &str| OTHERS_LABELS.contains(&label) || scrape.text.contains(&format!("{label}=\""));
        unknown.extend(labels.into_iter().filter(|label| !known(label)));
    }
    unknown
}

/// The families of the table in `deploy/metrics.md`, with their kinds.
fn documented(table: &str) -> BTreeSet<(String, String)> {
    let row = |line: &str| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let name = cells.first()?.strip_prefix('`')?.strip_suffix('`')?;
        Some((name.to_owned(), (*cells.get(2)?).to_owned()))
    };
    table.lines().filter(|line| line.starts_with('|')).filter_map(row).collect()
}

#[test]
fn dashboards_alerts_and_the_table_name_what_a_worker_has() -> Result<()> {
    let board: Value = serde_json::from_str(&fs::read_to_string(root().join("deploy/grafana/farthing.json"))?)?;
    let (panels, alerts) = (panels(&board), alerts(&fs::read_to_string(root().join(RULES))?));
    ensure!(panels.len() > 15 && alerts.len() > 5, "only {} panels and {} alerts found", panels.len(), alerts.len());
    let table = documented(&fs::read_to_string(root().join("deploy/metrics.md"))?);
    with_scraped_worker(|_, address, scrape| {
        ensure!(unknown(&panels, scrape).is_empty(), "on the dashboard: {:?}", unknown(&panels, scrape));
        ensure!(unknown(&alerts, scrape).is_empty(), "in the alerts: {:?}", unknown(&alerts, scrape));
        let scraped: BTreeSet<_> = scrape.families.iter().map(|(name, kind)| (name.clone(), kind.clone())).collect();
        ensure!(scraped == table, "scraped, not in the table: {:?}; in the table, not scraped: {:?}", &scraped - &table, &table - &scraped);
        // A name that does not exist is found.
        let planted = ["sum(farthing_events_total) / farthing_gone_total".to_owned()];
        ensure!(unknown(&planted, &address.scrape()?) == ["farthing_gone_total"]);
        Ok(())
    })
}

/// Prometheus's own linter of metrics, but for two of its tastes that the conventions do not share.
#[test]
fn a_scrape_is_well_formed() -> Result<()> {
    with_scraped_worker(|scene, _, scrape| {
        let file = scene.data.path().join("scrape");
        fs::write(&file, &scrape.text)?;
        let output = Command::new(promtool()?).args(["check", "metrics"]).stdin(fs::File::open(&file)?).output()?;
        let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        let faults: Vec<&str> = said.lines().filter(|line| !line.trim().is_empty() && !line.contains("target_info")).collect();
        ensure!(faults.is_empty(), "{faults:?}");
        Ok(())
    })
}

#[test]
fn prometheus_takes_the_rules_and_their_tests_pass() -> Result<()> {
    passes(&["check", "rules", "--lint=all", "--lint-fatal"], &root().join(RULES))?;
    passes(&["test", "rules"], &root().join("deploy/prometheus/alerts.test.yaml"))?;
    // Each alert has a test in which it fires.
    let tests = fs::read_to_string(root().join("deploy/prometheus/alerts.test.yaml"))?;
    for line in fs::read_to_string(root().join(RULES))?.lines() {
        if let Some(name) = line.trim_start().strip_prefix("- alert: ") {
            let fires = tests.split(&format!("alertname: {name}\n")).skip(1).any(|after| after.trim_start().starts_with("exp_alerts:\n"));
            ensure!(fires, "no test in which {name} fires");
        }
    }
    Ok(())
}

/// The language of the dashboard's expressions is checked as if they were rules.
#[test]
fn prometheus_takes_the_expressions_of_the_dashboard() -> Result<()> {
    let board: Value = serde_json::from_str(&fs::read_to_string(root().join("deploy/grafana/farthing.json"))?)?;
    let mut rules = "groups:\n  - name: panels\n    rules:\n".to_owned();
    for (number, expression) in panels(&board).iter().enumerate() {
        let expression = Value::from(expression.replace("$__rate_interval", "5m")).to_string();
        rules += &format!("      - record: panel:{number}\n        expr: {expression}\n");
    }
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join("panels.yaml"), rules)?;
    passes(&["check", "rules"], &folder.path().join("panels.yaml"))
}

#[test]
fn names_are_found_in_expressions() {
    let check = |expression: &str, metrics: &[&str], labels: &[&str]| {
        let (found, with) = named(expression);
        assert_eq!(
            (found.iter().map(String::as_str).collect(), with.iter().map(String::as_str).collect()),
            (metrics.to_vec(), labels.to_vec())
        );
    };
    check("sum by (a, b) (rate(x_total{c=\"y_z\"}[5m])) > 0 and y", &["x_total", "y"], &["a", "b", "c"]);
    check("histogram_quantile(0.5, sum by (le) (rate(x_bucket[$__rate_interval])))", &["x_bucket"], &["le"]);
    check("time() - max(x{a=~\"$a\"})", &["x"], &["a"]);
}
