//! Statements of the MID's bank, as they are wanted.

/// What a statement tells.
#[derive(Clone, Copy)]
pub struct Entry<'a> {
    is_credit: bool,
    cents: i64,
    /// What the bank calls it.
    reference: &'a str,
    /// What it is for.
    note: &'a str,
    /// The id of the payment that it is.
    end_to_end: Option<&'a str>,
    /// What the bank has taken beside it, in cents.
    charges: i64,
}

impl<'a> Entry<'a> {
    pub fn credit(cents: i64, reference: &'a str, note: &'a str) -> Entry<'a> {
        Entry { is_credit: true, cents, reference, note, end_to_end: None, charges: 0 }
    }

    pub fn debit(cents: i64, reference: &'a str, note: &'a str) -> Entry<'a> {
        Entry { is_credit: false, ..Entry::credit(cents, reference, note) }
    }

    /// The same, as the payment with that id.
    pub fn of_payment(self, id: &'a str) -> Entry<'a> {
        Entry { end_to_end: Some(id), ..self }
    }

    /// The same, with so many cents that the bank has taken beside it.
    pub fn with_charges(self, charges: i64) -> Entry<'a> {
        Entry { charges, ..self }
    }
}

/// A statement in euro with that id.
pub fn statement(id: &str, entries: &[Entry<'_>]) -> String {
    let entry = |entry: &Entry<'_>| {
        let Entry { is_credit, cents, reference, note, end_to_end, charges } = entry;
        let euros = |cents: i64| format!("{}.{:02}", cents / 100, cents % 100);
        let (amount, kind) = (euros(cents + charges), if *is_credit { "CRDT" } else { "DBIT" });
        let taken = format!(
            "<Amt Ccy=\"EUR\">{}</Amt><Chrgs><TtlChrgsAndTaxAmt Ccy=\"EUR\">{}</TtlChrgsAndTaxAmt></Chrgs>",
            euros(*cents),
            euros(*charges)
        );
        let taken = if *charges == 0 { String::new() } else { taken };
        let id = end_to_end.map(|id| format!("<Refs><EndToEndId>{id}</EndToEndId></Refs>")).unwrap_or_default();
        format!(
            "<Ntry><Amt Ccy=\"EUR\">{amount}</Amt><CdtDbtInd>{kind}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>2026-11-20</Dt></BookgDt>\
             <AcctSvcrRef>{reference}</AcctSvcrRef><NtryDtls><TxDtls>{id}{taken}<RmtInf><Ustrd>{note}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>"
        )
    };
    let entries: String = entries.iter().map(entry).collect();
    format!(
        "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\"><BkToCstmrStmt><GrpHdr><MsgId>{id}</MsgId></GrpHdr>\
         <Stmt>{entries}</Stmt></BkToCstmrStmt></Document>\n"
    )
}
