//! The journal is one unbroken chain of entries, each exactly what its act committed to.

use super::{Chain, Invariant, SeenEntry};
use anyhow::{anyhow, ensure};

#[derive(Default)]
pub struct Chained {
    last: u64,
    sha256: String,
    /// Postings of the entries of the act that is under way, if all of them were read.
    postings: Option<u64>,
}

impl Invariant for Chained {
    fn name(&self) -> &'static str {
        "the entries form the chain that the manifests name"
    }

    fn entry(&mut self, seen: &SeenEntry<'_>) -> anyhow::Result<()> {
        let row = seen.row;
        let number = self.last + 1;
        ensure!(row.number == number, "journal entry {number}: it is missing");
        ensure!(
            row.previous == self.sha256,
            "journal entry {number}: it does not follow the entry before, whose SHA-256 is {:?}",
            self.sha256
        );
        if let Some(Err(fault)) = seen.body.as_ref().map(|body| body.entry) {
            return Err(anyhow!("{fault:#}"));
        }
        let act = seen.act.ok_or_else(|| anyhow!("journal entry {number}: no manifest books it"))?;
        let (Some(numbers), Some(booked)) = (&act.numbers, &act.booked) else {
            return Err(anyhow!("journal entry {number}: no manifest books it"));
        };
        let before = if number == *numbers.start() { Some(0) } else { self.postings };
        let read = seen.body.as_ref().and_then(|body| u64::try_from(body.postings.len()).ok());
        self.postings = before.zip(read).and_then(|(before, read)| before.checked_add(read));
        (self.last, self.sha256) = (number, row.sha256.clone());
        if number == *numbers.end() {
            let sequence = act.sequence;
            ensure!(
                row.sha256 == booked.sha256,
                "journal entry {number}: its SHA-256 is {}, but manifest {sequence} says {}",
                row.sha256,
                booked.sha256
            );
            let same = self.postings.is_none_or(|postings| postings == booked.postings);
            ensure!(same, "journal entry {number}: manifest {sequence} says {} postings", booked.postings);
        }
        Ok(())
    }

    fn end(&mut self, chain: &Chain<'_>) -> anyhow::Result<String> {
        let said = chain.acts.iter().filter_map(|act| act.numbers.as_ref().map(|numbers| *numbers.end())).max().unwrap_or(0);
        ensure!(said == self.last, "journal entry {}: it is missing", self.last + 1);
        Ok(match self.last {
            0 => "no entries".to_owned(),
            last => format!("entries 1 to {last}, the last with the SHA-256 {}", self.sha256),
        })
    }
}
