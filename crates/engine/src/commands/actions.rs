//! The actions of a task: which there are in its stage, what speaks against each, and how it could be opened.

use std::sync::Arc;

use baton_core::access::Access;
use baton_core::condition::Scene;
use baton_core::execution::{Explanation, Look};
use baton_core::ids::Id;
use baton_core::people::Workspace;
use baton_core::refusal::{Noun, Refusal, Refusals};
use baton_core::unblock::{self, Move, Way};
use baton_core::workflow::{Action, Workflow};

use super::ask::{self, Start, Wanted};
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
    let wanted = of_task(cx, workflow, task, performed_by)?;
    explained(cx, &wanted, &wanted.found.workflow.actions)
}

/// What speaks against one. Ids and people that don't exist are refused as when it is taken.
pub fn explain(cx: &mut Cx<'_>, workflow: &str, ask: &Start) -> Outcome<Explanations> {
    let wanted = ask::find(cx, workflow, ask, false)?;
    if !wanted.is_shown() {
        return Err(Refusals::action(Refusal::not_found(Noun::Task)).into());
    }
    explained(cx, &wanted, std::slice::from_ref(wanted.action()))
}

fn explained(cx: &mut Cx<'_>, wanted: &Wanted, actions: &[Action]) -> Outcome<Explanations> {
    let Found { workflow, workspace, .. } = &wanted.found;
    let mail_from = cx.shared.world.mail_from();
    let actions = wanted.decide(cx, |scene, look| {
        let mut ways = Ways { scene, key: wanted.found.access(), mail_from, explored: None };
        let mut explained = |action: &Action| {
            let explanation = wanted.explain(action, scene, look);
            let shut = explanation.is_available() || wanted.is_shut(action);
            let ways = if shut { Vec::new() } else { ways.to(action, look) };
            Explained { id: action.id, name: action.name.clone(), color: action.color.clone(), explanation, ways }
        };
        actions.iter().map(&mut explained).collect()
    })?;
    Ok(Explanations { workflow: workflow.clone(), workspace: workspace.clone(), actions })
}

/// The ways to blocked actions; what they have in common is explored for the first.
struct Ways<'a> {
    scene: &'a Scene<'a>,
    key: Access<'a>,
    mail_from: Option<&'a str>,
    explored: Option<(unblock::Ask<'a>, unblock::Reached)>,
}

impl Ways<'_> {
    fn to(&mut self, action: &Action, look: &mut dyn Look) -> Vec<Told> {
        let (ask, reached) = self.explored.get_or_insert_with(|| {
            let ask = unblock::Ask::new(*self.scene, self.key, look.checklist(), self.mail_from);
            let reached = ask.reach();
            (ask, reached)
        });
        let told = |way: Way| Told { text: way.sentence(ask), certain: way.certain, moves: moves(ask, way) };
        ask.ways(reached, action).into_iter().map(told).collect()
    }
}

fn moves(ask: &unblock::Ask<'_>, way: Way) -> Vec<(Move, String)> {
    let told = |step: Move| {
        let sentence = step.sentence(ask);
        (step, sentence)
    };
    way.moves.into_iter().map(told).collect()
}

/// A task that is shown to whoever performs.
fn of_task(cx: &mut Cx<'_>, workflow: &str, task: &str, performed_by: Option<&str>) -> Outcome<Wanted> {
    let (found, loaded) = cx.task(workflow, task, false)?;
    let performer = ask::performer(cx, &found, performed_by)?;
    let wanted = Wanted { task: loaded.task.clone(), found, loaded, action: 0, performer, given: Ok(()) };
    if wanted.is_shown() { Ok(wanted) } else { Err(Refusal::not_found(Noun::Task).into()) }
}
