//! Seeded faults, one after the other, under a steady stream of events: workers killed at their steps and anywhere, frozen past their
//! session, brokers and the database killed and started again, connections cut. After each, everything that was produced is metered once.

use super::produce::{Chance, Record, repeated};
use super::scene::Scene;
use crate::crash::child::Running;
use crate::services::{kafka, postgres};
use crate::support::{Data, slow};
use anyhow::{Context, Result, ensure};
use std::collections::BTreeMap;
use std::time::Duration;

const PARTITIONS: u32 = 8;
const WORKERS: usize = 4;
const PATIENCE: Duration = Duration::from_secs(180);
const STEPS: [&str; 5] = ["batch-sealed", "usage-written", "accruals-written", "manifest-written", "batch-committed"];
/// Longer than the session of the workers, which is 3 s.
const FROZEN: Duration = Duration::from_secs(5);

/// What strikes.
#[derive(Clone, Copy, Debug)]
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
}

impl Fault {
    fn any(chance: &mut Chance) -> Fault {
        match chance.below(10) {
            0..3 => Fault::KillAtStep(STEPS[chance.below(STEPS.len())]),
            3 => Fault::Kill,
            4 | 5 => Fault::Freeze,
            6 => Fault::KillBroker,
            7 => Fault::MoveLeaders,
            8 => Fault::KillDatabase,
            _ => Fault::CutConnections,
        }
    }
}

/// Workers on one topic, and what may strike them.
struct World<'s> {
    scene: Scene,
    cluster: &'s kafka::Cluster,
    database: &'s postgres::Server,
    workers: Vec<Running>,
    chance: Chance,
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

fn survives(set: &str, faults: usize, seed: u64) -> Result<()> {
    let (cluster, database) = (kafka::three_nodes(), postgres::alone());
    let scene = Scene::with(Data::on(database.database())?, &cluster, set, PARTITIONS)?;
    let (records, _) = repeated(&scene.lines, PARTITIONS, seed);
    let records: Vec<Record> = records.iter().map(|(_, line)| scene.record(line)).collect();
    let producer = scene.producer()?;
    let mut world = World { scene, cluster: &cluster, database: &database, workers: Vec::new(), chance: Chance(seed) };
    for _ in 0..WORKERS {
        world.workers.push(world.start_worker("")?);
    }
    let mut produced = BTreeMap::new();
    for (number, some) in records.chunks(records.len().div_ceil(faults)).enumerate() {
        let fault = Fault::any(&mut world.chance);
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
    }
    for worker in std::mem::take(&mut world.workers) {
        worker.signal("TERM")?;
        let output = worker.output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    world.scene.check(&world.scene.metered(&[])?, &produced).with_context(|| format!("seed {seed}"))
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
    if slow() { survives("real", 100, 1) } else { survives("small", 7, 1) }
}
