//! A progress bar on a terminal, nothing in a pipe.

use farthing_ingest::source::Packing;
use farthing_ingest::{Input, Partition, Progress};
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant as Clock};

/// A bar that is drawn until it is finished.
pub struct Watching {
    done: Arc<AtomicBool>,
    bar: Option<ProgressBar>,
}

/// Draws how far a job is, out of `total` bytes if they are known.
pub fn watch(progress: Arc<Progress>, total: Option<u64>) -> Watching {
    let done = Arc::new(AtomicBool::new(false));
    if !std::io::stderr().is_terminal() {
        return Watching { done, bar: None };
    }
    let bar = total.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
    let form = if total.is_some() { "{wide_bar} {bytes}/{total_bytes}  {msg}  {eta} left" } else { "{spinner} {bytes}  {msg}  {elapsed}" };
    bar.set_style(ProgressStyle::with_template(form).unwrap_or_else(|_| ProgressStyle::default_bar()));
    let (flag, drawn) = (done.clone(), bar.clone());
    std::thread::spawn(move || {
        let clock = Clock::now();
        while !flag.load(Ordering::Relaxed) {
            let events = progress.events.load(Ordering::Relaxed);
            let millis = u64::try_from(clock.elapsed().as_millis()).unwrap_or(u64::MAX).max(1);
            drawn.set_position(progress.bytes.load(Ordering::Relaxed));
            drawn.set_message(format!("{events} events, {}/s", events.saturating_mul(1000) / millis));
            std::thread::sleep(Duration::from_millis(200));
        }
    });
    Watching { done, bar: Some(bar) }
}

impl Watching {
    /// Takes it away.
    pub fn finish(self) {
        self.done.store(true, Ordering::Relaxed);
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}

/// A bar that counts what is done out of so many things; hidden in a pipe.
pub fn counting(total: usize, things: &'static str) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(u64::try_from(total).unwrap_or(u64::MAX)).with_message(things);
    let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} {msg}  {eta} left");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// The bytes that are left to read, if they can be known.
pub fn total_bytes(partitions: &[Partition], inputs: &[Input]) -> Option<u64> {
    partitions.iter().zip(inputs).try_fold(0, |sum, (partition, input)| match input {
        Input::File(path) if Packing::of(path) == Packing::Plain => Some(sum + path.metadata().ok()?.len().saturating_sub(partition.next)),
        _ => None,
    })
}
