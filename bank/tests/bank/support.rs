//! Orders to test with: seeded payees with awkward names, addresses and amounts.

use farthing_bank::account::{Account, UsAccountKind};
use farthing_bank::characters::{CharacterSet, shortened};
use farthing_bank::format::{DecimalMark, Originator, PainVersion, Scheme};
use farthing_bank::ids::{Attempt, EndToEndId, MessageId, MessageKey, Obligation};
use farthing_bank::payment::{Address, Creditor, CreditorKind, Debtor, Name};
use farthing_bank::{AccountNumber, Amount, Format, Order, Payment, Totals};
use farthing_schemas::{Currency, Cycle};

/// Numbers that look random and are the same each time (SplitMix64).
pub struct Seeded(pub u64);

impl Seeded {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[usize::try_from(self.below(from.len() as u64)).expect("below a length")]
    }

    fn digits(&mut self, count: usize) -> String {
        (0..count).map(|_| char::from(b'0' + u8::try_from(self.below(10)).expect("below 10"))).collect()
    }
}

const GIVEN: &[&str] = &[
    "Ana",
    "José María",
    "Zoë",
    "Łukasz",
    "Jürgen",
    "Ju\u{308}rgen",
    "Nguyễn Thị",
    "Σωκράτης",
    "Щукин",
    "李小龍",
    "محمد",
    "शांति",
    "D'Arcy",
    "Björk",
    "Ægir",
    "Þór",
    "İpek",
    "Ștefan",
    "Ngọc",
    "さくら",
    "김민준",
    "  Eve\t",
    "Mary-Jane",
    "<b>Bob</b>",
    "\"Al\"",
    "A&B",
    "X Æ A-12",
    "Ñandú",
    "ʻOlina",
];
const FAMILY: &[&str] = &[
    "Müller-Lüdenscheidt",
    "O’Brien",
    "Ó Súilleabháin",
    "da Silva e Souza Cavalcanti de Albuquerque",
    "Żółć",
    "Größe",
    "Papadopoulos-Παπάς",
    "Ёлкин",
    "van 't Hof",
    "Smith & Söhne",
    "ﬁnance",
    "Ibn Rushd/Averroes",
    "Wolfeschlegelsteinhausenbergerdorff",
    "Д'Артаньян",
    "Lee; Kim",
    "#1 Fan",
    "Ltd.",
    "Çelik",
    "Øster",
    "Ÿ",
    "\u{1f451}",
    "A//B",
    "–",
    "Nobody [unknown] {x}",
    "100 % Cotton",
    "St. John's (Trust)",
    "Doe @ home",
    "x_y~z",
    "`´'",
];
const STREETS: &[&str] =
    &["Straße des 17. Juni 135", "Rue de l'Église 7 bis", "ул. Ленина, 5", "1600 Amphitheatre Pkwy #2", "Gate 3/4", "Østergade 1"];
const TOWNS: &[(&str, &str)] = &[
    ("München", "DE"),
    ("Kraków", "PL"),
    ("Αθήνα", "GR"),
    ("St. Gallen", "CH"),
    ("São Paulo", "BR"),
    ("Springfield", "US"),
    ("東京", "JP"),
];

pub fn currency(code: &str) -> Currency {
    code.parse().expect("a currency")
}

pub fn sepa() -> Format {
    Format::Pain001 { version: PainVersion::V09, scheme: Scheme::Sepa }
}

pub fn plain() -> Format {
    Format::Pain001 { version: PainVersion::V09, scheme: Scheme::Plain }
}

pub fn nacha() -> Format {
    Format::Nacha(Originator {
        company_id: "1234567890".into(),
        bank_name: "FIRST TEST BANK".into(),
        file_modifier: 'A',
        entry_description: "PAYOUT".into(),
    })
}

pub fn paypal() -> Format {
    Format::Paypal { decimal_mark: DecimalMark::Point }
}

pub fn wise() -> Format {
    Format::Wise { source: currency("EUR") }
}

/// Every format, with a currency that it takes.
pub fn formats() -> [(&'static str, Format, Currency); 8] {
    [
        ("sepa", sepa(), currency("EUR")),
        ("plain", plain(), currency("USD")),
        ("plain yen", plain(), currency("JPY")),
        ("nacha", nacha(), currency("USD")),
        ("paypal", paypal(), currency("EUR")),
        ("wise", wise(), currency("GBP")),
        ("wise dollars", wise(), currency("USD")),
        ("paypal with commas", Format::Paypal { decimal_mark: DecimalMark::Comma }, currency("EUR")),
    ]
}

/// An order that the format takes, of so many seeded payees.
pub fn order(format: &Format, currency: Currency, payees: usize, seed: u64) -> Order {
    let mut seeded = Seeded(seed);
    let payments = (0..payees).map(|number| payment(format, currency, number, &mut seeded)).collect();
    let key = MessageKey {
        mid: "mid_guild",
        cycle: cycle(),
        currency,
        execution: chrono::NaiveDate::from_ymd_opt(2026, 11, 5).expect("a day"),
        number: 1,
    };
    Order {
        message_id: MessageId::of(&key),
        created: "2026-11-02T09:30:00Z".parse().expect("an instant"),
        execution: key.execution,
        debtor: debtor(format),
        payments,
    }
}

pub fn totals(order: &Order) -> Totals {
    Totals::of(order.payments[0].amount.currency(), &order.payments).expect("sums of a few payments")
}

/// The file of an order that has nothing wrong with it.
pub fn written(order: &Order, format: &Format) -> farthing_bank::Written {
    let checked = farthing_bank::check(order, format, &totals(order)).unwrap_or_else(|findings| panic!("{}", told(&findings)));
    farthing_bank::write(&checked)
}

pub fn told(findings: &[farthing_bank::Finding]) -> String {
    findings.iter().map(|finding| format!("{finding}\n")).collect()
}

fn cycle() -> Cycle {
    "2026-10".parse().expect("a cycle")
}

pub fn id(party: &str, currency: Currency) -> EndToEndId {
    EndToEndId::of(&Obligation { mid: "mid_guild", cycle: cycle(), currency, party, attempt: Attempt::FIRST })
}

fn debtor(format: &Format) -> Debtor {
    let address = Address { town: "Amsterdam".into(), country: "NL".into(), ..Address::default() };
    let account = match format {
        Format::Nacha(_) => {
            Account::Us { routing: "091000019".into(), number: AccountNumber::new("9988776655"), kind: UsAccountKind::Checking }
        }
        // The first account of mock-bank.
        _ => Account::Iban { iban: AccountNumber::new(&iban("NL", "MOCK0000000001")), bic: Some("MOCKNL2A".into()) },
    };
    let name = Name { full: "Guild of Contributors".into(), short: Some("Guild of Contrib".into()) };
    Debtor { name, address: Some(address), account }
}

fn payment(format: &Format, currency: Currency, number: usize, seeded: &mut Seeded) -> Payment {
    let full = format!("{} {}", seeded.pick(GIVEN), seeded.pick(FAMILY));
    let set = if matches!(format, Format::Nacha(_)) { CharacterSet::Nacha } else { CharacterSet::Sepa };
    let short = shortened(&set.write(&full).expect("names that can be written"), 22);
    let (town, country) = seeded.pick(TOWNS);
    let address = Address {
        street: Some((*seeded.pick(STREETS)).to_owned()).filter(|_| !number.is_multiple_of(3)),
        post_code: Some(seeded.digits(5)).filter(|_| !number.is_multiple_of(4)),
        town: (*town).to_owned(),
        region: None,
        country: (*country).to_owned(),
    };
    // One minor unit, the most that all formats take, and all between.
    let minor_units = match number % 50 {
        0 => 1,
        1 => 20_000,
        _ => 1 + i128::from(seeded.below(20_000)),
    };
    Payment {
        id: id(&format!("pty_{number}"), currency),
        amount: Amount::from_minor_units(minor_units, currency),
        creditor: Creditor {
            kind: if number.is_multiple_of(5) { CreditorKind::Organisation } else { CreditorKind::Person },
            name: Name { full, short: Some(short) },
            address: Some(address).filter(|_| !number.is_multiple_of(7)),
        },
        account: account(format, currency, number, seeded),
        purpose: "Labour 2026-10 – œuvre".into(),
    }
}

fn account(format: &Format, currency: Currency, number: usize, seeded: &mut Seeded) -> Account {
    let us = |seeded: &mut Seeded| Account::Us {
        routing: routing(&format!("0{}", seeded.digits(7))),
        number: AccountNumber::new(&seeded.digits(4 + number % 14)),
        kind: if number.is_multiple_of(3) { UsAccountKind::Savings } else { UsAccountKind::Checking },
    };
    match format {
        Format::Nacha(_) => us(seeded),
        Format::Wise { .. } if currency.code() == "USD" => us(seeded),
        Format::Pain001 { scheme: Scheme::Plain, .. } if number % 2 == 1 => us(seeded),
        Format::Paypal { .. } => {
            Account::Wallet { receiver: AccountNumber::new(&format!("payee.{number}+{}@example.org", seeded.digits(3))) }
        }
        _ => {
            let (country, bban) = match number % 4 {
                0 => ("DE", seeded.digits(18)),
                1 => ("AT", seeded.digits(16)),
                2 => ("NL", format!("MOCK{}", seeded.digits(10))),
                _ => ("PL", seeded.digits(24)),
            };
            let needs_bic = matches!(format, Format::Pain001 { scheme: Scheme::Plain, .. });
            let bic = Some("DEUTDEFFXXX".to_owned()).filter(|_| needs_bic || number.is_multiple_of(3));
            Account::Iban { iban: AccountNumber::new(&iban(country, &bban)), bic }
        }
    }
}

/// A number with the check digits that it has to have.
pub fn iban(country: &str, bban: &str) -> String {
    let value = |character: char| character.to_digit(36).expect("a letter or digit");
    let fold =
        |rest: u32, character: char| if value(character) < 10 { rest * 10 + value(character) } else { rest * 100 + value(character) } % 97;
    let rest = format!("{bban}{country}00").chars().fold(0, fold);
    format!("{country}{:02}{bban}", 98 - rest)
}

pub fn routing(eight: &str) -> String {
    let digit = |byte: u8| u32::from(byte - b'0');
    let sum: u32 = eight.bytes().zip([3, 7, 1].into_iter().cycle()).map(|(byte, weight)| digit(byte) * weight).sum();
    format!("{eight}{}", (10 - sum % 10) % 10)
}
