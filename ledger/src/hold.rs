//! Locks of a ledger on a server: they go with the connection that holds them, and so with its process, however it ends.

use crate::open::connect;
use crate::{LedgerError, LedgerUrl};
use sqlx::{AnyConnection, Connection, Row};

/// A lock that is held for as long as its connection lives.
#[derive(Debug)]
pub struct Held {
    connection: AnyConnection,
}

/// Whether others may hold a lock at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sharing {
    /// Nobody else.
    Alone,
    /// Others who share it, too.
    WithOthers,
}

/// It waits as long as it takes, and nobody cuts it off for being idle.
const PATIENT: &str = "SET lock_timeout = 0; SET statement_timeout = 0; SET idle_session_timeout = 0";

impl Held {
    /// Takes the lock of that name, if nobody holds it who does not share it.
    ///
    /// # Errors
    /// [`LedgerError::Open`], [`LedgerError::Unavailable`] or [`LedgerError::Sql`]
    pub async fn try_take(url: &LedgerUrl, name: &str, sharing: Sharing) -> Result<Option<Held>, LedgerError> {
        let mut connection = patient(url).await?;
        let select = match sharing {
            Sharing::Alone => "SELECT pg_try_advisory_lock(hashtextextended('farthing ' || $1 || ' ' || current_schema(), 0))",
            Sharing::WithOthers => "SELECT pg_try_advisory_lock_shared(hashtextextended('farthing ' || $1 || ' ' || current_schema(), 0))",
        };
        let taken: bool = sqlx::query(select).bind(name).fetch_one(&mut connection).await?.get(0);
        Ok(taken.then_some(Held { connection }))
    }

    /// Takes the lock of that name, once nobody else holds it.
    ///
    /// # Errors
    /// As for [`Held::try_take`].
    pub async fn wait_for(url: &LedgerUrl, name: &str) -> Result<Held, LedgerError> {
        let mut connection = patient(url).await?;
        let select = "SELECT pg_advisory_lock(hashtextextended('farthing ' || $1 || ' ' || current_schema(), 0))";
        sqlx::query(select).bind(name).execute(&mut connection).await?;
        Ok(Held { connection })
    }

    /// Whether it is still held: its connection may have been lost, and the lock with it.
    pub async fn still(&mut self) -> bool {
        self.connection.ping().await.is_ok()
    }
}

async fn patient(url: &LedgerUrl) -> Result<AnyConnection, LedgerError> {
    let mut connection = connect(url, false).await?;
    sqlx::raw_sql(PATIENT).execute(&mut connection).await?;
    Ok(connection)
}
