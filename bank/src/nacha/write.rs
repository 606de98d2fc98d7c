//! Writing a file: header, a batch for persons and one for organisations, control, and nines to fill the last block.

use super::record::{BLOCK_RECORDS, RECORD_CHARACTERS};
use super::{ID_CHARACTERS, LIMITS};
use crate::account::{Account, UsAccountKind};
use crate::check::{Checked, Line};
use crate::format::Originator;
use crate::payment::CreditorKind;

/// Credits only.
const SERVICE_CLASS: &str = "220";
/// What entry hashes are cut to.
const HASH_DIGITS: usize = 10;

/// A file on its way, with what its control has to say.
struct File<'a> {
    checked: &'a Checked<'a>,
    originator: &'a Originator,
    /// The first eight digits of the payer's bank.
    bank: &'a str,
    records: Vec<String>,
    batches: usize,
    entries: usize,
    sums: Sums,
}

/// What controls state of the entries before them.
#[derive(Clone, Copy, Default)]
struct Sums {
    entries_and_addenda: usize,
    hash: u64,
    credit_cents: i128,
}

pub(crate) fn write(checked: &Checked<'_>, originator: &Originator) -> Vec<u8> {
    let routing = routing(&checked.order.debtor.account);
    let bank = routing.get(..8).unwrap_or_default();
    let mut file = File { checked, originator, bank, records: Vec::new(), batches: 0, entries: 0, sums: Sums::default() };
    file.header(routing);
    for (kind, class) in [(CreditorKind::Person, "PPD"), (CreditorKind::Organisation, "CCD")] {
        let lines: Vec<&Line<'_>> = checked.lines.iter().filter(|line| line.payment.creditor.kind == kind).collect();
        if !lines.is_empty() {
            file.batch(class, &lines);
        }
    }
    file.control();
    file.finish()
}

impl File<'_> {
    fn header(&mut self, routing: &str) {
        let created = crate::dates::time_of(self.checked.order.created);
        let Originator { company_id, bank_name, file_modifier, .. } = self.originator;
        self.push(&[
            "101 ",
            routing,
            company_id,
            &created.format("%y%m%d%H%M").to_string(),
            &file_modifier.to_string(),
            "094101",
            &text(bank_name, 23),
            &text(&self.checked.debtor_name, 23),
            &text("", 8),
        ]);
    }

    fn batch(&mut self, class: &str, lines: &[&Line<'_>]) {
        self.batches += 1;
        let company =
            [text(&self.checked.debtor_name, LIMITS.debtor_characters_max), text("", 20), self.originator.company_id.clone()].concat();
        let description = text(&self.originator.entry_description, 10);
        let day = self.checked.order.execution.format("%y%m%d").to_string();
        let number = number(self.batches, 7);
        // Without a descriptive date, and with room for the settlement date that the operator puts in.
        self.push(&["5", SERVICE_CLASS, &company, class, &description, &text("", 6), &day, "   1", self.bank, &number]);
        let mut sums = Sums::default();
        lines.iter().for_each(|line| self.entry(line, &mut sums));
        let company_id = self.originator.company_id.clone();
        self.push(&["8", SERVICE_CLASS, &sums.fields(6), &company_id, &text("", 25), self.bank, &number]);
        self.sums.add(sums);
    }

    fn entry(&mut self, line: &Line<'_>, sums: &mut Sums) {
        self.entries += 1;
        let payment = line.payment;
        let Account::Us { routing, number: account, kind } = &payment.account else {
            unreachable!("the check lets no other account into a file of NACHA")
        };
        let code = if *kind == UsAccountKind::Savings { "32" } else { "22" };
        let sequence = number(self.entries, 7);
        let cents = number(payment.amount.minor_units(), 10);
        let id = text(payment.id.beginning(ID_CHARACTERS), ID_CHARACTERS);
        let name = text(&line.name, LIMITS.name_characters_max);
        self.push(&["6", code, routing, &text(account.whole(), 17), &cents, &id, &name, "  1", self.bank, &sequence]);
        let purpose = if line.purpose.is_empty() { String::new() } else { format!("NTE**{}\\", line.purpose) };
        self.push(&["705", &text(&format!("TRN*1*{}\\{purpose}", payment.id), 80), "0001", &sequence]);
        let bank: u64 = routing.get(..8).and_then(|digits| digits.parse().ok()).unwrap_or_default();
        sums.add(Sums { entries_and_addenda: 2, hash: bank, credit_cents: payment.amount.minor_units() });
    }

    fn control(&mut self) {
        let blocks = (self.records.len() + 1).div_ceil(BLOCK_RECORDS);
        let (batches, blocks, sums) = (number(self.batches, 6), number(blocks, 6), self.sums.fields(8));
        self.push(&["9", &batches, &blocks, &sums, &text("", 39)]);
    }

    fn push(&mut self, fields: &[&str]) {
        self.records.push(fields.concat());
    }

    fn finish(mut self) -> Vec<u8> {
        let filled = self.records.len().next_multiple_of(BLOCK_RECORDS);
        self.records.resize(filled, "9".repeat(RECORD_CHARACTERS));
        debug_assert!(self.records.iter().all(|record| record.len() == RECORD_CHARACTERS), "a record of another length");
        self.records.push(String::new());
        self.records.join("\n").into_bytes()
    }
}

impl Sums {
    fn add(&mut self, more: Sums) {
        self.entries_and_addenda += more.entries_and_addenda;
        self.hash += more.hash;
        self.credit_cents += more.credit_cents;
    }

    /// Count, hash, debits and credits.
    fn fields(self, count_digits: usize) -> String {
        let hash = number(self.hash, 20);
        let last_digits = &hash[hash.len() - HASH_DIGITS..];
        [number(self.entries_and_addenda, count_digits), last_digits.to_owned(), number(0, 12), number(self.credit_cents, 12)].concat()
    }
}

fn routing(account: &Account) -> &str {
    match account {
        Account::Us { routing, .. } => routing,
        Account::Iban { .. } | Account::Wallet { .. } => "",
    }
}

/// Text is on the left of its field.
fn text(text: &str, width: usize) -> String {
    format!("{text:<width$}")
}

/// Numbers have zeros before them.
fn number(number: impl std::fmt::Display, width: usize) -> String {
    format!("{number:0>width$}")
}
