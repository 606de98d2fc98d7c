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
use farthing_archive::catalog::TakenIn;
use farthing_ledger::StoredException;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Something that a person has to look at, or had.
struct Matter<'a> {
    message: &'a TakenIn,
    line: Option<&'a AccountLine>,
    reference: Option<&'a str>,
    what: String,
    shown: String,
}

/// What is left to a person; with `decided` also what was.
pub async fn exceptions(at: &Place, mid: Option<&str>, decided: bool, json: bool) -> anyhow::Result<Answer> {
    let mut books = Books::open(at).await?;
    if let Some(mid) = mid {
        mid_and_currency(&*books.registry_now().await?, mid, None)?;
    }
    let known: BTreeMap<LineNumber, AccountLine> = lines::all(&books).await?.into_iter().map(|line| (line.number, line)).collect();
    let told = books.ledger.bank_exceptions().await?;
    let mut matters = told.iter().map(|exception| told_of(&books, &known, exception)).collect::<anyhow::Result<Vec<_>>>()?;
    let named: BTreeSet<LineNumber> = told.iter().filter_map(lines::number_of).collect();
    for line in known.values().filter(|line| !named.contains(&line.number) && (line.is_left() || line.assigned.is_some())) {
        matters.push(said_of(&books, line)?);
    }
    let is_left = |matter: &Matter<'_>| matter.line.is_none_or(AccountLine::is_left);
    matters.retain(|matter| mid.is_none_or(|mid| mid == matter.message.message.mid) && (is_left(matter) || decided));
    if json {
        let documents: Vec<Value> = matters.iter().map(|matter| document(matter, is_left(matter))).collect();
        output::json(&json!({"exceptions": documents}))?;
    } else if matters.is_empty() {
        output::text("Nothing is left to a person.")?;
    } else {
        let rows: Vec<Vec<String>> = matters.iter().map(row).collect();
        output::text(&output::table(&["line", "mid", "taken in", "kind", "message", "what"], &rows, 6))?;
    }
    books.ledger.close().await;
    Ok(Answer::Yes)
}

/// What a message left to a person.
fn told_of<'a>(
    books: &'a Books,
    known: &'a BTreeMap<LineNumber, AccountLine>,
    exception: &'a StoredException,
) -> anyhow::Result<Matter<'a>> {
    let message = books.catalog.message_of(exception.sequence);
    let message = message.context("an exception is of no message that was taken in; run: farthing check")?;
    let line = lines::number_of(exception).and_then(|number| known.get(&number));
    Ok(Matter { message, line, reference: exception.reference.as_deref(), what: exception.what.clone(), shown: shown(exception) })
}

/// What a person has said of a line that its message put somewhere.
fn said_of<'a>(books: &'a Books, line: &'a AccountLine) -> anyhow::Result<Matter<'a>> {
    let message = books.catalog.message_of(line.number.message);
    let message = message.context("a line is of no message that was taken in; run: farthing check")?;
    let what = format!("{} {} is {}", line.row.amount, line.row.currency, whose(line));
    Ok(Matter { message, line: Some(line), reference: line.row.reference.as_deref(), shown: what.clone(), what })
}

fn id_of(taken: &TakenIn) -> String {
    taken.message.message_id.clone().unwrap_or_else(|| taken.message.sha256.chars().take(16).collect())
}

fn document(matter: &Matter<'_>, is_left: bool) -> Value {
    let Matter { message: TakenIn { message, at, .. }, line, reference, what, .. } = matter;
    let assignment = line.and_then(|line| line.assigned.as_ref()).map(|assigned| assigned.assignment.number);
    json!({"mid": message.mid, "at": at, "kind": message.form, "message": id_of(matter.message), "sha256": message.sha256,
        "reference": reference, "what": what, "line": line.map(|line| line.number.to_string()), "left": is_left, "assignment": assignment})
}

fn row(matter: &Matter<'_>) -> Vec<String> {
    let TakenIn { message, at, .. } = matter.message;
    let number = matter.line.map(|line| line.number.to_string()).unwrap_or_default();
    let (mid, form) = (message.mid.clone(), message.form.clone());
    vec![number, mid, at.clone(), form, output::printable(&id_of(matter.message)), matter.shown.clone()]
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
            "taken_back_by": line.taken_back_by.map(|by| by.to_string()), "platform": row.platform, "cycle": row.cycle,
            "assignment": assignment.map(|one| one.number), "to": assignment.map(|one| &one.to)}));
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
    if let Some(by) = line.taken_back_by {
        return format!("nobody's: line {by} takes it back");
    }
    match line.to() {
        Some(to) => in_words(to),
        None if line.is_told_again() => "not booked: told again".to_owned(),
        None => "not booked yet".to_owned(),
    }
}
