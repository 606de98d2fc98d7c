//! Blocks: whole lines of one partition, cut from its source.

use crate::source::{Input, Partition, Reader, SourceError};

/// The longest line that is read: an event has 1 MiB at most, and what is longer is kept as a dead letter, but not without end.
const LINE_BYTES: usize = 128 << 20;

/// How much is read at a time.
const BLOCK_BYTES: u64 = 512 << 10;

/// Whole lines of one partition.
#[derive(Debug)]
pub struct Block {
    /// Which partition of the job.
    pub partition: usize,
    /// The position of its first byte.
    pub start: u64,
    /// The lines with their ends; the last one may lack it at the end of a file.
    pub bytes: Vec<u8>,
    /// For replayed dead letters, the number of each line's letter.
    pub letters: Vec<u64>,
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
    /// Opens a partition at its position.
    ///
    /// # Errors
    /// [`SourceError`]
    pub fn open(number: usize, partition: &Partition) -> Result<Blocks, SourceError> {
        let reader = Reader::open(&partition.input, partition.next)?;
        let letters = match &partition.input {
            Input::Letters(letters) => Some(letters.clone()),
            _ => None,
        };
        Ok(Blocks { partition: number, reader, start: partition.next, carry: Vec::new(), letters, failed: None })
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
        Block { partition: self.partition, start, bytes, letters: Vec::new() }
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
        block.letters = numbers;
        Some(block)
    }
}

/// The lines of a block: position, position after, and content without its end; blank lines are left out.
pub fn lines(block: &Block) -> impl Iterator<Item = (u64, u64, &[u8])> {
    let mut rest: &[u8] = &block.bytes;
    let mut position = block.start;
    std::iter::from_fn(move || {
        loop {
            if rest.is_empty() {
                return None;
            }
            let length = memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
            let (line, after) = rest.split_at(length);
            rest = after;
            let start = position;
            position += u64::try_from(length).unwrap_or(u64::MAX);
            let content = trimmed(line);
            if !content.iter().all(|byte| byte.is_ascii_whitespace() || *byte == 0x0b) {
                return Some((start, position, content));
            }
        }
    })
}

fn trimmed(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let end = line.iter().rposition(|byte| *byte != b'\r').map_or(0, |last| last + 1);
    &line[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_leave_out_blanks_and_count_their_bytes() {
        let block = Block { partition: 0, start: 10, bytes: b"a\r\n\n  \nbc\n d".to_vec(), letters: Vec::new() };
        let seen: Vec<_> = lines(&block).collect();
        assert_eq!(seen, vec![(10, 13, &b"a"[..]), (17, 20, &b"bc"[..]), (20, 22, &b" d"[..])]);
    }

    #[test]
    fn a_source_at_its_end_keeps_no_room() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.ndjson");
        std::fs::write(&path, b"{}\n{").expect("written");
        let partition = Partition { name: "a".to_owned(), input: Input::File(path), next: 0, epoch: 0 };
        let mut blocks = Blocks::open(0, &partition).expect("there");
        assert_eq!(blocks.next(false).expect("readable").map(|block| block.bytes), Some(b"{}\n".to_vec()));
        assert!(blocks.next(false).expect("readable").is_none());
        assert_eq!(blocks.carry, b"{");
        assert!(blocks.carry.capacity() < 64, "{}", blocks.carry.capacity());
    }
}
