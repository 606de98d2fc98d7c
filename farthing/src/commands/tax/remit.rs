//! `farthing tax remit`: what was withheld for a jurisdiction was paid to its tax office.

use crate::books::{Appended, Books};
use crate::check::{self, Decision, Upcoming};
use crate::cli::RemitOptions;
use crate::commands::record::{self, Record, missing};
use crate::commands::settle::{Settlement, mid_and_currency};
use crate::journal::{booked, next_place, rows_of};
use crate::output::{self, Answer};
use crate::payouts::lines::{self, AccountLine};
use crate::place::Place;
use crate::time::now;
use crate::{courses, plan_input};
use anyhow::{Context, bail, ensure};
use farthing_archive::assignments::LineNumber;
use farthing_archive::remittances::Remitted;
use farthing_ledger::{Effects, PaymentRows};
use farthing_schemas::manifest::{Act, CyclePaid, Remittance};
use farthing_schemas::{Currency, Cycle, Money};
use farthing_settle::cycle::State;
use farthing_settle::journal::{Entry, Occasion, PaidToOffice, entry_of_remittance, withheld_for};
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub async fn run(at: &Place, options: &RemitOptions, json: bool) -> anyhow::Result<Answer> {
    if options.list { list(at, json).await } else { remit(at, options, json).await }
}

/// What is asked for, all of it said.
struct Asked<'o> {
    mid: String,
    currency: Currency,
    jurisdiction: &'o str,
    through: Cycle,
    amount: Money,
    record: Record<'o>,
    evidence_sha256: String,
}

/// What was withheld and not remitted yet: by cycle and party.
type Due = BTreeMap<Cycle, BTreeMap<String, Money>>;

impl Asked<'_> {
    async fn of<'o>(books: &mut Books, options: &'o RemitOptions) -> anyhow::Result<Asked<'o>> {
        let mid = options.mid.as_deref().with_context(missing("--mid"))?;
        let (mid, currency) = mid_and_currency(&*books.registry_now().await?, mid, options.currency)?;
        let record = Record::of(&options.why, &options.reference, &options.person)?;
        let evidence = options.evidence.as_deref().with_context(missing("--evidence"))?;
        Ok(Asked {
            mid,
            currency,
            jurisdiction: options.jurisdiction.as_deref().with_context(missing("--jurisdiction"))?,
            through: options.through.with_context(missing("--through"))?,
            amount: options.amount.with_context(missing("--amount"))?,
            record,
            evidence_sha256: record::evidence(evidence)?,
        })
    }

    /// The remittance that has this reference already: the same one, if it is asked for again.
    async fn before(&self, books: &Books) -> anyhow::Result<Option<u64>> {
        let has = |made: &Remitted| {
            (made.remittance.mid.as_str(), made.remittance.reference.as_str()) == (self.mid.as_str(), self.record.reference)
        };
        let Some((number, made)) = books.catalog.remittances.iter().find(|(_, made)| has(made)) else { return Ok(None) };
        let of = (made.remittance.jurisdiction.as_str(), made.currency, made.amount, made.remittance.evidence_sha256.as_str());
        let asked = (self.jurisdiction, self.currency, self.amount, self.evidence_sha256.as_str());
        let cycles: Vec<String> = made.cycles.keys().map(Cycle::to_string).collect();
        // Through a later cycle it is the same as long as nothing more is due.
        let through = made.cycles.keys().last().is_some_and(|last| *last <= self.through) && self.due(books).await?.is_empty();
        ensure!(
            of == asked && through,
            "--reference {}: remittance {number} has it, of {} {} to {} for {}, with another document, sum or cycle; one reference is of one \
             remittance",
            self.record.reference,
            made.amount,
            of.1,
            of.0,
            cycles.join(", ")
        );
        Ok(Some(number))
    }

    /// What is withheld for the jurisdiction and was not remitted: of released cycles, whose approval nobody withdraws any more.
    async fn due(&self, books: &Books) -> anyhow::Result<Due> {
        let courses = courses::judged(&books.catalog)?;
        let mut due = Due::new();
        let of = Settlement { mid: self.mid.clone(), currency: self.currency, cycle: self.through };
        for draft in plan_input::drafts(books, &of, books.catalog.sequence).await?.into_iter().filter(|draft| draft.cycle <= self.through) {
            let withheld = withheld_for(&draft, self.jurisdiction);
            let is_paid = books.catalog.remittances.paying(&self.mid, self.jurisdiction, self.currency, draft.cycle).is_some();
            if withheld.is_empty() || is_paid {
                continue;
            }
            let state = courses.get(&self.mid, self.currency.code(), draft.cycle).map_or(State::Open, |course| course.state);
            ensure!(
                state >= State::Released,
                "cycle {} of {} in {} is {state}: nothing is withheld before it is released; leave it out with --through, or release it first",
                draft.cycle,
                self.mid,
                self.currency
            );
            due.insert(draft.cycle, withheld);
        }
        Ok(due)
    }

    fn remittance(&self, books: &Books, due: &Due) -> anyhow::Result<Remittance> {
        let (jurisdiction, currency) = (self.jurisdiction, self.currency);
        if due.is_empty() {
            bail!(
                "nothing that {} has withheld for {jurisdiction} in {currency} through {} is left to remit; see: farthing tax report",
                self.mid,
                self.through
            );
        }
        let mut cycles = Vec::new();
        for (cycle, parties) in due {
            cycles.push(CyclePaid { cycle: cycle.to_string(), amount: Money::sum(parties.values().copied())?.to_string() });
        }
        let sum = Money::sum(due.values().flat_map(BTreeMap::values).copied())?;
        let parts: Vec<String> = cycles.iter().map(|of| format!("{} of {}", of.amount, of.cycle)).collect();
        ensure!(
            sum == self.amount,
            "--amount {}: withheld for {jurisdiction} and not remitted is {sum} {currency} ({}); a cycle is remitted whole and once",
            self.amount,
            parts.join(", ")
        );
        Ok(Remittance {
            number: books.catalog.remittances.next_number(),
            mid: self.mid.clone(),
            jurisdiction: jurisdiction.to_owned(),
            currency: currency.to_string(),
            cycles,
            amount: sum.to_string(),
            reason: self.record.reason.to_owned(),
            reference: self.record.reference.to_owned(),
            evidence_sha256: self.evidence_sha256.clone(),
            by: self.record.by.clone(),
            booked: None,
        })
    }

    fn entry(&self, books: &Books, due: &Due) -> anyhow::Result<Entry> {
        let (now, evidence_sha256) = (now(), self.evidence_sha256.as_str());
        let remitted = PaidToOffice { mid: &self.mid, currency: self.currency, withheld: due.values().collect(), evidence_sha256 };
        let reason = format!("{}, recorded by {}", self.record.reason, self.record.by);
        let reference = self.record.reference.to_owned();
        Ok(entry_of_remittance(&remitted, Occasion { place: next_place(&books.catalog), happened: now, booked: now, reason, reference })?)
    }
}

async fn remit(at: &Place, options: &RemitOptions, json: bool) -> anyhow::Result<Answer> {
    let mut books = Books::open(at).await?;
    let asked = Asked::of(&mut books, options).await?;
    let (number, is_new) = loop {
        if let Some(number) = asked.before(&books).await? {
            break (number, false);
        }
        let due = asked.due(&books).await?;
        let remittance = asked.remittance(&books, &due)?;
        let entry = asked.entry(&books, &due)?;
        let (number, booked, entry) = (remittance.number, Some(booked(&entry)?), rows_of(&entry));
        let remittance = Remittance { booked, ..remittance };
        let (decision, rows) = (Decision::Remittance(&remittance), PaymentRows::default());
        check::before_move(&books, &Upcoming::Decision { decision, entry: Some(&entry), rows: &rows }).await?;
        if books.append(Act::Remittance(remittance), &Effects { entries: vec![entry], ..Effects::default() }).await? == Appended::Done {
            break (number, true);
        }
    };
    fail::fail_point!("taxes-remitted");
    let made = books.catalog.remittances.get(number).context("a remittance that was made is there")?;
    let bank = Bank::of(&books, number, made).await?;
    if json {
        let mut document = document(number, made, &bank.paying);
        document["is_new"] = json!(is_new);
        output::json(&document)?;
    } else {
        output::text(&told(number, made, is_new, &bank))?;
    }
    books.ledger.close().await;
    Ok(Answer::Yes)
}

/// What the bank has told of a remittance.
struct Bank {
    /// The lines that are its payment.
    paying: Vec<LineNumber>,
    /// The debits that may be, and wait for a person; none where it is paid.
    waiting: Vec<LineNumber>,
}

impl Bank {
    async fn of(books: &Books, number: u64, made: &Remitted) -> anyhow::Result<Bank> {
        let debit = made.amount.negated()?;
        let lines = lines::all(books).await?;
        let numbers = |is_one: &dyn Fn(&AccountLine) -> bool| lines.iter().filter(|line| is_one(line)).map(|line| line.number).collect();
        let paying: Vec<LineNumber> = numbers(&|line| line.remittance() == Some(number));
        let waits = |line: &AccountLine| {
            line.is_left() && line.money.mid == made.remittance.mid && (line.money.amount, line.money.currency) == (debit, made.currency)
        };
        let waiting = if paying.is_empty() { numbers(&waits) } else { Vec::new() };
        Ok(Bank { paying, waiting })
    }
}

fn told(number: u64, made: &Remitted, is_new: bool, bank: &Bank) -> String {
    let Remittance { mid, jurisdiction, currency, reference, .. } = &made.remittance;
    let cycles: Vec<String> = made.cycles.keys().map(Cycle::to_string).collect();
    let (amount, cycles) = (made.amount, cycles.join(", "));
    let already = if is_new { "" } else { " is there already, nothing changes" };
    let mut said = vec![format!("Remittance {number}{already}: {amount} {currency}, withheld by {mid} for {jurisdiction} in {cycles}.")];
    match &bank.paying[..] {
        [] => said.push(format!("The bank's statement is put to it where a debit of that sum names {reference}.")),
        [line] => said.push(format!("Its payment is line {line}.")),
        _ => said.push(format!("Its payments are lines {}.", joined(&bank.paying))),
    }
    let may_be = |line: &LineNumber| format!("A debit of that sum waits: farthing bank assign {line} --remittance {number}");
    said.extend(bank.waiting.iter().map(may_be));
    said.join("\n")
}

fn joined(lines: &[LineNumber]) -> String {
    lines.iter().map(LineNumber::to_string).collect::<Vec<_>>().join(", ")
}

fn document(number: u64, made: &Remitted, lines: &[LineNumber]) -> Value {
    let Remittance { mid, jurisdiction, currency, cycles, amount, reason, reference, evidence_sha256, by, .. } = &made.remittance;
    json!({"number": number, "mid": mid, "jurisdiction": jurisdiction, "currency": currency, "amount": amount,
        "cycles": cycles.iter().map(|of| json!({"cycle": of.cycle, "amount": of.amount})).collect::<Vec<_>>(),
        "reason": reason, "reference": reference, "evidence_sha256": evidence_sha256, "by": by, "at": made.at,
        "lines": lines.iter().map(LineNumber::to_string).collect::<Vec<_>>()})
}

async fn list(at: &Place, json: bool) -> anyhow::Result<Answer> {
    let books = Books::open(at).await?;
    let mut paying: BTreeMap<u64, Vec<LineNumber>> = BTreeMap::new();
    for line in lines::all(&books).await? {
        if let Some(remittance) = line.remittance() {
            paying.entry(remittance).or_default().push(line.number);
        }
    }
    let lines_of = |number: u64| paying.get(&number).map_or(&[][..], Vec::as_slice);
    if json {
        let listed = |(number, made)| document(number, made, lines_of(number));
        output::json(&json!({"remittances": books.catalog.remittances.iter().map(listed).collect::<Vec<_>>()}))?;
        return Ok(Answer::Yes);
    }
    let row = |(number, made): (u64, &Remitted)| {
        let Remittance { mid, jurisdiction, currency, reason, reference, by, .. } = &made.remittance;
        let cycles: Vec<String> = made.cycles.keys().map(Cycle::to_string).collect();
        let lines = lines_of(number);
        let lines = if lines.is_empty() { "none yet".to_owned() } else { joined(lines) };
        let words = [mid, jurisdiction, &cycles.join(", "), &made.at, reason, reference, by, &lines].map(String::clone);
        [vec![number.to_string()], words.to_vec(), vec![format!("{} {currency}", made.amount)]].concat()
    };
    let rows: Vec<Vec<String>> = books.catalog.remittances.iter().map(row).collect();
    if rows.is_empty() {
        output::text("Nothing was ever remitted.")?;
        return Ok(Answer::Yes);
    }
    let head = ["remittance", "mid", "jurisdiction", "cycles", "at", "reason", "reference", "by", "bank's lines", "amount"];
    output::text(&output::table(&head, &rows, 9))?;
    Ok(Answer::Yes)
}
