//! The workflow that shows what became of each execution: every one raises the task's Count by one, and each of its
//! steps leaves a token with that number, so that a doubled, skipped or misplaced effect is plain to see in the task.

use serde_json::{Value, json};

use crate::sink::Sink;

/// The actions. Each has a letter of its own for its tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    Walk,
    Return,
    /// Fails in the middle: what came before stays, what comes after must not happen.
    Stumble,
    /// Two calls; the answer of the first sets a field.
    Call,
    /// A call that is never repeated.
    Once,
    Mail,
    /// A call that is answered 503, and opts in to more.
    Flaky,
    /// A call that gets no answer, and opts in to more.
    Drop,
    /// Schedules a stage change of a second.
    Later,
    /// A call of some length.
    Hold,
    /// A call that is answered when the sink is told to.
    Hang,
}

/// Between a call that fails and the next.
const RETRY: &str = "1s";
const LATER: &str = "1s";

impl Kind {
    pub const ALL: [Kind; 11] = [
        Kind::Walk,
        Kind::Return,
        Kind::Stumble,
        Kind::Call,
        Kind::Once,
        Kind::Mail,
        Kind::Flaky,
        Kind::Drop,
        Kind::Later,
        Kind::Hold,
        Kind::Hang,
    ];
    /// What clients ask for all the time. Calls are fewer, for each takes as long as some executions without.
    pub const QUICK: [Kind; 9] =
        [Kind::Walk, Kind::Walk, Kind::Return, Kind::Return, Kind::Stumble, Kind::Stumble, Kind::Call, Kind::Once, Kind::Mail];
    /// What takes a second or more, so each has a task of its own that is judged much later.
    pub const SLOW: [Kind; 3] = [Kind::Flaky, Kind::Drop, Kind::Later];

    pub fn name(self) -> String {
        format!("{self:?}")
    }

    fn letter(self) -> char {
        match self {
            Kind::Walk => 'w',
            Kind::Return => 'r',
            Kind::Stumble => 's',
            Kind::Call => 'c',
            Kind::Once => 'o',
            Kind::Mail => 'm',
            Kind::Flaky => 'f',
            Kind::Drop => 'd',
            Kind::Later => 'l',
            Kind::Hold => 'h',
            Kind::Hang => 'g',
        }
    }

    /// What the execution that raised Count to `number` appends to the Trail; `whole` where it came to its end.
    pub fn trail(self, number: usize, whole: bool) -> String {
        let small = self.letter();
        match self {
            Kind::Return | Kind::Stumble | Kind::Later => format!("{small}{number};"),
            _ if !whole => format!("{small}{number};"),
            _ => format!("{small}{number};{}{number};", small.to_ascii_uppercase()),
        }
    }

    /// What it may have left: a call that is not repeated ends the execution where it stands.
    pub fn trails(self, number: usize) -> Vec<(bool, String)> {
        let whole = (true, self.trail(number, true));
        if self == Kind::Once { vec![whole, (false, self.trail(number, false))] } else { vec![whole] }
    }

    pub fn comment(self, number: usize) -> String {
        format!("{}{number}", self.letter())
    }

    pub fn stage_after(self) -> Option<&'static str> {
        match self {
            Kind::Walk | Kind::Later => Some("Away"),
            Kind::Return => Some("Home"),
            _ => None,
        }
    }

    /// How it ends: the status, and the failing step's error.
    pub fn end(self, whole: bool) -> End {
        let fail = |error: &str| End { status: "Fail".into(), errors: vec![error.into()] };
        match self {
            Kind::Stumble => fail("Performed by API, not by a person"),
            Kind::Once if !whole => fail("Outcome unknown: not repeated"),
            _ => End { status: "Success".into(), errors: vec![] },
        }
    }

    /// The steps that call, and where.
    pub fn calls(self) -> &'static [(usize, &'static str)] {
        match self {
            Kind::Call => &[(4, "/task"), (6, "/slow?ms=2")],
            Kind::Once => &[(4, "/once")],
            Kind::Flaky => &[(4, "/flaky")],
            Kind::Drop => &[(4, "/drop")],
            Kind::Hold => &[(4, "/slow?ms=1500")],
            Kind::Hang => &[(4, "/hang")],
            Kind::Walk | Kind::Return | Kind::Stumble | Kind::Mail | Kind::Later => &[],
        }
    }

    /// The step that sends an e-mail.
    pub fn mail(self) -> Option<usize> {
        (self == Kind::Mail).then_some(4)
    }

    /// Whether an attempt that fails is followed by another without any death.
    pub fn retries(self) -> bool {
        matches!(self, Kind::Flaky | Kind::Drop)
    }
}

/// The key of a step's call, and the first part of its e-mail's Message-ID.
pub fn call_key(execution: &str, step: usize) -> String {
    format!("exe_{execution}_s{step}")
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

pub fn definition(sink: &Sink) -> Value {
    let count = json!({"do": "update_data", "increment": {"Count": 1}});
    let trail = |token: char| json!({"do": "update_data", "set": {"Trail": format!("{{{{Trail}}}}{token}{{{{Count}}}};")}});
    let stage = |stage: &str| json!({"do": "move_to_stage", "stage": stage});
    let action = |kind: Kind, rest: Vec<Value>| {
        let requirements = json!([{"require": "fields", "fields": ["Name"]}]);
        let comment = json!({"do": "add_comment", "text": format!("{}{{{{Count}}}}", kind.letter())});
        let steps = [vec![count.clone(), trail(kind.letter()), comment], rest].concat();
        json!({"name": kind.name(), "from": ["Home", "Away"], "requirements": requirements, "steps": steps})
    };
    let call = |path: &str| json!({"do": "api_call", "url": sink.url(path)});
    let with = |mut step: Value, name: &str, value: Value| {
        step[name] = value;
        step
    };
    let again = |path: &str| with(call(path), "retry", json!({"attempts": 20, "backoff": "fixed", "first": RETRY}));
    let echo = json!({"do": "update_data", "set": {"Echo": "{{Echo}}{{Heard}};"}});
    let mail =
        json!({"do": "email", "to": "ada@example.com", "subject": "Number {{Count}}", "body": "{{Name}} has come to **{{Trail}}**."});
    let later = json!({"do": "schedule_stage_change", "stage": "Away", "after": LATER});
    let mut fields = vec![
        json!({"name": "ID", "type": "uniqueId", "autoincrement": true}),
        json!({"name": "Name", "type": "text", "required": true}),
        json!({"name": "Count", "type": "number"}),
        json!({"name": "Trail", "type": "longText"}),
        json!({"name": "Heard", "type": "text"}),
        json!({"name": "Echo", "type": "longText"}),
    ];
    fields.extend((0..CLIENTS).map(|client| json!({"name": edit_field(client), "type": "text"})));
    json!({
        "name": "Crash",
        "fields": fields,
        "stages": [{"name": "Home"}, {"name": "Away"}, {"name": "Gone", "end": true}],
        "actions": [
            action(Kind::Walk, vec![stage("Away"), trail('W')]),
            action(Kind::Return, vec![stage("Home")]),
            action(Kind::Stumble, vec![json!({"do": "assign_to", "to": "performer"}), trail('S')]),
            action(Kind::Call, vec![call("/task"), echo, call("/slow?ms=2"), trail('C')]),
            action(Kind::Once, vec![with(call("/once"), "never_repeat", json!(true)), trail('O')]),
            action(Kind::Mail, vec![mail, trail('M')]),
            action(Kind::Flaky, vec![again("/flaky"), trail('F')]),
            action(Kind::Drop, vec![again("/drop"), trail('D')]),
            action(Kind::Later, vec![later]),
            action(Kind::Hold, vec![call("/slow?ms=1500"), trail('H')]),
            action(Kind::Hang, vec![with(call("/hang"), "timeout", json!("10m")), trail('G')]),
        ],
    })
}
