//! What is booked when a person says whose money on the bank's account is, and when withheld taxes are remitted.

use crate::journal::occasion;
use crate::support::{amount, currency};
use farthing_schemas::Money;
use farthing_settle::journal::{Entry, EntryKind, Line, PaidToOffice, Whose, entry_of_assignment, entry_of_remittance};
use std::collections::BTreeMap;

fn whose(word: &str) -> Whose {
    match word {
        "suspense" => Whose::Suspense,
        "charges" => Whose::Charges,
        "elsewhere" => Whose::Elsewhere,
        platform => Whose::Platform(platform.to_owned()),
    }
}

fn shown(entry: &Entry) -> String {
    let posting = |posting: &farthing_settle::journal::Posting| format!("{} {}", posting.account, posting.amount);
    entry.postings().iter().map(posting).collect::<Vec<_>>().join(", ")
}

/// `AMOUNT FROM TO: POSTINGS`; nothing where nothing is booked.
fn check(text: &str) {
    let (said, expected) = text.split_once(':').unwrap();
    let [units, from, to] = said.split_whitespace().collect::<Vec<_>>()[..] else { panic!("{text}") };
    let (amount, currency) = (amount(units), currency("EUR"));
    let line = Line { mid: "mid_a".to_owned(), amount, currency, message_sha256: "aa".to_owned() };
    let entry = entry_of_assignment(&line, &whose(from), &whose(to), occasion(3, "bb")).unwrap();
    assert_eq!(entry.as_ref().map(shown).unwrap_or_default(), expected.trim(), "{text}");
    if let Some(entry) = entry {
        let header = entry.header();
        assert_eq!((header.kind, header.evidence.sha256.as_str(), header.cycle), (EntryKind::Assignment, "aa", None), "{text}");
    }
}

#[test]
fn a_line_is_taken_from_where_it_was_and_put_where_it_is_said_to_be() {
    check("5 suspense plt_a: platform_receivable:plt_a -5.000000000000, suspense 5.000000000000");
    check("5 plt_a plt_b: platform_receivable:plt_a 5.000000000000, platform_receivable:plt_b -5.000000000000");
    check("5 plt_b suspense: platform_receivable:plt_b 5.000000000000, suspense -5.000000000000");
    check("5 elsewhere plt_a: platform_receivable:plt_a -5.000000000000, bank 5.000000000000");
    check("5 plt_a elsewhere: platform_receivable:plt_a 5.000000000000, bank -5.000000000000");
    check("-5 elsewhere charges: fee_income 5.000000000000, bank -5.000000000000");
    check("-5 charges plt_a: platform_receivable:plt_a 5.000000000000, fee_income -5.000000000000");
    for same in ["suspense", "plt_a", "elsewhere", "charges"] {
        check(&format!("5 {same} {same}:"));
    }
}

#[test]
fn a_remittance_takes_from_each_party_what_was_withheld_of_it() {
    let parties = |list: &[(&str, &str)]| -> BTreeMap<String, Money> {
        list.iter().map(|(party, size)| ((*party).to_owned(), amount(size))).collect()
    };
    let (october, november) = (parties(&[("ana", "1.50"), ("ben", "2")]), parties(&[("ana", "0.25")]));
    let remitted = PaidToOffice { mid: "mid_a", currency: currency("EUR"), withheld: vec![&october, &november], evidence_sha256: "cc" };
    let entry = entry_of_remittance(&remitted, occasion(3, "bb")).unwrap();
    assert_eq!(shown(&entry), "withheld_tax:ana 1.750000000000, withheld_tax:ben 2.000000000000, bank -3.750000000000");
    assert_eq!((entry.header().kind, entry.header().evidence.sha256.as_str()), (EntryKind::Remittance, "cc"));
}
