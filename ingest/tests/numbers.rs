//! Batches are numbered as their first events come, and another writer's numbers say nothing; and what is known after one was refused.

use arrow_array::RecordBatch;
use farthing_aggregate::identity::of_event;
use farthing_aggregate::usage::{Place, UsageRows};
use farthing_ingest::worker::Admission;
use farthing_ingest::{
    Committer, Evidence, Failed, Feed, Files, Identities, IngestError, Input, Job, Limits, Numbers, Original, Originals, Outside,
    Partition, Refusal, Remembered, Room, SealedBatch, Source, SourceError, run,
};
use farthing_schemas::Instant;
use farthing_schemas::registry::Registry;
use std::collections::{BTreeSet, VecDeque};
use std::fmt::Write;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const PLATFORM: &str =
    "{\"line\":1,\"kind\":\"platform\",\"id\":\"plt\",\"default_labour_share\":\"0.700000\",\"consent_default\":\"allow\"}\n";

/// What an archive and a ledger would hold.
#[derive(Clone, Default)]
struct Books {
    rows: Arc<Mutex<Vec<RecordBatch>>>,
    committed: Arc<Mutex<BTreeSet<u64>>>,
}

/// Gives out what it is told to.
struct Given(Arc<Mutex<VecDeque<u64>>>);

impl Numbers for Given {
    fn next(&mut self) -> Result<u64, Refusal> {
        self.0.lock().expect("whole").pop_front().ok_or_else(|| "no number is left".into())
    }
}

/// Takes evidence, and tells when that of a batch is complete.
struct Taker(Books, SyncSender<u64>);

impl Evidence for Taker {
    fn take(&mut self, rows: RecordBatch) {
        self.0.rows.lock().expect("whole").push(rows);
    }

    fn seal(&mut self, batch: u64) {
        // After a batch was refused nobody commits.
        let _ = self.1.send(batch);
    }
}

/// Commits batches, each with its evidence, but for one.
struct Commits(Books, Receiver<u64>, Option<u64>);

impl Committer for Commits {
    fn commit(&mut self, batch: SealedBatch) -> Result<(), Refusal> {
        assert_eq!(self.1.recv()?, batch.batch, "evidence and batches come in one order");
        if self.2 == Some(batch.batch) {
            return Err("somebody else has it".into());
        }
        self.0.committed.lock().expect("whole").insert(batch.batch);
        Ok(())
    }

    fn is_surely_undone(&self, _: &Refusal) -> bool {
        true
    }
}

/// A file that ends with its feed.
struct Ends(Box<dyn Source>);

impl Source for Ends {
    fn give(self: Box<Self>, feed: &Feed<'_>) -> Result<(), SourceError> {
        self.0.give(feed)
    }

    fn ends_with_its_feed(&self) -> bool {
        true
    }
}

/// Reads what is committed, as one that reads an archive can.
struct Archive(Books, Arc<Registry>);

impl Originals for Archive {
    fn read(&mut self, place: Place) -> Result<Original, Refusal> {
        assert!(self.0.committed.lock().expect("whole").contains(&place.batch), "batch {} was not waited for", place.batch);
        let all = self.0.rows.lock().expect("whole");
        for rows in all.iter() {
            let usage = UsageRows::of(rows)?;
            if let Some(at) = (0..usage.len()).find(|at| usage.place(*at) == place) {
                return Ok(Original { row: rows.slice(at, 1), registry: self.1.clone() });
            }
        }
        Err("no such row".into())
    }
}

impl Books {
    /// The index as it is filled from what is committed.
    fn identities(&self) -> Identities {
        let room = Room { memory_bytes: 0, folder: std::env::temp_dir() };
        let (mut identities, mut undone) = (Identities::with_room(0, &room), Vec::new());
        for rows in self.rows.lock().expect("whole").iter() {
            let usage = UsageRows::of(rows).expect("rows of usage");
            for at in 0..usage.len() {
                let reversal = usage.reverses(at).is_some();
                let (identity, says, place) = (usage.identity(at), usage.says(at), usage.place(at));
                undone.extend(reversal.then_some(says));
                identities.insert(Remembered { identity, says, place, reversal }).expect("room");
            }
        }
        undone.into_iter().for_each(|original| identities.undo(original).expect("room"));
        identities
    }

    /// Meters lines in batches of two; the numbers that were left.
    fn meter(&self, lines: &str, numbers: &[u64]) -> Vec<u64> {
        let (done, left) = self.job(lines, numbers, None);
        done.map_err(|failed| failed.error).expect("it is metered");
        left
    }

    /// Meters lines of which one batch is refused; the index as it is then.
    fn refused(&self, lines: &str, numbers: &[u64], refused: u64) -> Identities {
        let (done, _) = self.job(lines, numbers, Some(refused));
        let failed = done.err().expect("it is refused");
        assert!(matches!(failed.error, IngestError::Commit(_)), "{}", failed.error);
        failed.identities.expect("the index is still good").pop().expect("an index")
    }

    fn job(&self, lines: &str, numbers: &[u64], refused: Option<u64>) -> (Result<Vec<Identities>, Failed>, Vec<u64>) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("events.ndjson");
        std::fs::write(&path, lines).expect("a file");
        let registry = Arc::new(Registry::from_public([(1, PLATFORM.as_bytes())]).expect("a registry"));
        let now: Instant = "2026-11-01T00:00:00Z".parse().expect("a time");
        let job = Arc::new(Job {
            partitions: vec![Partition { name: "events".to_owned(), epoch: 1, next: 0, index: 0 }],
            registry: registry.clone(),
            admission: Admission::default(),
            limits: Limits { events: 2, bytes: 1 << 20, age: Duration::from_secs(3600) },
            workers: 2,
            now: Arc::new(move || now),
            progress: Arc::default(),
            stop: Arc::default(),
        });
        let given = Arc::new(Mutex::new(VecDeque::from(numbers.to_vec())));
        let (sealed, evidence) = sync_channel(1);
        let outside = Outside {
            source: Box::new(Ends(Box::new(Files::open(&job.partitions, &[Input::File(path)], false).expect("a file")))),
            identities: vec![self.identities()],
            originals: Box::new(Archive(self.clone(), registry)),
            numbers: Box::new(Given(given.clone())),
            evidence: Box::new(Taker(self.clone(), sealed)),
        };
        let done = run(&job, outside, &mut Commits(self.clone(), evidence, refused));
        let left = given.lock().expect("whole");
        (done, left.iter().copied().collect())
    }

    /// The batches of all rows, with how many rows each has.
    fn batches(&self) -> Vec<(u64, usize)> {
        let mut found: Vec<(u64, usize)> = Vec::new();
        for rows in self.rows.lock().expect("whole").iter() {
            let usage = UsageRows::of(rows).expect("rows of usage");
            for batch in (0..usage.len()).map(|at| usage.place(at).batch) {
                match found.last_mut() {
                    Some((last, rows)) if *last == batch => *rows += 1,
                    _ => found.push((batch, 1)),
                }
            }
        }
        found
    }
}

fn event(id: &str) -> String {
    format!(
        r#"{{"specversion":"1.0","id":"{id}","source":"//a","type":"farthing.usage.retrieval.v1","time":"2026-10-03T09:00:00Z","data":{{"platform":"plt","revenue":{{"amount":"1","currency":"USD"}},"attribution":{{"kind":"rank","entries":[{{"party":"pty","weight":1}}]}}}}}}"#
    )
}

fn reversal(of: &str) -> String {
    format!(
        r#"{{"specversion":"1.0","id":"undo-{of}","source":"//a","type":"farthing.usage.reversal.v1","time":"2026-10-04T09:00:00Z","data":{{"platform":"plt","reverses":{{"source":"//a","id":"{of}"}},"reason":"test"}}}}"#
    )
}

fn lines(lines: impl IntoIterator<Item = String>) -> String {
    lines.into_iter().fold(String::new(), |mut text, line| {
        writeln!(text, "{line}").expect("memory");
        text
    })
}

#[test]
fn each_batch_takes_the_next_number_at_its_first_event() {
    let books = Books::default();
    assert_eq!(books.meter("", &[5]), [5], "nothing read, nothing numbered");
    assert_eq!(books.meter("\n\n \n", &[5]), [5], "blank lines are no events");
    assert_eq!(books.meter(&lines(["a", "b", "c", "d"].map(event)), &[5, 9, 12]), [12], "none for a batch that never began");
    assert_eq!(books.batches(), [(5, 2), (9, 2)]);
    assert_eq!(*books.committed.lock().expect("whole"), [5, 9].into());
}

/// Batches of another writer have numbers before, between and after those of this one: all that is known of them is committed. Originals
/// of this job are waited for, if they are not at hand.
#[test]
fn reversals_reach_the_batches_of_every_writer() {
    let books = Books::default();
    books.meter(&lines(["a", "b", "c", "d", "e", "f"].map(event)), &[4, 15, 30]);
    let own = ["g", "h", "i"].map(event);
    let undo = ["a", "c", "e", "g", "i", "h"].map(reversal);
    assert_eq!(books.meter(&lines(own.into_iter().chain(undo)), &[7, 16, 17, 18, 19, 31]), [31]);
    let of_second: Vec<(u64, usize)> = books.batches().split_off(3);
    assert_eq!(of_second, [(7, 2), (16, 2), (17, 2), (18, 2), (19, 1)]);
    let rows = books.rows.lock().expect("whole");
    let reverses = rows.iter().flat_map(|rows| {
        let usage = UsageRows::of(rows).expect("rows of usage");
        (0..usage.len()).filter_map(|at| usage.reverses(at)).map(|place| (place.batch, place.row)).collect::<Vec<_>>()
    });
    assert_eq!(reverses.collect::<Vec<_>>(), [(4, 0), (15, 0), (30, 0), (7, 0), (16, 0), (7, 1)]);
}

/// Whatever was on its way when a batch was refused: what was committed before is known, and nothing else.
#[test]
fn what_was_refused_is_forgotten_and_nothing_else() {
    for refused in [15, 30, 40] {
        let books = Books::default();
        books.meter(&lines(["a", "b", "c"].map(event)), &[4, 5]);
        let of_job = [reversal("a"), event("d"), reversal("b"), event("e"), reversal("d"), event("f"), event("g")];
        let index = books.refused(&lines(of_job), &[15, 30, 40, 50], refused);
        let place = |id: &str| index.place(of_event("plt", "//a", id)).expect("readable").map(|place| place.batch);
        let reversible = |id: &str| index.reversible(of_event("plt", "//a", id)).expect("readable").is_some();
        let before = |batch: u64| (batch < refused).then_some(batch);
        assert_eq!(["a", "b", "c"].map(place), [Some(4), Some(4), Some(5)], "{refused}");
        assert_eq!(
            ["d", "undo-a", "e", "undo-b", "f"].map(place),
            [before(15), before(15), before(30), before(30), before(40)],
            "{refused}"
        );
        assert_eq!(place("g"), None, "{refused}");
        assert_eq!(["a", "b", "c", "d"].map(reversible), [refused <= 15, refused <= 30, true, refused == 30 || refused == 40], "{refused}");
    }
}
