//! Whether the worker is alive and ready: alive while its threads go round, ready while it holds what it is to hold and gets on with it.

mod partition;
mod source;

use super::event::{FileRead, Sealed};
use crate::time;
use farthing_ingest::identities::Size;
#[cfg(feature = "kafka")]
use farthing_ingest::kafka::{Standing, Topic};
use farthing_schemas::Instant;
use partition::{Partition, Since};
use source::{Phase, Source, Standings};
use std::collections::BTreeMap;
#[cfg(feature = "kafka")]
use std::sync::Arc;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub use partition::{Origin, Stuck};

/// What files and the like are called among the sources.
const FILES: &str = "files";

/// How long the thread that polls Kafka may be away: by then the group has given its partitions to others.
#[cfg(feature = "kafka")]
const POLLED: Duration = Duration::from_secs(300);

/// What the worker does, as it is told.
pub struct Health {
    state: Mutex<State>,
    /// After so long without progress something is stuck.
    patience: Duration,
}

#[derive(Default)]
struct State {
    sources: BTreeMap<String, Source>,
    ledger_away: Option<Since>,
    last_commit: Option<Instant>,
    remembered: Size,
    stopping: bool,
}

/// What is to be looked at.
pub struct Looked {
    pub source: String,
    pub name: String,
    pub origin: Origin,
    pub position: u64,
    /// Whether it has not moved for long: then it is asked whether anything is there.
    pub suspicious: bool,
}

/// How far a partition is, for metrics.
pub struct At {
    pub labels: Vec<(&'static str, String)>,
    pub position: u64,
    pub end: Option<u64>,
    pub lag: Option<u64>,
}

/// Why the worker is not ready; it is if there is no reason.
pub struct Verdict {
    pub because: Vec<String>,
    pub stuck: Vec<Stuck>,
}

impl Looked {
    /// The number of a topic's partition.
    #[cfg(feature = "kafka")]
    pub fn number(&self) -> Option<i32> {
        match self.origin {
            Origin::Topic(number) => Some(number),
            Origin::Plain(_) | Origin::Endless => None,
        }
    }
}

impl Verdict {
    pub fn ready(&self) -> bool {
        self.because.is_empty()
    }
}

impl State {
    fn partition(&mut self, looked: &Looked) -> Option<&mut Partition> {
        self.sources.get_mut(&looked.source)?.partitions.get_mut(&looked.name)
    }
}

impl Health {
    pub fn new(patience: Duration) -> Health {
        Health { state: Mutex::default(), patience }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Each change is whole, whoever panicked after it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(feature = "kafka")]
    pub fn joins(&self, topic: &Topic, standing: &Arc<Standing>) {
        let source = Source { phase: Phase::Waits, topic: Some((topic.clone(), standing.clone())), partitions: BTreeMap::new() };
        self.state().sources.insert(topic.name.clone(), source);
    }

    #[cfg(feature = "kafka")]
    pub fn waits(&self, source: &str) {
        if let Some(source) = self.state().sources.get_mut(source) {
            source.phase = Phase::Waits;
        }
    }

    #[cfg(feature = "kafka")]
    pub fn takes_over(&self, source: &str, partitions: usize) {
        if let Some(source) = self.state().sources.get_mut(source) {
            source.phase = Phase::TakesOver(partitions, Since::now());
        }
    }

    /// All that is read of a topic now.
    #[cfg(feature = "kafka")]
    pub fn reads(&self, source: &str, partitions: Vec<(i32, String, u64)>) {
        if let Some(source) = self.state().sources.get_mut(source) {
            source.reads(partitions.into_iter().map(|(number, name, position)| (name, Origin::Topic(number), position)));
        }
    }

    pub fn reads_files(&self, files: Vec<FileRead>) {
        let mut state = self.state();
        let source = state.sources.entry(FILES.to_owned()).or_insert_with(|| Source {
            phase: Phase::Reads,
            #[cfg(feature = "kafka")]
            topic: None,
            partitions: BTreeMap::new(),
        });
        source.reads(files.into_iter().map(|file| (file.name, file.plain.map_or(Origin::Endless, Origin::Plain), file.position)));
    }

    pub fn committed(&self, sealed: &Sealed) {
        let mut state = self.state();
        state.last_commit = Some(time::now());
        state.ledger_away = None;
        state.remembered = sealed.remembered;
        for slice in &sealed.slices {
            for source in state.sources.values_mut() {
                if let Some(partition) = source.partitions.get_mut(&slice.partition) {
                    partition.move_to(slice.next);
                }
            }
        }
    }

    pub fn ledger_away(&self) -> u64 {
        self.state().ledger_away.map_or(0, |since| since.seconds())
    }

    pub fn ledger_is_away(&self) {
        self.state().ledger_away.get_or_insert_with(Since::now);
    }

    /// Whether it was away.
    pub fn ledger_is_there(&self) -> bool {
        self.state().ledger_away.take().is_some()
    }

    pub fn stops(&self) {
        self.state().stopping = true;
    }

    pub fn held(&self) -> u64 {
        self.state().sources.values().map(Source::held).sum()
    }

    pub fn paused(&self) -> u64 {
        self.standings(Standings::Paused)
    }

    pub fn rebalances(&self) -> u64 {
        self.standings(Standings::Rebalances)
    }

    pub fn stuck(&self) -> u64 {
        u64::try_from(self.verdict().stuck.len()).unwrap_or(u64::MAX)
    }

    /// What is remembered of identities, as of the last commit.
    pub fn remembered(&self) -> Size {
        self.state().remembered
    }

    pub fn last_commit(&self) -> Option<u64> {
        u64::try_from(self.state().last_commit?.micros() / 1_000_000).ok()
    }

    /// How far all partitions that are held are.
    pub fn partitions(&self) -> Vec<At> {
        let state = self.state();
        let of = |source: &Source, name: &String, at: &Partition| At {
            labels: source.labels(name, at),
            position: at.position,
            end: at.end,
            lag: at.lag(),
        };
        let held = state.sources.values().filter(|source| !source.has_nothing());
        held.flat_map(|source| source.partitions.iter().map(|(name, at)| of(source, name, at))).collect()
    }

    /// The topics whose partitions are to be looked at.
    #[cfg(feature = "kafka")]
    pub fn topics(&self) -> Vec<(String, Topic)> {
        let topic = |(name, source): (&String, &Source)| Some((name.clone(), source.topic.as_ref()?.0.clone()));
        self.state().sources.iter().filter_map(topic).collect()
    }

    /// What is to be looked at.
    pub fn to_look_at(&self) -> Vec<Looked> {
        let mut all = Vec::new();
        for (source, of) in self.state().sources.iter().filter(|(_, of)| !of.has_nothing()) {
            for (name, at) in &of.partitions {
                let suspicious = at.waits.is_none() && at.behind.is_some_and(|since| since.clock.elapsed() >= self.patience);
                let (source, name) = (source.clone(), name.clone());
                all.push(Looked { source, name, origin: at.origin.clone(), position: at.position, suspicious });
            }
        }
        all
    }

    /// A partition ends here.
    pub fn ends_at(&self, looked: &Looked, end: u64) {
        if let Some(partition) = self.state().partition(looked) {
            partition.ends_at(end);
        }
    }

    /// All that was asked of it is answered.
    pub fn answers(&self, looked: &Looked) {
        if let Some(partition) = self.state().partition(looked) {
            partition.silent = None;
        }
    }

    /// Nobody says where it ends, or what waits there; of others somebody may.
    pub fn is_silent(&self, looked: &Looked) {
        if let Some(partition) = self.state().partition(looked) {
            partition.silent.get_or_insert_with(Since::now);
        }
    }

    /// Whether there is anything to be metered at its position.
    pub fn has_more(&self, looked: &Looked, more: bool) {
        if let Some(partition) = self.state().partition(looked).filter(|partition| partition.position == looked.position) {
            partition.waits = Some(more);
        }
    }

    /// Whether the worker is ready.
    pub fn verdict(&self) -> Verdict {
        let state = self.state();
        let mut verdict = Verdict { because: Vec::new(), stuck: Vec::new() };
        if state.stopping {
            verdict.because.push("the worker is stopping".to_owned());
        }
        if state.sources.is_empty() {
            verdict.because.push("the worker is starting: its books are not open yet".to_owned());
        }
        if let Some(since) = state.ledger_away.filter(|since| since.clock.elapsed() >= self.patience) {
            verdict.because.push(format!(
                "the ledger has not answered since {} ({} s): look after its database; metering goes on by itself when it is back",
                since.time,
                since.seconds()
            ));
        }
        for (name, source) in &state.sources {
            source.judge(name, self.patience, &mut verdict);
        }
        verdict
    }

    /// Why the worker is not alive, if it is not.
    #[cfg(feature = "kafka")]
    pub fn dead(&self) -> Option<String> {
        let state = self.state();
        let late = |(name, source): (&String, &Source)| {
            let away = source.topic.as_ref()?.1.polled_before().filter(|away| *away > POLLED)?;
            Some(format!("topic {name}: its consumer has not been polled for {} s; restart this worker", away.as_secs()))
        };
        state.sources.iter().find_map(late)
    }

    #[cfg(not(feature = "kafka"))]
    pub fn dead(&self) -> Option<String> {
        None
    }

    #[cfg(feature = "kafka")]
    fn standings(&self, which: Standings) -> u64 {
        let state = self.state();
        let standing = |source: &Source| source.topic.as_ref().map_or(0, |(_, standing)| which.of(standing));
        state.sources.values().map(standing).sum()
    }

    #[cfg(not(feature = "kafka"))]
    fn standings(&self, _: Standings) -> u64 {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use farthing_schemas::manifest::Slice;
    use std::path::PathBuf;
    use std::time::Instant as Clock;

    /// A health that has no patience, with one file that is read from 10 on.
    fn reading() -> (Health, Looked) {
        let health = Health::new(Duration::ZERO);
        health.reads_files(vec![FileRead { name: "/a".to_owned(), position: 10, plain: Some(PathBuf::from("/a")) }]);
        let looked = health.to_look_at().remove(0);
        (health, looked)
    }

    fn commit(health: &Health, next: u64) {
        let slices = vec![Slice { partition: "/a".to_owned(), next, ..Slice::default() }];
        health.committed(&Sealed { slices, ..Sealed::default() });
    }

    #[test]
    fn nothing_is_stuck_before_it_was_looked_at() {
        let (health, looked) = reading();
        assert!(health.verdict().ready() && !looked.suspicious);
        health.ends_at(&looked, 30);
        assert!(health.verdict().ready() && health.to_look_at()[0].suspicious);
        health.has_more(&looked, true);
        let Verdict { because, stuck } = health.verdict();
        assert_eq!((because.len(), stuck.len(), stuck[0].lag(), stuck[0].position), (1, 1, 20, 10));
        assert!(because[0].starts_with("/a: its lag is 20, but its position 10 has not moved since "), "{because:?}");
        // Taken over again, it is as stuck as it was.
        health.reads_files(vec![FileRead { name: "/a".to_owned(), position: 10, plain: Some(PathBuf::from("/a")) }]);
        assert_eq!(health.stuck(), 1);
        commit(&health, 20);
        assert!(health.verdict().ready() && health.partitions()[0].lag == Some(10));
        // What was looked at before it moved says nothing.
        health.ends_at(&looked, 30);
        health.has_more(&looked, true);
        assert!(health.verdict().ready());
    }

    #[test]
    fn what_is_no_event_waits_for_nothing_and_what_follows_it_has_not_waited() {
        let (health, looked) = reading();
        health.ends_at(&looked, 12);
        assert_eq!(health.partitions()[0].lag, Some(2));
        health.has_more(&looked, false);
        assert!(health.verdict().ready() && health.partitions()[0].lag == Some(0) && !health.to_look_at()[0].suspicious);
        let before = Clock::now();
        health.ends_at(&looked, 40);
        let behind = health.state().sources[FILES].partitions["/a"].behind.map(|since| since.clock);
        assert!(behind.is_some_and(|since| since >= before) && health.partitions()[0].lag == Some(30));
    }

    #[test]
    fn nobody_is_silent_for_others() {
        let health = Health::new(Duration::ZERO);
        let file = |name: &str| FileRead { name: name.to_owned(), position: 0, plain: Some(PathBuf::from(name)) };
        health.reads_files(vec![file("/a"), file("/b")]);
        let looked = health.to_look_at();
        let begin_with = |words: &[&str]| {
            let because = health.verdict().because;
            let begin = because.len() == words.len() && because.iter().zip(words).all(|(said, words)| said.starts_with(words));
            assert!(begin, "{because:?} does not begin with {words:?}");
        };
        health.is_silent(&looked[0]);
        health.answers(&looked[1]);
        begin_with(&["/a: no broker has said since "]);
        health.is_silent(&looked[1]);
        begin_with(&["topic files: no broker has said since "]);
        health.answers(&looked[0]);
        begin_with(&["/b: no broker has said since "]);
        let slices = vec![Slice { partition: "/b".to_owned(), next: 1, ..Slice::default() }];
        health.committed(&Sealed { slices, ..Sealed::default() });
        begin_with(&[]);
    }

    #[test]
    fn a_ledger_that_is_away_is_told_until_it_is_there() {
        let (health, _) = reading();
        health.ledger_is_away();
        assert!(health.verdict().because[0].starts_with("the ledger has not answered since "));
        assert!(health.ledger_is_there() && !health.ledger_is_there() && health.verdict().ready());
        health.stops();
        assert_eq!(health.verdict().because, ["the worker is stopping"]);
        assert_eq!(Health::new(Duration::ZERO).verdict().because, ["the worker is starting: its books are not open yet"]);
    }
}
