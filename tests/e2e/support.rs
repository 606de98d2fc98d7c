//! Running the binary, and what it runs on.

use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ is a folder of the repository").to_owned()
}

/// Whether the slow checks are to run in full (`make test-slow`).
pub fn slow() -> bool {
    std::env::var_os("FARTHING_TEST_SLOW").is_some()
}

/// The binary under test, with its named steps; built once if it is not there.
pub fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| build().expect("the binary can be built"))
}

fn build() -> Result<PathBuf> {
    let this = std::env::current_exe()?;
    let folder = this.parent().and_then(Path::parent).context("test binaries are in target/PROFILE/deps")?;
    let binary = folder.join("farthing");
    // Always asked for: cargo does nothing if it is up to date, and a stale binary would test nothing.
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--quiet", "--workspace", "--all-targets", "--all-features"]).current_dir(root());
    if folder.file_name() == Some(OsStr::new("release")) {
        cargo.arg("--release");
    }
    let status = cargo.status()?;
    anyhow::ensure!(status.success() && binary.exists(), "cargo build gave no {}", binary.display());
    Ok(binary)
}

/// A data folder of its own, removed at the end.
pub struct Data {
    folder: tempfile::TempDir,
}

impl Data {
    pub fn new() -> Result<Data> {
        Ok(Data { folder: tempfile::tempdir()? })
    }

    /// The temporary folder; the books are in `books` below it.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn books(&self) -> PathBuf {
        self.folder.path().join("books")
    }

    pub fn archive(&self) -> PathBuf {
        self.books().join("archive")
    }

    pub fn ledger(&self) -> PathBuf {
        self.books().join("ledger.sqlite")
    }

    /// A command upon these books.
    pub fn command<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(binary());
        command.args(arguments).arg("--data").arg(self.books()).current_dir(self.path());
        command
    }

    /// Runs a command to its end.
    pub fn run<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Result<Output> {
        Ok(self.command(arguments).output()?)
    }

    /// Runs a command that must succeed; its standard output.
    pub fn ok<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Result<String> {
        let output = self.run(arguments)?;
        if !output.status.success() {
            bail!(
                "exit {:?}\n{}\n{}",
                output.status.code(),
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            );
        }
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Runs a command that must succeed with `--json`; its document.
    pub fn json<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Result<Value> {
        let arguments: Vec<std::ffi::OsString> =
            arguments.into_iter().map(|argument| argument.as_ref().to_owned()).chain(["--json".into()]).collect();
        Ok(serde_json::from_str(&self.ok(arguments)?)?)
    }
}

/// What a failed or refused command says on standard error.
pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
