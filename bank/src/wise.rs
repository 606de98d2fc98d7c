//! Wise: the table of its batch payments, and what its list of transfers says became of each.
//!
//! A batch pays bank accounts in one currency: by IBAN, or in dollars by routing and account number. The amount is what arrives (`target`).
//! From Wise's help pages ("How do I fill in my batch template?", "What's a batch payment template?") and its page on the batch tool, read in
//! 2026; the columns of accounts are those of its recipients' API (`IBAN`, `abartn`, `accountNumber`, `accountType`, `address`), and the states of
//! transfers those of its API and of the list that can be downloaded.

use crate::account::{Account, UsAccountKind};
use crate::answer::{AnswerFile, AnswerKind, Reason};
use crate::characters::CharacterSet;
use crate::check::{Checked, Line};
use crate::format::Limits;
use crate::payment::CreditorKind;
use crate::table::{Row, Table, parse};
use crate::{AccountNumber, Answer, BankError, Instruction, Outcome, Reference};
use chrono::NaiveDate;
use farthing_schemas::Currency;

/// "up to 1,000 transfers with a single file"
pub const PAYMENTS_MAX: usize = 1000;

/// Where accounts are named by IBAN, and dollars. Wise pays more currencies, each with columns of its own.
pub(crate) const CURRENCIES: &[&str] =
    &["AED", "BGN", "CHF", "CZK", "DKK", "EUR", "GBP", "GEL", "HUF", "ILS", "NOK", "PKR", "PLN", "RON", "SEK", "TRY", "UAH", "USD"];

const COLUMNS: [&str; 8] =
    ["name", "recipientEmail", "paymentReference", "receiverType", "amountCurrency", "amount", "sourceCurrency", "targetCurrency"];
const IBAN_COLUMNS: [&str; 1] = ["IBAN"];
const US_COLUMNS: [&str; 8] =
    ["abartn", "accountNumber", "accountType", "address.country", "address.city", "address.firstLine", "address.state", "address.postCode"];

/// The reference is all that the list of transfers has of ours, and how long it may be is up to the currency: 10 characters in dollars, 18
/// in pounds; elsewhere 35 are safe.
const fn reference_characters(currency: &[u8]) -> usize {
    match currency {
        b"USD" => 10,
        b"GBP" => 18,
        _ => 35,
    }
}

/// A million of the currency for one transfer, of which Wise's own limits lie below or above by currency; it tells those when it is paid.
pub(crate) fn limits(currency: Currency) -> Limits {
    Limits {
        payments_max: PAYMENTS_MAX,
        payment_max_minor_units: 1_000_000 * 10_i128.pow(crate::amount::minor_digits(currency)),
        total_max_minor_units: i128::from(u64::MAX),
        name_characters_max: 70,
        debtor_characters_max: 70,
        // The reference is our id, so the purpose is not passed on.
        purpose_characters_max: 400,
        id_characters: reference_characters(currency.code().as_bytes()),
        characters: CharacterSet::Sepa,
    }
}

pub(crate) fn write(checked: &Checked<'_>, source: Currency) -> Vec<u8> {
    let currency = checked.totals.amount.currency();
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut put = |row: Vec<&str>| writer.write_record(row).expect("a vector takes all that is written to it");
    let columns: &[&str] = if currency.code() == "USD" { &US_COLUMNS } else { &IBAN_COLUMNS };
    put([&COLUMNS, columns].concat());
    for line in &checked.lines {
        let payment = line.payment;
        let reference = payment.id.beginning(reference_characters(currency.code().as_bytes()));
        let kind = if payment.creditor.kind == CreditorKind::Person { "PRIVATE" } else { "BUSINESS" };
        let amount = payment.amount.decimal();
        let transfer = [line.name.as_str(), "", reference, kind, "target", amount.as_str(), source.code(), currency.code()];
        put([transfer.as_slice(), account(line).as_slice()].concat());
    }
    writer.into_inner().expect("a vector takes all that is written to it")
}

fn account<'a>(line: &'a Line<'_>) -> Vec<&'a str> {
    match &line.payment.account {
        Account::Us { routing, number, kind } => {
            let kind = if *kind == UsAccountKind::Savings { "SAVINGS" } else { "CHECKING" };
            let address = line.address.as_ref();
            let part = |text: Option<&'a String>| text.map_or("", String::as_str);
            vec![
                routing,
                number.whole(),
                kind,
                part(address.map(|address| &address.country)),
                part(address.map(|address| &address.town)),
                part(address.and_then(|address| address.street.as_ref())),
                part(address.and_then(|address| address.region.as_ref())),
                part(address.and_then(|address| address.post_code.as_ref())),
            ]
        }
        other => vec![other.number().whole()],
    }
}

pub(crate) fn read_back(bytes: &[u8]) -> Result<Vec<Instruction>, BankError> {
    let table = parse(bytes)?;
    let (name, amount, currency) = (table.column(&["name"]), table.column(&["amount"]), table.column(&["targetcurrency"]));
    let (reference, account) = (table.column(&["paymentreference"]), table.column(&["iban", "accountnumber"]));
    let instruction = |row: &Row| {
        let code = row.cell(currency).unwrap_or_default();
        Ok(Instruction {
            reference: of_reference(row.cell(reference), code),
            amount: row.amount(amount, currency)?.ok_or_else(|| BankError::damaged(row.line, "a row without an amount"))?,
            name: row.cell(name).unwrap_or_default().to_owned(),
            account: AccountNumber::new(row.cell(account).unwrap_or_default()),
            purpose: String::new(),
        })
    };
    table.rows.iter().map(instruction).collect()
}

/// Without a currency, what could have been cut is taken for a beginning, since it may be.
fn of_reference(cell: Option<&str>, currency: &str) -> Reference {
    let text = cell.unwrap_or_default();
    let known = currency.parse::<Currency>();
    let characters = reference_characters(known.map_or("USD", Currency::code).as_bytes());
    Reference::from_beginning(text, characters, None)
}

pub(crate) fn is_result(table: &Table) -> bool {
    table.column(&["status"]).is_some() && table.column(&["reference", "payment reference", "paymentreference"]).is_some()
}

/// What the list of transfers says of each.
pub(crate) fn read(table: &Table, bytes: &[u8]) -> Result<AnswerFile, BankError> {
    let (status, id) = (table.column(&["status"]), table.column(&["id", "transfer id", "transferwise id"]));
    let reference = table.column(&["reference", "payment reference", "paymentreference"]);
    let amount = table.column(&["target amount (after fees)", "target amount", "amount"]);
    let currency = table.column(&["target currency", "targetcurrency", "currency"]);
    let (finished, batch) = (table.column(&["finished on"]), table.column(&["batch"]));
    let way = table.column(&["direction"]);
    let mut file = AnswerFile::new(AnswerKind::Wise, table.rows.first().and_then(|row| row.cell(batch)));
    file.sha256 = crate::written::sha256(bytes);
    for row in &table.rows {
        let code = row.cell(currency).unwrap_or_default();
        let text = row.cell(reference);
        let (status, reference) = (row.cell(status).unwrap_or_default(), of_reference(text, code));
        if let Some(what) = way.and_then(|way| other_way(row.cell(Some(way)).unwrap_or_default())) {
            file.unread(row.line, reference, what);
            continue;
        }
        let Some(outcome) = outcome(status) else {
            file.unread(row.line, reference, format!("the status {status:?}"));
            continue;
        };
        let answer = Answer {
            reference,
            outcome,
            reason: Reason::of(Some(status).filter(|_| outcome != Outcome::Settled), None),
            amount: row.amount(amount, currency)?,
            booked: row.cell(finished).map(|text| day(row.line, text)).transpose()?,
            bank_reference: row.cell(id).map(str::to_owned),
            entry_reference: None,
            words: None,
        };
        file.answer(row.line, text, answer);
    }
    Ok(file)
}

/// Why a row with this direction is no payment of ours.
fn other_way(direction: &str) -> Option<String> {
    match direction.to_uppercase().as_str() {
        "OUT" => None,
        "IN" => Some("money that came in".to_owned()),
        _ => Some(format!("the direction {direction:?}")),
    }
}

fn outcome(status: &str) -> Option<Outcome> {
    Some(match status.to_lowercase().replace(' ', "_").as_str() {
        "processing" | "incoming_payment_waiting" | "incoming_payment_initiated" | "funds_converted" | "pending" => Outcome::Accepted,
        "completed" | "outgoing_payment_sent" | "sent" => Outcome::Settled,
        "cancelled" | "canceled" | "declined" => Outcome::Rejected,
        "refunded" | "funds_refunded" | "bounced_back" | "charged_back" => Outcome::Returned,
        _ => return None,
    })
}

fn day(line: usize, text: &str) -> Result<NaiveDate, BankError> {
    let day = text.get(..10).and_then(|day| NaiveDate::parse_from_str(day, "%Y-%m-%d").ok());
    day.ok_or_else(|| BankError::damaged(line, format!("{:?} is not a date", text.chars().take(32).collect::<String>())))
}
