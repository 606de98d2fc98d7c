//! PayPal: the file of its payouts page, and what its report says became of each.
//!
//! A row is: receiver, amount, currency, our id, a note, the wallet; there are no column names. From PayPal's documentation: "Payouts Web"
//! and "Send payouts: use web UI" (developer.paypal.com, pages of July and September 2026), "Payouts fees and limits", "Country and
//! currency codes", and the values of `transaction_status` in the API's reference. The columns of the report are known by their names,
//! of which several spellings are taken.

use crate::answer::{AnswerFile, AnswerKind, Reason};
use crate::characters::CharacterSet;
use crate::check::Checked;
use crate::format::{DecimalMark, Limits};
use crate::table::{Row, Table, rows};
use crate::{AccountNumber, Amount, Answer, BankError, Instruction, Outcome, Reference};
use farthing_schemas::Currency;

/// "up to 5,000 payments per file"
pub const PAYMENTS_MAX: usize = 5000;

/// The currencies of payouts; one file has one.
pub(crate) const CURRENCIES: &[&str] = &[
    "AUD", "BRL", "CAD", "CHF", "CZK", "DKK", "EUR", "GBP", "HKD", "HUF", "ILS", "JPY", "MXN", "MYR", "NOK", "NZD", "PHP", "PLN", "SEK",
    "SGD", "THB", "TWD", "USD",
];

/// "This currency does not support decimals."
pub(crate) const WITHOUT_FRACTIONS: &[&str] = &["HUF", "JPY", "TWD"];

/// Characters of the "Customer ID", which is our id; it has no spaces.
pub(crate) const ID_CHARACTERS: usize = 30;

/// 20,000 dollars for one payment, and as much in another currency, which only PayPal can convert: there the next power of ten that is
/// surely above it is the bound.
pub(crate) fn limits(currency: Currency) -> Limits {
    let major = if currency.code() == "USD" { 20_000 } else { 10_000_000 };
    Limits {
        payments_max: PAYMENTS_MAX,
        payment_max_minor_units: major * 10_i128.pow(crate::amount::minor_digits(currency)),
        total_max_minor_units: i128::from(u64::MAX),
        name_characters_max: 140,
        debtor_characters_max: 140,
        // "Note to recipient": 400 characters.
        purpose_characters_max: 400,
        id_characters: ID_CHARACTERS,
        characters: CharacterSet::Sepa,
    }
}

pub(crate) fn write(checked: &Checked<'_>, mark: DecimalMark) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for line in &checked.lines {
        let payment = line.payment;
        let amount = match mark {
            DecimalMark::Point => payment.amount.decimal(),
            DecimalMark::Comma => payment.amount.decimal().replace('.', ","),
        };
        // Forints and Taiwan dollars have digits by ISO 4217 that are not taken; they are zeros here.
        let currency = payment.amount.currency().code();
        let amount = if WITHOUT_FRACTIONS.contains(&currency) { whole(&amount) } else { &amount };
        let id = payment.id.beginning(ID_CHARACTERS);
        let row = [payment.account.number().whole(), amount, currency, id, &line.purpose, "PAYPAL"];
        writer.write_record(row).expect("a vector takes all that is written to it");
    }
    writer.into_inner().expect("a vector takes all that is written to it")
}

fn whole(amount: &str) -> &str {
    amount.split(['.', ',']).next().unwrap_or(amount)
}

pub(crate) fn read_back(bytes: &[u8], mark: DecimalMark) -> Result<Vec<Instruction>, BankError> {
    let instruction = |row: &Row| {
        let currency = row.cell(Some(2)).unwrap_or_default();
        let currency = currency.parse().map_err(|error| BankError::damaged(row.line, format!("an amount whose currency {error}")))?;
        let amount = row.cell(Some(1)).unwrap_or_default();
        let amount = if mark == DecimalMark::Comma { amount.replace(',', ".") } else { amount.to_owned() };
        Ok(Instruction {
            reference: reference(row.cell(Some(3))),
            amount: Amount::from_decimal(&amount, currency).map_err(|why| BankError::Amount { line: row.line, why })?,
            name: String::new(),
            account: AccountNumber::new(row.cell(Some(0)).unwrap_or_default()),
            purpose: row.cell(Some(4)).unwrap_or_default().to_owned(),
        })
    };
    rows(bytes)?.iter().map(instruction).collect()
}

/// Our id stands there whole, unless it was longer than there is room.
fn reference(cell: Option<&str>) -> Reference {
    Reference::from_beginning(cell.unwrap_or_default(), ID_CHARACTERS, None)
}

const STATUS: &[&str] = &["transaction status", "transaction_status", "payout status", "status"];
const ID: &[&str] = &["customer id", "unique id", "sender item id", "sender_item_id", "unique identifier"];

pub(crate) fn is_result(table: &Table) -> bool {
    table.column(STATUS).is_some() && table.column(ID).is_some()
}

/// What a report says of each payout.
pub(crate) fn read(table: &Table, bytes: &[u8]) -> Result<AnswerFile, BankError> {
    let (status, id) = (table.column(STATUS), table.column(ID));
    let batch = table.column(&["payout batch id", "payout_batch_id", "batch id"]);
    let amount = table.column(&["amount", "payment amount", "gross"]);
    let currency = table.column(&["currency", "currency code", "payment currency"]);
    let transaction = table.column(&["transaction id", "transaction_id", "payout item id", "payout_item_id"]);
    let why = table.column(&["error message", "failure reason", "reason", "errors", "error"]);
    let code = table.column(&["error code", "reason code", "error name"]);
    let mut file = AnswerFile::new(AnswerKind::Paypal, table.rows.first().and_then(|row| row.cell(batch)));
    file.sha256 = crate::written::sha256(bytes);
    for row in &table.rows {
        let text = row.cell(id);
        let (status, reference) = (row.cell(status).unwrap_or_default(), reference(text));
        let Some(outcome) = outcome(status) else {
            file.unread(row.line, reference, format!("the status {status:?}"));
            continue;
        };
        let answer = Answer {
            reference,
            outcome,
            reason: Reason::of(row.cell(code).or(Some(status).filter(|_| outcome != Outcome::Settled)), row.cell(why)),
            amount: row.amount(amount, currency)?,
            booked: None,
            bank_reference: row.cell(transaction).map(str::to_owned),
            entry_reference: None,
            words: None,
        };
        file.answer(row.line, text, answer);
    }
    Ok(file)
}

fn outcome(status: &str) -> Option<Outcome> {
    Some(match status.to_uppercase().as_str() {
        // Unclaimed ones are returned after 30 days, unless somebody claims them.
        "NEW" | "PENDING" | "PROCESSING" | "ONHOLD" | "UNCLAIMED" => Outcome::Accepted,
        "SUCCESS" | "COMPLETED" => Outcome::Settled,
        "FAILED" | "DENIED" | "BLOCKED" | "CANCELED" | "CANCELLED" => Outcome::Rejected,
        "RETURNED" | "REFUNDED" | "REVERSED" => Outcome::Returned,
        _ => return None,
    })
}
