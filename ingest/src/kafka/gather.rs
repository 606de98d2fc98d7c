//! Gathering messages of a partition into blocks.

use super::message::Received;
use crate::block::{Block, Layout, Message};
use std::time::{Duration, Instant as Clock};

/// How much a block holds, about.
const BLOCK_BYTES: usize = 512 << 10;

/// What an event takes beside its bytes.
const EVENT_BYTES: usize = 128;

/// How long events wait for others to come with them.
const WAIT: Duration = Duration::from_millis(50);

/// Events of messages, on their way into a block.
#[derive(Debug, Default)]
pub struct Gathered {
    pub bytes: Vec<u8>,
    pub messages: Vec<Message>,
}

/// Messages of one partition that follow each other.
#[derive(Debug)]
pub struct Gathering {
    /// The offset after the block before.
    start: u64,
    /// The offset after all that was seen.
    next: u64,
    since: Option<Clock>,
    gathered: Gathered,
}

impl Gathering {
    /// Nothing yet, from that offset on.
    pub fn from(start: u64) -> Gathering {
        Gathering { start, next: start, since: None, gathered: Gathered::default() }
    }

    /// The offset after all that was given in blocks.
    pub fn start(&self) -> u64 {
        self.start
    }

    /// The offset after all that was seen.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// Takes a message; false if it is behind what was seen already.
    pub fn take(&mut self, received: &Received<'_>) -> bool {
        if received.offset < self.next {
            return false;
        }
        received.append_to(&mut self.gathered);
        self.next = received.offset + 1;
        self.since.get_or_insert_with(Clock::now);
        true
    }

    /// Whether it is time to hand on what there is.
    pub fn due(&self) -> bool {
        self.full() || self.since.is_some_and(|since| since.elapsed() >= WAIT)
    }

    /// Whether there is enough for a block.
    pub fn full(&self) -> bool {
        self.gathered.bytes.len() + self.gathered.messages.len() * EVENT_BYTES >= BLOCK_BYTES
    }

    /// Whether there is anything at all.
    pub fn is_empty(&self) -> bool {
        self.since.is_none()
    }

    /// What there is, as a block of the job's partition of that number.
    pub fn block(&mut self, partition: usize) -> Block {
        let room = Gathered {
            bytes: Vec::with_capacity(BLOCK_BYTES + BLOCK_BYTES / 8),
            messages: Vec::with_capacity(self.gathered.messages.len()),
        };
        let Gathered { bytes, messages } = std::mem::replace(&mut self.gathered, room);
        self.since = None;
        let start = std::mem::replace(&mut self.start, self.next);
        Block { partition, start, next: self.next, bytes, layout: Layout::Messages(messages) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn received(offset: u64) -> Received<'static> {
        Received { offset, arrival: None, headers: Vec::new(), value: Some(b"{}") }
    }

    #[test]
    fn blocks_follow_each_other_whatever_lies_between_the_messages() {
        let mut gathering = Gathering::from(5);
        assert!(gathering.take(&received(5)) && gathering.take(&received(8)));
        assert!(!gathering.take(&received(8)) && !gathering.take(&received(6)));
        let block = gathering.block(2);
        assert_eq!((block.partition, block.start, block.next, block.events().count()), (2, 5, 9, 2));
        assert!(gathering.is_empty() && gathering.take(&received(12)));
        let block = gathering.block(0);
        assert_eq!((block.start, block.next), (9, 13));
    }
}
