//! Reservations: the numbers of batches that are on their way to a commit.
//!
//! A batch's evidence is archived under its number before the commit, by many writers side by side: so a number is given out before the
//! batch's first event. Numbers are unique; they may be committed in any order, or never.

use crate::open::Sql;
use crate::positions::position_in;
use crate::{Ledger, LedgerError, signed, unsigned};
use farthing_schemas::manifest::Batch;
use sqlx::Row;

/// A number that a batch on its way may be committed under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reservation {
    /// The number.
    pub batch: u64,
    /// A partition that its writer reads.
    pub partition: String,
    /// The lease under which it is read.
    pub epoch: u64,
}

impl Ledger {
    /// Gives out the next batch number, to whoever holds that lease of a partition.
    ///
    /// # Errors
    /// [`LedgerError::LostLease`] if another holds the partition by now.
    pub async fn reserve(&self, partition: &str, epoch: u64) -> Result<u64, LedgerError> {
        let mut sql = self.begin().await?;
        let held = position_in(&mut sql, partition).await?.is_some_and(|position| position.epoch == epoch);
        if !held {
            return Err(LedgerError::LostLease(partition.to_owned()));
        }
        let batch: i64 = sqlx::query("UPDATE batch_numbers SET last = last + 1 RETURNING last").fetch_one(&mut *sql).await?.get(0);
        let insert = sqlx::query("INSERT INTO reservations (batch, partition, epoch) VALUES ($1, $2, $3)");
        insert.bind(batch).bind(partition).bind(signed(epoch)).execute(&mut *sql).await?;
        self.commit(sql).await?;
        Ok(unsigned(batch))
    }

    /// The numbers that can still be committed, in order.
    ///
    /// # Errors
    /// [`LedgerError::Sql`]
    pub async fn reserved(&self) -> Result<Vec<Reservation>, LedgerError> {
        let rows = sqlx::query("SELECT batch, partition, epoch FROM reservations ORDER BY batch").fetch_all(&self.pool).await?;
        let reservation =
            |row| Reservation { batch: unsigned(Row::get(row, 0)), partition: Row::get(row, 1), epoch: unsigned(Row::get(row, 2)) };
        Ok(rows.iter().map(reservation).collect())
    }

    /// The last batch number that was given out; 0 if none was.
    ///
    /// # Errors
    /// [`LedgerError::Sql`]
    pub async fn last_number(&self) -> Result<u64, LedgerError> {
        let last: i64 = sqlx::query("SELECT last FROM batch_numbers").fetch_one(&self.pool).await?.get(0);
        Ok(unsigned(last))
    }

    /// Takes back the numbers whose lease is not the current one of their partition: their writers cannot commit under it any more.
    ///
    /// # Errors
    /// [`LedgerError::Sql`]
    pub async fn drop_superseded(&self) -> Result<(), LedgerError> {
        let delete = "DELETE FROM reservations WHERE NOT EXISTS (SELECT 1 FROM positions
                      WHERE positions.partition = reservations.partition AND positions.epoch = reservations.epoch)";
        let mut sql = self.begin().await?;
        sqlx::query(delete).execute(&mut *sql).await?;
        self.commit(sql).await
    }

    /// Takes back a number, whose batch then can never be committed; one that is not reserved is fine.
    ///
    /// # Errors
    /// [`LedgerError::Sql`]
    pub async fn take_back(&self, batch: u64) -> Result<(), LedgerError> {
        let mut sql = self.begin().await?;
        sqlx::query("DELETE FROM reservations WHERE batch = $1").bind(signed(batch)).execute(&mut *sql).await?;
        self.commit(sql).await
    }
}

/// A number is committed by using it up: whoever finds it gone has lost the right to.
pub(crate) async fn use_reservation(sql: &mut Sql, batch: &Batch) -> Result<(), LedgerError> {
    let delete = sqlx::query("DELETE FROM reservations WHERE batch = $1").bind(signed(batch.batch));
    if delete.execute(&mut **sql).await?.rows_affected() == 1 {
        return Ok(());
    }
    let partition = batch.slices.first().map(|slice| slice.partition.clone());
    Err(LedgerError::LostLease(partition.unwrap_or_default()))
}
