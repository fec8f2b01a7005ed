//! Everything but fields, names, references and steps: actions, roles, views, triggers, data sync.

use std::collections::HashSet;

use jiff::tz::TimeZone;

use super::super::action::{Action, NotPerformer, Requirement};
use super::super::automation::Trigger;
use super::super::document::Definition;
use super::super::problem::{Path, one_of};
use super::super::role::Role;
use super::{Report, syntax};
use crate::suggest::did_you_mean;

pub(super) fn check(definition: &Definition, report: &mut Report<'_>) {
    let root = Path::ROOT;
    check_icon(definition.icon.as_deref(), &root, report);
    check_checklists(definition, report);
    let path = root.key("actions");
    for (index, action) in definition.actions.iter().enumerate() {
        check_action(action, &path.index(index), report);
    }
    let path = root.key("automations");
    for (index, automation) in definition.automations.iter().enumerate() {
        check_trigger(&automation.on, &path.index(index).key("on"), report);
    }
    let path = root.key("roles");
    for (index, role) in definition.roles.iter().enumerate() {
        check_role(role, &path.index(index), report);
    }
    check_views(definition, report);
    if let Some(data_sync) = &definition.data_sync {
        let path = root.key("data_sync");
        if let Err(message) = syntax::duration(&data_sync.every.0, None) {
            report.problem(&path.key("every"), || message);
        }
        let columns = || data_sync.columns.keys().map(String::as_str);
        let columns_whole = !report.problems.is_repaired("data_sync.columns");
        if columns_whole && !data_sync.columns.contains_key(&data_sync.unique_id) {
            let unique_id = &data_sync.unique_id;
            report.problem(&path.key("unique_id"), || match data_sync.columns.is_empty() {
                true => format!("{unique_id} is not one of the columns; there are none"),
                false => format!("{unique_id} is not one of the columns {}{}", one_of(columns()), did_you_mean(unique_id, columns())),
            });
        }
    }
}

fn check_icon(icon: Option<&str>, part: &Path<'_>, report: &mut Report<'_>) {
    if let Some(message) = icon.and_then(syntax::emoji) {
        report.problem(&part.key("icon"), || message);
    }
}

fn check_checklists(definition: &Definition, report: &mut Report<'_>) {
    let stages = Path::ROOT.key("stages");
    for (index, stage) in definition.stages.iter().enumerate() {
        let path = stages.index(index);
        let path = path.key("checklist");
        for (index, section) in stage.checklist.iter().enumerate() {
            let path = path.index(index);
            if section.section.as_deref().is_some_and(str::is_empty) {
                report.problem(&path.key("section"), || "is blank; leave the key out for items without a heading".to_owned());
            }
            let path = path.key("items");
            for (index, item) in section.items.iter().enumerate() {
                if item.title.is_empty() {
                    report.problem(&path.index(index), || "is blank; an item needs a title".to_owned());
                }
            }
        }
    }
}

fn check_action(action: &Action, path: &Path<'_>, report: &mut Report<'_>) {
    report.each_once(&action.from, &path.key("from"));
    report.each_once(&action.ask, &path.key("ask"));
    let requirements = path.key("requirements");
    for (index, requirement) in action.requirements.iter().enumerate() {
        let path = requirements.index(index);
        match requirement {
            Requirement::Fields(requirement) => report.each_once(&requirement.fields, &path.key("fields")),
            Requirement::Performer(requirement) => check_not(&requirement.not, &path.key("not"), report),
            Requirement::Condition(requirement) => {
                if requirement.message.trim().is_empty() {
                    report.problem(&path.key("message"), || "is blank; it is what people read when the condition does not hold".to_owned());
                }
            }
            Requirement::Checklist(_) | Requirement::Assigned(_) | Requirement::Confirmation(_) => {}
        }
    }
}

fn check_not(not: &[NotPerformer], path: &Path<'_>, report: &mut Report<'_>) {
    for (index, one) in not.iter().enumerate() {
        if not[..index].contains(one) {
            report.problem(&path.index(index), || "is named twice".to_owned());
        }
    }
}

fn check_trigger(trigger: &Trigger, path: &Path<'_>, report: &mut Report<'_>) {
    match trigger {
        Trigger::TaskUpdated(trigger) => report.each_once(&trigger.fields, &path.key("fields")),
        Trigger::Schedule(trigger) => {
            if let Some(message) = syntax::cron(&trigger.cron) {
                report.problem(&path.key("cron"), || message);
            }
            if let Some(zone) = trigger.time_zone.as_deref().filter(|zone| TimeZone::get(zone).is_err()) {
                report.problem(&path.key("time_zone"), || {
                    format!("{:?} is not an IANA time zone, such as Europe/Berlin", syntax::brief(zone))
                });
            }
        }
        Trigger::TimeInStage(trigger) => {
            if let Err(message) = syntax::duration(&trigger.longer_than.0, None) {
                report.problem(&path.key("longer_than"), || message);
            }
        }
        Trigger::TaskCreated(_)
        | Trigger::StageEntered(_)
        | Trigger::ActionPerformed(_)
        | Trigger::CommentAdded(_)
        | Trigger::ChecklistCompleted(_)
        | Trigger::FormSubmitted(_) => {}
    }
}

fn check_role(role: &Role, path: &Path<'_>, report: &mut Report<'_>) {
    report.each_once(role.actions.iter().flatten(), &path.key("actions"));
    if role.name.eq_ignore_ascii_case(super::super::builtin::ADMINISTRATOR) && !role.admin {
        report.problem(&path.key("admin"), || "must be true: Administrator may do all".to_owned());
    }
    if !role.admin {
        return;
    }
    let ignored = [
        ("tasks", role.tasks.is_some()),
        ("visibility", role.visibility.is_some()),
        ("assigning", role.assigning.is_some()),
        ("moving", role.moving.is_some()),
        ("actions", role.actions.is_some()),
        ("analytics", role.analytics.is_some()),
        ("fields", !role.fields.is_empty()),
    ];
    for (key, _) in ignored.into_iter().filter(|(_, given)| *given) {
        report.warning(&path.key(key), || format!("has no effect: {} is admin and may do all", role.name));
    }
}

fn check_views(definition: &Definition, report: &mut Report<'_>) {
    let views = Path::ROOT.key("views");
    let mut default: Option<usize> = None;
    for (index, view) in definition.views.iter().enumerate() {
        let path = views.index(index);
        check_icon(view.icon.as_deref(), &path, report);
        report.each_once(&view.fields, &path.key("fields"));
        let mut sorted = HashSet::new();
        for (index, sort) in view.sort.iter().enumerate() {
            let column = sort.strip_prefix('-').unwrap_or(sort);
            if !sorted.insert(column) {
                report.problem(&path.key("sort").index(index), || format!("{column} is named twice"));
            }
        }
        if view.default {
            match default {
                Some(first) => report.problem(&path.key("default"), || format!("views[{first}] is the default already; only one can be")),
                None => default = Some(index),
            }
        }
    }
}
