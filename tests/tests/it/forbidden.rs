//! No step that takes an address reaches one that is not allowed, however it is spelt and wherever it comes from.

#[path = "../../../crates/connect/tests/it/guard/forms.rs"]
mod forms;

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use baton_core::execution::Status;
use baton_engine::commands::executions::{self, Start};
use baton_engine::commands::tasks::{self, Expected};
use baton_engine::commands::workspaces::{self, NewWorkspace};
use baton_engine::commands::{actions, definitions};
use baton_engine::env::{Entropy, SystemClock};
use baton_engine::{Ask, Credential, Engine, EngineOptions, Surroundings};
use baton_store::{Options, Place, Store};
use serde_json::{Value as Json, json};
use tokio::sync::Notify;

/// Counts who comes to this machine's loopback.
struct Bait {
    port: u16,
    taken: Arc<AtomicUsize>,
}

impl Bait {
    fn new() -> Bait {
        let over_v4 = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = over_v4.local_addr().unwrap().port();
        let taken = Arc::new(AtomicUsize::new(0));
        for listener in [Some(over_v4), TcpListener::bind(("::1", port)).ok()].into_iter().flatten() {
            let taken = taken.clone();
            std::thread::spawn(move || {
                for _ in listener.incoming() {
                    taken.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        Bait { port, taken }
    }
}

/// Of a field's value, of part of an address, and of the address in the definition itself; as a call and as a hook.
fn document(name: &str, port: u16, literals: &[String]) -> Json {
    let action = |name: String, step: Json| json!({ "name": name, "from": ["Open"], "steps": [step] });
    let mut actions = vec![
        action("call".to_owned(), json!({ "do": "api_call", "url": "{{Site}}" })),
        action("get".to_owned(), json!({ "do": "api_call", "url": "{{Site}}?a={{Host}}", "method": "GET" })),
        action("part".to_owned(), json!({ "do": "api_call", "url": format!("http://{{{{Host}}}}:{port}/") })),
        action("hook".to_owned(), json!({ "do": "zapier", "url": "{{Site}}" })),
    ];
    for (number, url) in literals.iter().enumerate() {
        let step = if number % 2 == 0 { "api_call" } else { "zapier" };
        actions.push(action(format!("literal {number}"), json!({ "do": step, "url": url })));
    }
    json!({
        "name": name,
        "fields": [{ "name": "Host", "type": "text" }, { "name": "Site", "type": "text" }],
        "stages": [{ "name": "Open" }],
        "actions": actions,
    })
}

struct Bed {
    engine: Engine,
    ask: Ask,
}

impl Bed {
    async fn workflow(&self, document: Json) -> String {
        self.engine.write(self.ask.clone(), move |cx| definitions::create(cx, &document)).await.unwrap().workflow.to_string()
    }

    async fn task(&self, workflow: &str, body: Json) -> String {
        let workflow = workflow.to_owned();
        let made = self
            .engine
            .write(self.ask.clone(), move |cx| tasks::create_or_update(cx, &workflow, body.as_object().unwrap(), &Expected::default()))
            .await;
        made.unwrap().0.task.id.to_string()
    }

    async fn actions(&self, workflow: &str, task: &str) -> Vec<(String, String)> {
        let (workflow, task) = (workflow.to_owned(), task.to_owned());
        let found = self.engine.read(self.ask.clone(), move |cx| actions::available(cx, &workflow, &task, None)).await.unwrap();
        found.into_iter().map(|action| (action.name, action.id.to_string())).collect()
    }

    /// How the action ends.
    async fn take(&self, workflow: &str, task: &str, action: &str) -> Vec<String> {
        let start = Start { task: Some(task.to_owned()), action: Some(action.to_owned()), ..Start::default() };
        let of = workflow.to_owned();
        let accepted = self.engine.write(self.ask.clone(), move |cx| executions::start(cx, &of, &start)).await.unwrap();
        loop {
            let (of, id) = (workflow.to_owned(), accepted.id.to_string());
            match self.engine.read(self.ask.clone(), move |cx| executions::get(cx, &of, &id)).await.unwrap().status {
                Status::Pending => tokio::task::yield_now().await,
                Status::Fail { errors, .. } => return errors.iter().map(|told| told.whole().to_owned()).collect(),
                Status::Success { .. } => return vec!["it was called".to_owned()],
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_step_reaches_a_forbidden_address() {
    let bait = Bait::new();
    let store = Store::open(Options::new(Place::Memory)).unwrap();
    let node = baton_core::ids::Id::from_i64(1).unwrap();
    let options = EngineOptions::new("http://localhost", 16, node);
    let engine = Engine::new(store, Surroundings::bare(Arc::new(SystemClock::new()), Entropy::from_seed(1)), options);
    let ask = Ask { credential: Credential::Operator { workspace: engine.fresh_id() }, request: None };
    let new = NewWorkspace { name: "W".into(), admin_email: "a@example.com".into(), admin_password: None, time_zone: "UTC".into() };
    engine.write(ask.clone(), move |cx| workspaces::create(cx, &new)).await.unwrap();
    let stop = Arc::new(Notify::new());
    let worker = tokio::runtime::Handle::current().spawn({
        let (engine, stop) = (engine.clone(), stop.clone());
        async move { engine.work(stop).await }
    });
    let bed = Bed { engine, ask };

    let forms: Vec<String> = forms::all().into_iter().map(|(form, _)| form).collect();
    assert!(forms.len() >= 500, "{} forms", forms.len());
    let is_no = |errors: &[String]| errors.iter().all(|error| error.contains(" is not allowed: ") || error.contains("can't be made"));
    let mut broken = Vec::new();
    let workflow = bed.workflow(document("From data", bait.port, &[])).await;
    for (number, form) in forms.iter().enumerate() {
        let site = format!("http://{form}:{}/", bait.port);
        let task = bed.task(&workflow, json!({ "Host": form, "Site": site })).await;
        // Two of the four for each, by turns, since all of them take long.
        for (name, action) in bed.actions(&workflow, &task).await.into_iter().skip(number % 2).step_by(2) {
            let errors = bed.take(&workflow, &task, &action).await;
            if !is_no(&errors) {
                broken.push(format!("{name} of {form}: {errors:?}"));
            }
        }
    }
    let literals: Vec<String> = forms.iter().map(|form| format!("http://{form}:{}/", bait.port)).collect();
    for (number, literals) in literals.chunks(190).enumerate() {
        let workflow = bed.workflow(document(&format!("Literal {number}"), bait.port, literals)).await;
        let task = bed.task(&workflow, json!({ "Host": "10.0.0.1", "Site": "http://10.0.0.1/" })).await;
        for (name, action) in bed.actions(&workflow, &task).await {
            let errors = bed.take(&workflow, &task, &action).await;
            if !is_no(&errors) {
                broken.push(format!("{name} of {number}: {errors:?}"));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    assert_eq!(bait.taken.load(Ordering::SeqCst), 0);
    // Otherwise it counts nothing because nothing can reach it.
    drop(std::net::TcpStream::connect(("127.0.0.1", bait.port)).unwrap());
    while bait.taken.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    stop.notify_one();
    worker.await.unwrap().unwrap();
}
