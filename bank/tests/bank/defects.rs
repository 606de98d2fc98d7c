//! Defects are found before a file is written: for each format a table of what is spoilt, and the rule that has to catch it.

use crate::support::{currency, formats, id, order, told, totals};
use farthing_bank::account::{Account, UsAccountKind};
use farthing_bank::format::Scheme;
use farthing_bank::payment::{Address, Totals};
use farthing_bank::{AccountNumber, Amount, Format, Order, check};

/// What is spoilt, and a part of what is said about it.
type Defect = (&'static str, fn(&mut Order, &Format), &'static str);

/// Those that every format has to find.
const EVERYWHERE: &[Defect] = &[
    ("two payments of one id", |order, _| order.payments[4].id = order.payments[3].id.clone(), "the same id"),
    ("nothing to pay", |order, _| order.payments.clear(), "there is no payment in it"),
    ("an amount of zero", |order, _| minor_units(order, 0), "not above zero"),
    ("a negative amount", |order, _| minor_units(order, -1), "not above zero"),
    ("an amount that no format has room for", |order, _| minor_units(order, i128::from(u64::MAX)), "the most for one payment"),
    ("amounts that no sum has room for", |order, _| minor_units(order, i128::MAX), "sum to more than"),
    (
        "a currency among others",
        |order, _| order.payments[3].amount = Amount::from_minor_units(7, currency("CHF")),
        "it is in CHF, the file is in",
    ),
    ("a letter that has no form", |order, _| name(order, "Ana \u{E123}"), "U+E123) has no form"),
    ("a name of signs", |order, _| name(order, "– – –"), "nothing readable"),
    ("a name that is too long", |order, _| name(order, &"Ana ".repeat(60)), "give a short name"),
    ("a purpose that is too long", |order, _| order.payments[3].purpose = "x".repeat(401), "the purpose has 401 characters"),
    ("a purpose that has no form", |order, _| order.payments[3].purpose = "\u{E000}".into(), "the purpose: the character"),
    ("an address without a town", |order, _| address(order, |address| address.town.clear()), "has no town"),
    ("a country that is none", |order, _| address(order, |address| address.country = "XX".into()), "\"XX\" is not in ISO 3166-1"),
    ("a post code that is too long", |order, _| address(order, |address| address.post_code = Some("1".repeat(17))), "post code has 17"),
    ("a day that is over", |order, _| order.execution = order.execution - chrono::Days::new(30), "which is later"),
    ("an account of another kind", |order, format| order.payments[3].account = other_kind(format), "cannot name an account of this kind"),
];

/// Those of formats that name accounts by IBAN.
const BY_IBAN: &[Defect] = &[
    ("a digit mistyped in an IBAN", |order, _| iban(order, "DE89370400440532013001"), "check digits are wrong"),
    ("digits swapped in an IBAN", |order, _| iban(order, "DE89370400440523013000"), "check digits are wrong"),
    ("an IBAN cut short", |order, _| iban(order, "DE8937040044053201300"), "check digits are wrong"),
    ("an IBAN of a country without", |order, _| iban(order, "US64SVBKUS6S3300958879"), "no country with the code"),
    ("no IBAN at all", |order, _| iban(order, "0532013000"), "the IBAN is not two letters"),
    ("a BIC of 9 characters", |order, _| bic(order, Some("COBADEFFX")), "the BIC is not 8 or 11"),
    ("a BIC without a country", |order, _| bic(order, Some("COBAXXFF")), "are no country"),
];

/// Those of formats that name accounts by routing number.
const BY_ROUTING: &[Defect] = &[
    ("a digit mistyped in a routing number", |order, _| us(order, "021000022", "1234"), "check digit is wrong"),
    ("a routing number of zeros", |order, _| us(order, "000000000", "1234"), "check digit is wrong"),
    ("a routing number of eight digits", |order, _| us(order, "02100002", "1234"), "is not 9 digits"),
    ("an account number of 18 digits", |order, _| us(order, "021000021", "123456789012345678"), "is not 1 to 17 digits"),
    ("no account number", |order, _| us(order, "021000021", ""), "is not 1 to 17 digits"),
];

const OF_SEPA: &[Defect] = &[
    ("an account that SEPA does not reach", |order, _| iban(order, "BR1800360305000010009795493C1"), "SEPA does not reach banks of BR"),
    ("the payer's own account", |order, _| order.payments[3].account = order.debtor.account.clone(), "the account that it comes from"),
    ("a payer with a wrong IBAN", |order, _| order.debtor.account = wrong_iban(), "of the payer: the IBAN's check digits"),
    ("a payer without a name", |order, _| order.debtor.name = "?".into(), "of the payer: the name"),
    ("more than SEPA pays", |order, _| minor_units(order, 100_000_000_000), "more than 999999999.99 EUR"),
];

const OF_PLAIN: &[Defect] = &[("an IBAN without the bank", |order, _| bic(order, None), "needs the bank's BIC")];

const OF_NACHA: &[Defect] = &[
    ("more than ten digits of cents", |order, _| minor_units(order, 10_000_000_000), "more than 99999999.99 USD"),
    ("a purpose beyond the addenda", |order, _| order.payments[3].purpose = "x".repeat(33), "33 characters and the format 32"),
    ("an id that begins as another does", |order, _| order.payments[3].id = beginning(order, 15), "the first 15 characters of"),
    ("a payer with a long name", |order, _| order.debtor.name = "Guild of Contributors".into(), "of the payer: the name has 21"),
];

const OF_TABLES: &[Defect] = &[
    ("a purpose that a spreadsheet would run", |order, _| order.payments[3].purpose = "+1+2".into(), "take for a formula"),
    ("a name that a spreadsheet would run", |order, _| name(order, "-A1"), "take for a formula"),
    ("an id that a spreadsheet would run", |order, _| order.payments[3].id = "-1".parse().expect("an id"), "\"-1\" begins with a sign"),
];

const OF_US_TABLES: &[Defect] = &[(
    "an account number that a spreadsheet would run",
    |order, _| us(order, "021000021", "-1-2345678"),
    "\"***5678\" begins with a sign",
)];

const OF_PAYPAL: &[Defect] = &[
    ("an address that is none", |order, _| wallet(order, "ana.example.org"), "neither an e-mail address"),
    ("an address with a comma", |order, _| wallet(order, "ana,b@example.org"), "neither an e-mail address"),
    ("two addresses", |order, _| wallet(order, "ana@example.org;b@example.org"), "neither an e-mail address"),
];

fn minor_units(order: &mut Order, minor_units: i128) {
    let payment = &mut order.payments[3];
    payment.amount = Amount::from_minor_units(minor_units, payment.amount.currency());
}

fn name(order: &mut Order, name: &str) {
    order.payments[3].creditor.name = name.into();
}

fn address(order: &mut Order, spoil: impl Fn(&mut Address)) {
    let mut address = Address { town: "Bonn".into(), country: "DE".into(), ..Address::default() };
    spoil(&mut address);
    order.payments[3].creditor.address = Some(address);
}

fn iban(order: &mut Order, iban: &str) {
    order.payments[3].account = Account::Iban { iban: AccountNumber::new(iban), bic: Some("COBADEFFXXX".into()) };
}

fn bic(order: &mut Order, bic: Option<&str>) {
    order.payments[3].account = Account::Iban { iban: AccountNumber::new("DE89370400440532013000"), bic: bic.map(str::to_owned) };
}

fn us(order: &mut Order, routing: &str, number: &str) {
    order.payments[3].account = Account::Us { routing: routing.into(), number: AccountNumber::new(number), kind: UsAccountKind::Checking };
}

fn wallet(order: &mut Order, receiver: &str) {
    order.payments[3].account = Account::Wallet { receiver: AccountNumber::new(receiver) };
}

fn wrong_iban() -> Account {
    Account::Iban { iban: AccountNumber::new("DE88370400440532013000"), bic: None }
}

fn other_kind(format: &Format) -> Account {
    match format {
        Format::Paypal { .. } => wrong_iban(),
        _ => Account::Wallet { receiver: AccountNumber::new("ana@example.org") },
    }
}

/// Another id that begins as that of the first payment.
fn beginning(order: &Order, characters: usize) -> farthing_bank::EndToEndId {
    format!("{}X", order.payments[0].id.beginning(characters)).parse().expect("an id")
}

fn defects(format: &Format, code: &str) -> Vec<Defect> {
    let further: &[&[Defect]] = match format {
        Format::Pain001 { scheme: Scheme::Sepa, .. } => &[BY_IBAN, OF_SEPA],
        Format::Pain001 { scheme: Scheme::Plain, .. } => &[BY_IBAN, BY_ROUTING, OF_PLAIN],
        Format::Nacha(_) => &[BY_ROUTING, OF_NACHA],
        Format::Paypal { .. } => &[OF_PAYPAL, OF_TABLES],
        Format::Wise { .. } if code == "USD" => &[BY_ROUTING, OF_TABLES, OF_US_TABLES],
        Format::Wise { .. } => &[BY_IBAN, OF_TABLES],
    };
    [EVERYWHERE, &further.concat()].concat()
}

#[test]
fn every_defect_is_found_and_named() {
    for (label, format, currency) in formats() {
        let defects = defects(&format, currency.code());
        assert!(defects.len() >= 10, "{label}");
        for (what, spoil, expected) in defects {
            let mut order = order(&format, currency, 8, 5);
            spoil(&mut order, &format);
            // The journal says the same, so that only the defect itself is left to be found.
            let amounts = order.payments.iter().map(|payment| payment.amount).filter(|amount| amount.currency() == currency);
            let amount = Amount::sum(currency, amounts).unwrap_or(Amount::from_minor_units(0, currency));
            let findings = match check(&order, &format, &Totals { payments: order.payments.len(), amount }) {
                Err(findings) => findings,
                Ok(_) => panic!("{label}: {what} was not found"),
            };
            let found = findings.iter().find(|finding| finding.to_string().contains(expected));
            let found = found.unwrap_or_else(|| panic!("{label}: {what}: {expected:?} is not in {}", told(&findings)));
            let named = found.payment.as_ref().is_some_and(|id| order.payments.iter().any(|payment| payment.id == *id));
            assert!(named || found.payment.is_none(), "{label}: {what}: {found}");
        }
    }
}

#[test]
fn what_is_found_names_the_payment_and_masks_the_account() {
    let (_, format, euro) = formats()[0].clone();
    let mut order = order(&format, euro, 8, 5);
    iban(&mut order, "DE88370400440532013000");
    let findings = check(&order, &format, &totals(&order)).unwrap_err();
    let expected = format!(
        "payment {} to IBAN ***3000: the IBAN's check digits are wrong: a digit was mistyped or two were swapped",
        order.payments[3].id
    );
    assert_eq!(findings.iter().map(ToString::to_string).collect::<Vec<_>>(), [expected]);
    assert!(!format!("{findings:?} {order:?}").contains("0044"));
}

#[test]
fn the_file_is_what_the_journal_moves_or_is_not_written() {
    for (label, format, currency) in formats() {
        let order = order(&format, currency, 5, 6);
        let right = totals(&order);
        assert!(check(&order, &format, &right).is_ok(), "{label}");
        let more = Amount::from_minor_units(right.amount.minor_units() + 1, currency);
        let findings = check(&order, &format, &Totals { amount: more, ..right }).unwrap_err();
        assert!(told(&findings).contains("the journal moves"), "{label}: {}", told(&findings));
        let findings = check(&order, &format, &Totals { payments: 6, ..right }).unwrap_err();
        assert!(told(&findings).contains("the file has 5 payments, the journal has 6"), "{label}");
    }
}

#[test]
fn formats_end_where_their_documents_say() {
    for (label, format, currency) in
        formats().into_iter().filter(|(_, format, _)| matches!(format, Format::Paypal { .. } | Format::Wise { .. }))
    {
        let most = format.payments_max();
        let mut order = order(&format, currency, most, 8);
        assert!(check(&order, &format, &totals(&order)).is_ok(), "{label}");
        let mut one_more = order.payments[0].clone();
        one_more.id = id("pty_more", currency);
        order.payments.push(one_more);
        let findings = check(&order, &format, &totals(&order)).unwrap_err();
        assert!(told(&findings).contains(&format!("{} payments are too many", most + 1)), "{label}");
    }
    for (label, format, wrong) in formats().map(|(label, format, _)| (label, format, currency("KWD"))) {
        let taken = matches!(format, Format::Pain001 { scheme: Scheme::Plain, .. });
        let mut order = order(&format, currency("USD"), 1, 8);
        order.payments[0].amount = Amount::from_minor_units(1, wrong);
        let findings = check(&order, &format, &totals(&order)).err().unwrap_or_default();
        assert_eq!(!taken, told(&findings).contains("does not pay in KWD"), "{label}: {}", told(&findings));
    }
}

#[test]
fn currencies_without_cents_are_paid_whole_by_paypal() {
    let format = crate::support::paypal();
    let mut order = order(&format, currency("HUF"), 2, 9);
    order.payments[0].amount = Amount::from_minor_units(12_300, currency("HUF"));
    order.payments[1].amount = Amount::from_minor_units(12_345, currency("HUF"));
    let findings = check(&order, &format, &totals(&order)).unwrap_err();
    assert!(told(&findings).contains("123.45 HUF has a fraction"), "{}", told(&findings));
    order.payments.pop();
    let written = crate::support::written(&order, &format);
    assert!(String::from_utf8(written.bytes).unwrap().contains(",123,HUF,"));
}

#[test]
fn an_originator_is_what_its_bank_knows() {
    let Format::Nacha(right) = crate::support::nacha() else { panic!("another format") };
    type Spoil = fn(&mut farthing_bank::format::Originator);
    let table: [(Spoil, &str); 4] = [
        (|originator| originator.company_id = "123".into(), "company id is not 10"),
        (|originator| originator.bank_name = "Bank".into(), "bank's name is not"),
        (|originator| originator.file_modifier = 'a', "file modifier is not"),
        (|originator| originator.entry_description = "CONTRIBUTION".into(), "entry description is not"),
    ];
    for (spoil, expected) in table {
        let mut originator = right.clone();
        spoil(&mut originator);
        let format = Format::Nacha(originator);
        let order = order(&format, currency("USD"), 2, 9);
        let findings = check(&order, &format, &totals(&order)).unwrap_err();
        assert!(told(&findings).contains(expected), "{expected}: {}", told(&findings));
    }
}
