//! [`Year`]: acts are done through the binary and in the model, and both are compared after each.

use super::acts::{Act, Change, Move, choose};
use super::compared::{name, same_lines};
use super::judge::{Verdict, judge};
use super::model::{Actor, Adjustment, Event, Hold, Model, Reserve, State};
use super::money;
use super::payments::{News, Payment};
use super::told::message;
use super::world::{
    Books, CURRENCIES, MIDS, PLATFORMS, World, agreement_id, amount, configuration, cycle, membership_record, quote_record,
};
use crate::dice::Dice;
use crate::support::{Data, stderr};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::{Output, Stdio};

/// All is metered then.
pub const METERED: &str = "2027-01-15T00:00:00Z";
const NOW: &str = "2027-02-01T09:30:00Z";

/// The name, the person and the key of an actor.
const ACTORS: [(&str, &str, &str); 3] = [("ana", "Ana", "ana.pem"), ("ana2", "Ana", "ana2.pem"), ("bo", "Bo", "bo.pem")];

pub struct Year {
    pub data: Data,
    dice: Dice,
    pub model: Model,
    /// Files of events, of records and of the bank so far.
    pub files: u32,
    pub last_message: Option<(usize, String)>,
    /// What has to be the same whenever the same is done: hashes of drafts and of files for banks, and roots.
    pub evidence: Vec<String>,
    /// How many acts came to each verdict.
    pub verdicts: [u32; 3],
}

impl Year {
    pub fn of(seed: u64, parties: usize) -> Result<Year> {
        let mut dice = Dice::new(seed);
        let model = Model::of(World::of(&mut dice, parties));
        let mut year = Year { data: Data::in_memory()?, dice, model, files: 0, last_message: None, evidence: Vec::new(), verdicts: [0; 3] };
        year.load(&year.model.world.registry())?;
        for (actor, person, key) in ACTORS {
            year.data.ok(["actor", "add", actor, "--person", person, "--key", key])?;
        }
        fs::write(year.data.path().join("farthing.toml"), configuration())?;
        Ok(year)
    }

    /// The next act of the year.
    pub fn act(&mut self) -> Result<()> {
        let act = choose(&mut self.dice, &self.model);
        let verdict = judge(&self.model, &act);
        self.verdicts[verdict as usize] += 1;
        self.follow(&act, verdict).with_context(|| format!("{verdict:?}: {act:?}"))
    }

    fn follow(&mut self, act: &Act, verdict: Verdict) -> Result<()> {
        let before = if verdict == Verdict::Done { None } else { Some(self.whole()?) };
        self.perform(act, verdict)?;
        let checked = self.data.command(["check"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let same = match before {
            // What has not changed is as it was found before.
            Some(before) => self.is_still(&before),
            None => self.same_states_and_balances(act),
        };
        let checked = checked.wait_with_output()?;
        ensure!(checked.status.success(), "{}", shown(&checked));
        same
    }

    fn same_states_and_balances(&self, act: &Act) -> Result<()> {
        if matches!(act, Act::Move(..)) {
            self.same_states()?;
        }
        self.same_balances()
    }

    fn perform(&mut self, act: &Act, verdict: Verdict) -> Result<()> {
        match act {
            Act::Meter { events, undo, again } => self.meter(events, undo, again),
            Act::Load(change) => self.change(change),
            Act::Hold { books, party, limit, reserve } => self.hold(*books, *party, *limit, *reserve),
            Act::Lift { books, party, number } => self.lift(*books, *party, *number, verdict),
            Act::Adjust { books, cycle, party, amount } => self.adjust(*books, *cycle, *party, *amount, verdict),
            Act::Move(books, cycle, step) => self.step(*books, *cycle, step, verdict),
            Act::Tell { mid, news } => self.tell(*mid, news, verdict),
            Act::Claim { party } => self.claim(*party),
            Act::Receive { mid, receipts } => self.receive(*mid, receipts, verdict),
            Act::Assign { line, whose } => self.assign(*line, *whose, verdict),
            Act::TellAgain => self.tell_again(),
        }
    }

    fn meter(&mut self, events: &[Event], undo: &[usize], again: &[usize]) -> Result<()> {
        let mut lines: Vec<Value> = events.iter().map(|event| self.event(event)).collect();
        lines.extend(undo.iter().map(|event| reversal(&self.model.events[*event])));
        lines.extend(again.iter().map(|event| self.event(&self.model.events[*event])));
        let name = self.write("events", &lines)?;
        let said = self.data.json(["meter", &name, "--now", METERED])?;
        let counts = ["metered", "duplicate", "rejected"].map(|field| said[field].as_u64().unwrap_or_default());
        let should = [events.len() + undo.len(), again.len(), 0].map(|count| u64::try_from(count).unwrap_or_default());
        ensure!(counts == should, "{said}");
        for event in events {
            self.model.meter(event.clone())?;
        }
        undo.iter().for_each(|event| self.model.undo(*event));
        Ok(())
    }

    fn event(&self, event: &Event) -> Value {
        let entry = |(party, share): &(usize, i128)| json!({"party": self.model.world.parties[*party].id, "weight": format!("{}.{:02}", share / 100, share % 100)});
        let rest = 100 - event.shares.iter().map(|(_, share)| share).sum::<i128>();
        json!({"specversion": "1.0", "id": format!("e{}", event.number), "source": "//year", "type": "farthing.usage.inference.v1",
            "time": format!("{}-03T09:12:44Z", cycle(event.month)), "data": {"platform": PLATFORMS[event.platform],
            "revenue": {"amount": event.revenue, "currency": CURRENCIES[event.currency].0},
            "attribution": {"method": "year", "kind": "share", "entries": event.shares.iter().map(entry).collect::<Vec<_>>(),
                "unattributed": format!("{}.{:02}", rest / 100, rest % 100)}}})
    }

    fn write(&mut self, what: &str, lines: &[Value]) -> Result<String> {
        self.files += 1;
        let name = format!("{what}-{}.ndjson", self.files);
        fs::write(self.data.path().join(&name), lines.iter().map(|line| format!("{line}\n")).collect::<String>())?;
        Ok(name)
    }

    fn load(&mut self, records: &[Value]) -> Result<()> {
        let name = self.write("registry", records)?;
        self.data.ok(["registry", "load", &name]).map(drop)
    }

    fn change(&mut self, change: &Change) -> Result<()> {
        let world = &mut self.model.world;
        let record = match change {
            Change::Fee { mid, fee } => {
                world.mids[*mid].fee = *fee;
                world.mid_record(*mid)
            }
            Change::Threshold { mid, currency, amount } => {
                world.mids[*mid].thresholds[*currency] = *amount;
                world.mid_record(*mid)
            }
            Change::Joins { party } => {
                world.parties[*party].joined = true;
                membership_record(&world.parties[*party])
            }
            Change::Ends { party, until } => {
                world.parties[*party].until = Some(*until);
                membership_record(&world.parties[*party])
            }
            Change::Dies { party, month, heirs } => {
                world.parties[*party].died = Some((*month, heirs.clone()));
                world.successor_record(&world.parties[*party]).context("nobody comes after it")?
            }
            Change::Tax { mid, tax } => {
                world.mids[*mid].tax = Some(*tax);
                world.tax_record(*mid).context("no law")?
            }
            Change::Quote { of, units } => {
                world.quotes.insert(*of, *units);
                quote_record(*of, *units)
            }
            Change::Account { party, mistyped } => {
                world.parties[*party].mistyped = *mistyped;
                world.party_record(&world.parties[*party])
            }
        };
        self.load(&[record])
    }

    fn hold(&mut self, books: Books, party: usize, limit: Option<i128>, reserve: Option<Reserve>) -> Result<()> {
        let limit_text = limit.map(money::text);
        let share = reserve.map(|reserve| format!("{}.{:06}", reserve.share / 1_000_000, reserve.share % 1_000_000));
        let cycles = reserve.and_then(|reserve| reserve.cycles).map(|cycles| cycles.to_string());
        let id = self.model.world.parties[party].id.clone();
        let mut words = vec!["hold", "add", &id, "--mid", books.mid(), "--currency", books.currency(), "--why", "in dispute"];
        words.extend(limit_text.iter().flat_map(|limit| ["--limit", limit]));
        words.extend(share.iter().flat_map(|share| ["--share", share]));
        words.extend(cycles.iter().flat_map(|cycles| ["--cycles", cycles]));
        let said = self.data.json(words)?;
        self.model.holds += 1;
        ensure!(said["number"] == self.model.holds, "{said}");
        let number = self.model.holds;
        self.model.sheet_mut(books).holds.insert(number, Hold { party, limit, reserve, lifted: false });
        Ok(())
    }

    fn lift(&mut self, books: Books, party: usize, number: u64, verdict: Verdict) -> Result<()> {
        let (id, text) = (self.model.world.parties[party].id.clone(), number.to_string());
        let words = ["hold", "lift", &id, "--mid", books.mid(), "--currency", books.currency(), "--number", &text, "--why", "settled"];
        self.run(&words, verdict)?;
        if verdict == Verdict::Done
            && let Some(hold) = self.model.sheet_mut(books).holds.get_mut(&number)
        {
            hold.lifted = true;
        }
        Ok(())
    }

    fn adjust(&mut self, books: Books, of: usize, party: usize, amount: i128, verdict: Verdict) -> Result<()> {
        let (id, of_cycle, text) = (self.model.world.parties[party].id.clone(), cycle(of), format!("--amount={}", money::text(amount)));
        let words = [
            "adjust",
            &id,
            "--mid",
            books.mid(),
            "--currency",
            books.currency(),
            "--cycle",
            &of_cycle,
            &text,
            "--why",
            "wrong",
            "--reference",
            "case",
        ];
        self.run(&words, verdict)?;
        if verdict == Verdict::Done {
            self.model.adjustments += 1;
            let number = self.model.adjustments;
            self.model.sheet_mut(books).adjustments.insert(number, Adjustment { party, cycle: of, amount });
        }
        Ok(())
    }

    /// Runs words that end as the verdict says; what they say.
    pub fn run(&self, words: &[&str], verdict: Verdict) -> Result<Value> {
        let output = self.data.run([words, &["--json"]].concat())?;
        ensure!(output.status.success() == (verdict != Verdict::Refused), "{words:?}: {}", shown(&output));
        ensure!(matches!(output.status.code(), Some(0..=2)), "{words:?}: {}", shown(&output));
        if verdict == Verdict::Refused { Ok(Value::Null) } else { Ok(serde_json::from_slice(&output.stdout)?) }
    }

    fn step(&mut self, books: Books, of: usize, step: &Move, verdict: Verdict) -> Result<()> {
        let words = self.words(books, of, step);
        let said = self.run(&words.iter().map(String::as_str).collect::<Vec<_>>(), verdict)?;
        match (step, verdict) {
            (Move::Draft { .. }, Verdict::Done | Verdict::Answers) => self.drafted(books, of, step, &said, verdict),
            (_, Verdict::Done) => self.moved(books, of, step, &said),
            (_, Verdict::Answers | Verdict::Refused) => Ok(()),
        }
    }

    fn words(&self, books: Books, of: usize, step: &Move) -> Vec<String> {
        let party = |at: &usize| self.model.world.parties[*at].id.as_str();
        let left_out: Vec<String> = match step {
            Move::Draft { without, .. } => without.iter().map(|agreement| agreement_id(*agreement)).collect(),
            _ => Vec::new(),
        };
        let sending = ["--now", NOW, "--out", "files", "--config", "farthing.toml"];
        let (verb, by, more): (_, _, Vec<&str>) = match step {
            Move::Close => ("close", None, vec!["--now", "2027-03-01T00:00:00Z"]),
            Move::Draft { by, .. } => ("draft", *by, left_out.iter().flat_map(|agreement| ["--without", agreement]).collect()),
            Move::Discard => ("discard", Some(Actor::Ana), vec!["--why", "wrong"]),
            Move::Approve(by, sha256) => ("approve", Some(*by), vec!["--draft", sha256]),
            Move::Withdraw => ("withdraw", Some(Actor::Bo), vec!["--why", "wrong"]),
            Move::Release { leave_out, leave_out_unpayable, funded } => {
                let all = leave_out_unpayable.then_some("--leave-out-unpayable").into_iter().chain(funded.then_some("--funded"));
                let some = leave_out.iter().flat_map(|at| ["--leave-out", party(at)]);
                ("release", Some(Actor::Ana), sending.into_iter().chain(all).chain(some).collect())
            }
            Move::Reissue { parties, funded } => {
                let why = ["--why", "mended"].into_iter().chain(funded.then_some("--funded"));
                let some = parties.iter().flat_map(|at| ["--party", party(at)]);
                ("reissue", Some(Actor::Bo), sending.into_iter().chain(why).chain(some).collect())
            }
            Move::Reconcile => ("reconcile", Some(Actor::Bo), Vec::new()),
            Move::Seal => ("seal", Some(Actor::Ana), Vec::new()),
        };
        let of = cycle(of);
        let who = by.map(|by| ACTORS[by as usize]).map_or(vec!["--as", "ana"], |(actor, _, key)| vec!["--as", actor, "--key", key]);
        let words = ["settle", verb, "--mid", books.mid(), "--currency", books.currency(), "--cycle", &of];
        words.into_iter().chain(who).chain(more).map(str::to_owned).collect()
    }

    fn moved(&mut self, books: Books, of: usize, step: &Move, said: &Value) -> Result<()> {
        let model = &mut self.model;
        match step {
            Move::Close => model.close(books, of),
            Move::Discard => model.discard(books, of)?,
            Move::Approve(..) => {
                model.approve(books, of, 1)?;
                self.same_invoices(books, of)?;
                self.same_receivables(books.mid)?;
            }
            Move::Withdraw => {
                model.approve(books, of, -1)?;
                self.same_receivables(books.mid)?;
            }
            Move::Release { leave_out, funded, .. } => {
                let waiting = if *funded { model.waiting(books, of) } else { BTreeSet::new() };
                model.waited += waiting.len();
                model.course_mut(books, of)?.state = State::Released;
                let mut due = model.paid(books, of);
                let is_left_out =
                    |party: &usize| leave_out.contains(party) || waiting.contains(party) || model.world.parties[*party].mistyped;
                let left_out = due.keys().copied().filter(is_left_out).collect();
                self.paid(books, of, &mut due, &left_out, said)?;
            }
            Move::Reissue { parties, .. } => {
                let mut due = model.paid(books, of);
                due.retain(|party, _| parties.contains(party));
                self.paid(books, of, &mut due, &BTreeSet::new(), said)?;
            }
            Move::Reconcile => model.course_mut(books, of)?.state = State::Reconciled,
            Move::Seal => {
                model.course_mut(books, of)?.state = State::Sealed;
                self.evidence.push(said["root"].as_str().context("a seal has no root")?.to_owned());
            }
            Move::Draft { .. } => {}
        }
        Ok(())
    }

    /// The figures of a draft are the model's; if it is a new one in force, it is the model's, too.
    fn drafted(&mut self, books: Books, of: usize, step: &Move, said: &Value, verdict: Verdict) -> Result<()> {
        let kept = self.model.course(books, of).and_then(|course| course.draft.clone());
        let Move::Draft { by, without } = step else { return Ok(()) };
        let mut draft = match &kept {
            Some(kept) => kept.clone(),
            None => self.model.terms(books, of, without).draft().context("a draft that is refused")?,
        };
        same_lines(&self.model.world, &draft, said)?;
        let sha256 = said["draft_sha256"].as_str().context("a draft has no hash")?;
        if let Some(kept) = kept {
            ensure!(kept.sha256 == sha256, "the draft was {} and is {sha256}", kept.sha256);
        } else if verdict == Verdict::Done {
            sha256.clone_into(&mut draft.sha256);
            self.evidence.push(sha256.to_owned());
            self.model.draft(books, of, draft, *by)?;
        }
        Ok(())
    }

    /// The payments that were made are those that are due.
    fn paid(
        &mut self,
        books: Books,
        of: usize,
        due: &mut BTreeMap<usize, (usize, i128)>,
        left_out: &BTreeSet<usize>,
        said: &Value,
    ) -> Result<()> {
        let files = said["released"]["bank_files"].as_array().context("no files")?;
        self.evidence.extend(files.iter().map(|file| file["sha256"].to_string()));
        let known: BTreeSet<String> = self.model.payments.iter().map(|payment| payment.id.clone()).collect();
        let of_cycle = cycle(of);
        let rows = self.payments(books, &["--cycle", &of_cycle])?;
        for row in rows.iter().filter(|row| row["payment"].as_str().is_some_and(|id| !known.contains(id))) {
            let text = |field: &str| row[field].as_str().unwrap_or_default().to_owned();
            let party = self.model.world.parties.iter().position(|party| party.id == text("party")).context("nobody")?;
            let news = if left_out.contains(&party) { News::Rejected } else { News::Released };
            let paid_in = CURRENCIES.iter().position(|(code, _)| *code == text("currency")).context("no currency")?;
            let (id, amount) = (text("payment"), amount(row, "amount")?);
            let payment = Payment { id, books, paid_in, cycle: of, party, amount, news, has_settled: false, is_last: true };
            ensure!(due.remove(&party) == Some((paid_in, payment.amount)) && text("state") == name(news), "{row}");
            self.model.pay(payment)?;
        }
        ensure!(due.is_empty(), "nothing is paid of {due:?}");
        Ok(())
    }

    pub fn payments(&self, books: Books, more: &[&str]) -> Result<Vec<Value>> {
        let words = [&["payments", "--mid", books.mid(), "--currency", books.currency()], more].concat();
        self.data.json(words)?["payments"].as_array().cloned().context("no payments")
    }

    fn tell(&mut self, mid: usize, news: &[(usize, News)], verdict: Verdict) -> Result<()> {
        self.files += 1;
        let name = format!("bank-{}.xml", self.files);
        fs::write(self.data.path().join(&name), message(&self.model, &format!("TOLD-{}", self.files), news))?;
        let output = self.data.run(["bank", "book", &name, "--mid", MIDS[mid], "--as", "ana"])?;
        if verdict == Verdict::Refused {
            ensure!(!output.status.success(), "{}", shown(&output));
            return Ok(());
        }
        let mut doubts = 0;
        for (payment, what) in news {
            if self.model.can_be_true(*payment, *what) {
                self.model.tell(*payment, *what);
            } else {
                doubts += 1;
            }
        }
        ensure!(output.status.code() == Some(i32::from(doubts > 0)), "{doubts} doubts: {}", shown(&output));
        self.last_message = Some((mid, name));
        self.same_payments(|books| books.mid == mid)
    }

    fn tell_again(&mut self) -> Result<()> {
        let Some((mid, name)) = self.last_message.clone() else { return Ok(()) };
        let output = self.data.run(["bank", "book", &name, "--mid", MIDS[mid], "--as", "ana"])?;
        ensure!(output.status.success(), "{}", shown(&output));
        Ok(())
    }
}

fn reversal(event: &Event) -> Value {
    json!({"specversion": "1.0", "id": format!("r{}", event.number), "source": "//year", "type": "farthing.usage.reversal.v1",
        "time": "2027-01-10T00:00:00Z", "data": {"platform": PLATFORMS[event.platform],
        "reverses": {"source": "//year", "id": format!("e{}", event.number)}, "reason": "refund"}})
}

pub fn shown(output: &Output) -> String {
    format!("exit {:?}, {}\n{}", output.status.code(), String::from_utf8_lossy(&output.stdout), stderr(output))
}
