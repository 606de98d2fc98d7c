//! Generated books of so many payees, and the way of their one cycle.

use super::verdict::{Measured, Step};
use crate::bench::measure;
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// Payees of one event, each with a hundredth of it.
const PAYEES_AN_EVENT: u32 = 100;
/// The cycle, and when it is settled.
const OF: [&str; 4] = ["--mid", "mid_guild", "--cycle", "2026-10"];
const SETTLED_AT: &str = "2026-12-01T00:00:00Z";

/// The books and what they are made of.
pub struct Cycle {
    farthing: PathBuf,
    work: PathBuf,
    payees: u32,
}

impl Cycle {
    /// Writes the registry, the events and the configuration; the same bytes for the same number of payees.
    pub fn generate(farthing: &Path, work: &Path, payees: u32) -> Result<Cycle> {
        ensure!(payees > 0 && payees.is_multiple_of(PAYEES_AN_EVENT), "--payees {payees}: they come in hundreds");
        fs::create_dir_all(work).with_context(|| format!("cannot make {}", work.display()))?;
        let work = work.canonicalize()?;
        let file = |name: &str| File::create(work.join(name)).map(BufWriter::new).with_context(|| format!("cannot write {name}"));
        registry(&mut file("registry.ndjson")?, payees)?;
        events(&mut file("events.ndjson")?, payees)?;
        let payer = format!("[payers.mid_guild.sepa]\nformat = 'pain.001.001.09'\nname = 'Guild eG'\niban = '{}'\n", iban(0));
        fs::write(work.join("farthing.toml"), payer).context("cannot write the configuration")?;
        Ok(Cycle { farthing: farthing.to_owned(), work, payees })
    }

    /// Goes all the way, and tells each step as soon as it is made.
    pub fn walk(&self, mut each: impl FnMut(Measured)) -> Result<()> {
        let mut step = |step, words: &[&str]| -> Result<()> {
            let used = measure::run(&self.command(words)).with_context(|| step_name(step))?;
            each(Measured { step, payees: self.payees, seconds: used.wall_s, peak_kib: used.peak_kib });
            Ok(())
        };
        step(Step::Registry, &["registry", "load", "registry.ndjson"])?;
        step(Step::Meter, &["meter", "events.ndjson", "--now", "2026-11-01T00:00:00Z"])?;
        for actor in ["ana", "bo"] {
            self.ask(&["actor", "add", actor, "--person", actor, "--key", &format!("{actor}.pem")])?;
        }
        let of = |before: &[&'static str], after: &[&'static str]| [before, OF.as_slice(), after].concat();
        step(Step::Close, &of(&["settle", "close"], &["--as", "ana", "--now", SETTLED_AT]))?;
        step(Step::Draft, &of(&["settle", "draft"], &["--as", "ana", "--key", "ana.pem"]))?;
        let draft = self.drafted()?;
        let approve = of(&["settle", "approve"], &["--as", "bo", "--key", "bo.pem", "--draft"]);
        step(Step::Approve, &[approve.as_slice(), &[draft.as_str()]].concat())?;
        let release = ["--as", "ana", "--key", "ana.pem", "--out", "files", "--now", SETTLED_AT, "--config", "farthing.toml"];
        step(Step::Release, &of(&["settle", "release"], &release))?;
        step(Step::Check, &["check"])?;
        step(Step::Root, &of(&["settle", "root"], &[]))?;
        self.is_whole()
    }

    /// The SHA-256 of the draft that the cycle has.
    fn drafted(&self) -> Result<String> {
        let status = self.ask(&["settle", "status", "--json"])?;
        let draft = status["cycles"].as_array().and_then(|cycles| cycles.iter().find_map(|cycle| cycle["draft_sha256"].as_str()));
        draft.map(str::to_owned).context("the cycle has no draft")
    }

    /// Whether every payee has a payment and a statement: a step that leaves some out is quick for no good reason.
    fn is_whole(&self) -> Result<()> {
        let root = self.ask(&[["settle", "root", "--json"].as_slice(), OF.as_slice()].concat())?;
        ensure!(root["statements"].as_u64() == Some(u64::from(self.payees)), "the root is over {} statements", root["statements"]);
        let mut payments = 0;
        for file in fs::read_dir(self.work.join("files")).context("no files for banks")? {
            let text = fs::read_to_string(file?.path()).context("a file for a bank cannot be read")?;
            payments += text.matches("<CdtTrfTxInf>").count();
        }
        ensure!(u64::try_from(payments)? == u64::from(self.payees), "the files for banks have {payments} payments");
        Ok(())
    }

    fn command(&self, words: &[&str]) -> Vec<OsString> {
        let is_file = |word: &str| Path::new(word).extension().is_some() || word == "files";
        let word = |word: &&str| if is_file(word) { self.work.join(word).into() } else { OsString::from(word) };
        let books = [OsString::from("--data"), self.work.join("books").into()];
        [OsString::from(&self.farthing)].into_iter().chain(words.iter().map(word)).chain(books).collect()
    }

    /// Runs a command that is not measured, and reads its answer if that is JSON.
    fn ask(&self, words: &[&str]) -> Result<Value> {
        let used = measure::run(&self.command(words))?;
        Ok(serde_json::from_str(&used.output).unwrap_or_default())
    }
}

fn step_name(step: Step) -> String {
    format!("the step {}", step.as_str())
}

fn registry(out: &mut impl Write, payees: u32) -> Result<()> {
    let always = "2026-01-01T00:00:00Z";
    writeln!(out, "{}", json!({"kind": "platform", "id": "plt_a", "default_labour_share": "0.70"}))?;
    writeln!(out, "{}", json!({"kind": "mid", "id": "mid_guild", "fee": "0.05", "currency": "EUR"}))?;
    let agreement = json!({"kind": "agreement", "id": "agr_a", "platform": "plt_a", "mid": "mid_guild", "uses": "*", "labour_share": "0.80",
        "currency": "EUR", "on_shortfall": "refuse", "from": always});
    writeln!(out, "{agreement}")?;
    for payee in 0..payees {
        let payout = json!({"method": "sepa", "currency": "EUR", "iban": iban(payee + 1)});
        let party = json!({"kind": "party", "id": id(payee), "name": format!("Zoë Müller {payee}"), "type": "person", "payout": payout});
        let membership =
            json!({"kind": "membership", "party": id(payee), "mid": "mid_guild", "platforms": "*", "uses": "*", "from": always});
        writeln!(out, "{party}\n{membership}")?;
    }
    Ok(out.flush()?)
}

fn events(out: &mut impl Write, payees: u32) -> Result<()> {
    for number in 0..payees / PAYEES_AN_EVENT {
        let first = number * PAYEES_AN_EVENT;
        let entry = |payee: u32| json!({"party": id(payee), "weight": "0.01"});
        let entries: Vec<Value> = (first..first + PAYEES_AN_EVENT).map(entry).collect();
        let revenue = format!("{}.37", 1000 + number % 500);
        let event = json!({"specversion": "1.0", "id": number.to_string(), "source": "//platform/a", "type": "farthing.usage.inference.v1",
            "time": "2026-10-03T09:12:44Z", "data": {"platform": "plt_a", "revenue": {"amount": revenue, "currency": "EUR"},
            "attribution": {"method": "rag", "kind": "share", "entries": entries}}});
        writeln!(out, "{event}")?;
    }
    Ok(out.flush()?)
}

fn id(payee: u32) -> String {
    format!("pty_{payee:07}")
}

/// A number of an account that no bank has: MOCK is no bank, and the check digits are right.
fn iban(number: u32) -> String {
    // M, O, C, K are 22, 24, 12, 20 in ISO 7064, and NL is 23, 21; two zeros stand for the check digits.
    let digits = format!("22241220{number:010}232100");
    let rest = digits.bytes().fold(0_u32, |rest, digit| (rest * 10 + u32::from(digit - b'0')) % 97);
    format!("NL{:02}MOCK{number:010}", 98 - rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits_leave_one_over() {
        for number in [0, 1, 42, 999_999] {
            let iban = iban(number);
            let moved = format!("{}{}", &iban[4..], &iban[..4]);
            let digits: String = moved.chars().map(|one| one.to_digit(36).unwrap().to_string()).collect();
            assert_eq!(digits.parse::<u128>().unwrap() % 97, 1, "{iban}");
        }
    }

    #[test]
    fn every_payee_is_in_one_event() {
        let mut out = Vec::new();
        events(&mut out, 300).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text.lines().count(), 3);
        for payee in [0, 99, 100, 299] {
            assert_eq!(text.matches(&id(payee)).count(), 1);
        }
    }
}
