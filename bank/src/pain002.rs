//! `pain.002`, the payment status report: of the whole message, of its block, of each payment.

use crate::answer::{AnswerFile, AnswerKind, Reason};
use crate::pain001::amount;
use crate::xml::Node;
use crate::{Answer, BankError, Outcome, Reference};

/// Where a status stands: of a message, of a block or of a payment.
struct Level<'a> {
    node: &'a Node,
    status: &'static str,
    id: Option<&'a str>,
    reference: Reference,
    below: Below,
}

/// What stands below a status.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Below {
    /// Statuses of payments.
    Payments,
    /// None of them, though there may be.
    Nothing,
    /// It is a payment's own.
    OfPayment,
}

pub(crate) fn read(message: &Node) -> Result<AnswerFile, BankError> {
    let mut file = AnswerFile::new(AnswerKind::StatusReport, message.text_at(&["GrpHdr", "MsgId"]));
    let anywhere = message.all("TxInfAndSts").chain(message.all("OrgnlPmtInfAndSts").flat_map(|block| block.all("TxInfAndSts")));
    let below_group = Below::of(anywhere.count());
    for group in message.all("OrgnlGrpInfAndSts") {
        let id = group.text_at(&["OrgnlMsgId"]);
        take(&mut file, &Level { node: group, status: "GrpSts", id, reference: Reference::from_message(id), below: below_group })?;
    }
    for block in message.all("OrgnlPmtInfAndSts") {
        // Our message has one block, whose id is the message's.
        let id = block.text_at(&["OrgnlPmtInfId"]);
        let below = Below::of(block.all("TxInfAndSts").count());
        take(&mut file, &Level { node: block, status: "PmtInfSts", id, reference: Reference::from_message(id), below })?;
        take_payments(&mut file, block)?;
    }
    // Old versions have payments beside blocks.
    take_payments(&mut file, message)?;
    Ok(file)
}

fn take_payments(file: &mut AnswerFile, parent: &Node) -> Result<(), BankError> {
    for transaction in parent.all("TxInfAndSts") {
        let id = transaction.text_at(&["OrgnlEndToEndId"]);
        let reference = Reference::from_end_to_end(id);
        take(file, &Level { node: transaction, status: "TxSts", id, reference, below: Below::OfPayment })?;
    }
    Ok(())
}

fn take(file: &mut AnswerFile, level: &Level<'_>) -> Result<(), BankError> {
    let (reference, line) = (level.reference.clone(), level.node.line);
    let Some(status) = level.node.text_at(&[level.status]) else {
        match reason(level.node) {
            Some(reason) => file.unread(line, reference, format!("no status, with the reason {}", reason.kept())),
            None if level.below == Below::OfPayment => file.unread(line, reference, "no status"),
            None => {}
        }
        return Ok(());
    };
    match outcome(status) {
        Some(Meaning::Outcome(outcome)) => {
            let original = level.node.at(&["OrgnlTxRef", "Amt", "InstdAmt"]);
            let answer = Answer {
                reference,
                outcome,
                reason: reason(level.node),
                amount: original.map(amount).transpose()?,
                booked: None,
                bank_reference: level.node.text_at(&["AcctSvcrRef"]).map(str::to_owned),
                entry_reference: None,
                words: None,
            };
            file.answer(line, level.id, answer);
        }
        // What is said of each is what counts.
        Some(Meaning::SeeBelow) if level.below == Below::Payments => {}
        Some(Meaning::SeeBelow) => file.unread(line, reference, format!("the status {status}, and no payment's below it")),
        None => file.unread(line, reference, format!("the status {status}")),
    }
    Ok(())
}

impl Below {
    const fn of(payments: usize) -> Below {
        if payments == 0 { Below::Nothing } else { Below::Payments }
    }
}

enum Meaning {
    Outcome(Outcome),
    SeeBelow,
}

/// Of the external codes of payment status.
fn outcome(status: &str) -> Option<Meaning> {
    Some(match status {
        // Received, waiting, accepted in form, for the customer, for processing, with a change, after the funds were checked, in part.
        "RCVD" | "PDNG" | "ACTC" | "ACCP" | "ACSP" | "ACWC" | "ACFC" | "ACWP" | "PATC" => Meaning::Outcome(Outcome::Accepted),
        // Settled for the debtor; for the creditor.
        "ACSC" | "ACCC" => Meaning::Outcome(Outcome::Settled),
        "RJCT" | "CANC" => Meaning::Outcome(Outcome::Rejected),
        "PART" => Meaning::SeeBelow,
        _ => return None,
    })
}

/// The first code and all texts.
fn reason(node: &Node) -> Option<Reason> {
    let infos: Vec<&Node> = node.all("StsRsnInf").collect();
    let code = infos.iter().find_map(|info| info.text_at(&["Rsn", "Cd"]).or_else(|| info.text_at(&["Rsn", "Prtry"])));
    let texts: Vec<&str> = infos.iter().flat_map(|info| info.all("AddtlInf")).map(|text| text.text.as_str()).collect();
    Reason::of(code, Some(&texts.join(" ")))
}
