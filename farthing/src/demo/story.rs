//! The facts as a story for people: what was metered, earned, settled, refused and proven, and what to try next.

use super::facts::{CYCLE, Facts};
use crate::output::table;
use crate::place::Place;
use farthing_schemas::manifest::Counts;
use farthing_schemas::{Currency, Money, Status};
use farthing_settle::Draft;
use farthing_settle::draft::{AgreementLine, Line};
use farthing_settle::finding::least_net;
use farthing_settle::moves::WhyCarried;
use farthing_settle::report::percent;
use std::collections::BTreeSet;

/// Columns of a terminal that lists are broken at.
const WIDTH: usize = 125;

/// The whole story.
pub fn tell(facts: &Facts, at: &Place) -> anyhow::Result<String> {
    let parts = [generated(facts), metered(facts), earned(facts), settled(facts)?, refused(facts), proven(facts), next(facts, at)];
    Ok(parts.join("\n\n"))
}

fn generated(facts: &Facts) -> String {
    let files = &facts.files;
    let (records, contributors) = (whole(files.records), whole(u64::from(facts.size.contributors)));
    [
        format!("Made up from seed {}, into {} (the same bytes for the same seed):", facts.size.seed, files.folder.display()),
        format!(
            "  registry.ndjson  {records} records: platforms, MIDs who represent contributors, agreements, {contributors} contributors"
        ),
        "  month.ndjson     October 2026 on three platforms, all made up, with copies, reversals and faults among the events".to_owned(),
        "  week.ndjson      a real week of questions to a university (RAGPulse), with made-up prices and owners".to_owned(),
    ]
    .join("\n")
}

impl Facts {
    /// The counts of all files.
    pub fn total(&self) -> Counts {
        let mut total = Counts::default();
        self.metered.iter().for_each(|(_, counts)| total.add(counts));
        total
    }
}

fn metered(facts: &Facts) -> String {
    let row = |name: &str, counts: &Counts| {
        let numbers = [counts.read, counts.metered, counts.duplicate, counts.rejected].map(whole);
        [&[format!("  {name}")], numbers.as_slice()].concat()
    };
    let mut rows: Vec<_> = facts.metered.iter().map(|(name, counts)| row(name, counts)).collect();
    rows.push(row("total", &facts.total()));
    let sum = if facts.total().reconcile() { "read = metered + duplicate + rejected" } else { "THE COUNTS DO NOT RECONCILE" };
    format!("Metered ({sum}):\n{}", table(&["  file", "read", "metered", "duplicate", "rejected"], &rows, 1))
}

fn earned(facts: &Facts) -> String {
    let currencies: BTreeSet<Currency> = facts.earned.keys().map(|(_, currency)| *currency).collect();
    let row = |(status, meaning): (Status, &str)| {
        let labour =
            |currency: &Currency| facts.earned.get(&(status, *currency)).map_or("-".to_owned(), |sums| readable(sums.labour, *currency));
        [format!("  {status}"), meaning.to_owned()].into_iter().chain(currencies.iter().map(labour)).collect()
    };
    let meanings = [
        (Status::Payable, "a MID represents the contributor and has an agreement"),
        (Status::Suspense, "unknown, in no MID, or no agreement: kept until claimed"),
        (Status::Unlicensed, "consent denied: a claim on the platform"),
        (Status::Unattributed, "nobody is named: stays the platform's debt"),
    ];
    let rows: Vec<Vec<String>> = meanings.into_iter().map(row).collect();
    let head: Vec<&str> = ["  status", "which means"].into_iter().chain(currencies.iter().map(|currency| currency.code())).collect();
    format!("Earned (labour, which is the contributors' part of the revenue):\n{}", table(&head, &rows, 2))
}

/// The lines of those who are paid something.
pub fn paid(draft: &Draft) -> impl Iterator<Item = &Line> {
    draft.lines.iter().filter(|line| line.paid > Money::ZERO)
}

fn settled(facts: &Facts) -> anyhow::Result<String> {
    let rows = facts.drafts.iter().map(draft_row).collect::<anyhow::Result<Vec<_>>>()?;
    let head = ["  MID", "", "of gross, contributors get", "gross", "paid", "to", "carried", "for"];
    let mut lines =
        vec![format!("Drafted for {CYCLE} (previews: the month is still open; at least 70 % of gross must reach the contributors):")];
    lines.push(table(&head, &rows, 3));
    for draft in &facts.drafts {
        for agreement in draft.agreements.iter().filter(|agreement| !agreement.holds) {
            lines.push(failing(draft, agreement)?);
        }
    }
    let carried = WhyCarried::ALL.into_iter().filter_map(|why| {
        let lines = facts.drafts.iter().filter(|draft| !draft.refused).flat_map(|draft| &draft.lines);
        let count = lines.filter(|line| line.why_carried == Some(why)).count();
        (count > 0).then(|| format!("{} {}", whole(u64::try_from(count).unwrap_or(u64::MAX)), in_words(why)))
    });
    lines.push(format!("  Carried until it can be paid: {}", carried.collect::<Vec<_>>().join(", ")));
    Ok(lines.join("\n"))
}

fn draft_row(draft: &Draft) -> anyhow::Result<Vec<String>> {
    let count = |lines: usize| whole(u64::try_from(lines).unwrap_or(u64::MAX));
    let money = |amount: Money| readable(amount, draft.currency);
    let mut row = vec![format!("  {}", draft.mid), draft.currency.to_string(), shares(draft), money(draft.totals.gross)];
    if draft.refused {
        // What it would have been is in the draft; nothing of it happens.
        row.extend(["-".to_owned(), "-".to_owned(), "-".to_owned(), "-".to_owned()]);
    } else {
        let carried = draft.lines.iter().filter(|line| line.carried_out != Money::ZERO).count();
        row.extend([money(draft.totals.paid), count(paid(draft).count()), money(draft.totals.carried), count(carried)]);
    }
    Ok(row)
}

/// The share of each agreement and what follows from it, the worst first.
fn shares(draft: &Draft) -> String {
    let mut agreements: Vec<&AgreementLine> = draft.agreements.iter().collect();
    agreements.sort_by_key(|agreement| (agreement.holds, agreement.true_up == Money::ZERO));
    let share = |agreement: &&AgreementLine| {
        let finding = match (agreement.holds, agreement.true_up == Money::ZERO) {
            (true, _) => "",
            (false, true) => " REFUSED",
            (false, false) => " trued up",
        };
        format!("{}{finding}", short_percent(agreement.net, agreement.gross))
    };
    agreements.iter().map(share).collect::<Vec<_>>().join(", ")
}

fn failing(draft: &Draft, agreement: &AgreementLine) -> anyhow::Result<String> {
    let share = short_percent(agreement.net, agreement.gross);
    let missing = readable(least_net(agreement.gross)?.minus(agreement.net)?, draft.currency);
    let (id, mid, currency) = (&agreement.agreement, &draft.mid, draft.currency);
    Ok(if agreement.true_up == Money::ZERO {
        format!("  {id} gives {share}, {missing} {currency} too little, and says refuse: nothing is paid until that is mended")
    } else {
        format!("  {id} gives {share} and says true_up: {mid} gives {missing} {currency} of its fee back")
    })
}

const fn in_words(why: WhyCarried) -> &'static str {
    match why {
        WhyCarried::BelowThreshold => "below their method's threshold",
        WhyCarried::BelowMinorUnit => "below the smallest coin",
        WhyCarried::NoPayoutInstruction => "without an account for it",
        WhyCarried::Owing => "owing",
    }
}

fn refused(facts: &Facts) -> String {
    let total = facts.rejected.values().sum();
    let codes = facts.rejected.iter().map(|(code, count)| if *count == 1 { code.clone() } else { format!("{code} ({count})") });
    format!("Rejected: {} events, kept with their bytes to be corrected and replayed:\n{}", whole(total), wrapped(codes))
}

fn proven(facts: &Facts) -> String {
    let steps: Vec<String> = facts.seconds.steps.iter().map(|(step, seconds)| format!("{step} {seconds:.1}")).collect();
    let took = format!("It took {:.1} s: {}", facts.seconds.total(), steps.join(", "));
    let proof = match &facts.proven {
        Ok(compared) => {
            let [events, accruals, files, manifests] = [compared.events, compared.accruals, compared.files, compared.manifests].map(whole);
            format!(
                "Proven: recomputed from the archive alone, all is as the ledger says, to the unit:\n  \
                 {events} events give the same {accruals} accruals, {files} files have their SHA-256, {manifests} manifests form one chain"
            )
        }
        Err(error) => format!("NOT PROVEN, the first difference is:\n  {error:#}"),
    };
    format!("{proof}\n{took}")
}

fn next(facts: &Facts, at: &Place) -> String {
    let farthing = std::env::args().next().unwrap_or_else(|| "farthing".to_owned());
    let option = &at.option;
    let mut lines = vec!["Try next:".to_owned()];
    if let Some((draft, line)) = best_paid(facts) {
        lines.push(format!(
            "  # why {} is paid {} {}, down to the events",
            line.party,
            readable(line.paid, draft.currency),
            draft.currency
        ));
        lines.push(format!("  {farthing} statement {} --cycle {CYCLE} {option}", line.party));
    }
    if let Some((draft, agreement)) = first_refused(facts) {
        lines.push("  # the refused draft, without the agreement that fails".to_owned());
        lines.push(format!(
            "  {farthing} settle draft --mid {} --currency {} --cycle {CYCLE} --without {agreement} {option}",
            draft.mid, draft.currency
        ));
    }
    lines.push("  # the same sums by the DuckDB command line, from the Parquet files".to_owned());
    let query = "select status, currency, sum(labour) from accruals group by all order by all";
    lines.push(format!("  ({farthing} archive list --sql {option}; echo '{query};') | duckdb"));
    lines.join("\n")
}

/// Who is paid most in the draft that pays most people: amounts of two currencies cannot be compared.
fn best_paid(facts: &Facts) -> Option<(&Draft, &Line)> {
    let draft = facts.drafts.iter().filter(|draft| !draft.refused).max_by_key(|draft| paid(draft).count())?;
    paid(draft).max_by(|a, b| a.paid.cmp(&b.paid).then_with(|| b.party.cmp(&a.party))).map(|line| (draft, line))
}

fn first_refused(facts: &Facts) -> Option<(&Draft, &str)> {
    let draft = facts.drafts.iter().find(|draft| draft.refused)?;
    let fails = |agreement: &&AgreementLine| !agreement.holds && agreement.true_up == Money::ZERO;
    draft.agreements.iter().find(fails).map(|agreement| (draft, agreement.agreement.as_str()))
}

/// A share in per cent with two digits; cut, so that what is below 70 % never reads as 70 %.
fn short_percent(part: Money, of: Money) -> String {
    let Some(long) = percent(part, of) else { return "none".to_owned() };
    let digits = long.find('.').map_or(long.len(), |point| point + 3);
    format!("{} %", &long[..digits.min(long.len())])
}

/// An amount down to the currency's minor unit, the rest cut, with thousands apart.
fn readable(amount: Money, currency: Currency) -> String {
    let cut = amount.cut_down_to(currency.minor_unit()).to_string();
    let (major, fraction) = cut.split_once('.').unwrap_or((&cut, ""));
    // One minor unit is 10^(12 - digits) units.
    let digits = usize::try_from(12_u32.saturating_sub(currency.minor_unit().units().ilog10())).unwrap_or(0);
    let (sign, major) = major.strip_prefix('-').map_or(("", major), |major| ("-", major));
    let point = if digits == 0 { "" } else { "." };
    format!("{sign}{}{point}{}", grouped(major), fraction.get(..digits).unwrap_or(fraction))
}

fn whole(number: u64) -> String {
    grouped(&number.to_string())
}

/// `1234567` -> `1,234,567`
fn grouped(digits: &str) -> String {
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Words in lines, indented.
fn wrapped(words: impl Iterator<Item = String>) -> String {
    let mut lines: Vec<String> = Vec::new();
    for word in words {
        match lines.last_mut().filter(|line| line.len() + word.len() < WIDTH) {
            Some(line) => {
                line.push_str(", ");
                line.push_str(&word);
            }
            None => lines.push(format!("  {word}")),
        }
    }
    lines.join(",\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_cut_to_the_minor_unit() {
        let check = |units, currency: &str, expected| {
            assert_eq!(readable(Money::from_units(units), currency.parse().unwrap()), expected);
        };
        check(1_234_567_899_999_999_999, "USD", "1,234,567.89");
        check(999_999_999_999, "JPY", "0");
        check(1_000_999_999_999_999, "JPY", "1,000");
        check(1_234_567_000_000, "KWD", "1.234");
    }

    #[test]
    fn shares_are_cut_too() {
        let share = |part, whole| short_percent(Money::from_units(part), Money::from_units(whole));
        assert_eq!(share(6_999_999, 10_000_000), "69.99 %");
        assert_eq!(share(7, 10), "70.00 %");
        assert_eq!(share(0, 0), "none");
    }

    #[test]
    fn lists_are_broken_at_the_width() {
        let words = wrapped((0..20).map(|number| format!("a_word_{number:04}")));
        assert!(words.lines().count() > 1 && words.lines().all(|line| line.starts_with("  ") && line.len() <= WIDTH + 1), "{words}");
    }
}
