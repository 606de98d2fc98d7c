//! `farthing adjust`: what a closed cycle got wrong for a party is put right by the next draft.

use crate::books::{Appended, Books};
use crate::cli::AdjustOptions;
use crate::commands::record::{Record, missing};
use crate::commands::settle::{Settlement, settlement_of, whereabouts};
use crate::courses;
use crate::output::{self, Answer};
use crate::place::Place;
use crate::plan_input;
use anyhow::{Context, bail, ensure};
use farthing_archive::adjustments::Adjusted;
use farthing_ledger::Effects;
use farthing_schemas::manifest::{Act, Adjustment};
use farthing_schemas::{Currency, Cycle, Money};
use farthing_settle::course::Whereabouts;
use farthing_settle::cycle::State;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

pub async fn run(at: &Place, options: &AdjustOptions, json: bool) -> anyhow::Result<Answer> {
    if options.list { list(at, json).await } else { adjust(at, options, json).await }
}

/// What is asked for, all of it said.
struct Asked<'o> {
    party: &'o str,
    amount: Money,
    record: Record<'o>,
}

impl Asked<'_> {
    fn of(options: &AdjustOptions) -> anyhow::Result<Asked<'_>> {
        let record = Record::of(&options.why, &options.reference, &options.person)?;
        let amount = options.amount.as_deref().with_context(missing("--amount"))?;
        let party = options.party.as_deref().with_context(missing("PARTY"))?;
        Ok(Asked { party, amount: signed(amount)?, record })
    }
}

/// An amount above or below 0.
fn signed(text: &str) -> anyhow::Result<Money> {
    let (negative, size) = text.strip_prefix('-').map_or((false, text), |size| (true, size));
    let amount: Money = size.parse().with_context(|| format!("--amount {text}"))?;
    ensure!(amount != Money::ZERO, "--amount {text}: there is nothing to put right");
    Ok(if negative { amount.negated()? } else { amount })
}

async fn adjust(at: &Place, options: &AdjustOptions, json: bool) -> anyhow::Result<Answer> {
    let asked = Asked::of(options)?;
    let mut books = Books::open(at).await?;
    let registry = books.registry_now().await?;
    let (mid, cycle) = (options.mid.as_deref().context("--mid is missing")?, options.cycle.context("--cycle is missing")?);
    let of = settlement_of(&registry, mid, options.currency, cycle)?;
    let party = asked.party;
    ensure!(registry.party(party).is_some(), "{party} is not a party of the registry: nothing can be paid to it or taken back");
    let number = loop {
        is_closed(&books, &of)?;
        let number = books.catalog.adjustments.next_number();
        let adjustment = Adjustment {
            number,
            mid: of.mid.clone(),
            currency: of.currency.to_string(),
            party: party.to_owned(),
            cycle: of.cycle.to_string(),
            amount: asked.amount.to_string(),
            reason: asked.record.reason.to_owned(),
            reference: asked.record.reference.to_owned(),
            by: asked.record.by.clone(),
        };
        if books.append(Act::Adjustment(adjustment), &Effects::default()).await? == Appended::Done {
            break number;
        }
    };
    books.ledger.close().await;
    let (currency, amount) = (of.currency.code(), asked.amount.to_string());
    if json {
        let document =
            json!({"number": number, "mid": of.mid, "currency": currency, "party": party, "cycle": of.cycle.to_string(), "amount": amount});
        output::json(&document)?;
    } else {
        output::text(&format!(
            "Adjustment {number}: {amount} {currency} for {party}, of cycle {}, is booked by the next draft of {}; drafts that are final stay as they are.",
            of.cycle, of.mid
        ))?;
    }
    Ok(Answer::Yes)
}

/// What is not approved yet is put right before it is.
fn is_closed(books: &Books, of: &Settlement) -> anyhow::Result<()> {
    match whereabouts(&courses::judged(&books.catalog)?, of) {
        Whereabouts::In(State::Approved | State::Released | State::Reconciled | State::Sealed) => Ok(()),
        other => bail!(
            "cycle {} of {} in {} is {other}, and not approved: until it is, events and reversals put it right, and a draft can be made again",
            of.cycle,
            of.mid,
            of.currency
        ),
    }
}

async fn list(at: &Place, json: bool) -> anyhow::Result<Answer> {
    let books = Books::open(at).await?;
    let booked = booked(&books).await?;
    if json {
        let list: Vec<Value> = books.catalog.adjustments.iter().map(|(number, made)| document(number, made, booked.get(&number))).collect();
        output::json(&json!({"adjustments": list}))?;
        return Ok(Answer::Yes);
    }
    let rows: Vec<Vec<String>> = books.catalog.adjustments.iter().map(|(number, made)| row(number, made, booked.get(&number))).collect();
    if rows.is_empty() {
        output::text("Nothing was ever adjusted.")?;
        return Ok(Answer::Yes);
    }
    output::text(&output::table(
        &["adjustment", "mid", "party", "of cycle", "booked in", "reason", "reference", "by", "amount"],
        &rows,
        8,
    ))?;
    Ok(Answer::Yes)
}

/// By number, the cycle whose final draft books an adjustment.
async fn booked(books: &Books) -> anyhow::Result<BTreeMap<u64, Cycle>> {
    let scopes: BTreeSet<(&str, Currency)> =
        books.catalog.adjustments.iter().map(|(_, made)| (made.adjustment.mid.as_str(), made.currency)).collect();
    let mut booked = BTreeMap::new();
    for (mid, currency) in scopes {
        // Of any cycle: the drafts of all are read.
        let of = Settlement { mid: mid.to_owned(), currency, cycle: Cycle::at(0) };
        for draft in plan_input::drafts(books, &of, books.catalog.sequence).await? {
            booked.extend(draft.adjustments.iter().map(|line| (line.number, draft.cycle)));
        }
    }
    Ok(booked)
}

fn document(number: u64, made: &Adjusted, booked: Option<&Cycle>) -> Value {
    let Adjustment { mid, currency, party, cycle, amount, reason, reference, by, .. } = &made.adjustment;
    json!({"number": number, "mid": mid, "currency": currency, "party": party, "cycle": cycle, "amount": amount, "reason": reason,
        "reference": reference, "by": by, "at": made.at, "booked_in": booked.map(Cycle::to_string)})
}

fn row(number: u64, made: &Adjusted, booked: Option<&Cycle>) -> Vec<String> {
    let Adjustment { mid, party, cycle, reason, reference, by, currency, .. } = &made.adjustment;
    let booked = booked.map_or("the next draft".to_owned(), Cycle::to_string);
    let amount = format!("{} {currency}", made.amount);
    let words = [mid, party, cycle, &booked, reason, reference, by, &amount].map(String::clone);
    [vec![number.to_string()], words.to_vec()].concat()
}
