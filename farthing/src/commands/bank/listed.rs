//! `farthing bank exceptions` and `lines`: what is left to a person, and all money on the account that is no payment of ours.

use super::assign::in_words;
use super::book::shown;
use crate::books::Books;
use crate::commands::settle::mid_and_currency;
use crate::output::{self, Answer};
use crate::payouts::lines::{self, AccountLine};
use crate::place::Place;
use anyhow::Context;
use farthing_archive::assignments::LineNumber;
use farthing_ledger::StoredException;
use serde_json::json;
use std::collections::BTreeMap;

/// What is left to a person; with `decided` also what was.
pub async fn exceptions(at: &Place, mid: Option<&str>, decided: bool, json: bool) -> anyhow::Result<Answer> {
    let mut books = Books::open(at).await?;
    if let Some(mid) = mid {
        mid_and_currency(&*books.registry_now().await?, mid, None)?;
    }
    let known: BTreeMap<LineNumber, AccountLine> = lines::all(&books).await?.into_iter().map(|line| (line.number, line)).collect();
    let (mut rows, mut documents) = (Vec::new(), Vec::new());
    for exception in books.ledger.bank_exceptions().await? {
        let taken = books.catalog.message_of(exception.sequence);
        let taken = taken.context("an exception is of no message that was taken in; run: farthing check")?;
        let message = &taken.message;
        let number = lines::number_of(&exception);
        let line = number.and_then(|number| known.get(&number));
        let is_left = line.is_none_or(AccountLine::is_left);
        if mid.is_some_and(|mid| mid != message.mid) || !(is_left || decided) {
            continue;
        }
        let id = message.message_id.clone().unwrap_or_else(|| message.sha256.chars().take(16).collect());
        let StoredException { reference, what, .. } = &exception;
        let (number, assigned) = (number.map(|number| number.to_string()), line.and_then(|line| line.assigned.as_ref()));
        documents.push(json!({"mid": message.mid, "at": taken.at, "kind": message.form, "message": id, "sha256": message.sha256,
            "reference": reference, "what": what, "line": number, "left": is_left,
            "assignment": assigned.map(|assigned| assigned.assignment.number)}));
        rows.push(vec![
            number.unwrap_or_default(),
            message.mid.clone(),
            taken.at.clone(),
            message.form.clone(),
            output::printable(&id),
            shown(&exception),
        ]);
    }
    if json {
        output::json(&json!({"exceptions": documents}))?;
    } else if rows.is_empty() {
        output::text("Nothing is left to a person.")?;
    } else {
        output::text(&output::table(&["line", "mid", "taken in", "kind", "message", "what"], &rows, 6))?;
    }
    books.ledger.close().await;
    Ok(Answer::Yes)
}

/// All lines of the accounts of a MID, or of all, with whose each is.
pub async fn lines(at: &Place, mid: Option<&str>, json: bool) -> anyhow::Result<Answer> {
    let mut books = Books::open(at).await?;
    if let Some(mid) = mid {
        mid_and_currency(&*books.registry_now().await?, mid, None)?;
    }
    let all = lines::all(&books).await?;
    let (mut rows, mut documents) = (Vec::new(), Vec::new());
    for line in all.iter().filter(|line| mid.is_none_or(|mid| mid == line.money.mid)) {
        let AccountLine { number, row, money, at, assigned, .. } = line;
        let assignment = assigned.as_ref().map(|assigned| &assigned.assignment);
        documents.push(json!({"line": number.to_string(), "mid": money.mid, "at": at, "booked": row.booked, "reference": row.reference,
            "currency": row.currency, "amount": row.amount, "whose": whose(line), "left": line.is_left(),
            "platform": row.platform, "cycle": row.cycle, "assignment": assignment.map(|one| one.number), "to": assignment.map(|one| &one.to)}));
        let plain = |text: &Option<String>| output::printable(text.as_deref().unwrap_or_default());
        let words = [number.to_string(), money.mid.clone(), plain(&row.booked), plain(&row.reference), whose(line)];
        rows.push(
            [
                words.to_vec(),
                vec![assignment.map(|one| one.number.to_string()).unwrap_or_default(), format!("{} {}", row.amount, row.currency)],
            ]
            .concat(),
        );
    }
    if json {
        output::json(&json!({"lines": documents}))?;
    } else if rows.is_empty() {
        output::text("Nothing has come in, and nothing has gone out that is no payment of ours.")?;
    } else {
        output::text(&output::table(&["line", "mid", "booked", "bank's reference", "whose", "assignment", "amount"], &rows, 6))?;
    }
    books.ledger.close().await;
    Ok(Answer::Yes)
}

fn whose(line: &AccountLine) -> String {
    match line.to() {
        Some(to) => in_words(to),
        None if line.is_told_again() => "not booked: told again".to_owned(),
        None => "not booked yet".to_owned(),
    }
}
