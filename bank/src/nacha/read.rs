//! Reading what all files of NACHA have, with its counts and sums checked: batches, entries and their addenda.

use super::ID_CHARACTERS;
use super::record::{BLOCK_RECORDS, Record, records};
use crate::{AccountNumber, Amount, BankError, Instruction, Reference};
use farthing_schemas::Currency;

/// What entry hashes are cut to.
const HASH_MODULUS: u64 = 10_000_000_000;

/// A batch and its entries.
pub(super) struct Batch<'a> {
    pub(super) header: Record<'a>,
    pub(super) entries: Vec<Entry<'a>>,
}

/// An entry and its addenda.
pub(super) struct Entry<'a> {
    pub(super) detail: Record<'a>,
    pub(super) addenda: Vec<Record<'a>>,
    pub(super) cents: u64,
}

/// What controls state.
#[derive(Clone, Copy, Default)]
struct Sums {
    entries_and_addenda: u64,
    hash: u64,
    debit_cents: u64,
    credit_cents: u64,
}

/// All batches of a file that adds up.
pub(super) fn batches(bytes: &[u8]) -> Result<Vec<Batch<'_>>, BankError> {
    let records = records(bytes)?;
    let (mut batches, mut open, mut sums) = (Vec::<Batch<'_>>::new(), false, Sums::default());
    for (index, record) in records.iter().copied().enumerate() {
        match (record.kind(), open) {
            ('1', false) if index == 0 => {}
            ('5', false) => {
                batches.push(Batch { header: record, entries: Vec::new() });
                open = true;
            }
            ('6', true) => {
                let cents = record.number(30, 39, "amount")?;
                batches.last_mut().into_iter().for_each(|batch| batch.entries.push(Entry { detail: record, addenda: Vec::new(), cents }));
            }
            ('7', true) => addendum(batches.last_mut(), record)?,
            ('8', true) => {
                let batch = batch_sums(batches.last().map_or(&[], |batch| &batch.entries))?;
                batch.compare(record, 5)?;
                sums.add(batch);
                open = false;
            }
            ('9', false) => file_control(record, index, batches.len(), sums)?,
            (kind, _) => return Err(BankError::damaged(record.line, format!("a record of type {kind} where it cannot be"))),
        }
    }
    Ok(batches)
}

fn addendum<'a>(batch: Option<&mut Batch<'a>>, record: Record<'a>) -> Result<(), BankError> {
    let entry = batch.and_then(|batch| batch.entries.last_mut());
    entry.ok_or_else(|| BankError::damaged(record.line, "an addenda before any entry"))?.addenda.push(record);
    Ok(())
}

fn batch_sums(entries: &[Entry<'_>]) -> Result<Sums, BankError> {
    let mut sums = Sums::default();
    for entry in entries {
        let (debit_cents, credit_cents) = if is_debit(entry.detail)? { (entry.cents, 0) } else { (0, entry.cents) };
        let addenda = u64::try_from(entry.addenda.len()).unwrap_or(u64::MAX);
        sums.add(Sums { entries_and_addenda: addenda + 1, hash: entry.detail.number(4, 11, "routing number")?, debit_cents, credit_cents });
    }
    Ok(sums)
}

/// The second digit of a transaction code: 1 to 4 are credits, 5 to 9 debits.
fn is_debit(detail: Record<'_>) -> Result<bool, BankError> {
    Ok(detail.number(2, 3, "transaction code")? % 10 > 4)
}

fn file_control(record: Record<'_>, index: usize, batches: usize, sums: Sums) -> Result<(), BankError> {
    let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    record.expect(2, 7, "batch count", count(batches))?;
    record.expect(8, 13, "block count", count((index + 1).div_ceil(BLOCK_RECORDS)))?;
    sums.compare(record, 14)
}

impl Sums {
    fn add(&mut self, more: Sums) {
        // Of at most 64 MiB of fields of 12 digits.
        self.entries_and_addenda += more.entries_and_addenda;
        self.hash += more.hash;
        self.debit_cents += more.debit_cents;
        self.credit_cents += more.credit_cents;
    }

    /// Compares the fields of a control; its count begins in the given column, and is wider in a file control.
    fn compare(self, control: Record<'_>, first: usize) -> Result<(), BankError> {
        let hash = if first == 5 { 11 } else { 22 };
        control.expect(first, hash - 1, "count of entries and addenda", self.entries_and_addenda)?;
        control.expect(hash, hash + 9, "entry hash", self.hash % HASH_MODULUS)?;
        control.expect(hash + 10, hash + 21, "total of debits", self.debit_cents)?;
        control.expect(hash + 22, hash + 33, "total of credits", self.credit_cents)
    }
}

impl Entry<'_> {
    pub(super) fn is_debit(&self) -> Result<bool, BankError> {
        is_debit(self.detail)
    }

    pub(super) fn amount(&self) -> Result<Amount, BankError> {
        let dollar: Currency = "USD".parse().map_err(|_| BankError::damaged(self.detail.line, "no dollars"))?;
        Ok(Amount::from_minor_units(i128::from(self.cents), dollar))
    }
}

/// What a file of ours asks for.
pub(crate) fn read_back(bytes: &[u8]) -> Result<Vec<Instruction>, BankError> {
    let batches = batches(bytes)?;
    batches.iter().flat_map(|batch| &batch.entries).map(instruction).collect()
}

fn instruction(entry: &Entry<'_>) -> Result<Instruction, BankError> {
    let detail = entry.detail;
    let segments =
        entry.addenda.iter().filter(|addendum| addendum.field(2, 3) == "05").flat_map(|addendum| addendum.field(4, 83).split('\\'));
    let (mut id, mut purpose) = (None, "");
    for segment in segments {
        id = id.or(segment.strip_prefix("TRN*1*"));
        purpose = segment.strip_prefix("NTE**").unwrap_or(purpose);
    }
    let beginning = || Reference::from_beginning(detail.field(40, 54), ID_CHARACTERS, Some(detail.field(80, 94)));
    Ok(Instruction {
        reference: id.map_or_else(beginning, |id| Reference::from_end_to_end(Some(id))),
        amount: entry.amount()?,
        name: detail.trimmed(55, 76).to_owned(),
        account: AccountNumber::new(detail.field(13, 29)),
        purpose: purpose.to_owned(),
    })
}
