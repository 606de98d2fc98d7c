//! What no longer fits in memory: runs in files, each behind a filter. Runs that have become many are merged beside the work.

use super::filter::{Filter, HALVINGS_MAX};
use super::known::{Known, rank};
use super::run::{Reading, Run, Writing};
use farthing_aggregate::Digest;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

/// Runs that are worth merging.
const RUNS_MIN: usize = 4;
/// So many runs are not left waiting for a merge that takes its time.
const RUNS_MAX: usize = 24;

/// One run and its filter; none if there is no room for one: then each look reads a block.
struct Settled {
    run: Arc<Run>,
    filter: Option<Filter>,
}

impl Settled {
    fn get(&self, identity: Digest) -> io::Result<Option<Known>> {
        match &self.filter {
            Some(filter) if !filter.may_hold(rank(identity)) => Ok(None),
            _ => self.run.get(identity),
        }
    }

    fn filter_bytes(&self) -> u64 {
        self.filter.as_ref().map_or(0, Filter::bytes)
    }

    /// Halves its filter, unless that would be of no use.
    fn halve(&mut self) -> bool {
        let can = self.filter.as_ref().is_some_and(Filter::can_be_halved);
        if can {
            self.filter = self.filter.take().and_then(Filter::halved);
        }
        can
    }
}

/// Runs that are being merged: the first of them, how many, and who does it.
struct Merging {
    first: usize,
    count: usize,
    /// Of the filter that is being made.
    filter_bytes: u64,
    thread: Option<JoinHandle<io::Result<Settled>>>,
    /// Set when nobody wants the result any more.
    dropped: Arc<AtomicBool>,
}

impl Drop for Merging {
    fn drop(&mut self) {
        self.dropped.store(true, Ordering::Relaxed);
    }
}

/// All runs, the oldest first: of two entries of an identity the later one holds.
pub struct Runs {
    folder: PathBuf,
    filter_bytes_max: u64,
    runs: Vec<Settled>,
    merging: Option<Merging>,
}

impl Runs {
    pub fn new(folder: PathBuf, filter_bytes_max: u64) -> Runs {
        Runs { folder, filter_bytes_max, runs: Vec::new(), merging: None }
    }

    pub fn get(&self, identity: Digest) -> io::Result<Option<Known>> {
        for settled in self.runs.iter().rev() {
            if let Some(known) = settled.get(identity)? {
                return Ok(Some(known));
            }
        }
        Ok(None)
    }

    /// Touches what a look at this identity touches first.
    pub fn prefetch(&self, identity: Digest) {
        for filter in self.runs.iter().filter_map(|settled| settled.filter.as_ref()) {
            std::hint::black_box(filter.may_hold(rank(identity)));
        }
    }

    pub fn memory_bytes(&self) -> u64 {
        self.filter_bytes() + self.runs.iter().map(|settled| settled.run.fence_bytes()).sum::<u64>()
    }

    pub fn entries(&self) -> u64 {
        self.runs.iter().map(|settled| settled.run.entries()).sum()
    }

    /// Settles entries, which come sorted by their ranks.
    pub fn settle(&mut self, count: u64, entries: impl Iterator<Item = (Digest, Known)>) -> io::Result<()> {
        let filter = self.room_for(count, self.runs.len());
        let mut writing = Filtered::begin(&self.folder, filter)?;
        for (identity, known) in entries {
            writing.push(identity, known)?;
        }
        self.runs.push(writing.finish()?);
        self.merge_tail()
    }

    /// Filters are to take this much from now on. Those that were given up are made anew, if there is room for them now.
    pub fn resize(&mut self, filter_bytes_max: u64) -> io::Result<()> {
        self.filter_bytes_max = filter_bytes_max;
        self.shrink();
        // Of a run there can be one reader at a time, and a merge is one.
        if self.merging.is_none() { self.sharpen() } else { Ok(()) }
    }

    /// Gives up what takes memory, but for fences: nobody looks into it until it is resized. What comes and goes settles a little each time, so once
    /// its runs are many they are merged first.
    pub fn rest(&mut self) {
        // Without it all is as it was.
        let _ = self.take_merged(self.runs.len() >= RUNS_MAX);
        if let Some(mut merging) = self.merging.take() {
            merging.dropped.store(true, Ordering::Relaxed);
            // What it comes to is of no interest; but it reads no more.
            let _ = merging.thread.take().map(JoinHandle::join);
        }
        self.filter_bytes_max = 0;
        self.runs.iter_mut().for_each(|settled| settled.filter = None);
    }

    /// What a merge is making does not count: it takes the place of others once it is there.
    fn shrink(&mut self) {
        while self.runs.iter().map(Settled::filter_bytes).sum::<u64>() > self.filter_bytes_max
            && let Some(largest) =
                self.runs.iter_mut().max_by_key(|settled| settled.filter_bytes()).filter(|largest| largest.filter.is_some())
        {
            largest.filter = largest.filter.take().and_then(Filter::halved);
        }
    }

    fn sharpen(&mut self) -> io::Result<()> {
        for number in 0..self.runs.len() {
            if self.runs[number].filter.is_none()
                && let Some(mut filter) = self.room_for(self.runs[number].run.entries(), self.runs.len())
            {
                let mut reading = self.runs[number].run.read()?;
                while let Some((identity, _)) = reading.next()? {
                    filter.insert(rank(identity));
                }
                self.runs[number].filter = Some(filter);
            }
        }
        Ok(())
    }

    /// A filter for so many entries, if there is room for one beside the others. Those of runs from `first` on, which it is to stand for
    /// soon, are halved for it, and of the others those that are larger.
    fn room_for(&mut self, entries: u64, first: usize) -> Option<Filter> {
        let mut halvings = 0;
        loop {
            let bytes = Filter::bytes_for(entries, halvings);
            if self.filter_bytes() + bytes <= self.filter_bytes_max {
                return Some(Filter::with_room(entries, halvings));
            }
            let gives = |(number, settled): &(usize, &mut Settled)| *number >= first || settled.filter_bytes() > bytes;
            let halved = self.runs.iter_mut().enumerate().filter(gives).any(|(_, settled)| settled.halve());
            match halved {
                true => {}
                false if halvings == HALVINGS_MAX => return None,
                false => halvings += 1,
            }
        }
    }

    fn filter_bytes(&self) -> u64 {
        let of_merge = self.merging.as_ref().map_or(0, |merging| merging.filter_bytes);
        self.runs.iter().map(Settled::filter_bytes).sum::<u64>() + of_merge
    }

    /// Begins to merge the latest runs, once they are many and none of them is more than all after it: so each entry is written again
    /// only as often as all of them have doubled.
    fn merge_tail(&mut self) -> io::Result<()> {
        self.take_merged(self.runs.len() >= RUNS_MAX)?;
        if self.merging.is_none()
            && let Some(first) = tail(&self.runs)
        {
            let runs: Vec<Arc<Run>> = self.runs[first..].iter().map(|settled| settled.run.clone()).collect();
            let filter = self.room_for(runs.iter().map(|run| run.entries()).sum(), first);
            let filter_bytes = filter.as_ref().map_or(0, Filter::bytes);
            let writing = Filtered::begin(&self.folder, filter)?;
            let dropped = Arc::new(AtomicBool::new(false));
            let (count, told) = (runs.len(), dropped.clone());
            let thread = thread::Builder::new().name("merge".to_owned()).spawn(move || merged(&runs, writing, &told))?;
            self.merging = Some(Merging { first, count, filter_bytes, thread: Some(thread), dropped });
        }
        Ok(())
    }

    /// Puts what is merged in the place of its runs, if it is ready or waited for.
    fn take_merged(&mut self, wait: bool) -> io::Result<()> {
        let is_ready = |merging: &mut Merging| wait || merging.thread.as_ref().is_none_or(JoinHandle::is_finished);
        if let Some(mut merging) = self.merging.take_if(is_ready)
            && let Some(thread) = merging.thread.take()
        {
            let merged = thread.join().map_err(|_| io::Error::other("a merge of identities has panicked: this is a defect"))??;
            self.runs.splice(merging.first..merging.first + merging.count, [merged]);
            // There may be less room by now.
            self.shrink();
        }
        Ok(())
    }
}

/// The first of the latest runs that are worth merging.
fn tail(runs: &[Settled]) -> Option<usize> {
    let (mut first, mut after) = (runs.len(), 0);
    for (number, settled) in runs.iter().enumerate().rev() {
        let entries = settled.run.entries();
        if entries <= after {
            first = number;
        }
        after += entries;
    }
    (runs.len() - first >= RUNS_MIN).then_some(first)
}

/// A run that is being written, with its filter.
struct Filtered {
    writing: Writing,
    filter: Option<Filter>,
}

impl Filtered {
    fn begin(folder: &Path, filter: Option<Filter>) -> io::Result<Filtered> {
        Ok(Filtered { writing: Writing::begin(folder)?, filter })
    }

    fn push(&mut self, identity: Digest, known: Known) -> io::Result<()> {
        if let Some(filter) = &mut self.filter {
            filter.insert(rank(identity));
        }
        self.writing.push(identity, known)
    }

    fn finish(self) -> io::Result<Settled> {
        Ok(Settled { run: Arc::new(self.writing.finish()?), filter: self.filter })
    }
}

/// The entries of all these runs; of two of one identity, the later run's.
fn merged(runs: &[Arc<Run>], mut writing: Filtered, dropped: &AtomicBool) -> io::Result<Settled> {
    let mut readings: Vec<Reading> = runs.iter().map(|run| run.read()).collect::<io::Result<_>>()?;
    let mut heads: Vec<Option<(Digest, Known)>> = readings.iter_mut().map(Reading::next).collect::<io::Result<_>>()?;
    while let Some(least) = heads.iter().flatten().map(|(identity, _)| rank(*identity)).min() {
        let mut latest = None;
        for (reading, head) in readings.iter_mut().zip(&mut heads) {
            if head.is_some_and(|(identity, _)| rank(identity) == least) {
                latest = std::mem::replace(head, reading.next()?);
            }
        }
        if let Some((identity, known)) = latest {
            writing.push(identity, known)?;
        }
        if dropped.load(Ordering::Relaxed) {
            break;
        }
    }
    writing.finish()
}
