//! What is booked when a person says whose money on the bank's account is, and when withheld taxes are remitted.

use crate::journal::occasion;
use crate::support::{amount, currency};
use farthing_schemas::Money;
use farthing_settle::journal::{
    Entry, EntryKind, Line, Met, Moved, PaidToOffice, Part, Parts, Standing, Whole, Whose, entry_of_assignment, entry_of_remittance,
};
use farthing_settle::payout::{Payment, State};
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
    let entry = entry_of_assignment(&line, &whose(from), &whose(to), &[], occasion(3, "bb")).unwrap();
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

/// `AMOUNT of OTHER in SUSPENSE: WHY NOT`; nothing where one takes the other back.
fn check_taken_back(text: &str) {
    let (said, expected) = text.split_once(':').unwrap();
    let [own, _, other, _, place] = said.split_whitespace().collect::<Vec<_>>()[..] else { panic!("{text}") };
    let line = |text: &str| {
        let (units, code) = text.split_at(text.len() - 3);
        Line { mid: "mid_a".to_owned(), amount: amount(units), currency: currency(code), message_sha256: "aa".to_owned() }
    };
    let number = if own == other { "3-2" } else { "7-1" };
    let why = line(own).takes_back(number, "3-2", &line(other), place == "suspense").map_err(|why| why.to_string());
    match expected.trim() {
        "" => assert_eq!(why, Ok(()), "{text}"),
        part => assert!(why.as_ref().is_err_and(|why| why.contains(part)), "{text} {why:?}"),
    }
}

#[test]
fn a_line_takes_back_its_opposite_in_suspense_and_nothing_else() {
    check_taken_back("-5EUR of 5EUR in suspense:");
    check_taken_back("5EUR of -5EUR in suspense:");
    check_taken_back("-4.99EUR of 5EUR in suspense: the opposite of 5.000000000000");
    check_taken_back("5EUR of 5.00EUR in suspense: the opposite of 5.000000000000");
    check_taken_back("0EUR of 0EUR in suspense: line 3-2 cannot take back itself");
    check_taken_back("-5USD of 5EUR in suspense: line 3-2 is one of mid_a in EUR, and line 7-1 is one of mid_a in USD");
    check_taken_back("-5EUR of 5EUR in plt_a: line 3-2 is not in suspense");
}

/// `AMOUNT, PAYMENTS: IDS` that it moves, or why not; a payment is `ID STATE AMOUNT`.
#[track_caller]
fn check_moved(text: &str) {
    let (said, expected) = text.split_once(':').unwrap();
    let mut words = said.split(',').map(str::trim);
    let line =
        |size: &str| Line { mid: "mid_a".to_owned(), amount: amount(size), currency: currency("EUR"), message_sha256: "aa".to_owned() };
    let line = line(words.next().unwrap());
    let payment = |text: &str| {
        let [id, state, size] = text.split_whitespace().collect::<Vec<_>>()[..] else { panic!("{text}") };
        let (size, code) = size.split_at(size.len() - 3);
        let payment = Payment {
            id: id.to_owned(),
            party: format!("pty_{id}"),
            attempt: 1,
            currency: currency(code),
            amount: amount(size),
            replaces: None,
            message_id: None,
        };
        (payment, state.parse::<State>().unwrap())
    };
    let payments: Vec<(Payment, State)> = words.map(payment).collect();
    // What has come back had gone out as far as is known, unless it is said to have been early.
    let standing = |(payment, state): &'_ (Payment, State)| (*state, payment.id.starts_with("early"));
    let standing = payments.iter().map(|one| {
        let (state, is_early) = standing(one);
        Standing { payment: &one.0, state, has_settled: matches!(state, State::Settled | State::Returned) && !is_early }
    });
    let moves = |with_charges| line.moves("7-1", standing.clone(), with_charges);
    let (expected, kept) = expected.split_once(" and charges ").unwrap_or((expected, ""));
    match moves(!kept.is_empty()) {
        Ok(Moved { payments, passed, told, charges }) => {
            let ids: Vec<&str> = payments.iter().chain(&passed).chain(&told).map(|payment| payment.id.as_str()).collect();
            assert_eq!((ids.join(" ").as_str(), charges), (expected.trim(), amount(if kept.is_empty() { "0" } else { kept })), "{text}");
            // Nothing is charged where nobody says so.
            assert!(moves(false).is_ok() == (charges == Money::ZERO), "{text}");
        }
        Err(why) => assert!(!expected.trim().is_empty() && why.to_string().contains(expected.trim()), "{text}: {why}"),
    }
}

#[test]
fn a_line_moves_the_payments_of_which_it_can_be_true_if_they_sum_to_it() {
    check_moved("-5, a released 5EUR: a");
    check_moved("-5, a accepted 5EUR: a");
    check_moved("-5, a released 2EUR, b accepted 3EUR, c rejected 1EUR, d settled 4EUR: a b");
    check_moved("-5, a released 2EUR, b accepted 2.99EUR: the payments that it can tell to be settled come to 4.990000000000");
    check_moved("-5, a settled 5EUR: say --repetition-of a");
    check_moved("-5, a returned 5EUR: another message has told it");
    check_moved("-5, a rejected 5EUR: is rejected, and line 7-1 tells that money has moved");
    check_moved("-5, a released 5USD: payment a is in USD, and line 7-1 in EUR");
    check_moved("-5, a released 5USD, b released 5EUR: b");
    check_moved("5, a settled 5EUR: a");
    check_moved("5, a settled 2EUR, b settled 3EUR, c released 1EUR, d returned 4EUR: a b");
    check_moved("5, a released 5EUR: only after it has gone out");
    check_moved("5, a accepted 5EUR: only after it has gone out");
    check_moved("5, a returned 5EUR: say --repetition-of a");
    check_moved("5, a settled 5.01EUR: come to 5.010000000000; if the bank has kept the rest, say so with --with-charges");
    check_moved("5, a settled 5.01EUR: a and charges 0.01");
    check_moved("-5, a released 3EUR, b settled 7EUR: a and charges 2");
    // Less than the other is of: it is of that one, too.
    check_moved("-10, a released 3EUR, b settled 7EUR: a b");
    check_moved("-11, a released 3EUR, b settled 7EUR: a b and charges 1");
    check_moved("-5, a released 3EUR, b rejected 2EUR: come to 3.0 and charges 2");
    check_moved("-5, a released 3EUR, b rejected 2EUR, early_c returned 2EUR: a early_c");
    check_moved("0, a settled 5EUR: come to 5.0 and charges 5");
    check_moved("-5, a released 5EUR: a and charges 0");
    check_moved("-5, a released 5.01EUR: come to 5.01 and charges 1");
    check_moved("5, a settled 4EUR: come to 4.0 and charges 1");
    // Nobody knows which of two has come back.
    check_moved("2, a settled 3EUR, b settled 4EUR: come to 7.0 and charges 5");
    // Money that came back before anything told that it had gone out is among what a debit is of.
    check_moved("-5, a released 3EUR, early_b returned 2EUR, c returned 7EUR: a early_b");
    check_moved("-3, a released 3EUR, early_b returned 2EUR: a");
    check_moved("-4, a released 3EUR, early_b returned 2EUR: a and charges 1");
    check_moved("6, a settled 2EUR, b returned 4EUR: a b");
    check_moved("-2, early_b returned 2EUR: early_b");
    check_moved("-1, early_b returned 2EUR: come to 2.0 and charges 1");
    check_moved("2, early_b returned 2EUR: another message has told it");
}

/// `AMOUNT of PARTS: WHAT IT IS`; a payment is its size and what the entry is to it.
#[track_caller]
fn check_whole(text: &str) {
    let (said, expected) = text.split_once(':').unwrap();
    let (size, payments) = said.split_once(" of ").unwrap();
    let size: u32 = size.parse().unwrap();
    let part = |name: &str| match name {
        "news" => Part::News,
        "early" => Part::Early,
        "told" => Part::Told,
        "it" => Part::ToldByIt,
        "another" => Part::ToldByAnother,
        "rejected" => Part::Rejected,
        "back" => Part::GivenBack,
        "line" => Part::Line,
        _ => panic!("{name}"),
    };
    let payment = |text: &str| {
        let (size, name) = text.trim().split_once(' ').unwrap();
        (part(name), size.parse::<u32>().unwrap())
    };
    let parts: Parts<u32> = payments.split(',').map(payment).collect();
    let sizes = |choice| parts.of_all(choice).iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let found = match parts.whole(|these| these.iter().sum::<u32>() == size) {
        None => "nothing".to_owned(),
        Some(Whole::Itself) => "itself".to_owned(),
        Some(Whole::Again(choice)) => format!("again {}", sizes(choice)),
        Some(Whole::Of(choice)) => format!("of {}", sizes(choice)),
        Some(Whole::Either) => "either".to_owned(),
    };
    assert_eq!(found, expected.trim(), "{text}");
}

#[test]
fn an_entry_of_a_file_is_of_what_it_sums_to() {
    check_whole("5 of 2 news, 3 news: of 2 3");
    check_whole("5 of 2 news, 3 early: of 2 3");
    check_whole("2 of 2 news, 3 early: of 2");
    check_whole("9 of 2 news, 3 early, 4 told: of 2 3 4");
    check_whole("6 of 2 news, 4 told: of 2 4");
    // What another entry has told is not told by this one.
    check_whole("6 of 2 news, 4 another: nothing");
    check_whole("6 of 2 news, 4 it: nothing");
    check_whole("5 of 2 it, 3 it: itself");
    check_whole("5 of 2 told, 3 another: again 2 3");
    check_whole("5 of 2 told, 3 it, 4 early: nothing");
    check_whole("4 of 2 told, 3 it, 4 early: of 4");
    // Banks debit with a file what they have rejected of it, but nothing tells that they do where that is all.
    check_whole("6 of 2 news, 4 rejected: of 2 4");
    check_whole("2 of 2 news, 4 rejected: of 2");
    check_whole("9 of 2 news, 3 early, 4 rejected: of 2 3 4");
    check_whole("7 of 2 news, 1 told, 4 rejected: of 2 1 4");
    check_whole("7 of 3 told, 4 rejected: again 3 4");
    check_whole("7 of 3 it, 4 rejected: again 3 4");
    check_whole("4 of 4 rejected: nothing");
    check_whole("4 of 4 rejected, 3 told: nothing");
    check_whole("0 of 4 rejected: nothing");
    // What went out with its file comes back alone, or with what had not been rejected.
    check_whole("4 of 3 news, 4 back: of 4");
    check_whole("9 of 3 news, 4 back, 5 back: of 4 5");
    check_whole("7 of 3 news, 4 back: of 3 4");
    check_whole("9 of 3 news, 2 told, 4 back: of 3 2 4");
    check_whole("3 of 3 news, 4 back: of 3");
    check_whole("4 of 4 news, 4 back: either");
    check_whole("4 of 3 told, 4 back: of 4");
    check_whole("3 of 3 told, 4 back: again 3");
    check_whole("5 of 3 news, 4 back: nothing");
    check_whole("4 of 4 told, 4 back: either");
    check_whole("4 of 4 it, 4 back: itself");
    // What is told by its own name is told again, whatever else may still come.
    check_whole("5 of 5 it, 5 news: itself");
    // What another entry has told of a rejected one may be this one, or not.
    check_whole("5 of 2 told, 3 told, 4 line: again 2 3");
    check_whole("9 of 2 told, 3 told, 4 line: again 2 3 4");
    check_whole("5 of 2 news, 3 news, 4 line: of 2 3");
    check_whole("9 of 2 news, 3 told, 4 line: of 2 3 4");
    check_whole("9 of 2 news, 3 line, 4 rejected: of 2 3 4");
    check_whole("9 of 2 told, 3 line, 4 rejected: again 2 3 4");
    // A second debit, by its file, is none that was told.
    check_whole("9 of 2 news, 3 news, 4 another: nothing");
    check_whole("9 of 2 another, 3 another, 4 rejected: nothing");
}

#[test]
fn what_a_line_tells_of_payments_is_booked_where_they_were() {
    let payment = |id: &str, size: &str| Payment {
        id: id.to_owned(),
        party: format!("pty_{id}"),
        attempt: 1,
        currency: currency("EUR"),
        amount: amount(size),
        replaces: None,
        message_id: None,
    };
    let line =
        |size: &str| Line { mid: "mid_a".to_owned(), amount: amount(size), currency: currency("EUR"), message_sha256: "aa".to_owned() };
    let booked = |size: &str, from: &Whose, payments: &[Payment], charges: &str| {
        let (line, charges) = (line(size), amount(charges));
        assert_eq!(line.charges_beside(payments).unwrap(), charges);
        let told = line.told(payments, charges);
        entry_of_assignment(&line, from, &Whose::Elsewhere, &told, occasion(3, "bb")).unwrap().as_ref().map(shown).unwrap_or_default()
    };
    // A debit is not booked before; what came in was.
    let out = [payment("a", "2"), payment("b", "4")];
    let expected = "in_flight:pty_a 2.000000000000, in_flight:pty_b 4.000000000000, bank -6.000000000000";
    assert_eq!(booked("-6", &Whose::Elsewhere, &out, "0"), expected);
    assert_eq!(booked("3", &Whose::Suspense, &[payment("a", "3")], "0"), "party_payable:pty_a -3.000000000000, suspense 3.000000000000");
    // What the bank keeps is the MID's to bear, and whoever is paid is owed all of it again.
    let expected = "party_payable:pty_a -3.000000000000, fee_income 0.500000000000, suspense 2.500000000000";
    assert_eq!(booked("2.5", &Whose::Suspense, &[payment("a", "3")], "0.5"), expected);
    let expected = "fee_income 0.500000000000, in_flight:pty_a 3.000000000000, bank -3.500000000000";
    assert_eq!(booked("-3.5", &Whose::Elsewhere, &[payment("a", "3")], "0.5"), expected);
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

/// `MID CURRENCY AMOUNT OTHERS: WHY NOT`, upon what is `claim 1` of 5 euro of mid_a, or of as much that went out.
#[track_caller]
fn met(amount_of_it: &str, text: &str) {
    let (said, why) = text.split_once(':').unwrap();
    let [mid, code, size, others] = said.split_whitespace().collect::<Vec<_>>()[..] else { panic!("{text}") };
    let it = Met { name: "claim 1".to_owned(), mid: "mid_a".to_owned(), currency: currency("EUR"), amount: amount(amount_of_it) };
    let line = Line { mid: mid.to_owned(), amount: amount(size), currency: currency(code), message_sha256: "aa".to_owned() };
    let found = it.takes("17-2", &line, amount(others)).err().map(|error| error.to_string()).unwrap_or_default();
    assert!(found.contains(why.trim()) && found.is_empty() == why.trim().is_empty(), "{text}: {found}");
    // The bank's own word for it has to be the whole of it.
    let is_whole = why.trim().is_empty() && size == amount_of_it && others == "0";
    assert!(others != "0" || it.is_met_by("17-2", &line).is_ok() == is_whole, "{text}");
}

#[test]
fn payments_of_what_was_booked_are_of_its_books_and_direction_and_no_more() {
    for row in ["mid_a EUR 5 0:", "mid_a EUR 4.99 0:", "mid_a EUR 2 3:", "mid_a EUR 5 0.01: come to 5.01", "mid_a EUR 5.01 0: come to 5.01"]
    {
        met("5", row);
    }
    met("5", "mid_b EUR 5 0: claim 1 is one of mid_a in EUR, and line 17-2 is one of mid_b in EUR");
    met("5", "mid_a USD 5 0: claim 1 is one of mid_a in EUR, and line 17-2 is one of mid_a in USD");
    met("5", "mid_a EUR -5 0: line 17-2 went out, and what was paid for claim 1 came in");
    for row in
        ["mid_a EUR -5 0:", "mid_a EUR -2 -3:", "mid_a EUR -5.01 0: is of 5.000000000000 EUR, and with line 17-2 its payments come to 5.01"]
    {
        met("-5", row);
    }
    met("-5", "mid_a EUR 5 0: line 17-2 came in, and claim 1 went out");
}
