//! Rows of `accruals`, read back.

use crate::closed::Assigned;
use crate::columns::{ColumnError, Columns, Words, parsed};
use crate::fold::Sums;
use arrow_array::{BooleanArray, Decimal128Array, Int64Array, RecordBatch};
use farthing_schemas::accrual::AccrualKey;
use farthing_schemas::{Accrual, Money};

/// Rows of `accruals`, read back.
pub struct AccrualRows<'a> {
    batch: &'a Int64Array,
    cycle: Words<'a>,
    late: &'a BooleanArray,
    undone: Words<'a>,
    reference_kind: Words<'a>,
    party: Words<'a>,
    words: [Words<'a>; 3],
    use_: Words<'a>,
    currency: Words<'a>,
    status: Words<'a>,
    gross: &'a Decimal128Array,
    labour: &'a Decimal128Array,
}

impl<'a> AccrualRows<'a> {
    /// The rows of a batch read from the archive, or made by [`super::Assignment::tables`].
    ///
    /// # Errors
    /// [`ColumnError::Unexpected`] if it is not of the table's schema.
    pub fn of(batch: &'a RecordBatch) -> Result<AccrualRows<'a>, ColumnError> {
        let columns = Columns(batch);
        Ok(AccrualRows {
            batch: columns.whole("batch")?,
            cycle: columns.words("cycle")?,
            late: columns.flags("late")?,
            undone: columns.words("undone")?,
            reference_kind: columns.words("reference_kind")?,
            party: columns.words("party")?,
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
        let (kind, party) = (self.reference_kind.at(row), self.party.at(row));
        [kind, party, mid, agreement, platform, self.use_.at(row), self.currency.at(row), self.status.at(row)]
    }

    /// The cycle of a row, whether it is late, and what it undoes.
    ///
    /// # Errors
    /// [`ColumnError::Value`] if no cycle stands there.
    pub fn assigned(&self, row: usize) -> Result<Assigned, ColumnError> {
        let undone = self.undone.get(row).map(|cycle| parsed("undone", cycle)).transpose()?;
        Ok(Assigned { cycle: parsed("cycle", self.cycle.at(row))?, late: self.late.value(row), undone })
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
                party: self.party.at(row).to_owned(),
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
