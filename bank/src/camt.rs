//! `camt.054` and `camt.053`, notifications and statements: entries, and the transactions in each.
//!
//! | an entry that is booked and | is |
//! |---|---|
//! | a debit | a payment settled, one for each transaction in it; of a batch without, of the message that it names |
//! | a credit with the reason of a return, a return's code or the mark of a reversal | a payment returned |
//! | any other credit | a receipt |
//! | a debit with one of these | unread: money that had come in goes back, or a direct debit does |
//!
//! What is not booked is unread, and so are entries whose transactions do not sum to them.

use crate::answer::{AnswerFile, AnswerKind, Reason};
use crate::pain001::amount;
use crate::xml::Node;
use crate::{Amount, Answer, BankError, Outcome, Receipt, Reference};
use chrono::NaiveDate;

pub(crate) fn read(message: &Node, kind: AnswerKind) -> Result<AnswerFile, BankError> {
    let mut file = AnswerFile::new(kind, message.text_at(&["GrpHdr", "MsgId"]));
    for part in message.all(if kind == AnswerKind::Statement { "Stmt" } else { "Ntfctn" }) {
        for entry in part.all("Ntry") {
            read_entry(&mut file, entry)?;
        }
    }
    Ok(file)
}

/// An entry, and what it says for all transactions in it.
struct Entry<'a> {
    node: &'a Node,
    amount: Amount,
    booked: Option<NaiveDate>,
    is_credit: bool,
}

fn read_entry(file: &mut AnswerFile, node: &Node) -> Result<(), BankError> {
    let damaged = |what: &str| BankError::damaged(node.line, what);
    let entry = Entry {
        node,
        amount: amount(node.at(&["Amt"]).ok_or_else(|| damaged("an entry without an amount"))?)?,
        booked: date(node.at(&["BookgDt"]))?,
        is_credit: is_credit(node)?.ok_or_else(|| damaged("an entry that is neither a credit nor a debit"))?,
    };
    // Newer versions have the code within an element of its own.
    let status = node.text_at(&["Sts", "Cd"]).or_else(|| node.text_at(&["Sts"])).unwrap_or("BOOK");
    if status != "BOOK" {
        file.unread(node.line, Reference::None, format!("an entry of {} that is not booked: {status}", entry.amount));
        return Ok(());
    }
    let transactions: Vec<&Node> = node.all("NtryDtls").flat_map(|details| details.all("TxDtls")).collect();
    if transactions.is_empty() {
        return entry.read_batch(file);
    }
    entry.read_transactions(file, &transactions)
}

impl Entry<'_> {
    fn read_transactions(&self, file: &mut AnswerFile, transactions: &[&Node]) -> Result<(), BankError> {
        let alone = transactions.len() == 1;
        let mut amounts = Vec::with_capacity(transactions.len());
        for transaction in transactions {
            let own = own_amount(transaction)?;
            amounts.push(own);
            self.take(file, transaction, own.or(alone.then_some(self.amount)))?;
        }
        // Of transactions in other currencies the entry says its own amount, and there is nothing to compare.
        let in_currency = |amount: &Option<Amount>| amount.is_some_and(|amount| amount.currency() == self.amount.currency());
        if amounts.iter().all(in_currency) {
            let wrong = |why| BankError::Amount { line: self.node.line, why };
            let sum = Amount::sum(self.amount.currency(), amounts.into_iter().flatten()).map_err(wrong)?;
            if sum != self.amount {
                file.unread(self.node.line, Reference::None, format!("an entry of {} whose transactions sum to {sum}", self.amount));
            }
        }
        Ok(())
    }

    /// An entry that says nothing of each payment in it.
    fn read_batch(&self, file: &mut AnswerFile) -> Result<(), BankError> {
        let batch = self.node.at(&["NtryDtls", "Btch"]);
        let named = batch.and_then(|batch| batch.text_at(&["PmtInfId"]).or_else(|| batch.text_at(&["MsgId"])));
        match named {
            Some(named) if !self.is_credit && !is_return(self.node) => {
                file.answers.push(self.answer(self.node, Reference::from_message(Some(named)), Outcome::Settled, Some(self.amount)));
                Ok(())
            }
            _ => self.take(file, self.node, Some(self.amount)),
        }
    }

    fn take(&self, file: &mut AnswerFile, transaction: &Node, amount: Option<Amount>) -> Result<(), BankError> {
        let reference = Reference::from_end_to_end(transaction.text_at(&["Refs", "EndToEndId"]));
        let is_credit = is_credit(transaction)?.unwrap_or(self.is_credit);
        let is_return = is_return(transaction) || is_return(self.node);
        match (is_credit, is_return, amount) {
            (false, false, _) => file.answers.push(self.answer(transaction, reference, Outcome::Settled, amount)),
            (true, true, _) => file.answers.push(self.answer(transaction, reference, Outcome::Returned, amount)),
            (true, false, Some(amount)) => file.receipts.push(self.receipt(transaction, amount)),
            (true, false, None) => file.unread(transaction.line, reference, "a credit that does not say how much"),
            (false, true, _) => {
                file.unread(transaction.line, reference, format!("a debit that takes a credit back, in an entry of {}", self.amount))
            }
        }
        Ok(())
    }

    fn answer(&self, transaction: &Node, reference: Reference, outcome: Outcome, amount: Option<Amount>) -> Answer {
        let returned = transaction.at(&["RtrInf"]);
        let code = returned.and_then(|info| info.text_at(&["Rsn", "Cd"]).or_else(|| info.text_at(&["Rsn", "Prtry"])));
        let texts: Vec<&str> = returned.into_iter().flat_map(|info| info.all("AddtlInf")).map(|text| text.text.as_str()).collect();
        let reason = Reason::of(code, Some(&texts.join(" ")));
        Answer { reference, outcome, reason, amount, booked: self.booked, bank_reference: self.bank_reference(transaction) }
    }

    fn receipt(&self, transaction: &Node, amount: Amount) -> Receipt {
        let debtor = transaction.at(&["RltdPties", "Dbtr"]);
        let infos: Vec<&Node> = transaction.all("RmtInf").collect();
        let structured = infos.iter().flat_map(|info| info.all("Strd")).filter_map(|one| one.text_at(&["CdtrRefInf", "Ref"]));
        let texts = infos.iter().flat_map(|info| info.all("Ustrd")).map(|one| one.text.as_str());
        let remittance: Vec<&str> = structured.chain(texts).filter(|text| !text.is_empty()).collect();
        Receipt {
            amount,
            booked: self.booked,
            debtor_name: debtor.and_then(|debtor| debtor.text_at(&["Pty", "Nm"]).or_else(|| debtor.text_at(&["Nm"]))).map(str::to_owned),
            remittance: Some(remittance.join("\n")).filter(|text| !text.is_empty()),
            end_to_end_id: transaction.text_at(&["Refs", "EndToEndId"]).map(str::to_owned),
            bank_reference: self.bank_reference(transaction),
        }
    }

    fn bank_reference(&self, transaction: &Node) -> Option<String> {
        let own = transaction.text_at(&["Refs", "AcctSvcrRef"]);
        own.or_else(|| self.node.text_at(&["AcctSvcrRef"])).or_else(|| self.node.text_at(&["NtryRef"])).map(str::to_owned)
    }
}

/// The amount that a transaction says of itself: what was booked of it, before what was asked for.
fn own_amount(transaction: &Node) -> Result<Option<Amount>, BankError> {
    let paths: [&[&str]; 3] = [&["Amt"], &["AmtDtls", "TxAmt", "Amt"], &["AmtDtls", "InstdAmt", "Amt"]];
    paths.iter().find_map(|path| transaction.at(path)).map(amount).transpose()
}

fn is_credit(node: &Node) -> Result<Option<bool>, BankError> {
    match node.text_at(&["CdtDbtInd"]) {
        None => Ok(None),
        Some("CRDT") => Ok(Some(true)),
        Some("DBIT") => Ok(Some(false)),
        Some(other) => Err(BankError::damaged(node.line, format!("{other:?} is neither CRDT nor DBIT"))),
    }
}

/// A return says so by its reason, a transfer that went back by the code of its kind, a booking that is undone by a mark.
fn is_return(node: &Node) -> bool {
    let reversed = matches!(node.text_at(&["RvslInd"]), Some("true" | "1"));
    let kind = node.text_at(&["BkTxCd", "Domn", "Fmly", "SubFmlyCd"]);
    reversed || node.at(&["RtrInf"]).is_some() || matches!(kind, Some("RRTN" | "RPCR"))
}

fn date(node: Option<&Node>) -> Result<Option<NaiveDate>, BankError> {
    let Some(node) = node else { return Ok(None) };
    let Some(text) = node.text_at(&["Dt"]).or_else(|| node.text_at(&["DtTm"])) else { return Ok(None) };
    let day = text.get(..10).and_then(|day| NaiveDate::parse_from_str(day, "%Y-%m-%d").ok());
    day.map(Some).ok_or_else(|| BankError::damaged(node.line, format!("{:?} is not a date", text.chars().take(32).collect::<String>())))
}
