//! [`report`]: a draft for people: what the rule found, who is paid, what stays owed and why.

pub(crate) mod table;

use crate::draft::{AgreementLine, Draft, Exchanged, HoldKind, Inheritance, Line};
use crate::error::SettleError;
use crate::finding::least_net;
use crate::moves::WhyCarried;
use farthing_schemas::split::mul_div_floor;
use farthing_schemas::{Currency, Money};
use std::collections::BTreeMap;
use table::{Cell, Table, readable};

/// Lines of single parties that a report shows.
const TOP_LINES: usize = 10;

/// The report of a draft, in plain text.
///
/// # Errors
/// A sum that does not fit.
pub fn report(draft: &Draft) -> Result<String, SettleError> {
    let sections = [
        header(draft),
        refusals(draft)?,
        agreements(draft),
        platforms(draft)?,
        totals(draft),
        undone(draft),
        adjustments(draft),
        holds(draft, HoldKind::Dispute, "Held back in disputes (the parties' money, with nobody else)"),
        holds(draft, HoldKind::Reserve, "Kept in reserve against what may be undone (the parties' money, with nobody else)"),
        taxes(draft)?,
        inheritances(draft)?,
        exchanges(draft)?,
        top_lines(draft),
        carried(draft)?,
    ];
    let shown: Vec<String> = sections.into_iter().filter(|lines| !lines.is_empty()).map(|lines| lines.join("\n")).collect();
    Ok(shown.join("\n\n") + "\n")
}

/// A share in per cent, cut after six digits: what is below 70 % never reads as 70 %. None where there is no whole.
///
/// ```
/// use farthing_schemas::Money;
/// use farthing_settle::report::percent;
/// assert_eq!(percent(Money::from_units(699_999), Money::from_units(1_000_000)).as_deref(), Some("69.999900 %"));
/// ```
#[must_use]
pub fn percent(part: Money, whole: Money) -> Option<String> {
    if whole <= Money::ZERO {
        return None;
    }
    let millionths = mul_div_floor(part.units(), 100_000_000, whole.units()).ok()?;
    let sign = if millionths < 0 { "-" } else { "" };
    let size = millionths.unsigned_abs();
    Some(format!("{sign}{}.{:06} %", size / 1_000_000, size % 1_000_000))
}

fn header(draft: &Draft) -> Vec<String> {
    let state = if draft.preview { "Preview (the cycle is open; this cannot be approved)" } else { "Draft" };
    let fee = draft.fee_rate.millionths();
    let mut lines = vec![
        format!("{state}: {} {} {}", draft.mid, draft.cycle, draft.currency),
        format!("  registry version  {}", draft.registry_version),
        format!("  fee               {}.{:04} %", fee / 10_000, fee % 10_000),
        format!("  SHA-256           {}", draft.draft_sha256),
    ];
    for agreement in &draft.without {
        lines.push(format!("  left out          {agreement}: its accruals stay and join the next cycle, marked late"));
    }
    lines
}

fn refusals(draft: &Draft) -> Result<Vec<String>, SettleError> {
    let failed = draft.agreements.iter().filter(|line| is_refused(line));
    let refusals = failed.map(|line| refusal(draft, line)).collect::<Result<Vec<_>, _>>()?;
    Ok(refusals.into_iter().flatten().collect())
}

/// Where the rule fails something is missing, so a true-up of nothing says that none was agreed.
fn is_refused(line: &AgreementLine) -> bool {
    !line.holds && line.true_up == Money::ZERO
}

fn refusal(draft: &Draft, line: &AgreementLine) -> Result<Vec<String>, SettleError> {
    let least = least_net(line.gross)?;
    let missing = least.minus(line.net)?;
    let share = percent(line.net, line.gross).unwrap_or_else(|| "none".to_owned());
    Ok(vec![
        format!("REFUSED: under agreement {} less than 70 % reaches its parties", line.agreement),
        format!("  {share} of gross: net {} of gross {} {}", readable(line.net), readable(line.gross), draft.currency),
        format!("  at least {} is needed: {} is missing", readable(least), readable(missing)),
        format!("  way out: draft the rest with --without {}, which leaves its accruals to the next cycle,", line.agreement),
        "  or renegotiate: a higher labour share, a lower fee, or on_shortfall true_up".to_owned(),
    ])
}

fn titled(title: &str, table: &Table) -> Vec<String> {
    let rows = table.lines();
    if rows.is_empty() { Vec::new() } else { std::iter::once(title.to_owned()).chain(rows).collect() }
}

fn share_cell(part: Money, whole: Money) -> Cell {
    Cell::Number(percent(part, whole).unwrap_or_else(|| "-".to_owned()))
}

fn agreements(draft: &Draft) -> Vec<String> {
    let mut table = Table::new(&["agreement", "platform", "gross", "net", "net of gross", "true-up", "finding"]);
    for line in &draft.agreements {
        let finding = match (line.holds, is_refused(line)) {
            (true, _) => "holds",
            (false, true) => "fails: refused",
            (false, false) => "fails: mended by the true-up",
        };
        table.row(vec![
            Cell::text(&line.agreement),
            Cell::text(&line.platform),
            Cell::Amount(line.gross),
            Cell::Amount(line.net),
            share_cell(line.net, line.gross),
            Cell::Amount(line.true_up),
            Cell::text(finding),
        ]);
    }
    titled("The 70 % rule, by agreement (net before any true-up; shares are cut, never rounded up)", &table)
}

/// By platform, of what the rule judges: what undoes closed cycles is in neither base.
fn platforms(draft: &Draft) -> Result<Vec<String>, SettleError> {
    let mut table = Table::new(&["platform", "gross", "net", "net of gross", "gross of everyone", "net of that"]);
    for line in &draft.platforms {
        let (gross, net) = judged(draft, &line.platform)?;
        let undone = line.gross.minus(gross)?;
        let base = line.gross_all.minus(undone)?;
        table.row(vec![
            Cell::text(&line.platform),
            Cell::Amount(gross),
            Cell::Amount(net),
            share_cell(net, gross),
            Cell::Amount(base),
            share_cell(net, base),
        ]);
    }
    Ok(titled("By platform (everyone: all MIDs, and what is in suspense, unattributed or unlicensed)", &table))
}

/// The gross and net of a platform that the rule judges.
pub(crate) fn judged(draft: &Draft, platform: &str) -> Result<(Money, Money), SettleError> {
    let of_platform = || draft.agreements.iter().filter(|agreement| agreement.platform == platform);
    let sum = |field: fn(&AgreementLine) -> Money| Money::sum(of_platform().map(field));
    Ok((sum(|agreement| agreement.gross)?, sum(|agreement| agreement.net)?))
}

fn totals(draft: &Draft) -> Vec<String> {
    let mut table = Table::new(&["", "amount"]);
    let sums = draft.totals;
    for (name, amount) in [
        ("gross", sums.gross),
        ("labour", sums.labour),
        ("fee", sums.fee),
        ("net (labour - fee)", sums.net),
        ("true-up", sums.true_up),
        ("fee kept (fee - true-up)", draft.fee_kept),
        ("paid", sums.paid),
        ("carried", sums.carried),
    ] {
        table.row(vec![Cell::text(name), Cell::Amount(amount)]);
    }
    titled(&format!("Totals in {}", draft.currency), &table)
}

fn undone(draft: &Draft) -> Vec<String> {
    let mut table = Table::new(&["cycle", "agreement", "party", "gross", "labour", "fee", "net"]);
    for line in &draft.undone {
        table.row(vec![
            Cell::Text(line.cycle.to_string()),
            Cell::text(&line.agreement),
            Cell::text(&line.party),
            Cell::Amount(line.gross),
            Cell::Amount(line.labour),
            Cell::Amount(line.fee),
            Cell::Amount(line.net),
        ]);
    }
    titled("Undone of closed cycles, on their terms (outside the 70 % rule, part of the totals)", &table)
}

fn adjustments(draft: &Draft) -> Vec<String> {
    let mut table = Table::new(&["adjustment", "of cycle", "party", "amount"]);
    for line in &draft.adjustments {
        let number = Cell::Number(line.number.to_string());
        table.row(vec![number, Cell::Text(line.cycle.to_string()), Cell::text(&line.party), Cell::Amount(line.amount)]);
    }
    titled("Adjustments of closed cycles, between the party and what the MID keeps (outside the 70 % rule and the totals)", &table)
}

fn holds(draft: &Draft, kind: HoldKind, title: &str) -> Vec<String> {
    let mut table = Table::new(&["hold", "party", "held here", "given back here", "held after this"]);
    for line in draft.holds.iter().filter(|line| line.kind == kind) {
        let amounts = [line.held, line.lifted, line.outstanding].map(Cell::Amount);
        table.row([Cell::Number(line.number.to_string()), Cell::text(&line.party)].into_iter().chain(amounts).collect());
    }
    titled(title, &table)
}

/// By record and rate, which a certificate may have changed.
fn taxes(draft: &Draft) -> Result<Vec<String>, SettleError> {
    let mut sums: BTreeMap<(&str, &str, String), (usize, Money, Money)> = BTreeMap::new();
    for line in &draft.taxes {
        let key = (line.tax.jurisdiction.as_str(), line.tax.withholding.as_str(), line.tax.rate.to_string());
        let (parties, base, withheld) = sums.entry(key).or_default();
        (*parties, *base, *withheld) = (*parties + 1, base.plus(line.base)?, withheld.plus(line.withheld)?);
    }
    let mut table = Table::new(&["jurisdiction", "record", "rate", "parties", "base", "withheld"]);
    for ((jurisdiction, withholding, rate), (parties, base, withheld)) in sums {
        let words = [Cell::text(jurisdiction), Cell::text(withholding), Cell::Number(rate), Cell::Number(parties.to_string())];
        table.row(words.into_iter().chain([base, withheld].map(Cell::Amount)).collect());
    }
    Ok(titled("Withheld for taxes, of what is paid (base = withheld + paid)", &table))
}

/// By currency, which each has one rate.
fn exchanges(draft: &Draft) -> Result<Vec<String>, SettleError> {
    let mut sums: BTreeMap<Currency, (&Exchanged, usize, Money, Money)> = BTreeMap::new();
    for line in &draft.lines {
        let Some(exchanged) = &line.exchanged else { continue };
        let (_, parties, paid, amount) = sums.entry(exchanged.currency).or_insert((exchanged, 0, Money::ZERO, Money::ZERO));
        (*parties, *paid, *amount) = (*parties + 1, paid.plus(line.paid)?, amount.plus(exchanged.amount)?);
    }
    let mut table = Table::new(&["currency", "rate", "source", "time", "parties", "paid", "arrives"]);
    for (currency, (exchanged, parties, paid, amount)) in sums {
        let quote = &exchanged.quote;
        table.row(vec![
            Cell::text(currency.code()),
            Cell::Number(quote.rate.to_string()),
            Cell::text(&quote.source),
            Cell::Text(quote.time.to_string()),
            Cell::Number(parties.to_string()),
            Cell::Amount(paid),
            Cell::Amount(amount),
        ]);
    }
    Ok(titled(&format!("Paid in other currencies ({} that go into exchanges, and what arrives)", draft.currency), &table))
}

fn inheritances(draft: &Draft) -> Result<Vec<String>, SettleError> {
    let mut lines: Vec<&Inheritance> = draft.inheritances.iter().collect();
    // The largest; of equal ones in the order that they stand in.
    lines.sort_by_key(|line| std::cmp::Reverse(line.amount));
    let mut table = Table::new(&["party", "heir", "share", "amount"]);
    let row = |party: &str, heir: String, share: String, amount: Money| {
        vec![Cell::text(party), Cell::Text(heir), Cell::Number(share), Cell::Amount(amount)]
    };
    for line in lines.iter().take(TOP_LINES) {
        table.row(row(&line.party, line.heir.clone(), line.share.to_string(), line.amount));
    }
    let others = lines.get(TOP_LINES..).unwrap_or_default();
    if !others.is_empty() {
        table.row(row("others", others.len().to_string(), String::new(), Money::sum(others.iter().map(|line| line.amount))?));
    }
    Ok(titled("Passed on to the heirs of parties that have died", &table))
}

fn top_lines(draft: &Draft) -> Vec<String> {
    let mut lines: Vec<&Line> = draft.lines.iter().collect();
    lines.sort_by(|a, b| (b.paid, b.carried_out).cmp(&(a.paid, a.carried_out)).then_with(|| a.party.cmp(&b.party)));
    let mut table = Table::new(&["party", "gross", "net", "true-up", "recovered", "carried in", "paid", "carried out"]);
    for line in lines.iter().take(TOP_LINES) {
        let amounts = [line.gross, line.net, line.true_up, line.recovered, line.carried_in, line.paid, line.carried_out];
        let cells = amounts.into_iter().map(Cell::Amount);
        table.row(std::iter::once(Cell::text(&line.party)).chain(cells).collect());
    }
    titled(&format!("Top {} of {} lines", lines.len().min(TOP_LINES), lines.len()), &table)
}

fn carried(draft: &Draft) -> Result<Vec<String>, SettleError> {
    let mut table = Table::new(&["why", "parties", "amount"]);
    for why in WhyCarried::ALL {
        let lines: Vec<&Line> = draft.lines.iter().filter(|line| line.why_carried == Some(why)).collect();
        if !lines.is_empty() {
            let sum = Money::sum(lines.iter().map(|line| line.carried_out))?;
            table.row(vec![Cell::text(in_words(why)), Cell::Number(lines.len().to_string()), Cell::Amount(sum)]);
        }
    }
    Ok(titled("Carried, without expiry", &table))
}

const fn in_words(why: WhyCarried) -> &'static str {
    match why {
        WhyCarried::BelowThreshold => "below the threshold of the party's method",
        WhyCarried::BelowMinorUnit => "below the currency's minor unit",
        WhyCarried::NoPayoutInstruction => "no payout instruction in this currency",
        WhyCarried::Owing => "owed by the party, recovered from later earnings",
    }
}
