//! Real services for the tests: each is started when the first test asks for it, once per test process, and ends with the process, however
//! that ends. What cannot be started fails the test that asks for it, with what the service said.

pub mod bank;
pub mod kafka;
pub mod postgres;
mod proof;
pub mod proxy;
pub mod s3;

use crate::support::root;
use anyhow::{Context, Result, ensure};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// A script of `deploy/local` and the folder that its service lives in.
struct Service {
    script: &'static str,
    folder: PathBuf,
}

impl Service {
    /// Starts a service in a new folder. The script leaves a watcher behind that stops the service and removes the folder after this process.
    fn up(script: &'static str, options: &[&str]) -> Result<Service> {
        let folder = tempfile::Builder::new().prefix("farthing-").tempdir()?.keep();
        Service { script, folder }.start(options)
    }

    fn start(self, options: &[&str]) -> Result<Service> {
        let service = self;
        let owner = std::process::id().to_string();
        service.run("up", &[&["--owner", &owner, "--remove"], options].concat())?;
        Ok(service)
    }

    /// Runs `SCRIPT COMMAND FOLDER ARGUMENTS...` to its end; its standard output.
    fn run(&self, command: &str, arguments: &[&str]) -> Result<String> {
        let mut process = Command::new(root().join("deploy/local").join(self.script));
        // What starts often and lives shortly is not worth compiling well: a third less time until a broker answers.
        process.env("JDK_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1");
        output(process.arg(command).arg(&self.folder).args(arguments))
    }

    /// One line of a file that the script wrote.
    fn line(&self, file: &str) -> Result<String> {
        read_line(&self.folder.join(file))
    }
}

fn read_line(path: &Path) -> Result<String> {
    Ok(std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?.trim_end().to_owned())
}

/// Standard output of a command that must succeed.
fn output(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("cannot run {command:?}"))?;
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let name = Path::new(command.get_program()).file_name().and_then(OsStr::to_str).unwrap_or_default();
    ensure!(output.status.success(), "{name}: {}\n{}\n{}", output.status, said(&output.stdout), said(&output.stderr));
    Ok(said(&output.stdout))
}

/// A name that nothing else of this process has.
fn fresh(what: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(1);
    format!("{what}-{}", COUNT.fetch_add(1, Ordering::Relaxed))
}

/// A test cannot go on without its service.
fn must<T>(result: Result<T>) -> T {
    result.unwrap_or_else(|error| panic!("{error:#}"))
}
