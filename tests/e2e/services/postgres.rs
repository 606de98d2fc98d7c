//! PostgreSQL.

use super::{Service, fresh, must, output};
use crate::support::root;
use anyhow::Result;
use std::path::Path;
use std::process::Command;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

pub struct Server {
    service: Service,
}

/// One server, shared by all tests; nobody kills it.
pub fn server() -> &'static Server {
    static SHARED: LazyLock<Server> = LazyLock::new(Server::up);
    &SHARED
}

/// One server, for one test at a time: for those that kill it.
pub fn alone() -> MutexGuard<'static, Server> {
    static ALONE: LazyLock<Mutex<Server>> = LazyLock::new(|| Mutex::new(Server::up()));
    let server = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    must(server.service.run("up", &[]));
    server
}

impl Server {
    fn up() -> Server {
        Server { service: must(Service::up("postgres.sh", &[])) }
    }

    /// The URL of a new, empty database.
    pub fn database(&self) -> String {
        must(self.service.run("database", &[&fresh("database")])).trim_end().to_owned()
    }

    /// `kill -9` of the server and all its processes.
    pub fn kill(&self) {
        must(self.service.run("kill", &[]));
    }

    /// Starts the server that was killed; it answers again.
    pub fn start(&self) {
        must(self.service.run("start", &[]));
    }
}

/// What a statement answers, asked past everything.
pub fn query(url: &str, sql: &str) -> Result<String> {
    static PROGRAMS: LazyLock<String> = LazyLock::new(|| must(output(Command::new(root().join("deploy/local/postgres.sh")).arg("find"))));
    output(Command::new(Path::new(PROGRAMS.trim_end()).join("psql")).args([
        "-X",
        "-q",
        "-A",
        "-t",
        "-v",
        "ON_ERROR_STOP=1",
        "-c",
        sql,
        url,
    ]))
}
