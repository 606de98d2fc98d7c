//! The Python environment with the analysts' tools.

use crate::support::root;
use anyhow::{Result, ensure};
use std::process::Command;

/// Runs a script below `tests/e2e` with these arguments; its standard output.
pub fn run(script: &str, arguments: &[&str]) -> Result<String> {
    let python = root().join(".venv/bin/python");
    ensure!(python.exists(), "{} is not there; install the tests' tools with: deploy/install-test-tools.sh", python.display());
    // What else is installed on the machine must not matter, and no compiled files are to be left among the sources.
    let output = Command::new(python).arg("-sEB").arg(root().join("tests/e2e").join(script)).args(arguments).output()?;
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    ensure!(output.status.success(), "{script} {arguments:?}: {}\n{}\n{}", output.status, said(&output.stdout), said(&output.stderr));
    Ok(said(&output.stdout))
}
