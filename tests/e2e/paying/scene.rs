//! Books of a MID that pays in euro, with as many parties as are wanted, whose October is earned.

use super::statements::{Entry, statement};
use crate::services::bank::{Bank, Message};
use crate::support::{Data, stderr};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

/// When all payouts are released.
pub const NOW: &str = "2026-11-02T09:30:00Z";
/// The same for the bank.
const CLOCK: &str = "2026-11-02T09:30";

pub const MID: &str = "mid_guild";

const CONFIGURATION: &str = "[payers.mid_guild.sepa]\nformat = 'pain.001.001.09'\nname = 'Guild eG'\niban = 'PAYER'\n";

const CONFIGURATION_ACH: &str = "[payers.mid_guild.ach]\nformat = 'nacha'\nname = 'Guild'\nrouting = '021000021'\naccount = '123456789'\n\
    company_id = '1234567890'\nbank_name = 'MOCK BANK'\n";

/// Books, the bank, and files that go between them.
pub struct Scene {
    pub data: Data,
    pub bank: Bank,
    pub parties: u32,
}

/// The IBAN of a country, bank and account, with its check digits.
pub fn iban(country: &str, number: &str) -> String {
    let digits = |text: &str| text.chars().filter_map(|one| one.to_digit(36)).map(|digit| digit.to_string()).collect::<String>();
    let rest = digits(&format!("{number}{country}00")).bytes().fold(0_u32, |rest, digit| (rest * 10 + u32::from(digit - b'0')) % 97);
    format!("{country}{:02}{number}", 98 - rest)
}

/// An amount of money in its smallest units.
pub fn units(amount: &str) -> Result<i64> {
    Ok(amount.replace('.', "").parse()?)
}

/// A party's IBAN: at the bank itself, and unknown to it.
pub fn account_of(party: u32) -> String {
    iban("NL", &format!("MOCK{:010}", 100 + party))
}

impl Scene {
    /// October and November are metered: every party has earned something in each.
    pub fn of(parties: u32) -> Result<Scene> {
        Scene::of_platforms(parties, 1)
    }

    /// The same, with the parties' platforms in turns.
    pub fn of_platforms(parties: u32, platforms: u32) -> Result<Scene> {
        Scene::made(parties, platforms, str::to_owned, &CONFIGURATION.replace("PAYER", &iban("NL", "MOCK0000000001")))
    }

    /// The same in dollars, to accounts in the United States.
    pub fn in_dollars(parties: u32) -> Result<Scene> {
        Scene::made(parties, 1, in_dollars, CONFIGURATION_ACH)
    }

    fn made(parties: u32, platforms: u32, rewrite: fn(&str) -> String, configuration: &str) -> Result<Scene> {
        let scene = Scene { data: Data::new()?, bank: Bank::open(CLOCK)?, parties };
        scene.load(&rewrite(&scene.registry()))?;
        let of_party = |party: u32| [(party, "10"), (party + parties, "11")].map(|(number, month)| event(number, party, platforms, month));
        let events = (0..parties).flat_map(of_party).collect::<Vec<_>>().join("\n");
        fs::write(scene.data.path().join("events.ndjson"), rewrite(&events))?;
        scene.data.ok(["meter", "events.ndjson", "--now", "2026-11-30T00:00:00Z"])?;
        for (actor, person) in [("ana", "Ana"), ("bo", "Bo")] {
            scene.data.ok(["actor", "add", actor, "--person", person, "--key", &format!("{actor}.pem")])?;
        }
        fs::write(scene.data.path().join("farthing.toml"), configuration)?;
        Ok(scene)
    }

    fn registry(&self) -> String {
        let mut lines = vec![
            r#"{"kind":"platform","id":"plt_a","default_labour_share":"0.70"}"#.to_owned(),
            r#"{"kind":"platform","id":"plt_b","default_labour_share":"0.70"}"#.to_owned(),
            r#"{"kind":"agreement","id":"agr_b","platform":"plt_b","mid":"mid_guild","uses":"*","labour_share":"0.80","currency":"EUR","on_shortfall":"refuse","from":"2026-01-01T00:00:00Z"}"#.to_owned(),
            r#"{"kind":"mid","id":"mid_guild","fee":"0.05","currency":"EUR","recovery_cap":"0.25"}"#.to_owned(),
            r#"{"kind":"agreement","id":"agr_a","platform":"plt_a","mid":"mid_guild","uses":"*","labour_share":"0.80","currency":"EUR","on_shortfall":"refuse","from":"2026-01-01T00:00:00Z"}"#.to_owned(),
        ];
        for party in 0..self.parties {
            lines.push(party_record(party, &account_of(party)));
            lines.push(format!(r#"{{"kind":"membership","party":"pty_{party}","mid":"mid_guild","platforms":"*","uses":"*","from":"2026-01-01T00:00:00Z"}}"#));
        }
        lines.join("\n") + "\n"
    }

    pub fn load(&self, records: &str) -> Result<()> {
        fs::write(self.data.path().join("registry.ndjson"), records)?;
        self.data.ok(["registry", "load", "registry.ndjson"]).map(drop)
    }

    /// The words that move a cycle, signed by Ana unless it is approved.
    pub fn moves<'a>(verb: &'a str, cycle: &'a str, more: &[&'a str]) -> Vec<&'a str> {
        let who = if verb == "approve" { ["--as", "bo", "--key", "bo.pem"] } else { ["--as", "ana", "--key", "ana.pem"] };
        [&["settle", verb, "--mid", MID, "--cycle", cycle, "--config", "farthing.toml"], &who[..], more].concat()
    }

    /// A move that must be made.
    pub fn step(&self, verb: &str, cycle: &str, more: &[&str]) -> Result<Value> {
        self.data.json(Scene::moves(verb, cycle, more)).with_context(|| format!("{verb} {cycle}"))
    }

    /// A cycle from open to approved; its draft.
    pub fn approve(&self, cycle: &str) -> Result<Value> {
        self.step("close", cycle, &["--now", "2027-01-01T00:00:00Z"])?;
        let draft = self.step("draft", cycle, &[])?;
        let sha256 = draft["draft_sha256"].as_str().context("no hash")?.to_owned();
        self.step("approve", cycle, &["--draft", &sha256])?;
        Ok(draft)
    }

    /// The words that release a cycle into the folder `files`.
    pub fn releasing(cycle: &str) -> Vec<&str> {
        Scene::moves("release", cycle, &["--now", NOW, "--out", "files"])
    }

    /// October is released: the id of each payment, by party, and what it is of in cents; and the id of the file that they are in.
    pub fn released(&self) -> Result<(Vec<(String, i64)>, String)> {
        self.approve("2026-10")?;
        self.data.json(Scene::releasing("2026-10"))?;
        let rows = self.payments("2026-10")?;
        let text = |row: &Value, field: &str| row[field].as_str().map(str::to_owned).context("no text");
        let file = text(rows.values().next().context("no payment")?, "file")?;
        let payment = |row: &Value| Ok((text(row, "payment")?, units(&text(row, "amount")?)? / 10_000_000_000));
        Ok((rows.values().map(payment).collect::<Result<_>>()?, file))
    }

    /// The bank reports a payment with that code; how many lines that leaves to a person.
    pub fn report(&self, name: &str, id: &str, code: &str) -> Result<usize> {
        let report = crate::bank::REPORT.replace("ONE-2610-1", id).replace("RJCT", code).replace("S-1", name);
        fs::write(self.data.path().join(name), report)?;
        self.book(&[name.to_owned()])
    }

    /// The files for the bank, by name.
    pub fn files(&self) -> Result<BTreeMap<String, Vec<u8>>> {
        let mut found = BTreeMap::new();
        for entry in fs::read_dir(self.data.path().join("files"))? {
            let entry = entry?;
            found.insert(entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path())?);
        }
        Ok(found)
    }

    /// Asks the bank, and keeps what it says in files; their names.
    pub fn ask(&mut self, job: &Value, named: &str) -> Result<Vec<String>> {
        let mut names = Vec::new();
        // Banks tell each other of returns, too; customers are not sent that.
        let ours = |message: &Message| ["pain.002", "camt.05"].iter().any(|form| message.form.starts_with(form));
        for (at, message) in self.bank.ask(job)?.into_iter().filter(ours).enumerate() {
            let name = format!("{named}-{at:03}-{}", message.form.replace('/', "_"));
            fs::write(self.data.path().join(&name), message.body)?;
            names.push(name);
        }
        Ok(names)
    }

    /// Brings the file of that name to the bank.
    pub fn pay(&mut self, name: &str, named: &str) -> Result<Vec<String>> {
        let path: PathBuf = self.data.path().join("files").join(name);
        self.ask(&json!({"pay": path}), named)
    }

    /// Takes in messages; how many lines are left to a person.
    pub fn book(&self, names: &[String]) -> Result<usize> {
        if names.is_empty() {
            return Ok(0);
        }
        let mut words = vec!["bank", "book", "--mid", MID, "--as", "ana", "--json"];
        words.extend(names.iter().map(String::as_str));
        let output = self.data.run(words)?;
        let said: Value = serde_json::from_slice(&output.stdout).with_context(|| stderr(&output))?;
        let left = said["files"].as_array().into_iter().flatten().filter_map(|file| file["exceptions"].as_array()).map(Vec::len).sum();
        ensure!(output.status.code() == Some(i32::from(left > 0)), "{said}");
        Ok(left)
    }

    /// The MID's bank tells these with a statement; how many lines are left to a person.
    pub fn told(&self, name: &str, entries: &[Entry<'_>]) -> Result<usize> {
        fs::write(self.data.path().join(name), statement(name, entries))?;
        self.book(&[name.to_owned()])
    }

    /// What is said of what cannot be: nothing is changed.
    pub fn refused(&self, words: &[&str]) -> Result<String> {
        let books = || Ok::<_, anyhow::Error>((self.data.json(["trial-balance"])?, self.data.json(["ledger", "check"])?));
        let before = books()?;
        let output = self.data.run(words)?;
        ensure!(output.status.code() == Some(2), "{words:?}: {output:?}");
        ensure!(books()? == before, "{words:?} has changed something");
        Ok(stderr(&output))
    }

    /// The payments of a cycle, by party; of each the last.
    pub fn payments(&self, cycle: &str) -> Result<BTreeMap<String, Value>> {
        let said = self.data.json(["payments", "--mid", MID, "--cycle", cycle])?;
        let rows = said["payments"].as_array().context("no payments")?;
        Ok(rows.iter().map(|row| (row["party"].as_str().unwrap_or_default().to_owned(), row.clone())).collect())
    }

    /// How many payments of a cycle are in each state.
    pub fn states(&self, cycle: &str) -> Result<BTreeMap<String, usize>> {
        let mut found = BTreeMap::new();
        for row in self.payments(cycle)?.values() {
            *found.entry(row["state"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
        }
        Ok(found)
    }

    /// The balance of an account, `ACCOUNT` or `ACCOUNT:OWNER`, and 0 if nothing was ever posted there.
    pub fn balance(&self, account: &str) -> Result<String> {
        let said = self.data.json(["trial-balance", "--mid", MID, "--by", "account"])?;
        let rows = said["lines"].as_array().with_context(|| said.to_string())?;
        let name = |row: &Value| match row["owner"].as_str().filter(|owner| !owner.is_empty()) {
            Some(owner) => format!("{}:{owner}", row["account"].as_str().unwrap_or_default()),
            None => row["account"].as_str().unwrap_or_default().to_owned(),
        };
        let found = rows.iter().find(|row| name(row) == account);
        Ok(found.and_then(|row| row["balance"].as_str()).unwrap_or("0.000000000000").to_owned())
    }

    /// All invariants hold, and the archive says the same.
    pub fn holds(&self) -> Result<()> {
        self.data.ok(["check"])?;
        self.data.ok(["verify"]).map(drop)
    }
}

/// Records and events in euro as the same in dollars.
fn in_dollars(text: &str) -> String {
    let text = text.replace("EUR", "USD").replace(r#""method":"sepa""#, r#""method":"ach""#);
    let mut parts = text.split(r#""iban":""#);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |written, part| {
        let (number, rest) = part.split_once('"').unwrap_or_default();
        let digits: String = number.chars().filter(char::is_ascii_digit).take(12).collect();
        format!(r#"{written}"routing":"021000021","account":"{digits}"{rest}"#)
    })
}

/// A party's record with that IBAN.
pub fn party_record(party: u32, iban: &str) -> String {
    format!(
        r#"{{"kind":"party","id":"pty_{party}","name":"Zoë Müller {party}","type":"person","payout":{{"method":"sepa","currency":"EUR","iban":"{iban}"}}}}"#
    )
}

/// An event that earns a party what no other event earns anybody.
fn event(number: u32, party: u32, platforms: u32, month: &str) -> String {
    let platform = ["plt_a", "plt_b"][usize::try_from(party % platforms).unwrap_or_default()];
    let amount = format!("{}.{:04}", 10 + number, 7 * number + 3);
    format!(
        r#"{{"specversion":"1.0","id":"{number}","source":"//a/1","type":"farthing.usage.inference.v1","time":"2026-{month}-03T09:12:44Z","data":{{"platform":"{platform}","revenue":{{"amount":"{amount}","currency":"EUR"}},"attribution":{{"method":"rag","kind":"share","entries":[{{"party":"pty_{party}","weight":"1"}}]}}}}}}"#
    )
}
