//! Receivables: open invoices get older, receipts pay what they name or the oldest, and nothing is lost between the account and its age.

use crate::statements::kept;
use crate::support::{amount, currency, cycle, short};
use farthing_schemas::{Cycle, Day, Money};
use farthing_settle::SettleError;
use farthing_settle::receivables::{Age, Movement, MovementKind, Receivables};
use proptest::prelude::*;

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

/// `approved|withdrawn|claimed|received DAY CYCLE|- AMOUNT [PLATFORM [CURRENCY]]`, one a line.
fn movements(table: &str) -> Vec<Movement> {
    let movement = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [kind, date, of, size, rest @ ..] = &words[..] else { panic!("{line:?} is no movement") };
        let kind = match *kind {
            "approved" => MovementKind::Approved,
            "withdrawn" => MovementKind::Withdrawn,
            "claimed" => MovementKind::PaidForClaim,
            _ => MovementKind::Received,
        };
        Movement {
            platform: rest.first().unwrap_or(&"plt").to_string(),
            currency: currency(rest.get(1).unwrap_or(&"USD")),
            cycle: (*of != "-").then(|| cycle(of)),
            day: day(date),
            kind,
            amount: amount(size),
        }
    };
    table.lines().map(str::trim).filter(|line| !line.is_empty()).map(movement).collect()
}

/// What is open of one platform: `invoiced received advance not_invoiced | not due, 0-30, 31-60, 61-90, over 90`.
fn check(title: &str, table: &str, as_of: &str, expected: &str) {
    let movements = movements(table);
    let found = Receivables::of("mid", day(as_of), 30, &movements).unwrap();
    let [line] = &found.lines[..] else { panic!("{title}: {} lines", found.lines.len()) };
    let amounts = [line.invoiced, line.received, line.advance, line.not_invoiced].map(short);
    let ages = Age::ALL.map(|age| short(line.open(age, day(as_of)).unwrap()));
    assert_eq!(format!("{} | {}", amounts.join(" "), ages.join(" ")), expected, "{title}");
    let booked = movements.iter().filter(|movement| movement.day <= day(as_of)).map(|movement| movement.amount);
    assert_eq!(line.balance().unwrap(), Money::sum(booked).unwrap(), "{title}");
}

#[test]
fn what_is_open_gets_older() {
    let one = "approved 2026-11-02 2026-10 12.34";
    check("approved today", one, "2026-11-02", "12.34 0 0 0 | 12.34 0 0 0 0");
    check("the day before it is due", one, "2026-12-01", "12.34 0 0 0 | 12.34 0 0 0 0");
    check("the day that it is due", one, "2026-12-02", "12.34 0 0 0 | 0 12.34 0 0 0");
    check("30 days", one, "2027-01-01", "12.34 0 0 0 | 0 12.34 0 0 0");
    check("31 days", one, "2027-01-02", "12.34 0 0 0 | 0 0 12.34 0 0");
    check("60 days", one, "2027-01-31", "12.34 0 0 0 | 0 0 12.34 0 0");
    check("61 days", one, "2027-02-01", "12.34 0 0 0 | 0 0 0 12.34 0");
    check("90 days", one, "2027-03-02", "12.34 0 0 0 | 0 0 0 12.34 0");
    check("91 days", one, "2027-03-03", "12.34 0 0 0 | 0 0 0 0 12.34");
}

#[test]
fn receipts_pay_what_they_name_and_else_the_oldest() {
    let three = "approved 2026-09-02 2026-08 10
                 approved 2026-10-02 2026-09 20
                 approved 2026-11-02 2026-10 30";
    let and = |receipts: &str| format!("{three}\n{receipts}");
    check("nothing yet", three, "2026-11-02", "60 0 0 0 | 30 20 10 0 0");
    check("the one that is named", &and("received 2026-11-03 2026-10 -30"), "2026-11-03", "60 30 0 0 | 0 20 10 0 0");
    check("a part of it", &and("received 2026-11-03 2026-09 -5.5"), "2026-11-03", "60 5.5 0 0 | 30 14.5 10 0 0");
    check("the oldest first", &and("received 2026-11-03 - -15"), "2026-11-03", "60 15 0 0 | 30 15 0 0 0");
    check("more than is open there", &and("received 2026-11-03 2026-10 -33"), "2026-11-03", "60 33 0 0 | 0 20 7 0 0");
    check("more than everything", &and("received 2026-11-03 - -61"), "2026-11-03", "60 61 1 0 | 0 0 0 0 0");
    check("one cycle that was never invoiced", &and("received 2026-11-03 2026-03 -10"), "2026-11-03", "60 10 0 0 | 30 20 0 0 0");
    check("not yet come in", &and("received 2026-11-03 - -15"), "2026-11-02", "60 0 0 0 | 30 20 10 0 0");
    check(
        "what came back is open again",
        &and("received 2026-11-03 2026-08 -10\nreceived 2026-11-05 2026-08 10"),
        "2026-11-05",
        "60 0 0 0 | 30 20 10 0 0",
    );
    let paid = "received 2026-11-03 2026-08 -10\nreceived 2026-11-03 2026-09 -20";
    check("what went back for none", &and(&format!("{paid}\nreceived 2026-11-05 - 5")), "2026-11-05", "60 25 0 0 | 30 5 0 0 0");
    check("more than one of them", &and(&format!("{paid}\nreceived 2026-11-05 - 25")), "2026-11-05", "60 5 0 0 | 30 20 5 0 0");
    check("more than came in", &and("received 2026-11-05 - 5"), "2026-11-05", "60 -5 -5 0 | 30 20 10 0 0");
    check(
        "named ones first, whatever came first",
        &and("received 2026-11-03 - -10\nreceived 2026-11-04 2026-08 -10"),
        "2026-11-04",
        "60 20 0 0 | 30 10 0 0 0",
    );
}

#[test]
fn what_is_below_the_minor_unit_is_not_open() {
    let two = "approved 2026-10-02 2026-09 10.007
               approved 2026-11-02 2026-10 20.005";
    check("one", two, "2026-10-31", "10 0 0 0.007 | 10 0 0 0 0");
    check("both", two, "2026-11-02", "30.01 0 0 0.002 | 20.01 10 0 0 0");
    check(
        "all of both",
        &format!("{two}\nreceived 2026-11-03 2026-09 -10\nreceived 2026-11-03 2026-10 -20.01"),
        "2026-11-03",
        "30.01 30.01 0 0.002 | 0 0 0 0 0",
    );
    let credit = "approved 2026-10-02 2026-09 -5
                  approved 2026-11-02 2026-10 7.5";
    check("a credit waits", credit, "2026-10-31", "0 0 0 -5 | 0 0 0 0 0");
    check("and is taken from the next one", credit, "2026-11-02", "2.5 0 0 0 | 2.5 0 0 0 0");
}

#[test]
fn what_was_paid_for_a_claim_is_its_cycles_and_not_asked_for_again() {
    let october = "approved 2026-11-02 2026-10 8";
    let claimed = format!("{october}\nclaimed 2026-11-10 2026-11 -1.6");
    check("an older invoice is as open as before", &claimed, "2026-11-10", "8 0 0 -1.6 | 8 0 0 0 0");
    check("its own asks for the rest", &format!("{claimed}\napproved 2026-12-02 2026-11 9.6"), "2026-12-02", "16 0 0 0 | 8 8 0 0 0");
    // Its labour was put off, or undone: the next invoice has the credit.
    check("nothing else there", &format!("{claimed}\napproved 2026-12-02 2026-11 0"), "2026-12-02", "8 0 0 -1.6 | 0 8 0 0 0");
    let later = format!("{claimed}\napproved 2026-12-02 2026-11 0\napproved 2027-01-02 2026-12 9.6");
    check("the next one", &later, "2027-01-02", "16 0 0 0 | 8 0 8 0 0");
    check(
        "withdrawn",
        &format!("{claimed}\napproved 2026-12-02 2026-11 9.6\nwithdrawn 2026-12-03 2026-11 -9.6"),
        "2026-12-03",
        "8 0 0 -1.6 | 0 8 0 0 0",
    );
}

#[test]
fn what_was_withdrawn_is_not_owed() {
    let withdrawn = "approved 2026-10-02 2026-09 10
                     withdrawn 2026-10-05 2026-09 -10";
    check("before", withdrawn, "2026-10-04", "10 0 0 0 | 10 0 0 0 0");
    check("after", withdrawn, "2026-10-05", "0 0 0 0 | 0 0 0 0 0");
    check("it was paid", &format!("{withdrawn}\nreceived 2026-10-04 2026-09 -10"), "2026-10-05", "0 10 10 0 | 0 0 0 0 0");
    // It is due from the approval that is in force.
    check("again", &format!("{withdrawn}\napproved 2026-11-20 2026-09 11"), "2026-12-10", "11 0 0 0 | 11 0 0 0 0");
}

#[test]
fn the_forms_are_as_they_were_and_an_approval_needs_a_cycle() {
    let table = "approved 2026-09-02 2026-08 10.005 plt_acme USD
                 approved 2026-10-02 2026-09 1000 plt_acme JPY
                 approved 2026-10-02 2026-09 20 plt_acme USD
                 approved 2026-10-02 2026-09 7 plt_bolt USD
                 received 2026-10-09 2026-08 -4 plt_acme USD
                 received 2026-10-10 - -8 plt_bolt USD";
    let document = Receivables::of("mid_guild", day("2026-11-15"), 30, &movements(table)).unwrap().document().unwrap();
    for (name, found) in
        [("receivables.txt", document.text()), ("receivables.csv", document.csv().unwrap()), ("receivables.json", document.json() + "\n")]
    {
        assert!(kept(name) == found, "{name} is another:\n{found}");
    }
    let nothing = Receivables::of("mid_guild", day("2026-11-15"), 30, &[]).unwrap().document().unwrap();
    assert!(nothing.text().contains("Nothing is booked"), "{}", nothing.text());
    let lost = movements("approved 2026-09-02 - 1 plt_lost");
    assert!(matches!(Receivables::of("mid", day("2026-11-15"), 30, &lost), Err(SettleError::NoCycle(platform)) if platform == "plt_lost"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever comes in and goes back, what is open and advanced is the account's balance, and no invoice is paid twice.
    #[test]
    fn ages_sum_to_the_balance(moves in prop::collection::vec((0..5_u8, 0..6_u16, 0..20_u16, -3_000_000_000_000..30_000_000_000_000_i128), 0..30), at in 0..260_u16) {
        let start = day("2026-10-01");
        let mut booked = std::collections::BTreeMap::<u16, i128>::new();
        let mut movements = Vec::new();
        let mut date = start;
        for (kind, months, days, units) in moves {
            date = date.plus(days);
            let of = Cycle::at(cycle("2026-09").index() + months);
            let (kind, units, of) = match kind {
                0 if !booked.contains_key(&months) => {
                    booked.insert(months, units);
                    (MovementKind::Approved, units, Some(of))
                }
                1 if booked.contains_key(&months) => (MovementKind::Withdrawn, -booked.remove(&months).unwrap(), Some(of)),
                2 => (MovementKind::Received, -units, None),
                3 => (MovementKind::PaidForClaim, -units.abs(), Some(of)),
                _ => (MovementKind::Received, -units, Some(of)),
            };
            movements.push(Movement { platform: "plt".to_owned(), currency: currency("USD"), cycle: of, day: date, kind, amount: Money::from_units(units) });
        }
        let as_of = start.plus(at);
        let found = Receivables::of("mid", as_of, 30, &movements).unwrap();
        let sum: i128 = movements.iter().filter(|movement| movement.day <= as_of).map(|movement| movement.amount.units()).sum();
        let balance: i128 = found.lines.iter().map(|line| line.balance().unwrap().units()).sum();
        prop_assert_eq!(balance, sum);
        for line in &found.lines {
            let ages: i128 = Age::ALL.iter().map(|age| line.open(*age, as_of).unwrap().units()).sum();
            prop_assert_eq!(ages, line.open_in_all().unwrap().units());
            prop_assert!(line.invoices.iter().all(|invoice| Money::ZERO <= invoice.open && invoice.open <= invoice.invoiced));
            prop_assert!(line.not_invoiced < line.currency.minor_unit());
            prop_assert!(line.advance <= Money::ZERO || line.open_in_all().unwrap() == Money::ZERO, "an advance beside open invoices");
        }
    }
}
