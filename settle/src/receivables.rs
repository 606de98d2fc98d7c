//! [`Receivables`]: what each platform was invoiced, what has come in and what is open, by age; from the journal's postings and from which
//! invoices receipts name.
//!
//! What is booked for a cycle is invoiced in whole minor units, as [`crate::invoice`] has it: what is below waits for the next invoice and is
//! not open, and what was paid for claims is not asked for again. What comes in is for the cycle that its entry names, as much as is open
//! there, and else for the oldest that is open; what is then left is an advance. What went back without naming one is open again, the newest
//! first. So what is open less advances, and what is not invoiced yet, are the balance of the account, always.

use crate::document::{Document, Fact, List, Part, Value};
use crate::error::SettleError;
use crate::invoice::BookedOfCycle;
use farthing_schemas::{Currency, Cycle, Day, Money};
use std::collections::{BTreeMap, BTreeSet};

/// A posting on the account of a platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Movement {
    /// Whose account.
    pub platform: String,
    /// The currency of the amount.
    pub currency: Currency,
    /// The cycle that the entry belongs to.
    pub cycle: Option<Cycle>,
    /// When it happened.
    pub day: Day,
    /// What it is.
    pub kind: MovementKind,
    /// A debit above 0, a credit below.
    pub amount: Money,
}

/// What a posting on the account of a platform is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MovementKind {
    /// An approval: the platform owes from that day on.
    Approved,
    /// An approval that is withdrawn.
    Withdrawn,
    /// It has paid for a claim, which its cycle's invoice does not ask for again.
    PaidForClaim,
    /// All else: it has paid, or what it paid went back.
    Received,
}

/// What is open at the end of a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receivables {
    /// To whom it is owed.
    pub mid: String,
    /// The day.
    pub as_of: Day,
    /// Days from an approval until it is to be paid.
    pub due_days: u16,
    /// By platform and currency.
    pub lines: Vec<Line>,
}

/// What one platform owes in one currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Who owes.
    pub platform: String,
    /// The currency of every amount here.
    pub currency: Currency,
    /// What was invoiced.
    pub invoiced: Money,
    /// What was paid for claims, and so is not invoiced.
    pub paid_for_claims: Money,
    /// What has come in.
    pub received: Money,
    /// What came in beyond all that was invoiced.
    pub advance: Money,
    /// What is booked and waits for the next invoice: below the minor unit, or a credit below 0.
    pub not_invoiced: Money,
    /// The invoices that were issued, by cycle.
    pub invoices: Vec<OpenInvoice>,
}

/// One invoice, and what of it is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenInvoice {
    /// For which cycle.
    pub cycle: Cycle,
    /// When it is to be paid by.
    pub due: Day,
    /// What it asks for.
    pub invoiced: Money,
    /// What is open of it.
    pub open: Money,
}

/// How long something has been due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Age {
    /// It is not due yet.
    NotDue,
    /// Up to 30 days; none on the very day.
    To30,
    /// 31 to 60 days.
    To60,
    /// 61 to 90 days.
    To90,
    /// More than 90 days.
    Over90,
}

impl Age {
    /// All of them, in order.
    pub const ALL: [Age; 5] = [Age::NotDue, Age::To30, Age::To60, Age::To90, Age::Over90];

    /// The age of what is due on a day, at the end of another.
    #[must_use]
    pub const fn of(due: Day, as_of: Day) -> Age {
        match as_of.days_since(due) {
            ..0 => Age::NotDue,
            0..=30 => Age::To30,
            31..=60 => Age::To60,
            61..=90 => Age::To90,
            _ => Age::Over90,
        }
    }

    /// Its name to programs and to people.
    const fn names(self) -> (&'static str, &'static str) {
        match self {
            Age::NotDue => ("not_due", "not due"),
            Age::To30 => ("due_0_30", "0-30 days"),
            Age::To60 => ("due_31_60", "31-60 days"),
            Age::To90 => ("due_61_90", "61-90 days"),
            Age::Over90 => ("due_over_90", "over 90 days"),
        }
    }
}

/// The account of a platform in one currency.
#[derive(Default)]
struct Account {
    /// By cycle: what is booked, less what was paid for claims, and since when.
    booked: BTreeMap<Cycle, (Money, Option<Day>)>,
    paid_for_claims: Money,
    /// By the cycle that entries name, those without first.
    received: BTreeMap<Option<Cycle>, Money>,
}

impl Receivables {
    /// What was open at the end of a day, by the postings in the order of the journal; later ones are passed over.
    ///
    /// # Errors
    /// [`SettleError::NoCycle`] for an approval of no cycle, or a sum that does not fit.
    pub fn of(mid: &str, as_of: Day, due_days: u16, movements: &[Movement]) -> Result<Receivables, SettleError> {
        let mut accounts: BTreeMap<(String, Currency), Account> = BTreeMap::new();
        for movement in movements.iter().filter(|movement| movement.day <= as_of) {
            accounts.entry((movement.platform.clone(), movement.currency)).or_default().take(movement)?;
        }
        let line = |((platform, currency), account): ((String, Currency), Account)| account.line(platform, currency, due_days);
        Ok(Receivables { mid: mid.to_owned(), as_of, due_days, lines: accounts.into_iter().map(line).collect::<Result<_, _>>()? })
    }

    /// The platforms of whose invoices in a currency, up to a cycle, something is open.
    #[must_use]
    pub fn open_through(&self, cycle: Cycle, currency: Currency) -> BTreeSet<String> {
        let is_open = |line: &&Line| line.invoices.iter().any(|invoice| invoice.cycle <= cycle && invoice.open > Money::ZERO);
        self.lines.iter().filter(|line| line.currency == currency).filter(is_open).map(|line| line.platform.clone()).collect()
    }
}

impl Account {
    fn take(&mut self, movement: &Movement) -> Result<(), SettleError> {
        match movement.kind {
            MovementKind::Received => {
                let received = self.received.entry(movement.cycle).or_default();
                *received = received.minus(movement.amount)?;
            }
            MovementKind::Approved => *self.book(movement)? = Some(movement.day),
            MovementKind::Withdrawn => *self.book(movement)? = None,
            MovementKind::PaidForClaim => {
                self.book(movement)?;
                self.paid_for_claims = self.paid_for_claims.minus(movement.amount)?;
            }
        }
        Ok(())
    }

    /// Books what a cycle's invoice is made of; since when it is approved.
    fn book(&mut self, movement: &Movement) -> Result<&mut Option<Day>, SettleError> {
        let cycle = movement.cycle.ok_or_else(|| SettleError::NoCycle(movement.platform.clone()))?;
        let (booked, since) = self.booked.entry(cycle).or_default();
        *booked = booked.plus(movement.amount)?;
        Ok(since)
    }

    fn line(self, platform: String, currency: Currency, due_days: u16) -> Result<Line, SettleError> {
        let (mut invoices, mut carried) = (Vec::new(), Money::ZERO);
        for (cycle, (booked, since)) in &self.booked {
            let asked = BookedOfCycle { booked: *booked, approved: since.is_some() }.ask(carried, currency)?;
            carried = asked.carried_out;
            let invoice = |day: &Day| OpenInvoice { cycle: *cycle, due: day.plus(due_days), invoiced: asked.to_pay, open: asked.to_pay };
            invoices.extend(since.as_ref().map(invoice));
        }
        let received = Money::sum(self.received.values().copied())?;
        let advance = allocate(&mut invoices, &self.received)?;
        let invoiced = Money::sum(invoices.iter().map(|invoice| invoice.invoiced))?;
        let paid_for_claims = self.paid_for_claims;
        Ok(Line { platform, currency, invoiced, paid_for_claims, received, advance, not_invoiced: carried, invoices })
    }
}

/// Takes what has come in from what is open; what is left of it. Below 0 is what went back of more than has come in.
fn allocate(invoices: &mut [OpenInvoice], received: &BTreeMap<Option<Cycle>, Money>) -> Result<Money, SettleError> {
    let mut left = received.get(&None).copied().unwrap_or_default();
    for (cycle, amount) in received.iter().filter_map(|(cycle, amount)| Some(((*cycle)?, *amount))) {
        let named = invoices.iter_mut().filter(|invoice| invoice.cycle == cycle);
        left = left.plus(pay(named, amount)?)?;
    }
    let left = pay(invoices.iter_mut(), left)?;
    take_back(invoices.iter_mut().rev(), left)
}

/// What went back and was for no invoice in particular is open again, the newest first; below 0 is what is left of it.
fn take_back<'a>(invoices: impl Iterator<Item = &'a mut OpenInvoice>, amount: Money) -> Result<Money, SettleError> {
    let mut left = amount;
    for invoice in invoices {
        let paid = invoice.invoiced.minus(invoice.open)?;
        let part = Money::ZERO.minus(left)?.max(Money::ZERO).min(paid);
        (invoice.open, left) = (invoice.open.plus(part)?, left.plus(part)?);
    }
    Ok(left)
}

/// Pays invoices, the oldest first; what is left.
fn pay<'a>(invoices: impl Iterator<Item = &'a mut OpenInvoice>, amount: Money) -> Result<Money, SettleError> {
    let mut left = amount;
    for invoice in invoices {
        let part = left.max(Money::ZERO).min(invoice.open);
        (invoice.open, left) = (invoice.open.minus(part)?, left.minus(part)?);
    }
    Ok(left)
}

impl Line {
    /// What is open of that age.
    ///
    /// # Errors
    /// A sum that does not fit.
    pub fn open(&self, age: Age, as_of: Day) -> Result<Money, SettleError> {
        let of_age = self.invoices.iter().filter(|invoice| Age::of(invoice.due, as_of) == age);
        Ok(Money::sum(of_age.map(|invoice| invoice.open))?)
    }

    /// What is open in all.
    ///
    /// # Errors
    /// A sum that does not fit.
    pub fn open_in_all(&self) -> Result<Money, SettleError> {
        Ok(Money::sum(self.invoices.iter().map(|invoice| invoice.open))?)
    }

    /// The balance of the account in the journal.
    ///
    /// # Errors
    /// A sum that does not fit.
    pub fn balance(&self) -> Result<Money, SettleError> {
        Ok(self.open_in_all()?.minus(self.advance)?.plus(self.not_invoiced)?)
    }
}

impl Receivables {
    /// What is open as a paper.
    ///
    /// # Errors
    /// A sum that does not fit.
    pub fn document(&self) -> Result<Document, SettleError> {
        let Receivables { mid, as_of, due_days, .. } = self;
        let nothing = "Nothing is booked for any platform; entries come with: farthing settle approve".to_owned();
        Ok(Document {
            kind: "receivables",
            title: format!("What platforms owe {mid} at the end of {as_of}, by the days since it was due"),
            notice: None,
            facts: vec![
                Fact::new("mid", "owed to", Value::id(mid)),
                Fact::new("as_of", "at the end of, in UTC", Value::text(as_of)),
                Fact::new("due_days", "days from an approval until it is due", Value::count(*due_days)),
            ],
            parts: vec![
                Part::list("platforms", "By platform and currency", self.platforms()?),
                Part::list("open", "Open invoices, the oldest first", self.open_invoices()),
            ],
            remarks: if self.lines.is_empty() { vec![nothing] } else { Vec::new() },
        })
    }

    fn platforms(&self) -> Result<List, SettleError> {
        let mut columns = vec![("platform", "platform"), ("currency", "currency"), ("invoiced", "invoiced")];
        columns.extend([("paid_for_claims", "paid for claims"), ("received", "received"), ("open", "open")]);
        columns.extend(Age::ALL.map(Age::names));
        columns.extend([("advance", "advance"), ("not_invoiced", "not invoiced yet"), ("balance", "balance")]);
        let mut list = List::new(&columns);
        for line in &self.lines {
            let mut row = vec![Value::id(&line.platform), Value::text(line.currency)];
            row.extend([line.invoiced, line.paid_for_claims, line.received, line.open_in_all()?].map(Value::Amount));
            for age in Age::ALL {
                row.push(Value::Amount(line.open(age, self.as_of)?));
            }
            row.extend([line.advance, line.not_invoiced, line.balance()?].map(Value::Amount));
            list.rows.push(row);
        }
        Ok(list)
    }

    fn open_invoices(&self) -> List {
        let mut list = List::new(&[
            ("platform", "platform"),
            ("currency", "currency"),
            ("cycle", "cycle"),
            ("due", "due"),
            ("days", "days since"),
            ("invoiced", "invoiced"),
            ("open", "open"),
        ]);
        let invoices = self.lines.iter().flat_map(|line| line.invoices.iter().map(move |invoice| (line, invoice)));
        let mut open: Vec<(&Line, &OpenInvoice)> = invoices.filter(|(_, invoice)| invoice.open != Money::ZERO).collect();
        open.sort_by_key(|(line, invoice)| (invoice.due, invoice.cycle, line.platform.as_str(), line.currency));
        for (line, invoice) in open {
            list.rows.push(vec![
                Value::id(&line.platform),
                Value::text(line.currency),
                Value::text(invoice.cycle),
                Value::text(invoice.due),
                Value::count(self.as_of.days_since(invoice.due)),
                Value::Amount(invoice.invoiced),
                Value::Amount(invoice.open),
            ]);
        }
        list
    }
}
