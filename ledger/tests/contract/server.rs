//! Ledgers to play on: a file, or a database of a server that this process starts and that ends with it.

use farthing_ledger::{Ledger, LedgerUrl};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use tempfile::TempDir;

/// Where one test has its ledger.
pub struct Place {
    pub url: LedgerUrl,
    /// The same as text, for statements past the ledger.
    pub text: String,
    _folder: Option<TempDir>,
}

impl Place {
    fn of(text: String, folder: Option<TempDir>) -> Place {
        Place { url: text.parse().expect("a word of the table"), text, _folder: folder }
    }

    pub async fn open(&self) -> Ledger {
        Ledger::open(&self.url, true).await.expect("the ledger answers")
    }
}

pub fn place_on_sqlite() -> Place {
    let folder = tempfile::tempdir().expect("a folder");
    Place::of(format!("sqlite://{}/ledger.sqlite", folder.path().display()), Some(folder))
}

/// A database of its own on the server that all tests share but those that kill it.
pub fn place_on_postgres() -> Place {
    static SHARED: OnceLock<Server> = OnceLock::new();
    SHARED.get_or_init(Server::start).place()
}

/// A server of PostgreSQL; it ends when this process does.
pub struct Server {
    folder: PathBuf,
    url: String,
}

impl Server {
    /// Starts one; if there is none to start, the test fails.
    pub fn start() -> Server {
        let folder = tempfile::Builder::new().prefix("farthing-postgres-").tempdir_in("/tmp").expect("a folder").keep();
        let owner = std::process::id().to_string();
        script(&["up", &folder.display().to_string(), "--owner", &owner, "--remove"]);
        let url = std::fs::read_to_string(folder.join("url")).expect("the URL of the server").trim().to_owned();
        Server { folder, url }
    }

    pub fn kill(&self) {
        script(&["kill", &self.folder.display().to_string()]);
    }

    pub fn start_again(&self) {
        script(&["start", &self.folder.display().to_string()]);
    }

    /// A new database.
    pub fn place(&self) -> Place {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("books_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        run(execute(&self.url, &format!("CREATE DATABASE {name}"))).expect("a new database");
        Place::of(format!("{}/{name}", self.url.rsplit_once('/').expect("a URL with a database").0), None)
    }
}

fn script(arguments: &[&str]) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/local/postgres.sh");
    let output = Command::new(&script).args(arguments).output().expect("the script runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{} {arguments:?} failed; the contract is tested on PostgreSQL, too:\n{said}", script.display());
}

/// A statement past the ledger.
pub async fn execute(url: &str, statement: &str) -> Result<(), sqlx::Error> {
    use sqlx::Connection;
    sqlx::any::install_default_drivers();
    let mut connection = sqlx::AnyConnection::connect(url).await?;
    sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&mut connection).await?;
    connection.close().await
}

pub fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("threads").block_on(work)
}
