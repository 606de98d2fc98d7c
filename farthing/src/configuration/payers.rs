//! `[payers.MID.METHOD]`: from where a MID pays those whose payout instruction names that method, and in which form it tells its bank.

use anyhow::{Context, bail, ensure};
use farthing_bank::account::UsAccountKind;
use farthing_bank::format::{DecimalMark, Originator, PainVersion, Scheme};
use farthing_bank::payment::{Address, Debtor, Name};
use farthing_bank::{Account, AccountNumber, Format, FormatKind};
use farthing_schemas::Currency;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;

/// All payers: by MID, then by method.
pub type Payers = BTreeMap<String, BTreeMap<String, PayerTable>>;

/// `[payers.MID.METHOD]`.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PayerTable {
    /// `pain.001.001.09`, `pain.001.001.03`, `nacha`, `paypal` or `wise`.
    format: String,
    /// What the bank calls the payer.
    name: String,
    /// A shorter form, for formats with less room.
    short_name: Option<String>,
    /// `sepa` for euro between accounts that SEPA reaches, `plain` for all else; of pain.001 alone [sepa].
    scheme: Option<String>,
    /// The currency that it pays in [any].
    currency: Option<String>,
    /// Days after the release on which the bank is to pay [1].
    #[serde(default = "one_day")]
    pub days: u32,
    /// What stands before the cycle in what the payee reads [Payout].
    purpose: Option<String>,
    /// Where it pays from: an IBAN,
    iban: Option<String>,
    /// with the BIC of its bank where the scheme is `plain`;
    bic: Option<String>,
    /// or a routing number of the United States
    routing: Option<String>,
    /// with an account number
    account: Option<String>,
    /// that is of a `checking` or a `savings` account [checking].
    account_type: Option<String>,
    /// Where the payer sits.
    address: Option<AddressTable>,
    /// Ten characters by which the bank knows the payer; of NACHA alone, like the next two.
    company_id: Option<String>,
    /// The bank's name.
    bank_name: Option<String>,
    /// What the payments are, in up to ten characters [PAYOUT].
    entry_description: Option<String>,
    /// `point` or `comma`, as the payer's PayPal account writes amounts [point].
    decimal_mark: Option<String>,
    /// The balance that Wise pays from [the draft's currency].
    source_currency: Option<String>,
}

/// An account, as a payer's table and a party's payout instruction name it. Numbers are masked wherever they are shown.
#[derive(Clone, Default, Deserialize)]
pub struct AccountTable {
    iban: Option<String>,
    bic: Option<String>,
    routing: Option<String>,
    account: Option<String>,
    account_type: Option<String>,
    receiver: Option<String>,
}

/// A postal address.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddressTable {
    street: Option<String>,
    post_code: Option<String>,
    town: String,
    region: Option<String>,
    country: String,
}

/// A payer, ready to pay.
#[derive(Clone, Debug)]
pub struct Payer {
    pub debtor: Debtor,
    pub format: Format,
    pub days: u32,
    pub purpose: String,
}

const fn one_day() -> u32 {
    1
}

impl PayerTable {
    /// The payer of payouts in that currency.
    pub fn payer(&self, currency: Currency) -> anyhow::Result<Payer> {
        let pays = named(self.currency.as_ref(), currency)?;
        ensure!(pays == currency, "it pays in {pays}, and not in {currency}");
        let format = self.format(currency)?;
        let account = match (&format, self.accounts().account()?) {
            (_, Some(account)) => account,
            // Tables name no payer: whoever has logged in pays.
            (Format::Paypal { .. } | Format::Wise { .. }, None) => Account::Wallet { receiver: AccountNumber::new("") },
            (_, None) => bail!("it names no account: iban, or routing and account"),
        };
        let name = Name { full: self.name.clone(), short: self.short_name.clone() };
        let debtor = Debtor { name, address: self.address.as_ref().map(AddressTable::address), account };
        let purpose = self.purpose.clone().unwrap_or_else(|| "Payout".to_owned());
        Ok(Payer { debtor, format, days: self.days, purpose })
    }

    fn accounts(&self) -> AccountTable {
        let PayerTable { iban, bic, routing, account, account_type, .. } = self.clone();
        AccountTable { iban, bic, routing, account, account_type, receiver: None }
    }

    fn format(&self, currency: Currency) -> anyhow::Result<Format> {
        let kind: FormatKind = self.format.parse()?;
        let needed = |value: &Option<String>, field: &str| value.clone().with_context(|| format!("{} needs {field}", kind.as_str()));
        Ok(match kind {
            FormatKind::Nacha => Format::Nacha(Originator {
                company_id: needed(&self.company_id, "company_id")?,
                bank_name: needed(&self.bank_name, "bank_name")?,
                file_modifier: 'A',
                entry_description: self.entry_description.clone().unwrap_or_else(|| "PAYOUT".to_owned()),
            }),
            FormatKind::Paypal => Format::Paypal { decimal_mark: self.decimal_mark()? },
            FormatKind::Wise => Format::Wise { source: named(self.source_currency.as_ref(), currency)? },
            FormatKind::Pain001V03 => Format::Pain001 { version: PainVersion::V03, scheme: self.scheme()? },
            FormatKind::Pain001V09 => Format::Pain001 { version: PainVersion::V09, scheme: self.scheme()? },
        })
    }

    fn scheme(&self) -> anyhow::Result<Scheme> {
        match self.scheme.as_deref() {
            None | Some("sepa") => Ok(Scheme::Sepa),
            Some("plain") => Ok(Scheme::Plain),
            Some(other) => bail!("scheme {other:?} is neither sepa nor plain"),
        }
    }

    fn decimal_mark(&self) -> anyhow::Result<DecimalMark> {
        match self.decimal_mark.as_deref() {
            None | Some("point") => Ok(DecimalMark::Point),
            Some("comma") => Ok(DecimalMark::Comma),
            Some(other) => bail!("decimal_mark {other:?} is neither point nor comma"),
        }
    }
}

/// A currency that may be named.
fn named(name: Option<&String>, otherwise: Currency) -> anyhow::Result<Currency> {
    name.map_or(Ok(otherwise), |name| name.parse().with_context(|| format!("{name:?} is no currency")))
}

impl AccountTable {
    /// The account, if one is named; two are a contradiction.
    pub fn account(&self) -> anyhow::Result<Option<Account>> {
        let AccountTable { iban, bic, routing, account, account_type, receiver } = self;
        Ok(Some(match (iban, (routing, account), receiver) {
            (None, (None, None), None) => return Ok(None),
            (Some(iban), (None, None), None) => Account::Iban { iban: AccountNumber::new(iban), bic: bic.clone() },
            (None, (Some(routing), Some(account)), None) => {
                let kind = match account_type.as_deref() {
                    None | Some("checking") => UsAccountKind::Checking,
                    Some("savings") => UsAccountKind::Savings,
                    Some(_) => bail!("account_type is neither checking nor savings"),
                };
                Account::Us { routing: routing.clone(), number: AccountNumber::new(account), kind }
            }
            (None, (None, None), Some(receiver)) => Account::Wallet { receiver: AccountNumber::new(receiver) },
            _ => bail!("one account is needed: iban (with bic), or routing with account, or receiver"),
        }))
    }
}

impl AddressTable {
    /// The address as bank files have it.
    pub fn address(&self) -> Address {
        let AddressTable { street, post_code, town, region, country } = self.clone();
        Address { street, post_code, town, region, country }
    }
}

/// Likewise.
impl fmt::Debug for PayerTable {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = out.debug_struct("PayerTable");
        shown.field("format", &self.format).field("name", &self.name).field("account", &self.accounts()).finish_non_exhaustive()
    }
}

/// No number is shown whole.
impl fmt::Debug for AccountTable {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.account() {
            Ok(Some(account)) => write!(out, "{account}"),
            Ok(None) => out.write_str("none"),
            Err(_) => out.write_str("several"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payer(table: &str, currency: &str) -> Result<String, String> {
        let table: PayerTable = toml::from_str(table).map_err(|error| error.message().to_owned())?;
        let shown = |payer: Payer| format!("{} {} {}", payer.format.kind().as_str(), payer.format.name(), payer.debtor.account);
        table.payer(currency.parse().unwrap()).map(shown).map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn a_table_is_a_payer_or_says_what_is_missing() {
        let sepa = "format = 'pain.001.001.09'\nname = 'Guild'\niban = 'DE89370400440532013000'\n";
        assert_eq!(payer(sepa, "EUR").as_deref(), Ok("pain.001.001.09 a SEPA transfer (pain.001) IBAN ***3000"));
        let us = "format = 'nacha'\nname = 'Guild'\nrouting = '021000021'\naccount = '123456789'\nbank_name = 'B'\n";
        assert_eq!(payer(us, "USD").unwrap_err(), "nacha needs company_id");
        assert_eq!(payer(&format!("{us}company_id = '1234567890'"), "USD").unwrap(), "nacha a NACHA file account ***6789 at 021000021");
        assert_eq!(payer("format = 'wise'\nname = 'Guild'", "GBP").unwrap(), "wise a batch of Wise wallet ***");
        for (table, why) in [
            (format!("{sepa}currency = 'USD'"), "it pays in USD, and not in EUR"),
            (format!("{sepa}scheme = 'swift'"), "scheme \"swift\" is neither sepa nor plain"),
            (format!("{sepa}routing = '021000021'"), "one account is needed: iban (with bic), or routing with account, or receiver"),
            (
                "format = 'swift'\nname = 'x'".to_owned(),
                "format \"swift\" is not one of pain.001.001.09, pain.001.001.03, nacha, paypal, wise",
            ),
            (
                "format = 'nacha'\nname = 'x'\ncompany_id = 'a'\nbank_name = 'b'".to_owned(),
                "it names no account: iban, or routing and account",
            ),
        ] {
            assert_eq!(payer(&table, "EUR").unwrap_err(), why);
        }
    }

    #[test]
    fn no_number_is_shown() {
        let table: PayerTable = toml::from_str("format = 'nacha'\nname = 'x'\niban = 'DE89370400440532013000'").unwrap();
        assert!(!format!("{table:?}").contains("0532"));
    }
}
