//! Whom a release pays only out of what has come in: whoever earned under a platform that has not paid waits, and nobody is paid out of another
//! platform's money.

use crate::books::Books;
use crate::commands::settle::Settlement;
use crate::drafted::{self, Events, Wanted, Whose};
use crate::journal::receivable::movements;
use crate::plan_input;
use farthing_ledger::Asked;
use farthing_schemas::{Cycle, Money};
use farthing_settle::Draft;
use farthing_settle::draft::Line;
use farthing_settle::receivables::Receivables;
use std::collections::{BTreeMap, BTreeSet};

/// By party whom the draft of a cycle pays: which platforms have not paid what it is paid of.
///
/// A platform has paid once nothing is open of what it was invoiced up to this cycle, as [`Receivables`] has it. A party that has something
/// carried in may have it from any earlier cycle, so those count for it, too; and who gets what was held, inherited or adjusted waits until all
/// platforms have paid, since nobody knows whose money that is. It waits for all of its payment: a payment is of one amount.
pub async fn unfunded(books: &mut Books, of: &Settlement, draft: &Draft) -> anyhow::Result<BTreeMap<String, BTreeSet<String>>> {
    // As the journal has it by now, whatever the days of its entries.
    let movements = movements(books, &of.mid).await?;
    let Some(last) = movements.iter().map(|movement| movement.day).max() else { return Ok(BTreeMap::new()) };
    let receivables = Receivables::of(&of.mid, last, 0, &movements)?;
    let owing = receivables.open_through(of.cycle, of.currency);
    let mut waiting = elsewhere(books, of, draft, &receivables).await?;
    if owing.is_empty() {
        return Ok(waiting);
    }
    let of_any = |line: &&Line| line.lifted != Money::ZERO || line.inherited != Money::ZERO || line.adjusted != Money::ZERO;
    for line in draft.lines.iter().filter(|line| line.paid > Money::ZERO).filter(of_any) {
        waiting.entry(line.party.clone()).or_default().extend(owing.clone());
    }
    let paid: BTreeMap<&str, bool> = draft
        .lines
        .iter()
        .filter(|line| line.paid > Money::ZERO)
        .map(|line| (line.party.as_str(), line.carried_in != Money::ZERO))
        .collect();
    // What was earned before counts for those alone who carry something of it in.
    let first = if paid.values().any(|carries| *carries) { None } else { Some(of.cycle) };
    let is_looked_at = |cycle: &Cycle| *cycle <= of.cycle && first.is_none_or(|first| *cycle >= first);
    let at = |cycle: Cycle| Settlement { cycle, ..of.clone() };
    let cycles: Vec<Cycle> = plan_input::drafted_cycles(books, of)?.into_iter().filter(is_looked_at).collect();
    let mut before = plan_input::before(books, &at(cycles.first().copied().unwrap_or(of.cycle))).await?;
    for cycle in cycles {
        let source = drafted::final_source(books, &at(cycle), &before).await?;
        let wanted = Wanted { whose: Whose::Everybodys, events: Events::OneALine };
        drafted::each(books, &source, wanted, |earned| {
            let counts = paid.get(earned.party).is_some_and(|carries| cycle == of.cycle || *carries);
            if counts && earned.mid == of.mid && earned.currency == of.currency && owing.contains(earned.platform) {
                waiting.entry(earned.party.to_owned()).or_default().insert(earned.platform.to_owned());
            }
            Ok(())
        })
        .await?;
        before.push(Draft { lines: Vec::new(), ..source.draft });
    }
    Ok(waiting)
}

/// Whoever has got back what another currency's draft paid waits for whom that draft waits for, whatever is open in it: the money is still theirs.
async fn elsewhere(
    books: &Books,
    of: &Settlement,
    draft: &Draft,
    receivables: &Receivables,
) -> anyhow::Result<BTreeMap<String, BTreeSet<String>>> {
    let paid: BTreeSet<&str> = draft.lines.iter().filter(|line| line.paid > Money::ZERO).map(|line| line.party.as_str()).collect();
    let earlier = plan_input::before(books, of).await?;
    let returned = earlier.iter().flat_map(|earlier| &earlier.returned).chain(&draft.returned);
    let mut waiting: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in returned.filter(|line| paid.contains(line.party.as_str())) {
        for row in books.ledger.payments(Asked::Id(&line.payment)).await? {
            let owing = receivables.open_through(of.cycle, row.currency.parse()?);
            if row.currency != of.currency.code() && !owing.is_empty() {
                waiting.entry(line.party.clone()).or_default().extend(owing);
            }
        }
    }
    Ok(waiting)
}
