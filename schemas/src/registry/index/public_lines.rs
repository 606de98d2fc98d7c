//! Archived public text into a [`Builder`], fast: it was judged when it was written, so only what is needed is read.

use super::build::{Builder, ConsentOf, MembershipOf, Refusal};
use crate::registry::decode::{self, lines};
use crate::registry::record::{Body, PartyType, Uses, Validity};
use crate::{Instant, Use};
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::borrow::Cow;
use std::fmt;
use std::sync::mpsc::sync_channel;

/// Lines that are read before they are added.
const LINES_AHEAD: usize = 4096;

/// Adds the records of one version; an error comes with the line of the text.
pub(super) fn read(text: &[u8], builder: &mut Builder) -> Result<(), (u64, Refusal)> {
    let mut times = Times::default();
    builder.expect_parties(memchr::memmem::find_iter(text, "\"kind\":\"party\"").count());
    // Reading a line takes as long as adding it: one thread reads while the other one adds, in the order of the lines.
    std::thread::scope(|scope| {
        let (sender, receiver) = sync_channel::<Vec<(u64, Result<Line<'_>, Refusal>)>>(2);
        scope.spawn(move || {
            let mut lines = (1..).zip(lines(text)).filter(|(_, text)| !text.is_empty()).map(|(line, text)| (line, parse(text)));
            loop {
                let next: Vec<_> = lines.by_ref().take(LINES_AHEAD).collect();
                // Nobody listens after a refusal.
                if next.is_empty() || sender.send(next).is_err() {
                    return;
                }
            }
        });
        for (line, parsed) in receiver.into_iter().flatten() {
            parsed.and_then(|parsed| add(&parsed, builder, &mut times)).map_err(|refusal| (line, refusal))?;
        }
        Ok(())
    })
}

fn unreadable(error: impl fmt::Display) -> Refusal {
    Refusal::Unreadable(error.to_string())
}

/// One line of public text.
enum Line<'a> {
    Party(PartyLine<'a>),
    Membership(MembershipLine<'a>),
    Work(WorkLine<'a>),
    Consent(ConsentLine<'a>),
    Residence(ResidenceLine<'a>),
    /// Of a kind of which there are few.
    Few(&'a [u8]),
}

fn parse(line: &[u8]) -> Result<Line<'_>, Refusal> {
    let text = std::str::from_utf8(line).map_err(unreadable)?;
    match kind(text)? {
        "party" => serde_json::from_str(text).map(Line::Party),
        "membership" => serde_json::from_str(text).map(Line::Membership),
        "work" => serde_json::from_str(text).map(Line::Work),
        "consent" => serde_json::from_str(text).map(Line::Consent),
        "residence" => serde_json::from_str(text).map(Line::Residence),
        _ => Ok(Line::Few(line)),
    }
    .map_err(unreadable)
}

fn add(line: &Line<'_>, builder: &mut Builder, times: &mut Times) -> Result<(), Refusal> {
    match line {
        Line::Party(it) => {
            let payout =
                it.payout.as_ref().map(|payout| Ok((&*payout.method.0, payout.currency.0.parse().map_err(unreadable)?))).transpose()?;
            let party_type = PartyType::WORDS.iter().find(|(word, _)| *word == it.party_type.0);
            builder.party(&it.id.0, party_type.ok_or_else(|| unreadable("has an unknown type"))?.1, payout)
        }
        Line::Membership(it) => {
            let validity = times.validity(it.from.as_ref(), it.to.as_ref())?;
            let platforms = it.platforms.0.as_ref().map(|listed| listed.iter().map(|platform| &*platform.0).collect());
            builder.membership(&it.party.0, &MembershipOf { mid: &it.mid.0, platforms, uses: uses(&it.uses)?, validity })
        }
        Line::Work(it) => {
            let validity = times.validity(it.from.as_ref(), it.to.as_ref())?;
            let parts = it.parties.iter().map(PartLine::part).collect::<Result<Vec<_>, _>>()?;
            builder.work(&it.id.0, parts.into_iter(), validity)
        }
        Line::Consent(it) => {
            let validity = times.validity(it.from.as_ref(), it.to.as_ref())?;
            let platform = (it.platform.0 != "*").then_some(&*it.platform.0);
            let use_ = if it.use_.0 == "*" { None } else { Some(it.use_.0.parse().map_err(unreadable)?) };
            let work = it.work.as_ref().map(|work| &*work.0);
            builder.consent(&it.party.0, &ConsentOf { work, platform, use_, denies: it.decision.0 == "n", validity })
        }
        Line::Residence(it) => {
            let validity = times.validity(it.from.as_ref(), it.to.as_ref())?;
            builder.residence(&it.party.0, it.country.0.parse().map_err(unreadable)?, validity)
        }
        Line::Few(line) => add_few(line, builder),
    }
}

/// Of platforms, MIDs, agreements, withholdings, certificates, successors and exchange rates there are few: they are read as a load is read.
fn add_few(line: &[u8], builder: &mut Builder) -> Result<(), Refusal> {
    let records =
        decode::read_public(0, line).map_err(|errors| Refusal::Unreadable(errors.first().map_or_else(String::new, ToString::to_string)))?;
    for record in records {
        match record.body {
            Body::Platform(it) => builder.platform(*it)?,
            Body::Mid(it) => builder.mid(*it)?,
            Body::Agreement(it) => builder.agreement(&it)?,
            Body::Withholding(it) => builder.withholding(it),
            Body::Certificate(it) => builder.certificate(it)?,
            Body::Successor(it) => builder.successor(&it)?,
            Body::Quote(it) => builder.quote(it),
            Body::Party(_) | Body::Membership(_) | Body::Work(_) | Body::Consent(_) | Body::Residence(_) => {
                return Err(unreadable("is not written canonically"));
            }
        }
    }
    Ok(())
}

/// The word after `{"line":N,"kind":"`.
fn kind(text: &str) -> Result<&str, Refusal> {
    let after_line = text.strip_prefix("{\"line\":").map(|rest| rest.trim_start_matches(|digit: char| digit.is_ascii_digit()));
    let word = after_line.and_then(|rest| rest.strip_prefix(",\"kind\":\"")).and_then(|rest| rest.split('"').next());
    word.ok_or_else(|| unreadable("does not start with its line and kind"))
}

/// Reads times; most records of a load start at the same one.
#[derive(Default)]
struct Times {
    last: Option<(String, Instant)>,
}

impl Times {
    fn validity(&mut self, from: Option<&Text<'_>>, to: Option<&Text<'_>>) -> Result<Validity, Refusal> {
        let to = to.map(|text| text.0.parse().map_err(unreadable)).transpose()?;
        Ok(Validity { from: from.map(|text| self.instant(&text.0)).transpose()?, to })
    }

    fn instant(&mut self, text: &str) -> Result<Instant, Refusal> {
        if let Some((_, instant)) = self.last.as_ref().filter(|(last, _)| last == text) {
            return Ok(*instant);
        }
        let instant = text.parse().map_err(unreadable)?;
        self.last = Some((text.to_owned(), instant));
        Ok(instant)
    }
}

fn uses(listed: &AllOr<'_>) -> Result<Uses, Refusal> {
    let Some(listed) = &listed.0 else { return Ok(Uses::All) };
    listed.iter().map(|text| text.0.parse::<Use>().map_err(unreadable)).collect::<Result<_, _>>().map(Uses::Listed)
}

#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// A list; none for `*`.
struct AllOr<'a>(Option<Vec<Text<'a>>>);

impl<'de: 'a, 'a> Deserialize<'de> for AllOr<'a> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<AllOr<'a>, D::Error> {
        struct Listed;
        impl<'de> Visitor<'de> for Listed {
            type Value = AllOr<'de>;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a list or `*`")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<AllOr<'de>, E> {
                if text == "*" { Ok(AllOr(None)) } else { Err(E::custom("neither a list nor `*`")) }
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<AllOr<'de>, A::Error> {
                let mut listed = Vec::new();
                while let Some(item) = items.next_element()? {
                    listed.push(item);
                }
                Ok(AllOr(Some(listed)))
            }
        }
        input.deserialize_any(Listed)
    }
}

#[derive(Deserialize)]
struct PartyLine<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    #[serde(rename = "type")]
    party_type: Text<'a>,
    payout: Option<PayoutLine<'a>>,
}

#[derive(Deserialize)]
struct PayoutLine<'a> {
    #[serde(borrow)]
    method: Text<'a>,
    currency: Text<'a>,
}

#[derive(Deserialize)]
struct MembershipLine<'a> {
    #[serde(borrow)]
    party: Text<'a>,
    mid: Text<'a>,
    platforms: AllOr<'a>,
    uses: AllOr<'a>,
    from: Option<Text<'a>>,
    to: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct WorkLine<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    parties: Vec<PartLine<'a>>,
    from: Option<Text<'a>>,
    to: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct PartLine<'a> {
    #[serde(borrow)]
    party: Text<'a>,
    share: Option<Text<'a>>,
    weight: Option<u64>,
}

impl PartLine<'_> {
    fn part(&self) -> Result<(&str, u64), Refusal> {
        let share = || self.share.as_ref().map_or("", |share| &share.0).parse::<crate::Rate>().map_err(unreadable);
        let weight = self.weight.map_or_else(|| share().map(|share| u64::from(share.millionths())), Ok)?;
        Ok((&self.party.0, weight))
    }
}

#[derive(Deserialize)]
struct ConsentLine<'a> {
    #[serde(borrow)]
    party: Text<'a>,
    work: Option<Text<'a>>,
    platform: Text<'a>,
    #[serde(rename = "use")]
    use_: Text<'a>,
    decision: Text<'a>,
    from: Option<Text<'a>>,
    to: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct ResidenceLine<'a> {
    #[serde(borrow)]
    party: Text<'a>,
    country: Text<'a>,
    from: Option<Text<'a>>,
    to: Option<Text<'a>>,
}
