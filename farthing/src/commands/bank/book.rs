//! `farthing bank book`: what a bank has sent is taken in, once.

use super::open;
use crate::books::{Appended, Books};
use crate::check::{self, Upcoming};
use crate::commands::record::by;
use crate::commands::settle::mid_and_currency;
use crate::journal::{booked, next_place, rows_of};
use crate::output::{self, Answer};
use crate::payouts::answers::{Taken, outcome_sha256, take_in};
use crate::payouts::lines::{number_of, number_of_row, told_by};
use crate::place::Place;
use crate::time::now;
use anyhow::Context;
use farthing_archive::assignments::LineNumber;
use farthing_archive::catalog::TakenIn;
use farthing_bank::AnswerFile;
use farthing_ledger::{Effects, StoredBankMessage, StoredException, StoredReceipt};
use farthing_schemas::manifest::{Act, AssignedTo, BankMessage};
use farthing_settle::journal::{Entry, Occasion, entry_of_message};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// How hard messages are packed: they are kept for years, and written once.
const PACKED: i32 = 6;

/// What became of one file.
enum Outcome {
    Booked(Box<Booked>),
    /// It was taken in before, by that manifest.
    Before(u64),
}

struct Booked {
    message: BankMessage,
    exceptions: Vec<StoredException>,
    /// Lines that are the payments of remittances, with the numbers of those.
    remitted: Vec<(LineNumber, u64)>,
}

pub async fn run(at: &Place, files: &[PathBuf], mid: &str, person: Option<String>, json: bool) -> anyhow::Result<Answer> {
    let mut books = Books::open(at).await?;
    mid_and_currency(&*books.registry_now().await?, mid, None)?;
    // All are read before the first is booked: one that is damaged changes nothing.
    let read = files.iter().map(|path| Ok((path, open(path)?))).collect::<anyhow::Result<Vec<_>>>()?;
    let by = by(person);
    let mut documents = Vec::new();
    let mut left = 0;
    for (path, (file, bytes)) in &read {
        let outcome = book(&mut books, mid, &by, file, bytes).await.with_context(|| path.display().to_string())?;
        fail::fail_point!("bank-message-booked");
        if let Outcome::Booked(booked) = &outcome {
            left += booked.exceptions.len();
        }
        if json {
            documents.push(document(path, &outcome));
        } else {
            output::text(&told(path, &outcome, mid))?;
        }
    }
    books.ledger.close().await;
    if json {
        output::json(&json!({"files": documents}))?;
    }
    Ok(if left == 0 { Answer::Yes } else { Answer::No })
}

/// Takes in one message: all of it in one transaction, or nothing.
async fn book(books: &mut Books, mid: &str, by: &str, file: &AnswerFile, bytes: &[u8]) -> anyhow::Result<Outcome> {
    loop {
        let same = |taken: &&TakenIn| (taken.message.mid.as_str(), &taken.message.sha256) == (mid, &file.sha256);
        if let Some(before) = books.catalog.messages.iter().find(same) {
            return Ok(Outcome::Before(before.sequence));
        }
        let sequence = books.catalog.sequence + 1;
        let Taken { mut rows, told, moved } = take_in(books, mid, file, sequence).await?;
        let entry = entry(books, mid, by, file, &told)?;
        let message = BankMessage {
            mid: mid.to_owned(),
            sha256: file.sha256.clone(),
            form: file.kind.as_str().to_owned(),
            message_id: file.message_id.clone(),
            moved,
            receipts: u64::try_from(rows.receipts.iter().filter(|receipt| receipt.unbooked.is_none()).count())?,
            exceptions: u64::try_from(rows.exceptions.len())?,
            outcome_sha256: outcome_sha256(&rows.states, &rows.receipts, &rows.exceptions),
            by: by.to_owned(),
            booked: entry.as_ref().map(booked).transpose()?,
        };
        let body = Some(zstd::encode_all(bytes, PACKED)?);
        rows.message = Some(StoredBankMessage { sha256: file.sha256.clone(), sequence, mid: mid.to_owned(), body });
        let entry = entry.as_ref().map(rows_of);
        check::before_move(books, &Upcoming::Message { message: &message, entry: entry.as_ref(), rows: &rows }).await?;
        let (exceptions, remitted) = (rows.exceptions.clone(), remitted(&rows.receipts)?);
        let effects = Effects { entries: entry.into_iter().collect(), payments: rows, ..Effects::default() };
        if books.append(Act::BankMessage(message.clone()), &effects).await? == Appended::Done {
            return Ok(Outcome::Booked(Box::new(Booked { message, exceptions, remitted })));
        }
    }
}

/// The lines that are put to remittances.
fn remitted(rows: &[StoredReceipt]) -> anyhow::Result<Vec<(LineNumber, u64)>> {
    let mut found = Vec::new();
    for row in rows {
        if let Some(AssignedTo::Remittance { remittance }) = told_by(row)? {
            found.push((number_of_row(row), remittance));
        }
    }
    Ok(found)
}

/// What a message books; nothing where no money moves.
fn entry(books: &Books, mid: &str, by: &str, file: &AnswerFile, told: &[farthing_settle::journal::Told]) -> anyhow::Result<Option<Entry>> {
    if told.is_empty() {
        return Ok(None);
    }
    let now = now();
    let reason = format!("{} taken in by {by}", file.kind.as_str());
    let reference = file.message_id.clone().unwrap_or_default();
    let occasion = Occasion { place: next_place(&books.catalog), happened: now, booked: now, reason, reference };
    Ok(Some(entry_of_message(mid, &file.sha256, told, occasion)?))
}

fn document(path: &Path, outcome: &Outcome) -> Value {
    let path = path.display().to_string();
    match outcome {
        Outcome::Before(manifest) => json!({"file": path, "before": manifest}),
        Outcome::Booked(booked) => {
            let Booked { message, exceptions, remitted } = &**booked;
            let remitted = remitted.iter().map(|(line, number)| json!({"line": line.to_string(), "remittance": number}));
            json!({"file": path, "before": null, "kind": message.form, "message_id": message.message_id,
            "sha256": message.sha256, "payments": message.moved, "receipts": message.receipts, "remitted": remitted.collect::<Vec<_>>(),
            "exceptions": exceptions.iter().map(exception).collect::<Vec<_>>()})
        }
    }
}

fn exception(one: &StoredException) -> Value {
    let line = number_of(one).map(|line| line.to_string());
    json!({"reference": one.reference, "what": one.what, "line": line})
}

fn told(path: &Path, outcome: &Outcome, mid: &str) -> String {
    let path = path.display();
    match outcome {
        Outcome::Before(manifest) => format!("{path}: was taken in before, by manifest {manifest}; nothing changes"),
        Outcome::Booked(booked) => {
            let Booked { message, exceptions, remitted } = &**booked;
            let line = format!("{path}: {}, {} payments changed their state, {} receipts", message.form, message.moved, message.receipts);
            let left = exceptions.iter().map(|one| format!("\n  to be looked at: {}{}", numbered(one), shown(one)));
            let hint = if exceptions.is_empty() { String::new() } else { format!("\nAll of them: farthing bank exceptions --mid {mid}") };
            let paid = remitted.iter().map(|(line, number)| format!("\n  line {line} is the payment of remittance {number}"));
            line + &paid.collect::<String>() + &left.collect::<String>() + &hint
        }
    }
}

/// The number of the line by which a person assigns it.
fn numbered(one: &StoredException) -> String {
    number_of(one).map(|line| format!("line {line}, ")).unwrap_or_default()
}

/// What it is, with the payment that it is about.
pub fn shown(exception: &StoredException) -> String {
    let reference = exception.reference.as_deref().filter(|reference| *reference != "-");
    let text = reference.map_or(exception.what.clone(), |reference| format!("{reference}: {}", exception.what));
    output::printable(&text)
}
