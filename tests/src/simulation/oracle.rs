//! Whether what is stored when all has ended is what may be there.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hasher};

use baton_core::activity::Kind;
use baton_core::actor::Actor;
use baton_core::execution::call::Call;
use baton_core::execution::{Execution, Status, StepStatus};
use baton_core::ids::Id;
use baton_core::task::{Change, Task, apply_change};
use baton_core::value::Value;
use baton_core::workflow::Action;
use baton_store::sql::activity::{self, ActivityRow};
use baton_store::sql::{calls, executions, task_counts, tasks};
use baton_store::{StoreError, Tx};

use super::callers::Town;
use super::journal::Journal;
use super::outside::{Outside, content_of, named};
use super::stage::{GATE, NOTE, Stage, TABLES, TRAIL};

pub async fn judge(stage: &Stage, town: &Town, outside: &Outside) -> Result<(), StoreError> {
    let (workspace, workflow, of) = (stage.workspace, stage.compiled.id, town.tasks.clone());
    let traced = town.ground.journal.is_traced();
    let read = move |tx: &mut dyn Tx| Ended::read(tx, workspace, workflow, &of, traced);
    let ended: Ended = stage.store.read(read).await?;
    let journal = &town.ground.journal;
    journal.count(|totals| totals.executions += ended.executions.len() as u64);
    journal.event(ended.contents, || format!("what is stored: {:016x}", ended.contents));
    let court = Court { stage, ended: &ended, journal };
    court.answered(town);
    court.outcomes(town);
    court.calls(outside);
    for (task, history) in &ended.tasks {
        court.task(*task, history, town);
    }
    for fault in &ended.faults {
        journal.find(format!("the history is not sound: {fault}"));
    }
    let (kept, counted) = &ended.counts;
    if kept != counted {
        journal.find(format!("tasks are kept as {kept:?} by stage and assignee, and are {counted:?}"));
    }
    Ok(())
}

/// All that a run has left.
struct Ended {
    /// In the order of their tasks and sequences.
    executions: Vec<Execution>,
    calls: Vec<(Id, Call)>,
    tasks: BTreeMap<Id, History>,
    /// Executions whose acceptance is kept under a key.
    kept: Vec<String>,
    open_leases: i64,
    faults: Vec<String>,
    /// Tasks by stage and assignee, as they are kept and as they are.
    counts: (Counts, Counts),
    /// A hash of every row.
    contents: u64,
}

type Counts = Vec<(Id, Option<Id>, i64)>;

struct History {
    /// `None`: it was deleted.
    task: Option<Task>,
    finished_sequence: Option<i64>,
    rows: Vec<ActivityRow>,
    comments: i64,
}

impl Ended {
    fn read(tx: &mut dyn Tx, workspace: Id, workflow: Id, of: &[Id], whole: bool) -> Result<Ended, StoreError> {
        let id = |raw: i64| Id::from_i64(raw).expect("ids are not negative");
        let ids = tx.query("SELECT id FROM executions ORDER BY task_id, sequence", &[], |row| Ok(id(row.int(0)?)))?;
        let executions: Vec<Execution> = ids.into_iter().map(|id| executions::load(tx, id)).collect::<Result<_, _>>()?;
        let mut called = Vec::new();
        for execution in &executions {
            called.extend(calls::of_execution(tx, execution.id)?.into_iter().map(|call| (execution.id, call)));
        }
        let mut found = BTreeMap::new();
        for task in of {
            let loaded = tasks::load(tx, workspace, workflow, *task, false)?;
            let sql = "SELECT finished_sequence FROM tasks WHERE id = $1";
            let finished_sequence = tx.query_one(sql, &[(*task).into()], |row| row.int(0))?;
            let rows = activity::of_task(tx, workspace, *task, None, 10_000)?;
            let sql = "SELECT count(*) FROM comments WHERE task_id = $1";
            let comments = tx.query_one(sql, &[(*task).into()], |row| row.int(0))?.unwrap_or(0);
            found.insert(*task, History { task: loaded.map(|loaded| loaded.task), finished_sequence, rows, comments });
        }
        let kept = "SELECT body FROM idempotency ORDER BY body";
        let kept = tx.query(kept, &[], |row| Ok(String::from_utf8_lossy(row.bytes(0)?).into_owned()))?;
        let leases = "SELECT count(*) FROM nodes WHERE lease_until IS NOT NULL";
        let open_leases = tx.query_one(leases, &[], |row| row.int(0))?.unwrap_or(0);
        let faults = activity::verify(tx, workspace)?.faults.iter().map(ToString::to_string).collect();
        let counts = (task_counts::of_workflow(tx, workflow)?, counted(tx, workflow)?);
        let contents = if whole { contents(tx)? } else { 0 };
        Ok(Ended { executions, calls: called, tasks: found, kept, open_leases, faults, counts, contents })
    }
}

fn counted(tx: &mut dyn Tx, workflow: Id) -> Result<Counts, StoreError> {
    let sql = "SELECT stage_id, coalesce(assignee_id, -1), count(*) FROM tasks WHERE workflow_id = $1
        GROUP BY 1, 2 ORDER BY 1, 2";
    let id = |raw: i64| Id::from_i64(raw).expect("ids are not negative");
    tx.query(sql, &[workflow.into()], |row| Ok((id(row.int(0)?), Id::from_i64(row.int(1)?), row.int(2)?)))
}

/// Every row of every table that a run writes to.
fn contents(tx: &mut dyn Tx) -> Result<u64, StoreError> {
    let mut hash = DefaultHasher::new();
    for table in TABLES {
        let columns = tx.query(&format!("SELECT name FROM pragma_table_info('{table}')"), &[], |row| Ok(row.text(0)?.to_owned()))?;
        let quoted: Vec<String> = columns.iter().map(|column| format!("quote({column})")).collect();
        let sql = format!("SELECT {} FROM {table} ORDER BY 1", quoted.join(" || ',' || "));
        tx.rows(&sql, &[], &mut |row| {
            hash.write(row.text(0)?.as_bytes());
            Ok(())
        })?;
    }
    Ok(hash.finish())
}

struct Court<'a> {
    stage: &'a Stage,
    ended: &'a Ended,
    journal: &'a Journal,
}

impl Court<'_> {
    fn action(&self, execution: &Execution) -> &Action {
        self.stage.compiled.action(execution.action).expect("no action is removed")
    }

    /// What was answered is there, once.
    fn answered(&self, town: &Town) {
        let stored: BTreeSet<String> = self.ended.executions.iter().map(|execution| execution.id.to_string()).collect();
        for (key, id) in &town.told.lock().executions {
            if !stored.contains(id) {
                self.journal.find(format!("{id}, the answer to {key}, is lost"));
            }
        }
        let kept: BTreeSet<String> = self.ended.kept.iter().cloned().collect();
        if kept != stored || kept.len() != self.ended.kept.len() {
            self.journal.find(format!("keys stand for {:?}, and there are {stored:?}", self.ended.kept));
        }
        if self.ended.open_leases > 0 {
            self.journal.find("a node that has stopped keeps its lease".to_owned());
        }
    }

    /// Each has ended, and nothing of it ran after a step that failed.
    fn outcomes(&self, town: &Town) {
        let mut sequences: BTreeMap<Id, i64> = BTreeMap::new();
        let mut retries: BTreeMap<Id, Vec<&Execution>> = BTreeMap::new();
        for execution in &self.ended.executions {
            let id = execution.id;
            let last = sequences.entry(execution.task).or_insert(0);
            *last += 1;
            if execution.sequence != *last {
                self.journal.find(format!("{id} has place {} where {last} comes next", execution.sequence));
            }
            if let Some(first) = execution.retry_of {
                retries.entry(first).or_default().push(execution);
            }
            let steps: Vec<StepStatus> = execution.steps.iter().map(|step| step.status).collect();
            let sound = match &execution.status {
                Status::Pending => false,
                Status::Success { .. } => steps.len() == self.action(execution).steps.len() && steps.iter().all(went_well),
                Status::Fail { .. } => stops_once(&steps),
            };
            if !sound {
                self.journal.find(format!("{id} ended as {:?} with {steps:?}", execution.status));
            }
        }
        for (first, retries) in &retries {
            let (_, before) = retries.split_last().expect("there is one");
            if before.iter().any(|retry| !matches!(retry.status, Status::Fail { .. })) {
                self.journal.find(format!("{first} is retried though a retry of it has succeeded or goes on"));
            }
        }
        for id in &town.told.lock().cancelled {
            let execution = self.ended.executions.iter().find(|execution| execution.id.to_string() == *id);
            if execution.is_some_and(|execution| execution.cancelled_by.is_none()) {
                self.journal.find(format!("{id} has forgotten that it was cancelled"));
            }
        }
    }

    /// What was heard outside is what is stored, and no more often.
    fn calls(&self, outside: &Outside) {
        let heard = outside.heard.lock();
        let stored: BTreeMap<(Id, usize), &Call> = self.ended.calls.iter().map(|(id, call)| ((*id, call.step), call)).collect();
        for (key, heard) in &*heard {
            match named(key).and_then(|named| stored.get(&named)) {
                None => self.journal.find(format!("{key} was called, and is not stored")),
                Some(call) if content_of(&call.request) != heard.content => {
                    self.journal.find(format!("{key} was not called as it is stored"))
                }
                Some(call) if call.attempts < heard.attempts => {
                    self.journal.find(format!("{key} was called {} times, and {} are stored", heard.attempts, call.attempts));
                }
                Some(_) => {}
            }
        }
        for ((id, step), call) in &stored {
            // Only a failure that is known is a reason to repeat a call where no node fails.
            if self.journal.calm && call.attempts > call.failures + 1 {
                self.journal.find(format!("{id} step {step} was sent {} times after {} failures", call.attempts, call.failures));
            }
            let answered = call.status.is_some();
            let key = baton_core::execution::call::key(*id, *step);
            if answered && !heard.contains_key(&key) {
                self.journal.find(format!("{key} has an answer, and was never called"));
            }
        }
    }

    /// The task is what its executions have made of it, one after the other.
    fn task(&self, id: Id, history: &History, town: &Town) {
        let of_task: Vec<&Execution> = self.ended.executions.iter().filter(|execution| execution.task == id).collect();
        self.one_after_the_other(id, history, &of_task);
        let Some(task) = &history.task else { return };
        if history.finished_sequence != Some(of_task.len() as i64) {
            self.journal.find(format!("task {id} says that {:?} have ended", history.finished_sequence));
        }
        let mut trail = String::new();
        let mut comments = 0;
        for execution in &of_task {
            for (step, number) in self.action(execution).steps.iter().zip(1usize..) {
                if execution.steps.get(number - 1).is_none_or(|record| record.status != StepStatus::Success) {
                    continue;
                }
                match step.kind.name() {
                    "update_data" => trail += &format!("{}{number};", &self.action(execution).name[..1]),
                    "add_comment" => comments += 1,
                    _ => {}
                }
            }
        }
        let text = |name: &str| match task.values.get(&self.stage.field(name)) {
            Some(Value::Text(text)) => text.as_str(),
            _ => "",
        };
        if text(TRAIL) != trail {
            self.journal.find(format!("task {id} has the trail {}, and its executions made {trail}", text(TRAIL)));
        }
        if history.comments != comments {
            self.journal.find(format!("task {id} has {} comments, and its executions made {comments}", history.comments));
        }
        if let Some(notes) = town.told.lock().notes.get(&id)
            && !notes.iter().any(|note| note == text(NOTE))
            && !text(NOTE).is_empty()
        {
            self.journal.find(format!("task {id} has {:?} where {notes:?} was written", text(NOTE)));
        }
    }

    /// Replays the history: each execution changes the task only while it is its turn, and began where it may.
    fn one_after_the_other(&self, id: Id, history: &History, of_task: &[&Execution]) {
        let mut begun: Option<Task> = history.task.clone().map(|task| Task { values: BTreeMap::new(), assignee: None, ..task });
        let by_id: BTreeMap<Id, &Execution> = of_task.iter().map(|execution| (execution.id, *execution)).collect();
        let mut turn = 0;
        for row in &history.rows {
            let activity = &row.activity;
            let execution = activity.execution.filter(|_| activity.actor != Actor::Schedule).and_then(|id| by_id.get(&id));
            if let Some(execution) = execution
                && matches!(activity.kind, Kind::TaskUpdated | Kind::CommentAdded)
            {
                if execution.sequence < turn {
                    self.journal.find(format!("task {id} is changed by execution {} after {turn}", execution.sequence));
                }
                if execution.sequence > turn
                    && execution.retry_of.is_none()
                    && let Some(task) = &begun
                {
                    self.may_begin(execution, task);
                }
                turn = turn.max(execution.sequence);
            }
            let (before, after) = (activity.before.as_deref().unwrap_or_default(), activity.after.as_deref().unwrap_or_default());
            begun = begun.map(|task| match activity.kind {
                Kind::TaskCreated => task.with_state(after).expect("it was written so"),
                Kind::TaskUpdated => {
                    apply_change(task, &Change::from_json(before, after).expect("it was written so"), activity.version, activity.at)
                }
                _ => task,
            });
        }
        if let (Some(replayed), Some(task)) = (&begun, &history.task)
            && (replayed.values != task.values || replayed.stage != task.stage || replayed.assignee != task.assignee)
        {
            self.journal.find(format!("the history of task {id} leads to {replayed:?}, and it is {task:?}"));
        }
    }

    fn may_begin(&self, execution: &Execution, task: &Task) {
        let action = self.action(execution);
        if !action.from.contains(&task.stage) {
            self.journal.find(format!("{} ({}) began in a stage where it can't be taken", execution.id, action.name));
        }
        if !action.requirements.is_empty() && !task.values.contains_key(&self.stage.field(GATE)) {
            self.journal.find(format!("{} ({}) began without what it requires", execution.id, action.name));
        }
    }
}

fn went_well(step: &StepStatus) -> bool {
    matches!(step, StepStatus::Success | StepStatus::Skipped)
}

/// After steps that went well perhaps one that did not, and then none that was begun. What was given up during a call stays as it was.
fn stops_once(steps: &[StepStatus]) -> bool {
    let well = steps.iter().take_while(|step| went_well(step)).count();
    let later = match &steps[well..] {
        [StepStatus::Fail | StepStatus::Running, later @ ..] => later,
        later => later,
    };
    later.iter().all(|step| *step == StepStatus::Pending)
}
