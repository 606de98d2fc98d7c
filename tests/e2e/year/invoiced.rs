//! Invoices and receivables beside the model.

use super::assigned::{Line, Whose};
use super::collected::{Account, Receipt, Taken};
use super::judge::Verdict;
use super::model::State;
use super::run::{Year, shown};
use super::told::statement;
use super::world::{Books, CURRENCIES, MIDS, PLATFORMS, amount, cycle, month};
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;

/// By then all of it has happened.
const AS_OF: &str = "2099-12-31";

/// Of a platform in a currency: invoiced, received, open, advance, not invoiced and the balance.
type Sums = BTreeMap<(usize, usize), [i128; 6]>;

impl Year {
    /// The invoices of the last cycle that is approved ask for what the model has, and have their numbers for ever.
    pub fn same_invoices(&mut self, books: Books, of: usize) -> Result<()> {
        self.files += 1;
        let (of_cycle, out) = (cycle(of), format!("invoices-{}", self.files));
        let (mid, currency) = (books.mid(), books.currency());
        let accounts: Vec<Account> = (0..PLATFORMS.len()).map(|platform| self.model.account(books, platform)).collect();
        let asked = |account: &Account| account.invoices.get(&of).map_or(0, |[asked, _]| *asked);
        let should: Vec<[i128; 2]> = accounts.iter().map(|account| [asked(account), account.carried]).collect();
        if should.iter().all(|figures| *figures == [0; 2]) {
            return Ok(());
        }
        let said = self.data.json(["invoice", "--all", "--mid", mid, "--currency", currency, "--cycle", &of_cycle, "--out", &out])?;
        ensure!(said["preview"] == false, "{said}");
        let mut found = vec![[0; 2]; PLATFORMS.len()];
        for row in said["invoices"].as_array().context("no invoices")? {
            let platform = PLATFORMS.iter().position(|platform| row["platform"] == *platform).context("no platform")?;
            found[platform] = [amount(row, "to_pay")?, amount(row, "carried_out")?];
            let number = row["number"].as_str().context("an invoice has no number")?;
            if accounts[platform].invoices.contains_key(&of) {
                let known = self.model.numbers.entry((books, platform, of)).or_insert_with(|| number.to_owned());
                ensure!(*known == number, "an invoice had the number {known}, and has {number}");
            }
        }
        ensure!(found == should, "invoices of {of_cycle} of {mid} in {currency} are {found:?}, and should be {should:?}");
        let numbers: BTreeMap<&String, _> = self.model.numbers.iter().map(|(invoice, number)| (number, invoice)).collect();
        ensure!(numbers.len() == self.model.numbers.len(), "two invoices have one number: {:?}", self.model.numbers);
        Ok(())
    }

    /// Of the last cycle of all books that is approved: what all before have left is in it.
    pub fn same_last_invoices(&mut self) -> Result<()> {
        for books in self.model.world.books() {
            let courses = &self.model.sheet(books).courses;
            let last = courses.iter().rev().find(|(_, course)| course.state >= State::Approved).map(|(of, _)| *of);
            last.map_or(Ok(()), |of| self.same_invoices(books, of))?;
        }
        Ok(())
    }

    /// What platforms owe a MID is what the model has.
    pub fn same_receivables(&self, mid: usize) -> Result<()> {
        let said = self.data.json(["receivables", "--mid", MIDS[mid], "--as-of", AS_OF])?;
        let place = |row: &Value| -> Result<(usize, usize)> {
            let platform = PLATFORMS.iter().position(|platform| row["platform"] == *platform).context("no platform")?;
            Ok((platform, CURRENCIES.iter().position(|(code, _)| row["currency"] == *code).context("no currency")?))
        };
        let mut is = Sums::new();
        for row in said["platforms"].as_array().context("no platforms")? {
            let of = |field: &str| amount(row, field);
            let sums = [of("invoiced")?, of("received")?, of("open")?, of("advance")?, of("not_invoiced")?, of("balance")?];
            is.insert(place(row)?, sums);
        }
        let mut open = BTreeMap::new();
        for row in said["open"].as_array().context("no list of what is open")? {
            let of_cycle = month(row["cycle"].as_str().context("no cycle")?)?;
            open.insert((place(row)?, of_cycle), [amount(row, "invoiced")?, amount(row, "open")?]);
        }
        let (mut should, mut should_be_open) = (Sums::new(), BTreeMap::new());
        for currency in 0..CURRENCIES.len() {
            let books = Books { mid, currency };
            for platform in (0..PLATFORMS.len()).filter(|_| self.model.sheets.contains_key(&books)) {
                let Account { invoices, received, advance, carried } = self.model.account(books, platform);
                let sum = |at: usize| invoices.values().map(|figures| figures[at]).sum::<i128>();
                let balance = sum(1) - advance + carried;
                should.insert((platform, currency), [sum(0), received, sum(1), advance, carried, balance]);
                let is_open = invoices.into_iter().filter(|(_, [_, open])| *open != 0);
                should_be_open.extend(is_open.map(|(of, figures)| (((platform, currency), of), figures)));
            }
        }
        is.retain(|_, sums| *sums != [0; 6]);
        should.retain(|_, sums| *sums != [0; 6]);
        ensure!(is == should, "receivables of {} are {is:?}, and should be {should:?}", MIDS[mid]);
        ensure!(open == should_be_open, "open with {} is {open:?}, and should be {should_be_open:?}", MIDS[mid]);
        Ok(())
    }

    /// A statement of a MID's bank is booked.
    pub fn receive(&mut self, mid: usize, receipts: &[Receipt], verdict: Verdict) -> Result<()> {
        ensure!(verdict == Verdict::Done, "a statement is always taken in");
        self.files += 1;
        let name = format!("statement-{}.xml", self.files);
        fs::write(self.data.path().join(&name), statement(&self.model, &format!("STATED-{}", self.files), receipts))?;
        let output = self.data.run(["bank", "book", &name, "--mid", MIDS[mid], "--as", "ana", "--json"])?;
        let said: Value = serde_json::from_slice(&output.stdout)?;
        let mut left = said["files"][0]["exceptions"].as_array().into_iter().flatten();
        let mut taken = Vec::new();
        // What goes out is told first.
        let (out, in_): (Vec<&Receipt>, Vec<&Receipt>) = receipts.iter().partition(|receipt| receipt.amount < 0);
        for receipt in out.into_iter().chain(in_) {
            let was = self.model.receive(receipt.clone());
            taken.push(was);
            if matches!(was, Taken::Pays(_)) {
                continue;
            }
            let number = left.next().and_then(|one| one["line"].as_str()).with_context(|| said.to_string())?.to_owned();
            let (whose, receipt_at) = match was {
                Taken::Open => (Whose::Open, None),
                Taken::Suspense => (Whose::Suspense, self.model.receipts.len().checked_sub(1)),
                Taken::Before | Taken::Pays(_) => continue,
            };
            self.model.lines.push(Line { number, books: receipt.books, amount: receipt.amount, whose, receipt: receipt_at });
        }
        self.model.told_again += taken.iter().filter(|taken| **taken == Taken::Before).count();
        let doubts = taken.iter().any(|taken| !matches!(taken, Taken::Pays(_)));
        ensure!(output.status.code() == Some(i32::from(doubts)), "{taken:?}: {}", shown(&output));
        self.last_message = Some((mid, name));
        self.same_receivables(mid)
    }
}
