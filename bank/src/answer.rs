//! [`read`]: what a bank's or a payment service's file says, whatever kind of file it is.

use crate::account::{AccountNumber, masked_in};
use crate::ids::{EndToEndId, MessageId};
use crate::kept::{kept, kept_code};
use crate::pain001::NOT_PROVIDED;
use crate::{Amount, BankError};
use crate::{camt, nacha, pain002, paypal, wise, xml};
use chrono::NaiveDate;
use std::fmt;

/// The most that is read of one file: 64 MiB, some 60,000 entries of a statement.
pub const BYTES_MAX: usize = 64 * 1024 * 1024;

/// One file, and all that it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerFile {
    /// What it is.
    pub kind: AnswerKind,
    /// The id that the bank gave it, if it gave one.
    pub message_id: Option<String>,
    /// Of its bytes, in hexadecimal digits: the same file twice has the same.
    pub sha256: String,
    /// What became of payments, in the order of the file: what is said of all stands before what is said of one.
    pub answers: Vec<Answer>,
    /// Money that came in, and what of it went back.
    pub receipts: Vec<Receipt>,
    /// Account details that a bank wants changed.
    pub changes: Vec<Change>,
    /// What is said and is none of these, for a person to look at.
    pub unread: Vec<Unread>,
}

/// Kinds of answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerKind {
    /// `pain.002`: a payment status report.
    StatusReport,
    /// `camt.054`: a notification of debits and credits.
    Notification,
    /// `camt.053`: a statement.
    Statement,
    /// Returns and notifications of change from the clearing house of the United States.
    Nacha,
    /// What PayPal made of a payouts file.
    Paypal,
    /// What Wise made of a batch.
    Wise,
}

/// What became of a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Which payment; or which of them.
    pub reference: Reference,
    /// What became of it.
    pub outcome: Outcome,
    /// Why, in the bank's code and words.
    pub reason: Option<Reason>,
    /// How much, where it is said.
    pub amount: Option<Amount>,
    /// When it was booked.
    pub booked: Option<NaiveDate>,
    /// What the bank calls it.
    pub bank_reference: Option<String>,
    /// What the bank calls the entry of an account that it is in.
    pub entry_reference: Option<String>,
    /// What it was for and its id, in the words of whoever ordered it, one a line; of entries of accounts alone.
    pub words: Option<String>,
}

/// The states that answers lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// The bank has taken it, and is going to pay or has not failed to yet.
    Accepted,
    /// The bank has not paid, and is not going to.
    Rejected,
    /// Money has left the account.
    Settled,
    /// Money has come back.
    Returned,
}

/// Which payment something is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reference {
    /// The one with this id.
    EndToEnd(EndToEndId),
    /// The one whose id begins so, of a format that has no more room; the trace number that its file gave it, if the format has them.
    Beginning {
        /// The id's first characters; all of them, if they are fewer than there is room for.
        beginning: String,
        /// How many there is room for.
        characters: usize,
        /// The trace number.
        trace: Option<String>,
    },
    /// All of the file with this id of which nothing else is said.
    Message(MessageId),
    /// It does not say.
    None,
}

/// Why, in the words of whoever says it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reason {
    /// A code, such as `AC04` of ISO 20022 or `R02` of NACHA.
    pub code: Option<String>,
    /// A sentence.
    pub text: Option<String>,
}

/// Money that came in, or had come in and has gone back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// How much; below 0 what has gone back.
    pub amount: Amount,
    /// When it was booked.
    pub booked: Option<NaiveDate>,
    /// Who paid.
    pub debtor_name: Option<String>,
    /// What for, in the payer's words: structured references first, then texts, one a line.
    pub remittance: Option<String>,
    /// The id that the payer gave it.
    pub end_to_end_id: Option<String>,
    /// What the bank calls it.
    pub bank_reference: Option<String>,
}

/// What a bank wants to have changed before it is paid again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Upon which payment.
    pub reference: Reference,
    /// What, such as `C01`, a wrong account number.
    pub code: String,
    /// In words.
    pub text: Option<&'static str>,
    /// What is right; it may be an account number, so it is masked.
    pub corrected: AccountNumber,
}

/// Something that is said and not understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// Where.
    pub line: usize,
    /// Which payment it is about.
    pub reference: Reference,
    /// What it is.
    pub what: String,
}

/// Reads an answer. What kind it is its content tells; the version of a message may be any.
///
/// # Errors
/// [`BankError`] for what is no answer, is damaged or does not add up; then nothing of it is said.
pub fn read(bytes: &[u8]) -> Result<AnswerFile, BankError> {
    if bytes.len() > BYTES_MAX {
        return Err(BankError::Refused(format!("it has {} bytes, and at most {BYTES_MAX} are read", bytes.len())));
    }
    let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes).trim_ascii_start();
    if text.starts_with(b"<") {
        return read_message(bytes);
    }
    if nacha::is_nacha(text) {
        return nacha::read(bytes);
    }
    read_table(bytes)
}

fn read_message(bytes: &[u8]) -> Result<AnswerFile, BankError> {
    let document = xml::parse(bytes)?;
    if let Some(second) = document.children.get(1) {
        return Err(BankError::Refused(format!("line {} begins a second message, and a document has one", second.line)));
    }
    let kind = document.children.first().map(|message| (message, message.name.as_str()));
    let mut file = match kind {
        Some((message, "CstmrPmtStsRpt")) => pain002::read(message)?,
        Some((message, "BkToCstmrDbtCdtNtfctn")) => camt::read(message, AnswerKind::Notification)?,
        Some((message, "BkToCstmrStmt")) => camt::read(message, AnswerKind::Statement)?,
        _ => {
            let name = kind.map_or(document.name.as_str(), |(_, name)| name);
            return Err(other_file(format!("the file is a {}", name.chars().take(64).collect::<String>())));
        }
    };
    file.sha256 = crate::written::sha256(bytes);
    Ok(file)
}

fn read_table(bytes: &[u8]) -> Result<AnswerFile, BankError> {
    let head = crate::table::head(bytes)?;
    if paypal::is_result(&head) {
        return paypal::read(&crate::table::parse(bytes)?, bytes);
    }
    if wise::is_result(&head) {
        return wise::read(&crate::table::parse(bytes)?, bytes);
    }
    Err(other_file("the file is neither XML nor NACHA nor a table with the columns of a result".to_owned()))
}

fn other_file(found: String) -> BankError {
    BankError::OtherFile { found, known: "pain.002, camt.053, camt.054, returns of NACHA and the results of PayPal and Wise are read" }
}

impl AnswerFile {
    pub(crate) fn new(kind: AnswerKind, message_id: Option<&str>) -> AnswerFile {
        AnswerFile {
            kind,
            message_id: message_id.map(str::to_owned),
            sha256: String::new(),
            answers: Vec::new(),
            receipts: Vec::new(),
            changes: Vec::new(),
            unread: Vec::new(),
        }
    }

    /// Takes in what became of a payment. One that was rejected or returned has to be known: if it is not, its answer is for a person to
    /// look at, with what stands for its id.
    pub(crate) fn answer(&mut self, line: usize, id: Option<&str>, answer: Answer) {
        let failed = matches!(answer.outcome, Outcome::Rejected | Outcome::Returned);
        if !failed || answer.reference.names_something() {
            return self.answers.push(answer);
        }
        let shown = id.map(|id| format!("{:?}", id.chars().take(64).collect::<String>()));
        let amount = answer.amount.map(|amount| format!(" of {amount}")).unwrap_or_default();
        let reason = answer.reason.map(|reason| format!(" ({})", reason.kept())).unwrap_or_default();
        let outcome = answer.outcome.as_str();
        let what =
            format!("a payment{amount} {outcome}{reason} that is not known by its id, {}", shown.as_deref().unwrap_or("which is missing"));
        self.unread(line, answer.reference, what);
    }

    pub(crate) fn unread(&mut self, line: usize, reference: Reference, what: impl Into<String>) {
        self.unread.push(Unread { line, reference, what: what.into() });
    }
}

impl Answer {
    /// Whether it surely is of another entry than the one that the bank calls so: neither itself nor the entry that it is in has that name.
    #[must_use]
    pub fn is_of_another_entry(&self, name: &str) -> bool {
        self.bank_reference.is_some() && !self.is_called(name)
    }

    /// Whether the bank calls it so, or the entry that it is in.
    #[must_use]
    pub fn is_called(&self, name: &str) -> bool {
        [&self.bank_reference, &self.entry_reference].into_iter().any(|reference| reference.as_deref() == Some(name))
    }
}

impl Reference {
    /// Whether this payment may be meant; of a beginning, also others may be. Banks that answer files of NACHA by messages of ISO 20022
    /// put into those what the entry had room for.
    #[must_use]
    pub fn may_be(&self, id: &EndToEndId) -> bool {
        match self {
            Reference::EndToEnd(own) => own == id || own.as_str().len() == nacha::ID_CHARACTERS && id.as_str().starts_with(own.as_str()),
            // A space that was last is no longer there.
            Reference::Beginning { beginning, characters, .. } => !beginning.is_empty() && id.beginning(*characters).trim() == beginning,
            Reference::Message(_) | Reference::None => false,
        }
    }

    /// Whether a payment or a file can be found by it.
    fn names_something(&self) -> bool {
        match self {
            Reference::EndToEnd(_) | Reference::Message(_) => true,
            Reference::Beginning { beginning, .. } => !beginning.is_empty(),
            Reference::None => false,
        }
    }

    /// From what a message has for an id; what cannot be one is none.
    pub(crate) fn from_end_to_end(text: Option<&str>) -> Reference {
        let id = text.filter(|text| *text != NOT_PROVIDED).and_then(|text| text.parse().ok());
        id.map_or(Reference::None, Reference::EndToEnd)
    }

    /// From what a format has of an id.
    pub(crate) fn from_beginning(text: &str, characters: usize, trace: Option<&str>) -> Reference {
        let beginning = text.trim();
        match beginning.parse() {
            Ok(id) if beginning.len() < characters && trace.is_none() => Reference::EndToEnd(id),
            _ if beginning.is_empty() && trace.is_none() => Reference::None,
            _ => Reference::Beginning {
                beginning: beginning.to_owned(),
                characters: characters.max(beginning.len()),
                trace: trace.map(str::to_owned),
            },
        }
    }

    pub(crate) fn from_message(text: Option<&str>) -> Reference {
        text.and_then(|text| text.parse().ok()).map_or(Reference::None, Reference::Message)
    }
}

impl Reason {
    /// Both, unless there is neither; banks name accounts in them, which are masked.
    pub(crate) fn of(code: Option<&str>, text: Option<&str>) -> Option<Reason> {
        let masked = |text: Option<&str>| text.map(str::trim).filter(|text| !text.is_empty()).map(masked_in);
        Some(Reason { code: masked(code), text: masked(text) }).filter(|reason| *reason != Reason::default())
    }

    /// What of it may stand where nothing can be erased: banks name people in their words.
    #[must_use]
    pub fn kept(&self) -> Reason {
        Reason { code: self.code.as_deref().map(kept_code), text: self.text.as_deref().map(kept) }
    }
}

impl Outcome {
    /// The state's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Outcome::Accepted => "accepted",
            Outcome::Rejected => "rejected",
            Outcome::Settled => "settled",
            Outcome::Returned => "returned",
        }
    }
}

impl AnswerKind {
    /// The kind's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            AnswerKind::StatusReport => "pain.002",
            AnswerKind::Notification => "camt.054",
            AnswerKind::Statement => "camt.053",
            AnswerKind::Nacha => "nacha",
            AnswerKind::Paypal => "paypal",
            AnswerKind::Wise => "wise",
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reference::EndToEnd(id) => write!(out, "{id}"),
            Reference::Beginning { beginning, .. } => write!(out, "{beginning}..."),
            Reference::Message(id) => write!(out, "all of {id}"),
            Reference::None => out.write_str("-"),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.code, &self.text) {
            (Some(code), Some(text)) => write!(out, "{code}: {text}"),
            (Some(one), None) | (None, Some(one)) => out.write_str(one),
            (None, None) => Ok(()),
        }
    }
}
