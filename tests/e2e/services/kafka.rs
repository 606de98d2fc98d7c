//! Apache Kafka.

use super::{Service, fresh, must};
use anyhow::Result;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

/// Enough for tests; a cluster takes so much of memory for each node, and as much again beside the heap.
const HEAP: [&str; 2] = ["--heap", "384m"];

pub struct Cluster {
    /// For `bootstrap.servers`.
    pub brokers: String,
    service: Service,
}

/// One broker, shared by all tests; nobody kills it.
pub fn cluster() -> &'static Cluster {
    static SHARED: LazyLock<Cluster> = LazyLock::new(|| Cluster::up("1"));
    &SHARED
}

/// One broker, for one test at a time: for those that kill it.
pub fn alone() -> MutexGuard<'static, Cluster> {
    static ALONE: LazyLock<Mutex<Cluster>> = LazyLock::new(|| Mutex::new(Cluster::up("1")));
    Cluster::whole(&ALONE)
}

/// Three nodes, for one test at a time: for those that kill some of them.
pub fn three_nodes() -> MutexGuard<'static, Cluster> {
    static THREE: LazyLock<Mutex<Cluster>> = LazyLock::new(|| Mutex::new(Cluster::up("3")));
    Cluster::whole(&THREE)
}

impl Cluster {
    fn up(nodes: &str) -> Cluster {
        let service = must(Service::up("kafka.sh", &[&["--nodes", nodes], &HEAP[..]].concat()));
        Cluster { brokers: must(service.line("brokers")), service }
    }

    /// One broker that also listens for SASL over TLS, as the file `secured.properties` says that `prepare` writes into a folder. The folder
    /// goes with the broker.
    pub fn secured(prepare: impl FnOnce(&Path) -> Result<()>) -> Cluster {
        let service = must(Cluster::prepared(prepare));
        Cluster { brokers: must(service.line("brokers")), service }
    }

    fn prepared(prepare: impl FnOnce(&Path) -> Result<()>) -> Result<Service> {
        let folder = tempfile::Builder::new().prefix("farthing-").tempdir()?.keep();
        let papers = folder.join("papers");
        std::fs::create_dir(&papers)?;
        // The script takes no folder for its own that holds other things, unless its lock is there.
        std::fs::write(folder.join("kafka.lock"), "")?;
        prepare(&papers)?;
        let secured = papers.join("secured.properties");
        Service { script: "kafka.sh", folder }.start(&[&["--secured", &secured.to_string_lossy()], &HEAP[..]].concat())
    }

    /// A cluster with all its nodes: a test that failed may have left some of them down.
    fn whole(cluster: &Mutex<Cluster>) -> MutexGuard<'_, Cluster> {
        let cluster = cluster.lock().unwrap_or_else(PoisonError::into_inner);
        must(cluster.service.run("up", &[]));
        cluster
    }

    /// Where it listens for SASL over TLS.
    pub fn secured_brokers(&self) -> String {
        must(self.service.line("secured"))
    }

    /// What was prepared for it.
    pub fn papers(&self) -> PathBuf {
        self.folder().join("papers")
    }

    /// Its folder, with `NODE/server.log`.
    pub fn folder(&self) -> &Path {
        &self.service.folder
    }

    /// A new topic, on three nodes where there are as many; its name.
    pub fn topic(&self, partitions: u32) -> String {
        let name = fresh("topic");
        self.make_topic(&name, partitions);
        name
    }

    /// A new topic of that name, whose messages may be of any time and large: the shared events arrive when their set says, which may be
    /// later than now, and some of them are too large for us.
    pub fn make_topic(&self, name: &str, partitions: u32) {
        self.make_topic_with(name, partitions, &["message.timestamp.after.max.ms=9223372036854775807", "max.message.bytes=16777216"]);
    }

    /// A new topic of that name, with these settings.
    pub fn make_topic_with(&self, name: &str, partitions: u32, settings: &[&str]) {
        must(self.service.run("topic", &[&[name, &partitions.to_string()], settings].concat()));
    }

    /// `kill -9` of a node; the first is 1.
    pub fn kill(&self, node: u32) {
        must(self.service.run("kill", &[&node.to_string()]));
    }

    /// Starts a node that was killed; it answers again.
    pub fn start(&self, node: u32) {
        must(self.service.run("start", &[&node.to_string()]));
    }

    /// Runs one of Kafka's own tools on the cluster; its standard output.
    pub fn tool(&self, class: &str, arguments: &[&str]) -> String {
        must(self.service.run("run", &[&[class, "--bootstrap-server", &self.brokers], arguments].concat()))
    }
}
