//! `baton demo`: two sample workflows with people and a month of history, served, and the Actions API shown at work.

mod asking;
mod clock;
mod early_access;
mod fill;
mod folder;
mod guide;
mod http;
mod mailbox;
mod outside;
mod payments;
mod people;
mod print;
mod random;
mod refunds;
mod script;
mod story;
mod tour;

#[cfg(test)]
mod tests;

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use baton_engine::env::SystemClock;
use baton_engine::{Engine, EngineOptions};
use baton_store::{Options, Place, Store};
use tokio::net::TcpListener;

use crate::admin::socket::Socket;
use crate::cli::{Signals, stop, until_stopped};
use crate::serve::{Limits, Server, listen};
use crate::settings::Role;
use crate::trouble::Trouble;
use crate::{surroundings, wiring};
use fill::Filled;
use folder::Folder;
use outside::Outside;

/// What the command was told.
pub struct Wanted {
    /// A folder that is kept; otherwise a temporary one that goes in the end.
    pub data: Option<PathBuf>,
    /// Otherwise the usual address, or one beside it.
    pub listen: Option<SocketAddr>,
    /// End after the tour.
    pub once: bool,
    /// Otherwise where it listens.
    pub public_url: Option<String>,
    pub workers: usize,
    pub rate_per_minute: u32,
    pub executions_kept: Option<Duration>,
    pub page_count_max: Option<u32>,
    pub limits: Limits,
}

pub fn run(wanted: Wanted, out: &mut impl Write) -> Result<(), Trouble> {
    let runtime = wiring::runtime()?;
    let listener = runtime.block_on(find_address(wanted.listen))?;
    let address = listener.local_addr().map_err(|error| Trouble::refused(error.to_string()))?;
    let folder = Folder::new(wanted.data)?;
    let store = Store::open(Options { page_count_max: wanted.page_count_max, ..Options::new(Place::Folder(folder.path().to_owned())) })?;
    let node = wiring::Node::open(folder.path())?;
    let url = format!("http://{address}");
    let public_url = wanted.public_url.unwrap_or_else(|| url.clone());

    let outside = runtime.block_on(Outside::open())?;
    // One thread, so that everything happens in the same order every time.
    let filled = wiring::small_runtime()?.block_on(fill::fill(&store, node.id, &public_url, &outside));
    let filled = filled.map_err(|unforeseen| Trouble::refused(format!("the sample data can't be made: {}", unforeseen.0)))?;

    wiring::run_on(runtime, async {
        let mut signals = Signals::new()?;
        let socket = Socket::open(folder.path(), None)?;
        let surroundings = outside.surroundings(Arc::new(SystemClock::new())).map_err(Trouble::refused)?;
        // Kept with the data, for a server that goes on with it.
        let surroundings = surroundings::sealing_by(&folder.path().join("master.key"), &store, surroundings).await?;
        let options = EngineOptions {
            rate_per_minute: wanted.rate_per_minute,
            executions_kept: wanted.executions_kept,
            ..EngineOptions::new(public_url, wanted.workers, node.id)
        };
        let engine = Engine::new(store, surroundings, options);
        let mut server = Server::start(engine, listener, socket, wanted.limits, Role::All);
        introduce(out, &url, &filled, &folder)?;
        tour::give(out, address, &filled, &outside).await?;
        if !wanted.once {
            say(out, &format!("\n{url} stays up until you stop it (Ctrl-C).{}", folder.what_becomes_of_it()))?;
            until_stopped(&mut signals, &mut server).await?;
        }
        stop(&mut signals, server).await;
        Ok(())
    })
}

const PORTS: std::ops::Range<u16> = 3000..3020;

async fn find_address(wanted: Option<SocketAddr>) -> Result<TcpListener, Trouble> {
    if let Some(address) = wanted {
        return listen(address).await;
    }
    for port in PORTS {
        if let Ok(listener) = listen(SocketAddr::from(([127, 0, 0, 1], port))).await {
            return Ok(listener);
        }
    }
    listen(SocketAddr::from(([127, 0, 0, 1], 0))).await
}

fn introduce(out: &mut impl Write, url: &str, filled: &Filled, folder: &Folder) -> Result<(), Trouble> {
    let Filled { api_key, told, early_access, refunds, .. } = filled;
    say(
        out,
        &format!(
            "Baton's demo is at {url}
  {tasks} tasks, {executions} executions and {refusals} refusals of the last {days} days
  API key        {api_key}
  workflows      {early_access}  Early access: {url}/api/v1/workflows/{early_access}/tasks
                 {refunds}  Refunds:      {url}/api/v1/workflows/{refunds}/tasks
  data           {data}
  for a person   performed_by: {reviewer} (Reviewer), {intern} (Intern), {agent} (Agent), {lead} (Lead)",
            tasks = told.tasks,
            executions = told.executions,
            refusals = told.refusals,
            days = clock::DAYS,
            data = folder.path().display(),
            reviewer = people::REVIEWERS[0],
            intern = people::INTERN,
            agent = people::AGENTS[0],
            lead = people::LEAD,
        ),
    )
}

fn say(out: &mut impl Write, text: &str) -> Result<(), Trouble> {
    writeln!(out, "{text}").map_err(|error| Trouble::refused(format!("stdout can't be written: {error}")))
}
