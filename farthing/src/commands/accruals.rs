//! `farthing accruals`: what was earned so far.

use crate::books::Books;
use crate::cli::AccrualsOptions;
use crate::output::{self, Answer};
use crate::place::Place;
use anyhow::bail;
use farthing_aggregate::accruals::AccrualRows;
use farthing_aggregate::fold::Sums;
use farthing_aggregate::numbered::NumberedTexts;
use farthing_archive::read_table;
use farthing_schemas::tables::Table;
use farthing_schemas::{Accrual, Cycle, Money};
use serde_json::{Map, Value};
use std::collections::HashMap;

/// The keys in the order that lists are sorted by.
const KEYS: [&str; 8] = ["reference_kind", "party", "mid", "agreement", "platform", "use", "currency", "status"];

pub async fn run(at: &Place, options: &AccrualsOptions, json: bool) -> anyhow::Result<Answer> {
    let columns = chosen(&options.by)?;
    let books = Books::open(at).await?;
    let mut sheet = Sheet::by(&columns);
    each_batch(&books, options.cycle, |rows| sheet.add(&rows)).await?;
    let lines = sheet.lines();
    let names: Vec<&str> = columns.iter().map(|column| KEYS[*column]).collect();
    if json {
        print_json(&names, &lines)?
    } else {
        print_table(&names, &lines)?
    }
    Ok(Answer::Yes)
}

/// The places in [`KEYS`] of what lists are summed by, each once.
fn chosen(by: &[String]) -> anyhow::Result<Vec<usize>> {
    if by.is_empty() {
        return Ok((0..KEYS.len()).collect());
    }
    let mut columns = Vec::new();
    // Sums of several currencies mean nothing: the currency always stands beside them.
    for name in by.iter().map(String::as_str).chain(["currency"]) {
        match KEYS.iter().position(|key| *key == name) {
            Some(column) if columns.contains(&column) => {}
            Some(column) => columns.push(column),
            None => bail!("--by {name}: the keys are {}", KEYS.join(", ")),
        }
    }
    Ok(columns)
}

/// Sums by the words of some columns, which are numbered: there may be millions of parties.
struct Sheet<'a> {
    columns: &'a [usize],
    words: [NumberedTexts; 8],
    sums: HashMap<[u32; 8], Sums>,
}

/// A line's words and its sums.
type Line = (Vec<String>, Sums);

impl Sheet<'_> {
    fn by(columns: &[usize]) -> Sheet<'_> {
        Sheet { columns, words: Default::default(), sums: HashMap::new() }
    }

    fn add(&mut self, rows: &AccrualRows<'_>) -> anyhow::Result<()> {
        for row in 0..rows.len() {
            let words = rows.words(row);
            let mut key = [0; 8];
            for column in self.columns {
                key[*column] = self.words[*column].number_of(words[*column]);
            }
            self.sums.entry(key).or_default().add(rows.sums(row))?;
        }
        Ok(())
    }

    /// The lines that are not 0, by their words.
    fn lines(&self) -> Vec<Line> {
        let word = |key: &[u32; 8], column: usize| self.words[column].get(key[column]).expect("it was numbered").to_owned();
        let sums = self.sums.iter().filter(|(_, sums)| **sums != Sums::default());
        let mut lines: Vec<Line> =
            sums.map(|(key, sums)| (self.columns.iter().map(|column| word(key, *column)).collect(), *sums)).collect();
        lines.sort_unstable_by(|one, two| one.0.cmp(&two.0));
        lines
    }
}

/// Calls `each` with the rows that exist, many at a time, in the order of the files.
pub async fn each_batch(
    books: &Books,
    cycle: Option<Cycle>,
    mut each: impl FnMut(AccrualRows<'_>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let folder = cycle.map(|cycle| format!("/{}={cycle}/", Table::Accruals.folder_key()));
    for file in books.files_in_order("accruals") {
        if folder.as_ref().is_some_and(|folder| !file.path.contains(folder)) {
            continue;
        }
        let bytes = books.archive.get(&file).await?;
        for batch in read_table(&file.path, bytes, None)? {
            each(AccrualRows::of(&batch?)?)?;
        }
    }
    Ok(())
}

/// Calls `each` with every accrual that exists and its batch, in the order of the files.
pub async fn each_accrual(
    books: &Books,
    cycle: Option<Cycle>,
    mut each: impl FnMut(u64, Accrual) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    each_batch(books, cycle, |rows| (0..rows.len()).try_for_each(|row| each(rows.batch(row), rows.accrual(row)?))).await
}

fn print_json(names: &[&str], lines: &[Line]) -> anyhow::Result<()> {
    let line = |(words, sums): &Line| {
        let mut object: Map<String, Value> =
            names.iter().zip(words).map(|(name, word)| ((*name).to_owned(), word.as_str().into())).collect();
        object.insert("gross".to_owned(), sums.gross.to_string().into());
        object.insert("labour".to_owned(), sums.labour.to_string().into());
        Value::Object(object)
    };
    output::json(&serde_json::json!({"lines": lines.iter().map(line).collect::<Vec<_>>()}))
}

fn print_table(names: &[&str], lines: &[Line]) -> anyhow::Result<()> {
    let head: Vec<&str> = names.iter().copied().chain(["gross", "labour"]).collect();
    let amounts = |sums: &Sums| [sums.gross, sums.labour].map(|amount: Money| amount.to_string());
    let rows: Vec<Vec<String>> = lines.iter().map(|(words, sums)| words.iter().cloned().chain(amounts(sums)).collect()).collect();
    if rows.is_empty() {
        return output::text("Nothing has accrued, or all of it was undone; meter events with: farthing meter FILE");
    }
    output::text(&output::table(&head, &rows, names.len()))
}
