//! Seeded faults, one after the other, under a steady stream of events: workers killed at their steps and anywhere, frozen past their
//! session, brokers and the database killed and started again, connections cut, a store of the archive that fails, throttles and loses its
//! answers. After each, everything that was produced is metered once.

use super::produce::{Chance, Record, repeated};
use super::scene::Scene;
use crate::crash::child::Running;
use crate::services::proxy::{self, Proxy};
use crate::services::{kafka, postgres};
use crate::support::{Data, slow};
use anyhow::{Context, Result, ensure};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const PARTITIONS: u32 = 8;
const WORKERS: usize = 4;
const PATIENCE: Duration = Duration::from_secs(180);
/// After so many faults small files are merged, beside the workers.
const COMPACTED: usize = 10;
const STEPS: [&str; 5] = ["batch-sealed", "usage-written", "accruals-written", "manifest-written", "batch-committed"];
/// Longer than the session of the workers, which is 3 s.
const FROZEN: Duration = Duration::from_secs(5);

/// How long the store fails, every other request of it.
const STORM: Duration = Duration::from_secs(4);

/// What strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// A worker, as soon as it comes to a step of a commit.
    KillAtStep(&'static str),
    /// A worker, wherever it is.
    Kill,
    /// A worker sleeps past its session and comes back.
    Freeze,
    /// One of three brokers; what it led moves to the others.
    KillBroker,
    /// Leadership goes where it belongs.
    MoveLeaders,
    KillDatabase,
    CutConnections,
    /// The store of the archive, for some seconds.
    Store(proxy::Fault),
}

/// All that can strike.
const ALL: [Fault; 15] = [
    Fault::KillAtStep(STEPS[0]),
    Fault::KillAtStep(STEPS[1]),
    Fault::KillAtStep(STEPS[2]),
    Fault::KillAtStep(STEPS[3]),
    Fault::KillAtStep(STEPS[4]),
    Fault::Kill,
    Fault::Freeze,
    Fault::KillBroker,
    Fault::MoveLeaders,
    Fault::KillDatabase,
    Fault::CutConnections,
    Fault::Store(proxy::Fault::Answer(500, "InternalError")),
    Fault::Store(proxy::Fault::Answer(503, "SlowDown")),
    Fault::Store(proxy::Fault::Cut),
    Fault::Store(proxy::Fault::AnswerLost),
];
/// One of each kind.
const FEW: [Fault; 7] = [ALL[3], ALL[6], ALL[7], ALL[8], ALL[9], ALL[10], ALL[12]];

/// So many of them: all in an order of chance, then all in another, and so on.
fn shuffled(of: &[Fault], count: usize, chance: &mut Chance) -> Vec<Fault> {
    let mut faults: Vec<Fault> = Vec::new();
    while faults.len() < count {
        let mut left = of.to_vec();
        while !left.is_empty() {
            faults.push(left.swap_remove(chance.below(left.len())));
        }
    }
    faults.truncate(count);
    faults
}

/// Workers on one topic, and what may strike them.
struct World<'s> {
    scene: Scene,
    cluster: &'s kafka::Cluster,
    database: &'s postgres::Server,
    workers: Vec<Running>,
    chance: Chance,
    /// What the store does now.
    weather: Arc<Mutex<Option<proxy::Fault>>>,
}

impl World<'_> {
    fn start_worker(&self, failpoints: &str) -> Result<Running> {
        let words = ["--follow", "--batch-seconds", "1", "--batch-events", "40"];
        Running::start(self.scene.meter(&words).env("FAILPOINTS", failpoints))
    }

    fn strike(&mut self, fault: Fault) -> Result<()> {
        let victim = self.chance.below(WORKERS);
        let broker = u32::try_from(self.chance.below(3))? + 1;
        match fault {
            Fault::KillAtStep(step) => {
                // One that comes to the step stays there, and is killed in it.
                let doomed = self.start_worker(&format!("{step}=pause"))?;
                std::mem::replace(&mut self.workers[victim], doomed).kill_9()?;
                std::thread::sleep(Duration::from_secs(5));
                self.replace(victim)
            }
            Fault::Kill => self.replace(victim),
            Fault::Freeze => {
                self.workers[victim].signal("STOP")?;
                std::thread::sleep(FROZEN);
                self.workers[victim].signal("CONT")
            }
            Fault::KillBroker => {
                self.cluster.kill(broker);
                std::thread::sleep(Duration::from_secs(2));
                self.cluster.start(broker);
                Ok(())
            }
            Fault::MoveLeaders => {
                let all = ["--election-type", "preferred", "--all-topic-partitions"];
                self.cluster.tool("org.apache.kafka.tools.LeaderElectionCommand", &all);
                Ok(())
            }
            Fault::KillDatabase => {
                self.database.kill();
                std::thread::sleep(Duration::from_secs(2));
                self.database.start();
                Ok(())
            }
            Fault::CutConnections => {
                let cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()";
                postgres::query(self.scene.data.server(), cut).map(drop)
            }
            Fault::Store(fault) => {
                *self.weather.lock().expect("whole") = Some(fault);
                std::thread::sleep(STORM);
                *self.weather.lock().expect("whole") = None;
                Ok(())
            }
        }
    }

    fn replace(&mut self, victim: usize) -> Result<()> {
        let fresh = self.start_worker("")?;
        std::mem::replace(&mut self.workers[victim], fresh).kill_9()
    }

    /// Everything is metered that was produced, and the books are whole; no worker has given up.
    fn recovers(&mut self, produced: &BTreeMap<i32, u64>) -> Result<()> {
        self.scene.wait_for(produced, PATIENCE)?;
        for number in 0..WORKERS {
            if self.workers[number].ended()?.is_some() {
                let fresh = self.start_worker("")?;
                let ended = std::mem::replace(&mut self.workers[number], fresh).output()?;
                anyhow::bail!("a worker gave up ({}): {}", ended.status, String::from_utf8_lossy(&ended.stderr));
            }
        }
        self.scene.data.ok(["verify"]).map(drop)
    }
}

fn survives(set: &str, of: &[Fault], count: usize, seed: u64) -> Result<()> {
    let (cluster, database) = (kafka::three_nodes(), postgres::alone());
    let weather: Arc<Mutex<Option<proxy::Fault>>> = Arc::default();
    let seen = weather.clone();
    let store = Proxy::new(move |request| seen.lock().expect("whole").filter(|_| request.number.is_multiple_of(2)));
    let scene = Scene::with(Data::on_with_bucket(database.database(), &store.endpoint)?, &cluster, set, PARTITIONS)?;
    let (records, _) = repeated(&scene.lines, PARTITIONS, seed);
    let records: Vec<Record> = records.iter().map(|(_, line)| scene.record(line)).collect();
    let producer = scene.producer()?;
    let mut world = World { scene, cluster: &cluster, database: &database, workers: Vec::new(), chance: Chance(seed), weather };
    let faults = shuffled(of, count, &mut world.chance);
    for _ in 0..WORKERS {
        world.workers.push(world.start_worker("")?);
    }
    let mut produced = BTreeMap::new();
    for (number, (fault, some)) in faults.into_iter().zip(parts(&records, count)).enumerate() {
        let context = || format!("seed {seed}, fault {number}: {fault:?}");
        for record in some {
            *produced.entry(record.partition).or_default() += 1;
        }
        // They come at a steady rate, while it strikes.
        std::thread::scope(|scope| {
            let stream = scope.spawn(|| stream(&producer, some));
            let struck = world.strike(fault);
            stream.join().expect("the stream does not panic")?;
            struck
        })
        .with_context(context)?;
        world.recovers(&produced).with_context(context)?;
        if number % COMPACTED == COMPACTED - 1 {
            world.scene.data.ok(["archive", "compact"]).with_context(context)?;
        }
    }
    ensure!(!of.iter().any(|fault| matches!(fault, Fault::Store(_))) || store.faults() > 0, "the store never failed");
    for worker in std::mem::take(&mut world.workers) {
        worker.signal("TERM")?;
        let output = worker.output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    world.scene.check(&world.scene.metered(&[])?, &produced).with_context(|| format!("seed {seed}"))
}

/// All in so many parts of about one size.
fn parts(records: &[Record], count: usize) -> impl Iterator<Item = &[Record]> {
    (0..count).map(move |at| &records[records.len() * at / count..records.len() * (at + 1) / count])
}

fn stream(producer: &super::produce::Producer, records: &[Record]) -> Result<()> {
    for some in records.chunks(records.len().div_ceil(10).max(1)) {
        producer.send(some.iter().cloned())?;
        std::thread::sleep(Duration::from_millis(200));
    }
    Ok(())
}

#[test]
fn nothing_is_lost_or_counted_twice_whatever_strikes() -> Result<()> {
    if slow() { survives("real", &ALL, 100, 1) } else { survives("small", &FEW, FEW.len(), 1) }
}

#[test]
fn everything_strikes_in_its_turn() {
    let faults = shuffled(&ALL, 100, &mut Chance(1));
    assert_eq!(faults.len(), 100);
    for fault in ALL {
        assert!(faults.iter().filter(|found| **found == fault).count() >= 6, "{fault:?} is too rare");
    }
    let kind = std::mem::discriminant::<Fault>;
    for fault in ALL.iter().filter(|fault| **fault != Fault::Kill) {
        assert!(FEW.iter().any(|few| kind(few) == kind(fault)), "{fault:?} is not among the few");
    }
}
