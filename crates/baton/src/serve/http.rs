//! Connections: accepted, served, drained.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, Response};
use baton_core::limits::HEAD_BYTES_MAX;
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::task::{JoinHandle, JoinSet};
use tower::Service;
use tracing::{debug, warn};

use super::body::Patient;
use super::paced::Paced;

/// A request's head must come within this, and a connection on which nothing comes is closed.
const HEAD_LONGEST: Duration = Duration::from_secs(30);
/// The process has no more file handles, mostly: some connection will end.
const ACCEPT_AGAIN_AFTER: Duration = Duration::from_millis(100);

pub struct Connections {
    accepting: JoinHandle<Accepted>,
    stop: Arc<Notify>,
}

/// What was accepted and may still run.
struct Accepted {
    watched: GracefulShutdown,
    running: JoinSet<()>,
}

impl Connections {
    /// At most `max` at once.
    pub fn serve(listener: TcpListener, router: axum::Router, max: usize) -> Connections {
        let stop = Arc::new(Notify::new());
        let accepting = tokio::runtime::Handle::current().spawn(accept(listener, router, Arc::new(Semaphore::new(max)), stop.clone()));
        Connections { accepting, stop }
    }

    /// Accepts no more; answers when every request has its answer.
    pub async fn drain(self) {
        self.stop.notify_one();
        match self.accepting.await {
            Ok(Accepted { watched, running: _running }) => watched.shutdown().await,
            Err(error) => warn!(%error, "accepting connections has ended before"),
        }
    }
}

async fn accept(listener: TcpListener, router: axum::Router, free: Arc<Semaphore>, stop: Arc<Notify>) -> Accepted {
    let mut accepted = Accepted { watched: GracefulShutdown::new(), running: JoinSet::new() };
    loop {
        let (connection, place) = tokio::select! {
            biased;
            () = stop.notified() => return accepted,
            next = next(&listener, &free) => next,
        };
        match connection {
            Ok((stream, _)) => drop(accepted.running.spawn(serve(stream, place, router.clone(), accepted.watched.watcher()))),
            Err(error) => {
                warn!(%error, "no connection can be accepted");
                tokio::time::sleep(ACCEPT_AGAIN_AFTER).await;
            }
        }
        while accepted.running.try_join_next().is_some() {}
    }
}

/// Where all places are taken, the system lets wait who comes, and who stops waits for nobody.
async fn next(listener: &TcpListener, free: &Arc<Semaphore>) -> (io::Result<(TcpStream, SocketAddr)>, Option<OwnedSemaphorePermit>) {
    // The semaphore is never closed.
    let place = free.clone().acquire_owned().await.ok();
    (listener.accept().await, place)
}

async fn serve(stream: TcpStream, _place: Option<OwnedSemaphorePermit>, router: axum::Router, watcher: Watcher) {
    // Answers are small and whole: waiting to fill a packet would only delay them.
    if let Err(error) = stream.set_nodelay(true) {
        debug!(%error, "a connection has ended before it began");
    }
    let service = service_fn(move |request| answer(router.clone(), request));
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_LONGEST).max_buf_size(HEAD_BYTES_MAX);
    let connection = builder.serve_connection(Paced::new(TokioIo::new(stream)), service);
    if let Err(error) = watcher.watch(connection).await {
        debug!(%error, "a connection broke off");
    }
}

async fn answer(mut router: axum::Router, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    let request = request.map(|body| if body.is_end_stream() { Body::empty() } else { Body::new(Patient::new(body)) });
    // A router is always ready.
    router.call(request).await
}
