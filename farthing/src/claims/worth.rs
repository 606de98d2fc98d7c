//! What a claim comes to: a platform has paid just that, or the claim is not made.

use super::{Claiming, chunks, find, rows};
use crate::books::Books;
use crate::commands::accruals::each_accrual;
use anyhow::{Context, bail, ensure};
use farthing_schemas::manifest::{ClaimPaid, ClaimPayment, CyclePaid};
use farthing_schemas::{Accrual, Currency, Cycle, Money, Status};
use std::collections::{BTreeMap, BTreeSet};

/// The labour that a claim makes payable, by MID and by the cycle that it goes to.
type Worth = BTreeMap<String, BTreeMap<Cycle, Money>>;

impl Claiming {
    /// Compares what was paid with what is claimed before anything is; whether there is something to be claimed.
    ///
    /// A claim that was interrupted is gone on with: the same payment is for the rest of it, too.
    pub(super) async fn weigh(&mut self, books: &mut Books) -> anyhow::Result<bool> {
        let Some((mut payment, amount)) = self.request.payment.clone() else { return Ok(true) };
        let worth = self.worth(books).await?;
        if worth.is_empty() {
            return Ok(false);
        }
        let currency: Currency = payment.currency.as_ref().context("--currency is missing")?.parse()?;
        if let Some(number) = self.interrupted(books, &payment, amount) {
            let mut whole = given_by(books, number).await?;
            for (mid, cycle, labour) in each(&worth) {
                add(&mut whole, mid, cycle, labour)?;
            }
            if paid_for(&whole, currency).is_ok_and(|paid| paid.amount == amount.to_string()) {
                self.claimed.number = Some(number);
                return Ok(true);
            }
        }
        let paid = paid_for(&worth, currency)?;
        ensure!(
            paid.amount == amount.to_string(),
            "--amount {amount}: what is claimed comes to {} {currency}; record what was paid for it, or claim less with --month",
            paid.amount
        );
        payment.paid = Some(paid);
        self.request.payment = Some((payment, amount));
        Ok(true)
    }

    /// What there is to be claimed now.
    async fn worth(&self, books: &mut Books) -> anyhow::Result<Worth> {
        let (mut worth, mut seen) = (Worth::new(), BTreeSet::new());
        let (number, batch) = (books.catalog.claims.next_number(), books.ledger.last_number().await? + 1);
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

    /// The last claim of the same, upon the same payment.
    fn interrupted(&self, books: &Books, payment: &ClaimPayment, amount: Money) -> Option<u64> {
        let same = |of: &ClaimPayment| {
            let is_amount = of.paid.as_ref().is_some_and(|paid| paid.amount == amount.to_string());
            is_amount && ClaimPayment { paid: None, ..of.clone() } == *payment
        };
        let asked = self.request.asked.reference();
        let is_it =
            |made: &farthing_archive::claims::Made| made.asked.reference() == asked && made.claim.payment.as_ref().is_some_and(same);
        books.catalog.claims.iter().filter(|(_, made)| is_it(made)).map(|(number, _)| number).last()
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

/// What is paid for that: whole minor units, of each cycle as much as the sum up to it has more than the sum before it. What is below stays
/// owed, as with every invoice.
fn paid_for(worth: &Worth, currency: Currency) -> anyhow::Result<ClaimPaid> {
    let mids: Vec<&str> = worth.keys().map(String::as_str).collect();
    let [mid] = mids[..] else {
        bail!("what is claimed is owed to {}, and a payment is to one MID: claim less with --month", mids.join(" and "));
    };
    let (mut sum, mut before, mut cycles) = (Money::ZERO, Money::ZERO, Vec::new());
    for (_, cycle, labour) in each(worth) {
        sum = sum.plus(labour)?;
        let through = sum.cut_down_to(currency.minor_unit());
        cycles.push(CyclePaid { cycle: cycle.to_string(), amount: through.minus(before)?.to_string() });
        before = through;
    }
    ensure!(before > Money::ZERO, "what is claimed comes to less than the smallest amount of {currency}: nobody can pay that");
    Ok(ClaimPaid { mid: mid.to_owned(), amount: before.to_string(), cycles })
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
