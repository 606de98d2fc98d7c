//! Accruals: sums assigned to cycles, as rows of `accruals`.

mod rows;

pub use rows::AccrualRows;

use crate::closed::{Assigned, Closing};
use crate::columns::{ColumnError, WordColumn, money_column};
use crate::fold::{Folded, Part, SummedRow, Sums, Target, Terms};
use crate::numbered::index;
use arrow_array::builder::{Int32Builder, StringBuilder};
use arrow_array::{ArrayRef, BooleanArray, DictionaryArray, Int64Array, RecordBatch, UInt32Array};
use arrow_schema::{Field, Schema, SchemaRef};
use arrow_select::take::take;
use farthing_schemas::money::MoneyError;
use farthing_schemas::registry::{AgreementIndex, MidIndex, PlatformIndex, Registry};
use farthing_schemas::tables::{self, Table};
use farthing_schemas::{Currency, Cycle, ReferenceKind, Status, Use};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

/// Rows of a batch of the table: few enough to stay in the processor's cache until they are encoded.
const ROWS: usize = 4096;

/// The table as it is made: texts that repeat are numbered, so that they are copied and looked up once.
static NUMBERED: LazyLock<SchemaRef> = LazyLock::new(|| {
    let schema = Table::Accruals.schema();
    let numbered = |field: &Arc<Field>| match field.name().as_str() {
        "cycle" | "party" => Arc::new(field.as_ref().clone().with_data_type(tables::word())),
        _ => field.clone(),
    };
    Arc::new(Schema::new(schema.fields().iter().map(numbered).collect::<Vec<_>>()))
});

/// Fewer lines than this are not worth row groups of their own.
const PART_LINES: usize = 64 << 10;

/// The terms of a row that was assigned to a cycle, in the order in which rows of one target stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct AssignedTerms {
    assigned: Assigned,
    agreement: Option<AgreementIndex>,
    mid: Option<MidIndex>,
    platform: PlatformIndex,
    currency: Currency,
    use_: Use,
    status: Status,
}

/// The lines of a batch, each assigned to a cycle.
#[derive(Debug)]
pub struct Assignment<'a> {
    folded: &'a Folded,
    registry: &'a Registry,
    /// Distinct and in order.
    terms: Vec<AssignedTerms>,
    /// Per number of terms in `folded`, the place of what it was assigned to.
    places: Vec<u32>,
}

/// Lines cannot be assigned, or not be summed.
#[derive(Debug, thiserror::Error)]
pub enum AssignError {
    /// A reversal undoes an event of a batch that is not known.
    #[error("a reversal undoes an event of batch {0}, which is not known")]
    NoSuchBatch(u64),
    /// The sums cannot be held.
    #[error("a sum of accruals cannot be held")]
    Overflow(#[from] MoneyError),
    /// Never, unless the table's schema and this code disagree.
    #[error("the accruals make no table")]
    Columns(#[from] ColumnError),
}

fn assign_terms(terms: &Terms, registry: &Registry, closing: &Closing<'_>) -> Result<AssignedTerms, AssignError> {
    let Terms { agreement, mid, platform, undoes, claimed, own, currency, use_, status } = *terms;
    let mid_id = mid_id(registry, mid.or(claimed.and_then(|claimed| claimed.with)));
    let assigned = match undoes {
        None => closing.closed.assign(mid_id, currency, own),
        Some(batch) => {
            let then = closing.of(batch).ok_or(AssignError::NoSuchBatch(batch))?;
            closing.closed.assign_reversal(then, mid_id, currency, own)
        }
    };
    let assigned = if claimed.is_some() { assigned.claimed() } else { assigned };
    Ok(AssignedTerms { assigned, agreement, mid, platform, currency, use_, status })
}

fn mid_id(registry: &Registry, mid: Option<MidIndex>) -> &str {
    mid.map_or("", |mid| registry.mid_id(mid))
}

impl<'a> Assignment<'a> {
    /// Assigns each line to a cycle by what is closed when its batch is committed.
    ///
    /// # Errors
    /// [`AssignError::NoSuchBatch`] if `closing` does not know an original's batch.
    pub fn of(folded: &'a Folded, registry: &'a Registry, closing: &Closing<'_>) -> Result<Assignment<'a>, AssignError> {
        let of_terms: Vec<AssignedTerms> =
            folded.terms.iter().map(|terms| assign_terms(terms, registry, closing)).collect::<Result<_, _>>()?;
        let terms: Vec<AssignedTerms> = of_terms.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
        let place = |of: &AssignedTerms| terms.binary_search(of).expect("among all");
        let places = of_terms.iter().map(|of| u32::try_from(place(of)).expect("fewer than 2^32 terms")).collect();
        Ok(Assignment { folded, registry, terms, places })
    }

    /// The cycles that rows are assigned to, in order.
    #[must_use]
    pub fn cycles(&self) -> BTreeSet<Cycle> {
        self.terms.iter().map(|terms| terms.assigned.cycle).collect()
    }

    /// The lines in parts, for so many threads that make [`Assignment::tables`] side by side; few lines stay together.
    #[must_use]
    pub fn parts(&self, threads: usize) -> Vec<Part<'a>> {
        self.folded.parts(threads, PART_LINES)
    }

    /// Sums up a part, and gives the rows of each cycle as batches of the table `accruals`, in order of target, then terms. They are made
    /// one after the other, so that each can be encoded while it is at hand; those of several cycles take turns.
    ///
    /// # Errors
    /// [`AssignError::Overflow`] beyond 128 bits, and what `put` says.
    pub fn tables<E: From<AssignError>>(
        &self,
        batch: u64,
        part: Part<'_>,
        mut put: impl FnMut(Cycle, RecordBatch) -> Result<(), E>,
    ) -> Result<(), E> {
        let columns = self.columns_of_terms();
        let table = |rows: &[SummedRow]| self.table(batch, &columns, rows).map_err(AssignError::from);
        let mut waiting: BTreeMap<Cycle, Vec<SummedRow>> = BTreeMap::new();
        for bucket in part.summed(&self.places) {
            for row in bucket.map_err(AssignError::from)? {
                let cycle = self.terms[index(row.place)].assigned.cycle;
                let rows = waiting.entry(cycle).or_default();
                rows.push(row);
                if rows.len() == ROWS {
                    put(cycle, table(rows)?)?;
                    rows.clear();
                }
            }
        }
        for (cycle, rows) in waiting.into_iter().filter(|(_, rows)| !rows.is_empty()) {
            put(cycle, table(&rows)?)?;
        }
        Ok(())
    }

    /// Gross and labour per currency: what a manifest says its batch adds up to.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] beyond 128 bits.
    pub fn totals(&self) -> Result<BTreeMap<Currency, Sums>, MoneyError> {
        let mut totals: BTreeMap<Currency, Sums> = BTreeMap::new();
        for (terms, sums) in self.folded.terms.iter().zip(self.folded.sums_of_terms()?) {
            totals.entry(terms.currency).or_default().add(sums)?;
        }
        Ok(totals)
    }

    fn reference(&self, target: Target) -> (&'static str, &str) {
        match target {
            Target::Nobody => ("", ""),
            Target::Party(party) => (ReferenceKind::Party.as_str(), self.registry.party_id(party)),
            Target::Unknown(place) => {
                let (kind, reference) = &self.folded.unknown[index(place)];
                (kind.as_str(), reference)
            }
        }
    }

    fn words<'t>(&'t self, word: impl Fn(&'t AssignedTerms) -> &'t str) -> ArrayRef {
        let mut column = WordColumn::default();
        self.terms.iter().for_each(|terms| column.push(word(terms)));
        column.finish()
    }

    /// What the terms say, a row for each: the rows of a table take theirs from here.
    fn columns_of_terms(&self) -> ColumnsOfTerms {
        let registry = self.registry;
        let (mut cycle, mut undone) = (WordColumn::default(), WordColumn::default());
        for terms in &self.terms {
            cycle.push(&terms.assigned.cycle.to_string());
            undone.push_option(terms.assigned.undone.map(|cycle| cycle.to_string()).as_deref());
        }
        ColumnsOfTerms {
            cycle: cycle.finish(),
            late: Arc::new(self.terms.iter().map(|terms| Some(terms.assigned.late)).collect::<BooleanArray>()),
            undone: undone.finish(),
            mid: self.words(|terms| mid_id(registry, terms.mid)),
            agreement: self.words(|terms| terms.agreement.map_or("", |agreement| registry.agreement_id(agreement))),
            platform: self.words(|terms| registry.platform_id(terms.platform)),
            use_: self.words(|terms| terms.use_.as_str()),
            currency: self.words(|terms| terms.currency.code()),
            status: self.words(|terms| terms.status.as_str()),
        }
    }

    fn table(&self, batch: u64, of_terms: &ColumnsOfTerms, rows: &[SummedRow]) -> Result<RecordBatch, ColumnError> {
        let number = i64::try_from(batch).expect("batches are below 2^63");
        let places = UInt32Array::from_iter_values(rows.iter().map(|row| row.place));
        let taken = |column: &ArrayRef| take(column, &places, None);
        let (mut kind, mut keys, mut parties) = (WordColumn::default(), Int32Builder::with_capacity(rows.len()), StringBuilder::new());
        // Rows of one target stand together.
        for (key, rows) in (0..).zip(rows.chunk_by(|row, next| row.target == next.target)) {
            let (kind_of, reference) = self.reference(rows[0].target);
            kind.push_run(kind_of, rows.len());
            keys.append_value_n(key, rows.len());
            parties.append_value(reference);
        }
        let columns: Vec<ArrayRef> = vec![
            Arc::new(Int64Array::from_value(number, rows.len())),
            taken(&of_terms.cycle)?,
            taken(&of_terms.late)?,
            taken(&of_terms.undone)?,
            kind.finish(),
            Arc::new(DictionaryArray::try_new(keys.finish(), Arc::new(parties.finish()))?),
            taken(&of_terms.mid)?,
            taken(&of_terms.agreement)?,
            taken(&of_terms.platform)?,
            taken(&of_terms.use_)?,
            taken(&of_terms.currency)?,
            taken(&of_terms.status)?,
            money_column(rows.iter().map(|row| row.sums.gross)),
            money_column(rows.iter().map(|row| row.sums.labour)),
        ];
        Ok(RecordBatch::try_new(NUMBERED.clone(), columns)?)
    }
}

/// What [`AssignedTerms`] say, as columns with one row for each place.
struct ColumnsOfTerms {
    cycle: ArrayRef,
    late: ArrayRef,
    undone: ArrayRef,
    mid: ArrayRef,
    agreement: ArrayRef,
    platform: ArrayRef,
    use_: ArrayRef,
    currency: ArrayRef,
    status: ArrayRef,
}
