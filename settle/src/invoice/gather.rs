//! [`Invoices`]: the invoices of a draft, one for each platform that owes something, from the draft and from what lies below it.

use super::{Figures, Invoice, Issued, Named, Paid, UndoneLine, UseLine, ask};
use crate::draft::Draft;
use crate::earned::{Deferred, Earned, EventNumber, Part, part};
use crate::error::SettleError;
use crate::unsettled::Unsettled;
use farthing_schemas::{Money, Use};
use std::collections::{BTreeMap, BTreeSet};

/// The invoices of a draft.
#[derive(Clone, Debug)]
pub struct Invoices<'d> {
    draft: &'d Draft,
    deferred: &'d Deferred,
    lines: BTreeMap<Key, Counted>,
}

/// What an invoice says that no draft knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// Who owes.
    pub platform: Named,
    /// To whom.
    pub mid: Named,
    /// What the invoices before left.
    pub carried_in: Money,
    /// What makes it an invoice, with what was booked then for the platform.
    pub booked: Option<(Issued, Money)>,
    /// What was paid for claims that are in this cycle.
    pub paid: Vec<Paid>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    platform: String,
    part: Part,
    agreement: String,
    use_: Use,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counted {
    /// The event that was counted last: its other lines do not count again.
    last: Option<EventNumber>,
    events: i64,
    late: i64,
    gross: Money,
    labour: Money,
}

impl<'d> Invoices<'d> {
    /// The invoices of a draft, before anything was [`added`](Invoices::add).
    #[must_use]
    pub fn of(draft: &'d Draft, deferred: &'d Deferred) -> Invoices<'d> {
        Invoices { draft, deferred, lines: BTreeMap::new() }
    }

    /// Takes what somebody earned, all lines of an event one after the other; what does not belong to the draft is passed over.
    ///
    /// # Errors
    /// A sum that does not fit.
    pub fn add(&mut self, earned: &Earned<'_>) -> Result<(), SettleError> {
        let Some(part) = part(self.draft, self.deferred, earned) else { return Ok(()) };
        let (platform, agreement) = (earned.platform.to_owned(), earned.agreement.to_owned());
        let counted = self.lines.entry(Key { platform, part, agreement, use_: earned.use_ }).or_default();
        let again = earned.event.is_some() && counted.last == earned.event;
        let events = if again { 0 } else { earned.events };
        let late = earned.late || earned.cycle != self.draft.cycle;
        counted.last = earned.event;
        counted.events += events;
        counted.late += if late { events } else { 0 };
        (counted.gross, counted.labour) = (counted.gross.plus(earned.gross)?, counted.labour.plus(earned.labour)?);
        Ok(())
    }

    /// The platforms that owe something by this draft, or of which something was left out, in order.
    #[must_use]
    pub fn platforms(&self) -> BTreeSet<&str> {
        self.lines.keys().map(|key| key.platform.as_str()).collect()
    }

    /// Whether all that was added comes to what the draft says, per platform and in all.
    ///
    /// # Errors
    /// [`SettleError::NotAsDrafted`] with the first platform that differs, or a sum that does not fit.
    pub fn check(&self) -> Result<(), SettleError> {
        let same = |what: String, is: Money, should: Money| {
            if is == should { Ok(()) } else { Err(SettleError::NotAsDrafted { account: what, is, should }) }
        };
        for line in &self.draft.platforms {
            let gross = self.settled(Some(&line.platform), |counted| counted.gross)?;
            same(format!("the gross of {}", line.platform), gross, line.gross)?;
        }
        same("the gross of all platforms".to_owned(), self.settled(None, |counted| counted.gross)?, self.draft.totals.gross)?;
        same("the labour of all platforms".to_owned(), self.settled(None, |counted| counted.labour)?, self.draft.totals.labour)
    }

    /// What is settled, of one platform or of all.
    fn settled(&self, platform: Option<&str>, field: fn(&Counted) -> Money) -> Result<Money, SettleError> {
        let of = |key: &Key| key.part != Part::LeftOut && platform.is_none_or(|platform| key.platform == platform);
        Ok(Money::sum(self.lines.iter().filter(|(key, _)| of(key)).map(|(_, counted)| field(counted)))?)
    }

    /// The invoice of a platform.
    ///
    /// # Errors
    /// [`SettleError::NotAsBooked`] where it is not what was booked for the platform, or a sum that does not fit.
    pub fn invoice(&self, given: Given, unsettled: &Unsettled<'_>) -> Result<Invoice, SettleError> {
        let Given { platform, mid, carried_in, booked, paid } = given;
        let (uses, left_out) = (self.uses(&platform.id, Part::Used), self.uses(&platform.id, Part::LeftOut));
        let undone = self.undone(&platform.id);
        let used = Money::sum(uses.iter().map(|line| line.labour))?;
        let undone_sum = Money::sum(undone.iter().map(|line| line.labour))?;
        let labour = used.plus(undone_sum)?;
        if let Some((_, should)) = booked.as_ref().filter(|(_, should)| *should != labour) {
            return Err(SettleError::NotAsBooked { platform: platform.id, is: labour, should: *should });
        }
        let paid_sum = Money::sum(paid.iter().map(|paid| paid.amount))?;
        let asked = ask(carried_in, labour.minus(paid_sum)?, self.draft.currency)?;
        let (to_pay, carried_out) = (asked.to_pay, asked.carried_out);
        let figures = Figures { used, undone: undone_sum, carried_in, paid: paid_sum, to_pay, carried_out };
        Ok(Invoice {
            unsettled: unsettled.of_platform(&platform.id).map(|(key, sums)| (key.clone(), *sums)).collect(),
            platform,
            mid,
            currency: self.draft.currency,
            cycle: self.draft.cycle,
            open: self.draft.preview,
            issued: booked.map(|(issued, _)| issued),
            uses,
            undone,
            left_out,
            figures,
            paid,
            registry_version: self.draft.registry_version,
            draft_sha256: self.draft.draft_sha256.clone(),
        })
    }

    /// The lines of a platform; where all was undone again nothing is left to be shown.
    fn of_platform(&self, platform: &str) -> impl Iterator<Item = (&Key, &Counted)> {
        let is_something = |counted: &Counted| counted.events != 0 || (counted.gross, counted.labour) != (Money::ZERO, Money::ZERO);
        self.lines.iter().filter(move |(key, counted)| key.platform == platform && is_something(counted))
    }

    fn uses(&self, platform: &str, part: Part) -> Vec<UseLine> {
        let line = |(key, counted): (&Key, &Counted)| UseLine {
            agreement: key.agreement.clone(),
            use_: key.use_,
            events: counted.events,
            late: counted.late,
            gross: counted.gross,
            labour: counted.labour,
        };
        self.of_platform(platform).filter(|(key, _)| key.part == part).map(line).collect()
    }

    fn undone(&self, platform: &str) -> Vec<UndoneLine> {
        let line = |(key, counted): (&Key, &Counted)| {
            let Part::Undone(cycle) = key.part else { return None };
            Some(UndoneLine {
                cycle,
                agreement: key.agreement.clone(),
                use_: key.use_,
                events: counted.events,
                gross: counted.gross,
                labour: counted.labour,
            })
        };
        self.of_platform(platform).filter_map(line).collect()
    }
}
