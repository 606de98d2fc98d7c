//! `farthing accruals`: what was earned so far.

use crate::books::Books;
use crate::cli::AccrualsOptions;
use crate::output::{self, Answer};
use crate::place::Place;
use anyhow::bail;
use farthing_aggregate::accruals::AccrualRows;
use farthing_aggregate::fold::Sums;
use farthing_archive::read_table;
use farthing_schemas::accrual::AccrualKey;
use farthing_schemas::tables::Table;
use farthing_schemas::{Accrual, Cycle, Money, ReferenceKind};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashMap};

/// The keys in the order that lists are sorted by.
pub const KEYS: [&str; 8] = ["reference_kind", "party", "mid", "agreement", "platform", "use", "currency", "status"];

pub async fn run(at: &Place, options: &AccrualsOptions, json: bool) -> anyhow::Result<Answer> {
    let columns = chosen(&options.by)?;
    let books = Books::open(at).await?;
    let mut sums: HashMap<AccrualKey, Sums> = HashMap::new();
    each_accrual(&books, options.cycle, |_, accrual| {
        sums.entry(accrual.key).or_default().add(Sums { gross: accrual.gross, labour: accrual.labour })?;
        Ok(())
    })
    .await?;
    let mut lines: BTreeMap<Vec<String>, Sums> = BTreeMap::new();
    for (key, sum) in sums {
        let words = words(&key);
        let kept = columns.iter().map(|column| words[*column].clone()).collect();
        lines.entry(kept).or_default().add(sum)?;
    }
    lines.retain(|_, sums| *sums != Sums::default());
    let names: Vec<&str> = columns.iter().map(|column| KEYS[*column]).collect();
    if json {
        print_json(&names, &lines)?
    } else {
        print_table(&names, &lines)?
    }
    Ok(Answer::Yes)
}

fn chosen(by: &[String]) -> anyhow::Result<Vec<usize>> {
    if by.is_empty() {
        return Ok((0..KEYS.len()).collect());
    }
    let mut columns = Vec::new();
    for name in by {
        match KEYS.iter().position(|key| key == name) {
            Some(column) => columns.push(column),
            None => bail!("--by {name}: the keys are {}", KEYS.join(", ")),
        }
    }
    // Sums of several currencies mean nothing: the currency always stands beside them.
    let currency = 6;
    if !columns.contains(&currency) {
        columns.push(currency);
    }
    Ok(columns)
}

/// The key's words in the order of [`KEYS`].
pub fn words(key: &AccrualKey) -> [String; 8] {
    [
        key.reference_kind.map_or("", ReferenceKind::as_str).to_owned(),
        key.party.clone(),
        key.mid.clone(),
        key.agreement.clone(),
        key.platform.clone(),
        key.use_.to_string(),
        key.currency.to_string(),
        key.status.to_string(),
    ]
}

/// Calls `each` with every accrual that exists and its batch, in the order of the files.
pub async fn each_accrual(
    books: &Books,
    cycle: Option<Cycle>,
    mut each: impl FnMut(u64, Accrual) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let folder = cycle.map(|cycle| format!("/{}={cycle}/", Table::Accruals.folder_key()));
    for file in books.files_in_order("accruals") {
        if folder.as_ref().is_some_and(|folder| !file.path.contains(folder)) {
            continue;
        }
        let bytes = books.archive.get(&file).await?;
        for batch in read_table(&file.path, bytes, None)? {
            let batch = batch?;
            let rows = AccrualRows::of(&batch)?;
            for row in 0..rows.len() {
                each(rows.batch(row), rows.accrual(row)?)?;
            }
        }
    }
    Ok(())
}

fn print_json(names: &[&str], lines: &BTreeMap<Vec<String>, Sums>) -> anyhow::Result<()> {
    let line = |(words, sums): (&Vec<String>, &Sums)| {
        let mut object: Map<String, Value> =
            names.iter().zip(words).map(|(name, word)| ((*name).to_owned(), word.as_str().into())).collect();
        object.insert("gross".to_owned(), sums.gross.to_string().into());
        object.insert("labour".to_owned(), sums.labour.to_string().into());
        Value::Object(object)
    };
    output::json(&serde_json::json!({"lines": lines.iter().map(line).collect::<Vec<_>>()}))
}

fn print_table(names: &[&str], lines: &BTreeMap<Vec<String>, Sums>) -> anyhow::Result<()> {
    let head: Vec<&str> = names.iter().copied().chain(["gross", "labour"]).collect();
    let amounts = |sums: &Sums| [sums.gross, sums.labour].map(|amount: Money| amount.to_string());
    let rows: Vec<Vec<String>> = lines.iter().map(|(words, sums)| words.iter().cloned().chain(amounts(sums)).collect()).collect();
    if rows.is_empty() {
        return output::text("Nothing has accrued yet; meter events with: farthing meter FILE");
    }
    output::text(&output::table(&head, &rows, names.len()))
}
