//! Overviews of a draft: they say what it says, and the one for the public says nothing of anybody in particular.

use crate::statements::{agreement, kept, payee, varied};
use crate::support::{amount, payable, rate};
use farthing_schemas::accrual::AccrualKey;
use farthing_schemas::{Accrual, Money, Status, Use};
use farthing_settle::document::Document;
use farthing_settle::earned::Deferred;
use farthing_settle::input::{Hold, Input, OnShortfall};
use farthing_settle::overview::exceptions::{Exceptions, HoldReason};
use farthing_settle::overview::payouts::payouts;
use farthing_settle::overview::pool::{CONTRIBUTORS_MIN, Cell, pooled};
use farthing_settle::overview::seventy::seventy;
use farthing_settle::overview::transparency::Transparency;
use farthing_settle::unsettled::Unsettled;
use farthing_settle::{Draft, plan};
use proptest::prelude::*;
use serde_json::Value;
use std::collections::BTreeMap;

fn deferred(input: &Input) -> Deferred {
    input.deferred.iter().map(|accrual| (accrual.key.agreement.clone(), accrual.cycle)).collect()
}

fn all_accruals(input: &Input) -> impl Iterator<Item = &Accrual> {
    input.accruals.iter().chain(&input.deferred)
}

fn draft(input: &Input) -> Draft {
    plan(input).unwrap().draft
}

fn seventy_of(input: &Input) -> Document {
    let draft = draft(input);
    let mut unsettled = Unsettled::of(&draft);
    all_accruals(input).for_each(|accrual| unsettled.add(accrual).unwrap());
    seventy(&draft, &unsettled).unwrap()
}

fn transparency_of(input: &Input) -> Document {
    let (draft, deferred) = (draft(input), deferred(input));
    let mut gathered = Transparency::of(&draft, &deferred);
    all_accruals(input).for_each(|accrual| gathered.add(accrual).unwrap());
    gathered.document().unwrap()
}

fn exceptions_of(input: &Input) -> Document {
    let (draft, deferred) = (draft(input), deferred(input));
    let mut gathered = Exceptions::of(&draft, &deferred);
    all_accruals(input).for_each(|accrual| gathered.add(accrual).unwrap());
    let said = HoldReason { since: "2026-10-05T00:00:00Z".to_owned(), reason: "dispute".to_owned(), reference: Some("case-17".to_owned()) };
    gathered.document(&BTreeMap::from([(4, said)]))
}

fn payouts_of(input: &Input) -> Document {
    let of = |(party, payee): (&String, &farthing_settle::input::Payee)| Some((party.clone(), payee.payout.clone()?));
    payouts(&draft(input), &input.payees.iter().filter_map(of).collect()).unwrap()
}

/// The digits of a decimal.
fn units(decimal: &str) -> i128 {
    decimal.replace('.', "").parse().unwrap()
}

fn json(document: &Document) -> Value {
    serde_json::from_str(&document.json()).unwrap()
}

fn other(accrual: Accrual, status: Status, mid: &str) -> Accrual {
    let agreement = if mid.is_empty() { String::new() } else { accrual.key.agreement.clone() };
    Accrual { key: AccrualKey { status, mid: mid.to_owned(), agreement, ..accrual.key }, ..accrual }
}

/// What is varied, with a hold, a party without a payout instruction, and money that reached nobody.
fn mixed() -> Input {
    let mut input = varied();
    input
        .holds
        .insert(4, Hold { party: "ana".to_owned(), limit: Some(amount("2")), reserve: None, held_before: amount("0"), lifted: false });
    payee(&mut input, "dora");
    input.payees.get_mut("dora").unwrap().payout = None;
    let more = [
        payable(&input, "dora", "agr_bolt", amount("9"), amount("7.2")),
        other(payable(&input, "ana", "agr_bolt", amount("3"), amount("2.4")), Status::Unlicensed, "mid_guild"),
        other(payable(&input, "x", "agr_bolt", amount("5"), amount("3.5")), Status::Suspense, ""),
        other(payable(&input, "", "agr_acme", amount("1"), amount("0.7")), Status::Unattributed, ""),
        other(payable(&input, "zoe", "agr_acme", amount("100"), amount("70")), Status::Payable, "mid_other"),
    ];
    input.accruals.extend(more);
    input
}

/// A hundred parties who earn much alike under two agreements, in two uses.
fn crowd(count: u32) -> Input {
    let mut input = varied();
    (input.accruals, input.deferred) = (Vec::new(), Vec::new());
    input.without.clear();
    input.carried_in.clear();
    input.mid.fee = rate("0.05");
    for number in 0..count {
        let party = format!("member_{number:03}");
        payee(&mut input, &party);
        let gross = Money::from_units(10_000_000_000_000 + i128::from(number) * 1_234_567);
        let labour = rate("0.8").ceil_of(gross).unwrap();
        let mut accrual = payable(&input, &party, if number % 2 == 0 { "agr_acme" } else { "agr_bolt" }, gross, labour);
        accrual.key.use_ = if number % 3 == 0 { Use::Inference } else { Use::Training };
        input.accruals.push(accrual);
    }
    input
}

#[test]
fn the_forms_are_as_they_were() {
    let documents = [
        ("seventy", seventy_of(&mixed())),
        ("payouts", payouts_of(&mixed())),
        ("exceptions", exceptions_of(&mixed())),
        ("transparency", transparency_of(&crowd(40))),
    ];
    let mut wrong = Vec::new();
    for (name, document) in documents {
        for (end, found) in [("txt", document.text()), ("csv", document.csv().unwrap()), ("json", document.json() + "\n")] {
            if kept(&format!("{name}.{end}")) != found {
                wrong.push(format!("{name}.{end} is another:\n{found}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn both_bases_of_the_rule_are_shown() {
    let found = json(&seventy_of(&mixed()));
    let row = |list: &str, key: &str, name: &str| found[list].as_array().unwrap().iter().find(|row| row[key] == name).unwrap().clone();
    let bolt = row("platforms", "platform", "plt_bolt");
    let text = |name: &str| bolt[name].as_str().unwrap().to_owned();
    // Not what undoes August; ana's suspense of the scene is its own MID's.
    assert_eq!(
        (text("suspense"), text("unlicensed"), text("unattributed")),
        ("82.000000000000".into(), "3.000000000000".into(), "0.000000000000".into())
    );
    assert_eq!((text("gross"), text("all")), ("22.611111111111".into(), "107.611111111111".into()));
    let of = |part: &str, whole: &str| units(part) * 100_000_000 / units(whole);
    assert_eq!(units(&text("share")), of(&text("net"), &text("gross")));
    assert_eq!(units(&text("share_of_all")), of(&text("net"), &text("all")));
    assert_eq!(row("agreements", "agreement", "agr_acme")["finding"], "mended");
    assert_eq!(row("agreements", "agreement", "agr_bolt")["unlicensed"], "3.000000000000");
    let acme = row("platforms", "platform", "plt_acme");
    assert_eq!(acme["all"], "13.250000000431", "what is another MID's is in no base: {acme}");
    let mut refusing = mixed();
    refusing.agreements.get_mut("agr_acme").unwrap().on_shortfall = OnShortfall::Refuse;
    let found = json(&seventy_of(&refusing));
    assert_eq!((&found["refused"], &found["agreements"][0]["finding"]), (&Value::Bool(true), &Value::String("refused".to_owned())));
}

#[test]
fn every_exception_is_listed_with_what_was_said_of_it() {
    let found = json(&exceptions_of(&mixed()));
    let rows: Vec<String> = found["exceptions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| format!("{} {} {} {} {}", row["kind"], row["party"], row["agreement"], row["amount"], row["reference"]))
        .collect();
    assert_eq!(
        rows,
        [
            r#""held" "ana" null "2.000000000000" "case-17""#,
            r#""no_payout_instruction" "dora" null "6.840000000000" null"#,
            r#""agreement_left_out" null "agr_left" "1.000000000000" null"#
        ]
    );
    let mut owing = mixed();
    owing.carried_in.insert("cem".to_owned(), amount("-100"));
    let found = exceptions_of(&owing).text();
    assert!(found.contains("negative_balance") && found.contains("cem"), "{found}");
    assert!(exceptions_of(&crowd(12)).text().contains("There are none."));
}

#[test]
fn the_register_sums_to_the_draft() {
    let input = mixed();
    let (found, draft) = (json(&payouts_of(&input)), draft(&input));
    let sum = |name: &str| {
        let rows = found["payouts"].as_array().unwrap().iter();
        rows.map(|row| units(row[name].as_str().unwrap())).sum::<i128>()
    };
    assert_eq!((sum("paid"), sum("carried")), (draft.totals.paid.units(), draft.totals.carried.units()));
    assert_eq!(found["totals"]["paid"], draft.totals.paid.to_string());
    let methods: i128 = found["methods"].as_array().unwrap().iter().map(|row| units(row["paid"].as_str().unwrap())).sum();
    assert_eq!(methods, draft.totals.paid.units());
    let dora = found["payouts"].as_array().unwrap().iter().find(|row| row["party"] == "dora").unwrap().clone();
    assert_eq!((&dora["method"], dora["why"].as_str()), (&Value::Null, Some("no_payout_instruction")));
}

/// Programs find a value by the name of its column: no two have one name.
#[test]
fn columns_have_names_of_their_own() {
    let invoice = kept("invoice.csv");
    let documents = [seventy_of(&mixed()), payouts_of(&mixed()), exceptions_of(&mixed()), transparency_of(&crowd(40))];
    for csv in documents.iter().map(|document| document.csv().unwrap()).chain([invoice, kept("receivables.csv")]) {
        let head: Vec<&str> = csv.lines().next().unwrap().split(',').collect();
        let names: std::collections::BTreeSet<&str> = head.iter().copied().collect();
        assert_eq!(names.len(), head.len(), "{head:?}");
    }
}

/// All texts of a document.
fn forms(document: &Document) -> Vec<String> {
    vec![document.text(), document.csv().unwrap(), document.json(), document.html()]
}

#[test]
fn the_public_sees_nobody_and_no_rate() {
    let mut input = crowd(60);
    // Twelve in suspense, of whom none has much.
    for number in 0..12 {
        let unknown = payable(&input, &format!("unknown_{number}"), "agr_acme", amount("1"), amount("0.7"));
        input.accruals.push(other(unknown, Status::Suspense, ""));
    }
    let draft = draft(&input);
    for form in forms(&transparency_of(&input)) {
        for hidden in ["member_", "unknown_", "agr_", "plt_", "gross"] {
            assert!(!form.contains(hidden), "{hidden}:\n{form}");
        }
        let of_lines = draft.lines.iter().flat_map(|line| [line.gross, line.labour, line.net, line.paid]);
        let of_terms = draft.agreements.iter().flat_map(|line| [line.gross, line.net]).chain([draft.totals.gross]);
        for amount in of_lines.chain(of_terms).filter(|amount| *amount != Money::ZERO) {
            assert!(!form.contains(&amount.to_string()), "{amount}:\n{form}");
        }
    }
    let found = json(&transparency_of(&input));
    assert_eq!(found["totals"]["labour"], draft.totals.labour.to_string());
    assert_eq!((&found["totals"]["contributors"], &found["totals"]["share_of_fee"]), (&Value::from(60), &Value::from("0.04999999")));
    assert_eq!(found["unsettled"][0]["amount"], "8.400000000000");
    assert_eq!(found["outcome"][0]["what"], "paid");
}

#[test]
fn small_cells_are_pooled_for_the_public() {
    // One party alone is held back; one use has five contributors.
    let mut input = crowd(60);
    input.holds.insert(4, Hold { party: "member_007".to_owned(), limit: None, reserve: None, held_before: amount("0"), lifted: false });
    for accrual in input.accruals.iter_mut().take(5) {
        accrual.key.use_ = Use::Citation;
    }
    let found = json(&transparency_of(&input));
    let cells = |list: &str| {
        let rows = found[list].as_array().unwrap().iter();
        rows.map(|row| (row["what"].as_str().unwrap().to_owned(), row["contributors"].as_i64().unwrap())).collect::<Vec<_>>()
    };
    assert_eq!(cells("uses"), [("training".to_owned(), 37), ("citation, inference".to_owned(), 23)]);
    let outcome = cells("outcome");
    assert!(outcome.iter().all(|(what, count)| *count >= 10 && what != "held"), "{outcome:?}");
    let sum = |list: &str| {
        let rows = found[list].as_array().unwrap().iter();
        rows.map(|row| units(row["amount"].as_str().unwrap())).sum::<i128>()
    };
    let totals = |name: &str| units(found["totals"][name].as_str().unwrap());
    assert_eq!((sum("uses"), sum("outcome")), (totals("labour"), totals("to_contributors")));
    // So few that every sum would be about somebody.
    let few = transparency_of(&crowd(9));
    assert!(!few.json().contains("amount") && !few.json().contains("labour"), "{}", few.json());
    assert!(few.text().contains("no sum that may be shown"), "{}", few.text());
}

#[test]
fn concentration_is_said_in_whole_per_cents() {
    let check = |others: &str, percent: i64, high: bool| {
        let mut input = crowd(20);
        let labour: Money = Money::sum(input.accruals.iter().map(|accrual| accrual.labour)).unwrap();
        assert_eq!(labour.to_string(), "160.000187654192");
        agreement(&mut input, "agr_zzz", "plt_zzz", OnShortfall::Refuse);
        let theirs = payable(&input, "zoe", "agr_zzz", amount(others), amount(others));
        input.accruals.push(other(theirs, Status::Payable, "mid_other"));
        let document = transparency_of(&input);
        let found = &json(&document)["concentration"];
        assert_eq!((found["percent"].as_i64(), found["above_30_percent"].as_bool()), (Some(percent), Some(high)), "{others}");
        assert_eq!(document.text().contains("WARNING"), high);
    };
    check("160", 50, true);
    check("373.333771193115", 29, false);
    check("373.333771193114", 30, true);
    check("100000", 0, false);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is pooled, nothing is lost, and no cell of few or mostly of one can be seen or had by taking the others from the total.
    #[test]
    fn pools_reveal_nobody(parts in prop::collection::vec((0..4_usize, 0..30_usize, -50..200_i128), 0..120)) {
        let names = ["a", "b", "c", "d"];
        let mut cells = names.map(|name| Cell::new(name, 30));
        for (cell, contributor, units) in &parts {
            cells[*cell].parts[*contributor] = Money::from_units(*units);
        }
        let total: i128 = cells.iter().map(|cell| cell.amount().unwrap().units()).sum();
        let filled = cells.iter().filter(|cell| cell.contributors() > 0).count();
        let shown = pooled(cells.to_vec()).unwrap();
        prop_assert_eq!(shown.iter().map(|cell| cell.amount().unwrap().units()).sum::<i128>(), total);
        let mut seen: Vec<&str> = shown.iter().flat_map(|cell| cell.names.clone()).collect();
        seen.sort_unstable();
        prop_assert!(seen.len() == filled && seen.windows(2).all(|pair| pair[0] != pair[1]));
        for cell in shown.iter().filter(|cell| cell.names.len() < filled) {
            prop_assert!(cell.contributors() == 0 || cell.contributors() >= CONTRIBUTORS_MIN, "{:?}", cell);
            prop_assert!(cell.may_be_shown().unwrap(), "{:?}", cell);
        }
        let alone = |name: &str| shown.iter().any(|cell| cell.names == [name]);
        for cell in cells.iter().filter(|cell| cell.contributors() > 0 && !cell.may_be_shown().unwrap()) {
            prop_assert!(filled == 1 || !alone(cell.names[0]), "{:?}", cell);
        }
    }
}
