//! Looking, now and then and on a thread of its own, where the partitions that are held end: a worker that is stuck cannot say so itself.

use super::health::{Health, Looked, Origin};
use super::recorder::Recorder;
#[cfg(feature = "kafka")]
use farthing_ingest::kafka::Ends;
use std::collections::BTreeMap;
#[cfg(feature = "kafka")]
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek, SeekFrom};
use std::path::Path;
use std::time::Duration;

/// The shortest and the longest pause between two looks.
const PAUSES: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(5));

/// Looks for as long as the process lives.
pub fn look(recorder: &'static Recorder, patience: Duration) -> io::Result<()> {
    let run = move || {
        let mut looker = Looker::default();
        let mut stuck = false;
        loop {
            looker.look(&recorder.health);
            recorder.say_of(&recorder.health.verdict(), &mut stuck);
            std::thread::sleep((patience / 8).clamp(PAUSES.0, PAUSES.1));
        }
    };
    std::thread::Builder::new().name("look".to_owned()).spawn(run).map(drop)
}

/// Nobody answers.
struct Silent;

/// Where partitions of topics end, by source and number.
type Told = BTreeMap<(String, i32), u64>;

#[derive(Default)]
struct Looker {
    /// By source, clients of their own: those that read may be busy.
    #[cfg(feature = "kafka")]
    ends: BTreeMap<String, Ends>,
    #[cfg(not(feature = "kafka"))]
    ends: BTreeMap<String, ()>,
}

impl Looker {
    fn look(&mut self, health: &Health) {
        self.know_topics(health);
        let all = health.to_look_at();
        let told = self.ask(&all);
        for looked in &all {
            match self.look_at(health, looked, &told) {
                Ok(()) => health.answers(looked),
                Err(Silent) => health.is_silent(looked),
            }
        }
    }

    fn look_at(&mut self, health: &Health, looked: &Looked, told: &Told) -> Result<(), Silent> {
        if let Some(end) = end(looked, told)? {
            health.ends_at(looked, end);
        }
        if looked.suspicious {
            health.has_more(looked, self.has_more(looked)?);
        }
        Ok(())
    }

    #[cfg(feature = "kafka")]
    fn know_topics(&mut self, health: &Health) {
        for (name, topic) in health.topics() {
            if !self.ends.contains_key(&name)
                && let Ok(ends) = Ends::of(&topic)
            {
                self.ends.insert(name, ends);
            }
        }
    }

    #[cfg(not(feature = "kafka"))]
    fn know_topics(&mut self, _: &Health) {
        self.ends.clear();
    }

    /// Where the partitions of topics end; those that nobody answers for are not among them.
    #[cfg(feature = "kafka")]
    fn ask(&self, all: &[Looked]) -> Told {
        let mut told = Told::default();
        for (source, ends) in &self.ends {
            let wanted: BTreeSet<i32> = all.iter().filter(|looked| looked.source == *source).filter_map(Looked::number).collect();
            if wanted.is_empty() {
                continue;
            }
            let found = ends.of_each(|number| wanted.contains(&number)).unwrap_or_default();
            let found = found.into_iter().filter_map(|(number, end)| Some(((source.clone(), number), end.ok()?.1)));
            told.extend(found);
        }
        told
    }

    #[cfg(not(feature = "kafka"))]
    fn ask(&self, _: &[Looked]) -> Told {
        Told::default()
    }

    /// Whether there is anything to be metered.
    fn has_more(&mut self, looked: &Looked) -> Result<bool, Silent> {
        match &looked.origin {
            #[cfg(feature = "kafka")]
            Origin::Topic(number) => {
                let ends = self.ends.get_mut(&looked.source).ok_or(Silent)?;
                ends.first_after(*number, looked.position).map(|first| first.is_some()).map_err(|_| Silent)
            }
            #[cfg(not(feature = "kafka"))]
            Origin::Topic(_) => Ok(true),
            Origin::Plain(path) => Ok(has_line(path, looked.position).unwrap_or(true)),
            Origin::Endless => Ok(false),
        }
    }
}

/// Where it ends, if it has an end.
fn end(looked: &Looked, told: &Told) -> Result<Option<u64>, Silent> {
    match &looked.origin {
        Origin::Topic(number) => told.get(&(looked.source.clone(), *number)).copied().map(Some).ok_or(Silent),
        // A file that is gone has no end.
        Origin::Plain(path) => Ok(path.metadata().ok().map(|metadata| metadata.len())),
        Origin::Endless => Ok(None),
    }
}

/// Whether a file has a line that is whole and not blank, from a position on.
pub fn has_line(path: &Path, position: u64) -> io::Result<bool> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(position))?;
    let mut reader = BufReader::new(file);
    let mut blank = true;
    loop {
        let some = reader.fill_buf()?;
        if some.is_empty() {
            return Ok(false);
        }
        for byte in some {
            if *byte == b'\n' && !blank {
                return Ok(true);
            }
            blank &= byte.is_ascii_whitespace();
        }
        let count = some.len();
        reader.consume(count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_lines_wait() {
        let path = std::env::temp_dir().join(format!("farthing-look-{}", std::process::id()));
        for (text, position, expected) in [
            ("", 0, false),
            ("{}", 0, false),
            ("{}\n", 0, true),
            ("{}\n", 3, false),
            ("{}\n \n\n", 3, false),
            ("{}\n\n{}\n", 3, true),
            ("{}\n{", 3, false),
        ] {
            std::fs::write(&path, text).expect("written");
            assert_eq!(has_line(&path, position).expect("readable"), expected, "{text:?} from {position}");
        }
        std::fs::remove_file(&path).expect("removed");
    }
}
