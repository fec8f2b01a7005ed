//! An action with what speaks against it, and how it could be opened.

use baton_core::definition::type_of;
use baton_core::ids::Id;
use baton_core::people::Workspace;
use baton_core::refusal::{A_VALUE, Refusal};
use baton_core::unblock::{Item, Move, Setting, To, Wanted, Who};
use baton_core::value;
use baton_core::workflow::Workflow;
use baton_engine::commands::actions::{Explained, Explanations, Told};
use serde::Serialize;
use serde_json::{Value as Json, json};

use super::options_of;

#[derive(Serialize)]
pub struct ShownExplained<'a> {
    id: Id,
    name: &'a str,
    color: &'a str,
    available: bool,
    reasons: Vec<Reason<'a>>,
    errors: Vec<Reason<'a>>,
    unblock: Vec<Json>,
}

#[derive(Serialize)]
struct Reason<'a> {
    code: &'static str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
}

pub fn shown(found: &Explanations) -> Vec<ShownExplained<'_>> {
    let names = Names { workflow: &found.workflow, workspace: &found.workspace };
    found.actions.iter().map(|explained| names.action(explained)).collect()
}

impl<'a> From<&'a Refusal> for Reason<'a> {
    fn from(refusal: &'a Refusal) -> Reason<'a> {
        let field = refusal.field().filter(|field| *field != A_VALUE);
        Reason { code: refusal.code(), message: refusal.to_string(), field }
    }
}

/// What the parts of a way are called.
struct Names<'a> {
    workflow: &'a Workflow,
    workspace: &'a Workspace,
}

impl Names<'_> {
    fn action<'b>(&self, explained: &'b Explained) -> ShownExplained<'b> {
        let Explained { id, name, color, explanation, ways } = explained;
        ShownExplained {
            id: *id,
            name,
            color,
            available: explanation.is_available(),
            reasons: explanation.reasons.iter().map(Reason::from).collect(),
            errors: explanation.errors.iter().map(Reason::from).collect(),
            unblock: ways.iter().map(|way| self.way(way)).collect(),
        }
    }

    fn way(&self, way: &Told) -> Json {
        let moves: Vec<Json> = way.moves.iter().map(|(step, text)| self.step(step, text)).collect();
        json!({ "text": way.text, "certain": way.certain, "moves": moves })
    }

    fn step(&self, step: &Move, text: &str) -> Json {
        let (kind, by, what) = match step {
            Move::SetFields { fields, by } => {
                let fields: Vec<Json> = fields.iter().filter_map(|setting| self.setting(setting)).collect();
                ("set_fields", Some(by), json!({ "fields": fields }))
            }
            Move::CompleteChecklist { items, by } => {
                let items: Vec<Json> = items.iter().map(|Item { id, title }| json!({ "id": id, "title": title })).collect();
                ("complete_checklist", Some(by), json!({ "items": items }))
            }
            Move::Assign { to, by } => ("assign", Some(by), self.assigning(*to)),
            Move::TakeAction { action, stage, by } => {
                let name = self.workflow.action(*action).map(|action| action.name.as_str());
                let stage = self.workflow.stage(*stage).map(|stage| stage.name.as_str());
                ("take_action", Some(by), json!({ "action": { "id": action, "name": name }, "leads_to": stage }))
            }
            Move::LetAct { users } => ("let_act", None, json!({ "users": self.emails(users) })),
        };
        let mut shown = json!({ "do": kind });
        let parts = [what, by.map(|by| self.who(by)).unwrap_or_default(), json!({ "text": text })];
        let keys = shown.as_object_mut().expect("an object");
        parts.into_iter().filter_map(|part| part.as_object().cloned()).for_each(|part| keys.extend(part));
        shown
    }

    /// `value` is what it must become, `example` what would do.
    fn setting(&self, setting: &Setting) -> Option<Json> {
        let field = self.workflow.field(setting.field)?;
        let value = value::show(field, self.workspace, setting.to.value());
        let mut shown = json!({ "name": field.name, "type": type_of(&field.kind) });
        if let Some(options) = options_of(&field.kind) {
            shown["options"] = options.into();
        }
        match setting.to {
            Wanted::This(_) => shown["value"] = value,
            Wanted::Any(_) | Wanted::Like(_) => shown["example"] = value,
        }
        Some(shown)
    }

    fn assigning(&self, to: To) -> Json {
        match to {
            To::Nobody => json!({ "to": null }),
            To::User(user) => json!({ "to": self.email(user) }),
            To::Anybody(user) => json!({ "example": self.email(user) }),
        }
    }

    fn who(&self, who: &Who) -> Json {
        match who {
            Who::Performer => json!({ "by": "performer" }),
            Who::Key => json!({ "by": "api_key" }),
            Who::Users(users) => json!({ "by": "users", "users": self.emails(users) }),
        }
    }

    fn email(&self, user: Id) -> Option<&str> {
        self.workspace.user(user).map(|user| user.email.as_str())
    }

    fn emails(&self, users: &[Id]) -> Vec<&str> {
        users.iter().filter_map(|user| self.email(*user)).collect()
    }
}
