//! `farthing tax report`: per party and jurisdiction, what was paid in a year and what was withheld of it; and what of that was remitted.

mod remit;

use crate::books::Books;
use crate::cli::{TaxCommand, TaxReportOptions};
use crate::commands::settle::{Settlement, mid_and_currency};
use crate::output::{self, Answer};
use crate::place::Place;
use crate::{courses, plan_input};
use farthing_schemas::{Currency, Cycle, Money, Rate};
use farthing_settle::cycle::State;
use farthing_settle::draft::TaxLine;
use farthing_settle::input::Tax;
use farthing_settle::journal::withheld_for;
use farthing_settle::untaxed::Untaxed;
use farthing_settle::{Courses, Draft};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

pub async fn run(at: &Place, command: &TaxCommand, json: bool) -> anyhow::Result<Answer> {
    match command {
        TaxCommand::Report(options) => report(at, options, json).await,
        TaxCommand::Remit(options) => remit::run(at, options, json).await,
    }
}

/// What the rows of a report are summed by; a payment of which nothing is withheld by law has no tax.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    currency: Currency,
    party: String,
    tax: Option<TaxKey>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct TaxKey {
    jurisdiction: String,
    withholding: String,
    certificate: Option<String>,
    rate: Rate,
}

#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    /// What was paid and withheld.
    gross: Money,
    /// What the rate was applied to.
    base: Money,
    withheld: Money,
}

/// What a tax office was to get.
#[derive(Clone, Copy, Debug, Default)]
struct Office {
    withheld: Money,
    /// What of it was paid to it.
    remitted: Money,
}

/// What was paid by a MID in a year.
#[derive(Default)]
struct Report {
    rows: BTreeMap<Key, Sums>,
    /// By currency and jurisdiction.
    offices: BTreeMap<(Currency, String), Office>,
    /// The cycles that are in it.
    cycles: Vec<(Currency, Cycle)>,
    /// Those of the year whose drafts nobody has approved yet.
    waiting: Vec<(Currency, Cycle)>,
}

async fn report(at: &Place, options: &TaxReportOptions, json: bool) -> anyhow::Result<Answer> {
    let mut books = Books::open(at).await?;
    let (mid, _) = mid_and_currency(&*books.registry_now().await?, &options.mid, None)?;
    let report = gather(&books, &mid, options.year).await?;
    books.ledger.close().await;
    for (currency, cycle) in &report.waiting {
        output::note(&format!("cycle {cycle} of {mid} in {currency} is not in these figures: its draft is not approved yet"));
    }
    if json {
        output::json(&report.document(&mid, options.year)?)?;
    } else if options.csv {
        output::bytes(report.csv(&mid, options.year)?.as_bytes())?;
    } else {
        output::text(&report.text(&mid, options.year)?)?;
    }
    Ok(Answer::Yes)
}

async fn gather(books: &Books, mid: &str, year: u16) -> anyhow::Result<Report> {
    let courses = courses::judged(&books.catalog)?;
    let mut report = Report::default();
    for (_, code) in courses.books().filter(|(of, _)| *of == mid) {
        let currency: Currency = code.parse()?;
        // Any cycle will do: all of its drafts are read.
        let of = Settlement { mid: mid.to_owned(), currency, cycle: Cycle::at(0) };
        let mut untaxed = Untaxed::default();
        for draft in plan_input::drafts(books, &of, books.catalog.sequence).await? {
            let paid_before = untaxed.take(&draft)?;
            if year_of(draft.cycle) != year {
                continue;
            }
            if is_approved(&courses, &draft) {
                report.add(&draft, &paid_before)?;
                report.remitted(books, &draft)?;
            } else {
                report.waiting.push((currency, draft.cycle));
            }
        }
    }
    Ok(report)
}

/// The year of the instant at which a cycle ends: from then on it can be paid, and at the rates of then.
fn year_of(cycle: Cycle) -> u16 {
    cycle.next().year()
}

fn is_approved(courses: &Courses, draft: &Draft) -> bool {
    courses.get(&draft.mid, draft.currency.code(), draft.cycle).is_some_and(|course| course.state >= State::Approved)
}

impl Report {
    /// What had come back was paid, and counts, when it was paid first.
    fn add(&mut self, draft: &Draft, paid_before: &BTreeMap<String, Money>) -> anyhow::Result<()> {
        self.cycles.push((draft.currency, draft.cycle));
        let taxes: BTreeMap<&str, &TaxLine> = draft.taxes.iter().map(|line| (line.party.as_str(), line)).collect();
        for line in draft.lines.iter().filter(|line| line.paid != Money::ZERO) {
            let tax = taxes.get(line.party.as_str());
            let key = Key { currency: draft.currency, party: line.party.clone(), tax: tax.map(|line| TaxKey::of(&line.tax)) };
            let sums = self.rows.entry(key).or_default();
            let paid_before = paid_before.get(&line.party).copied().unwrap_or_default();
            sums.gross = sums.gross.plus(line.paid)?.plus(line.withheld)?.minus(paid_before)?;
            sums.base = sums.base.plus(tax.map_or(Money::ZERO, |line| line.base))?;
            sums.withheld = sums.withheld.plus(line.withheld)?;
        }
        Ok(())
    }

    /// What a draft withholds for whom, and whether it was remitted.
    fn remitted(&mut self, books: &Books, draft: &Draft) -> anyhow::Result<()> {
        let jurisdictions: BTreeSet<&str> = draft.taxes.iter().map(|line| line.tax.jurisdiction.as_str()).collect();
        for jurisdiction in jurisdictions {
            let withheld = Money::sum(withheld_for(draft, jurisdiction).into_values())?;
            let is_paid = books.catalog.remittances.paying(&draft.mid, jurisdiction, draft.currency, draft.cycle).is_some();
            let office = self.offices.entry((draft.currency, jurisdiction.to_owned())).or_default();
            office.withheld = office.withheld.plus(withheld)?;
            office.remitted = office.remitted.plus(if is_paid { withheld } else { Money::ZERO })?;
        }
        Ok(())
    }

    /// By currency.
    fn totals(&self) -> anyhow::Result<BTreeMap<Currency, Sums>> {
        let mut totals: BTreeMap<Currency, Sums> = BTreeMap::new();
        for (key, row) in &self.rows {
            let sums = totals.entry(key.currency).or_default();
            sums.gross = sums.gross.plus(row.gross)?;
            sums.base = sums.base.plus(row.base)?;
            sums.withheld = sums.withheld.plus(row.withheld)?;
        }
        Ok(totals)
    }

    fn document(&self, mid: &str, year: u16) -> anyhow::Result<Value> {
        let line = |(key, sums): (&Key, &Sums)| {
            let tax = key.tax.as_ref();
            json!({"party": key.party, "currency": key.currency.code(), "jurisdiction": tax.map(|tax| &tax.jurisdiction),
                "withholding": tax.map(|tax| &tax.withholding), "certificate": tax.and_then(|tax| tax.certificate.as_ref()),
                "rate": tax.map(|tax| tax.rate.to_string()), "gross": sums.gross.to_string(), "base": sums.base.to_string(),
                "withheld": sums.withheld.to_string()})
        };
        let total = |(currency, sums): (Currency, Sums)| {
            json!({"currency": currency.code(), "gross": sums.gross.to_string(), "base": sums.base.to_string(),
                "withheld": sums.withheld.to_string()})
        };
        let office = |((currency, jurisdiction), office): (&(Currency, String), &Office)| {
            let Office { withheld, remitted } = office;
            Ok(json!({"currency": currency.code(), "jurisdiction": jurisdiction, "withheld": withheld.to_string(),
                "remitted": remitted.to_string(), "to_remit": withheld.minus(*remitted)?.to_string()}))
        };
        let offices = self.offices.iter().map(office).collect::<anyhow::Result<Vec<Value>>>()?;
        let cycles = |cycles: &[(Currency, Cycle)]| -> Vec<Value> {
            cycles.iter().map(|(currency, cycle)| json!({"currency": currency.code(), "cycle": cycle.to_string()})).collect()
        };
        Ok(json!({"mid": mid, "year": year, "lines": self.rows.iter().map(line).collect::<Vec<_>>(),
            "totals": self.totals()?.into_iter().map(total).collect::<Vec<_>>(), "offices": offices, "cycles": cycles(&self.cycles),
            "not_approved": cycles(&self.waiting)}))
    }

    fn csv(&self, mid: &str, year: u16) -> anyhow::Result<String> {
        let mut out = csv::Writer::from_writer(Vec::new());
        out.write_record([
            "mid",
            "year",
            "currency",
            "party",
            "jurisdiction",
            "withholding",
            "certificate",
            "rate",
            "gross",
            "base",
            "withheld",
        ])?;
        for (key, sums) in &self.rows {
            let [jurisdiction, withholding, certificate, rate] = key.cells();
            let amounts = [sums.gross, sums.base, sums.withheld].map(|amount| amount.to_string());
            let words = [mid.to_owned(), year.to_string(), key.currency.to_string(), key.party.clone()];
            out.write_record(words.into_iter().chain([jurisdiction, withholding, certificate, rate]).chain(amounts))?;
        }
        Ok(String::from_utf8(out.into_inner()?)?)
    }

    fn text(&self, mid: &str, year: u16) -> anyhow::Result<String> {
        if self.cycles.is_empty() {
            return Ok(format!(
                "No cycle of {mid} that ends in {year} has an approved draft; what its drafts withhold they show themselves."
            ));
        }
        let amounts = |sums: &Sums| [sums.gross, sums.base, sums.withheld].map(|amount| amount.to_string());
        let mut rows: Vec<Vec<String>> = Vec::new();
        for (key, sums) in &self.rows {
            rows.push([vec![key.party.clone(), key.currency.to_string()], key.cells().to_vec(), amounts(sums).to_vec()].concat());
        }
        for (currency, sums) in self.totals()? {
            let words = ["total".to_owned(), currency.to_string(), String::new(), String::new(), String::new(), String::new()];
            rows.push([words.to_vec(), amounts(&sums).to_vec()].concat());
        }
        let head = ["party", "currency", "jurisdiction", "record", "certificate", "rate", "gross", "base", "withheld"];
        let cycles: Vec<String> = self.cycles.iter().map(|(currency, cycle)| format!("{cycle} in {currency}")).collect();
        let text = format!("Withheld by {mid} for {year}: cycles {}\n\n{}", cycles.join(", "), output::table(&head, &rows, 5));
        Ok(if self.offices.is_empty() { text } else { format!("{text}\n\n{}", self.offices()?) })
    }

    /// What tax offices got, as a table.
    fn offices(&self) -> anyhow::Result<String> {
        let mut rows = Vec::new();
        for ((currency, jurisdiction), Office { withheld, remitted }) in &self.offices {
            let amounts = [*withheld, *remitted, withheld.minus(*remitted)?].map(|amount| amount.to_string());
            rows.push([vec![jurisdiction.clone(), currency.to_string()], amounts.to_vec()].concat());
        }
        Ok(output::table(&["jurisdiction", "currency", "withheld", "remitted", "to remit"], &rows, 2))
    }
}

impl Key {
    /// Jurisdiction, record, certificate and rate; empty where there is none.
    fn cells(&self) -> [String; 4] {
        self.tax.as_ref().map_or_else(Default::default, |tax| {
            [tax.jurisdiction.clone(), tax.withholding.clone(), tax.certificate.clone().unwrap_or_default(), tax.rate.to_string()]
        })
    }
}

impl TaxKey {
    fn of(tax: &Tax) -> TaxKey {
        let Tax { jurisdiction, withholding, certificate, rate } = tax.clone();
        TaxKey { jurisdiction, withholding, certificate, rate }
    }
}
