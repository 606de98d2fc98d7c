//! The journal as accountants and auditors meet it: what is booked, what other programs make of it, and what is found when it is wrong.

pub mod exported;
mod planted;
pub mod scene;

use crate::support::also_on_postgres;
use anyhow::{Context, Result, ensure};
use scene::{Approved, units};
use serde_json::Value;
use std::collections::BTreeMap;

fn list<'a>(document: &'a Value, name: &str) -> Result<&'a Vec<Value>> {
    document[name].as_array().with_context(|| format!("no {name} in {document}"))
}

fn word<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

/// What is owed to a party in the books of a MID, by the journal.
fn owed(entries: &[Value], mid: &str, currency: &str) -> Result<BTreeMap<String, i128>> {
    let mut owed = BTreeMap::new();
    for entry in entries.iter().filter(|entry| word(entry, "mid") == mid) {
        for posting in list(entry, "postings")? {
            if word(posting, "account") == "party_payable" && word(posting, "currency") == currency {
                *owed.entry(word(posting, "owner").to_owned()).or_default() -= units(word(posting, "amount"))?;
            }
        }
    }
    owed.retain(|_, units| *units != 0);
    Ok(owed)
}

/// Cycle after cycle, what is owed is what the last draft carries and all that was to be paid, since nothing is released yet.
#[test]
fn an_approval_books_what_the_draft_says() -> Result<()> {
    let books = Approved::new()?;
    let journal = books.data().json(["journal"])?;
    let entries = list(&journal, "entries")?;
    let shown: Vec<String> = entries
        .iter()
        .map(|entry| format!("{} {} {} {}", entry["number"], word(entry, "kind"), word(entry, "mid"), word(entry, "cycle")))
        .collect();
    assert_eq!(
        shown,
        [
            "1 approval mid_a 2026-10",
            "2 withdrawal mid_a 2026-10",
            "3 approval mid_a 2026-10",
            "4 approval mid_b 2026-10",
            "5 approval mid_a 2026-10",
            "6 approval mid_a 2026-11"
        ]
    );
    for (mid, currency) in [("mid_a", "USD"), ("mid_a", "EUR"), ("mid_b", "USD")] {
        let mut should: BTreeMap<String, i128> = BTreeMap::new();
        let drafts: Vec<&Value> =
            books.drafts.iter().filter(|draft| word(draft, "mid") == mid && word(draft, "currency") == currency).collect();
        for (at, draft) in drafts.iter().enumerate() {
            for line in list(draft, "lines")? {
                let carried = if at + 1 == drafts.len() { units(word(line, "carried_out"))? } else { 0 };
                *should.entry(word(line, "party").to_owned()).or_default() += units(word(line, "paid"))? + carried;
            }
        }
        should.retain(|_, units| *units != 0);
        ensure!(
            !should.is_empty() && owed(entries, mid, currency)? == should,
            "{mid} {currency}: {:?}, not {should:?}",
            owed(entries, mid, currency)?
        );
    }
    Ok(())
}

#[test]
fn entries_are_asked_for_by_whose_when_and_where() -> Result<()> {
    let books = Approved::new()?;
    let numbers = |arguments: &[&str]| -> Result<Vec<u64>> {
        let journal = books.data().json([&["journal"], arguments].concat())?;
        Ok(list(&journal, "entries")?.iter().filter_map(|entry| entry["number"].as_u64()).collect())
    };
    assert_eq!(numbers(&["--mid", "mid_b"])?, [4]);
    assert_eq!(numbers(&["--cycle", "2026-11"])?, [6]);
    assert_eq!(numbers(&["--account", "party_payable:cem"])?, [4]);
    assert_eq!(numbers(&["--account", "fee_income", "--mid", "mid_b"])?, [4]);
    assert_eq!(numbers(&["--account", "bank"])?, Vec::<u64>::new());
    assert_eq!(numbers(&["--to", "2026-01-01T00:00:00Z"])?, Vec::<u64>::new());
    assert_eq!(numbers(&["--from", "2026-01-01T00:00:00Z"])?, [1, 2, 3, 4, 5, 6]);
    let one = books.data().json(["journal", "--account", "party_payable:ana", "--cycle", "2026-11"])?;
    assert_eq!(list(&list(&one, "entries")?[0], "postings")?.len(), 1, "{one}");
    let text = books.data().ok(["journal", "--mid", "mid_a"])?;
    for shown in
        ["Entry 1: approval in the books of mid_a, cycle 2026-10", "reverses entry 1", "party_payable:ana", "platform_receivable:plt"]
    {
        ensure!(text.contains(shown), "no {shown} in {text}");
    }
    let refused = books.data().run(["journal", "--account", "rounding"])?;
    ensure!(refused.status.code() == Some(2) && crate::support::stderr(&refused).contains("fee_income"), "{refused:?}");
    Ok(())
}

#[test]
fn debits_equal_credits_in_the_trial_balance() -> Result<()> {
    let books = Approved::new()?;
    let sheet = books.data().json(["trial-balance"])?;
    assert_eq!(sheet["balanced"], true);
    for by in ["kind", "account"] {
        let sheet = books.data().json(["trial-balance", "--by", by])?;
        for total in list(&sheet, "totals")? {
            let lines =
                list(&sheet, "lines")?.iter().filter(|line| (&line["mid"], &line["currency"]) == (&total["mid"], &total["currency"]));
            let mut sums = [0, 0, 0];
            for line in lines {
                for (sum, name) in sums.iter_mut().zip(["debit", "credit", "balance"]) {
                    *sum += units(word(line, name))?;
                }
            }
            let total = [units(word(total, "debit"))?, units(word(total, "credit"))?];
            assert_eq!(sums, [total[0], total[1], 0], "{by}");
            ensure!(total[0] == total[1] && total[0] > 0, "{sheet}");
        }
    }
    let before = books.data().json(["trial-balance", "--at", "2026-01-01T00:00:00Z"])?;
    assert_eq!(list(&before, "lines")?.len(), 0);
    let of_mid = books.data().json(["trial-balance", "--mid", "mid_b"])?;
    ensure!(list(&of_mid, "lines")?.iter().all(|line| word(line, "mid") == "mid_b"), "{of_mid}");
    ensure!(books.data().ok(["trial-balance"])?.ends_with("Debits equal credits.\n"));
    Ok(())
}

#[test]
fn all_invariants_hold_and_say_their_figures() -> Result<()> {
    let books = Approved::new()?;
    let found = books.data().json(["check"])?;
    assert_eq!(found["holds"], true, "{found}");
    let figures: Vec<String> =
        list(&found, "invariants")?.iter().map(|one| format!("{}: {}", word(one, "name"), word(one, "figure"))).collect();
    let expected = [
        "signed",
        "6 entries with",
        "entries 1 to 6",
        "5 approvals and 1 withdrawals booked; 4 approved drafts in force",
        "mid_b",
        "0 payments",
        "0 assignments and 0 remittances",
        "accounts",
        "0 moves",
    ];
    assert_eq!(figures.len(), expected.len(), "{figures:?}");
    for (at, figure) in expected.iter().enumerate() {
        ensure!(figures[at].contains(figure), "no {figure} in {figures:?}");
    }
    ensure!(books.data().ok(["check"])?.starts_with("All invariants hold:"));
    ensure!(books.data().ok(["ledger", "check"])?.starts_with("Checked"));
    ensure!(books.data().ok(["verify"])?.starts_with("Verified"));
    Ok(())
}

also_on_postgres!(
    an_approval_books_what_the_draft_says,
    entries_are_asked_for_by_whose_when_and_where,
    debits_equal_credits_in_the_trial_balance,
    all_invariants_hold_and_say_their_figures,
);
