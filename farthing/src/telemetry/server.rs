//! `/metrics`, `/live` and `/ready` over HTTP, on a thread of its own: it answers whatever the worker does.

use super::health::{Health, Verdict};
use super::recorder::Recorder;
use anyhow::Context;
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::CONTENT_TYPE;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::json;
use std::convert::Infallible;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// How long a client may take to ask, and how many may at once.
const ASKED: Duration = Duration::from_secs(10);
const CLIENTS_MAX: usize = 64;

/// An address that nobody else listens at.
pub struct Listener(TcpListener);

impl Listener {
    pub fn at(address: SocketAddr) -> anyhow::Result<Listener> {
        let bound = TcpListener::bind(address).and_then(|listener| listener.set_nonblocking(true).map(|()| listener));
        Ok(Listener(bound.with_context(|| format!("nothing can listen at {address}; name another address with --listen"))?))
    }

    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.0.local_addr()
    }

    /// Answers for as long as the process lives.
    pub fn serve(self, recorder: &'static Recorder) -> anyhow::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let run = move || runtime.block_on(accept(self.0, recorder));
        std::thread::Builder::new().name("listen".to_owned()).spawn(run)?;
        Ok(())
    }
}

async fn accept(listener: TcpListener, recorder: &'static Recorder) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
    let room = Arc::new(Semaphore::new(CLIENTS_MAX));
    loop {
        let Ok(room) = room.clone().acquire_owned().await else { return };
        let Ok((stream, _)) = listener.accept().await else {
            // Too many files are open, or the client has gone already.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        tokio::spawn(async move {
            let service = service_fn(move |request| async move { Ok::<_, Infallible>(answer(&request, recorder)) });
            let mut server = http1::Builder::new();
            let serve = server.timer(TokioTimer::new()).keep_alive(false).serve_connection(TokioIo::new(stream), service);
            // A client that goes away, or does not read, is no concern of ours.
            let _ = tokio::time::timeout(ASKED, serve).await;
            drop(room);
        });
    }
}

fn answer(request: &Request<Incoming>, recorder: &Recorder) -> Response<Full<Bytes>> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return text(StatusCode::METHOD_NOT_ALLOWED, "only GET\n".to_owned());
    }
    match request.uri().path() {
        "/metrics" => match recorder.exporters.scrape() {
            Ok(metrics) => of(StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", metrics),
            Err(error) => text(StatusCode::INTERNAL_SERVER_ERROR, format!("{error:#}\n")),
        },
        "/live" => live(&recorder.health),
        "/ready" => ready(&recorder.health.verdict()),
        _ => text(StatusCode::NOT_FOUND, "there are /metrics, /live and /ready\n".to_owned()),
    }
}

fn live(health: &Health) -> Response<Full<Bytes>> {
    match health.dead() {
        None => document(StatusCode::OK, &json!({"live": true})),
        Some(because) => document(StatusCode::SERVICE_UNAVAILABLE, &json!({"live": false, "because": [because]})),
    }
}

fn ready(verdict: &Verdict) -> Response<Full<Bytes>> {
    if verdict.ready() {
        return document(StatusCode::OK, &json!({"ready": true}));
    }
    let stuck = verdict.stuck.iter().map(|of| {
        json!({"partition": of.partition, "position": of.position, "end": of.end, "lag": of.lag(),
            "since": of.since.to_string(), "seconds": of.seconds})
    });
    let stuck: Vec<_> = stuck.collect();
    document(StatusCode::SERVICE_UNAVAILABLE, &json!({"ready": false, "because": verdict.because, "stuck": stuck}))
}

fn document(status: StatusCode, document: &serde_json::Value) -> Response<Full<Bytes>> {
    of(status, "application/json", format!("{document}\n"))
}

fn text(status: StatusCode, text: String) -> Response<Full<Bytes>> {
    of(status, "text/plain; charset=utf-8", text)
}

fn of(status: StatusCode, kind: &'static str, body: String) -> Response<Full<Bytes>> {
    let answer = Response::builder().status(status).header(CONTENT_TYPE, kind).body(Full::from(body));
    answer.expect("a status and a header that are always legal")
}
