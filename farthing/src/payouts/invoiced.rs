//! Whose invoice a receipt pays: payers write its number into what the payee reads.

use crate::books::Books;
use crate::journal::receivable::{is_of_approval, posted};
use farthing_schemas::{Currency, Cycle};
use farthing_settle::invoice::{InvoiceNumber, Invoiced};
use std::collections::{BTreeMap, BTreeSet};

/// Characters of a number, spaces left out.
const CHARACTERS: usize = 25;

/// The invoices that a MID has issued.
pub struct Issued(BTreeMap<InvoiceNumber, Invoice>);

/// What an invoice is for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Invoice {
    pub platform: String,
    pub currency: Currency,
    pub cycle: Cycle,
}

/// What a text names.
#[derive(Debug, PartialEq, Eq)]
pub enum Named {
    One(Invoice),
    Nothing,
    Several,
}

impl Issued {
    /// All that approvals of this MID have booked, those that were withdrawn among them: an invoice may have been sent before that.
    pub async fn of(books: &Books, mid: &str) -> anyhow::Result<Issued> {
        let mut issued = BTreeMap::new();
        for row in books.ledger.journal_entries_after(0).await?.iter().filter(|row| row.mid == mid && is_of_approval(row)) {
            let Some(cycle) = row.cycle.as_ref().map(|cycle| cycle.parse()).transpose()? else { continue };
            for posting in posted(books, row).await? {
                let (platform, currency) = (posting.platform, posting.currency);
                let number = InvoiceNumber::of(&Invoiced { mid, platform: &platform, currency, cycle });
                issued.insert(number, Invoice { platform, currency, cycle });
            }
        }
        Ok(Issued(issued))
    }

    /// The invoice of that number.
    pub fn get(&self, number: &InvoiceNumber) -> Option<&Invoice> {
        self.0.get(number)
    }

    /// The invoice that a text names; several, if they are not of one platform.
    pub fn named_in(&self, text: &str) -> Named {
        let found: BTreeSet<&Invoice> = numbers(text).filter_map(|number| self.0.get(&number)).collect();
        let mut platforms = found.iter().map(|invoice| (&invoice.platform, invoice.currency)).collect::<BTreeSet<_>>().into_iter();
        match (found.first(), platforms.next(), platforms.next()) {
            (Some(first), Some(_), None) => Named::One((*first).clone()),
            (None, ..) => Named::Nothing,
            _ => Named::Several,
        }
    }
}

/// All numbers in a text, however they are spaced.
fn numbers(text: &str) -> impl Iterator<Item = InvoiceNumber> {
    let upper = text.to_ascii_uppercase();
    let begins: Vec<usize> = upper.match_indices("RF").map(|(at, _)| at).collect();
    let number = move |at: usize| {
        let plain: String = upper[at..].chars().filter(|character| *character != ' ' && *character != '\n').take(CHARACTERS).collect();
        plain.parse().ok()
    };
    begins.into_iter().filter_map(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invoice(platform: &str, cycle: &str) -> (InvoiceNumber, Invoice) {
        let (currency, cycle) = ("EUR".parse().unwrap(), cycle.parse().unwrap());
        let number = InvoiceNumber::of(&Invoiced { mid: "mid_a", platform, currency, cycle });
        (number, Invoice { platform: platform.to_owned(), currency, cycle })
    }

    #[test]
    fn a_number_is_found_however_it_is_written() {
        let (number, october) = invoice("plt_a", "2026-10");
        let (later, november) = invoice("plt_a", "2026-11");
        let (other, of_other) = invoice("plt_b", "2026-10");
        let issued = Issued([(number.clone(), october.clone()), (later.clone(), november), (other.clone(), of_other)].into());
        let number = number.to_string();
        let spaced = number.as_bytes().chunks(4).map(|group| String::from_utf8_lossy(group).into_owned()).collect::<Vec<_>>().join(" ");
        for text in [number.clone(), spaced.clone(), format!("invoice {}, thank you", spaced.to_lowercase()), format!("perf. RF0 {number}")]
        {
            assert_eq!(issued.named_in(&text), Named::One(october.clone()), "{text}");
        }
        // Of one platform, the oldest is paid first.
        assert_eq!(issued.named_in(&format!("{later}\n{number}")), Named::One(october));
        assert_eq!(issued.named_in(&format!("{number} {other}")), Named::Several);
        let mistyped = format!("{}{}", &number[..24], if number.ends_with('7') { '8' } else { '7' });
        for text in ["", "October", &mistyped, &number[..24]] {
            assert_eq!(issued.named_in(text), Named::Nothing, "{text}");
        }
    }
}
