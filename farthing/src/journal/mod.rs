//! The journal as the ledger holds it: its rows and its entries.

pub mod book;
pub mod export;
pub mod receivable;
pub mod select;

use crate::books::Books;
use anyhow::{Context, bail, ensure};
use compact_str::ToCompactString;
use farthing_archive::Catalog;
use farthing_ledger::{StoredEntry, StoredPosting};
use farthing_schemas::Money;
use farthing_schemas::manifest::Booked;
use farthing_schemas::money::from_stored_text;
use farthing_settle::journal::{Account, AccountKind, Entry, EntryKind, Evidence, EvidenceKind, Header, Place, Posting};

/// Postings that are read at once.
const PORTION_POSTINGS: u64 = 10_000;

/// Where the next entry is to stand; it holds for as long as no other act comes first.
pub fn next_place(catalog: &Catalog) -> Place {
    Place { number: catalog.entries + 1, previous: catalog.last_entry.clone() }
}

/// What an act says of the entry that it books.
pub fn booked(entry: &Entry) -> anyhow::Result<Booked> {
    Ok(Booked { entries: 1, postings: u64::try_from(entry.postings().len())?, sha256: entry.sha256() })
}

/// The rows of an entry.
pub fn rows_of(entry: &Entry) -> (StoredEntry, Vec<StoredPosting>) {
    (header_row(entry, entry.sha256()), (1..).zip(entry.postings()).map(|(line, posting)| posting_row(line, posting)).collect())
}

/// All postings of an entry, in order.
pub async fn postings(books: &Books, number: u64) -> anyhow::Result<Vec<StoredPosting>> {
    let mut postings: Vec<StoredPosting> = Vec::new();
    loop {
        let after = postings.last().map_or(0, |posting| posting.line);
        let some = books.ledger.journal_postings_after(number, after, PORTION_POSTINGS).await?;
        let last = some.len() < usize::try_from(PORTION_POSTINGS)?;
        postings.extend(some);
        if last {
            return Ok(postings);
        }
    }
}

/// The entry that rows write down. An error names what of them is not as an entry is written.
pub fn entry_of(row: &StoredEntry, rows: &[StoredPosting]) -> anyhow::Result<Entry> {
    let number = row.number;
    let read = rows.iter().map(|row| posting_of(row).with_context(|| format!("journal entry {number}, posting {}", row.line)));
    let entry = Entry::read(header_of(row).with_context(|| format!("journal entry {number}"))?, read)?;
    // Postings that are put in order and added up could come from other rows than these.
    let written = (1..).zip(entry.postings()).zip(rows).find(|((line, posting), row)| posting_row(*line, posting) != **row);
    if let Some((_, row)) = written {
        bail!("journal entry {number}, posting {}: it is not in its place, not the only one of its account, or of 0", row.line);
    }
    ensure!(
        entry.postings().len() == rows.len(),
        "journal entry {number}: it has {} postings too many",
        rows.len() - entry.postings().len()
    );
    let sha256 = entry.sha256();
    ensure!(sha256 == row.sha256, "journal entry {number}: its SHA-256 is {sha256}, and not {} as the row says", row.sha256);
    ensure!(header_row(&entry, sha256) == *row, "journal entry {number}: a time or its cycle is not written as it is to be");
    Ok(entry)
}

/// The amount of a row.
pub fn amount_of(row: &StoredPosting) -> anyhow::Result<Money> {
    Ok(from_stored_text(&row.amount)?)
}

fn header_row(entry: &Entry, sha256: String) -> StoredEntry {
    let header = entry.header();
    StoredEntry {
        number: header.place.number,
        sha256,
        previous: header.place.previous.clone(),
        kind: header.kind.as_str().to_owned(),
        mid: header.mid.clone(),
        cycle: header.cycle.map(|cycle| cycle.to_string()),
        happened: header.happened.to_string(),
        booked: header.booked.to_string(),
        reason: header.reason.clone(),
        reference: header.reference.clone(),
        reverses: header.reverses,
        evidence_kind: header.evidence.kind.as_str().to_owned(),
        evidence_sha256: header.evidence.sha256.clone(),
    }
}

fn posting_row(line: u64, posting: &Posting) -> StoredPosting {
    let (account, owner) = (posting.account.kind().as_str().into(), posting.account.owner().into());
    StoredPosting { line, account, owner, currency: posting.currency.code().into(), amount: posting.amount.to_compact_string() }
}

fn header_of(row: &StoredEntry) -> anyhow::Result<Header> {
    let kind = EntryKind::ALL.into_iter().find(|kind| kind.as_str() == row.kind);
    let evidence = EvidenceKind::ALL.into_iter().find(|kind| kind.as_str() == row.evidence_kind);
    Ok(Header {
        place: Place { number: row.number, previous: row.previous.clone() },
        kind: kind.with_context(|| format!("{:?} is no kind of entry", row.kind))?,
        mid: row.mid.clone(),
        cycle: row.cycle.as_ref().map(|cycle| cycle.parse()).transpose()?,
        happened: row.happened.parse()?,
        booked: row.booked.parse()?,
        reason: row.reason.clone(),
        reference: row.reference.clone(),
        reverses: row.reverses,
        evidence: Evidence {
            kind: evidence.with_context(|| format!("{:?} is no kind of evidence", row.evidence_kind))?,
            sha256: row.evidence_sha256.clone(),
        },
    })
}

fn posting_of(row: &StoredPosting) -> anyhow::Result<Posting> {
    let kind: AccountKind = row.account.parse()?;
    Ok(Posting { account: Account::of(kind, row.owner.to_string())?, currency: row.currency.parse()?, amount: amount_of(row)? })
}
