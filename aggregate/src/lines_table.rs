//! Rows of `lines`: every result line with the event and the works that it came from.

use crate::closed::Assigned;
use crate::columns::{ColumnError, WordColumn, money_column};
use crate::{Line, LineMaker, Reference};
use arrow_array::builder::{BooleanBuilder, Int64Builder, ListBuilder, StringBuilder, TimestampMicrosecondBuilder};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field};
use farthing_schemas::accrual::AccrualKey;
use farthing_schemas::event::{Body, Event, Usage};
use farthing_schemas::registry::Registry;
use farthing_schemas::tables::{self, Table};
use farthing_schemas::{Currency, Instant, Money, ReferenceKind};
use std::sync::Arc;

/// A result line with the names that stand in tables and statements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedLine {
    /// Who earned it, under which terms.
    pub key: AccrualKey,
    /// The works through which it came, in byte order.
    pub works: Vec<String>,
    /// Attributed revenue; negative where it is undone.
    pub gross: Money,
    /// The part promised to contributors.
    pub labour: Money,
}

/// The lines that `maker` has just made of a usage event, by name.
#[must_use]
pub fn named(maker: &LineMaker, registry: &Registry, event: &Event<'_>, usage: &Usage<'_>, currency: Currency) -> Vec<NamedLine> {
    maker.lines().iter().map(|line| name(maker, registry, event, usage, currency, line)).collect()
}

fn name(maker: &LineMaker, registry: &Registry, event: &Event<'_>, usage: &Usage<'_>, currency: Currency, line: &Line) -> NamedLine {
    let (reference_kind, party) = match line.reference {
        Reference::Nobody => (None, String::new()),
        Reference::Party(party) => (Some(ReferenceKind::Party), registry.party_id(party).to_owned()),
        Reference::Unknown(kind, entry) => (Some(kind), usage.attribution.entries[entry].reference.to_string()),
    };
    let (mid, agreement) = line.agreement.map_or_else(Default::default, |agreement| {
        let mid = registry.agreement_terms(agreement).mid;
        (registry.mid_id(mid).to_owned(), registry.agreement_id(agreement).to_owned())
    });
    let mut works: Vec<String> = maker.works(line).map(|work| registry.work_id(work).to_owned()).collect();
    works.sort();
    let platform = event.platform.to_string();
    let key = AccrualKey { reference_kind, party, mid, agreement, platform, use_: usage.use_, currency, status: line.status };
    NamedLine { key, works, gross: line.gross, labour: line.labour }
}

/// The event that lines come from: for a reversal, its own identity with the time, method and terms of its original.
#[derive(Clone, Copy, Debug)]
pub struct LineSource<'a> {
    /// CloudEvents `source`.
    pub source: &'a str,
    /// CloudEvents `id`.
    pub id: &'a str,
    /// The event's time, or the original's.
    pub time: Instant,
    /// The attribution's method.
    pub method: Option<&'a str>,
    /// The version of the method.
    pub method_version: Option<&'a str>,
    /// The registry version that the lines were computed with.
    pub registry_version: u64,
    /// The batch that metered the event.
    pub batch: u64,
}

/// The method and version of a usage event.
#[must_use]
pub fn method_of<'a>(event: &'a Event<'_>) -> (Option<&'a str>, Option<&'a str>) {
    match &event.body {
        Body::Usage(usage) => (usage.attribution.method.as_deref(), usage.attribution.method_version.as_deref()),
        Body::Reversal(_) => (None, None),
    }
}

/// Builds rows of `lines`.
pub struct LinesBuilder {
    source: StringBuilder,
    id: StringBuilder,
    time: TimestampMicrosecondBuilder,
    cycle: StringBuilder,
    late: BooleanBuilder,
    undone: WordColumn,
    party: StringBuilder,
    keys: [WordColumn; 7],
    works: ListBuilder<StringBuilder>,
    gross: Vec<Money>,
    labour: Vec<Money>,
    method: WordColumn,
    method_version: WordColumn,
    registry_version: Int64Builder,
    batch: Int64Builder,
}

impl Default for LinesBuilder {
    fn default() -> LinesBuilder {
        LinesBuilder {
            source: StringBuilder::new(),
            id: StringBuilder::new(),
            time: TimestampMicrosecondBuilder::new().with_data_type(tables::instant()),
            cycle: StringBuilder::new(),
            late: BooleanBuilder::new(),
            undone: WordColumn::default(),
            party: StringBuilder::new(),
            keys: Default::default(),
            works: ListBuilder::new(StringBuilder::new()).with_field(Field::new("element", DataType::Utf8, false)),
            gross: Vec::new(),
            labour: Vec::new(),
            method: WordColumn::default(),
            method_version: WordColumn::default(),
            registry_version: Int64Builder::new(),
            batch: Int64Builder::new(),
        }
    }
}

impl LinesBuilder {
    /// Appends a line.
    pub fn push(&mut self, from: &LineSource<'_>, assigned: Assigned, line: &NamedLine) {
        let signed = |value: u64| i64::try_from(value).expect("batches and versions are below 2^63");
        self.source.append_value(from.source);
        self.id.append_value(from.id);
        self.time.append_value(from.time.micros());
        self.cycle.append_value(assigned.cycle.to_string());
        self.late.append_value(assigned.late);
        self.undone.push_option(assigned.undone.map(|cycle| cycle.to_string()).as_deref());
        let key = &line.key;
        self.party.append_value(&key.party);
        let kind = key.reference_kind.map_or("", ReferenceKind::as_str);
        let words = [kind, &key.mid, &key.agreement, &key.platform, key.use_.as_str(), key.currency.code(), key.status.as_str()];
        for (column, word) in self.keys.iter_mut().zip(words) {
            column.push(word);
        }
        for work in &line.works {
            self.works.values().append_value(work);
        }
        self.works.append(true);
        self.gross.push(line.gross);
        self.labour.push(line.labour);
        self.method.push_option(from.method);
        self.method_version.push_option(from.method_version);
        self.registry_version.append_value(signed(from.registry_version));
        self.batch.append_value(signed(from.batch));
    }

    /// How many rows there are so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.gross.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.gross.is_empty()
    }

    /// The rows so far; starts over.
    ///
    /// # Errors
    /// [`ColumnError::Arrow`] never, unless the schema and this builder disagree.
    pub fn finish(&mut self) -> Result<RecordBatch, ColumnError> {
        let [kind, mid, agreement, platform, use_, currency, status] = self.keys.each_mut().map(WordColumn::finish);
        let columns: Vec<ArrayRef> = vec![
            Arc::new(self.source.finish()),
            Arc::new(self.id.finish()),
            Arc::new(self.time.finish()),
            Arc::new(self.cycle.finish()),
            Arc::new(self.late.finish()),
            self.undone.finish(),
            kind,
            Arc::new(self.party.finish()),
            mid,
            agreement,
            platform,
            use_,
            currency,
            status,
            Arc::new(self.works.finish()),
            money_column(std::mem::take(&mut self.gross).into_iter()),
            money_column(std::mem::take(&mut self.labour).into_iter()),
            self.method.finish(),
            self.method_version.finish(),
            Arc::new(self.registry_version.finish()),
            Arc::new(self.batch.finish()),
        ];
        Ok(RecordBatch::try_new(Table::Lines.schema(), columns)?)
    }
}
