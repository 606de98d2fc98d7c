//! `farthing bank assign`: a person says whose money on the bank's account is.

mod judged;

use crate::books::{Appended, Books};
use crate::check::{self, Decision, Upcoming};
use crate::cli::{AssignOptions, WhoseOptions};
use crate::commands::record::{Record, missing};
use crate::journal::{booked, next_place, rows_of};
use crate::output::{self, Answer};
use crate::payouts::answers::outcome_sha256;
use crate::payouts::invoiced::Issued;
use crate::payouts::lines::{self, AccountLine, kept, whose};
use crate::payouts::put::{self, Put, have_told, put};
use crate::place::Place;
use crate::time::now;
use anyhow::{Context, bail, ensure};
use farthing_archive::assignments::{Assigned, LineNumber};
use farthing_ledger::{Effects, PaymentRows};
use farthing_schemas::Money;
use farthing_schemas::manifest::{Act, AssignedTo, Assignment};
use farthing_settle::journal::{Entry, Occasion, entry_of_assignment};
use farthing_settle::payout::Payment;
use serde_json::{Value, json};

pub async fn run(at: &Place, options: &AssignOptions, json: bool) -> anyhow::Result<Answer> {
    if options.list { list(at, json).await } else { assign(at, options, json).await }
}

/// What is asked for, all of it said.
struct Asked<'o> {
    line: LineNumber,
    whose: &'o WhoseOptions,
    with_charges: bool,
    record: Record<'o>,
}

impl Asked<'_> {
    fn of(options: &AssignOptions) -> anyhow::Result<Asked<'_>> {
        let record = Record::of(&options.why, &options.reference, &options.person)?;
        Ok(Asked { line: options.line.with_context(missing("LINE"))?, whose: &options.whose, with_charges: options.with_charges, record })
    }

    /// Whose the line is said to be, in words that stay; and what it tells of payments, if it is said to be of those.
    async fn said(&self, books: &mut Books, all: &[AccountLine], line: &AccountLine) -> anyhow::Result<(AssignedTo, Put)> {
        let charged = |charges: Money| (charges != Money::ZERO).then(|| charges.to_string());
        if let Some(of) = &self.whose.payment {
            let put = put(books, all, line, &put::Asked { of, with_charges: self.with_charges }).await?;
            let states_sha256 = outcome_sha256(&put.states, &[], &[]);
            return Ok((AssignedTo::Payees { of: of.clone(), charges: charged(put.charges), states_sha256 }, put));
        }
        if let Some(of) = &self.whose.repetition_of {
            let all: Vec<&AccountLine> = all.iter().collect();
            let beside = have_told(books, &all, line, of, books.catalog.sequence + 1).await?;
            // How much that may be is judged with the rest.
            let charges = beside.first().filter(|_| self.with_charges).map_or(Money::ZERO, |beside| beside.charges);
            return Ok((AssignedTo::Repetition { of: Some(of.clone()), charges: charged(charges) }, Put::default()));
        }
        Ok((self.to(books, line).await?, Put::default()))
    }

    /// Whether that was said of the line already. What has become of payments stays: it may have been paid anew, or sealed.
    fn is_said(&self, line: &AccountLine) -> anyhow::Result<bool> {
        let Some(AssignedTo::Payees { of, .. }) = line.to() else { return Ok(false) };
        let word = line.money.tells();
        ensure!(
            self.whose.payment.as_ref() == Some(of),
            "line {} tells that {of} is {word}, and what has become of payments stays",
            line.number
        );
        Ok(true)
    }

    /// Whose the line is said to be, where it moves no payments.
    async fn to(&self, books: &mut Books, line: &AccountLine) -> anyhow::Result<AssignedTo> {
        let WhoseOptions { invoice, platform, claim, charges, remittance, repetition, against, suspense, .. } = self.whose;
        if let Some(number) = invoice {
            let issued = Issued::of(books, &line.money.mid).await?;
            let invoice =
                issued.get(number).with_context(|| format!("--invoice {number}: {} has issued no such invoice", line.money.mid))?;
            let (asks, currency) = (invoice.currency, line.money.currency);
            ensure!(asks == currency, "--invoice {number} asks for {asks}, and line {} is in {currency}", line.number);
            return Ok(AssignedTo::Platform { platform: invoice.platform.clone(), cycle: Some(invoice.cycle.to_string()) });
        }
        if let Some(platform) = platform {
            let known = books.registry_now().await?.platform(platform).is_some();
            ensure!(known, "--platform {platform}: the registry has no such platform");
            return Ok(AssignedTo::Platform { platform: platform.clone(), cycle: None });
        }
        Ok(match (claim, remittance, against) {
            (Some(claim), ..) => AssignedTo::Claim { claim: *claim },
            (_, Some(remittance), _) => AssignedTo::Remittance { remittance: *remittance },
            (.., Some(LineNumber { message, line })) => AssignedTo::Against { message: *message, line: *line },
            _ if *charges => AssignedTo::Charges,
            _ if *repetition => AssignedTo::Repetition { of: None, charges: None },
            _ if *suspense => AssignedTo::Suspense,
            _ => bail!(
                "say whose it is: --invoice, --platform, --claim, --charges, --remittance, --payment, --repetition, --repetition-of, \
                 --against or --suspense"
            ),
        })
    }

    fn assignment(&self, books: &Books, line: &AccountLine, to: AssignedTo) -> Assignment {
        Assignment {
            number: books.catalog.assignments.next_number(),
            mid: line.money.mid.clone(),
            message: line.number.message,
            line: line.number.line,
            currency: line.money.currency.to_string(),
            amount: line.money.amount.to_string(),
            message_sha256: line.money.message_sha256.clone(),
            to,
            instead_of: line.assigned.as_ref().map(|assigned| assigned.assignment.number),
            reason: self.record.reason.to_owned(),
            reference: self.record.reference.to_owned(),
            by: self.record.by.clone(),
            booked: None,
        }
    }
}

async fn assign(at: &Place, options: &AssignOptions, json: bool) -> anyhow::Result<Answer> {
    let asked = Asked::of(options)?;
    let mut books = Books::open(at).await?;
    // The number of the one that says so, if any does.
    let (assignment, number, is_new) = loop {
        let all = lines::all(&books).await?;
        let line = all.iter().find(|line| line.number == asked.line);
        let line = line.with_context(|| format!("no message of a bank has a line {}; see: farthing bank lines", asked.line))?;
        let before = || line.assigned.as_ref().map(|assigned| assigned.assignment.clone());
        if let (true, Some(before)) = (asked.is_said(line)?, before()) {
            let number = Some(before.number);
            break (before, number, false);
        }
        let (to, Put { states, moved, .. }) = asked.said(&mut books, &all, line).await?;
        let assignment = asked.assignment(&books, line, to);
        if line.is(&assignment.to) {
            let before = before();
            let number = before.as_ref().map(|before| before.number);
            break (before.unwrap_or(assignment), number, false);
        }
        judged::may_be(&books, &all, line, &assignment.to).await?;
        let entry = entry(&books, line, &assignment, &moved)?;
        let assignment = Assignment { booked: entry.as_ref().map(booked).transpose()?, ..assignment };
        let (entry, rows) = (entry.as_ref().map(rows_of), PaymentRows { states, ..PaymentRows::default() });
        let decision = Decision::Assignment(&assignment);
        check::before_move(&books, &Upcoming::Decision { decision, entry: entry.as_ref(), rows: &rows }).await?;
        let effects = Effects { entries: entry.into_iter().collect(), payments: rows, ..Effects::default() };
        if books.append(Act::Assignment(assignment.clone()), &effects).await? == Appended::Done {
            let number = Some(assignment.number);
            break (assignment, number, true);
        }
    };
    fail::fail_point!("line-assigned");
    books.ledger.close().await;
    if json {
        output::json(&json!({"number": number, "is_new": is_new, "line": asked.line.to_string(), "mid": assignment.mid,
            "currency": assignment.currency, "amount": assignment.amount, "to": assignment.to, "instead_of": assignment.instead_of}))?;
    } else {
        output::text(&told(&asked.line, &assignment, is_new))?;
    }
    Ok(Answer::Yes)
}

/// What it books; nothing where the line stays on its account, and tells nothing of payments.
fn entry(books: &Books, line: &AccountLine, assignment: &Assignment, moved: &[Payment]) -> anyhow::Result<Option<Entry>> {
    let told = line.money.told(moved, kept(Some(&assignment.to))?.minus(kept(line.to())?)?);
    let now = now();
    let (reason, reference) = (format!("{}, decided by {}", assignment.reason, assignment.by), assignment.reference.clone());
    let occasion = Occasion { place: next_place(&books.catalog), happened: now, booked: now, reason, reference };
    Ok(entry_of_assignment(&line.money, &line.whose(), &whose(Some(&assignment.to)), &told, occasion)?)
}

fn told(line: &LineNumber, assignment: &Assignment, is_new: bool) -> String {
    let Assignment { number, amount, currency, to, instead_of, .. } = assignment;
    let whose = in_words(to);
    if !is_new {
        return format!("Line {line}, {amount} {currency}, is {whose} already; nothing changes.");
    }
    let instead = instead_of.map(|before| format!(" It takes the place of assignment {before}, which stays as it is.")).unwrap_or_default();
    let booked = if assignment.booked.is_some() { "" } else { " It stays on its account, so nothing is booked." };
    format!("Assignment {number}: line {line}, {amount} {currency}, is {whose}.{booked}{instead}")
}

/// Whose a line is, as people say it.
pub fn in_words(to: &AssignedTo) -> String {
    match to {
        AssignedTo::Platform { platform, cycle: Some(cycle) } => format!("{platform}'s, for {cycle}"),
        AssignedTo::Platform { platform, cycle: None } => format!("{platform}'s"),
        AssignedTo::Claim { claim } => format!("what was paid for claim {claim}"),
        AssignedTo::Suspense => "nobody's yet".to_owned(),
        AssignedTo::Charges => "the bank's, for its charges".to_owned(),
        AssignedTo::Remittance { remittance } => format!("the payment of remittance {remittance}"),
        AssignedTo::Repetition { of, charges } => {
            let of = of.as_ref().map(|of| format!(" of {of}")).unwrap_or_default();
            format!("what another message told{of}{}", charged(charges.as_ref()))
        }
        AssignedTo::Payees { of, charges, .. } => format!("what has become of {of}{}", charged(charges.as_ref())),
        AssignedTo::Against { message, line } => format!("nobody's: it takes back line {}", LineNumber { message: *message, line: *line }),
    }
}

fn charged(charges: Option<&String>) -> String {
    charges.map(|charges| format!(", and the bank has kept {charges}")).unwrap_or_default()
}

async fn list(at: &Place, json: bool) -> anyhow::Result<Answer> {
    let books = Books::open(at).await?;
    if json {
        let document = |(number, made): (u64, &Assigned)| {
            let Assignment { mid, currency, amount, to, instead_of, reason, reference, by, .. } = &made.assignment;
            json!({"number": number, "line": made.line().to_string(), "mid": mid, "currency": currency, "amount": amount, "to": to,
                "instead_of": instead_of, "reason": reason, "reference": reference, "by": by, "at": made.at})
        };
        output::json(&json!({"assignments": books.catalog.assignments.iter().map(document).collect::<Vec<Value>>()}))?;
        return Ok(Answer::Yes);
    }
    let mut rows = Vec::new();
    for (number, made) in books.catalog.assignments.iter() {
        let Assignment { mid, currency, to, instead_of, reason, reference, by, .. } = &made.assignment;
        let before = instead_of.map(|before| before.to_string()).unwrap_or_default();
        let words = [mid, &made.at, &in_words(to), &before, reason, reference, by].map(String::clone);
        rows.push(
            [vec![number.to_string(), made.line().to_string()], words.to_vec(), vec![format!("{} {currency}", made.amount)]].concat(),
        );
    }
    if rows.is_empty() {
        output::text("Nothing was ever assigned.")?;
        return Ok(Answer::Yes);
    }
    let head = ["assignment", "line", "mid", "at", "whose", "instead of", "reason", "reference", "by", "amount"];
    output::text(&output::table(&head, &rows, 9))?;
    Ok(Answer::Yes)
}
