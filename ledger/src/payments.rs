//! The rows of payments: what was sent to banks, what became of it, and what banks have sent. Each comes with the act that says so.

use crate::append::{ROWS_A_STATEMENT, rows_of_values};
use crate::dialect::Dialect;
use crate::open::Sql;
use crate::read::short;
use crate::{Ledger, LedgerError, signed, unsigned};
use compact_str::CompactString;
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row};

/// One attempt to pay. There may be a million of them at once: short texts stand within the row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredPayment {
    /// Its id.
    pub id: CompactString,
    /// The act that made it.
    pub sequence: u64,
    /// Its number among that act's payments, from 1.
    pub line: u64,
    /// Who pays.
    pub mid: CompactString,
    /// The currency of the draft that says so.
    pub currency: CompactString,
    /// The draft's cycle.
    pub cycle: CompactString,
    /// Who is paid.
    pub party: CompactString,
    /// Which attempt it is.
    pub attempt: u64,
    /// The currency that arrives.
    pub paid_in: CompactString,
    /// How much of it, a 12-digit decimal.
    pub amount: CompactString,
    /// The attempt that has failed before.
    pub replaces: Option<CompactString>,
    /// The file that it is in; none if it was left out.
    pub message_id: Option<CompactString>,
}

/// A change of a payment's state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredState {
    /// The act that made it.
    pub sequence: u64,
    /// Its number among that act's changes, from 1.
    pub line: u64,
    /// The payment.
    pub id: String,
    /// The state that it came to.
    pub state: String,
    /// Why, in the bank's words or in ours.
    pub reason: Option<String>,
    /// The day on which the bank booked it.
    pub booked: Option<String>,
    /// What the bank calls it.
    pub reference: Option<String>,
}

/// A file for a bank.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredBankFile {
    /// Its id.
    pub message_id: String,
    /// The act that made it.
    pub sequence: u64,
    /// What it is called when it is written out.
    pub name: String,
    /// The format, as the configuration names it.
    pub format: String,
    /// SHA-256 of its bytes, in hex.
    pub sha256: String,
    /// Its bytes, packed with zstd; nothing once they are erased.
    pub body: Option<Vec<u8>>,
}

/// What a bank has sent.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredBankMessage {
    /// SHA-256 of its bytes, in hex.
    pub sha256: String,
    /// The act that took it in.
    pub sequence: u64,
    /// Whose bank it is.
    pub mid: String,
    /// Its bytes, packed with zstd; nothing once they are erased.
    pub body: Option<Vec<u8>>,
}

/// Money that came in; or that went out, and is no payment of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredReceipt {
    /// The act that took it in.
    pub sequence: u64,
    /// Its number among that act's receipts, from 1.
    pub line: u64,
    /// Who has paid; none where that is not known.
    pub platform: Option<String>,
    /// The cycle that it pays for, if that is known.
    pub cycle: Option<String>,
    /// In which currency.
    pub currency: String,
    /// A 12-digit decimal; below 0 where it went out.
    pub amount: String,
    /// The day on which the bank booked it.
    pub booked: Option<String>,
    /// What the bank calls it.
    pub reference: Option<String>,
    /// Why it is not booked: `open` until a person says whose it is, `again` where another message has told it, `remitted:N` where it is
    /// what remittance N has booked.
    pub unbooked: Option<String>,
}

/// A line of a bank's message that is left to a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredException {
    /// The act that took it in.
    pub sequence: u64,
    /// Its number among that act's exceptions, from 1.
    pub line: u64,
    /// Which payment it is about, as far as it says.
    pub reference: Option<String>,
    /// What it is.
    pub what: String,
    /// The line among that act's receipts that it is about.
    pub about_line: Option<u64>,
}

/// What an act brings to these tables.
#[derive(Clone, Debug, Default)]
pub struct PaymentRows {
    /// New payments.
    pub payments: Vec<StoredPayment>,
    /// New states.
    pub states: Vec<StoredState>,
    /// New files for banks.
    pub files: Vec<StoredBankFile>,
    /// The message that was taken in.
    pub message: Option<StoredBankMessage>,
    /// What came in with it.
    pub receipts: Vec<StoredReceipt>,
    /// What it left to a person.
    pub exceptions: Vec<StoredException>,
}

/// Which payments are asked for.
#[derive(Clone, Copy, Debug)]
pub enum Asked<'a> {
    /// Those of the drafts of a MID and currency; of one cycle, or of all.
    Of {
        /// The MID.
        mid: &'a str,
        /// The currency.
        currency: &'a str,
        /// The cycle, or all.
        cycle: Option<&'a str>,
    },
    /// Those of a MID that arrive in a currency, whatever that of their draft is.
    PaidIn {
        /// The MID.
        mid: &'a str,
        /// The currency.
        currency: &'a str,
    },
    /// The one with this id.
    Id(&'a str),
    /// Those with these ids, a thousand at most.
    Ids(&'a [String]),
    /// Those whose ids begin so, two at most: more are not told apart anyway.
    Beginning(&'a str),
    /// Those of a file.
    Message(&'a str),
    /// All of them.
    All,
}

const PAYMENT: &str = "id, sequence, line, mid, currency, cycle, party, attempt, paid_in, CAST(amount AS TEXT), replaces, message_id";
const STATE: &str = "sequence, line, id, state, reason, booked, reference";

impl PaymentRows {
    /// How many rows they are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.payments.len() + self.states.len() + self.files.len() + self.receipts.len() + self.exceptions.len()
    }
}

impl Ledger {
    /// Payments, in the order in which they were made.
    ///
    /// # Errors
    /// [`LedgerError::Unavailable`] or [`LedgerError::Sql`], as for all reading here.
    pub async fn payments(&self, asked: Asked<'_>) -> Result<Vec<StoredPayment>, LedgerError> {
        let (condition, values) = condition(asked);
        let select = format!("SELECT {PAYMENT} FROM payments {condition} ORDER BY sequence, line");
        let query = values.into_iter().fold(sqlx::query(AssertSqlSafe(select)), |query, value| query.bind(value));
        self.each_row(query, payment).await
    }

    /// The changes of state of payments, in order.
    ///
    /// # Errors
    /// As for [`Ledger::payments`].
    pub async fn payment_states(&self, asked: Asked<'_>) -> Result<Vec<StoredState>, LedgerError> {
        let (condition, values) = condition(asked);
        let of = if condition.is_empty() { String::new() } else { format!("WHERE id IN (SELECT id FROM payments {condition})") };
        let select = format!("SELECT {STATE} FROM payment_states {of} ORDER BY sequence, line");
        let query = values.into_iter().fold(sqlx::query(AssertSqlSafe(select)), |query, value| query.bind(value));
        self.each_row(query, state).await
    }

    /// The files for banks that an act made, or all.
    ///
    /// # Errors
    /// As for [`Ledger::payments`].
    pub async fn bank_files(&self, sequence: Option<u64>) -> Result<Vec<StoredBankFile>, LedgerError> {
        let of = if sequence.is_some() { "WHERE sequence = $1" } else { "" };
        let select = format!("SELECT message_id, sequence, name, format, sha256, body FROM bank_files {of} ORDER BY sequence, name");
        let query = sqlx::query(AssertSqlSafe(select));
        let query = sequence.map(signed).into_iter().fold(query, |query, value| query.bind(value));
        let file = |row: &AnyRow| StoredBankFile {
            message_id: row.get(0),
            sequence: unsigned(row.get(1)),
            name: row.get(2),
            format: row.get(3),
            sha256: row.get(4),
            body: row.get(5),
        };
        self.each_row(query, file).await
    }

    /// How many files for banks a MID's cycle has, in whatever currency.
    ///
    /// # Errors
    /// As for [`Ledger::payments`].
    pub async fn bank_files_of(&self, mid: &str, cycle: &str) -> Result<u64, LedgerError> {
        let select = "SELECT COUNT(DISTINCT message_id) FROM payments WHERE mid = $1 AND cycle = $2";
        let row = sqlx::query(select).bind(mid).bind(cycle).fetch_one(&self.pool).await?;
        Ok(unsigned(row.get(0)))
    }

    /// The messages that were taken in, in order.
    ///
    /// # Errors
    /// As for [`Ledger::payments`].
    pub async fn bank_messages(&self) -> Result<Vec<StoredBankMessage>, LedgerError> {
        let select = "SELECT sha256, sequence, mid, body FROM bank_messages ORDER BY sequence";
        let message =
            |row: &AnyRow| StoredBankMessage { sha256: row.get(0), sequence: unsigned(row.get(1)), mid: row.get(2), body: row.get(3) };
        Ok(sqlx::query(select).fetch_all(&self.pool).await?.iter().map(message).collect())
    }

    /// What came in, in order.
    ///
    /// # Errors
    /// As for [`Ledger::payments`].
    pub async fn bank_receipts(&self) -> Result<Vec<StoredReceipt>, LedgerError> {
        let select =
            "SELECT sequence, line, platform, cycle, currency, CAST(amount AS TEXT), booked, reference, unbooked FROM bank_receipts
                      ORDER BY sequence, line";
        let receipt = |row: &AnyRow| StoredReceipt {
            sequence: unsigned(row.get(0)),
            line: unsigned(row.get(1)),
            platform: row.get(2),
            cycle: row.get(3),
            currency: row.get(4),
            amount: row.get(5),
            booked: row.get(6),
            reference: row.get(7),
            unbooked: row.get(8),
        };
        Ok(sqlx::query(select).fetch_all(&self.pool).await?.iter().map(receipt).collect())
    }

    /// What is left to a person, in order.
    ///
    /// # Errors
    /// As for [`Ledger::payments`].
    pub async fn bank_exceptions(&self) -> Result<Vec<StoredException>, LedgerError> {
        let select = "SELECT sequence, line, reference, what, receipt FROM bank_exceptions ORDER BY sequence, line";
        let exception = |row: &AnyRow| StoredException {
            sequence: unsigned(row.get(0)),
            line: unsigned(row.get(1)),
            reference: row.get(2),
            what: row.get(3),
            about_line: row.get::<Option<i64>, _>(4).map(unsigned),
        };
        Ok(sqlx::query(select).fetch_all(&self.pool).await?.iter().map(exception).collect())
    }
}

/// The rows that are asked for, and the values of the statement.
fn condition(asked: Asked<'_>) -> (String, Vec<String>) {
    let (condition, values) = match asked {
        Asked::Ids(ids) => {
            let places: Vec<String> = (1..=ids.len()).map(|place| format!("${place}")).collect();
            return (format!("WHERE id IN ({})", places.join(", ")), ids.to_vec());
        }
        Asked::Of { mid, currency, cycle: None } => ("WHERE mid = $1 AND currency = $2", vec![mid.to_owned(), currency.to_owned()]),
        Asked::Of { mid, currency, cycle: Some(cycle) } => {
            ("WHERE mid = $1 AND currency = $2 AND cycle = $3", vec![mid.to_owned(), currency.to_owned(), cycle.to_owned()])
        }
        Asked::PaidIn { mid, currency } => ("WHERE mid = $1 AND paid_in = $2", vec![mid.to_owned(), currency.to_owned()]),
        Asked::Id(id) => ("WHERE id = $1", vec![id.to_owned()]),
        // Ids are ASCII, and no character of theirs comes after a tilde.
        Asked::Beginning(beginning) => ("WHERE id >= $1 AND id < $2", vec![beginning.to_owned(), format!("{beginning}~")]),
        Asked::Message(message_id) => ("WHERE message_id = $1", vec![message_id.to_owned()]),
        Asked::All => ("", Vec::new()),
    };
    (condition.to_owned(), values)
}

fn payment(row: &AnyRow) -> StoredPayment {
    StoredPayment {
        id: short(row, 0),
        sequence: unsigned(row.get(1)),
        line: unsigned(row.get(2)),
        mid: short(row, 3),
        currency: short(row, 4),
        cycle: short(row, 5),
        party: short(row, 6),
        attempt: unsigned(row.get(7)),
        paid_in: short(row, 8),
        amount: short(row, 9),
        replaces: row.get::<Option<&str>, _>(10).map(CompactString::from),
        message_id: row.get::<Option<&str>, _>(11).map(CompactString::from),
    }
}

fn state(row: &AnyRow) -> StoredState {
    StoredState {
        sequence: unsigned(row.get(0)),
        line: unsigned(row.get(1)),
        id: row.get(2),
        state: row.get(3),
        reason: row.get(4),
        booked: row.get(5),
        reference: row.get(6),
    }
}

/// Writes down what an act brings.
pub(crate) async fn insert_payment_rows(sql: &mut Sql, dialect: Dialect, rows: &PaymentRows) -> Result<(), LedgerError> {
    insert_payments(sql, dialect, &rows.payments).await?;
    insert_states(sql, &rows.states).await?;
    for file in &rows.files {
        let insert = "INSERT INTO bank_files (message_id, sequence, name, format, sha256, body) VALUES ($1, $2, $3, $4, $5, $6)";
        let query = sqlx::query(insert).bind(&file.message_id).bind(signed(file.sequence)).bind(&file.name).bind(&file.format);
        query.bind(&file.sha256).bind(file.body.as_deref()).execute(&mut **sql).await?;
    }
    if let Some(message) = &rows.message {
        let insert = "INSERT INTO bank_messages (sha256, sequence, mid, body) VALUES ($1, $2, $3, $4)";
        let query = sqlx::query(insert).bind(&message.sha256).bind(signed(message.sequence)).bind(&message.mid);
        query.bind(message.body.as_deref()).execute(&mut **sql).await?;
    }
    for receipt in &rows.receipts {
        let query = sqlx::query(dialect.insert_receipt()).bind(signed(receipt.sequence)).bind(signed(receipt.line));
        let query = query.bind(&receipt.platform).bind(&receipt.cycle).bind(&receipt.currency).bind(&receipt.amount);
        query.bind(&receipt.booked).bind(&receipt.reference).bind(&receipt.unbooked).execute(&mut **sql).await?;
    }
    for exception in &rows.exceptions {
        let insert = "INSERT INTO bank_exceptions (sequence, line, reference, what, receipt) VALUES ($1, $2, $3, $4, $5)";
        let query = sqlx::query(insert).bind(signed(exception.sequence)).bind(signed(exception.line));
        query.bind(&exception.reference).bind(&exception.what).bind(exception.about_line.map(signed)).execute(&mut **sql).await?;
    }
    Ok(())
}

async fn insert_payments(sql: &mut Sql, dialect: Dialect, payments: &[StoredPayment]) -> Result<(), LedgerError> {
    for some in payments.chunks(ROWS_A_STATEMENT) {
        // All but the last are the same statement.
        let query = sqlx::query(AssertSqlSafe(dialect.insert_payments(some.len()))).persistent(some.len() == ROWS_A_STATEMENT);
        let query = query.bind(signed(some[0].sequence));
        let bound = some.iter().fold(query, |query, row| {
            let query =
                query.bind(&*row.id).bind(signed(row.line)).bind(&*row.mid).bind(&*row.currency).bind(&*row.cycle).bind(&*row.party);
            let query = query.bind(signed(row.attempt)).bind(&*row.paid_in).bind(&*row.amount);
            query.bind(row.replaces.as_deref()).bind(row.message_id.as_deref())
        });
        bound.execute(&mut **sql).await?;
    }
    Ok(())
}

async fn insert_states(sql: &mut Sql, states: &[StoredState]) -> Result<(), LedgerError> {
    for some in states.chunks(ROWS_A_STATEMENT) {
        let insert = format!(
            "INSERT INTO payment_states (sequence, line, id, state, reason, booked, reference) VALUES ({})",
            rows_of_values(some.len(), 6)
        );
        let query = sqlx::query(AssertSqlSafe(insert)).persistent(some.len() == ROWS_A_STATEMENT).bind(signed(some[0].sequence));
        let bound = some.iter().fold(query, |query, row| {
            let query = query.bind(signed(row.line)).bind(&row.id).bind(&row.state).bind(&row.reason);
            query.bind(&row.booked).bind(&row.reference)
        });
        bound.execute(&mut **sql).await?;
    }
    Ok(())
}

/// Without the bytes, which name accounts.
impl std::fmt::Debug for StoredBankFile {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("StoredBankFile").field("message_id", &self.message_id).field("sha256", &self.sha256).finish_non_exhaustive()
    }
}

/// Likewise.
impl std::fmt::Debug for StoredBankMessage {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("StoredBankMessage").field("sha256", &self.sha256).finish_non_exhaustive()
    }
}
