//! Entries as JSON: one canonical text, whose SHA-256 the next entry and the act that books it name.
//!
//! Canonical is compact, in the order of the fields here. The domain's types know nothing of JSON: their twins here do.

use super::entry::{Entry, Posting};
use crate::hashing::sha256_of_json;
use serde::Serialize;
use serde::ser::{SerializeSeq, Serializer};

impl Entry {
    /// The canonical JSON: equal entries, equal bytes.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(&EntryTwin::of(self)).expect("strings, numbers and lists of them always have a JSON text")
    }

    /// SHA-256 of the canonical JSON, in hex; the text itself, which may be long, is not kept.
    #[must_use]
    pub fn sha256(&self) -> String {
        sha256_of_json(&EntryTwin::of(self))
    }
}

#[derive(Serialize)]
struct EntryTwin<'a> {
    number: u64,
    previous: &'a str,
    kind: &'static str,
    mid: &'a str,
    cycle: Option<String>,
    happened: String,
    booked: String,
    reason: &'a str,
    reference: &'a str,
    reverses: Option<u64>,
    evidence: EvidenceTwin<'a>,
    #[serde(serialize_with = "postings")]
    postings: &'a [Posting],
}

#[derive(Serialize)]
struct EvidenceTwin<'a> {
    kind: &'static str,
    sha256: &'a str,
}

#[derive(Serialize)]
struct PostingTwin<'a> {
    account: &'static str,
    owner: &'a str,
    currency: &'static str,
    amount: String,
}

impl<'a> EntryTwin<'a> {
    fn of(entry: &'a Entry) -> EntryTwin<'a> {
        let header = entry.header();
        EntryTwin {
            number: header.place.number,
            previous: &header.place.previous,
            kind: header.kind.as_str(),
            mid: &header.mid,
            cycle: header.cycle.map(|cycle| cycle.to_string()),
            happened: header.happened.to_string(),
            booked: header.booked.to_string(),
            reason: &header.reason,
            reference: &header.reference,
            reverses: header.reverses,
            evidence: EvidenceTwin { kind: header.evidence.kind.as_str(), sha256: &header.evidence.sha256 },
            postings: entry.postings(),
        }
    }
}

fn postings<S: Serializer>(postings: &[Posting], out: S) -> Result<S::Ok, S::Error> {
    let mut list = out.serialize_seq(Some(postings.len()))?;
    for Posting { account, currency, amount } in postings {
        let twin =
            PostingTwin { account: account.kind().as_str(), owner: account.owner(), currency: currency.code(), amount: amount.to_string() };
        list.serialize_element(&twin)?;
    }
    list.end()
}
