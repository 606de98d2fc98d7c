//! The sequencer: puts decoded blocks in order, judges what needs history, and seals batches.

use crate::IngestError;
use crate::batch::SealedBatch;
use crate::identities::{Identities, Original, Originals, Remembered, Seen};
use crate::job::Job;
use crate::open::{Chunk, Current, Open, index, row_of};
use crate::worker::{Decoded, DecodedLine, Slot, What};
use arrow_array::BooleanArray;
use arrow_select::filter::filter_record_batch;
use farthing_aggregate::again::{lines_again, negated};
use farthing_aggregate::columns::ColumnError;
use farthing_aggregate::fold::{LineKey, Sums};
use farthing_aggregate::usage::{Joining, Place, UsageRows, join_batch};
use farthing_aggregate::{Accumulator, Digest, LineMaker};
use farthing_schemas::manifest::{DeadLetter, Slice};
use farthing_schemas::money::MoneyError;
use farthing_schemas::registry::Registry;
use farthing_schemas::{Code, Rejection};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant as Clock;

/// What becomes of one event in its place in the order.
enum Verdict {
    Metered,
    Duplicate,
    Rejected(Rejection),
}

/// A sealed batch that may not be committed yet: its originals are read from memory.
struct Recent {
    batch: u64,
    registry: Arc<Registry>,
    chunks: Vec<Chunk>,
}

/// Orders, judges, folds and seals.
pub struct Sequencer {
    job: Arc<Job>,
    /// The position after the last event of each partition.
    positions: Vec<u64>,
    identities: Identities,
    originals: Box<dyn Originals>,
    committed: Arc<AtomicU64>,
    maker: LineMaker,
    open: Open,
    recent: VecDeque<Recent>,
}

impl Sequencer {
    /// A sequencer that goes on after the last batch that is committed.
    pub fn new(job: Arc<Job>, identities: Identities, originals: Box<dyn Originals>, committed: Arc<AtomicU64>) -> Sequencer {
        let first_batch = committed.load(Ordering::Acquire) + 1;
        let positions = job.partitions.iter().map(|partition| partition.next).collect();
        let open = Open::new(first_batch, job.partitions.len());
        Sequencer { job, positions, identities, originals, committed, maker: LineMaker::default(), open, recent: VecDeque::new() }
    }

    /// How long the open batch may still wait; none if it is empty.
    #[must_use]
    pub fn patience(&self) -> Option<std::time::Duration> {
        (self.open.read > 0).then(|| self.job.limits.age.saturating_sub(self.open.since.elapsed()))
    }

    /// Takes the next block in order; `emit` gets each batch that is full.
    ///
    /// # Errors
    /// [`IngestError`]
    pub fn take(&mut self, decoded: &Decoded, emit: &mut dyn FnMut(SealedBatch) -> Result<(), IngestError>) -> Result<(), IngestError> {
        let mut current = Current::of(decoded);
        current.start_chunk();
        for (number, slot) in decoded.slots.iter().enumerate() {
            let verdict = self.judge(&mut current, number, slot)?;
            self.count(decoded, number, slot, verdict);
            if self.full() {
                self.finish_chunk(&mut current)?;
                emit(self.seal())?;
                current.start_chunk();
            }
        }
        self.finish_chunk(&mut current)?;
        // Blank lines at the end of a block are behind us as well.
        if let Some(slice) = &mut self.open.slices[decoded.partition] {
            slice.next = decoded.next;
            self.positions[decoded.partition] = decoded.next;
        }
        Ok(())
    }

    /// Tells whoever watches that a block is done.
    pub fn count_progress(&self, decoded: &Decoded) {
        let count = |length: usize| u64::try_from(length).unwrap_or(u64::MAX);
        self.job.progress.bytes.fetch_add(count(decoded.block.bytes.len()), Ordering::Relaxed);
        self.job.progress.events.fetch_add(count(decoded.slots.len()), Ordering::Relaxed);
    }

    /// Seals what is open, if anything is.
    pub fn seal_rest(&mut self) -> Option<SealedBatch> {
        (self.open.read > 0).then(|| self.seal())
    }

    fn full(&self) -> bool {
        self.open.read >= self.job.limits.events
            || self.open.bytes >= self.job.limits.bytes
            || self.open.since.elapsed() >= self.job.limits.age
    }

    fn judge(&mut self, current: &mut Current<'_>, number: usize, slot: &Slot) -> Result<Verdict, IngestError> {
        let (identity, says, reversed) = match &slot.what {
            What::Rejected(rejection) => return Ok(Verdict::Rejected(rejection.clone())),
            What::Usage { identity, says, .. } => (*identity, *says, None),
            What::Reversal { identity, original } => (*identity, *original, Some(*original)),
        };
        let verdict = match (self.identities.seen(identity, says), reversed) {
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
            let place = Place { batch: self.open.batch, row: self.open.rows };
            self.identities.insert(Remembered { identity, says, place, reversal: reversed.is_some() });
            self.open.rows += 1;
            current.slots.push(number);
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

    fn count(&mut self, decoded: &Decoded, number: usize, slot: &Slot, verdict: Verdict) {
        let Sequencer { job, positions, open, .. } = self;
        let partition = &job.partitions[decoded.partition];
        let start = positions[decoded.partition];
        let fresh = || Slice { partition: partition.name.clone(), epoch: partition.epoch, start, next: start, ..Slice::default() };
        let slice = open.slices[decoded.partition].get_or_insert_with(fresh);
        slice.next = slot.next;
        slice.counts.read += 1;
        match verdict {
            Verdict::Metered => slice.counts.metered += 1,
            Verdict::Duplicate => slice.counts.duplicate += 1,
            Verdict::Rejected(rejection) => {
                slice.counts.rejected += 1;
                let letter = dead_letter(&partition.name, slot, rejection, decoded);
                open.dead_letters.push(letter);
            }
        }
        positions[decoded.partition] = slot.next;
        if open.read == 0 {
            open.since = Clock::now();
        }
        open.read += 1;
        open.bytes += slot.next - slot.start;
        open.replayed.extend(decoded.block.letters.get(number));
    }

    /// Adds the negated lines of an original, if it can still be reversed.
    fn reverse(&mut self, current: &mut Current<'_>, identity: Digest) -> Result<Verdict, IngestError> {
        let Some(place) = self.identities.reversible(identity) else {
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
        self.identities.undo(identity);
        current.reverses.push((current.slots.len(), place));
        Ok(Verdict::Metered)
    }

    /// An original that is not in the current block: open, sealed but not committed, or archived.
    fn original(&mut self, place: Place) -> Result<Original, IngestError> {
        let committed = self.committed.load(Ordering::Acquire);
        self.recent.retain(|recent| recent.batch > committed);
        let found = if place.batch == self.open.batch {
            Some((&self.open.chunks, &self.job.registry))
        } else {
            self.recent.iter().find(|recent| recent.batch == place.batch).map(|recent| (&recent.chunks, &recent.registry))
        };
        match found.and_then(|(chunks, registry)| Some((row_of(chunks, place.row)?, registry.clone()))) {
            Some((row, registry)) => Ok(Original { row, registry }),
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

    /// Moves what the block gave the open batch so far into a chunk.
    fn finish_chunk(&mut self, current: &mut Current<'_>) -> Result<(), IngestError> {
        let kept = u32::try_from(current.slots.len()).expect("a block holds fewer than 2^32 rows");
        if kept > 0 {
            let rows = current.decoded.usage.slice(current.first_row, current.next_row - current.first_row);
            let all = current.keep.iter().all(|keep| *keep);
            let rows = if all {
                rows
            } else {
                filter_record_batch(&rows, &BooleanArray::from(current.keep.clone())).map_err(ColumnError::from)?
            };
            let first_row = self.open.rows - kept;
            let joining =
                Joining { batch: self.open.batch, first_row, registry_version: self.job.registry.version(), reverses: &current.reverses };
            self.open.chunks.push(Chunk { first_row, rows: join_batch(&rows, &joining)? });
        }
        Ok(())
    }

    fn seal(&mut self) -> SealedBatch {
        let mut next = Open::new(self.open.batch + 1, self.job.partitions.len());
        next.lines = Accumulator::like(&self.open.lines);
        let open = std::mem::replace(&mut self.open, next);
        let usage = open.chunks.iter().map(|chunk| chunk.rows.clone()).collect();
        let committed = self.committed.load(Ordering::Acquire);
        self.recent.retain(|recent| recent.batch > committed);
        self.recent.push_back(Recent { batch: open.batch, registry: self.job.registry.clone(), chunks: open.chunks });
        SealedBatch {
            batch: open.batch,
            registry: self.job.registry.clone(),
            usage,
            lines: open.lines,
            slices: open.slices.into_iter().flatten().collect(),
            dead_letters: open.dead_letters,
            replayed: open.replayed,
        }
    }
}

fn too_large(error: MoneyError) -> IngestError {
    IngestError::Fold(error.into())
}

fn dead_letter(partition: &str, slot: &Slot, rejection: Rejection, decoded: &Decoded) -> DeadLetter {
    let place = |position: u64| usize::try_from(position - decoded.block.start).unwrap_or(0);
    let mut raw = &decoded.block.bytes[place(slot.start)..place(slot.next)];
    raw = raw.strip_suffix(b"\n").unwrap_or(raw);
    let code = rejection.code.as_str().to_owned();
    DeadLetter { partition: partition.to_owned(), position: slot.start, code, sentence: rejection.sentence.into_owned(), raw: raw.to_vec() }
}
