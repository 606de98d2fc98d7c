//! The facts: each step of the demo, by the functions of the commands, and what came out.

use super::files::{self, Files};
use super::generate::Size;
use crate::books::Books;
use crate::cli::{Cli, Command, MeterOptions};
use crate::commands::settle::{self, Settlement};
use crate::commands::verify::{self, Compared};
use crate::commands::{accruals, dead_letters, meter, registry};
use crate::place::Place;
use anyhow::{Context, bail};
use clap::Parser;
use farthing_aggregate::fold::Sums;
use farthing_schemas::manifest::Counts;
use farthing_schemas::{Currency, Cycle, Status};
use farthing_settle::Draft;
use std::collections::{BTreeMap, BTreeSet};
use std::io::IsTerminal;
use std::path::Path;
use std::time::Instant as Clock;

/// The month that is metered and drafted.
pub const CYCLE: &str = "2026-10";
/// When the events are said to arrive: on any clock, after the month and before the one that is too far ahead.
const ARRIVAL: &str = "2026-11-01T06:00:00Z";

/// Everything that the story tells.
pub struct Facts {
    pub size: Size,
    pub files: Files,
    /// What was read of each file, in the order of the files.
    pub metered: Vec<(String, Counts)>,
    /// What was earned by status and currency.
    pub earned: BTreeMap<(Status, Currency), Sums>,
    /// Everything that can be settled, drafted.
    pub drafts: Vec<Draft>,
    /// Rejected events by code.
    pub rejected: BTreeMap<String, u64>,
    /// What `verify` compared, or the first difference that it found.
    pub proven: anyhow::Result<Compared>,
    /// Where the time went.
    pub seconds: Seconds,
}

/// Seconds by step, in their order.
#[derive(Debug, Default)]
pub struct Seconds {
    pub steps: Vec<(&'static str, f32)>,
}

impl Seconds {
    /// Ends a step that began at `clock`.
    fn took(&mut self, step: &'static str, clock: Clock) {
        self.steps.push((step, clock.elapsed().as_secs_f32()));
    }

    pub fn total(&self) -> f32 {
        self.steps.iter().map(|(_, seconds)| seconds).sum()
    }
}

/// Goes the whole way.
pub async fn gather(at: &Place, size: Size) -> anyhow::Result<Facts> {
    let mut seconds = Seconds::default();
    let clock = begin("writing a registry, a month and a week of events");
    let files = files::write(at, &size)?;
    seconds.took("generate", clock);
    let clock = begin("loading the registry");
    registry::load_files(at, std::slice::from_ref(&files.registry)).await?;
    seconds.took("load", clock);
    let clock = begin("metering");
    let (mut books, names, _) = meter::meter(at, meter_options(&files)?).await?;
    let metered = counts(&books, &names).await?;
    let rejected = rejected(&books).await?;
    seconds.took("meter", clock);
    let clock = begin("drafting");
    let (earned, to_settle) = earned(&books).await?;
    let drafts = drafts(&mut books, to_settle).await?;
    books.ledger.close().await;
    seconds.took("draft", clock);
    let clock = begin("verifying");
    let proven = verify::compare(at).await;
    seconds.took("verify", clock);
    Ok(Facts { size, files, metered, earned, drafts, rejected, proven, seconds })
}

/// Says to somebody who waits what is being done; a pipe gets the story only.
fn begin(what: &str) -> Clock {
    if std::io::stderr().is_terminal() {
        eprintln!("{what} ...");
    }
    Clock::now()
}

/// The options of `farthing meter MONTH WEEK --now ARRIVAL`, with its defaults.
fn meter_options(files: &Files) -> anyhow::Result<MeterOptions> {
    let text = |path: &Path| path.to_str().map(str::to_owned).with_context(|| format!("{} is not UTF-8", path.display()));
    let words = ["farthing", "meter", "--now", ARRIVAL, "--", &text(&files.month)?, &text(&files.week)?].map(str::to_owned);
    match Cli::try_parse_from(words)?.command {
        Command::Meter(options) => Ok(options),
        other => bail!("the command line of the demo means {other:?}: this is a defect"),
    }
}

async fn counts(books: &Books, names: &[String]) -> anyhow::Result<Vec<(String, Counts)>> {
    let mut metered = Vec::new();
    for name in names {
        let position = books.ledger.position(name).await?.with_context(|| format!("the ledger does not know {name}"))?;
        let file = name.rsplit('/').next().unwrap_or(name);
        metered.push((file.to_owned(), position.counts));
    }
    Ok(metered)
}

async fn rejected(books: &Books) -> anyhow::Result<BTreeMap<String, u64>> {
    let mut by_code: BTreeMap<String, u64> = BTreeMap::new();
    for kept in dead_letters::letters(books, |_| true).await? {
        *by_code.entry(kept.letter.code).or_default() += 1;
    }
    Ok(by_code)
}

type Earned = (BTreeMap<(Status, Currency), Sums>, BTreeSet<(String, Currency)>);

/// Sums by status and currency; and who has something to settle, in which currency.
async fn earned(books: &Books) -> anyhow::Result<Earned> {
    let (mut sums, mut to_settle) = (BTreeMap::<_, Sums>::new(), BTreeSet::new());
    accruals::each_accrual(books, None, |_, accrual| {
        let key = accrual.key;
        sums.entry((key.status, key.currency)).or_default().add(Sums { gross: accrual.gross, labour: accrual.labour })?;
        if key.status == Status::Payable {
            to_settle.insert((key.mid, key.currency));
        }
        Ok(())
    })
    .await?;
    Ok((sums, to_settle))
}

async fn drafts(books: &mut Books, to_settle: BTreeSet<(String, Currency)>) -> anyhow::Result<Vec<Draft>> {
    let cycle: Cycle = CYCLE.parse()?;
    let mut drafts = Vec::new();
    for (mid, currency) in to_settle {
        let of = Settlement { mid, currency, cycle };
        // Nobody has closed the month: a preview says what its draft would be.
        drafts.push(settle::preview(books, &of, &[]).await?);
    }
    Ok(drafts)
}
