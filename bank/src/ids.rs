//! [`EndToEndId`], by which a payment is known from release to reconciliation, and [`MessageId`], by which a file is.

use crate::characters::is_sepa;
use chrono::NaiveDate;
use farthing_schemas::{Currency, Cycle};
use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;

/// Characters that ISO 20022 gives to an id.
pub const ID_CHARACTERS_MAX: usize = 35;

/// Characters of the hash within an id of ours: 20 of 5 bits. Among a billion ids two are alike with a chance of 1 in 2.5 trillion; that
/// two of one file are not is checked before it is written.
const HASH_CHARACTERS: usize = 20;

/// Digits and capital letters that are not mistaken for each other: no I, L, O and U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Names one payment, in our files and in all that banks answer. Ours have at most 30 characters, as much as PayPal passes on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EndToEndId(String);

/// Names one file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId(String);

/// The text is no id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an id: 1 to 35 of the characters A-Z a-z 0-9 / - ? : ( ) . , ' + and space, no slash or space at an end, no //")]
pub struct NotAnId(pub String);

/// Which attempt to pay an obligation: the first, or a reissue after a final failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Attempt(u16);

/// What is paid, and which attempt it is. Equal ones have one id, others have others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Obligation<'a> {
    /// Who pays.
    pub mid: &'a str,
    /// The cycle whose draft says so.
    pub cycle: Cycle,
    /// What it is paid in.
    pub currency: Currency,
    /// Who is paid.
    pub party: &'a str,
    /// Which attempt it is.
    pub attempt: Attempt,
}

/// What a file is for. Equal ones have one id, others have others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageKey<'a> {
    /// Who pays.
    pub mid: &'a str,
    /// The cycle whose draft says so.
    pub cycle: Cycle,
    /// What is paid in it.
    pub currency: Currency,
    /// When the bank is to pay.
    pub execution: NaiveDate,
    /// Which of several files for the same.
    pub number: u16,
}

impl Attempt {
    /// The first.
    pub const FIRST: Attempt = Attempt(1);
    /// The last that there is.
    pub const LAST: Attempt = Attempt(999);

    /// The attempt of that number, from 1 to 999.
    #[must_use]
    pub const fn at(number: u16) -> Option<Attempt> {
        if number >= Self::FIRST.0 && number <= Self::LAST.0 { Some(Attempt(number)) } else { None }
    }

    /// The one after.
    #[must_use]
    pub const fn next(self) -> Option<Attempt> {
        Attempt::at(self.0 + 1)
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.0
    }
}

impl EndToEndId {
    /// The id of an attempt to pay an obligation: 100 bits of a hash over all that the obligation is, then, for whoever reads it on a
    /// bank statement, the cycle's year and month and the attempt.
    ///
    /// ```
    /// use farthing_bank::ids::{Attempt, EndToEndId, Obligation};
    /// let obligation = Obligation {
    ///     mid: "mid_guild", cycle: "2026-10".parse()?, currency: "EUR".parse()?, party: "pty_ana", attempt: Attempt::FIRST,
    /// };
    /// let id = EndToEndId::of(&obligation);
    /// assert_eq!(id, EndToEndId::of(&obligation));
    /// assert!(id.as_str().ends_with("-2610-1") && id.as_str().len() == 27);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn of(obligation: &Obligation<'_>) -> EndToEndId {
        let cycle = obligation.cycle.to_string();
        let attempt = obligation.attempt.number().to_string();
        let hash = hash("farthing:end-to-end:1", &[obligation.mid, &cycle, obligation.currency.code(), obligation.party, &attempt]);
        EndToEndId(format!("{hash}-{}{}-{attempt}", &cycle[2..4], &cycle[5..7]))
    }

    /// The id as it stands in files.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its first characters, for formats with less room; all of a shorter one.
    #[must_use]
    pub fn beginning(&self, characters: usize) -> &str {
        // Ids are ASCII.
        self.0.get(..characters).unwrap_or(&self.0)
    }
}

impl MessageId {
    /// The id of a file: as with [`EndToEndId::of`], a hash, the day of execution and the number.
    #[must_use]
    pub fn of(key: &MessageKey<'_>) -> MessageId {
        let (cycle, number, day) = (key.cycle.to_string(), key.number.to_string(), key.execution.format("%Y-%m-%d").to_string());
        let hash = hash("farthing:message:1", &[key.mid, &cycle, key.currency.code(), &day, &number]);
        MessageId(format!("{hash}-{}-{number}", key.execution.format("%y%m%d")))
    }

    /// The id as it stands in files.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The day of execution that it was made of, if it is one of ours.
    #[must_use]
    pub fn execution(&self) -> Option<NaiveDate> {
        let (_, day) = self.0.rsplit_once('-')?.0.rsplit_once('-')?;
        NaiveDate::parse_from_str(day, "%y%m%d").ok()
    }
}

/// The fields, each after its length, so that no two lists are one text.
fn hash(purpose: &str, fields: &[&str]) -> String {
    let mut hasher = Sha256::new();
    for field in [&[purpose], fields].concat() {
        hasher.update(field.len().to_string().as_bytes());
        hasher.update(b":");
        hasher.update(field.as_bytes());
    }
    let digest = hasher.finalize();
    let bit = |at: usize| usize::from(digest[at / 8] >> (7 - at % 8) & 1);
    let character = |at: usize| char::from(ALPHABET[(0..5).fold(0, |value, step| value * 2 + bit(at * 5 + step))]);
    (0..HASH_CHARACTERS).map(character).collect()
}

fn checked(text: &str) -> Result<String, NotAnId> {
    let ends = |character| text.starts_with(character) || text.ends_with(character);
    let fits = (1..=ID_CHARACTERS_MAX).contains(&text.len()) && text.chars().all(is_sepa);
    if fits && !ends('/') && !ends(' ') && !text.contains("//") {
        Ok(text.to_owned())
    } else {
        Err(NotAnId(text.chars().take(64).collect()))
    }
}

impl FromStr for EndToEndId {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<EndToEndId, NotAnId> {
        checked(text).map(EndToEndId)
    }
}

impl FromStr for MessageId {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<MessageId, NotAnId> {
        checked(text).map(MessageId)
    }
}

impl fmt::Display for EndToEndId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn obligation(party: &str) -> Obligation<'_> {
        let (cycle, currency) = ("2026-10".parse().unwrap(), "EUR".parse().unwrap());
        Obligation { mid: "mid_a", cycle, currency, party, attempt: Attempt::FIRST }
    }

    #[test]
    fn every_field_makes_another_id() {
        let first = obligation("pty_1");
        let others = [
            first,
            Obligation { mid: "mid_ap", party: "ty_1", ..first },
            Obligation { mid: "mid_b", ..first },
            Obligation { cycle: "2026-11".parse().unwrap(), ..first },
            Obligation { currency: "USD".parse().unwrap(), ..first },
            Obligation { party: "pty_2", ..first },
            Obligation { attempt: Attempt::FIRST.next().unwrap(), ..first },
        ];
        assert_eq!(others.iter().map(EndToEndId::of).collect::<BTreeSet<_>>().len(), others.len());
    }

    #[test]
    fn many_ids_differ_also_in_what_short_formats_have_of_them() {
        let ids: Vec<EndToEndId> = (0..200_000).map(|number| EndToEndId::of(&obligation(&format!("pty_{number}")))).collect();
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
        assert_eq!(ids.iter().map(|id| id.beginning(15)).collect::<BTreeSet<_>>().len(), ids.len());
    }

    #[test]
    fn ids_are_stable_and_short_enough_for_every_format() {
        let last = Obligation { mid: &"m".repeat(256), attempt: Attempt::LAST, ..obligation("pty_1") };
        let id = EndToEndId::of(&last);
        assert!(id.as_str().len() <= 30, "{id}");
        assert_eq!(id.as_str().parse(), Ok(id.clone()));
        // Written down: a change would make another id for what is paid already.
        assert_eq!(EndToEndId::of(&obligation("pty_1")).as_str(), "BMAN96ZRA1R704ZDJX8J-2610-1");
        let key = MessageKey {
            mid: "mid_a",
            cycle: "2026-10".parse().unwrap(),
            currency: "EUR".parse().unwrap(),
            execution: NaiveDate::from_ymd_opt(2026, 11, 5).unwrap(),
            number: 1,
        };
        assert_eq!(MessageId::of(&key).as_str(), "93YT8DPNDDB2RZY06NQY-261105-1");
        assert_eq!(MessageId::of(&key).execution(), Some(key.execution));
        assert_eq!("OTHER-1".parse::<MessageId>().unwrap().execution(), None);
        assert!(MessageId::of(&MessageKey { number: u16::MAX, ..key }).as_str().len() <= ID_CHARACTERS_MAX);
    }

    #[test]
    fn other_texts_are_ids_if_every_bank_takes_them() {
        for text in ["A", "INV-2026/0101", "a b.c", &"x".repeat(35)] {
            assert!(text.parse::<EndToEndId>().is_ok(), "{text}");
        }
        for text in ["", " a", "a ", "/a", "a/", "a//b", "a_b", "ä", "a\n", &"x".repeat(36)] {
            assert!(text.parse::<EndToEndId>().is_err() && text.parse::<MessageId>().is_err(), "{text:?}");
        }
        assert_eq!((Attempt::at(0), Attempt::LAST.next()), (None, None));
    }
}
