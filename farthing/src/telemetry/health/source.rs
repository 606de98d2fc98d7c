//! A topic, or all files: what is held of it, and what becomes of it in the group.

use super::Verdict;
use super::partition::{Origin, Partition, Since};
#[cfg(feature = "kafka")]
use farthing_ingest::kafka::{Standing, Topic};
use std::collections::BTreeMap;
#[cfg(feature = "kafka")]
use std::sync::Arc;
use std::time::Duration;

/// A topic, or all files.
pub struct Source {
    pub phase: Phase,
    #[cfg(feature = "kafka")]
    pub topic: Option<(Topic, Arc<Standing>)>,
    pub partitions: BTreeMap<String, Partition>,
}

pub enum Phase {
    Waits,
    TakesOver(usize, Since),
    Reads,
}

pub enum Standings {
    Paused,
    Rebalances,
}

#[cfg(feature = "kafka")]
impl Standings {
    pub fn of(&self, standing: &Standing) -> u64 {
        match self {
            Standings::Paused => u64::try_from(standing.paused()).unwrap_or(u64::MAX),
            Standings::Rebalances => standing.rebalances(),
        }
    }
}

impl Source {
    /// Whether all of it is others' now.
    #[cfg(feature = "kafka")]
    pub fn has_nothing(&self) -> bool {
        matches!(self.phase, Phase::Waits) && self.topic.as_ref().is_some_and(|(_, standing)| standing.given() == Some(0))
    }

    #[cfg(not(feature = "kafka"))]
    pub fn has_nothing(&self) -> bool {
        false
    }

    pub fn reads(&mut self, partitions: impl Iterator<Item = (String, Origin, u64)>) {
        let mut before = std::mem::take(&mut self.partitions);
        for (name, origin, position) in partitions {
            // One that is where it was is as stuck as it was, however often it is taken over.
            let known = before.remove(&name).filter(|known| (known.position, &known.origin) == (position, &origin));
            self.partitions.insert(name, known.unwrap_or(Partition::of(origin, position)));
        }
        self.phase = Phase::Reads;
    }

    pub fn held(&self) -> u64 {
        if matches!(self.phase, Phase::Reads) { u64::try_from(self.partitions.len()).unwrap_or(u64::MAX) } else { 0 }
    }

    pub fn judge(&self, name: &str, patience: Duration, verdict: &mut Verdict) {
        match &self.phase {
            Phase::Waits => verdict.because.extend(self.waits_for(name)),
            Phase::TakesOver(partitions, since) => verdict.because.push(format!(
                "topic {name}: {partitions} partitions are being taken over since {} ({} s): their identities are read from the archive",
                since.time,
                since.seconds()
            )),
            Phase::Reads => {
                for (partition, at) in &self.partitions {
                    if let Some(stuck) = at.stuck(partition, patience) {
                        verdict.because.push(stuck.sentence());
                        verdict.stuck.push(stuck);
                    }
                }
            }
        }
        // Of what others hold now nothing is asked any more.
        if !self.has_nothing() {
            verdict.because.extend(self.silence(name, patience));
        }
    }

    /// What is said of those that nobody answers for.
    fn silence(&self, name: &str, patience: Duration) -> Vec<String> {
        let late = |(name, at): (&String, &Partition)| Some((name.clone(), at.silent.filter(|since| since.clock.elapsed() >= patience)?));
        let silent: Vec<(String, Since)> = self.partitions.iter().filter_map(late).collect();
        let all = silent.len() == self.partitions.len();
        match silent.iter().map(|(_, since)| *since).min_by_key(|since| since.clock) {
            Some(since) if all && silent.len() > 1 => vec![format!(
                "topic {name}: no broker has said since {} ({} s) where its partitions end; look after the cluster",
                since.time,
                since.seconds()
            )],
            _ => {
                let said = |(name, since): &(String, Since)| {
                    format!(
                        "{name}: no broker has said since {} ({} s) where it ends; look after its leader, and whether it has one",
                        since.time,
                        since.seconds()
                    )
                };
                silent.iter().map(said).collect()
            }
        }
    }

    /// Who holds nothing is ready if the group has nothing for it.
    #[cfg(feature = "kafka")]
    fn waits_for(&self, name: &str) -> Option<String> {
        let (topic, standing) = self.topic.as_ref()?;
        match standing.given() {
            None => Some(format!("topic {name}: the worker is not a member of the group {} yet", topic.group)),
            Some(0) => None,
            Some(held) => Some(format!("topic {name}: {held} partitions are given to the worker, and about to be taken over")),
        }
    }

    #[cfg(not(feature = "kafka"))]
    fn waits_for(&self, _: &str) -> Option<String> {
        None
    }

    pub fn labels(&self, name: &str, at: &Partition) -> Vec<(&'static str, String)> {
        let mut labels = vec![("farthing.partition", name.to_owned())];
        #[cfg(feature = "kafka")]
        if let (Some((topic, _)), Origin::Topic(number)) = (&self.topic, &at.origin) {
            labels.push(("messaging.destination.name", topic.topic.clone()));
            labels.push(("messaging.destination.partition.id", number.to_string()));
        }
        #[cfg(not(feature = "kafka"))]
        let _ = at;
        labels
    }
}
