//! [`Member`]: a worker's membership in the group, polled on a thread of its own for as long as it lasts, whatever its jobs do.
//!
//! A job reads the partitions that the member holds. When they change, the member ends the job's blocks; the job commits what it has and
//! ends; then the member answers Kafka. So partitions are given up only when what was read of them is committed, or, after
//! a time, when it no longer can be: whoever gets them takes a new lease.

use super::KafkaError;
use super::consumer::GroupConsumer;
use super::polling::Polling;
use super::standing::Standing;
use super::topic::Topic;
use crate::block::Block;
use crate::pipeline::Feed;
use crate::source::{Source, SourceError};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// How often a job is asked whether it still wants blocks.
const IDLE: Duration = Duration::from_secs(1);

/// A partition that the member holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offered {
    /// Its number.
    pub partition: i32,
    /// The first offset that Kafka still has, and the one after the last; of one that is kept they are not asked for, since that needs its leader.
    pub ends: Option<(u64, u64)>,
    /// Where it is read on, if it was held by the last job already and nobody else has had it since.
    pub kept: Option<u64>,
}

/// What a member may do next.
#[derive(Debug)]
pub enum Turn {
    /// Read these: all that it holds.
    Assigned {
        /// Which topic of which cluster this is.
        fingerprint: String,
        /// The partitions.
        partitions: Vec<Offered>,
    },
    /// All that it holds is read to its end; never said of a topic that is followed.
    AtEnd {
        /// Where the partitions that others hold ended when this member joined.
        others: Vec<(i32, u64)>,
    },
    /// Leave, as it was told.
    Stopped,
}

pub(super) enum Order {
    Next,
    Hold(Vec<(i32, u64)>),
    Read { starts: Vec<(i32, u64)>, blocks: SyncSender<Block> },
    Hint(Vec<(i32, u64)>),
    Fingerprint(SyncSender<Result<String, KafkaError>>),
    Leave,
}

/// What ends things from outside, each when it is set.
#[derive(Clone, Debug)]
pub struct Stops {
    /// The job that runs now.
    pub job: Arc<AtomicBool>,
    /// The membership, and with it all jobs.
    pub membership: Arc<AtomicBool>,
}

/// What the thread of a member tells, and whom.
pub(super) struct Tells {
    pub turns: Sender<Result<Turn, KafkaError>>,
    pub standing: Arc<Standing>,
    pub changing: Arc<AtomicBool>,
}

/// A membership.
pub struct Member {
    orders: Sender<Order>,
    turns: Receiver<Result<Turn, KafkaError>>,
    /// Set when it is to leave.
    membership: Arc<AtomicBool>,
    /// Set by the thread: the group waits for an answer to more than what is held before a job reads it, or the thread has ended.
    changing: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// Talks to a member while a job runs.
#[derive(Clone)]
pub struct Contact(Sender<Order>);

impl Contact {
    /// Tells Kafka how far partitions are committed, for those who watch the lag; only a hint, and if the member is still there.
    pub fn hint(&self, next: Vec<(i32, u64)>) {
        let _ = self.0.send(Order::Hint(next));
    }

    /// Which topic of which cluster this is now.
    ///
    /// # Errors
    /// [`KafkaError`]
    pub fn fingerprint(&self) -> Result<String, KafkaError> {
        let (reply, answer) = sync_channel(1);
        self.0.send(Order::Fingerprint(reply)).map_err(|_| KafkaError::Thread)?;
        answer.recv().map_err(|_| KafkaError::Thread)?
    }
}

impl Member {
    /// Joins the group of a topic; `stop` ends jobs and itself from outside, and `standing` says how it stands.
    ///
    /// # Errors
    /// [`KafkaError`]
    pub fn join(topic: &Topic, follow: bool, stop: Stops, standing: &Arc<Standing>) -> Result<Member, KafkaError> {
        standing.ends();
        let Stops { job, membership } = stop;
        let consumer = GroupConsumer::subscribe(topic, standing.clone()).map_err(KafkaError::not_made)?;
        let (orders, taken) = channel();
        let (given, turns) = channel();
        // Whoever does not answer now has perhaps never answered; later, a member waits.
        consumer.reach()?;
        let changing = Arc::new(AtomicBool::new(false));
        let told = Tells { turns: given, standing: standing.clone(), changing: changing.clone() };
        let polling = Polling::of(topic, consumer, follow, Stops { job, membership: membership.clone() }, told);
        let thread =
            std::thread::Builder::new().name("consume".to_owned()).spawn(move || polling.run(&taken)).map_err(KafkaError::Spawn)?;
        Ok(Member { orders, turns, membership, changing, thread: Some(thread) })
    }

    /// What to do now; no job runs while this waits.
    ///
    /// # Errors
    /// [`KafkaError`]: leave.
    pub fn next(&self) -> Result<Turn, KafkaError> {
        // One that has left already has said why, or was told to.
        let _ = self.orders.send(Order::Next);
        let told = self.membership.load(Ordering::SeqCst);
        self.turns.recv().unwrap_or(if told { Ok(Turn::Stopped) } else { Err(KafkaError::Thread) })
    }

    /// Answers Kafka that all partitions that were offered last are ours, each from its offset on, before any job reads them: what has to be done
    /// before that takes its time, and others may want some of them meanwhile.
    pub fn hold(&self, starts: Vec<(i32, u64)>) {
        let _ = self.orders.send(Order::Hold(starts));
    }

    /// Whether the group waits for an answer to more than that, or nothing is held any more: the next turn says what is so.
    #[must_use]
    pub fn is_changing(&self) -> bool {
        self.changing.load(Ordering::SeqCst)
    }

    /// Begins to read all partitions that were offered last, each from its offset on; a job's partitions stand in the same order.
    #[must_use]
    pub fn read(&self, starts: Vec<(i32, u64)>) -> Box<dyn Source> {
        let (blocks, received) = sync_channel(2);
        // If the thread is gone, there are no blocks, and the next turn says so.
        let _ = self.orders.send(Order::Read { starts, blocks });
        Box::new(Assigned(received))
    }

    /// To talk to it while a job runs.
    #[must_use]
    pub fn contact(&self) -> Contact {
        Contact(self.orders.clone())
    }

    /// Leaves the group, and returns when others can take over.
    pub fn leave(mut self) {
        self.leave_and_wait();
    }

    fn leave_and_wait(&mut self) {
        let _ = self.orders.send(Order::Leave);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.leave_and_wait();
    }
}

/// The partitions of one job as its source.
struct Assigned(Receiver<Block>);

impl Source for Assigned {
    fn ends_with_its_feed(&self) -> bool {
        true
    }

    fn give(self: Box<Self>, feed: &Feed<'_>) -> Result<(), SourceError> {
        loop {
            let wanted = match self.0.recv_timeout(IDLE) {
                Ok(block) => feed.give(block),
                Err(RecvTimeoutError::Timeout) => !feed.ended(),
                Err(RecvTimeoutError::Disconnected) => false,
            };
            if !wanted {
                return Ok(());
            }
        }
    }
}
