//! Sending records, and waiting until brokers have answered for each.

use super::record::LetterRecord;
use farthing_ingest::kafka::{KafkaError, Topic};
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError as Cause, RDKafkaErrorCode};
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _, ProducerContext};
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant as Clock};

/// How long brokers have to answer for a record, in milliseconds: what they do not answer for is sent again, later.
const TIMEOUT_MILLIS: &str = "8000";
/// The same, with what the client takes to say so.
const ANSWERED: Duration = Duration::from_secs(12);
const POLL: Duration = Duration::from_millis(20);

/// What a client has unless the topic's properties say otherwise. Whether a record is too large is for the brokers to say.
const DEFAULTS: [(&str, &str); 4] =
    [("message.max.bytes", "67108864"), ("linger.ms", "5"), ("compression.type", "lz4"), ("message.timeout.ms", TIMEOUT_MILLIS)];

/// What became of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Brokers have it.
    Taken,
    /// They do not take this one, by itself and without its bytes neither, and will not as long as their topic is as it is.
    Refused(RDKafkaErrorCode),
    /// They may have it, or take it another time.
    Open(String),
}

impl Answer {
    fn of(answered: &Option<Result<(), RDKafkaErrorCode>>) -> Answer {
        match answered {
            Some(Ok(())) => Answer::Taken,
            Some(Err(code)) if is_refusal(*code) => Answer::Refused(*code),
            Some(Err(code)) => Answer::Open(code.to_string()),
            None => Answer::Open("no broker has answered".to_owned()),
        }
    }
}

/// Whether brokers mean the record, and not its topic or themselves.
fn is_refusal(code: RDKafkaErrorCode) -> bool {
    is_size(code) || matches!(code, RDKafkaErrorCode::InvalidRecord | RDKafkaErrorCode::InvalidDifferentRecord)
}

fn is_size(code: RDKafkaErrorCode) -> bool {
    matches!(code, RDKafkaErrorCode::MessageSizeTooLarge | RDKafkaErrorCode::InvalidMessageSize)
}

/// What brokers have answered to one portion.
#[derive(Default)]
struct Portion {
    /// Answers to portions before it come late, if they come.
    number: usize,
    answers: Vec<Option<Result<(), RDKafkaErrorCode>>>,
}

#[derive(Default)]
struct Answers(Mutex<Portion>);

impl Answers {
    fn portion(&self) -> std::sync::MutexGuard<'_, Portion> {
        // Answers are whole, whoever panicked while holding them.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientContext for Answers {
    fn log(&self, _level: RDKafkaLogLevel, _facility: &str, _message: &str) {
        // What matters comes as the answer to a record.
    }

    fn error(&self, _error: Cause, _reason: &str) {}
}

impl ProducerContext for Answers {
    /// The portion's number, and that of the record in it.
    type DeliveryOpaque = Box<(usize, usize)>;

    fn delivery(&self, result: &DeliveryResult<'_>, of: Box<(usize, usize)>) {
        let mut portion = self.portion();
        if portion.number == of.0
            && let Some(answer) = portion.answers.get_mut(of.1)
        {
            *answer = Some(match result {
                Ok(_) => Ok(()),
                Err((error, _)) => Err(error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Fail)),
            });
        }
    }
}

/// Writes to the topic for dead letters.
pub struct LetterProducer {
    client: BaseProducer<Answers>,
    topic: String,
    hurry: Arc<AtomicBool>,
    portions: Cell<usize>,
}

impl LetterProducer {
    /// Makes the client for a topic on the same brokers; it connects with its first record.
    pub fn to(topic: &Topic, name: &str, hurry: Arc<AtomicBool>) -> Result<LetterProducer, KafkaError> {
        let mut configuration = topic.producer();
        for (key, value) in DEFAULTS.into_iter().filter(|(key, _)| !topic.says(key)) {
            configuration.set(key, value);
        }
        // A record counts once all replicas that are in sync have it; its time is that of its sending, whatever its event's is.
        configuration.set("acks", "all");
        let client = configuration.create_with_context(Answers::default()).map_err(KafkaError::not_made)?;
        Ok(LetterProducer { client, topic: name.to_owned(), hurry, portions: Cell::new(0) })
    }

    /// Sends records, and says what became of each.
    pub fn send(&self, records: &[LetterRecord<'_>]) -> Vec<Answer> {
        self.portions.set(self.portions.get() + 1);
        *self.client.context().portion() = Portion { number: self.portions.get(), answers: vec![None; records.len()] };
        for (at, record) in records.iter().enumerate() {
            self.enqueue(at, record, Some(record.value));
        }
        self.wait();
        // Brokers refuse all that goes in one request: each is tried again by itself.
        for (at, record) in records.iter().enumerate() {
            if self.refusal(at).is_some() {
                self.send_again(at, record, Some(record.value));
            }
            // What the topic does not take goes without its bytes, so that it does not stand in the way of all others.
            if self.refusal(at).is_some_and(is_size) {
                self.send_again(at, record, None);
            }
        }
        let portion = self.client.context().portion();
        portion.answers.iter().map(Answer::of).collect()
    }

    fn send_again(&self, at: usize, record: &LetterRecord<'_>, value: Option<&[u8]>) {
        self.client.context().portion().answers[at] = None;
        self.enqueue(at, record, value);
        self.wait();
    }

    fn refusal(&self, at: usize) -> Option<RDKafkaErrorCode> {
        match self.client.context().portion().answers[at] {
            Some(Err(code)) if is_refusal(code) => Some(code),
            _ => None,
        }
    }

    /// Hands a record to the client; what it does not take is answered at once.
    fn enqueue(&self, at: usize, record: &LetterRecord<'_>, value: Option<&[u8]>) {
        let mut headers = record.headers.clone();
        if value.is_none() {
            headers = headers.insert(rdkafka::message::Header { key: "farthing_value_left_out", value: Some("too large for this topic") });
        }
        let mut message = BaseRecord::with_opaque_to(&self.topic, Box::new((self.portions.get(), at))).key(&record.id).headers(headers);
        if let Some(value) = value {
            message = message.payload(value);
        }
        loop {
            match self.client.send(message) {
                Ok(()) => return,
                Err((Cause::MessageProduction(RDKafkaErrorCode::QueueFull), back)) if !self.hurry.load(Ordering::SeqCst) => {
                    self.client.poll(POLL);
                    message = back;
                }
                Err((error, _)) => {
                    let code = error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Fail);
                    self.client.context().portion().answers[at] = Some(Err(code));
                    return;
                }
            }
        }
    }

    /// Waits until all are answered for, or it takes too long.
    fn wait(&self) {
        let since = Clock::now();
        while since.elapsed() < ANSWERED && !self.hurry.load(Ordering::SeqCst) {
            self.client.poll(POLL);
            if self.client.context().portion().answers.iter().all(Option::is_some) {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_means_the_record_is_a_refusal() {
        use RDKafkaErrorCode as Code;
        assert_eq!(Answer::of(&Some(Ok(()))), Answer::Taken);
        for code in [Code::MessageSizeTooLarge, Code::InvalidMessageSize, Code::InvalidRecord] {
            assert_eq!(Answer::of(&Some(Err(code))), Answer::Refused(code));
        }
        // These may be over tomorrow: the letters wait.
        for code in [
            Code::TopicAuthorizationFailed,
            Code::UnknownTopicOrPartition,
            Code::MessageTimedOut,
            Code::NotEnoughReplicas,
            Code::PolicyViolation,
            Code::InvalidTimestamp,
            Code::InvalidMessage,
        ] {
            assert!(matches!(Answer::of(&Some(Err(code))), Answer::Open(_)), "{code}");
        }
        assert!(matches!(Answer::of(&None), Answer::Open(_)));
    }
}
