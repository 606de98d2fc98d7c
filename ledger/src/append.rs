//! Appending an act: one transaction, all or nothing.

use crate::positions::{Sql, position_in, put_position};
use crate::read::{PartyDetails, StoredDraft};
use crate::reservations::use_reservation;
use crate::{Ledger, LedgerError, signed, unsigned};
use farthing_schemas::manifest::{Act, DeadLetter, Manifest, Slice, sha256_hex};
use sqlx::{Row, Sqlite};

/// What an act brings beside its manifest.
#[derive(Clone, Debug, Default)]
pub struct Effects {
    /// Rejected events of a batch.
    pub dead_letters: Vec<DeadLetter>,
    /// Private details of the parties of a registry load.
    pub party_details: Vec<PartyDetails>,
    /// The draft of a cycle's move to `draft`.
    pub draft: Option<StoredDraft>,
}

/// Rows per insert of party details: SQLite takes at most 32,766 values a statement.
const DETAILS_A_STATEMENT: usize = 4_000;

impl Ledger {
    /// Appends a manifest made upon the head that its maker saw, with its effects.
    ///
    /// # Errors
    /// [`LedgerError::Moved`] if the head is another by now; [`LedgerError::LostLease`] if a partition is read by another
    /// process, or if the batch's number is not reserved (any more); nothing happened in either case.
    pub async fn append(&self, manifest: &Manifest, effects: &Effects) -> Result<(), LedgerError> {
        let body = manifest.to_json();
        let sha256 = sha256_hex(body.as_bytes());
        let mut sql = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let head = sqlx::query("SELECT sequence, sha256 FROM manifests ORDER BY sequence DESC LIMIT 1").fetch_optional(&mut *sql).await?;
        let (sequence, previous) = head.map_or((0, String::new()), |row| (unsigned(row.get(0)), row.get(1)));
        if sequence + 1 != manifest.sequence || previous != manifest.previous {
            return Err(LedgerError::Moved);
        }
        sqlx::query("INSERT INTO manifests (sequence, sha256, body) VALUES ($1, $2, $3)")
            .bind(signed(manifest.sequence))
            .bind(&sha256)
            .bind(&body)
            .execute(&mut *sql)
            .await?;
        match &manifest.act {
            Act::Batch(batch) => {
                use_reservation(&mut sql, batch).await?;
                for slice in &batch.slices {
                    move_position(&mut sql, slice).await?;
                }
                insert_letters(&mut sql, batch.batch, &effects.dead_letters).await?;
                mark_replayed(&mut sql, batch.batch, &batch.replayed).await?;
            }
            Act::Registry(_) => upsert_details(&mut sql, &effects.party_details).await?,
            Act::Cycle(step) => {
                let insert = "INSERT INTO cycles (mid, currency, cycle, state) VALUES ($1, $2, $3, $4)
                              ON CONFLICT (mid, currency, cycle) DO UPDATE SET state = excluded.state";
                let query = sqlx::query(insert).bind(&step.mid).bind(&step.currency).bind(&step.cycle).bind(&step.to);
                query.execute(&mut *sql).await?;
                insert_draft(&mut sql, effects.draft.as_ref()).await?;
            }
            Act::Compaction(_) | Act::Copies(_) => {}
        }
        Ok(sql.commit().await?)
    }
}

/// The epoch stops a reader that lost its lease, the start stops a rewind; the transaction is the only writer.
async fn move_position(sql: &mut Sql, slice: &Slice) -> Result<(), LedgerError> {
    let held = position_in(sql, &slice.partition).await?.filter(|held| (held.epoch, held.next) == (slice.epoch, slice.start));
    let mut position = held.ok_or_else(|| LedgerError::LostLease(slice.partition.clone()))?;
    position.next = slice.next;
    position.counts.add(&slice.counts);
    put_position(sql, &position).await
}

async fn insert_letters(sql: &mut Sql, batch: u64, letters: &[DeadLetter]) -> Result<(), LedgerError> {
    if letters.is_empty() {
        return Ok(());
    }
    let last = sqlx::query("SELECT COALESCE(MAX(number), 0) FROM dead_letters").fetch_one(&mut **sql).await?;
    let first: i64 = last.get::<i64, _>(0) + 1;
    for (number, letter) in (first..).zip(letters) {
        let insert = "INSERT INTO dead_letters (number, batch, partition, position, code, sentence, raw)
                      VALUES ($1, $2, $3, $4, $5, $6, $7)";
        sqlx::query(insert)
            .bind(number)
            .bind(signed(batch))
            .bind(&letter.partition)
            .bind(signed(letter.position))
            .bind(&letter.code)
            .bind(&letter.sentence)
            .bind(&letter.raw)
            .execute(&mut **sql)
            .await?;
    }
    Ok(())
}

async fn mark_replayed(sql: &mut Sql, batch: u64, letters: &[u64]) -> Result<(), LedgerError> {
    for number in letters {
        let update = "UPDATE dead_letters SET replayed_in = $1 WHERE number = $2 AND replayed_in IS NULL";
        let done = sqlx::query(update).bind(signed(batch)).bind(signed(*number)).execute(&mut **sql).await?;
        if done.rows_affected() != 1 {
            return Err(LedgerError::NoSuchLetter(*number));
        }
    }
    Ok(())
}

async fn upsert_details(sql: &mut Sql, details: &[PartyDetails]) -> Result<(), LedgerError> {
    for some in details.chunks(DETAILS_A_STATEMENT) {
        let mut insert = sqlx::QueryBuilder::<Sqlite>::new("INSERT INTO party_details (party, salt, sha256, details) ");
        insert.push_values(some, |mut row, party| {
            row.push_bind(&party.party).push_bind(&party.salt).push_bind(&party.sha256).push_bind(&party.details);
        });
        insert.push(" ON CONFLICT (party) DO UPDATE SET salt = excluded.salt, sha256 = excluded.sha256, details = excluded.details");
        insert.build().execute(&mut **sql).await?;
    }
    Ok(())
}

async fn insert_draft(sql: &mut Sql, draft: Option<&StoredDraft>) -> Result<(), LedgerError> {
    let Some(draft) = draft else { return Ok(()) };
    sqlx::query("INSERT INTO drafts (sha256, mid, currency, cycle, body) VALUES ($1, $2, $3, $4, $5)")
        .bind(&draft.sha256)
        .bind(&draft.mid)
        .bind(&draft.currency)
        .bind(&draft.cycle)
        .bind(&draft.body)
        .execute(&mut **sql)
        .await?;
    Ok(())
}
