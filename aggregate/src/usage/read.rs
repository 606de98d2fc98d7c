//! Reading rows of `usage` back as events.

use super::{CLAIM, Origin, Place, REVERSAL};
use crate::columns::{ColumnError, Columns, Words, field_text, field_words, parsed, text_at, time_at};
use crate::identity::Digest;
use arrow_array::cast::AsArray;
use arrow_array::types::{Decimal128Type, Int64Type};
use arrow_array::{
    Array, BooleanArray, Decimal128Array, FixedSizeBinaryArray, Int64Array, ListArray, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use farthing_schemas::event::{Attribution, AttributionKind, Body, Entry, Event, Reversal, Usage};
use farthing_schemas::{Currency, Instant, Money, Weight};
use std::borrow::Cow;

/// Rows of `usage`, read back as events.
pub struct UsageRows<'a> {
    partition: Words<'a>,
    batch: &'a Int64Array,
    row: &'a Int64Array,
    position: &'a Int64Array,
    source: &'a StringArray,
    id: &'a StringArray,
    time: &'a TimestampMicrosecondArray,
    platform: Words<'a>,
    use_: Words<'a>,
    model: Words<'a>,
    output: &'a StringArray,
    revenue: &'a Decimal128Array,
    currency: Words<'a>,
    rated: &'a BooleanArray,
    counts: &'a ListArray,
    units: &'a StringArray,
    numbers: &'a Int64Array,
    method: Words<'a>,
    method_version: Words<'a>,
    kind: Words<'a>,
    transform: Words<'a>,
    unattributed: &'a Decimal128Array,
    entries: &'a ListArray,
    entry_kind: Words<'a>,
    reference: &'a StringArray,
    weight: &'a Decimal128Array,
    content_hash: &'a StringArray,
    role: &'a StringArray,
    consent_receipt: &'a StringArray,
    reverses_source: &'a StringArray,
    reverses_id: &'a StringArray,
    reverses_time: &'a TimestampMicrosecondArray,
    reverses_batch: &'a Int64Array,
    reverses_row: &'a Int64Array,
    reason: &'a StringArray,
    identity: &'a FixedSizeBinaryArray,
    says: &'a FixedSizeBinaryArray,
    registry_version: &'a Int64Array,
}

impl<'a> UsageRows<'a> {
    /// The rows of a batch read from the archive.
    ///
    /// # Errors
    /// [`ColumnError::Unexpected`] if it is not of the table's schema.
    pub fn of(batch: &'a RecordBatch) -> Result<UsageRows<'a>, ColumnError> {
        let columns = Columns(batch);
        let (counts, counted) = columns.lists("counts")?;
        let (entries, entry) = columns.lists("entries")?;
        let missing = |name: &str| ColumnError::Unexpected(name.to_owned());
        Ok(UsageRows {
            partition: columns.words("partition")?,
            batch: columns.whole("batch")?,
            row: columns.whole("row")?,
            position: columns.whole("position")?,
            source: columns.text("source")?,
            id: columns.text("id")?,
            time: columns.times("time")?,
            platform: columns.words("platform")?,
            use_: columns.words("use")?,
            model: columns.words("model")?,
            output: columns.text("output")?,
            revenue: columns.decimals("revenue")?,
            currency: columns.words("currency")?,
            rated: columns.flags("rated")?,
            counts,
            units: field_text(counted, "unit")?,
            numbers: counted
                .column_by_name("count")
                .and_then(|array| array.as_primitive_opt::<Int64Type>())
                .ok_or_else(|| missing("count"))?,
            method: columns.words("method")?,
            method_version: columns.words("method_version")?,
            kind: columns.words("kind")?,
            transform: columns.words("transform")?,
            unattributed: columns.decimals("unattributed")?,
            entries,
            entry_kind: field_words(entry, "reference_kind")?,
            reference: field_text(entry, "reference")?,
            weight: entry
                .column_by_name("weight")
                .and_then(|array| array.as_primitive_opt::<Decimal128Type>())
                .ok_or_else(|| missing("weight"))?,
            content_hash: field_text(entry, "content_hash")?,
            role: field_text(entry, "role")?,
            consent_receipt: field_text(entry, "consent_receipt")?,
            reverses_source: columns.text("reverses_source")?,
            reverses_id: columns.text("reverses_id")?,
            reverses_time: columns.times("reverses_time")?,
            reverses_batch: columns.whole("reverses_batch")?,
            reverses_row: columns.whole("reverses_row")?,
            reason: columns.text("reason")?,
            identity: columns.digests("identity")?,
            says: columns.digests("says")?,
            registry_version: columns.whole("registry_version")?,
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

    /// Where a row's event came from.
    #[must_use]
    pub fn origin(&self, row: usize) -> Origin<'a> {
        Origin { partition: self.partition.at(row), position: unsigned(self.position.value(row)) }
    }

    /// Where the row stands.
    #[must_use]
    pub fn place(&self, row: usize) -> Place {
        Place { batch: unsigned(self.batch.value(row)), row: u32::try_from(self.row.value(row)).unwrap_or(u32::MAX) }
    }

    /// Where the original stands that a reversal undoes; for a claim, where that stands upon which it is made.
    #[must_use]
    pub fn reverses(&self, row: usize) -> Option<Place> {
        let known = self.reverses_batch.is_valid(row) && self.reverses_row.is_valid(row);
        let place = || Place {
            batch: unsigned(self.reverses_batch.value(row)),
            row: u32::try_from(self.reverses_row.value(row)).unwrap_or(u32::MAX),
        };
        known.then(place)
    }

    /// Whether the row is a claim, which moves lines of the event that it names and undoes none.
    #[must_use]
    pub fn is_claim(&self, row: usize) -> bool {
        self.use_.at(row) == CLAIM
    }

    /// The registry version that the row was metered with.
    #[must_use]
    pub fn registry_version(&self, row: usize) -> u64 {
        unsigned(self.registry_version.value(row))
    }

    /// The identity's digest as it was archived.
    #[must_use]
    pub fn identity(&self, row: usize) -> Digest {
        digest(self.identity, row)
    }

    /// The digest of what the event says, as it was archived.
    #[must_use]
    pub fn says(&self, row: usize) -> Digest {
        digest(self.says, row)
    }

    /// The revenue, given or rated.
    #[must_use]
    pub fn revenue(&self, row: usize) -> Option<Money> {
        self.revenue.is_valid(row).then(|| Money::from_units(self.revenue.value(row)))
    }

    /// The event of a row, with the revenue missing where it was rated, so that rating is computed again. A claim names its event as a
    /// reversal does: [`UsageRows::is_claim`] tells them apart.
    ///
    /// # Errors
    /// [`ColumnError::Value`] if a word stands there that no event can have.
    pub fn event(&self, row: usize) -> Result<Event<'a>, ColumnError> {
        let body = match self.use_.at(row) {
            REVERSAL | CLAIM => Body::Reversal(self.reversal(row)),
            _ => Body::Usage(self.usage(row)?),
        };
        Ok(Event {
            source: self.source.value(row).into(),
            id: self.id.value(row).into(),
            time: Instant::from_micros(self.time.value(row)),
            platform: self.platform.at(row).into(),
            model: self.model.get(row).map(Cow::Borrowed),
            output: text_at(self.output, row).map(Cow::Borrowed),
            body,
        })
    }

    fn reversal(&self, row: usize) -> Reversal<'a> {
        Reversal {
            source: text_at(self.reverses_source, row).unwrap_or_default().into(),
            id: text_at(self.reverses_id, row).unwrap_or_default().into(),
            time: time_at(self.reverses_time, row),
            reason: text_at(self.reason, row).map(Cow::Borrowed),
        }
    }

    fn usage(&self, row: usize) -> Result<Usage<'a>, ColumnError> {
        let currency: Currency = parsed("currency", self.currency.at(row))?;
        let given = self.revenue.is_valid(row) && !(self.rated.is_valid(row) && self.rated.value(row));
        Ok(Usage {
            use_: parsed("use", self.use_.at(row))?,
            counts: items(self.counts, row).map(|at| (self.units.value(at).into(), unsigned(self.numbers.value(at)))).collect(),
            revenue: given.then(|| (Money::from_units(self.revenue.value(row)), currency)),
            attribution: self.attribution(row)?,
        })
    }

    fn attribution(&self, row: usize) -> Result<Attribution<'a>, ColumnError> {
        let entries = items(self.entries, row).map(|at| self.entry(at)).collect::<Result<Vec<_>, _>>()?;
        Ok(Attribution {
            method: self.method.get(row).map(Cow::Borrowed),
            method_version: self.method_version.get(row).map(Cow::Borrowed),
            kind: attribution_kind(self.kind.at(row), self.transform.get(row))?,
            entries,
            unattributed: self.unattributed.is_valid(row).then(|| Weight::from_units(self.unattributed.value(row))),
        })
    }

    fn entry(&self, at: usize) -> Result<Entry<'a>, ColumnError> {
        Ok(Entry {
            kind: parsed("entries.reference_kind", self.entry_kind.at(at))?,
            reference: self.reference.value(at).into(),
            weight: Weight::from_units(self.weight.value(at)),
            content_hash: text_at(self.content_hash, at).map(Cow::Borrowed),
            role: text_at(self.role, at).map(Cow::Borrowed),
            consent_receipt: text_at(self.consent_receipt, at).map(Cow::Borrowed),
        })
    }
}

fn items(lists: &ListArray, row: usize) -> std::ops::Range<usize> {
    let offsets = lists.value_offsets();
    let at = |offset: i32| usize::try_from(offset).unwrap_or(0);
    at(offsets[row])..at(offsets[row + 1])
}

/// Batches, rows, positions and versions are never negative in a file that we wrote; another file gives a number that fits nothing.
fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(u64::MAX)
}

fn digest(column: &FixedSizeBinaryArray, row: usize) -> Digest {
    Digest(column.value(row).try_into().expect("a column of digests has 16 bytes a row"))
}

fn attribution_kind(kind: &str, transform: Option<&str>) -> Result<AttributionKind, ColumnError> {
    match (kind, transform) {
        ("share", _) => Ok(AttributionKind::Share),
        ("score", Some("linear")) => Ok(AttributionKind::ScoreLinear),
        ("score", Some("softmax")) => Ok(AttributionKind::ScoreSoftmax),
        ("rank", _) => Ok(AttributionKind::Rank),
        ("citation_count", _) => Ok(AttributionKind::CitationCount),
        _ => Err(ColumnError::Value { column: "kind", value: kind.to_owned() }),
    }
}
