//! Deterministic events and registries of any size.

mod event;
mod popularity;
mod random;
mod registry;

pub use popularity::Popularity;

use anyhow::{Context, Result, ensure};
use event::EventWriter;
use random::Random;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;

const MICRO: u64 = 1_000_000;
const LANE_COPIES: u64 = 2;
const BUFFER_BYTES: usize = 1 << 20;

struct Platform {
    id: &'static str,
    model: &'static str,
    sources: [&'static str; 2],
    /// Some platforms send weights as strings, some as numbers; both are in the contract.
    quotes_weights: bool,
}

const PLATFORMS: [Platform; 3] = [
    Platform { id: "plt_acme", model: "acme-large-2", sources: ["//acme.example/eu-1", "//acme.example/us-1"], quotes_weights: true },
    Platform { id: "plt_borealis", model: "boreal-13b", sources: ["//borealis.example/a", "//borealis.example/b"], quotes_weights: false },
    Platform { id: "plt_campus", model: "policy-qa-7b", sources: ["//campus.example/qa", "//campus.example/lab"], quotes_weights: true },
];
const MIDS: [&str; 4] = ["mid_guild", "mid_coop", "mid_press", "mid_commons"];

/// What to generate; the same plan gives the same bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Events with an identity of their own; copies come on top.
    pub events: u64,
    /// Entries in each event.
    pub fan_out: u64,
    /// Parties in the registry, all of whom can be named.
    pub contributors: u64,
    /// Decides everything that is not decided by the other fields.
    pub seed: u64,
    /// Exact copies that come later in the file, in millionths of the events.
    pub duplicates_micro: u64,
    /// How often contributors are named.
    pub popularity: Popularity,
}

/// What was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// Lines in the events file, copies included.
    pub lines: u64,
    /// Lines that are copies.
    pub duplicates: u64,
    /// Size of the events file.
    pub bytes: u64,
}

/// Writes `events.ndjson` and `registry.ndjson` into `folder`.
///
/// # Errors
/// When the plan cannot be met, or a file cannot be written.
pub fn generate(plan: &Plan, folder: &Path) -> Result<Written> {
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    write_file(&folder.join("registry.ndjson"), |out| Ok(registry::write_registry(plan, out)?))?;
    write_file(&folder.join("events.ndjson"), |out| write_events(plan, out))
}

fn write_file<T>(path: &Path, write: impl FnOnce(&mut BufWriter<File>) -> Result<T>) -> Result<T> {
    let file = File::create(path).with_context(|| format!("cannot create {}", path.display()))?;
    let mut out = BufWriter::with_capacity(BUFFER_BYTES, file);
    let written = write(&mut out).with_context(|| format!("cannot write {}", path.display()))?;
    out.flush().with_context(|| format!("cannot write {}", path.display()))?;
    Ok(written)
}

/// Writes the events of `plan` and their later copies.
///
/// # Errors
/// When the plan cannot be met, or the writer fails.
pub fn write_events(plan: &Plan, out: &mut impl Write) -> Result<Written> {
    ensure!(plan.contributors > 0 || plan.fan_out == 0, "entries need at least one contributor");
    ensure!(plan.contributors <= 10_000_000, "at most 10,000,000 contributors: their ids have seven digits");
    ensure!(plan.fan_out <= 1000, "at most 1000 entries: weights have six places");
    let mut writer = EventWriter::new(plan);
    let mut due: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
    let (mut written, mut line) = (Written { lines: 0, duplicates: 0, bytes: 0 }, Vec::new());
    let mut emit = |index: u64, written: &mut Written| -> Result<()> {
        line.clear();
        writer.write(index, &mut line);
        written.lines += 1;
        written.bytes += u64::try_from(line.len())?;
        Ok(out.write_all(&line)?)
    };
    for index in 0..plan.events {
        emit(index, &mut written)?;
        if let Some(when) = copy_due(plan, index) {
            due.entry(when).or_default().push(index);
        }
        for copy in due.remove(&index).unwrap_or_default() {
            emit(copy, &mut written)?;
            written.duplicates += 1;
        }
    }
    for copy in due.into_values().flatten() {
        emit(copy, &mut written)?;
        written.duplicates += 1;
    }
    Ok(written)
}

/// After which event a copy of event `index` comes, if there is one: mostly soon, as a retry does, sometimes at the end of the file.
fn copy_due(plan: &Plan, index: u64) -> Option<u64> {
    let mut random = Random::of(plan.seed, LANE_COPIES, index);
    if random.below(MICRO) >= plan.duplicates_micro {
        return None;
    }
    let reach = if random.below(10) == 0 { plan.events - index } else { 1000 };
    Some(index + random.below(reach))
}

#[cfg(test)]
mod tests;
