//! [`InvoiceNumber`]: by which a payment is known to be for an invoice.

use farthing_schemas::manifest::sha256_hex;
use farthing_schemas::{Currency, Cycle};
use std::fmt;
use std::str::FromStr;

/// Characters of the hash: one of 29^14, or 68 bits.
const HASH_CHARACTERS: usize = 14;

/// All characters: `RF`, two check digits, year and month, the currency, the hash. ISO 11649 allows no more.
const CHARACTERS: usize = 4 + 4 + 3 + HASH_CHARACTERS;

/// Digits and capital letters that are not mistaken for each other: no I, L, O and U. Nor B, M and X, which with a 1, 2 or 3 beside them the
/// check digits would let change places.
const ALPHABET: &[u8; 29] = b"0123456789ACDEFGHJKNPQRSTVWYZ";

/// The number of an invoice, and the reference of its payment: a creditor reference of ISO 11649, which banks carry through and check.
///
/// It has 25 digits and capital letters, so it stands in any remittance line. Of the same MID, platform, currency and cycle it is always the
/// same. A digit in a digit's place, a letter in a letter's, and two neighbours in each other's are always found; of all else the check
/// digits find 96 of 97, and what gets past them a hash of 68 bits still keeps from being the number of another invoice.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InvoiceNumber(String);

/// What is invoiced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invoiced<'a> {
    /// To whom it is owed.
    pub mid: &'a str,
    /// By whom.
    pub platform: &'a str,
    /// In which currency.
    pub currency: Currency,
    /// For which cycle.
    pub cycle: Cycle,
}

/// The text is not the number of an invoice.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not the number of an invoice: RF, two check digits and 21 digits or capital letters that they fit")]
pub struct NotAnInvoiceNumber(pub String);

impl InvoiceNumber {
    /// The number of an invoice.
    ///
    /// ```
    /// use farthing_settle::invoice::number::{InvoiceNumber, Invoiced};
    /// let invoiced = Invoiced { mid: "mid_guild", platform: "plt_acme", currency: "USD".parse()?, cycle: "2026-10".parse()? };
    /// let number = InvoiceNumber::of(&invoiced).to_string();
    /// assert_eq!((&number[..2], &number[4..11], number.len()), ("RF", "2610USD", 25));
    /// // As people copy it from a paper.
    /// let copied = format!(" {} {}", &number[..4], number[4..].to_lowercase());
    /// assert_eq!(copied.parse(), Ok(InvoiceNumber::of(&invoiced)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn of(invoiced: &Invoiced<'_>) -> InvoiceNumber {
        let Invoiced { mid, platform, currency, cycle } = invoiced;
        let (lengths, cycle) = ((mid.len(), platform.len()), cycle.to_string());
        let named = format!("farthing invoice v1\n{} {}\n{mid}\n{platform}\n{currency}\n{cycle}\n", lengths.0, lengths.1);
        let body = format!("{}{}{}{}", &cycle[2..4], &cycle[5..7], currency.code(), letters(&sha256_hex(named.as_bytes())));
        let check = 98 - remainder(&format!("{body}RF00"));
        InvoiceNumber(format!("RF{check:02}{body}"))
    }

    /// As it stands in files.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A hash in hex, as much of it as fits.
fn letters(sha256: &str) -> String {
    let bits = u128::from_str_radix(&sha256[..32], 16).expect("a hash in hex has 32 digits and more");
    let digits = std::iter::successors(Some(bits), |rest| Some(rest / 29)).map(|rest| usize::try_from(rest % 29).unwrap_or_default());
    digits.take(HASH_CHARACTERS).map(|digit| char::from(ALPHABET[digit])).collect()
}

/// What remains of a text modulo 97, letters taken as 10 to 35 (ISO 7064).
fn remainder(text: &str) -> u32 {
    text.chars().filter_map(|character| character.to_digit(36)).fold(0, |remainder, value| {
        let digits = if value < 10 { 10 } else { 100 };
        (remainder * digits + value) % 97
    })
}

impl FromStr for InvoiceNumber {
    type Err = NotAnInvoiceNumber;

    /// Spaces and small letters are as if they were none and capital.
    fn from_str(text: &str) -> Result<InvoiceNumber, NotAnInvoiceNumber> {
        let plain: String = text.chars().filter(|character| *character != ' ').map(|character| character.to_ascii_uppercase()).collect();
        let formed = plain.len() == CHARACTERS && plain.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let bad = || NotAnInvoiceNumber(text.chars().take(64).collect());
        let (head, body) = plain.split_at_checked(4).filter(|(head, _)| formed && head.starts_with("RF")).ok_or_else(bad)?;
        let cycle = format!("20{}-{}", &body[..2], &body[2..4]).parse::<Cycle>();
        let named = cycle.is_ok() && body[4..7].parse::<Currency>().is_ok();
        if named && remainder(&format!("{body}{head}")) == 1 { Ok(InvoiceNumber(plain)) } else { Err(bad()) }
    }
}

impl fmt::Display for InvoiceNumber {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn number(mid: &str, platform: &str, cycle: u16) -> InvoiceNumber {
        InvoiceNumber::of(&Invoiced { mid, platform, currency: "EUR".parse().unwrap(), cycle: Cycle::at(cycle) })
    }

    #[test]
    fn checks_are_those_of_the_standard() {
        // Published examples of ISO 11649.
        for (body, check) in [("539007547034", 18), ("332", 61), ("G72UUR", 45)] {
            assert_eq!(98 - remainder(&format!("{body}RF00")), check, "{body}");
        }
    }

    #[test]
    fn different_invoices_have_different_numbers() {
        let ids = ["a", "b", "ab", "mid_guild"];
        let of_ids = |cycle: u16| ids.iter().flat_map(move |mid| ids.map(|platform| number(mid, platform, cycle)));
        let numbers: BTreeSet<InvoiceNumber> = (0..2_400).step_by(7).flat_map(of_ids).collect();
        assert_eq!(numbers.len(), (0..2_400).step_by(7).len() * ids.len() * ids.len());
        // A century later the part for people is the same.
        assert_eq!(number("a", "b", 322).as_str()[4..11], number("a", "b", 322 + 1_200).as_str()[4..11]);
    }

    #[test]
    fn one_that_is_mistyped_is_no_other() {
        let known: BTreeSet<InvoiceNumber> = (0..2_000).map(|cycle| number("mid", "plt", cycle)).collect();
        for number in known.iter().take(200) {
            let text = number.as_str().as_bytes();
            for (at, byte) in text.iter().enumerate() {
                for wrong in (b'0'..=b'9').chain(b'A'..=b'Z').filter(|wrong| wrong != byte) {
                    let mut typed = text.to_vec();
                    typed[at] = wrong;
                    refused(&typed, wrong.is_ascii_digit() == byte.is_ascii_digit(), &known);
                }
            }
            for at in (0..text.len() - 1).filter(|at| text[*at] != text[*at + 1]) {
                let mut typed = text.to_vec();
                typed.swap(at, at + 1);
                refused(&typed, true, &known);
            }
        }
    }

    /// What the check is sure to find is refused; nothing is another invoice's.
    fn refused(typed: &[u8], surely: bool, known: &BTreeSet<InvoiceNumber>) {
        let text = std::str::from_utf8(typed).unwrap();
        match text.parse::<InvoiceNumber>() {
            Ok(read) => assert!(!surely && !known.contains(&read), "{text}"),
            Err(NotAnInvoiceNumber(named)) => assert_eq!(named, text),
        }
    }

    #[test]
    fn other_texts_are_none() {
        for text in
            ["", "RF", "RF18539007547034", "rechnung 12", "RF00AAAAAAAAAAAAAAAAAAAAA", "XX18AAAAAAAAAAAAAAAAAAAAA", "RF18ÄÄÄÄÄÄÄÄÄÄÄ"]
        {
            assert!(text.parse::<InvoiceNumber>().is_err(), "{text}");
        }
    }
}
