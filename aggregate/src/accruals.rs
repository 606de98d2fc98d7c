//! Accruals: sums assigned to cycles, as rows of `accruals`.

use crate::closed::{Assigned, ClosedHistory, ClosedThrough};
use crate::columns::{ColumnError, Columns, WordColumn, Words, money_column, parsed};
use crate::fold::{Folded, Sums, Target, Terms};
use arrow_array::builder::StringBuilder;
use arrow_array::{ArrayRef, BooleanArray, Decimal128Array, Int64Array, RecordBatch, StringArray, UInt64Array};
use arrow_select::take::take;
use farthing_schemas::money::MoneyError;
use farthing_schemas::registry::{AgreementIndex, MidIndex, PlatformIndex, Registry};
use farthing_schemas::tables::Table;
use farthing_schemas::{Accrual, Currency, Cycle, Money, ReferenceKind, Status, Use, accrual::AccrualKey};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Rows of a batch of the table: few enough to stay in the processor's cache until they are encoded.
const ROWS: usize = 4096;

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

#[derive(Clone, Copy, Debug)]
struct AssignedRow {
    target: Target,
    /// The place of its terms.
    terms: usize,
    sums: Sums,
}

/// The sums of a batch, each assigned to a cycle.
#[derive(Debug)]
pub struct Assignment<'a> {
    folded: &'a Folded,
    registry: &'a Registry,
    /// Distinct and in order.
    terms: Vec<AssignedTerms>,
    /// Per cycle, its rows by target, then terms.
    cycles: Vec<(Cycle, Vec<AssignedRow>)>,
}

/// A sum cannot be assigned.
#[derive(Debug, thiserror::Error)]
pub enum AssignError {
    /// A reversal undoes an event of a batch that is not known.
    #[error("a reversal undoes an event of batch {0}, which is not known")]
    NoSuchBatch(u64),
    /// The sums cannot be held.
    #[error("a sum of accruals cannot be held")]
    Overflow(#[from] MoneyError),
}

/// The rows of each cycle by target, then terms; `places` has the place of each number of terms among `terms`.
fn rows_by_cycle(folded: &Folded, terms: &[AssignedTerms], places: &[usize]) -> Result<Vec<(Cycle, Vec<AssignedRow>)>, MoneyError> {
    let cycles: BTreeSet<Cycle> = terms.iter().map(|terms| terms.assigned.cycle).collect();
    let mut rows: Vec<(Cycle, Vec<AssignedRow>)> = cycles.into_iter().map(|cycle| (cycle, Vec::new())).collect();
    let at = |cycle: Cycle, rows: &[(Cycle, Vec<AssignedRow>)]| rows.partition_point(|(of_rows, _)| *of_rows < cycle);
    let cycle_of: Vec<usize> = terms.iter().map(|terms| at(terms.assigned.cycle, &rows)).collect();
    let mut same_target: Vec<AssignedRow> = Vec::new();
    let mut folded = folded.rows().peekable();
    while let Some((target, number, sums)) = folded.next() {
        same_target.push(AssignedRow { target, terms: places[usize::try_from(number).expect("an index")], sums });
        if folded.peek().is_some_and(|(next, _, _)| *next == target) {
            continue;
        }
        same_target.sort_by_key(|row| row.terms);
        for row in same_target.drain(..) {
            let (_, rows) = &mut rows[cycle_of[row.terms]];
            match rows.last_mut() {
                Some(last) if (last.target, last.terms) == (row.target, row.terms) => last.sums.add(row.sums)?,
                _ => rows.push(row),
            }
        }
    }
    Ok(rows)
}

fn assign_terms(terms: &Terms, registry: &Registry, closed: &ClosedThrough, history: &ClosedHistory) -> Result<AssignedTerms, AssignError> {
    let Terms { agreement, mid, platform, undoes, own, currency, use_, status } = *terms;
    let mid_id = mid_id(registry, mid);
    let assigned = match undoes {
        None => closed.assign(mid_id, currency, own),
        Some(batch) => {
            let then = history.of(batch).ok_or(AssignError::NoSuchBatch(batch))?;
            closed.assign_reversal(then, mid_id, currency, own)
        }
    };
    Ok(AssignedTerms { assigned, agreement, mid, platform, currency, use_, status })
}

fn mid_id(registry: &Registry, mid: Option<MidIndex>) -> &str {
    mid.map_or("", |mid| registry.mid_id(mid))
}

impl<'a> Assignment<'a> {
    /// Assigns each sum to a cycle by what is closed now; sums that meet there are added up.
    ///
    /// # Errors
    /// [`AssignError::NoSuchBatch`] if `history` does not know an original's batch.
    pub fn of(
        folded: &'a Folded,
        registry: &'a Registry,
        closed: &ClosedThrough,
        history: &ClosedHistory,
    ) -> Result<Assignment<'a>, AssignError> {
        let of_terms: Vec<AssignedTerms> =
            folded.terms.iter().map(|terms| assign_terms(terms, registry, closed, history)).collect::<Result<_, _>>()?;
        let terms: Vec<AssignedTerms> = of_terms.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
        let place = |of: &AssignedTerms| terms.binary_search(of).expect("among all");
        let places: Vec<usize> = of_terms.iter().map(place).collect();
        let cycles = rows_by_cycle(folded, &terms, &places)?;
        Ok(Assignment { folded, registry, terms, cycles })
    }

    /// The rows of each cycle as batches of the table `accruals`, made as they are asked for: so each is encoded while it is at hand.
    pub fn tables(&self, batch: u64) -> impl Iterator<Item = (Cycle, CycleRows<'_>)> {
        let of_terms = Arc::new(self.columns_of_terms());
        self.cycles
            .iter()
            .map(move |(cycle, rows)| (*cycle, CycleRows { batch, assignment: self, of_terms: of_terms.clone(), rows: rows.chunks(ROWS) }))
    }

    /// Gross and labour per currency: what a manifest says its batch adds up to.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] beyond 128 bits.
    pub fn totals(&self) -> Result<BTreeMap<Currency, Sums>, MoneyError> {
        let mut of_terms = vec![Sums::default(); self.terms.len()];
        for row in self.cycles.iter().flat_map(|(_, rows)| rows) {
            of_terms[row.terms].add(row.sums)?;
        }
        let mut totals: BTreeMap<Currency, Sums> = BTreeMap::new();
        for (terms, sums) in self.terms.iter().zip(of_terms) {
            totals.entry(terms.currency).or_default().add(sums)?;
        }
        Ok(totals)
    }

    fn reference(&self, target: Target) -> (&'static str, &str) {
        match target {
            Target::Nobody => ("", ""),
            Target::Party(party) => (ReferenceKind::Party.as_str(), self.registry.party_id(party)),
            Target::Unknown(place) => {
                let (kind, reference) = &self.folded.unknown[usize::try_from(place).expect("an index")];
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
        let mut undone = WordColumn::default();
        for terms in &self.terms {
            undone.push_option(terms.assigned.undone.map(|cycle| cycle.to_string()).as_deref());
        }
        ColumnsOfTerms {
            cycle: Arc::new(StringArray::from_iter_values(self.terms.iter().map(|terms| terms.assigned.cycle.to_string()))),
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
}

/// The rows of one cycle, in batches of the table.
pub struct CycleRows<'a> {
    batch: u64,
    assignment: &'a Assignment<'a>,
    of_terms: Arc<ColumnsOfTerms>,
    rows: std::slice::Chunks<'a, AssignedRow>,
}

impl Iterator for CycleRows<'_> {
    /// An error never, unless the schema and this code disagree.
    type Item = Result<RecordBatch, ColumnError>;

    fn next(&mut self) -> Option<Result<RecordBatch, ColumnError>> {
        self.rows.next().map(|rows| self.table(rows))
    }
}

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

impl CycleRows<'_> {
    fn table(&self, rows: &[AssignedRow]) -> Result<RecordBatch, ColumnError> {
        let number = i64::try_from(self.batch).expect("batches are below 2^63");
        let places = UInt64Array::from_iter_values(rows.iter().map(|row| u64::try_from(row.terms).expect("an index")));
        let taken = |column: &ArrayRef| take(column, &places, None);
        let mut kind = WordColumn::default();
        let mut party = StringBuilder::new();
        for row in rows {
            let (kind_of, reference) = self.assignment.reference(row.target);
            kind.push(kind_of);
            party.append_value(reference);
        }
        let of_terms = &self.of_terms;
        let columns: Vec<ArrayRef> = vec![
            Arc::new(Int64Array::from_value(number, rows.len())),
            taken(&of_terms.cycle)?,
            taken(&of_terms.late)?,
            taken(&of_terms.undone)?,
            kind.finish(),
            Arc::new(party.finish()),
            taken(&of_terms.mid)?,
            taken(&of_terms.agreement)?,
            taken(&of_terms.platform)?,
            taken(&of_terms.use_)?,
            taken(&of_terms.currency)?,
            taken(&of_terms.status)?,
            money_column(rows.iter().map(|row| row.sums.gross)),
            money_column(rows.iter().map(|row| row.sums.labour)),
        ];
        Ok(RecordBatch::try_new(Table::Accruals.schema(), columns)?)
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

    /// The words of a row's key, in the order of [`AccrualKey`].
    #[must_use]
    pub fn words(&self, row: usize) -> [&'a str; 8] {
        let [mid, agreement, platform] = self.words.map(|words| words.at(row));
        let (kind, party) = (self.reference_kind.at(row), self.party.value(row));
        [kind, party, mid, agreement, platform, self.use_.at(row), self.currency.at(row), self.status.at(row)]
    }

    /// The cycle of a row, whether it is late, and what it undoes.
    ///
    /// # Errors
    /// [`ColumnError::Value`] if no cycle stands there.
    pub fn assigned(&self, row: usize) -> Result<Assigned, ColumnError> {
        let undone = self.undone.get(row).map(|cycle| parsed("undone", cycle)).transpose()?;
        Ok(Assigned { cycle: parsed("cycle", self.cycle.value(row))?, late: self.late.value(row), undone })
    }

    /// Gross and labour of a row.
    #[must_use]
    pub fn sums(&self, row: usize) -> Sums {
        Sums { gross: Money::from_units(self.gross.value(row)), labour: Money::from_units(self.labour.value(row)) }
    }

    /// A row.
    ///
    /// # Errors
    /// [`ColumnError::Value`] if a word stands there that no accrual can have.
    pub fn accrual(&self, row: usize) -> Result<Accrual, ColumnError> {
        let kind = self.reference_kind.at(row);
        let Sums { gross, labour } = self.sums(row);
        let Assigned { cycle, late, undone } = self.assigned(row)?;
        Ok(Accrual {
            cycle,
            late,
            undone,
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
            gross,
            labour,
        })
    }
}
