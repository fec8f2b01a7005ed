//! An engine on a store of either kind, with the real client, guard and mailer, which lead to servers of the test.

pub mod mail;
pub mod receiver;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use baton_connect::email::{Mailer, Security, Settings};
use baton_connect::guard::{Guard, SystemResolver, network};
use baton_connect::http::Client;
use baton_connect::seal::{KEY_BYTES, MasterKey};
use baton_connect::tls::Roots;
use baton_core::activity::{Activity, Kind};
use baton_core::execution::{Execution, Status};
use baton_core::ids::Id;
use baton_core::task::Task;
use baton_core::time::Timestamp;
use baton_engine::commands::executions::{self, Start};
use baton_engine::commands::tasks::{self, Expected};
use baton_engine::commands::workspaces::{self, NewWorkspace};
use baton_engine::commands::{activity, definitions};
use baton_engine::env::{Clock, Entropy, SystemClock};
use baton_engine::world::{Mail, Outside};
use baton_engine::{Ask, Credential, Cx, Engine, EngineOptions, Outcome, Surroundings};
use baton_store::{Options, Place, Store};
use serde_json::Value as Json;
use tokio::sync::Notify;

use crate::postgres::Database;

/// The machine's clock, with what the test has put it forward or back.
pub struct MovedClock {
    system: SystemClock,
    moved: AtomicI64,
}

impl MovedClock {
    pub fn new() -> Arc<MovedClock> {
        Arc::new(MovedClock { system: SystemClock::new(), moved: AtomicI64::new(0) })
    }

    pub fn put(&self, seconds: i64) {
        self.moved.fetch_add(seconds * 1_000_000, Ordering::Relaxed);
    }
}

impl Clock for MovedClock {
    fn now(&self) -> Timestamp {
        self.system.now().plus_micros(self.moved.load(Ordering::Relaxed))
    }

    fn monotonic(&self) -> Duration {
        self.system.monotonic()
    }
}

#[derive(Clone)]
pub struct World {
    pub engine: Engine,
    pub clock: Arc<MovedClock>,
    pub workspace: Id,
    stop: Arc<Notify>,
}

/// In memory and, where it is installed, on PostgreSQL.
pub fn places() -> Vec<(Place, Option<Database>)> {
    let database = Database::fresh().map(|database| (Place::Url(database.url.clone()), Some(database)));
    std::iter::once((Place::Memory, None)).chain(database).collect()
}

pub const WORKERS: usize = 4;

impl World {
    pub async fn new(place: Place) -> World {
        World::with(place, None, "UTC").await
    }

    pub async fn with(place: Place, mail_server: Option<SocketAddr>, zone: &str) -> World {
        let world = World::node(place, 1, mail_server, None);
        world.new_workspace(world.workspace, zone).await;
        world.work();
        world
    }

    /// One node of several on one store; `workspace`: that of the first.
    pub fn node(place: Place, node: i64, mail_server: Option<SocketAddr>, workspace: Option<Id>) -> World {
        World::on(Store::open(Options::new(place)).expect("the store opens"), node, mail_server, workspace)
    }

    /// The same, on a store that is open.
    pub fn on(store: Store, node: i64, mail_server: Option<SocketAddr>, workspace: Option<Id>) -> World {
        World::keeping(store, node, mail_server, workspace, None)
    }

    /// The same, where executions that have ended are kept for so long.
    pub fn keeping(
        store: Store,
        node: i64,
        mail_server: Option<SocketAddr>,
        workspace: Option<Id>,
        executions_kept: Option<Duration>,
    ) -> World {
        let guard = Guard::new(vec![network("127.0.0.0/8").expect("a network")], Arc::new(SystemResolver::default()));
        let client = Client::new(guard, &Roots::default()).expect("no certificate is read");
        let mail = mail_server.map(|address| {
            let settings = Settings { host: address.ip().to_string(), port: address.port(), security: Security::None, account: None };
            Mail { mailer: Mailer::new(settings, &Roots::default()).expect("without TLS"), from: "Baton <baton@acme.example>".to_owned() }
        });
        let clock = MovedClock::new();
        let surroundings = Surroundings {
            clock: clock.clone(),
            entropy: Entropy::from_seed(node.unsigned_abs()),
            world: Arc::new(Outside::new(client, mail)),
            master_key: Arc::new(MasterKey::new(&[7; KEY_BYTES])),
        };
        let node = Id::from_i64(node).expect("an id");
        let options = EngineOptions { executions_kept, ..EngineOptions::new("http://localhost", WORKERS, node) };
        let engine = Engine::new(store, surroundings, options);
        let workspace = workspace.unwrap_or_else(|| engine.fresh_id());
        World { engine, clock, workspace, stop: Arc::new(Notify::new()) }
    }

    pub fn in_workspace(&self, workspace: Id) -> World {
        World { workspace, ..self.clone() }
    }

    pub async fn new_workspace(&self, workspace: Id, zone: &str) {
        let new =
            NewWorkspace { name: "Acme".into(), admin_email: "ann@example.com".into(), admin_password: None, time_zone: zone.to_owned() };
        let ask = Ask { credential: Credential::Operator { workspace }, request: None };
        self.engine.write(ask, move |cx| workspaces::create(cx, &new)).await.expect("a workspace");
    }

    pub fn work(&self) {
        let (engine, stop) = (self.engine.clone(), self.stop.clone());
        tokio::runtime::Handle::current().spawn(async move { engine.work(stop).await.expect("it works") });
    }

    fn ask(&self) -> Ask {
        Ask { credential: Credential::Operator { workspace: self.workspace }, request: None }
    }

    pub async fn write<T: Send + 'static>(&self, command: impl FnMut(&mut Cx<'_>) -> Outcome<T> + Send + 'static) -> Outcome<T> {
        self.engine.write(self.ask(), command).await
    }

    pub async fn read<T: Send + 'static>(&self, command: impl FnOnce(&mut Cx<'_>) -> Outcome<T> + Send + 'static) -> Outcome<T> {
        self.engine.read(self.ask(), command).await
    }

    pub async fn workflow(&self, document: Json) -> String {
        self.write(move |cx| definitions::create(cx, &document)).await.unwrap_or_else(|failure| panic!("{failure:?}")).workflow.to_string()
    }

    pub async fn task(&self, workflow: &str, body: Json) -> Task {
        let workflow = workflow.to_owned();
        let made = self.write(move |cx| tasks::create_or_update(cx, &workflow, body.as_object().expect("an object"), &Expected::default()));
        made.await.unwrap_or_else(|failure| panic!("{failure:?}")).0.task
    }

    pub async fn put(&self, task: &Task, body: Json) {
        let (workflow, id) = (task.workflow.to_string(), task.id.to_string());
        let put = self.write(move |cx| tasks::update(cx, &workflow, Some(&id), body.as_object().expect("an object"), &Expected::default()));
        put.await.map(drop).unwrap_or_else(|failure| panic!("{failure:?}"));
    }

    pub async fn delete(&self, task: &Task) {
        let (workflow, id) = (task.workflow.to_string(), task.id.to_string());
        self.write(move |cx| tasks::delete(cx, &workflow, &id, &Expected::default())).await.unwrap_or_else(|failure| panic!("{failure:?}"));
    }

    /// Values by field name, as texts, with the stage.
    pub async fn shown(&self, task: &Task) -> Json {
        let (workflow, id) = (task.workflow.to_string(), task.id.to_string());
        let found = self.read(move |cx| {
            let found = tasks::get(cx, &workflow, &id)?;
            let place = cx.workflow(&workflow)?;
            let shown = baton_core::task::show::Shown {
                workflow: &place.workflow,
                workspace: &place.workspace,
                task: &found.task,
                access: baton_core::access::Access::Everything,
                public_url: None,
                only: None,
            };
            Ok(serde_json::to_value(shown).expect("a task is JSON"))
        });
        found.await.unwrap_or_else(|failure| panic!("{failure:?}"))
    }

    pub async fn start(&self, task: &Task, action: &str) -> Execution {
        let (workflow, id, action) = (task.workflow.to_string(), task.id.to_string(), action.to_owned());
        let start = self.write(move |cx| {
            let action = cx.workflow(&workflow)?.workflow.actions.iter().find(|known| known.name == action).expect("an action").id;
            executions::start(cx, &workflow, &Start { task: Some(id.clone()), action: Some(action.to_string()), ..Start::default() })
        });
        start.await.unwrap_or_else(|failure| panic!("{failure:?}"))
    }

    pub async fn status(&self, execution: &Execution) -> Status {
        let (workflow, id) = (execution.workflow.to_string(), execution.id.to_string());
        self.read(move |cx| executions::get(cx, &workflow, &id)).await.expect("an execution").status
    }

    pub async fn finished(&self, execution: &Execution) -> Status {
        until(async || Some(self.status(execution).await).filter(|status| *status != Status::Pending)).await
    }

    /// Takes an action; what it failed with, if it did.
    pub async fn taken(&self, task: &Task, action: &str) -> Vec<String> {
        match self.finished(&self.start(task, action).await).await {
            Status::Fail { errors, .. } => errors.iter().map(|told| told.whole().to_owned()).collect(),
            Status::Success { .. } => Vec::new(),
            Status::Pending => unreachable!("it is finished"),
        }
    }

    pub async fn history(&self, task: &Task) -> Vec<Activity> {
        let (workflow, id) = (task.workflow.to_string(), task.id.to_string());
        let rows = self.read(move |cx| activity::of_task(cx, &workflow, &id, None, 1000)).await.expect("a history").rows;
        rows.into_iter().map(|row| row.activity).collect()
    }

    pub async fn kinds(&self, task: &Task) -> Vec<Kind> {
        self.history(task).await.into_iter().map(|activity| activity.kind).collect()
    }

    /// One number that the store tells.
    pub async fn count(&self, sql: &'static str) -> i64 {
        self.read(move |cx| Ok(cx.tx.query_one(sql, &[], |row| row.int(0))?)).await.expect("a number").expect("a row")
    }
}

/// What `look` finds at last; a minute is far more than anything here takes.
pub async fn until<T>(look: impl AsyncFn() -> Option<T>) -> T {
    let waited = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), waited).await.expect("it happens within a minute")
}
