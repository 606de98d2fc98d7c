//! SPEC section 5, number 6: to date, per party, MID and currency, what was earned is paid, held, withheld or carried, to the unit; or, of
//! a party that has died, passed on to its heirs, who have just that.

use super::{Chain, Invariant};
use anyhow::{Context, ensure};
use compact_str::CompactString;
use farthing_schemas::{Currency, Money};
use farthing_settle::Draft;
use farthing_settle::draft::{Exchanged, Line, TaxLine};
use farthing_settle::steps::withhold::withheld_of;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Default)]
pub struct Owed {
    /// By MID and currency.
    accounts: BTreeMap<(String, Currency), Account>,
}

/// The money of all parties with one MID in one currency since the first draft that was looked at.
#[derive(Default)]
struct Account {
    sums: ToDate,
    /// By party, what the last draft in which it has a line carried: with each line it is seen that this is what there was less what was
    /// paid and kept back, so nothing else has to be remembered of a party.
    carried: BTreeMap<CompactString, Money>,
}

/// Sums to date.
#[derive(Clone, Copy, Default)]
struct ToDate {
    /// What was carried into the first drafts, where these are not the first of all.
    opening: Money,
    earned: Money,
    paid: Money,
    held: Money,
    withheld: Money,
}

impl Invariant for Owed {
    fn name(&self) -> &'static str {
        "what was earned is paid, held, withheld or carried"
    }

    fn draft(&mut self, draft: &Draft) -> anyhow::Result<()> {
        let key = (draft.mid.clone(), draft.currency);
        let first = !self.accounts.contains_key(&key);
        let account = self.accounts.entry(key).or_default();
        let mut returned = returned(draft)?;
        let name = |party: &str| format!("{party} with {} in {}, cycle {}", draft.mid, draft.currency, draft.cycle);
        for line in &draft.lines {
            let back = returned.remove(line.party.as_str()).unwrap_or_default();
            account.take(line, back, first).with_context(|| name(&line.party))?;
        }
        let passed = |field: fn(&Line) -> Money| Money::sum(draft.lines.iter().map(field));
        let (inherited, passed_on) = (passed(|line| line.inherited)?, passed(|line| line.passed_on)?);
        let (mid, currency, cycle) = (&draft.mid, draft.currency, draft.cycle);
        ensure!(inherited == passed_on, "{mid} in {currency}, cycle {cycle}: {passed_on} is passed on, and heirs get {inherited}");
        taxed(draft)?;
        exchanged(draft)?;
        let listed: BTreeSet<&str> = draft.lines.iter().map(|line| line.party.as_str()).collect();
        let forgotten = account.carried.iter().find(|(party, carried)| **carried != Money::ZERO && !listed.contains(party.as_str()));
        if let Some((party, back)) = returned.first_key_value() {
            ensure!(false, "{}: {back} has come back, and it has no line", name(party));
        }
        if let Some((party, carried)) = forgotten {
            ensure!(false, "{}: {} was carried out of the cycle before, and it has no line", name(party), carried);
        }
        Ok(())
    }

    fn end(&mut self, _chain: &Chain<'_>) -> anyhow::Result<String> {
        let mut figures = Vec::new();
        for ((mid, currency), Account { sums, carried }) in &self.accounts {
            let ToDate { opening, earned, paid, held, withheld } = *sums;
            let (earned, parties, carried) = (opening.plus(earned)?, carried.len(), Money::sum(carried.values().copied())?);
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
        let said = taxes.get(line.party.as_str()).map_or(Money::ZERO, |tax| tax.withheld);
        ensure!(said == withheld, "{}: its tax is said to be {said}, and is {withheld}", name());
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

/// By party, what of its payments has come back.
fn returned(draft: &Draft) -> anyhow::Result<BTreeMap<&str, Money>> {
    let mut returned: BTreeMap<&str, Money> = BTreeMap::new();
    for line in &draft.returned {
        let sum = returned.entry(&line.party).or_default();
        *sum = sum.plus(line.amount)?;
    }
    Ok(returned)
}

impl Account {
    /// Takes a party's next line, of whose payments so much has come back; in the first draft that is looked at, whatever it begins with.
    fn take(&mut self, line: &Line, back: Money, first: bool) -> anyhow::Result<()> {
        let carried = self.carried.entry(line.party.as_str().into()).or_default();
        let (before, into) = if first { (line.carried_in, line.carried_in) } else { (carried.plus(back)?, line.carried_in) };
        ensure!(before == into, "{before} was carried out of the cycle before or has come back, and {into} is carried in");
        let (had, has) = (had(line)?, is(line)?);
        ensure!(had == has, "{had} with what was carried in, but paid, held, withheld, carried and passed on are {has}");
        *carried = line.carried_out;
        if first {
            self.sums.opening = self.sums.opening.plus(into)?;
        } else {
            self.sums.paid = self.sums.paid.minus(back)?;
        }
        self.sums.add(line)
    }
}

impl ToDate {
    fn add(&mut self, line: &Line) -> anyhow::Result<()> {
        self.earned = self.earned.plus(earned(line)?)?;
        self.paid = self.paid.plus(line.paid)?;
        self.held = self.held.plus(held(line)?)?;
        self.withheld = self.withheld.plus(line.withheld)?;
        Ok(())
    }
}

fn earned(line: &Line) -> anyhow::Result<Money> {
    Ok(Money::sum([line.net, line.true_up, line.adjusted])?)
}

fn held(line: &Line) -> anyhow::Result<Money> {
    Ok(line.held.minus(line.lifted)?)
}

/// What there was.
fn had(line: &Line) -> anyhow::Result<Money> {
    Ok(Money::sum([line.carried_in, earned(line)?, line.inherited])?)
}

/// What it has come to.
fn is(line: &Line) -> anyhow::Result<Money> {
    Ok(Money::sum([line.paid, held(line)?, line.withheld, line.carried_out, line.passed_on])?)
}
