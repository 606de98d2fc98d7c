//! One live payment per obligation; and what was sent to banks is what the journal moves, and what their messages came to is what they say.

use super::seen::{Extent, SeenPayments};
use super::{Chain, Invariant, SeenEntry, SeenWhat};
use crate::payouts::answers::outcome_sha256;
use crate::payouts::files::bytes_of;
use crate::payouts::{Owed, payment_of, sum_of};
use anyhow::{Context, anyhow, ensure};
use farthing_bank::format::{DecimalMark, Originator, PainVersion, Scheme};
use farthing_bank::{Amount, Format, FormatKind, read_back};
use farthing_ledger::{StoredBankFile, StoredException, StoredPayment, StoredReceipt, StoredState};
use farthing_schemas::manifest::{BankFile, BankMessage, CycleMove, Released, sha256_hex};
use farthing_schemas::money::from_stored_text;
use farthing_schemas::{Cycle, Money};
use farthing_settle::Draft;
use farthing_settle::cycle::Kind;
use farthing_settle::journal::{Entry, EntryKind, Header, Occasion, OfCycle, Told, entry_of_message, entry_of_release};
use farthing_settle::payout::{Due, Payment, Payments, payments_sha256, sums};
use std::collections::{BTreeMap, BTreeSet};

/// MID, currency and cycle.
type Key = (String, String, String);

#[derive(Default)]
pub struct Paid {
    /// What drafts in force pay, by party.
    owed: BTreeMap<Key, BTreeMap<String, Due>>,
    /// The entries of releases and of messages, by the number of their acts.
    entries: BTreeMap<u64, Known>,
}

/// An entry without its postings, which its hash stands for.
struct Known {
    header: Header,
    sha256: String,
}

impl Known {
    fn is(&self, other: &Entry) -> bool {
        other.sha256() == self.sha256
    }

    /// Whether it is what the payments of a release move.
    fn is_release(&self, step: &CycleMove, payments: &[Payment]) -> anyhow::Result<bool> {
        let of = OfCycle { mid: step.mid.clone(), cycle: step.cycle.parse::<Cycle>()? };
        let kind = if self.header.kind == EntryKind::Reissue { EntryKind::Reissue } else { EntryKind::Release };
        Ok(self.is(&entry_of_release(&of, kind, payments, self.header.evidence.clone(), occasion(&self.header))?))
    }
}

impl Invariant for Paid {
    fn name(&self) -> &'static str {
        "an obligation has one live payment, in a file that the journal moves"
    }

    fn entry(&mut self, seen: &SeenEntry<'_>) -> anyhow::Result<()> {
        if let (Some(act), Some(body)) = (seen.act, &seen.body) {
            let pays = match &act.what {
                SeenWhat::Move(kind, _) => matches!(kind, Kind::Release | Kind::Reissue),
                SeenWhat::Message(_) => true,
                SeenWhat::Claim(_) => false,
            };
            if pays {
                let entry = body.entry.as_ref().map_err(|fault| anyhow!("{fault:#}"))?;
                // Where there is an entry, it has the hash of its row.
                self.entries.insert(act.sequence, Known { header: entry.header().clone(), sha256: seen.row.sha256.clone() });
            }
        }
        Ok(())
    }

    fn draft(&mut self, draft: &Draft) -> anyhow::Result<()> {
        let key = (draft.mid.clone(), draft.currency.to_string(), draft.cycle.to_string());
        self.owed.insert(key, Owed::of(draft).iter().map(|(party, due)| (party.to_owned(), due)).collect());
        Ok(())
    }

    fn end(&mut self, chain: &Chain<'_>) -> anyhow::Result<String> {
        let rows = chain.payments;
        let mut look = Look { chain, rows, paid: self, payments: BTreeMap::new(), key_of: BTreeMap::new(), sent: 0, messages: 0 };
        look.acts()?;
        look.files()?;
        look.messages()?;
        let (payments, files) = (rows.payments().count(), rows.files().count());
        Ok(format!("{payments} payments in {} releases and {files} files, {} messages of banks", look.sent, look.messages))
    }
}

/// One pass over the acts, in their order.
struct Look<'a> {
    chain: &'a Chain<'a>,
    rows: &'a SeenPayments<'a>,
    paid: &'a Paid,
    payments: BTreeMap<Key, Payments>,
    /// Of which cycle a payment is, in which currency, and how much.
    key_of: BTreeMap<&'a str, &'a StoredPayment>,
    sent: u64,
    messages: u64,
}

impl<'a> Look<'a> {
    fn acts(&mut self) -> anyhow::Result<()> {
        let (rows, chain) = (self.rows, self.chain);
        let (mut payments, mut states) = (rows.payments().peekable(), rows.states().peekable());
        let releases = chain.releases().map(|(sequence, step, released)| (sequence, (step, released)));
        let mut releases: BTreeMap<u64, (&CycleMove, &Released)> = releases.collect();
        let mut messages: BTreeMap<u64, &BankMessage> = chain.messages().collect();
        let acts: BTreeSet<u64> = releases.keys().chain(messages.keys()).copied().collect();
        for sequence in acts {
            let mut made = Vec::new();
            while let Some(row) = payments.next_if(|row| row.sequence == sequence) {
                made.push(row);
            }
            let mut told = Vec::new();
            while let Some(row) = states.next_if(|row| row.sequence == sequence) {
                told.push(row);
            }
            if let Some((step, released)) = releases.remove(&sequence) {
                let act = Act { sequence, made, told };
                self.release(step, released, &act).with_context(|| format!("manifest {sequence}"))?;
            } else if let Some(message) = messages.remove(&sequence) {
                self.message(message, &Act { sequence, made, told }).with_context(|| format!("manifest {sequence}"))?;
            }
        }
        let beyond = payments.next().map(|row| &row.id).or(states.next().map(|row| &row.id));
        ensure!(beyond.is_none(), "payment {}: no manifest names it or its state", beyond.map_or("", String::as_str));
        Ok(())
    }

    fn release(&mut self, step: &CycleMove, released: &Released, act: &Act<'a>) -> anyhow::Result<()> {
        let extent = if self.chain.looks_at(act.sequence) { Extent::All } else { self.rows.extent };
        match extent {
            Extent::All => {}
            Extent::Cycle if act.made.is_empty() => return Ok(()),
            Extent::Cycle => {}
            Extent::Obligations => return self.made_before(&act.made),
        }
        let key = (step.mid.clone(), step.currency.clone(), step.cycle.clone());
        let payments = act.made.iter().map(|row| payment_of(row)).collect::<anyhow::Result<Vec<Payment>>>()?;
        ensure!(payments_sha256(&payments) == released.payments_sha256, "its payments are not those that it names");
        // Looked at before the payments are given away, of which there may be a million; but who is paid what comes first.
        let rest = self.fits(step, released, act, &payments);
        for (row, payment) in act.made.iter().zip(payments) {
            ensure!(key_of(row) == key, "payment {} is said to be of another MID, currency or cycle", row.id);
            self.key_of.insert(&row.id, row);
            let owed = self.paid.owed.get(&key).and_then(|owed| owed.get(&payment.party)).copied();
            let owed = owed.unwrap_or(Due { currency: payment.currency, amount: Money::ZERO });
            self.payments.entry(key.clone()).or_default().make(payment, owed)?;
        }
        self.sent += 1;
        rest
    }

    /// Whether a release says what its payments are, and books what they move.
    fn fits(&self, step: &CycleMove, released: &Released, act: &Act<'a>, payments: &[Payment]) -> anyhow::Result<()> {
        // Only what was left out has a state at once, and that it was.
        let left_out: Vec<&str> = payments.iter().filter(|one| one.message_id.is_none()).map(|one| one.id.as_str()).collect();
        let failed: Vec<&str> = act.told.iter().filter(|row| row.state == "rejected").map(|row| row.id.as_str()).collect();
        ensure!(failed == left_out && act.told.len() == failed.len(), "states of {:?}, and left out were {left_out:?}", act.told);
        ensure!(u64::try_from(left_out.len())? == released.left_out, "it says that {} were left out", released.left_out);
        let sent = || payments.iter().filter(|payment| payment.message_id.is_some());
        let says = (u64::try_from(sent().count())?, sums(sent())?.into_iter().map(sum_of).collect::<Vec<_>>());
        ensure!(says == (released.payments, released.sums.clone()), "its payments sum to {:?} and it says {:?}", says.1, released.sums);
        let Some(entry) = self.paid.entries.get(&act.sequence) else {
            let is_read = self.chain.looks_at(act.sequence);
            ensure!(!is_read || released.payments == 0, "it books nothing");
            return Ok(());
        };
        ensure!(entry.is_release(step, payments)?, "journal entry {} is not what its payments move", entry.header.place.number);
        Ok(())
    }

    /// Takes payments as they are: of their release only these are looked at.
    fn made_before(&mut self, made: &[&'a StoredPayment]) -> anyhow::Result<()> {
        for row in made {
            let payment = payment_of(row)?;
            let owed = Due { currency: payment.currency, amount: payment.amount };
            self.key_of.insert(&row.id, row);
            self.payments.entry(key_of(row)).or_default().make(payment, owed)?;
        }
        Ok(())
    }

    fn message(&mut self, message: &BankMessage, act: &Act<'a>) -> anyhow::Result<()> {
        let Act { sequence, made, told } = act;
        ensure!(made.is_empty(), "a message of a bank makes no payments");
        let mut books = Vec::new();
        for row in told {
            let payment = self.key_of.get(row.id.as_str()).with_context(|| format!("payment {} is not there yet", row.id))?;
            ensure!(payment.mid == message.mid, "payment {} is another MID's", row.id);
            let motion = self.payments.entry(key_of(payment)).or_default().tell(&row.id, row.state.parse()?)?;
            if let Some(motion) = motion {
                let (amount, currency) = (from_stored_text(&payment.amount)?, payment.paid_in.parse()?);
                books.push(Told::Payment { party: payment.party.clone(), motion, amount, currency });
            }
        }
        if !self.chain.looks_at(*sequence) {
            return Ok(());
        }
        self.messages += 1;
        let states: Vec<StoredState> = told.iter().map(|row| (*row).clone()).collect();
        let receipts: Vec<StoredReceipt> = self.rows.receipts().filter(|row| row.sequence == *sequence).cloned().collect();
        let exceptions: Vec<StoredException> = self.rows.exceptions().filter(|row| row.sequence == *sequence).cloned().collect();
        let same = outcome_sha256(&states, &receipts, &exceptions) == message.outcome_sha256;
        ensure!(same, "what the message {} came to is not what it names", message.sha256);
        for receipt in &receipts {
            let (amount, currency) = (from_stored_text(&receipt.amount)?, receipt.currency.parse()?);
            books.push(Told::Receipt { platform: receipt.platform.clone(), amount, currency });
        }
        match self.paid.entries.get(sequence) {
            None => ensure!(books.is_empty(), "it books nothing"),
            Some(entry) => {
                let should = entry_of_message(&message.mid, &message.sha256, &books, occasion(&entry.header))?;
                ensure!(entry.is(&should), "journal entry {} is not what the message moves", entry.header.place.number);
            }
        }
        Ok(())
    }

    /// Every file says what its payments are, to the bank as to us.
    fn files(&self) -> anyhow::Result<()> {
        let mut by_file: BTreeMap<&str, Vec<&StoredPayment>> = BTreeMap::new();
        for payment in self.rows.payments().filter(|payment| self.chain.looks_at(payment.sequence)) {
            if let Some(message_id) = &payment.message_id {
                by_file.entry(message_id).or_default().push(payment);
            }
        }
        for (sequence, named) in self.named_files() {
            let id = &named.message_id;
            let row = self.rows.files().find(|row| row.message_id == *id).with_context(|| format!("the file {id} is missing"))?;
            let same = (row.sequence, &row.format, &row.sha256) == (sequence, &named.format, &named.sha256);
            ensure!(same, "the file {id} is not the one that manifest {sequence} names");
            let payments = by_file.remove(id.as_str()).unwrap_or_default();
            ensure!(
                u64::try_from(payments.len()).ok() == Some(named.payments),
                "the file {id} is said to have {} payments",
                named.payments
            );
            // One that was erased is known by its hash alone.
            if row.body.is_some() {
                instructions(row, &payments).with_context(|| format!("the file {id}"))?;
            }
        }
        ensure!(by_file.is_empty(), "payments are in files that no manifest names: {:?}", by_file.keys());
        let named: BTreeSet<&str> = self.named_files().map(|(_, file)| file.message_id.as_str()).collect();
        let other = self.rows.files().find(|row| !named.contains(row.message_id.as_str()) || row.name.contains(['/', '\\']));
        ensure!(other.is_none(), "the file {}: no manifest names it, or its name is no name", other.map_or("", |row| &row.message_id));
        Ok(())
    }

    /// The files that moves name, of those that are looked at.
    fn named_files(&self) -> impl Iterator<Item = (u64, &'a BankFile)> {
        let releases = self.chain.releases().filter(|(sequence, ..)| self.chain.looks_at(*sequence));
        releases.flat_map(|(sequence, _, released)| released.bank_files.iter().map(move |file| (sequence, file)))
    }

    /// Every message is there as its act says, and there are no others; nothing came in with any other act.
    fn messages(&self) -> anyhow::Result<()> {
        let taken: BTreeMap<u64, &BankMessage> = self.chain.messages().filter(|(sequence, _)| self.chain.looks_at(*sequence)).collect();
        let rows = self.rows;
        let said: Vec<(u64, &str, &str)> =
            taken.iter().map(|(sequence, message)| (*sequence, message.mid.as_str(), message.sha256.as_str())).collect();
        let kept: Vec<(u64, &str, &str)> = rows.messages().map(|row| (row.sequence, row.mid.as_str(), row.sha256.as_str())).collect();
        ensure!(said == kept, "the messages of banks that are kept are not those that manifests name");
        for row in rows.messages() {
            let Some(body) = &row.body else { continue };
            let same = zstd::decode_all(&body[..]).is_ok_and(|bytes| sha256_hex(&bytes) == row.sha256);
            ensure!(same, "the message {} that is kept is damaged", row.sha256);
        }
        let mut came = rows.receipts().map(|row| row.sequence).chain(rows.exceptions().map(|row| row.sequence));
        ensure!(came.all(|sequence| taken.contains_key(&sequence)), "a receipt or an exception came with no message");
        Ok(())
    }
}

/// The rows of payments and states of one act.
struct Act<'a> {
    sequence: u64,
    made: Vec<&'a StoredPayment>,
    told: Vec<&'a StoredState>,
}

fn key_of(row: &StoredPayment) -> Key {
    (row.mid.clone(), row.currency.clone(), row.cycle.clone())
}

fn instructions(row: &StoredBankFile, payments: &[&StoredPayment]) -> anyhow::Result<()> {
    let bytes = bytes_of(row)?;
    let formats = formats(&row.format)?;
    let read = formats.iter().find_map(|format| read_back(&bytes, format).ok()).context("it cannot be read back")?;
    ensure!(read.len() == payments.len(), "it pays {} times where {} payments are in it", read.len(), payments.len());
    for (instruction, payment) in read.iter().zip(payments) {
        let id = payment.id.parse().with_context(|| payment.id.clone())?;
        let amount = Amount::of(from_stored_text(&payment.amount)?, payment.paid_in.parse()?)?;
        let same = instruction.reference.may_be(&id) && instruction.amount == amount;
        ensure!(same, "it pays {} by the id {} where payment {id} is of {amount}", instruction.amount, instruction.reference);
    }
    Ok(())
}

/// What a file of that format may be read as.
fn formats(name: &str) -> anyhow::Result<Vec<Format>> {
    let pain = |version| vec![Format::Pain001 { version, scheme: Scheme::Plain }];
    Ok(match name.parse::<FormatKind>()? {
        FormatKind::Pain001V09 => pain(PainVersion::V09),
        FormatKind::Pain001V03 => pain(PainVersion::V03),
        FormatKind::Nacha => {
            let [company_id, bank_name, entry_description] = [""; 3].map(str::to_owned);
            vec![Format::Nacha(Originator { company_id, bank_name, file_modifier: 'A', entry_description })]
        }
        FormatKind::Paypal => [DecimalMark::Point, DecimalMark::Comma].map(|decimal_mark| Format::Paypal { decimal_mark }).into(),
        FormatKind::Wise => vec![Format::Wise { source: "USD".parse()? }],
    })
}

/// When and why an entry says that it was booked.
pub fn occasion(header: &Header) -> Occasion {
    Occasion {
        place: header.place.clone(),
        happened: header.happened,
        booked: header.booked,
        reason: header.reason.clone(),
        reference: header.reference.clone(),
    }
}
