//! Files, standard input and dead letters as a source of blocks.

use crate::block::Blocks;
use crate::pipeline::Feed;
use crate::source::{Input, Partition, Source, SourceError};
use std::time::Duration;

/// How often files that are followed are looked at for more.
const FOLLOW_PAUSE: Duration = Duration::from_millis(200);

/// Inputs that are read one after the other, or in turn when followed.
pub struct Files {
    blocks: Vec<Blocks>,
    follow: bool,
}

impl Files {
    /// Opens the inputs of a job's partitions at their positions.
    ///
    /// # Errors
    /// [`SourceError`]
    pub fn open(partitions: &[Partition], inputs: &[Input], follow: bool) -> Result<Files, SourceError> {
        let open = |(number, (partition, input)): (usize, (&Partition, &Input))| Blocks::open(number, input, partition.next);
        let blocks = partitions.iter().zip(inputs).enumerate().map(open).collect::<Result<Vec<_>, _>>()?;
        Ok(Files { blocks, follow })
    }

    /// Gives what there is now; says how many blocks that was, or none if no more are wanted.
    fn give_all(&mut self, feed: &Feed<'_>) -> Result<Option<usize>, SourceError> {
        let mut given = 0;
        for blocks in &mut self.blocks {
            while !feed.ended() {
                let Some(block) = blocks.next(!self.follow)? else { break };
                if !feed.give(block) {
                    return Ok(None);
                }
                given += 1;
            }
        }
        Ok((!feed.ended()).then_some(given))
    }
}

impl Source for Files {
    fn give(mut self: Box<Self>, feed: &Feed<'_>) -> Result<(), SourceError> {
        while let Some(given) = self.give_all(feed)? {
            if !self.follow {
                break;
            }
            if given == 0 {
                std::thread::sleep(FOLLOW_PAUSE);
            }
        }
        Ok(())
    }
}
