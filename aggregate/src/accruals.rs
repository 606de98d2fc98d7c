//! Accruals: sums assigned to cycles, as rows of `accruals`.

use crate::again::UnknownReference;
use crate::closed::{Assigned, ClosedHistory, ClosedThrough};
use crate::columns::{ColumnError, Columns, WordColumn, Words, money_column, parsed};
use crate::fold::{LineKey, Sums, Target};
use arrow_array::builder::StringBuilder;
use arrow_array::{ArrayRef, BooleanArray, Decimal128Array, Int64Array, RecordBatch, StringArray};
use farthing_schemas::money::MoneyError;
use farthing_schemas::registry::{AgreementIndex, PlatformIndex, Registry};
use farthing_schemas::tables::Table;
use farthing_schemas::{Accrual, Currency, Cycle, Money, ReferenceKind, Status, Use, accrual::AccrualKey};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What gives the small integers of a batch their meaning.
#[derive(Clone, Copy)]
pub struct Names<'a> {
    /// The registry that the batch was metered with.
    pub registry: &'a Registry,
    /// The batch's table of unknown references.
    pub unknown: &'a [UnknownReference],
}

/// A key with the cycle it was assigned to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AssignedKey {
    /// The cycle, whether late, and what is undone.
    pub assigned: Assigned,
    agreement: Option<AgreementIndex>,
    target: Target,
    platform: PlatformIndex,
    currency: Currency,
    use_: Use,
    status: Status,
}

/// No batch has the number that a reversal names.
#[derive(Debug, thiserror::Error)]
pub enum AssignError {
    /// A reversal undoes an event of a batch that is not known.
    #[error("a reversal undoes an event of batch {0}, which is not known")]
    NoSuchBatch(u64),
    /// The sums cannot be held.
    #[error(transparent)]
    Overflow(#[from] MoneyError),
}

/// Assigns each sum to a cycle by what is closed now, in the order of the assigned keys; keys that meet there are added up.
///
/// # Errors
/// [`AssignError::NoSuchBatch`] if `history` does not know an original's batch.
pub fn assign(
    sums: &[(LineKey, Sums)],
    names: Names<'_>,
    closed: &ClosedThrough,
    history: &ClosedHistory,
) -> Result<Vec<(AssignedKey, Sums)>, AssignError> {
    let mut rows = Vec::with_capacity(sums.len());
    for (key, sum) in sums {
        let mid = mid_of(names, key.agreement);
        let assigned = match key.undoes {
            None => closed.assign(mid, key.currency, key.own),
            Some(batch) => {
                let then = history.of(batch).ok_or(AssignError::NoSuchBatch(batch))?;
                closed.assign_reversal(then, mid, key.currency, key.own)
            }
        };
        let LineKey { agreement, target, platform, currency, use_, status, .. } = *key;
        rows.push((AssignedKey { assigned, agreement, target, platform, currency, use_, status }, *sum));
    }
    if names.unknown.is_empty() {
        rows.sort_unstable_by_key(|(key, _)| *key);
    } else {
        let ranks = ranks(names.unknown);
        rows.sort_by_cached_key(|(key, _)| AssignedKey { target: ranked(key.target, &ranks), ..*key });
    }
    merge_equal(rows)
}

/// Per place in the table of unknown references, its place by name: rows must not stand in the order in which names were met.
fn ranks(unknown: &[UnknownReference]) -> Vec<u32> {
    let mut order: Vec<usize> = (0..unknown.len()).collect();
    order.sort_unstable_by_key(|at| &unknown[*at]);
    let mut ranks = vec![0; unknown.len()];
    for (rank, at) in (0..).zip(order) {
        ranks[at] = rank;
    }
    ranks
}

fn ranked(target: Target, ranks: &[u32]) -> Target {
    match target {
        Target::Unknown(at) => Target::Unknown(usize::try_from(at).ok().and_then(|at| ranks.get(at)).copied().unwrap_or(at)),
        other => other,
    }
}

fn merge_equal(rows: Vec<(AssignedKey, Sums)>) -> Result<Vec<(AssignedKey, Sums)>, AssignError> {
    let mut merged: Vec<(AssignedKey, Sums)> = Vec::with_capacity(rows.len());
    for (key, sum) in rows {
        match merged.last_mut() {
            Some((last, sums)) if *last == key => {
                *sums = Sums { gross: sums.gross.plus(sum.gross)?, labour: sums.labour.plus(sum.labour)? };
            }
            _ => merged.push((key, sum)),
        }
    }
    Ok(merged)
}

fn mid_of(names: Names<'_>, agreement: Option<AgreementIndex>) -> &str {
    agreement.map_or("", |agreement| names.registry.mid_id(names.registry.agreement_terms(agreement).mid))
}

/// The rows of each cycle as a batch of the table `accruals`; rows are ordered by cycle, as [`assign`] leaves them.
///
/// # Errors
/// [`ColumnError::Arrow`] never, unless the schema and this function disagree.
pub fn tables(batch: u64, rows: &[(AssignedKey, Sums)], names: Names<'_>) -> Result<Vec<(Cycle, RecordBatch)>, ColumnError> {
    let of_one_cycle = rows.chunk_by(|(a, _), (b, _)| a.assigned.cycle == b.assigned.cycle);
    of_one_cycle.map(|rows| Ok((rows[0].0.assigned.cycle, table(batch, rows, names)?))).collect()
}

fn table(batch: u64, rows: &[(AssignedKey, Sums)], names: Names<'_>) -> Result<RecordBatch, ColumnError> {
    let mut undone = WordColumn::default();
    let mut words: [WordColumn; 7] = Default::default();
    let mut party = StringBuilder::new();
    for (key, _) in rows {
        undone.push_option(key.assigned.undone.map(|cycle| cycle.to_string()).as_deref());
        let (kind, reference) = reference_of(key.target, names);
        party.append_value(reference);
        let agreement = key.agreement.map_or("", |agreement| names.registry.agreement_id(agreement));
        let platform = names.registry.platform_id(key.platform);
        let (currency, use_, status) = (key.currency.code(), key.use_.as_str(), key.status.as_str());
        let values = [kind, mid_of(names, key.agreement), agreement, platform, use_, currency, status];
        for (column, value) in words.iter_mut().zip(values) {
            column.push(value);
        }
    }
    let number = i64::try_from(batch).expect("batches are below 2^63");
    let [kind, mid, agreement, platform, use_, currency, status] = words.each_mut().map(WordColumn::finish);
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from_value(number, rows.len())),
        Arc::new(StringArray::from_iter_values(rows.iter().map(|(key, _)| key.assigned.cycle.to_string()))),
        Arc::new(rows.iter().map(|(key, _)| Some(key.assigned.late)).collect::<BooleanArray>()),
        undone.finish(),
        kind,
        Arc::new(party.finish()),
        mid,
        agreement,
        platform,
        use_,
        currency,
        status,
        money_column(rows.iter().map(|(_, sums)| sums.gross)),
        money_column(rows.iter().map(|(_, sums)| sums.labour)),
    ];
    Ok(RecordBatch::try_new(Table::Accruals.schema(), columns)?)
}

fn reference_of(target: Target, names: Names<'_>) -> (&'static str, &str) {
    match target {
        Target::Nobody => ("", ""),
        Target::Party(party) => (ReferenceKind::Party.as_str(), names.registry.party_id(party)),
        Target::Unknown(at) => {
            let known = usize::try_from(at).ok().and_then(|at| names.unknown.get(at));
            known.map_or(("", ""), |(kind, reference)| (kind.as_str(), reference))
        }
    }
}

/// Rows of `accruals`, read back.
pub struct AccrualRows<'a> {
    batch: &'a Int64Array,
    cycle: &'a StringArray,
    late: &'a BooleanArray,
    undone: Words<'a>,
    reference_kind: Words<'a>,
    party: &'a StringArray,
    words: [Words<'a>; 3],
    use_: Words<'a>,
    currency: Words<'a>,
    status: Words<'a>,
    gross: &'a Decimal128Array,
    labour: &'a Decimal128Array,
}

impl<'a> AccrualRows<'a> {
    /// The rows of a batch read from the archive.
    ///
    /// # Errors
    /// [`ColumnError::Unexpected`] if it is not of the table's schema.
    pub fn of(batch: &'a RecordBatch) -> Result<AccrualRows<'a>, ColumnError> {
        let columns = Columns(batch);
        Ok(AccrualRows {
            batch: columns.whole("batch")?,
            cycle: columns.text("cycle")?,
            late: columns.flags("late")?,
            undone: columns.words("undone")?,
            reference_kind: columns.words("reference_kind")?,
            party: columns.text("party")?,
            words: [columns.words("mid")?, columns.words("agreement")?, columns.words("platform")?],
            use_: columns.words("use")?,
            currency: columns.words("currency")?,
            status: columns.words("status")?,
            gross: columns.decimals("gross")?,
            labour: columns.decimals("labour")?,
        })
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.batch.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The batch that a row sums up.
    #[must_use]
    pub fn batch(&self, row: usize) -> u64 {
        u64::try_from(self.batch.value(row)).unwrap_or(u64::MAX)
    }

    /// A row.
    ///
    /// # Errors
    /// [`ColumnError::Value`] if a word stands there that no accrual can have.
    pub fn accrual(&self, row: usize) -> Result<Accrual, ColumnError> {
        let kind = self.reference_kind.at(row);
        Ok(Accrual {
            cycle: parsed("cycle", self.cycle.value(row))?,
            late: self.late.value(row),
            undone: self.undone.get(row).map(|cycle| parsed("undone", cycle)).transpose()?,
            key: AccrualKey {
                reference_kind: if kind.is_empty() { None } else { Some(parsed("reference_kind", kind)?) },
                party: self.party.value(row).to_owned(),
                mid: self.words[0].at(row).to_owned(),
                agreement: self.words[1].at(row).to_owned(),
                platform: self.words[2].at(row).to_owned(),
                use_: parsed("use", self.use_.at(row))?,
                currency: parsed("currency", self.currency.at(row))?,
                status: parsed("status", self.status.at(row))?,
            },
            gross: Money::from_units(self.gross.value(row)),
            labour: Money::from_units(self.labour.value(row)),
        })
    }
}

/// Gross and labour per currency: what a manifest says its batch adds up to.
///
/// # Errors
/// [`MoneyError::Overflow`] beyond 128 bits.
pub fn totals(rows: &[(AssignedKey, Sums)]) -> Result<BTreeMap<Currency, Sums>, MoneyError> {
    let mut totals: BTreeMap<Currency, Sums> = BTreeMap::new();
    for (key, sums) in rows {
        let total = totals.entry(key.currency).or_default();
        *total = Sums { gross: total.gross.plus(sums.gross)?, labour: total.labour.plus(sums.labour)? };
    }
    Ok(totals)
}
