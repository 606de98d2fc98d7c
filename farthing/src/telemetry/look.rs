//! Looking, now and then and on a thread of its own, where the partitions that are held end: a worker that is stuck cannot say so itself.

use super::health::{Health, Looked, Origin};
use super::recorder::Recorder;
#[cfg(feature = "kafka")]
use farthing_ingest::kafka::Ends;
use std::collections::{BTreeMap, BTreeSet};
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
        let mut silent = BTreeSet::new();
        for looked in health.to_look_at() {
            // Whoever does not answer for one partition is not asked for all others: each question takes seconds then.
            let asked = if silent.contains(&looked.source) { Err(()) } else { self.end(&looked) };
            match asked {
                Ok(Some(end)) => health.ends_at(&looked, end),
                Ok(None) => {}
                Err(()) => {
                    health.is_silent(&looked);
                    silent.insert(looked.source);
                    continue;
                }
            }
            if looked.suspicious {
                health.has_more(&looked, self.has_more(&looked));
            }
        }
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

    /// Where it ends, if it has an end.
    fn end(&self, looked: &Looked) -> Result<Option<u64>, ()> {
        match &looked.origin {
            #[cfg(feature = "kafka")]
            Origin::Topic(number) => {
                let ends = self.ends.get(&looked.source).ok_or(())?;
                ends.watermarks(*number).map(|(_, high)| Some(high)).map_err(drop)
            }
            #[cfg(not(feature = "kafka"))]
            Origin::Topic(_) => Ok(None),
            // A file that is gone has no end.
            Origin::Plain(path) => Ok(path.metadata().ok().map(|metadata| metadata.len())),
            Origin::Endless => Ok(None),
        }
    }

    /// Whether there is anything to be read; if that cannot be said, yes.
    fn has_more(&self, looked: &Looked) -> bool {
        match &looked.origin {
            #[cfg(feature = "kafka")]
            Origin::Topic(number) => {
                let first = self.ends.get(&looked.source).map(|ends| ends.first_after(*number, looked.position));
                !matches!(first, Some(Ok(None)))
            }
            #[cfg(not(feature = "kafka"))]
            Origin::Topic(_) => true,
            Origin::Plain(path) => has_line(path, looked.position).unwrap_or(true),
            Origin::Endless => false,
        }
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
