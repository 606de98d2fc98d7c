//! The thread of a member: polls the client, ends and begins the blocks of jobs, and answers Kafka in between.

use super::KafkaError;
use super::consumer::{Change, GroupConsumer, PATIENCE, SHORT, in_range};
use super::gather::Gathering;
use super::member::{Offered, Order, Stops, Tells, Turn};
use super::message::Received;
use super::standing::Standing;
use super::topic::Topic;
use crate::block::Block;
use rdkafka::error::KafkaError as Cause;
use rdkafka::message::{BorrowedMessage, Message as _};
use rdkafka::types::RDKafkaErrorCode as Code;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, TryRecvError, TrySendError};
use std::time::{Duration, Instant as Clock};

/// How long a job may take to commit what it has before partitions are given up without it.
const REVOKE_PATIENCE: Duration = Duration::from_secs(20);

/// How long the job may take no block before its partitions are paused, so that the group can go on being polled.
const BLOCKED: Duration = Duration::from_secs(1);

/// How long after it was told to stop a member stays, for its job to commit what it has; then others take over.
const STOP_PATIENCE: Duration = Duration::from_secs(7);

/// How long one poll waits.
const POLL: Duration = Duration::from_millis(20);

/// How long brokers may be silent to one who does not follow the topic.
const OUTAGE: Duration = Duration::from_secs(60);

/// How often a member that has nothing to read says so.
const IDLE: Duration = Duration::from_secs(1);

/// How often Kafka is told again how far the ledger is.
const HINT_AGAIN: Duration = Duration::from_secs(10);

/// Messages that are taken before it is looked at anything else.
const RUN: usize = 4096;

/// A partition that is held.
struct Held {
    /// None until it is placed for a job.
    gathering: Option<Gathering>,
    at_end: bool,
    /// Whether the last job read it.
    is_read: bool,
}

/// The job that reads now.
struct Job {
    blocks: SyncSender<Block>,
    /// The job's number of each partition.
    numbers: BTreeMap<i32, usize>,
}

/// The thread of a member.
pub(super) struct Polling {
    topic: Topic,
    consumer: GroupConsumer,
    follow: bool,
    stop: Stops,
    turns: Sender<Result<Turn, KafkaError>>,
    held: BTreeMap<i32, Held>,
    /// Whether Kafka waits for an answer to what it has assigned.
    unassigned: bool,
    job: Option<Job>,
    /// A block for which the job has no room yet.
    waiting: Option<(i32, Block)>,
    paused: bool,
    /// How far the ledger is with what is held, and when Kafka was told so last.
    hints: BTreeMap<i32, u64>,
    hinted: Clock,
    /// Since when the job has had no room for it.
    blocked_since: Option<Clock>,
    /// Since when the job has been without blocks, on its way to its end.
    ending_since: Option<Clock>,
    /// Since when it is told to stop.
    stopping_since: Option<Clock>,
    /// Since when no job runs and a turn is asked for.
    asked_since: Option<Clock>,
    /// Whether what is held has changed since the last turn.
    changed: bool,
    /// Whether blocks were given that the job did not read: then nobody knows any more where it went on.
    torn: bool,
    /// Where the partitions of the topic that have anything ended at first.
    ends: Option<Vec<(i32, u64)>>,
    standing: Arc<Standing>,
    /// Whether what is held waits for a job that is being prepared.
    holding: bool,
    /// Whether Kafka waits for an answer to more than that, or nothing is held any more.
    changing: Arc<AtomicBool>,
}

impl Polling {
    pub(super) fn of(
        topic: &Topic,
        consumer: GroupConsumer,
        follow: bool,
        stop: Stops,
        Tells { turns, standing, changing }: Tells,
    ) -> Polling {
        Polling {
            topic: topic.clone(),
            consumer,
            follow,
            stop,
            turns,
            held: BTreeMap::new(),
            unassigned: false,
            job: None,
            waiting: None,
            paused: false,
            hints: BTreeMap::new(),
            hinted: Clock::now(),
            blocked_since: None,
            ending_since: None,
            stopping_since: None,
            asked_since: None,
            changed: false,
            torn: false,
            ends: None,
            standing,
            holding: false,
            changing,
        }
    }

    pub(super) fn run(mut self, orders: &Receiver<Order>) {
        loop {
            match self.take_orders(orders).and_then(|on| on.then(|| self.step()).transpose()) {
                Ok(Some(())) if !self.must_leave() => {}
                Ok(_) => break,
                Err(error) => {
                    // Whoever asks for a turn then, or asks already, gets it; the job has what came before.
                    let _ = self.turns.send(Err(error));
                    break;
                }
            }
        }
        self.job = None;
        self.changing.store(true, Ordering::SeqCst);
        self.consumer.leave();
        self.standing.ends();
    }

    fn must_leave(&mut self) -> bool {
        if !self.stop.membership.load(Ordering::SeqCst) {
            self.stopping_since = None;
            return false;
        }
        self.stopping_since.get_or_insert_with(Clock::now).elapsed() > STOP_PATIENCE
    }

    /// False once it is to leave.
    fn take_orders(&mut self, orders: &Receiver<Order>) -> Result<bool, KafkaError> {
        loop {
            match orders.try_recv() {
                Ok(Order::Next) => {
                    // A job that ended by itself may have left blocks unread.
                    self.torn |= self.job.take().is_some();
                    self.ending_since = None;
                    self.asked_since = Some(Clock::now());
                    self.holds(false);
                }
                Ok(Order::Hold(starts)) => self.hold(&starts)?,
                Ok(Order::Read { starts, blocks }) => self.begin(&starts, blocks)?,
                Ok(Order::Hint(next)) => {
                    let ours: Vec<(i32, u64)> = next.into_iter().filter(|(partition, _)| self.held.contains_key(partition)).collect();
                    self.hints.extend(ours);
                    self.hint();
                }
                Ok(Order::Fingerprint(reply)) => {
                    // Whoever asked may have given up.
                    let _ = reply.send(self.consumer.fingerprint());
                }
                Ok(Order::Leave) | Err(TryRecvError::Disconnected) => return Ok(false),
                Err(TryRecvError::Empty) => return Ok(true),
            }
        }
    }

    /// Tells Kafka how far the ledger is. One that comes to nothing, in a rebalance, is made good by the next.
    fn hint(&mut self) {
        let hints: Vec<(i32, u64)> = self.hints.iter().map(|(partition, next)| (*partition, *next)).collect();
        if !hints.is_empty() {
            let _ = self.consumer.hint(&hints);
        }
        self.hinted = Clock::now();
    }

    fn step(&mut self) -> Result<(), KafkaError> {
        if self.hinted.elapsed() > HINT_AGAIN {
            self.hint();
        }
        self.end_job_if_due();
        if self.holding {
            self.answer_what_changes_nothing();
            // Until it is answered what comes in addition, the client sees nothing of what the group wants next, and all others wait for it.
            let is_changing = !self.consumer.changes().is_empty();
            self.changing.store(is_changing, Ordering::SeqCst);
        }
        self.answer_changes();
        match self.take_turn() {
            // Brokers come back; until then nothing is read. Who does not follow the topic waits for its end, but not for ever.
            Err(KafkaError::Unanswered { .. }) if self.follow || self.asked_since.is_some_and(|since| since.elapsed() < OUTAGE) => {}
            done => done?,
        }
        self.hand_on();
        self.pause_or_resume();
        self.standing.polls(self.held.len(), if self.paused { self.read().count() } else { 0 });
        self.poll()
    }

    fn holds(&mut self, is: bool) {
        self.holding = is;
        self.changing.store(false, Ordering::SeqCst);
    }

    /// Holds what a job is being prepared for; nothing of it is read meanwhile.
    fn hold(&mut self, starts: &[(i32, u64)]) -> Result<(), KafkaError> {
        self.place(starts)?;
        self.held.values_mut().for_each(|held| held.is_read = false);
        let all: Vec<i32> = self.held.keys().copied().collect();
        let _ = self.consumer.pause(&all);
        self.paused = true;
        self.holds(true);
        Ok(())
    }

    /// Begins to give a job its blocks.
    fn begin(&mut self, starts: &[(i32, u64)], blocks: SyncSender<Block>) -> Result<(), KafkaError> {
        self.place(starts)?;
        self.held.values_mut().for_each(|held| held.is_read = held.gathering.is_some());
        self.holds(false);
        self.blocked_since = None;
        // Whatever was paused, also in an earlier assignment: none stays so for good.
        let all: Vec<i32> = self.held.keys().copied().collect();
        let _ = self.consumer.resume(&all);
        self.paused = false;
        let numbers = starts.iter().enumerate().map(|(number, (partition, _))| (*partition, number)).collect();
        self.job = Some(Job { blocks, numbers });
        self.asked_since = None;
        Ok(())
    }

    /// Answers Kafka where partitions are read on.
    fn place(&mut self, starts: &[(i32, u64)]) -> Result<(), KafkaError> {
        let mut fresh = Vec::new();
        for (partition, start) in starts {
            let Some(held) = self.held.get_mut(partition) else { continue };
            let waits = self.waiting.as_ref().filter(|(of, _)| of == partition).map(|(_, block)| block.start);
            match held.gathering.as_ref().map(Gathering::start) {
                Some(at) if !self.torn && waits.unwrap_or(at) == *start => {}
                read => {
                    (held.gathering, held.at_end) = (Some(Gathering::from(*start)), false);
                    self.waiting.take_if(|(of, _)| of == partition);
                    if read.is_some() {
                        self.consumer.seek(*partition, *start).map_err(KafkaError::Client)?;
                    } else {
                        fresh.push((*partition, *start));
                    }
                }
            }
        }
        if self.unassigned || !fresh.is_empty() {
            // A refusal comes back as an error of `poll`, or as the next change.
            let _ = self.consumer.assign(&fresh);
            self.unassigned = false;
        }
        self.torn = false;
        Ok(())
    }

    /// The job's blocks end when what is held changes, when all is read, and when told to stop.
    fn end_job_if_due(&mut self) {
        if self.job.is_none() {
            return;
        }
        self.answer_what_changes_nothing();
        let changing = !self.consumer.changes().is_empty();
        if changing || self.stop.job.load(Ordering::SeqCst) || self.all_given() {
            self.job = None;
            self.ending_since = Some(Clock::now());
        }
    }

    /// Each rebalance asks every member, also those for whom nothing changes: their job goes on.
    fn answer_what_changes_nothing(&self) {
        loop {
            let mut changes = self.consumer.changes();
            let answered = match changes.front() {
                Some(Change::Assigned(partitions)) if partitions.is_empty() => {
                    self.standing.takes(self.held.len());
                    self.consumer.assign(&[])
                }
                Some(Change::Revoked(partitions)) if partitions.is_empty() => self.consumer.unassign(&[]),
                _ => return,
            };
            // A refusal comes back as the next change.
            let _ = answered;
            changes.pop_front();
        }
    }

    fn all_given(&self) -> bool {
        let given = |held: &Held| held.at_end && held.gathering.as_ref().is_none_or(Gathering::is_empty);
        !self.follow && self.waiting.is_none() && !self.held.is_empty() && self.held.values().all(given)
    }

    /// Answers Kafka, once no job reads what it takes away.
    fn answer_changes(&mut self) {
        let no_job = self.asked_since.is_some();
        let too_long = self.ending_since.is_some_and(|since| since.elapsed() > REVOKE_PATIENCE);
        if !no_job && !too_long {
            return;
        }
        let changes = std::mem::take(&mut *self.consumer.changes());
        for change in changes {
            self.changed = true;
            match change {
                Change::Assigned(partitions) => {
                    self.unassigned = true;
                    self.held.extend(
                        partitions.into_iter().map(|partition| (partition, Held { gathering: None, at_end: false, is_read: false })),
                    );
                    self.standing.takes(self.held.len());
                    if self.held.is_empty() {
                        let _ = self.consumer.assign(&[]);
                        self.unassigned = false;
                    }
                }
                Change::Revoked(partitions) => {
                    self.held.retain(|partition, _| !partitions.contains(partition));
                    self.hints.retain(|partition, _| !partitions.contains(partition));
                    self.waiting.take_if(|(partition, _)| partitions.contains(partition));
                    // What was lost already cannot be given up; then there is nothing to answer.
                    let _ = self.consumer.unassign(&partitions);
                }
            }
        }
    }

    /// Says what there is to do, if somebody asks.
    fn take_turn(&mut self) -> Result<(), KafkaError> {
        let Some(since) = self.asked_since else { return Ok(()) };
        let turn = if self.stop.membership.load(Ordering::SeqCst) {
            Turn::Stopped
        } else if self.held.is_empty() {
            self.changed = false;
            if self.follow || since.elapsed() < IDLE {
                return Ok(());
            }
            Turn::AtEnd { others: self.others()? }
        } else if self.all_given() && !self.changed {
            if since.elapsed() < IDLE {
                return Ok(());
            }
            Turn::AtEnd { others: self.others()? }
        } else {
            Turn::Assigned { fingerprint: self.consumer.fingerprint()?, partitions: self.offer()? }
        };
        self.changed = false;
        self.asked_since = None;
        // Nobody there means that the member is about to leave.
        let _ = self.turns.send(Ok(turn));
        Ok(())
    }

    fn offer(&self) -> Result<Vec<Offered>, KafkaError> {
        let offered = |(partition, held): (&i32, &Held)| {
            // What waits for room was taken out of the gathering.
            let waits = self.waiting.as_ref().filter(|(of, _)| of == partition).map(|(_, block)| block.start);
            let kept = waits.or_else(|| held.gathering.as_ref().map(Gathering::start)).filter(|_| !self.torn);
            // Who does not follow the topic waits for its leader, but not for ever.
            let ends =
                if self.follow && kept.is_some() && held.is_read { None } else { Some(self.consumer.watermarks(*partition, SHORT)?) };
            Ok(Offered { partition: *partition, ends, kept })
        };
        self.held.iter().map(offered).collect()
    }

    fn others(&mut self) -> Result<Vec<(i32, u64)>, KafkaError> {
        let ends = match self.ends.take() {
            Some(ends) => ends,
            None => self.consumer.ends()?,
        };
        let others = ends.iter().copied().filter(|(partition, _)| !self.held.contains_key(partition)).collect();
        self.ends = Some(ends);
        Ok(others)
    }

    /// Gives the job what is due, as long as it has room.
    fn hand_on(&mut self) {
        let Some(job) = &self.job else { return };
        loop {
            if self.waiting.is_none() {
                let ending = !self.follow;
                let due = |held: &mut Held| {
                    let at_end = held.at_end && ending;
                    held.gathering
                        .as_mut()
                        .filter(|gathering| gathering.due() || (at_end && !gathering.is_empty()))
                        .map(|gathering| gathering.block(0))
                };
                let mut blocks = self.held.iter_mut().filter_map(|(partition, held)| due(held).map(|block| (*partition, block)));
                self.waiting = blocks.next();
            }
            let Some((partition, mut block)) = self.waiting.take() else { return };
            block.partition = job.numbers.get(&partition).copied().unwrap_or_default();
            match job.blocks.try_send(block) {
                Ok(()) => self.blocked_since = None,
                Err(TrySendError::Full(block)) => {
                    self.waiting = Some((partition, block));
                    self.blocked_since.get_or_insert_with(Clock::now);
                    return;
                }
                Err(TrySendError::Disconnected(_)) => {
                    self.torn = true;
                    self.job = None;
                    return;
                }
            }
        }
    }

    /// Partitions of which nothing is taken are paused: the group is polled, and memory stays bounded.
    fn pause_or_resume(&mut self) {
        // A block that went with its partition blocks nothing any more.
        let blocked = self.waiting.is_some() && self.blocked_since.is_some_and(|since| since.elapsed() > BLOCKED);
        let pause = self.job.is_none() || blocked;
        let read: Vec<i32> = self.read().collect();
        if pause && !self.paused && !read.is_empty() {
            let _ = self.consumer.pause(&read);
            self.paused = true;
        } else if !pause && self.paused {
            let _ = self.consumer.resume(&read);
            self.paused = false;
        }
    }

    /// The partitions that are placed for a job.
    fn read(&self) -> impl Iterator<Item = i32> {
        self.held.iter().filter(|(_, held)| held.gathering.is_some()).map(|(partition, _)| *partition)
    }

    fn poll(&mut self) -> Result<(), KafkaError> {
        if self.waiting.is_some() && !self.paused && self.job.is_some() {
            std::thread::sleep(Duration::from_millis(1));
            return Ok(());
        }
        let mut patience = POLL;
        for _ in 0..RUN {
            let Some(result) = self.consumer.client.poll(patience) else { return Ok(()) };
            patience = Duration::ZERO;
            match result {
                Ok(message) => {
                    if take(&mut self.held, &message) {
                        return Ok(());
                    }
                }
                Err(Cause::PartitionEOF(partition)) => {
                    if let Some(held) = self.held.get_mut(&partition) {
                        held.at_end = true;
                    }
                }
                Err(error) => self.judge(error)?,
            }
        }
        Ok(())
    }

    /// What the client mends by itself is passed over.
    fn judge(&self, error: Cause) -> Result<(), KafkaError> {
        let refused = |source| Err(KafkaError::Refused { topic: self.topic.topic.clone(), source });
        match error.rdkafka_error_code() {
            Some(Code::UnknownTopicOrPartition | Code::UnknownTopic) => Err(KafkaError::NoSuchTopic(self.topic.topic.clone())),
            Some(Code::AutoOffsetReset | Code::OffsetOutOfRange) => self.out_of_range(error),
            Some(
                Code::TopicAuthorizationFailed
                | Code::GroupAuthorizationFailed
                | Code::ClusterAuthorizationFailed
                | Code::SaslAuthenticationFailed
                | Code::UnsupportedSASLMechanism
                | Code::Fatal
                | Code::InconsistentGroupProtocol
                | Code::InvalidGroupId
                | Code::FencedInstanceId,
            ) => refused(error),
            _ if matches!(error, Cause::MessageConsumptionFatal(_)) => refused(error),
            _ => Ok(()),
        }
    }

    fn out_of_range(&self, error: Cause) -> Result<(), KafkaError> {
        for (partition, held) in &self.held {
            let Some(at) = held.gathering.as_ref().map(Gathering::next) else { continue };
            let (low, high) = self.consumer.watermarks(*partition, PATIENCE)?;
            in_range(&self.topic, *partition, at, (low, high))?;
        }
        Err(KafkaError::Refused { topic: self.topic.topic.clone(), source: error })
    }
}

/// Takes a message; says whether its partition has enough for a block.
fn take(held: &mut BTreeMap<i32, Held>, message: &BorrowedMessage<'_>) -> bool {
    // What comes of a partition that was given up meanwhile is its next holder's.
    let Some(held) = held.get_mut(&message.partition()) else { return false };
    let Some(gathering) = &mut held.gathering else { return false };
    held.at_end = false;
    gathering.take(&Received::of(message));
    gathering.full()
}
