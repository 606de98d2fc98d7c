//! The countries of ISO 3166-1, and those whose banks SEPA reaches.

/// ISO 3166-1 alpha-2, and XK, which banks use for Kosovo.
const COUNTRIES: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF \
    CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ \
    GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV \
    LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR \
    PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ \
    UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW";

/// Where the IBANs of the schemes' geographical scope come from (European Payments Council, EPC409-09).
const SEPA: &str =
    "AD AL AT BE BG CH CY CZ DE DK EE ES FI FR GB GI GR HR HU IE IS IT LI LT LU LV MC MD ME MK MT NL NO PL PT RO RS SE SI SK SM VA";

/// Whether there is such a country.
#[must_use]
pub fn is_country(code: &str) -> bool {
    has(COUNTRIES, code)
}

/// Whether SEPA reaches accounts of this country.
#[must_use]
pub fn is_in_sepa(code: &str) -> bool {
    has(SEPA, code)
}

fn has(list: &str, code: &str) -> bool {
    list.split_whitespace().any(|one| one == code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_whole() {
        assert_eq!(COUNTRIES.split_whitespace().count(), 249 + 1);
        assert!(COUNTRIES.split_whitespace().is_sorted() && SEPA.split_whitespace().is_sorted());
        assert!(SEPA.split_whitespace().all(is_country));
        assert!(!is_country("") && !is_country("ZZ") && !is_country("de") && !is_country("D"));
    }
}
