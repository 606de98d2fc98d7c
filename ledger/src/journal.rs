//! The journal's rows: entries, each closed once it is there, and their postings.

use crate::dialect::Dialect;
use crate::open::Sql;
use crate::read::short;
use crate::{Ledger, LedgerError, signed, unsigned};
use compact_str::CompactString;
use farthing_schemas::manifest::Booked;
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row};

/// An entry of the journal as the ledger holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEntry {
    /// Its number, from 1.
    pub number: u64,
    /// SHA-256 of its canonical JSON, in hex.
    pub sha256: String,
    /// That of the entry before; empty for the first.
    pub previous: String,
    /// What kind of act it is.
    pub kind: String,
    /// In whose books.
    pub mid: String,
    /// The cycle that it belongs to.
    pub cycle: Option<String>,
    /// When it happened, RFC 3339 in UTC with 6 fractional digits, so that texts are ordered as times are.
    pub happened: String,
    /// When it was written down, likewise.
    pub booked: String,
    /// Why.
    pub reason: String,
    /// What others know it by.
    pub reference: String,
    /// The number of the entry that it reverses.
    pub reverses: Option<u64>,
    /// What proves it.
    pub evidence_kind: String,
    /// The SHA-256 of that, in hex.
    pub evidence_sha256: String,
}

/// A posting of an entry as the ledger holds it. There may be millions of them at once: short texts stand within the row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredPosting {
    /// Its number within the entry, from 1.
    pub line: u64,
    /// The kind of its account.
    pub account: CompactString,
    /// The platform or party whose account it is; empty for the MID's own.
    pub owner: CompactString,
    /// The currency of the amount.
    pub currency: CompactString,
    /// A 12-digit decimal: a debit above 0, a credit below.
    pub amount: CompactString,
}

/// Postings per statement; see `ROWS_A_STATEMENT` of `append` for why they are not more.
const POSTINGS_A_STATEMENT: usize = 200;

/// What is read of an entry, in that order.
const ENTRY: &str =
    "number, sha256, previous, kind, mid, cycle, happened, booked, reason, reference, reverses, evidence_kind, evidence_sha256";

impl Ledger {
    /// The entries of the journal after a number, in order, without their postings.
    ///
    /// # Errors
    /// [`LedgerError::Unavailable`] or [`LedgerError::Sql`], as for all reading here.
    pub async fn journal_entries_after(&self, number: u64) -> Result<Vec<StoredEntry>, LedgerError> {
        let select = format!("SELECT {ENTRY} FROM journal_entries WHERE number > $1 ORDER BY number");
        Ok(sqlx::query(AssertSqlSafe(select)).bind(signed(number)).fetch_all(&self.pool).await?.iter().map(entry).collect())
    }

    /// Up to `most` postings of an entry after a line, in order.
    ///
    /// # Errors
    /// As for [`Ledger::journal_entries_after`].
    pub async fn journal_postings_after(&self, entry: u64, line: u64, most: u64) -> Result<Vec<StoredPosting>, LedgerError> {
        let select = "SELECT line, account, owner, currency, CAST(amount AS TEXT) FROM journal_postings
                      WHERE entry = $1 AND line > $2 ORDER BY line LIMIT $3";
        let query = sqlx::query(select).bind(signed(entry)).bind(signed(line)).bind(signed(most));
        let posting = |row: &AnyRow| StoredPosting {
            line: unsigned(row.get(0)),
            account: short(row, 1),
            owner: short(row, 2),
            currency: short(row, 3),
            amount: short(row, 4),
        };
        self.each_row(query, posting).await
    }

    /// The least number of an entry that postings name but that is not there.
    ///
    /// # Errors
    /// As for [`Ledger::journal_entries_after`].
    pub async fn journal_postings_of_no_entry(&self) -> Result<Option<u64>, LedgerError> {
        let select = "SELECT MIN(entry) FROM journal_postings WHERE entry NOT IN (SELECT number FROM journal_entries)";
        let row = sqlx::query(select).fetch_one(&self.pool).await?;
        Ok(row.get::<Option<i64>, _>(0).map(unsigned))
    }
}

fn entry(row: &AnyRow) -> StoredEntry {
    StoredEntry {
        number: unsigned(row.get(0)),
        sha256: row.get(1),
        previous: row.get(2),
        kind: row.get(3),
        mid: row.get(4),
        cycle: row.get(5),
        happened: row.get(6),
        booked: row.get(7),
        reason: row.get(8),
        reference: row.get(9),
        reverses: row.get::<Option<i64>, _>(10).map(unsigned),
        evidence_kind: row.get(11),
        evidence_sha256: row.get(12),
    }
}

/// Whether these entries, with their postings, are what an act commits to; their own hashes are their maker's business.
pub(crate) fn are_booked(booked: Option<&Booked>, entries: &[(StoredEntry, Vec<StoredPosting>)]) -> bool {
    let Some((last, _)) = entries.last() else { return booked.is_none_or(|booked| booked.entries == 0) };
    let count = |length: usize| u64::try_from(length).ok();
    let postings = entries.iter().map(|(_, postings)| postings.len()).sum();
    booked.is_some_and(|booked| {
        count(entries.len()) == Some(booked.entries) && count(postings) == Some(booked.postings) && last.sha256 == booked.sha256
    })
}

/// Writes an entry down: its postings first, since it closes them.
pub(crate) async fn insert_entry(
    sql: &mut Sql,
    dialect: Dialect,
    entry: &StoredEntry,
    postings: &[StoredPosting],
) -> Result<(), LedgerError> {
    for some in postings.chunks(POSTINGS_A_STATEMENT) {
        let insert = dialect.insert_postings(some.len());
        // All but the last are the same statement.
        let query = sqlx::query(AssertSqlSafe(insert)).persistent(some.len() == POSTINGS_A_STATEMENT).bind(signed(entry.number));
        let bound = some.iter().fold(query, |query, posting| {
            query.bind(signed(posting.line)).bind(&*posting.account).bind(&*posting.owner).bind(&*posting.currency).bind(&*posting.amount)
        });
        bound.execute(&mut **sql).await?;
    }
    let insert = format!("INSERT INTO journal_entries ({ENTRY}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)");
    let query = sqlx::query(AssertSqlSafe(insert)).bind(signed(entry.number)).bind(&entry.sha256).bind(&entry.previous);
    let query = query.bind(&entry.kind).bind(&entry.mid).bind(&entry.cycle).bind(&entry.happened).bind(&entry.booked);
    let query = query.bind(&entry.reason).bind(&entry.reference).bind(entry.reverses.map(signed));
    query.bind(&entry.evidence_kind).bind(&entry.evidence_sha256).execute(&mut **sql).await?;
    Ok(())
}
