//! The actions of a task: which there are in its stage, and what speaks against each.

use baton_core::execution::Explanation;
use baton_core::execution::quote::Quote;
use baton_core::ids::Id;
use baton_core::refusal::{Noun, Refusal, Refusals};
use baton_core::workflow::Action;

use super::ask::{self, Purpose, Start, Wanted};
use super::quote;
use crate::cx::{Cx, Outcome};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Available {
    pub id: Id,
    pub name: String,
}

/// An action with what speaks against it now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    pub id: Id,
    pub name: String,
    pub color: String,
    pub explanation: Explanation,
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
pub fn explain_all(cx: &mut Cx<'_>, workflow: &str, task: &str, performed_by: Option<&str>) -> Outcome<Vec<Explained>> {
    let mut wanted = of_task(cx, workflow, task, performed_by)?;
    (0..wanted.found.workflow.actions.len())
        .map(|index| {
            wanted.action = index;
            explained(cx, &wanted, None)
        })
        .collect()
}

/// What speaks against one. Ids and people that don't exist are refused as when it is taken.
pub fn explain(cx: &mut Cx<'_>, workflow: &str, ask: &Start) -> Outcome<Explained> {
    let opened = quote::open(cx, workflow, ask)?;
    let (quote, ask) = opened.as_ref().map_or((None, ask), |(quote, ask)| (Some(quote), ask));
    let wanted = ask::find(cx, workflow, ask, Purpose::Explain)?;
    if !wanted.is_shown() {
        return Err(Refusals::action(Refusal::not_found(Noun::Task)).into());
    }
    explained(cx, &wanted, quote)
}

fn explained(cx: &mut Cx<'_>, wanted: &Wanted, quote: Option<&Quote>) -> Outcome<Explained> {
    let explanation = wanted.explain(cx, quote)?;
    let Action { id, name, color, .. } = wanted.action();
    Ok(Explained { id: *id, name: name.clone(), color: color.clone(), explanation })
}

/// A task that is shown to whoever performs.
fn of_task(cx: &mut Cx<'_>, workflow: &str, task: &str, performed_by: Option<&str>) -> Outcome<Wanted> {
    let (found, loaded) = cx.task(workflow, task, false)?;
    let performer = ask::performer(cx, &found, performed_by)?;
    let wanted = Wanted { task: loaded.task.clone(), found, loaded, action: 0, performer, given: Ok(()) };
    if wanted.is_shown() { Ok(wanted) } else { Err(Refusal::not_found(Noun::Task).into()) }
}
