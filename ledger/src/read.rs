//! Reading the ledger, and taking leases.

use crate::append::Sql;
use crate::{Ledger, LedgerError, signed, unsigned};
use farthing_schemas::manifest::{Counts, DeadLetter, sha256_hex};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

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

/// A final draft.
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
    pub body: String,
}

pub(crate) fn position(row: &SqliteRow) -> Position {
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

fn letter(row: &SqliteRow) -> KeptLetter {
    let letter =
        DeadLetter { partition: row.get(2), position: unsigned(row.get(3)), code: row.get(4), sentence: row.get(5), raw: row.get(6) };
    let replayed_in = row.get::<Option<i64>, _>(7).map(unsigned);
    KeptLetter { number: unsigned(row.get(0)), batch: unsigned(row.get(1)), replayed_in, letter }
}

fn draft(row: &SqliteRow) -> StoredDraft {
    StoredDraft { sha256: row.get(0), mid: row.get(1), currency: row.get(2), cycle: row.get(3), body: row.get(4) }
}

impl Ledger {
    /// The manifests after a number, in order.
    ///
    /// # Errors
    /// [`LedgerError::Sql`], as for all reading here.
    pub async fn manifests_after(&self, sequence: u64) -> Result<Vec<StoredManifest>, LedgerError> {
        let query = sqlx::query("SELECT sequence, sha256, body FROM manifests WHERE sequence > $1 ORDER BY sequence");
        let rows = query.bind(signed(sequence)).fetch_all(&self.pool).await?;
        Ok(rows.iter().map(|row| StoredManifest { sequence: unsigned(row.get(0)), sha256: row.get(1), body: row.get(2) }).collect())
    }

    /// Takes the next lease of a partition; one of which nothing was committed yet begins at 0 with that fingerprint.
    ///
    /// # Errors
    /// [`LedgerError::Sql`]
    pub async fn lease(&self, partition: &str, fingerprint: &str) -> Result<Lease, LedgerError> {
        let mut sql = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let mut position = position_in(&mut sql, partition).await?.unwrap_or_else(|| Position::fresh(partition));
        position.epoch += 1;
        if position.next == 0 {
            fingerprint.clone_into(&mut position.fingerprint);
        }
        put_position(&mut sql, &position).await?;
        sql.commit().await?;
        Ok(Lease { epoch: position.epoch, next: position.next })
    }

    /// The position of one partition.
    ///
    /// # Errors
    /// [`LedgerError::Sql`]
    pub async fn position(&self, partition: &str) -> Result<Option<Position>, LedgerError> {
        let mut sql = self.pool.begin().await?;
        position_in(&mut sql, partition).await
    }

    /// All positions, by partition.
    ///
    /// # Errors
    /// [`LedgerError::Sql`]
    pub async fn positions(&self) -> Result<Vec<Position>, LedgerError> {
        let select =
            "SELECT partition, epoch, next, fingerprint, read, metered, duplicate, rejected, sealed FROM positions ORDER BY partition";
        Ok(sqlx::query(select).fetch_all(&self.pool).await?.iter().map(position).collect())
    }

    /// Up to `most` dead letters after a number, in order.
    ///
    /// # Errors
    /// [`LedgerError::Sql`]
    pub async fn dead_letters_after(&self, number: u64, most: u64) -> Result<Vec<KeptLetter>, LedgerError> {
        let select = "SELECT number, batch, partition, position, code, sentence, raw, replayed_in FROM dead_letters
                      WHERE number > $1 ORDER BY number LIMIT $2";
        let rows = sqlx::query(select).bind(signed(number)).bind(signed(most)).fetch_all(&self.pool).await?;
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
        let rows = sqlx::query("SELECT party, salt, sha256, details FROM party_details ORDER BY party").fetch_all(&self.pool).await?;
        Ok(rows.iter().map(|row| PartyDetails { party: row.get(0), salt: row.get(1), sha256: row.get(2), details: row.get(3) }).collect())
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

    /// All final drafts, by MID, currency and cycle.
    ///
    /// # Errors
    /// [`LedgerError::Sql`]
    pub async fn drafts(&self) -> Result<Vec<StoredDraft>, LedgerError> {
        let select = "SELECT sha256, mid, currency, cycle, body FROM drafts ORDER BY mid, currency, cycle";
        Ok(sqlx::query(select).fetch_all(&self.pool).await?.iter().map(draft).collect())
    }
}

/// The position of one partition, within a transaction.
pub(crate) async fn position_in(sql: &mut Sql, partition: &str) -> Result<Option<Position>, LedgerError> {
    let select =
        "SELECT partition, epoch, next, fingerprint, read, metered, duplicate, rejected, sealed FROM positions WHERE partition = $1";
    Ok(sqlx::query(select).bind(partition).fetch_optional(&mut **sql).await?.as_ref().map(position))
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
