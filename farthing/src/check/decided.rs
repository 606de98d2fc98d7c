//! What people decided of money on the bank's account is booked as they said it, upon lines of the bank's messages that say so; no more is
//! remitted to a tax office than drafts withhold for it; no line is the payment of what is not there, or of more than that is; and what takes
//! another line back leaves nothing of it.

mod lines;

use super::paid::occasion;
use super::{Chain, Invariant, SeenEntry, SeenWhat};
use crate::payouts::folded::payment_of;
use crate::payouts::lines::{Change, changes, described, kept, whose};
use anyhow::{Context, anyhow, ensure};
use farthing_archive::remittances::Remitted;
use farthing_schemas::manifest::AssignedTo;
use farthing_schemas::{Cycle, Money};
use farthing_settle::Draft;
use farthing_settle::journal::{Entry, Header, PaidToOffice, entry_of_assignment, entry_of_remittance, withheld_for};
use farthing_settle::payout::{Payment, State};
use std::collections::{BTreeMap, BTreeSet};

/// MID, currency, cycle and jurisdiction.
type Taxed = (String, String, Cycle, String);

#[derive(Default)]
pub struct Decided {
    /// The entries of decisions, by the number of their acts: without their postings, which the hash stands for.
    entries: BTreeMap<u64, (Header, String)>,
    /// What drafts in force withhold, by party.
    withheld: BTreeMap<Taxed, BTreeMap<String, Money>>,
}

impl Invariant for Decided {
    fn name(&self) -> &'static str {
        "what was decided of money on the account is booked as it was said"
    }

    fn entry(&mut self, seen: &SeenEntry<'_>) -> anyhow::Result<()> {
        let (Some(act), Some(body)) = (seen.act, &seen.body) else { return Ok(()) };
        if matches!(act.what, SeenWhat::Assignment(_) | SeenWhat::Remittance(_)) {
            let entry = body.entry.as_ref().map_err(|fault| anyhow!("{fault:#}"))?;
            self.entries.insert(act.sequence, (entry.header().clone(), seen.row.sha256.clone()));
        }
        Ok(())
    }

    fn draft(&mut self, draft: &Draft) -> anyhow::Result<()> {
        let jurisdictions: BTreeSet<&String> = draft.taxes.iter().map(|line| &line.tax.jurisdiction).collect();
        for jurisdiction in jurisdictions {
            let key = (draft.mid.clone(), draft.currency.to_string(), draft.cycle, jurisdiction.clone());
            self.withheld.insert(key, withheld_for(draft, jurisdiction));
        }
        Ok(())
    }

    fn end(&mut self, chain: &Chain<'_>) -> anyhow::Result<String> {
        // What is about to be decided was just made of what is there.
        if chain.upcoming.is_some() {
            return Ok(String::new());
        }
        let put = put(chain)?;
        for change in changes(chain.catalog, chain.payments.receipts())? {
            let payments = put.get(&change.made.sequence).map_or(&[][..], Vec::as_slice);
            self.assignment(&change, payments).with_context(|| format!("assignment {}", change.number))?;
        }
        for (number, made) in chain.catalog.remittances.iter() {
            self.remittance(made).with_context(|| format!("remittance {number}"))?;
        }
        lines::stand(chain)?;
        let (assigned, remitted) = (chain.catalog.assignments.iter().count(), chain.catalog.remittances.iter().count());
        Ok(format!("{assigned} assignments and {remitted} remittances"))
    }
}

impl Decided {
    fn assignment(&self, Change { made, row, from, to, .. }: &Change<'_>, put: &[Payment]) -> anyhow::Result<()> {
        let said = &made.assignment;
        let line = described(row, &said.mid, &said.message_sha256)?;
        let same = (line.amount, line.currency) == (made.amount, made.currency);
        ensure!(same, "its line is of {} {}, and it says {} {}", line.amount, line.currency, made.amount, made.currency);
        ensure!(!matches!(from, Some(AssignedTo::Payees { .. })), "it takes a line from payments, and what has become of those stays");
        let told = line.told(put, kept(Some(to))?.minus(kept(from.as_ref())?)?);
        let (from, to) = (whose(from.as_ref()), whose(Some(to)));
        let moves_nothing = from == to && told.is_empty();
        self.is_booked(made.sequence, |header| Ok(entry_of_assignment(&line, &from, &to, &told, occasion(header))?), moves_nothing)
    }

    fn remittance(&self, made: &Remitted) -> anyhow::Result<()> {
        let said = &made.remittance;
        let mut withheld = Vec::new();
        for (cycle, amount) in &made.cycles {
            let key = (said.mid.clone(), said.currency.clone(), *cycle, said.jurisdiction.clone());
            let parties = self.withheld.get(&key).with_context(|| format!("nothing is withheld for {} in {cycle}", said.jurisdiction))?;
            let sum = Money::sum(parties.values().copied())?;
            ensure!(sum == *amount, "in {cycle} {sum} is withheld for {}, and it says {amount}", said.jurisdiction);
            withheld.push(parties);
        }
        let remitted = PaidToOffice { mid: &said.mid, currency: made.currency, withheld, evidence_sha256: &said.evidence_sha256 };
        self.is_booked(made.sequence, |header| Ok(Some(entry_of_remittance(&remitted, occasion(header))?)), false)
    }

    /// Whether an act books what it ought to, or nothing where nothing moves.
    fn is_booked(
        &self,
        sequence: u64,
        should: impl FnOnce(&Header) -> anyhow::Result<Option<Entry>>,
        moves_nothing: bool,
    ) -> anyhow::Result<()> {
        let Some((header, sha256)) = self.entries.get(&sequence) else {
            ensure!(moves_nothing, "it books nothing");
            return Ok(());
        };
        let number = header.place.number;
        let should = should(header)?.with_context(|| format!("journal entry {number}: it moves nothing, and is booked"))?;
        ensure!(should.sha256() == *sha256, "journal entry {number} is not what it says");
        Ok(())
    }
}

/// The payments that lines moved to which people put those, by the act that did: what was told before only stays where it is.
fn put(chain: &Chain<'_>) -> anyhow::Result<BTreeMap<u64, Vec<Payment>>> {
    let acts: BTreeSet<u64> =
        chain.assignments().filter(|(_, made)| matches!(made.to, AssignedTo::Payees { .. })).map(|(sequence, _)| sequence).collect();
    let wanted: BTreeSet<&str> = chain.payments.states().filter(|row| acts.contains(&row.sequence)).map(|row| row.id.as_str()).collect();
    let rows = chain.payments.payments().filter(|row| wanted.contains(row.id.as_str()));
    let payments = rows.map(|row| Ok((row.id.as_str(), payment_of(row)?))).collect::<anyhow::Result<BTreeMap<&str, Payment>>>()?;
    let mut found: BTreeMap<u64, Vec<Payment>> = BTreeMap::new();
    let mut told: BTreeSet<(&str, &str)> = BTreeSet::new();
    for row in chain.payments.states().filter(|row| wanted.contains(row.id.as_str())) {
        let (id, state, returned) = (row.id.as_str(), row.state.as_str(), State::Returned.as_str());
        let is_news = told.insert((id, state)) && (state == returned || !told.contains(&(id, returned)));
        if is_news && acts.contains(&row.sequence) {
            found.entry(row.sequence).or_default().extend(payments.get(id).cloned());
        }
    }
    Ok(found)
}
