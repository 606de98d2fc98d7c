//! The real week: one event per request of the RAGPulse trace; times, tokens and passages are real, prices are the demo's.

use super::event::{Attribution, Data, Entry, Event, Reference, Revenue, Usage, Weight, time_of, type_of};
use super::people::CAMPUS;
use super::registry::passage_id;
use super::write_line;
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write};

/// Millionths of a dollar for a token that is read, and for one that is written.
const INPUT_MILLIONTHS: u64 = 3;
const OUTPUT_MILLIONTHS: u64 = 15;

/// A request of the trace; what the demo does not need is not read.
#[derive(Debug, Deserialize)]
struct Request {
    timestamp: String,
    input_length: u64,
    output_length: u64,
    hash_ids: Used,
}

#[derive(Debug, Deserialize)]
struct Used {
    passages_ids: Vec<u32>,
}

#[derive(Debug, Deserialize)]
struct Passage {
    passage_id: u32,
    token_length: u64,
}

/// The trace does not have its published form.
#[derive(Debug, thiserror::Error)]
#[error("line {line} of {what} cannot be read")]
pub struct Damaged {
    what: &'static str,
    line: usize,
    #[source]
    source: serde_json::Error,
}

/// The published trace.
#[derive(Debug)]
pub struct Trace {
    requests: Vec<Request>,
    lengths: HashMap<u32, u64>,
}

impl Trace {
    /// Reads the trace and its passages.
    pub fn read(requests: &str, passages: &str) -> Result<Trace, Damaged> {
        let passages: Vec<Passage> = rows("the passages", passages)?;
        let lengths = passages.iter().map(|passage| (passage.passage_id, passage.token_length)).collect();
        Ok(Trace { requests: rows("the trace", requests)?, lengths })
    }

    /// All passages, in order.
    pub fn passages(&self) -> Vec<u32> {
        let mut passages: Vec<u32> = self.lengths.keys().copied().collect();
        passages.sort_unstable();
        passages
    }

    /// Writes the week.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        for (number, request) in self.requests.iter().enumerate() {
            write_line(out, &self.event(number, request)?)?;
        }
        Ok(())
    }

    fn event(&self, number: usize, request: &Request) -> io::Result<Event> {
        let seconds: u64 = request.timestamp.parse().map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        let length = |passage: &u32| self.lengths.get(passage).copied().unwrap_or(1);
        let entry = |passage: &u32| Entry { reference: Reference::Work(passage_id(*passage)), weight: Weight::Whole(length(passage)) };
        let entries: Vec<Entry> = request.hash_ids.passages_ids.iter().map(entry).collect();
        // A fifth is the model's own; a request without passages is unattributed anyway.
        let unattributed = (!entries.is_empty()).then(|| "0.2".to_owned());
        let (method, kind, transform) = ("passage-tokens", "score", Some("linear"));
        let attribution = Attribution { method, method_version: "1", kind, transform, entries, unattributed };
        let usage = BTreeMap::from([("input_token", request.input_length), ("output_token", request.output_length), ("request", 1)]);
        let millionths = request.input_length * INPUT_MILLIONTHS + request.output_length * OUTPUT_MILLIONTHS;
        let amount = format!("{}.{:06}", millionths / 1_000_000, millionths % 1_000_000);
        Ok(Event {
            specversion: "1.0",
            id: format!("rp-{number:05}"),
            source: "//policy-qa.example/campus",
            event_type: type_of("inference"),
            time: time_of(seconds * 1_000),
            data: Data::Usage(Usage {
                platform: CAMPUS,
                model: "policy-qa-13b",
                output: Some(format!("out-{number:05}")),
                usage,
                revenue: Some(Revenue { amount, currency: "USD" }),
                attribution: Some(attribution),
            }),
        })
    }
}

/// One value per line that is not blank.
fn rows<T: for<'a> Deserialize<'a>>(what: &'static str, text: &str) -> Result<Vec<T>, Damaged> {
    let lines = text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty());
    lines.map(|(text, line)| serde_json::from_str(text).map_err(|source| Damaged { what, line, source })).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use farthing_schemas::event::decode;

    const REQUEST: &str = r#"{"timestamp": "82", "input_length": 3112, "output_length": 192, "hash_ids": {"sys_prompt": [1], "passages_ids": [7, 9, 7], "history": [], "web_search": [], "user_input": [2]}, "session_id": "s"}"#;
    const PASSAGES: &str = "{\"passage_id\": 7, \"token_length\": 84}\n{\"passage_id\": 9, \"token_length\": 100}\n\n";

    fn week(requests: &str) -> String {
        let mut bytes = Vec::new();
        Trace::read(requests, PASSAGES).unwrap().write(&mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_request_becomes_an_event() {
        let text = week(&format!("{REQUEST}\n\n"));
        decode(text.trim_end().as_bytes()).unwrap();
        for part in [
            "\"time\":\"2026-10-01T00:01:22.000000Z\"",
            "\"amount\":\"0.012216\"",
            "{\"work\":\"psg_7\",\"weight\":84},{\"work\":\"psg_9\",\"weight\":100},{\"work\":\"psg_7\",\"weight\":84}",
            "\"unattributed\":\"0.2\"",
        ] {
            assert!(text.contains(part), "no {part} in {text}");
        }
        assert_eq!(Trace::read(REQUEST, PASSAGES).unwrap().passages(), [7, 9]);
    }

    #[test]
    fn a_request_without_passages_is_unattributed() {
        let text = week(&REQUEST.replace("[7, 9, 7]", "[]"));
        assert!(text.contains("\"entries\":[]}") && !text.contains("\"unattributed\":"), "{text}");
    }

    #[test]
    fn a_damaged_trace_names_its_line() {
        let error = Trace::read(&format!("{REQUEST}\nnonsense"), PASSAGES).unwrap_err();
        assert_eq!(error.to_string(), "line 2 of the trace cannot be read");
    }
}
