//! `farthing archive`: what exists, whether it is whole, and merging what is small.

use crate::books::{Appended, Books};
use crate::cli::ArchiveCommand;
use crate::copies::{self, Conflict, Searched};
use crate::lock::{Lock, Work};
use crate::output::{self, Answer};
use crate::place::Place;
use crate::trace;
use anyhow::Context;
use arrow_array::RecordBatch;
use farthing_aggregate::lines_table::LinesBuilder;
use farthing_aggregate::usage;
use farthing_archive::catalog::manifest_path;
use farthing_archive::{Encoded, NewFile, Root, encode, in_order, read_table, table_path};
use farthing_ledger::Effects;
use farthing_schemas::Cycle;
use farthing_schemas::manifest::{Act, Compaction, File};
use farthing_schemas::tables::Table;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// Rows of a merged file, about.
const FILE_ROWS: u64 = 1 << 20;
/// Result lines of a file; those of one file of evidence more are held until they are written.
const LINES_ROWS: usize = 256 << 10;

pub async fn run(at: &Place, command: ArchiveCommand, json: bool) -> anyhow::Result<Answer> {
    match command {
        ArchiveCommand::List { sql } => list(at, sql, json).await,
        ArchiveCommand::Check => check(at, json).await,
        ArchiveCommand::ReverseCopies => reverse_copies(at, json).await,
        ArchiveCommand::Compact => {
            let mut books = Books::open(at).await?;
            copies::search(&mut books, at).await?;
            let (written, replaced) = compact(&mut books, at, true).await?;
            books.ledger.close().await;
            if json {
                output::json(&json!({"written": written, "replaced": replaced}))?;
            } else {
                output::text(&format!("{written} files written, {replaced} replaced."))?;
            }
            Ok(Answer::Yes)
        }
    }
}

/// Conflicts that are shown to people; all are in the JSON document.
const CONFLICTS_SHOWN: usize = 20;

async fn reverse_copies(at: &Place, json: bool) -> anyhow::Result<Answer> {
    let mut books = Books::open(at).await?;
    let Searched { through, batches, reversed, claims, conflicts } = copies::search(&mut books, at).await?;
    books.ledger.close().await;
    if json {
        let list = conflicts.iter().map(|conflict| {
            let Conflict { platform, source, id, place, first } = conflict;
            let at = |place: &usage::Place| json!({"batch": place.batch, "row": place.row});
            json!({"platform": platform, "source": source, "id": id, "copy": at(place), "first": at(first)})
        });
        let conflicts: Vec<_> = list.collect();
        output::json(
            &json!({"through": through, "batches": batches, "reversed": reversed, "claims_undone": claims, "conflicts": conflicts}),
        )?;
        return Ok(Answer::Yes);
    }
    let mut said = vec![format!("{batches} new batches searched, {reversed} copies reversed.")];
    if claims > 0 {
        said.push(format!("{claims} claims upon events that are undone were undone with them."));
    }
    said.extend(conflicts.iter().take(CONFLICTS_SHOWN).map(|conflict| {
        let Conflict { platform, source, id, place, first } = conflict;
        let (copy, first) = (format!("batch {}, row {}", place.batch, place.row), format!("batch {}, row {}", first.batch, first.row));
        format!("conflict: {source} {id} of {platform} says something else in {copy} than in {first}, which counts")
    }));
    if conflicts.len() > CONFLICTS_SHOWN {
        said.push(format!("... and {} more conflicts; --json has all", conflicts.len() - CONFLICTS_SHOWN));
    }
    output::text(&said.join("\n"))?;
    Ok(Answer::Yes)
}

async fn list(at: &Place, sql: bool, json: bool) -> anyhow::Result<Answer> {
    let books = Books::open(at).await?;
    let files: Vec<&File> = Table::ALL.iter().flat_map(|table| books.catalog.files(table.name())).collect();
    anyhow::ensure!(!(sql && json), "--sql prints SQL, which is no JSON document: leave out one of --sql and --json");
    if sql {
        output::text(&format!("{}{}", how_to_reach(books.archive.root()), views(&files, &address(books.archive.root())?)))?;
    } else if json {
        let list: Vec<_> =
            files.iter().map(|file| json!({"table": file.table, "path": file.path, "rows": file.rows, "sha256": file.sha256})).collect();
        output::json(&json!({"files": list}))?;
    } else {
        let rows: Vec<Vec<String>> =
            files.iter().map(|file| vec![file.table.clone(), file.path.clone(), file.rows.to_string(), file.bytes.to_string()]).collect();
        output::text(&output::table(&["table", "path", "rows", "bytes"], &rows, 2))?;
    }
    Ok(Answer::Yes)
}

/// What stands before the paths of files, wherever DuckDB is started.
fn address(root: &Root) -> anyhow::Result<String> {
    match root {
        Root::Folder(folder) => {
            let folder = std::fs::canonicalize(folder).with_context(|| format!("{} cannot be found", folder.display()))?;
            Ok(folder.display().to_string())
        }
        #[cfg(feature = "s3")]
        Root::Bucket(bucket) => Ok(bucket.url().to_owned()),
    }
}

/// How DuckDB gets at a bucket, as a comment: secrets are for whoever runs it to fill in.
fn how_to_reach(root: &Root) -> String {
    match root {
        Root::Folder(_) => String::new(),
        #[cfg(feature = "s3")]
        Root::Bucket(bucket) => {
            let s3 = bucket.s3();
            let mut options = format!("REGION '{}', URL_STYLE '{}'", s3.region, if s3.virtual_hosted { "vhost" } else { "path" });
            if let Some((scheme, host)) = s3.endpoint.as_deref().and_then(|endpoint| endpoint.split_once("://")) {
                options += &format!(", ENDPOINT '{}', USE_SSL {}", host.trim_end_matches('/'), scheme == "https");
            }
            format!(
                "-- DuckDB reads a bucket through its extension httpfs. Once a session, before these views:\n\
                 -- INSTALL httpfs; LOAD httpfs;\n\
                 -- CREATE SECRET (TYPE s3, KEY_ID '...', SECRET '...', {options});\n"
            )
        }
    }
}

/// DuckDB views over exactly the files that exist; of a table without files, a view without rows.
fn views(files: &[&File], root: &str) -> String {
    // What DuckDB would take for a pattern stands in brackets: there it means itself.
    let literal = |path: String| path.replace('[', "[[]").replace('*', "[*]").replace('?', "[?]");
    let quoted = |path: &str| format!("'{}'", literal(format!("{root}/{path}")).replace('\'', "''"));
    let mut statements = Vec::new();
    for table in Table::ALL {
        let paths: Vec<String> = files.iter().filter(|file| file.table == table.name()).map(|file| quoted(&file.path)).collect();
        if paths.is_empty() {
            statements.push(format!("-- {}: no files yet", table.name()));
        } else {
            let list = paths.join(",\n  ");
            statements.push(format!(
                "CREATE OR REPLACE VIEW {} AS SELECT * FROM read_parquet([\n  {list}\n], hive_partitioning = false);",
                table.name()
            ));
        }
    }
    statements.join("\n")
}

/// What a check found.
#[derive(Default)]
struct Checked {
    files: u64,
    faults: Vec<String>,
    leftovers: u64,
}

async fn check(at: &Place, json: bool) -> anyhow::Result<Answer> {
    let mut books = Books::open(at).await?;
    let checked = loop {
        let seen = books.catalog.sequence;
        let checked = check_files(&books).await?;
        books.refresh().await?;
        // Files that are missing may have been merged away meanwhile: then the chain has grown, and there is another list.
        if checked.faults.is_empty() || books.catalog.sequence == seen {
            break checked;
        }
    };
    let Checked { files, faults, leftovers } = checked;
    if json {
        output::json(&json!({"checked": files, "faults": faults, "leftovers": leftovers}))?;
    } else {
        let state = if faults.is_empty() { "all are as their manifests say".to_owned() } else { faults.join("\n") };
        output::text(&format!("{files} files: {state}\n{leftovers} leftovers of crashes, which nobody reads"))?;
    }
    Ok(if faults.is_empty() { Answer::Yes } else { Answer::No })
}

async fn check_files(books: &Books) -> anyhow::Result<Checked> {
    let mut checked = Checked::default();
    for file in books.catalog.registry.iter().chain(books.catalog.live.values()) {
        checked.files += 1;
        match books.archive.get(file).await {
            Ok(bytes) if Table::named(&file.table).is_some() => {
                checked.faults.extend(wrong_rows(file, bytes).err().map(|error| format!("{error:#}")))
            }
            Ok(_) => {}
            Err(error) => checked.faults.push(error.to_string()),
        }
    }
    for manifest in books.ledger.manifests_after(0).await? {
        checked.files += 1;
        let path = manifest_path(manifest.sequence, &manifest.sha256);
        match books.archive.get_unchecked(&path).await {
            Ok(copy) if copy == manifest.body.as_bytes() => {}
            Ok(_) => checked.faults.push(format!("{path}: it is not the ledger's manifest {}", manifest.sequence)),
            Err(error) => checked.faults.push(error.to_string()),
        }
    }
    for table in Table::ALL {
        let paths = books.archive.list(table.name()).await?;
        checked.leftovers += u64::try_from(paths.iter().filter(|path| !books.catalog.live.contains_key(*path)).count())?;
    }
    Ok(checked)
}

fn wrong_rows(file: &File, bytes: bytes::Bytes) -> anyhow::Result<()> {
    let mut rows = 0;
    for batch in read_table(&file.path, bytes, None)? {
        rows += u64::try_from(batch?.num_rows())?;
    }
    anyhow::ensure!(rows == file.rows, "{}: it has {rows} rows, but its manifest says {}", file.path, file.rows);
    Ok(())
}

/// Writes the result lines of batches that have none, and merges small files; returns how many files came and went.
///
/// What it writes is new; what it replaces is removed only after the ledger says so.
pub async fn compact(books: &mut Books, at: &Place, merge: bool) -> anyhow::Result<(usize, usize)> {
    books.lock = Some(Lock::take(at, Work::Compacting).await?);
    let compacted = compact_alone(books, merge).await;
    books.lock = None;
    compacted
}

async fn compact_alone(books: &mut Books, merge: bool) -> anyhow::Result<(usize, usize)> {
    books.refresh().await?;
    books.sweep_compactions().await?;
    books.sweep_replaced().await?;
    let (mut written, mut replaced) = (0, 0);
    let through_sequence = books.catalog.sequence;
    let without_lines = books.catalog.batches.numbers(books.catalog.lines_through + 1..=through_sequence);
    let mut files = lines(books, &without_lines).await?;
    let mut replaces = Vec::new();
    if merge {
        for table in [Table::Usage, Table::Accruals] {
            merge_table(books, table, &mut files, &mut replaces).await?;
        }
    }
    if files.is_empty() && replaces.is_empty() {
        return Ok((0, 0));
    }
    written += files.len();
    replaced += replaces.len();
    fail::fail_point!("compaction-written");
    let act = Act::Compaction(Compaction { through_sequence, files, replaces: replaces.clone() });
    while books.append(act.clone(), &Effects::default()).await? == Appended::Moved {}
    fail::fail_point!("compaction-committed");
    for path in replaces {
        books.archive.remove(&path).await?;
    }
    Ok((written, replaced))
}

async fn lines(books: &mut Books, batches: &BTreeSet<u64>) -> anyhow::Result<Vec<File>> {
    let (Some(first), Some(last)) = (batches.first(), batches.last()) else { return Ok(Vec::new()) };
    let range = (*first, *last);
    let mut files = Vec::new();
    let mut open: BTreeMap<Cycle, LinesBuilder> = BTreeMap::new();
    let mut full: Vec<(Cycle, RecordBatch)> = Vec::new();
    for file in trace::evidence(books, batches) {
        let keep = &mut |traced: trace::TracedLine<'_>| {
            let builder = open.entry(traced.assigned.cycle).or_default();
            builder.push(&traced.source, traced.assigned, &traced.line);
            if builder.len() >= LINES_ROWS {
                full.push((traced.assigned.cycle, builder.finish()?));
            }
            Ok(())
        };
        trace::each_line_of(books, &file, batches, keep).await?;
        for (cycle, rows) in full.drain(..) {
            files.push(write(books, Table::Lines, cycle, range, &[rows]).await?);
        }
    }
    for (cycle, mut builder) in open {
        if !builder.is_empty() {
            files.push(write(books, Table::Lines, cycle, range, &[builder.finish()?]).await?);
        }
    }
    Ok(files)
}

/// Merges runs of neighbouring small files of one folder, whose batches may interleave.
async fn merge_table(books: &Books, table: Table, files: &mut Vec<File>, replaces: &mut Vec<String>) -> anyhow::Result<()> {
    let mut folders: BTreeMap<Cycle, Vec<File>> = BTreeMap::new();
    for file in books.files_in_order(table.name()) {
        folders.entry(folder_of(&file)?).or_default().push(file);
    }
    for (folder, mut of_folder) in folders {
        of_folder.retain(|file| file.rows < FILE_ROWS);
        let mut run: Vec<File> = Vec::new();
        for file in of_folder {
            if run.iter().map(|file| file.rows).sum::<u64>() + file.rows > FILE_ROWS {
                merge_run(books, table, folder, std::mem::take(&mut run), files, replaces).await?;
            }
            run.push(file);
        }
        merge_run(books, table, folder, run, files, replaces).await?;
    }
    Ok(())
}

fn folder_of(file: &File) -> anyhow::Result<Cycle> {
    let value = file.path.split('/').find_map(|part| part.split_once('=')).map(|(_, value)| value);
    value.and_then(|value| value.parse().ok()).with_context(|| format!("{}: no month in its path", file.path))
}

async fn merge_run(
    books: &Books,
    table: Table,
    folder: Cycle,
    run: Vec<File>,
    files: &mut Vec<File>,
    replaces: &mut Vec<String>,
) -> anyhow::Result<()> {
    if run.len() < 2 {
        return Ok(());
    }
    let ranges = || run.iter().filter_map(|file| file.batches);
    let range = (ranges().map(|(first, _)| first).min().unwrap_or(0), ranges().map(|(_, last)| last).max().unwrap_or(0));
    let mut rows = Vec::new();
    for file in &run {
        rows.extend(trace::read_rows(books, file).await?);
    }
    files.push(write(books, table, folder, range, &in_order(table, rows)?).await?);
    replaces.extend(run.into_iter().map(|file| file.path));
    Ok(())
}

async fn write(books: &Books, table: Table, folder: Cycle, batches: (u64, u64), rows: &[RecordBatch]) -> anyhow::Result<File> {
    let Encoded { rows, content } = encode(table, rows)?;
    let new = NewFile { table: table.name(), rows, batches: Some(batches), content };
    let path = |sha256: &str| table_path(table, folder, &format!("compact-{:09}-{:09}-{}", batches.0, batches.1, &sha256[..8]));
    Ok(books.archive.put(new, path).await?)
}
