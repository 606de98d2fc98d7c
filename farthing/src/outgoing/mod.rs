//! Rejected events on their way to a topic for them: after the batch that rejected them is committed, driven by the ledger.
//!
//! The ledger holds the letters and a mark per partition, up to which they were sent; the mark moves on once brokers have answered for all
//! before it. So each letter that they take is sent at least once, whoever is killed wherever, and comes again as the same record, with the
//! same id. One that they do not take, even without its bytes, is said and passed over, and no other waits for it: it stays in the ledger as
//! all letters do, so the mark needs no memory of it. Who is killed before the mark has moved tries it, and says it, again. A thread of its
//! own does all this: a topic that is away keeps nobody from metering.

mod producer;
mod record;

use crate::books::Books;
use crate::output;
use crate::patience::timely;
use anyhow::Context;
use farthing_ingest::kafka::Topic;
use farthing_ledger::{KeptLetter, Ledger, LedgerError};
use producer::{Answer, LetterProducer};
use record::Origin;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant as Clock};
use tokio::runtime::Handle;

/// Bytes of letters that are in memory at a time; a single one may be longer.
const PORTION_BYTES: u64 = 4 << 20;

/// The first pause after a failure, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(15));

/// How long somebody who does not follow the topic waits at its end for letters that are still to be sent; and one who was told to stop.
const AT_END: Duration = Duration::from_secs(10);
const AT_STOP: Duration = Duration::from_millis(1500);

/// Letters that are named, of those that brokers do not take.
const NAMED: usize = 10;

enum Order {
    /// These partitions are ours now.
    Hold(Vec<String>),
    /// There may be more.
    Look,
    /// Send what there is within that time, and end.
    End(Duration),
}

/// The thread that sends letters on, if there is a topic for them.
pub struct Outgoing {
    orders: Option<Sender<Order>>,
    thread: Option<JoinHandle<()>>,
    /// Set when nothing is to be waited for any more.
    hurry: Arc<AtomicBool>,
}

/// Tells the thread, from wherever batches are committed.
#[derive(Clone)]
pub struct Hint(Option<Sender<Order>>);

impl Hint {
    /// There may be more to send.
    pub fn look(&self) {
        if let Some(orders) = &self.0 {
            // One that has failed has said so, and the letters stay in the ledger.
            let _ = orders.send(Order::Look);
        }
    }
}

impl Outgoing {
    /// Begins, if the topic names another for its rejected events.
    pub fn of(topic: &Topic, books: &Books) -> anyhow::Result<Outgoing> {
        let hurry: Arc<AtomicBool> = Arc::default();
        let Some(name) = topic.dead_letters.clone() else { return Ok(Outgoing { orders: None, thread: None, hurry }) };
        let producer = LetterProducer::to(topic, &name, hurry.clone())?;
        let (orders, taken) = channel();
        let sending = Sending {
            ledger: books.ledger.clone(),
            runtime: Handle::current(),
            topic: topic.clone(),
            name,
            producer,
            hurry: hurry.clone(),
            ledger_id: None,
            held: BTreeMap::new(),
            ahead: BTreeMap::new(),
            told: false,
            pause: PAUSES.0,
        };
        let thread = std::thread::Builder::new().name("dead-letters".to_owned()).spawn(move || sending.run(&taken));
        let thread = thread.context("the thread that sends dead letters cannot be started")?;
        Ok(Outgoing { orders: Some(orders), thread: Some(thread), hurry })
    }

    /// Says whose letters are to be sent.
    pub fn hold(&self, partitions: Vec<String>) {
        self.order(Order::Hold(partitions));
    }

    /// To tell it of commits.
    pub fn hint(&self) -> Hint {
        Hint(self.orders.clone())
    }

    /// Sends what there is, within moments if it was told to stop; what is left then is sent by whoever holds the partitions next.
    pub fn end(&mut self, stopped: bool) {
        self.order(Order::End(if stopped { AT_STOP } else { AT_END }));
        self.hurry.store(stopped, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }

    fn order(&self, order: Order) {
        if let Some(orders) = &self.orders {
            let _ = orders.send(order);
        }
    }
}

/// Why letters could not be sent now.
enum Stuck {
    /// The ledger is away, as those who meter will say, or refuses, which it does to nobody else.
    Ledger(Option<String>),
    /// The brokers do not take them.
    Brokers(String),
    /// There is no time left.
    Stopped,
}

impl From<LedgerError> for Stuck {
    fn from(error: LedgerError) -> Stuck {
        Stuck::Ledger((!matches!(error, LedgerError::Unavailable(_))).then(|| error.to_string()))
    }
}

/// The thread's own.
struct Sending {
    ledger: Ledger,
    runtime: Handle,
    topic: Topic,
    /// The topic that gets them.
    name: String,
    producer: LetterProducer,
    hurry: Arc<AtomicBool>,
    /// Which ledger this is, once it was asked.
    ledger_id: Option<String>,
    /// The partitions whose letters are sent; all up to that number are, if it is known.
    held: BTreeMap<String, Option<u64>>,
    /// By partition, what need not be sent again behind one that is: of one portion, which is not left before all of it is answered for.
    ahead: BTreeMap<String, BTreeSet<u64>>,
    /// Whether it was said that the topic is away.
    told: bool,
    pause: Duration,
}

impl Sending {
    fn run(mut self, orders: &Receiver<Order>) {
        let (mut deadline, mut retry): (Option<Clock>, Option<Clock>) = (None, None);
        loop {
            // After a failure nothing is tried before its time, however many batches are committed meanwhile.
            if retry.is_none_or(|at| Clock::now() >= at) {
                retry = self.send_all().map(|pause| Clock::now() + pause);
            }
            match deadline {
                Some(_) if retry.is_none() => return,
                Some(at) if Clock::now() >= at || self.hurry.load(Ordering::SeqCst) => return self.say_what_waits(),
                _ => {}
            }
            let order = match [deadline, retry].into_iter().flatten().min() {
                Some(at) => orders.recv_timeout(at.saturating_duration_since(Clock::now())),
                None => orders.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            if matches!(order, Err(RecvTimeoutError::Disconnected)) {
                return;
            }
            for order in order.into_iter().chain(orders.try_iter()) {
                match order {
                    Order::Hold(partitions) => self.hold(partitions),
                    Order::Look => {}
                    Order::End(patience) => deadline = Some(Clock::now() + patience),
                }
            }
        }
    }

    /// What was held before and is held still is where it was; all else is where the ledger says.
    fn hold(&mut self, partitions: Vec<String>) {
        let before = std::mem::take(&mut self.held);
        let kept = |name: String| (before.get(&name).copied().flatten(), name);
        self.held = partitions.into_iter().map(kept).map(|(through, name)| (name, through)).collect();
        self.ahead.retain(|name, _| before.contains_key(name) && self.held.contains_key(name));
    }

    /// Sends all that there is; how long to wait before it is tried again, if that failed.
    fn send_all(&mut self) -> Option<Duration> {
        let names: Vec<String> = self.held.keys().cloned().collect();
        // One partition whose letters are not taken keeps no other from its own.
        let failed: Vec<Stuck> = names.iter().filter_map(|name| self.send_of(name).err()).collect();
        let sent = failed.into_iter().next().map_or(Ok(()), Err);
        match sent {
            Ok(()) => {
                if std::mem::take(&mut self.told) {
                    output::note(&format!("rejected events are sent to topic {} again", self.name));
                }
                self.pause = PAUSES.0;
                return None;
            }
            Err(Stuck::Brokers(why)) if !std::mem::replace(&mut self.told, true) => output::note(&format!(
                "rejected events cannot be sent to topic {} ({why}): they wait in the ledger, and metering goes on; does the topic exist, and \
                 may this client write to it?",
                self.name
            )),
            Err(Stuck::Ledger(Some(why))) if !std::mem::replace(&mut self.told, true) => {
                output::note(&format!("rejected events are not sent to topic {}, for the ledger refuses: {why}", self.name));
            }
            Err(_) => {}
        }
        let pause = self.pause;
        self.pause = (pause * 2).min(PAUSES.1);
        Some(pause)
    }

    fn send_of(&mut self, partition: &str) -> Result<(), Stuck> {
        // Read first: whatever has a number up to this one is there when the letters are read.
        let last = self.ask(async |ledger| ledger.last_letter().await)?;
        let known = self.held.get(partition).copied().flatten();
        let mut after = match known {
            Some(through) => through,
            None => {
                self.ask(async |ledger| ledger.letters_sent().await)?.iter().find(|(of, _)| of == partition).map_or(0, |(_, sent)| *sent)
            }
        };
        while after < last {
            if self.hurry.load(Ordering::SeqCst) {
                return Err(Stuck::Stopped);
            }
            let letters = self.ask(async |ledger| ledger.letters_of(partition, after, PORTION_BYTES).await)?;
            let Some(end) = letters.last().map(|kept| kept.number) else { break };
            self.send_portion(partition, &letters)?;
            after = end;
            self.held.insert(partition.to_owned(), Some(after));
        }
        self.held.insert(partition.to_owned(), Some(after.max(last)));
        Ok(())
    }

    /// Sends some letters that follow each other, but for those that were answered for already, and moves the mark over all that are.
    fn send_portion(&mut self, partition: &str, letters: &[KeptLetter]) -> Result<(), Stuck> {
        let ledger = self.ledger_id()?;
        let mut done = self.ahead.remove(partition).unwrap_or_default();
        let open: Vec<&KeptLetter> = letters.iter().filter(|kept| !done.contains(&kept.number)).collect();
        let origin = Origin { ledger: &ledger, topic: &self.topic };
        let records: Vec<_> = open.iter().map(|kept| origin.record(kept)).collect();
        let answers = self.producer.send(&records);
        drop(records);
        fail::fail_point!("dead-letters-sent");
        let (mut refused, mut why) = (Vec::new(), None);
        for (kept, answer) in open.iter().zip(answers) {
            match answer {
                Answer::Open(said) => {
                    why.get_or_insert(said);
                    continue;
                }
                Answer::Refused(code) => refused.push((kept.number, code.to_string())),
                Answer::Taken => {}
            }
            done.insert(kept.number);
        }
        self.say_refused(&refused);
        let through = letters.iter().map(|kept| kept.number).take_while(|number| done.contains(number)).last();
        self.ahead.insert(partition.to_owned(), done.split_off(&through.map_or(0, |through| through + 1)));
        if let Some(through) = through {
            // Whatever comes of the mark: what the brokers have is not sent again by us.
            self.held.insert(partition.to_owned(), Some(through));
            self.ask(async |ledger| ledger.mark_letters_sent(partition, through).await)?;
        }
        why.map_or(Ok(()), |why| Err(Stuck::Brokers(why)))
    }

    /// Says which letters are passed over: of many some, for they have one cause.
    fn say_refused(&self, refused: &[(u64, String)]) {
        let Some((first, why)) = refused.first() else { return };
        let some: Vec<String> = refused.iter().take(NAMED).map(|(number, _)| number.to_string()).collect();
        let more = if refused.len() > NAMED { format!(" and {} more", refused.len() - NAMED) } else { String::new() };
        output::note(&format!(
            "topic {} does not take the dead letters {}{more}, even without their bytes ({why}): they stay in the ledger and are not sent; \
             see farthing dead-letters show {first}; so that others like them go, raise max.message.bytes of the topic",
            self.name,
            some.join(", ")
        ));
    }

    fn ledger_id(&mut self) -> Result<String, Stuck> {
        if self.ledger_id.is_none() {
            self.ledger_id = self.ask(async |ledger| ledger.origin().await)?;
        }
        self.ledger_id.clone().ok_or(Stuck::Ledger(None))
    }

    fn ask<T>(&self, call: impl AsyncFnOnce(&Ledger) -> Result<T, LedgerError>) -> Result<T, Stuck> {
        Ok(self.runtime.block_on(timely(call(&self.ledger)))?)
    }

    fn say_what_waits(&self) {
        output::note(&format!(
            "not all rejected events were sent to topic {} yet: they are in the ledger, and whoever meters this topic next sends them",
            self.name
        ));
    }
}
