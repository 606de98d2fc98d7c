//! Committing batches: evidence is encoded as it comes; with the batch come the sums; both are made durable, and the one transaction
//! makes them exist.

use crate::books::{Appended, Books};
use crate::side_by_side::side_by_side;
use anyhow::{Context, anyhow};
use arrow_array::RecordBatch;
use farthing_aggregate::accruals::Assignment;
use farthing_aggregate::closed::ClosedThrough;
use farthing_aggregate::fold::{Folded, Part};
use farthing_archive::folders::FolderParts;
use farthing_archive::{Archive, Encoded, FolderFiles, Folders, NewFile, months, table_path};
use farthing_ingest::{Committer, Refusal, SealedBatch};
use farthing_ledger::Effects;
use farthing_schemas::manifest::{Act, Batch, Closed, File, Total, dead_letters_sha256};
use farthing_schemas::tables::Table;
use farthing_schemas::{Currency, Cycle};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant as Clock};
use tokio::runtime::Handle;

/// The lines of a batch are cut into so many parts for each thread: few, since each begins row groups of its own, and enough for what was
/// encoded first to be put into files meanwhile, and for the threads to end together.
const PARTS_PER_THREAD: usize = 8;

/// Commits batches to the books, on one thread.
pub struct Commits<'b> {
    books: &'b mut Books,
    runtime: Handle,
    evidence: Evidence,
    /// How long commits took so far; evidence that was encoded as it came is not in it.
    pub time: Duration,
}

impl<'b> Commits<'b> {
    pub fn to(books: &'b mut Books) -> anyhow::Result<Commits<'b>> {
        Ok(Commits { books, runtime: Handle::current(), evidence: Evidence::start()?, time: Duration::ZERO })
    }

    /// Begins the evidence of the next batch; gives that of the last one.
    fn next_evidence(&mut self) -> anyhow::Result<Evidence> {
        Ok(std::mem::replace(&mut self.evidence, Evidence::start()?))
    }
}

/// Rows of evidence that wait to be encoded, in blocks.
const WAITING: usize = 16;

/// The evidence of the batch that is sealed next. A thread of its own encodes and hashes it as it comes, and what is left while the sums
/// of the batch are made.
struct Evidence {
    rows: SyncSender<RecordBatch>,
    encoding: JoinHandle<anyhow::Result<Vec<(Cycle, Encoded)>>>,
}

impl Evidence {
    fn start() -> anyhow::Result<Evidence> {
        let (rows, coming) = sync_channel(WAITING);
        let encoding = thread::Builder::new().name("evidence".to_owned()).spawn(move || encode_evidence(&coming))?;
        Ok(Evidence { rows, encoding })
    }

    fn finish(self) -> anyhow::Result<Vec<(Cycle, Encoded)>> {
        drop(self.rows);
        let encoded = self.encoding.join().map_err(|_| anyhow!("the thread that encodes evidence has failed"));
        encoded.flatten().context("the evidence cannot be encoded")
    }
}

fn encode_evidence(coming: &Receiver<RecordBatch>) -> anyhow::Result<Vec<(Cycle, Encoded)>> {
    let (mut folders, mut files) = (Folders::new(Table::Usage)?, FolderFiles::new(Table::Usage));
    for rows in coming {
        let months = months(&rows)?;
        folders.write_each(rows, &months)?;
        files.append(folders.take_ended())?;
    }
    files.append(folders.finish()?)?;
    Ok(files.finish()?)
}

impl Committer for Commits<'_> {
    fn rows(&mut self, rows: RecordBatch) -> Result<(), Refusal> {
        if self.evidence.rows.send(rows).is_err() {
            // It listens to its end, unless it has failed.
            self.next_evidence()?.finish()?;
        }
        Ok(())
    }

    fn commit(&mut self, sealed: SealedBatch) -> Result<(), Refusal> {
        let clock = Clock::now();
        let evidence = self.next_evidence()?;
        self.runtime.block_on(commit(self.books, evidence, sealed))?;
        self.time += clock.elapsed();
        Ok(())
    }
}

/// Commits a sealed batch. If this fails or the process ends anywhere, either all of it is there or nothing.
async fn commit(books: &mut Books, evidence: Evidence, mut sealed: SealedBatch) -> anyhow::Result<()> {
    fail::fail_point!("batch-sealed");
    let folded = std::mem::take(&mut sealed.lines).finish();
    // Encoded to its end and written while the sums are made.
    let usage = tokio::spawn(archive_evidence(books.archive.clone(), sealed.batch, evidence));
    let mut closed = books.catalog.closed.clone();
    let mut sums = encode_sums(&folded, books, &sealed, &closed);
    // What becomes of the sums is asked after the evidence is written: no task is left that still writes.
    let usage = usage.await??;
    fail::fail_point!("usage-written");
    let effects = Effects { dead_letters: std::mem::take(&mut sealed.dead_letters), ..Effects::default() };
    loop {
        let EncodedSums { files, totals } = sums.context("the sums cannot be encoded")?;
        let accruals = write(books.archive.clone(), Table::Accruals, sealed.batch, files).await.context("the sums cannot be archived")?;
        fail::fail_point!("accruals-written");
        let batch = Batch {
            batch: sealed.batch,
            registry_version: sealed.registry.version(),
            slices: sealed.slices.clone(),
            files: [&usage[..], &accruals].concat(),
            closed_through: closed_list(&closed),
            totals,
            dead_letters_sha256: dead_letters_sha256(&effects.dead_letters),
            replayed: sealed.replayed.clone(),
        };
        // A cycle may have closed meanwhile: then the sums are assigned again. The evidence stays as it is.
        match books.append(Act::Batch(batch), &effects).await? {
            Appended::Done => break,
            Appended::Moved => {
                for file in accruals {
                    books.archive.remove(&file.path).await?;
                }
                closed = books.catalog.closed.clone();
                sums = encode_sums(&folded, books, &sealed, &closed);
            }
        }
    }
    fail::fail_point!("batch-committed");
    // To give back so much memory takes as long as a sync: nobody waits for it. If no thread starts, it is given back here.
    let _ = thread::Builder::new().name("forget".to_owned()).spawn(move || drop(folded));
    Ok(())
}

async fn archive_evidence(archive: Archive, batch: u64, evidence: Evidence) -> anyhow::Result<Vec<File>> {
    let files = tokio::task::spawn_blocking(|| evidence.finish()).await??;
    write(archive, Table::Usage, batch, files).await.context("the evidence cannot be archived")
}

/// The sums of a batch as they are assigned now.
struct EncodedSums {
    files: Vec<(Cycle, Encoded)>,
    totals: Vec<Total>,
}

fn encode_sums(folded: &Folded, books: &Books, sealed: &SealedBatch, closed: &ClosedThrough) -> anyhow::Result<EncodedSums> {
    let mut history = books.catalog.history.clone();
    history.since(sealed.batch, closed);
    let assignment = Assignment::of(folded, &sealed.registry, closed, &history)?;
    let encode = |part| encode_part(&assignment, sealed.batch, part);
    let mut files = FolderFiles::new(Table::Accruals);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let totals = std::thread::scope(|scope| {
        let totals = scope.spawn(|| assignment.totals());
        let encoded = side_by_side(assignment.parts(threads * PARTS_PER_THREAD), threads, encode, |part| Ok(files.append(part)?));
        let totals = totals.join().map_err(|_| anyhow!("the thread that adds up has failed"));
        encoded.and_then(|()| Ok(totals??))
    })?;
    let totals = totals.into_iter().map(|(currency, sums)| Total {
        currency: currency.to_string(),
        gross: sums.gross.to_string(),
        labour: sums.labour.to_string(),
    });
    Ok(EncodedSums { files: files.finish()?, totals: totals.collect() })
}

fn encode_part(assignment: &Assignment<'_>, batch: u64, part: Part<'_>) -> anyhow::Result<FolderParts> {
    let mut folders = Folders::new(Table::Accruals)?;
    assignment.tables(batch, part, |cycle, rows| folders.write(cycle, rows).map_err(anyhow::Error::from))?;
    Ok(folders.finish()?)
}

/// What was closed, as a manifest says it.
pub fn closed_list(closed: &ClosedThrough) -> Vec<Closed> {
    let said = |(mid, currency, cycle): (&str, Currency, Cycle)| Closed {
        mid: mid.to_owned(),
        currency: currency.to_string(),
        cycle: cycle.to_string(),
    };
    closed.iter().map(said).collect()
}

async fn write(archive: Archive, table: Table, batch: u64, files: Vec<(Cycle, Encoded)>) -> anyhow::Result<Vec<File>> {
    let mut written = Vec::new();
    for (folder, Encoded { rows, content }) in files {
        let new = NewFile { table: table.name(), rows, batches: Some((batch, batch)), content };
        // The name tells the content: no two writers ever write different bytes to one name.
        let path = |sha256: &str| table_path(table, folder, &format!("batch-{batch:09}-{}", &sha256[..8]));
        written.push(archive.put(new, path).await?);
    }
    Ok(written)
}
