//! Erasing: the bodies of files for banks and of their messages, which name accounts and people. All else of them stays.

use crate::append::ROWS_A_STATEMENT;
use crate::{Ledger, LedgerError, signed};
use sqlx::{AssertSqlSafe, Row};

/// How many bodies were erased.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Erased {
    /// Of files for banks.
    pub files: u64,
    /// Of messages of banks.
    pub messages: u64,
    /// Whether others read at the same time, so that the file of SQLite could not be freed of them yet.
    pub is_kept_by_readers: bool,
}

impl Ledger {
    /// Erases the bodies of the files and of the messages that these acts brought, where there are some: all of them or none. A file of SQLite
    /// holds nothing of them afterwards; a server overwrites what is no longer used in its own time.
    ///
    /// # Errors
    /// [`LedgerError::Unavailable`] or [`LedgerError::Sql`].
    pub async fn erase_bodies(&self, sequences: &[u64]) -> Result<Erased, LedgerError> {
        let mut sql = self.begin().await?;
        let mut erased = Erased::default();
        for some in sequences.chunks(ROWS_A_STATEMENT) {
            let places = (1..=some.len()).map(|place| format!("${place}")).collect::<Vec<_>>().join(", ");
            for (table, count) in [("bank_files", &mut erased.files), ("bank_messages", &mut erased.messages)] {
                let update = format!("UPDATE {table} SET body = NULL WHERE body IS NOT NULL AND sequence IN ({places})");
                let query = sqlx::query(AssertSqlSafe(update)).persistent(false);
                let query = some.iter().fold(query, |query, sequence| query.bind(signed(*sequence)));
                *count += query.execute(&mut *sql).await?.rows_affected();
            }
        }
        self.commit(sql).await?;
        if let Some(statement) = self.url.dialect.after_erasing() {
            // It answers first whether somebody was in its way.
            erased.is_kept_by_readers = sqlx::query(statement).fetch_one(&self.pool).await?.get::<i64, _>(0) != 0;
        }
        Ok(erased)
    }
}
