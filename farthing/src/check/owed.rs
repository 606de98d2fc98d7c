//! SPEC section 5, number 6: to date, per party, MID and currency, what was earned is paid, held, withheld or carried, to the unit; or, of
//! a party that has died, passed on to its heirs, who have just that.

use super::{Chain, Invariant};
use anyhow::ensure;
use farthing_schemas::{Currency, Money};
use farthing_settle::Draft;
use farthing_settle::draft::{Exchanged, Line, TaxLine};
use farthing_settle::steps::withhold::withheld_of;
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
    /// As an heir.
    inherited: Money,
    /// To its heirs.
    passed_on: Money,
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
        let mut returned: BTreeMap<&str, Money> = BTreeMap::new();
        for line in &draft.returned {
            let sum = returned.entry(&line.party).or_default();
            *sum = sum.plus(line.amount)?;
        }
        let listed: BTreeSet<&str> = draft.lines.iter().map(|line| line.party.as_str()).collect();
        let name = |party: &str| format!("{party} with {} in {}, cycle {}", draft.mid, draft.currency, draft.cycle);
        for line in &draft.lines {
            let to_date = parties.entry(line.party.clone()).or_default();
            if first {
                (to_date.opening, to_date.carried) = (line.carried_in, line.carried_in);
            }
            let back = returned.remove(line.party.as_str()).unwrap_or_default();
            if !first {
                to_date.paid = to_date.paid.minus(back)?;
            }
            let (before, into) = (if first { to_date.carried } else { to_date.carried.plus(back)? }, line.carried_in);
            ensure!(
                before == into,
                "{}: {before} was carried out of the cycle before or has come back, and {into} is carried in",
                name(&line.party)
            );
            to_date.add(line)?;
            let (had, has) = (to_date.had()?, to_date.is()?);
            ensure!(had == has, "{}: {had} to date, but paid, held, withheld, carried and passed on are {has}", name(&line.party));
        }
        let passed = |field: fn(&Line) -> Money| Money::sum(draft.lines.iter().map(field));
        let (inherited, passed_on) = (passed(|line| line.inherited)?, passed(|line| line.passed_on)?);
        let (mid, currency, cycle) = (&draft.mid, draft.currency, draft.cycle);
        ensure!(inherited == passed_on, "{mid} in {currency}, cycle {cycle}: {passed_on} is passed on, and heirs get {inherited}");
        taxed(draft)?;
        exchanged(draft)?;
        let forgotten = parties.iter().find(|(party, to_date)| to_date.carried != Money::ZERO && !listed.contains(party.as_str()));
        if let Some((party, back)) = returned.first_key_value() {
            ensure!(false, "{}: {back} has come back, and it has no line", name(party));
        }
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

/// Whatever is withheld is so by a tax that is named with its rate and base, and is what these come to.
fn taxed(draft: &Draft) -> anyhow::Result<()> {
    let taxes: BTreeMap<&str, &TaxLine> = draft.taxes.iter().map(|line| (line.party.as_str(), line)).collect();
    for line in &draft.lines {
        let name = || format!("{} with {} in {}, cycle {}", line.party, draft.mid, draft.currency, draft.cycle);
        let (base, withheld) = match taxes.get(line.party.as_str()) {
            Some(tax) => (tax.base.plus(tax.untaxed)?, withheld_of(tax.base, &tax.tax, draft.currency)?),
            None => (line.paid, Money::ZERO),
        };
        ensure!(line.withheld == withheld, "{}: {} is withheld, and its tax is {withheld}", name(), line.withheld);
        let gross = line.paid.plus(line.withheld)?;
        ensure!(gross == base, "{}: {gross} is paid and withheld, and the base of its tax is {base}", name());
    }
    Ok(())
}

/// What arrives in another currency is what is paid gives at the rate that is named, and a unit less would give less.
fn exchanged(draft: &Draft) -> anyhow::Result<()> {
    for line in &draft.lines {
        let Some(Exchanged { currency, amount, quote }) = line.exchanged.as_deref() else { continue };
        let name = || format!("{} with {} in {}, cycle {}", line.party, draft.mid, draft.currency, draft.cycle);
        let gives = quote.rate.exchanged(line.paid, currency.minor_unit())?;
        ensure!(*amount == gives, "{}: {} gives {gives} {currency}, and {amount} are to arrive", name(), line.paid);
        let least = quote.rate.least_for(*amount)?;
        ensure!(line.paid == least, "{}: {} is paid for {amount} {currency}, and {least} gives as much", name(), line.paid);
    }
    Ok(())
}

impl ToDate {
    fn add(&mut self, line: &Line) -> anyhow::Result<()> {
        self.earned = self.earned.plus(line.net)?.plus(line.true_up)?.plus(line.adjusted)?;
        self.paid = self.paid.plus(line.paid)?;
        self.held = self.held.plus(line.held)?.minus(line.lifted)?;
        self.withheld = self.withheld.plus(line.withheld)?;
        self.inherited = self.inherited.plus(line.inherited)?;
        self.passed_on = self.passed_on.plus(line.passed_on)?;
        self.carried = line.carried_out;
        Ok(())
    }

    /// What there was.
    fn had(&self) -> anyhow::Result<Money> {
        Ok(Money::sum([self.opening, self.earned, self.inherited])?)
    }

    /// What it has come to.
    fn is(&self) -> anyhow::Result<Money> {
        Ok(Money::sum([self.paid, self.held, self.withheld, self.carried, self.passed_on])?)
    }
}
