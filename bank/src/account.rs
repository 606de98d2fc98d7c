//! [`Account`]: where money goes, and whether such an account can be. Numbers are masked wherever they are shown.

use iban::{IbanLike, ParseIbanError};
use std::fmt;

/// The number of an account, or whatever else names one. It shows its last four characters at most; only what writes files for banks
/// reaches the whole.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountNumber(String);

/// An account, as far as it has been told: nothing of it is checked yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Account {
    /// An international number.
    Iban {
        /// The number.
        iban: AccountNumber,
        /// The bank; needed outside SEPA.
        bic: Option<String>,
    },
    /// An account in the United States.
    Us {
        /// The bank's routing number.
        routing: String,
        /// The number.
        number: AccountNumber,
        /// What it is.
        kind: UsAccountKind,
    },
    /// What a payment service knows somebody by: an e-mail address, or an id that it gave out.
    Wallet {
        /// That address or id.
        receiver: AccountNumber,
    },
}

/// Transfers to them have different codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UsAccountKind {
    /// For daily use.
    Checking,
    /// For savings.
    Savings,
}

/// What is wrong with an account; none of these says the number.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccountFault {
    /// No IBAN at all.
    #[error("the IBAN is not two letters, two digits and up to 30 letters and digits")]
    IbanForm,
    /// The two digits do not fit the rest.
    #[error("the IBAN's check digits are wrong: a digit was mistyped or two were swapped")]
    IbanCheckDigits,
    /// The country has none.
    #[error("no country with the code that the IBAN begins with gives out IBANs")]
    IbanCountry,
    /// Too long, too short, or letters for digits.
    #[error("the IBAN does not have the length and form of its country's")]
    IbanCountryForm,
    /// Eleven or eight characters are needed.
    #[error("the BIC is not 8 or 11 capital letters and digits, with letters for the country at 5 and 6")]
    BicForm,
    /// The country does not exist.
    #[error("the BIC's letters 5 and 6 are no country")]
    BicCountry,
    /// Nine digits are needed.
    #[error("the routing number is not 9 digits")]
    RoutingForm,
    /// The last digit does not fit the others.
    #[error("the routing number's check digit is wrong: a digit was mistyped or two were swapped")]
    RoutingCheckDigit,
    /// Longer than 17, empty, or with other characters.
    #[error("the account number is not 1 to 17 digits, capital letters and hyphens")]
    UsNumberForm,
    /// No e-mail address and no id.
    #[error("the receiver is neither an e-mail address nor an id of 13 capital letters and digits")]
    WalletForm,
}

impl AccountNumber {
    /// The number, without the spaces that people write into it.
    #[must_use]
    pub fn new(text: &str) -> AccountNumber {
        AccountNumber(text.split_whitespace().collect())
    }

    /// All of it: for what writes files for banks, and for nothing else.
    pub(crate) fn whole(&self) -> &str {
        &self.0
    }
}

/// The text with account numbers in it masked, as banks write them into their reasons: words of 8 letters and digits or more with 4 digits or
/// more, runs of 5 digits or more, IBANs in groups, and e-mail addresses.
///
/// ```
/// use farthing_bank::account::masked_in;
/// assert_eq!(masked_in("NL84MOCK0000000003 is closed"), "***0003 is closed");
/// assert_eq!(masked_in("to NL84 MOCK 0000 0000 03, since 2026"), "to ***0003, since 2026");
/// assert_eq!(masked_in("no account for zoe@example.org"), "no account for ***.org");
/// ```
#[must_use]
pub fn masked_in(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let word = rest.find(|character: char| !character.is_alphanumeric()).map_or(rest, |end| &rest[..end]);
        if word.is_empty() {
            shown.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        }
        let address = rest.split(|character: char| character.is_whitespace() || matches!(character, ',' | ';' | '<' | '>')).next();
        if let Some(address) = address.filter(|address| address.trim_matches('@').contains('@')) {
            shown.push_str(&AccountNumber::new(address).to_string());
            rest = &rest[address.len()..];
            continue;
        }
        let number = grouped_iban(rest).unwrap_or(word);
        let digits = number.bytes().filter(u8::is_ascii_digit).count();
        let characters = number.chars().count();
        if digits >= 5 || digits >= 4 && characters >= 8 {
            shown.push_str(&AccountNumber::new(number).to_string());
        } else {
            shown.push_str(number);
        }
        rest = &rest[number.len()..];
    }
    shown
}

/// An IBAN at the beginning of a text, in groups of four with spaces between.
fn grouped_iban(text: &str) -> Option<&str> {
    let head = text.as_bytes().get(..5)?;
    let is_head = head[..2].iter().all(u8::is_ascii_uppercase) && head[2..4].iter().all(u8::is_ascii_digit) && head[4] == b' ';
    let mut end = 4;
    while is_head && text.as_bytes().get(end) == Some(&b' ') {
        let group = text.as_bytes()[end + 1..].iter().take_while(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()).count();
        if group == 0 || group > 4 {
            break;
        }
        end += 1 + group;
    }
    (end >= 14).then(|| &text[..end])
}

impl Account {
    /// The number, masked.
    #[must_use]
    pub const fn number(&self) -> &AccountNumber {
        match self {
            Account::Iban { iban, .. } => iban,
            Account::Us { number, .. } => number,
            Account::Wallet { receiver } => receiver,
        }
    }

    /// All that is wrong with it.
    #[must_use]
    pub fn faults(&self) -> Vec<AccountFault> {
        let found = match self {
            Account::Iban { iban, bic } => [iban_country(iban).err(), bic.as_deref().and_then(|bic| check_bic(bic).err())],
            Account::Us { routing, number, .. } => [check_routing(routing).err(), check_us_number(number).err()],
            Account::Wallet { receiver } => [check_wallet(receiver).err(), None],
        };
        found.into_iter().flatten().collect()
    }

    /// The country whose bank it is with; none for wallets and for numbers that are none.
    #[must_use]
    pub fn country(&self) -> Option<String> {
        match self {
            Account::Iban { iban, .. } => iban_country(iban).ok(),
            Account::Us { .. } => Some("US".to_owned()),
            Account::Wallet { .. } => None,
        }
    }
}

/// The country of an IBAN whose length, form and check digits (ISO 13616, mod 97) are right.
///
/// # Errors
/// What is wrong with it.
pub fn iban_country(number: &AccountNumber) -> Result<String, AccountFault> {
    match number.whole().parse::<iban::Iban>() {
        // Files have capital letters, which the form of the parser takes for granted.
        Ok(iban) if iban.electronic_str() == number.whole() => Ok(iban.country_code().to_owned()),
        Ok(_) | Err(ParseIbanError::InvalidBaseIban { source: iban::ParseBaseIbanError::InvalidFormat }) => Err(AccountFault::IbanForm),
        Err(ParseIbanError::InvalidBaseIban { .. }) => Err(AccountFault::IbanCheckDigits),
        Err(ParseIbanError::InvalidBban(_)) => Err(AccountFault::IbanCountryForm),
        Err(ParseIbanError::UnknownCountry(_)) => Err(AccountFault::IbanCountry),
    }
}

/// Whether it has the form of ISO 9362 and names a country.
///
/// # Errors
/// What is wrong with it.
pub fn check_bic(bic: &str) -> Result<(), AccountFault> {
    let characters = bic.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    if !characters || !matches!(bic.len(), 8 | 11) || !bic.as_bytes()[4..6].iter().all(u8::is_ascii_uppercase) {
        return Err(AccountFault::BicForm);
    }
    if crate::countries::is_country(&bic[4..6]) { Ok(()) } else { Err(AccountFault::BicCountry) }
}

/// Whether a routing number of the American Bankers Association has nine digits that its weights 3, 7 and 1 sum to a multiple of 10.
///
/// # Errors
/// What is wrong with it.
pub fn check_routing(routing: &str) -> Result<(), AccountFault> {
    if routing.len() != 9 || !routing.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(AccountFault::RoutingForm);
    }
    let weighted = |(byte, weight): (u8, u32)| u32::from(byte - b'0') * weight;
    let sum: u32 = routing.bytes().zip([3, 7, 1].into_iter().cycle()).map(weighted).sum();
    if sum > 0 && sum.is_multiple_of(10) { Ok(()) } else { Err(AccountFault::RoutingCheckDigit) }
}

fn check_us_number(number: &AccountNumber) -> Result<(), AccountFault> {
    let allowed = |byte: u8| byte.is_ascii_digit() || byte.is_ascii_uppercase() || byte == b'-';
    let whole = number.whole();
    let fits = (1..=17).contains(&whole.len()) && whole.bytes().all(allowed) && whole.bytes().any(|byte| byte.is_ascii_alphanumeric());
    if fits { Ok(()) } else { Err(AccountFault::UsNumberForm) }
}

/// An e-mail address is checked for what would break a file; whether somebody has it only the service knows.
fn check_wallet(receiver: &AccountNumber) -> Result<(), AccountFault> {
    let whole = receiver.whole();
    let plain = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() && !b"\",;<>()[]\\:@".contains(&byte));
    let domain = |domain: &str| plain(domain) && domain.contains('.') && !domain.starts_with('.') && !domain.ends_with('.');
    // Spreadsheets would run it.
    let formula = whole.starts_with(['=', '+', '-']);
    let address = !formula && whole.len() <= 127 && whole.split_once('@').is_some_and(|(local, host)| plain(local) && domain(host));
    let id = whole.len() == 13 && whole.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    if address || id { Ok(()) } else { Err(AccountFault::WalletForm) }
}

/// `***3000`; of less than 8 characters none.
impl fmt::Display for AccountNumber {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let characters = self.0.chars().count();
        let shown = if characters < 8 { 0 } else { 4 };
        out.write_str("***")?;
        self.0.chars().skip(characters - shown).try_for_each(|character| fmt::Write::write_char(out, character))
    }
}

impl fmt::Debug for AccountNumber {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl fmt::Display for Account {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Account::Iban { iban, .. } => write!(out, "IBAN {iban}"),
            Account::Us { routing, number, .. } => write!(out, "account {number} at {routing}"),
            Account::Wallet { receiver } => write!(out, "wallet {receiver}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn iban(text: &str) -> Result<String, AccountFault> {
        iban_country(&AccountNumber::new(text))
    }

    /// Examples of the IBAN registry.
    #[test]
    fn published_ibans_are_right() {
        for text in [
            "DE89 3704 0044 0532 0130 00",
            "GB29 NWBK 6016 1331 9268 19",
            "FR14 2004 1010 0505 0001 3M02 606",
            "NL91ABNA0417164300",
            "BE68539007547034",
            "CH9300762011623852957",
            "AT611904300234573201",
            "ES9121000418450200051332",
            "IT60X0542811101000000123456",
            "PL61109010140000071219812874",
            "SE4550000000058398257466",
            "NO9386011117947",
            "MT84MALT011000012345MTLCAST001S",
            "KW81CBKU0000000000001234560101",
            "SA0380000000608010167519",
            "BR1800360305000010009795493C1",
        ] {
            assert_eq!(iban(text).as_deref(), Ok(&text[..2]), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_with_an_iban_is_told() {
        for (text, fault) in [
            ("DE88370400440532013000", AccountFault::IbanCheckDigits),
            ("DE89370400440532013001", AccountFault::IbanCheckDigits),
            ("DE89370400440523013000", AccountFault::IbanCheckDigits),
            ("DE8937040044053201300", AccountFault::IbanCheckDigits),
            ("de89370400440532013000", AccountFault::IbanForm),
            ("DE89-3704-0044-0532-0130-00", AccountFault::IbanForm),
            ("", AccountFault::IbanForm),
            ("US64SVBKUS6S3300958879", AccountFault::IbanCountry),
        ] {
            assert_eq!(iban(text), Err(fault), "{text}");
        }
        // Right digits for a number that is too short for Germany.
        let short = (0..98).map(|check| format!("DE{check:02}37040044")).find(|text| iban(text) == Err(AccountFault::IbanCountryForm));
        assert!(short.is_some());
    }

    #[test]
    fn bics_have_their_form_and_a_country() {
        for bic in ["COBADEFFXXX", "DEUTDEFF", "NEDSZAJJ", "CHASUS33", "E097AEXXXXX"] {
            assert_eq!(check_bic(bic), Ok(()), "{bic}");
        }
        for bic in ["", "COBADEF", "COBADEFFXX", "cobadeff", "COBA1EFF", "COBADEFFXXXX", "COBÄEFF1"] {
            assert_eq!(check_bic(bic), Err(AccountFault::BicForm), "{bic}");
        }
        assert_eq!(check_bic("COBAZZFF"), Err(AccountFault::BicCountry));
    }

    #[test]
    fn routing_numbers_have_their_check_digit() {
        for routing in ["021000021", "011401533", "091000019", "121042882", "999999992"] {
            assert_eq!(check_routing(routing), Ok(()), "{routing}");
        }
        for routing in ["021000022", "012000021", "000000000"] {
            assert_eq!(check_routing(routing), Err(AccountFault::RoutingCheckDigit), "{routing}");
        }
        for routing in ["", "02100002", "0210000210", "02100002X", "02100002１"] {
            assert_eq!(check_routing(routing), Err(AccountFault::RoutingForm), "{routing}");
        }
    }

    #[test]
    fn us_numbers_and_wallets_have_their_form() {
        let us =
            |number: &str| Account::Us { routing: "021000021".into(), number: AccountNumber::new(number), kind: UsAccountKind::Checking };
        for number in ["1", "12345678901234567", "00-123 A"] {
            assert_eq!(us(number).faults(), [], "{number}");
        }
        for number in ["", "-", "123456789012345678", "12a", "1_2"] {
            assert_eq!(us(number).faults(), [AccountFault::UsNumberForm], "{number}");
        }
        let wallet = |receiver: &str| Account::Wallet { receiver: AccountNumber::new(receiver) }.faults();
        for receiver in ["ana@example.org", "a.b+c@mail.example.org", "ABCDE12345XYZ"] {
            assert_eq!(wallet(receiver), [], "{receiver}");
        }
        for receiver in ["", "ana", "ana@", "@example.org", "ana@example", "a@b@c.d", "=a@example.org", "a,b@example.org", "ABCDE12345XY"] {
            assert_eq!(wallet(receiver), [AccountFault::WalletForm], "{receiver}");
        }
    }

    #[test]
    fn numbers_are_masked() {
        let account = Account::Iban { iban: AccountNumber::new("DE89 3704 0044 0532 0130 00"), bic: None };
        assert_eq!((account.to_string(), format!("{:?}", account.number())), ("IBAN ***3000".to_owned(), "***3000".to_owned()));
        for shown in [format!("{account:?}"), format!("{account:#?}")] {
            assert!(!shown.contains("0532") && shown.contains("***3000"), "{shown}");
        }
        assert_eq!(AccountNumber::new("1234567").to_string(), "***");
        assert_eq!(AccountNumber::new("").to_string(), "***");
    }
}
