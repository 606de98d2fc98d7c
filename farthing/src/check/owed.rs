//! SPEC section 5, number 6: to date, per party, MID and currency, what was earned is paid, held, withheld or carried, to the unit.

use super::{Chain, Invariant};
use anyhow::ensure;
use farthing_schemas::{Currency, Money};
use farthing_settle::Draft;
use farthing_settle::draft::Line;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Default)]
pub struct Owed {
    /// By MID and currency, then by party; of a party that has had no line since, what was carried then.
    books: BTreeMap<(String, Currency), BTreeMap<String, ToDate>>,
}

/// A party's money in one MID and currency since the first draft that was looked at.
#[derive(Clone, Copy, Default)]
struct ToDate {
    /// What was carried into the first of its drafts, where that is not the first of all.
    opening: Money,
    earned: Money,
    paid: Money,
    held: Money,
    withheld: Money,
    carried: Money,
}

impl Invariant for Owed {
    fn name(&self) -> &'static str {
        "what was earned is paid, held, withheld or carried"
    }

    fn draft(&mut self, draft: &Draft) -> anyhow::Result<()> {
        let key = (draft.mid.clone(), draft.currency);
        let first = !self.books.contains_key(&key);
        let parties = self.books.entry(key).or_default();
        let listed: BTreeSet<&str> = draft.lines.iter().map(|line| line.party.as_str()).collect();
        let name = |party: &str| format!("{party} with {} in {}, cycle {}", draft.mid, draft.currency, draft.cycle);
        for line in &draft.lines {
            let to_date = parties.entry(line.party.clone()).or_default();
            if first {
                (to_date.opening, to_date.carried) = (line.carried_in, line.carried_in);
            }
            let (before, into) = (to_date.carried, line.carried_in);
            ensure!(before == into, "{}: {before} was carried out of the cycle before, and {into} is carried in", name(&line.party));
            to_date.add(line)?;
            let (had, has) = (to_date.opening.plus(to_date.earned)?, to_date.is()?);
            ensure!(had == has, "{}: {had} to date, but paid, held, withheld and carried are {has}", name(&line.party));
        }
        let forgotten = parties.iter().find(|(party, to_date)| to_date.carried != Money::ZERO && !listed.contains(party.as_str()));
        if let Some((party, to_date)) = forgotten {
            ensure!(false, "{}: {} was carried out of the cycle before, and it has no line", name(party), to_date.carried);
        }
        Ok(())
    }

    fn end(&mut self, _chain: &Chain<'_>) -> anyhow::Result<String> {
        let mut figures = Vec::new();
        for ((mid, currency), parties) in &self.books {
            let sum = |field: fn(&ToDate) -> Money| Money::sum(parties.values().map(field));
            let earned = sum(|to_date| to_date.opening)?.plus(sum(|to_date| to_date.earned)?)?;
            let (paid, held) = (sum(|to_date| to_date.paid)?, sum(|to_date| to_date.held)?);
            let (withheld, carried) = (sum(|to_date| to_date.withheld)?, sum(|to_date| to_date.carried)?);
            let parties = parties.len();
            figures.push(format!("{parties} parties of {mid} {earned} {currency} = {paid} + {held} + {withheld} + {carried}"));
        }
        Ok(if figures.is_empty() { "no drafts".to_owned() } else { figures.join("; ") })
    }
}

impl ToDate {
    fn add(&mut self, line: &Line) -> anyhow::Result<()> {
        self.earned = self.earned.plus(line.net)?.plus(line.true_up)?.plus(line.adjusted)?;
        self.paid = self.paid.plus(line.paid)?;
        self.held = self.held.plus(line.held)?.minus(line.lifted)?;
        self.withheld = self.withheld.plus(line.withheld)?;
        self.carried = line.carried_out;
        Ok(())
    }

    /// What it has come to.
    fn is(&self) -> anyhow::Result<Money> {
        Ok(Money::sum([self.paid, self.held, self.withheld, self.carried])?)
    }
}
