//! What a seal archives: the payments of its cycle with what became of them, and the journal from where the last seal ended.

use crate::books::Books;
use crate::commands::settle::Settlement;
use crate::journal::{entry_of, postings};
use anyhow::{Context, ensure};
use arrow_array::builder::{Decimal128Builder, Int64Builder, StringBuilder, StringDictionaryBuilder, TimestampMicrosecondBuilder};
use arrow_array::types::Int32Type;
use arrow_array::{ArrayRef, RecordBatch};
use farthing_archive::{FolderFiles, Folders, NewFile, table_path};
use farthing_ledger::{Asked, StoredState};
use farthing_schemas::Cycle;
use farthing_schemas::manifest::File;
use farthing_schemas::money::from_stored_text;
use farthing_schemas::tables::{Table, decimal};
use farthing_settle::journal::{Entry, Posting};
use farthing_settle::payout::State;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Rows of a table at hand at once.
const ROWS: usize = 100_000;

type Words = StringDictionaryBuilder<Int32Type>;

/// Archives what the seal of a cycle names. Files that another seal has left behind are removed: whoever calls this holds the lock for it.
pub async fn archive(books: &Books, of: &Settlement) -> anyhow::Result<Vec<File>> {
    for table in [Table::Payouts, Table::Journal] {
        for path in books.archive.list(table.name()).await? {
            if !books.catalog.live.contains_key(&path) {
                books.archive.remove(&path).await?;
            }
        }
    }
    let mut files = Vec::new();
    files.extend(payouts(books, of).await?);
    files.extend(journal(books, of.cycle).await?);
    Ok(files)
}

/// The number of the last entry of the journal that is archived.
pub fn archived_through(books: &Books) -> u64 {
    books.catalog.files(Table::Journal.name()).filter_map(|file| file.batches).map(|(_, last)| last).max().unwrap_or(0)
}

async fn payouts(books: &Books, of: &Settlement) -> anyhow::Result<Option<File>> {
    let cycle = of.cycle.to_string();
    let asked = Asked::Of { mid: &of.mid, currency: of.currency.code(), cycle: Some(&cycle) };
    let (payments, states) = (books.ledger.payments(asked).await?, books.ledger.payment_states(asked).await?);
    let last: BTreeMap<&str, &StoredState> = states.iter().map(|state| (state.id.as_str(), state)).collect();
    let mut folders = Folders::new(Table::Payouts)?;
    for some in payments.chunks(ROWS) {
        let [mut id, mut party, mut replaces] = [(); 3].map(|()| StringBuilder::new());
        let [mut mid, mut currency, mut cycles, mut paid_in, mut file, mut state, mut booked] = [(); 7].map(|()| Words::new());
        let (mut attempt, mut amount) = (Int64Builder::new(), Decimal128Builder::new().with_data_type(decimal()));
        for row in some {
            let known = last.get(row.id.as_str());
            let begins = State::first(row.message_id.as_deref());
            id.append_value(&row.id);
            mid.append_value(&row.mid);
            currency.append_value(&row.currency);
            cycles.append_value(&row.cycle);
            party.append_value(&row.party);
            attempt.append_value(i64::try_from(row.attempt)?);
            paid_in.append_value(&row.paid_in);
            amount.append_value(from_stored_text(&row.amount)?.units());
            replaces.append_option(row.replaces.as_deref());
            file.append_option(row.message_id.as_deref());
            state.append_value(known.map_or(begins.as_str(), |known| known.state.as_str()));
            booked.append_option(known.and_then(|known| known.booked.as_deref()));
        }
        let columns: Vec<ArrayRef> = vec![
            Arc::new(id.finish()),
            Arc::new(mid.finish()),
            Arc::new(currency.finish()),
            Arc::new(cycles.finish()),
            Arc::new(party.finish()),
            Arc::new(attempt.finish()),
            Arc::new(paid_in.finish()),
            Arc::new(amount.finish()),
            Arc::new(replaces.finish()),
            Arc::new(file.finish()),
            Arc::new(state.finish()),
            Arc::new(booked.finish()),
        ];
        folders.write(of.cycle, RecordBatch::try_new(Table::Payouts.schema(), columns)?)?;
    }
    put(books, Table::Payouts, folders, None, of.currency.code()).await
}

/// All entries behind those that are archived, of whatever MID: their chain is one.
async fn journal(books: &Books, cycle: Cycle) -> anyhow::Result<Option<File>> {
    let after = archived_through(books);
    let mut folders = Folders::new(Table::Journal)?;
    let mut through = after;
    for row in books.ledger.journal_entries_after(after).await?.iter().filter(|row| row.number <= books.catalog.entries) {
        let rows = postings(books, row.number).await?;
        // Only what is as it was booked is archived.
        let entry = entry_of(row, &rows)?;
        ensure!(row.number == through + 1, "journal entry {}: it is missing; run: farthing check", through + 1);
        for first in (0..entry.postings().len().max(1)).step_by(ROWS) {
            folders.write(cycle, rows_of(&entry, &row.sha256, first)?)?;
        }
        through = row.number;
    }
    put(books, Table::Journal, folders, Some((after + 1, through)), &format!("entries-{:09}-{through:09}", after + 1)).await
}

/// A row for each posting. An entry that moves nothing, such as the approval of a draft that only carries, has one row of line 0 without an account:
/// the chain of entries goes through it.
fn rows_of(entry: &Entry, sha256: &str, first: usize) -> anyhow::Result<RecordBatch> {
    let header = entry.header();
    let [mut kind, mut mid, mut cycle, mut account, mut currency, mut evidence_kind] = [(); 6].map(|()| Words::new());
    let [mut owner, mut reason, mut reference, mut evidence, mut previous, mut hash] = [(); 6].map(|()| StringBuilder::new());
    let [mut number, mut line, mut reverses] = [(); 3].map(|()| Int64Builder::new());
    let [mut happened, mut booked] = [(); 2].map(|()| TimestampMicrosecondBuilder::new().with_timezone("UTC"));
    let mut amount = Decimal128Builder::new().with_data_type(decimal());
    let row = |(at, posting): (i64, &Posting)| {
        (at, posting.account.kind().as_str(), posting.account.owner().to_owned(), posting.currency.code(), posting.amount.units())
    };
    let nothing = entry.postings().is_empty().then(|| (0, "", String::new(), "", 0));
    let postings = (1_i64..).zip(entry.postings()).skip(first).take(ROWS).map(row);
    for (at, of, whose, code, units) in nothing.into_iter().chain(postings) {
        number.append_value(i64::try_from(header.place.number)?);
        line.append_value(at);
        happened.append_value(header.happened.micros());
        booked.append_value(header.booked.micros());
        kind.append_value(header.kind.as_str());
        mid.append_value(&header.mid);
        cycle.append_option(header.cycle.map(|cycle| cycle.to_string()));
        account.append_value(of);
        owner.append_value(whose);
        currency.append_value(code);
        amount.append_value(units);
        reason.append_value(&header.reason);
        reference.append_value(&header.reference);
        reverses.append_option(header.reverses.map(i64::try_from).transpose()?);
        evidence_kind.append_value(header.evidence.kind.as_str());
        evidence.append_value(&header.evidence.sha256);
        previous.append_value(&header.place.previous);
        hash.append_value(sha256);
    }
    let columns: Vec<ArrayRef> = vec![
        Arc::new(number.finish()),
        Arc::new(line.finish()),
        Arc::new(happened.finish()),
        Arc::new(booked.finish()),
        Arc::new(kind.finish()),
        Arc::new(mid.finish()),
        Arc::new(cycle.finish()),
        Arc::new(account.finish()),
        Arc::new(owner.finish()),
        Arc::new(currency.finish()),
        Arc::new(amount.finish()),
        Arc::new(reason.finish()),
        Arc::new(reference.finish()),
        Arc::new(reverses.finish()),
        Arc::new(evidence_kind.finish()),
        Arc::new(evidence.finish()),
        Arc::new(previous.finish()),
        Arc::new(hash.finish()),
    ];
    Ok(RecordBatch::try_new(Table::Journal.schema(), columns)?)
}

/// Puts the one file of a table into the archive, if it has any rows.
async fn put(books: &Books, table: Table, folders: Folders, range: Option<(u64, u64)>, name: &str) -> anyhow::Result<Option<File>> {
    let mut files = FolderFiles::new(table);
    files.append(folders.finish()?)?;
    let mut encoded = files.finish()?;
    let Some((folder, file)) = encoded.pop() else { return Ok(None) };
    ensure!(encoded.is_empty(), "one file of {} has one folder", table.name());
    let new = NewFile { table: table.name(), rows: file.rows, batches: range, content: file.content };
    let path = |sha256: &str| table_path(table, folder, &format!("{name}-{}", &sha256[..8]));
    books.archive.put(new, path).await.map(Some).with_context(|| format!("the {} cannot be archived", table.name()))
}
