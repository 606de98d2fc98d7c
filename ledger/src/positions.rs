//! Positions: how far each partition is metered, and who may read it.

use crate::open::Sql;
use crate::{Ledger, LedgerError, signed, unsigned};
use farthing_schemas::manifest::{Counts, sha256_hex};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, Row};

/// What [`position`] reads, in that order.
const COLUMNS: &str = "partition, epoch, next, fingerprint, read, metered, duplicate, rejected, sealed";

/// How far a partition is metered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// The partition.
    pub partition: String,
    /// The lease of its last reader.
    pub epoch: u64,
    /// Where to go on.
    pub next: u64,
    /// What a file begins with, as `LENGTH:SHA-256`; empty for what is no file.
    pub fingerprint: String,
    /// All that was counted.
    pub counts: Counts,
    /// SHA-256 of all of it in hex, as kept beside it.
    pub sealed: String,
}

impl Position {
    /// A partition that was never read.
    #[must_use]
    pub fn fresh(partition: &str) -> Position {
        let (partition, fingerprint, sealed) = (partition.to_owned(), String::new(), String::new());
        Position { partition, epoch: 0, next: 0, fingerprint, counts: Counts::default(), sealed }
    }

    /// The SHA-256 that must stand beside it.
    #[must_use]
    pub fn seal(&self) -> String {
        let Counts { read, metered, duplicate, rejected } = self.counts;
        let numbers = [self.epoch, self.next, read, metered, duplicate, rejected].map(|number| number.to_string()).join(" ");
        sha256_hex(format!("{numbers} {} {}", self.fingerprint, self.partition).as_bytes())
    }
}

/// The right to read a partition, until another takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Its number: higher than that of every lease before.
    pub epoch: u64,
    /// Where to go on.
    pub next: u64,
}

impl Ledger {
    /// Takes the next lease of a partition; one that was never leased begins at `first`, one that is still at 0 has that fingerprint from
    /// now on.
    ///
    /// # Errors
    /// [`LedgerError::Unavailable`] or [`LedgerError::Sql`], as for all reading here.
    pub async fn lease(&self, partition: &str, fingerprint: &str, first: u64) -> Result<Lease, LedgerError> {
        let mut sql = self.begin().await?;
        let mut position = position_in(&mut sql, partition).await?.unwrap_or_else(|| Position::fresh(partition));
        if position.next == 0 {
            fingerprint.clone_into(&mut position.fingerprint);
        }
        if position.epoch == 0 {
            position.next = first;
        }
        position.epoch += 1;
        put_position(&mut sql, &position).await?;
        self.commit(sql).await?;
        Ok(Lease { epoch: position.epoch, next: position.next })
    }

    /// The position of one partition.
    ///
    /// # Errors
    /// [`LedgerError::Sql`]
    pub async fn position(&self, partition: &str) -> Result<Option<Position>, LedgerError> {
        position_in(&mut *self.pool.acquire().await?, partition).await
    }

    /// All positions, by partition.
    ///
    /// # Errors
    /// [`LedgerError::Sql`]
    pub async fn positions(&self) -> Result<Vec<Position>, LedgerError> {
        let select = format!("SELECT {COLUMNS} FROM positions ORDER BY partition");
        Ok(sqlx::query(AssertSqlSafe(select)).fetch_all(&self.pool).await?.iter().map(position).collect())
    }
}

fn position(row: &AnyRow) -> Position {
    let counts = Counts {
        read: unsigned(row.get(4)),
        metered: unsigned(row.get(5)),
        duplicate: unsigned(row.get(6)),
        rejected: unsigned(row.get(7)),
    };
    Position {
        partition: row.get(0),
        epoch: unsigned(row.get(1)),
        next: unsigned(row.get(2)),
        fingerprint: row.get(3),
        counts,
        sealed: row.get(8),
    }
}

/// The position of one partition, as that connection or its transaction sees it.
pub(crate) async fn position_in(sql: &mut AnyConnection, partition: &str) -> Result<Option<Position>, LedgerError> {
    let select = format!("SELECT {COLUMNS} FROM positions WHERE partition = $1");
    Ok(sqlx::query(AssertSqlSafe(select)).bind(partition).fetch_optional(sql).await?.as_ref().map(position))
}

/// Writes a position with its seal, within a transaction that has read it.
pub(crate) async fn put_position(sql: &mut Sql, position: &Position) -> Result<(), LedgerError> {
    let upsert = "INSERT INTO positions (partition, epoch, next, fingerprint, read, metered, duplicate, rejected, sealed)
                  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (partition) DO UPDATE SET epoch = excluded.epoch,
                  next = excluded.next, fingerprint = excluded.fingerprint, read = excluded.read, metered = excluded.metered,
                  duplicate = excluded.duplicate, rejected = excluded.rejected, sealed = excluded.sealed";
    let Counts { read, metered, duplicate, rejected } = position.counts;
    let mut query =
        sqlx::query(upsert).bind(&position.partition).bind(signed(position.epoch)).bind(signed(position.next)).bind(&position.fingerprint);
    for count in [read, metered, duplicate, rejected] {
        query = query.bind(signed(count));
    }
    query.bind(position.seal()).execute(&mut **sql).await?;
    Ok(())
}
