//! Reading the ledger.

use crate::{Ledger, LedgerError, signed, unsigned};
use compact_str::CompactString;
use farthing_schemas::manifest::{DeadLetter, Total};
use futures::TryStreamExt;
use sqlx::any::{AnyArguments, AnyRow};
use sqlx::query::Query;
use sqlx::{Any, AssertSqlSafe, Row};

/// A manifest as the ledger holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredManifest {
    /// Its number.
    pub sequence: u64,
    /// SHA-256 of the body, in hex.
    pub sha256: String,
    /// Its JSON.
    pub body: String,
}

/// A dead letter with its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptLetter {
    /// Its number, from 1.
    pub number: u64,
    /// The batch that rejected it.
    pub batch: u64,
    /// The batch that replayed it.
    pub replayed_in: Option<u64>,
    /// The letter.
    pub letter: DeadLetter,
}

/// What must stay erasable of a party.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartyDetails {
    /// The party's id.
    pub party: String,
    /// Random hex, so that the hash reveals nothing.
    pub salt: String,
    /// SHA-256 of salt and details in hex, as the archived record has it.
    pub sha256: String,
    /// Name, identifiers and account details, as JSON.
    pub details: String,
}

/// A final draft, in force or thrown away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredDraft {
    /// The draft's SHA-256 in hex.
    pub sha256: String,
    /// The MID.
    pub mid: String,
    /// The currency.
    pub currency: String,
    /// The cycle.
    pub cycle: String,
    /// The draft's JSON.
    pub text: DraftText,
}

/// The text of a draft as the ledger holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DraftText {
    /// Packed with zstd: that of many parties is long, and has much in it again and again.
    Packed(Vec<u8>),
    /// As it is: drafts of before the tables of version 7.
    Plain(String),
}

/// What [`draft`] reads, in that order.
const DRAFT: &str = "sha256, mid, currency, cycle, packed, body";

/// What [`letter`] reads, in that order.
pub(crate) const LETTER: &str = "number, batch, partition, position, code, sentence, raw, replayed_in";

pub(crate) fn letter(row: &AnyRow) -> KeptLetter {
    let letter =
        DeadLetter { partition: row.get(2), position: unsigned(row.get(3)), code: row.get(4), sentence: row.get(5), raw: row.get(6) };
    let replayed_in = row.get::<Option<i64>, _>(7).map(unsigned);
    KeptLetter { number: unsigned(row.get(0)), batch: unsigned(row.get(1)), replayed_in, letter }
}

/// A text of a row of which there are many.
pub(crate) fn short(row: &AnyRow, column: usize) -> CompactString {
    row.get::<&str, _>(column).into()
}

fn draft(row: &AnyRow) -> StoredDraft {
    let body: String = row.get(5);
    let text = match row.get::<Option<Vec<u8>>, _>(4) {
        None => DraftText::Plain(body),
        // A draft has one text: of two, neither is to be trusted.
        Some(packed) => DraftText::Packed(if body.is_empty() { packed } else { Vec::new() }),
    };
    StoredDraft { sha256: row.get(0), mid: row.get(1), currency: row.get(2), cycle: row.get(3), text }
}

impl Ledger {
    /// Rows, each made into what it says before the next one is read: as rows of the database they take several times the room.
    pub(crate) async fn each_row<T>(
        &self,
        query: Query<'_, Any, AnyArguments>,
        said: impl Fn(&AnyRow) -> T,
    ) -> Result<Vec<T>, LedgerError> {
        let mut rows = query.fetch(&self.pool);
        let mut found = Vec::new();
        while let Some(row) = rows.try_next().await? {
            found.push(said(&row));
        }
        Ok(found)
    }

    /// The manifests after a number, in order.
    ///
    /// # Errors
    /// [`LedgerError::Unavailable`] or [`LedgerError::Sql`], as for all reading here.
    pub async fn manifests_after(&self, sequence: u64) -> Result<Vec<StoredManifest>, LedgerError> {
        let query = sqlx::query("SELECT sequence, sha256, body FROM manifests WHERE sequence > $1 ORDER BY sequence");
        let rows = query.bind(signed(sequence)).fetch_all(&self.pool).await?;
        Ok(rows.iter().map(|row| StoredManifest { sequence: unsigned(row.get(0)), sha256: row.get(1), body: row.get(2) }).collect())
    }

    /// Up to `most` manifests before a number, the newest first.
    ///
    /// # Errors
    /// [`LedgerError::Sql`]
    pub async fn manifests_before(&self, sequence: u64, most: u64) -> Result<Vec<StoredManifest>, LedgerError> {
        let query = sqlx::query("SELECT sequence, sha256, body FROM manifests WHERE sequence < $1 ORDER BY sequence DESC LIMIT $2");
        let rows = query.bind(signed(sequence)).bind(signed(most)).fetch_all(&self.pool).await?;
        Ok(rows.iter().map(|row| StoredManifest { sequence: unsigned(row.get(0)), sha256: row.get(1), body: row.get(2) }).collect())
    }

    /// How many dead letters were not replayed yet, by partition.
    ///
    /// # Errors
    /// [`LedgerError::Sql`]
    pub async fn dead_letters_waiting(&self) -> Result<Vec<(String, u64)>, LedgerError> {
        let select = "SELECT partition, COUNT(*) FROM dead_letters WHERE replayed_in IS NULL GROUP BY partition ORDER BY partition";
        let rows = sqlx::query(select).fetch_all(&self.pool).await?;
        Ok(rows.iter().map(|row| (row.get(0), unsigned(row.get(1)))).collect())
    }

    /// Up to `most` dead letters after a number, in order.
    ///
    /// # Errors
    /// [`LedgerError::Sql`]
    pub async fn dead_letters_after(&self, number: u64, most: u64) -> Result<Vec<KeptLetter>, LedgerError> {
        let select = format!("SELECT {LETTER} FROM dead_letters WHERE number > $1 ORDER BY number LIMIT $2");
        let rows = sqlx::query(AssertSqlSafe(select)).bind(signed(number)).bind(signed(most)).fetch_all(&self.pool).await?;
        Ok(rows.iter().map(letter).collect())
    }

    /// One dead letter.
    ///
    /// # Errors
    /// [`LedgerError::Sql`]
    pub async fn dead_letter(&self, number: u64) -> Result<Option<KeptLetter>, LedgerError> {
        let some = self.dead_letters_after(number.saturating_sub(1), 1).await?;
        Ok(some.into_iter().find(|letter| letter.number == number))
    }

    /// The private details of all parties, by party.
    ///
    /// # Errors
    /// [`LedgerError::Sql`]
    pub async fn party_details(&self) -> Result<Vec<PartyDetails>, LedgerError> {
        let query = sqlx::query("SELECT party, salt, sha256, details FROM party_details ORDER BY party");
        let details = |row: &AnyRow| PartyDetails { party: row.get(0), salt: row.get(1), sha256: row.get(2), details: row.get(3) };
        self.each_row(query, details).await
    }

    /// The names and account details of parties as JSON, by party, and nothing else of them.
    ///
    /// # Errors
    /// [`LedgerError::Sql`]
    pub async fn details_by_party(&self) -> Result<Vec<(String, String)>, LedgerError> {
        let query = sqlx::query("SELECT party, details FROM party_details");
        self.each_row(query, |row| (row.get(0), row.get(1))).await
    }

    /// The states of cycles: MID, currency, cycle, state.
    ///
    /// # Errors
    /// [`LedgerError::Sql`]
    pub async fn cycles(&self) -> Result<Vec<[String; 4]>, LedgerError> {
        let rows =
            sqlx::query("SELECT mid, currency, cycle, state FROM cycles ORDER BY mid, currency, cycle").fetch_all(&self.pool).await?;
        Ok(rows.iter().map(|row| [row.get(0), row.get(1), row.get(2), row.get(3)]).collect())
    }

    /// All final drafts, by MID, currency and cycle; those that were thrown away, too.
    ///
    /// # Errors
    /// [`LedgerError::Sql`]
    pub async fn drafts(&self) -> Result<Vec<StoredDraft>, LedgerError> {
        let select = format!("SELECT {DRAFT} FROM drafts ORDER BY mid, currency, cycle, sha256");
        Ok(sqlx::query(AssertSqlSafe(select)).fetch_all(&self.pool).await?.iter().map(draft).collect())
    }

    /// The SHA-256 of all final drafts; of those that were thrown away, too.
    ///
    /// # Errors
    /// [`LedgerError::Sql`]
    pub async fn draft_names(&self) -> Result<Vec<String>, LedgerError> {
        self.each_row(sqlx::query("SELECT sha256 FROM drafts ORDER BY sha256"), |row| row.get(0)).await
    }

    /// One final draft, by its SHA-256.
    ///
    /// # Errors
    /// [`LedgerError::Sql`]
    pub async fn draft(&self, sha256: &str) -> Result<Option<StoredDraft>, LedgerError> {
        let select = format!("SELECT {DRAFT} FROM drafts WHERE sha256 = $1");
        Ok(sqlx::query(AssertSqlSafe(select)).bind(sha256).fetch_optional(&self.pool).await?.as_ref().map(draft))
    }

    /// What the accruals of batches add up to, by batch and currency.
    ///
    /// # Errors
    /// [`LedgerError::Sql`]
    pub async fn batch_totals(&self) -> Result<Vec<(u64, Total)>, LedgerError> {
        let select = "SELECT batch, currency, CAST(gross AS TEXT), CAST(labour AS TEXT) FROM batch_totals ORDER BY batch, currency";
        let total = |row: &AnyRow| (unsigned(row.get(0)), Total { currency: row.get(1), gross: row.get(2), labour: row.get(3) });
        Ok(sqlx::query(select).fetch_all(&self.pool).await?.iter().map(total).collect())
    }
}
