//! What the bank has taken for its services beside payments, in one entry with them.

use super::{Entry, is_credit, own_amount};
use crate::answer::Reason;
use crate::pain001::amount;
use crate::xml::Node;
use crate::{Amount, Answer, BankError, Outcome, Reference};

/// The code of charges among those of kinds of entries.
const CHARGES: &str = "CHRG";

impl Entry<'_> {
    /// The charges of an entry of debits, if payments and charges together are just what it is of: what does not add up is not guessed.
    pub(super) fn charged(&self, transactions: &[&Node]) -> Result<Option<Amount>, BankError> {
        let currency = self.amount.currency();
        let (mut paid, mut charges) = (Vec::new(), Vec::new());
        for transaction in transactions {
            let own = own_amount(transaction)?.filter(|own| own.currency() == currency);
            let is_payment = !is_credit(transaction)?.unwrap_or(self.is_credit);
            let Some(own) = own.filter(|_| is_payment) else { return Ok(None) };
            paid.push(own);
            charges.extend(charges_of(transaction)?);
        }
        if charges.is_empty() {
            charges.extend(charges_of(self.node)?);
        }
        if charges.is_empty() || charges.iter().any(|charge| charge.currency() != currency || charge.minor_units() <= 0) {
            return Ok(None);
        }
        let sum = |amounts: Vec<Amount>| Amount::sum(currency, amounts).map_err(|why| BankError::Amount { line: self.node.line, why });
        let taken = sum(charges.clone())?;
        let all = sum(paid.into_iter().chain(charges).collect())?;
        Ok(Some(taken).filter(|_| all == self.amount))
    }

    /// A debit of no payment of ours.
    pub(super) fn answer_of_charges(&self, taken: Amount) -> Answer {
        Answer {
            reference: Reference::None,
            outcome: Outcome::Settled,
            reason: Reason::of(Some(CHARGES), None),
            amount: Some(taken),
            booked: self.booked,
            bank_reference: self.bank_reference(self.node),
            words: None,
        }
    }
}

/// The charges that a transaction or an entry tells: their total, or each of them.
fn charges_of(node: &Node) -> Result<Vec<Amount>, BankError> {
    let mut found = Vec::new();
    for charges in node.all("Chrgs") {
        if let Some(total) = charges.at(&["TtlChrgsAndTaxAmt"]) {
            found.push(amount(total)?);
            continue;
        }
        let records: Vec<&Node> = charges.all("Rcrd").collect();
        let records = if records.is_empty() { vec![charges] } else { records };
        for record in records {
            // What is given back lowers nothing here: then it does not add up, and a person looks at it.
            if is_credit(record)? != Some(true) {
                found.extend(record.at(&["Amt"]).map(amount).transpose()?);
            }
        }
    }
    Ok(found)
}
