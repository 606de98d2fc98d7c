//! What a bank says of payments, as it would write it.

use super::model::Model;
use super::money::ONE;
use super::payments::{News, Payment};

/// A status report, or a notification of what has come back.
pub fn message(model: &Model, id: &str, news: &[(usize, News)]) -> String {
    let of = |payment: usize| &model.payments[payment];
    if news.iter().any(|(_, what)| *what == News::Returned) {
        let entry = |(payment, _): &(usize, News)| {
            let Payment { id, amount, .. } = of(*payment);
            let books = of(*payment).arrives_in();
            let digits = match books.minor() {
                ONE => format!("{}", amount / ONE),
                minor => format!("{}.{:0width$}", amount / ONE, amount % ONE / minor, width = (ONE / minor).ilog10() as usize),
            };
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
