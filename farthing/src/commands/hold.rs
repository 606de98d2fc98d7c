//! `farthing hold`: money of a party that is held back, such as in a dispute, and given back.

use crate::books::{Appended, Books};
use crate::cli::{HoldAddOptions, HoldCommand, HoldLiftOptions, HoldScope};
use crate::commands::record::{by, said};
use crate::commands::settle::{Settlement, mid_and_currency};
use crate::output::{self, Answer};
use crate::place::Place;
use crate::plan_input;
use anyhow::bail;
use farthing_archive::holds::Held;
use farthing_ledger::Effects;
use farthing_schemas::manifest::{Act, Hold, Lift, Reserve};
use farthing_schemas::{Currency, Money};
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub async fn run(at: &Place, command: HoldCommand, json: bool) -> anyhow::Result<Answer> {
    match command {
        HoldCommand::Add(options) => add(at, &options, json).await,
        HoldCommand::Lift(options) => lift(at, &options, json).await,
        HoldCommand::List { mid, all } => list(at, mid.as_deref(), all, json).await,
    }
}

async fn add(at: &Place, options: &HoldAddOptions, json: bool) -> anyhow::Result<Answer> {
    said("--why", &options.why)?;
    said("--as", &by(options.scope.person.clone()))?;
    options.reference.as_deref().map_or(Ok(()), |reference| said("--reference", reference))?;
    let mut books = Books::open(at).await?;
    let (mid, currency) = scope(&mut books, &options.scope).await?;
    let party = &options.scope.party;
    if books.registry_now().await?.party(party).is_none() {
        bail!("{party} is not a party of the registry: nothing can be paid to it, so nothing needs to be held back");
    }
    let number = loop {
        let number = books.catalog.holds.next_number();
        let hold = Hold {
            number,
            mid: mid.clone(),
            currency: currency.to_string(),
            party: party.clone(),
            limit: options.limit.map(|limit| limit.to_string()),
            reserve: options.share.map(|share| Reserve { share: share.to_string(), cycles: options.cycles }),
            reason: options.why.clone(),
            reference: options.reference.clone(),
            by: by(options.scope.person.clone()),
        };
        if books.append(Act::Hold(hold), &Effects::default()).await? == Appended::Done {
            break number;
        }
    };
    books.ledger.close().await;
    if json {
        return answer(
            &json!({"number": number, "mid": mid, "currency": currency.code(), "party": party, "limit": options.limit.map(|limit| limit.to_string()),
                "share": options.share.map(|share| share.to_string()), "cycles": options.cycles}),
        );
    }
    let what = in_words(options, currency);
    output::text(&format!(
        "Hold {number}: {what} of {party} is held back by {mid} in every draft that is made from now on; drafts that are final stay as they are.\nTo end it: farthing hold lift {party} --mid {mid} --currency {currency} --number {number} --why REASON {}",
        at.option
    ))?;
    Ok(Answer::Yes)
}

async fn lift(at: &Place, options: &HoldLiftOptions, json: bool) -> anyhow::Result<Answer> {
    said("--why", &options.why)?;
    said("--as", &by(options.scope.person.clone()))?;
    let mut books = Books::open(at).await?;
    let (mid, currency) = scope(&mut books, &options.scope).await?;
    let party = &options.scope.party;
    let mut lifted = Vec::new();
    // What others lift or add meanwhile is in the catalog with the next look.
    while let Some(number) = next_to_lift(&books, (&mid, currency, party), options.number, &lifted)? {
        let lift = Lift { number, reason: options.why.clone(), by: by(options.scope.person.clone()) };
        if books.append(Act::Lift(lift), &Effects::default()).await? == Appended::Done {
            lifted.push(number);
        }
    }
    books.ledger.close().await;
    if json {
        return answer(&json!({"lifted": lifted, "mid": mid, "currency": currency.code(), "party": party}));
    }
    let numbers: Vec<String> = lifted.iter().map(u64::to_string).collect();
    output::text(&format!(
        "Lifted hold {} of {party}: what it kept back is there again with the next draft of {mid} in {currency}.",
        numbers.join(", ")
    ))?;
    Ok(Answer::Yes)
}

/// The next hold of a party in force that is asked for; none once all of them are lifted. It is an error if there was none at all.
fn next_to_lift(
    books: &Books,
    (mid, currency, party): (&str, Currency, &str),
    asked: Option<u64>,
    done: &[u64],
) -> anyhow::Result<Option<u64>> {
    let of_party = |held: &Held| (held.hold.mid.as_str(), held.currency, held.hold.party.as_str()) == (mid, currency, party);
    let in_force = |(number, held): &(u64, &Held)| {
        let is_asked = asked.map_or(held.reserve.is_none(), |asked| asked == *number);
        of_party(held) && held.lifted.is_none() && is_asked && !done.contains(number)
    };
    let next = books.catalog.holds.iter().find(in_force).map(|(number, _)| number);
    if next.is_none() && done.is_empty() {
        let which = asked.map_or("no hold".to_owned(), |number| format!("no hold {number}"));
        bail!(
            "{mid} has {which} on {party} in {currency} that is in force; see: farthing hold list --all; a reserve is lifted by its --number"
        );
    }
    Ok(next)
}

async fn list(at: &Place, mid: Option<&str>, all: bool, json: bool) -> anyhow::Result<Answer> {
    let mut books = Books::open(at).await?;
    if let Some(mid) = mid {
        mid_and_currency(&*books.registry_now().await?, mid, None)?;
    }
    let kept_back = kept_back(&books).await?;
    let amount = |number: u64| kept_back.get(&number).copied().unwrap_or_default();
    let wanted = |(number, held): &(u64, &Held)| {
        mid.is_none_or(|mid| held.hold.mid == mid) && (all || held.lifted.is_none() || amount(*number) != Money::ZERO)
    };
    let holds: Vec<(u64, &Held)> = books.catalog.holds.iter().filter(wanted).collect();
    if json {
        let list: Vec<Value> = holds.iter().map(|(number, held)| document(*number, held, amount(*number))).collect();
        return answer(&json!({"holds": list}));
    }
    if holds.is_empty() {
        output::text(if all { "Nothing was ever held back." } else { "Nothing is held back." })?;
        return Ok(Answer::Yes);
    }
    let rows: Vec<Vec<String>> = holds.iter().map(|(number, held)| row(*number, held, amount(*number))).collect();
    output::text(&output::table(&["hold", "mid", "party", "since", "state", "reason", "reference", "limit", "held back"], &rows, 7))?;
    Ok(Answer::Yes)
}

/// What each hold keeps back by the last final draft of its MID and currency.
async fn kept_back(books: &Books) -> anyhow::Result<BTreeMap<u64, Money>> {
    let mut kept = BTreeMap::new();
    let scopes: std::collections::BTreeSet<(&str, Currency)> =
        books.catalog.holds.iter().map(|(_, held)| (held.hold.mid.as_str(), held.currency)).collect();
    for (mid, currency) in scopes {
        // Of any cycle: the drafts of all are read.
        let of = Settlement { mid: mid.to_owned(), currency, cycle: farthing_schemas::Cycle::at(0) };
        if let Some(last) = plan_input::drafts(books, &of, books.catalog.sequence).await?.last() {
            kept.extend(last.holds.iter().map(|line| (line.number, line.outstanding)));
        }
    }
    Ok(kept)
}

fn document(number: u64, held: &Held, amount: Money) -> Value {
    let Hold { mid, currency, party, limit, reserve, reason, reference, by, .. } = &held.hold;
    let (share, cycles) = (reserve.as_ref().map(|reserve| &reserve.share), reserve.as_ref().and_then(|reserve| reserve.cycles));
    let lifted = held.lifted.as_ref().map(|(_, lift)| json!({"reason": lift.reason, "by": lift.by}));
    json!({"number": number, "mid": mid, "currency": currency, "party": party, "limit": limit, "share": share, "cycles": cycles, "reason": reason, "reference": reference,
        "by": by, "since": held.at, "held": amount.to_string(), "lifted": lifted})
}

fn row(number: u64, held: &Held, amount: Money) -> Vec<String> {
    let hold = &held.hold;
    let state = if held.lifted.is_some() { "lifted" } else { "in force" };
    vec![
        number.to_string(),
        hold.mid.clone(),
        hold.party.clone(),
        held.at.clone(),
        state.to_owned(),
        hold.reason.clone(),
        hold.reference.clone().unwrap_or_default(),
        limits(held),
        format!("{amount} {}", hold.currency),
    ]
}

/// What a hold that is added keeps back.
fn in_words(options: &HoldAddOptions, currency: Currency) -> String {
    let limit = options.limit.map(|limit| format!("up to {limit} {currency}"));
    let Some(share) = options.share else { return limit.unwrap_or("all that would be paid or carried".to_owned()) };
    let until = options.cycles.map_or("until it is lifted".to_owned(), |cycles| format!("for {cycles} cycles"));
    let limit = limit.map(|limit| format!(", {limit}")).unwrap_or_default();
    format!("{share} of what each cycle brings, {until}{limit},")
}

/// How much a hold keeps back at most.
fn limits(held: &Held) -> String {
    let limit = held.limit.map(|limit| format!("{limit} {}", held.hold.currency));
    let Some(Reserve { share, cycles }) = &held.hold.reserve else { return limit.unwrap_or("all".to_owned()) };
    let share = format!("{share} of each cycle");
    let until = cycles.map(|cycles| format!("for {cycles}"));
    [Some(share), until, limit].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

async fn scope(books: &mut Books, scope: &HoldScope) -> anyhow::Result<(String, Currency)> {
    let registry = books.registry_now().await?;
    mid_and_currency(&registry, &scope.mid, scope.currency)
}

fn answer(document: &Value) -> anyhow::Result<Answer> {
    output::json(document)?;
    Ok(Answer::Yes)
}
