//! Running the judges of `tests/referees.py`. A tool that is missing is a test that fails.

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// Files for the judges, in a folder that ends with the test.
pub struct Jobs {
    folder: TempDir,
    jobs: Vec<Value>,
}

impl Jobs {
    pub fn new() -> Result<Jobs> {
        Ok(Jobs { folder: tempfile::tempdir()?, jobs: Vec::new() })
    }

    /// Adds a job over a file of these bytes.
    pub fn add(&mut self, bytes: &[u8], mut job: Value) -> Result<()> {
        let path = self.folder.path().join(format!("{}.file", self.jobs.len()));
        std::fs::write(&path, bytes)?;
        job["file"] = Value::String(path.display().to_string());
        self.jobs.push(job);
        Ok(())
    }

    /// What each job came to.
    pub fn run(self) -> Result<Vec<Value>> {
        let list = self.folder.path().join("jobs.json");
        std::fs::write(&list, serde_json::to_vec(&self.jobs)?)?;
        let python = root().join(".venv/bin/python");
        ensure!(python.is_file(), "{} is missing: run `make setup`", python.display());
        let output = Command::new(&python).arg(root().join("bank/tests/referees.py")).arg(&list).output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "the judges failed; `make setup` installs what they need: {said}");
        let results: Vec<Value> = serde_json::from_slice(&output.stdout).with_context(|| format!("no JSON: {said}"))?;
        ensure!(results.len() == self.jobs.len(), "{} results of {} jobs", results.len(), self.jobs.len());
        Ok(results)
    }
}

/// A schema that the crate `sepa` brings along.
pub fn packaged_schema(name: &str) -> Result<PathBuf> {
    // The host's packages alone: those of other systems need not have been downloaded.
    let about = String::from_utf8(Command::new(env!("CARGO")).arg("-vV").output()?.stdout)?;
    let host = about.lines().find_map(|line| line.strip_prefix("host: ")).context("cargo does not say its host")?;
    let arguments = ["metadata", "--format-version", "1", "--locked", "--filter-platform", host];
    let output = Command::new(env!("CARGO")).args(arguments).current_dir(root()).output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    let metadata: Value = serde_json::from_slice(&output.stdout).with_context(|| format!("cargo metadata failed: {said}"))?;
    let packages = metadata["packages"].as_array().context("no packages")?;
    let sepa = packages.iter().find(|package| package["name"] == "sepa").context("the crate sepa is not among the dependencies")?;
    let manifest = Path::new(sepa["manifest_path"].as_str().context("no manifest")?);
    let path = manifest.with_file_name("tests").join("xsd").join(name);
    ensure!(path.is_file(), "the crate sepa has no schema {name}");
    Ok(path)
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate is a folder below the root")
}
