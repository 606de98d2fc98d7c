//! What was sent to banks and what they have sent is kept as manifests name it.

use crate::check::chain::Chain;
use crate::check::seen::SeenPayments;
use crate::payouts::files::bytes_of;
use anyhow::{Context, ensure};
use farthing_bank::format::{DecimalMark, Originator, PainVersion, Scheme};
use farthing_bank::{Amount, Format, FormatKind, read_back};
use farthing_ledger::{StoredBankFile, StoredPayment};
use farthing_schemas::manifest::{BankFile, BankMessage, sha256_hex};
use farthing_schemas::money::from_stored_text;
use std::collections::{BTreeMap, BTreeSet};

/// Every file says what its payments are, to the bank as to us.
pub fn files(chain: &Chain<'_>, rows: &SeenPayments<'_>) -> anyhow::Result<()> {
    let mut by_file: BTreeMap<&str, Vec<&StoredPayment>> = BTreeMap::new();
    for payment in rows.payments().filter(|payment| chain.looks_at(payment.sequence)) {
        if let Some(message_id) = &payment.message_id {
            by_file.entry(message_id).or_default().push(payment);
        }
    }
    let by_id: BTreeMap<&str, &StoredBankFile> = rows.files().map(|row| (row.message_id.as_str(), row)).collect();
    for (sequence, named) in named_files(chain) {
        let id = &named.message_id;
        let row = by_id.get(id.as_str()).with_context(|| format!("the file {id} is missing"))?;
        let same = (row.sequence, &row.format, &row.sha256) == (sequence, &named.format, &named.sha256);
        ensure!(same, "the file {id} is not the one that manifest {sequence} names");
        let payments = by_file.remove(id.as_str()).unwrap_or_default();
        ensure!(u64::try_from(payments.len()).ok() == Some(named.payments), "the file {id} is said to have {} payments", named.payments);
        // One that was erased is known by its hash alone.
        if row.body.is_some() {
            instructions(row, &payments).with_context(|| format!("the file {id}"))?;
        }
    }
    ensure!(by_file.is_empty(), "payments are in files that no manifest names: {:?}", by_file.keys());
    let named: BTreeSet<&str> = named_files(chain).map(|(_, file)| file.message_id.as_str()).collect();
    let other = rows.files().find(|row| !named.contains(row.message_id.as_str()) || row.name.contains(['/', '\\']));
    ensure!(other.is_none(), "the file {}: no manifest names it, or its name is no name", other.map_or("", |row| &row.message_id));
    Ok(())
}

/// The files that moves name, of those that are looked at.
fn named_files<'a>(chain: &Chain<'a>) -> impl Iterator<Item = (u64, &'a BankFile)> {
    let releases = chain.releases().filter(|(sequence, ..)| chain.looks_at(*sequence));
    releases.flat_map(|(sequence, _, released)| released.bank_files.iter().map(move |file| (sequence, file)))
}

/// Every message is there as its act says, and there are no others; nothing came in with any other act.
pub fn messages(chain: &Chain<'_>, rows: &SeenPayments<'_>) -> anyhow::Result<()> {
    let taken: BTreeMap<u64, &BankMessage> = chain.messages().filter(|(sequence, _)| chain.looks_at(*sequence)).collect();
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
