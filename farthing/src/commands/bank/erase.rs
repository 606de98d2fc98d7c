//! `farthing bank erase`: what names accounts and people is erased once nobody needs it; hashes stay.

use crate::books::Books;
use crate::commands::settle::mid_and_currency;
use crate::output::{self, Answer};
use crate::payouts::lines::{self, AccountLine};
use crate::place::Place;
use chrono::NaiveDate;
use farthing_archive::assignments::LineNumber;
use farthing_archive::catalog::TakenIn;
use farthing_ledger::{Erased, StoredException};
use farthing_schemas::manifest::AssignedTo;
use farthing_settle::cycle::State;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// MID, currency and cycle.
type Key = (String, String, String);

pub async fn run(at: &Place, before: NaiveDate, mid: Option<&str>, json: bool) -> anyhow::Result<Answer> {
    let mut books = Books::open(at).await?;
    if let Some(mid) = mid {
        mid_and_currency(&*books.registry_now().await?, mid, None)?;
    }
    let before = before.to_string();
    let sealed = sealed_before(&books, &before);
    let is_asked = |of: &str| mid.is_none_or(|mid| mid == of);
    let released = books.catalog.moves.iter().filter(|moved| moved.step.released.is_some() && is_asked(&moved.step.mid));
    let files = released.map(|moved| (moved.sequence, sealed.contains(&key_of(moved)))).collect::<Vec<_>>();
    let open = open_messages(&books, &sealed).await?;
    let taken = books.catalog.messages.iter().filter(|taken| is_asked(&taken.message.mid));
    let messages = taken.map(|taken| (taken.sequence, taken.at < before && !open.contains(&taken.sequence))).collect::<Vec<_>>();
    let wanted: Vec<u64> = files.iter().chain(&messages).filter(|(_, wanted)| *wanted).map(|(sequence, _)| *sequence).collect();
    let Erased { files, messages, is_kept_by_readers } = books.ledger.erase_bodies(&wanted).await?;
    books.ledger.close().await;
    if json {
        output::json(&json!({"before": before, "files": files, "messages": messages}))?;
    } else {
        output::text(&format!("Erased: {files} files for banks and {messages} messages of banks; their hashes stay."))?;
    }
    if is_kept_by_readers {
        output::note("somebody reads the ledger, so its file still holds what was erased: run the same command again when they have ended");
        return Ok(Answer::No);
    }
    Ok(Answer::Yes)
}

fn key_of(moved: &farthing_archive::catalog::Moved) -> Key {
    (moved.step.mid.clone(), moved.step.currency.clone(), moved.step.cycle.clone())
}

/// The cycles that were sealed before a day.
fn sealed_before(books: &Books, before: &str) -> BTreeSet<Key> {
    // Times are written with the year first, so that they are in order as texts.
    let seals = books.catalog.moves.iter().filter(|moved| moved.step.to == State::Sealed.as_str() && moved.at.as_str() < before);
    seals.map(key_of).collect()
}

/// The acts that took in messages that are still needed.
async fn open_messages(books: &Books, sealed: &BTreeSet<Key>) -> anyhow::Result<BTreeSet<u64>> {
    // Whatever is left to a person stands there alone: who paid what is in suspense, what a bank wants changed, what cannot be true.
    let lines: BTreeMap<LineNumber, AccountLine> = lines::all(books).await?.into_iter().map(|line| (line.number, line)).collect();
    let about = |row: &StoredException| lines::number_of(row).and_then(|number| lines.get(&number));
    let is_left = |row: &StoredException| about(row).is_none_or(AccountLine::is_left);
    let mut open: BTreeSet<u64> = books.ledger.bank_exceptions().await?.iter().filter(|row| is_left(row)).map(|row| row.sequence).collect();
    open.extend(lines.values().filter(|line| is_needed(line, sealed)).map(|line| line.row.sequence));
    // It may be about any payment that was on its way then, also where it changed nothing.
    let mut unsealed: BTreeMap<&str, u64> = BTreeMap::new();
    for moved in books.catalog.moves.iter().filter(|moved| moved.step.released.is_some() && !sealed.contains(&key_of(moved))) {
        unsealed.entry(&moved.step.mid).or_insert(moved.sequence);
    }
    let waits = |taken: &&TakenIn| unsealed.get(taken.message.mid.as_str()).is_some_and(|first| *first < taken.sequence);
    open.extend(books.catalog.messages.iter().filter(waits).map(|taken| taken.sequence));
    Ok(open)
}

/// Whether who paid may still be asked: until it is known whose it is, and the cycle whose invoice it pays is sealed.
fn is_needed(line: &AccountLine, sealed: &BTreeSet<Key>) -> bool {
    let cycle = match line.to() {
        Some(AssignedTo::Platform { cycle, .. }) => cycle,
        _ => &None,
    };
    let key = cycle.clone().map(|cycle| (line.money.mid.clone(), line.row.currency.clone(), cycle));
    line.is_left() || key.is_some_and(|key| !sealed.contains(&key))
}
