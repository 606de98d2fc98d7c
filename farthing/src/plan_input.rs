//! Gathering what a draft is a function of: accruals, terms, balances and what earlier drafts left out.

mod holds;

use crate::books::Books;
use crate::commands::accruals::each_accrual;
use crate::commands::settle::Settlement;
use crate::courses;
use crate::draft_rows;
use crate::payouts;
use anyhow::Context;
use farthing_aggregate::fold::Sums;
use farthing_archive::adjustments::Adjusted;
use farthing_schemas::accrual::AccrualKey;
use farthing_schemas::registry::{PartyIndex, Registry, TaxTerms};
use farthing_schemas::{Accrual, Currency, Cycle, Money, Rate, Status};
use farthing_settle::input::{Adjustment, AgreementTerms, Heir, MidTerms, OnShortfall, Payee, Payout, Quote, Tax, Threshold};
use farthing_settle::untaxed::Untaxed;
use farthing_settle::{Draft, Input};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What of the books a draft sees, and how.
pub struct Scope {
    /// The last manifest that it sees: what other MIDs' open cycles get later is not in it.
    pub through_sequence: u64,
    /// Agreements to leave out.
    pub without: BTreeSet<String>,
    /// Whether the cycle is still open.
    pub preview: bool,
    /// Accruals of any cycle and currency that will be in the books when it closes.
    pub to_come: Vec<Accrual>,
}

/// Gathers the input of a plan.
pub async fn gather(books: &Books, registry: &Registry, of: &Settlement, scope: Scope) -> anyhow::Result<Input> {
    let Earlier { drafts: earlier, untaxed } = earlier(books, of, scope.through_sequence).await?;
    let mut accruals = of_cycle(books, of, of.cycle, scope.through_sequence).await?;
    accruals.extend(scope.to_come.into_iter().filter(|accrual| accrual.cycle == of.cycle && accrual.key.currency == of.currency));
    let (deferred, settled_in) = deferred(books, of, &earlier).await?;
    let carried = |draft: &Draft| draft.lines.iter().map(|line| (line.party.clone(), line.carried_out)).collect();
    let carried_in: BTreeMap<String, Money> = earlier.last().map(carried).unwrap_or_default();
    let returned = payouts::returned(books, of, scope.through_sequence, &earlier).await?;
    let holds = holds::holds(books, of, scope.through_sequence, &earlier)?;
    let adjustments = adjustments(books, of, scope.through_sequence, &earlier);
    let fees_of_cycles: BTreeMap<Cycle, Rate> = earlier.iter().map(|draft| (draft.cycle, draft.fee_rate)).collect();
    let mut input = Input {
        mid: mid_terms(registry, of)?,
        cycle: of.cycle,
        currency: of.currency,
        registry_version: registry.version(),
        agreements: BTreeMap::new(),
        payees: BTreeMap::new(),
        accruals,
        deferred,
        carried_in,
        returned,
        untaxed,
        adjustments,
        holds,
        taxes: BTreeMap::new(),
        heirs: BTreeMap::new(),
        quotes: BTreeMap::new(),
        fees_of_cycles,
        settled_in,
        without: scope.without,
        preview: scope.preview,
    };
    fill_terms(&mut input, registry)?;
    Ok(input)
}

/// The drafts before a cycle, as far as the next one hangs on them.
struct Earlier {
    /// By cycle; of all but the last, the lines are left out: years of many parties would not fit.
    drafts: Vec<Draft>,
    /// By party, what has come back and is not paid yet.
    untaxed: BTreeMap<String, Money>,
}

/// The final drafts before a cycle, without their lines.
pub async fn before(books: &Books, of: &Settlement) -> anyhow::Result<Vec<Draft>> {
    let mut drafts = earlier(books, of, books.catalog.sequence).await?.drafts;
    drafts.last_mut().into_iter().for_each(|last| last.lines = Vec::new());
    Ok(drafts)
}

async fn earlier(books: &Books, of: &Settlement, through_sequence: u64) -> anyhow::Result<Earlier> {
    let mut drafts: Vec<Draft> = Vec::new();
    let mut untaxed = Untaxed::default();
    for (cycle, sha256) in in_force(books, of, through_sequence)?.into_iter().filter(|(cycle, _)| *cycle < of.cycle) {
        drafts.last_mut().into_iter().for_each(|before| before.lines = Vec::new());
        let draft = draft_rows::read(books, &sha256).await.with_context(|| format!("cycle {cycle} of {} in {}", of.mid, of.currency))?;
        untaxed.take(&draft)?;
        drafts.push(draft);
    }
    Ok(Earlier { drafts, untaxed: untaxed.left() })
}

/// The final drafts of a MID and currency that were in force after a manifest, by cycle: not those that were thrown away by then.
pub async fn drafts(books: &Books, of: &Settlement, through_sequence: u64) -> anyhow::Result<Vec<Draft>> {
    let mut drafts = Vec::new();
    for (_, sha256) in in_force(books, of, through_sequence)? {
        drafts.push(draft_rows::read(books, &sha256).await?);
    }
    Ok(drafts)
}

/// The final draft of a cycle that is in force now, if it has one.
pub async fn draft_of(books: &Books, of: &Settlement) -> anyhow::Result<Option<Draft>> {
    let found = in_force(books, of, books.catalog.sequence)?.into_iter().find(|(cycle, _)| *cycle == of.cycle);
    match found {
        Some((_, sha256)) => draft_rows::read(books, &sha256).await.map(Some),
        None => Ok(None),
    }
}

/// The cycles of a MID and currency that have a final draft.
pub fn drafted_cycles(books: &Books, of: &Settlement) -> anyhow::Result<Vec<Cycle>> {
    Ok(in_force(books, of, books.catalog.sequence)?.into_iter().map(|(cycle, _)| cycle).collect())
}

/// The cycles of a MID and currency with the drafts that were in force after a manifest.
fn in_force(books: &Books, of: &Settlement, through_sequence: u64) -> anyhow::Result<Vec<(Cycle, String)>> {
    let courses = courses::as_of(&books.catalog, through_sequence)?;
    Ok(courses.drafts(&of.mid, of.currency.code()).map(|(cycle, draft)| (cycle, draft.sha256.clone())).collect())
}

/// The accruals of a cycle and currency, summed over the batches that manifests up to that one committed.
async fn of_cycle(books: &Books, of: &Settlement, cycle: Cycle, through_sequence: u64) -> anyhow::Result<Vec<Accrual>> {
    let mut sums: HashMap<(bool, Option<Cycle>, AccrualKey), Sums> = HashMap::new();
    each_accrual(books, Some(cycle), |batch, accrual| {
        let seen = books.catalog.batches.sequence_of(batch).is_some_and(|sequence| sequence <= through_sequence);
        if seen && accrual.key.currency == of.currency {
            sums.entry((accrual.late, accrual.undone, accrual.key))
                .or_default()
                .add(Sums { gross: accrual.gross, labour: accrual.labour })?;
        }
        Ok(())
    })
    .await?;
    let accrual = |((late, undone, key), sums): (_, Sums)| Accrual { cycle, late, undone, key, gross: sums.gross, labour: sums.labour };
    Ok(sums.into_iter().map(accrual).collect())
}

/// The adjustments that a draft books: those of earlier cycles that were made by that manifest, and that no earlier draft has booked.
fn adjustments(books: &Books, of: &Settlement, through_sequence: u64, earlier: &[Draft]) -> BTreeMap<u64, Adjustment> {
    let booked: BTreeSet<u64> = earlier.iter().flat_map(|draft| &draft.adjustments).map(|line| line.number).collect();
    let is_its = |number: u64, made: &Adjusted| {
        let ours = made.adjustment.mid == of.mid && made.currency == of.currency && made.cycle < of.cycle;
        ours && made.sequence <= through_sequence && !booked.contains(&number)
    };
    let taken = books.catalog.adjustments.iter().filter(|(number, made)| is_its(*number, made));
    taken
        .map(|(number, made)| (number, Adjustment { party: made.adjustment.party.clone(), cycle: made.cycle, amount: made.amount }))
        .collect()
}

/// Agreements in cycles that some drafts, by cycle, left out and that wait for the cycle after them.
pub async fn deferred_cycles(books: &Books, of: &Settlement, earlier: &[Draft]) -> anyhow::Result<BTreeSet<(String, Cycle)>> {
    let (accruals, _) = deferred(books, of, earlier).await?;
    Ok(accruals.into_iter().map(|accrual| (accrual.key.agreement, accrual.cycle)).collect())
}

type Deferred = (Vec<Accrual>, BTreeMap<(String, Cycle), Cycle>);

/// What earlier drafts left out and none has settled since, and where what was settled since was settled.
async fn deferred(books: &Books, of: &Settlement, earlier: &[Draft]) -> anyhow::Result<Deferred> {
    let mut waiting: BTreeMap<String, Vec<Accrual>> = BTreeMap::new();
    let mut settled_in = BTreeMap::new();
    for draft in earlier {
        let settled: Vec<String> = waiting.keys().filter(|agreement| !draft.without.contains(*agreement)).cloned().collect();
        for agreement in settled {
            for accrual in waiting.remove(&agreement).unwrap_or_default() {
                settled_in.insert((agreement.clone(), accrual.cycle), draft.cycle);
            }
        }
        if draft.without.is_empty() {
            continue;
        }
        // What a closed cycle holds for its MID never changes again.
        for accrual in of_cycle(books, of, draft.cycle, u64::MAX).await? {
            // Claims on the platform stay where they are: only what is payable was left out.
            let left_out = accrual.key.status == Status::Payable && accrual.key.mid == of.mid;
            if left_out && draft.without.contains(&accrual.key.agreement) {
                waiting.entry(accrual.key.agreement.clone()).or_default().push(accrual);
            }
        }
    }
    Ok((waiting.into_values().flatten().collect(), settled_in))
}

fn mid_terms(registry: &Registry, of: &Settlement) -> anyhow::Result<MidTerms> {
    let mid = registry.mid(&of.mid).with_context(|| format!("{} is not in the registry", of.mid))?;
    let terms = registry.mid_terms(mid);
    let threshold = |threshold: &farthing_schemas::registry::Threshold| Threshold {
        method: threshold.method.to_string(),
        currency: threshold.currency,
        amount: threshold.amount,
    };
    Ok(MidTerms {
        mid: of.mid.clone(),
        fee: terms.fee,
        recovery_cap: terms.recovery_cap,
        thresholds: terms.thresholds.iter().map(threshold).collect(),
    })
}

/// Adds the terms of all agreements and parties that the accruals, balances, holds and adjustments name.
fn fill_terms(input: &mut Input, registry: &Registry) -> anyhow::Result<()> {
    let ours: Vec<&AccrualKey> =
        input.accruals.iter().chain(&input.deferred).map(|accrual| &accrual.key).filter(|key| key.mid == input.mid.mid).collect();
    let agreements: BTreeSet<&str> =
        ours.iter().map(|key| key.agreement.as_str()).chain(input.without.iter().map(String::as_str)).collect();
    let of_holds = input.holds.values().map(|hold| hold.party.as_str());
    let of_adjustments = input.adjustments.values().map(|adjustment| adjustment.party.as_str());
    let named: BTreeSet<&str> = ours
        .iter()
        .map(|key| key.party.as_str())
        .chain(input.carried_in.keys().chain(input.returned.keys()).map(String::as_str))
        .chain(of_holds)
        .chain(of_adjustments)
        .collect();
    let mut terms = BTreeMap::new();
    for id in agreements {
        let agreement = registry.agreement(id).with_context(|| format!("agreement {id} is not in the registry"))?;
        let of = registry.agreement_terms(agreement);
        let on_shortfall = match of.on_shortfall {
            farthing_schemas::registry::OnShortfall::Refuse => OnShortfall::Refuse,
            farthing_schemas::registry::OnShortfall::TrueUp => OnShortfall::TrueUp,
        };
        terms.insert(id.to_owned(), AgreementTerms { platform: registry.platform_id(of.platform).to_owned(), on_shortfall });
    }
    let mid = registry.mid(&input.mid.mid).context("the MID is not in the registry")?;
    // A cycle can be paid from its end on: that is when taxes are judged, and who has died before.
    let end = input.cycle.end();
    let (mut payees, mut taxes, mut heirs) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    let mut parties: Vec<PartyIndex> = named.iter().filter_map(|id| registry.party(id)).collect();
    while let Some(party) = parties.pop() {
        let id = registry.party_id(party);
        let payout = registry.payout(party).map(|payout| Payout { method: payout.method.to_owned(), currency: payout.currency });
        let known = payees.insert(id.to_owned(), Payee { payout, stays: registry.stays(party, mid, end) });
        if known.is_some() {
            continue;
        }
        taxes.extend(registry.tax_terms(party, mid, end).map(|terms| (id.to_owned(), tax_of(terms))));
        let come_after: Vec<Heir> =
            registry.heirs(party, end).map(|(heir, share)| Heir { party: registry.party_id(heir).to_owned(), share }).collect();
        parties.extend(registry.heirs(party, end).map(|(heir, _)| heir));
        if !come_after.is_empty() {
            heirs.insert(id.to_owned(), come_after);
        }
    }
    input.quotes = quotes(input, &payees, registry);
    // Put in one by one, a map's nodes are half empty; made of all at once, they are full.
    let payees = payees.into_iter().collect();
    (input.agreements, input.payees, input.taxes, input.heirs) = (terms, payees, taxes, heirs);
    Ok(())
}

/// What the draft's currency is worth in those that parties are paid in: the latest rate of the cycle, both its ends in it.
fn quotes(input: &Input, payees: &BTreeMap<String, Payee>, registry: &Registry) -> BTreeMap<Currency, Quote> {
    let currencies: BTreeSet<Currency> = payees.values().filter_map(|payee| Some(payee.payout.as_ref()?.currency)).collect();
    let within = (input.cycle.start(), input.cycle.end());
    let quote = |currency: Currency| {
        let found = registry.quote(input.currency, currency, within)?;
        Some((currency, Quote { rate: found.rate, source: found.source.to_owned(), time: found.time }))
    };
    currencies.into_iter().filter_map(quote).collect()
}

fn tax_of(terms: TaxTerms<'_>) -> Tax {
    Tax {
        jurisdiction: terms.jurisdiction.to_owned(),
        withholding: terms.withholding.to_owned(),
        certificate: terms.certificate.map(str::to_owned),
        rate: terms.rate,
    }
}
