//! `pain.002`, the payment status report: of the whole message, of its block, of each payment.

use crate::answer::{AnswerFile, AnswerKind, Reason};
use crate::pain001::amount;
use crate::xml::Node;
use crate::{Answer, BankError, Outcome, Reference};

/// Where a status stands: of a message, of a block or of a payment.
struct Level<'a> {
    node: &'a Node,
    status: &'static str,
    reference: Reference,
}

pub(crate) fn read(message: &Node) -> Result<AnswerFile, BankError> {
    let mut file = AnswerFile::new(AnswerKind::StatusReport, message.text_at(&["GrpHdr", "MsgId"]));
    for group in message.all("OrgnlGrpInfAndSts") {
        let reference = Reference::from_message(group.text_at(&["OrgnlMsgId"]));
        take(&mut file, &Level { node: group, status: "GrpSts", reference })?;
    }
    for block in message.all("OrgnlPmtInfAndSts") {
        // Our message has one block, whose id is the message's.
        let reference = Reference::from_message(block.text_at(&["OrgnlPmtInfId"]));
        take(&mut file, &Level { node: block, status: "PmtInfSts", reference })?;
        for transaction in block.all("TxInfAndSts") {
            let reference = Reference::from_end_to_end(transaction.text_at(&["OrgnlEndToEndId"]));
            take(&mut file, &Level { node: transaction, status: "TxSts", reference })?;
        }
    }
    Ok(file)
}

fn take(file: &mut AnswerFile, level: &Level<'_>) -> Result<(), BankError> {
    let Some(status) = level.node.text_at(&[level.status]) else { return Ok(()) };
    let reference = level.reference.clone();
    match outcome(status) {
        Some(Meaning::Outcome(outcome)) => {
            let original = level.node.at(&["OrgnlTxRef", "Amt", "InstdAmt"]);
            file.answers.push(Answer {
                reference,
                outcome,
                reason: reason(level.node),
                amount: original.map(amount).transpose()?,
                booked: None,
                bank_reference: level.node.text_at(&["AcctSvcrRef"]).map(str::to_owned),
            });
        }
        // What is said of each is what counts.
        Some(Meaning::SeeBelow) => {}
        None => file.unread(level.node.line, reference, format!("the status {status}")),
    }
    Ok(())
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
