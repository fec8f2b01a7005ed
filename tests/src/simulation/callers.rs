//! Those who ask: they take actions, ask again where an answer is lost, look, cancel, retry, and write to tasks by hand.

use std::collections::BTreeMap;
use std::sync::Arc;

use baton_core::execution::{Execution, Status};
use baton_core::ids::Id;
use baton_engine::commands::executions::{self, Start};
use baton_engine::commands::tasks::{self, Expected};
use baton_engine::{Answer, Ask, Credential, Cx, Engine, Failure, IdempotencyKey, Outcome};
use parking_lot::Mutex;
use serde_json::{Map, Value as Json, json};

use super::chance::Chance;
use super::node::Node;
use super::stage::{ACTIONS, ADMIN, GATE, NOTE};
use super::wire::Ground;

/// What all callers of a run share.
pub struct Town {
    pub ground: Arc<Ground>,
    pub nodes: Vec<Arc<Node>>,
    pub workspace: Id,
    pub workflow: String,
    /// By name.
    pub actions: BTreeMap<&'static str, String>,
    pub tasks: Vec<Id>,
    pub told: Mutex<Told>,
}

/// What was answered.
#[derive(Default)]
pub struct Told {
    /// The execution of each `Idempotency-Key`.
    pub executions: BTreeMap<String, String>,
    /// The last note that was written for certain into each task, and those tried since.
    pub notes: BTreeMap<Id, Vec<String>>,
    /// Executions whose cancelling was answered.
    pub cancelled: Vec<String>,
}

/// What comes of asking once.
enum Heard<T> {
    Answer(Outcome<T>),
    Nothing,
}

impl Town {
    fn ask(&self) -> Ask {
        Ask { credential: Credential::Operator { workspace: self.workspace }, request: None }
    }

    /// Asks one node, and waits no longer than it lives or the caller likes.
    async fn once<T, F: Future<Output = Outcome<T>>>(&self, chance: &Chance, ask: &mut impl FnMut(Engine) -> F) -> Heard<T> {
        let node = &self.nodes[chance.within(0..self.nodes.len() as u64) as usize];
        let time = self.ground.journal.time;
        let Some((engine, life)) = node.running() else {
            time.pass(chance.millis(50..1000)).await;
            return Heard::Nothing;
        };
        let patience = chance.millis(500..10_000);
        let heard = tokio::select! {
            biased;
            answer = ask(engine) => Heard::Answer(answer),
            () = life.died() => Heard::Nothing,
            () = time.pass(patience) => Heard::Nothing,
        };
        if !matches!(heard, Heard::Answer(Ok(_))) {
            time.pass(chance.millis(10..500)).await;
        }
        heard
    }

    /// Until there is an answer other than that the store has failed.
    async fn until_answered<T, F: Future<Output = Outcome<T>>>(&self, chance: &Chance, mut ask: impl FnMut(Engine) -> F) -> Outcome<T> {
        loop {
            match self.once(chance, &mut ask).await {
                Heard::Answer(Err(Failure::Store(_))) | Heard::Nothing => {}
                Heard::Answer(answer) => return answer,
            }
        }
    }

    /// A POST under a key, again and again until its answer is known. `None`: it was refused.
    async fn post(
        &self,
        chance: &Chance,
        key: &str,
        command: impl Fn(&mut Cx<'_>) -> Outcome<Execution> + Clone + Send + 'static,
    ) -> Option<String> {
        let answered = self
            .until_answered(chance, |engine| {
                let (ask, command) = (self.ask(), command.clone());
                let accept = move |cx: &mut Cx<'_>| {
                    let body = command(cx)?.id.to_string().into_bytes();
                    Ok(Answer { status: 202, headers: Vec::new(), body })
                };
                let key = IdempotencyKey::new(key, "POST", "/", b"");
                async move { engine.write_once(ask, Some(key), accept).await }
            })
            .await;
        let (answer, _) = answered.ok()?;
        let id = String::from_utf8(answer.body).expect("an id");
        self.ground.journal.event(("accepted", key, &id), || format!("{key} is answered {id}"));
        let told = self.told.lock().executions.entry(key.to_owned()).or_insert_with(|| id.clone()).clone();
        if told != id {
            self.ground.journal.find(format!("{key} is answered {told} and {id}"));
        }
        Some(id)
    }

    /// Takes an action, and sees what becomes of it.
    pub async fn act(&self, chance: &Chance, key: &str) {
        let action = self.actions[chance.one_of(&ACTIONS)].clone();
        let task = chance.one_of(&self.tasks).to_string();
        let performed_by = chance.once_in(3).then(|| ADMIN.to_owned());
        let (start, workflow) = (Start { task: Some(task), action: Some(action), performed_by, ..Start::default() }, self.workflow.clone());
        let accept = move |cx: &mut Cx<'_>| executions::start(cx, &workflow, &start);
        let twin = async {
            if chance.once_in(4) {
                self.post(chance, key, accept.clone()).await;
            }
        };
        let (accepted, ()) = tokio::join!(self.post(chance, key, accept.clone()), twin);
        let Some(id) = accepted else { return };
        let status = self.watch(chance, &id).await;
        if matches!(status, Some(Status::Fail { .. })) && chance.once_in(3) {
            let (workflow, of) = (self.workflow.clone(), id.clone());
            let retries = [format!("{key} again"), format!("{key} once more")];
            for retry in retries {
                let (workflow, of) = (workflow.clone(), of.clone());
                let retried = self.post(chance, &retry, move |cx| executions::retry(cx, &workflow, &of)).await;
                if let Some(retried) = retried
                    && chance.once_in(2)
                {
                    self.watch(chance, &retried).await;
                }
            }
        }
    }

    /// Looks at an execution for a while, and perhaps cancels it. An answered write is seen on every node, and its status stays.
    async fn watch(&self, chance: &Chance, id: &str) -> Option<Status> {
        let cancels_at = if chance.once_in(5) { chance.within(0..4) } else { u64::MAX };
        let mut last = None;
        for look in 0..chance.within(1..12) {
            let seen = self
                .until_answered(chance, |engine| {
                    let (ask, workflow, id) = (self.ask(), self.workflow.clone(), id.to_owned());
                    async move { engine.read(ask, move |cx| executions::get(cx, &workflow, &id)).await }
                })
                .await;
            let Ok(seen) = seen else {
                self.ground.journal.find(format!("{id} was answered and is not there"));
                return None;
            };
            if matches!(&last, Some(before) if *before != Status::Pending && *before != seen.status) {
                self.ground.journal.find(format!("{id} was {last:?} and is {:?}", seen.status));
            }
            last = Some(seen.status);
            if last != Some(Status::Pending) {
                return last;
            }
            if look == cancels_at {
                self.cancel(chance, id).await;
            }
            self.ground.journal.time.pass(chance.millis(100..2500)).await;
        }
        last
    }

    async fn cancel(&self, chance: &Chance, id: &str) {
        let cancelled = self
            .until_answered(chance, |engine| {
                let (ask, workflow, id) = (self.ask(), self.workflow.clone(), id.to_owned());
                async move { engine.write(ask, move |cx| executions::cancel(cx, &workflow, &id)).await }
            })
            .await;
        if cancelled.is_ok() {
            self.ground.journal.event(("cancelled", id), || format!("{id} is cancelled"));
            self.told.lock().cancelled.push(id.to_owned());
        }
    }

    /// Writes into a task by hand: what an action requires, and a note that nobody else writes.
    pub async fn edit(&self, chance: &Chance, task: Id, times: u64) {
        for number in 0..times {
            self.ground.journal.time.pass(chance.millis(200..5000)).await;
            let note = format!("note {number}");
            let gate = if chance.once_in(2) { Json::Null } else { json!("open") };
            let body = Map::from_iter([(NOTE.to_owned(), json!(note)), (GATE.to_owned(), gate)]);
            self.told.lock().notes.entry(task).or_default().push(note.clone());
            let written = self
                .until_answered(chance, |engine| {
                    let (ask, workflow, body, task) = (self.ask(), self.workflow.clone(), body.clone(), task.to_string());
                    async move { engine.write(ask, move |cx| tasks::update(cx, &workflow, Some(&task), &body, &Expected::Anything)).await }
                })
                .await;
            if written.is_err() {
                return;
            }
            self.told.lock().notes.insert(task, vec![note]);
        }
    }
}
