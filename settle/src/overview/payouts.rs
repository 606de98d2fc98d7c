//! The register of payouts: what each party is paid and what stays owed to it, by which method and why.

use super::{named, notice, title};
use crate::document::{Document, Fact, List, Part, Value};
use crate::draft::{Draft, Line};
use crate::error::SettleError;
use crate::input::Payout;
use crate::moves::WhyCarried;
use farthing_schemas::Money;
use std::collections::BTreeMap;

/// The columns by party. What has become of a payment since it was released belongs behind `paid`.
const PAYOUTS: [(&str, &str); 7] = [
    ("party", "party"),
    ("method", "method"),
    ("payout_currency", "paid in"),
    ("paid", "paid"),
    ("held", "held"),
    ("carried", "carried"),
    ("why", "why carried"),
];

/// The register of a draft, with the payout instructions of its registry version by party.
///
/// # Errors
/// A sum that does not fit.
pub fn payouts(draft: &Draft, instructions: &BTreeMap<String, Payout>) -> Result<Document, SettleError> {
    let lines: Vec<&Line> = draft.lines.iter().filter(|line| is_something(line)).collect();
    let mut facts = named(draft);
    facts.push(Fact::new("registry_version", "version of the registry", Value::count(draft.registry_version)));
    Ok(Document {
        kind: "payouts",
        title: title("Payouts", draft),
        notice: notice(draft),
        facts,
        parts: vec![
            Part::facts("totals", format!("In {}", draft.currency), totals(draft)?),
            Part::list("methods", "By method", methods(&lines, instructions)?),
            Part::list("payouts", "By party", list(&lines, instructions)?),
        ],
        remarks: Vec::new(),
    })
}

fn is_something(line: &Line) -> bool {
    [line.paid, line.held, line.carried_out].iter().any(|amount| *amount != Money::ZERO)
}

fn totals(draft: &Draft) -> Result<Vec<Fact>, SettleError> {
    let held = Money::sum(draft.lines.iter().map(|line| line.held))?;
    let paid = draft.lines.iter().filter(|line| line.paid != Money::ZERO).count();
    Ok(vec![
        Fact::new("payments", "payments", Value::how_many(paid)),
        Fact::new("paid", "paid", Value::Amount(draft.totals.paid)),
        Fact::new("held", "held", Value::Amount(held)),
        Fact::new("carried", "carried", Value::Amount(draft.totals.carried)),
    ])
}

fn methods(lines: &[&Line], instructions: &BTreeMap<String, Payout>) -> Result<List, SettleError> {
    let mut sums: BTreeMap<&str, (i128, Money)> = BTreeMap::new();
    for line in lines.iter().filter(|line| line.paid != Money::ZERO) {
        let method = instructions.get(&line.party).map_or("", |payout| payout.method.as_str());
        let (payments, sum) = sums.entry(method).or_default();
        (*payments, *sum) = (*payments + 1, sum.plus(line.paid)?);
    }
    let mut list = List::new(&[("method", "method"), ("payments", "payments"), ("paid", "paid")]);
    let row = |(method, (payments, paid)): (&str, (i128, Money))| vec![Value::id(method), Value::Count(payments), Value::Amount(paid)];
    list.rows = sums.into_iter().map(row).collect();
    Ok(list)
}

fn list(lines: &[&Line], instructions: &BTreeMap<String, Payout>) -> Result<List, SettleError> {
    let mut list = List::new(&PAYOUTS);
    for line in lines {
        let payout = instructions.get(&line.party);
        list.rows.push(vec![
            Value::id(&line.party),
            payout.map_or(Value::Nothing, |payout| Value::id(&payout.method)),
            Value::or_nothing(payout.map(|payout| payout.currency)),
            Value::Amount(line.paid),
            Value::Amount(line.held),
            Value::Amount(line.carried_out),
            Value::or_nothing(line.why_carried.map(WhyCarried::as_str)),
        ]);
    }
    let sum = |field: fn(&Line) -> Money| Ok::<_, SettleError>(Value::Amount(Money::sum(lines.iter().map(|line| field(line)))?));
    let sums = [sum(|line| line.paid)?, sum(|line| line.held)?, sum(|line| line.carried_out)?];
    let words = [Value::text("all"), Value::Nothing, Value::Nothing];
    list.sum = Some(words.into_iter().chain(sums).chain([Value::Nothing]).collect());
    Ok(list)
}
