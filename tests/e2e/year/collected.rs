//! What comes in, in the model: which invoice a receipt pays, what of each is open, and who waits for whose money.

use super::model::{Model, State};
use super::money::cut;
use super::plan::{Draft, Figures};
use super::world::{Books, PLATFORMS};
use std::collections::{BTreeMap, BTreeSet};

/// An invoice, by its place: the books, the platform and the cycle.
pub type Invoice = (Books, usize, usize);

/// Money that comes in at the bank of a MID, or goes out.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// The MID, and the currency that comes in.
    pub books: Books,
    /// Below 0 if it goes out.
    pub amount: i128,
    /// The invoices whose numbers stand in it.
    pub names: Vec<Invoice>,
    /// What the bank calls it, in every statement.
    pub reference: String,
}

/// What is made of a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It pays an invoice.
    Pays(Invoice),
    /// It is nobody's yet: a person has to look at it.
    Suspense,
    /// It was told before: it is not booked, and a person has to look at it.
    Before,
    /// It went out, and nobody knows what for: it is not booked, and a person has to look at it.
    Open,
}

/// The account of a platform with a MID in a currency.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// The invoices by cycle: what each asks for, and what of it is open.
    pub invoices: BTreeMap<usize, [i128; 2]>,
    pub received: i128,
    /// What came in beyond all that is asked for.
    pub advance: i128,
    /// What the last invoice leaves for the next one.
    pub carried: i128,
}

impl Model {
    /// What a receipt will be taken for.
    pub fn taken_for(&self, receipt: &Receipt) -> Taken {
        if receipt.amount < 0 {
            return Taken::Open;
        }
        let same = |(other, _): &&(Receipt, Option<Invoice>)| {
            (other.books, other.amount, &other.reference) == (receipt.books, receipt.amount, &receipt.reference)
        };
        if self.receipts.iter().any(|other| same(&other)) {
            return Taken::Before;
        }
        // Of invoices to one platform in one currency the oldest is meant; only the MID's own are any.
        let ours: BTreeSet<&Invoice> =
            receipt.names.iter().filter(|invoice| invoice.0.mid == receipt.books.mid && self.numbers.contains_key(*invoice)).collect();
        let whose: BTreeSet<(Books, usize)> = ours.iter().map(|(books, platform, _)| (*books, *platform)).collect();
        match ours.first() {
            Some(oldest) if whose.len() == 1 && oldest.0 == receipt.books => Taken::Pays(**oldest),
            _ => Taken::Suspense,
        }
    }

    /// Takes a receipt; what it was taken for.
    pub fn receive(&mut self, receipt: Receipt) -> Taken {
        let taken = self.taken_for(&receipt);
        let (account, owner, pays) = match taken {
            Taken::Before | Taken::Open => return taken,
            Taken::Suspense => ("suspense", "", None),
            Taken::Pays(invoice) => ("platform_receivable", PLATFORMS[invoice.1], Some(invoice)),
        };
        self.post(receipt.books, "bank", "", receipt.amount);
        self.post(receipt.books, account, owner, -receipt.amount);
        self.receipts.push((receipt, pays));
        taken
    }

    /// What a platform was asked for in a currency, and what it has paid: each receipt the invoice that it names, and else the oldest.
    pub fn account(&self, books: Books, platform: usize) -> Account {
        let mut account = Account::default();
        for (cycle, labour) in self.booked(books, platform) {
            let owed = account.carried + labour;
            let asked = cut(owed, books.minor());
            account.carried = owed - asked;
            account.invoices.insert(cycle, [asked, asked]);
        }
        let mut left: BTreeMap<usize, i128> = BTreeMap::new();
        for (receipt, pays) in &self.receipts {
            let Some((_, _, cycle)) = pays.filter(|(of, by, _)| (*of, *by) == (books, platform)) else { continue };
            account.received += receipt.amount;
            *left.entry(cycle).or_default() += receipt.amount;
        }
        for (cycle, amount) in &mut left {
            if let Some([_, open]) = account.invoices.get_mut(cycle) {
                let part = (*open).min(*amount);
                (*open, *amount) = (*open - part, *amount - part);
            }
        }
        account.advance = left.into_values().sum();
        for [_, open] in account.invoices.values_mut() {
            let part = (*open).min(account.advance);
            (*open, account.advance) = (*open - part, account.advance - part);
        }
        account
    }

    /// By cycle, the labour of a platform in approvals that are in force.
    pub fn booked(&self, books: Books, platform: usize) -> BTreeMap<usize, i128> {
        let approved = self.sheet(books).courses.iter().filter(|(_, course)| course.state >= State::Approved);
        let labour = approved.filter_map(|(cycle, course)| Some((*cycle, *course.draft.as_ref()?.labour_of_platforms.get(&platform)?)));
        labour.filter(|(_, labour)| *labour != 0).collect()
    }

    /// The platforms that have not paid all that they were asked for up to a cycle.
    fn owing(&self, books: Books, cycle: usize) -> BTreeSet<usize> {
        let owes = |platform: &usize| self.account(books, *platform).invoices.range(..=cycle).any(|(_, [_, open])| *open > 0);
        (0..PLATFORMS.len()).filter(owes).collect()
    }

    /// Who is not paid by the draft of a cycle until some platform has paid.
    pub fn waiting(&self, books: Books, cycle: usize) -> BTreeSet<usize> {
        let Some(draft) = self.course(books, cycle).and_then(|course| course.draft.as_ref()) else { return BTreeSet::new() };
        let mut waiting = self.waiting_for_others(books, cycle, draft);
        let owing = self.owing(books, cycle);
        if !owing.is_empty() {
            // Whose money that is, nobody knows.
            let is_anybodys = |line: &Figures| [line.lifted, line.inherited, line.adjusted].iter().any(|amount| *amount != 0);
            waiting.extend(draft.lines.iter().filter(|(_, line)| line.paid > 0 && is_anybodys(line)).map(|(party, _)| *party));
        }
        for (earned_in, settled) in self.drafts(books).filter(|(earned_in, _)| *earned_in <= cycle) {
            let terms = self.terms(books, earned_in, &settled.without);
            for line in terms.settled() {
                // What was earned before is in what somebody carries in.
                let is_paid = |figures: &Figures| figures.paid > 0 && (earned_in == cycle || figures.carried_in != 0);
                let platform = self.world.agreements[line.agreement].platform;
                if owing.contains(&platform) && draft.lines.get(&line.party).is_some_and(is_paid) {
                    waiting.insert(line.party);
                }
            }
        }
        waiting
    }

    /// What was exchanged and has come back is money of the currency that it was earned in: who gets it waits for whoever owes there.
    fn waiting_for_others(&self, books: Books, cycle: usize, draft: &Draft) -> BTreeSet<usize> {
        let taken: BTreeSet<&String> =
            self.drafts(books).filter(|(of, _)| *of <= cycle).flat_map(|(_, draft)| draft.returned.keys()).collect();
        let exchanged = self.payments.iter().filter(|payment| payment.books != books && taken.contains(&payment.id));
        let is_paid = |party: &usize| draft.lines.get(party).is_some_and(|line| line.paid > 0);
        let waits = exchanged.filter(|payment| is_paid(&payment.party) && !self.owing(payment.books, cycle).is_empty());
        waits.map(|payment| payment.party).collect()
    }
}
