//! Commits whose outcome is unknown, on PostgreSQL: the node loses its connections while one is under way, and the server goes on with
//! it. The node asks about that one job, and waits for its answer; a call in flight beside it is left alone.

use std::path::PathBuf;
use std::sync::mpsc;

use baton_core::execution::{Execution, Status};
use baton_core::task::Task;
use baton_engine::Outcome;
use baton_engine::commands::executions::{self, Start};
use baton_store::Place;
use serde_json::json;
use tokio::io::{copy, copy_bidirectional, sink};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::postgres::Database;
use crate::world::receiver::{Receiver, Said, answer, bytes};
use crate::world::{World, until};

/// Between a node and its database. Where it is cut, only the node notices.
struct Line {
    port: u16,
    cut: watch::Sender<()>,
}

impl Line {
    async fn to(socket: PathBuf) -> Line {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("the loopback is there");
        let (port, cut) = (listener.local_addr().expect("it is bound").port(), watch::Sender::new(()));
        let cuts = cut.clone();
        Handle::current().spawn(async move {
            while let Ok((node, _)) = listener.accept().await {
                let server = UnixStream::connect(&socket).await.expect("the server listens");
                Handle::current().spawn(carry(node, server, cuts.subscribe()));
            }
        });
        Line { port, cut }
    }

    fn cut(&self) {
        self.cut.send_replace(());
    }
}

async fn carry(mut node: TcpStream, mut server: UnixStream, mut cut: watch::Receiver<()>) {
    tokio::select! {
        ended = copy_bidirectional(&mut node, &mut server) => return drop(ended),
        _ = cut.changed() => drop(node),
    }
    drop(copy(&mut server, &mut sink()).await);
}

/// What becomes of the commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Kept,
    Lost,
}

/// The commit waits for the test, and the node for the commit.
const UNDER_WAY: &str = "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE datname = current_database() AND NOT granted AND locktype = 'advisory'";
const IS_ASKED_FOR: &str = "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE datname = current_database() AND NOT granted AND locktype <> 'advisory'";
const END_IT: &str = "SELECT pg_terminate_backend(pid, 10000) FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE datname = current_database() AND NOT granted AND locktype = 'advisory'";

/// A node in the middle of a call that may not be repeated, and a commit beside it that does not end.
struct Scene {
    world: World,
    /// Told, it lets commits through.
    gate: mpsc::Sender<()>,
    database: Database,
    line: Line,
    receiver: Receiver,
    task: Task,
    in_flight: Execution,
}

impl Scene {
    /// `event`: what the commit does. `None` where PostgreSQL is not installed.
    async fn set(event: &str) -> Option<Scene> {
        let database = Database::fresh()?;
        let line = Line::to(database.socket()).await;
        let receiver = Receiver::start(|got, before| match (got.path.as_str(), before) {
            ("/hang", _) => Said::Held(bytes(204, "", b"")),
            (_, 0) => answer(503, "text/plain", "later"),
            _ => answer(204, "text/plain", ""),
        })
        .await;
        let world = World::new(Place::Url(format!("postgres://baton@127.0.0.1:{}/{}", line.port, database.name))).await;
        let hang = json!([{ "do": "api_call", "url": receiver.url("/hang"), "never_repeat": true, "timeout": "10m" }]);
        let retry = json!({ "attempts": 2, "backoff": "fixed", "first": "1s" });
        let flaky = json!([{ "do": "api_call", "url": receiver.url("/flaky"), "retry": retry }]);
        let action = |name: &str, steps: &serde_json::Value| json!({ "name": name, "from": ["Open"], "steps": steps });
        let document = json!({
            "name": "Orders",
            "fields": [{ "name": "Count", "type": "number" }],
            "stages": [{ "name": "Open" }],
            "actions": [
                action("Hang", &hang),
                action("Flaky", &flaky),
                action("Add", &json!([{ "do": "update_data", "increment": { "Count": 1 } }])),
            ],
        });
        let workflow = world.workflow(document).await;
        let (busy, task) = (world.task(&workflow, json!({})).await, world.task(&workflow, json!({})).await);
        let in_flight = world.start(&busy, "Hang").await;
        until(async || (receiver.got().len() == 1).then_some(())).await;
        database.execute(&format!(
            "CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql SET lock_timeout = 0 AS
                $$ BEGIN PERFORM pg_advisory_xact_lock_shared(7); RETURN NULL; END $$;
            CREATE CONSTRAINT TRIGGER wait AFTER {event} DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wait()"
        ));
        let gate = database.hold("SELECT pg_advisory_lock(7)");
        Some(Scene { world, gate, database, line, receiver, task, in_flight })
    }

    async fn start(&self, action: &str) -> Outcome<Execution> {
        let (workflow, task, action) = (self.task.workflow.to_string(), self.task.id.to_string(), action.to_owned());
        let start = self.world.write(move |cx| {
            let action = cx.workflow(&workflow)?.workflow.actions.iter().find(|known| known.name == action).expect("an action").id;
            executions::start(cx, &workflow, &Start { task: Some(task.clone()), action: Some(action.to_string()), ..Start::default() })
        });
        start.await
    }

    /// Takes the connections away while the commit is under way, and ends it once the node waits to know.
    async fn lose_the_answer(&self, fate: Fate) {
        until(async || (self.world.count(UNDER_WAY).await == 1).then_some(())).await;
        self.line.cut();
        until(async || (self.world.count(IS_ASKED_FOR).await > 0).then_some(())).await;
        if fate == Fate::Lost {
            self.database.execute(END_IT);
        }
        self.gate.send(()).expect("the session is there");
    }

    /// The call in flight comes to its end as if nothing had been.
    async fn ends_well(&self) {
        self.receiver.release();
        let status = self.world.finished(&self.in_flight).await;
        assert!(matches!(status, Status::Success { .. }), "{status:?}");
        assert_eq!(self.receiver.got_at("/hang").len(), 1);
        assert_eq!(self.world.count("SELECT count(*) FROM jobs").await, 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_acceptance_in_doubt() {
    for fate in [Fate::Kept, Fate::Lost] {
        let Some(scene) = Scene::set("INSERT ON executions").await else { return };
        let (accepted, ()) = tokio::join!(scene.start("Add"), scene.lose_the_answer(fate));
        assert!(accepted.is_err(), "the caller can't be told");
        let next = scene.start("Add").await.expect("the store is well");
        assert!(matches!(scene.world.finished(&next).await, Status::Success { .. }));
        let count = if fate == Fate::Kept { "2" } else { "1" };
        assert_eq!(scene.world.shown(&scene.task).await["Count"], count, "{fate:?}");
        scene.ends_well().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_in_doubt() {
    for fate in [Fate::Kept, Fate::Lost] {
        let Some(scene) = Scene::set("UPDATE ON executions").await else { return };
        let (accepted, ()) = tokio::join!(scene.start("Add"), scene.lose_the_answer(fate));
        let execution = accepted.expect("it is the run that is in doubt");
        assert!(matches!(scene.world.finished(&execution).await, Status::Success { .. }));
        assert_eq!(scene.world.shown(&scene.task).await["Count"], "1", "{fate:?}");
        scene.ends_well().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_in_doubt() {
    for fate in [Fate::Kept, Fate::Lost] {
        // What waits to be repeated is claimed by an update.
        let Some(scene) = Scene::set("UPDATE ON jobs").await else { return };
        let (accepted, ()) = tokio::join!(scene.start("Flaky"), scene.lose_the_answer(fate));
        let execution = accepted.expect("it is the claim that is in doubt");
        assert!(matches!(scene.world.finished(&execution).await, Status::Success { .. }));
        assert_eq!(scene.receiver.got_at("/flaky").len(), 2, "{fate:?}");
        scene.ends_well().await;
    }
}
