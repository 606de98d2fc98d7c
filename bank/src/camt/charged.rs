//! What banks have taken for their services beside payments, or of what came back, in one entry with them.

use super::{ASKED_FOR, BOOKED, Entry, SENT, first_amount, is_credit, is_return, own_amount};
use crate::answer::Reason;
use crate::pain001::amount;
use crate::xml::Node;
use crate::{Amount, Answer, BankError, Outcome, Reference};

/// The code of charges among those of kinds of entries.
const CHARGES: &str = "CHRG";

/// An entry that is of payments and of charges.
pub(super) struct Charged {
    /// What each transaction is of, without the charges.
    pub amounts: Vec<Amount>,
    /// All charges together.
    pub taken: Amount,
}

impl Entry<'_> {
    /// The charges of an entry, if what went out with them, or what came back without them, are just what it is of: what does not add up is
    /// not guessed. Who bears what was taken of a receipt is for its payer and the MID to say.
    pub(super) fn charged(&self, transactions: &[&Node]) -> Result<Option<Charged>, BankError> {
        let currency = self.amount.currency();
        let (mut amounts, mut charges) = (Vec::new(), Vec::new());
        for transaction in transactions {
            let Some(whole) = self.whole(transaction)?.filter(|whole| whole.currency() == currency) else { return Ok(None) };
            amounts.push(whole);
            charges.extend(charges_of(transaction)?);
        }
        if charges.is_empty() {
            charges.extend(charges_of(self.node)?);
        }
        if charges.is_empty() || charges.iter().any(|charge| charge.currency() != currency || charge.minor_units() <= 0) {
            return Ok(None);
        }
        let sum = |amounts: Vec<Amount>| Amount::sum(currency, amounts).map_err(|why| BankError::Amount { line: self.node.line, why });
        let taken = sum(charges)?;
        let beside = if self.is_credit { self.opposite(taken)? } else { taken };
        let all = sum(amounts.iter().copied().chain([beside]).collect())?;
        Ok(Some(Charged { amounts, taken }).filter(|_| all == self.amount))
    }

    /// What a transaction is of before charges, unless it is a receipt: of what is undone, what was asked for first is said beside what is left.
    fn whole(&self, transaction: &Node) -> Result<Option<Amount>, BankError> {
        let is_same = is_credit(transaction)?.unwrap_or(self.is_credit) == self.is_credit;
        match (self.is_credit, is_return(transaction) || is_return(self.node)) {
            (false, false) if is_same => own_amount(transaction),
            (_, true) if is_same => first_amount(transaction, [ASKED_FOR, SENT, BOOKED]),
            _ => Ok(None),
        }
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
            entry_reference: self.entry_reference(),
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
