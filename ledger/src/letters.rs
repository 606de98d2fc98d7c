//! Dead letters on their way to a topic for them, and how far they were sent.
//!
//! Numbers are given out by the one transaction that writes, so those of a partition grow as its batches are committed: what is behind a
//! mark was sent, what is before it was not, and nothing comes in between later.

use crate::read::{LETTER, letter};
use crate::{KeptLetter, Ledger, LedgerError, signed, unsigned};
use sqlx::{AssertSqlSafe, Row};

/// Letters that are looked at for one portion.
const PORTION_LETTERS: i64 = 1_000;

impl Ledger {
    /// The hash of the first act in the chain, which no other ledger has; none before it.
    ///
    /// # Errors
    /// [`LedgerError::Unavailable`] or [`LedgerError::Sql`], as for all here.
    pub async fn origin(&self) -> Result<Option<String>, LedgerError> {
        let row = sqlx::query("SELECT sha256 FROM manifests ORDER BY sequence LIMIT 1").fetch_optional(&self.pool).await?;
        Ok(row.map(|row| row.get(0)))
    }

    /// The highest number of a letter, of whatever partition; 0 if there is none.
    ///
    /// # Errors
    /// As for [`Ledger::origin`].
    pub async fn last_letter(&self) -> Result<u64, LedgerError> {
        let row = sqlx::query("SELECT COALESCE(MAX(number), 0) FROM dead_letters").fetch_one(&self.pool).await?;
        Ok(unsigned(row.get(0)))
    }

    /// Up to which number the letters of each partition were sent.
    ///
    /// # Errors
    /// As for [`Ledger::origin`].
    pub async fn letters_sent(&self) -> Result<Vec<(String, u64)>, LedgerError> {
        let select = "SELECT partition, through FROM dead_letters_sent ORDER BY partition";
        let rows = sqlx::query(select).fetch_all(&self.pool).await?;
        Ok(rows.iter().map(|row| (row.get(0), unsigned(row.get(1)))).collect())
    }

    /// The next letters of a partition after a number, in order: so many that their bytes are about `bytes` at most, but one if there is
    /// any.
    ///
    /// # Errors
    /// As for [`Ledger::origin`].
    pub async fn letters_of(&self, partition: &str, after: u64, bytes: u64) -> Result<Vec<KeptLetter>, LedgerError> {
        let select = "SELECT number, CAST(LENGTH(raw) AS BIGINT) FROM dead_letters WHERE number > $1 AND partition = $2
                      ORDER BY number LIMIT $3";
        let rows = sqlx::query(select).bind(signed(after)).bind(partition).bind(PORTION_LETTERS).fetch_all(&self.pool).await?;
        let (mut through, mut sum) = (None, 0);
        for row in &rows {
            sum += unsigned(row.get(1));
            if through.is_some() && sum > bytes {
                break;
            }
            through = Some(row.get::<i64, _>(0));
        }
        let Some(through) = through else { return Ok(Vec::new()) };
        let select = format!("SELECT {LETTER} FROM dead_letters WHERE number > $1 AND number <= $2 AND partition = $3 ORDER BY number");
        let query = sqlx::query(AssertSqlSafe(select)).bind(signed(after)).bind(through).bind(partition);
        Ok(query.fetch_all(&self.pool).await?.iter().map(letter).collect())
    }

    /// Notes that the letters of a partition up to that number were sent; a mark only ever moves on, whoever moves it.
    ///
    /// # Errors
    /// As for [`Ledger::origin`].
    pub async fn mark_letters_sent(&self, partition: &str, through: u64) -> Result<(), LedgerError> {
        let upsert = "INSERT INTO dead_letters_sent (partition, through) VALUES ($1, $2) ON CONFLICT (partition)
                      DO UPDATE SET through = excluded.through WHERE dead_letters_sent.through < excluded.through";
        let mut sql = self.begin().await?;
        sqlx::query(upsert).bind(partition).bind(signed(through)).execute(&mut *sql).await?;
        self.commit(sql).await
    }
}
