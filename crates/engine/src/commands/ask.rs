//! An action as somebody asks for it: found, and whether it may be taken.

use baton_core::access::{self, Access};
use baton_core::actor::Actor;
use baton_core::condition::Scene;
use baton_core::env::Env;
use baton_core::execution::quote::Quote;
use baton_core::execution::{self, Execution, Explanation, Foresight, Reader, Resume, Run};
use baton_core::ids::Id;
use baton_core::limits::WAITING_EXECUTIONS_MAX;
use baton_core::refusal::{A_VALUE, Noun, Refusal, Refusals};
use baton_core::task::body::{self, Place};
use baton_core::task::{Change, Task};
use baton_core::time::Timestamp;
use baton_core::workflow::{Action, Field, FieldRight};
use baton_store::sql::tasks::Loaded;
use serde_json::{Map, Value as Json};

use super::look::TxLook;
use super::quote;
use super::tasks::{Expected, taken_unique_id, unique_id};
use crate::cx::{Cx, Found, Outcome};

/// What `POST .../executions` asks for.
#[derive(Clone, Debug, Default)]
pub struct Start {
    /// A Unique ID or public id.
    pub task: Option<String>,
    pub action: Option<String>,
    /// The e-mail of the user who performs it; otherwise the API key does.
    pub performed_by: Option<String>,
    /// Set first, so that a required field and the action go together.
    pub fields: Map<String, Json>,
    /// What a dry run has shown is what is to be done. It says what is asked for, and the rest may repeat it.
    pub quote: Option<String>,
    /// Of the task.
    pub expected: Expected,
}

/// For what an action is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// By a key that may write; and the task stays as it is until the transaction ends.
    Take,
    /// To say what it would do, or with what it would be refused.
    Foresee,
    /// To say everything that speaks against it.
    Explain,
}

/// What was asked for, with everything that it names.
pub(super) struct Wanted {
    pub found: Found,
    pub loaded: Loaded,
    /// Its place among the workflow's.
    pub action: usize,
    pub performer: Actor,
    /// With the fields that came along.
    pub task: Task,
    /// Which of those could not be set.
    pub given: Result<(), Vec<Refusal>>,
}

/// Missing ids, task, action and user, in this order.
pub(super) fn find(cx: &mut Cx<'_>, workflow: &str, ask: &Start, purpose: Purpose) -> Outcome<Wanted> {
    let (found, loaded) = cx.task_if_any(workflow, ask.task.as_deref().unwrap_or_default(), purpose == Purpose::Take)?;
    match purpose {
        Purpose::Take => cx.check_writable(&found)?,
        Purpose::Foresee if found.archived => return Err(Refusal::WorkflowArchived.into()),
        Purpose::Foresee | Purpose::Explain => {}
    }
    let action = named(ask)?;
    let loaded = loaded.ok_or(Refusals::action(Refusal::not_found(Noun::Task)))?;
    let action = action.parse().ok().and_then(|id: Id| found.workflow.actions.iter().position(|action| action.id == id));
    let action = action.ok_or(Refusals::action(Refusal::not_found(Noun::Action)))?;
    let performer = performer(cx, &found, ask.performed_by.as_deref()).map_err(Refusals::action)?;
    let mut wanted = Wanted { task: loaded.task.clone(), found, loaded, action, performer, given: Ok(()) };
    if !ask.fields.is_empty() {
        wanted.write_fields(cx, &ask.fields)?;
    }
    Ok(wanted)
}

impl Wanted {
    pub fn action(&self) -> &Action {
        &self.found.workflow.actions[self.action]
    }

    /// What the role of the person who performs allows.
    pub fn person(&self) -> Option<Access<'_>> {
        let Found { workflow, workspace, .. } = &self.found;
        access::of_user(workspace, workflow, self.performer.user()?)
    }

    /// Whether the task is there for whoever performs.
    pub fn is_shown(&self) -> bool {
        self.person().is_none_or(|person| person.may_see(&self.task, self.performer.user()))
    }

    fn write_fields(&mut self, cx: &mut Cx<'_>, fields: &Map<String, Json>) -> Outcome<()> {
        let Found { workflow, workspace, .. } = &self.found;
        let place = Place { workflow, workspace, access: self.found.access(), person: self.person(), new: false };
        let mut task = self.task.clone();
        self.given = body::write_fields(&mut task, fields, self.action(), &place);
        self.task = task;
        let is_other = unique_id(workflow, &self.task) != unique_id(workflow, &self.loaded.task);
        if is_other && let Some(field) = taken_unique_id(cx, workflow, &self.task)? {
            let taken = Refusal::FieldRefused { field: field.name.clone(), reason: Box::new(Refusal::IsTaken) };
            let mut refusals = std::mem::replace(&mut self.given, Ok(())).err().unwrap_or_default();
            refusals.push(taken);
            self.given = Err(refusals);
        }
        Ok(())
    }

    /// Refuses with every reason of the first kind that applies.
    pub fn accept(&self, cx: &mut Cx<'_>) -> Outcome<()> {
        if let Some(refusal) = self.key_lacks_right() {
            return Err(Refusals::action(refusal).into());
        }
        let accepted = self.decide(cx, |scene, look| execution::accept(scene, self.action(), self.given.clone(), look))?;
        accepted.map_err(|refusals| Refusals::Action(nameless(refusals, &self.found)))?;
        match self.too_many_wait() {
            Some(refusal) => Err(Refusals::action(refusal).into()),
            None => Ok(()),
        }
    }

    /// The same for what is taken now: by its quote, as it was shown.
    pub fn take(&self, cx: &mut Cx<'_>, quoted: Option<&Quote>) -> Outcome<()> {
        let changed = quoted.map_or(Ok(Vec::new()), |quoted| quote::changed(cx, self, quoted))?;
        if !changed.is_empty() {
            return Err(Refusals::Action(changed).into());
        }
        self.accept(cx)?;
        match quote::confirm(cx, self, quoted)? {
            Some(refusal) => Err(Refusals::action(refusal).into()),
            None => Ok(()),
        }
    }

    /// What speaks against it, of every kind.
    pub fn explain(&self, cx: &mut Cx<'_>, quoted: Option<&Quote>) -> Outcome<Explanation> {
        let mut explanation = self.decide(cx, |scene, look| execution::explain(scene, self.action(), self.given.clone(), look))?;
        let archived = self.found.archived.then_some(Refusal::WorkflowArchived);
        explanation.reasons.splice(0..0, archived.into_iter().chain(self.key_lacks_right()));
        explanation.errors = nameless(explanation.errors, &self.found);
        if let Some(quoted) = quoted {
            explanation.errors.splice(0..0, quote::changed(cx, self, quoted)?);
        }
        explanation.errors.extend(self.too_many_wait());
        // What a quote has shown is compared with what would be done, where anything would.
        if quoted.is_none() || explanation.is_available() {
            explanation.errors.extend(quote::confirm(cx, self, quoted)?);
        }
        Ok(explanation)
    }

    /// Whether nothing that anybody does to the task would open it now.
    pub fn is_shut(&self) -> bool {
        self.found.archived || self.given.is_err() || self.key_lacks_right().is_some() || self.too_many_wait().is_some()
    }

    /// What it would do if it ran at that moment, as the caller may see it.
    pub fn foresee(&self, cx: &mut Cx<'_>, now: Timestamp) -> Outcome<Foresight> {
        let Found { workflow, workspace, .. } = &self.found;
        let execution = self.execution(cx);
        let shared = cx.shared;
        let input = Run {
            execution: &execution,
            pinned: workflow,
            current: workflow,
            workspace,
            task: Some(self.as_accepted(now)),
            resume: Resume::Begin,
            now,
            public_url: &shared.options.public_url,
            mail_from: shared.world.mail_from(),
            jitter: 0.0,
        };
        let mut look = TxLook::new(cx.tx, workflow, self.task.id);
        let foreseen = execution::dry_run(&input, &mut look);
        let foreseen = look.finish(foreseen)?;
        let reader = Reader { workflow, workspace, access: self.found.access() };
        Ok(execution::show_dry_run(&foreseen, self.action(), &self.loaded.task, reader))
    }

    /// The task with the fields that came along, as it is saved then.
    fn as_accepted(&self, now: Timestamp) -> Task {
        if Change::between(&self.loaded.task, &self.task).is_empty() {
            return self.task.clone();
        }
        Task { version: self.task.version + 1, updated_at: now, ..self.task.clone() }
    }

    pub fn execution(&self, cx: &mut Cx<'_>) -> Execution {
        let id = cx.env.new_id();
        let scene = self.scene(cx.now(), &cx.shared.options.public_url);
        Execution {
            sequence: self.loaded.last_sequence + 1,
            asked_by: cx.caller.actor,
            request: cx.request.map(str::to_owned),
            ..Execution::new(id, &scene, self.action())
        }
    }

    pub fn decide<T>(&self, cx: &mut Cx<'_>, decide: impl FnOnce(&Scene<'_>, &mut TxLook<'_>) -> T) -> Outcome<T> {
        let shared = cx.shared;
        let scene = self.scene(cx.now(), &shared.options.public_url);
        let mut look = TxLook::new(cx.tx, &self.found.workflow, self.task.id);
        let decided = decide(&scene, &mut look);
        Ok(look.finish(decided)?)
    }

    fn scene<'a>(&'a self, now: Timestamp, public_url: &'a str) -> Scene<'a> {
        let Found { workflow, workspace, .. } = &self.found;
        Scene { workspace, workflow, task: &self.task, performer: self.performer, now, public_url }
    }

    fn key_lacks_right(&self) -> Option<Refusal> {
        let action = self.action();
        (!self.found.access().may_take(action)).then(|| Refusal::KeyLacksRight { what: format!("perform {}", action.name) })
    }

    fn too_many_wait(&self) -> Option<Refusal> {
        (self.loaded.waiting >= WAITING_EXECUTIONS_MAX).then_some(Refusal::TooManyWaiting)
    }
}

/// A field that is hidden from the key has no name for it, also where it is required.
pub(super) fn nameless(mut refusals: Vec<Refusal>, found: &Found) -> Vec<Refusal> {
    let hidden = |field: &Field| found.access().right_to(field) == FieldRight::Hidden;
    for refusal in &mut refusals {
        if let Refusal::FieldRequired { field } = refusal
            && found.workflow.field_named(field).is_some_and(hidden)
        {
            A_VALUE.clone_into(field);
        }
    }
    refusals
}

/// The action asked for; both ids must be there.
fn named(ask: &Start) -> Result<&str, Refusals> {
    match (&ask.task, &ask.action) {
        (Some(_), Some(action)) => Ok(action),
        (task, action) => {
            let missing = [("task_id", task), ("action_id", action)].into_iter().filter(|(_, given)| given.is_none());
            Err(Refusals::Action(missing.map(|(key, _)| Refusal::IdRequired { key: key.to_owned() }).collect()))
        }
    }
}

/// Who performs: the caller itself, or the user of that e-mail.
pub(super) fn performer(cx: &Cx<'_>, found: &Found, email: Option<&str>) -> Result<Actor, Refusal> {
    let Some(email) = email else { return Ok(cx.caller.actor) };
    let user = access::collaborator_by_email(&found.workspace, &found.workflow, email);
    user.map(Actor::User).ok_or_else(|| Refusal::NotOfWorkflow { email: email.to_owned() })
}
