//! Records about taxes: who lives where, what is withheld of whom, and who is exempt from how much of it.

use super::record::{Keyed, PartyType, Validity};
use crate::Rate;
use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// A country, by its two capital letters of ISO 3166-1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Country([u8; 2]);

/// The text is not the code of a country.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a country: two capital letters of ISO 3166-1, such as DE")]
pub struct NotACountry(pub String);

impl FromStr for Country {
    type Err = NotACountry;

    fn from_str(text: &str) -> Result<Country, NotACountry> {
        let letters: Option<[u8; 2]> = text.as_bytes().try_into().ok();
        let letters = letters.filter(|letters| letters.iter().all(u8::is_ascii_uppercase));
        letters.map(Country).ok_or_else(|| NotACountry(text.chars().take(64).collect()))
    }
}

impl fmt::Display for Country {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|letter| write!(out, "{}", char::from(*letter)))
    }
}

/// Where a party is taxed as a resident, as far as it has shown that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Residence {
    /// Who.
    pub party: Box<str>,
    /// Where.
    pub country: Country,
    /// When; `from` is always there.
    pub validity: Validity,
}

/// What a MID of a jurisdiction withholds of what it pays to some parties.
///
/// At one instant the record counts that names most of residence and type (at a tie: residence before type). So the one that names
/// neither is for everybody else, those who have shown nothing of where they live among them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Withholding {
    /// Its key.
    pub id: Box<str>,
    /// That of the MIDs which withhold, as their records have it.
    pub jurisdiction: Box<str>,
    /// Of whom: those who live there; none: of all.
    pub residence: Option<Country>,
    /// Of whom: parties of that type; none: of all.
    pub party_type: Option<PartyType>,
    /// How much; below one.
    pub rate: Rate,
    /// When; `from` is always there.
    pub validity: Validity,
}

/// What an authority has certified, or a party has declared: another rate for it, instead of the one of the record that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// For whom.
    pub party: Box<str>,
    /// In which jurisdiction.
    pub jurisdiction: Box<str>,
    /// How much is withheld; below one.
    pub rate: Rate,
    /// By what it is found among the MID's papers; never the party's own tax number, since this is archived.
    pub reference: Box<str>,
    /// When; `from` is always there.
    pub validity: Validity,
}

impl Keyed for Residence {
    fn group(&self) -> &str {
        &self.party
    }
    fn compare_key(&self, other: &Self) -> Ordering {
        (&self.party, self.validity.from).cmp(&(&other.party, other.validity.from))
    }
    const KEY_FIELD: &'static str = "from";
}

impl Keyed for Withholding {
    fn group(&self) -> &str {
        &self.id
    }
    fn compare_key(&self, other: &Self) -> Ordering {
        self.id.cmp(&other.id)
    }
    const KEY_FIELD: &'static str = "id";
}

impl Keyed for Certificate {
    fn group(&self) -> &str {
        &self.party
    }
    fn compare_key(&self, other: &Self) -> Ordering {
        (&self.party, &self.jurisdiction, self.validity.from).cmp(&(&other.party, &other.jurisdiction, other.validity.from))
    }
    const KEY_FIELD: &'static str = "from";
}
