//! Invoices from the books: what a draft was made of, summed up per platform, beside what the journal has booked for it.

use crate::books::Books;
use crate::commands::settle::Settlement;
use crate::courses;
use crate::drafted::{self, Events, Source, Wanted, Whose};
use crate::journal::book;
use crate::journal::receivable::{is_of_approval, posted};
use crate::output;
use anyhow::Context;
use farthing_ledger::StoredEntry;
use farthing_schemas::money::from_stored_text;
use farthing_schemas::registry::Registry;
use farthing_schemas::{Cycle, Day, Instant, Money};
use farthing_settle::Draft;
use farthing_settle::invoice::gather::Given;
use farthing_settle::invoice::{BookedOfCycle, Invoice, InvoiceNumber, Invoiced, Invoices, Issued, Named, Paid, carried};
use farthing_settle::journal::EntryKind;
use farthing_settle::unsettled::Unsettled;
use std::collections::{BTreeMap, BTreeSet};

/// The invoices of a cycle, by platform: as its final draft has them, or as previews.
pub async fn of_cycle(books: &mut Books, of: &Settlement, due_days: u16) -> anyhow::Result<Vec<Invoice>> {
    let source = drafted::source(books, of).await?;
    tell_of_gaps(books, of)?;
    let invoices = gather(books, &source).await?;
    let unsettled = unsettled(books, &source).await?;
    let rows = books.ledger.journal_entries_after(0).await?;
    let mut paid_for_claims = paid_for_claims(books, of)?;
    let carried = carried_into(books, &rows, &source.draft, &paid_for_claims).await?;
    let approved = approved(books, &rows, &source.draft).await?;
    let registry = books.registry_of(source.draft.registry_version).await?;
    let ours = unsettled.platforms().filter(|platform| unsettled.of_platform(platform).any(|(key, _)| !key.agreement.is_empty()));
    let mut platforms: BTreeSet<&str> = invoices.platforms().into_iter().chain(ours).collect();
    platforms.extend(carried.iter().filter(|(_, amount)| **amount != Money::ZERO).map(|(platform, _)| platform.as_str()));
    let is_paid = |paid: &BTreeMap<Cycle, Vec<Paid>>| paid.contains_key(&of.cycle);
    let paying: Vec<String> = paid_for_claims.iter().filter(|(_, paid)| is_paid(paid)).map(|(platform, _)| platform.clone()).collect();
    platforms.extend(paying.iter().map(String::as_str));
    platforms.extend(approved.iter().flat_map(|approved| approved.booked.keys().map(String::as_str)));
    let mut made = Vec::new();
    for platform in platforms {
        let booked = approved.as_ref().map(|approved| (approved.issued(&source.draft, platform, due_days), approved.booked(platform)));
        let carried_in = carried.get(platform).copied().unwrap_or_default();
        let paid = paid_for_claims.get_mut(platform).and_then(|paid| paid.remove(&of.cycle)).unwrap_or_default();
        let (platform, mid) = (platform_named(&registry, platform), mid_named(&registry, &of.mid));
        made.push(invoices.invoice(Given { platform, mid, carried_in, booked, paid }, &unsettled)?);
    }
    Ok(made)
}

/// What platforms have paid for claims, by platform and by the cycle that it is for.
type PaidForClaims = BTreeMap<String, BTreeMap<Cycle, Vec<Paid>>>;

fn paid_for_claims(books: &Books, of: &Settlement) -> anyhow::Result<PaidForClaims> {
    let mut found = PaidForClaims::new();
    for (claim, made) in books.catalog.claims.iter() {
        let Some((payment, paid)) = made.claim.paid() else { continue };
        if (paid.mid.as_str(), payment.currency.as_deref()) != (of.mid.as_str(), Some(of.currency.code())) {
            continue;
        }
        for part in &paid.cycles {
            let of_cycle = found.entry(payment.platform.clone()).or_default().entry(part.cycle.parse()?).or_default();
            of_cycle.push(Paid { claim, reference: payment.reference.clone(), amount: from_stored_text(&part.amount)? });
        }
    }
    Ok(found)
}

/// What an earlier cycle leaves is known once it is approved; it is before this one can be.
fn tell_of_gaps(books: &Books, of: &Settlement) -> anyhow::Result<()> {
    let courses = courses::as_of(&books.catalog, books.catalog.sequence)?;
    let approved = |cycle: &Cycle| courses.get(&of.mid, of.currency.code(), *cycle).is_some_and(|course| course.approved_by.is_some());
    let drafted = courses.drafts(&of.mid, of.currency.code()).map(|(cycle, _)| cycle);
    if let Some(cycle) = drafted.filter(|cycle| *cycle < of.cycle).find(|cycle| !approved(cycle)) {
        output::note(&format!(
            "cycle {cycle} of {} in {} is not approved yet: what its invoices leave is not in these figures",
            of.mid, of.currency
        ));
    }
    Ok(())
}

/// What lies below a draft, per platform; what does not come to what the draft says is an error.
async fn gather<'s>(books: &mut Books, source: &'s Source) -> anyhow::Result<Invoices<'s>> {
    let mut invoices = Invoices::of(&source.draft, &source.deferred);
    let wanted = Wanted { whose: Whose::Everybodys, events: Events::Numbered };
    drafted::each(books, source, wanted, |earned| Ok(invoices.add(earned)?)).await?;
    invoices.check().context("what is archived below the draft is something else; run: farthing verify")?;
    Ok(invoices)
}

/// What platforms owe on besides, as the draft saw it.
pub async fn unsettled<'s>(books: &Books, source: &'s Source) -> anyhow::Result<Unsettled<'s>> {
    let mut unsettled = Unsettled::of(&source.draft);
    drafted::each_accrual(books, source, |accrual| Ok(unsettled.add(accrual)?)).await?;
    Ok(unsettled)
}

/// What earlier invoices leave for those of a draft, by platform: of all earlier cycles that are approved, and of what was paid for claims of
/// any. A draft that is approved itself has no earlier one that is not.
async fn carried_into(
    books: &Books,
    rows: &[StoredEntry],
    draft: &Draft,
    paid_for_claims: &PaidForClaims,
) -> anyhow::Result<BTreeMap<String, Money>> {
    let mut cycles: BTreeMap<&str, BTreeMap<Cycle, BookedOfCycle>> = BTreeMap::new();
    for (platform, paid) in paid_for_claims {
        for (cycle, paid) in paid.range(..draft.cycle) {
            let booked = Money::sum(paid.iter().map(|paid| paid.amount))?.negated()?;
            cycles.entry(platform).or_default().insert(*cycle, BookedOfCycle { booked, approved: false });
        }
    }
    let mut postings = Vec::new();
    for row in rows.iter().filter(|row| row.mid == draft.mid && is_of_approval(row)) {
        let cycle: Option<Cycle> = row.cycle.as_ref().map(|cycle| cycle.parse()).transpose()?;
        let Some(cycle) = cycle.filter(|cycle| *cycle < draft.cycle) else { continue };
        let posted = posted(books, row).await?.into_iter().filter(|posting| posting.currency == draft.currency);
        postings.extend(posted.map(|posting| (cycle, row.kind == EntryKind::Approval.as_str(), posting)));
    }
    for (cycle, approved, posting) in &postings {
        let of = cycles.entry(&posting.platform).or_default().entry(*cycle).or_default();
        *of = BookedOfCycle { booked: of.booked.plus(posting.amount)?, approved: *approved };
    }
    let left = |(platform, cycles): (&str, BTreeMap<Cycle, BookedOfCycle>)| {
        Ok((platform.to_owned(), carried(cycles.into_values(), draft.currency)?))
    };
    cycles.into_iter().map(left).collect()
}

/// An approval that is in force.
struct Approved {
    entry: u64,
    day: Day,
    /// By platform.
    booked: BTreeMap<String, Money>,
}

async fn approved(books: &Books, rows: &[StoredEntry], draft: &Draft) -> anyhow::Result<Option<Approved>> {
    let Some(row) = book::approval_in_force(rows, &draft.mid, &draft.draft_sha256) else { return Ok(None) };
    let happened: Instant = row.happened.parse().with_context(|| format!("journal entry {}", row.number))?;
    let mut booked: BTreeMap<String, Money> = BTreeMap::new();
    for posting in posted(books, row).await? {
        let sum = booked.entry(posting.platform).or_default();
        *sum = sum.plus(posting.amount)?;
    }
    Ok(Some(Approved { entry: row.number, day: Day::of(happened), booked }))
}

impl Approved {
    fn booked(&self, platform: &str) -> Money {
        self.booked.get(platform).copied().unwrap_or_default()
    }

    fn issued(&self, draft: &Draft, platform: &str, due_days: u16) -> Issued {
        let invoiced = Invoiced { mid: &draft.mid, platform, currency: draft.currency, cycle: draft.cycle };
        Issued { number: InvoiceNumber::of(&invoiced), entry: self.entry, day: self.day, due: self.day.plus(due_days) }
    }
}

fn platform_named(registry: &Registry, id: &str) -> Named {
    let name = registry.platform(id).and_then(|platform| registry.platform_terms(platform).name.as_deref());
    Named { id: id.to_owned(), name: name.map(str::to_owned) }
}

fn mid_named(registry: &Registry, id: &str) -> Named {
    let name = registry.mid(id).and_then(|mid| registry.mid_terms(mid).name.as_deref());
    Named { id: id.to_owned(), name: name.map(str::to_owned) }
}
