//! `baton serve`

use baton_engine::{Engine, EngineOptions};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::{info, warn};

use super::print;
use crate::admin::{names, socket::Socket};
use crate::serve::{Limits, Server, listen};
use crate::settings::{Flags, Role, Settings, table};
use crate::trouble::Trouble;
use crate::{surroundings, telemetry, wiring};

#[derive(clap::Args)]
pub struct Serve {
    /// Serve the API (web), run executions (worker), or do both [default: all]
    #[arg(long, value_name = table::ROLE.value_name, help_heading = "Settings")]
    role: Option<String>,
}

impl Serve {
    /// Adds to the settings what only this command is told.
    pub fn add_to(&self, flags: &mut Flags) {
        flags.values.extend(self.role.clone().map(|role| (table::ROLE.key, role)));
    }
}

pub fn run(settings: &Settings) -> Result<(), Trouble> {
    let traces = telemetry::start(settings)?;
    let store = wiring::open_store_for_server(settings)?;
    let node = wiring::Node::open(&settings.data)?;
    wiring::run_on(wiring::runtime()?, async {
        let mut signals = Signals::new()?;
        let listener = listen(settings.listen).await?;
        let address = listener.local_addr().map_err(|error| Trouble::refused(error.to_string()))?;
        let socket = Socket::open(&settings.data, settings.database_url.clone())?;
        let surroundings = surroundings::whole(settings, &store).await?;
        let options = EngineOptions {
            public_url: wiring::public_url(settings, address),
            workers: settings.workers,
            node: node.id,
            rate_per_minute: settings.rate_per_minute,
            executions_kept: settings.executions_kept,
        };
        let engine = Engine::new(store, surroundings, options);
        let mut server = Server::start(engine, listener, socket, Limits::of(settings, traces.is_some()), settings.role);
        announce(settings, &server, address).await?;
        until_stopped(&mut signals, &mut server).await?;
        stop(&mut signals, server).await;
        Ok(())
    })
}

async fn announce(settings: &Settings, server: &Server, address: std::net::SocketAddr) -> Result<(), Trouble> {
    let role = settings.role.name();
    info!(role, %address, public_url = server.engine().public_url(), data = %settings.data.display(), "serving");
    if settings.role != Role::All && settings.database_url.is_none() {
        warn!(role, "the other roles can't share a database in a data folder: set database_url for several nodes");
    }
    match settings.role {
        Role::All => print(&format!("Baton serves http://{address}"))?,
        Role::Web => print(&format!("Baton serves http://{address}, and other nodes run the executions"))?,
        Role::Worker => return print(&format!("Baton runs executions; http://{address}/readyz tells whether it is ready")),
    }
    if names::workspaces(server.engine()).await.is_ok_and(|workspaces| workspaces.is_empty()) {
        let data = if settings.is_chosen(&table::DATA) { format!(" --data {}", settings.data.display()) } else { String::new() };
        print(&format!("There is no workspace yet. Make one by: baton init{data} --workspace NAME --admin-email YOU@EXAMPLE.COM"))?;
    }
    Ok(())
}

/// What asks a program to end.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    pub fn new() -> Result<Signals, Trouble> {
        let listen = |kind| signal(kind).map_err(|error| Trouble::refused(format!("signals can't be listened to: {error}")));
        Ok(Signals { terminate: listen(SignalKind::terminate())?, interrupt: listen(SignalKind::interrupt())? })
    }

    pub async fn any(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Who asks twice does not want to wait.
pub async fn stop(signals: &mut Signals, server: Server) {
    tokio::select! {
        () = server.stop() => {}
        () = signals.any() => warn!("told to stop again: what still runs is cut off"),
    }
}

pub async fn until_stopped(signals: &mut Signals, server: &mut Server) -> Result<(), Trouble> {
    tokio::select! {
        () = signals.any() => Ok(()),
        trouble = server.broken() => Err(trouble),
    }
}
