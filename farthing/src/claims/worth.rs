//! What a claim comes to: a platform has paid just that, or the claim is not made.

use super::{Claimed, Claiming, Request, chunks, find, rows};
use crate::books::Books;
use crate::commands::accruals::each_accrual;
use anyhow::{Context, bail, ensure};
use farthing_aggregate::claims::Asked;
use farthing_schemas::manifest::{ClaimPaid, ClaimPayment, CyclePaid};
use farthing_schemas::money::from_stored_text;
use farthing_schemas::{Accrual, Currency, Cycle, Money, Status};
use farthing_settle::journal::paid_by_cycle;
use std::collections::{BTreeMap, BTreeSet};

/// The labour that a claim makes payable, by MID and by the cycle that it goes to.
type Worth = BTreeMap<String, BTreeMap<Cycle, Money>>;

impl Claiming {
    /// Compares what was paid with what is claimed before anything is; whether there is something to be claimed.
    pub(super) async fn weigh(&mut self, books: &mut Books) -> anyhow::Result<bool> {
        let Some((mut payment, amount)) = self.request.payment.clone() else { return Ok(true) };
        let worth = self.worth(books).await?;
        if worth.is_empty() {
            return Ok(false);
        }
        let currency: Currency = payment.currency.as_ref().context("--currency is missing")?.parse()?;
        let paid = paid_for(&worth, currency)?;
        ensure!(
            paid.amount == amount.to_string(),
            "--amount {amount}: what is claimed comes to {} {currency}; record what was paid for it, or claim less with --month or --mid",
            paid.amount
        );
        // It is of that MID from now on, as the record has it.
        if let Asked::Unlicensed { mid, .. } = &mut self.request.asked {
            *mid = Some(paid.mid.clone());
        }
        payment.paid = Some(paid);
        self.request.payment = Some((payment, amount));
        Ok(true)
    }

    /// Goes on with a claim that was recorded with its payment and then interrupted, just as it was asked for: by its registry, at its time and
    /// upon what was there then. Until that is done no other claim is made: one upon the same would take what was paid for already.
    pub(super) async fn go_on(&mut self, books: &mut Books) -> anyhow::Result<()> {
        let Some((number, made)) = books.catalog.claims.iter().last() else { return Ok(()) };
        let (asked, claim) = (made.asked.clone(), made.claim.clone());
        let Some(paid) = claim.payment.as_ref().and_then(|payment| payment.paid.as_ref()) else { return Ok(()) };
        let given = given_by(books, number).await?;
        if each(&given).map(|(_, _, labour)| labour).try_fold(Money::ZERO, Money::plus)? >= from_stored_text(&paid.amount)? {
            return Ok(());
        }
        let request = Request { asked, payment: None, by: claim.by.clone(), at: claim.claimed_at.parse()? };
        let registry = books.registry(claim.registry_version).await?;
        let claimed = Claimed { number: Some(number), ..Claimed::default() };
        let rest = Claiming { request, registry, through_sequence: claim.through_sequence, claimed };
        // What was undone meanwhile is claimed by nobody any more.
        if rest.worth(books).await?.is_empty() {
            return Ok(());
        }
        let as_recorded = self.request.payment.as_ref().is_some_and(|(payment, amount)| {
            let same = claim.payment.as_ref().is_some_and(|recorded| ClaimPayment { paid: None, ..recorded.clone() } == *payment);
            same && amount.to_string() == paid.amount && self.request.asked.reference() == rest.request.asked.reference()
        });
        ensure!(
            as_recorded,
            "claim {number} of {} was interrupted: give its command again first, just as it was ({}); see: farthing claim --list",
            claim.reference,
            claim.payment.as_ref().map_or_else(String::new, |of| format!("--reference {}, {} paid", of.reference, paid.amount))
        );
        *self = rest;
        Ok(())
    }

    /// What there is to be claimed now.
    async fn worth(&self, books: &mut Books) -> anyhow::Result<Worth> {
        let (mut worth, mut seen) = (Worth::new(), BTreeSet::new());
        let number = self.claimed.number.unwrap_or_else(|| books.catalog.claims.next_number());
        let batch = books.ledger.last_number().await? + 1;
        let mut search = find::Search::of(books, &self.request.asked, self.through_sequence).await?;
        while let Some(mut found) = search.next(books).await? {
            found.retain(|event| seen.insert(*event));
            for some in chunks(found) {
                let (made, _) = self.making(books, some, number, 0).await?.finish()?;
                for accrual in made.accruals(books, batch)? {
                    take(&mut worth, &accrual)?;
                }
            }
        }
        Ok(worth)
    }
}

/// What a claim has made payable so far.
async fn given_by(books: &Books, number: u64) -> anyhow::Result<Worth> {
    let mut batches = BTreeSet::new();
    rows::each_claim(books, |claim| {
        if claim.number == Some(number) {
            batches.insert(claim.place.batch);
        }
    })
    .await?;
    let mut worth = Worth::new();
    each_accrual(books, None, |batch, accrual| if batches.contains(&batch) { take(&mut worth, &accrual) } else { Ok(()) }).await?;
    Ok(worth)
}

fn take(worth: &mut Worth, accrual: &Accrual) -> anyhow::Result<()> {
    if accrual.key.status == Status::Payable {
        add(worth, &accrual.key.mid, accrual.cycle, accrual.labour)?;
    }
    Ok(())
}

fn add(worth: &mut Worth, mid: &str, cycle: Cycle, labour: Money) -> anyhow::Result<()> {
    let sum = worth.entry(mid.to_owned()).or_default().entry(cycle).or_default();
    *sum = sum.plus(labour)?;
    Ok(())
}

fn each(worth: &Worth) -> impl Iterator<Item = (&str, Cycle, Money)> {
    worth.iter().flat_map(|(mid, cycles)| cycles.iter().map(move |(cycle, labour)| (mid.as_str(), *cycle, *labour)))
}

/// The payment for that.
fn paid_for(worth: &Worth, currency: Currency) -> anyhow::Result<ClaimPaid> {
    let mids: Vec<&str> = worth.keys().map(String::as_str).collect();
    let ([mid], [labours]) = (&mids[..], &worth.values().collect::<Vec<_>>()[..]) else {
        bail!("what is claimed is owed to {}, and a payment is to one MID: claim what each answers for with --mid", mids.join(" and "));
    };
    let paid = paid_by_cycle(labours, currency)?;
    let amount = Money::sum(paid.values().copied())?;
    ensure!(amount > Money::ZERO, "what is claimed comes to less than the smallest amount of {currency}: nobody can pay that");
    let cycles = paid.into_iter().map(|(cycle, amount)| CyclePaid { cycle: cycle.to_string(), amount: amount.to_string() }).collect();
    Ok(ClaimPaid { mid: (*mid).to_owned(), amount: amount.to_string(), cycles })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paid(worth: &[(&str, &str, &str)]) -> String {
        let mut sums = Worth::new();
        for (mid, cycle, labour) in worth {
            add(&mut sums, mid, cycle.parse().unwrap(), labour.parse().unwrap()).unwrap();
        }
        let short = |amount: &str| amount.trim_end_matches('0').trim_end_matches('.').to_owned();
        match paid_for(&sums, "USD".parse().unwrap()) {
            Ok(ClaimPaid { mid, amount, cycles }) => {
                let cycles: Vec<String> = cycles.iter().map(|of| format!("{} {}", of.cycle, short(&of.amount))).collect();
                format!("{} to {mid}: {}", short(&amount), cycles.join(", "))
            }
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn what_is_paid_is_what_is_claimed_in_whole_cents() {
        assert_eq!(paid(&[("mid_a", "2026-11", "0.80")]), "0.8 to mid_a: 2026-11 0.8");
        let parts = [("mid_a", "2026-11", "0.337"), ("mid_a", "2026-12", "0.337"), ("mid_a", "2027-01", "0.0059")];
        assert_eq!(paid(&parts), "0.67 to mid_a: 2026-11 0.33, 2026-12 0.34, 2027-01 0");
        assert!(paid(&[("mid_a", "2026-11", "0.0099")]).contains("nobody can pay that"));
        assert!(paid(&[("mid_a", "2026-11", "1"), ("mid_b", "2026-11", "1")]).contains("owed to mid_a and mid_b"));
    }
}
