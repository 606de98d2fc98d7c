//! The table `lines` against the result lines that the evidence gives, row by row and every column; and their sums against the accruals.

use super::Compared;
use crate::books::Books;
use crate::commands::accruals::each_batch;
use crate::trace;
use anyhow::{Context, ensure};
use arrow_array::{Array, RecordBatch};
use farthing_aggregate::accruals::AccrualRows;
use farthing_aggregate::closed::Assigned;
use farthing_aggregate::columns::Columns;
use farthing_aggregate::fold::Sums;
use farthing_aggregate::lines_table::{LinesBuilder, NamedLine};
use farthing_aggregate::numbered::NumberedTexts;
use farthing_archive::read_table;
use farthing_schemas::ReferenceKind;
use farthing_schemas::manifest::sha256_hex;
use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};

/// Result lines that are built at a time.
const ROWS: usize = 64 << 10;

/// Per row, how often the evidence gives it less how often it is archived; and how to name it.
type Left = HashMap<String, (i64, String)>;

pub async fn compare(books: &mut Books, compared: &mut Compared) -> anyhow::Result<()> {
    let mut left = Left::new();
    for file in books.files_in_order("lines") {
        let bytes = books.archive.get(&file).await?;
        let mut rows = 0;
        for batch in read_table(&file.path, bytes, None)? {
            let batch = batch?;
            rows += u64::try_from(batch.num_rows())?;
            count(&batch, -1, &mut left).with_context(|| file.path.clone())?;
        }
        ensure!(rows == file.rows, "{}: it has {rows} rows, but its manifest says {}", file.path, file.rows);
        compared.files += 1;
        compared.result_lines += rows;
    }
    let mut builder = LinesBuilder::default();
    let mut balance = Balance::default();
    let covered = books.catalog.batches.numbers(1..=books.catalog.lines_through);
    trace::each_line(books, &covered, |traced| {
        builder.push(&traced.source, traced.assigned, &traced.line);
        balance.add_line(traced.assigned, &traced.line)?;
        if builder.len() >= ROWS {
            count(&builder.finish()?, 1, &mut left)?;
        }
        Ok(())
    })
    .await?;
    count(&builder.finish()?, 1, &mut left)?;
    // Rows that cancel out are gone; of those left, always the same one is named.
    if let Some((sign, name)) = left.values().min_by(|one, two| one.1.cmp(&two.1)) {
        let what = if *sign < 0 { "is archived, but its evidence gives another" } else { "is given by its evidence, but not archived" };
        anyhow::bail!("lines: {name} {what}");
    }
    each_batch(books, None, |rows| balance.take_accruals(&rows, &covered)).await?;
    balance.settled()
}

/// What the result lines give less what was accrued, per cycle and key: nothing, in the end.
#[derive(Default)]
struct Balance {
    words: NumberedTexts,
    left: HashMap<(Assigned, [u32; 8]), Sums>,
}

impl Balance {
    fn add_line(&mut self, assigned: Assigned, line: &NamedLine) -> anyhow::Result<()> {
        let key = &line.key;
        let kind = key.reference_kind.map_or("", ReferenceKind::as_str);
        let (use_, currency, status) = (key.use_.as_str(), key.currency.code(), key.status.as_str());
        let words = [kind, &key.party, &key.mid, &key.agreement, &key.platform, use_, currency, status];
        self.add(assigned, words, Sums { gross: line.gross, labour: line.labour })
    }

    fn take_accruals(&mut self, rows: &AccrualRows<'_>, covered: &BTreeSet<u64>) -> anyhow::Result<()> {
        for row in (0..rows.len()).filter(|row| covered.contains(&rows.batch(*row))) {
            let Sums { gross, labour } = rows.sums(row);
            self.add(rows.assigned(row)?, rows.words(row), Sums { gross: gross.negated()?, labour: labour.negated()? })?;
        }
        Ok(())
    }

    fn add(&mut self, assigned: Assigned, words: [&str; 8], sums: Sums) -> anyhow::Result<()> {
        let key = (assigned, words.map(|word| self.words.number_of(word)));
        Ok(self.left.entry(key).or_default().add(sums)?)
    }

    fn settled(&self) -> anyhow::Result<()> {
        let word = |number: &u32| self.words.get(*number).expect("it was numbered");
        let unsettled = self.left.iter().filter(|(_, sums)| **sums != Sums::default());
        let named = unsettled.map(|((assigned, key), sums)| (assigned, key.each_ref().map(word), sums));
        if let Some((assigned, words, sums)) = named.min_by_key(|(assigned, words, _)| (*assigned, *words)) {
            let (cycle, key) = (assigned.cycle, words.join(" "));
            anyhow::bail!(
                "lines: those of cycle {cycle} for {key} sum to {} of gross and {} of labour more than its accruals",
                sums.gross,
                sums.labour
            );
        }
        Ok(())
    }
}

/// Counts every row under a digest of all its columns.
fn count(rows: &RecordBatch, sign: i64, left: &mut Left) -> anyhow::Result<()> {
    let columns = Columns(rows);
    let words = ["undone", "reference_kind", "mid", "agreement", "platform", "use", "currency", "status", "method", "method_version"];
    let words = words.iter().map(|name| columns.words(name)).collect::<Result<Vec<_>, _>>()?;
    let texts = ["source", "id", "cycle", "party"].iter().map(|name| columns.text(name)).collect::<Result<Vec<_>, _>>()?;
    let (time, late) = (columns.times("time")?, columns.flags("late")?);
    let (gross, labour) = (columns.decimals("gross")?, columns.decimals("labour")?);
    let (version, batch, works) = (columns.whole("registry_version")?, columns.whole("batch")?, columns.texts("works")?);
    for row in 0..rows.num_rows() {
        let numbers = [
            i128::from(time.value(row)),
            gross.value(row),
            labour.value(row),
            i128::from(version.value(row)),
            i128::from(batch.value(row)),
        ];
        let through = works.value(row);
        let through = through.as_any().downcast_ref::<arrow_array::StringArray>().context("works are no texts")?;
        let said = format!(
            "{:?} {:?} {numbers:?} {} {:?}",
            words.iter().map(|column| column.get(row)).collect::<Vec<_>>(),
            texts.iter().map(|column| column.value(row)).collect::<Vec<_>>(),
            late.value(row),
            through.iter().collect::<Vec<_>>()
        );
        let name = || format!("batch {}, {} {}, {:?}", batch.value(row), texts[0].value(row), texts[1].value(row), texts[3].value(row));
        match left.entry(sha256_hex(said.as_bytes())) {
            Entry::Vacant(entry) => {
                entry.insert((sign, name()));
            }
            Entry::Occupied(entry) if entry.get().0 + sign == 0 => {
                entry.remove();
            }
            Entry::Occupied(mut entry) => entry.get_mut().0 += sign,
        }
    }
    Ok(())
}
