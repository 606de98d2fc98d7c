//! What is withheld of whom at an instant.

use super::{MidIndex, PartyIndex, Registry};
use crate::registry::record::{PartyType, Validity};
use crate::registry::stored;
use crate::registry::{Certificate, Country, Withholding};
use crate::{Instant, Rate};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a MID withholds of what it pays to a party.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaxTerms<'a> {
    /// Under whose laws.
    pub jurisdiction: &'a str,
    /// The id of the record that counts.
    pub withholding: &'a str,
    /// The reference of the certificate whose rate it is, if it is not the record's own.
    pub certificate: Option<&'a str>,
    /// How much.
    pub rate: Rate,
}

/// Records about taxes, each under its key, of which a later one takes an earlier one's place.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct TaxRows {
    withholdings: BTreeMap<Box<str>, WithholdingRow>,
    /// By party and start, in microseconds.
    residences: BTreeMap<(PartyIndex, i64), ResidenceRow>,
    /// By party, jurisdiction and start.
    certificates: BTreeMap<(PartyIndex, Box<str>, i64), CertificateRow>,
}

#[derive(Debug, Serialize, Deserialize)]
struct WithholdingRow {
    jurisdiction: Box<str>,
    #[serde(with = "stored::optional_text")]
    residence: Option<Country>,
    party_type: Option<PartyType>,
    #[serde(with = "stored::text")]
    rate: Rate,
    span: Span,
}

#[derive(Debug, Serialize, Deserialize)]
struct ResidenceRow {
    #[serde(with = "stored::text")]
    country: Country,
    span: Span,
}

#[derive(Debug, Serialize, Deserialize)]
struct CertificateRow {
    #[serde(with = "stored::text")]
    rate: Rate,
    reference: Box<str>,
    span: Span,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Span {
    #[serde(with = "stored::micros")]
    from: Instant,
    #[serde(with = "stored::micros")]
    to: Instant,
}

impl Span {
    fn of(validity: Validity) -> Span {
        Span { from: validity.start(), to: validity.end() }
    }

    fn covers(self, at: Instant) -> bool {
        self.from <= at && at < self.to
    }
}

impl TaxRows {
    pub(super) fn reside(&mut self, party: PartyIndex, country: Country, validity: Validity) {
        let span = Span::of(validity);
        self.residences.insert((party, span.from.micros()), ResidenceRow { country, span });
    }

    pub(super) fn withhold(&mut self, it: Withholding) {
        let Withholding { id, jurisdiction, residence, party_type, rate, validity } = it;
        self.withholdings.insert(id, WithholdingRow { jurisdiction, residence, party_type, rate, span: Span::of(validity) });
    }

    pub(super) fn certify(&mut self, party: PartyIndex, it: Certificate) {
        let span = Span::of(it.validity);
        let key = (party, it.jurisdiction, span.from.micros());
        self.certificates.insert(key, CertificateRow { rate: it.rate, reference: it.reference, span });
    }

    fn residence(&self, party: PartyIndex, at: Instant) -> Option<Country> {
        let rows = self.residences.range((party, i64::MIN)..=(party, at.micros()));
        rows.map(|(_, row)| row).find(|row| row.span.covers(at)).map(|row| row.country)
    }

    fn certificate(&self, party: PartyIndex, jurisdiction: &str, at: Instant) -> Option<&CertificateRow> {
        let rows = self.certificates.range((party, jurisdiction.into(), i64::MIN)..=(party, jurisdiction.into(), at.micros()));
        rows.map(|(_, row)| row).find(|row| row.span.covers(at))
    }
}

impl Registry {
    /// What a MID withholds of what it pays to a party at that instant; none where no record is in force for such parties there.
    ///
    /// The record counts that names most of residence and type (at a tie: residence before type); a certificate of the party puts its
    /// own rate in the place of the record's.
    #[must_use]
    pub fn tax_terms(&self, party: PartyIndex, mid: MidIndex, at: Instant) -> Option<TaxTerms<'_>> {
        let jurisdiction = self.mid_terms(mid).jurisdiction.as_deref()?;
        let (residence, party_type) = (self.taxes.residence(party, at), self.party_types[party.at()]);
        let applies = |row: &WithholdingRow| {
            let named =
                row.residence.is_none_or(|named| residence == Some(named)) && row.party_type.is_none_or(|named| named == party_type);
            named && *row.jurisdiction == *jurisdiction && row.span.covers(at)
        };
        let rows = self.taxes.withholdings.iter().filter(|(_, row)| applies(row));
        // Two that name the same do not stand beside each other at one instant.
        let (id, row) = rows.max_by_key(|(_, row)| (row.residence.is_some(), row.party_type.is_some()))?;
        let certificate = self.taxes.certificate(party, jurisdiction, at);
        Some(TaxTerms {
            jurisdiction,
            withholding: id,
            certificate: certificate.map(|row| &*row.reference),
            rate: certificate.map_or(row.rate, |row| row.rate),
        })
    }
}
