//! Receivables from books with receipts, which are booked behind the program's back: what is open, and how old it is.

use super::{amount, list};
use crate::analysts::python;
use crate::journal::scene::Approved;
use crate::services::postgres::query;
use crate::support::{Data, also_on_postgres, stderr};
use anyhow::{Context, Result, ensure};
use farthing_schemas::Day;
use serde_json::Value;

/// A receipt, as others book it: the bank is debited, the platform credited.
struct Receipt<'a> {
    number: u64,
    day: Day,
    cycle: Option<&'a str>,
    platform: &'a str,
    amount: &'a str,
}

fn book(data: &Data, receipt: &Receipt<'_>) -> Result<()> {
    let Receipt { number, day, cycle, platform, amount } = receipt;
    let cycle = cycle.map_or("NULL".to_owned(), |cycle| format!("'{cycle}'"));
    let sql = format!(
        "INSERT INTO journal_postings VALUES ({number}, 1, 'platform_receivable', '{platform}', 'USD', '-{amount}');
         INSERT INTO journal_postings VALUES ({number}, 2, 'bank', '', 'USD', '{amount}');
         INSERT INTO journal_entries VALUES ({number}, 'sha{number}', '', 'receipt', 'mid_a', {cycle}, '{day}T12:00:00.000000Z',
             '{day}T12:00:01.000000Z', 'came in', 'statement 4', NULL, 'bank_message', 'sha');"
    );
    match data.is_on_server() {
        true => query(data.server(), &sql).map(drop),
        false => python::run("invoices/execute.py", &[&data.ledger().display().to_string(), &sql]).map(drop),
    }
}

fn line(document: &Value, platform: &str, currency: &str) -> Result<Value> {
    let found = list(document, "platforms")?.iter().find(|line| line["platform"] == platform && line["currency"] == currency);
    found.cloned().with_context(|| format!("no {platform} in {document}"))
}

/// What the trial balance says.
fn balance(data: &Data, platform: &str, currency: &str) -> Result<i128> {
    let sheet = data.json(["trial-balance", "--mid", "mid_a", "--by", "account"])?;
    let is_its = |line: &&Value| line["account"] == "platform_receivable" && line["owner"] == platform && line["currency"] == currency;
    amount(list(&sheet, "lines")?.iter().find(is_its).context("no such account")?, "balance")
}

fn approved_on(data: &Data, cycle: &str) -> Result<Day> {
    let journal = data.json(["journal", "--mid", "mid_a", "--cycle", cycle, "--account", "platform_receivable:plt"])?;
    let last = list(&journal, "entries")?.last().context("no entry")?.clone();
    Ok(last["happened"].as_str().context("no time")?[..10].parse()?)
}

#[test]
fn what_is_open_and_how_old_it_is() -> Result<()> {
    let books = Approved::new()?;
    let data = books.data();
    let at = |day: Day| data.json(["receivables", "--mid", "mid_a", "--as-of", &day.to_string()]);
    let approved = approved_on(data, "2026-11")?;
    let invoiced = |cycle: &str| -> Result<i128> {
        let found = data.json(["invoice", "plt", "--mid", "mid_a", "--cycle", cycle])?;
        amount(&found["figures"], "to_pay")
    };
    let (october, november) = (invoiced("2026-10")?, invoiced("2026-11")?);
    let found = line(&at(approved)?, "plt", "USD")?;
    assert_eq!((amount(&found, "invoiced")?, amount(&found, "not_due")?), (october + november, october + november));
    assert_eq!(amount(&found, "balance")?, balance(data, "plt", "USD")?);
    let euros = line(&at(approved)?, "plt", "EUR")?;
    assert_eq!(amount(&euros, "balance")?, balance(data, "plt", "EUR")?);
    for (days, name) in [(30, "due_0_30"), (61, "due_31_60"), (91, "due_61_90"), (121, "due_over_90")] {
        let found = line(&at(approved.plus(days))?, "plt", "USD")?;
        assert_eq!((amount(&found, name)?, amount(&found, "not_due")?), (october + november, 0), "{days} days: {found}");
    }
    // November by its name, five dollars of what is oldest, and more than the other platform owes.
    let text = |units: i128| farthing_schemas::Money::from_units(units).to_string();
    book(data, &Receipt { number: 7, day: approved.plus(1), cycle: Some("2026-11"), platform: "plt", amount: &text(november) })?;
    book(data, &Receipt { number: 8, day: approved.plus(2), cycle: None, platform: "plt", amount: "5.000000000000" })?;
    book(data, &Receipt { number: 9, day: approved.plus(2), cycle: None, platform: "plt_other", amount: "100.000000000000" })?;
    let before = line(&at(approved)?, "plt", "USD")?;
    assert_eq!((amount(&before, "received")?, amount(&before, "open")?), (0, october + november));
    let document = at(approved.plus(40))?;
    let found = line(&document, "plt", "USD")?;
    assert_eq!((amount(&found, "received")?, amount(&found, "open")?), (november + 5_000_000_000_000, october - 5_000_000_000_000));
    assert_eq!(amount(&found, "balance")?, balance(data, "plt", "USD")?);
    let open: Vec<(&str, &str)> =
        list(&document, "open")?.iter().filter_map(|row| Some((row["platform"].as_str()?, row["cycle"].as_str()?))).collect();
    assert_eq!(open, [("plt", "2026-10"), ("plt", "2026-10")], "in dollars and in euros: {document}");
    let other = line(&document, "plt_other", "USD")?;
    assert_eq!((amount(&other, "open")?, amount(&other, "advance")?), (0, 100_000_000_000_000 - amount(&other, "invoiced")?));
    Ok(())
}

#[test]
fn it_is_printed_and_asked_for_by_day() -> Result<()> {
    let books = Approved::new()?;
    let data = books.data();
    let text = data.ok(["receivables", "--mid", "mid_b"])?;
    ensure!(text.contains("What platforms owe mid_b") && text.contains("plt") && !text.contains("plt_other"), "{text}");
    let csv = data.ok(["receivables", "--mid", "mid_b", "--csv"])?;
    ensure!(csv.starts_with("mid,as_of,due_days,line,platform,currency,invoiced") && csv.contains("mid_b"), "{csv}");
    let before = data.ok(["receivables", "--mid", "mid_b", "--as-of", "2026-01-01"])?;
    ensure!(before.contains("Nothing is booked"), "{before}");
    let sooner = data.json(["receivables", "--mid", "mid_b", "--due-days", "0"])?;
    let found = line(&sooner, "plt", "USD")?;
    assert_eq!(found["due_0_30"], found["open"], "due on the day of its approval");
    let refused = data.run(["receivables", "--mid", "mid_b", "--csv", "--json"])?;
    ensure!(refused.status.code() == Some(2) && stderr(&refused).contains("--csv"), "{refused:?}");
    Ok(())
}

also_on_postgres!(what_is_open_and_how_old_it_is);
