//! What is booked when withheld taxes are paid to a tax office.

use super::account::Account;
use super::approval::Occasion;
use super::entry::{Entry, EntryKind, Evidence, EvidenceKind, Header, Posting, Sums};
use crate::draft::Draft;
use crate::error::SettleError;
use farthing_schemas::{Currency, Money};
use std::collections::BTreeMap;

/// What was paid to a tax office.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaidToOffice<'a> {
    /// The MID that withheld.
    pub mid: &'a str,
    /// In which currency.
    pub currency: Currency,
    /// What was withheld of whom: of every cycle that is paid.
    pub withheld: Vec<&'a BTreeMap<String, Money>>,
    /// SHA-256 of the document that shows it, in hex.
    pub evidence_sha256: &'a str,
}

/// What a draft withholds for the taxes of a jurisdiction, by party.
#[must_use]
pub fn withheld_for(draft: &Draft, jurisdiction: &str) -> BTreeMap<String, Money> {
    let lines = draft.taxes.iter().filter(|line| line.tax.jurisdiction == jurisdiction && line.withheld != Money::ZERO);
    lines.map(|line| (line.party.clone(), line.withheld)).collect()
}

/// What a remittance books: what was withheld of each party has left the bank.
///
/// # Errors
/// A sum that does not fit.
pub fn entry_of_remittance(remitted: &PaidToOffice<'_>, occasion: Occasion) -> Result<Entry, SettleError> {
    let mut sums = Sums::default();
    for (party, amount) in remitted.withheld.iter().flat_map(|parties| parties.iter()) {
        let posting = |account, amount| Posting { account, currency: remitted.currency, amount };
        sums.add(posting(Account::WithheldTax(party.clone()), *amount))?;
        sums.add(posting(Account::Bank, amount.negated()?))?;
    }
    let evidence = Evidence { kind: EvidenceKind::Payment, sha256: remitted.evidence_sha256.to_owned() };
    let Occasion { place, happened, booked, reason, reference } = occasion;
    let (kind, mid) = (EntryKind::Remittance, remitted.mid.to_owned());
    Entry::of(Header { place, kind, mid, cycle: None, happened, booked, reason, reference, reverses: None, evidence }, sums)
}
