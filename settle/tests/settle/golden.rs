//! Drafts that the oracle computed, compared amount by amount. `golden/make_golden.py` makes them anew.

use crate::support::{amount, currency, cycle, empty_input, payable, rate};
use farthing_schemas::{Accrual, Money};
use farthing_settle::input::{AgreementTerms, Input, OnShortfall, Payee, Payout, Threshold};
use farthing_settle::plan;
use serde_json::{Map, Value};

fn check(text: &str) {
    let case: Value = serde_json::from_str(text).unwrap();
    let draft = plan(&input(&case)).unwrap().draft;
    let actual: Value = serde_json::from_str(&draft.to_json()).unwrap();
    let expected = &case["expected"];
    assert!(!expected["lines"].as_array().unwrap().is_empty());
    compare("draft", &actual, expected);
}

#[test]
fn an_agreement_is_mended_by_a_true_up() {
    check(include_str!("golden/true_up.json"));
}

#[test]
fn an_agreement_is_refused() {
    check(include_str!("golden/refused.json"));
}

#[test]
fn an_agreement_is_left_out() {
    check(include_str!("golden/without.json"));
}

#[test]
fn two_cycles_one_after_the_other() {
    check(include_str!("golden/guild_october.json"));
    check(include_str!("golden/guild_november.json"));
}

/// Every field that the oracle gives has to be there; Farthing may give more.
fn compare(place: &str, actual: &Value, expected: &Value) {
    match (actual, expected) {
        (Value::Object(actual), Value::Object(expected)) => {
            for (field, value) in expected {
                compare(&format!("{place}.{field}"), &actual[field], value);
            }
        }
        (Value::Array(actual), Value::Array(expected)) => {
            assert_eq!(actual.len(), expected.len(), "{place}");
            actual
                .iter()
                .zip(expected)
                .enumerate()
                .for_each(|(at, (actual, expected))| compare(&format!("{place}[{at}]"), actual, expected));
        }
        _ => assert_eq!(actual, expected, "{place}"),
    }
}

fn input(case: &Value) -> Input {
    let mut input = Input { cycle: cycle(text(&case["cycle"])), currency: currency(text(&case["currency"])), ..empty_input() };
    input.mid.mid = text(&case["mid"]).to_owned();
    (input.mid.fee, input.mid.recovery_cap) = (rate(text(&case["fee"])), rate(text(&case["recovery_cap"])));
    input.mid.thresholds = case["thresholds"].as_array().unwrap().iter().map(threshold).collect();
    input.agreements = entries(&case["agreements"]).iter().map(|(id, terms)| (id.clone(), agreement(terms))).collect();
    input.payees = entries(&case["payees"]).iter().map(|(id, party)| (id.clone(), payee(party))).collect();
    input.carried_in = entries(&case["carried_in"]).iter().map(|(id, carried)| (id.clone(), stored(carried))).collect();
    input.without = case["without"].as_array().unwrap().iter().map(|id| text(id).to_owned()).collect();
    input.accruals = case["accruals"].as_array().unwrap().iter().map(|row| accrual(&input, row)).collect();
    input
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn entries(value: &Value) -> &Map<String, Value> {
    value.as_object().unwrap()
}

fn stored(value: &Value) -> Money {
    farthing_schemas::money::from_stored_text(text(value)).unwrap()
}

fn threshold(row: &Value) -> Threshold {
    Threshold { method: text(&row["method"]).to_owned(), currency: currency(text(&row["currency"])), amount: amount(text(&row["amount"])) }
}

fn agreement(terms: &Value) -> AgreementTerms {
    let on_shortfall = if terms["on_shortfall"] == "refuse" { OnShortfall::Refuse } else { OnShortfall::TrueUp };
    AgreementTerms { platform: text(&terms["platform"]).to_owned(), on_shortfall }
}

fn payee(party: &Value) -> Payee {
    let payout = party["payout"].as_object();
    let payout = payout.map(|payout| Payout { method: text(&payout["method"]).to_owned(), currency: currency(text(&payout["currency"])) });
    Payee { payout, stays: party["stays"].as_bool().unwrap() }
}

fn accrual(input: &Input, row: &Value) -> Accrual {
    let mut accrual = payable(input, text(&row["party"]), text(&row["agreement"]), stored(&row["gross"]), stored(&row["labour"]));
    accrual.key.reference_kind = text(&row["reference_kind"]).parse().ok();
    (accrual.key.mid, accrual.key.platform) = (text(&row["mid"]).to_owned(), text(&row["platform"]).to_owned());
    (accrual.key.use_, accrual.key.status) = (text(&row["use"]).parse().unwrap(), text(&row["status"]).parse().unwrap());
    accrual
}
