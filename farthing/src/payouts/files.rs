//! Files for banks: checked and written from payments, kept in the ledger, and written out for whoever brings them to the bank.

use super::modifiers::Modifiers;
use super::payee::Payee;
use super::{Sending, sum_of};
use crate::books::Books;
use crate::commands::settle::Settlement;
use crate::configuration::payers::{Payer, Payers};
use anyhow::{Context, bail, ensure};
use chrono::{Days, NaiveDate};
use farthing_bank::ids::{EndToEndId, MessageId, MessageKey};
use farthing_bank::{Amount, Order, Totals, check, write};
use farthing_ledger::StoredBankFile;
use farthing_schemas::manifest::{BankFile, sha256_hex};
use farthing_schemas::registry::{PartyIndex, Registry};
use farthing_schemas::{Currency, Instant, Money};
use farthing_settle::payout::Payment;
use std::collections::BTreeMap;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// How hard bodies are packed: they are kept for years, and written once.
const PACKED: i32 = 6;

/// A file that is ready for a bank.
pub struct ForBank {
    /// As the manifest names it.
    pub named: BankFile,
    /// What it is called when it is written out.
    name: String,
    /// Its bytes, packed at once: those of many payments would not fit side by side.
    packed: Vec<u8>,
}

/// When and how files are made.
pub struct Making<'a> {
    pub payers: &'a Payers,
    /// When they are made.
    pub created: Instant,
    /// When the banks are to pay; the payer's days after that if nobody says.
    pub execution: Option<NaiveDate>,
    /// By party: why it is left out.
    pub left_out: BTreeMap<String, String>,
    /// What becomes of whom no bank would pay.
    pub unpayable: Unpayable,
}

/// What becomes of payments that no bank would take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unpayable {
    /// Nothing is sent before they are mended.
    Refuse,
    /// They are left out, and the others are sent.
    LeaveOut,
}

/// Why nothing can be sent: the parties with what is wrong.
pub struct Faults(pub Vec<String>);

impl ForBank {
    /// The row that keeps it.
    pub fn into_row(self, sequence: u64) -> StoredBankFile {
        let BankFile { message_id, format, sha256, .. } = self.named;
        StoredBankFile { message_id, sequence, name: self.name, format, sha256, body: Some(self.packed) }
    }
}

/// Makes the files for some payments. Who cannot be paid is told, or left out.
pub async fn sending(
    books: &Books,
    registry: &Registry,
    of: &Settlement,
    payments: Vec<Payment>,
    mut making: Making<'_>,
) -> anyhow::Result<Result<Sending, Faults>> {
    let mut details = books.ledger.details_by_party().await?;
    details.sort_unstable();
    let first_number = next_number(books, of).await?;
    let modifiers = Modifiers::on(books, day_of(making.created)?).await?;
    loop {
        let mut round = Round {
            registry,
            of,
            details: &details,
            making: &making,
            number: first_number,
            modifiers: modifiers.clone(),
            faults: BTreeMap::new(),
            about_all: Vec::new(),
        };
        let files = round.make(&payments)?;
        let Round { faults, about_all, .. } = round;
        if faults.is_empty() && about_all.is_empty() {
            let payments = in_files(payments, &files);
            let files = files.into_iter().map(|made| made.file).collect();
            return Ok(Ok(Sending { payments, left_out: making.left_out, files }));
        }
        if making.unpayable == Unpayable::Refuse || !about_all.is_empty() {
            let of_party = |(party, why): (&String, &String)| format!("{party}: {why}");
            return Ok(Err(Faults(about_all.into_iter().chain(faults.iter().map(of_party)).collect())));
        }
        making.left_out.extend(faults);
    }
}

/// The payments, each with the id of the file that it is in.
fn in_files(mut payments: Vec<Payment>, files: &[Made]) -> Vec<Payment> {
    for Made { file, places } in files {
        for place in places {
            payments[*place].message_id = Some(file.named.message_id.clone());
        }
    }
    payments
}

/// Files of one cycle of a MID are numbered, whatever they are for and in whatever currency: so no two have one id or one name.
async fn next_number(books: &Books, of: &Settlement) -> anyhow::Result<u16> {
    let files = books.ledger.bank_files_of(&of.mid, &of.cycle.to_string()).await?;
    u16::try_from(files + 1).context("a cycle has 65,535 files for banks at most")
}

/// One try to make all files.
struct Round<'a> {
    registry: &'a Registry,
    of: &'a Settlement,
    /// In the order of parties.
    details: &'a [(String, String)],
    making: &'a Making<'a>,
    number: u16,
    modifiers: Modifiers,
    faults: BTreeMap<String, String>,
    about_all: Vec<String>,
}

impl Round<'_> {
    /// Files are made one after the other, and with them what banks are told of each payment: of many, that is more than all else.
    fn make(&mut self, payments: &[Payment]) -> anyhow::Result<Vec<Made>> {
        let mut by_method: BTreeMap<(String, Currency), Vec<usize>> = BTreeMap::new();
        let not_left_out = |(_, payment): &(usize, &Payment)| !self.making.left_out.contains_key(&payment.party);
        for (place, payment) in payments.iter().enumerate().filter(not_left_out) {
            match self.method(payment) {
                Ok(method) => by_method.entry((method, payment.currency)).or_default().push(place),
                Err(fault) => drop(self.faults.insert(payment.party.clone(), format!("{fault:#}"))),
            }
        }
        let mut files = Vec::new();
        for ((method, currency), places) in by_method {
            files.extend(self.files((&method, currency), payments, places)?);
        }
        Ok(files)
    }

    /// The method of a payment.
    fn method(&self, payment: &Payment) -> anyhow::Result<String> {
        let party = self.party(payment)?;
        let payout = self.registry.payout(party).context("it has no payout instruction any more")?;
        ensure!(payout.currency == payment.currency, "it is to be paid in {} now, and not in {}", payout.currency, payment.currency);
        Ok(payout.method.to_owned())
    }

    fn party(&self, payment: &Payment) -> anyhow::Result<PartyIndex> {
        self.registry.party(&payment.party).context("it is not in the registry")
    }

    /// The payment as a bank knows it.
    fn instruction(&self, payment: &Payment) -> anyhow::Result<farthing_bank::Payment> {
        let party_type = self.registry.party_type(self.party(payment)?);
        let known = self.details.binary_search_by(|(id, _)| id.as_str().cmp(&payment.party));
        let details = known.map_or("{}", |at| self.details[at].1.as_str());
        let Payee { creditor, account } = Payee::of(details, party_type)?;
        let id: EndToEndId = payment.id.parse().context("its payment has an id that no bank takes")?;
        let amount = Amount::of(payment.amount, payment.currency)?;
        Ok(farthing_bank::Payment { id, amount, creditor, account, purpose: String::new() })
    }

    fn files(&mut self, of: (&str, Currency), payments: &[Payment], places: Vec<usize>) -> anyhow::Result<Vec<Made>> {
        let payer = self.payer(of.0, of.1).map_err(|fault| format!("{fault:#}"));
        let most = payer.as_ref().map_or(1, |payer| payer.format.payments_max());
        let mut files = Vec::new();
        let mut rest = places.into_iter();
        loop {
            let (some, instructions) = self.next(payments, &mut rest, most);
            match &payer {
                _ if some.is_empty() => return Ok(files),
                Ok(payer) => {
                    files.extend(self.file(of, payer, (payments, some), instructions)?);
                    self.number = self.number.checked_add(1).context("a cycle has 65,535 files for banks at most")?;
                }
                // Whom no bank would pay needs no payer either.
                Err(fault) if !self.about_all.contains(fault) => self.about_all.push(fault.clone()),
                Err(_) => {}
            }
        }
    }

    /// The next payments for one file, as many as it takes.
    fn next(
        &mut self,
        payments: &[Payment],
        rest: &mut impl Iterator<Item = usize>,
        most: usize,
    ) -> (Vec<usize>, Vec<farthing_bank::Payment>) {
        let (mut places, mut instructions) = (Vec::new(), Vec::new());
        while places.len() < most
            && let Some(place) = rest.next()
        {
            let payment = &payments[place];
            match self.instruction(payment) {
                Ok(instruction) => {
                    places.push(place);
                    instructions.push(instruction);
                }
                Err(fault) => drop(self.faults.insert(payment.party.clone(), format!("{fault:#}"))),
            }
        }
        (places, instructions)
    }

    fn payer(&self, method: &str, currency: Currency) -> anyhow::Result<Payer> {
        let mid = &self.of.mid;
        let table = self.making.payers.get(mid).and_then(|methods| methods.get(method));
        let table =
            table.with_context(|| format!("the configuration names no payer for the method {method}: it needs [payers.{mid}.{method}]"))?;
        table.payer(currency).with_context(|| format!("[payers.{mid}.{method}] of the configuration"))
    }

    /// One file, unless something is wrong with it.
    fn file(
        &mut self,
        (method, currency): (&str, Currency),
        payer: &Payer,
        (all, places): (&[Payment], Vec<usize>),
        instructions: Vec<farthing_bank::Payment>,
    ) -> anyhow::Result<Option<Made>> {
        let Settlement { mid, cycle, .. } = self.of;
        let execution = match self.making.execution {
            Some(day) => day,
            None => day_of(self.making.created)?.checked_add_days(Days::new(u64::from(payer.days))).context("there is no such day")?,
        };
        let message_id = MessageId::of(&MessageKey { mid, cycle: *cycle, currency, execution, number: self.number });
        let purpose = format!("{} {cycle}", payer.purpose);
        let instructions = instructions.into_iter().map(|one| farthing_bank::Payment { purpose: purpose.clone(), ..one }).collect();
        let order = Order { message_id, created: self.making.created, execution, debtor: payer.debtor.clone(), payments: instructions };
        let payments = || places.iter().map(|place| &all[*place]);
        let total = Money::sum(payments().map(|payment| payment.amount))?;
        let totals = Totals { payments: places.len(), amount: Amount::of(total, currency)? };
        let format = match self.modifiers.next(&payer.format, &payer.debtor.account) {
            Ok(format) => format,
            Err(fault) => {
                self.about_all.push(format!("method {method}: {fault:#}"));
                return Ok(None);
            }
        };
        let checked = match check(&order, &format, &totals) {
            Ok(checked) => checked,
            Err(findings) => {
                self.take(method, payments(), findings);
                return Ok(None);
            }
        };
        let written = write(&checked);
        let named = BankFile {
            message_id: order.message_id.to_string(),
            format: payer.format.kind().as_str().to_owned(),
            payments: u64::try_from(places.len())?,
            sum: sum_of((currency, total)),
            sha256: written.sha256,
        };
        let name = format!("{mid}-{currency}-{cycle}-{method}-{}.{}", self.number, written.extension);
        let plain = |character: char| if character.is_ascii_alphanumeric() || matches!(character, '-' | '.') { character } else { '_' };
        let packed = zstd::encode_all(&written.bytes[..], PACKED)?;
        Ok(Some(Made { file: ForBank { named, name: name.chars().map(plain).collect(), packed }, places }))
    }

    fn take<'p>(&mut self, method: &str, payments: impl Iterator<Item = &'p Payment>, findings: Vec<farthing_bank::Finding>) {
        let parties: BTreeMap<&str, &str> = payments.map(|payment| (payment.id.as_str(), payment.party.as_str())).collect();
        for finding in findings {
            match finding.payment.as_ref().and_then(|id| parties.get(id.as_str())) {
                Some(party) => drop(self.faults.entry((*party).to_owned()).or_insert_with(|| finding.rule.to_string())),
                None => self.about_all.push(format!("method {method}: {}", finding.rule)),
            }
        }
    }
}

/// A file, and the places of the payments that are in it.
struct Made {
    file: ForBank,
    places: Vec<usize>,
}

/// The day of an instant, in UTC.
pub fn day_of(instant: Instant) -> anyhow::Result<NaiveDate> {
    let time = chrono::DateTime::from_timestamp_micros(instant.micros()).context("there is no such day")?;
    Ok(time.date_naive())
}

/// Makes the folder for files. It comes before anything is sent: one that cannot be made would be found too late.
pub fn make_folder(folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("--out {}: the folder cannot be made", folder.display()))
}

/// Writes the files that an act made into a folder, each at once, for nobody else to read. Whatever ended before, the same bytes come out.
pub async fn write_out(books: &Books, sequence: u64, folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    make_folder(folder)?;
    let mut written = Vec::new();
    for row in books.ledger.bank_files(Some(sequence)).await? {
        ensure!(!row.name.contains(['/', '\\']), "the file {} in the ledger is damaged: run farthing check", row.message_id);
        let path = folder.join(&row.name);
        put(&path, &bytes_of(&row)?).with_context(|| format!("{} cannot be written", path.display()))?;
        fail::fail_point!("bank-file-written");
        written.push(path);
    }
    std::fs::File::open(folder)?.sync_all().with_context(|| format!("--out {}", folder.display()))?;
    Ok(written)
}

/// The bytes of a file, which are those that its hash names.
pub fn bytes_of(row: &StoredBankFile) -> anyhow::Result<Vec<u8>> {
    let body = row.body.as_ref().with_context(|| format!("the file {} was erased from the ledger", row.name))?;
    let bytes = zstd::decode_all(&body[..]).with_context(|| format!("the file {} in the ledger is damaged", row.name))?;
    ensure!(sha256_hex(&bytes) == row.sha256, "the file {} in the ledger is damaged: it has another SHA-256", row.name);
    Ok(bytes)
}

/// What stands there is all of it or nothing. A file of other bytes, such as one of another MID, is never replaced.
fn put(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    match std::fs::read(path) {
        Ok(there) if there == bytes => return Ok(()),
        Ok(_) => bail!("there is another file of that name; write it into another folder with: farthing settle files --out DIR"),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(error.into()),
    }
    let mut partial = path.as_os_str().to_owned();
    partial.push(".part");
    // One that was left behind may belong to whoever was interrupted.
    let _ = std::fs::remove_file(&partial);
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&partial)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    Ok(std::fs::rename(&partial, path)?)
}
