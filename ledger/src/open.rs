//! Opening a ledger, and bringing its tables to this version.

use crate::dialect::Dialect;
use crate::{LedgerError, LedgerUrl};
use sqlx::any::{AnyPoolOptions, AnyRow, install_default_drivers};
use sqlx::migrate::MigrateError;
use sqlx::{Any, AnyConnection, AnyPool, ConnectOptions, Connection, Row, Transaction};
use std::time::Duration;

/// How long a server may take to accept a connection; whoever can wait for longer tries again.
const ACCEPTS: Duration = Duration::from_secs(5);

pub(crate) type Sql = Transaction<'static, Any>;

/// An open ledger.
#[derive(Clone, Debug)]
pub struct Ledger {
    pub(crate) pool: AnyPool,
    pub(crate) url: LedgerUrl,
}

/// What [`Ledger::migrate`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Migrated {
    /// The version of the tables before; none if there were none.
    pub from: Option<i64>,
    /// Their version now.
    pub to: i64,
}

/// The tables of a ledger as they were found.
enum Tables {
    Missing,
    Older(i64),
    Current,
}

impl Ledger {
    /// Opens a ledger; makes it if there is none and `create` is set. An older one in a file is brought to this version; one on a server
    /// is used by others too, so that only [`Ledger::migrate`] does it.
    ///
    /// # Errors
    /// [`LedgerError::Open`], [`LedgerError::Missing`], [`LedgerError::Older`], [`LedgerError::Newer`], [`LedgerError::Migrate`] or
    /// [`LedgerError::Unavailable`].
    pub async fn open(url: &LedgerUrl, create: bool) -> Result<Ledger, LedgerError> {
        let mut connection = connect(url, create).await?;
        match (url.dialect, tables(url.dialect, &mut connection).await?) {
            (Dialect::Postgres, Tables::Missing) if !create => return Err(LedgerError::Missing),
            // Whoever made it was killed in between: nothing is in it, and nobody uses it.
            (Dialect::Postgres, Tables::Older(_)) if create && is_empty(&mut connection).await? => {
                run_migrations(url.dialect, &mut connection).await?;
            }
            (Dialect::Postgres, Tables::Older(_)) => return Err(LedgerError::Older),
            (Dialect::Postgres, Tables::Missing) => run_migrations(url.dialect, &mut connection).await?,
            (Dialect::Sqlite, Tables::Missing | Tables::Older(_)) => migrate_alone(&mut connection).await?,
            (_, Tables::Current) => {}
        }
        let dialect = url.dialect;
        // Without a limit of their age: the task that looks for old ones has been seen to look for ever, at the end of a process.
        let pool = AnyPoolOptions::new().max_connections(dialect.connections()).max_lifetime(None).idle_timeout(None);
        let pool = if dialect == Dialect::Postgres { pool.acquire_timeout(ACCEPTS) } else { pool };
        let pool = pool.after_connect(move |connection, _| Box::pin(prepare(dialect, connection)));
        let pool = pool.connect_lazy_with(url.options(create)?);
        connection.close().await?;
        Ok(Ledger { pool, url: url.clone() })
    }

    /// Whether there is a ledger on that server; for one in a file, whoever opens it looks for the file.
    ///
    /// # Errors
    /// [`LedgerError::Open`] or [`LedgerError::Unavailable`].
    pub async fn exists(url: &LedgerUrl) -> Result<bool, LedgerError> {
        let mut connection = connect(url, false).await?;
        let is_there = match tables(url.dialect, &mut connection).await {
            Ok(Tables::Missing) => false,
            // Whoever made it was killed in between: there is none until somebody makes it.
            Ok(Tables::Older(_)) => !is_empty(&mut connection).await?,
            Ok(Tables::Current) | Err(_) => true,
        };
        connection.close().await?;
        Ok(is_there)
    }

    /// Makes the tables, or brings them to this version. Others may use the ledger meanwhile.
    ///
    /// # Errors
    /// As for [`Ledger::open`].
    pub async fn migrate(url: &LedgerUrl) -> Result<Migrated, LedgerError> {
        let mut connection = connect(url, true).await?;
        let to = newest(url.dialect);
        let from = match tables(url.dialect, &mut connection).await? {
            Tables::Missing => None,
            Tables::Older(version) => Some(version),
            Tables::Current => Some(to),
        };
        match url.dialect {
            Dialect::Postgres => run_migrations(url.dialect, &mut connection).await?,
            Dialect::Sqlite => migrate_alone(&mut connection).await?,
        }
        connection.close().await?;
        Ok(Migrated { from, to })
    }

    /// A transaction that is the only one that writes.
    pub(crate) async fn begin(&self) -> Result<Sql, LedgerError> {
        let mut sql = self.pool.begin_with(self.url.dialect.begin()).await?;
        if let Some(statements) = self.url.dialect.only_writer() {
            sqlx::raw_sql(statements).execute(&mut *sql).await?;
        }
        Ok(sql)
    }

    /// Commits it: it is durable once this has returned.
    pub(crate) async fn commit(&self, mut sql: Sql) -> Result<(), LedgerError> {
        if let Some(statement) = self.url.dialect.before_commit() {
            sqlx::raw_sql(statement).execute(&mut *sql).await?;
        }
        Ok(sql.commit().await?)
    }

    /// Closes it; of a file, the write-ahead log is folded into it.
    pub async fn close(self) {
        self.pool.close().await;
    }
}

/// Whether nothing was ever appended.
async fn is_empty(connection: &mut AnyConnection) -> Result<bool, LedgerError> {
    let row = sqlx::query("SELECT COUNT(*) FROM manifests").fetch_one(connection).await?;
    Ok(row.get::<i64, _>(0) == 0)
}

/// One connection, whose failure says why; that of a pool would only say that none came in time.
pub(crate) async fn connect(url: &LedgerUrl, create: bool) -> Result<AnyConnection, LedgerError> {
    install_default_drivers();
    let failed = |source| match LedgerError::from(source) {
        LedgerError::Sql(source) => LedgerError::Open { path: url.to_string(), source },
        other => other,
    };
    let mut connection = url.options(create)?.connect().await.map_err(failed)?;
    prepare(url.dialect, &mut connection).await.map_err(failed)?;
    Ok(connection)
}

async fn prepare(dialect: Dialect, connection: &mut AnyConnection) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(dialect.connected()).execute(connection).await?;
    Ok(())
}

fn newest(dialect: Dialect) -> i64 {
    dialect.migrations().iter().map(|migration| migration.version).max().unwrap_or(0)
}

async fn tables(dialect: Dialect, connection: &mut AnyConnection) -> Result<Tables, LedgerError> {
    if sqlx::query(dialect.is_migrated()).fetch_one(&mut *connection).await?.get::<i64, _>(0) == 0 {
        return Ok(Tables::Missing);
    }
    let rows = sqlx::query("SELECT version, checksum FROM _sqlx_migrations WHERE success ORDER BY version").fetch_all(connection).await?;
    let applied: Vec<i64> = rows.iter().map(|row| row.get(0)).collect();
    if applied.iter().any(|version| !dialect.migrations().version_exists(*version)) {
        return Err(LedgerError::Newer);
    }
    let is_ours = |row: &&AnyRow| {
        dialect
            .migrations()
            .iter()
            .any(|migration| (migration.version, &*migration.checksum) == (row.get(0), &row.get::<Vec<u8>, _>(1)[..]))
    };
    if let Some(other) = rows.iter().find(|row| !is_ours(row)) {
        return Err(LedgerError::Migrate(MigrateError::VersionMismatch(other.get(0))));
    }
    let all = dialect.migrations().iter().all(|migration| applied.contains(&migration.version));
    match applied.last() {
        None => Ok(Tables::Missing),
        Some(_) if all => Ok(Tables::Current),
        Some(last) => Ok(Tables::Older(*last)),
    }
}

/// Many commands may meet an older file at once, or none: one of them makes the tables in one transaction, and the others wait for it.
async fn migrate_alone(connection: &mut AnyConnection) -> Result<(), LedgerError> {
    let mut sql = connection.begin_with(Dialect::Sqlite.begin()).await?;
    if !matches!(tables(Dialect::Sqlite, &mut sql).await?, Tables::Current) {
        run_migrations(Dialect::Sqlite, &mut sql).await?;
    }
    Ok(sql.commit().await?)
}

async fn run_migrations(dialect: Dialect, connection: &mut AnyConnection) -> Result<(), LedgerError> {
    if let Some(statement) = dialect.before_migrations() {
        sqlx::raw_sql(statement).execute(&mut *connection).await?;
    }
    match dialect.migrations().run(connection).await {
        Err(MigrateError::VersionMissing(_)) => Err(LedgerError::Newer),
        Err(MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)) => match LedgerError::from(error) {
            LedgerError::Sql(error) => Err(LedgerError::Migrate(MigrateError::Execute(error))),
            other => Err(other),
        },
        other => Ok(other?),
    }
}
