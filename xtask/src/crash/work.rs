//! The workflow that shows what became of each execution: every one raises the task's Count by one, and each of its
//! steps leaves a token with that number, so that a doubled, skipped or misplaced effect is plain to see in the task.

use serde_json::{Value, json};

/// The three actions. `Stumble` fails in the middle: what came before stays, what comes after must not happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    Walk,
    Return,
    Stumble,
}

impl Kind {
    pub const ALL: [Kind; 3] = [Kind::Walk, Kind::Return, Kind::Stumble];

    pub fn name(self) -> &'static str {
        match self {
            Kind::Walk => "Walk",
            Kind::Return => "Return",
            Kind::Stumble => "Stumble",
        }
    }

    /// What the execution that raised Count to `number` appends to the Trail.
    pub fn trail(self, number: usize) -> String {
        match self {
            Kind::Walk => format!("w{number};W{number};"),
            Kind::Return => format!("r{number};"),
            Kind::Stumble => format!("s{number};"),
        }
    }

    pub fn comment(self, number: usize) -> String {
        let letter = match self {
            Kind::Walk => 'w',
            Kind::Return => 'r',
            Kind::Stumble => 's',
        };
        format!("{letter}{number}")
    }

    pub fn stage_after(self) -> Option<&'static str> {
        match self {
            Kind::Walk => Some("Away"),
            Kind::Return => Some("Home"),
            Kind::Stumble => None,
        }
    }

    /// How it ends: the status, and the failing step's error.
    pub fn end(self) -> End {
        match self {
            Kind::Walk | Kind::Return => End { status: "Success".into(), errors: vec![] },
            Kind::Stumble => End { status: "Fail".into(), errors: vec!["Performed by API, not by a person".into()] },
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    pub status: String,
    pub errors: Vec<String>,
}

pub const FIRST_STAGE: &str = "Home";

pub const CLIENTS: usize = 8;

/// The field that one client alone writes to.
pub fn edit_field(client: usize) -> String {
    format!("Edit {client}")
}

pub fn definition() -> Value {
    let count = json!({"do": "update_data", "increment": {"Count": 1}});
    let trail = |token: &str| json!({"do": "update_data", "set": {"Trail": format!("{{{{Trail}}}}{token}{{{{Count}}}};")}});
    let comment = |token: &str| json!({"do": "add_comment", "text": format!("{token}{{{{Count}}}}")});
    let stage = |stage: &str| json!({"do": "move_to_stage", "stage": stage});
    let action = |kind: Kind, steps: Vec<Value>| {
        let requirements = json!([{"require": "fields", "fields": ["Name"]}]);
        json!({"name": kind.name(), "from": ["Home", "Away"], "requirements": requirements, "steps": steps})
    };
    let mut fields = vec![
        json!({"name": "ID", "type": "uniqueId", "autoincrement": true}),
        json!({"name": "Name", "type": "text", "required": true}),
        json!({"name": "Count", "type": "number"}),
        json!({"name": "Trail", "type": "longText"}),
    ];
    fields.extend((0..CLIENTS).map(|client| json!({"name": edit_field(client), "type": "text"})));
    json!({
        "name": "Crash",
        "fields": fields,
        "stages": [{"name": "Home"}, {"name": "Away"}, {"name": "Gone", "end": true}],
        "actions": [
            action(Kind::Walk, vec![count.clone(), trail("w"), comment("w"), stage("Away"), trail("W")]),
            action(Kind::Return, vec![count.clone(), trail("r"), stage("Home"), comment("r")]),
            action(Kind::Stumble, vec![count, trail("s"), comment("s"), json!({"do": "assign_to", "to": "performer"}), trail("never")]),
        ],
    })
}
