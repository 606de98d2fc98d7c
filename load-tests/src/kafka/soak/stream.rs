//! Events that are made as they are sent, on threads of their own.

use crate::generate::{Plan, Written, write_events};
use crate::kafka::produce::{Produce, Produced, send};
use anyhow::{Context, Result, anyhow};
use std::io::{self, BufReader, BufWriter};
use std::thread::{self, JoinHandle};

/// What was sent.
#[derive(Clone, Copy, Debug)]
pub struct Sent {
    /// Messages.
    pub messages: u64,
    /// Copies among them.
    pub copies: u64,
}

/// A stream under way.
#[derive(Debug)]
pub struct Stream {
    making: JoinHandle<Result<Written>>,
    sending: JoinHandle<Result<Produced>>,
}

impl Stream {
    /// Begins.
    pub fn start(plan: Plan, options: Produce) -> Self {
        let pipe = io::pipe();
        let (reader, writer) = match pipe {
            Ok((reader, writer)) => (Ok(reader), Ok(writer)),
            Err(error) => (Err(anyhow!("no pipe: {error}")), Err(anyhow!("no pipe: {error}"))),
        };
        let making = thread::spawn(move || {
            let mut out = BufWriter::with_capacity(1 << 20, writer?);
            write_events(&plan, &mut out)
        });
        let sending = thread::spawn(move || send(&options, BufReader::with_capacity(1 << 20, reader?)));
        Self { making, sending }
    }

    /// Whether it has ended before its time.
    pub fn has_failed(&self) -> bool {
        self.sending.is_finished() && !self.making.is_finished()
    }

    /// Waits for its end.
    pub fn join(self) -> Result<Sent> {
        let produced = self.sending.join().map_err(|_| anyhow!("the thread that sends has failed"))?.context("the stream broke off")?;
        let written = self.making.join().map_err(|_| anyhow!("the thread that makes events has failed"))??;
        Ok(Sent { messages: produced.messages, copies: written.duplicates })
    }
}
