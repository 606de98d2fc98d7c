//! What seals have archived: the journal and the payouts, compared with the ledger's rows.

use crate::books::Books;
use crate::journal::postings;
use anyhow::{Context, ensure};
use compact_str::ToCompactString;
use farthing_aggregate::columns::Columns;
use farthing_archive::catalog::Moved;
use farthing_archive::read_table;
use farthing_ledger::{Asked, StoredEntry, StoredPosting, StoredState};
use farthing_schemas::manifest::File;
use farthing_schemas::tables::Table;
use farthing_schemas::{Instant, Money};
use farthing_settle::payout::State;
use std::collections::BTreeMap;

/// Compares what the seal of a cycle has archived.
pub async fn compare(books: &Books, moved: &Moved) -> anyhow::Result<()> {
    for file in &moved.step.files {
        let compared = match Table::named(&file.table) {
            Some(Table::Journal) => journal(books, file).await,
            Some(Table::Payouts) => payouts(books, moved, file).await,
            _ => Err(anyhow::anyhow!("a seal archives no {}", file.table)),
        };
        compared.with_context(|| file.path.clone())?;
    }
    Ok(())
}

async fn journal(books: &Books, file: &File) -> anyhow::Result<()> {
    let (first, last) = file.batches.context("its manifest does not say which entries are in it")?;
    let headers: BTreeMap<u64, StoredEntry> =
        books.ledger.journal_entries_after(first - 1).await?.into_iter().map(|row| (row.number, row)).collect();
    let mut next = first;
    let mut open: Option<(StoredEntry, Vec<StoredPosting>)> = None;
    for batch in read_table(&file.path, books.archive.get(file).await?, None)? {
        for (entry, posting) in rows(&batch?)? {
            match &mut open {
                Some((held, postings)) if held.number == entry.number => postings.extend(posting),
                held => {
                    if let Some(whole) = held.take() {
                        same(books, &headers, &whole, &mut next).await?;
                    }
                    *held = Some((entry, posting.into_iter().collect()));
                }
            }
        }
    }
    if let Some(whole) = open {
        same(books, &headers, &whole, &mut next).await?;
    }
    ensure!(next == last + 1, "journal entry {next} is missing");
    Ok(())
}

async fn same(
    books: &Books,
    headers: &BTreeMap<u64, StoredEntry>,
    (entry, archived): &(StoredEntry, Vec<StoredPosting>),
    next: &mut u64,
) -> anyhow::Result<()> {
    let number = entry.number;
    ensure!(number == *next, "journal entry {next} is missing");
    ensure!(headers.get(&number) == Some(entry), "journal entry {number} is not the ledger's");
    ensure!(postings(books, number).await? == *archived, "journal entry {number} has other postings than in the ledger");
    *next += 1;
    Ok(())
}

/// Entries with a posting each; the row of one that moves nothing has line 0, and no posting.
fn rows(batch: &arrow_array::RecordBatch) -> anyhow::Result<Vec<(StoredEntry, Option<StoredPosting>)>> {
    let columns = Columns(batch);
    let (number, line, reverses) = (columns.whole("entry")?, columns.whole("line")?, columns.whole("reverses")?);
    let (happened, booked, amount) = (columns.times("happened")?, columns.times("booked")?, columns.decimals("amount")?);
    let [kind, mid, cycle, account, currency, evidence_kind] =
        ["kind", "mid", "cycle", "account", "currency", "evidence_kind"].map(|name| columns.words(name));
    let (kind, mid, cycle, account, currency, evidence_kind) = (kind?, mid?, cycle?, account?, currency?, evidence_kind?);
    let [owner, reason, reference, evidence, previous, sha256] =
        ["owner", "reason", "reference", "evidence_sha256", "previous", "entry_sha256"].map(|name| columns.text(name));
    let (owner, reason, reference, evidence, previous, sha256) = (owner?, reason?, reference?, evidence?, previous?, sha256?);
    let unsigned = |number: i64| u64::try_from(number);
    let row = |row: usize| {
        use arrow_array::Array;
        let entry = StoredEntry {
            number: unsigned(number.value(row))?,
            sha256: sha256.value(row).to_owned(),
            previous: previous.value(row).to_owned(),
            kind: kind.at(row).to_owned(),
            mid: mid.at(row).to_owned(),
            cycle: cycle.get(row).map(str::to_owned),
            happened: Instant::from_micros(happened.value(row)).to_string(),
            booked: Instant::from_micros(booked.value(row)).to_string(),
            reason: reason.value(row).to_owned(),
            reference: reference.value(row).to_owned(),
            reverses: (!reverses.is_null(row)).then(|| unsigned(reverses.value(row))).transpose()?,
            evidence_kind: evidence_kind.at(row).to_owned(),
            evidence_sha256: evidence.value(row).to_owned(),
        };
        let posting = StoredPosting {
            line: unsigned(line.value(row))?,
            account: account.at(row).into(),
            owner: owner.value(row).into(),
            currency: currency.at(row).into(),
            amount: Money::from_units(amount.value(row)).to_compact_string(),
        };
        let says_nothing = (posting.line, posting.account.as_str(), posting.owner.as_str(), posting.currency.as_str()) == (0, "", "", "");
        let is_empty = says_nothing && amount.value(row) == 0;
        Ok((entry, (!is_empty).then_some(posting)))
    };
    (0..batch.num_rows()).map(row).collect()
}

/// Payment, party, attempt, amount with its currency, what it replaces, file, state and day.
type Row = (String, String, u64, String, Option<String>, Option<String>, String, Option<String>);

async fn payouts(books: &Books, moved: &Moved, file: &File) -> anyhow::Result<()> {
    let step = &moved.step;
    let asked = Asked::Of { mid: &step.mid, currency: &step.currency, cycle: Some(&step.cycle) };
    let mut states = books.ledger.payment_states(asked).await?;
    // What has come back since is no longer in it.
    states.retain(|state| state.sequence < moved.sequence);
    let last: BTreeMap<&str, &StoredState> = states.iter().map(|state| (state.id.as_str(), state)).collect();
    let payments = books.ledger.payments(asked).await?;
    let mut should = payments.iter().map(|row| -> Row {
        let known = last.get(row.id.as_str());
        let begins = State::first(row.message_id.as_deref());
        let state = known.map_or(begins.as_str(), |known| known.state.as_str()).to_owned();
        let booked = known.and_then(|known| known.booked.clone());
        let (id, party, amount) = (row.id.to_string(), row.party.to_string(), format!("{} {}", row.amount, row.paid_in));
        let [replaces, file] = [&row.replaces, &row.message_id].map(|id| id.as_ref().map(ToString::to_string));
        (id, party, row.attempt, amount, replaces, file, state, booked)
    });
    for batch in read_table(&file.path, books.archive.get(file).await?, None)? {
        let batch = batch?;
        let columns = Columns(&batch);
        let (id, party, replaces) = (columns.text("payment")?, columns.text("party")?, columns.text("replaces")?);
        let (attempt, amount) = (columns.whole("attempt")?, columns.decimals("amount")?);
        let (named, state, booked) = (columns.words("file")?, columns.words("state")?, columns.words("booked")?);
        let paid_in = columns.words("paid_in")?;
        for row in 0..batch.num_rows() {
            use arrow_array::Array;
            let replaced = (!replaces.is_null(row)).then(|| replaces.value(row).to_owned());
            let amount = format!("{} {}", Money::from_units(amount.value(row)), paid_in.at(row));
            let text = |word: Option<&str>| word.map(str::to_owned);
            let (id, party) = (id.value(row).to_owned(), party.value(row).to_owned());
            let attempt = u64::try_from(attempt.value(row))?;
            let found: Row = (id, party, attempt, amount, replaced, text(named.get(row)), state.at(row).to_owned(), text(booked.get(row)));
            ensure!(should.next().as_ref() == Some(&found), "payment {} is not as in the ledger", found.0);
        }
    }
    ensure!(should.next().is_none(), "a payment is missing");
    Ok(())
}
