//! Ways as sentences.

use super::{Ask, Item, Move, Setting, To, Wanted, Way, Who};
use crate::ids::Id;
use crate::value::{self, Value};
use crate::workflow::{Field, FieldKind};

impl Way {
    pub fn sentence(&self, ask: &Ask<'_>) -> String {
        let moves: Vec<String> = self.moves.iter().map(|step| step.sentence(ask)).collect();
        let sure = if self.certain { "" } else { " Whether that is enough can't be known beforehand." };
        format!("{}{sure}", moves.join(" "))
    }
}

impl Move {
    pub fn sentence(&self, ask: &Ask<'_>) -> String {
        match self {
            Move::SetFields { fields, by } => {
                let phrases = |verb: &str, overwrites: bool| {
                    let told = fields.iter().filter(|setting| setting.overwrites == overwrites);
                    let told: Vec<String> = told.filter_map(|setting| setting.phrase(ask)).collect();
                    (!told.is_empty()).then(|| format!("{verb} {}", list(&told, "and")))
                };
                let both: Vec<String> = [phrases("set", false), phrases("change", true)].into_iter().flatten().collect();
                by.does(ask, &both.join(", and "))
            }
            Move::CompleteChecklist { items, by } => {
                let titles: Vec<String> = items.iter().map(|Item { title, .. }| title.clone()).collect();
                by.does(ask, &format!("complete or skip {}", list(&titles, "and")))
            }
            Move::Assign { to, by } => by.does(ask, &assigning(ask, *to)),
            Move::TakeAction { action, stage, by } => {
                let action = ask.scene.workflow.action(*action).map_or("", |action| &action.name);
                let stage = ask.scene.workflow.stage(*stage).map_or("", |stage| &stage.name);
                by.does(ask, &format!("take {action}, which leads to {stage}"))
            }
            Move::LetAct { users } => format!("Let {} take it.", list(&emails(ask, users), "or")),
        }
    }
}

fn assigning(ask: &Ask<'_>, to: To) -> String {
    match to {
        To::Nobody => "assign the task to nobody".to_owned(),
        To::Anybody(_) => "assign the task to somebody".to_owned(),
        To::User(user) if ask.scene.performer.user() == Some(user) => "assign the task to yourself".to_owned(),
        To::User(user) => format!("assign the task to {}", email(ask, user)),
    }
}

impl Who {
    /// `what` begins with a verb.
    fn does(&self, ask: &Ask<'_>, what: &str) -> String {
        match self {
            Who::Performer => {
                let mut letters = what.chars();
                let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
                format!("{first}{}.", letters.as_str())
            }
            Who::Key => format!("With the API key itself, and nobody who performs, {what}."),
            Who::Users(users) => format!("Have {} {what}.", list(&emails(ask, users), "or")),
        }
    }
}

impl Setting {
    fn phrase(&self, ask: &Ask<'_>) -> Option<String> {
        let field = ask.scene.workflow.field(self.field)?;
        let shown = |value: &Value| {
            let text = value::text(field, ask.scene.workspace, Some(value));
            if matches!(value, Value::Text(_)) { format!("\"{text}\"") } else { text }
        };
        Some(match &self.to {
            Wanted::Any(_) => format!("{} ({})", field.name, type_of(field)),
            Wanted::This(None) => format!("{} to nothing", field.name),
            Wanted::This(Some(value)) => format!("{} to {}", field.name, shown(value)),
            Wanted::Like(value) => format!("{} to something like {}", field.name, shown(value)),
        })
    }
}

/// What may be written there.
fn type_of(field: &Field) -> String {
    match &field.kind {
        FieldKind::SingleSelect { options } => {
            let names: Vec<String> = options.iter().map(|option| option.name.clone()).collect();
            list(&names, "or")
        }
        FieldKind::MultipleSelect { options } => {
            let names: Vec<String> = options.iter().map(|option| option.name.clone()).collect();
            format!("any of {}", list(&names, "and"))
        }
        FieldKind::Text => "a text".to_owned(),
        FieldKind::LongText => "a long text".to_owned(),
        FieldKind::Number => "a number".to_owned(),
        FieldKind::Phone => "a phone number".to_owned(),
        FieldKind::Currency { code, .. } => format!("an amount in {code}"),
        FieldKind::Date => "a date".to_owned(),
        FieldKind::DateTime => "a date and time".to_owned(),
        FieldKind::Person => "a user of the workspace".to_owned(),
        FieldKind::Checkbox => "ticked".to_owned(),
        FieldKind::UniqueId { .. } => "an ID that no other has".to_owned(),
        FieldKind::File { .. } => "files".to_owned(),
        FieldKind::Email => "an e-mail address".to_owned(),
        FieldKind::Url => "an address".to_owned(),
    }
}

fn email(ask: &Ask<'_>, user: Id) -> String {
    ask.scene.workspace.user(user).map(|user| user.email.clone()).unwrap_or_default()
}

fn emails(ask: &Ask<'_>, users: &[Id]) -> Vec<String> {
    users.iter().map(|user| email(ask, *user)).collect()
}

fn list(parts: &[String], last: &str) -> String {
    match parts {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., end] => format!("{} {last} {end}", first.join(", ")),
    }
}
