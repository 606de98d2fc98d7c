//! What people decided of money on the bank's account is booked as they said it, upon lines of the bank's messages that say so; no more is
//! remitted to a tax office than drafts withhold for it; no line is the payment of what is not there, or of more than that is; and what takes
//! another line back leaves nothing of it.

mod lines;

use super::paid::occasion;
use super::{Chain, Invariant, SeenEntry, SeenWhat};
use crate::payouts::lines::{Change, changes, described, whose};
use anyhow::{Context, anyhow, ensure};
use farthing_archive::remittances::Remitted;
use farthing_schemas::{Cycle, Money};
use farthing_settle::Draft;
use farthing_settle::journal::{Entry, Header, PaidToOffice, entry_of_assignment, entry_of_remittance, withheld_for};
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
        for change in changes(chain.catalog, chain.payments.receipts())? {
            self.assignment(&change).with_context(|| format!("assignment {}", change.number))?;
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
    fn assignment(&self, Change { made, row, from, to, .. }: &Change<'_>) -> anyhow::Result<()> {
        let said = &made.assignment;
        let line = described(row, &said.mid, &said.message_sha256)?;
        let same = (line.amount, line.currency) == (made.amount, made.currency);
        ensure!(same, "its line is of {} {}, and it says {} {}", line.amount, line.currency, made.amount, made.currency);
        let (from, to) = (whose(from.as_ref()), whose(Some(to)));
        self.is_booked(made.sequence, |header| Ok(entry_of_assignment(&line, &from, &to, occasion(header))?), from == to)
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
