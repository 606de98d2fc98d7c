//! What other programs make of the journal: hledger's strict checks accept it and its balances are ours; a table of values is exact.

use super::scene::{Approved, units};
use super::{list, word};
use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

/// Balances by account and currency, in units.
type Balances = BTreeMap<(String, String), i128>;

fn hledger(journal: &Path, arguments: &[&str]) -> Result<String> {
    let output = Command::new("hledger").arg("-f").arg(journal).args(arguments).env("LC_ALL", "C.UTF-8").output();
    let output = output.context("hledger is not there; install the tests' tools with: deploy/install-test-tools.sh")?;
    if !output.status.success() {
        bail!("hledger {arguments:?}: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// What hledger's strict checks refuse is an error.
pub fn strictly_accepted(journal: &Path) -> Result<()> {
    hledger(journal, &["check", "--strict"]).map(drop)
}

/// Every account's balance in each currency, as hledger sums it.
fn balances_of_hledger(journal: &Path, currencies: &[&str]) -> Result<Balances> {
    let mut balances = Balances::new();
    for currency in currencies {
        let query = format!("cur:{currency}");
        let table = hledger(journal, &["balance", "--flat", "--no-total", "-O", "csv", &query])?;
        for line in table.lines().skip(1) {
            let cells: Vec<&str> = line.trim_matches('"').split("\",\"").collect();
            let [account, amount] = cells[..] else { bail!("{line:?} is no line of a balance") };
            let amount = amount.strip_suffix(currency).map(str::trim).with_context(|| format!("{amount} is not in {currency}"))?;
            balances.insert((account.to_owned(), (*currency).to_owned()), units(amount)?);
        }
    }
    Ok(balances)
}

/// The same by our trial balance, without what comes to nothing.
fn balances_of_ours(sheet: &Value) -> Result<Balances> {
    let mut balances = Balances::new();
    for line in list(sheet, "lines")? {
        let names = [word(line, "mid"), word(line, "account"), word(line, "owner")];
        let account = names.iter().filter(|name| !name.is_empty()).copied().collect::<Vec<_>>().join(":");
        balances.insert((account, word(line, "currency").to_owned()), units(word(line, "balance"))?);
    }
    balances.retain(|_, units| *units != 0);
    Ok(balances)
}

#[test]
fn hledger_accepts_the_books_and_finds_the_same_balances() -> Result<()> {
    let books = Approved::new()?;
    let journal = books.data().path().join("books.journal");
    std::fs::write(&journal, books.data().ok(["journal", "export", "--hledger"])?)?;
    strictly_accepted(&journal)?;
    let ours = balances_of_ours(&books.data().json(["trial-balance", "--by", "account"])?)?;
    ensure!(ours.len() > 10, "only {ours:?}");
    assert_eq!(balances_of_hledger(&journal, &["USD", "EUR"])?, ours);
    // A balance sheet and an income statement find what is an asset, a liability and revenue.
    for (report, account) in [
        ("balancesheet", "mid_a:party_payable:ana"),
        ("balancesheet", "mid_a:platform_receivable:plt"),
        ("incomestatement", "mid_a:fee_income"),
    ] {
        ensure!(hledger(&journal, &[report])?.contains(account), "{report} without {account}");
    }
    Ok(())
}

/// The strict check is one that can fail: an account, a currency or an amount that is changed is refused.
#[test]
fn hledger_refuses_what_is_not_declared_or_does_not_balance() -> Result<()> {
    let books = Approved::new()?;
    let text = books.data().ok(["journal", "export", "--hledger"])?;
    let journal = books.data().path().join("changed.journal");
    for (from, to) in [
        ("commodity 1000.000000000000 EUR\n", ""),
        ("account mid_a:party_payable:ana\n", ""),
        ("0000001 USD", "0000002 USD"),
        ("1 USD", "2 USD"),
    ] {
        let changed = text.replacen(from, to, 1);
        if changed == text {
            continue;
        }
        std::fs::write(&journal, changed)?;
        ensure!(hledger(&journal, &["check", "--strict"]).is_err(), "{from:?} became {to:?}, and hledger accepts it");
    }
    Ok(())
}

#[test]
fn a_table_of_values_is_exact() -> Result<()> {
    let books = Approved::new()?;
    let text = books.data().ok(["journal", "export", "--csv"])?;
    let mut lines = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let head = lines.next().context("no head")?;
    let column = |name: &str| head.iter().position(|column| *column == name).with_context(|| format!("no column {name}"));
    let [mid, account, owner, currency, debit, credit] = ["mid", "account", "owner", "currency", "debit", "credit"].map(column);
    let (mid, account, owner, currency, debit, credit) = (mid?, account?, owner?, currency?, debit?, credit?);
    let mut balances = Balances::new();
    for cells in lines {
        let names = [cells[mid], cells[account], cells[owner]];
        let name = names.iter().filter(|name| !name.is_empty()).copied().collect::<Vec<_>>().join(":");
        ensure!(cells[debit].is_empty() != cells[credit].is_empty(), "{cells:?} is on both sides, or on none");
        let amount = if cells[debit].is_empty() { -units(cells[credit])? } else { units(cells[debit])? };
        *balances.entry((name, cells[currency].to_owned())).or_default() += amount;
    }
    balances.retain(|_, units| *units != 0);
    assert_eq!(balances, balances_of_ours(&books.data().json(["trial-balance", "--by", "account"])?)?);
    let wrapped = books.data().json(["journal", "export", "--csv"])?;
    assert_eq!(word(&wrapped, "text"), text);
    Ok(())
}
