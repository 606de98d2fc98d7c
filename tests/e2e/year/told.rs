//! What a bank says of payments, as it would write it.

use super::collected::Receipt;
use super::model::Model;
use super::money::ONE;
use super::payments::{News, Payment};
use super::world::Books;

/// A status report, or a notification of what has come back.
pub fn message(model: &Model, id: &str, news: &[(usize, News)]) -> String {
    let of = |payment: usize| &model.payments[payment];
    if news.iter().any(|(_, what)| *what == News::Returned) {
        let entry = |(payment, _): &(usize, News)| {
            let Payment { id, amount, .. } = of(*payment);
            let books = of(*payment).arrives_in();
            let digits = digits(books, *amount);
            format!(
                "<Ntry><Amt Ccy=\"{}\">{digits}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>2027-02-03</Dt></BookgDt><NtryDtls><TxDtls><Refs><EndToEndId>{id}</EndToEndId></Refs><RtrInf><Rsn><Cd>MD07</Cd></Rsn></RtrInf></TxDtls></NtryDtls></Ntry>",
                books.currency()
            )
        };
        let entries: String = news.iter().map(entry).collect();
        return format!(
            "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.054.001.08\"><BkToCstmrDbtCdtNtfctn><GrpHdr><MsgId>{id}</MsgId></GrpHdr><Ntfctn>{entries}</Ntfctn></BkToCstmrDbtCdtNtfctn></Document>"
        );
    }
    let status = |(payment, what): &(usize, News)| {
        let code = match what {
            News::Accepted => "ACSP",
            News::Settled => "ACSC",
            News::Rejected | News::Released | News::Returned => "RJCT",
        };
        format!("<TxInfAndSts><OrgnlEndToEndId>{}</OrgnlEndToEndId><TxSts>{code}</TxSts></TxInfAndSts>", of(*payment).id)
    };
    let statuses: String = news.iter().map(status).collect();
    format!(
        "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:pain.002.001.10\"><CstmrPmtStsRpt><GrpHdr><MsgId>{id}</MsgId></GrpHdr><OrgnlPmtInfAndSts>{statuses}</OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>"
    )
}

/// A statement of what has come in, and of what has gone out without a name.
pub fn statement(model: &Model, id: &str, receipts: &[Receipt]) -> String {
    let entry = |receipt: &Receipt| {
        let Receipt { books, amount, names, reference } = receipt;
        let numbers: Vec<&str> = names.iter().filter_map(|invoice| model.numbers.get(invoice)).map(String::as_str).collect();
        let (currency, digits, note) = (books.currency(), digits(*books, amount.abs()), numbers.join(" and "));
        let kind = if *amount < 0 { "DBIT" } else { "CRDT" };
        format!(
            "<Ntry><Amt Ccy=\"{currency}\">{digits}</Amt><CdtDbtInd>{kind}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>2027-02-04</Dt></BookgDt><NtryDtls><TxDtls><Refs><AcctSvcrRef>{reference}</AcctSvcrRef></Refs><RmtInf><Ustrd>for {note}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>"
        )
    };
    let entries: String = receipts.iter().map(entry).collect();
    format!(
        "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\"><BkToCstmrStmt><GrpHdr><MsgId>{id}</MsgId></GrpHdr><Stmt>{entries}</Stmt></BkToCstmrStmt></Document>"
    )
}

/// An amount with the digits of its currency.
fn digits(books: Books, amount: i128) -> String {
    match books.minor() {
        ONE => format!("{}", amount / ONE),
        minor => format!("{}.{:0width$}", amount / ONE, amount % ONE / minor, width = (ONE / minor).ilog10() as usize),
    }
}
