//! A stand-in for S3, in memory. It wants credentials and does not look at them: any will do.

use super::{fresh, must};
use crate::support::root;
use anyhow::{Context, Result, ensure};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::LazyLock;

pub struct Server {
    /// `http://127.0.0.1:PORT`; buckets are the first part of a path.
    pub endpoint: String,
    /// Never written to: the server ends when this does.
    _life: ChildStdin,
}

/// One server, shared by all tests.
pub fn server() -> &'static Server {
    static SHARED: LazyLock<Server> = LazyLock::new(|| must(Server::up()));
    &SHARED
}

impl Server {
    fn up() -> Result<Server> {
        let python = root().join(".venv/bin/python");
        ensure!(python.exists(), "{} is not there; install the tests' tools with: deploy/install-test-tools.sh", python.display());
        let script = root().join("tests/e2e/services/s3.py");
        let mut child = Command::new(python).arg("-sEB").arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut endpoint = String::new();
        BufReader::new(child.stdout.take().context("its output is not piped")?).read_line(&mut endpoint)?;
        ensure!(endpoint.starts_with("http://"), "the stand-in for S3 does not start; its error is above");
        let life = child.stdin.take().context("its input is not piped")?;
        Ok(Server { endpoint: endpoint.trim_end().to_owned(), _life: life })
    }

    /// A new, empty bucket; its name.
    pub fn bucket(&self) -> String {
        let name = fresh("bucket");
        let answer = must(self.request("PUT", &format!("/{name}"), ""));
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        name
    }

    /// One request, signed by nobody in particular; all of the answer.
    pub fn request(&self, method: &str, path: &str, body: &str) -> Result<String> {
        Ok(String::from_utf8(self.exchange(method, path, body.as_bytes())?)?)
    }

    fn exchange(&self, method: &str, path: &str, body: &[u8]) -> Result<Vec<u8>> {
        let host = self.endpoint.trim_start_matches("http://");
        let length = body.len();
        let mut stream = TcpStream::connect(host)?;
        write!(stream, "{method} {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: AWS any:any\r\n")?;
        write!(stream, "Content-Length: {length}\r\nConnection: close\r\n\r\n")?;
        stream.write_all(body)?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok(answer)
    }

    /// The names of all objects of a bucket that begin so, sorted.
    pub fn objects(&self, bucket: &str, prefix: &str) -> Result<Vec<String>> {
        let mut names: Vec<String> = Vec::new();
        loop {
            let after = names.last().map_or(String::new(), |name| format!("&start-after={name}"));
            let page = self.request("GET", &format!("/{bucket}?list-type=2&prefix={prefix}{after}"), "")?;
            ensure!(page.starts_with("HTTP/1.1 200 "), "{page}");
            let found = page.split("<Key>").skip(1).filter_map(|rest| rest.split("</Key>").next());
            names.extend(found.map(str::to_owned));
            if page.contains("<IsTruncated>false") {
                return Ok(names);
            }
        }
    }

    /// The bytes of an object.
    pub fn get(&self, bucket: &str, name: &str) -> Result<Vec<u8>> {
        let answer = self.exchange("GET", &format!("/{bucket}/{name}"), b"")?;
        ensure!(answer.starts_with(b"HTTP/1.1 200 "), "{}", String::from_utf8_lossy(&answer));
        let body = answer.windows(4).position(|four| four == b"\r\n\r\n").context("an answer without an end of its head")?;
        Ok(answer[body + 4..].to_vec())
    }

    /// Puts an object in the place of another.
    pub fn put(&self, bucket: &str, name: &str, bytes: &[u8]) -> Result<()> {
        let answer = self.exchange("PUT", &format!("/{bucket}/{name}"), bytes)?;
        ensure!(answer.starts_with(b"HTTP/1.1 200 "), "{}", String::from_utf8_lossy(&answer));
        Ok(())
    }
}
