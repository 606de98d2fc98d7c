//! Reading what comes back: returns (addenda 99) and notifications of change (addenda 98).

use super::read::{Batch, Entry, batches};
use super::{ID_CHARACTERS, record::Record};
use crate::answer::{AnswerFile, AnswerKind, Change, Reason};
use crate::{AccountNumber, Answer, BankError, Outcome, Reference};
use chrono::NaiveDate;

/// The usual reasons, in words of our own: for accounts that payments go to.
const REASONS: &[(&str, &str)] = &[
    ("R01", "not enough money in the account"),
    ("R02", "the account is closed"),
    ("R03", "there is no such account, or it is somebody else's"),
    ("R04", "the account number cannot be right"),
    ("R06", "sent back because the payer's bank asked for it"),
    ("R10", "the holder says that nobody was authorised"),
    ("R12", "the branch was sold to another bank"),
    ("R13", "the routing number takes no part in the clearing house"),
    ("R14", "the one who is paid for another has died"),
    ("R15", "the one who is paid, or the holder, has died"),
    ("R16", "the account is frozen"),
    ("R17", "a field could not be read"),
    ("R20", "the account takes no transfers"),
    ("R21", "the payer's company id is not valid"),
    ("R22", "the payer's id for the one who is paid is not valid"),
    ("R23", "the one who is paid has refused it"),
    ("R24", "it was there twice"),
    ("R29", "the company says that nobody was authorised"),
    ("R31", "the payer's bank has agreed to a late return"),
];

/// What is to be changed.
const CHANGES: &[(&str, &str)] = &[
    ("C01", "the account number"),
    ("C02", "the routing number"),
    ("C03", "the routing number and the account number"),
    ("C04", "the name"),
    ("C05", "the kind of the account"),
    ("C06", "the account number and the kind of the account"),
    ("C07", "the routing number, the account number and the kind of the account"),
    ("C09", "the id of the one who is paid"),
    ("C13", "the form of the addenda"),
];

pub(crate) fn read(bytes: &[u8]) -> Result<AnswerFile, BankError> {
    let batches = batches(bytes)?;
    // What tells two files of a bank apart: origin, date, time and modifier.
    let header = super::record::records(bytes)?.first().map(|header| format!("{}-{}", header.trimmed(14, 23), header.trimmed(24, 34)));
    let mut file = AnswerFile::new(AnswerKind::Nacha, header.as_deref());
    file.sha256 = crate::written::sha256(bytes);
    for batch in &batches {
        batch.entries.iter().try_for_each(|entry| take(&mut file, batch, entry))?;
    }
    Ok(file)
}

fn take(file: &mut AnswerFile, batch: &Batch<'_>, entry: &Entry<'_>) -> Result<(), BankError> {
    let line = entry.detail.line;
    let found: Vec<Record<'_>> = entry.addenda.iter().copied().filter(|addendum| matches!(addendum.field(2, 3), "98" | "99")).collect();
    // Entries of other classes may have an account number where ours have the id.
    let class = batch.header.field(51, 53);
    if !is_ours(class, &found) {
        file.unread(line, Reference::None, format!("an entry of the class {class:?}, and ours are PPD and CCD"));
        return Ok(());
    }
    let (addendum, doubt) = match found[..] {
        [addendum] if !entry.is_debit()? => (addendum, None),
        [addendum] => (addendum, Some("an entry about a debit, and ours are credits")),
        [] => (entry.detail, Some("an entry that is neither a return nor a change")),
        [first, ..] => (first, Some("an entry that is more than one return or change")),
    };
    if let Some(doubt) = doubt {
        file.unread(line, reference(entry, entry.detail.field(80, 94)), doubt);
        return Ok(());
    }
    let (code, reference) = (addendum.field(4, 6), reference(entry, addendum.field(7, 21)));
    if addendum.field(2, 3) == "98" {
        let corrected = AccountNumber::new(addendum.field(36, 64));
        file.changes.push(Change { reference, code: code.to_owned(), text: lookup(CHANGES, code), corrected });
        return Ok(());
    }
    // From R61 on banks argue about returns that were made before: no money has moved by that.
    if !code.starts_with('R') || ("R61"..="R79").contains(&code) {
        file.unread(addendum.line, reference, format!("a return with the reason {code}"));
        return Ok(());
    }
    let said = addendum.trimmed(36, 79);
    let text = Some(said).filter(|said| !said.is_empty()).or_else(|| lookup(REASONS, code));
    let answer = Answer {
        reference,
        outcome: Outcome::Returned,
        reason: Reason::of(Some(code), text),
        amount: Some(entry.amount()?),
        booked: day(batch.header)?,
        bank_reference: Some(addendum.trimmed(80, 94).to_owned()).filter(|trace| !trace.is_empty()),
        entry_reference: None,
        words: None,
    };
    file.answer(line, Some(entry.detail.trimmed(40, 54)), answer);
    Ok(())
}

/// Whether entries of this class have our ids; changes come in a class of their own.
fn is_ours(class: &str, found: &[Record<'_>]) -> bool {
    let is_change = found.first().is_some_and(|first| first.field(2, 3) == "98") && found.len() == 1;
    matches!(class, "PPD" | "CCD") || class == "COR" && is_change
}

fn reference(entry: &Entry<'_>, trace: &str) -> Reference {
    Reference::from_beginning(entry.detail.field(40, 54), ID_CHARACTERS, Some(trace.trim()))
}

fn lookup(table: &[(&str, &'static str)], code: &str) -> Option<&'static str> {
    table.iter().find(|(known, _)| *known == code).map(|(_, text)| *text)
}

/// The effective entry date, if the batch has one.
fn day(header: Record<'_>) -> Result<Option<NaiveDate>, BankError> {
    let text = header.trimmed(70, 75);
    if text.is_empty() {
        return Ok(None);
    }
    let day = NaiveDate::parse_from_str(&format!("20{text}"), "%Y%m%d").ok();
    day.map(Some).ok_or_else(|| BankError::damaged(header.line, format!("the date {text:?} in columns 70 to 75 is none")))
}
