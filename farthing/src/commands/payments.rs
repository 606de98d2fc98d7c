//! `farthing payments`: what was sent to banks for whom, and what has become of it.

use crate::books::Books;
use crate::cli::PaymentsOptions;
use crate::commands::settle::mid_and_currency;
use crate::output::{self, Answer};
use crate::place::Place;
use farthing_ledger::{Asked, StoredPayment, StoredState};
use farthing_settle::payout::State;
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub async fn run(at: &Place, options: &PaymentsOptions, json: bool) -> anyhow::Result<Answer> {
    let mut books = Books::open(at).await?;
    let (mid, currency) = mid_and_currency(&*books.registry_now().await?, &options.mid, options.currency)?;
    let cycle = options.cycle.map(|cycle| cycle.to_string());
    let asked = Asked::Of { mid: &mid, currency: currency.code(), cycle: cycle.as_deref() };
    let payments = books.ledger.payments(asked).await?;
    let states = books.ledger.payment_states(asked).await?;
    let last: BTreeMap<&str, &StoredState> = states.iter().map(|state| (state.id.as_str(), state)).collect();
    let mut rows = Vec::new();
    for payment in &payments {
        let (state, last) = state_of(payment, last.get(payment.id.as_str()).copied())?;
        if options.state.is_none_or(|wanted| wanted == state) {
            rows.push(document(payment, state, last));
        }
    }
    if json {
        output::json(&json!({"mid": mid, "currency": currency.code(), "payments": rows}))?;
    } else if rows.is_empty() {
        output::text("No payments.")?;
    } else {
        let columns = ["payment", "cycle", "party", "state", "since", "reason", "replaces", "currency", "amount"];
        let cell = |value: &Value| output::printable(value.as_str().unwrap_or("-"));
        let rows: Vec<Vec<String>> = rows.iter().map(|row| columns.map(|column| cell(&row[column])).to_vec()).collect();
        output::text(&output::table(&columns, &rows, columns.len() - 1))?;
    }
    books.ledger.close().await;
    Ok(Answer::Yes)
}

/// Where a payment is, and what brought it there.
fn state_of<'a>(payment: &StoredPayment, last: Option<&'a StoredState>) -> anyhow::Result<(State, Option<&'a StoredState>)> {
    let begins = State::first(payment.message_id.as_deref());
    Ok((last.map_or(Ok(begins), |last| last.state.parse())?, last))
}

fn document(payment: &StoredPayment, state: State, last: Option<&StoredState>) -> Value {
    let StoredPayment { id, cycle, party, attempt, paid_in, amount, replaces, message_id, .. } = payment;
    json!({"payment": id, "cycle": cycle, "party": party, "attempt": attempt, "currency": paid_in, "amount": amount, "state": state.as_str(),
        "since": last.and_then(|last| last.booked.as_ref()), "reason": last.and_then(|last| last.reason.as_ref()),
        "bank_reference": last.and_then(|last| last.reference.as_ref()), "replaces": replaces, "file": message_id})
}
