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
const PAYOUTS: [(&str, &str); 9] = [
    ("party", "party"),
    ("method", "method"),
    ("paid", "paid"),
    ("withheld", "withheld"),
    ("arrives_in", "arrives in"),
    ("arrives", "arrives"),
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
            Part::list("payouts", "By party", list(draft, &lines, instructions)?),
        ],
        remarks: Vec::new(),
    })
}

fn is_something(line: &Line) -> bool {
    [line.paid, line.held, line.carried_out].iter().any(|amount| *amount != Money::ZERO)
}

fn totals(draft: &Draft) -> Result<Vec<Fact>, SettleError> {
    let sum = |field: fn(&Line) -> Money| Money::sum(draft.lines.iter().map(field)).map(Value::Amount);
    let paid = draft.lines.iter().filter(|line| line.paid != Money::ZERO).count();
    Ok(vec![
        Fact::new("payments", "payments", Value::how_many(paid)),
        Fact::new("paid", "paid", Value::Amount(draft.totals.paid)),
        Fact::new("withheld", "withheld", sum(|line| line.withheld)?),
        Fact::new("held", "held", sum(|line| line.held)?),
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

fn list(draft: &Draft, lines: &[&Line], instructions: &BTreeMap<String, Payout>) -> Result<List, SettleError> {
    let mut list = List::new(&PAYOUTS);
    for line in lines {
        let payout = instructions.get(&line.party);
        let arrives = draft.payment_of(line);
        list.rows.push(vec![
            Value::id(&line.party),
            payout.map_or(Value::Nothing, |payout| Value::id(&payout.method)),
            Value::Amount(line.paid),
            Value::Amount(line.withheld),
            Value::or_nothing(arrives.map(|(currency, _)| currency)),
            arrives.map_or(Value::Nothing, |(_, amount)| Value::Amount(amount)),
            Value::Amount(line.held),
            Value::Amount(line.carried_out),
            Value::or_nothing(line.why_carried.map(WhyCarried::as_str)),
        ]);
    }
    let sum = |field: fn(&Line) -> Money| Ok::<_, SettleError>(Value::Amount(Money::sum(lines.iter().map(|line| field(line)))?));
    let (paid, withheld) = (sum(|line| line.paid)?, sum(|line| line.withheld)?);
    let (held, carried) = (sum(|line| line.held)?, sum(|line| line.carried_out)?);
    // What arrives is of several currencies.
    let none = || Value::Nothing;
    list.sum = Some(vec![Value::text("all"), none(), paid, withheld, none(), none(), held, carried, none()]);
    Ok(list)
}
