//! Evidence at hand: the latest rows that may not be committed yet, so that reversals find their originals.

use arrow_array::RecordBatch;
use farthing_aggregate::numbered::index;
use farthing_aggregate::usage::Place;
use std::collections::VecDeque;

/// Bytes of events whose rows are kept at hand: few enough for the processor's caches, which each block would else find cold.
const BYTES: u64 = 8 << 20;

/// What few rows take at least, however short their events.
const CHUNK_BYTES: u64 = 16 << 10;

/// The latest rows of `usage` of this job, in order, as many as a bound on memory allows. The numbers of its batches grow.
#[derive(Default)]
pub struct Recent {
    chunks: VecDeque<Chunk>,
    bytes: u64,
}

/// Complete rows of one batch.
struct Chunk {
    first: Place,
    rows: RecordBatch,
    bytes: u64,
}

impl Recent {
    /// Keeps rows, of events of so many bytes, and lets go of the oldest if they are too many.
    pub fn push(&mut self, first: Place, rows: RecordBatch, bytes: u64) {
        let bytes = bytes.max(CHUNK_BYTES);
        self.chunks.push_back(Chunk { first, rows, bytes });
        self.bytes += bytes;
        while self.bytes > BYTES {
            self.drop_first();
        }
    }

    /// Lets go of the rows of committed batches, which are committed in the order in which they came: they are in the archive.
    pub fn forget(&mut self, committed: impl Fn(u64) -> bool) {
        while self.chunks.front().is_some_and(|chunk| committed(chunk.first.batch)) {
            self.drop_first();
        }
    }

    /// A row, if it is at hand.
    pub fn row(&self, place: Place) -> Option<RecordBatch> {
        let after = self.chunks.partition_point(|chunk| (chunk.first.batch, chunk.first.row) <= (place.batch, place.row));
        let chunk = self.chunks.get(after.checked_sub(1)?).filter(|chunk| chunk.first.batch == place.batch)?;
        let at = index(place.row - chunk.first.row);
        (at < chunk.rows.num_rows()).then(|| chunk.rows.slice(at, 1))
    }

    fn drop_first(&mut self) {
        if let Some(chunk) = self.chunks.pop_front() {
            self.bytes -= chunk.bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::{ArrayRef, Int64Array};
    use std::sync::Arc;

    fn rows(numbers: std::ops::Range<i64>) -> RecordBatch {
        let column: ArrayRef = Arc::new(Int64Array::from_iter_values(numbers));
        RecordBatch::try_from_iter([("row", column)]).expect("one column")
    }

    fn place(batch: u64, row: u32) -> Place {
        Place { batch, row }
    }

    #[test]
    fn rows_are_found_until_they_are_forgotten_or_too_many() {
        let mut recent = Recent::default();
        recent.push(place(1, 0), rows(0..3), 10);
        recent.push(place(1, 3), rows(3..5), 10);
        recent.push(place(4, 0), rows(0..2), 10);
        let found = |recent: &Recent, batch, row| recent.row(place(batch, row)).map(|row| row == rows(0..9).slice(0, 1));
        assert_eq!(recent.row(place(1, 4)), Some(rows(4..5)));
        assert_eq!(recent.row(place(4, 0)), Some(rows(0..1)));
        for (batch, row) in [(0, 0), (1, 5), (2, 0), (4, 2), (5, 0)] {
            assert_eq!(found(&recent, batch, row), None);
        }
        recent.forget(|batch| batch != 4);
        assert_eq!((recent.row(place(1, 0)), recent.row(place(4, 1))), (None, Some(rows(1..2))));
        recent.push(place(5, 0), rows(0..1), BYTES);
        assert_eq!((recent.row(place(4, 1)), recent.row(place(5, 0))), (None, Some(rows(0..1))));
    }
}
