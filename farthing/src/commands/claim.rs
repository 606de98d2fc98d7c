//! `farthing claim`: suspense that has found its party, and unlicensed use that was paid for.

use crate::books::Books;
use crate::claims::{self, Claimed, Request};
use crate::cli::ClaimOptions;
use crate::commands::record::{self, by, said, text};
use crate::output::{self, Answer};
use crate::place::Place;
use crate::time;
use anyhow::{Context, ensure};
use farthing_aggregate::claims::Asked;
use farthing_archive::claims::Made;
use farthing_schemas::manifest::{Claim, ClaimPayment};
use farthing_schemas::registry::Registry;
use farthing_schemas::{Money, ReferenceKind, Status};
use serde_json::{Value, json};

pub async fn run(at: &Place, options: &ClaimOptions, json: bool) -> anyhow::Result<Answer> {
    if options.list {
        return list(at, json).await;
    }
    let person = by(options.person.clone());
    said("--as", &person)?;
    let payment = payment(options)?;
    let mut books = Books::open(at).await?;
    let asked = asked(options, &*books.registry_now().await?)?;
    let request = Request { asked: asked.clone(), payment, by: person, at: options.now.unwrap_or_else(time::now) };
    let claimed = claims::claim(&mut books, at, request).await?;
    books.ledger.close().await;
    if json {
        output::json(&document(&asked, &claimed))?
    } else {
        output::text(&report(&asked, &claimed, at))?
    }
    Ok(Answer::Yes)
}

/// What is asked for, if the registry can have an answer.
fn asked(options: &ClaimOptions, registry: &Registry) -> anyhow::Result<Asked> {
    if let (Some(party), Some(platform)) = (&options.unlicensed, &options.platform) {
        ensure!(registry.party(party).is_some(), "{party} is not a party of the registry; load it first with: farthing registry load FILE");
        ensure!(registry.platform(platform).is_some(), "--platform {platform}: the registry has no such platform");
        if let Some(mid) = &options.mid {
            ensure!(registry.mid(mid).is_some(), "--mid {mid}: the registry has no such MID");
        }
        let (party, platform, mid) = (party.clone(), platform.clone(), options.mid.clone());
        return Ok(Asked::Unlicensed { party, platform, currency: options.currency, month: options.month, mid });
    }
    let (reference, kind) = options.reference.clone().zip(options.kind).context("name a REF with --kind, or --unlicensed PARTY")?;
    let known = match kind {
        ReferenceKind::Party => registry.party(&reference).is_some(),
        ReferenceKind::Work => registry.work_named(&reference).is_some(),
    };
    ensure!(
        known,
        "{reference} is no {} of the registry, so nobody can be found for it; load who it is first with: farthing registry load FILE",
        ReferenceKind::as_str(kind)
    );
    Ok(Asked::Suspense { kind, reference })
}

/// The platform's payment, where one is recorded.
fn payment(options: &ClaimOptions) -> anyhow::Result<Option<(ClaimPayment, Money)>> {
    let (Some(_), Some(platform)) = (&options.unlicensed, &options.platform) else { return Ok(None) };
    let evidence = options.evidence.as_deref().context("--evidence is missing")?;
    let amount = options.amount.context("--amount is missing")?;
    let payment = ClaimPayment {
        platform: platform.clone(),
        currency: options.currency.map(|currency| currency.to_string()),
        month: options.month.map(|month| month.to_string()),
        reason: text("--why", &options.why)?.to_owned(),
        reference: text("--reference", &options.payment_reference)?.to_owned(),
        evidence_sha256: record::evidence(evidence)?,
        paid: None,
    };
    Ok(Some((payment, amount)))
}

fn document(asked: &Asked, claimed: &Claimed) -> Value {
    let (kind, reference) = asked.reference();
    let given = claimed.given.sums.iter().map(|((status, mid, currency), sums)| {
        json!({"status": status.as_str(), "mid": mid, "currency": currency.code(), "gross": sums.gross.to_string(), "labour": sums.labour.to_string()})
    });
    json!({"number": claimed.number, "from": asked.status().as_str(), "reference_kind": ReferenceKind::as_str(kind), "reference": reference,
        "events": claimed.given.events, "given": given.collect::<Vec<_>>()})
}

fn report(asked: &Asked, claimed: &Claimed, at: &Place) -> String {
    let (kind, reference) = asked.reference();
    let (kind, status) = (ReferenceKind::as_str(kind), asked.status());
    let Some(number) = claimed.number else {
        return format!(
            "Nothing to claim: {kind} {reference} has nothing {} that finds somebody now.\nWhat there is: farthing accruals --by reference_kind,party,status {}",
            in_words(status),
            at.option
        );
    };
    let mut said =
        vec![format!("Claim {number}: of {} events, what was {} of {kind} {reference} is now", claimed.given.events, in_words(status))];
    said.extend(claimed.given.sums.iter().map(|((status, mid, currency), sums)| {
        let whose = if mid.is_empty() { String::new() } else { format!(", {mid}") };
        format!("  {}{whose}: labour {} of {} {currency}", in_words(*status), sums.labour, sums.gross)
    }));
    said.push("It goes to the earliest open cycle, marked late.".to_owned());
    if let Asked::Unlicensed { platform, .. } = asked {
        said.push(format!("What {platform} has paid for it is booked: farthing receivables and its invoice show it."));
    }
    said.join("\n")
}

fn in_words(status: Status) -> &'static str {
    if status == Status::Suspense { "in suspense" } else { status.as_str() }
}

async fn list(at: &Place, json: bool) -> anyhow::Result<Answer> {
    let books = Books::open(at).await?;
    if json {
        let list: Vec<Value> = books.catalog.claims.iter().map(|(number, made)| listed(number, made)).collect();
        output::json(&json!({"claims": list}))?;
        return Ok(Answer::Yes);
    }
    if books.catalog.claims.is_empty() {
        output::text("Nothing was ever claimed.")?;
        return Ok(Answer::Yes);
    }
    let rows: Vec<Vec<String>> = books.catalog.claims.iter().map(|(number, made)| row(number, made)).collect();
    output::text(&output::table(&["claim", "from", "kind", "reference", "at", "by", "platform", "reason", "payment", "paid"], &rows, 9))?;
    Ok(Answer::Yes)
}

fn listed(number: u64, made: &Made) -> Value {
    let Claim { reference_kind, reference, registry_version, claimed_at, payment, by, .. } = &made.claim;
    json!({"number": number, "from": made.asked.status().as_str(), "reference_kind": reference_kind, "reference": reference, "at": made.at,
        "claimed_at": claimed_at, "registry_version": registry_version, "by": by, "payment": payment})
}

fn row(number: u64, made: &Made) -> Vec<String> {
    let Claim { reference_kind, reference, payment, by, .. } = &made.claim;
    let of_payment = |text: fn(&ClaimPayment) -> &String| payment.as_ref().map(text).cloned().unwrap_or_default();
    let paid = made.claim.paid().map(|(payment, paid)| format!("{} {}", paid.amount, payment.currency.as_deref().unwrap_or_default()));
    let status = in_words(made.asked.status()).to_owned();
    let said = [of_payment(|it| &it.platform), of_payment(|it| &it.reason), of_payment(|it| &it.reference), paid.unwrap_or_default()];
    [vec![number.to_string(), status, reference_kind.clone(), reference.clone(), made.at.clone(), by.clone()], said.to_vec()].concat()
}
