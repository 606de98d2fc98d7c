//! Building rows of `usage` from events.

use super::{CLAIM, Origin, Place, REVERSAL};
use crate::Outcome;
use crate::columns::{ColumnError, RareText, WordColumn};
use crate::identity::Digest;
use arrow_array::builder::{
    ArrayBuilder, BooleanBuilder, Decimal128Builder, FixedSizeBinaryBuilder, Int64Builder, StringBuilder, TimestampMicrosecondBuilder,
};
use arrow_array::{Array, ArrayRef, Int64Array, ListArray, RecordBatch, StructArray};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_schema::{DataType, Field, Fields, Schema, SchemaRef};
use farthing_schemas::event::{Body, Entry, Event, Reversal, Usage};
use farthing_schemas::tables::{self, Table};
use farthing_schemas::{Instant, Weight};
use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

/// The columns that only the batch knows: they are added when rows join it.
const OF_BATCH: [&str; 5] = ["batch", "row", "reverses_batch", "reverses_row", "registry_version"];

/// What decoded events give of `usage`: all columns but those of the batch.
static DECODED: LazyLock<SchemaRef> = LazyLock::new(|| {
    let all = Table::Usage.schema();
    let kept: Vec<_> = all.fields().iter().filter(|field| !OF_BATCH.contains(&field.name().as_str())).cloned().collect();
    Arc::new(Schema::new(kept))
});

/// Builds rows of `usage` from events.
pub struct UsageBuilder {
    partition: WordColumn,
    position: Int64Builder,
    source: StringBuilder,
    id: StringBuilder,
    time: TimestampMicrosecondBuilder,
    platform: WordColumn,
    use_: WordColumn,
    model: WordColumn,
    output: RareText,
    revenue: Decimal128Builder,
    currency: WordColumn,
    rated: BooleanBuilder,
    counts: Counts,
    method: WordColumn,
    method_version: WordColumn,
    kind: WordColumn,
    transform: WordColumn,
    unattributed: Decimal128Builder,
    entries: Entries,
    reverses_source: RareText,
    reverses_id: RareText,
    reverses_time: TimestampMicrosecondBuilder,
    reason: RareText,
    identity: FixedSizeBinaryBuilder,
    says: FixedSizeBinaryBuilder,
}

impl Default for UsageBuilder {
    fn default() -> UsageBuilder {
        let decimal = || Decimal128Builder::new().with_data_type(tables::decimal());
        let time = || TimestampMicrosecondBuilder::new().with_data_type(tables::instant());
        UsageBuilder {
            partition: WordColumn::default(),
            position: Int64Builder::new(),
            source: StringBuilder::new(),
            id: StringBuilder::new(),
            time: time(),
            platform: WordColumn::default(),
            use_: WordColumn::default(),
            model: WordColumn::default(),
            output: RareText::default(),
            revenue: decimal(),
            currency: WordColumn::default(),
            rated: BooleanBuilder::new(),
            counts: Counts::default(),
            method: WordColumn::default(),
            method_version: WordColumn::default(),
            kind: WordColumn::default(),
            transform: WordColumn::default(),
            unattributed: decimal(),
            entries: Entries::default(),
            reverses_source: RareText::default(),
            reverses_id: RareText::default(),
            reverses_time: time(),
            reason: RareText::default(),
            identity: FixedSizeBinaryBuilder::new(16),
            says: FixedSizeBinaryBuilder::new(16),
        }
    }
}

impl UsageBuilder {
    /// Appends a valid event; a usage event with its outcome, a reversal with none.
    pub fn push(&mut self, origin: Origin<'_>, event: &Event<'_>, identity: Digest, says: Digest, outcome: Option<&Outcome>) {
        self.push_head(origin, event, identity, says, outcome);
        match &event.body {
            Body::Usage(usage) => self.push_usage(usage),
            Body::Reversal(reversal) => self.push_naming(REVERSAL, reversal),
        }
    }

    fn push_head(&mut self, origin: Origin<'_>, event: &Event<'_>, identity: Digest, says: Digest, outcome: Option<&Outcome>) {
        self.partition.push(origin.partition);
        self.position.append_value(i64::try_from(origin.position).expect("positions are below 2^63"));
        self.source.append_value(&event.source);
        self.id.append_value(&event.id);
        self.time.append_value(event.time.micros());
        self.platform.push(&event.platform);
        self.model.push_option(event.model.as_deref());
        self.output.push(event.output.as_deref());
        self.identity.append_value(identity.0).expect("a digest is 16 bytes");
        self.says.append_value(says.0).expect("a digest is 16 bytes");
        self.revenue.append_option(outcome.map(|outcome| outcome.revenue.units()));
        self.currency.push_option(outcome.map(|outcome| outcome.currency.code()));
        self.rated.append_option(outcome.map(|outcome| outcome.rated));
    }

    /// Appends a claim, whose event names another as a reversal does.
    pub fn push_claim(&mut self, origin: Origin<'_>, claim: &Event<'_>, identity: Digest, says: Digest) {
        self.push_head(origin, claim, identity, says, None);
        match &claim.body {
            Body::Usage(usage) => self.push_usage(usage),
            Body::Reversal(named) => self.push_naming(CLAIM, named),
        }
    }

    fn push_usage(&mut self, usage: &Usage<'_>) {
        let attribution = &usage.attribution;
        self.use_.push(usage.use_.as_str());
        self.counts.push(&usage.counts);
        self.method.push_option(attribution.method.as_deref());
        self.method_version.push_option(attribution.method_version.as_deref());
        self.kind.push(attribution.kind.kind_str());
        self.transform.push_option(attribution.kind.transform_str());
        self.unattributed.append_option(attribution.unattributed.map(Weight::units));
        self.entries.push(&attribution.entries);
        self.reverses_source.push(None);
        self.reverses_id.push(None);
        self.reverses_time.append_null();
        self.reason.push(None);
    }

    fn push_naming(&mut self, word: &str, reversal: &Reversal<'_>) {
        self.use_.push(word);
        self.counts.push_null();
        for column in [&mut self.method, &mut self.method_version, &mut self.kind, &mut self.transform] {
            column.push_option(None);
        }
        self.unattributed.append_null();
        self.entries.push_null();
        self.reverses_source.push(Some(&reversal.source));
        self.reverses_id.push(Some(&reversal.id));
        self.reverses_time.append_option(reversal.time.map(Instant::micros));
        self.reason.push(reversal.reason.as_deref());
    }

    /// The rows so far; starts over.
    ///
    /// # Errors
    /// [`ColumnError::Arrow`] never, unless the schema and this builder disagree.
    pub fn finish(&mut self) -> Result<RecordBatch, ColumnError> {
        let columns: Vec<ArrayRef> = vec![
            self.partition.finish(),
            Arc::new(self.position.finish()),
            finish_text(&mut self.source),
            finish_text(&mut self.id),
            Arc::new(self.time.finish()),
            self.platform.finish(),
            self.use_.finish(),
            self.model.finish(),
            self.output.finish(),
            finish_decimals(&mut self.revenue),
            self.currency.finish(),
            Arc::new(self.rated.finish()),
            self.counts.finish(),
            self.method.finish(),
            self.method_version.finish(),
            self.kind.finish(),
            self.transform.finish(),
            finish_decimals(&mut self.unattributed),
            self.entries.finish(),
            self.reverses_source.finish(),
            self.reverses_id.finish(),
            Arc::new(self.reverses_time.finish()),
            self.reason.finish(),
            Arc::new(self.identity.finish()),
            Arc::new(self.says.finish()),
        ];
        Ok(RecordBatch::try_new(DECODED.clone(), columns)?)
    }
}

/// A column of text; starts over with as much room, since the next block is much like this one.
fn finish_text(column: &mut StringBuilder) -> ArrayRef {
    let text = column.finish();
    *column = StringBuilder::with_capacity(text.len(), text.value_data().len());
    Arc::new(text)
}

/// The same for decimals.
fn finish_decimals(column: &mut Decimal128Builder) -> ArrayRef {
    let decimals = column.finish();
    *column = Decimal128Builder::with_capacity(decimals.len()).with_data_type(tables::decimal());
    Arc::new(decimals)
}

/// A list column under construction: where each row's items end, and which rows have no list at all.
#[derive(Default)]
struct Lists {
    ends: Vec<i32>,
    valid: Vec<bool>,
}

impl Lists {
    fn push(&mut self, items_so_far: usize, valid: bool) {
        self.ends.push(i32::try_from(items_so_far).expect("a block holds fewer than 2^31 items"));
        self.valid.push(valid);
    }

    fn finish(&mut self, fields: Fields, columns: Vec<ArrayRef>) -> ArrayRef {
        let mut offsets = Vec::with_capacity(self.ends.len() + 1);
        offsets.push(0);
        offsets.append(&mut self.ends);
        let items = StructArray::new(fields.clone(), columns, None);
        let element = Arc::new(Field::new("element", DataType::Struct(fields), false));
        let nulls = NullBuffer::from(std::mem::take(&mut self.valid));
        Arc::new(ListArray::new(element, OffsetBuffer::new(offsets.into()), Arc::new(items), Some(nulls)))
    }
}

#[derive(Default)]
struct Counts {
    lists: Lists,
    unit: StringBuilder,
    count: Int64Builder,
}

impl Counts {
    fn push(&mut self, counts: &[(Cow<'_, str>, u64)]) {
        for (unit, count) in counts {
            self.unit.append_value(unit);
            self.count.append_value(i64::try_from(*count).expect("counts are at most 2^53"));
        }
        self.lists.push(self.count.len(), true);
    }

    fn push_null(&mut self) {
        self.lists.push(self.count.len(), false);
    }

    fn finish(&mut self) -> ArrayRef {
        let columns: Vec<ArrayRef> = vec![finish_text(&mut self.unit), Arc::new(self.count.finish())];
        self.lists.finish(tables::count_fields(), columns)
    }
}

struct Entries {
    lists: Lists,
    kind: WordColumn,
    reference: StringBuilder,
    weight: Decimal128Builder,
    content_hash: RareText,
    role: RareText,
    consent_receipt: RareText,
}

impl Default for Entries {
    fn default() -> Entries {
        Entries {
            lists: Lists::default(),
            kind: WordColumn::default(),
            reference: StringBuilder::new(),
            weight: Decimal128Builder::new().with_data_type(tables::decimal()),
            content_hash: RareText::default(),
            role: RareText::default(),
            consent_receipt: RareText::default(),
        }
    }
}

impl Entries {
    fn push(&mut self, entries: &[Entry<'_>]) {
        for alike in entries.chunk_by(|a, b| a.kind == b.kind) {
            self.kind.push_run(alike[0].kind.as_str(), alike.len());
        }
        for entry in entries {
            self.reference.append_value(&entry.reference);
            self.weight.append_value(entry.weight.units());
        }
        self.content_hash.push_all(entries.iter().map(|entry| entry.content_hash.as_deref()));
        self.role.push_all(entries.iter().map(|entry| entry.role.as_deref()));
        self.consent_receipt.push_all(entries.iter().map(|entry| entry.consent_receipt.as_deref()));
        self.lists.push(self.weight.len(), true);
    }

    fn push_null(&mut self) {
        self.lists.push(self.weight.len(), false);
    }

    fn finish(&mut self) -> ArrayRef {
        let columns: Vec<ArrayRef> = vec![
            self.kind.finish(),
            finish_text(&mut self.reference),
            finish_decimals(&mut self.weight),
            self.content_hash.finish(),
            self.role.finish(),
            self.consent_receipt.finish(),
        ];
        self.lists.finish(tables::entry_fields(), columns)
    }
}

/// What the batch adds to rows that join it.
pub struct Joining<'a> {
    /// The batch's number.
    pub batch: u64,
    /// The number of the first of these rows within the batch.
    pub first_row: u32,
    /// The registry version that the batch is metered with.
    pub registry_version: u64,
    /// Per row that is a reversal, the row here and the place of its original; ordered by row.
    pub reverses: &'a [(usize, Place)],
}

/// Completes decoded rows with the columns of their batch.
///
/// # Errors
/// [`ColumnError::Arrow`] never, unless the schema and this function disagree.
pub fn join_batch(decoded: &RecordBatch, joining: &Joining<'_>) -> Result<RecordBatch, ColumnError> {
    let rows = decoded.num_rows();
    let signed = |value: u64| i64::try_from(value).expect("batches and versions are below 2^63");
    let first = i64::from(joining.first_row);
    let numbers = Int64Array::from_iter_values((first..).take(rows));
    let originals = |of: fn(&Place) -> u64| {
        let mut column = vec![None; rows];
        for (row, place) in joining.reverses {
            column[*row] = Some(signed(of(place)));
        }
        Int64Array::from(column)
    };
    let schema = Table::Usage.schema();
    let columns = schema.fields().iter().map(|field| -> ArrayRef {
        match field.name().as_str() {
            "batch" => Arc::new(Int64Array::from_value(signed(joining.batch), rows)),
            "row" => Arc::new(numbers.clone()),
            "reverses_batch" => Arc::new(originals(|place| place.batch)),
            "reverses_row" => Arc::new(originals(|place| u64::from(place.row))),
            "registry_version" => Arc::new(Int64Array::from_value(signed(joining.registry_version), rows)),
            name => decoded.column_by_name(name).expect("the decoded schema is all other columns").clone(),
        }
    });
    Ok(RecordBatch::try_new(schema.clone(), columns.collect())?)
}
