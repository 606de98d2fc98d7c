//! The journal for other programs: a journal of hledger, and a table of comma-separated values. Both are exact.

use farthing_schemas::Currency;
use farthing_settle::journal::{Account, AccountKind, Entry, Posting};
use std::collections::BTreeSet;

/// A journal of hledger, which its strict checks accept: every account and currency is declared, and every amount has 12 digits after its
/// point. An account is `MID:KIND` or `MID:KIND:OWNER`.
pub fn hledger(entries: &[Entry]) -> String {
    let postings = || entries.iter().flat_map(|entry| entry.postings().iter().map(move |posting| (entry, posting)));
    let currencies: BTreeSet<Currency> = postings().map(|(_, posting)| posting.currency).collect();
    let accounts: BTreeSet<(&str, &Account)> = postings().map(|(entry, posting)| (entry.header().mid.as_str(), &posting.account)).collect();
    let kinds: BTreeSet<(&str, AccountKind)> = accounts.iter().map(|(mid, account)| (*mid, account.kind())).collect();
    let mut lines = vec!["; The journal of Farthing. Debits are above 0, credits below.".to_owned(), String::new()];
    lines.extend(currencies.iter().map(|currency| format!("commodity 1000.000000000000 {currency}")));
    lines.push(String::new());
    lines.extend(kinds.iter().map(|(mid, kind)| format!("account {}:{kind}  ; type:{}", name(mid), type_of(*kind))));
    let owned = accounts.iter().filter(|(_, account)| !account.owner().is_empty());
    lines.extend(owned.map(|(mid, account)| format!("account {}", account_name(mid, account))));
    lines.extend(entries.iter().map(transaction));
    lines.join("\n") + "\n"
}

fn transaction(entry: &Entry) -> String {
    let header = entry.header();
    let day = |time: String| time.chars().take("2026-11-02".len()).collect::<String>();
    let cycle = header.cycle.map_or(String::new(), |cycle| format!(" {cycle}"));
    let reverses = header.reverses.map_or(String::new(), |number| format!(", reverses:{number}"));
    let mut lines = vec![
        String::new(),
        format!(
            "{}={} ({}) {}{cycle} | {}",
            day(header.happened.to_string()),
            day(header.booked.to_string()),
            header.place.number,
            header.kind.as_str(),
            said(&header.reason)
        ),
        format!("    ; happened:{}, booked:{}{reverses}", header.happened, header.booked),
        format!("    ; {}:{}, reference:{}", header.evidence.kind.as_str(), header.evidence.sha256, said(&header.reference)),
        format!("    ; sha256:{}", entry.sha256()),
    ];
    let posting =
        |posting: &Posting| format!("    {}  {} {}", account_name(&header.mid, &posting.account), posting.amount, posting.currency);
    lines.extend(entry.postings().iter().map(posting));
    lines.join("\n")
}

fn account_name(mid: &str, account: &Account) -> String {
    match account.owner() {
        "" => format!("{}:{}", name(mid), account.kind()),
        owner => format!("{}:{}:{}", name(mid), account.kind(), name(owner)),
    }
}

/// A name of which no character means anything to hledger: those that might, and `%`, are written as `%` and two hexadecimal digits a byte.
fn name(id: &str) -> String {
    let plain = |character: char| character.is_alphanumeric() || matches!(character, '_' | '-' | '.' | '/' | '@');
    let mut name = String::new();
    for character in id.chars() {
        if plain(character) {
            name.push(character);
        } else {
            let mut bytes = [0; 4];
            character.encode_utf8(&mut bytes).bytes().for_each(|byte| name.push_str(&format!("%{byte:02X}")));
        }
    }
    name
}

/// Words of a person on one line, without what would end a description or a tag.
fn said(text: &str) -> String {
    let plain = |character: char| if character.is_control() || matches!(character, ';' | '|' | ',') { ' ' } else { character };
    text.chars().map(plain).collect::<String>().trim().to_owned()
}

/// What hledger calls the kind in a balance sheet or an income statement: an asset, a liability, revenue, cash or equity.
fn type_of(kind: AccountKind) -> char {
    match kind {
        AccountKind::PlatformReceivable => 'A',
        AccountKind::PartyPayable
        | AccountKind::Suspense
        | AccountKind::Held
        | AccountKind::Reserve
        | AccountKind::WithheldTax
        | AccountKind::InFlight => 'L',
        AccountKind::FeeIncome => 'R',
        AccountKind::Bank => 'C',
        AccountKind::Fx => 'E',
    }
}

/// The columns of [`csv()`].
const COLUMNS: [&str; 18] = [
    "entry",
    "line",
    "happened",
    "booked",
    "kind",
    "mid",
    "cycle",
    "account",
    "owner",
    "currency",
    "debit",
    "credit",
    "reason",
    "reference",
    "reverses",
    "evidence_kind",
    "evidence_sha256",
    "entry_sha256",
];

/// One row a posting, with a head.
pub fn csv(entries: &[Entry]) -> anyhow::Result<String> {
    let mut out = csv::Writer::from_writer(Vec::new());
    out.write_record(COLUMNS)?;
    for entry in entries {
        let (header, sha256) = (entry.header(), entry.sha256());
        for (line, posting) in (1_u64..).zip(entry.postings()) {
            let (debit, credit) = debit_and_credit(posting)?;
            out.write_record([
                &header.place.number.to_string(),
                &line.to_string(),
                &header.happened.to_string(),
                &header.booked.to_string(),
                header.kind.as_str(),
                &header.mid,
                &header.cycle.map_or(String::new(), |cycle| cycle.to_string()),
                posting.account.kind().as_str(),
                posting.account.owner(),
                posting.currency.code(),
                &debit,
                &credit,
                &header.reason,
                &header.reference,
                &header.reverses.map_or(String::new(), |number| number.to_string()),
                header.evidence.kind.as_str(),
                &header.evidence.sha256,
                &sha256,
            ])?;
        }
    }
    Ok(String::from_utf8(out.into_inner()?)?)
}

/// The amount in the column where an accountant looks for it; the other one is empty.
pub fn debit_and_credit(posting: &Posting) -> anyhow::Result<(String, String)> {
    if posting.amount.units() > 0 {
        return Ok((posting.amount.to_string(), String::new()));
    }
    Ok((String::new(), posting.amount.negated()?.to_string()))
}
