//! What comes out as text: the canonical JSON and the report.

use crate::support::{amount, cycle, empty_input, payable, rate};
use farthing_schemas::Accrual;
use farthing_schemas::manifest::sha256_hex;
use farthing_settle::input::{AgreementTerms, Input, OnShortfall, Payee, Payout, Threshold};
use farthing_settle::wire::moves_to_ndjson;
use farthing_settle::{Draft, SettleError, plan, report};

fn input() -> Input {
    let mut input = Input { registry_version: 3, preview: true, ..empty_input() };
    input.mid.fee = rate("0.1");
    input.mid.thresholds = vec![Threshold { method: "sepa".to_owned(), currency: input.currency, amount: amount("5") }];
    for (id, platform, on_shortfall) in
        [("agr_a", "plt_a", OnShortfall::TrueUp), ("agr_b", "plt_a", OnShortfall::Refuse), ("agr_c", "plt_c", OnShortfall::Refuse)]
    {
        input.agreements.insert(id.to_owned(), AgreementTerms { platform: platform.to_owned(), on_shortfall });
    }
    let payout = Some(Payout { method: "sepa".to_owned(), currency: input.currency });
    for (party, payout) in [("ana", payout.clone()), ("ben", payout), ("cas", None)] {
        input.payees.insert(party.to_owned(), Payee { payout, stays: true });
    }
    input.accruals = vec![
        payable(&input, "ana", "agr_a", amount("10000.00"), amount("7000.00")),
        payable(&input, "ben", "agr_a", amount("0.005"), amount("0.0035")),
        payable(&input, "cas", "agr_b", amount("20.00"), amount("14.00")),
        payable(&input, "ana", "agr_c", amount("1.00"), amount("0.90")),
        Accrual { undone: Some(cycle("2026-09")), ..payable(&input, "ben", "agr_b", amount("-1"), amount("-0.7")) },
    ];
    input.fees_of_cycles.insert(cycle("2026-09"), rate("0.05"));
    input.carried_in.insert("cas".to_owned(), amount("0.25"));
    input
}

#[test]
fn the_json_is_canonical() {
    let plan = plan(&input()).unwrap();
    assert_eq!(plan.draft.to_json(), include_str!("texts/draft.json").trim_end());
    assert_eq!(moves_to_ndjson(&plan.moves), include_str!("texts/moves.ndjson"));
    assert_eq!(plan.draft.moves_sha256, sha256_hex(include_bytes!("texts/moves.ndjson")));
}

/// The file stays as it is for good: what was kept once is readable forever.
#[test]
fn a_kept_draft_is_readable() {
    let draft = Draft::from_json(include_str!("texts/draft.json")).unwrap();
    assert_eq!(draft, plan(&input()).unwrap().draft);
}

#[test]
fn the_hash_is_that_of_the_rest_of_the_text() {
    let draft = plan(&input()).unwrap().draft;
    let rest = draft.to_json().replace(&format!("\"draft_sha256\":\"{}\",", draft.draft_sha256), "");
    assert!(!rest.contains("draft_sha256"));
    assert_eq!(sha256_hex(rest.as_bytes()), draft.draft_sha256);
}

#[test]
fn a_changed_draft_is_found() {
    let text = plan(&input()).unwrap().draft.to_json();
    let changed = text.replacen("\"paid\":\"7", "\"paid\":\"8", 1);
    assert_ne!(changed, text);
    assert!(matches!(Draft::from_json(&changed), Err(SettleError::Changed(_))));
    assert!(matches!(Draft::from_json("{}"), Err(SettleError::NotADraft(_))));
    assert!(matches!(Draft::from_json(&text.replacen("\"0.", "\"0,", 1)), Err(SettleError::NotADraft(_))));
}

#[test]
fn the_report_is_for_people() {
    assert_eq!(report(&plan(&input()).unwrap().draft).unwrap(), include_str!("texts/report.txt"));
    let without = Input { without: ["agr_b".to_owned()].into(), preview: false, ..input() };
    assert_eq!(report(&plan(&without).unwrap().draft).unwrap(), include_str!("texts/report_without.txt"));
}
