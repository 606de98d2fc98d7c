//! Committing batches: evidence is encoded as it comes, and archived when its batch is sealed; with the batch come the sums. Both are made
//! durable, and the one transaction makes them exist.

use crate::books::{Appended, Books};
use crate::output::comes_from_the_ledger;
use crate::side_by_side::side_by_side;
use crate::telemetry::{Event, Sealed, Step, step, step_of, tell};
use crate::turnstile::{self, Passed};
use anyhow::{Context, anyhow, ensure};
use arrow_array::RecordBatch;
use farthing_aggregate::accruals::Assignment;
use farthing_aggregate::closed::{ClosedThrough, Closing};
use farthing_aggregate::fold::{Folded, Part};
use farthing_archive::folders::FolderParts;
use farthing_archive::{Archive, Encoded, FolderFiles, Folders, NewFile, months, table_path};
use farthing_ingest::{Committer, Evidence, Refusal, SealedBatch};
use farthing_ledger::{Effects, LedgerError};
use farthing_schemas::manifest::{Act, Batch, Closed, File, Slice, Total, dead_letters_sha256, is_from_outside};
use farthing_schemas::tables::Table;
use farthing_schemas::{Currency, Cycle};
use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant as Clock};
use tokio::runtime::Handle;

/// Told what was committed.
type After = Box<dyn Fn(&[Slice]) + Send>;

/// What a source has to say about each commit.
#[derive(Default)]
pub struct Around {
    /// Asked right before the transaction: whether what was read is still what it was taken for.
    pub before: Option<Box<dyn Fn() -> anyhow::Result<()> + Send>>,
    /// Told what was committed.
    pub after: Option<After>,
}

/// Commits batches to the books, on one thread.
pub struct Commits<'b> {
    books: &'b mut Books,
    around: Around,
    runtime: Handle,
    archived: Receiver<ArchivedEvidence>,
    /// Whether no batch will be committed any more. Whoever writes evidence holds it: nothing is written behind the end.
    ended: Arc<Mutex<bool>>,
    /// The last manifest that has committed something of each partition.
    pub last: BTreeMap<String, u64>,
    /// How long commits took so far, with their waits for evidence; what was encoded or archived meanwhile is not in it.
    pub time: Duration,
}

/// The number of a batch and the files of its evidence, or why there are none.
type ArchivedEvidence = (u64, anyhow::Result<Vec<File>>);

impl<'b> Commits<'b> {
    /// Commits to these books, and what archives the evidence meanwhile.
    pub fn to(books: &'b mut Books, around: Around) -> (Commits<'b>, EvidenceArchiver) {
        let (archived_sender, archived) = sync_channel(1);
        let (runtime, archive) = (Handle::current(), books.archive.clone());
        let ended = Arc::new(Mutex::new(false));
        let archiver = EvidenceArchiver {
            open: OpenEvidence::new(),
            archive,
            runtime: runtime.clone(),
            archived: archived_sender,
            ended: ended.clone(),
        };
        (Commits { books, around, runtime, archived, ended, last: BTreeMap::new(), time: Duration::ZERO }, archiver)
    }
}

impl Drop for Commits<'_> {
    fn drop(&mut self) {
        *locked(&self.ended) = true;
    }
}

/// A flag is whole, whoever panicked while holding it.
fn locked(ended: &Mutex<bool>) -> MutexGuard<'_, bool> {
    ended.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether somebody else has a partition by now: what was to be committed of it is not.
pub fn lost_its_lease(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| matches!(cause.downcast_ref(), Some(LedgerError::LostLease(_))))
}

/// Why something was refused, with all its causes as they are: whoever runs a job looks for some of them.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Because(#[source] pub anyhow::Error);

impl Committer for Commits<'_> {
    fn commit(&mut self, sealed: SealedBatch) -> Result<(), Refusal> {
        let clock = Clock::now();
        let told = Sealed::of(&sealed);
        let (batch, slices) = (sealed.batch, sealed.slices.clone());
        let commit = async {
            let committed = commit(self.books, &self.archived, self.around.before.as_deref(), sealed).await;
            match committed {
                Err(error) => Err(why_refused(self.books, batch, &slices, error).await),
                done => done,
            }
        };
        self.runtime.block_on(step_of(Step::Commit, told.batch, commit)).map_err(Because)?;
        tell(Event::Committed(&told));
        self.last.extend(told.slices.iter().map(|slice| (slice.partition.clone(), self.books.catalog.sequence)));
        if let Some(after) = &self.around.after {
            after(&told.slices);
        }
        self.time += clock.elapsed();
        Ok(())
    }

    fn is_surely_undone(&self, why: &Refusal) -> bool {
        why.downcast_ref().is_some_and(|Because(why)| lost_its_lease(why))
    }
}

/// Whoever slept until another took over may find its files swept away under its hands, which the archive tells as a failure of its own: the
/// lost lease is why.
async fn why_refused(books: &Books, batch: u64, slices: &[Slice], error: anyhow::Error) -> anyhow::Error {
    if comes_from_the_ledger(&error) {
        return error;
    }
    match books.still_reserved(batch, slices).await {
        Err(lost) if matches!(lost.downcast_ref(), Some(LedgerError::LostLease(_))) => lost.context(format!("{error:#}")),
        _ => error,
    }
}

/// Encodes and hashes evidence as it comes, and archives that of each batch; without the batch's manifest its files do not exist.
pub struct EvidenceArchiver {
    open: anyhow::Result<OpenEvidence>,
    archive: Archive,
    runtime: Handle,
    archived: SyncSender<ArchivedEvidence>,
    ended: Arc<Mutex<bool>>,
}

/// The evidence of the batch that is sealed next.
struct OpenEvidence {
    folders: Folders,
    files: FolderFiles,
}

impl OpenEvidence {
    fn new() -> anyhow::Result<OpenEvidence> {
        Ok(OpenEvidence { folders: Folders::new(Table::Usage)?, files: FolderFiles::new(Table::Usage) })
    }

    fn encode(&mut self, rows: RecordBatch) -> anyhow::Result<()> {
        let months = months(&rows)?;
        self.folders.write_each(rows, &months)?;
        Ok(self.files.append(self.folders.take_ended())?)
    }

    fn finish(mut self) -> anyhow::Result<Vec<(Cycle, Encoded)>> {
        self.files.append(self.folders.finish()?)?;
        Ok(self.files.finish()?)
    }
}

impl EvidenceArchiver {
    fn archive(&mut self, batch: u64) -> anyhow::Result<Vec<File>> {
        let open = std::mem::replace(&mut self.open, OpenEvidence::new());
        let files = open.and_then(OpenEvidence::finish).context("the evidence cannot be encoded")?;
        let ended = locked(&self.ended);
        ensure!(!*ended, "no batch is committed any more");
        let written = write(self.archive.clone(), Table::Usage, batch, files);
        self.runtime.block_on(written).context("the evidence cannot be archived")
    }
}

impl Evidence for EvidenceArchiver {
    fn take(&mut self, rows: RecordBatch) {
        // After a failure nothing more is encoded: the commit will say so.
        if let Ok(open) = &mut self.open
            && let Err(error) = open.encode(rows)
        {
            self.open = Err(error);
        }
    }

    fn seal(&mut self, batch: u64) {
        tell(Event::BatchSealed { batch });
        let files = step(Step::Evidence, batch, || self.archive(batch));
        // Nobody listens after a commit that failed.
        let _ = self.archived.send((batch, files));
    }
}

/// Losses against other writers after which a commit pauses, and how long at most: chance then tells writers apart that got in step.
const LOSSES_WITHOUT_PAUSE: u32 = 3;
const PAUSE_MAX: Duration = Duration::from_millis(50);

/// Commits a sealed batch. If this fails or the process ends anywhere, either all of it is there or nothing.
async fn commit(
    books: &mut Books,
    archived: &Receiver<ArchivedEvidence>,
    before: Option<&(dyn Fn() -> anyhow::Result<()> + Send)>,
    mut sealed: SealedBatch,
) -> anyhow::Result<()> {
    fail::fail_point!("batch-sealed");
    let folded = std::mem::take(&mut sealed.lines).finish();
    let mut closed = books.catalog.closed.clone();
    let encoded = step(Step::Sums, sealed.batch, || encode_sums(&folded, books, &sealed, &closed));
    let usage = evidence_of(sealed.batch, archived)?;
    fail::fail_point!("usage-written");
    let effects = Effects { dead_letters: std::mem::take(&mut sealed.dead_letters), ..Effects::default() };
    let mut sums = step_of(Step::Archive, sealed.batch, archive_sums(books, sealed.batch, encoded)).await?;
    let is_still_so = || before.map_or(Ok(()), |before| before());
    // What a search or a claim brings is not held off: whoever has shut the turnstile waits for it.
    let by_farthing = !sealed.slices.iter().any(|slice| is_from_outside(&slice.partition));
    for losses in 1_u32.. {
        let passed = if by_farthing { Passed::AtOnce } else { turnstile::pass(books).await? };
        if losses == 1 || passed == Passed::Later {
            is_still_so()?;
        }
        fail::fail_point!("accruals-written");
        let batch = Batch {
            batch: sealed.batch,
            registry_version: sealed.registry.version(),
            slices: sealed.slices.clone(),
            files: [&usage[..], &sums.files].concat(),
            closed_through: closed_list(&closed),
            totals: sums.totals.clone(),
            dead_letters_sha256: dead_letters_sha256(&effects.dead_letters),
            replayed: sealed.replayed.clone(),
        };
        if step_of(Step::Append, sealed.batch, books.append(Act::Batch(batch), &effects)).await? == Appended::Done {
            break;
        }
        pause_after(losses).await;
        books.refresh().await?;
        // Most others commit batches, which change nothing of this one. If a cycle has closed, the sums are assigned again; the evidence
        // stays as it is.
        if books.catalog.closed != closed {
            for file in sums.files {
                books.archive.remove(&file.path).await?;
            }
            closed = books.catalog.closed.clone();
            let encoded = encode_sums(&folded, books, &sealed, &closed);
            sums = archive_sums(books, sealed.batch, encoded).await?;
        }
    }
    fail::fail_point!("batch-committed");
    // To give back so much memory takes as long as a sync: nobody waits for it. If no thread starts, it is given back here.
    let _ = thread::Builder::new().name("forget".to_owned()).spawn(move || drop(folded));
    Ok(())
}

/// Lets others go first for a moment, after it lost against them several times. Whoever lost has lost to one who committed: so some writer
/// always gets on, and none tries in vain for ever.
async fn pause_after(losses: u32) {
    if losses > LOSSES_WITHOUT_PAUSE {
        let mut chance = [128];
        // Without randomness it is half of the time.
        let _ = getrandom::fill(&mut chance);
        tokio::time::sleep(PAUSE_MAX * u32::from(chance[0]) / 256).await;
    }
}

/// Waits for the files of a batch's evidence.
fn evidence_of(batch: u64, archived: &Receiver<ArchivedEvidence>) -> anyhow::Result<Vec<File>> {
    let (found, files) = archived.recv().context("the thread that archives evidence has failed")?;
    ensure!(found == batch, "the evidence of batch {found} came for batch {batch}");
    files
}

/// The sums of a batch as they are assigned now.
struct EncodedSums {
    files: Vec<(Cycle, Encoded)>,
    totals: Vec<Total>,
}

/// The same, in files that no manifest names yet.
struct ArchivedSums {
    files: Vec<File>,
    totals: Vec<Total>,
}

async fn archive_sums(books: &Books, batch: u64, encoded: anyhow::Result<EncodedSums>) -> anyhow::Result<ArchivedSums> {
    let EncodedSums { files, totals } = encoded.context("the sums cannot be encoded")?;
    fail::fail_point!("sums-encoded");
    let files = write(books.archive.clone(), Table::Accruals, batch, files).await.context("the sums cannot be archived")?;
    Ok(ArchivedSums { files, totals })
}

fn encode_sums(folded: &Folded, books: &Books, sealed: &SealedBatch, closed: &ClosedThrough) -> anyhow::Result<EncodedSums> {
    let closing = Closing { batch: sealed.batch, closed, history: &books.catalog.history };
    let assignment = Assignment::of(folded, &sealed.registry, &closing)?;
    let encode = |part| encode_part(&assignment, sealed.batch, part);
    let mut files = FolderFiles::new(Table::Accruals);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let totals = std::thread::scope(|scope| {
        let totals = scope.spawn(|| assignment.totals());
        let encoded = side_by_side(assignment.parts(threads), threads, encode, |part| Ok(files.append(part)?));
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
    fail::fail_point!("archive-refuses", |_| Err(anyhow!("the archive refused")));
    let mut written = Vec::new();
    for (folder, Encoded { rows, content }) in files {
        let new = NewFile { table: table.name(), rows, batches: Some((batch, batch)), content };
        // The name tells the content: no two writers ever write different bytes to one name.
        let path = |sha256: &str| table_path(table, folder, &format!("batch-{batch:09}-{}", &sha256[..8]));
        written.push(archive.put(new, path).await?);
    }
    Ok(written)
}
