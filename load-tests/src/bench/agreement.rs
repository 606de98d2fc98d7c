//! Whether both sides came to the same result: a race between two answers says nothing.

use super::report::{self, Round};
use super::sides::{Farthing, Peer, Work};
use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use std::fmt;
use std::io::BufReader;
use std::process::{Command, Stdio};

/// Gross and labour are compared by these keys in turn: all keys at once are millions of lines.
const PARTIES: &str = "party";
const REST: &str = "mid,agreement,platform,use,currency,status";

/// What both sides found in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Agreed {
    events: u64,
    parties: usize,
    gross: i128,
    labour: i128,
}

impl fmt::Display for Agreed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { events, parties, gross, labour } = self;
        write!(
            f,
            "{events} events, {parties} parties, gross {} and labour {} in all, each party's to the unit",
            Amount(*gross),
            Amount(*labour)
        )
    }
}

struct Amount(i128);

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = format!("{:013}", self.0);
        let (whole, fraction) = digits.split_at(digits.len() - 12);
        write!(f, "{whole}.{fraction}")
    }
}

#[derive(Deserialize)]
struct Accruals {
    lines: Vec<Line>,
}

/// What a line is not asked for by is empty.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Line {
    party: String,
    mid: String,
    agreement: String,
    platform: String,
    #[serde(rename = "use")]
    usage: String,
    currency: String,
    status: String,
    gross: String,
    labour: String,
}

impl Line {
    fn row(&self, keys: &str) -> String {
        let Self { mid, agreement, platform, usage, currency, status, gross, labour, .. } = self;
        match keys {
            PARTIES => format!("{},{gross},{labour}", self.party),
            _ => format!("{mid},{agreement},{platform},{usage},{currency},{status},{gross},{labour}"),
        }
    }
}

/// Compares what the last round of each side left: the equal fold in every figure, the sums alone in each party's gross.
pub fn compare(farthing: &Farthing, peer: &Peer, rounds: &[Round]) -> Result<Agreed> {
    let mut events = 0;
    for round in rounds {
        events = report::count(&round.farthing, "metered")?;
        for found in [report::count(&round.equal, "events")?, report::count(&round.whole, "events")?, report::count(&round.sums, "events")?]
        {
            ensure!(events == found, "farthing metered {events} events, the peer {found}");
        }
    }
    let rest = lines(farthing.accruals(REST))?;
    same(rest.iter().map(|line| line.row(REST)).collect(), rows(peer.sums(Work::Equal, REST))?)?;
    let parties = lines(farthing.accruals(PARTIES))?;
    same(parties.iter().map(|line| line.row(PARTIES)).collect(), rows(peer.sums(Work::Equal, PARTIES))?)?;
    // The unattributed part has no party, and the sums alone do not have it.
    let owed = parties.iter().filter(|line| !line.party.is_empty());
    same(owed.map(|line| format!("{},{}", line.party, line.gross)).collect(), rows(peer.sums(Work::Sums, PARTIES))?)?;
    in_all(events, &parties)
}

fn in_all(events: u64, lines: &[Line]) -> Result<Agreed> {
    let mut agreed = Agreed { events, ..Agreed::default() };
    for line in lines {
        agreed.parties += usize::from(!line.party.is_empty());
        agreed.gross = agreed.gross.checked_add(units(&line.gross)?).context("the gross in all is beyond 128 bits")?;
        agreed.labour = agreed.labour.checked_add(units(&line.labour)?).context("the labour in all is beyond 128 bits")?;
    }
    Ok(agreed)
}

fn lines(mut accruals: Command) -> Result<Vec<Line>> {
    let mut child = accruals.stdout(Stdio::piped()).spawn().context("cannot ask for the accruals")?;
    let output = child.stdout.take().context("no output of the accruals")?;
    let accruals: Accruals = serde_json::from_reader(BufReader::new(output)).context("the accruals cannot be read")?;
    ensure!(child.wait()?.success(), "farthing accruals failed");
    Ok(accruals.lines)
}

fn rows(mut sums: Command) -> Result<Vec<String>> {
    let output = sums.stderr(Stdio::inherit()).output().context("cannot read the peer's sums")?;
    ensure!(output.status.success(), "the peer's sums cannot be read ({})", output.status);
    Ok(String::from_utf8(output.stdout).context("the peer's sums are not UTF-8")?.lines().map(str::to_owned).collect())
}

/// The same rows in any order; names the first that differs.
fn same(mut ours: Vec<String>, mut theirs: Vec<String>) -> Result<()> {
    ours.sort_unstable();
    theirs.sort_unstable();
    if let Some((our, their)) = ours.iter().zip(&theirs).find(|(our, their)| our != their) {
        anyhow::bail!("the two sides differ: farthing {our}, the peer {their}");
    }
    ensure!(ours.len() == theirs.len(), "farthing has {} sums, the peer {}", ours.len(), theirs.len());
    Ok(())
}

/// Units of 10^-12, read here on purpose without the code under measurement.
fn units(text: &str) -> Result<i128> {
    let (whole, fraction) = text.split_once('.').with_context(|| format!("{text:?} has no point"))?;
    ensure!(fraction.len() == 12, "{text:?} has not 12 fractional digits");
    format!("{whole}{fraction}").parse().with_context(|| format!("{text:?} is not an amount"))
}

#[cfg(test)]
mod tests {
    use super::{Line, PARTIES, in_all, same};

    fn line(party: &str, gross: &str) -> Line {
        Line { party: party.to_owned(), gross: gross.to_owned(), labour: "0.000000000001".to_owned(), ..Line::default() }
    }

    #[test]
    fn sums_all_to_the_unit_and_counts_the_parties() {
        let lines = [line("", "5.000000000000"), line("pty_a", "0.000000000001"), line("pty_b", "12.500000000000")];
        let agreed = in_all(7, &lines).unwrap().to_string();
        assert_eq!(agreed, "7 events, 2 parties, gross 17.500000000001 and labour 0.000000000003 in all, each party's to the unit");
    }

    #[test]
    fn a_gross_in_another_form_is_an_error() {
        assert!(in_all(0, &[line("pty_a", "1.5")]).is_err());
        assert!(in_all(0, &[line("pty_a", "1")]).is_err());
    }

    #[test]
    fn one_unit_or_one_row_more_is_a_difference() {
        let rows = |gross: &[&str]| gross.iter().map(|gross| line("pty_a", gross).row(PARTIES)).collect::<Vec<String>>();
        assert!(same(rows(&["1.0", "2.0"]), rows(&["2.0", "1.0"])).is_ok());
        assert!(same(rows(&["1.000000000000"]), rows(&["1.000000000001"])).is_err());
        assert!(same(rows(&["1.0"]), rows(&["1.0", "2.0"])).is_err());
    }
}
