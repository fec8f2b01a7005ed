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

use std::collections::BTreeSet;

use crate::access::Access;
use crate::actor::Actor;
use crate::checklist::StoredItem;
use crate::condition::Scene;
use crate::execution::{Does, DryRun, Execution, Look, Resume, Run, dry_run};
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
}

/// Where the task can get to by actions, nearest first, with what has to be done for it.
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

/// A task on its way, with its checklist.
#[derive(Clone)]
struct State {
    task: Task,
    checklist: Vec<StoredItem>,
}

impl<'a> Ask<'a> {
    pub fn new(scene: Scene<'a>, key: Access<'a>, checklist: Vec<StoredItem>, mail_from: Option<&'a str>) -> Ask<'a> {
        let people = who::people(&scene, key);
        Ask { scene, key, checklist, mail_from, people }
    }

    /// Stages one after the other, each over as few actions as can be.
    pub fn reach(&self) -> Reached {
        let start = State { task: self.scene.task.clone(), checklist: self.checklist.clone() };
        let mut seen = BTreeSet::from([start.task.stage]);
        let mut reached = vec![(start, Way { moves: Vec::new(), certain: true })];
        let (mut at, mut tried) = (0, 0);
        while let Some((state, so_far)) = reached.get(at).cloned() {
            at += 1;
            for action in self.scene.workflow.actions.iter().filter(|action| action.from.contains(&state.task.stage)) {
                tried += 1;
                if tried > ACTIONS_MAX || seen.len() > STAGES_MAX {
                    return Reached(reached);
                }
                let found = taken(self, &state, action, &so_far).filter(|(after, _)| seen.insert(after.task.stage));
                reached.extend(found);
            }
        }
        Reached(reached)
    }

    /// The fewest moves first; none where nothing is known that would open it.
    pub fn ways(&self, reached: &Reached, action: &Action) -> Vec<Way> {
        let there = reached.0.iter().filter(|(state, _)| action.from.contains(&state.task.stage));
        let mut ways = there
            .map(|(state, so_far)| open::ways(self, state, action).into_iter().map(|last| joined(so_far, last)).collect::<Vec<Way>>())
            .find(|ways| !ways.is_empty())
            .unwrap_or_default();
        ways.sort_by_key(|way| (!way.certain, way.moves.len()));
        ways.truncate(WAYS_MAX);
        ways
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
    let mut moves = so_far.moves.clone();
    moves.extend(opened.moves);
    let by =
        if opened.performer == ask.scene.performer { Who::Performer } else { Who::Users(opened.performer.user().into_iter().collect()) };
    moves.push(Move::TakeAction { action: action.id, stage: task.stage, by });
    let certain = so_far.certain && opened.certain && sure;
    Some((State { task, checklist: opened.state.checklist }, Way { moves, certain }))
}

/// What the steps of an action make of a task, and whether that is sure: calls are taken to go well and to set nothing.
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
    let DryRun { task, steps, errors } = dry_run(&input, &mut Walk { checklist: &state.checklist });
    let does = |what: fn(&Does) -> bool| steps.iter().any(|step| step.does.as_ref().is_some_and(what));
    let deletes = does(|done| matches!(done, Does::Deletion));
    let calls = does(|done| matches!(done, Does::Request(_)));
    (errors.is_empty() && !deletes).then_some((task, !calls))
}

/// What can be looked up on the way: nobody else's tasks.
struct Walk<'a> {
    checklist: &'a [StoredItem],
}

impl Look for Walk<'_> {
    fn checklist(&mut self) -> Vec<StoredItem> {
        self.checklist.to_vec()
    }

    fn unique_id_taken(&mut self, _: &str) -> bool {
        false
    }

    fn active_tasks(&mut self, users: &[Id]) -> Vec<i64> {
        vec![0; users.len()]
    }
}
