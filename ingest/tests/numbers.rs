//! Batches are numbered as their first events come, and another writer's numbers say nothing.

use arrow_array::RecordBatch;
use farthing_aggregate::usage::{Place, UsageRows};
use farthing_ingest::worker::Admission;
use farthing_ingest::{
    Committer, Evidence, Files, Identities, Input, Job, Limits, Numbers, Original, Originals, Outside, Partition, Refusal, Remembered,
    Room, SealedBatch, run,
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
        self.1.send(batch).expect("somebody commits");
    }
}

/// Commits batches, each with its evidence.
struct Commits(Books, Receiver<u64>);

impl Committer for Commits {
    fn commit(&mut self, batch: SealedBatch) -> Result<(), Refusal> {
        assert_eq!(self.1.recv()?, batch.batch, "evidence and batches come in one order");
        self.0.committed.lock().expect("whole").insert(batch.batch);
        Ok(())
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
            source: Box::new(Files::open(&job.partitions, &[Input::File(path)], false).expect("a file")),
            identities: vec![self.identities()],
            originals: Box::new(Archive(self.clone(), registry)),
            numbers: Box::new(Given(given.clone())),
            evidence: Box::new(Taker(self.clone(), sealed)),
        };
        run(&job, outside, &mut Commits(self.clone(), evidence)).map_err(|failed| failed.error).expect("it is metered");
        let left = given.lock().expect("whole");
        left.iter().copied().collect()
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
