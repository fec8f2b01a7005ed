//! The shortest ways to open a blocked action for whoever wants to take it: what to set, tick or assign, who could act instead,
//! which action to take first.
//!
//! Each way is walked on a copy of the task before it is told, by the checks and the steps of the real thing: so it opens the action,
//! or says that it can't be sure. One that would need what can't be decided here is not told.

mod fit;
mod open;
mod sentence;
#[cfg(test)]
mod tests;
mod who;

pub use who::Who;

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

use crate::access::Access;
use crate::actor::Actor;
use crate::checklist::StoredItem;
use crate::condition::{Column, Scene};
use crate::execution::{Does, DryRun, Execution, Look, Resume, Run, dry_run, from_hidden};
use crate::ids::Id;
use crate::task::Task;
use crate::value::Value;
use crate::workflow::Action;

/// Told of each action.
const WAYS_MAX: usize = 3;
/// Stages that are looked at on the way to one where the action is available.
const STAGES_MAX: usize = 50;
/// Actions that are tried on that way.
const ACTIONS_MAX: usize = 500;
/// Tasks that conditions are tried on for one caller, so that any workflow is answered at once. Past it no more ways are found.
const TRIES_MAX: usize = 50_000;
/// What it weighs to have somebody try an action; and a task is copied for it, of which so many bytes weigh as much as one try.
const TRIES_OF_OPENING: usize = 5;
const BYTES_OF_A_TRY: usize = 4096;

/// Who wants to take an action, and what is true now.
pub struct Ask<'a> {
    /// With the task as it is and the one who performs.
    scene: Scene<'a>,
    /// What the API key allows that asks.
    key: Access<'a>,
    checklist: Vec<StoredItem>,
    mail_from: Option<&'a str>,
    /// Everybody who could act in the workflow and whom the key may know of, by e-mail.
    people: Vec<(Id, Access<'a>)>,
    tries_left: Cell<usize>,
    tries_of_opening: usize,
    /// Actions by the stage that they were tried in, whose conditions nobody can make hold.
    hopeless: RefCell<BTreeSet<(Id, Id)>>,
}

/// Where the task can get to by actions, what is easiest first, with what has to be done for it.
pub struct Reached(Vec<(State, Way)>);

/// When its moves are made, in this order, the action can be taken.
#[derive(Clone, Debug, PartialEq)]
pub struct Way {
    pub moves: Vec<Move>,
    /// `false`: it hangs on what nobody here can know, such as an answer from outside or what a text should say.
    pub certain: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Move {
    SetFields {
        fields: Vec<Setting>,
        by: Who,
    },
    CompleteChecklist {
        items: Vec<Item>,
        by: Who,
    },
    Assign {
        to: To,
        by: Who,
    },
    TakeAction {
        action: Id,
        stage: Id,
        by: Who,
    },
    /// One of these takes the action itself.
    LetAct {
        users: Vec<Id>,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    pub field: Id,
    pub to: Wanted,
    /// Whether it takes away something that the field holds.
    pub overwrites: bool,
}

/// What a field is to hold.
#[derive(Clone, Debug, PartialEq)]
pub enum Wanted {
    /// Anything but blank; this, for example.
    Any(Value),
    /// Exactly this; `None` is blank.
    This(Option<Value>),
    /// A text of this kind: what it should say is for a person to know.
    Like(Value),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    pub id: Id,
    pub title: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum To {
    /// Any of them; this one, for example.
    Anybody(Id),
    User(Id),
    Nobody,
}

impl Wanted {
    pub fn value(&self) -> Option<&Value> {
        match self {
            Wanted::Any(value) | Wanted::Like(value) => Some(value),
            Wanted::This(value) => value.as_ref(),
        }
    }
}

impl Way {
    const NONE: Way = Way { moves: Vec::new(), certain: true };

    /// What speaks against it, most of all that it changes what somebody has written: whoever just wants to go on would have to
    /// falsify the record.
    fn cost(&self) -> Cost {
        let fields = |step: &Move| match step {
            Move::SetFields { fields, .. } => fields.iter().filter(|setting| setting.overwrites).count(),
            _ => 0,
        };
        Cost { overwritten: self.moves.iter().map(fields).sum(), uncertain: !self.certain, moves: self.moves.len() }
    }
}

/// In the order of what weighs most. It never falls when moves are added.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Cost {
    overwritten: usize,
    uncertain: bool,
    moves: usize,
}

/// A task on its way, with its checklist.
#[derive(Clone)]
struct State {
    task: Task,
    checklist: Vec<StoredItem>,
}

impl<'a> Ask<'a> {
    pub fn new(scene: Scene<'a>, key: Access<'a>, checklist: Vec<StoredItem>, mail_from: Option<&'a str>) -> Ask<'a> {
        let people = who::people(&scene, key);
        let text = |value: &Value| if let Value::Text(text) = value { text.len() } else { 0 };
        let bytes: usize = scene.task.values.values().map(text).sum();
        let tries_of_opening = TRIES_OF_OPENING + bytes / BYTES_OF_A_TRY;
        let (tries_left, hopeless) = (Cell::new(TRIES_MAX), RefCell::default());
        Ask { scene, key, checklist, mail_from, people, tries_left, tries_of_opening, hopeless }
    }

    /// Whether there is that much left.
    fn spend(&self, tries: usize) -> bool {
        let left = self.tries_left.get().checked_sub(tries);
        self.tries_left.set(left.unwrap_or(0));
        left.is_some()
    }

    /// Stages one after the other, each by the way that costs least.
    pub fn reach(&self) -> Reached {
        let start = State { task: self.scene.task.clone(), checklist: self.checklist.clone() };
        let mut open = vec![(start, Way::NONE)];
        let mut reached: Vec<(State, Way)> = Vec::new();
        let mut tried = 0;
        while let Some(cheapest) = (0..open.len()).min_by_key(|place| open[*place].1.cost()) {
            let (state, so_far) = open.remove(cheapest);
            let is_new = |stage: Id| reached.iter().all(|(known, _)| known.task.stage != stage);
            if !is_new(state.task.stage) || reached.len() == STAGES_MAX {
                continue;
            }
            let leading_on = self.scene.workflow.actions.iter().filter(|action| action.from.contains(&state.task.stage));
            for action in leading_on.take(ACTIONS_MAX - tried) {
                tried += 1;
                open.extend(taken(self, &state, action, &so_far).filter(|(after, _)| is_new(after.task.stage)));
            }
            reached.push((state, so_far));
        }
        Reached(reached)
    }

    /// What costs least first; none where nothing is known that would open it.
    pub fn ways(&self, reached: &Reached, action: &Action) -> Vec<Way> {
        let mut found: Vec<Way> = Vec::new();
        for (state, so_far) in reached.0.iter().filter(|(state, _)| action.from.contains(&state.task.stage)) {
            // Nobody goes on to another stage when the action can be opened on the way there.
            if self.passes(so_far, action) && found.iter().any(|way| way.cost().overwritten == 0) {
                continue;
            }
            found.extend(open::ways(self, state, action).into_iter().map(|last| joined(so_far, last)));
        }
        found.sort_by_key(Way::cost);
        found.truncate(WAYS_MAX);
        found
    }

    /// Whether the way comes through a stage of the action before it ends.
    fn passes(&self, way: &Way, action: &Action) -> bool {
        let entered = way.moves.iter().filter_map(|step| match step {
            Move::TakeAction { stage, .. } => Some(*stage),
            _ => None,
        });
        let stages: Vec<Id> = std::iter::once(self.scene.task.stage).chain(entered).collect();
        stages[..stages.len() - 1].iter().any(|stage| action.from.contains(stage))
    }
}

fn joined(first: &Way, last: Way) -> Way {
    Way { moves: first.moves.iter().cloned().chain(last.moves).collect(), certain: first.certain && last.certain }
}

/// The task after another action, opened where it has to be. `None` where that can't be or does not move the task.
fn taken(ask: &Ask<'_>, state: &State, action: &Action, so_far: &Way) -> Option<(State, Way)> {
    let opened = open::first(ask, state, action)?;
    let (task, sure) = after(ask, &opened.state, action, opened.performer)?;
    if task.stage == state.task.stage {
        return None;
    }
    let by =
        if opened.performer == ask.scene.performer { Who::Performer } else { Who::Users(opened.performer.user().into_iter().collect()) };
    let mut way = joined(so_far, opened.way);
    way.moves.push(Move::TakeAction { action: action.id, stage: task.stage, by });
    way.certain &= sure;
    Some((State { task, checklist: opened.state.checklist }, way))
}

/// What the steps of an action make of a task, and whether that is sure: calls are taken to go well and to set nothing. What may come
/// from a field that is hidden from whoever asks stays as it was.
fn after(ask: &Ask<'_>, state: &State, action: &Action, performer: Actor) -> Option<(Task, bool)> {
    let scene = Scene { task: &state.task, performer, ..ask.scene };
    let input = Run {
        execution: &Execution::new(state.task.id, &scene, action),
        pinned: ask.scene.workflow,
        current: ask.scene.workflow,
        workspace: ask.scene.workspace,
        task: Some(state.task.clone()),
        resume: Resume::Begin,
        now: ask.scene.now,
        public_url: ask.scene.public_url,
        mail_from: ask.mail_from,
        jitter: 0.0,
    };
    let mut look = Walk { checklist: &state.checklist, guessed: false };
    let DryRun { mut task, steps, errors } = dry_run(&input, &mut look);
    let does = |what: fn(&Does) -> bool| steps.iter().any(|step| step.does.as_ref().is_some_and(what));
    let deletes = does(|done| matches!(done, Does::Deletion));
    let calls = does(|done| matches!(done, Does::Request(_)));
    let mut sure = !calls && !look.guessed;
    for column in from_hidden(action, ask.scene.workflow, ask.key) {
        sure &= !keep(column, &state.task, &mut task);
    }
    (errors.is_empty() && !deletes).then_some((task, sure))
}

/// Whether it had changed.
fn keep(column: Column, before: &Task, after: &mut Task) -> bool {
    match column {
        Column::Field(field) => {
            let value = before.values.get(&field).cloned();
            let changed = after.values.get(&field) != value.as_ref();
            match value {
                Some(value) => after.values.insert(field, value),
                None => after.values.remove(&field),
            };
            changed
        }
        Column::AssignedTo => std::mem::replace(&mut after.assignee, before.assignee) != before.assignee,
        Column::Stage | Column::CreatedOn | Column::UpdatedOn | Column::CreatedBy => false,
    }
}

/// What can be looked up on the way: nobody else's tasks.
struct Walk<'a> {
    checklist: &'a [StoredItem],
    /// Whether it was asked about those.
    guessed: bool,
}

impl Look for Walk<'_> {
    fn checklist(&mut self) -> Vec<StoredItem> {
        self.checklist.to_vec()
    }

    fn unique_id_taken(&mut self, _: &str) -> bool {
        self.guessed = true;
        false
    }

    fn active_tasks(&mut self, users: &[Id]) -> Vec<i64> {
        self.guessed |= users.len() > 1;
        vec![0; users.len()]
    }
}
