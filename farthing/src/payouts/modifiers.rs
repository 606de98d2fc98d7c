//! What tells NACHA files of one payer and day apart: a letter or digit, given once. A bank takes two with the same one for one file that was
//! sent twice, and refuses the second, of whatever cycle they are.

use super::files::bytes_of;
use crate::books::Books;
use anyhow::{Context, bail};
use chrono::NaiveDate;
use farthing_bank::format::Originator;
use farthing_bank::{Account, FileHeader, Format, FormatKind, MessageId};
use farthing_schemas::manifest::BankFile;
use std::collections::BTreeMap;

/// The modifiers of one day, by the bank and the payer as it knows it.
#[derive(Clone)]
pub struct Modifiers {
    day: NaiveDate,
    taken: BTreeMap<(String, String), usize>,
    /// Files that may be of this day and are erased, so that it is not known whose they are.
    erased: usize,
}

impl Modifiers {
    pub fn none_on(day: NaiveDate) -> Modifiers {
        Modifiers { day, taken: BTreeMap::new(), erased: 0 }
    }

    /// As the files that the ledger has leave them.
    pub async fn on(books: &Books, day: NaiveDate) -> anyhow::Result<Modifiers> {
        let mut modifiers = Modifiers::none_on(day);
        let is_nacha = |format: &str| format == FormatKind::Nacha.as_str();
        // No file is made after the day of its execution, which its id says.
        let executed = |file: &BankFile| file.message_id.parse().ok().and_then(|id: MessageId| id.execution());
        let may_be = |file: &BankFile| is_nacha(&file.format) && executed(file).is_none_or(|executed| executed >= day);
        for moved in &books.catalog.moves {
            if !moved.step.released.iter().any(|released| released.bank_files.iter().any(may_be)) {
                continue;
            }
            for row in books.ledger.bank_files(Some(moved.sequence)).await?.iter().filter(|row| is_nacha(&row.format)) {
                match row.body {
                    Some(_) => modifiers.take(&bytes_of(row)?).with_context(|| row.name.clone())?,
                    None => modifiers.erased += 1,
                }
            }
        }
        Ok(modifiers)
    }

    fn take(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        let header = FileHeader::of(bytes).context("it is no file of NACHA; run: farthing check")?;
        if header.created == self.day {
            let taken = self.taken.entry((header.destination, header.origin)).or_default();
            // Files of before this was counted may have left some out, or have one twice.
            *taken = (*taken + 1).max(FileHeader::MODIFIERS.find(header.modifier).map_or(0, |at| at + 1));
        }
        Ok(())
    }

    /// The format with the next modifier, where it has one.
    pub fn next(&mut self, format: &Format, account: &Account) -> anyhow::Result<Format> {
        let (Format::Nacha(originator), Account::Us { routing, .. }) = (format, account) else { return Ok(format.clone()) };
        let taken = self.taken.entry((routing.clone(), originator.company_id.clone())).or_default();
        let Some(file_modifier) = FileHeader::MODIFIERS.chars().nth(*taken + self.erased) else {
            let (most, day) = (FileHeader::MODIFIERS.len(), self.day);
            bail!("a bank tells {most} files of one payer and day apart, and the payer has as many of {day}: release it on another day");
        };
        *taken += 1;
        Ok(Format::Nacha(Originator { file_modifier, ..originator.clone() }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use farthing_bank::AccountNumber;
    use farthing_bank::account::UsAccountKind;

    fn payer(company_id: &str) -> (Format, Account) {
        let [bank_name, entry_description] = ["BANK", "PAYOUT"].map(str::to_owned);
        let originator = Originator { company_id: company_id.to_owned(), bank_name, file_modifier: 'A', entry_description };
        let account =
            Account::Us { routing: "021000021".to_owned(), number: AccountNumber::new("123456789"), kind: UsAccountKind::Checking };
        (Format::Nacha(originator), account)
    }

    fn given(modifiers: &mut Modifiers, (format, account): &(Format, Account)) -> String {
        match modifiers.next(format, account) {
            Ok(Format::Nacha(originator)) => originator.file_modifier.to_string(),
            other => format!("{other:?}"),
        }
    }

    fn day() -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 11, 2).unwrap()
    }

    fn file(company_id: &str, day: &str, modifier: char) -> String {
        format!("{:<94}", format!("101 021000021{company_id}{day}0930{modifier}094101BANK"))
    }

    #[test]
    fn each_file_of_a_payer_and_day_has_its_own_until_there_are_no_more() {
        let (ours, others) = (payer("1234567890"), payer("0987654321"));
        let mut modifiers = Modifiers::none_on(day());
        let all: String = (0..36).map(|_| given(&mut modifiers, &ours)).collect();
        assert_eq!(all, FileHeader::MODIFIERS);
        assert!(given(&mut modifiers, &ours).contains("a bank tells 36 files of one payer and day apart"));
        assert_eq!(given(&mut modifiers, &others), "A");
    }

    #[test]
    fn files_that_are_there_are_counted_if_they_are_of_that_payer_and_day() {
        let ours = payer("1234567890");
        let mut modifiers = Modifiers::none_on(day());
        for (company_id, day) in [("1234567890", "261101"), ("0987654321", "261102")] {
            modifiers.take(file(company_id, day, 'A').as_bytes()).unwrap();
        }
        assert_eq!(given(&mut modifiers.clone(), &ours), "A");
        // As they were given once: by the cycle's own count.
        for (modifier, next) in [('A', "B"), ('A', "C"), ('F', "G"), ('Z', "0")] {
            modifiers.take(file("1234567890", "261102", modifier).as_bytes()).unwrap();
            assert_eq!(given(&mut modifiers.clone(), &ours), next, "after {modifier}");
        }
        assert!(modifiers.take(b"<Document/>").is_err());
    }
}
