//! From weights to gross: how one event's revenue is split over its references.

use crate::Refused;
use farthing_schemas::event::{Attribution, AttributionKind, Entry};
use farthing_schemas::split::Splitter;
use farthing_schemas::{Code, Money, Rejection, Weight, transform};

/// Shares may miss 1 by this much: a thousandth.
const TOLERANCE: i128 = Weight::ONE.units() / 1000;

/// One reference of the event with its gross; entries of the same reference are added up.
#[derive(Clone, Copy, Debug)]
pub struct Share {
    /// The first entry that names it.
    pub entry: usize,
    /// Its part of the revenue.
    pub gross: Money,
}

/// The entries of one reference.
struct Merged {
    /// See [`head`].
    head: u128,
    /// The first of them.
    entry: usize,
    weight: i128,
}

/// Splits revenues; reuses its memory from event to event.
#[derive(Default)]
pub struct Attributor {
    merged: Vec<Merged>,
    weights: Vec<u128>,
    parts: Vec<Money>,
    shares: Vec<Share>,
    splitter: Splitter,
}

impl Attributor {
    /// The gross of each reference, in the order of references, and what is attributed to nobody.
    ///
    /// # Errors
    /// [`Refused::Rejected`] with `weights_exceed_one`; an overflow is not possible within the bounds of events.
    pub fn split(&mut self, attribution: &Attribution<'_>, revenue: Money) -> Result<(&[Share], Money), Refused> {
        self.merge(attribution)?;
        self.shares.clear();
        let unattributed = attribution.unattributed.unwrap_or_default().units();
        let missing = match attribution.kind {
            AttributionKind::Share => missing_share(&self.merged, unattributed)?,
            _ => 0,
        };
        if self.merged.iter().all(|merged| merged.weight == 0) {
            return Ok((&self.shares, revenue));
        }
        self.weights.clear();
        // Negative weights are 0 by now.
        self.weights.extend(self.merged.iter().map(|merged| merged.weight.unsigned_abs()));
        let nobody = match attribution.kind {
            AttributionKind::Share => self.split_with(revenue, unattributed + missing)?,
            _ => self.split_after(revenue, unattributed)?,
        };
        let parts = self.merged.iter().zip(&self.parts);
        self.shares.extend(parts.map(|(merged, gross)| Share { entry: merged.entry, gross: *gross }));
        Ok((&self.shares, nobody))
    }

    /// Transforms each weight, orders by reference, adds up what is the same and raises negatives to 0.
    fn merge(&mut self, attribution: &Attribution<'_>) -> Result<(), Refused> {
        let entries = &attribution.entries;
        let highest = entries.iter().map(|entry| entry.weight).max().unwrap_or_default();
        self.merged.clear();
        for (at, entry) in entries.iter().enumerate() {
            let weight = transformed(attribution.kind, entry.weight, highest)?.units();
            self.merged.push(Merged { head: head(&entry.reference), entry: at, weight });
        }
        let order = |at: usize| (entries[at].reference.as_bytes(), entries[at].kind);
        self.merged
            .sort_unstable_by(|a, b| a.head.cmp(&b.head).then_with(|| order(a.entry).cmp(&order(b.entry)).then(a.entry.cmp(&b.entry))));
        self.merged.dedup_by(|next, kept| {
            let same = next.head == kept.head && same_reference(&entries[next.entry], &entries[kept.entry]);
            if same {
                // 16,384 weights below 2^90 stay below 2^104.
                kept.weight += next.weight;
            }
            same
        });
        for merged in &mut self.merged {
            merged.weight = merged.weight.max(0);
        }
        Ok(())
    }

    /// One split over the references and nobody, who comes last.
    fn split_with(&mut self, revenue: Money, unattributed: i128) -> Result<Money, Refused> {
        self.weights.push(unattributed.unsigned_abs());
        self.splitter.split(revenue, &self.weights, &mut self.parts)?;
        Ok(self.parts.pop().unwrap_or_default())
    }

    /// Nobody's share of the whole is taken first; the references share the rest.
    fn split_after(&mut self, revenue: Money, unattributed: i128) -> Result<Money, Refused> {
        let whole = Weight::ONE.units();
        self.splitter.split(revenue, &[(whole - unattributed).unsigned_abs(), unattributed.unsigned_abs()], &mut self.parts)?;
        let (rest, nobody) = (self.parts[0], self.parts[1]);
        self.splitter.split(rest, &self.weights, &mut self.parts)?;
        Ok(nobody)
    }
}

/// The first bytes of a reference, in its order: they nearly always decide, and no reference holds a 0.
fn head(reference: &str) -> u128 {
    let mut head = [0; 16];
    let count = reference.len().min(head.len());
    head[..count].copy_from_slice(&reference.as_bytes()[..count]);
    u128::from_be_bytes(head)
}

fn same_reference(a: &Entry<'_>, b: &Entry<'_>) -> bool {
    a.kind == b.kind && a.reference == b.reference
}

fn transformed(kind: AttributionKind, weight: Weight, highest: Weight) -> Result<Weight, Rejection> {
    match kind {
        AttributionKind::Share | AttributionKind::ScoreLinear | AttributionKind::CitationCount => Ok(weight),
        AttributionKind::ScoreSoftmax => Ok(transform::softmax(weight, highest)),
        AttributionKind::Rank => {
            transform::rank(weight).ok_or_else(|| Rejection::new(Code::BadWeight, "weight: a rank is a whole number from 1"))
        }
    }
}

/// What shares leave to nobody beyond what is given.
fn missing_share(merged: &[Merged], unattributed: i128) -> Result<i128, Rejection> {
    let total = merged.iter().map(|merged| merged.weight).sum::<i128>() + unattributed;
    let one = Weight::ONE.units();
    if total > one + TOLERANCE {
        let sentence = format!("entries: shares sum to {}, above 1.001", Weight::from_units(total));
        return Err(Rejection::new(Code::WeightsExceedOne, sentence));
    }
    Ok(if total < one - TOLERANCE { one - total } else { 0 })
}
