//! What saving a definition would do, and changes nothing.

use baton_core::definition::migrate::Migration;
use baton_core::definition::{self, Definition, Plan, Problem};
use baton_core::env::Env;
use baton_core::ids::Id;
use baton_core::lint::lint;
use baton_core::refusal::{Noun, Refusal, Refusals};
use indexmap::IndexMap;
use serde_json::Value as Json;

use super::definitions::{
    check_calls, check_may_create, check_name, check_runnable, collect, current, problems, read_again, stored, warn_of_secrets, workspace,
};
use super::migration;
use super::tasks::Expected;
use super::users::check_unnarrowed;
use crate::cx::{Cx, Failure, Found, Outcome};

#[derive(Default)]
pub struct Planned {
    /// `None`: the document can't be read.
    pub plan: Option<Plan>,
    pub findings: Vec<Json>,
    /// By path, what saving would be refused with.
    pub errors: IndexMap<String, Vec<Refusal>>,
    pub warnings: Vec<Problem>,
}

/// Of a new workflow.
pub fn create(cx: &mut Cx<'_>, document: &Json) -> Outcome<Planned> {
    check_may_create(cx)?;
    let workspace = workspace(cx)?;
    let mut read = match definition::read(document.clone(), None, &workspace, &mut cx.env) {
        Ok(read) => read,
        Err(found) => return Ok(unreadable(problems(found))),
    };
    warn_of_secrets(cx, &mut read)?;
    let mut planned = Planned { plan: Some(definition::plan(None, &read.definition)), warnings: read.warnings, ..Planned::default() };
    planned.findings = findings(&read.definition);
    let name = check_name(cx, None, &read.definition.name);
    collect(&mut planned.errors, name)?;
    let id = cx.env.new_id();
    collect(&mut planned.errors, check_runnable(id, 1, &read.definition).map_err(Failure::from))?;
    Ok(planned)
}

/// Of a new revision.
pub fn save(cx: &mut Cx<'_>, workflow: &str, document: &Json, expected: &Expected) -> Outcome<Planned> {
    let found = place(cx, workflow, expected)?;
    let now = current(cx, &found)?;
    match definition::read(document.clone(), Some(&now), &found.workspace, &mut cx.env) {
        Ok(read) => planned(cx, &found, &now, read),
        Err(found) => Ok(unreadable(problems(found))),
    }
}

/// Of going back.
pub fn restore(cx: &mut Cx<'_>, workflow: &str, revision: i64, expected: &Expected) -> Outcome<Planned> {
    let found = place(cx, workflow, expected)?;
    let now = current(cx, &found)?;
    let earlier = stored(cx, found.workflow.id, revision)?.ok_or(Refusal::not_found(Noun::Revision))?;
    let read = read_again(earlier, &found.workspace);
    planned(cx, &found, &now, read)
}

/// As for saving, but that a read-only key may ask.
fn place(cx: &mut Cx<'_>, workflow: &str, expected: &Expected) -> Outcome<Found> {
    let found = cx.workflow(workflow)?;
    if found.archived {
        return Err(Refusal::WorkflowArchived.into());
    }
    check_unnarrowed(cx, &found.workflow, "change people or the definition")?;
    expected.check(Some(found.workflow.revision))?;
    Ok(found)
}

fn planned(cx: &mut Cx<'_>, found: &Found, now: &Definition, mut read: definition::Read) -> Outcome<Planned> {
    check_calls(cx, now, &read.definition)?;
    warn_of_secrets(cx, &mut read)?;
    let definition::Read { definition, asked, warnings } = read;
    let mut plan = definition::plan(Some(now), &definition);
    let mut planned = Planned { findings: findings(&definition), warnings, ..Planned::default() };
    let migration = match Migration::new(now, &definition, &asked) {
        Ok((migration, more)) => {
            planned.warnings.extend(more);
            migration
        }
        Err(found) => {
            collect(&mut planned.errors, Err(problems(found).into()))?;
            planned.plan = Some(plan);
            return Ok(planned);
        }
    };
    // The same document again is not looked at any further.
    if !plan.is_empty() {
        let id: Id = found.workflow.id;
        let name = check_name(cx, Some(id), &definition.name);
        collect(&mut planned.errors, name)?;
        let weighed = migration::weigh(cx, found, &definition, &migration)?;
        collect(&mut planned.errors, weighed.check())?;
        collect(&mut planned.errors, check_runnable(id, found.workflow.revision + 1, &definition).map_err(Failure::from))?;
        migration::weigh_plan(cx, id, &mut plan, weighed)?;
    }
    planned.plan = Some(plan);
    Ok(planned)
}

fn unreadable(refusals: Refusals) -> Planned {
    let whole = |refusals| IndexMap::from([(String::new(), refusals)]);
    let errors = match refusals {
        Refusals::Fields(errors) => errors,
        Refusals::Plain(refusal) => whole(vec![refusal]),
        Refusals::Action(refusals) => whole(refusals),
        Refusals::Items(items) => items.into_values().flatten().collect(),
    };
    Planned { errors, ..Planned::default() }
}

/// What the linter finds in a definition that can be read, as it is shown.
fn findings(definition: &Definition) -> Vec<Json> {
    lint(definition).into_iter().map(|finding| serde_json::to_value(finding).expect("a finding is JSON")).collect()
}
