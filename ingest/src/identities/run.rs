//! A run: identities in a file, sorted. It has no name in its folder, so that it ends with the process, however that ends.

use super::known::{ENTRY_BYTES, Known, rank, read, upper, written};
use farthing_aggregate::Digest;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Entries that are read at once: a page of the system.
const BLOCK_ENTRIES: u64 = 128;
/// Bytes that are written or read at once in a row.
const BUFFER_BYTES: usize = 256 << 10;

/// A run that is whole.
pub struct Run {
    file: File,
    entries: u64,
    /// The upper half of the first rank of each block.
    fences: Vec<u64>,
}

impl Run {
    pub fn entries(&self) -> u64 {
        self.entries
    }

    /// What its fences take in memory.
    pub fn fence_bytes(&self) -> u64 {
        size_of_val(self.fences.as_slice()) as u64
    }

    /// What is remembered of an identity.
    pub fn get(&self, identity: Digest) -> io::Result<Option<Known>> {
        let wanted = upper(rank(identity));
        // Ranks with the same upper half may begin in one block and go on in others.
        let last = self.fences.partition_point(|fence| *fence <= wanted);
        let first = self.fences.partition_point(|fence| *fence < wanted).saturating_sub(1);
        for block in first..last {
            if let Some(known) = self.get_in(block, identity)? {
                return Ok(Some(known));
            }
        }
        Ok(None)
    }

    fn get_in(&self, block: usize, identity: Digest) -> io::Result<Option<Known>> {
        let start = block as u64 * BLOCK_ENTRIES;
        let mut bytes = [0; BLOCK_ENTRIES as usize * ENTRY_BYTES];
        let bytes = &mut bytes[..(self.entries - start).min(BLOCK_ENTRIES) as usize * ENTRY_BYTES];
        self.file.read_exact_at(bytes, start * ENTRY_BYTES as u64)?;
        let (entries, _) = bytes.as_chunks();
        let found = entries.binary_search_by_key(&rank(identity), |entry| rank(read(entry).0));
        Ok(found.ok().map(|at| read(&entries[at]).1))
    }

    /// All entries, in order. There can be one such reader at a time: it shares its place in the file.
    pub fn read(&self) -> io::Result<Reading> {
        let mut file = self.file.try_clone()?;
        file.rewind()?;
        Ok(Reading { file: BufReader::with_capacity(BUFFER_BYTES, file), left: self.entries })
    }
}

/// Reads a run from its beginning.
pub struct Reading {
    file: BufReader<File>,
    left: u64,
}

impl Reading {
    /// The next entry, if there is one.
    pub fn next(&mut self) -> io::Result<Option<(Digest, Known)>> {
        // A file that ends before is an error, and not the end of the run.
        let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
        self.left = left;
        let mut entry = [0; ENTRY_BYTES];
        self.file.read_exact(&mut entry)?;
        Ok(Some(read(&entry)))
    }
}

/// A run that is being written.
pub struct Writing {
    file: BufWriter<File>,
    entries: u64,
    fences: Vec<u64>,
}

impl Writing {
    pub fn begin(folder: &Path) -> io::Result<Writing> {
        Ok(Writing { file: BufWriter::with_capacity(BUFFER_BYTES, tempfile::tempfile_in(folder)?), entries: 0, fences: Vec::new() })
    }

    /// Adds an entry, whose rank is above all before.
    pub fn push(&mut self, identity: Digest, known: Known) -> io::Result<()> {
        if self.entries.is_multiple_of(BLOCK_ENTRIES) {
            self.fences.push(upper(rank(identity)));
        }
        self.entries += 1;
        self.file.write_all(&written(identity, known))
    }

    pub fn finish(self) -> io::Result<Run> {
        let Writing { file, entries, fences } = self;
        Ok(Run { file: file.into_inner().map_err(io::IntoInnerError::into_error)?, entries, fences })
    }
}

#[cfg(test)]
mod tests {
    use super::super::Remembered;
    use super::*;
    use farthing_aggregate::usage::Place;

    fn known(row: u32) -> Known {
        Known::of(Remembered { identity: Digest([0; 16]), says: Digest([1; 16]), place: Place { batch: 7, row }, reversal: false })
    }

    /// A run of these ranks holds them, and not what lies between them.
    fn check(ranks: &[u128]) {
        let folder = tempfile::tempdir().unwrap();
        let mut writing = Writing::begin(folder.path()).unwrap();
        for (row, rank) in (0..).zip(ranks) {
            writing.push(Digest(rank.to_le_bytes()), known(row)).unwrap();
        }
        let run = writing.finish().unwrap();
        assert!(folder.path().read_dir().unwrap().next().is_none());
        for (row, rank) in (0..).zip(ranks) {
            assert_eq!(run.get(Digest(rank.to_le_bytes())).unwrap(), Some(known(row)));
            for other in [rank.wrapping_add(1), rank.wrapping_sub(1)] {
                assert!(ranks.contains(&other) || run.get(Digest(other.to_le_bytes())).unwrap().is_none());
            }
        }
        let mut reading = run.read().unwrap();
        for (row, rank) in (0..).zip(ranks) {
            assert_eq!(reading.next().unwrap(), Some((Digest(rank.to_le_bytes()), known(row))));
        }
        assert_eq!(reading.next().unwrap(), None);
    }

    #[test]
    fn what_is_in_it_is_found_and_nothing_else() {
        check(&[]);
        check(&[5]);
        check(&[0, u128::MAX]);
        check(&(0..128).map(|n| n << 120).collect::<Vec<_>>());
        check(&(0..1000).map(|n| (n * 7) << 100).collect::<Vec<_>>());
    }

    #[test]
    fn one_upper_half_may_fill_blocks() {
        let same = |upper: u128| (0..300).map(move |lower: u128| upper << 64 | lower << 1);
        check(&same(3).chain(same(4)).chain(same(9)).collect::<Vec<_>>());
    }
}
