//! Withholding tax: a part of what is paid goes to the account of the tax instead of the party's bank.
//!
//! It is withheld **of what is paid**, and not of what is earned, as laws of withholding have it. So
//! - what waits below a threshold, is held or has no way to be paid is not taxed until it is paid, and then once, at the rate that is in
//!   force then;
//! - what is recovered for a reversal is not paid, and so not taxed: where income was taxed and is undone later, the base of the payments
//!   to come is smaller by just that much, and nothing has to be asked back of an authority. In the end the base is all that was
//!   earned and not undone;
//! - what is passed on to heirs is taxed as theirs, at their rates;
//! - what had come back from a bank is paid once more without a tax, which was withheld of it before: whenever that is, and in whatever
//!   currency. What an heir gets of it is taxed as the heir's.
//!
//! A cycle's rate is that of its end, the first instant at which it can be paid; the cycle counts for the year of that instant.
//!
//! **Rounding.** The base is what could be paid without a tax: a whole number of minor units. The tax is `floor(base x rate)`, cut down to
//! whole minor units: an authority takes no less than one, and nobody is withheld more than the law says. So what is paid is a whole
//! number of them, too; base = withheld + paid, to the unit; and what is below a minor unit stays owed, and untaxed.

use super::View;
use super::pay::{Decision, decide};
use crate::book::transfer;
use crate::error::SettleError;
use crate::input::{Input, Payee, Tax};
use crate::moves::{Account, Move, Rule, Step};
use farthing_schemas::Money;

/// One move per party that is paid and taxed.
///
/// # Errors
/// A party that is not among the payees, or a sum that does not fit.
pub fn moves(view: View<'_>) -> Result<Vec<Move>, SettleError> {
    let mut moves = Vec::new();
    for (party, tax) in &view.input.taxes {
        let Some(sums) = view.book.party(party) else { continue };
        if let Decision::Pay { withheld, .. } = decide(view.input, Taxed::of(view.input, party)?, sums.available)? {
            let (from, to) = (Account::Party(party.as_str().into()), Account::Withheld(party.as_str().into()));
            moves.extend(transfer(Step::Withhold, Rule::Tax(Box::new(tax.clone())), from, to, withheld)?);
        }
    }
    Ok(moves)
}

/// A payee, and what is withheld of what it is paid.
#[derive(Clone, Copy, Debug)]
pub struct Taxed<'a> {
    /// How it is paid.
    pub payee: &'a Payee,
    /// What is withheld, if anything is by law.
    pub tax: Option<&'a Tax>,
    /// What had come back and was not paid since: a tax was withheld of it when it was paid first.
    pub untaxed: Money,
}

impl<'a> Taxed<'a> {
    /// The party of that id.
    ///
    /// # Errors
    /// One that is not among the payees.
    pub fn of(input: &'a Input, party: &str) -> Result<Taxed<'a>, SettleError> {
        let payee = input.payees.get(party).ok_or_else(|| SettleError::UnknownPayee(party.to_owned()))?;
        let untaxed = input.untaxed.get(party).copied().unwrap_or_default().plus(input.returned_to(party)?)?;
        Ok(Taxed { payee, tax: input.taxes.get(party), untaxed })
    }
}

/// What is withheld of a base.
///
/// ```
/// use farthing_schemas::{Currency, Money};
/// use farthing_settle::input::Tax;
/// use farthing_settle::steps::withhold::withheld_of;
/// let tax = Tax { jurisdiction: "DE".into(), withholding: "wht_all".into(), certificate: None, rate: "0.15825".parse()? };
/// let base: Money = "10.01".parse()?;
/// // 1.5840825, cut down to cents.
/// assert_eq!(withheld_of(base, &tax, "EUR".parse::<Currency>()?)?, "1.58".parse()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// None for a rate of at most one: nothing is hidden.
pub fn withheld_of(base: Money, tax: &Tax, currency: farthing_schemas::Currency) -> Result<Money, SettleError> {
    Ok(tax.rate.floor_of(base)?.cut_down_to(currency.minor_unit()))
}
