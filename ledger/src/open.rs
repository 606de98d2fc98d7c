//! Opening a ledger.

use crate::LedgerError;
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use std::path::Path;
use std::time::Duration;

/// How long a transaction waits for another process's.
const BUSY: Duration = Duration::from_secs(60);

/// An open ledger.
#[derive(Clone, Debug)]
pub struct Ledger {
    pub(crate) pool: SqlitePool,
}

impl Ledger {
    /// Opens the ledger of a URL, `sqlite://PATH`; makes it if there is none and `create` is set.
    ///
    /// # Errors
    /// [`LedgerError::Url`], [`LedgerError::Open`] or [`LedgerError::Migrate`].
    pub async fn open(url: &str, create: bool) -> Result<Ledger, LedgerError> {
        let path = url.strip_prefix("sqlite://").filter(|path| !path.is_empty()).ok_or_else(|| LedgerError::Url(url.to_owned()))?;
        let options = SqliteConnectOptions::new()
            .filename(Path::new(path))
            .create_if_missing(create)
            .journal_mode(SqliteJournalMode::Wal)
            // What is committed survives a power cut.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY);
        let failed = |source| LedgerError::Open { path: path.to_owned(), source };
        let pool = SqlitePoolOptions::new().max_connections(2).connect_with(options).await.map_err(failed)?;
        match sqlx::migrate!("./migrations").run(&pool).await {
            Err(sqlx::migrate::MigrateError::VersionMissing(_)) => return Err(LedgerError::Newer),
            other => other?,
        }
        Ok(Ledger { pool })
    }

    /// Closes it: the write-ahead log is folded into the file.
    pub async fn close(self) {
        self.pool.close().await;
    }
}
