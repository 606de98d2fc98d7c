//! What a statement says in words and rows, whichever form it is printed in.

use super::{Inherited, Statement, UndoneUse, UseLine, Withheld};
use crate::draft::Exchanged;
use crate::error::SettleError;
use crate::moves::WhyCarried;
use crate::report::table::readable;
use farthing_schemas::{Money, Rate};

/// One row of what became of what was earned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it is.
    pub label: String,
    /// How much, with its sign.
    pub amount: Money,
    /// Whether it is a part or what the parts come to.
    pub kind: EntryKind,
}

/// What a row of an account is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// It is added up.
    Part,
    /// What the parts above come to, and what became of that.
    Outcome,
}

/// From labour to what is paid and what stays owed; parts that are nothing are left out.
///
/// # Errors
/// A sum that does not fit.
pub fn account(statement: &Statement) -> Result<Vec<Entry>, SettleError> {
    let figures = &statement.figures;
    let undone = |field: fn(&UndoneUse) -> Money| Money::sum(statement.undone.iter().map(field));
    let labour = figures.labour.minus(undone(|line| line.labour)?)?;
    let kept = figures.fee.minus(undone(|line| line.fee)?)?;
    let fee = format!("fee of {}, {} of labour", statement.mid, percent(statement.fee_rate));
    let reserve = statement.reserve.unwrap_or_default();
    let parts = [
        ("carried in from earlier cycles".to_owned(), figures.carried_in),
        ("labour, what the agreements promise of gross".to_owned(), labour),
        (fee, kept.negated()?),
        ("undone of closed cycles, less the fee given back".to_owned(), undone(|line| line.net)?),
        (format!("true-up, given back by {} so that 70 % of gross is reached", statement.mid), figures.true_up),
        (adjusted(statement), figures.adjusted),
        ("no longer held".to_owned(), figures.lifted.minus(reserve.lifted)?),
        ("given back of what was kept in reserve".to_owned(), reserve.lifted),
        ("inherited".to_owned(), figures.inherited),
        ("passed on to heirs".to_owned(), figures.passed_on.negated()?),
        ("held until a dispute is decided".to_owned(), reserve.held.minus(figures.held)?),
        ("kept in reserve against what may be undone".to_owned(), reserve.held.negated()?),
        (statement.tax.as_ref().map_or_else(|| "withheld, such as a tax".to_owned(), in_words), figures.withheld.negated()?),
    ];
    let parts = parts.into_iter().filter(|(_, amount)| *amount != Money::ZERO);
    let outcome = [("owed in all", figures.owed()?), ("paid", figures.paid), ("carried out, what stays owed", figures.carried_out)];
    let entry = |label: String, amount: Money, kind: EntryKind| Entry { label, amount, kind };
    let parts = parts.map(|(label, amount)| entry(label, amount, EntryKind::Part));
    Ok(parts.chain(outcome.map(|(label, amount)| entry(label.to_owned(), amount, EntryKind::Outcome))).collect())
}

/// A tax, with its rate and where it comes from.
#[must_use]
pub fn in_words(withheld: &Withheld) -> String {
    let Withheld { tax, base, .. } = withheld;
    let certificate = tax.certificate.as_ref().map(|reference| format!(", certificate {reference}")).unwrap_or_default();
    let (rate, base) = (percent(tax.rate), readable(*base));
    format!("withheld for a tax of {}, {rate} of {base} (record {}{certificate})", tax.jurisdiction, tax.withholding)
}

/// What comes out of an exchange, and what went into it.
#[must_use]
pub fn exchange_in_words(statement: &Statement) -> Option<String> {
    let Exchanged { currency, amount, quote } = statement.exchanged.as_ref()?;
    let (amount, paid, rate) = (readable(*amount), readable(statement.figures.paid), quote.rate.to_string());
    let rate = rate.trim_end_matches('0').trim_end_matches('.');
    let (from, source, time) = (statement.currency, &quote.source, quote.time);
    Some(format!("{amount} {currency} arrives for the {paid} {from} that is paid, at {rate} {currency} for 1 {from} ({source}, {time})"))
}

/// What is put right of which cycles.
fn adjusted(statement: &Statement) -> String {
    let mut cycles: Vec<String> = statement.adjustments.iter().map(|line| line.cycle.to_string()).collect();
    cycles.dedup();
    format!("adjusted by {}, for {}", statement.mid, cycles.join(", "))
}

/// What needs words: why something is carried, what was recovered, what came late.
///
/// # Errors
/// A sum that does not fit.
pub fn remarks(statement: &Statement) -> Result<Vec<String>, SettleError> {
    let mut remarks = Vec::new();
    let Statement { party, figures, currency, mid, cycle, .. } = statement;
    remarks.extend(figures.why_carried.map(|why| match why {
        WhyCarried::BelowThreshold => {
            format!("What stays owed is below the least amount that {mid} pays out by the party's method. It waits, without expiry.")
        }
        WhyCarried::BelowMinorUnit => {
            format!("What stays owed is less than the smallest amount of {currency} that can be paid. It waits, without expiry.")
        }
        WhyCarried::NoPayoutInstruction => {
            format!("{mid} knows no payout instruction in {currency}: once it has one, what stays owed is paid.")
        }
        WhyCarried::Owing => {
            "More was undone than earned, so the party owes what is carried. Only a part of later earnings is taken for it.".to_owned()
        }
    }));
    if figures.recovered != Money::ZERO {
        let of = if statement.reserve.is_some() { "earned or kept in reserve" } else { "earned" };
        remarks.push(format!("{} of what was {of} was taken for what the party owed from earlier cycles.", readable(figures.recovered)));
    }
    if let Some(reserve) = statement.reserve.filter(|reserve| reserve.outstanding != Money::ZERO) {
        remarks.push(format!("{} is in reserve after this cycle. It stays {party}'s.", readable(reserve.outstanding)));
    }
    remarks.extend(exchange_in_words(statement).map(|words| words + "."));
    if let Some(withheld) = statement.tax.as_ref().filter(|withheld| withheld.withheld == Money::ZERO) {
        remarks.push(format!("0.00 is {}.", in_words(withheld)));
    }
    match statement.uses.iter().map(|line| line.late).sum::<i64>() {
        0 => {}
        1 => remarks.push(format!("1 of the events belongs to a cycle before {cycle} that was settled when it came.")),
        late => remarks.push(format!("{late} of the events belong to cycles before {cycle} that were settled when they came.")),
    }
    Ok(remarks)
}

/// How whoever has the statement checks it.
#[must_use]
pub fn how_to_check(statement: &Statement) -> Vec<String> {
    let Statement { party, mid, cycle, currency, registry_version, draft_sha256, .. } = statement;
    let made = format!("Computed with version {registry_version} of the registry, as a part of the draft with the SHA-256 {draft_sha256}.");
    if statement.preview {
        return vec![made, "Nothing is settled yet, so there is nothing to check it against: the cycle is open.".to_owned()];
    }
    vec![
        made,
        format!(
            "{mid} gives this statement with a proof: farthing statement {party} --mid {mid} --currency {currency} --cycle {cycle} --format proof"
        ),
        format!("Compare its root with the one that {mid} has published for {cycle}. This needs no access to anything else:"),
        "farthing verify --statement FILE --root ROOT, or: python3 check_statement.py --root ROOT FILE".to_owned(),
    ]
}

/// The period in words.
#[must_use]
pub fn period(statement: &Statement) -> String {
    let day = |instant: farthing_schemas::Instant| instant.to_string().chars().take(10).collect::<String>();
    format!("{} to {}, the end not included, in UTC", day(statement.cycle.start()), day(statement.cycle.end()))
}

/// The sums of some uses, under a name: events, gross, labour.
///
/// # Errors
/// A sum that does not fit.
pub fn summed<'a>(lines: impl Iterator<Item = &'a UseLine> + Clone) -> Result<(i64, Money, Money), SettleError> {
    let events = lines.clone().map(|line| line.events).sum();
    Ok((events, Money::sum(lines.clone().map(|line| line.gross))?, Money::sum(lines.map(|line| line.labour))?))
}

/// What was inherited, or passed on, together.
///
/// # Errors
/// A sum that does not fit.
pub fn passed<'a>(lines: impl Iterator<Item = &'a Inherited>) -> Result<Money, SettleError> {
    Ok(Money::sum(lines.map(|line| line.amount))?)
}

/// A rate in per cent, exactly.
#[must_use]
pub fn percent(rate: Rate) -> String {
    let millionths = rate.millionths();
    let text = format!("{}.{:04}", millionths / 10_000, millionths % 10_000);
    format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_exact_in_per_cent() {
        let check = |rate: &str, expected: &str| assert_eq!(percent(rate.parse().unwrap()), expected);
        check("0", "0 %");
        check("0.05", "5 %");
        check("0.1", "10 %");
        check("0.000001", "0.0001 %");
        check("0.333333", "33.3333 %");
        check("1", "100 %");
    }
}
