//! What is there without being written: the two roles of every workflow, and a workflow made without a definition.

use serde_json::Value;

use super::action::Action;
use super::document::{Color, Definition};
use super::field::{Field, FieldType};
use super::json::to_json;
use super::role::Role;
use super::stage::Stage;
use super::step::{MoveToStage, Step};
use crate::env::Env;
use crate::value::fold;

pub const ADMINISTRATOR: &str = "Administrator";
pub const COLLABORATOR: &str = "Collaborator";

/// Adds the roles that every workflow begins with, in front, so that the exported document carries them.
///
/// Administrator is there whenever no other role is admin. Collaborator cannot be dropped by leaving it out, but it can
/// be renamed by its id: then the current document has none, and none comes back.
pub(super) fn add_roles(definition: &mut Definition, current: Option<&Definition>, env: &mut dyn Env) {
    // Names that differ only by case are one name.
    let is = |role: &Role, name: &str| fold(&role.name) == fold(name);
    let begins = |name: &str| match current {
        None => true,
        Some(current) => current.roles.iter().any(|role| is(role, name)),
    };
    let id_of = |name: &str| current.and_then(|current| current.roles.iter().find(|role| is(role, name))).and_then(|role| role.id);
    let missing = |definition: &Definition, name: &str| {
        !definition.roles.iter().any(|role| is(role, name) || (role.id.is_some() && role.id == id_of(name)))
    };
    if begins(COLLABORATOR) && missing(definition, COLLABORATOR) {
        let id = id_of(COLLABORATOR).unwrap_or_else(|| env.new_id());
        definition.roles.insert(0, Role { id: Some(id), ..role(COLLABORATOR, false) });
    }
    if !definition.roles.iter().any(|role| role.admin) {
        let id = id_of(ADMINISTRATOR).unwrap_or_else(|| env.new_id());
        definition.roles.insert(0, Role { id: Some(id), ..role(ADMINISTRATOR, true) });
    }
}

/// A document for a new workflow that says only what it is called gets the parts of [`Definition::blank`].
pub(super) fn fill_blank(document: &mut Value) {
    const ABOUT_ITSELF: [&str; 4] = ["name", "icon", "record", "stage_by_api"];
    let Value::Object(keys) = document else { return };
    let Some(Value::String(name)) = keys.get("name") else { return };
    if !keys.keys().all(|key| ABOUT_ITSELF.contains(&&**key)) {
        return;
    }
    if let Value::Object(blank) = to_json(&Definition::blank(name)) {
        for (key, part) in blank {
            keys.entry(key).or_insert(part);
        }
    }
}

fn role(name: &str, admin: bool) -> Role {
    Role {
        id: None,
        name: name.to_owned(),
        admin,
        tasks: None,
        visibility: None,
        assigning: None,
        moving: None,
        actions: None,
        analytics: None,
        fields: Default::default(),
    }
}

impl Definition {
    /// A new workflow made without a definition. Like any other document it gets its ids by being read.
    pub fn blank(name: &str) -> Definition {
        Definition {
            name: name.to_owned(),
            icon: None,
            record: None,
            stage_by_api: None,
            fields: vec![Field {
                id: None,
                name: "Name".to_owned(),
                kind: FieldType::Text,
                required: false,
                editable: None,
                options: None,
                currency: None,
                autoincrement: None,
                limit: None,
            }],
            stages: vec![
                stage("Not Started", Color::Gray, false),
                stage("In Progress", Color::Blue, false),
                stage("Done", Color::Green, true),
            ],
            actions: vec![
                transition("Start", Color::Blue, "Not Started", "In Progress"),
                transition("Finish", Color::Green, "In Progress", "Done"),
            ],
            automations: Vec::new(),
            roles: Vec::new(),
            views: Vec::new(),
            forms: Vec::new(),
            layout: None,
            links: Vec::new(),
            data_sync: None,
            migrate: None,
            confirm_loss: Vec::new(),
        }
    }
}

fn stage(name: &str, color: Color, end: bool) -> Stage {
    Stage { id: None, name: name.to_owned(), color: Some(color), end, checklist: Vec::new() }
}

fn transition(name: &str, color: Color, from: &str, to: &str) -> Action {
    Action {
        id: None,
        name: name.to_owned(),
        color: Some(color),
        from: vec![from.to_owned()],
        requirements: Vec::new(),
        steps: vec![Step::MoveToStage(MoveToStage { id: None, stage: to.to_owned(), when: None })],
        confirm: None,
        ask: Vec::new(),
        after: None,
        confetti: false,
    }
}
