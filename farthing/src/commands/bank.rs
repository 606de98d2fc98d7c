//! `farthing bank`: what banks answer, looked at, booked, and what of it is left to a person.

mod assign;
mod book;
mod erase;
mod listed;

use crate::cli::BankCommand;
use crate::output::{self, Answer, printable};
use crate::place::Place;
use anyhow::Context;
use farthing_bank::answer::{Change, Reason};
use farthing_bank::{AnswerFile, BYTES_MAX, Receipt, Reference, Unread};
use serde_json::{Value, json};
use std::io::Read;
use std::path::Path;

pub async fn run(at: &Place, command: BankCommand, json: bool) -> anyhow::Result<Answer> {
    match command {
        BankCommand::Read { file } => read(&file, json),
        BankCommand::Book { files, mid, person } => book::run(at, &files, &mid, person, json).await,
        BankCommand::Erase { before, mid } => erase::run(at, before, mid.as_deref(), json).await,
        BankCommand::Exceptions { mid, decided } => listed::exceptions(at, mid.as_deref(), decided, json).await,
        BankCommand::Lines { mid } => listed::lines(at, mid.as_deref(), json).await,
        BankCommand::Assign(options) => assign::run(at, &options, json).await,
    }
}

fn read(path: &Path, json: bool) -> anyhow::Result<Answer> {
    let (file, _) = open(path)?;
    if json {
        output::json(&document(&file))?;
    } else {
        output::text(&told(&file))?;
    }
    Ok(if file.unread.is_empty() { Answer::Yes } else { Answer::No })
}

/// A file of a bank, and its bytes.
fn open(path: &Path) -> anyhow::Result<(AnswerFile, Vec<u8>)> {
    let bytes = bytes(path).with_context(|| format!("the file {} cannot be read", path.display()))?;
    let file = farthing_bank::read(&bytes).with_context(|| format!("{} is no answer that can be read", path.display()))?;
    Ok((file, bytes))
}

/// One byte more than is read at most, so that what is too large is known to be.
fn bytes(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let most = u64::try_from(BYTES_MAX).unwrap_or(u64::MAX).saturating_add(1);
    if path == Path::new("-") {
        std::io::stdin().lock().take(most).read_to_end(&mut bytes)?;
    } else {
        std::fs::File::open(path)?.take(most).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

fn document(file: &AnswerFile) -> Value {
    let answers: Vec<Value> = file.answers.iter().map(answer).collect();
    json!({
        "kind": file.kind.as_str(),
        "message_id": file.message_id,
        "sha256": file.sha256,
        "answers": answers,
        "receipts": file.receipts.iter().map(receipt).collect::<Vec<_>>(),
        "changes": file.changes.iter().map(change).collect::<Vec<_>>(),
        "unread": file.unread.iter().map(unread).collect::<Vec<_>>(),
    })
}

fn answer(answer: &farthing_bank::Answer) -> Value {
    let reason = answer.reason.clone().unwrap_or_default();
    json!({
        "reference": reference(&answer.reference),
        "outcome": answer.outcome.as_str(),
        "reason_code": reason.code,
        "reason": reason.text,
        "amount": answer.amount.map(farthing_bank::Amount::decimal),
        "currency": answer.amount.map(|amount| amount.currency().code()),
        "booked": answer.booked.map(|day| day.to_string()),
        "bank_reference": answer.bank_reference,
    })
}

fn reference(reference: &Reference) -> Value {
    match reference {
        Reference::EndToEnd(id) => json!({"end_to_end_id": id.as_str()}),
        Reference::Beginning { beginning, trace, .. } => json!({"beginning": beginning, "trace": trace}),
        Reference::Message(id) => json!({"message_id": id.as_str()}),
        Reference::None => Value::Null,
    }
}

fn receipt(receipt: &Receipt) -> Value {
    json!({
        "amount": receipt.amount.decimal(),
        "currency": receipt.amount.currency().code(),
        "booked": receipt.booked.map(|day| day.to_string()),
        "debtor_name": receipt.debtor_name,
        "remittance": receipt.remittance,
        "end_to_end_id": receipt.end_to_end_id,
        "bank_reference": receipt.bank_reference,
    })
}

fn change(change: &Change) -> Value {
    json!({
        "reference": reference(&change.reference),
        "code": change.code,
        "changed": change.text,
        "corrected": change.corrected.to_string(),
    })
}

fn unread(unread: &Unread) -> Value {
    json!({"line": unread.line, "reference": reference(&unread.reference), "what": unread.what})
}

fn told(file: &AnswerFile) -> String {
    let id = file.message_id.as_deref().unwrap_or("without an id");
    let mut parts = vec![printable(&format!("{} {id}, SHA-256 {}", file.kind.as_str(), file.sha256))];
    if !file.answers.is_empty() {
        parts.push(output::table(&["payment", "outcome", "booked", "reason", "amount"], &plain_rows(answer_rows(file)), 4));
    }
    if !file.receipts.is_empty() {
        parts.push(output::table(&["received from", "booked", "for", "amount"], &plain_rows(receipt_rows(file)), 3));
    }
    let changed = |change: &Change| {
        let text = change.text.unwrap_or("the account");
        format!("Of {} the bank wants changed: {text} ({}), to {}.", change.reference, change.code, change.corrected)
    };
    parts.extend(file.changes.iter().map(|change| printable(&changed(change))));
    let unread = |unread: &Unread| format!("Not understood, on line {}: {}, of {}.", unread.line, unread.what, unread.reference);
    parts.extend(file.unread.iter().map(|one| printable(&unread(one))));
    parts.join("\n\n")
}

fn answer_rows(file: &AnswerFile) -> Vec<Vec<String>> {
    let row = |answer: &farthing_bank::Answer| {
        vec![
            answer.reference.to_string(),
            answer.outcome.as_str().to_owned(),
            answer.booked.map_or_else(String::new, |day| day.to_string()),
            answer.reason.as_ref().map_or_else(String::new, Reason::to_string),
            answer.amount.map_or_else(String::new, |amount| amount.to_string()),
        ]
    };
    file.answers.iter().map(row).collect()
}

fn receipt_rows(file: &AnswerFile) -> Vec<Vec<String>> {
    let row = |receipt: &Receipt| {
        vec![
            receipt.debtor_name.clone().unwrap_or_default(),
            receipt.booked.map_or_else(String::new, |day| day.to_string()),
            receipt.remittance.as_deref().unwrap_or_default().replace('\n', ", "),
            receipt.amount.to_string(),
        ]
    };
    file.receipts.iter().map(row).collect()
}

fn plain_rows(rows: Vec<Vec<String>>) -> Vec<Vec<String>> {
    rows.into_iter().map(|row| row.iter().map(|cell| printable(cell)).collect()).collect()
}
