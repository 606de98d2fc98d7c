//! `pain.001.001`, the credit transfer initiation of ISO 20022: one message, one block of payment information, since an order has one
//! payer, one currency, one kind of transfer and one day.

use crate::account::{Account, AccountNumber, UsAccountKind};
use crate::check::{Checked, Line};
use crate::format::{PainVersion, Scheme};
use crate::payment::{Address, Debtor};
use crate::xml::{Node, Xml, parse_taking};
use crate::{Amount, BankError, Instruction, Reference};
use quick_xml::events::BytesStart;

/// What the standard has for a bank or an id that is not told.
pub(crate) const NOT_PROVIDED: &str = "NOTPROVIDED";

struct Message<'a> {
    checked: &'a Checked<'a>,
    version: PainVersion,
    scheme: Scheme,
}

pub(crate) fn write(checked: &Checked<'_>, version: PainVersion, scheme: Scheme) -> Vec<u8> {
    let message = Message { checked, version, scheme };
    let mut document = BytesStart::new("Document");
    document.push_attribute(("xmlns", version.namespace()));
    let mut xml = Xml::new();
    xml.element_with(document, |xml| {
        xml.element("CstmrCdtTrfInitn", |xml| {
            message.header(xml);
            message.payment_information(xml);
        });
    });
    xml.finish()
}

impl PainVersion {
    const fn namespace(self) -> &'static str {
        match self {
            PainVersion::V03 => "urn:iso:std:iso:20022:tech:xsd:pain.001.001.03",
            PainVersion::V09 => "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09",
        }
    }

    const fn bic_element(self) -> &'static str {
        match self {
            PainVersion::V03 => "BIC",
            PainVersion::V09 => "BICFI",
        }
    }
}

impl Message<'_> {
    fn header(&self, xml: &mut Xml) {
        let order = self.checked.order;
        xml.element("GrpHdr", |xml| {
            xml.text(&["MsgId"], order.message_id.as_str());
            xml.text(&["CreDtTm"], &crate::dates::seconds_of(order.created));
            self.totals(xml);
            xml.text(&["InitgPty", "Nm"], &self.checked.debtor_name);
        });
    }

    fn totals(&self, xml: &mut Xml) {
        let totals = self.checked.totals;
        xml.text(&["NbOfTxs"], &totals.payments.to_string());
        xml.text(&["CtrlSum"], &totals.amount.decimal());
    }

    fn payment_information(&self, xml: &mut Xml) {
        let order = self.checked.order;
        xml.element("PmtInf", |xml| {
            // One block, so the message's id says all that one of its own would.
            xml.text(&["PmtInfId"], order.message_id.as_str());
            xml.text(&["PmtMtd"], "TRF");
            self.totals(xml);
            if self.scheme == Scheme::Sepa {
                xml.text(&["PmtTpInf", "SvcLvl", "Cd"], "SEPA");
            }
            let day = order.execution.format("%Y-%m-%d").to_string();
            match self.version {
                PainVersion::V03 => xml.text(&["ReqdExctnDt"], &day),
                PainVersion::V09 => xml.text(&["ReqdExctnDt", "Dt"], &day),
            }
            self.debtor(xml, &order.debtor);
            xml.text(&["ChrgBr"], if self.scheme == Scheme::Sepa { "SLEV" } else { "SHAR" });
            self.checked.lines.iter().for_each(|line| self.transfer(xml, line));
        });
    }

    fn debtor(&self, xml: &mut Xml, debtor: &Debtor) {
        party(xml, "Dbtr", &self.checked.debtor_name, self.checked.debtor_address.as_ref());
        account(xml, "DbtrAcct", &debtor.account);
        match &debtor.account {
            Account::Iban { bic: None, .. } | Account::Wallet { .. } => xml.text(&["DbtrAgt", "FinInstnId", "Othr", "Id"], NOT_PROVIDED),
            known => self.agent(xml, "DbtrAgt", known),
        }
    }

    fn transfer(&self, xml: &mut Xml, line: &Line<'_>) {
        let payment = line.payment;
        xml.element("CdtTrfTxInf", |xml| {
            xml.text(&["PmtId", "EndToEndId"], payment.id.as_str());
            xml.element("Amt", |xml| {
                let mut start = BytesStart::new("InstdAmt");
                start.push_attribute(("Ccy", payment.amount.currency().code()));
                xml.element_with(start, |xml| xml.text(&[], &payment.amount.decimal()));
            });
            self.agent(xml, "CdtrAgt", &payment.account);
            party(xml, "Cdtr", &line.name, line.address.as_ref());
            account(xml, "CdtrAcct", &payment.account);
            if !line.purpose.is_empty() {
                xml.text(&["RmtInf", "Ustrd"], &line.purpose);
            }
        });
    }

    /// The bank, if it is told.
    fn agent(&self, xml: &mut Xml, element: &str, account: &Account) {
        match account {
            Account::Iban { bic: Some(bic), .. } => xml.text(&[element, "FinInstnId", self.version.bic_element()], bic),
            Account::Us { routing, .. } => xml.element(element, |xml| {
                xml.element("FinInstnId", |xml| {
                    xml.element("ClrSysMmbId", |xml| {
                        xml.text(&["ClrSysId", "Cd"], "USABA");
                        xml.text(&["MmbId"], routing);
                    });
                });
            }),
            Account::Iban { bic: None, .. } | Account::Wallet { .. } => {}
        }
    }
}

fn party(xml: &mut Xml, element: &str, name: &str, address: Option<&Address>) {
    xml.element(element, |xml| {
        xml.text(&["Nm"], name);
        let Some(address) = address else { return };
        xml.element("PstlAdr", |xml| {
            let mut field = |element, text: Option<&String>| text.into_iter().for_each(|text| xml.text(&[element], text));
            field("StrtNm", address.street.as_ref());
            field("PstCd", address.post_code.as_ref());
            field("TwnNm", Some(&address.town));
            field("CtrySubDvsn", address.region.as_ref());
            field("Ctry", Some(&address.country));
        });
    });
}

fn account(xml: &mut Xml, element: &str, account: &Account) {
    let number = account.number().whole();
    match account {
        Account::Iban { .. } => xml.text(&[element, "Id", "IBAN"], number),
        Account::Wallet { .. } => xml.text(&[element, "Id", "Othr", "Id"], number),
        Account::Us { kind, .. } => xml.element(element, |xml| {
            xml.text(&["Id", "Othr", "Id"], number);
            xml.text(&["Tp", "Cd"], if *kind == UsAccountKind::Savings { "SVGS" } else { "CACC" });
        }),
    }
}

/// Where a payment stands below the document's element.
const TRANSFER: [&str; 3] = ["CstmrCdtTrfInitn", "PmtInf", "CdtTrfTxInf"];

/// What a message asks for, its counts and sums checked.
pub(crate) fn read_back(bytes: &[u8]) -> Result<Vec<Instruction>, BankError> {
    let mut all = Vec::new();
    let document = parse_taking(bytes, &TRANSFER, |transfer| {
        all.push(instruction(&transfer)?);
        Ok(())
    })?;
    let Some(message) = document.at(&["CstmrCdtTrfInitn"]) else {
        return Err(BankError::OtherFile { found: format!("the file is a {}", document.name), known: "a pain.001 is read here" });
    };
    let mut rest = all.as_slice();
    for block in message.all("PmtInf") {
        let (instructions, after) = rest.split_at(block.all("CdtTrfTxInf").count().min(rest.len()));
        compare(block, instructions)?;
        rest = after;
    }
    if !rest.is_empty() {
        return Err(BankError::damaged(message.line, "a second message begins"));
    }
    if let Some(header) = message.at(&["GrpHdr"]) {
        compare(header, &all)?;
    }
    Ok(all)
}

fn instruction(transfer: &Node) -> Result<Instruction, BankError> {
    let missing = |element| BankError::damaged(transfer.line, format!("a payment without {element}"));
    let account = transfer.at(&["CdtrAcct", "Id"]).and_then(|id| id.text_at(&["IBAN"]).or_else(|| id.text_at(&["Othr", "Id"])));
    Ok(Instruction {
        reference: Reference::from_end_to_end(transfer.text_at(&["PmtId", "EndToEndId"])),
        amount: amount(transfer.at(&["Amt", "InstdAmt"]).ok_or_else(|| missing("an amount"))?)?,
        name: transfer.text_at(&["Cdtr", "Nm"]).unwrap_or_default().to_owned(),
        account: AccountNumber::new(account.ok_or_else(|| missing("an account"))?),
        purpose: transfer.text_at(&["RmtInf", "Ustrd"]).unwrap_or_default().to_owned(),
    })
}

/// Compares `NbOfTxs` and `CtrlSum`, where they stand, with the payments that they are about.
fn compare(header: &Node, instructions: &[Instruction]) -> Result<(), BankError> {
    let inconsistent =
        |field, stated: &str, found| Err(BankError::Inconsistent { line: header.line, field, stated: stated.to_owned(), found });
    let found = instructions.len().to_string();
    if let Some(stated) = header.text_at(&["NbOfTxs"]).filter(|stated| **stated != found) {
        return inconsistent("NbOfTxs", stated, found);
    }
    let (Some(stated), Some(first)) = (header.text_at(&["CtrlSum"]), instructions.first()) else { return Ok(()) };
    let wrong = |why| BankError::Amount { line: header.line, why };
    let currency = first.amount.currency();
    let sum = Amount::sum(currency, instructions.iter().map(|instruction| instruction.amount)).map_err(wrong)?;
    if Amount::from_decimal(stated, currency).map_err(wrong)? == sum { Ok(()) } else { inconsistent("CtrlSum", stated, sum.decimal()) }
}

/// An element that holds an amount and names its currency. Which way it goes is said elsewhere, so it has no sign.
pub(crate) fn amount(node: &Node) -> Result<Amount, BankError> {
    let code = node.currency.as_deref().unwrap_or_default();
    let currency = code.parse().map_err(|error| BankError::damaged(node.line, format!("an amount whose currency {error}")))?;
    let amount = Amount::from_decimal(&node.text, currency).map_err(|why| BankError::Amount { line: node.line, why })?;
    if amount.minor_units() < 0 { Err(BankError::damaged(node.line, format!("{amount} is below zero"))) } else { Ok(amount) }
}
