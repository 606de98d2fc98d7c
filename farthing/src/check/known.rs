//! Of a cycle that is reconciled or sealed it was known by then what had become of each of its payments.

use super::{Chain, Invariant};
use crate::payouts::folded::{by_draft, key_of};
use anyhow::bail;
use farthing_schemas::manifest::CycleMove;
use farthing_settle::cycle::State;

pub struct Known;

impl Invariant for Known {
    fn name(&self) -> &'static str {
        "no payment of a reconciled cycle is on its way"
    }

    fn end(&mut self, chain: &Chain<'_>) -> anyhow::Result<String> {
        let ends = [State::Reconciled, State::Sealed].map(State::as_str);
        let mut ended = 0_u64;
        for (sequence, step) in chain.moves().filter(|(sequence, step)| ends.contains(&&*step.to) && chain.looks_at(*sequence)) {
            let is_its = (step.mid.as_str(), step.currency.as_str(), step.cycle.as_str());
            let rows = chain.payments;
            let payments = rows.payments().filter(|row| row.sequence < sequence && key_of(row) == is_its);
            let states = rows.states().filter(|row| row.sequence < sequence);
            for (_, of) in by_draft(payments, states) {
                let payments = of.folded()?;
                let Some((payment, state)) = payments.unknown().next() else { continue };
                let CycleMove { mid, currency, cycle, to, .. } = step;
                let (id, party) = (&payment.id, &payment.party);
                bail!("manifest {sequence}: cycle {cycle} of {mid} in {currency} is {to}, and payment {id} to {party} was {state} by then");
            }
            ended += 1;
        }
        Ok(format!("{ended} moves that say so"))
    }
}
