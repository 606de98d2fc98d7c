//! Drafts and what they were made of: the result lines below a draft, read again one by one, for the papers that are made of them.

use crate::books::Books;
use crate::commands::accruals;
use crate::commands::settle::{self, Settlement};
use crate::courses;
use crate::plan_input;
use crate::progress;
use crate::trace;
use anyhow::{Context, bail};
use arrow_array::StringArray;
use farthing_aggregate::columns::Columns;
use farthing_archive::read_table;
use farthing_schemas::manifest::File;
use farthing_schemas::tables::Table;
use farthing_schemas::{Accrual, Cycle, Money};
use farthing_settle::Draft;
use farthing_settle::course::Whereabouts;
use farthing_settle::cycle::{Kind, State};
use farthing_settle::earned::{Deferred, Earned, EventNumber};
use std::collections::BTreeSet;

/// The columns of `lines` that papers hang on.
const COLUMNS: [&str; 11] = ["party", "mid", "agreement", "platform", "use", "currency", "status", "late", "undone", "gross", "labour"];

/// The columns that tell one event from the next.
const EVENT_COLUMNS: [&str; 3] = ["source", "id", "batch"];

/// A draft, and what else its papers are a function of.
pub struct Source {
    pub draft: Draft,
    /// The last manifest that it saw.
    pub through_sequence: u64,
    pub deferred: Deferred,
    /// Of a preview: accruals of reversals that are still to come.
    pub to_come: Vec<Accrual>,
}

/// The final draft of a cycle, or of an open one a preview.
pub async fn source(books: &mut Books, of: &Settlement) -> anyhow::Result<Source> {
    let before = plan_input::before(books, of).await?;
    match settle::whereabouts(&courses::as_of(&books.catalog, books.catalog.sequence)?, of) {
        Whereabouts::In(State::Open) => {
            let deferred = plan_input::deferred_cycles(books, of, &before).await?;
            let to_come = settle::to_come(books).await?;
            let through_sequence = books.catalog.sequence;
            let draft = settle::make(books, of, &[], Some(to_come.clone())).await?;
            Ok(Source { draft, through_sequence, deferred, to_come })
        }
        Whereabouts::In(State::Closing) => {
            bail!("cycle {} of {} in {} is closed but has no draft yet; draft it first", of.cycle, of.mid, of.currency)
        }
        _ => final_source(books, of, &before).await,
    }
}

/// The final draft of a cycle, behind those of its MID and currency before it, of which the lines are not needed.
pub async fn final_source(books: &Books, of: &Settlement, before: &[Draft]) -> anyhow::Result<Source> {
    let deferred = plan_input::deferred_cycles(books, of, before).await?;
    let draft = plan_input::draft_of(books, of).await?;
    let draft = draft.with_context(|| format!("cycle {} of {} in {} has no final draft", of.cycle, of.mid, of.currency))?;
    let through_sequence = seen_by(books, &draft)?;
    Ok(Source { draft, through_sequence, deferred, to_come: Vec::new() })
}

/// The last manifest that a final draft saw: the one before the move that made it.
fn seen_by(books: &Books, draft: &Draft) -> anyhow::Result<u64> {
    let made = courses::of_kind(&books.catalog, Kind::Draft)?;
    let moved = made.into_iter().rfind(|moved| moved.step.draft_sha256.as_ref() == Some(&draft.draft_sha256));
    Ok(moved.context("no move made the draft; run: farthing verify")?.sequence - 1)
}

/// Whose lines are wanted: to pass over all others is quicker.
#[derive(Clone, Copy, Debug)]
pub enum Whose<'a> {
    Everybodys,
    One(&'a str),
}

impl Whose<'_> {
    fn has(self, party: &str) -> bool {
        match self {
            Whose::Everybodys => true,
            Whose::One(one) => one == party,
        }
    }
}

/// What is read of each line.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    pub whose: Whose<'a>,
    pub events: Events,
}

/// Whether lines come with the number of their event, which takes more columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Events {
    /// A party has one line of each event and status.
    OneALine,
    Numbered,
}

/// Calls `each` with what stands below a draft: its result lines, in order, and of a preview what is still to come.
pub async fn each(
    books: &mut Books,
    source: &Source,
    wanted: Wanted<'_>,
    mut each: impl FnMut(&Earned<'_>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let cycles: BTreeSet<Cycle> = source.deferred.iter().map(|(_, cycle)| *cycle).chain([source.draft.cycle]).collect();
    let files = lines_of(books, &cycles);
    let bar = progress::counting(files.len(), "files of result lines read");
    let mut numbering = Numbering::default();
    for (cycle, file) in files {
        let mut reader = Reader { cycle, wanted, numbering: &mut numbering, each: &mut each };
        reader.read(books, &file).await.with_context(|| file.path.clone())?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    if source.draft.preview {
        each_uncovered(books, wanted, &mut numbering, &mut each).await?;
        for accrual in source.to_come.iter().filter(|accrual| wanted.whose.has(&accrual.key.party)) {
            each(&Earned::of(accrual, 0))?;
        }
    }
    Ok(())
}

/// Calls `each` with every accrual that a draft saw, of any MID and status: of its cycle and all before, and of a preview what is still to
/// come.
pub async fn each_accrual(books: &Books, source: &Source, mut each: impl FnMut(&Accrual) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let (through, cycle) = (source.through_sequence, source.draft.cycle);
    accruals::each_accrual(books, None, |batch, accrual| {
        let seen = books.catalog.batches.sequence_of(batch).is_some_and(|sequence| sequence <= through);
        if seen && accrual.cycle <= cycle { each(&accrual) } else { Ok(()) }
    })
    .await?;
    source.to_come.iter().filter(|accrual| accrual.cycle <= cycle).try_for_each(each)
}

/// The files of result lines of some cycles.
fn lines_of(books: &Books, cycles: &BTreeSet<Cycle>) -> Vec<(Cycle, File)> {
    let folder = |cycle: &Cycle| format!("/{}={cycle}/", Table::Lines.folder_key());
    let cycle_of = |file: &File| cycles.iter().copied().find(|cycle| file.path.contains(&folder(cycle)));
    let files = books.files_in_order(Table::Lines.name()).into_iter();
    files.filter_map(|file| Some((cycle_of(&file)?, file))).collect()
}

struct Reader<'r, F> {
    cycle: Cycle,
    wanted: Wanted<'r>,
    numbering: &'r mut Numbering,
    each: &'r mut F,
}

impl<F: FnMut(&Earned<'_>) -> anyhow::Result<()>> Reader<'_, F> {
    async fn read(&mut self, books: &Books, file: &File) -> anyhow::Result<()> {
        let numbered = self.wanted.events == Events::Numbered;
        let columns: Vec<&str> = COLUMNS.into_iter().chain(EVENT_COLUMNS.into_iter().filter(|_| numbered)).collect();
        let bytes = books.archive.get(file).await?;
        for rows in read_table(&file.path, bytes, Some(&columns))? {
            let rows = rows?;
            let columns = Columns(&rows);
            let events = numbered.then(|| EventsOf::of(&columns)).transpose()?;
            self.read_rows(&columns, events.as_ref(), rows.num_rows())?;
        }
        Ok(())
    }

    fn read_rows(&mut self, columns: &Columns<'_>, events: Option<&EventsOf<'_>>, count: usize) -> anyhow::Result<()> {
        let party = columns.text("party")?;
        let [mid, agreement, platform, use_, currency, status, undone] =
            ["mid", "agreement", "platform", "use", "currency", "status", "undone"].map(|name| columns.words(name));
        let (mid, agreement, platform, use_, currency, status, undone) = (mid?, agreement?, platform?, use_?, currency?, status?, undone?);
        let (late, gross, labour) = (columns.flags("late")?, columns.decimals("gross")?, columns.decimals("labour")?);
        for row in (0..count).filter(|row| self.wanted.whose.has(party.value(*row))) {
            let gross = Money::from_units(gross.value(row));
            (self.each)(&Earned {
                party: party.value(row),
                mid: mid.at(row),
                agreement: agreement.at(row),
                platform: platform.at(row),
                use_: use_.at(row).parse()?,
                currency: currency.at(row).parse()?,
                status: status.at(row).parse()?,
                cycle: self.cycle,
                late: late.value(row),
                undone: undone.get(row).map(str::parse).transpose()?,
                event: events.map(|events| self.numbering.number(events.at(row))),
                events: events_of(gross),
                gross,
                labour: Money::from_units(labour.value(row)),
            })?;
        }
        Ok(())
    }
}

/// A result line is of one event, or of one that is undone: then its gross is negative. There are none of no gross.
fn events_of(gross: Money) -> i64 {
    if gross < Money::ZERO { -1 } else { 1 }
}

/// Batches whose result lines are not written yet, as those of an open cycle may be.
async fn each_uncovered(
    books: &mut Books,
    wanted: Wanted<'_>,
    numbering: &mut Numbering,
    each: &mut impl FnMut(&Earned<'_>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let uncovered = books.catalog.batches.numbers(books.catalog.lines_through + 1..=books.catalog.sequence);
    trace::each_line(books, &uncovered, |traced| {
        let (line, assigned) = (&traced.line, &traced.assigned);
        if !wanted.whose.has(&line.key.party) {
            return Ok(());
        }
        let key = line.key.clone();
        let accrual =
            Accrual { cycle: assigned.cycle, late: assigned.late, undone: assigned.undone, key, gross: line.gross, labour: line.labour };
        let event = numbering.number((traced.source.source, traced.source.id, i64::try_from(traced.source.batch)?));
        each(&Earned { event: Some(event), ..Earned::of(&accrual, events_of(line.gross)) })
    })
    .await
}

/// What tells an event of a batch from others.
type EventName<'a> = (&'a str, &'a str, i64);

/// The names of events, by row.
struct EventsOf<'a> {
    source: &'a StringArray,
    id: &'a StringArray,
    batch: &'a arrow_array::Int64Array,
}

impl<'a> EventsOf<'a> {
    fn of(columns: &Columns<'a>) -> anyhow::Result<EventsOf<'a>> {
        Ok(EventsOf { source: columns.text("source")?, id: columns.text("id")?, batch: columns.whole("batch")? })
    }

    fn at(&self, row: usize) -> EventName<'_> {
        (self.source.value(row), self.id.value(row), self.batch.value(row))
    }
}

/// Gives numbers to events, whose lines stand together.
#[derive(Default)]
struct Numbering {
    last: (String, String, i64),
    number: u64,
}

impl Numbering {
    fn number(&mut self, (source, id, batch): EventName<'_>) -> EventNumber {
        if (self.last.0.as_str(), self.last.1.as_str(), self.last.2) != (source, id, batch) {
            self.last = (source.to_owned(), id.to_owned(), batch);
            self.number += 1;
        }
        EventNumber(self.number)
    }
}
