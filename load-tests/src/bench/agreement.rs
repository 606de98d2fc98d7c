//! Whether both sides came to the same result: a race between two answers says nothing.

use super::report::Round;
use super::sides::{Farthing, Peer};
use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use std::io::BufReader;
use std::path::Path;
use std::process::Stdio;

/// What both sides found in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Agreed {
    /// Events after de-duplication.
    pub events: u64,
    /// Parties with a sum.
    pub parties: u64,
    /// All gross that went to parties, with 12 fractional digits.
    pub total: String,
}

#[derive(Deserialize)]
struct Accruals {
    lines: Vec<Line>,
}

#[derive(Deserialize)]
struct Line {
    party: String,
    gross: String,
}

/// Compares the last round's accruals with the peer's exact fold.
pub fn compare(farthing: &Farthing, peer: &Peer, events: &Path, rounds: &[Round]) -> Result<Agreed> {
    let found: Agreed = serde_json::from_str(&peer.fold_exactly(events)?.output).context("the peer's report cannot be read")?;
    for round in rounds {
        let metered = round.count("metered")?;
        ensure!(metered == found.events, "farthing metered {metered} events, the peer {}", found.events);
    }
    let mut child = farthing.accruals_by_party().stdout(Stdio::piped()).spawn().context("cannot ask for the accruals")?;
    let output = child.stdout.take().context("no output of the accruals")?;
    let accruals: Accruals = serde_json::from_reader(BufReader::new(output)).context("the accruals cannot be read")?;
    ensure!(child.wait()?.success(), "farthing accruals failed");
    let ours = summed(found.events, &accruals.lines)?;
    ensure!(ours == found, "the two sides differ: farthing {ours:?}, the peer {found:?}");
    Ok(ours)
}

fn summed(events: u64, lines: &[Line]) -> Result<Agreed> {
    let (mut parties, mut total) = (0, 0_i128);
    // The unattributed part has no party, and the peer does not compute it.
    for line in lines.iter().filter(|line| !line.party.is_empty()) {
        parties += 1;
        total = total.checked_add(units(&line.gross)?).context("the total is beyond 128 bits")?;
    }
    let digits = format!("{total:013}");
    let (whole, fraction) = digits.split_at(digits.len() - 12);
    Ok(Agreed { events, parties, total: format!("{whole}.{fraction}") })
}

/// Units of 10^-12, read here on purpose without the code under measurement.
fn units(text: &str) -> Result<i128> {
    let (whole, fraction) = text.split_once('.').with_context(|| format!("{text:?} has no point"))?;
    ensure!(fraction.len() == 12, "{text:?} has not 12 fractional digits");
    format!("{whole}{fraction}").parse().with_context(|| format!("{text:?} is not an amount"))
}

#[cfg(test)]
mod tests {
    use super::{Agreed, Line, summed};

    fn line(party: &str, gross: &str) -> Line {
        Line { party: party.to_owned(), gross: gross.to_owned() }
    }

    #[test]
    fn sums_what_went_to_parties_to_the_unit() {
        let lines = [line("", "5.000000000000"), line("pty_a", "0.000000000001"), line("pty_b", "12.500000000000")];
        assert_eq!(summed(7, &lines).unwrap(), Agreed { events: 7, parties: 2, total: "12.500000000001".to_owned() });
    }

    #[test]
    fn a_gross_in_another_form_is_an_error() {
        assert!(summed(0, &[line("pty_a", "1.5")]).is_err());
        assert!(summed(0, &[line("pty_a", "1")]).is_err());
    }
}
