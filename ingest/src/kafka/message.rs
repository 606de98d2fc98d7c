//! Messages as events, by CloudEvents' binding for Kafka: structured, binary and batch mode.

use super::gather::Gathered;
use crate::block::Message;
use farthing_schemas::{Code, Instant, Rejection, event};
use rdkafka::message::{BorrowedMessage, Headers, Message as _};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

const STRUCTURED: &str = "application/cloudevents";
const BATCH: &str = "application/cloudevents-batch";

/// A message as Kafka gives it.
pub struct Received<'a> {
    pub offset: u64,
    pub arrival: Option<Instant>,
    pub headers: Vec<(&'a str, Option<&'a [u8]>)>,
    pub value: Option<&'a [u8]>,
}

/// How a message holds events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// The value is an event.
    Structured,
    /// The headers are the attributes, the value is the data.
    Binary,
    /// The value is an array of events.
    Batch,
    /// In a form that is not JSON.
    Unknown,
}

impl<'m> Received<'m> {
    /// The message as the client has it.
    pub fn of(message: &'m BorrowedMessage<'_>) -> Received<'m> {
        Received {
            offset: u64::try_from(message.offset()).unwrap_or(0),
            arrival: message.timestamp().to_millis().and_then(|millis| millis.checked_mul(1000)).map(Instant::from_micros),
            headers: readable_headers(message),
            value: message.payload(),
        }
    }
}

/// The headers whose names are texts; no attribute of CloudEvents has another. The client panics where a name is none.
fn readable_headers<'m>(message: &'m BorrowedMessage<'_>) -> Vec<(&'m str, Option<&'m [u8]>)> {
    let Some(headers) = message.headers() else { return Vec::new() };
    let read = |at| catch_unwind(AssertUnwindSafe(|| headers.get(at))).ok();
    (0..headers.count()).filter_map(read).map(|header| (header.key, header.value)).collect()
}

impl Received<'_> {
    /// Whether there is anything in it that gets a verdict: in an empty batch there is not.
    pub fn has_events(&self) -> bool {
        let mut gathered = Gathered::default();
        self.append_to(&mut gathered);
        !gathered.messages.is_empty()
    }

    /// Appends the events of the message; each has its own verdict.
    pub fn append_to(&self, gathered: &mut Gathered) {
        let start = gathered.bytes.len();
        let Some(value) = self.value else {
            return self.push(gathered, start..start, Some(not_cloudevent("the message has no value")));
        };
        match self.mode() {
            Mode::Structured => {
                gathered.bytes.extend_from_slice(value);
                self.push(gathered, start..gathered.bytes.len(), None);
            }
            Mode::Binary => {
                self.append_structured(value, &mut gathered.bytes);
                // What is more than one value could add attributes that the headers do not have.
                self.push(gathered, start..gathered.bytes.len(), event::well_formed(value).err());
            }
            Mode::Batch => {
                gathered.bytes.extend_from_slice(value);
                match event::batch(value) {
                    Ok(events) => self.push_all(gathered, start, &events),
                    Err(rejection) => self.push(gathered, start..gathered.bytes.len(), Some(rejection)),
                }
            }
            Mode::Unknown => {
                gathered.bytes.extend_from_slice(value);
                let rejection = not_cloudevent("content-type: only the JSON forms of CloudEvents are read");
                self.push(gathered, start..gathered.bytes.len(), Some(rejection));
            }
        }
    }

    fn mode(&self) -> Mode {
        let content_type = self.header("content-type").map(|value| String::from_utf8_lossy(value).to_ascii_lowercase());
        let media = content_type.as_deref().and_then(|value| value.split(';').next()).map(str::trim).unwrap_or_default();
        let json = |prefix: &str| media.strip_prefix(prefix).map(|rest| matches!(rest, "" | "+json"));
        match (json(BATCH), json(STRUCTURED)) {
            (Some(true), _) => Mode::Batch,
            (None, Some(true)) => Mode::Structured,
            (Some(false), _) | (_, Some(false)) => Mode::Unknown,
            (None, None) if self.headers.iter().any(|(key, _)| attribute(key).is_some()) => Mode::Binary,
            // Producers that set no header at all write whole events.
            (None, None) => Mode::Structured,
        }
    }

    fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).and_then(|(_, value)| *value)
    }

    /// The same event in structured mode: the attributes from the headers, then the data as it came.
    fn append_structured(&self, data: &[u8], bytes: &mut Vec<u8>) {
        bytes.push(b'{');
        for (key, value) in &self.headers {
            let Some(name) = attribute(key) else { continue };
            append_text(name.as_bytes(), bytes);
            bytes.push(b':');
            match value {
                Some(value) => append_text(value, bytes),
                None => bytes.extend_from_slice(b"null"),
            }
            bytes.push(b',');
        }
        bytes.extend_from_slice(b"\"data\":");
        bytes.extend_from_slice(data);
        bytes.push(b'}');
    }

    fn push_all(&self, gathered: &mut Gathered, start: usize, events: &[Range<usize>]) {
        for event in events {
            self.push(gathered, start + event.start..start + event.end, None);
        }
        // The position is behind the message with the last event only.
        let rest = events.len().saturating_sub(1);
        let first = gathered.messages.len() - events.len();
        for message in &mut gathered.messages[first..first + rest] {
            message.next = self.offset;
        }
    }

    fn push(&self, gathered: &mut Gathered, bytes: Range<usize>, rejection: Option<Rejection>) {
        gathered.messages.push(Message { start: self.offset, next: self.offset + 1, bytes, arrival: self.arrival, rejection });
    }
}

/// The CloudEvents attribute that a header holds.
fn attribute(header: &str) -> Option<&str> {
    header.strip_prefix("ce_").or_else(|| header.strip_prefix("ce-")).filter(|name| !name.is_empty() && *name != "data")
}

/// A JSON string of bytes; what is not UTF-8 stays as it is, and is found when the event is read.
fn append_text(text: &[u8], bytes: &mut Vec<u8>) {
    bytes.push(b'"');
    for byte in text {
        match byte {
            b'"' | b'\\' => bytes.extend_from_slice(&[b'\\', *byte]),
            0..0x20 => bytes.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
            _ => bytes.push(*byte),
        }
    }
    bytes.push(b'"');
}

fn not_cloudevent(sentence: &'static str) -> Rejection {
    Rejection::new(Code::NotCloudevent, sentence)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The events of a message: text, whether the position is behind the message with it, and its code if the message alone rejects it.
    fn check(headers: &[(&str, &str)], value: Option<&str>, expected: &[(&str, bool, Option<Code>)]) {
        let headers = headers.iter().map(|(key, value)| (*key, Some(value.as_bytes()))).collect();
        let received = Received { offset: 7, arrival: None, headers, value: value.map(str::as_bytes) };
        let mut gathered = Gathered { bytes: b"before".to_vec(), ..Gathered::default() };
        received.append_to(&mut gathered);
        assert_eq!(received.has_events(), !expected.is_empty());
        let text = |message: &Message| String::from_utf8(gathered.bytes[message.bytes.clone()].to_vec()).expect("text");
        let found: Vec<_> = gathered
            .messages
            .iter()
            .map(|message| (text(message), message.next == 8, message.rejection.as_ref().map(|rejection| rejection.code)))
            .collect();
        let expected: Vec<_> = expected.iter().map(|(text, last, code)| ((*text).to_owned(), *last, *code)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_value_alone_and_a_structured_one_are_events() {
        check(&[], Some("{\n}"), &[("{\n}", true, None)]);
        check(&[("content-type", "application/cloudevents+json; charset=UTF-8")], Some("{}"), &[("{}", true, None)]);
        check(&[("trace", "1")], None, &[("", true, Some(Code::NotCloudevent))]);
        check(&[("content-type", "application/cloudevents+avro")], Some("x"), &[("x", true, Some(Code::NotCloudevent))]);
    }

    #[test]
    fn headers_and_data_make_one_event() {
        let headers = [("ce_specversion", "1.0"), ("ce_id", "a\"b\n"), ("other", "x"), ("content-type", "application/json")];
        check(
            &headers,
            Some("{\"platform\":1}"),
            &[("{\"specversion\":\"1.0\",\"id\":\"a\\\"b\\u000a\",\"data\":{\"platform\":1}}", true, None)],
        );
        check(&[("ce_id", "a")], Some("{},\"source\":1"), &[("{\"id\":\"a\",\"data\":{},\"source\":1}", true, Some(Code::MalformedJson))]);
    }

    #[test]
    fn each_event_of_a_batch_has_its_own_verdict_and_all_have_one_position() {
        let batch = [("content-type", "application/cloudevents-batch+json")];
        check(&batch, Some("[{}, 1 ,\n{\"a\":[]}]"), &[("{}", false, None), ("1", false, None), ("{\"a\":[]}", true, None)]);
        check(&batch, Some("[]"), &[]);
        check(&batch, Some("[{}"), &[("[{}", true, Some(Code::MalformedJson))]);
        check(&batch, Some("{}"), &[("{}", true, Some(Code::NotCloudevent))]);
    }
}
