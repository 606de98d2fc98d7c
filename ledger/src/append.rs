//! Appending an act: one transaction, all or nothing.

use crate::actors::project_actor;
use crate::journal::{StoredEntry, StoredPosting, are_booked, insert_entry};
use crate::open::Sql;
use crate::payments::{PaymentRows, insert_payment_rows};
use crate::positions::{position_in, put_position};
use crate::read::{DraftText, PartyDetails, StoredDraft};
use crate::reservations::use_reservation;
use crate::{Ledger, LedgerError, signed, unsigned};
use farthing_schemas::manifest::{Act, Batch, DeadLetter, Manifest, Slice, sha256_hex};
use sqlx::{AssertSqlSafe, Row};

/// What an act brings beside its manifest.
#[derive(Clone, Debug, Default)]
pub struct Effects {
    /// Rejected events of a batch.
    pub dead_letters: Vec<DeadLetter>,
    /// Private details of the parties of a registry load.
    pub party_details: Vec<PartyDetails>,
    /// The draft of a cycle's move to `draft`.
    pub draft: Option<StoredDraft>,
    /// What is booked, in order: entries of the journal with their postings.
    pub entries: Vec<(StoredEntry, Vec<StoredPosting>)>,
    /// Payments, what became of them and what a bank has sent.
    pub payments: PaymentRows,
}

/// Rows per statement of several values each: SQLite looks for each value's name among those of all, so that long statements take long.
pub(crate) const ROWS_A_STATEMENT: usize = 200;

/// Bytes of dead letters per statement, which has a copy of them: a single letter may be longer.
const LETTER_BYTES_A_STATEMENT: usize = 4 << 20;

impl Ledger {
    /// Appends a manifest made upon the head that its maker saw, with its effects.
    ///
    /// It may be called again with the same when it is not known whether it was done: what is done is not done twice.
    ///
    /// # Errors
    /// [`LedgerError::Moved`] if the head is another by now; [`LedgerError::LostLease`] if a partition is read by another
    /// process, or if the batch's number is not reserved (any more); [`LedgerError::OtherEntries`]. Nothing happened in any of these
    /// cases. After [`LedgerError::Unavailable`] it may have happened.
    pub async fn append(&self, manifest: &Manifest, effects: &Effects) -> Result<(), LedgerError> {
        if !are_booked(manifest.act.booked(), &effects.entries) {
            return Err(LedgerError::OtherEntries(manifest.sequence));
        }
        let body = manifest.to_json();
        let sha256 = sha256_hex(body.as_bytes());
        let mut sql = self.begin().await?;
        let head = sqlx::query("SELECT sequence, sha256 FROM manifests ORDER BY sequence DESC LIMIT 1").fetch_optional(&mut *sql).await?;
        let (sequence, previous) = head.map_or((0, String::new()), |row| (unsigned(row.get(0)), row.get(1)));
        if sequence + 1 != manifest.sequence || previous != manifest.previous {
            let done = holds(&mut sql, manifest.sequence, &sha256).await?;
            return if done { Ok(()) } else { Err(LedgerError::Moved) };
        }
        sqlx::query("INSERT INTO manifests (sequence, sha256, body) VALUES ($1, $2, $3)")
            .bind(signed(manifest.sequence))
            .bind(&sha256)
            .bind(&body)
            .execute(&mut *sql)
            .await?;
        match &manifest.act {
            Act::Batch(batch) => self.project_batch(&mut sql, batch, &effects.dead_letters).await?,
            Act::Registry(_) => upsert_details(&mut sql, &effects.party_details).await?,
            Act::Cycle(step) => {
                let insert = "INSERT INTO cycles (mid, currency, cycle, state) VALUES ($1, $2, $3, $4)
                              ON CONFLICT (mid, currency, cycle) DO UPDATE SET state = excluded.state";
                let query = sqlx::query(insert).bind(&step.mid).bind(&step.currency).bind(&step.cycle).bind(&step.to);
                query.execute(&mut *sql).await?;
                insert_draft(&mut sql, effects.draft.as_ref()).await?;
            }
            Act::Actor(change) => project_actor(&mut sql, manifest.sequence, change).await?,
            Act::Compaction(_)
            | Act::Copies(_)
            | Act::Hold(_)
            | Act::Lift(_)
            | Act::Claim(_)
            | Act::Adjustment(_)
            | Act::BankMessage(_)
            | Act::Assignment(_)
            | Act::Remittance(_) => {}
        }
        for (entry, postings) in &effects.entries {
            insert_entry(&mut sql, self.url.dialect, entry, postings).await?;
        }
        insert_payment_rows(&mut sql, self.url.dialect, &effects.payments).await?;
        self.commit(sql).await
    }

    async fn project_batch(&self, sql: &mut Sql, batch: &Batch, letters: &[DeadLetter]) -> Result<(), LedgerError> {
        use_reservation(sql, batch).await?;
        for slice in &batch.slices {
            move_position(sql, slice).await?;
        }
        insert_letters(sql, batch.batch, letters).await?;
        mark_replayed(sql, batch.batch, &batch.replayed).await?;
        for total in &batch.totals {
            let insert = sqlx::query(self.url.dialect.insert_total()).bind(signed(batch.batch)).bind(&total.currency);
            insert.bind(&total.gross).bind(&total.labour).execute(&mut **sql).await?;
        }
        Ok(())
    }
}

/// Whether the chain holds exactly that manifest: it was appended before, and only the answer was lost.
async fn holds(sql: &mut Sql, sequence: u64, sha256: &str) -> Result<bool, LedgerError> {
    let there = sqlx::query("SELECT sha256 FROM manifests WHERE sequence = $1").bind(signed(sequence)).fetch_optional(&mut **sql).await?;
    Ok(there.is_some_and(|row| row.get::<String, _>(0) == sha256))
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
    let mut number: i64 = last.get::<i64, _>(0);
    let mut rest = letters;
    while !rest.is_empty() {
        let (some, more) = rest.split_at(a_statement(rest));
        let insert = format!(
            "INSERT INTO dead_letters (batch, number, partition, position, code, sentence, raw) VALUES ({})",
            rows_of_values(some.len(), 6)
        );
        let mut query = sqlx::query(AssertSqlSafe(insert)).persistent(false).bind(signed(batch));
        for letter in some {
            number += 1;
            query = query.bind(number).bind(&letter.partition).bind(signed(letter.position));
            query = query.bind(&letter.code).bind(&letter.sentence).bind(&letter.raw);
        }
        query.execute(&mut **sql).await?;
        rest = more;
    }
    Ok(())
}

/// How many of the next letters go into one statement: at least one.
fn a_statement(letters: &[DeadLetter]) -> usize {
    let mut bytes = 0;
    let within = |letter: &&DeadLetter| {
        bytes += letter.raw.len();
        bytes <= LETTER_BYTES_A_STATEMENT
    };
    letters.iter().take(ROWS_A_STATEMENT).take_while(within).count().max(1)
}

/// `$1, $2, $3), ($1, $4, $5` and so on: the first value is that of all rows, the others are each row's own.
pub(crate) fn rows_of_values(rows: usize, own: usize) -> String {
    let row = |row: usize| (0..own).fold("$1".to_owned(), |row_so_far, column| format!("{row_so_far}, ${}", 2 + own * row + column));
    (0..rows).map(row).collect::<Vec<_>>().join("), (")
}

async fn mark_replayed(sql: &mut Sql, batch: u64, letters: &[u64]) -> Result<(), LedgerError> {
    for some in letters.chunks(ROWS_A_STATEMENT) {
        let numbers = (0..some.len()).map(|at| format!("${}", at + 2)).collect::<Vec<_>>().join(", ");
        let update = format!("UPDATE dead_letters SET replayed_in = $1 WHERE replayed_in IS NULL AND number IN ({numbers})");
        let query = sqlx::query(AssertSqlSafe(update)).persistent(false).bind(signed(batch));
        let done = some.iter().fold(query, |query, number| query.bind(signed(*number))).execute(&mut **sql).await?;
        if usize::try_from(done.rows_affected()).ok() != Some(some.len()) {
            return Err(LedgerError::NoSuchLetter(not_marked(sql, batch, some).await?));
        }
    }
    Ok(())
}

/// The first of them that is not marked by this batch, or the first of all.
async fn not_marked(sql: &mut Sql, batch: u64, letters: &[u64]) -> Result<u64, LedgerError> {
    for number in letters {
        let select = "SELECT COUNT(*) FROM dead_letters WHERE number = $1 AND replayed_in = $2";
        let marked = sqlx::query(select).bind(signed(*number)).bind(signed(batch)).fetch_one(&mut **sql).await?;
        if marked.get::<i64, _>(0) == 0 {
            return Ok(*number);
        }
    }
    Ok(letters.first().copied().unwrap_or_default())
}

async fn upsert_details(sql: &mut Sql, details: &[PartyDetails]) -> Result<(), LedgerError> {
    for some in details.chunks(ROWS_A_STATEMENT) {
        let values = (0..some.len()).map(|row| [1, 2, 3, 4].map(|column| format!("${}", 4 * row + column)).join(", "));
        let values = values.collect::<Vec<_>>().join("), (");
        let upsert = format!(
            "INSERT INTO party_details (party, salt, sha256, details) VALUES ({values}) ON CONFLICT (party)
             DO UPDATE SET salt = excluded.salt, sha256 = excluded.sha256, details = excluded.details"
        );
        // All but the last are the same statement.
        let query = sqlx::query(AssertSqlSafe(upsert)).persistent(some.len() == ROWS_A_STATEMENT);
        let bound =
            some.iter().fold(query, |query, party| query.bind(&party.party).bind(&party.salt).bind(&party.sha256).bind(&party.details));
        bound.execute(&mut **sql).await?;
    }
    Ok(())
}

async fn insert_draft(sql: &mut Sql, draft: Option<&StoredDraft>) -> Result<(), LedgerError> {
    let Some(draft) = draft else { return Ok(()) };
    let (packed, body) = match &draft.text {
        DraftText::Packed(packed) => (Some(packed.as_slice()), ""),
        DraftText::Plain(body) => (None, body.as_str()),
    };
    // One that was thrown away may come out the same when it is made again: its text is there, and its hash says that it is this one's.
    let insert =
        "INSERT INTO drafts (sha256, mid, currency, cycle, packed, body) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (sha256) DO NOTHING";
    let query = sqlx::query(insert).bind(&draft.sha256).bind(&draft.mid).bind(&draft.currency).bind(&draft.cycle);
    query.bind(packed).bind(body).execute(&mut **sql).await?;
    Ok(())
}
