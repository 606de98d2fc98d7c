//! [`check`]: whether a bank will take a file, judged before it is written. Writers take nothing that has not passed it.

mod parties;
mod rule;

pub use rule::{Finding, Rule};

use crate::Amount;
use crate::characters::{CharacterSet, TextError};
use crate::format::{Format, Limits};
use crate::payment::{Address, Order, Payment, Totals};
use farthing_schemas::Currency;
use std::collections::BTreeMap;

/// An order that can be written in one format, with its texts in that format's characters.
#[derive(Clone, Debug)]
pub struct Checked<'a> {
    pub(crate) order: &'a Order,
    pub(crate) format: &'a Format,
    pub(crate) totals: Totals,
    pub(crate) debtor_name: String,
    pub(crate) debtor_address: Option<Address>,
    pub(crate) lines: Vec<Line<'a>>,
}

/// One payment, ready to be written.
#[derive(Clone, Debug)]
pub(crate) struct Line<'a> {
    pub(crate) payment: &'a Payment,
    pub(crate) name: String,
    pub(crate) address: Option<Address>,
    pub(crate) purpose: String,
}

/// What a check goes by, and what it has found so far.
struct Check<'a> {
    order: &'a Order,
    format: &'a Format,
    currency: Currency,
    limits: Limits,
    findings: Vec<Finding>,
}

/// Checks all of an order against a format, and its sums against what the journal says has to be moved.
///
/// # Errors
/// Everything that is wrong, with the payment that it is about and the rule that it breaks.
pub fn check<'a>(order: &'a Order, format: &'a Format, journal: &Totals) -> Result<Checked<'a>, Vec<Finding>> {
    let currency = journal.amount.currency();
    let mut check = Check { order, format, currency, limits: format.limits(currency), findings: Vec::new() };
    check.totals(journal);
    check.execution();
    check.unique_ids();
    let (debtor_name, debtor_address) = check.debtor();
    let lines: Vec<Line<'a>> = order.payments.iter().map(|payment| check.payment(payment)).collect();
    if check.findings.is_empty() {
        Ok(Checked { order, format, totals: *journal, debtor_name, debtor_address, lines })
    } else {
        Err(check.findings)
    }
}

impl<'a> Check<'a> {
    fn about_all(&mut self, rule: Rule) {
        self.findings.push(Finding { payment: None, account: None, rule });
    }

    fn about(&mut self, payment: &Payment, rule: Rule) {
        let (id, account) = (payment.id.clone(), payment.account.to_string());
        self.findings.push(Finding { payment: Some(id), account: Some(account), rule });
    }

    fn totals(&mut self, journal: &Totals) {
        let payments = &self.order.payments;
        let found = payments.len();
        if found == 0 {
            self.about_all(Rule::Empty);
        }
        if found > self.limits.payments_max {
            self.about_all(Rule::TooMany { found, max: self.limits.payments_max });
        }
        if found != journal.payments {
            self.about_all(Rule::Count { found, journal: journal.payments });
        }
        if !self.format.takes_currency(self.currency) {
            self.about_all(Rule::CurrencyNotTaken { currency: self.currency, format: self.format.name() });
        }
        // Payments in other currencies are found one by one.
        let in_currency = payments.iter().map(|payment| payment.amount).filter(|amount| amount.currency() == self.currency);
        let max = Amount::from_minor_units(self.limits.total_max_minor_units, self.currency);
        match Amount::sum(self.currency, in_currency) {
            Ok(sum) if sum <= max && sum != journal.amount => self.about_all(Rule::Total { found: sum, journal: journal.amount }),
            Ok(sum) if sum <= max => {}
            _ => self.about_all(Rule::TotalTooLarge { max }),
        }
    }

    fn execution(&mut self) {
        let created = crate::dates::day_of(self.order.created);
        if self.order.execution < created {
            self.about_all(Rule::ExecutionInThePast { execution: self.order.execution, created });
        }
    }

    /// No two ids are alike, also not in as much of them as the format's answers have.
    fn unique_ids(&mut self) {
        let order = self.order;
        let mut seen: BTreeMap<&str, &Payment> = BTreeMap::new();
        for payment in &order.payments {
            let beginning = payment.id.beginning(self.limits.id_characters);
            match seen.insert(beginning, payment) {
                Some(other) if other.id == payment.id => self.about(payment, Rule::DuplicateId),
                Some(other) => self.about(payment, Rule::SameBeginning { other: other.id.clone(), characters: self.limits.id_characters }),
                None => {}
            }
        }
    }

    fn payment(&mut self, payment: &'a Payment) -> Line<'a> {
        self.amount(payment);
        self.account(payment);
        let mut rules = Vec::new();
        if self.is_formula(payment.id.as_str()) {
            rules.push(Rule::Formula { text: payment.id.to_string() });
        }
        let name = self.name(&payment.creditor.name, self.limits.name_characters_max, &mut rules);
        let purpose = self.purpose(&payment.purpose, &mut rules);
        let address = payment.creditor.address.as_ref().map(|address| self.address(address, &mut rules));
        rules.into_iter().for_each(|rule| self.about(payment, rule));
        Line { payment, name, address, purpose }
    }

    fn amount(&mut self, payment: &Payment) {
        let amount = payment.amount;
        if amount.currency() != self.currency {
            return self.about(payment, Rule::OtherCurrency { found: amount.currency(), file: self.currency });
        }
        let max = Amount::from_minor_units(self.limits.payment_max_minor_units, self.currency);
        if amount.minor_units() <= 0 {
            self.about(payment, Rule::NotPositive { amount });
        } else if amount > max {
            self.about(payment, Rule::TooMuch { amount, max });
        }
        let whole = 10_i128.pow(crate::amount::minor_digits(self.currency));
        if !self.format.takes_fractions(self.currency) && amount.minor_units() % whole != 0 {
            self.about(payment, Rule::NoFractions { amount });
        }
    }

    fn purpose(&self, purpose: &str, rules: &mut Vec<Rule>) -> String {
        let max = self.limits.purpose_characters_max;
        let written = self.text(purpose, |why| Rule::Purpose { why }, rules);
        if written.len() > max {
            rules.push(Rule::PurposeTooLong { characters: written.len(), max });
        }
        written
    }

    /// A text in the format's characters; nothing if it cannot be written.
    fn text(&self, text: &str, rule: impl Fn(TextError) -> Rule, rules: &mut Vec<Rule>) -> String {
        let written = self.characters().write(text).unwrap_or_else(|why| {
            rules.push(rule(why));
            String::new()
        });
        if self.is_formula(&written) {
            rules.push(Rule::Formula { text: written.clone() });
        }
        written
    }

    fn is_formula(&self, text: &str) -> bool {
        self.format.is_a_table() && text.starts_with(['=', '+', '-', '@'])
    }

    const fn characters(&self) -> CharacterSet {
        self.limits.characters
    }
}
