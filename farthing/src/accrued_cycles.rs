//! The cycles in which something has accrued, by MID and currency: folders and two columns of the accruals, and no more of them.

use crate::books::Books;
use anyhow::Context;
use farthing_aggregate::columns::Columns;
use farthing_archive::read_table;
use farthing_schemas::tables::Table;
use farthing_schemas::{Currency, Cycle};
use std::collections::BTreeSet;

/// A MID, a currency and a cycle; nobody's where no MID answers for what has accrued.
pub type AccruedCycle = (String, Currency, Cycle);

/// Of the cycles that are wanted, those in which something has accrued. Files of others are not opened.
pub async fn accrued_cycles(books: &Books, wanted: impl Fn(Cycle) -> bool) -> anyhow::Result<BTreeSet<AccruedCycle>> {
    let mut found = BTreeSet::new();
    for file in books.files_in_order(Table::Accruals.name()) {
        let cycle = folder(&file.path).with_context(|| format!("{}: its folder is no cycle", file.path))?;
        if !wanted(cycle) {
            continue;
        }
        let bytes = books.archive.get(&file).await?;
        for rows in read_table(&file.path, bytes, Some(&["mid", "currency"]))? {
            let rows = rows?;
            let columns = Columns(&rows);
            let (mid, currency) = (columns.words("mid")?, columns.words("currency")?);
            let pairs: BTreeSet<(&str, &str)> = (0..rows.num_rows()).map(|row| (mid.at(row), currency.at(row))).collect();
            for (mid, currency) in pairs {
                found.insert((mid.to_owned(), currency.parse()?, cycle));
            }
        }
    }
    Ok(found)
}

/// The cycle of the folder that a file of accruals is in.
fn folder(path: &str) -> Option<Cycle> {
    let named = |part: &str| part.strip_prefix(Table::Accruals.folder_key())?.strip_prefix('=')?.parse().ok();
    path.split('/').find_map(named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_says_the_cycle() {
        for (path, expected) in [
            ("accruals/v1/settled=2026-10/000001-abc.parquet", Some("2026-10")),
            ("accruals/v1/settled=2026-13/000001-abc.parquet", None),
            ("accruals/v1/month=2026-10/000001-abc.parquet", None),
            ("settled/v1/000001-abc.parquet", None),
        ] {
            assert_eq!(folder(path).map(|cycle| cycle.to_string()).as_deref(), expected, "{path}");
        }
    }
}
