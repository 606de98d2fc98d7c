//! Locks of a ledger on a server: they go with the connection that holds them, and so with its process, however it ends.

use crate::open::connect;
use crate::{Ledger, LedgerError, LedgerUrl};
use sqlx::{AnyConnection, Connection, Row};
use std::path::Path;

/// A lock that is held for as long as its connection lives.
#[derive(Debug)]
pub struct Held {
    connection: AnyConnection,
}

/// It waits as long as it takes, and nobody cuts it off for being idle.
const PATIENT: &str = "SET lock_timeout = 0; SET statement_timeout = 0; SET idle_session_timeout = 0";

impl Held {
    /// Takes the lock of that name, if nobody holds it.
    ///
    /// # Errors
    /// [`LedgerError::Open`], [`LedgerError::Unavailable`] or [`LedgerError::Sql`]
    pub async fn try_take(url: &LedgerUrl, name: &str) -> Result<Option<Held>, LedgerError> {
        let mut connection = patient(url).await?;
        let select = "SELECT pg_try_advisory_lock(hashtextextended('farthing ' || $1 || ' ' || current_schema(), 0))";
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

impl Ledger {
    /// The file that it is in, if it is in one.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.url.path()
    }

    /// Whether nobody holds the lock of that name at the moment; of a ledger in a file, nobody ever does.
    ///
    /// # Errors
    /// [`LedgerError::Unavailable`] or [`LedgerError::Sql`]
    pub async fn is_free(&self, name: &str) -> Result<bool, LedgerError> {
        if self.url.path().is_some() {
            return Ok(true);
        }
        // It goes with the statement, which is a transaction of its own.
        let select = "SELECT pg_try_advisory_xact_lock_shared(hashtextextended('farthing ' || $1 || ' ' || current_schema(), 0))";
        Ok(sqlx::query(select).bind(name).fetch_one(&self.pool).await?.get(0))
    }
}

async fn patient(url: &LedgerUrl) -> Result<AnyConnection, LedgerError> {
    let mut connection = connect(url, false).await?;
    sqlx::raw_sql(PATIENT).execute(&mut connection).await?;
    Ok(connection)
}
