//! A rejected event as a record of a topic: its bytes as they are, and all that is known of it in headers.

use farthing_ingest::kafka::Topic;
use farthing_ledger::KeptLetter;
use rdkafka::message::{Header, OwnedHeaders};
use serde::Deserialize;

/// What all records of a ledger have in common.
pub struct Origin<'o> {
    /// The hash of the ledger's first act.
    pub ledger: &'o str,
    /// Where the events came from.
    pub topic: &'o Topic,
}

/// A record that is the same whenever it is made.
pub struct LetterRecord<'l> {
    /// What tells copies of it from others: the ledger and the letter's number.
    pub id: String,
    /// What is known of it.
    pub headers: OwnedHeaders,
    /// The bytes that were rejected.
    pub value: &'l [u8],
}

impl Origin<'_> {
    /// The record of a letter.
    pub fn record<'l>(&self, kept: &'l KeptLetter) -> LetterRecord<'l> {
        let letter = &kept.letter;
        let id = format!("{}-{}", &self.ledger[..16.min(self.ledger.len())], kept.number);
        let partition = self.topic.number_of(&letter.partition).unwrap_or_default().to_string();
        let (number, offset) = (kept.number.to_string(), letter.position.to_string());
        let headers = [
            ("farthing_id", id.as_str()),
            ("farthing_number", &number),
            ("farthing_code", &letter.code),
            ("farthing_sentence", &letter.sentence),
            ("farthing_topic", &self.topic.topic),
            ("farthing_partition", &partition),
            ("farthing_offset", &offset),
        ];
        let platform = platform_in(&letter.raw).filter(|platform| platform.len() <= PLATFORM_BYTES_MAX);
        let platform = platform.as_deref().map(|platform| ("farthing_platform", platform));
        let headers = headers
            .into_iter()
            .chain(platform)
            .fold(OwnedHeaders::new(), |headers, (key, value)| headers.insert(Header { key, value: Some(value) }));
        LetterRecord { id, headers, value: &letter.raw }
    }
}

/// No platform has a longer name; a header must not make a record larger than brokers take.
const PLATFORM_BYTES_MAX: usize = 256;

/// The platform that an event names, if so much of it can be read.
fn platform_in(raw: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Event {
        data: Data,
    }
    #[derive(Deserialize)]
    struct Data {
        platform: String,
    }
    serde_json::from_slice::<Event>(raw).ok().map(|event| event.data.platform)
}

#[cfg(test)]
mod tests {
    use super::*;
    use farthing_schemas::manifest::DeadLetter;
    use rdkafka::message::Headers;

    fn kept(raw: &[u8]) -> KeptLetter {
        let letter = DeadLetter {
            partition: "kafka:n/3".to_owned(),
            position: 41,
            code: "bad_time".to_owned(),
            sentence: "time: no".to_owned(),
            raw: raw.to_vec(),
        };
        KeptLetter { number: 7, batch: 2, replayed_in: None, letter }
    }

    fn check(raw: &[u8], platform: Option<&str>) {
        let topic = Topic::from_url("kafka://a:1/t?name=n").expect("a topic");
        let (origin, kept) = (Origin { ledger: "0123456789abcdefffff", topic: &topic }, kept(raw));
        let record = origin.record(&kept);
        let text = |value: Option<&[u8]>| String::from_utf8(value.unwrap_or_default().to_vec()).expect("text");
        let found: Vec<(String, String)> = record.headers.iter().map(|header| (header.key.to_owned(), text(header.value))).collect();
        let id = "0123456789abcdef-7";
        let known = [
            ("id", id),
            ("number", "7"),
            ("code", "bad_time"),
            ("sentence", "time: no"),
            ("topic", "t"),
            ("partition", "3"),
            ("offset", "41"),
        ];
        let expected = known.into_iter().chain(platform.map(|platform| ("platform", platform)));
        let expected: Vec<(String, String)> = expected.map(|(key, value)| (format!("farthing_{key}"), value.to_owned())).collect();
        assert_eq!((record.id.as_str(), record.value, found), (id, raw, expected));
    }

    #[test]
    fn all_that_is_known_is_in_headers() {
        check(br#"{"id":1,"data":{"x":[],"platform":"plt_\u00fc"}}"#, Some("plt_\u{fc}"));
        check(br#"{"data":{"platform":7}}"#, None);
        check(b"{\"data\":{\"platform\":\"plt_a\"}", None);
        check(b"\xff\x00", None);
    }
}
