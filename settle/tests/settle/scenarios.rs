//! The rules of SPEC section 5 as text tables; their format is told in `scenario.rs`.

use crate::scenario::check_all;

#[test]
fn the_seventy_percent_rule() {
    check_all(include_str!("scenarios/rule.txt"));
}

#[test]
fn payouts_and_what_is_carried() {
    check_all(include_str!("scenarios/payout.txt"));
}

#[test]
fn what_is_held_back_and_given_back() {
    check_all(include_str!("scenarios/hold.txt"));
}

#[test]
fn what_is_kept_in_reserve() {
    check_all(include_str!("scenarios/reserve.txt"));
}

#[test]
fn what_is_withheld_for_taxes() {
    check_all(include_str!("scenarios/tax.txt"));
}

#[test]
fn what_is_paid_in_another_currency() {
    check_all(include_str!("scenarios/exchange.txt"));
}

#[test]
fn what_passes_to_heirs() {
    check_all(include_str!("scenarios/heir.txt"));
}

#[test]
fn what_is_put_right_of_closed_cycles() {
    check_all(include_str!("scenarios/adjust.txt"));
}

#[test]
fn what_is_undone_and_what_was_left_out() {
    check_all(include_str!("scenarios/undone.txt"));
}

#[test]
fn what_is_listed_and_what_is_an_error() {
    check_all(include_str!("scenarios/input.txt"));
}
