//! What the guards look at: the repository's files and cargo's view of the workspace.

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Crates without a clock, an environment, randomness or I/O.
pub const PURE: [&str; 4] = ["farthing-schemas", "farthing-aggregate", "farthing-settle", "farthing-bank"];

/// The repository's root.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests are a folder below the root")
}

/// One file of the repository that is text.
pub struct TextFile {
    /// From the root.
    pub path: String,
    /// All of it.
    pub text: String,
}

/// All text files that are tracked, or new and not ignored.
pub fn files() -> Result<Vec<TextFile>> {
    let listed = output(Command::new("git").args(["ls-files", "--cached", "--others", "--exclude-standard", "-z"]))?;
    let paths = listed.split('\0').filter(|path| !path.is_empty());
    // What was deleted and not yet committed is listed too; what is not UTF-8 is data, not text.
    Ok(paths.filter_map(|path| Some(TextFile { path: path.to_owned(), text: fs::read_to_string(root().join(path)).ok()? })).collect())
}

/// One file that must be there.
pub fn read(path: &str) -> Result<String> {
    fs::read_to_string(root().join(path)).with_context(|| format!("cannot read {path}"))
}

/// `cargo metadata` with these arguments more.
pub fn metadata(arguments: &[&str]) -> Result<Value> {
    let text = output(cargo().args(["metadata", "--format-version", "1"]).args(arguments))?;
    serde_json::from_str(&text).context("the answer of cargo metadata is not JSON")
}

/// Cargo, at the repository's root.
pub fn cargo() -> Command {
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(root());
    command
}

/// Standard output of a command that must succeed.
pub fn output(command: &mut Command) -> Result<String> {
    let output = command.current_dir(root()).output().with_context(|| format!("cannot run {command:?}"))?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).with_context(|| format!("{command:?} did not print UTF-8"))
}

/// A crate of its own in a temporary folder, outside this workspace, with one library file.
pub struct PlantedCrate {
    folder: tempfile::TempDir,
}

impl PlantedCrate {
    /// Writes the crate.
    pub fn new(library: &str) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let manifest = "[package]\nname = \"planted\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[workspace]\n";
        fs::create_dir(folder.path().join("src"))?;
        fs::write(folder.path().join("Cargo.toml"), manifest)?;
        fs::write(folder.path().join("src/lib.rs"), library)?;
        Ok(Self { folder })
    }

    /// Runs cargo on it, offline; the result is whether it passed, and what it said.
    pub fn cargo(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Result<(bool, String)> {
        let target: PathBuf = self.folder.path().join("target");
        let output = Command::new(env!("CARGO"))
            .args(arguments)
            .current_dir(self.folder.path())
            .env("CARGO_TARGET_DIR", target)
            .env("CARGO_NET_OFFLINE", "true")
            .envs(environment.iter().copied())
            .output()
            .context("cannot run cargo")?;
        Ok((output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned()))
    }
}
