//! What the bank tells after it was booked, as the chain has it: what was paid for a claim, and what was remitted to a tax office.

use anyhow::Context;
use farthing_archive::Catalog;
use farthing_schemas::manifest::AssignedTo;
use farthing_schemas::money::from_stored_text;
use farthing_settle::journal::Met;

/// What a line is said to be the payment of, with the number of the manifest that booked it; none if it is another's.
pub fn met(catalog: &Catalog, to: &AssignedTo) -> anyhow::Result<Option<(u64, Met)>> {
    match to {
        AssignedTo::Claim { claim } => paid_for_claim(catalog, *claim).map(Some),
        AssignedTo::Remittance { remittance } => remitted(catalog, *remittance).map(Some),
        AssignedTo::Platform { .. }
        | AssignedTo::Charges
        | AssignedTo::Repetition { .. }
        | AssignedTo::Payees { .. }
        | AssignedTo::Suspense
        | AssignedTo::Against { .. } => Ok(None),
    }
}

fn paid_for_claim(catalog: &Catalog, number: u64) -> anyhow::Result<(u64, Met)> {
    let made = catalog.claims.get(number).with_context(|| format!("there is no claim {number}; see: farthing claim --list"))?;
    let (payment, paid) = made.claim.paid().with_context(|| format!("nothing was paid for claim {number}"))?;
    let currency = payment.currency.as_deref().with_context(|| format!("claim {number} says no currency"))?.parse()?;
    let (name, mid, amount) = (format!("claim {number}"), paid.mid.clone(), from_stored_text(&paid.amount)?);
    Ok((made.sequence, Met { name, mid, currency, amount }))
}

fn remitted(catalog: &Catalog, number: u64) -> anyhow::Result<(u64, Met)> {
    let made = catalog.remittances.get(number);
    let made = made.with_context(|| format!("there is no remittance {number}; see: farthing tax remit --list"))?;
    let (name, mid, amount) = (format!("remittance {number}"), made.remittance.mid.clone(), made.amount.negated()?);
    Ok((made.sequence, Met { name, mid, currency: made.currency, amount }))
}
