//! The world of a year: five platforms, three MIDs, four currencies, and parties that each MID represents; what the registry says of them now.

use super::money::{Millionths, ONE, units};
use crate::dice::Dice;
use anyhow::Result;
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub const PLATFORMS: [&str; 5] = ["plt_a", "plt_b", "plt_c", "plt_d", "plt_e"];
pub const MIDS: [&str; 3] = ["mid_a", "mid_b", "mid_c"];

/// The country whose law each MID pays by.
const LAWS: [&str; 3] = ["DE", "US", "KW"];

/// A currency and its minor unit.
pub const CURRENCIES: [(&str, i128); 4] = [("USD", ONE / 100), ("EUR", ONE / 100), ("JPY", ONE), ("KWD", ONE / 1000)];

/// How many months there are.
pub const MONTHS: usize = 12;

/// The account of a payee that no bank would pay: its check digits are wrong.
const MISTYPED: &str = "NL03ABNA0123456789";
const ACCOUNT: &str = "NL02ABNA0123456789";

/// A MID and a currency, by their places.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Books {
    pub mid: usize,
    pub currency: usize,
}

impl Books {
    pub fn mid(self) -> &'static str {
        MIDS[self.mid]
    }

    pub fn currency(self) -> &'static str {
        CURRENCIES[self.currency].0
    }

    pub fn minor(self) -> i128 {
        CURRENCIES[self.currency].1
    }
}

/// What the registry says of a MID.
#[derive(Clone)]
pub struct Mid {
    pub fee: Millionths,
    pub recovery_cap: Millionths,
    /// By currency.
    pub thresholds: Vec<i128>,
    /// The currencies that it has agreements in; the first is its own.
    pub currencies: Vec<usize>,
    /// What is withheld of what it pays, if anything is by its law.
    pub tax: Option<Millionths>,
}

/// What the registry says of a party.
#[derive(Clone)]
pub struct Party {
    pub id: String,
    /// Who represents it.
    pub mid: usize,
    /// Whether the registry knows yet who represents it.
    pub joined: bool,
    /// The month after the last one of its membership, once that has an end.
    pub until: Option<usize>,
    /// The currency that it is paid in, if it has said so.
    pub paid_in: Option<usize>,
    /// Whether its account is mistyped.
    pub mistyped: bool,
    /// The month in which it died, if it has, and who comes after it with which share.
    pub died: Option<(usize, Vec<(usize, Millionths)>)>,
}

impl Party {
    /// Whether its MID represents it in a month.
    pub fn is_member(&self, month: usize) -> bool {
        self.joined && self.until.is_none_or(|until| month < until)
    }
}

/// An agreement: one for each platform, MID and currency, or none.
#[derive(Clone)]
pub struct Agreement {
    pub platform: usize,
    pub books: Books,
    pub share: Millionths,
    pub gives_back: bool,
}

#[derive(Clone)]
pub struct World {
    pub mids: Vec<Mid>,
    pub parties: Vec<Party>,
    pub agreements: Vec<Agreement>,
    /// What a currency is worth in another, in units of the other for one: in the months that somebody says so.
    pub quotes: BTreeMap<(usize, usize, usize), i128>,
}

impl World {
    pub fn of(dice: &mut Dice, parties: usize) -> World {
        let taxes = [Some(150_000), Some(158_250), None];
        let mids = [([0, 1], taxes[0]), ([1, 2], taxes[1]), ([3, 0], taxes[2])].map(|(currencies, tax)| Mid {
            tax,
            fee: *dice.pick(&[20_000, 50_000, 70_000]),
            recovery_cap: *dice.pick(&[250_000, 333_333, 1_000_000]),
            thresholds: CURRENCIES.iter().map(|(_, minor)| minor * *dice.pick(&[1, 50, 500])).collect(),
            currencies: currencies.to_vec(),
        });
        let mut agreements = Vec::new();
        for platform in 0..PLATFORMS.len() {
            for (mid, terms) in mids.iter().enumerate() {
                for currency in terms.currencies.iter().copied() {
                    if dice.chance(30) {
                        continue;
                    }
                    // Of the lower ones too little may be left behind a fee, of the higher ones there is always enough.
                    let share = *dice.pick(&[700_000, 711_111, 800_000, 812_345, 900_000]);
                    let books = Books { mid, currency };
                    let gives_back = share < 800_000 && dice.chance(80);
                    agreements.push(Agreement { platform, books, share, gives_back });
                }
            }
        }
        let party = |at: usize| {
            let mid = dice.place(MIDS.len());
            let paid_in = dice.chance(90).then(|| *dice.pick(&mids[mid].currencies));
            let joined = !dice.chance(15);
            Party { id: format!("pty_{at}"), mid, joined, until: None, paid_in, mistyped: dice.chance(10), died: None }
        };
        let parties = (0..parties).map(party).collect();
        World { mids: mids.to_vec(), parties, agreements, quotes: BTreeMap::new() }
    }

    /// All books that may have something in them.
    pub fn books(&self) -> Vec<Books> {
        let of = |(mid, terms): (usize, &Mid)| {
            terms.currencies.iter().map(move |currency| Books { mid, currency: *currency }).collect::<Vec<_>>()
        };
        self.mids.iter().enumerate().flat_map(of).collect()
    }

    pub fn agreement(&self, platform: usize, books: Books) -> Option<usize> {
        self.agreements.iter().position(|agreement| (agreement.platform, agreement.books) == (platform, books))
    }

    pub fn registry(&self) -> Vec<Value> {
        let platform = |id: &&str| json!({"kind": "platform", "id": id, "default_labour_share": "0.75"});
        let mut records: Vec<Value> = PLATFORMS.iter().map(platform).collect();
        records.extend((0..self.mids.len()).map(|mid| self.mid_record(mid)));
        records.extend((0..self.mids.len()).filter_map(|mid| self.tax_record(mid)));
        records.extend(self.parties.iter().map(|party| self.party_record(party)));
        records.extend(self.parties.iter().filter(|party| party.joined).map(membership_record));
        records.extend(self.agreements.iter().enumerate().map(|(at, agreement)| agreement_record(at, agreement)));
        records
    }

    pub fn mid_record(&self, mid: usize) -> Value {
        let terms = &self.mids[mid];
        let amount = |units: &i128| format!("{}.{:012}", units / ONE, units % ONE);
        let threshold = |(at, units)| json!({"method": "bank", "currency": CURRENCIES[at as usize].0, "amount": amount(units)});
        let mut record = json!({"kind": "mid", "id": MIDS[mid], "fee": rate(terms.fee), "currency": CURRENCIES[terms.currencies[0]].0,
            "recovery_cap": rate(terms.recovery_cap), "thresholds": (0_u8..).zip(&terms.thresholds).map(threshold).collect::<Vec<_>>()});
        if terms.tax.is_some() {
            record["jurisdiction"] = LAWS[mid].into();
        }
        record
    }

    /// What the law of a MID's country withholds of everybody.
    pub fn tax_record(&self, mid: usize) -> Option<Value> {
        let tax = rate(self.mids[mid].tax?);
        Some(json!({"kind": "withholding", "id": format!("wht_{mid}"), "jurisdiction": LAWS[mid], "rate": tax, "from": start(0)}))
    }

    /// Who comes after a party.
    pub fn successor_record(&self, party: &Party) -> Option<Value> {
        let (month, heirs) = party.died.as_ref()?;
        let heir = |(heir, share): &(usize, Millionths)| json!({"party": self.parties[*heir].id, "share": rate(*share)});
        Some(json!({"kind": "successor", "party": party.id, "from": start(*month), "heirs": heirs.iter().map(heir).collect::<Vec<_>>()}))
    }

    pub fn party_record(&self, party: &Party) -> Value {
        let iban = if party.mistyped { MISTYPED } else { ACCOUNT };
        let mut record = json!({"kind": "party", "id": party.id, "name": format!("Payee {}", party.id), "type": "person"});
        if let Some(currency) = party.paid_in {
            record["payout"] = json!({"method": "bank", "currency": CURRENCIES[currency].0, "iban": iban, "bic": "ABNANL2AXXX"});
        }
        record
    }
}

pub fn membership_record(party: &Party) -> Value {
    let mut record =
        json!({"kind": "membership", "party": party.id, "mid": MIDS[party.mid], "platforms": "*", "uses": "*", "from": start(0)});
    if let Some(until) = party.until {
        record["to"] = start(until).into();
    }
    record
}

fn agreement_record(at: usize, agreement: &Agreement) -> Value {
    json!({"kind": "agreement", "id": agreement_id(at), "platform": PLATFORMS[agreement.platform], "mid": agreement.books.mid(), "uses": "*",
        "labour_share": rate(agreement.share), "currency": agreement.books.currency(),
        "on_shortfall": if agreement.gives_back { "true_up" } else { "refuse" }, "from": start(0)})
}

pub fn agreement_id(at: usize) -> String {
    format!("agr_{at:02}")
}

/// What a currency is worth in another, as of the middle of a month.
pub fn quote_record((from, to, month): (usize, usize, usize), units: i128) -> Value {
    json!({"kind": "exchange_rate", "from": CURRENCIES[from].0, "to": CURRENCIES[to].0, "rate": format!("{}.{:012}", units / ONE, units % ONE),
        "source": "ECB", "time": start(month).replace("-01T", "-15T")})
}

fn rate(millionths: Millionths) -> String {
    if millionths == 1_000_000 { "1".to_owned() } else { format!("0.{millionths:06}") }
}

/// When a month begins; the one after the last is the next year's first.
pub fn start(month: usize) -> String {
    format!("{}-{:02}-01T00:00:00Z", 2026 + month / MONTHS, month % MONTHS + 1)
}

pub fn cycle(month: usize) -> String {
    format!("2026-{:02}", month + 1)
}

pub fn month(cycle: &str) -> Result<usize> {
    Ok(cycle.trim_start_matches("2026-").parse::<usize>()? - 1)
}

/// The configuration: every MID pays by bank in any currency.
pub fn configuration() -> String {
    let payer = |mid: &&str| {
        format!(
            "[payers.{mid}.bank]\nformat = 'pain.001.001.09'\nscheme = 'plain'\nname = '{mid}'\niban = 'DE89370400440532013000'\nbic = 'COBADEFFXXX'\n"
        )
    };
    MIDS.iter().map(payer).collect()
}

/// An amount of a document.
pub fn amount(document: &Value, field: &str) -> Result<i128> {
    document[field].as_str().map_or(Ok(0), units)
}
