//! One live payment per obligation; and what was sent to banks is what the journal moves, and what their messages came to is what they say.

use super::{Chain, Invariant, SeenEntry, SeenWhat};
use crate::books::Books;
use crate::payouts::answers::outcome_sha256;
use crate::payouts::files::bytes_of;
use crate::payouts::{Owed, payment_of, sum_of};
use anyhow::{Context, anyhow, ensure};
use farthing_bank::format::{DecimalMark, Originator, PainVersion, Scheme};
use farthing_bank::{Amount, Format, read_back};
use farthing_ledger::{Asked, StoredBankFile, StoredBankMessage, StoredException, StoredPayment, StoredReceipt, StoredState};
use farthing_schemas::manifest::{BankMessage, CycleMove, Released, sha256_hex};
use farthing_schemas::money::from_stored_text;
use farthing_schemas::{Cycle, Money};
use farthing_settle::Draft;
use farthing_settle::cycle::Kind;
use farthing_settle::journal::{Entry, EntryKind, Header, Occasion, OfCycle, Told, entry_of_message, entry_of_release};
use farthing_settle::payout::{Due, Payment, Payments, payments_sha256, sums};
use std::collections::BTreeMap;

/// The rows of payments that are looked at.
#[derive(Default)]
pub struct SeenPayments {
    /// Whether they are all there are, and not those of one cycle.
    pub whole: bool,
    pub payments: Vec<StoredPayment>,
    pub states: Vec<StoredState>,
    files: Vec<StoredBankFile>,
    messages: Vec<StoredBankMessage>,
    receipts: Vec<StoredReceipt>,
    exceptions: Vec<StoredException>,
}

impl SeenPayments {
    /// All of them.
    pub async fn all(books: &Books) -> anyhow::Result<SeenPayments> {
        let ledger = &books.ledger;
        Ok(SeenPayments {
            whole: true,
            payments: ledger.payments(Asked::All).await?,
            states: ledger.payment_states(Asked::All).await?,
            files: ledger.bank_files(None).await?,
            messages: ledger.bank_messages().await?,
            receipts: ledger.bank_receipts().await?,
            exceptions: ledger.bank_exceptions().await?,
        })
    }

    /// Those of the cycle of a move that comes.
    pub async fn of(books: &Books, step: &CycleMove) -> anyhow::Result<SeenPayments> {
        let asked = Asked::Of { mid: &step.mid, currency: &step.currency, cycle: Some(&step.cycle) };
        let (payments, states) = (books.ledger.payments(asked).await?, books.ledger.payment_states(asked).await?);
        Ok(SeenPayments { payments, states, ..SeenPayments::default() })
    }
}

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
        let mut look = Look { rows: chain.payments, paid: self, payments: BTreeMap::new(), made: BTreeMap::new(), sent: 0, messages: 0 };
        look.acts(chain)?;
        if chain.payments.whole {
            let (payments, files) = (chain.payments.payments.len(), chain.payments.files.len());
            look.files(chain)?;
            look.messages(chain)?;
            return Ok(format!("{payments} payments in {} releases and {files} files, {} messages of banks", look.sent, look.messages));
        }
        Ok(String::new())
    }
}

/// One pass over the acts, in their order.
struct Look<'a> {
    rows: &'a SeenPayments,
    paid: &'a Paid,
    payments: BTreeMap<Key, Payments>,
    /// The payments that were made so far, by id.
    made: BTreeMap<&'a str, &'a StoredPayment>,
    sent: u64,
    messages: u64,
}

impl<'a> Look<'a> {
    fn acts(&mut self, chain: &Chain<'_>) -> anyhow::Result<()> {
        let catalog = chain.catalog;
        let mut payments = self.rows.payments.iter().peekable();
        let mut states = self.rows.states.iter().peekable();
        let releases = catalog.moves.iter().filter_map(|moved| Some((moved.sequence, (&moved.step, moved.step.released.as_deref()?))));
        let mut releases: BTreeMap<u64, (&CycleMove, &Released)> = releases.collect();
        let mut messages: BTreeMap<u64, &BankMessage> = catalog.messages.iter().map(|taken| (taken.sequence, &taken.message)).collect();
        let acts: std::collections::BTreeSet<u64> = releases.keys().chain(messages.keys()).copied().collect();
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
                if self.rows.whole || !made.is_empty() {
                    self.release(sequence, step, released, &made, &told).with_context(|| format!("manifest {sequence}"))?;
                }
            } else if let Some(message) = messages.remove(&sequence) {
                self.message(sequence, message, &made, &told).with_context(|| format!("manifest {sequence}"))?;
            }
        }
        let beyond = payments.next().map(|row| &row.id).or(states.next().map(|row| &row.id));
        ensure!(beyond.is_none(), "payment {}: no manifest names it or its state", beyond.map_or("", String::as_str));
        Ok(())
    }

    fn release(
        &mut self,
        sequence: u64,
        step: &CycleMove,
        released: &Released,
        made: &[&'a StoredPayment],
        told: &[&StoredState],
    ) -> anyhow::Result<()> {
        let key = (step.mid.clone(), step.currency.clone(), step.cycle.clone());
        let payments = made.iter().map(|row| payment_of(row)).collect::<anyhow::Result<Vec<Payment>>>()?;
        ensure!(payments_sha256(&payments) == released.payments_sha256, "its payments are not those that it names");
        let sent = || payments.iter().filter(|payment| payment.message_id.is_some());
        let says = (u64::try_from(sent().count())?, sums(sent())?.into_iter().map(sum_of).collect::<Vec<_>>());
        let left_out: Vec<&str> = made.iter().filter(|row| row.message_id.is_none()).map(|row| row.id.as_str()).collect();
        let books = self.paid.entries.get(&sequence).map(|entry| Ok::<_, anyhow::Error>((entry, entry.is_release(step, &payments)?)));
        let books = books.transpose()?;
        for (row, payment) in made.iter().zip(payments) {
            let same = (&row.mid, &row.currency, &row.cycle) == (&key.0, &key.1, &key.2);
            ensure!(same, "payment {} is said to be of another MID, currency or cycle", row.id);
            self.made.insert(&row.id, row);
            let owed = self.paid.owed.get(&key).and_then(|owed| owed.get(&payment.party)).copied();
            let owed = owed.unwrap_or(Due { currency: payment.currency, amount: Money::ZERO });
            self.payments.entry(key.clone()).or_default().make(payment, owed)?;
        }
        // Only what was left out has a state at once, and that it was.
        let failed: Vec<&str> = told.iter().filter(|row| row.state == "rejected").map(|row| row.id.as_str()).collect();
        ensure!(failed == left_out && told.len() == failed.len(), "states of {told:?}, and left out were {left_out:?}");
        ensure!(u64::try_from(left_out.len())? == released.left_out, "it says that {} were left out", released.left_out);
        ensure!(says == (released.payments, released.sums.clone()), "its payments sum to {:?} and it says {:?}", says.1, released.sums);
        self.sent += 1;
        match books {
            None => ensure!(!self.rows.whole || released.payments == 0, "it books nothing"),
            Some((entry, same)) => ensure!(same, "journal entry {} is not what its payments move", entry.header.place.number),
        }
        Ok(())
    }

    fn message(&mut self, sequence: u64, message: &BankMessage, made: &[&StoredPayment], told: &[&StoredState]) -> anyhow::Result<()> {
        ensure!(made.is_empty(), "a message of a bank makes no payments");
        let mut books = Vec::new();
        for row in told {
            let payment = *self.made.get(row.id.as_str()).with_context(|| format!("payment {} is not there yet", row.id))?;
            ensure!(payment.mid == message.mid, "payment {} is another MID's", row.id);
            let key = (payment.mid.clone(), payment.currency.clone(), payment.cycle.clone());
            let motion = self.payments.entry(key).or_default().tell(&row.id, row.state.parse()?)?;
            if let Some(motion) = motion {
                let (amount, currency) = (from_stored_text(&payment.amount)?, payment.paid_in.parse()?);
                books.push(Told::Payment { party: payment.party.clone(), motion, amount, currency });
            }
        }
        if !self.rows.whole {
            return Ok(());
        }
        self.messages += 1;
        let states: Vec<StoredState> = told.iter().map(|row| (*row).clone()).collect();
        let receipts: Vec<StoredReceipt> = self.rows.receipts.iter().filter(|row| row.sequence == sequence).cloned().collect();
        let exceptions: Vec<StoredException> = self.rows.exceptions.iter().filter(|row| row.sequence == sequence).cloned().collect();
        let same = outcome_sha256(&states, &receipts, &exceptions) == message.outcome_sha256;
        ensure!(same, "what the message {} came to is not what it names", message.sha256);
        for receipt in &receipts {
            let (amount, currency) = (from_stored_text(&receipt.amount)?, receipt.currency.parse()?);
            books.push(Told::Receipt { platform: receipt.platform.clone(), amount, currency });
        }
        match self.paid.entries.get(&sequence) {
            None => ensure!(books.is_empty(), "it books nothing"),
            Some(entry) => {
                let should = entry_of_message(&message.mid, &message.sha256, &books, occasion(&entry.header))?;
                ensure!(entry.is(&should), "journal entry {} is not what the message moves", entry.header.place.number);
            }
        }
        Ok(())
    }

    /// Every file says what its payments are, to the bank as to us.
    fn files(&self, chain: &Chain<'_>) -> anyhow::Result<()> {
        let mut by_file: BTreeMap<&str, Vec<&StoredPayment>> = BTreeMap::new();
        for payment in &self.rows.payments {
            if let Some(message_id) = &payment.message_id {
                by_file.entry(message_id).or_default().push(payment);
            }
        }
        let released = chain.catalog.moves.iter().filter_map(|moved| Some((moved.sequence, moved.step.released.as_deref()?)));
        for (sequence, named) in released.flat_map(|(sequence, released)| released.bank_files.iter().map(move |file| (sequence, file))) {
            let id = &named.message_id;
            let row = self.rows.files.iter().find(|row| row.message_id == *id).with_context(|| format!("the file {id} is missing"))?;
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
        let named = released_files(chain);
        let other = self.rows.files.iter().find(|row| !named.contains(row.message_id.as_str()) || row.name.contains(['/', '\\']));
        ensure!(other.is_none(), "the file {}: no manifest names it, or its name is no name", other.map_or("", |row| &row.message_id));
        Ok(())
    }

    /// Every message is there as its act says, and there are no others; nothing came in with any other act.
    fn messages(&self, chain: &Chain<'_>) -> anyhow::Result<()> {
        let taken: BTreeMap<u64, &BankMessage> = chain.catalog.messages.iter().map(|taken| (taken.sequence, &taken.message)).collect();
        let rows = &self.rows;
        let said: Vec<(u64, &str, &str)> =
            taken.iter().map(|(sequence, message)| (*sequence, message.mid.as_str(), message.sha256.as_str())).collect();
        let kept: Vec<(u64, &str, &str)> = rows.messages.iter().map(|row| (row.sequence, row.mid.as_str(), row.sha256.as_str())).collect();
        ensure!(said == kept, "the messages of banks that are kept are not those that manifests name");
        for row in &rows.messages {
            let Some(body) = &row.body else { continue };
            let same = zstd::decode_all(&body[..]).is_ok_and(|bytes| sha256_hex(&bytes) == row.sha256);
            ensure!(same, "the message {} that is kept is damaged", row.sha256);
        }
        let mut came = rows.receipts.iter().map(|row| row.sequence).chain(rows.exceptions.iter().map(|row| row.sequence));
        ensure!(came.all(|sequence| taken.contains_key(&sequence)), "a receipt or an exception came with no message");
        Ok(())
    }
}

fn released_files<'c>(chain: &Chain<'c>) -> std::collections::BTreeSet<&'c str> {
    let released = chain.catalog.moves.iter().filter_map(|moved| moved.step.released.as_deref());
    released.flat_map(|released| &released.bank_files).map(|file| file.message_id.as_str()).collect()
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
    Ok(match name {
        "pain.001.001.09" => vec![Format::Pain001 { version: PainVersion::V09, scheme: Scheme::Plain }],
        "pain.001.001.03" => vec![Format::Pain001 { version: PainVersion::V03, scheme: Scheme::Plain }],
        "nacha" => {
            let [company_id, bank_name, entry_description] = [""; 3].map(str::to_owned);
            vec![Format::Nacha(Originator { company_id, bank_name, file_modifier: 'A', entry_description })]
        }
        "paypal" => vec![Format::Paypal { decimal_mark: DecimalMark::Point }, Format::Paypal { decimal_mark: DecimalMark::Comma }],
        "wise" => vec![Format::Wise { source: "USD".parse()? }],
        other => anyhow::bail!("{other:?} is no format"),
    })
}

/// When and why an entry says that it was booked.
fn occasion(header: &Header) -> Occasion {
    Occasion {
        place: header.place.clone(),
        happened: header.happened,
        booked: header.booked,
        reason: header.reason.clone(),
        reference: header.reference.clone(),
    }
}
