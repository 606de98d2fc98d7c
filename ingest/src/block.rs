//! Blocks: events of one partition as they came, whole lines or messages.

use crate::source::{Input, Reader, SourceError};
use farthing_schemas::{Instant, Rejection};
use std::ops::Range;

/// The longest line that is read: an event has 1 MiB at most, and what is longer is kept as a dead letter, but not without end.
const LINE_BYTES: usize = 128 << 20;

/// How much is read at a time.
const BLOCK_BYTES: u64 = 512 << 10;

/// Events of one partition that follow each other.
#[derive(Debug)]
pub struct Block {
    /// Which partition of the job.
    pub partition: usize,
    /// The position of the first.
    pub start: u64,
    /// The position after the last.
    pub next: u64,
    /// All their bytes.
    pub bytes: Vec<u8>,
    /// How they lie in the bytes.
    pub layout: Layout,
}

/// How the events of a block lie in its bytes.
#[derive(Debug)]
pub enum Layout {
    /// Lines with their ends; the last one may lack it at the end of a file. Positions count bytes.
    Lines,
    /// The same, each line a dead letter of that number.
    Letters(Vec<u64>),
    /// Messages of a topic. Positions are offsets.
    Messages(Vec<Message>),
}

/// An event of a message.
#[derive(Clone, Debug)]
pub struct Message {
    /// The offset of the message.
    pub start: u64,
    /// The offset after it; for all but the last event of a message that holds several, its own.
    pub next: u64,
    /// The event in structured form.
    pub bytes: Range<usize>,
    /// The message's time.
    pub arrival: Option<Instant>,
    /// Why it can be no event, if the message alone says so.
    pub rejection: Option<Rejection>,
}

/// One event of a block, still as it came.
#[derive(Debug)]
pub struct Raw {
    /// Its position.
    pub start: u64,
    /// The position after it.
    pub next: u64,
    /// Where it lies in the block's bytes; of a line end, a carriage return may be left.
    pub bytes: Range<usize>,
    /// When it arrived, if its source says so.
    pub arrival: Option<Instant>,
    /// Why it is no event, if its source says so.
    pub rejection: Option<Rejection>,
}

/// Cuts a partition into blocks.
pub struct Blocks {
    partition: usize,
    reader: Reader,
    start: u64,
    carry: Vec<u8>,
    letters: Option<Vec<(u64, Vec<u8>)>>,
    failed: Option<SourceError>,
}

impl Blocks {
    /// Opens the input of the partition of that number at a position.
    ///
    /// # Errors
    /// [`SourceError`]
    pub fn open(number: usize, input: &Input, start: u64) -> Result<Blocks, SourceError> {
        let reader = Reader::open(input, start)?;
        let letters = match input {
            Input::Letters(letters) => Some(letters.clone()),
            _ => None,
        };
        Ok(Blocks { partition: number, reader, start, carry: Vec::new(), letters, failed: None })
    }

    /// The next block; none when the source has no more whole lines now.
    ///
    /// With `ended`, a last line without its end is a line.
    ///
    /// # Errors
    /// [`SourceError::Read`]; what was read whole before it came out first.
    pub fn next(&mut self, ended: bool) -> Result<Option<Block>, SourceError> {
        if let Some(letters) = self.letters.take() {
            return Ok(self.letters_block(letters));
        }
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        let mut bytes = std::mem::take(&mut self.carry);
        loop {
            let searched = bytes.len();
            let count = match self.reader.read(&mut bytes, BLOCK_BYTES) {
                Ok(count) => count,
                Err(error) => {
                    self.failed = Some(error);
                    0
                }
            };
            if let Some(end) = memchr::memrchr(b'\n', &bytes[searched..]) {
                self.carry = bytes.split_off(searched + end + 1);
                return Ok(Some(self.block(bytes)));
            }
            if let Some(error) = self.failed.take() {
                return Err(error);
            }
            if bytes.len() > LINE_BYTES {
                return Err(SourceError::Endless { path: self.reader.path.clone(), position: self.start, most: LINE_BYTES });
            }
            if count == 0 {
                // Many sources may be at their end for long.
                bytes.shrink_to_fit();
                if ended && !bytes.is_empty() {
                    return Ok(Some(self.block(bytes)));
                }
                self.carry = bytes;
                return Ok(None);
            }
        }
    }

    fn block(&mut self, bytes: Vec<u8>) -> Block {
        let start = self.start;
        self.start += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        Block { partition: self.partition, start, next: self.start, bytes, layout: Layout::Lines }
    }

    /// Letters as one block: a letter that holds line ends itself stays one line, since JSON takes any white space between its words,
    /// and none of them within a string.
    fn letters_block(&mut self, letters: Vec<(u64, Vec<u8>)>) -> Option<Block> {
        if letters.is_empty() {
            return None;
        }
        let mut bytes = Vec::new();
        let mut numbers = Vec::new();
        for (number, raw) in letters {
            bytes.extend(raw.into_iter().map(|byte| if byte == b'\n' { b'\r' } else { byte }));
            bytes.push(b'\n');
            numbers.push(number);
        }
        let mut block = self.block(bytes);
        block.layout = Layout::Letters(numbers);
        Some(block)
    }
}

impl Block {
    /// Its events in order; blank lines are left out.
    pub fn events(&self) -> Box<dyn Iterator<Item = Raw> + '_> {
        match &self.layout {
            Layout::Lines | Layout::Letters(_) => Box::new(self.lines()),
            Layout::Messages(messages) => Box::new(messages.iter().map(Raw::of)),
        }
    }

    /// The number of the dead letter that the event of that number is, if it is one.
    #[must_use]
    pub fn letter(&self, event: usize) -> Option<u64> {
        match &self.layout {
            Layout::Letters(letters) => letters.get(event).copied(),
            Layout::Lines | Layout::Messages(_) => None,
        }
    }

    fn lines(&self) -> impl Iterator<Item = Raw> {
        let mut at = 0;
        std::iter::from_fn(move || {
            loop {
                let rest = self.bytes.get(at..).filter(|rest| !rest.is_empty())?;
                let length = memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
                let line = &rest[..length];
                let bytes = at..at + line.strip_suffix(b"\n").unwrap_or(line).len();
                let (start, next) = (at, at + length);
                at = next;
                if !line.iter().all(|byte| byte.is_ascii_whitespace() || *byte == 0x0b) {
                    let position = |at: usize| self.start + u64::try_from(at).unwrap_or(u64::MAX);
                    return Some(Raw { start: position(start), next: position(next), bytes, arrival: None, rejection: None });
                }
            }
        })
    }
}

impl Raw {
    fn of(message: &Message) -> Raw {
        let Message { start, next, bytes, arrival, rejection } = message.clone();
        Raw { start, next, bytes, arrival, rejection }
    }
}

/// An event without the carriage returns behind it, which count for nothing.
#[must_use]
pub fn trimmed(line: &[u8]) -> &[u8] {
    let end = line.iter().rposition(|byte| *byte != b'\r').map_or(0, |last| last + 1);
    &line[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_leave_out_blanks_and_count_their_bytes() {
        let block = Block { partition: 0, start: 10, next: 22, bytes: b"a\r\n\n  \nbc\n d".to_vec(), layout: Layout::Lines };
        let seen: Vec<_> = block.events().map(|raw| (raw.start, raw.next, &block.bytes[raw.bytes])).collect();
        assert_eq!(seen, vec![(10, 13, &b"a\r"[..]), (17, 20, &b"bc"[..]), (20, 22, &b" d"[..])]);
    }

    #[test]
    fn a_source_at_its_end_keeps_no_room() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.ndjson");
        std::fs::write(&path, b"{}\n{").expect("written");
        let mut blocks = Blocks::open(0, &Input::File(path), 0).expect("there");
        assert_eq!(blocks.next(false).expect("readable").map(|block| block.bytes), Some(b"{}\n".to_vec()));
        assert!(blocks.next(false).expect("readable").is_none());
        assert_eq!(blocks.carry, b"{");
        assert!(blocks.carry.capacity() < 64, "{}", blocks.carry.capacity());
    }
}
