//! `camt.054` and `camt.053`, notifications and statements: entries, and the transactions in each.
//!
//! | an entry that is booked and | is |
//! |---|---|
//! | a debit | a payment settled, one for each transaction in it; of a batch without, of the message that it names; and charges, if it is of both |
//! | a credit with the reason of a return, a return's code or the mark of a reversal | a payment returned; of a statement, a receipt if it does not say which |
//! | any other credit | a receipt |
//! | a debit with one of these | a receipt below 0: money that had come in has gone back |
//!
//! Charges are told apart where an entry says them and all adds up. What is not booked is unread, and so is all of an entry whose
//! transactions do not sum to it or are not as many as its batch has.

mod charged;

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
    let status = status(node);
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
        let charged = self.charged(transactions)?;
        let sum_doubt = || if charged.is_some() { Ok(None) } else { self.sum_doubt(transactions) };
        let doubt = self.batches_doubt(transactions.len()).map_or_else(sum_doubt, |doubt| Ok(Some(doubt)))?;
        let amounts = match &charged {
            Some(charged) => charged.amounts.clone(),
            // Alone in its entry, it is what the account gave or got, in whatever currency it was asked for.
            None if transactions.len() == 1 => vec![self.amount],
            None => transactions.iter().map(|one| Ok(own_amount(one)?.unwrap_or(self.amount))).collect::<Result<_, BankError>>()?,
        };
        for (transaction, amount) in transactions.iter().zip(amounts) {
            let id = transaction.text_at(&["Refs", "EndToEndId"]);
            let reference = Reference::from_end_to_end(id);
            if let Some(doubt) = &doubt {
                file.unread(transaction.line, reference, format!("a part of an entry of {} {doubt}", self.amount));
                continue;
            }
            self.take(file, transaction, (id, reference), amount)?;
        }
        if let Some(charged) = charged.filter(|_| doubt.is_none()) {
            file.answer(self.node.line, None, self.answer_of_charges(charged.taken));
        }
        Ok(())
    }

    /// Why the batches of an entry are not surely those of its transactions.
    fn batches_doubt(&self, transactions: usize) -> Option<String> {
        let batches = self.node.all("NtryDtls").flat_map(|details| details.all("Btch")).count();
        for details in self.node.all("NtryDtls").filter(|details| details.at(&["Btch"]).is_some()) {
            let own = details.all("TxDtls").count();
            let found = if batches == 1 { transactions } else { own };
            if own == 0 || details.all("Btch").count() > 1 {
                return Some("with a batch that says nothing of each payment".to_owned());
            }
            if let Some(stated) = details.text_at(&["Btch", "NbOfTxs"]).filter(|stated| stated.parse() != Ok(found)) {
                return Some(format!("whose batch is of {stated} payments and has {found}"));
            }
        }
        None
    }

    /// Why the amounts of the transactions are not surely those that the entry is the sum of.
    fn sum_doubt(&self, transactions: &[&Node]) -> Result<Option<String>, BankError> {
        let (currency, alone) = (self.amount.currency(), transactions.len() == 1);
        if let [one] = transactions
            && self.is_receipt(one)?
        {
            // Whatever was sent, and whoever has taken something on the way: the account got this, or gave it back.
            return Ok(None);
        }
        let mut amounts = Vec::with_capacity(transactions.len());
        for transaction in transactions {
            let amount = match own_amount(transaction)? {
                Some(own) if own.currency() == currency => own,
                _ if alone => self.amount,
                Some(own) => return Ok(Some(format!("whose transactions are in other currencies: {own}"))),
                None => return Ok(Some("whose transactions do not all say how much".to_owned())),
            };
            let against = is_credit(transaction)?.is_some_and(|is_credit| is_credit != self.is_credit);
            amounts.push(if against { self.opposite(amount)? } else { amount });
        }
        let sum = Amount::sum(currency, amounts).map_err(|why| BankError::Amount { line: self.node.line, why })?;
        Ok(Some(format!("whose transactions sum to {sum}")).filter(|_| sum != self.amount))
    }

    /// An entry that says nothing of each payment in it.
    fn read_batch(&self, file: &mut AnswerFile) -> Result<(), BankError> {
        let batches: Vec<&Node> = self.node.all("NtryDtls").flat_map(|details| details.all("Btch")).collect();
        if batches.len() > 1 {
            file.unread(self.node.line, Reference::None, format!("an entry of {} that is of more than one batch", self.amount));
            return Ok(());
        }
        let named = batches.first().and_then(|batch| batch.text_at(&["PmtInfId"]).or_else(|| batch.text_at(&["MsgId"])));
        let reference = Reference::from_message(named);
        // Several that came in are no one receipt, and several of no file of ours are nobody's.
        let is_receipt = self.is_credit && !is_return(self.node);
        let stated = batches.first().and_then(|batch| batch.text_at(&["NbOfTxs"])).filter(|stated| stated.parse() != Ok(1_usize));
        if let Some(stated) = stated.filter(|_| is_receipt || reference == Reference::None) {
            file.unread(
                self.node.line,
                reference,
                format!("an entry of {} that says nothing of each of its {stated} payments", self.amount),
            );
            return Ok(());
        }
        self.take(file, self.node, (named, reference), self.amount)
    }

    fn take(&self, file: &mut AnswerFile, node: &Node, id: (Option<&str>, Reference), amount: Amount) -> Result<(), BankError> {
        let (id, reference) = id;
        let is_credit = is_credit(node)?.unwrap_or(self.is_credit);
        match (is_credit, is_return(node) || is_return(self.node)) {
            (false, false) => file.answer(node.line, id, self.answer(node, reference, Outcome::Settled, amount)),
            // Statements tell all that moves: what comes back and says not of which payment is a receipt, for a person to look at.
            (true, true) if reference == Reference::None && file.kind == AnswerKind::Statement => {
                file.receipts.push(Receipt { remittance: None, ..self.receipt(node, amount) });
            }
            (true, true) => file.answer(node.line, id, self.answer(node, reference, Outcome::Returned, amount)),
            (true, false) => file.receipts.push(self.receipt(node, amount)),
            (false, true) => file.receipts.push(self.undone(node, amount)?),
        }
        Ok(())
    }

    fn answer(&self, transaction: &Node, reference: Reference, outcome: Outcome, amount: Amount) -> Answer {
        let returned = transaction.at(&["RtrInf"]);
        let code = returned.and_then(|info| info.text_at(&["Rsn", "Cd"]).or_else(|| info.text_at(&["Rsn", "Prtry"])));
        let texts: Vec<&str> = returned.into_iter().flat_map(|info| info.all("AddtlInf")).map(|text| text.text.as_str()).collect();
        let reason = Reason::of(code, Some(&texts.join(" ")));
        let (booked, bank_reference) = (self.booked, self.bank_reference(transaction));
        let words = purpose_of(transaction).into_iter().chain(transaction.text_at(&["Refs", "EndToEndId"])).collect::<Vec<_>>().join("\n");
        let words = Some(words).filter(|words| !words.is_empty());
        let entry_reference = self.entry_reference();
        Answer { reference, outcome, reason, amount: Some(amount), booked, bank_reference, entry_reference, words }
    }

    /// A receipt that has gone back. One that is of another sum than it was, as with charges that are not told, names no invoice that it could
    /// be put to unseen.
    fn undone(&self, transaction: &Node, amount: Amount) -> Result<Receipt, BankError> {
        let receipt = self.receipt(transaction, self.opposite(amount)?);
        let was = first_amount(transaction, [ASKED_FOR, SENT, BOOKED])?.filter(|was| was.currency() == amount.currency());
        let remittance = receipt.remittance.filter(|_| was.is_none_or(|was| was == amount));
        Ok(Receipt { remittance, ..receipt })
    }

    fn receipt(&self, transaction: &Node, amount: Amount) -> Receipt {
        let debtor = transaction.at(&["RltdPties", "Dbtr"]);
        Receipt {
            amount,
            booked: self.booked,
            debtor_name: debtor.and_then(|debtor| debtor.text_at(&["Pty", "Nm"]).or_else(|| debtor.text_at(&["Nm"]))).map(str::to_owned),
            remittance: Some(purpose_of(transaction).join("\n")).filter(|text| !text.is_empty()),
            end_to_end_id: transaction.text_at(&["Refs", "EndToEndId"]).map(str::to_owned),
            bank_reference: self.bank_reference(transaction),
        }
    }

    /// Whether a transaction is money that came in, or that had and went back.
    fn is_receipt(&self, transaction: &Node) -> Result<bool, BankError> {
        let is_same = is_credit(transaction)?.unwrap_or(self.is_credit) == self.is_credit;
        Ok(is_same && self.is_credit != (is_return(transaction) || is_return(self.node)))
    }

    fn opposite(&self, amount: Amount) -> Result<Amount, BankError> {
        amount.negated().map_err(|why| BankError::Amount { line: self.node.line, why })
    }

    /// What the bank names it by, in every statement: the number of an entry is one within its statement alone.
    /// Banks that have none write a word in its place.
    fn bank_reference(&self, transaction: &Node) -> Option<String> {
        transaction.text_at(&["Refs", "AcctSvcrRef"]).and_then(named).or_else(|| self.entry_reference())
    }

    fn entry_reference(&self) -> Option<String> {
        self.node.text_at(&["AcctSvcrRef"]).and_then(named)
    }
}

/// A bank's name for something, unless it says that it has none.
fn named(text: &str) -> Option<String> {
    let is_none = ["NONREF", "NOTPROVIDED", "NOREF"].contains(&text.to_uppercase().as_str());
    (!is_none).then(|| text.to_owned())
}

/// What a transaction is for: structured references first, then texts.
fn purpose_of(transaction: &Node) -> Vec<&str> {
    let infos: Vec<&Node> = transaction.all("RmtInf").collect();
    let structured = infos.iter().flat_map(|info| info.all("Strd")).filter_map(|one| one.text_at(&["CdtrRefInf", "Ref"]));
    let texts = infos.iter().flat_map(|info| info.all("Ustrd")).map(|one| one.text.as_str());
    structured.chain(texts).filter(|text| !text.is_empty()).collect()
}

/// Whether an entry is booked: one that has no status is. Newer versions have the code, or a bank's own, within an element of its own.
fn status(entry: &Node) -> &str {
    let Some(status) = entry.at(&["Sts"]) else { return "BOOK" };
    status.text_at(&["Cd"]).or_else(|| status.text_at(&["Prtry"])).unwrap_or(&status.text)
}

const BOOKED: &[&str] = &["Amt"];
const SENT: &[&str] = &["AmtDtls", "TxAmt", "Amt"];
const ASKED_FOR: &[&str] = &["AmtDtls", "InstdAmt", "Amt"];

/// The amount that a transaction says of itself: what was booked of it, before what was asked for.
fn own_amount(transaction: &Node) -> Result<Option<Amount>, BankError> {
    first_amount(transaction, [BOOKED, SENT, ASKED_FOR])
}

/// The first of these amounts that a transaction says.
fn first_amount(transaction: &Node, paths: [&[&str]; 3]) -> Result<Option<Amount>, BankError> {
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
