//! Workers: decode and attribute one block, knowing nothing of other events.

use crate::IngestError;
use crate::block::{Block, Raw, trimmed};
use crate::source::Partition;
use arrow_array::RecordBatch;
use farthing_aggregate::fold::{Sums, Target, Terms, UnknownReference};
use farthing_aggregate::lines::parties_named;
use farthing_aggregate::numbered::Numbered;
use farthing_aggregate::usage::{Origin, UsageBuilder};
use farthing_aggregate::{Digest, LineMaker, Reference, Refused, identity};
use farthing_schemas::event::{self, Body, Event, Usage};
use farthing_schemas::registry::{AgreementIndex, PlatformIndex, Registry, Standing};
use farthing_schemas::{Code, Currency, Cycle, Instant, Rejection, Status, time};
use std::collections::BTreeSet;
use std::ops::Range;

/// What is judged of an event beside what it says itself.
#[derive(Clone, Debug, Default)]
pub struct Admission {
    /// The platforms that the source is bound to; none binds it to none.
    pub platforms: Option<BTreeSet<String>>,
    /// How long before its arrival an event may have happened; none for any time.
    pub oldest_micros: Option<i64>,
}

/// A block's events in order, with the evidence and the lines of those that are valid.
pub struct Decoded {
    /// The events as they came, for the dead letters.
    pub block: Block,
    /// What became of each event.
    pub slots: Vec<Slot>,
    /// One row per valid event, still without the columns of a batch.
    pub usage: RecordBatch,
    /// Lines of valid usage events.
    pub lines: Vec<DecodedLine>,
    /// The terms of the lines, by number.
    pub terms: Vec<Terms>,
    /// References that the registry does not know, for [`Target::Unknown`].
    pub unknown: Vec<UnknownReference>,
    /// The months of the valid events, each once.
    pub months: Vec<Cycle>,
}

/// One line of an event, in plain integers.
#[derive(Clone, Copy, Debug)]
pub struct DecodedLine {
    /// Who it is for; an unknown reference by its place in the block.
    pub target: Target,
    /// The number of its terms in the block.
    pub terms: u32,
    /// What it is worth.
    pub sums: Sums,
}

/// One event of the block.
pub struct Slot {
    /// Its position.
    pub start: u64,
    /// The position after it.
    pub next: u64,
    /// Where it lies in the block's bytes.
    pub bytes: Range<usize>,
    /// What it is.
    pub what: What,
}

/// What one event is, as far as it can be told by itself.
pub enum What {
    /// A valid usage event: the next row of the evidence, and these lines.
    Usage {
        /// Who it is.
        identity: Digest,
        /// What it says.
        says: Digest,
        /// Where its lines are.
        lines: Range<usize>,
    },
    /// A valid reversal: the next row of the evidence.
    Reversal {
        /// Who it is.
        identity: Digest,
        /// Whom it reverses.
        original: Digest,
    },
    /// Not an event that can be metered.
    Rejected(Rejection),
}

impl Slot {
    /// Whether the position is behind it: of the events of one message, only with the last one. All of them are in one batch.
    #[must_use]
    pub fn is_last(&self) -> bool {
        self.next > self.start
    }

    /// Its size in bytes; an empty one takes its place, too.
    #[must_use]
    pub fn size(&self) -> u64 {
        u64::try_from(self.bytes.len()).unwrap_or(u64::MAX) + 1
    }
}

impl What {
    /// Who it is, if it can be metered.
    #[must_use]
    pub fn identity(&self) -> Option<Digest> {
        match self {
            What::Usage { identity, .. } | What::Reversal { identity, .. } => Some(*identity),
            What::Rejected(_) => None,
        }
    }
}

/// Events that are attributed together: their parties are looked up side by side, while what they say is still at hand.
const GROUP: usize = 32;

/// An event of the block, decoded.
struct Read<'a> {
    raw: Raw,
    event: Result<Event<'a>, Rejection>,
}

fn decoded<'a>(raw: &Raw, bytes: &'a [u8]) -> Result<Event<'a>, Rejection> {
    match &raw.rejection {
        None => event::decode(trimmed(&bytes[raw.bytes.clone()])),
        Some(rejection) => Err(rejection.clone()),
    }
}

fn usage_of<'e, 'a>(event: &'e Event<'a>) -> Option<&'e Usage<'a>> {
    match &event.body {
        Body::Usage(usage) => Some(usage),
        Body::Reversal(_) => None,
    }
}

/// Decodes and attributes blocks; reuses its memory from block to block.
pub struct Worker<'r> {
    registry: &'r Registry,
    admission: &'r Admission,
    partitions: &'r [Partition],
    maker: LineMaker,
    builder: UsageBuilder,
    lines: Vec<DecodedLine>,
    terms: Numbered<Terms>,
    unknown: Vec<UnknownReference>,
    months: Vec<Cycle>,
    found: Vec<Option<Standing>>,
    /// The numbers of an event's terms, by what tells its lines apart.
    event_terms: Vec<(Option<AgreementIndex>, Status, u32)>,
    room: Room,
}

/// What the last block needed, and an eighth more: the next one is much like it.
#[derive(Default)]
struct Room {
    slots: usize,
    lines: usize,
}

impl<'r> Worker<'r> {
    /// A worker under one registry version.
    #[must_use]
    pub fn new(registry: &'r Registry, admission: &'r Admission, partitions: &'r [Partition]) -> Worker<'r> {
        Worker {
            registry,
            admission,
            partitions,
            maker: LineMaker::default(),
            builder: UsageBuilder::default(),
            lines: Vec::new(),
            terms: Numbered::default(),
            unknown: Vec::new(),
            months: Vec::new(),
            found: Vec::new(),
            event_terms: Vec::new(),
            room: Room::default(),
        }
    }

    /// Decodes a block that arrived at `now`.
    ///
    /// # Errors
    /// [`IngestError::Fold`] if an amount cannot be held, [`IngestError::Evidence`] if the rows cannot be built.
    pub fn decode(&mut self, block: Block, now: Instant) -> Result<Decoded, IngestError> {
        let mut slots = Vec::with_capacity(self.room.slots);
        self.lines.reserve(self.room.lines);
        let mut events = block.events();
        loop {
            let read = |raw: Raw| Read { event: decoded(&raw, &block.bytes), raw };
            let mut group = Vec::with_capacity(GROUP);
            group.extend(events.by_ref().take(GROUP).map(read));
            if group.is_empty() {
                break;
            }
            self.attribute(block.partition, group, now, &mut slots)?;
        }
        drop(events);
        self.room = Room { slots: slots.len() + slots.len() / 8, lines: self.lines.len() + self.lines.len() / 8 };
        Ok(Decoded {
            slots,
            usage: self.builder.finish()?,
            lines: std::mem::take(&mut self.lines),
            terms: self.terms.take(),
            unknown: std::mem::take(&mut self.unknown),
            months: std::mem::take(&mut self.months),
            block,
        })
    }

    /// Attributes events whose parties are looked up side by side.
    fn attribute(&mut self, partition: usize, group: Vec<Read<'_>>, now: Instant, slots: &mut Vec<Slot>) -> Result<(), IngestError> {
        let usages = || group.iter().filter_map(|read: &Read<'_>| usage_of(read.event.as_ref().ok()?));
        let mut named = Vec::with_capacity(usages().map(|usage| usage.attribution.entries.len()).sum());
        usages().for_each(|usage| named.extend(parties_named(usage)));
        self.registry.find_parties(&named, &mut self.found);
        let found = std::mem::take(&mut self.found);
        let mut rest = &found[..];
        for Read { raw, event } in group {
            let entries = event.as_ref().ok().and_then(usage_of).map_or(0, |usage| usage.attribution.entries.len());
            let (of_event, after) = rest.split_at(entries);
            rest = after;
            let what = match event {
                Ok(event) => self.event(partition, raw.start, &event, of_event, raw.arrival.unwrap_or(now)),
                Err(rejection) => Err(rejection.into()),
            };
            let what = match what {
                Ok(what) => what,
                Err(Refused::Rejected(rejection)) => What::Rejected(rejection),
                Err(overflow) => return Err(IngestError::Fold(overflow)),
            };
            slots.push(Slot { start: raw.start, next: raw.next, bytes: raw.bytes, what });
        }
        self.found = found;
        Ok(())
    }

    fn event(
        &mut self,
        partition: usize,
        position: u64,
        event: &Event<'_>,
        found: &[Option<Standing>],
        now: Instant,
    ) -> Result<What, Refused> {
        self.admit(event, now)?;
        let Some(platform) = self.registry.platform(&event.platform) else {
            let sentence = format!("data.platform: {:?} is not in the registry", event.platform);
            return Err(Rejection::new(Code::UnknownPlatform, sentence).into());
        };
        let origin = Origin { partition: &self.partitions[partition].name, position };
        let identity = identity::of_event(&event.platform, &event.source, &event.id);
        let month = event.time.cycle();
        let what = match &event.body {
            Body::Usage(usage) => {
                let outcome = self.maker.make_found(self.registry, platform, usage, found, event.time)?;
                self.builder.push(origin, event, identity, outcome.says, Some(&outcome));
                let lines = self.keep_lines(platform, usage, outcome.currency, month)?;
                What::Usage { identity, says: outcome.says, lines }
            }
            Body::Reversal(reversal) => {
                let original = identity::said_by_reversal(&event.platform, reversal);
                self.builder.push(origin, event, identity, original, None);
                What::Reversal { identity, original }
            }
        };
        // Nearly always the month of the event before.
        if self.months.last() != Some(&month) && !self.months.contains(&month) {
            self.months.push(month);
        }
        Ok(what)
    }

    fn admit(&self, event: &Event<'_>, now: Instant) -> Result<(), Rejection> {
        if event.time.micros() - now.micros() > time::DAY_MICROS {
            return Err(Rejection::new(Code::FutureTime, format!("time: {} is more than 24 hours after its arrival at {now}", event.time)));
        }
        if self.admission.oldest_micros.is_some_and(|oldest| now.micros() - event.time.micros() > oldest) {
            return Err(Rejection::new(Code::TooLate, format!("time: {} is before the limit configured for this source", event.time)));
        }
        match &self.admission.platforms {
            Some(bound) if !bound.contains(&*event.platform) => {
                Err(Rejection::new(Code::PlatformNotAllowed, format!("data.platform: this source is not bound to {:?}", event.platform)))
            }
            _ => Ok(()),
        }
    }

    /// Keeps the event's lines in plain integers.
    fn keep_lines(&mut self, platform: PlatformIndex, usage: &Usage<'_>, currency: Currency, own: Cycle) -> Result<Range<usize>, Refused> {
        let first = self.lines.len();
        self.event_terms.clear();
        for line in self.maker.lines() {
            let target = match line.reference {
                Reference::Party(party) => Target::Party(party),
                Reference::Nobody => Target::Nobody,
                Reference::Unknown(kind, entry) => {
                    self.unknown.push((kind, usage.attribution.entries[entry].reference.to_string()));
                    Target::Unknown(u32::try_from(self.unknown.len() - 1).expect("a block holds fewer than 2^32 references"))
                }
            };
            let (agreement, status) = (line.agreement, line.status);
            // The rest of the terms is that of the event.
            let known = self.event_terms.iter().find(|known| (known.0, known.1) == (agreement, status)).map(|known| known.2);
            let terms = known.unwrap_or_else(|| {
                let mid = agreement.map(|agreement| self.registry.agreement_terms(agreement).mid);
                let terms = self.terms.number(Terms {
                    agreement,
                    mid,
                    platform,
                    undoes: None,
                    claimed: None,
                    own,
                    currency,
                    use_: usage.use_,
                    status,
                });
                self.event_terms.push((agreement, status, terms));
                terms
            });
            self.lines.push(DecodedLine { target, terms, sums: Sums { gross: line.gross, labour: line.labour } });
        }
        Ok(first..self.lines.len())
    }
}
