//! A server between the program and the stand-in for S3 that fails where a test wants it to.

use super::{must, s3};
use anyhow::{Context, Result};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

/// What happens to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// An answer of this status with this code, and nothing is done.
    Answer(u16, &'static str),
    /// The connection is cut, and nothing is done.
    Cut,
    /// It is done, but the connection is cut in place of the answer.
    AnswerLost,
    /// It is done, but half of the answer is missing.
    HalfAnswer,
}

/// A request as a test sees it.
pub struct Request {
    /// How many came before.
    pub number: u32,
    pub method: String,
    /// With its query.
    pub path: String,
}

type Plan = dyn Fn(&Request) -> Option<Fault> + Send + Sync;

/// Listens until the test process ends.
pub struct Proxy {
    pub endpoint: String,
    faults: Arc<AtomicU32>,
}

impl Proxy {
    /// Passes requests on, but for those that meet with a fault.
    pub fn new(plan: impl Fn(&Request) -> Option<Fault> + Send + Sync + 'static) -> Proxy {
        must(Proxy::up(Arc::new(plan)))
    }

    fn up(plan: Arc<Plan>) -> Result<Proxy> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let (faults, numbers) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
        let met = faults.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (plan, met, numbers) = (plan.clone(), met.clone(), numbers.clone());
                // Whoever was killed in the middle of a request has no answer to wait for.
                thread::spawn(move || drop(serve(&stream, &*plan, &met, &numbers)));
            }
        });
        Ok(Proxy { endpoint, faults })
    }

    /// How many requests met with a fault.
    pub fn faults(&self) -> u32 {
        self.faults.load(Ordering::Relaxed)
    }
}

/// One request to a connection.
fn serve(stream: &TcpStream, plan: &Plan, met: &AtomicU32, numbers: &AtomicU32) -> Result<()> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split_ascii_whitespace();
    let (method, path) = (words.next().context("no method")?.to_owned(), words.next().context("no path")?.to_owned());
    let mut head = line.clone();
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        if line.trim().is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').context("no header")?;
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse()?,
            "connection" => continue,
            _ => {}
        }
        head += &line;
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let fault = plan(&Request { number: numbers.fetch_add(1, Ordering::Relaxed), method, path });
    met.fetch_add(u32::from(fault.is_some()), Ordering::Relaxed);
    let answer = match fault {
        Some(Fault::Answer(status, code)) => refusal(status, code),
        Some(Fault::Cut) => Vec::new(),
        Some(Fault::AnswerLost) => pass_on(&head, &body).map(|_| Vec::new())?,
        Some(Fault::HalfAnswer) => pass_on(&head, &body).map(|answer| answer[..answer.len() / 2].to_vec())?,
        None => pass_on(&head, &body)?,
    };
    let mut writer = stream;
    writer.write_all(&answer)?;
    Ok(stream.shutdown(Shutdown::Both)?)
}

fn refusal(status: u16, code: &str) -> Vec<u8> {
    let body = format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>as the test wants it</Message></Error>");
    format!("HTTP/1.1 {status} No\r\nContent-Type: application/xml\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
        .into_bytes()
}

fn pass_on(head: &str, body: &[u8]) -> Result<Vec<u8>> {
    let mut server = TcpStream::connect(s3::server().endpoint.trim_start_matches("http://"))?;
    write!(server, "{head}Connection: close\r\n\r\n")?;
    server.write_all(body)?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer)?;
    Ok(answer)
}
