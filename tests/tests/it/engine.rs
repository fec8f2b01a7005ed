//! Commands and the worker together, on an in-memory store and a seeded world.

use std::sync::Arc;
use std::time::Duration;

use baton_core::activity::Kind;
use baton_core::execution::{Execution, Status};
use baton_core::ids::Id;
use baton_core::refusal::Refusal;
use baton_core::task::{Change, Task, apply_change};
use baton_engine::commands::executions::{self, Start};
use baton_engine::commands::tasks::{self, Expected};
use baton_engine::commands::users::{self, NewCollaborator};
use baton_engine::commands::workspaces::{self, NewWorkspace};
use baton_engine::commands::{activity, definitions};
use baton_engine::env::{Entropy, SystemClock};
use baton_engine::{Answer, Ask, Credential, Cx, Engine, EngineOptions, Failure, IdempotencyKey, Outcome, Replayed, Surroundings};
use baton_store::{Options, Place, Store};
use serde_json::{Value as Json, json};
use tokio::sync::Notify;

struct World {
    engine: Engine,
    workspace: Id,
    stop: Arc<Notify>,
    worker: Option<tokio::task::JoinHandle<()>>,
}

impl World {
    async fn new() -> World {
        World::on(Place::Memory).await
    }

    async fn on(place: Place) -> World {
        let mut world = World::resting(place, 16).await;
        world.work();
        world
    }

    /// Without a worker until [`World::work`]; then with so many slots.
    async fn resting(place: Place, workers: usize) -> World {
        let store = Store::open(Options::new(place)).unwrap();
        let node = Id::from_i64(1).unwrap();
        let options = EngineOptions::new("http://localhost", workers, node);
        let engine = Engine::new(store, Surroundings::bare(Arc::new(SystemClock::new()), Entropy::from_seed(1)), options);
        let workspace = engine.fresh_id();
        let stop = Arc::new(Notify::new());
        let world = World { engine, workspace, stop, worker: None };
        let new = NewWorkspace {
            name: "Hogwarts".into(),
            admin_email: "admin@hogwarts.edu".into(),
            admin_password: None,
            time_zone: "UTC".into(),
        };
        world.write(move |cx| workspaces::create(cx, &new)).await.unwrap();
        world
    }

    fn work(&mut self) {
        let (engine, stop) = (self.engine.clone(), self.stop.clone());
        self.worker = Some(tokio::runtime::Handle::current().spawn(async move { engine.work(stop).await.unwrap() }));
    }

    fn ask(&self) -> Ask {
        Ask { credential: Credential::Operator { workspace: self.workspace }, request: Some("test".into()) }
    }

    async fn write<T: Send + 'static>(&self, command: impl FnMut(&mut Cx<'_>) -> Outcome<T> + Send + 'static) -> Outcome<T> {
        self.engine.write(self.ask(), command).await
    }

    async fn read<T: Send + 'static>(&self, command: impl FnOnce(&mut Cx<'_>) -> Outcome<T> + Send + 'static) -> Outcome<T> {
        self.engine.read(self.ask(), command).await
    }

    async fn workflow(&self, document: Json) -> String {
        self.write(move |cx| definitions::create(cx, &document)).await.unwrap().workflow.to_string()
    }

    async fn task(&self, workflow: &str, body: Json) -> Task {
        let workflow = workflow.to_owned();
        self.write(move |cx| tasks::create_or_update(cx, &workflow, body.as_object().unwrap(), &Expected::default())).await.unwrap().0.task
    }

    async fn current(&self, task: &Task) -> Task {
        let (workflow, id) = (task.workflow.to_string(), task.id.to_string());
        self.read(move |cx| tasks::get(cx, &workflow, &id)).await.unwrap().task
    }

    async fn action(&self, workflow: &str, name: &str) -> String {
        let (workflow, name) = (workflow.to_owned(), name.to_owned());
        let found = self.read(move |cx| definitions::get(cx, &workflow, None)).await.unwrap();
        found.definition.actions.iter().find(|action| action.name == name).unwrap().id.unwrap().to_string()
    }

    async fn start(&self, task: &Task, action: &str) -> Outcome<Execution> {
        let workflow = task.workflow.to_string();
        let start = Start { task: Some(task.id.to_string()), action: Some(action.to_owned()), ..Start::default() };
        self.write(move |cx| executions::start(cx, &workflow, &start)).await
    }

    async fn finished(&self, execution: &Execution) -> Status {
        let ended = async || {
            let (workflow, id) = (execution.workflow.to_string(), execution.id.to_string());
            let status = self.read(move |cx| executions::get(cx, &workflow, &id)).await.unwrap().status;
            (status != Status::Pending).then_some(status)
        };
        until(ended).await
    }

    async fn end(self) {
        self.stop.notify_one();
        tokio::time::timeout(Duration::from_secs(30), self.worker.expect("it works")).await.unwrap().unwrap();
    }
}

/// What `look` finds at last; a minute is far more than anything here takes.
async fn until<T>(look: impl AsyncFn() -> Option<T>) -> T {
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

fn counter() -> Json {
    json!({
        "name": "Counter",
        "fields": [{ "name": "Name", "type": "text" }, { "name": "Count", "type": "number" }],
        "stages": [{ "name": "Open" }, { "name": "Closed", "end": true }],
        "actions": [
            { "name": "Add", "from": ["Open"], "steps": [
                { "do": "update_data", "increment": { "Count": 1 } },
                { "do": "add_comment", "text": "{{Count}}" },
            ]},
            { "name": "Close", "from": ["Open"], "steps": [{ "do": "move_to_stage", "stage": "Closed" }] },
            { "name": "Remove", "from": ["Open", "Closed"], "steps": [{ "do": "delete_task" }] },
        ],
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn executions_of_one_task_run_one_at_a_time_in_order() {
    let world = World::new().await;
    let workflow = world.workflow(counter()).await;
    let task = world.task(&workflow, json!({ "Name": "Ann" })).await;
    let add = world.action(&workflow, "Add").await;
    let mut accepted = Vec::new();
    for _ in 0..50 {
        accepted.push(world.start(&task, &add).await.unwrap());
    }
    for execution in &accepted {
        assert!(matches!(world.finished(execution).await, Status::Success { .. }));
    }
    let (workflow, id) = (workflow.clone(), task.id.to_string());
    let (_, comments) = world.read(move |cx| baton_engine::commands::comments::list(cx, &workflow, &id)).await.unwrap();
    let texts: Vec<String> = comments.into_iter().map(|comment| comment.body).collect();
    assert_eq!(texts, (1..=50).map(|n| n.to_string()).collect::<Vec<_>>());
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_on_a_deleted_task_fails_and_says_so() {
    let world = World::new().await;
    let workflow = world.workflow(counter()).await;
    let task = world.task(&workflow, json!({ "Name": "Ann" })).await;
    let (add, remove) = (world.action(&workflow, "Add").await, world.action(&workflow, "Remove").await);
    let first = world.start(&task, &remove).await.unwrap();
    let rest = [world.start(&task, &add).await, world.start(&task, &remove).await];
    assert!(matches!(world.finished(&first).await, Status::Success { .. }));
    for execution in rest.into_iter().flatten() {
        let Status::Fail { errors, .. } = world.finished(&execution).await else { panic!("a success without a task") };
        assert_eq!(errors.iter().map(|told| told.whole()).collect::<Vec<_>>(), ["Task no longer exists"]);
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_history_replays_to_the_task() {
    let world = World::new().await;
    let workflow = world.workflow(counter()).await;
    let task = world.task(&workflow, json!({ "Name": "Ann", "Count": 5 })).await;
    let (add, close) = (world.action(&workflow, "Add").await, world.action(&workflow, "Close").await);
    for change in
        [json!({ "Name": "Bob" }), json!({ "Count": null }), json!({ "Name": "" }), json!({ "Assigned To": "admin@hogwarts.edu" })]
    {
        world.finished(&world.start(&task, &add).await.unwrap()).await;
        let (workflow, id) = (workflow.clone(), task.id.to_string());
        world.write(move |cx| tasks::update(cx, &workflow, Some(&id), change.as_object().unwrap(), &Expected::default())).await.unwrap();
    }
    world.finished(&world.start(&task, &close).await.unwrap()).await;
    let now = world.current(&task).await;

    let id = task.id.to_string();
    let history = world.read(move |cx| activity::of_task(cx, &workflow, &id, None, 1000)).await.unwrap();
    let mut replayed = Task { values: Default::default(), assignee: None, ..task.clone() };
    for row in &history.rows {
        let activity = &row.activity;
        let (before, after) = (activity.before.as_deref(), activity.after.as_deref());
        replayed = match activity.kind {
            Kind::TaskCreated => replayed.with_state(after.unwrap()).unwrap(),
            Kind::TaskUpdated => {
                apply_change(replayed, &Change::from_json(before.unwrap(), after.unwrap()).unwrap(), activity.version, activity.at)
            }
            _ => replayed,
        };
    }
    assert_eq!(replayed.values, now.values);
    assert_eq!(
        (replayed.stage, replayed.assignee, replayed.version, replayed.updated_at),
        (now.stage, now.assignee, now.version, now.updated_at)
    );
    let verified = world.read(activity::verify).await.unwrap();
    assert!(verified.faults.is_empty(), "{verified:?}");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_tasks_hold_on_to_is_not_removed() {
    let world = World::new().await;
    let workflow = world.workflow(counter()).await;
    world.task(&workflow, json!({ "Name": "Ann" })).await;
    let mut without = counter();
    without["fields"].as_array_mut().unwrap().remove(0);
    let refused = world
        .write(move |cx| definitions::save(cx, &workflow, &without, &Expected::default()).map(|saved| saved.revision))
        .await
        .unwrap_err();
    let Failure::Refused(refusals) = refused else { panic!("{refused:?}") };
    assert!(
        format!("{refusals:?}").contains("Name is removed but has a value in 1 task; blank it there first, or name it in confirm_loss"),
        "{refusals:?}"
    );
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_of_a_change_that_was_rolled_back_are_nobody() {
    let world = World::new().await;
    let workflow = world.workflow(counter()).await;
    let add = |email: &str, fail: bool| {
        let (workflow, email) = (workflow.clone(), email.to_owned());
        world.write(move |cx| {
            let new = NewCollaborator { email: Some(email.clone()), ..NewCollaborator::default() };
            users::add(cx, &workflow, &new)?;
            // The workspace as this transaction sees it, under the version that the next change will have too.
            users::list(cx, &workflow)?;
            if fail { Err(Refusal::IsInvalid.into()) } else { Ok(()) }
        })
    };
    add("ann@hogwarts.edu", true).await.unwrap_err();
    add("bob@hogwarts.edu", false).await.unwrap();
    let listed = world.read(move |cx| users::list(cx, &workflow)).await.unwrap();
    let emails: Vec<&str> = listed.iter().map(|collaborator| collaborator.user.email.as_str()).collect();
    assert_eq!(emails, ["admin@hogwarts.edu", "bob@hogwarts.edu"]);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_who_hang_up_leave_no_execution_behind() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::on(Place::Folder(folder.path().to_owned())).await;
    let workflow = world.workflow(counter()).await;
    let task = world.task(&workflow, json!({ "Name": "Ann" })).await;
    let add = world.action(&workflow, "Add").await;
    for _ in 0..20 {
        let mut start = std::pin::pin!(world.start(&task, &add));
        let _ended_early = std::future::poll_fn(|context| std::task::Poll::Ready(start.as_mut().poll(context).is_ready())).await;
        // Writes are committed in order, so the execution is accepted here, and nobody is there to hear it.
        world.write(|_| Ok(())).await.unwrap();
    }
    let last = world.start(&task, &add).await.unwrap();
    assert!(matches!(world.finished(&last).await, Status::Success { .. }));
    until(async || (world.read(|cx| Ok(baton_store::sql::jobs::count(cx.tx)?)).await.unwrap() == 0).then_some(())).await;
    let (workflow, id) = (workflow.clone(), task.id.to_string());
    let (_, comments) = world.read(move |cx| baton_engine::commands::comments::list(cx, &workflow, &id)).await.unwrap();
    let texts: Vec<String> = comments.into_iter().map(|comment| comment.body).collect();
    assert_eq!(texts, (1..=21).map(|n| n.to_string()).collect::<Vec<_>>());
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_execution_whose_rows_cannot_be_read_fails_and_lets_the_next_on() {
    let world = World::new().await;
    let workflow = world.workflow(counter()).await;
    let task = world.task(&workflow, json!({ "Name": "Ann" })).await;
    let add = world.action(&workflow, "Add").await;
    let start = Start { task: Some(task.id.to_string()), action: Some(add), ..Start::default() };
    let accept_and_break = move |cx: &mut Cx<'_>| {
        let accepted = [executions::start(cx, &workflow, &start)?, executions::start(cx, &workflow, &start)?];
        cx.tx.execute("UPDATE tasks SET field_values = '{'", &[])?;
        Ok(accepted)
    };
    for execution in world.write(accept_and_break).await.unwrap() {
        let Status::Fail { errors, .. } = world.finished(&execution).await else { panic!("a success on a broken task") };
        assert_eq!(errors.iter().map(|told| told.whole()).collect::<Vec<_>>(), ["Failed by a fault in Baton; the log has the details"]);
    }
    let left = "SELECT (SELECT count(*) FROM jobs), (SELECT finished_sequence FROM tasks),
        (SELECT count(*) FROM activity WHERE kind = 'execution.finished')";
    let left = world.read(move |cx| Ok(cx.tx.query_one(left, &[], |row| Ok((row.int(0)?, row.int(1)?, row.int(2)?)))?)).await.unwrap();
    assert_eq!(left, Some((0, 2, 2)));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_queue_lets_others_have_its_slot() {
    let mut world = World::resting(Place::Memory, 1).await;
    let workflow = world.workflow(counter()).await;
    let (long, short) = (world.task(&workflow, json!({ "Name": "Ann" })).await, world.task(&workflow, json!({ "Name": "Bob" })).await);
    let add = world.action(&workflow, "Add").await;
    let mut of_long = Vec::new();
    for _ in 0..20 {
        of_long.push(world.start(&long, &add).await.unwrap());
    }
    let between = world.start(&short, &add).await.unwrap();
    for _ in 0..20 {
        of_long.push(world.start(&long, &add).await.unwrap());
    }
    world.work();
    let (Status::Success { finished_at: last }, Status::Success { finished_at }) =
        (world.finished(of_long.last().unwrap()).await, world.finished(&between).await)
    else {
        panic!("both succeed")
    };
    assert!(finished_at < last, "what was accepted in the middle waited for the whole queue of another task");
    world.end().await;
}

/// A command on PostgreSQL that has run but not committed, until the other end says so.
struct Open {
    go_on: std::sync::mpsc::Sender<()>,
    done: tokio::task::JoinHandle<Outcome<()>>,
}

impl World {
    async fn open(&self, mut command: impl FnMut(&mut Cx<'_>) -> Outcome<()> + Send + 'static) -> Open {
        let (go_on, gate) = std::sync::mpsc::channel::<()>();
        let (has_run, ran) = std::sync::mpsc::channel();
        let (engine, ask) = (self.engine.clone(), self.ask());
        let write = async move {
            let held = move |cx: &mut Cx<'_>| {
                command(cx)?;
                // What is on its way has arrived when a later statement is answered.
                cx.tx.rows("SELECT 1", &[], &mut |_| Ok(()))?;
                has_run.send(()).unwrap();
                gate.recv().unwrap();
                Ok(())
            };
            engine.write(ask, held).await
        };
        let done = tokio::runtime::Handle::current().spawn(write);
        tokio::task::spawn_blocking(move || ran.recv().unwrap()).await.unwrap();
        Open { go_on, done }
    }

    /// Lets the open command commit once the other one waits for it, or has not waited; answers with what came of the other.
    async fn commit_once_waited_for<T: Send + 'static>(
        &self,
        open: Open,
        command: impl FnMut(&mut Cx<'_>) -> Outcome<T> + Send + 'static,
    ) -> Outcome<T> {
        let (engine, ask) = (self.engine.clone(), self.ask());
        let other = tokio::runtime::Handle::current().spawn(async move { engine.write(ask, command).await });
        self.until_waited_for(|| other.is_finished()).await;
        open.go_on.send(()).unwrap();
        open.done.await.unwrap().unwrap();
        other.await.unwrap()
    }

    /// Somebody waits for a lock, or has not waited.
    async fn until_waited_for(&self, has_ended: impl Fn() -> bool) {
        let waits = "SELECT count(*) FROM pg_locks WHERE NOT granted
            AND (database = (SELECT oid FROM pg_database WHERE datname = current_database()) OR locktype = 'transactionid')";
        until(async || {
            let waiting = self.read(move |cx| Ok(cx.tx.query_one(waits, &[], |row| row.int(0))?)).await.unwrap();
            (has_ended() || waiting > Some(0)).then_some(())
        })
        .await;
    }
}

fn told<T>(outcome: Outcome<T>) -> String {
    match outcome {
        Ok(_) => "done".to_owned(),
        Err(failure) => format!("{failure:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgresql_a_definition_waits_for_those_who_write_by_it() {
    let Some(database) = crate::postgres::Database::fresh() else { return };
    let world = World::resting(Place::Url(database.url.clone()), 1).await;
    let workflow = world.workflow(counter()).await;

    // A task with a value of a field that is being removed.
    let of = workflow.clone();
    let body = json!({ "Name": "Ann" });
    let creating = world.open(move |cx| tasks::create_or_update(cx, &of, body.as_object().unwrap(), &Expected::Anything).map(drop));
    let (mut without, of) = (counter(), workflow.clone());
    without["fields"].as_array_mut().unwrap().remove(0);
    let saved =
        world.commit_once_waited_for(creating.await, move |cx| definitions::save(cx, &of, &without, &Expected::Anything).map(drop)).await;
    assert!(told(saved.clone()).contains("Name is removed but has a value in 1 task"), "{}", told(saved));

    // A task that is written by a definition that is being changed.
    let (mut ended, of) = (counter(), workflow.clone());
    ended["stages"][0]["end"] = true.into();
    let saving = world.open(move |cx| definitions::save(cx, &of, &ended, &Expected::Anything).map(drop)).await;
    let (of, body) = (workflow.clone(), json!({ "Name": "Bob" }));
    let created = world
        .commit_once_waited_for(saving, move |cx| {
            tasks::create_or_update(cx, &of, body.as_object().unwrap(), &Expected::Anything).map(drop)
        })
        .await;
    assert_eq!(told(created), "done");
    let active = |cx: &mut Cx<'_>| Ok(cx.tx.query_one("SELECT count(*) FROM tasks WHERE active = 1", &[], |row| row.int(0))?);
    assert_eq!(world.read(active).await, Ok(Some(0)), "both tasks are in an end stage");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgresql_two_saves_without_a_condition_both_hold() {
    let Some(database) = crate::postgres::Database::fresh() else { return };
    let world = World::resting(Place::Url(database.url.clone()), 1).await;
    let workflow = world.workflow(counter()).await;
    let named = |name: &str| {
        let (mut document, of) = (counter(), workflow.clone());
        document["name"] = name.into();
        move |cx: &mut Cx<'_>| definitions::save(cx, &of, &document, &Expected::Anything).map(drop)
    };
    let first = world.open(named("First")).await;
    assert_eq!(told(world.commit_once_waited_for(first, named("Second")).await), "done");
    let found = world.read(move |cx| definitions::get(cx, &workflow, None)).await.unwrap();
    assert_eq!((found.definition.name.as_str(), found.revision), ("Second", 3));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgresql_one_administrator_stays_when_two_leave_at_once() {
    let Some(database) = crate::postgres::Database::fresh() else { return };
    let world = World::resting(Place::Url(database.url.clone()), 1).await;
    let workflow = world.workflow(counter()).await;
    let of = workflow.clone();
    let new = NewCollaborator { email: Some("ann@hogwarts.edu".into()), role: Some("Administrator".into()), ..NewCollaborator::default() };
    world.write(move |cx| users::add(cx, &of, &new).map(drop)).await.unwrap();
    let of = workflow.clone();
    let listed = world.read(move |cx| users::list(cx, &of)).await.unwrap();
    let leave = |index: usize| {
        let (of, user) = (workflow.clone(), listed[index].user.id.to_string());
        move |cx: &mut Cx<'_>| users::remove(cx, &of, &user)
    };
    let first = world.open(leave(0)).await;
    assert!(told(world.commit_once_waited_for(first, leave(1)).await).contains("LastAdministrator"));
}

/// The twin waits for what the first changes, and is refused by the change; but it was done, once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgresql_a_twin_that_is_refused_gets_the_answer() {
    let Some(database) = crate::postgres::Database::fresh() else { return };
    let world = World::resting(Place::Url(database.url.clone()), 1).await;
    let workflow = world.workflow(counter()).await;
    let task = world.task(&workflow, json!({ "Name": "Ann" })).await;
    let once = |gate: Option<(std::sync::mpsc::Sender<()>, std::sync::mpsc::Receiver<()>)>| {
        let (engine, ask, of, id) = (world.engine.clone(), world.ask(), workflow.clone(), task.id.to_string());
        let command = move |cx: &mut Cx<'_>| {
            let body = json!({ "Name": "Bob" });
            tasks::update(cx, &of, Some(&id), body.as_object().unwrap(), &Expected::Versions(vec![1]))?;
            if let Some((has_run, gate)) = &gate {
                cx.tx.rows("SELECT 1", &[], &mut |_| Ok(()))?;
                has_run.send(()).unwrap();
                gate.recv().unwrap();
            }
            Ok(Answer { status: 200, headers: Vec::new(), body: b"done".to_vec() })
        };
        let key = IdempotencyKey::new("k", "POST", "/x", b"{}");
        tokio::runtime::Handle::current().spawn(async move { engine.write_once(ask, Some(key), command).await })
    };
    let ((has_run, ran), (go_on, gate)) = (std::sync::mpsc::channel(), std::sync::mpsc::channel());
    let first = once(Some((has_run, gate)));
    tokio::task::spawn_blocking(move || ran.recv().unwrap()).await.unwrap();
    let twin = once(None);
    world.until_waited_for(|| twin.is_finished()).await;
    go_on.send(()).unwrap();
    let (Answer { body, .. }, replayed) = first.await.unwrap().unwrap();
    assert_eq!((body.as_slice(), replayed), (&b"done"[..], Replayed(false)));
    let (Answer { body, .. }, replayed) = twin.await.unwrap().unwrap();
    assert_eq!((body.as_slice(), replayed), (&b"done"[..], Replayed(true)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_old_answers_are_forgotten_at_once() {
    let mut world = World::resting(Place::Memory, 1).await;
    let old = "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 20001)
        INSERT INTO idempotency (workspace_id, scope, body_hash, status, headers, body, created_at)
        SELECT 1, CAST(n AS BLOB), x'00', 200, '[]', x'00', 0 FROM numbers";
    world.write(move |cx| Ok(cx.tx.execute(old, &[])?)).await.unwrap();
    world.work();
    let count = |cx: &mut Cx<'_>| Ok(cx.tx.query_one("SELECT count(*) FROM idempotency", &[], |row| row.int(0))?);
    until(async || (world.read(count).await.unwrap() == Some(0)).then_some(())).await;
    world.end().await;
}
