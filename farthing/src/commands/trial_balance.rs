//! `farthing trial-balance`: debits and credits per account, and whether they are the same.

use crate::books::Books;
use crate::cli::{By, TrialBalanceOptions};
use crate::journal::{amount_of, postings};
use crate::output::{self, Answer};
use crate::place::Place;
use anyhow::Context;
use farthing_settle::journal::{AccountKind, Turnover};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// MID, kind of account, owner and currency; the owner is empty where sums are by kind.
type Key = (String, AccountKind, String, String);

/// What is debited and credited, as the rows of the ledger say it: also where they contradict themselves.
#[derive(Default)]
struct Sheet {
    lines: BTreeMap<Key, Turnover>,
    /// By MID and currency.
    totals: BTreeMap<(String, String), Turnover>,
}

pub async fn run(at: &Place, options: &TrialBalanceOptions, json: bool) -> anyhow::Result<Answer> {
    let books = Books::open(at).await?;
    let sheet = sheet(&books, options).await?;
    let uneven: Vec<String> = sheet.totals.iter().filter(|(_, total)| !total.is_even()).map(uneven).collect();
    if json {
        print_json(&sheet, uneven.is_empty())?;
    } else {
        print_text(&sheet, options.by, &uneven)?;
    }
    Ok(if uneven.is_empty() { Answer::Yes } else { Answer::No })
}

async fn sheet(books: &Books, options: &TrialBalanceOptions) -> anyhow::Result<Sheet> {
    let mut sheet = Sheet::default();
    let at = options.at.map(|at| at.to_string());
    for entry in books.ledger.journal_entries_after(0).await? {
        let asked = options.mid.as_ref().is_none_or(|mid| *mid == entry.mid) && at.as_ref().is_none_or(|at| entry.happened <= *at);
        for row in if asked { postings(books, entry.number).await? } else { Vec::new() } {
            let name = || format!("journal entry {}, posting {}", entry.number, row.line);
            let (amount, kind) = (amount_of(&row).with_context(name)?, row.account.parse::<AccountKind>().with_context(name)?);
            let owner = if options.by == By::Account { row.owner.to_string() } else { String::new() };
            sheet.lines.entry((entry.mid.clone(), kind, owner, row.currency.to_string())).or_default().post(amount)?;
            sheet.totals.entry((entry.mid.clone(), row.currency.to_string())).or_default().post(amount)?;
        }
    }
    Ok(sheet)
}

fn uneven(((mid, currency), total): (&(String, String), &Turnover)) -> String {
    format!("{mid} in {currency}: debits of {} and credits of {}", total.debit, total.credit)
}

fn print_json(sheet: &Sheet, balanced: bool) -> anyhow::Result<()> {
    let mut lines: Vec<Value> = Vec::new();
    for ((mid, kind, owner, currency), turnover) in &sheet.lines {
        lines.push(json!({"mid": mid, "account": kind.as_str(), "owner": owner, "currency": currency, "debit": turnover.debit.to_string(),
            "credit": turnover.credit.to_string(), "balance": turnover.balance()?.to_string()}));
    }
    let total = |((mid, currency), total): (&(String, String), &Turnover)| json!({"mid": mid, "currency": currency, "debit": total.debit.to_string(), "credit": total.credit.to_string()});
    output::json(&json!({"balanced": balanced, "lines": lines, "totals": sheet.totals.iter().map(total).collect::<Vec<_>>()}))
}

fn print_text(sheet: &Sheet, by: By, uneven: &[String]) -> anyhow::Result<()> {
    if sheet.lines.is_empty() {
        return output::text("Nothing is booked; entries come with: farthing settle approve");
    }
    let mut rows = Vec::new();
    for ((mid, kind, owner, currency), turnover) in &sheet.lines {
        let account = if owner.is_empty() { kind.to_string() } else { format!("{kind}:{owner}") };
        let amounts = [turnover.debit, turnover.credit, turnover.balance()?].map(|amount| amount.to_string());
        rows.push([vec![mid.clone(), account, currency.clone()], amounts.to_vec()].concat());
    }
    for ((mid, currency), total) in &sheet.totals {
        let amounts = [total.debit, total.credit, total.balance()?].map(|amount| amount.to_string());
        rows.push([vec![mid.clone(), "total".to_owned(), currency.clone()], amounts.to_vec()].concat());
    }
    let account = if by == By::Account { "account" } else { "kind of account" };
    let mut text = output::table(&["mid", account, "currency", "debit", "credit", "balance"], &rows, 3);
    text.push_str("\n\n");
    text.push_str(&match uneven {
        [] => "Debits equal credits.".to_owned(),
        uneven => format!("DEBITS DO NOT EQUAL CREDITS:\n  {}\nFind the entry with: farthing check", uneven.join("\n  ")),
    });
    output::text(&text)
}
