//! Statements from the books: what a draft was made of is read again, line by line, and must come to what the draft says.

use crate::books::Books;
use crate::commands::settle::{self, Settlement};
use crate::courses;
use crate::plan_input;
use crate::progress;
use crate::trace;
use anyhow::{Context, bail};
use farthing_aggregate::columns::Columns;
use farthing_archive::read_table;
use farthing_schemas::manifest::File;
use farthing_schemas::tables::Table;
use farthing_schemas::{Accrual, Cycle, Money};
use farthing_settle::Draft;
use farthing_settle::course::Whereabouts;
use farthing_settle::cycle::State;
use farthing_settle::proof::chain::{Link, Owner};
use farthing_settle::proof::tree::Tree;
use farthing_settle::proof::{Digest, check, file};
use farthing_settle::statement::gather::{Deferred, Earned, Statements};
use std::collections::BTreeSet;

/// The columns of `lines` that statements hang on.
const COLUMNS: [&str; 11] = ["party", "mid", "agreement", "platform", "use", "currency", "status", "late", "undone", "gross", "labour"];

/// A draft, and what else its statements are a function of.
pub struct Source {
    pub draft: Draft,
    deferred: Deferred,
    /// Of a preview: accruals of reversals that are still to come.
    to_come: Vec<Accrual>,
}

/// The final draft of a cycle, or of an open one a preview.
pub async fn source(books: &mut Books, of: &Settlement) -> anyhow::Result<Source> {
    let drafts = plan_input::drafts(books, of, books.catalog.sequence).await?;
    match settle::whereabouts(&courses::as_of(&books.catalog, books.catalog.sequence)?, of) {
        Whereabouts::In(State::Open) => {
            let deferred = plan_input::deferred_cycles(books, of, before(&drafts, of.cycle)).await?;
            let to_come = settle::to_come(books).await?;
            let draft = settle::make(books, of, &[], Some(to_come.clone())).await?;
            Ok(Source { draft, deferred, to_come })
        }
        Whereabouts::In(State::Closing) => {
            bail!("cycle {} of {} in {} is closed but has no draft yet; draft it first", of.cycle, of.mid, of.currency)
        }
        _ => final_source(books, of, &drafts).await,
    }
}

fn before(drafts: &[Draft], cycle: Cycle) -> &[Draft] {
    &drafts[..drafts.partition_point(|draft| draft.cycle < cycle)]
}

async fn final_source(books: &Books, of: &Settlement, drafts: &[Draft]) -> anyhow::Result<Source> {
    let deferred = plan_input::deferred_cycles(books, of, before(drafts, of.cycle)).await?;
    let draft = drafts.iter().find(|draft| draft.cycle == of.cycle);
    let draft = draft.with_context(|| format!("cycle {} of {} in {} has no final draft", of.cycle, of.mid, of.currency))?;
    Ok(Source { draft: draft.clone(), deferred, to_come: Vec::new() })
}

/// Whose statements are wanted: to pass over all others is quicker.
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

/// The statements of a draft; of those that are not wanted, nothing was read.
pub async fn gather<'s>(books: &mut Books, source: &'s Source, whose: Whose<'_>) -> anyhow::Result<Statements<'s>> {
    let mut statements = Statements::of(&source.draft, &source.deferred);
    let cycles: BTreeSet<Cycle> = source.deferred.iter().map(|(_, cycle)| *cycle).chain([source.draft.cycle]).collect();
    let files = lines_of(books, &cycles);
    let bar = progress::counting(files.len(), "files of result lines read");
    for (cycle, file) in files {
        add_file(books, cycle, &file, whose, &mut statements).await.with_context(|| file.path.clone())?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    if source.draft.preview {
        add_uncovered(books, whose, &mut statements).await?;
        for accrual in source.to_come.iter().filter(|accrual| whose.has(&accrual.key.party)) {
            statements.add(&Earned::of(accrual, 0))?;
        }
    }
    Ok(statements)
}

/// The files of result lines of some cycles.
fn lines_of(books: &Books, cycles: &BTreeSet<Cycle>) -> Vec<(Cycle, File)> {
    let folder = |cycle: &Cycle| format!("/{}={cycle}/", Table::Lines.folder_key());
    let cycle_of = |file: &File| cycles.iter().copied().find(|cycle| file.path.contains(&folder(cycle)));
    let files = books.files_in_order(Table::Lines.name()).into_iter();
    files.filter_map(|file| Some((cycle_of(&file)?, file))).collect()
}

async fn add_file(books: &Books, cycle: Cycle, file: &File, whose: Whose<'_>, statements: &mut Statements<'_>) -> anyhow::Result<()> {
    let bytes = books.archive.get(file).await?;
    for rows in read_table(&file.path, bytes, Some(&COLUMNS))? {
        let rows = rows?;
        let columns = Columns(&rows);
        let party = columns.text("party")?;
        let [mid, agreement, platform, use_, currency, status, undone] =
            ["mid", "agreement", "platform", "use", "currency", "status", "undone"].map(|name| columns.words(name));
        let (mid, agreement, platform, use_, currency, status, undone) = (mid?, agreement?, platform?, use_?, currency?, status?, undone?);
        let (late, gross, labour) = (columns.flags("late")?, columns.decimals("gross")?, columns.decimals("labour")?);
        for row in (0..rows.num_rows()).filter(|row| whose.has(party.value(*row))) {
            let gross = Money::from_units(gross.value(row));
            statements.add(&Earned {
                party: party.value(row),
                mid: mid.at(row),
                agreement: agreement.at(row),
                platform: platform.at(row),
                use_: use_.at(row).parse()?,
                currency: currency.at(row).parse()?,
                status: status.at(row).parse()?,
                cycle,
                late: late.value(row),
                undone: undone.get(row).map(str::parse).transpose()?,
                events: events_of(gross),
                gross,
                labour: Money::from_units(labour.value(row)),
            })?;
        }
    }
    Ok(())
}

/// A result line is of one event, or of one that is undone: then its gross is negative. There are none of no gross.
fn events_of(gross: Money) -> i64 {
    if gross < Money::ZERO { -1 } else { 1 }
}

/// Batches whose result lines are not written yet, as those of an open cycle may be.
async fn add_uncovered(books: &mut Books, whose: Whose<'_>, statements: &mut Statements<'_>) -> anyhow::Result<()> {
    let uncovered = books.catalog.batches.numbers(books.catalog.lines_through + 1..=books.catalog.sequence);
    trace::each_line(books, &uncovered, |traced| {
        let (line, assigned) = (&traced.line, &traced.assigned);
        if !whose.has(&line.key.party) {
            return Ok(());
        }
        let key = line.key.clone();
        let accrual =
            Accrual { cycle: assigned.cycle, late: assigned.late, undone: assigned.undone, key, gross: line.gross, labour: line.labour };
        Ok(statements.add(&Earned::of(&accrual, events_of(line.gross)))?)
    })
    .await
}

/// A cycle as its seal has it: what sealing it writes down.
#[derive(Clone, Copy, Debug)]
pub struct Seal {
    pub link: Link,
    pub previous: Option<Digest>,
    pub root: Digest,
}

/// The seal of a cycle whose statements have this tree, behind the one before.
pub fn seal(of: &Settlement, tree: &Tree, previous: Option<Digest>) -> anyhow::Result<Seal> {
    let link = Link { cycle: of.cycle, tree_size: u64::try_from(tree.size())?, tree_root: tree.root() };
    let root = link.seal_root(Owner { mid: &of.mid, currency: of.currency }, previous);
    Ok(Seal { link, previous, root })
}

/// The seals of a MID and currency from the first final draft through that of `of`, each computed from its statements.
pub async fn seals(books: &mut Books, of: &Settlement) -> anyhow::Result<Vec<Seal>> {
    let drafts = plan_input::drafts(books, of, books.catalog.sequence).await?;
    if !drafts.iter().any(|draft| draft.cycle == of.cycle) {
        bail!("cycle {} of {} in {} has no final draft, so it has no root", of.cycle, of.mid, of.currency);
    }
    let mut seals: Vec<Seal> = Vec::new();
    for cycle in drafts.iter().map(|draft| draft.cycle).filter(|cycle| *cycle <= of.cycle) {
        let at = Settlement { cycle, ..of.clone() };
        let source = final_source(books, &at, &drafts).await?;
        let tree = Tree::of(gather(books, &source, Whose::Everybodys).await?.leaves()?);
        seals.push(seal(&at, &tree, seals.last().map(|seal| seal.root))?);
    }
    Ok(seals)
}

/// What proves statements of one cycle in the root of the last of some seals.
pub struct Prover<'s> {
    pub statements: &'s Statements<'s>,
    tree: Tree,
    seal: Seal,
    later: Vec<Link>,
    pub root: Digest,
}

impl<'s> Prover<'s> {
    pub fn of(statements: &'s Statements<'s>, cycle: Cycle, seals: &[Seal]) -> anyhow::Result<Prover<'s>> {
        let place = seals.iter().position(|seal| seal.link.cycle == cycle).with_context(|| format!("cycle {cycle} has no seal"))?;
        let later = seals[place + 1..].iter().map(|seal| seal.link).collect();
        let root = seals.last().map_or(seals[place].root, |last| last.root);
        Ok(Prover { statements, tree: Tree::of(statements.leaves()?), seal: seals[place], later, root })
    }

    /// The proof of the statement in that place.
    pub fn proof(&self, at: usize) -> anyhow::Result<file::Proof> {
        let statement = self.statements.statement(at)?;
        let (Some(statement), Some(path)) = (statement, self.tree.inclusion(at)) else { bail!("there is no statement {at}") };
        Ok(file::Proof {
            leaf: statement.leaf(),
            place: check::Place { index: u64::try_from(at)?, tree_size: self.seal.link.tree_size },
            path,
            tree_root: self.tree.root(),
            previous: self.seal.previous,
            later: self.later.clone(),
            root: self.root,
            statement: statement.to_json(),
        })
    }
}
