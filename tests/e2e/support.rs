//! Running the binary, and what it runs on.

use crate::services::{postgres, s3};
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::cell::Cell;
use std::collections::BTreeSet;
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

thread_local! {
    /// Whether books that are made on this thread have their archive in a bucket.
    static ON_S3: Cell<bool> = const { Cell::new(false) };
}

/// Runs a test whose books all have an archive on S3, each in a bucket of its own.
pub fn on_s3<T>(test: impl FnOnce() -> T) -> T {
    ON_S3.set(true);
    let result = test();
    ON_S3.set(false);
    result
}

/// Tests of the module that are to hold on S3, too.
macro_rules! also_on_s3 {
    ($($test:ident),+ $(,)?) => {
        mod on_s3 {
            $(#[test]
            fn $test() -> impl std::process::Termination {
                $crate::support::on_s3(super::$test)
            })+
        }
    };
}
pub(crate) use also_on_s3;

/// Where an archive is that is in no folder.
pub struct Bucket {
    pub name: String,
    /// Who is asked for it: the server, or something in between.
    endpoint: String,
}

/// Of the archive within its bucket.
pub const PREFIX: &str = "some/books";

/// A data folder of its own, removed at the end.
pub struct Data {
    folder: tempfile::TempDir,
    /// The ledger's URL, if it is on a server.
    server: Option<String>,
    /// The archive's bucket, if it is in one.
    bucket: Option<Bucket>,
}

impl Data {
    pub fn new() -> Result<Data> {
        let server = ON_POSTGRES.get().then(|| postgres::server().database());
        let bucket = ON_S3.get().then(|| Bucket::new(&s3::server().endpoint));
        Ok(Data { folder: tempfile::tempdir()?, server, bucket })
    }

    /// The same in memory where there is room for it: for tests of many acts, none of which is about disks.
    pub fn in_memory() -> Result<Data> {
        let data = Data::new()?;
        Ok(match memory()? {
            Some(memory) => Data { folder: tempfile::tempdir_in(memory)?, ..data },
            None => data,
        })
    }

    /// Books whose ledger is there.
    pub fn on(server: String) -> Result<Data> {
        Ok(Data { folder: tempfile::tempdir()?, server: Some(server), bucket: None })
    }

    /// The same, with the archive in a new bucket, for which that endpoint is asked.
    pub fn on_with_bucket(server: String, endpoint: &str) -> Result<Data> {
        Ok(Data { folder: tempfile::tempdir()?, server: Some(server), bucket: Some(Bucket::new(endpoint)) })
    }

    /// The URL of a ledger on a server.
    pub fn server(&self) -> &str {
        self.server.as_deref().expect("the ledger is on a server")
    }

    /// Whether the ledger is on a server.
    pub fn is_on_server(&self) -> bool {
        self.server.is_some()
    }

    /// Books whose archive is in a new bucket, for which that endpoint is asked.
    pub fn in_bucket(endpoint: &str) -> Result<Data> {
        Ok(Data { folder: tempfile::tempdir()?, server: None, bucket: Some(Bucket::new(endpoint)) })
    }

    /// The bucket of the archive.
    pub fn bucket(&self) -> &Bucket {
        self.bucket.as_ref().expect("the archive is in a bucket")
    }

    /// The paths of all files of the archive below a folder of it, whoever names them.
    pub fn archived(&self, below: &str) -> Result<BTreeSet<String>> {
        let mut found = BTreeSet::new();
        match &self.bucket {
            None => walk(&self.archive(), &self.archive().join(below), &mut found)?,
            Some(bucket) => {
                let names = s3::server().objects(&bucket.name, &format!("{PREFIX}/{below}/"))?;
                found.extend(names.iter().filter_map(|name| Some(name.strip_prefix(PREFIX)?.trim_start_matches('/').to_owned())));
            }
        }
        Ok(found)
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
        if let Some(bucket) = &self.bucket {
            command
                .envs([("AWS_ENDPOINT_URL", bucket.endpoint.as_str()), ("AWS_ALLOW_HTTP", "true")])
                .envs([("AWS_ACCESS_KEY_ID", "any"), ("AWS_SECRET_ACCESS_KEY", "hidden-secret")]);
        }
        match (&self.server, &self.bucket) {
            (None, None) => command.arg("--data").arg(self.books()),
            (server, bucket) => {
                let ledger = server.clone().unwrap_or_else(|| format!("sqlite://{}", self.ledger().display()));
                let archive = bucket.as_ref().map_or_else(|| format!("file://{}", self.archive().display()), Bucket::url);
                command.args(["--ledger", &ledger, "--archive", &archive]).env("XDG_CACHE_HOME", self.path().join("cache"))
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

/// Where files are kept in memory, if there is such a place with room for books.
fn memory() -> Result<Option<&'static Path>> {
    const ROOM_MIB: u64 = 2048;
    let place = Path::new("/dev/shm");
    if !place.is_dir() {
        return Ok(None);
    }
    let said = Command::new("df").args(["--output=avail", "-BM"]).arg(place).output()?;
    let room = String::from_utf8_lossy(&said.stdout).lines().nth(1).and_then(|line| line.trim().strip_suffix('M')?.parse().ok());
    Ok(room.filter(|room: &u64| *room >= ROOM_MIB).map(|_| place))
}

impl Bucket {
    /// A new one, for which that endpoint is asked.
    fn new(endpoint: &str) -> Bucket {
        Bucket { name: s3::server().bucket(), endpoint: endpoint.to_owned() }
    }

    pub fn url(&self) -> String {
        format!("s3://{}/{PREFIX}", self.name)
    }
}

/// All files below a folder as paths below the root.
fn walk(root: &Path, folder: &Path, found: &mut BTreeSet<String>) -> Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            walk(root, &path, found)?;
        } else {
            found.insert(path.strip_prefix(root)?.display().to_string());
        }
    }
    Ok(())
}

/// What a failed or refused command says on standard error.
pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
