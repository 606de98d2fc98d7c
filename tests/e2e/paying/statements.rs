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
    /// What the bank has taken beside it, or of it if it has come back, in cents.
    charges: i64,
    /// What says that it undoes another one.
    undoes: &'static str,
}

impl<'a> Entry<'a> {
    pub fn credit(cents: i64, reference: &'a str, note: &'a str) -> Entry<'a> {
        Entry { is_credit: true, cents, reference, note, end_to_end: None, charges: 0, undoes: "" }
    }

    pub fn debit(cents: i64, reference: &'a str, note: &'a str) -> Entry<'a> {
        Entry { is_credit: false, ..Entry::credit(cents, reference, note) }
    }

    /// The same, as the payment with that id.
    pub fn of_payment(self, id: &'a str) -> Entry<'a> {
        Entry { end_to_end: Some(id), ..self }
    }

    /// The same, with so many cents that the bank has taken beside it, or of it if it has come back.
    pub fn with_charges(self, charges: i64) -> Entry<'a> {
        Entry { charges, ..self }
    }

    /// The same, as a payment that has come back, or a receipt that has gone back.
    pub fn returned(self) -> Entry<'a> {
        Entry { undoes: "<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>", ..self }
    }
}

/// A statement in euro with that id.
pub fn statement(id: &str, entries: &[Entry<'_>]) -> String {
    let entry = |entry: &Entry<'_>| {
        let Entry { is_credit, cents, reference, note, end_to_end, charges, undoes } = entry;
        let euros = |cents: i64| format!("{}.{:02}", cents / 100, cents % 100);
        let (moved, kind) = if *is_credit { (cents - charges, "CRDT") } else { (cents + charges, "DBIT") };
        let (amount, whole) = (euros(moved), euros(*cents));
        let asked_for = format!("<AmtDtls><InstdAmt><Amt Ccy=\"EUR\">{whole}</Amt></InstdAmt></AmtDtls>");
        let own = if *is_credit { asked_for } else { format!("<Amt Ccy=\"EUR\">{whole}</Amt>") };
        let taken = format!("{own}<Chrgs><TtlChrgsAndTaxAmt Ccy=\"EUR\">{}</TtlChrgsAndTaxAmt></Chrgs>", euros(*charges));
        let taken = if *charges == 0 { String::new() } else { taken };
        let id = end_to_end.map(|id| format!("<Refs><EndToEndId>{id}</EndToEndId></Refs>")).unwrap_or_default();
        format!(
            "<Ntry><Amt Ccy=\"EUR\">{amount}</Amt><CdtDbtInd>{kind}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>2026-11-20</Dt></BookgDt>\
             <AcctSvcrRef>{reference}</AcctSvcrRef><NtryDtls><TxDtls>{id}{taken}{undoes}<RmtInf><Ustrd>{note}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>"
        )
    };
    let entries: String = entries.iter().map(entry).collect();
    format!(
        "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\"><BkToCstmrStmt><GrpHdr><MsgId>{id}</MsgId></GrpHdr>\
         <Stmt>{entries}</Stmt></BkToCstmrStmt></Document>\n"
    )
}
