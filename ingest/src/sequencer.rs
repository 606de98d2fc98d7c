//! The sequencer: puts decoded blocks in order, judges what needs history, and seals batches.

use crate::IngestError;
use crate::batch::{Numbers, SealedBatch};
use crate::block::Block;
use crate::committed::Committed;
use crate::identities::{Identities, Original, Originals, Remembered, Seen};
use crate::job::{Job, Limits};
use crate::open::{Current, Open};
use crate::recent::Recent;
use crate::worker::{Decoded, DecodedLine, Slot, What};
use arrow_array::RecordBatch;
use farthing_aggregate::again::{lines_again, negated};
use farthing_aggregate::columns::ColumnError;
use farthing_aggregate::fold::{LineKey, Sums};
use farthing_aggregate::numbered::index;
use farthing_aggregate::usage::{Joining, Place, UsageRows, join_batch};
use farthing_aggregate::{Digest, LineMaker};
use farthing_schemas::manifest::{DeadLetter, Slice};
use farthing_schemas::money::MoneyError;
use farthing_schemas::{Code, Rejection};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant as Clock};

/// What becomes of one event in its place in the order.
enum Verdict {
    Metered,
    Duplicate,
    Rejected(Rejection),
}

/// What the sequencer hands on, in order.
pub enum Sequenced {
    /// Complete rows of `usage`, of the batch that is sealed next.
    Rows(RecordBatch),
    /// A batch that is full.
    Sealed(Box<SealedBatch>),
}

/// Takes what is handed on.
type Emit<'e> = dyn FnMut(Sequenced) -> Result<(), IngestError> + 'e;

/// Bytes of dead letters and unknown references that fill a batch: they wait in memory for its commit.
const KEPT_BYTES_MAX: u64 = 64 << 20;

/// Rows of sums that fill a batch: they wait in memory as well.
const SUM_ROWS_MAX: usize = 8 << 20;

/// Months that a batch holds before it is sealed early, and the bytes of events that it then needs: evidence is encoded as it comes
/// for so many months (`archive::folders`), and waits in memory for all others.
const MONTHS_MAX: usize = 64;
const SCATTERED_BYTES_MIN: u64 = 64 << 20;

/// Orders, judges, folds and seals.
pub struct Sequencer {
    job: Arc<Job>,
    /// The position after the last event of each partition.
    positions: Vec<u64>,
    /// The position after the last block of each, once there was one.
    reached: Vec<Option<u64>>,
    /// The job's indexes of identities: those of a partition are in the one that it names.
    identities: Vec<Identities>,
    originals: Box<dyn Originals>,
    numbers: Box<dyn Numbers>,
    committed: Arc<Committed>,
    maker: LineMaker,
    open: Open,
    recent: Recent,
}

impl Sequencer {
    /// A sequencer that goes on where the partitions are.
    pub fn new(
        job: Arc<Job>,
        identities: Vec<Identities>,
        originals: Box<dyn Originals>,
        numbers: Box<dyn Numbers>,
        committed: Arc<Committed>,
    ) -> Sequencer {
        let positions = job.partitions.iter().map(|partition| partition.next).collect();
        let reached = vec![None; job.partitions.len()];
        let open = Open::new(job.partitions.len());
        let (maker, recent) = (LineMaker::default(), Recent::default());
        Sequencer { job, positions, reached, identities, originals, numbers, committed, maker, open, recent }
    }

    /// How long the open batch may still wait; none if it is empty.
    #[must_use]
    pub fn patience(&self) -> Option<Duration> {
        (self.open.read > 0).then(|| self.job.limits.age.saturating_sub(self.open.since.elapsed()))
    }

    /// Takes the next block in order; `emit` gets its evidence, and each batch that is full.
    ///
    /// # Errors
    /// [`IngestError`]
    pub fn take(&mut self, decoded: &Decoded, emit: &mut Emit<'_>) -> Result<(), IngestError> {
        self.follows(&decoded.block)?;
        // A block takes moments: its events need not look at the clock one by one.
        if self.patience() == Some(Duration::ZERO) {
            emit(self.seal())?;
        }
        let mut current = Current::of(decoded, self.job.partitions[decoded.block.partition].index);
        current.start_chunk();
        self.identities[current.index].prefetch(decoded.slots.iter().filter_map(|slot| slot.what.identity()));
        for (number, slot) in decoded.slots.iter().enumerate() {
            if number == 0 || decoded.slots[number - 1].is_last() {
                self.reach_originals(&mut current, number, emit)?;
            }
            self.begin()?;
            let verdict = self.judge(&mut current, number, slot)?;
            self.record(decoded, number, slot, verdict);
            if slot.is_last() && self.full() {
                self.seal_at(&mut current, emit)?;
            }
        }
        self.finish_chunk(&mut current, emit)?;
        // Blank lines at the end of a block are behind us as well, and what a topic holds beside messages.
        let block = &decoded.block;
        if let Some(slice) = &mut self.open.slices[block.partition] {
            slice.next = block.next;
            self.positions[block.partition] = block.next;
        }
        Ok(())
    }

    /// Makes sure that nothing is left out between two blocks of a partition, and nothing is read twice.
    fn follows(&mut self, block: &Block) -> Result<(), IngestError> {
        let reached = &mut self.reached[block.partition];
        let (position, start) = (reached.unwrap_or(block.start), block.start);
        if position != start || start < self.positions[block.partition] {
            return Err(IngestError::Torn { partition: self.job.partitions[block.partition].name.clone(), position, start });
        }
        *reached = Some(block.next);
        Ok(())
    }

    /// Tells whoever watches that a block is done.
    pub fn count_progress(&self, decoded: &Decoded) {
        let count = |length: usize| u64::try_from(length).unwrap_or(u64::MAX);
        self.job.progress.bytes.fetch_add(count(decoded.block.bytes.len()), Ordering::Relaxed);
        self.job.progress.events.fetch_add(count(decoded.slots.len()), Ordering::Relaxed);
    }

    /// Seals what is open, if anything is.
    ///
    /// # Errors
    /// Whatever `emit` says.
    pub fn seal_rest(&mut self, emit: &mut Emit<'_>) -> Result<(), IngestError> {
        if self.open.read > 0 { emit(self.seal()) } else { Ok(()) }
    }

    /// The indexes as they are now, for a job that goes on from here.
    #[must_use]
    pub fn into_identities(self) -> Vec<Identities> {
        self.identities
    }

    fn full(&self) -> bool {
        let Limits { events, bytes, .. } = self.job.limits;
        let open = &self.open;
        let scattered = open.months.len() > MONTHS_MAX && open.bytes >= SCATTERED_BYTES_MIN;
        let heavy = open.kept_bytes >= KEPT_BYTES_MAX || open.lines.rows() >= SUM_ROWS_MAX;
        scattered || heavy || open.read >= events || open.bytes >= bytes
    }

    /// Numbers the open batch, as its first event comes.
    fn begin(&mut self) -> Result<(), IngestError> {
        if self.open.batch.is_none() {
            let batch = self.numbers.next().map_err(IngestError::Number)?;
            self.identities.iter_mut().for_each(|index| index.keep(|batch| self.committed.holds(batch)));
            self.committed.begin(batch);
            self.open.batch = Some(batch);
        }
        Ok(())
    }

    /// Seals the open batch within a block.
    fn seal_at(&mut self, current: &mut Current<'_>, emit: &mut Emit<'_>) -> Result<(), IngestError> {
        self.finish_chunk(current, emit)?;
        emit(self.seal())?;
        current.start_chunk();
        Ok(())
    }

    /// Sees to it that the originals of all reversals at one position can be read: between them no batch can end.
    fn reach_originals(&mut self, current: &mut Current<'_>, first: usize, emit: &mut Emit<'_>) -> Result<(), IngestError> {
        let decoded = current.decoded;
        for slot in &decoded.slots[first..] {
            if let What::Reversal { original, .. } = slot.what {
                self.reach(current, original, emit)?;
            }
            if slot.is_last() {
                break;
            }
        }
        Ok(())
    }

    /// Sees to it that an original can be read: one that is no longer at hand has to be committed first.
    fn reach(&mut self, current: &mut Current<'_>, original: Digest, emit: &mut Emit<'_>) -> Result<(), IngestError> {
        self.recent.forget(|batch| self.committed.holds(batch));
        let Some(place) = self.identities[current.index].reversible(original)? else { return Ok(()) };
        if self.committed.holds(place.batch) || current.holds(place, &self.open) || self.recent.row(place).is_some() {
            return Ok(());
        }
        if Some(place.batch) == self.open.batch {
            self.seal_at(current, emit)?;
        }
        if self.committed.wait_for(place.batch) { Ok(()) } else { Err(IngestError::Thread) }
    }

    /// Decides on one event; a metered one is remembered, and its lines are added.
    fn judge(&mut self, current: &mut Current<'_>, number: usize, slot: &Slot) -> Result<Verdict, IngestError> {
        let (identity, says, reversed) = match &slot.what {
            What::Rejected(rejection) => return Ok(Verdict::Rejected(rejection.clone())),
            What::Usage { identity, says, .. } => (*identity, *says, None),
            What::Reversal { identity, original } => (*identity, *original, Some(*original)),
        };
        let verdict = match (self.identities[current.index].seen(identity, says)?, reversed) {
            (Seen::Duplicate, _) => Verdict::Duplicate,
            (Seen::Conflict, _) => Verdict::Rejected(Rejection::new(
                Code::IdentityConflict,
                "id: an event of this platform, source and id was metered before and says something else",
            )),
            (Seen::New, None) => Verdict::Metered,
            (Seen::New, Some(original)) => self.reverse(current, original)?,
        };
        let metered = matches!(verdict, Verdict::Metered);
        if metered {
            let place = Place { batch: self.open.number(), row: self.open.rows };
            self.identities[current.index].insert(Remembered { identity, says, place, reversal: reversed.is_some() })?;
            self.open.rows += 1;
            current.metered.push(number);
            self.add_lines(current, slot)?;
        }
        current.keep.push(metered);
        current.next_row += 1;
        Ok(verdict)
    }

    fn add_lines(&mut self, current: &mut Current<'_>, slot: &Slot) -> Result<(), IngestError> {
        let What::Usage { lines, .. } = &slot.what else { return Ok(()) };
        for line in &current.decoded.lines[lines.clone()] {
            let target = self.open.target(line.target, &current.decoded.unknown);
            let terms = current.number(line, &mut self.open);
            self.open.lines.add_numbered(target, terms, line.sums).map_err(too_large)?;
        }
        Ok(())
    }

    /// Moves the position over an event, counts what became of it and keeps its dead letter.
    fn record(&mut self, decoded: &Decoded, number: usize, slot: &Slot, verdict: Verdict) {
        let Sequencer { job, positions, open, .. } = self;
        let number_of_partition = decoded.block.partition;
        let partition = &job.partitions[number_of_partition];
        let start = positions[number_of_partition];
        let fresh = || Slice { partition: partition.name.clone(), epoch: partition.epoch, start, next: start, ..Slice::default() };
        let slice = open.slices[number_of_partition].get_or_insert_with(fresh);
        slice.next = slot.next;
        slice.counts.read += 1;
        match verdict {
            Verdict::Metered => slice.counts.metered += 1,
            Verdict::Duplicate => slice.counts.duplicate += 1,
            Verdict::Rejected(rejection) => {
                slice.counts.rejected += 1;
                open.dead_letters.push(dead_letter(&partition.name, slot, rejection, decoded));
                open.kept_bytes += slot.size();
            }
        }
        positions[number_of_partition] = slot.next;
        if open.read == 0 {
            open.since = Clock::now();
        }
        open.read += 1;
        open.bytes += slot.size();
        open.replayed.extend(decoded.block.letter(number));
    }

    /// Adds the negated lines of an original, if it can still be reversed.
    fn reverse(&mut self, current: &mut Current<'_>, identity: Digest) -> Result<Verdict, IngestError> {
        let Some(place) = self.identities[current.index].reversible(identity)? else {
            let sentence = "data.reverses: no event of this platform, source and id was metered before, or it cannot be reversed (again)";
            return Ok(Verdict::Rejected(Rejection::new(Code::UnknownOriginal, sentence)));
        };
        let lines = match current.lines_of(place, &self.open) {
            Some(lines) => {
                let key = |line: &DecodedLine| LineKey {
                    target: self.open.target(line.target, &current.decoded.unknown),
                    terms: current.decoded.terms[index(line.terms)],
                };
                lines.iter().map(key).zip(lines.iter().map(|line| line.sums)).collect()
            }
            None => {
                let original = self.original(place)?;
                self.lines_again(&original)?
            }
        };
        for (key, sums) in negated(lines, place.batch).map_err(too_large)? {
            self.open.lines.add(key, sums).map_err(too_large)?;
        }
        self.identities[current.index].reverse(identity, self.open.number())?;
        current.reverses.push((current.metered.len(), place));
        Ok(Verdict::Metered)
    }

    /// An original that is not in the current block, but at hand or archived; see [`Sequencer::reach`].
    fn original(&mut self, place: Place) -> Result<Original, IngestError> {
        match self.recent.row(place) {
            Some(row) => Ok(Original { row, registry: self.job.registry.clone() }),
            None => self.originals.read(place).map_err(IngestError::Original),
        }
    }

    /// The lines of an event that is no longer at hand, computed again as they were.
    fn lines_again(&mut self, original: &Original) -> Result<Vec<(LineKey, Sums)>, IngestError> {
        let unreadable = |error: ColumnError| IngestError::Original(error.into());
        let rows = UsageRows::of(&original.row).map_err(unreadable)?;
        let event = rows.event(0).map_err(unreadable)?;
        let again = lines_again(&mut self.maker, &original.registry, &self.job.registry, &event, &mut self.open.lines.unknown);
        again.map(|(_, lines)| lines).map_err(|error| IngestError::Original(error.into()))
    }

    /// Hands on the evidence that the block gave the open batch so far.
    fn finish_chunk(&mut self, current: &mut Current<'_>, emit: &mut Emit<'_>) -> Result<(), IngestError> {
        let kept = u32::try_from(current.metered.len()).expect("a block holds fewer than 2^32 rows");
        if kept > 0 {
            let rows = current.kept_rows()?;
            let (batch, first_row) = (self.open.number(), self.open.rows - kept);
            let joining = Joining { batch, first_row, registry_version: self.job.registry.version(), reverses: &current.reverses };
            let rows = join_batch(&rows, &joining)?;
            let slots = &current.decoded.slots;
            let bytes = current.metered.iter().map(|slot| slots[*slot].size()).sum();
            self.recent.forget(|batch| self.committed.holds(batch));
            self.recent.push(Place { batch, row: first_row }, rows.clone(), bytes);
            self.open.months.extend(&current.decoded.months);
            emit(Sequenced::Rows(rows))?;
        }
        Ok(())
    }

    fn seal(&mut self) -> Sequenced {
        let open = std::mem::replace(&mut self.open, Open::new(self.job.partitions.len()));
        Sequenced::Sealed(Box::new(SealedBatch {
            batch: open.number(),
            registry: self.job.registry.clone(),
            lines: open.lines,
            // Without the one that each event counts for beside its own.
            bytes: open.bytes - open.read,
            remembered: self.identities.iter().map(Identities::size).sum(),
            slices: open.slices.into_iter().flatten().collect(),
            dead_letters: open.dead_letters,
            replayed: open.replayed,
        }))
    }
}

fn too_large(error: MoneyError) -> IngestError {
    IngestError::Fold(error.into())
}

fn dead_letter(partition: &str, slot: &Slot, rejection: Rejection, decoded: &Decoded) -> DeadLetter {
    let raw = &decoded.block.bytes[slot.bytes.clone()];
    let code = rejection.code.as_str().to_owned();
    DeadLetter { partition: partition.to_owned(), position: slot.start, code, sentence: rejection.sentence.into_owned(), raw: raw.to_vec() }
}
