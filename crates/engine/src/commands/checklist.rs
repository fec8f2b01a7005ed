//! Checklist items of a task: the template's, of every stage, and the task's own.

use baton_core::access;
use baton_core::activity::{Activity, Kind};
use baton_core::checklist::{ItemStatus, OwnItem, StoredItem};
use baton_core::env::Env;
use baton_core::ids::Id;
use baton_core::limits::TEXT_BYTES_MAX;
use baton_core::refusal::{Noun, Refusal, Refusals};
use baton_core::task::Task;
use baton_core::workflow::Stage;
use baton_store::sql::checklist;
use indexmap::IndexMap;
use serde_json::{Map, Value as Json, json};

use crate::cx::{Cx, Found, Outcome};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    pub id: Id,
    pub title: String,
    pub status: ItemStatus,
    /// Whether title and stage may change; an item of the template keeps them.
    pub own: bool,
    pub assignee: Option<Id>,
    pub stage: Id,
}

/// By stage, in each stage the template's items first.
pub fn list(cx: &mut Cx<'_>, workflow: &str, task: &str, stages: Option<&[String]>) -> Outcome<(Found, Vec<Item>)> {
    let (found, loaded) = cx.task(workflow, task, false)?;
    let named = |name: &String| {
        found.workflow.stage_named(name).map(|stage| stage.id).ok_or_else(|| Refusals::field("Stage", Refusal::IsNotAStage))
    };
    let wanted = stages.map(|names| names.iter().map(named).collect::<Result<Vec<_>, _>>()).transpose()?;
    let mut items = items(cx, &found, &loaded.task)?;
    items.retain(|item| wanted.as_ref().is_none_or(|stages| stages.contains(&item.stage)));
    Ok((found, items))
}

pub fn get(cx: &mut Cx<'_>, workflow: &str, task: &str, item: &str) -> Outcome<(Found, Item)> {
    let (found, loaded) = cx.task(workflow, task, false)?;
    let item = one(cx, &found, &loaded.task, item)?;
    Ok((found, item))
}

pub fn create(cx: &mut Cx<'_>, workflow: &str, task: &str, body: &Map<String, Json>) -> Outcome<(Found, Item)> {
    let (found, loaded) = cx.task(workflow, task, true)?;
    cx.check_writable(&found)?;
    check_may_edit(cx, &found)?;
    // The body sets title and stage; until then the item is nobody's and nowhere.
    let mut item = Item {
        id: cx.env.new_id(),
        title: String::new(),
        status: ItemStatus::Blank,
        own: true,
        assignee: None,
        stage: found.workflow.first_stage().id,
    };
    let mut refusals = write(&mut item, body, &found);
    for key in ["title", "Stage"].into_iter().filter(|key| !body.contains_key(*key)) {
        refusals.insert(key.to_owned(), vec![Refusal::IsRequired]);
    }
    if !refusals.is_empty() {
        return Err(Refusals::Fields(refusals).into());
    }
    save(cx, &loaded.task, None, &item)?;
    Ok((found, item))
}

pub fn update(cx: &mut Cx<'_>, workflow: &str, task: &str, item: &str, body: &Map<String, Json>) -> Outcome<(Found, Item)> {
    let (found, loaded) = cx.task(workflow, task, true)?;
    cx.check_writable(&found)?;
    check_may_edit(cx, &found)?;
    let before = one(cx, &found, &loaded.task, item)?;
    let mut after = before.clone();
    let refusals = write(&mut after, body, &found);
    if !refusals.is_empty() {
        return Err(Refusals::Fields(refusals).into());
    }
    if after != before {
        save(cx, &loaded.task, Some(&before), &after)?;
    }
    Ok((found, after))
}

pub fn delete(cx: &mut Cx<'_>, workflow: &str, task: &str, item: &str) -> Outcome<()> {
    let (found, loaded) = cx.task(workflow, task, true)?;
    cx.check_writable(&found)?;
    check_may_edit(cx, &found)?;
    let item = one(cx, &found, &loaded.task, item)?;
    if !item.own {
        return Err(Refusal::ItemFromTemplate { what: "deletion" }.into());
    }
    checklist::delete(cx.tx, loaded.task.id, item.id)?;
    let row = Activity { before: Some(shown(&item).to_string()), ..cx.task_activity(Kind::ChecklistUpdated, &loaded.task) };
    cx.append(&[row])
}

fn check_may_edit(cx: &Cx<'_>, found: &Found) -> Outcome<()> {
    if cx.caller.scope.access(&found.workflow).may_edit() {
        return Ok(());
    }
    Err(Refusal::KeyLacksRight { what: format!("edit {}", found.workflow.plural) }.into())
}

fn items(cx: &mut Cx<'_>, found: &Found, task: &Task) -> Outcome<Vec<Item>> {
    let stored = checklist::stored(cx.tx, task.id)?;
    Ok(found.workflow.stages.iter().flat_map(|stage| of_stage(stage, &stored)).collect())
}

fn of_stage(stage: &Stage, stored: &[StoredItem]) -> Vec<Item> {
    let template = stage.checklist.iter().map(|item| {
        let kept = stored.iter().find(|kept| kept.id == item.id);
        Item {
            id: item.id,
            title: item.title.clone(),
            status: kept.map(|kept| kept.status).unwrap_or_default(),
            own: false,
            assignee: kept.and_then(|kept| kept.assignee),
            stage: stage.id,
        }
    });
    let own = stored.iter().filter_map(|kept| {
        let own = kept.own.as_ref().filter(|own| own.stage == stage.id)?;
        Some(Item { id: kept.id, title: own.title.clone(), status: kept.status, own: true, assignee: kept.assignee, stage: stage.id })
    });
    template.chain(own).collect()
}

fn one(cx: &mut Cx<'_>, found: &Found, task: &Task, item: &str) -> Outcome<Item> {
    let unknown = || Refusal::not_found(Noun::ChecklistItem);
    let id: Id = item.parse().map_err(|_| unknown())?;
    Ok(items(cx, found, task)?.into_iter().find(|item| item.id == id).ok_or_else(unknown)?)
}

fn write(item: &mut Item, body: &Map<String, Json>, found: &Found) -> IndexMap<String, Vec<Refusal>> {
    let mut refusals = IndexMap::new();
    for (key, given) in body {
        let written = match key.as_str() {
            "title" => title(item, given),
            "Stage" => stage(item, given, found),
            "status" => given
                .as_str()
                .ok_or(Refusal::IsInvalid)
                .and_then(|name| ItemStatus::named(name).ok_or(Refusal::IsNotAnOption))
                .map(|status| item.status = status),
            "Assigned To" => assignee(item, given, found).map(|assignee| item.assignee = assignee),
            _ => Err(Refusal::IsNotAField),
        };
        if let Err(refusal) = written {
            refusals.insert(key.clone(), vec![refusal]);
        }
    }
    refusals
}

fn title(item: &mut Item, given: &Json) -> Result<(), Refusal> {
    let title = given.as_str().ok_or(Refusal::IsInvalid)?.trim();
    if title.is_empty() {
        return Err(Refusal::IsRequired);
    }
    if title.contains('\0') {
        return Err(Refusal::IsInvalid);
    }
    if title.len() > TEXT_BYTES_MAX {
        return Err(Refusal::IsTooLong { bytes_max: TEXT_BYTES_MAX });
    }
    if !item.own && title != item.title {
        return Err(Refusal::IsNotEditable);
    }
    title.clone_into(&mut item.title);
    Ok(())
}

fn stage(item: &mut Item, given: &Json, found: &Found) -> Result<(), Refusal> {
    let name = given.as_str().ok_or(Refusal::IsInvalid)?;
    let stage = found.workflow.stage_named(name).ok_or(Refusal::IsNotAStage)?;
    if !item.own && stage.id != item.stage {
        return Err(Refusal::IsNotEditable);
    }
    item.stage = stage.id;
    Ok(())
}

fn assignee(item: &Item, given: &Json, found: &Found) -> Result<Option<Id>, Refusal> {
    match given {
        Json::Null => Ok(None),
        Json::String(email) if email.trim().is_empty() => Ok(None),
        Json::String(email) => {
            // Who is assigned already stays, also after having left.
            let same = item.assignee.filter(|now| found.workspace.user_by_email(email).is_some_and(|user| user.id == *now));
            let named = || access::collaborator_by_email(&found.workspace, &found.workflow, email);
            same.or_else(named).map(Some).ok_or(Refusal::IsNotAUserOfWorkflow)
        }
        _ => Err(Refusal::IsInvalid),
    }
}

fn save(cx: &mut Cx<'_>, task: &Task, before: Option<&Item>, after: &Item) -> Outcome<()> {
    let own = after.own.then(|| OwnItem { stage: after.stage, title: after.title.clone() });
    let stored = StoredItem { id: after.id, status: after.status, assignee: after.assignee, own };
    checklist::upsert(cx.tx, cx.caller.workspace, task.id, &stored)?;
    let row = Activity {
        before: before.map(|item| shown(item).to_string()),
        after: Some(shown(after).to_string()),
        ..cx.task_activity(Kind::ChecklistUpdated, task)
    };
    cx.append(&[row])
}

/// An item as the history keeps it.
fn shown(item: &Item) -> Json {
    json!({ "item": item.id, "title": item.title, "status": item.status.name(), "assignee": item.assignee, "stage": item.stage })
}
