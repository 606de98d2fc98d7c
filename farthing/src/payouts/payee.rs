//! Who is paid and where to: what the ledger's private details of a party say of it.

use crate::configuration::payers::{AccountTable, AddressTable};
use anyhow::Context;
use farthing_bank::Account;
use farthing_bank::characters::shortened;
use farthing_bank::payment::{Address, Creditor, CreditorKind, Name};
use farthing_schemas::registry::PartyType;
use serde::Deserialize;

/// Characters of a name in the format with the least room.
const SHORT_CHARACTERS: usize = 22;

/// The private details of a party, as far as a payment needs them; others are not read.
#[derive(Default, Deserialize)]
struct Details {
    name: Option<String>,
    #[serde(default)]
    payout: Payout,
}

/// What a payout instruction says beside its method and currency.
#[derive(Default, Deserialize)]
struct Payout {
    /// The holder of the account [the party's name].
    name: Option<String>,
    /// The same in at most 22 characters, for formats with little room.
    short_name: Option<String>,
    #[serde(flatten)]
    account: AccountTable,
    address: Option<AddressTable>,
}

/// Who is paid and where to.
pub struct Payee {
    pub creditor: Creditor,
    pub account: Account,
}

impl Payee {
    /// Reads the details of a party. What is wrong with them is told without quoting them.
    pub fn of(details: &str, party_type: PartyType) -> anyhow::Result<Payee> {
        // The message of the parser would quote what it has found.
        let read: Details = serde_json::from_str(details).ok().context("its payout instruction cannot be read")?;
        let Payout { name, short_name, account, address } = read.payout;
        let full = name.or(read.name).context("it has no name")?;
        let account = account.account()?.context("its payout instruction names no account: iban, or routing and account, or receiver")?;
        let short = short_name.unwrap_or_else(|| shortened(&full, SHORT_CHARACTERS));
        let kind = match party_type {
            PartyType::Person => CreditorKind::Person,
            PartyType::Organisation | PartyType::Community => CreditorKind::Organisation,
        };
        let address: Option<Address> = address.as_ref().map(AddressTable::address);
        Ok(Payee { creditor: Creditor { kind, name: Name { full, short: Some(short) }, address }, account })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(details: &str) -> Result<String, String> {
        let payee = Payee::of(details, PartyType::Person).map_err(|error| format!("{error:#}"))?;
        let Name { full, short } = payee.creditor.name;
        Ok(format!("{full} / {} / {}", short.unwrap_or_default(), payee.account))
    }

    #[test]
    fn details_are_a_payee_or_say_what_is_missing_and_nothing_else() {
        let iban = r#"{"name":"Maria Fernanda dos Santos Silva","payout":{"iban":"DE89 3704 0044 0532 0130 00","note":7}}"#;
        assert_eq!(shown(iban).unwrap(), "Maria Fernanda dos Santos Silva / Maria F D S Silva / IBAN ***3000");
        assert_eq!(
            shown(r#"{"name":"Ana","payout":{"name":"Ana Inc","receiver":"ana@example.org"}}"#).unwrap(),
            "Ana Inc / Ana Inc / wallet ***.org"
        );
        for (details, why) in [
            ("{}", "it has no name"),
            (r#"{"name":"Ana"}"#, "its payout instruction names no account: iban, or routing and account, or receiver"),
            (r#"{"name":"Ana","payout":{"iban":89370400440532013000}}"#, "its payout instruction cannot be read"),
            (
                r#"{"name":"Ana","payout":{"iban":"DE89370400440532013000","receiver":"a@b.c"}}"#,
                "one account is needed: iban (with bic), or routing with account, or receiver",
            ),
        ] {
            assert_eq!(shown(details).unwrap_err(), why);
        }
    }
}
