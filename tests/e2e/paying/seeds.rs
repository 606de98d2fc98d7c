//! Seeded months: a bank that refuses, settles and sends back as chance has it, and `kill -9` at steps of releasing and taking in. No obligation is
//! paid twice, none is forgotten, and what left the bank by its own account is what we say is settled.

use super::scene::{MID, NOW, Scene, iban, party_record};
use crate::crash::child::Running;
use crate::dice::Dice;
use crate::support::slow;
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const CYCLES: [&str; 2] = ["2026-10", "2026-11"];
/// Cents on the payer's account when it begins.
const BEGINNING: i128 = 100_000_000_000;
/// Where a release can be killed, and where an answer.
const RELEASE_STEPS: [&str; 4] = ["move-made", "manifest-written", "release-committed", "bank-file-written"];
const BOOK_STEPS: [&str; 2] = ["manifest-written", "bank-message-booked"];

struct Months {
    scene: Scene,
    dice: Dice,
    /// Messages of the bank so far.
    told: u32,
    /// Files that were brought to the bank.
    brought: Vec<String>,
    kills: u32,
}

impl Months {
    fn of(seed: u64) -> Result<Months> {
        let mut dice = Dice::new(seed);
        let mut scene = Scene::of(u32::try_from(2 + dice.below(4))?)?;
        scene.ask(&json!({"accounts": {"ACME": {"balance": i64::try_from(BEGINNING)?}}}), "none")?;
        for party in 0..scene.parties {
            if dice.below(4) == 0 {
                scene.load(&party_record(party, &iban("NL", "MOCK0000000003")))?;
            }
        }
        Ok(Months { scene, dice, told: 0, brought: Vec::new(), kills: 0 })
    }

    /// Runs a command, now and then killed at a step first.
    fn run(&mut self, words: &[&str], steps: &[&str]) -> Result<()> {
        let before = self.kills;
        while self.dice.below(2) == 0 {
            let step = *self.dice.pick(steps);
            let mut running = Running::start(self.scene.data.command(words).env("FAILPOINTS", format!("{step}=pause")))?;
            // A file that was taken in before comes to no step.
            if running.wait_until_still().is_err() {
                break;
            }
            running.kill_9()?;
            self.kills += 1;
            self.scene.data.ok(["check"]).with_context(|| format!("killed at {step}"))?;
        }
        let output = self.scene.data.run(words)?;
        // Killed behind the move, the same move again is refused.
        let is_done = output.status.success() || words[0] == "settle" && self.kills > before && output.status.code() == Some(1);
        ensure!(is_done, "{words:?}: {output:?}");
        Ok(())
    }

    /// Brings all files to the bank that it does not have, and takes in what it says.
    fn bring(&mut self, cycle: &str) -> Result<()> {
        self.scene.data.ok(["settle", "files", "--mid", MID, "--cycle", cycle, "--out", "files"])?;
        for name in self.scene.files()?.into_keys().filter(|name| name.ends_with(".xml")) {
            if !self.brought.contains(&name) {
                self.behave()?;
                let named = self.named();
                let report = self.scene.pay(&name, &named)?;
                self.brought.push(name);
                self.take_in(report)?;
            }
        }
        Ok(())
    }

    /// How the bank is going to treat what comes next.
    fn behave(&mut self) -> Result<()> {
        let behaviour = match self.dice.below(4) {
            0 => json!({"behaviour": "return-later", "parameters": {"days": self.dice.below(30), "reason": "MD07"}}),
            1 => {
                let payments: Vec<Value> =
                    CYCLES.iter().filter_map(|cycle| self.scene.payments(cycle).ok()).flat_map(BTreeMap::into_values).collect();
                let one = if payments.is_empty() { json!("NOBODY") } else { self.dice.pick(&payments)["payment"].clone() };
                json!({"behaviour": "return-later", "parameters": {"days": self.dice.below(4), "reason": "AC04", "end_to_end_id": one}})
            }
            _ => json!({"behaviour": "ok", "parameters": {}}),
        };
        self.scene.ask(&json!({"accounts": {"ACME": behaviour}}), "none").map(drop)
    }

    fn named(&mut self) -> String {
        self.told += 1;
        format!("told-{:03}", self.told)
    }

    fn days(&mut self, days: u64) -> Result<()> {
        let named = self.named();
        let messages = self.scene.ask(&json!({"days": days}), &named)?;
        self.take_in(messages)
    }

    /// Takes messages in, in any order, some of them twice.
    fn take_in(&mut self, mut messages: Vec<String>) -> Result<()> {
        // They may overtake each other.
        self.dice.shuffle(&mut messages);
        for message in &messages {
            self.run(&["bank", "book", message, "--mid", MID], &BOOK_STEPS)?;
            if self.dice.below(3) == 0 {
                self.scene.data.ok(["bank", "book", message, "--mid", MID])?;
            }
        }
        Ok(())
    }

    fn month(&mut self, cycle: &'static str) -> Result<()> {
        self.scene.approve(cycle)?;
        self.run(&Scene::releasing(cycle), &RELEASE_STEPS)?;
        self.bring(cycle)?;
        for _ in 0..2 {
            let days = self.dice.below(4);
            self.days(days)?;
            self.mend(cycle)?;
        }
        self.days(10)?;
        self.scene.step("reconcile", cycle, &[])?;
        if self.dice.below(2) == 0 {
            self.days(1)?;
        }
        self.scene.step("seal", cycle, &[]).map(drop)
    }

    /// Pays anew some of what has failed, to an account that there is.
    fn mend(&mut self, cycle: &'static str) -> Result<()> {
        for (party, payment) in self.scene.payments(cycle)? {
            let failed = payment["state"] == "rejected" || payment["state"] == "returned";
            if failed && self.dice.below(2) == 0 {
                let number: u32 = party.trim_start_matches("pty_").parse()?;
                self.scene.load(&party_record(number, &iban("NL", &format!("MOCK{:010}", 900 + number))))?;
                let words = Scene::moves("reissue", cycle, &["--party", &party, "--why", "mended", "--now", NOW, "--out", "files"]);
                self.run(&words, &RELEASE_STEPS)?;
                let state = self.scene.payments(cycle)?[&party]["state"].clone();
                ensure!(state == "released", "{party} is {state} after a reissue");
                self.bring(cycle)?;
            }
        }
        Ok(())
    }

    /// What must be so at the end.
    fn ends_well(&mut self) -> Result<()> {
        self.days(70)?;
        self.scene.holds()?;
        assert_eq!(self.scene.data.json(["bank", "exceptions"])?["exceptions"], json!([]));
        let mut settled: BTreeMap<String, i128> = BTreeMap::new();
        let said = self.scene.data.json(["payments", "--mid", MID])?;
        let rows = said["payments"].as_array().context("no payments")?;
        let mut live: BTreeMap<(String, String), u32> = BTreeMap::new();
        for row in rows {
            let text = |field: &str| row[field].as_str().unwrap_or_default().to_owned();
            ensure!(["settled", "rejected", "returned"].contains(&text("state").as_str()), "it is not known what became of {row}");
            if text("state") == "settled" {
                *settled.entry(text("party")).or_default() += units(&row["amount"])?;
                *live.entry((text("party"), text("cycle"))).or_default() += 1;
            }
        }
        ensure!(live.values().all(|times| *times == 1), "an obligation was paid twice: {live:?}");
        let mut earned: BTreeMap<String, i128> = BTreeMap::new();
        for cycle in CYCLES {
            let draft = self.scene.data.json(["settle", "draft", "--mid", MID, "--cycle", cycle])?;
            for line in draft["lines"].as_array().context("no lines")? {
                *earned.entry(line["party"].as_str().unwrap_or_default().to_owned()).or_default() +=
                    units(&line["net"])? + units(&line["true_up"])?;
            }
        }
        for (party, earned) in &earned {
            let owed = -units(&json!(self.scene.balance(&format!("party_payable:{party}"))?))?;
            let paid = settled.get(party).copied().unwrap_or_default();
            ensure!(*earned == paid + owed, "{party} has earned {earned}, got {paid} and is owed {owed}");
        }
        let left = self.scene.bank.account("ACME")?["balance"].as_i64().context("no balance")?;
        let paid: i128 = settled.values().sum();
        ensure!((BEGINNING - i128::from(left)) * 10_000_000_000 == paid, "the bank has {left} cents, and {paid} units are settled");
        ensure!(units(&json!(self.scene.balance("bank")?))? == -paid, "the books say another thing of the bank");
        Ok(())
    }
}

fn units(amount: &Value) -> Result<i128> {
    Ok(amount.as_str().context("no amount")?.replace('.', "").parse()?)
}

#[test]
fn no_obligation_is_paid_twice_and_none_is_forgotten() -> Result<()> {
    let seeds = if slow() { 100 } else { 3 };
    let mut kills = 0;
    for seed in 1..=seeds {
        let mut months = Months::of(seed)?;
        let played = CYCLES.into_iter().try_for_each(|cycle| months.month(cycle)).and_then(|()| months.ends_well());
        played.with_context(|| format!("seed {seed}"))?;
        kills += months.kills;
    }
    ensure!(kills >= u32::try_from(seeds)?, "only {kills} kills");
    Ok(())
}
