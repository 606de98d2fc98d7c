//! Suspense in the model and beside it: what waits for whoever answers for it, and what a claim makes of that.

use super::model::{Line, Model};
use super::money::{Millionths, ceil};
use super::run::{METERED, Year};
use super::world::{Books, CURRENCIES, MIDS, MONTHS, amount};
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What every platform promises where no agreement does.
pub const DEFAULT_SHARE: Millionths = 750_000;

/// What an event earned a party for which nobody answers yet.
#[derive(Clone, Copy, Debug)]
pub struct Suspense {
    pub event: usize,
    pub party: usize,
    pub gross: i128,
}

/// What was claimed, and what it has become.
#[derive(Clone, Debug)]
pub struct Claimed {
    pub was: Suspense,
    pub books: Books,
    pub line: Line,
}

/// By MID, if any answers, party and currency: gross and labour.
type Sums = BTreeMap<(Option<usize>, usize, usize), [i128; 2]>;

impl Model {
    /// Claims for a party what finds it now; what was claimed.
    pub fn claim(&mut self, party: usize) -> Vec<Claimed> {
        let found = self.claimable(party);
        for Claimed { was, books, line } in &found {
            self.suspense.retain(|other| (other.event, other.party) != (was.event, was.party));
            self.earned[was.event].push((*books, line.clone()));
            self.sheet_mut(*books).lines.push(line.clone());
        }
        self.claimed.extend(found.iter().cloned());
        found
    }

    /// What a claim would find.
    fn claimable(&self, party: usize) -> Vec<Claimed> {
        self.suspense.iter().filter(|was| was.party == party).filter_map(|was| self.found(was)).collect()
    }

    /// The parties for which a claim would find something, and those for which it would not.
    pub fn waiting_in_suspense(&self) -> [Vec<usize>; 2] {
        let waiting: BTreeSet<usize> = self.suspense.iter().map(|was| was.party).collect();
        let found: BTreeSet<usize> = self.suspense.iter().filter(|was| self.found(was).is_some()).map(|was| was.party).collect();
        [found.iter().copied().collect(), waiting.difference(&found).copied().collect()]
    }

    /// What something in suspense becomes by a claim: who answered at the event's time counts, or else who does now.
    fn found(&self, was: &Suspense) -> Option<Claimed> {
        let Suspense { event: at, party, gross } = *was;
        let (of, event) = (&self.world.parties[party], &self.events[at]);
        let books = Books { mid: of.mid, currency: event.currency };
        let agreement = self.world.agreement(event.platform, books)?;
        if self.undone.contains(&at) || !(of.is_member(event.month) || of.is_member(MONTHS)) {
            return None;
        }
        let labour = ceil(gross, self.world.agreements[agreement].share.max(DEFAULT_SHARE));
        let cycle = event.month.max(self.first_open(books));
        Some(Claimed { was: *was, books, line: Line { cycle, agreement, party, undone: None, gross, labour } })
    }

    /// What has accrued to parties: payable of each MID, and in suspense.
    fn accrued(&self) -> Sums {
        let mut sums = Sums::new();
        let mut add = |key: (Option<usize>, usize, usize), gross: i128, labour: i128| {
            let [of_gross, of_labour] = sums.entry(key).or_default();
            (*of_gross, *of_labour) = (*of_gross + gross, *of_labour + labour);
        };
        for (books, sheet) in &self.sheets {
            sheet.lines.iter().for_each(|line| add((Some(books.mid), line.party, books.currency), line.gross, line.labour));
        }
        for Suspense { event, party, gross } in self.suspense.iter().filter(|waits| !self.undone.contains(&waits.event)) {
            add((None, *party, self.events[*event].currency), *gross, ceil(*gross, DEFAULT_SHARE));
        }
        sums.retain(|_, sums| *sums != [0; 2]);
        sums
    }
}

impl Year {
    pub fn claim(&mut self, party: usize) -> Result<()> {
        let id = self.model.world.parties[party].id.clone();
        let said = self.data.json(["claim", &id, "--kind", "party", "--as", "ana", "--now", METERED])?;
        let mut should: BTreeMap<(usize, usize), [i128; 2]> = BTreeMap::new();
        for Claimed { books, line, .. } in self.model.claim(party) {
            let [gross, labour] = should.entry((books.mid, books.currency)).or_default();
            (*gross, *labour) = (*gross + line.gross, *labour + line.labour);
        }
        let mut is = BTreeMap::new();
        for row in said["given"].as_array().context("nothing is given")? {
            ensure!(row["status"] == "payable", "{said}");
            is.insert((mid_of(row)?.context("no MID")?, currency_of(row)?), [amount(row, "gross")?, amount(row, "labour")?]);
        }
        ensure!(is == should, "a claim gave {is:?}, and should have given {should:?}");
        ensure!(said["number"].is_null() == should.is_empty(), "{said}");
        self.same_accruals()
    }

    /// All that has accrued to parties is what the model has.
    pub fn same_accruals(&self) -> Result<()> {
        let said = self.data.json(["accruals", "--by", "party,mid,status"])?;
        let parties: BTreeMap<&str, usize> = (0..).zip(&self.model.world.parties).map(|(at, party)| (party.id.as_str(), at)).collect();
        let mut is = Sums::new();
        for row in said["lines"].as_array().context("no lines")?.iter().filter(|row| row["status"] != "unattributed") {
            let party = row["party"].as_str().and_then(|id| parties.get(id)).context("nobody")?;
            let mid = mid_of(row)?;
            ensure!(row["status"] == if mid.is_some() { "payable" } else { "suspense" }, "{row}");
            is.insert((mid, *party, currency_of(row)?), [amount(row, "gross")?, amount(row, "labour")?]);
        }
        let should = self.model.accrued();
        let other = is.keys().chain(should.keys()).find(|key| is.get(*key) != should.get(*key));
        let named = other.map(|key| (key, is.get(key), should.get(key)));
        ensure!(named.is_none(), "what has accrued is, and should be: {named:?}");
        Ok(())
    }
}

fn mid_of(row: &Value) -> Result<Option<usize>> {
    let mid = row["mid"].as_str().unwrap_or_default();
    if mid.is_empty() { Ok(None) } else { MIDS.iter().position(|id| *id == mid).context("no MID").map(Some) }
}

fn currency_of(row: &Value) -> Result<usize> {
    CURRENCIES.iter().position(|(code, _)| row["currency"] == *code).context("no currency")
}
