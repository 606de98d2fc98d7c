//! `farthing journal`: what is booked, for people and for other programs.

use crate::books::Books;
use crate::cli::{ExportOptions, JournalCommand, JournalOptions};
use crate::journal::export::{csv, debit_and_credit, hledger};
use crate::journal::select::Selection;
use crate::output::{self, Answer};
use crate::place::Place;
use farthing_settle::journal::{Entry, Posting};
use serde_json::{Value, json};

pub async fn run(at: &Place, options: &JournalOptions, json: bool) -> anyhow::Result<Answer> {
    match &options.command {
        Some(JournalCommand::Export(options)) => export(at, options, json).await,
        None => list(at, &options.selection, json).await,
    }
}

async fn list(at: &Place, selection: &Selection, json: bool) -> anyhow::Result<Answer> {
    let books = Books::open(at).await?;
    let (mut documents, mut shown) = (Vec::new(), Vec::new());
    selection
        .each(&books, |entry| {
            let postings = selection.postings(&entry);
            match json {
                true => documents.push(document(&entry, &postings)),
                false => shown.push(text(&entry, &postings)?),
            }
            Ok(())
        })
        .await?;
    if json {
        output::json(&json!({"entries": documents}))?;
    } else if shown.is_empty() {
        output::text("Nothing is booked that was asked for; entries come with: farthing settle approve")?;
    } else {
        output::text(&shown.join("\n\n"))?;
    }
    Ok(Answer::Yes)
}

fn document(entry: &Entry, postings: &[&Posting]) -> Value {
    let header = entry.header();
    let posting = |posting: &&Posting| {
        json!({"account": posting.account.kind().as_str(), "owner": posting.account.owner(), "currency": posting.currency.code(),
            "amount": posting.amount.to_string()})
    };
    json!({"number": header.place.number, "sha256": entry.sha256(), "previous": header.place.previous, "kind": header.kind.as_str(),
        "mid": header.mid, "cycle": header.cycle.map(|cycle| cycle.to_string()), "happened": header.happened.to_string(),
        "booked": header.booked.to_string(), "reason": header.reason, "reference": header.reference, "reverses": header.reverses,
        "evidence": {"kind": header.evidence.kind.as_str(), "sha256": header.evidence.sha256},
        "postings": postings.iter().map(posting).collect::<Vec<_>>()})
}

fn text(entry: &Entry, postings: &[&Posting]) -> anyhow::Result<String> {
    let header = entry.header();
    let cycle = header.cycle.map_or(String::new(), |cycle| format!(", cycle {cycle}"));
    let reverses = header.reverses.map_or(String::new(), |number| format!(", reverses entry {number}"));
    let mut lines = vec![
        format!("Entry {}: {} in the books of {}{cycle}{reverses}", header.place.number, header.kind.as_str(), header.mid),
        format!("  happened {}, booked {}", header.happened, header.booked),
        format!("  {} ({})", header.reason, header.reference),
        format!("  by {} {}", header.evidence.kind.as_str().replace('_', " "), header.evidence.sha256),
    ];
    let mut rows = Vec::new();
    for posting in postings {
        let (debit, credit) = debit_and_credit(posting)?;
        rows.push(vec![format!("  {}", posting.account), posting.currency.to_string(), debit, credit]);
    }
    if !rows.is_empty() {
        lines.push(output::table(&["  account", "currency", "debit", "credit"], &rows, 2));
    }
    Ok(lines.join("\n"))
}

async fn export(at: &Place, options: &ExportOptions, json: bool) -> anyhow::Result<Answer> {
    let books = Books::open(at).await?;
    let mut entries = Vec::new();
    let selection = Selection { mid: options.mid.clone(), ..Selection::default() };
    selection
        .each(&books, |entry| {
            entries.push(entry);
            Ok(())
        })
        .await?;
    let (format, text) = if options.hledger { ("hledger", hledger(&entries)) } else { ("csv", csv(&entries)?) };
    if json {
        output::json(&json!({"format": format, "text": text}))?;
    } else {
        output::bytes(text.as_bytes())?;
    }
    Ok(Answer::Yes)
}
