//! The server: HTTP, the worker and the admin socket on one engine, begun and ended together.

mod body;
mod http;
mod paced;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use baton_api::ApiOptions;
use baton_engine::Engine;
use baton_store::StoreError;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tracing::{info, warn};

use crate::admin::socket::Socket;
use crate::settings::{Role, Settings};
use crate::telemetry;
use crate::trouble::Trouble;

/// Requests that are being answered may go on for so long when the server stops; the worker drains as long.
const DRAIN: Duration = Duration::from_secs(25);

pub async fn listen(address: SocketAddr) -> Result<TcpListener, Trouble> {
    TcpListener::bind(address).await.map_err(|error| {
        let hint =
            if error.kind() == std::io::ErrorKind::AddrInUse { "; stop what listens there, or say --listen with another port" } else { "" };
        Trouble::refused(format!("{address} can't be listened on: {error}{hint}"))
    })
}

pub struct Server {
    engine: Engine,
    connections: http::Connections,
    /// `None` where executions are run by other nodes.
    worker: Option<JoinHandle<Result<(), StoreError>>>,
    admin: JoinHandle<()>,
    stop_worker: Arc<Notify>,
    stop_admin: Arc<Notify>,
}

/// What the API and the connections to it are held to.
pub struct Limits {
    pub api: ApiOptions,
    pub connections: usize,
}

impl Limits {
    /// `traces`: whether somebody collects them.
    pub fn of(settings: &Settings, traces: bool) -> Limits {
        let api = ApiOptions {
            body_bytes_max: settings.body_bytes_max,
            import_bytes_max: settings.import_bytes_max,
            join_trace: traces.then_some(telemetry::join),
        };
        Limits { api, connections: settings.connections_max }
    }
}

impl Server {
    pub fn start(engine: Engine, listener: TcpListener, socket: Socket, limits: Limits, role: Role) -> Server {
        let runtime = tokio::runtime::Handle::current();
        let (stop_worker, stop_admin) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let worker = (role != Role::Web).then(|| {
            let (engine, stop) = (engine.clone(), stop_worker.clone());
            runtime.spawn(async move { engine.work(stop).await })
        });
        let admin = {
            let (engine, stop) = (engine.clone(), stop_admin.clone());
            runtime.spawn(socket.answer(engine, stop))
        };
        let router = match role {
            Role::All | Role::Web => baton_api::router(engine.clone(), limits.api),
            Role::Worker => baton_api::watch_router(engine.clone(), limits.api),
        };
        let connections = http::Connections::serve(listener, router, limits.connections);
        Server { engine, connections, worker, admin, stop_worker, stop_admin }
    }

    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Waits for the worker to end by itself, which is always a fault.
    pub async fn broken(&mut self) -> Trouble {
        let Some(worker) = &mut self.worker else { return std::future::pending().await };
        let ended = match worker.await {
            Ok(Ok(())) => "it has ended".to_owned(),
            Ok(Err(error)) => error.to_string(),
            Err(error) => error.to_string(),
        };
        Trouble::refused(format!("the worker can't go on: {ended}"))
    }

    /// Accepts nothing more, lets run what runs, and hands back the rest.
    pub async fn stop(self) {
        info!("stopping");
        self.stop_admin.notify_one();
        self.stop_worker.notify_one();
        // What they wait for may take longer than the draining.
        self.engine.end_waits();
        let (requests, commands) = (timeout(DRAIN, self.connections.drain()), timeout(DRAIN, self.admin));
        let worked = async {
            match self.worker {
                Some(worker) => worker.await,
                None => Ok(Ok(())),
            }
        };
        let (requests, commands, worked) = tokio::join!(requests, commands, worked);
        if requests.is_err() {
            warn!("some requests were cut off");
        }
        if commands.is_err() {
            warn!("some commands over the admin socket were cut off");
        }
        match worked {
            Ok(Ok(())) => info!("stopped"),
            Ok(Err(error)) => warn!(%error, "the worker did not stop well"),
            Err(error) => warn!(%error, "the worker did not stop well"),
        }
    }
}
