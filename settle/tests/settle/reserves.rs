//! A reserve over cycles: each draft is made upon what those before it kept.

use crate::support::{amount, cycle, empty_input, payable, short};
use farthing_settle::input::{AgreementTerms, Hold, Input, OnShortfall, Payee, Payout, Reserve};
use farthing_settle::reserve::due;
use farthing_settle::{Draft, plan};

/// Ana's draft of the next cycle, who earns so much in it: a half is kept back for so many cycles.
fn next(earlier: &[Draft], earns: &str, cycles: u32) -> Draft {
    let mut input = Input { cycle: earlier.last().map_or(cycle("2026-01"), |draft| draft.cycle.next()), ..empty_input() };
    let terms = AgreementTerms { platform: "plt".to_owned(), on_shortfall: OnShortfall::Refuse };
    input.agreements.insert("agr".to_owned(), terms);
    let payout = Some(Payout { method: "sepa".to_owned(), currency: input.currency });
    input.payees.insert("ana".to_owned(), Payee { payout, stays: true });
    let labour = amount(earns);
    input.accruals.push(payable(&input, "ana", "agr", labour, labour));
    if let Some(line) = earlier.last().and_then(|draft| draft.lines.first()) {
        input.carried_in.insert("ana".to_owned(), line.carried_out);
    }
    let held_before = earlier.last().and_then(|draft| draft.holds.first()).map(|line| line.outstanding).unwrap_or_default();
    let reserve = Reserve { share: "0.5".parse().unwrap(), due: due(1, cycles, input.cycle, earlier).unwrap() };
    input.holds.insert(1, Hold { party: "ana".to_owned(), limit: None, reserve: Some(reserve), held_before, lifted: false });
    plan(&input).unwrap().draft
}

/// By cycle, what is earned: what is kept back, given back and left.
fn check(cycles: u32, rows: &[(&str, [&str; 3])]) {
    let mut drafts = Vec::new();
    for (number, (earns, expected)) in rows.iter().enumerate() {
        let draft = next(&drafts, earns, cycles);
        let hold = draft.holds.first().map(|line| [line.held, line.lifted, line.outstanding]).unwrap_or_default();
        assert_eq!(hold.map(short), *expected, "cycle {number}");
        drafts.push(draft);
    }
}

#[test]
fn what_was_kept_is_given_back_in_its_time() {
    check(2, &[("10", ["5", "0", "5"]), ("4", ["2", "0", "7"]), ("6", ["3", "5", "5"]), ("0", ["0", "2", "3"]), ("0", ["0", "3", "0"])]);
}

#[test]
fn what_was_used_for_a_debt_is_not_given_back_again() {
    // The third cycle undoes 4 of what was earned: of 7 in reserve 4 go, the oldest first, so that 1 of the first cycle is due beside.
    check(3, &[("10", ["5", "0", "5"]), ("4", ["2", "0", "7"]), ("-4", ["0", "4", "3"]), ("0", ["0", "1", "2"]), ("0", ["0", "2", "0"])]);
}

#[test]
fn a_cycle_without_a_draft_delays_nothing() {
    let first = [next(&[], "10", 2)];
    let later = cycle("2026-07");
    assert_eq!(due(1, 2, later, &first).unwrap(), amount("5"));
    assert_eq!(due(2, 2, later, &first).unwrap(), amount("0"), "another hold");
    assert_eq!(due(1, u32::MAX, later, &first).unwrap(), amount("0"), "never");
}
