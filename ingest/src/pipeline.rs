//! The pipeline: a reader, workers, the sequencer and the evidence on threads of their own, with bounded queues between them.

use crate::IngestError;
use crate::batch::{Committer, Evidence, Numbers, SealedBatch};
use crate::block::Block;
use crate::committed::Committed;
use crate::identities::{Identities, Originals};
use crate::job::Job;
use crate::sequencer::{Sequenced, Sequencer};
use crate::source::{Source, SourceError};
use crate::worker::{Decoded, Worker};
use arrow_array::RecordBatch;
use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread;

/// What the reader hands on, in order: a block on its way, or the end.
type Ordered = Result<Receiver<Result<Decoded, IngestError>>, SourceError>;
/// A block, and where its worker puts the result.
type Task = (Block, SyncSender<Result<Decoded, IngestError>>);

/// Evidence of so many blocks waits: a fraction of a second of decoding.
const WAITING: usize = 48;

/// What a job needs from outside.
pub struct Outside {
    /// What is read.
    pub source: Box<dyn Source>,
    /// Indexes of identities; each partition of the job names one.
    pub identities: Vec<Identities>,
    /// Where originals are read.
    pub originals: Box<dyn Originals>,
    /// Where batches get their numbers.
    pub numbers: Box<dyn Numbers>,
    /// Who takes the evidence.
    pub evidence: Box<dyn Evidence>,
}

/// Why a job ended before its time.
pub struct Failed {
    /// Why; batches that were committed before stay.
    pub error: IngestError,
    /// The indexes of identities with what was committed before, if that is known for sure and the source ends with its feed.
    pub identities: Option<Vec<Identities>>,
}

impl From<IngestError> for Failed {
    fn from(error: IngestError) -> Failed {
        Failed { error, identities: None }
    }
}

/// Runs a job to its end: evidence is taken on a thread of its own, batches are committed on the calling one. While one is committed, at
/// most one other waits sealed. Returns the indexes of identities, with all that was committed.
///
/// # Errors
/// [`Failed`]; batches that `committer` has committed stay.
pub fn run(job: &Arc<Job>, outside: Outside, committer: &mut dyn Committer) -> Result<Vec<Identities>, Failed> {
    let Outside { source, identities, originals, numbers, evidence } = outside;
    let ends_with_its_feed = source.ends_with_its_feed();
    let committed = Arc::new(Committed::default());
    let (task_sender, tasks) = sync_channel::<Task>(job.workers * 2);
    let (order_sender, order) = sync_channel::<Ordered>(job.workers * 6);
    let (evidence_sender, steps) = sync_channel(WAITING);
    let (sealed_sender, sealed) = sync_channel(0);
    let reading = job.clone();
    start("read", move || read(source, &Feed { job: &reading, tasks: task_sender, order: order_sender }))?;
    let tasks = Arc::new(Mutex::new(tasks));
    for _ in 0..job.workers {
        let (job, tasks) = (job.clone(), tasks.clone());
        start("decode", move || work(&job, &tasks))?;
    }
    // The workers hold the queue alone: when they are gone, the reader notices.
    drop(tasks);
    let sequencer = Sequencer::new(job.clone(), identities, originals, numbers, committed.clone());
    start("evidence", move || take_evidence(evidence, &steps))?;
    let outlets = Outlets { evidence: evidence_sender, sealed: sealed_sender };
    let sequencing = start("sequence", move || sequence(sequencer, &order, &outlets))?;
    let done = {
        // However this ends, nobody waits for a commit afterwards.
        let _end = EndOnDrop(&committed);
        commit_all(&sealed, committer, &committed)
    };
    // After a failure the evidence is not joined: what is archived then is a leftover. Nor is the sequencer, if the reader may wait for a pipe
    // that never speaks again.
    let refused = match done {
        Ok(()) => None,
        Err(IngestError::Commit(why)) if ends_with_its_feed && committer.is_surely_undone(&why) => {
            job.stop.store(true, Ordering::Relaxed);
            drop(sealed);
            Some(IngestError::Commit(why))
        }
        Err(error) => return Err(error.into()),
    };
    let Ok((identities, sequenced)) = sequencing.join() else { return Err(refused.unwrap_or(IngestError::Thread).into()) };
    match (refused, sequenced) {
        (None, Ok(())) => Ok(identities),
        (None, Err(error)) => Err(error.into()),
        // It ended since nobody took its batches any more: nothing else has gone wrong with the indexes.
        (Some(error), Ok(()) | Err(IngestError::Thread)) => Err(Failed { error, identities: without(identities, &committed.open()) }),
        (Some(error), Err(_)) => Err(error.into()),
    }
}

/// The indexes without what was never committed; none if that cannot be told any more.
fn without(mut identities: Vec<Identities>, open: &BTreeSet<u64>) -> Option<Vec<Identities>> {
    identities.iter_mut().try_for_each(|index| index.forget(open)).ok().map(|()| identities)
}

struct EndOnDrop<'a>(&'a Committed);

impl Drop for EndOnDrop<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// What comes to whoever takes the evidence.
enum Given {
    Rows(RecordBatch),
    /// The batch of that number has all its rows.
    Seal(u64),
}

/// Where what the sequencer hands on goes.
struct Outlets {
    evidence: SyncSender<Given>,
    sealed: SyncSender<Box<SealedBatch>>,
}

impl Outlets {
    fn send(&self, next: Sequenced) -> Result<(), IngestError> {
        let on = match next {
            Sequenced::Rows(rows) => self.evidence.send(Given::Rows(rows)).ok(),
            Sequenced::Sealed(batch) => self.evidence.send(Given::Seal(batch.batch)).ok().and_then(|()| self.sealed.send(batch).ok()),
        };
        // Nobody listening means that the job has failed already.
        on.ok_or(IngestError::Thread)
    }
}

fn take_evidence(mut evidence: Box<dyn Evidence>, steps: &Receiver<Given>) {
    for step in steps {
        match step {
            Given::Rows(rows) => evidence.take(rows),
            Given::Seal(batch) => evidence.seal(batch),
        }
    }
}

fn commit_all(sealed: &Receiver<Box<SealedBatch>>, committer: &mut dyn Committer, committed: &Committed) -> Result<(), IngestError> {
    for batch in sealed {
        let number = batch.batch;
        committer.commit(*batch).map_err(IngestError::Commit)?;
        committed.commit(number);
    }
    Ok(())
}

/// A thread that shows its name to whoever looks at the process.
fn start<T: Send + 'static>(name: &str, run: impl FnOnce() -> T + Send + 'static) -> Result<thread::JoinHandle<T>, IngestError> {
    thread::Builder::new().name(name.to_owned()).spawn(run).map_err(IngestError::Spawn)
}

/// Where a [`Source`] gives its blocks.
pub struct Feed<'j> {
    job: &'j Job,
    tasks: SyncSender<Task>,
    order: SyncSender<Ordered>,
}

impl Feed<'_> {
    /// Whether the job is to end with what it has.
    #[must_use]
    pub fn ended(&self) -> bool {
        self.job.stop.load(Ordering::Relaxed)
    }

    /// Gives the next block, once there is room; false if nobody wants it, since the job has failed or is to end.
    #[must_use]
    pub fn give(&self, block: Block) -> bool {
        if self.ended() {
            return false;
        }
        let (result_sender, result) = sync_channel(1);
        self.order.send(Ok(result)).is_ok() && self.tasks.send((block, result_sender)).is_ok()
    }
}

fn read(source: Box<dyn Source>, feed: &Feed<'_>) {
    if let Err(error) = source.give(feed) {
        // Nobody listening means that the job has failed already.
        let _ = feed.order.send(Err(error));
    }
}

fn work(job: &Job, tasks: &Mutex<Receiver<Task>>) {
    let mut worker = Worker::new(&job.registry, &job.admission, &job.partitions);
    loop {
        let task = tasks.lock().map(|tasks| tasks.recv());
        let Ok(Ok((block, result))) = task else { return };
        let decoded = worker.decode(block, (job.now)());
        if result.send(decoded).is_err() {
            return;
        }
    }
}

/// Sequences all that comes; the indexes as they are then.
fn sequence(mut sequencer: Sequencer, order: &Receiver<Ordered>, outlets: &Outlets) -> (Vec<Identities>, Result<(), IngestError>) {
    let done = sequence_all(&mut sequencer, order, outlets);
    (sequencer.into_identities(), done)
}

fn sequence_all(sequencer: &mut Sequencer, order: &Receiver<Ordered>, outlets: &Outlets) -> Result<(), IngestError> {
    let mut emit = |next| outlets.send(next);
    loop {
        let next = match sequencer.patience() {
            Some(patience) => order.recv_timeout(patience),
            None => order.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match next {
            Ok(Ok(result)) => {
                let decoded = result.recv().map_err(|_| IngestError::Thread)??;
                sequencer.take(&decoded, &mut emit)?;
                sequencer.count_progress(&decoded);
            }
            Err(RecvTimeoutError::Timeout) => sequencer.seal_rest(&mut emit)?,
            // What came before the end, or before a failure, is kept.
            Ok(Err(error)) => {
                sequencer.seal_rest(&mut emit)?;
                return Err(error.into());
            }
            Err(RecvTimeoutError::Disconnected) => return sequencer.seal_rest(&mut emit),
        }
    }
}
