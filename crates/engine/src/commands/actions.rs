//! The actions of a task: which there are in its stage, what speaks against each, and how it could be opened.

use std::ops::Range;
use std::sync::Arc;

use baton_core::execution::quote::Quote;
use baton_core::execution::{Explanation, Look};
use baton_core::ids::Id;
use baton_core::people::Workspace;
use baton_core::refusal::{Noun, Refusal, Refusals};
use baton_core::unblock::{self, Move, Way};
use baton_core::workflow::{Action, Workflow};

use super::ask::{self, Purpose, Start, Wanted};
use super::quote;
use crate::cx::{Cx, Found, Outcome};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Available {
    pub id: Id,
    pub name: String,
}

/// An action with what speaks against it now.
#[derive(Clone, Debug, PartialEq)]
pub struct Explained {
    pub id: Id,
    pub name: String,
    pub color: String,
    pub explanation: Explanation,
    /// How it could be opened, the shortest way first.
    pub ways: Vec<Told>,
}

/// A way to a blocked action, as data and as sentences.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    pub text: String,
    pub certain: bool,
    pub moves: Vec<(Move, String)>,
}

/// Actions with what speaks against them, and what their parts are called.
pub struct Explanations {
    pub workflow: Arc<Workflow>,
    pub workspace: Arc<Workspace>,
    pub actions: Vec<Explained>,
}

/// The actions that may be taken in the task's stage by this key and, with an e-mail, by that user, in the workflow's order. Unmet
/// requirements hide none.
pub fn available(cx: &mut Cx<'_>, workflow: &str, task: &str, performed_by: Option<&str>) -> Outcome<Vec<Available>> {
    let wanted = of_task(cx, workflow, task, performed_by)?;
    let (found, key, person) = (&wanted.found, wanted.found.access(), wanted.person());
    let may = |action: &&Action| key.may_take(action) && person.is_none_or(|person| person.may_take(action));
    let actions = found.workflow.actions.iter().filter(|action| action.from.contains(&wanted.task.stage)).filter(may);
    Ok(actions.map(|action| Available { id: action.id, name: action.name.clone() }).collect())
}

/// What speaks against each action of the task's workflow, in its order.
pub fn explain_all(cx: &mut Cx<'_>, workflow: &str, task: &str, performed_by: Option<&str>) -> Outcome<Explanations> {
    let mut wanted = of_task(cx, workflow, task, performed_by)?;
    let all = 0..wanted.found.workflow.actions.len();
    explained(cx, &mut wanted, all, None)
}

/// What speaks against one. Ids and people that don't exist are refused as when it is taken.
pub fn explain(cx: &mut Cx<'_>, workflow: &str, ask: &Start) -> Outcome<Explanations> {
    let opened = quote::open(cx, workflow, ask)?;
    let (quote, ask) = opened.as_ref().map_or((None, ask), |(quote, ask)| (Some(quote), ask));
    let mut wanted = ask::find(cx, workflow, ask, Purpose::Explain)?;
    if !wanted.is_shown() {
        return Err(Refusals::action(Refusal::not_found(Noun::Task)).into());
    }
    let one = wanted.action..wanted.action + 1;
    explained(cx, &mut wanted, one, quote)
}

fn explained(cx: &mut Cx<'_>, wanted: &mut Wanted, actions: Range<usize>, quote: Option<&Quote>) -> Outcome<Explanations> {
    let mut explained = Vec::with_capacity(actions.len());
    let mut blocked = Vec::new();
    for index in actions {
        wanted.action = index;
        let explanation = wanted.explain(cx, quote)?;
        if !explanation.is_available() && !wanted.is_shut() {
            blocked.push((explained.len(), index));
        }
        let Action { id, name, color, .. } = wanted.action();
        explained.push(Explained { id: *id, name: name.clone(), color: color.clone(), explanation, ways: Vec::new() });
    }
    if !blocked.is_empty() {
        add_ways(cx, wanted, &blocked, &mut explained)?;
    }
    let Found { workflow, workspace, .. } = &wanted.found;
    Ok(Explanations { workflow: workflow.clone(), workspace: workspace.clone(), actions: explained })
}

/// `blocked`: places in `explained` and among the workflow's actions.
fn add_ways(cx: &mut Cx<'_>, wanted: &Wanted, blocked: &[(usize, usize)], explained: &mut [Explained]) -> Outcome<()> {
    let mail_from = cx.shared.world.mail_from();
    wanted.decide(cx, |scene, look| {
        let ask = unblock::Ask::new(*scene, wanted.found.access(), look.checklist(), mail_from);
        let reached = ask.reach();
        for (place, index) in blocked {
            let ways = ask.ways(&reached, &wanted.found.workflow.actions[*index]).into_iter();
            // With no move to make it is a quote that is missing, and its own sentence says how to get one.
            explained[*place].ways = ways.filter(|way| !way.moves.is_empty()).map(|way| told(&ask, way)).collect();
        }
    })
}

fn told(ask: &unblock::Ask<'_>, way: Way) -> Told {
    let (text, certain) = (way.sentence(ask), way.certain);
    let moves = way.moves.into_iter().map(|step| {
        let sentence = step.sentence(ask);
        (step, sentence)
    });
    Told { text, certain, moves: moves.collect() }
}

/// A task that is shown to whoever performs.
fn of_task(cx: &mut Cx<'_>, workflow: &str, task: &str, performed_by: Option<&str>) -> Outcome<Wanted> {
    let (found, loaded) = cx.task(workflow, task, false)?;
    let performer = ask::performer(cx, &found, performed_by)?;
    let wanted = Wanted { task: loaded.task.clone(), found, loaded, action: 0, performer, given: Ok(()) };
    if wanted.is_shown() { Ok(wanted) } else { Err(Refusal::not_found(Noun::Task).into()) }
}
