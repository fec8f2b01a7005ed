//! What tasks, people and timers hang on the parts that a new definition changes or takes away: weighed before it is saved, and carried
//! over with it, in one transaction.

use std::collections::HashMap;

use baton_core::activity::Activity;
use baton_core::definition::field::FieldType;
use baton_core::definition::migrate::{Migration, given_number};
use baton_core::definition::{Definition, Needs, PartKind, Plan, RetypedField, Weight};
use baton_core::ids::Id;
use baton_core::limits::TASKS_CARRIED_MAX;
use baton_core::people::Workspace;
use baton_core::refusal::{Refusal, Refusals};
use baton_core::task::{Change, Task};
use baton_core::value::{self, FilterKey, Value};
use baton_core::workflow::Workflow;
use baton_store::sql::{migrating, task_counts, tasks};
use indexmap::IndexMap;

use super::tasks::{told, unique_id};
use crate::cx::{Cx, Found, Outcome};

/// Tasks that are held in memory at once.
const PAGE_TASKS: i64 = 500;
/// Of an example in a message.
const EXAMPLE_CHARACTERS_MAX: usize = 100;

#[derive(Default)]
pub(super) struct Weighed {
    weights: HashMap<(PartKind, Id), Weight>,
    pub refusals: IndexMap<String, Vec<Refusal>>,
    /// The greatest number among values that become Unique IDs of a field that counts.
    number: i64,
}

impl Weighed {
    pub fn check(&self) -> Outcome<()> {
        if self.refusals.is_empty() { Ok(()) } else { Err(Refusals::Fields(self.refusals.clone()).into()) }
    }

    fn add(&mut self, kind: PartKind, id: Id, weight: Weight) {
        self.weights.insert((kind, id), weight);
    }

    fn refuse(&mut self, path: &str, message: String) {
        self.refusals.entry(path.to_owned()).or_default().push(Refusal::Definition { message });
    }

    /// One transaction holds them all.
    fn refuse_too_many(&mut self) {
        let tasks = self.tasks();
        if self.refusals.is_empty() && tasks > TASKS_CARRIED_MAX {
            let message = format!(
                "may change {tasks} tasks at once; at most {TASKS_CARRIED_MAX} are: move, change, blank or delete some of them first"
            );
            self.refuse("", message);
        }
    }

    /// At most so many tasks change.
    fn tasks(&self) -> i64 {
        self.weights.values().map(|weight| weight.tasks).sum()
    }
}

/// What would be lost is refused, with how many they are and what to do.
pub(super) fn weigh(cx: &mut Cx<'_>, found: &Found, new: &Definition, migration: &Migration) -> Outcome<Weighed> {
    let workflow = found.workflow.id;
    let mut weighed = Weighed::default();
    weigh_stages(cx, workflow, migration, &mut weighed)?;
    for field in &migration.removals.fields {
        let tasks = tasks::count_with_field(cx.tx, workflow, field.id)?;
        let is_lost = tasks > 0 && !migration.may_lose(field.id);
        if is_lost {
            weighed.refuse(
                "fields",
                format!(
                    "{} is removed but has a value in {}; blank it there first, or name it in confirm_loss",
                    field.name,
                    counted(tasks)
                ),
            );
        }
        let weight = Weight { tasks, ..Weight::default() };
        weighed.add(PartKind::Field, field.id, if is_lost { refused(weight, Needs::ConfirmLoss) } else { weight });
    }
    for option in &migration.removals.options {
        let tasks = tasks::count_with_option(cx.tx, workflow, option.field, option.option)?;
        let instead = migration.option(option.option);
        let is_lost = tasks > 0 && instead.is_none();
        if is_lost {
            let (name, field, counted) = (&option.name, &option.field_name, counted(tasks));
            weighed.refuse("fields", format!("option {name} of {field} is removed but chosen in {counted}; choose another there first, or say in migrate.options what becomes of it"));
        }
        let options = new.fields.iter().flat_map(|field| field.options.iter().flatten());
        let to = instead.flatten().and_then(|id| options.clone().find(|option| option.id == Some(id))).map(|option| option.name.clone());
        let weight = Weight { tasks, to, ..Weight::default() };
        weighed.add(PartKind::Option, option.option, if is_lost { refused(weight, Needs::MigrateOptions) } else { weight });
    }
    weigh_retyped(cx, found, new, migration, &mut weighed)?;
    for role in &migration.removals.roles {
        let collaborators = found.workspace.collaborators_of(workflow).filter(|(_, of)| *of == role.id).count();
        let collaborators = i64::try_from(collaborators).unwrap_or(i64::MAX);
        if collaborators > 0 {
            let name = &role.name;
            weighed.refuse("roles", format!("{name} is removed but {collaborators} collaborators have it; give them another role first"));
        }
        weighed.add(PartKind::Role, role.id, Weight { collaborators, ..Weight::default() });
    }
    weighed.refuse_too_many();
    Ok(weighed)
}

fn weigh_stages(cx: &mut Cx<'_>, workflow: Id, migration: &Migration, weighed: &mut Weighed) -> Outcome<()> {
    for stage in &migration.removals.stages {
        let tasks = task_counts::in_stage(cx.tx, workflow, stage.id)?;
        let to = migration.stage(stage.id);
        let mut dropped = migrating::count_timers_from(cx.tx, workflow, stage.id)?;
        if to.is_none() {
            dropped += migrating::count_timers_to(cx.tx, workflow, stage.id)?;
        }
        let is_lost = tasks > 0 && to.is_none();
        if is_lost {
            weighed.refuse(
                "stages",
                format!(
                    "{} is removed but has {}; move them to another stage first, or say in migrate.stages where they go",
                    stage.name,
                    counted(tasks)
                ),
            );
        }
        let weight = Weight { tasks, dropped, to: to.map(|stage| stage.name.clone()), ..Weight::default() };
        weighed.add(PartKind::Stage, stage.id, if is_lost { refused(weight, Needs::MigrateStages) } else { weight });
    }
    Ok(())
}

fn refused(weight: Weight, needs: Needs) -> Weight {
    Weight { offenders: weight.tasks, needs: Some(needs), ..weight }
}

/// Values of one field as it will be.
struct Converted<'a> {
    retyped: &'a RetypedField,
    is_unique: bool,
    weight: Weight,
    /// How many tasks have each, where no two may have the same.
    unique: HashMap<String, i64>,
}

fn weigh_retyped(cx: &mut Cx<'_>, found: &Found, new: &Definition, migration: &Migration, weighed: &mut Weighed) -> Outcome<()> {
    let mut fields = Vec::new();
    for retyped in &migration.removals.retyped {
        let tasks = tasks::count_with_field(cx.tx, found.workflow.id, retyped.field)?;
        let weight = Weight { tasks, ..Weight::default() };
        let is_unique = retyped.to == FieldType::UniqueId;
        fields.push(Converted { retyped, is_unique, weight, unique: HashMap::new() });
    }
    let tasks = fields.iter().map(|field| field.weight.tasks).sum::<i64>();
    // What is refused for their number is not looked through.
    if tasks > 0 && weighed.tasks() + tasks <= TASKS_CARRIED_MAX {
        let mut after = None;
        loop {
            let page = migrating::page(cx.tx, found.workflow.id, after, PAGE_TASKS, false)?;
            let Some((last, _)) = page.last() else { break };
            after = Some(last.id);
            for (task, _) in &page {
                fields.iter_mut().for_each(|field| field.look_at(task, migration, &found.workflow, &found.workspace));
            }
        }
    }
    for mut field in fields {
        let counts = new.fields.iter().any(|part| part.id == Some(field.retyped.field) && part.autoincrement == Some(true));
        if counts {
            weighed.number = field.unique.keys().filter_map(|text| given_number(text)).max().unwrap_or(0);
        }
        let (name, offenders) = (&field.retyped.name, field.weight.offenders);
        if let Some(example) = &field.weight.example {
            let to = field.retyped.to.name();
            let told = format!("that does not convert to {to}, such as {example:?}; change or blank it there first");
            weighed.refuse("fields", format!("the type of {name} changes but it has a value in {} {told}", counted(offenders)));
        } else if let Some((example, _)) = field.unique.iter().filter(|(_, tasks)| **tasks > 1).min() {
            let shared: i64 = field.unique.values().filter(|tasks| **tasks > 1).sum();
            let told = format!("share a value, such as {example:?}; no two tasks have the same Unique ID: change or blank it there first");
            weighed.refuse("fields", format!("the type of {name} changes but {} {told}", counted(shared)));
            field.weight = Weight { offenders: shared, example: Some(example.clone()), ..field.weight };
        }
        weighed.add(PartKind::Field, field.retyped.field, field.weight);
    }
    Ok(())
}

impl Converted<'_> {
    fn look_at(&mut self, task: &Task, migration: &Migration, was: &Workflow, workspace: &Workspace) {
        let Some(value) = task.values.get(&self.retyped.field) else { return };
        match migration.convert(self.retyped.field, workspace, value) {
            Err(_) => {
                self.weight.offenders += 1;
                let shown = || was.field(self.retyped.field).map(|field| example(&value::text(field, workspace, Some(value))));
                self.weight.example = self.weight.example.take().or_else(shown);
            }
            Ok(Some(Value::Text(text))) if self.is_unique => *self.unique.entry(text).or_default() += 1,
            Ok(_) => {}
        }
    }
}

fn example(text: &str) -> String {
    text.chars().take(EXAMPLE_CHARACTERS_MAX).collect()
}

fn counted(tasks: i64) -> String {
    if tasks == 1 { "1 task".to_owned() } else { format!("{tasks} tasks") }
}

/// Writes what was weighed into a plan, with what matters to who reads it only.
pub(super) fn weigh_plan(cx: &mut Cx<'_>, workflow: Id, plan: &mut Plan, weighed: Weighed) -> Outcome<()> {
    let mut weights = weighed.weights;
    for part in plan.changed.iter().filter(|part| part.kind == PartKind::Stage && part.changes.iter().any(|change| change.key == "end")) {
        let Some(stage) = part.id else { continue };
        weights.insert((PartKind::Stage, stage), Weight { tasks: task_counts::in_stage(cx.tx, workflow, stage)?, ..Weight::default() });
    }
    if plan.removed.iter().any(|part| part.kind == PartKind::ChecklistItem) {
        for (item, tasks) in migrating::count_ticks(cx.tx, workflow)? {
            weights.insert((PartKind::ChecklistItem, item), Weight { tasks, ..Weight::default() });
        }
    }
    for part in plan.changed.iter_mut().chain(&mut plan.removed) {
        if let Some(weight) = part.id.and_then(|id| weights.remove(&(part.kind, id))) {
            part.weight = weight;
        }
    }
    Ok(())
}

/// Moves and changes the tasks, each with its history, so that all are as the new definition has them.
pub(super) fn carry(cx: &mut Cx<'_>, found: &Found, next: &Workflow, migration: &Migration, weighed: &Weighed) -> Outcome<()> {
    let was = &found.workflow;
    if unique_field(was).is_some() && unique_field(was) != unique_field(next) {
        migrating::forget_unique_keys(cx.tx, was.id)?;
    }
    for stage in &migration.removals.stages {
        if let Some(to) = migration.stage(stage.id) {
            migrating::redirect_timers(cx.tx, was.id, stage.id, to.id, &to.name)?;
        }
    }
    if weighed.tasks() == 0 {
        return Ok(());
    }
    if weighed.number > 0 {
        migrating::raise_unique_number(cx.tx, was.id, weighed.number)?;
    }
    let mut after = None;
    loop {
        let page = migrating::page(cx.tx, was.id, after, PAGE_TASKS, true)?;
        let Some((last, _)) = page.last() else { return Ok(()) };
        after = Some(last.id);
        let mut rows = Vec::new();
        for (task, timers) in &page {
            let mut carried = migration.carry(task, &found.workspace).map_err(|unconverted| {
                let message = format!("task {} has the value {:?}, which does not convert", task.id, example(&unconverted.text));
                Refusals::field("fields", Refusal::Definition { message })
            })?;
            rows.extend(save(cx, (was, next), migration, task, &mut carried, *timers)?);
        }
        cx.append(&rows)?;
    }
}

/// Answers with the history's rows, not yet appended.
fn save(
    cx: &mut Cx<'_>,
    places: (&Workflow, &Workflow),
    migration: &Migration,
    before: &Task,
    after: &mut Task,
    timers: i64,
) -> Outcome<Vec<Activity>> {
    let (was, next) = places;
    let change = Change::between(before, after);
    // What neither changes nor is read otherwise keeps its keys.
    let keys = |workflow: &Workflow, task: &Task| -> Vec<FilterKey> {
        let touched = task.values.iter().filter(|(id, _)| change.values.contains_key(id) || migration.is_read_otherwise(**id));
        touched.filter_map(|(id, value)| Some(value::filter_keys(workflow.field(*id)?, value))).flatten().collect()
    };
    let (removed, added) = (keys(was, before), keys(next, after));
    if change.is_empty() {
        // The same value may be found otherwise by a field of another type.
        if removed != added || unique_field(was) != unique_field(next) {
            migrating::rekey(cx.tx, after, unique_id(next, after), &removed, &added)?;
        }
        return Ok(Vec::new());
    }
    let rows = told(cx, before, after, &change, timers)?;
    let write = tasks::Update {
        before,
        task: after,
        unique_key: unique_id(next, after),
        active: next.is_active(after.stage),
        removed: &removed,
        added: &added,
        finished_sequence: None,
    };
    tasks::update(cx.tx, cx.caller.workspace, &write)?;
    Ok(rows)
}

fn unique_field(workflow: &Workflow) -> Option<Id> {
    workflow.unique_id_field().map(|field| field.id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weighed(tasks: &[i64]) -> Weighed {
        let mut weighed = Weighed::default();
        for (id, tasks) in (1..).zip(tasks) {
            weighed.add(PartKind::Field, Id::from_i64(id).expect("an id"), Weight { tasks: *tasks, ..Weight::default() });
        }
        weighed
    }

    #[test]
    fn no_more_tasks_are_carried_than_one_transaction_holds() {
        let told = |mut weighed: Weighed| {
            weighed.refuse_too_many();
            weighed.refusals.into_iter().map(|(path, refusals)| (path, refusals[0].to_string())).collect::<Vec<_>>()
        };
        assert_eq!(told(weighed(&[TASKS_CARRIED_MAX])), []);
        let too_many = "may change 200001 tasks at once; at most 200000 are: move, change, blank or delete some of them first";
        assert_eq!(told(weighed(&[TASKS_CARRIED_MAX - 1, 2])), [(String::new(), too_many.to_owned())]);
        // What would be lost comes first: with that mended there may be fewer.
        let mut lost = weighed(&[TASKS_CARRIED_MAX + 1]);
        lost.refuse("fields", "Name is removed".to_owned());
        assert_eq!(told(lost), [("fields".to_owned(), "Name is removed".to_owned())]);
    }
}
