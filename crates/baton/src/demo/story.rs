//! Makes the demo's past: every task, tick and execution by the commands that every caller uses, only faster.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use baton_core::execution::Status;
use baton_core::people::Workspace;
use baton_core::task::Task;
use baton_engine::commands::{checklist, comments, executions, tasks};
use baton_engine::{Ask, Cx, Engine, Failure, Outcome};
use serde_json::{Map, Value as Json};

use super::clock::StoryClock;
use super::script::{By, Deed, Script, Which};

/// A workflow of the story, as its commands name it.
#[derive(Clone, Debug)]
pub struct Place {
    pub workflow: String,
    /// Ids by name.
    pub actions: HashMap<String, String>,
    /// Whose key creates and takes.
    pub ask: Ask,
}

pub struct Story {
    pub engine: Engine,
    pub clock: Arc<StoryClock>,
    pub places: HashMap<Which, Place>,
}

/// How often something really happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told {
    pub tasks: usize,
    pub executions: usize,
    pub refusals: usize,
}

/// What did not go as it was written: a mistake in the demo.
#[derive(Debug)]
pub struct Unforeseen(pub String);

impl From<Failure> for Unforeseen {
    fn from(failure: Failure) -> Unforeseen {
        Unforeseen(format!("{failure:?}"))
    }
}

/// A script on its way.
struct Thread {
    script: Script,
    next: usize,
    /// The public id, once it is created.
    task: String,
}

/// What one moment brought in one workflow.
struct Done {
    /// Threads with their new tasks.
    created: Vec<(usize, String)>,
    executions: usize,
    refusals: usize,
}

impl Story {
    pub async fn tell(&self, scripts: Vec<Script>, moments: usize) -> Result<Told, Unforeseen> {
        let mut threads: Vec<Thread> = scripts.into_iter().map(|script| Thread { script, next: 0, task: String::new() }).collect();
        let mut told = Told::default();
        for moment in 0..moments {
            self.clock.set(moment);
            let due: Vec<usize> = threads
                .iter()
                .enumerate()
                .filter(|(_, thread)| thread.script.deeds.get(thread.next).is_some_and(|(at, _)| *at == moment))
                .map(|(index, _)| index)
                .collect();
            // Workflows know nothing of each other; together they wait for the disk only once.
            let (one, other) =
                tokio::try_join!(self.do_all(Which::EarlyAccess, &due, &threads), self.do_all(Which::Refunds, &due, &threads))?;
            for done in [one, other] {
                told.tasks += done.created.len();
                told.executions += done.executions;
                told.refusals += done.refusals;
                for (index, task) in done.created {
                    threads[index].task = task;
                }
            }
            for index in due {
                threads[index].next += 1;
            }
        }
        Ok(told)
    }

    /// What is due in one workflow: one transaction for what is written, one for what is accepted.
    async fn do_all(&self, which: Which, due: &[usize], threads: &[Thread]) -> Result<Done, Unforeseen> {
        let place = &self.places[&which];
        let here = due.iter().map(|index| (*index, &threads[*index])).filter(|(_, thread)| thread.script.workflow == which);
        let deeds = here.map(|(index, thread)| (index, thread.task.clone(), thread.script.deeds[thread.next].1.clone()));
        let (acts, writes): (Vec<_>, Vec<_>) = deeds.partition(|(_, _, deed)| matches!(deed, Deed::Act { .. } | Deed::TryInVain { .. }));
        let created = if writes.is_empty() { Vec::new() } else { self.write_all(place, writes).await? };
        let (executions, refusals) = if acts.is_empty() { (0, 0) } else { self.take_all(place, acts).await? };
        Ok(Done { created, executions, refusals })
    }

    /// Answers with the tasks that were created.
    async fn write_all(&self, place: &Place, writes: Vec<(usize, String, Deed)>) -> Result<Vec<(usize, String)>, Unforeseen> {
        let workflow = place.workflow.clone();
        let write = move |cx: &mut Cx<'_>| {
            let mut created = Vec::new();
            for (index, task, deed) in &writes {
                match deed {
                    Deed::Create(body) => {
                        let (shown, _) = tasks::create_or_update(cx, &workflow, body, &Default::default())?;
                        created.push((*index, shown.task.id.to_string()));
                    }
                    Deed::Change(body) => drop(tasks::update(cx, &workflow, Some(task), body, &Default::default())?),
                    Deed::Comment(text) => drop(comments::add(cx, &workflow, task, Some(&Json::from(text.as_str())))?),
                    Deed::TickOff(stage) => tick_off(cx, &workflow, task, stage)?,
                    Deed::Act { .. } | Deed::TryInVain { .. } => {}
                }
            }
            Ok(created)
        };
        Ok(self.engine.write(place.ask.clone(), write).await?)
    }

    /// Answers with how many were accepted, and have run, and how many refused.
    async fn take_all(&self, place: &Place, acts: Vec<(usize, String, Deed)>) -> Result<(usize, usize), Unforeseen> {
        let (workflow, actions) = (place.workflow.clone(), place.actions.clone());
        let take = move |cx: &mut Cx<'_>| {
            let mut accepted = Vec::new();
            let mut refusals = 0;
            for (_, task, deed) in &acts {
                let (Deed::Act { action, by } | Deed::TryInVain { action, by }) = deed else { continue };
                let start = executions::Start {
                    task: Some(task.clone()),
                    action: actions.get(*action).cloned(),
                    performed_by: performer(cx, &workflow, task, *by)?,
                    ..executions::Start::default()
                };
                let foreseen = matches!(deed, Deed::Act { .. });
                match executions::start(cx, &workflow, &start) {
                    Ok(execution) if foreseen => accepted.push(execution.id.to_string()),
                    Ok(_) => return Ok(Err(Unforeseen(format!("{action} of {task} is not refused")))),
                    Err(Failure::Refused(refusal)) if foreseen => {
                        return Ok(Err(Unforeseen(format!("{action} of {task} is refused: {refusal:?}"))));
                    }
                    Err(Failure::Refused(_)) => refusals += 1,
                    Err(failure) => return Err(failure),
                }
            }
            Ok(Ok((accepted, refusals)))
        };
        let (accepted, refusals) = self.engine.write(place.ask.clone(), take).await??;
        let executions = accepted.len();
        self.wait_for_all(place, accepted).await?;
        Ok((executions, refusals))
    }

    async fn wait_for_all(&self, place: &Place, mut pending: Vec<String>) -> Result<(), Unforeseen> {
        while !pending.is_empty() {
            let (workflow, asked) = (place.workflow.clone(), pending);
            let look = move |cx: &mut Cx<'_>| -> Outcome<Result<Vec<String>, Unforeseen>> {
                let mut still = Vec::new();
                for id in asked {
                    match executions::get(cx, &workflow, &id)?.status {
                        Status::Pending => still.push(id),
                        Status::Success { .. } => {}
                        Status::Fail { errors, .. } => {
                            return Ok(Err(Unforeseen(format!(
                                "execution {id} fails: {}",
                                baton_core::told::Told::joined(&errors).whole()
                            ))));
                        }
                    }
                }
                Ok(Ok(still))
            };
            pending = self.engine.read(place.ask.clone(), look).await??;
            if !pending.is_empty() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
        Ok(())
    }
}

fn tick_off(cx: &mut Cx<'_>, workflow: &str, task: &str, stage: &str) -> Outcome<()> {
    let (_, items) = checklist::list(cx, workflow, task, Some(&[stage.to_owned()]))?;
    for item in items {
        let body = Map::from_iter([("status".to_owned(), Json::from("Completed"))]);
        checklist::update(cx, workflow, task, &item.id.to_string(), &body)?;
    }
    Ok(())
}

fn performer(cx: &mut Cx<'_>, workflow: &str, task: &str, by: By) -> Outcome<Option<String>> {
    match by {
        By::User(email) => Ok(Some(email.to_owned())),
        By::Assignee => {
            let shown = tasks::get(cx, workflow, task)?;
            Ok(assignee(&shown.found.workspace, &shown.task))
        }
    }
}

fn assignee(workspace: &Workspace, task: &Task) -> Option<String> {
    task.assignee.and_then(|user| workspace.user(user)).map(|user| user.email.clone())
}
