//! Running the binary, and what it runs on.

use crate::services::postgres;
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::cell::Cell;
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

thread_local! {
    /// Whether books that are made on this thread have their ledger on a server.
    static ON_POSTGRES: Cell<bool> = const { Cell::new(false) };
}

/// Runs a test whose books all have a ledger on PostgreSQL, each in a database of its own.
pub fn on_postgres<T>(test: impl FnOnce() -> T) -> T {
    ON_POSTGRES.set(true);
    let result = test();
    ON_POSTGRES.set(false);
    result
}

/// Tests of the module that are to hold on PostgreSQL, too.
macro_rules! also_on_postgres {
    ($($test:ident),+ $(,)?) => {
        mod on_postgres {
            $(#[test]
            fn $test() -> impl std::process::Termination {
                $crate::support::on_postgres(super::$test)
            })+
        }
    };
}
pub(crate) use also_on_postgres;

/// A data folder of its own, removed at the end.
pub struct Data {
    folder: tempfile::TempDir,
    /// The ledger's URL, if it is on a server.
    server: Option<String>,
}

impl Data {
    pub fn new() -> Result<Data> {
        let server = ON_POSTGRES.get().then(|| postgres::server().database());
        Ok(Data { folder: tempfile::tempdir()?, server })
    }

    /// Books whose ledger is there.
    pub fn on(server: String) -> Result<Data> {
        Ok(Data { folder: tempfile::tempdir()?, server: Some(server) })
    }

    /// The URL of a ledger on a server.
    pub fn server(&self) -> &str {
        self.server.as_deref().expect("the ledger is on a server")
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
        command.args(arguments).current_dir(self.path());
        match &self.server {
            None => command.arg("--data").arg(self.books()),
            Some(url) => {
                let archive = format!("file://{}", self.archive().display());
                command.args(["--ledger", url, "--archive", &archive]).env("XDG_CACHE_HOME", self.path().join("cache"))
            }
        };
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
