//! What the books should say: an accountant's own ledger, kept by the contract alone. It decides which acts are allowed, and follows them.

use super::assigned::{Line as AccountLine, Whose};
use super::claimed::{Claimed, Suspense};
use super::collected::{Invoice, Receipt};
use super::money::{Millionths, ceil, split, units};
use super::payments::Payment;
use super::plan::{Draft, Figures, Terms};
use super::world::{Books, MONTHS, PLATFORMS, World};
use anyhow::{Context, Result};
use std::collections::{BTreeMap, BTreeSet};

/// The states of a cycle, in the order of its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    Open,
    Closing,
    Draft,
    Approved,
    Released,
    Reconciled,
    Sealed,
}

/// Who acts: two persons, one of whom has two keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    Ana,
    AnaAgain,
    Bo,
}

/// A use of what parties have made; at most a few are named.
#[derive(Clone, Debug)]
pub struct Event {
    pub number: usize,
    pub platform: usize,
    pub month: usize,
    pub currency: usize,
    pub revenue: String,
    /// Hundredths of it; what is missing is nobody's.
    pub shares: Vec<(usize, i128)>,
}

/// What an event earned a party, or lost it.
#[derive(Clone, Debug)]
pub struct Line {
    pub cycle: usize,
    pub agreement: usize,
    pub party: usize,
    pub undone: Option<usize>,
    pub gross: i128,
    pub labour: i128,
}

#[derive(Clone, Debug)]
pub struct Hold {
    pub party: usize,
    pub limit: Option<i128>,
    pub reserve: Option<Reserve>,
    pub lifted: bool,
}

/// What part of what a cycle brings is kept, and after how many cycles it is given back.
#[derive(Clone, Copy, Debug)]
pub struct Reserve {
    pub share: Millionths,
    pub cycles: Option<usize>,
}

#[derive(Clone, Debug)]
pub struct Adjustment {
    pub party: usize,
    pub cycle: usize,
    pub amount: i128,
}

/// A cycle that was moved.
#[derive(Clone, Debug)]
pub struct Course {
    pub state: State,
    pub draft: Option<Draft>,
    /// Who has signed the draft, if anybody has.
    pub prepared_by: Option<Actor>,
}

/// The books of a MID in a currency.
#[derive(Clone, Debug, Default)]
pub struct Sheet {
    pub courses: BTreeMap<usize, Course>,
    pub lines: Vec<Line>,
    pub holds: BTreeMap<u64, Hold>,
    pub adjustments: BTreeMap<u64, Adjustment>,
}

/// A figure, and whether it is something.
type Seen = (&'static str, fn(&Figures) -> bool);

#[derive(Clone)]
pub struct Model {
    pub world: World,
    pub events: Vec<Event>,
    pub undone: BTreeSet<usize>,
    pub earned: Vec<Vec<(Books, Line)>>,
    /// What nobody answers for yet, and what was of that and was claimed.
    pub suspense: Vec<Suspense>,
    pub claimed: Vec<Claimed>,
    pub sheets: BTreeMap<Books, Sheet>,
    pub payments: Vec<Payment>,
    /// The numbers of invoices that were issued, be it that their approval was withdrawn since.
    pub numbers: BTreeMap<Invoice, String>,
    /// What has come in, and which invoice it pays; else it is in suspense.
    pub receipts: Vec<(Receipt, Option<Invoice>)>,
    /// What people decide of.
    pub lines: Vec<AccountLine>,
    /// How many receipts were told again, and how many payments have waited for platforms.
    pub told_again: usize,
    pub waited: usize,
    /// By account and owner: debits less credits.
    pub balances: BTreeMap<(Books, &'static str, String), i128>,
    pub holds: u64,
    pub adjustments: u64,
}

impl Model {
    pub fn of(world: World) -> Model {
        let sheets = world.books().into_iter().map(|books| (books, Sheet::default())).collect();
        Model {
            world,
            events: Vec::new(),
            undone: BTreeSet::new(),
            earned: Vec::new(),
            suspense: Vec::new(),
            claimed: Vec::new(),
            sheets,
            payments: Vec::new(),
            numbers: BTreeMap::new(),
            receipts: Vec::new(),
            lines: Vec::new(),
            told_again: 0,
            waited: 0,
            balances: BTreeMap::new(),
            holds: 0,
            adjustments: 0,
        }
    }

    /// Takes the next event.
    pub fn meter(&mut self, event: Event) -> Result<()> {
        let (revenue, mut earned) = (units(&event.revenue)?, Vec::new());
        // In the order of their names, and what is nobody's last.
        let mut shares: Vec<(Option<usize>, i128)> = event.shares.iter().map(|(party, share)| (Some(*party), *share)).collect();
        shares.sort_by_key(|(party, _)| party.map(|at| self.world.parties[at].id.clone()));
        shares.push((None, 100 - event.shares.iter().map(|(_, share)| share).sum::<i128>()));
        let parts = split(revenue, &shares.iter().map(|(_, share)| *share).collect::<Vec<_>>());
        for ((party, _), gross) in shares.into_iter().zip(parts) {
            let Some(party) = party.filter(|_| gross > 0) else { continue };
            let of = &self.world.parties[party];
            let books = Books { mid: of.mid, currency: event.currency };
            let Some(agreement) = self.world.agreement(event.platform, books).filter(|_| of.is_member(event.month)) else {
                self.suspense.push(Suspense { event: self.events.len(), party, gross });
                continue;
            };
            let labour = ceil(gross, self.world.agreements[agreement].share);
            let cycle = event.month.max(self.first_open(books));
            earned.push((books, Line { cycle, agreement, party, undone: None, gross, labour }));
        }
        for (books, line) in &earned {
            self.sheet_mut(*books).lines.push(line.clone());
        }
        self.earned.push(earned);
        self.events.push(event);
        Ok(())
    }

    /// Takes what an event earned back: in its cycle while that is open, or in the first open one.
    pub fn undo(&mut self, event: usize) {
        self.undone.insert(event);
        for (books, line) in self.earned[event].clone() {
            let cycle = line.cycle.max(self.first_open(books));
            let undone = (cycle > line.cycle).then_some(line.cycle);
            self.sheet_mut(books).lines.push(Line { cycle, undone, gross: -line.gross, labour: -line.labour, ..line });
        }
    }

    pub fn sheet(&self, books: Books) -> &Sheet {
        &self.sheets[&books]
    }

    pub fn sheet_mut(&mut self, books: Books) -> &mut Sheet {
        self.sheets.get_mut(&books).expect("the books are there")
    }

    pub fn first_open(&self, books: Books) -> usize {
        self.sheet(books).courses.keys().next_back().map_or(0, |closed| closed + 1)
    }

    /// Where a cycle is; none where a later one was closed first.
    pub fn state(&self, books: Books, cycle: usize) -> Option<State> {
        let courses = &self.sheet(books).courses;
        match courses.get(&cycle) {
            Some(course) => Some(course.state),
            None if courses.range(cycle..).next().is_some() => None,
            None => Some(State::Open),
        }
    }

    /// Whether all cycles before have come to a state.
    fn before(&self, books: Books, cycle: usize, least: State) -> bool {
        self.sheet(books).courses.range(..cycle).all(|(_, course)| course.state >= least)
    }

    /// Whether no cycle behind has come to a state.
    fn behind(&self, books: Books, cycle: usize, least: State) -> bool {
        self.sheet(books).courses.range(cycle + 1..).all(|(_, course)| course.state < least)
    }

    pub fn can_close(&self, books: Books, cycle: usize) -> bool {
        let first = self.first_open(books);
        let passes_over = self.sheet(books).lines.iter().any(|line| line.cycle >= first && line.cycle < cycle);
        self.state(books, cycle) == Some(State::Open) && self.before(books, cycle, State::Draft) && !passes_over
    }

    pub fn close(&mut self, books: Books, cycle: usize) {
        let course = Course { state: State::Closing, draft: None, prepared_by: None };
        self.sheet_mut(books).courses.insert(cycle, course);
    }

    pub fn can_draft(&self, books: Books, cycle: usize) -> bool {
        self.state(books, cycle) == Some(State::Closing) && self.before(books, cycle, State::Draft)
    }

    /// What a draft is made of, as the books are now.
    pub fn terms<'a>(&'a self, books: Books, cycle: usize, without: &'a BTreeSet<usize>) -> Terms<'a> {
        let drafts = || self.drafts(books).filter(move |(of, _)| *of < cycle);
        let taken: BTreeSet<&String> = drafts().flat_map(|(_, draft)| draft.returned.keys()).collect();
        let back = self.payments.iter().filter(|payment| payment.arrives_in() == books && payment.cycle < cycle && payment.owed_again());
        Terms {
            world: &self.world,
            books,
            cycle,
            sheet: self.sheet(books),
            before: drafts().collect(),
            without,
            returned: back.filter(|payment| !taken.contains(&payment.id)).collect(),
        }
    }

    pub fn drafts(&self, books: Books) -> impl Iterator<Item = (usize, &Draft)> {
        self.sheet(books).courses.iter().filter_map(|(cycle, course)| Some((*cycle, course.draft.as_ref()?)))
    }

    pub fn draft(&mut self, books: Books, cycle: usize, draft: Draft, by: Option<Actor>) -> Result<()> {
        let course = self.course_mut(books, cycle)?;
        *course = Course { state: State::Draft, draft: Some(draft), prepared_by: by };
        Ok(())
    }

    pub fn course(&self, books: Books, cycle: usize) -> Option<&Course> {
        self.sheet(books).courses.get(&cycle)
    }

    pub fn course_mut(&mut self, books: Books, cycle: usize) -> Result<&mut Course> {
        self.sheet_mut(books).courses.get_mut(&cycle).with_context(|| format!("cycle {cycle} was not closed"))
    }

    pub fn can_discard(&self, books: Books, cycle: usize) -> bool {
        self.state(books, cycle) == Some(State::Draft) && self.behind(books, cycle, State::Draft)
    }

    pub fn discard(&mut self, books: Books, cycle: usize) -> Result<()> {
        let course = self.course_mut(books, cycle)?;
        (course.state, course.draft) = (State::Closing, None);
        Ok(())
    }

    pub fn can_approve(&self, books: Books, cycle: usize, by: Actor, sha256: &str) -> bool {
        let Some(Course { state: State::Draft, draft: Some(draft), prepared_by: Some(prepared_by) }) = self.course(books, cycle) else {
            return false;
        };
        let other_person = (by == Actor::Bo) != (*prepared_by == Actor::Bo);
        self.before(books, cycle, State::Approved) && other_person && draft.sha256 == sha256
    }

    pub fn can_withdraw(&self, books: Books, cycle: usize) -> bool {
        self.state(books, cycle) == Some(State::Approved) && self.behind(books, cycle, State::Approved)
    }

    /// Books what an approval adds to what is owed, or takes it back.
    pub fn approve(&mut self, books: Books, cycle: usize, sign: i128) -> Result<()> {
        let course = self.course_mut(books, cycle)?;
        course.state = if sign > 0 { State::Approved } else { State::Draft };
        let draft = course.draft.clone().context("no draft")?;
        for (party, line) in &draft.lines {
            let earned = line.net + line.true_up + line.adjusted + line.lifted + line.inherited;
            let earned = earned - line.held - line.withheld - line.passed_on;
            let owner = self.world.parties[*party].id.clone();
            self.post(books, "party_payable", &owner, -sign * earned);
            self.post(books, "held", &owner, -sign * (line.held - line.lifted));
            self.post(books, "withheld_tax", &owner, -sign * line.withheld);
            if let Some((currency, amount)) = line.arrives {
                let other = Books { currency, ..books };
                self.post(books, "party_payable", &owner, sign * line.paid);
                self.post(books, "fx", "", -sign * line.paid);
                self.post(other, "fx", "", sign * amount);
                self.post(other, "party_payable", &owner, -sign * amount);
            }
            self.post(books, "fee_income", "", -sign * (line.fee - line.true_up - line.adjusted));
        }
        for (number, (held, lifted)) in &draft.holds {
            let Hold { party, reserve, .. } = &self.sheet(books).holds[number];
            if reserve.is_some() {
                let owner = self.world.parties[*party].id.clone();
                self.post(books, "held", &owner, sign * (held - lifted));
                self.post(books, "reserve", &owner, -sign * (held - lifted));
            }
        }
        for (platform, labour) in &draft.labour_of_platforms {
            self.post(books, "platform_receivable", PLATFORMS[*platform], sign * labour);
        }
        Ok(())
    }

    pub fn post(&mut self, books: Books, account: &'static str, owner: &str, amount: i128) {
        *self.balances.entry((books, account, owner.to_owned())).or_default() += amount;
    }

    pub fn can_release(&self, books: Books, cycle: usize) -> bool {
        self.state(books, cycle) == Some(State::Approved) && self.before(books, cycle, State::Released)
    }

    pub fn can_reconcile(&self, books: Books, cycle: usize) -> bool {
        self.state(books, cycle) == Some(State::Released) && !self.on_their_way(books, cycle)
    }

    pub fn can_seal(&self, books: Books, cycle: usize) -> bool {
        self.state(books, cycle) == Some(State::Reconciled) && self.before(books, cycle, State::Sealed)
    }

    /// How often each figure was something in a draft that is in force: what was never there was never compared.
    pub fn seen(&self) -> BTreeMap<&'static str, usize> {
        let figures: [Seen; 11] = [
            ("true_up", |line| line.true_up != 0),
            ("adjusted", |line| line.adjusted != 0),
            ("held", |line| line.held != 0),
            ("lifted", |line| line.lifted != 0),
            ("withheld", |line| line.withheld != 0),
            ("inherited", |line| line.inherited != 0),
            ("recovered", |line| line.recovered != 0),
            ("carried", |line| line.carried_in != 0),
            ("owes", |line| line.carried_out < 0),
            ("paid", |line| line.paid != 0),
            ("exchanged", |line| line.arrives.is_some()),
        ];
        let mut seen: BTreeMap<&str, usize> = figures.iter().map(|(name, _)| (*name, 0)).collect();
        seen.extend(["sealed", "returned", "left out"].map(|what| (what, 0)));
        for sheet in self.sheets.values() {
            *seen.entry("undone").or_default() += sheet.lines.iter().filter(|line| line.undone.is_some()).count();
            for course in sheet.courses.values() {
                *seen.entry("sealed").or_default() += usize::from(course.state == State::Sealed);
                let Some(draft) = &course.draft else { continue };
                *seen.entry("returned").or_default() += draft.returned.len();
                *seen.entry("left out").or_default() += draft.without.len();
                for (name, is) in figures {
                    *seen.entry(name).or_default() += draft.lines.values().filter(|line| is(line)).count();
                }
            }
        }
        *seen.entry("paid anew").or_default() += self.payments.iter().filter(|payment| !payment.is_last).count();
        let pays = self.receipts.iter().filter(|(_, pays)| pays.is_some()).count();
        let advances = self.world.books().into_iter().flat_map(|books| (0..PLATFORMS.len()).map(move |platform| (books, platform)));
        seen.extend([
            ("received", pays),
            ("in suspense", self.receipts.len() - pays),
            ("told again", self.told_again),
            ("waited", self.waited),
        ]);
        let are = |is: fn(&AccountLine) -> bool| self.lines.iter().filter(|line| is(line)).count();
        seen.extend([
            ("charged", are(|line| line.whose == Whose::Charges)),
            ("put to an invoice", are(|line| matches!(line.whose, Whose::Invoice(_)))),
            ("put to a payment that went out", are(|line| matches!(line.whose, Whose::Payment(_)) && line.amount < 0)),
            ("put to a payment that came back", are(|line| matches!(line.whose, Whose::Payment(_)) && line.amount > 0)),
        ]);
        seen.insert("claimed", self.claimed.len());
        seen.insert("advance", advances.filter(|(books, platform)| self.account(*books, *platform).advance != 0).count());
        seen
    }

    /// The cycles of books that have been moved, and one more.
    pub fn within_reach(&self, books: Books) -> usize {
        self.first_open(books).min(MONTHS - 1)
    }
}
