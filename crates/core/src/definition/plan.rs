//! What saving a document changes, part by part.

use serde::Serialize;
use serde_json::{Map, Value as Json};

use super::document::Definition;
use super::identity::Renames;
use super::json::to_json;
use super::rename::rename;
use crate::ids::Id;

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Plan {
    pub added: Vec<Part>,
    pub changed: Vec<Part>,
    pub removed: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Part {
    pub kind: PartKind,
    /// Of a part that is there already.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Id>,
    /// As it is; of a part that is added, as it will be. A step goes by its `do`.
    pub name: String,
    /// In the new document; of a part that is removed, in the old one.
    pub path: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<KeyChange>,
    #[serde(flatten)]
    pub weight: Weight,
}

/// A key that is another, by JSON; `null` where it is not given. For the key of a list of parts it is their order, by names.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct KeyChange {
    pub key: String,
    pub from: Json,
    pub to: Json,
}

/// What of the workspace hangs on a part that changes or goes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Weight {
    pub tasks: i64,
    /// Of the tasks, those that keep the document from being saved as it is.
    #[serde(skip_serializing_if = "is_zero")]
    pub offenders: i64,
    /// A value of one of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub example: Option<String>,
    /// Collaborators who have the role, which keeps it from being removed.
    #[serde(skip_serializing_if = "is_zero")]
    pub collaborators: i64,
    /// Scheduled stage changes that are dropped.
    #[serde(skip_serializing_if = "is_zero")]
    pub dropped: i64,
    /// What the tasks get instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// What the request would have to say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub needs: Option<Needs>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PartKind {
    Workflow,
    Field,
    Option,
    Stage,
    ChecklistItem,
    Action,
    Step,
    Automation,
    Role,
    View,
    Form,
    Link,
}

/// The key of a request that lets a change through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Needs {
    #[serde(rename = "migrate.stages")]
    MigrateStages,
    #[serde(rename = "migrate.options")]
    MigrateOptions,
    #[serde(rename = "confirm_loss")]
    ConfirmLoss,
}

impl Plan {
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn len(&self) -> usize {
        self.added.len() + self.changed.len() + self.removed.len()
    }
}

impl PartKind {
    /// As it is said to people.
    pub fn name(self) -> &'static str {
        match self {
            PartKind::Workflow => "workflow",
            PartKind::Field => "field",
            PartKind::Option => "option",
            PartKind::Stage => "stage",
            PartKind::ChecklistItem => "checklist item",
            PartKind::Action => "action",
            PartKind::Step => "step",
            PartKind::Automation => "automation",
            PartKind::Role => "role",
            PartKind::View => "view",
            PartKind::Form => "form",
            PartKind::Link => "link",
        }
    }

    /// The lists of parts that a part of this kind has, by their keys.
    fn lists(self) -> &'static [(&'static str, PartKind)] {
        match self {
            PartKind::Workflow => &[
                ("fields", PartKind::Field),
                ("stages", PartKind::Stage),
                ("actions", PartKind::Action),
                ("automations", PartKind::Automation),
                ("roles", PartKind::Role),
                ("views", PartKind::View),
                ("forms", PartKind::Form),
                ("links", PartKind::Link),
            ],
            PartKind::Field => &[("options", PartKind::Option)],
            PartKind::Stage => &[("checklist", PartKind::ChecklistItem)],
            PartKind::Action | PartKind::Automation => &[("steps", PartKind::Step)],
            PartKind::Option
            | PartKind::ChecklistItem
            | PartKind::Step
            | PartKind::Role
            | PartKind::View
            | PartKind::Form
            | PartKind::Link => &[],
        }
    }

    fn name_of(self, part: &Json) -> String {
        let key = match self {
            PartKind::ChecklistItem => "title",
            PartKind::Step => "do",
            _ => "name",
        };
        part.get(key).and_then(Json::as_str).unwrap_or_default().to_owned()
    }
}

/// Compares two documents that have been read; without an old one all is new. A part that only follows another's new name has not
/// changed.
pub fn plan(old: Option<&Definition>, new: &Definition) -> Plan {
    let mut plan = Plan::default();
    let Some(old) = old else {
        let document = to_json(new);
        plan.added.push(part(PartKind::Workflow, None, "", &document));
        for (key, kind) in PartKind::Workflow.lists() {
            plan.added.extend(items(key, &document).into_iter().map(|item| part(*kind, None, &item.path, item.json)));
        }
        return plan;
    };
    let mut renamed = old.clone();
    rename(&mut renamed, &Renames::between(old, new));
    compare(&mut plan, PartKind::Workflow, "", &to_json(&renamed), &to_json(new));
    plan
}

fn compare(plan: &mut Plan, kind: PartKind, path: &str, old: &Json, new: &Json) {
    let told = plan.len();
    let lists = kind.lists();
    let mut changes = own_changes(lists, old, new);
    for (key, kind) in lists {
        changes.extend(moved(key, *kind, &items(key, old), &items(key, new)));
    }
    if !changes.is_empty() {
        plan.changed.push(Part { changes, ..part(kind, id_of(old), path, old) });
    }
    for (key, kind) in lists {
        let (before, after) = (items(key, old), items(key, new));
        let below = |item: &Item<'_>| if path.is_empty() { item.path.clone() } else { format!("{path}.{}", item.path) };
        for item in &after {
            match before.iter().find(|other| other.id() == item.id()) {
                Some(other) => compare(plan, *kind, &below(item), other.json, item.json),
                None => plan.added.push(part(*kind, None, &below(item), item.json)),
            }
        }
        let gone = before.iter().filter(|item| !after.iter().any(|other| other.id() == item.id()));
        plan.removed.extend(gone.map(|item| part(*kind, item.id(), &below(item), item.json)));
    }
    // Whatever else differs, such as a section without items, is told whole.
    if plan.len() == told && old != new {
        plan.changed.push(Part { changes: own_changes(&[], old, new), ..part(kind, id_of(old), path, old) });
    }
}

fn part(kind: PartKind, id: Option<Id>, path: &str, json: &Json) -> Part {
    Part { kind, id, name: kind.name_of(json), path: path.to_owned(), changes: Vec::new(), weight: Weight::default() }
}

/// One of a list of parts.
struct Item<'a> {
    json: &'a Json,
    /// From the part that has the list.
    path: String,
    /// Of an item of a checklist.
    section: Option<&'a Json>,
}

impl Item<'_> {
    fn id(&self) -> Option<Id> {
        id_of(self.json)
    }
}

/// The items of a checklist stand in sections, which are no parts.
fn items<'a>(key: &str, part: &'a Json) -> Vec<Item<'a>> {
    let list = list(part, key);
    if key != "checklist" {
        let item = |(index, json)| Item { json, path: format!("{key}[{index}]"), section: None };
        return list.iter().enumerate().map(item).collect();
    }
    let of_section = |(place, section): (usize, &'a Json)| {
        let item = move |(index, json)| Item { json, path: format!("{key}[{place}].items[{index}]"), section: section.get("section") };
        self::list(section, "items").iter().enumerate().map(item).collect::<Vec<_>>()
    };
    list.iter().enumerate().flat_map(of_section).collect()
}

fn list<'a>(part: &'a Json, key: &str) -> &'a [Json] {
    part.get(key).and_then(Json::as_array).map_or(&[], Vec::as_slice)
}

fn id_of(part: &Json) -> Option<Id> {
    part.get("id").and_then(Json::as_str).and_then(|id| id.parse().ok())
}

/// The keys of the part itself that are others.
fn own_changes(lists: &[(&str, PartKind)], old: &Json, new: &Json) -> Vec<KeyChange> {
    let nothing = Map::new();
    let (old, new) = (old.as_object().unwrap_or(&nothing), new.as_object().unwrap_or(&nothing));
    let is_own = |key: &&String| key.as_str() != "id" && !lists.iter().any(|(list, _)| list == key);
    let gone = old.keys().filter(|key| !new.contains_key(*key));
    let keys = new.keys().chain(gone).filter(is_own).filter(|key| old.get(*key) != new.get(*key));
    let value = |of: &Map<String, Json>, key: &String| of.get(key).cloned().unwrap_or(Json::Null);
    keys.map(|key| KeyChange { key: key.clone(), from: value(old, key), to: value(new, key) }).collect()
}

/// Whether the parts that stay stand in another order, or under other headings.
fn moved(key: &str, kind: PartKind, old: &[Item<'_>], new: &[Item<'_>]) -> Option<KeyChange> {
    let staying = |list: &[Item<'_>], other: &[Item<'_>]| {
        let stays = |item: &&Item<'_>| other.iter().any(|other| other.id() == item.id());
        list.iter().filter(stays).map(|item| (item.id(), item.section.cloned())).collect::<Vec<_>>()
    };
    if staying(old, new) == staying(new, old) {
        return None;
    }
    let named = |item: &Item<'_>| match item.section.and_then(Json::as_str) {
        Some(section) => Json::String(format!("{section}: {}", kind.name_of(item.json))),
        None => Json::String(kind.name_of(item.json)),
    };
    Some(KeyChange { key: key.to_owned(), from: old.iter().map(named).collect(), to: new.iter().map(named).collect() })
}

fn is_zero(number: &i64) -> bool {
    *number == 0
}
