//! Whom a release pays only out of what has come in: whoever earned under a platform that has not paid waits, and nobody is paid out of another
//! platform's money.

use crate::books::Books;
use crate::commands::settle::Settlement;
use crate::drafted::{self, Events, Wanted, Whose};
use crate::journal::receivable::movements;
use crate::plan_input;
use farthing_ledger::Asked;
use farthing_schemas::{Currency, Cycle, Money};
use farthing_settle::Draft;
use farthing_settle::draft::Line;
use farthing_settle::earned::{Part, part};
use farthing_settle::receivables::Receivables;
use std::collections::{BTreeMap, BTreeSet};

/// By party that waits: for which platforms.
type Waiting = BTreeMap<String, BTreeSet<String>>;

/// By party whom the draft of a cycle pays: which platforms have not paid what it is paid of.
///
/// A platform has paid once nothing is open of what it was invoiced up to this cycle, as [`Receivables`] has it. A party that has something
/// carried in may have it from any earlier cycle, so those count for it, too; and who gets what was held, inherited or adjusted waits until all
/// platforms have paid, since nobody knows whose money that is. It waits for all of its payment: a payment is of one amount.
pub async fn unfunded(books: &mut Books, of: &Settlement, draft: &Draft) -> anyhow::Result<Waiting> {
    // As the journal has it by now, whatever the days of its entries.
    let movements = movements(books, &of.mid).await?;
    let Some(last) = movements.iter().map(|movement| movement.day).max() else { return Ok(Waiting::new()) };
    let receivables = Receivables::of(&of.mid, last, 0, &movements)?;
    let mut waiting = elsewhere(books, of, draft, &receivables).await?;
    let owing = receivables.open_through(of.cycle, of.currency);
    if !owing.is_empty() {
        let is_anybodys = |line: &&Line| [line.lifted, line.inherited, line.adjusted].iter().any(|amount| *amount != Money::ZERO);
        for line in paid(draft).filter(is_anybodys) {
            waiting.entry(line.party.clone()).or_default().extend(owing.clone());
        }
        earned(books, of, draft, &owing, &mut waiting).await?;
    }
    Ok(waiting)
}

fn paid(draft: &Draft) -> impl Iterator<Item = &Line> {
    draft.lines.iter().filter(|line| line.paid > Money::ZERO)
}

/// Adds who is paid what was earned under platforms that owe.
async fn earned(books: &mut Books, of: &Settlement, draft: &Draft, owing: &BTreeSet<String>, waiting: &mut Waiting) -> anyhow::Result<()> {
    // What was earned before counts for those alone who carry something of it in.
    let carries: BTreeMap<&str, bool> = paid(draft).map(|line| (line.party.as_str(), line.carried_in != Money::ZERO)).collect();
    let first = if carries.values().any(|carries| *carries) { None } else { Some(of.cycle) };
    let is_looked_at = |cycle: &Cycle| *cycle <= of.cycle && first.is_none_or(|first| *cycle >= first);
    let at = |cycle: Cycle| Settlement { cycle, ..of.clone() };
    let cycles: Vec<Cycle> = plan_input::drafted_cycles(books, of)?.into_iter().filter(is_looked_at).collect();
    let mut before = plan_input::before(books, &at(cycles.first().copied().unwrap_or(of.cycle))).await?;
    for cycle in cycles {
        let source = drafted::final_source(books, &at(cycle), &before).await?;
        let wanted = Wanted { whose: Whose::Everybodys, events: Events::OneALine };
        drafted::each(books, &source, wanted, |earned| {
            // What is not settled there, such as unlicensed use, nobody is asked for.
            let is_settled = matches!(part(&source.draft, &source.deferred, earned), Some(Part::Used | Part::Undone(_)));
            let counts = carries.get(earned.party).is_some_and(|carries| cycle == of.cycle || *carries);
            if is_settled && counts && owing.contains(earned.platform) {
                waiting.entry(earned.party.to_owned()).or_default().insert(earned.platform.to_owned());
            }
            Ok(())
        })
        .await?;
        before.push(Draft { lines: Vec::new(), ..source.draft });
    }
    Ok(())
}

/// Whoever has got back what a draft in another currency paid waits for whoever owes in that one: it is the same money still.
async fn elsewhere(books: &Books, of: &Settlement, draft: &Draft, receivables: &Receivables) -> anyhow::Result<Waiting> {
    let earlier = plan_input::before(books, of).await?;
    let returned: BTreeMap<&str, &str> = earlier
        .iter()
        .flat_map(|earlier| &earlier.returned)
        .chain(&draft.returned)
        .map(|line| (line.payment.as_str(), line.party.as_str()))
        .collect();
    let paid: BTreeSet<&str> = paid(draft).map(|line| line.party.as_str()).collect();
    let mut waiting = Waiting::new();
    if returned.is_empty() {
        return Ok(waiting);
    }
    for row in books.ledger.payments(Asked::PaidIn { mid: &of.mid, currency: of.currency.code() }).await? {
        let currency: Currency = row.currency.parse()?;
        let back = returned.get(row.id.as_str()).filter(|party| paid.contains(*party) && currency != of.currency);
        let owing = back.map(|_| receivables.open_through(of.cycle, currency)).unwrap_or_default();
        if !owing.is_empty() {
            waiting.entry(row.party.into()).or_default().extend(owing);
        }
    }
    Ok(waiting)
}
