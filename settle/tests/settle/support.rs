//! Small builders that every test module uses.

use farthing_schemas::accrual::AccrualKey;
use farthing_schemas::{Accrual, Currency, Cycle, Money, Rate, ReferenceKind, Status, Use};
use farthing_settle::input::{Input, MidTerms};
use std::collections::{BTreeMap, BTreeSet};

pub const MID: &str = "mid";

pub fn currency(code: &str) -> Currency {
    code.parse().unwrap()
}

pub fn cycle(text: &str) -> Cycle {
    text.parse().unwrap()
}

pub fn rate(text: &str) -> Rate {
    text.parse().unwrap()
}

/// `1.25`, `-0.5`, or `7u` for units.
pub fn amount(text: &str) -> Money {
    let (negative, size) = text.strip_prefix('-').map_or((false, text), |size| (true, size));
    let units = size.strip_suffix('u').map_or_else(|| size.parse::<Money>().unwrap().units(), |units| units.parse().unwrap());
    Money::from_units(if negative { -units } else { units })
}

/// What [`amount`] reads, as short as it goes.
pub fn short(amount: Money) -> String {
    if amount != Money::ZERO && amount.units().abs() < 1_000_000 {
        return format!("{}u", amount.units());
    }
    amount.to_string().trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A MID without fee or thresholds, and nothing to settle.
pub fn empty_input() -> Input {
    let mid = MidTerms { mid: MID.to_owned(), fee: Rate::default(), recovery_cap: rate("0.25"), thresholds: Vec::new() };
    Input {
        mid,
        cycle: cycle("2026-10"),
        currency: currency("USD"),
        registry_version: 1,
        agreements: BTreeMap::new(),
        payees: BTreeMap::new(),
        accruals: Vec::new(),
        deferred: Vec::new(),
        carried_in: BTreeMap::new(),
        returned: BTreeMap::new(),
        untaxed: BTreeMap::new(),
        adjustments: BTreeMap::new(),
        holds: BTreeMap::new(),
        taxes: BTreeMap::new(),
        heirs: BTreeMap::new(),
        quotes: BTreeMap::new(),
        fees_of_cycles: BTreeMap::new(),
        settled_in: BTreeMap::new(),
        without: BTreeSet::new(),
        preview: false,
    }
}

/// A payable accrual of the MID.
pub fn payable(input: &Input, party: &str, agreement: &str, gross: Money, labour: Money) -> Accrual {
    let platform = input.agreements.get(agreement).map_or("plt", |terms| &terms.platform).to_owned();
    let key = AccrualKey {
        reference_kind: Some(ReferenceKind::Party),
        party: party.to_owned(),
        mid: input.mid.mid.clone(),
        agreement: agreement.to_owned(),
        platform,
        use_: Use::Retrieval,
        currency: input.currency,
        status: Status::Payable,
    };
    Accrual { cycle: input.cycle, late: false, undone: None, key, gross, labour }
}
