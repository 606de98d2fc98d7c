//! From gross to labour: one event's result lines.

use crate::identity::{Digest, Saying};
use crate::{Attributor, Refused};
use farthing_schemas::event::{Entry, Usage};
use farthing_schemas::registry::{AgreementIndex, MidIndex, PartyIndex, PlatformIndex, Registry, Standing, WorkIndex};
use farthing_schemas::{Code, Currency, Instant, Money, Rate, ReferenceKind, Rejection, Status, Use};

/// Who a line is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reference {
    /// A party of the registry.
    Party(PartyIndex),
    /// A party or work that the registry does not know, by the first entry that names it.
    Unknown(ReferenceKind, usize),
    /// The unattributed part.
    Nobody,
}

/// One line per event, reference and status.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    /// Who it is for.
    pub reference: Reference,
    /// The agreement that applies.
    pub agreement: Option<AgreementIndex>,
    /// What is to become of it.
    pub status: Status,
    /// The part of the revenue.
    pub gross: Money,
    /// The part of gross promised to contributors.
    pub labour: Money,
}

/// What a valid usage event comes to, beside its lines.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    /// What it says, to tell a duplicate from a conflict.
    pub says: Digest,
    /// What it earned.
    pub revenue: Money,
    /// The currency of the revenue.
    pub currency: Currency,
    /// Whether the revenue was rated from counts and prices.
    pub rated: bool,
}

/// The terms that all lines of one event share.
#[derive(Clone, Copy)]
struct Circumstance {
    platform: PlatformIndex,
    use_: Use,
    currency: Currency,
    time: Instant,
    default_share: Rate,
}

/// A part of gross that reached a reference, through a work or directly.
#[derive(Clone, Copy)]
struct Part {
    reference: Reference,
    agreement: Option<AgreementIndex>,
    status: Status,
    work: Option<WorkIndex>,
    gross: Money,
}

/// Makes lines; reuses its memory from event to event.
pub struct LineMaker {
    attributor: Attributor,
    saying: Saying,
    parts: Vec<Part>,
    through: Vec<Money>,
    weights: Vec<u128>,
    splitter: farthing_schemas::split::Splitter,
    lines: Vec<Line>,
}

impl Default for LineMaker {
    fn default() -> LineMaker {
        LineMaker {
            attributor: Attributor::default(),
            saying: Saying::new(),
            parts: Vec::new(),
            through: Vec::new(),
            weights: Vec::new(),
            splitter: farthing_schemas::split::Splitter::default(),
            lines: Vec::new(),
        }
    }
}

impl LineMaker {
    /// Computes the lines of one usage event of a platform; [`LineMaker::lines`] has them afterwards.
    ///
    /// # Errors
    /// [`Refused::Rejected`] with `unrated`, `bad_amount` or `weights_exceed_one`; [`Refused::Overflow`] never within the bounds.
    pub fn make(&mut self, registry: &Registry, platform: PlatformIndex, usage: &Usage<'_>, time: Instant) -> Result<Outcome, Refused> {
        let mut found = Vec::new();
        registry.find_parties(&parties_named(usage).collect::<Vec<_>>(), &mut found);
        self.make_found(registry, platform, usage, &found, time)
    }

    /// The same, when the parties that the entries name were looked up before: what was found for each of [`parties_named`].
    ///
    /// # Errors
    /// Those of [`LineMaker::make`].
    pub fn make_found(
        &mut self,
        registry: &Registry,
        platform: PlatformIndex,
        usage: &Usage<'_>,
        found: &[Option<Standing>],
        time: Instant,
    ) -> Result<Outcome, Refused> {
        let (revenue, currency) = match usage.revenue {
            Some(given) => given,
            None => rated(registry, platform, usage, time)?,
        };
        let default_share = registry.platform_terms(platform).default_labour_share;
        let circumstance = Circumstance { platform, use_: usage.use_, currency, time, default_share };
        self.saying.begin(usage.use_, revenue, currency);
        self.lines.clear();
        let nobody = self.collect_parts(registry, circumstance, usage, found, revenue)?;
        self.group(registry, circumstance)?;
        if nobody != Money::ZERO {
            let labour = default_share.ceil_of(nobody)?;
            self.lines.push(Line { reference: Reference::Nobody, agreement: None, status: Status::Unattributed, gross: nobody, labour });
        }
        Ok(Outcome { says: self.saying.digest(), revenue, currency, rated: usage.revenue.is_none() })
    }

    /// The lines of the event last made; none has a gross of 0.
    #[must_use]
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// The works through which a line of the event last made came, in the order of their index.
    pub fn works(&self, line: &Line) -> impl Iterator<Item = WorkIndex> {
        let (reference, status) = (line.reference, line.status);
        self.parts.iter().filter(move |part| (part.reference, part.status) == (reference, status)).filter_map(|part| part.work)
    }

    /// What reached a line of the event last made, by the work through which it came; none for what names the party itself.
    pub fn parts_of(&self, line: &Line) -> impl Iterator<Item = (Option<WorkIndex>, Money)> {
        let (reference, status) = (line.reference, line.status);
        self.parts.iter().filter(move |part| (part.reference, part.status) == (reference, status)).map(|part| (part.work, part.gross))
    }

    /// Follows each share to the parties behind it; returns what is attributed to nobody.
    fn collect_parts(
        &mut self,
        registry: &Registry,
        at: Circumstance,
        usage: &Usage<'_>,
        found: &[Option<Standing>],
        revenue: Money,
    ) -> Result<Money, Refused> {
        self.parts.clear();
        let mut finder = Finder { registry, at, last: None };
        let (shares, nobody) = self.attributor.split(&usage.attribution, revenue)?;
        let entries = &usage.attribution.entries;
        for share in shares.iter().filter(|share| share.gross != Money::ZERO) {
            let entry = &entries[share.entry];
            self.saying.reference(entry.kind, &entry.reference, share.gross);
            match entry.kind {
                ReferenceKind::Party => self.parts.push(match found[share.entry] {
                    Some(party) => finder.known(party, None, share.gross),
                    None => unknown(ReferenceKind::Party, share.entry, share.gross),
                }),
                ReferenceKind::Work => match registry.work(&entry.reference, at.time) {
                    None => self.parts.push(unknown(ReferenceKind::Work, share.entry, share.gross)),
                    Some((work, owners)) => {
                        self.weights.clear();
                        self.weights.extend(owners.iter().map(|owner| u128::from(owner.weight)));
                        self.splitter.split(share.gross, &self.weights, &mut self.through)?;
                        let reached = owners.iter().zip(&self.through).filter(|(_, gross)| **gross != Money::ZERO);
                        self.parts.extend(reached.map(|(owner, gross)| finder.known(registry.standing(owner.party), Some(work), *gross)));
                    }
                },
            }
        }
        Ok(nobody)
    }

    /// Adds up the parts of one reference and status, and takes labour of the sum.
    fn group(&mut self, registry: &Registry, at: Circumstance) -> Result<(), Refused> {
        // Direct entries are merged already: only works reach a reference twice.
        if self.parts.iter().any(|part| part.work.is_some()) {
            self.parts.sort_unstable_by_key(|part| (part.reference, part.status, part.work));
        }
        for part in &self.parts {
            match self.lines.last_mut() {
                Some(line) if (line.reference, line.status) == (part.reference, part.status) => line.gross = line.gross.plus(part.gross)?,
                _ => self.lines.push(Line {
                    reference: part.reference,
                    agreement: part.agreement,
                    status: part.status,
                    gross: part.gross,
                    labour: Money::ZERO,
                }),
            }
        }
        for line in &mut self.lines {
            let share = line.agreement.map_or(at.default_share, |agreement| registry.agreement_terms(agreement).labour_share);
            line.labour = share.ceil_of(line.gross)?;
        }
        Ok(())
    }
}

/// Per entry the party that it names, for [`Registry::find_parties`]; nothing where it names a work.
pub fn parties_named<'e>(usage: &'e Usage<'_>) -> impl Iterator<Item = &'e str> {
    let named = |entry: &'e Entry<'_>| if entry.kind == ReferenceKind::Party { &*entry.reference } else { "" };
    usage.attribution.entries.iter().map(named)
}

fn unknown(kind: ReferenceKind, entry: usize, gross: Money) -> Part {
    Part { reference: Reference::Unknown(kind, entry), agreement: None, status: Status::Suspense, work: None, gross }
}

/// Finds a party's MID, agreement and consent.
struct Finder<'r> {
    registry: &'r Registry,
    at: Circumstance,
    /// Neighbours are often of one MID: what was found last.
    last: Option<(MidIndex, Option<AgreementIndex>)>,
}

impl Finder<'_> {
    fn known(&mut self, party: Standing, work: Option<WorkIndex>, gross: Money) -> Part {
        let at = self.at;
        let mid = self.registry.mid_of(party, at.platform, at.use_, at.time);
        let agreement = mid.and_then(|mid| self.agreement(mid));
        let status = if self.registry.denied(party, work, at.platform, at.use_, at.time) {
            Status::Unlicensed
        } else if agreement.is_some() {
            Status::Payable
        } else {
            Status::Suspense
        };
        Part { reference: Reference::Party(party.party), agreement, status, work, gross }
    }

    fn agreement(&mut self, mid: MidIndex) -> Option<AgreementIndex> {
        match self.last {
            Some((last, agreement)) if last == mid => agreement,
            _ => {
                let at = self.at;
                let agreement = self.registry.agreement_of(at.platform, mid, at.use_, at.currency, at.time);
                self.last = Some((mid, agreement));
                agreement
            }
        }
    }
}

/// Revenue from counts and the platform's prices at the event's time.
fn rated(registry: &Registry, platform: PlatformIndex, usage: &Usage<'_>, time: Instant) -> Result<(Money, Currency), Rejection> {
    let bad_amount = || Rejection::new(Code::BadAmount, "usage: the rated revenue is beyond the bounds of amounts");
    let mut revenue = None;
    for price in registry.prices(platform, usage.use_).iter().filter(|price| price.validity().covers(time)) {
        let Some((_, count)) = usage.counts.iter().find(|(unit, _)| **unit == *price.unit) else { continue };
        let (sum, _) = revenue.unwrap_or((Money::ZERO, price.currency));
        let amount = price.price.times(*count).map_err(|_| bad_amount())?;
        revenue = Some((sum.plus(amount).map_err(|_| bad_amount())?, price.currency));
    }
    match revenue {
        None => Err(Rejection::new(Code::Unrated, "revenue is missing, and the platform has no price for a unit of usage at this time")),
        Some((amount, _)) if amount >= Money::EVENT_BOUND => Err(bad_amount()),
        Some(rated) => Ok(rated),
    }
}
