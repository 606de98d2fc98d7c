//! Why the ledger did not do it.

use sqlx::postgres::PgDatabaseError;
use sqlx::sqlite::SqliteError;

/// Why the ledger did not do it, by what the caller is to do.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// Another act came first: look at the new head and try again.
    #[error("another process wrote to the ledger first")]
    Moved,
    /// Stop: another process reads this partition now, or the batch's number was taken back.
    #[error("the lease of partition {0} is lost: another process is metering it")]
    LostLease(String),
    /// Stop: a dead letter was replayed by another process, or does not exist.
    #[error("dead letter {0} does not exist or was replayed already")]
    NoSuchLetter(u64),
    /// Stop: what is to be booked is not what the act's manifest commits to.
    #[error("the entries to be booked are not those that manifest {0} commits to")]
    OtherEntries(u64),
    /// Try again: the database is away or busy. Whether the last commit was done is not known; an append can be repeated.
    #[error("the ledger's database is not available")]
    Unavailable(#[source] sqlx::Error),
    /// The URL names no ledger that this version can open.
    #[error("{0:?} is no ledger URL of this version: use sqlite://PATH or postgres://USER@HOST/DATABASE")]
    Url(String),
    /// There is no ledger, or it cannot be opened.
    #[error("the ledger {path} cannot be opened")]
    Open {
        /// Which one, without its password.
        path: String,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// The database holds no ledger.
    #[error("the database holds no ledger")]
    Missing,
    /// It was written by an older version, and others may be using it.
    #[error("the ledger's tables are of an older version: bring them to this one with: farthing ledger migrate")]
    Older,
    /// It was written by a newer version.
    #[error("the ledger was written by a newer version of farthing: use that one")]
    Newer,
    /// Its tables cannot be brought to this version.
    #[error("the ledger cannot be migrated")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// The database refused; nothing happened.
    #[error("the ledger refused")]
    Sql(#[source] sqlx::Error),
}

impl From<sqlx::Error> for LedgerError {
    fn from(error: sqlx::Error) -> LedgerError {
        if passes(&error) { LedgerError::Unavailable(error) } else { LedgerError::Sql(error) }
    }
}

/// Whoever waits for the database and loses patience says so in this way.
impl From<std::io::Error> for LedgerError {
    fn from(error: std::io::Error) -> LedgerError {
        LedgerError::Unavailable(sqlx::Error::Io(error))
    }
}

/// Whether the same may succeed later.
fn passes(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut => true,
        sqlx::Error::Database(error) => match error.try_downcast_ref::<PgDatabaseError>() {
            Some(error) => postgres_passes(error.code()),
            None => error.try_downcast_ref::<SqliteError>().is_some() && sqlite_passes(error.code().as_deref()),
        },
        _ => false,
    }
}

/// By PostgreSQL's codes, <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
fn postgres_passes(code: &str) -> bool {
    let lost = code.starts_with("08");
    let out_of_resources = code.starts_with("53");
    let shutting_down_or_recovering = ["57P01", "57P02", "57P03", "57P05", "25006"].contains(&code);
    let timeout = ["25P03", "25P04", "55P03", "57014"].contains(&code);
    let conflict = ["40001", "40P01"].contains(&code);
    lost || out_of_resources || shutting_down_or_recovering || timeout || conflict
}

/// Another process holds the file; the lowest byte of SQLite's code says so.
fn sqlite_passes(code: Option<&str>) -> bool {
    const BUSY: u32 = 5;
    const LOCKED: u32 = 6;
    code.and_then(|code| code.parse::<u32>().ok()).is_some_and(|code| [BUSY, LOCKED].contains(&(code & 0xff)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_is_told_from_defects() {
        for code in ["08006", "40001", "40P01", "53300", "55P03", "57014", "57P01", "57P03", "25P03"] {
            assert!(postgres_passes(code), "{code}");
        }
        for code in ["23505", "42P01", "P0001", "28P01", "3D000", "22021", "57P04"] {
            assert!(!postgres_passes(code), "{code}");
        }
        assert!(sqlite_passes(Some("5")) && sqlite_passes(Some("517")) && sqlite_passes(Some("262")));
        assert!(!sqlite_passes(Some("1555")) && !sqlite_passes(Some("19")) && !sqlite_passes(None));
        assert!(passes(&sqlx::Error::PoolTimedOut) && !passes(&sqlx::Error::RowNotFound));
    }
}
