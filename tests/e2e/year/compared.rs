//! The books beside the model: every state, balance, payment and draft.

use super::payments::News;
use super::plan::{Draft, Figures};
use super::run::Year;
use super::world::{Books, CURRENCIES, MIDS, World, amount, cycle, month};
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

impl Year {
    /// Every cycle is where the model has it.
    pub fn same_states(&self) -> Result<()> {
        let said = self.data.json(["settle", "status"])?;
        let mut is = BTreeMap::new();
        for row in said["cycles"].as_array().context("no cycles")?.iter().filter(|row| row["state"] != "open") {
            let text = |field: &str| row[field].as_str().unwrap_or_default().to_owned();
            is.insert((text("mid"), text("currency"), month(&text("cycle"))?), text("state"));
        }
        let mut should = BTreeMap::new();
        for (books, sheet) in &self.model.sheets {
            for (cycle, course) in &sheet.courses {
                let state = format!("{:?}", course.state).to_lowercase();
                should.insert((books.mid().to_owned(), books.currency().to_owned(), *cycle), state);
            }
        }
        ensure!(is == should, "the states are {is:?}, and should be {should:?}");
        Ok(())
    }

    /// Every account has what the model has in it.
    pub fn same_balances(&self) -> Result<()> {
        let said = self.data.json(["trial-balance", "--by", "account"])?;
        let mut is = BTreeMap::new();
        for row in said["lines"].as_array().context("no lines")? {
            let text = |field: &str| row[field].as_str().unwrap_or_default().to_owned();
            is.insert([text("mid"), text("currency"), text("account"), text("owner")], amount(row, "balance")?);
        }
        is.retain(|_, balance| *balance != 0);
        let key = |(books, account, owner): &(Books, &str, String)| {
            [books.mid().to_owned(), books.currency().to_owned(), (*account).to_owned(), owner.clone()]
        };
        let should: BTreeMap<_, _> =
            self.model.balances.iter().filter(|(_, balance)| **balance != 0).map(|(of, balance)| (key(of), *balance)).collect();
        let other: Vec<_> = is.keys().chain(should.keys()).filter(|account| is.get(*account) != should.get(*account)).collect();
        let named = other.first().map(|account| (account, is.get(*account), should.get(*account)));
        ensure!(named.is_none(), "a balance is, and should be: {named:?}");
        Ok(())
    }

    /// Every payment of some books is where the model has it.
    pub fn same_payments(&self, of: impl Fn(&Books) -> bool) -> Result<()> {
        for books in self.model.world.books().into_iter().filter(of) {
            let rows = self.payments(books, &[])?;
            let is: BTreeSet<[String; 2]> =
                rows.iter().map(|row| ["payment", "state"].map(|field| row[field].as_str().unwrap_or_default().to_owned())).collect();
            let ours = self.model.payments.iter().filter(|payment| payment.books == books);
            let should: BTreeSet<[String; 2]> = ours.map(|payment| [payment.id.clone(), name(payment.news).to_owned()]).collect();
            ensure!(is == should, "payments are not as they should be: {:?}", is.symmetric_difference(&should).collect::<Vec<_>>());
        }
        Ok(())
    }

    /// Every draft in force is as it was made.
    fn same_drafts(&self) -> Result<()> {
        for (books, sheet) in &self.model.sheets {
            let drafts = sheet.courses.iter().filter_map(|(of, course)| Some((cycle(*of), course.draft.as_ref()?)));
            for (of, draft) in drafts {
                let said = self.data.json(["settle", "draft", "--mid", books.mid(), "--currency", books.currency(), "--cycle", &of])?;
                same_lines(&self.model.world, draft, &said)?;
                ensure!(said["draft_sha256"] == draft.sha256, "cycle {of} has another draft than {}", draft.sha256);
            }
        }
        Ok(())
    }

    pub fn is_as_the_model(&mut self) -> Result<()> {
        self.same_states()?;
        self.same_balances()?;
        self.same_payments(|_| true)?;
        (0..MIDS.len()).try_for_each(|mid| self.same_receivables(mid))?;
        self.same_last_invoices()?;
        self.same_accruals()?;
        self.same_drafts()
    }

    /// At the end all of it is in the archive, and adds up from there alone.
    pub fn end(&mut self) -> Result<()> {
        self.is_as_the_model()?;
        self.data.ok(["verify"]).map(drop)
    }
}

/// The lines and totals of a draft are those of the model.
pub fn same_lines(world: &World, draft: &Draft, said: &Value) -> Result<()> {
    let mut is = BTreeMap::new();
    for line in said["lines"].as_array().context("no lines")? {
        is.insert(line["party"].as_str().unwrap_or_default().to_owned(), figures(line)?);
    }
    for (party, should) in &draft.lines {
        let id = &world.parties[*party].id;
        let line = is.remove(id);
        ensure!(line.as_ref() == Some(should), "{id} has {line:?}, and should have {should:?}");
    }
    ensure!(is.is_empty(), "these have lines, and should not: {is:?}");
    let sum = |field: fn(&Figures) -> i128| draft.lines.values().map(field).sum::<i128>();
    let should = [sum(|line| line.net), sum(|line| line.true_up), sum(|line| line.paid), sum(|line| line.carried_out)];
    let totals = ["net", "true_up", "paid", "carried"].map(|field| amount(said, field)).into_iter().collect::<Result<Vec<_>>>()?;
    ensure!(totals == should, "the totals are {totals:?}, and should be {should:?}");
    Ok(())
}

fn figures(line: &Value) -> Result<Figures> {
    let of = |field: &str| amount(line, field);
    Ok(Figures {
        gross: of("gross")?,
        labour: of("labour")?,
        fee: of("fee")?,
        net: of("net")?,
        true_up: of("true_up")?,
        adjusted: of("adjusted")?,
        held: of("held")?,
        lifted: of("lifted")?,
        withheld: of("withheld")?,
        inherited: of("inherited")?,
        passed_on: of("passed_on")?,
        recovered: of("recovered")?,
        carried_in: of("carried_in")?,
        paid: of("paid")?,
        carried_out: of("carried_out")?,
        arrives: arrives(&line["exchanged"])?,
    })
}

fn arrives(exchanged: &Value) -> Result<Option<(usize, i128)>> {
    let currency = CURRENCIES.iter().position(|(code, _)| exchanged["currency"] == *code);
    currency.map(|currency| Ok((currency, amount(exchanged, "amount")?))).transpose()
}

/// Where a payment is, as the product calls it.
pub fn name(news: News) -> &'static str {
    match news {
        News::Released => "released",
        News::Accepted => "accepted",
        News::Rejected => "rejected",
        News::Settled => "settled",
        News::Returned => "returned",
    }
}
