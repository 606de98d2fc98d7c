//! Who pays and who is paid: names, addresses and accounts.

use super::{Check, Rule};
use crate::account::Account;
use crate::countries::{is_country, is_in_sepa};
use crate::format::{Format, Originator, Scheme};
use crate::payment::{Address, Name, Payment};

/// Characters of the fields of `PostalAddress24`; other formats have as much room or none at all.
const STREET_MAX: usize = 70;
const POST_CODE_MAX: usize = 16;
const TOWN_MAX: usize = 35;
const REGION_MAX: usize = 35;

impl<'a> Check<'a> {
    pub(super) fn account(&mut self, payment: &Payment) {
        let account = &payment.account;
        if !self.format.takes_account(account, self.currency) {
            let rule = Rule::AccountNotTaken { format: self.format.name(), currency: self.currency };
            return self.about(payment, rule);
        }
        let faults = account.faults();
        let right = faults.is_empty();
        faults.into_iter().for_each(|fault| self.about(payment, Rule::Account(fault)));
        if self.is_formula(account.number().whole()) {
            self.about(payment, Rule::Formula { text: account.number().to_string() });
        }
        if account.number() == self.order.debtor.account.number() {
            self.about(payment, Rule::ToTheDebtor);
        }
        if let Some(rule) = self.unreachable(account).filter(|_| right) {
            self.about(payment, rule);
        }
    }

    /// Why this kind of transfer does not find the bank.
    fn unreachable(&self, account: &Account) -> Option<Rule> {
        let Format::Pain001 { scheme, .. } = self.format else { return None };
        match (scheme, account) {
            (Scheme::Sepa, _) => account.country().filter(|country| !is_in_sepa(country)).map(|country| Rule::OutsideSepa { country }),
            (Scheme::Plain, Account::Iban { bic: None, .. }) => Some(Rule::BicMissing),
            (Scheme::Plain, _) => None,
        }
    }

    /// The payer's name and address, as the format writes them.
    pub(super) fn debtor(&mut self) -> (String, Option<Address>) {
        let debtor = &self.order.debtor;
        let mut rules = Vec::new();
        let name = self.name(&debtor.name, self.limits.debtor_characters_max, &mut rules);
        let address = debtor.address.as_ref().map(|address| self.address(address, &mut rules));
        // Tables name no payer: whoever has logged in pays.
        if !self.format.is_a_table() {
            if self.format.takes_account(&debtor.account, self.currency) {
                rules.extend(debtor.account.faults().into_iter().map(Rule::Account));
                rules.extend(self.unreachable(&debtor.account));
            } else {
                rules.push(Rule::AccountNotTaken { format: self.format.name(), currency: self.currency });
            }
            rules.into_iter().for_each(|rule| self.about_all(Rule::Debtor(Box::new(rule))));
        }
        if let Format::Nacha(originator) = self.format {
            originator_rules(originator).into_iter().for_each(|rule| self.about_all(rule));
        }
        (name, address)
    }

    /// The name that fits, in the format's characters: the full one, else the short one.
    pub(super) fn name(&self, name: &Name, max: usize, rules: &mut Vec<Rule>) -> String {
        let written = |text: &str| self.characters().write_name(text);
        let (full, short) = (written(&name.full), name.short.as_deref().map(written));
        let chosen = match (full, short) {
            (Ok(full), Some(Ok(short))) if full.len() > max => Ok(short),
            (full, _) => full,
        };
        match chosen {
            Ok(chosen) if chosen.len() > max => rules.push(Rule::NameTooLong { characters: chosen.len(), max }),
            Ok(chosen) if self.is_formula(&chosen) => rules.push(Rule::Formula { text: chosen }),
            Ok(chosen) => return chosen,
            Err(why) => rules.push(Rule::Name { why }),
        }
        String::new()
    }

    pub(super) fn address(&self, address: &Address, rules: &mut Vec<Rule>) -> Address {
        let mut field = |name, text: &str, max| {
            let written = self.text(text, |why| Rule::AddressText { field: name, why }, rules);
            if written.len() > max {
                rules.push(Rule::AddressTooLong { field: name, characters: written.len(), max });
            }
            written
        };
        let written = Address {
            street: address.street.as_deref().map(|street| field("street", street, STREET_MAX)),
            post_code: address.post_code.as_deref().map(|code| field("post code", code, POST_CODE_MAX)),
            town: field("town", &address.town, TOWN_MAX),
            region: address.region.as_deref().map(|region| field("region", region, REGION_MAX)),
            country: address.country.clone(),
        };
        if written.town.is_empty() {
            rules.push(Rule::TownMissing);
        }
        if !is_country(&written.country) {
            rules.push(Rule::NoSuchCountry { country: written.country.clone() });
        }
        Address { street: kept(written.street), post_code: kept(written.post_code), region: kept(written.region), ..written }
    }
}

/// A field that has nothing in it is left out.
fn kept(field: Option<String>) -> Option<String> {
    field.filter(|text| !text.is_empty())
}

fn originator_rules(originator: &Originator) -> Vec<Rule> {
    let Originator { company_id, bank_name, file_modifier, entry_description } = originator;
    let plain = |text: &str, lengths: std::ops::RangeInclusive<usize>| {
        let allowed = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || matches!(byte, b' ' | b'-' | b'.' | b'&');
        lengths.contains(&text.len()) && text.bytes().all(allowed) && text.trim() == text
    };
    let fields = [
        (plain(company_id, 10..=10), "company id", "10 capital letters and digits"),
        (plain(bank_name, 1..=23), "bank's name", "1 to 23 capital letters, digits, spaces, - . &"),
        (file_modifier.is_ascii_uppercase() || file_modifier.is_ascii_digit(), "file modifier", "a capital letter or a digit"),
        (plain(entry_description, 1..=10), "entry description", "1 to 10 capital letters, digits, spaces, - . &"),
    ];
    fields.into_iter().filter(|(right, ..)| !right).map(|(_, field, needed)| Rule::Originator { field, needed }).collect()
}
