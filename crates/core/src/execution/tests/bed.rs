//! An execution of an action that a document describes, taken from call to call as the engine would.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::tz::TimeZone;
use serde_json::{Value as Json, json};

use crate::access::Access;
use crate::actor::Actor;
use crate::checklist::StoredItem;
use crate::condition::Scene;
use crate::definition::{compile, parse_yaml, read};
use crate::execution::call::{Answer, Call, EmailRequest, Failure, FailureKind, HttpRequest, Reply, Request};
use crate::execution::{
    DryRun, Execution, Foresight, Look, Next, Ran, Reader, Resume, Run, Status, StepStatus, dry_run, run, show_dry_run,
};
use crate::fixtures::Ids;
use crate::ids::Id;
use crate::people::{User, UserState, Workspace};
use crate::task::{Change, Task};
use crate::time::Timestamp;
use crate::told::Told;
use crate::value::{Value, parse};
use crate::workflow::Workflow;

pub const ANN: i64 = 11;
pub const BOB: i64 = 12;
pub const KEY: i64 = 51;
const WORKFLOW: i64 = 41;

const DOCUMENT: &str = "
name: Orders
fields:
  - { name: ID, type: uniqueId, autoincrement: true }
  - { name: Name, type: text, required: true }
  - { name: Notes, type: longText }
  - { name: Email, type: email }
  - { name: Amount, type: currency, currency: USD }
  - { name: Count, type: number }
  - { name: Due, type: date }
  - { name: Seen, type: datetime }
  - { name: Owner, type: person }
  - { name: Plan, type: singleSelect, options: [Free, Pro] }
  - { name: Tags, type: multipleSelect, options: [Red, Blue] }
  - { name: Paid, type: checkbox }
  - { name: Site, type: url }
  - { name: Papers, type: file }
stages: [ { name: Open }, { name: Held }, { name: Done, end: true } ]
";

pub fn id(n: i64) -> Id {
    Id::from_i64(n).expect("not negative")
}

pub fn workspace() -> Workspace {
    let user = |n, email: &str, first_name: &str| User {
        id: id(n),
        email: email.to_owned(),
        first_name: first_name.to_owned(),
        last_name: "Lee".to_owned(),
        admin: true,
        state: UserState::Active,
    };
    let users = vec![user(ANN, "ann@example.com", "Ann"), user(BOB, "bob@example.com", "Bob")];
    Workspace::new(id(1), "Acme".to_owned(), TimeZone::get("Europe/Berlin").expect("known"), None, users, Vec::new())
}

/// The workflow whose one action, Finish, takes these steps: YAML, each in its line. `change` has the last word on the document.
fn workflow_with(steps: &str, change: impl FnOnce(String) -> String) -> Workflow {
    let steps: String = steps.lines().filter(|line| !line.trim().is_empty()).map(|line| format!("      - {}\n", line.trim())).collect();
    let action = format!("actions:\n  - name: Finish\n    from: [Open]\n    steps:{}\n{steps}", if steps.is_empty() { " []" } else { "" });
    let document = parse_yaml(&change(format!("{DOCUMENT}{action}"))).unwrap_or_else(|error| panic!("{error}"));
    let read = read(document, None, &workspace(), &mut Ids(1000)).unwrap_or_else(|problems| panic!("{problems:?}"));
    compile(id(WORKFLOW), 1, &read.definition).unwrap_or_else(|problems| panic!("{problems:?}"))
}

#[derive(Default)]
pub struct Known {
    pub taken: Vec<String>,
}

impl Look for Known {
    fn checklist(&mut self) -> Vec<StoredItem> {
        Vec::new()
    }

    fn unique_id_taken(&mut self, unique_id: &str) -> bool {
        self.taken.iter().any(|taken| taken == unique_id)
    }

    fn active_tasks(&mut self, users: &[Id]) -> Vec<i64> {
        vec![0; users.len()]
    }
}

/// What is stored between two runs.
pub struct Bed {
    pub workspace: Workspace,
    pub pinned: Workflow,
    pub current: Workflow,
    pub execution: Execution,
    pub task: Option<Task>,
    /// The call that is under way or waits.
    pub call: Option<Call>,
    pub comments: Vec<String>,
    pub now: Timestamp,
    pub mail_from: Option<&'static str>,
    pub known: Known,
}

impl Bed {
    pub fn new(steps: &str) -> Bed {
        Bed::with(steps, |document| document)
    }

    pub fn with(steps: &str, change: impl FnOnce(String) -> String) -> Bed {
        let pinned = workflow_with(steps, change);
        let task = Task {
            id: id(100),
            workflow: id(WORKFLOW),
            stage: pinned.stages[0].id,
            assignee: None,
            values: BTreeMap::new(),
            version: 1,
            created_at: Timestamp::from_micros(0),
            updated_at: Timestamp::from_micros(0),
            created_by: Actor::ApiKey(id(KEY)),
            performers: BTreeMap::new(),
        };
        let workspace = workspace();
        let scene = Scene {
            workspace: &workspace,
            workflow: &pinned,
            task: &task,
            performer: Actor::User(id(ANN)),
            now: Timestamp::from_micros(0),
            public_url: "",
        };
        let execution = Execution { asked_by: Actor::ApiKey(id(KEY)), ..Execution::new(id(200), &scene, &pinned.actions[0]) };
        Bed {
            workspace,
            current: pinned.clone(),
            pinned,
            execution,
            task: Some(task),
            call: None,
            comments: Vec::new(),
            now: Timestamp::from_micros(1_790_000_000_000_000),
            mail_from: Some("Acme <baton@acme.example>"),
            known: Known::default(),
        }
        .set(&[("Name", json!("Ada"))])
    }

    /// The task with these values.
    pub fn set(mut self, values: &[(&str, Json)]) -> Bed {
        for (name, given) in values {
            let field = self.current.field_named(name).expect(name);
            let value = parse(field, &self.workspace, given).expect(name).expect(name);
            self.task.as_mut().expect("there").values.insert(field.id, value);
        }
        self
    }

    pub fn set_value(mut self, name: &str, value: Value) -> Bed {
        let field = self.current.field_named(name).expect(name).id;
        self.task.as_mut().expect("there").values.insert(field, value);
        self
    }

    pub fn performed_by(mut self, performer: Actor) -> Bed {
        self.execution.performer = performer;
        self
    }

    /// The value of a field, as templates show it.
    pub fn text(&self, name: &str) -> String {
        let field = self.current.field_named(name).expect(name);
        crate::value::text(field, &self.workspace, self.task.as_ref().expect("there").values.get(&field.id))
    }

    pub fn stage(&self) -> &str {
        &self.current.stage(self.task.as_ref().expect("there").stage).expect("known").name
    }

    pub fn begin(&mut self) -> Ran {
        self.go(None)
    }

    /// Claimed anew: by whoever comes after a crash, or when its wait is over.
    pub fn claim(&mut self) -> Ran {
        self.go(None)
    }

    pub fn reply(&mut self, reply: Reply) -> Ran {
        self.go(Some((reply, Duration::from_secs(1))))
    }

    pub fn reply_after(&mut self, reply: Reply, took: Duration) -> Ran {
        self.go(Some((reply, took)))
    }

    fn go(&mut self, reply: Option<(Reply, Duration)>) -> Ran {
        let ran = self.look(reply.as_ref());
        self.keep(&ran);
        ran
    }

    /// Runs and keeps nothing of it.
    fn look(&self, reply: Option<&(Reply, Duration)>) -> Ran {
        let resume = match (&self.call, reply) {
            (Some(call), Some((reply, took))) => Resume::Replied { call, reply, took: *took },
            (Some(call), None) => Resume::Call(call),
            (None, _) => Resume::Begin,
        };
        let input = Run { resume, ..self.input() };
        run(input, &mut Known { taken: self.known.taken.clone() })
    }

    fn input(&self) -> Run<'_> {
        Run {
            execution: &self.execution,
            pinned: &self.pinned,
            current: &self.current,
            workspace: &self.workspace,
            task: self.task.clone(),
            resume: Resume::Begin,
            now: self.now,
            public_url: "https://baton.example.com",
            mail_from: self.mail_from,
            jitter: 0.5,
        }
    }

    /// What it would do from here, without doing it.
    pub fn dry_run(&self) -> DryRun {
        dry_run(&self.input(), &mut Known { taken: self.known.taken.clone() })
    }

    /// As a reader with this access is shown it.
    pub fn foresight(&self, access: Access<'_>) -> Foresight {
        let reader = Reader { workflow: &self.current, workspace: &self.workspace, access };
        let action = self.current.action(self.execution.action).expect("the action");
        show_dry_run(&self.dry_run(), action, self.task.as_ref().expect("there"), reader)
    }

    /// As the engine writes it.
    fn saved(&self, before: &Task, after: Task) -> Task {
        let changed = !Change::between(before, &after).is_empty();
        if changed { Task { version: before.version + 1, updated_at: self.now, ..after } } else { after }
    }

    fn keep(&mut self, ran: &Ran) {
        let after = ran.task.clone().map(|(before, after)| self.saved(&before, after));
        if ran.deleted {
            self.execution.snapshot = after;
            self.task = None;
        } else if self.task.is_some() {
            self.task = after;
        }
        self.comments.extend(ran.comments.clone());
        self.execution.steps.clone_from(&ran.steps);
        self.execution.spent = ran.spent;
        self.call = match &ran.next {
            Next::Finished(status) => {
                self.execution.status = status.clone();
                None
            }
            Next::Call { call, .. } => Some(call.clone()),
            Next::Wait { call, until } => {
                self.now = *until;
                Some(call.clone())
            }
        };
    }

    pub fn statuses(&self) -> Vec<StepStatus> {
        self.execution.steps.iter().map(|step| step.status).collect()
    }

    pub fn errors(&self) -> Vec<String> {
        match &self.execution.status {
            Status::Fail { errors, .. } => whole(errors),
            other => panic!("{other:?}"),
        }
    }

    pub fn succeeded(&self) -> bool {
        matches!(self.execution.status, Status::Success { .. })
    }

    /// The call that goes out now.
    pub fn http(&self) -> &HttpRequest {
        match self.call.as_ref().map(|call| &call.request) {
            Some(Request::Http(request)) => request,
            other => panic!("{other:?} {:?}", self.execution.status),
        }
    }

    pub fn email(&self) -> &EmailRequest {
        match self.call.as_ref().map(|call| &call.request) {
            Some(Request::Email(request)) => request,
            other => panic!("{other:?} {:?}", self.execution.status),
        }
    }
}

pub fn whole(errors: &[Told]) -> Vec<String> {
    errors.iter().map(|told| told.whole().to_owned()).collect()
}

pub fn answer(status: u16, content_type: Option<&str>, body: &str) -> Reply {
    let failure = (!(200..300).contains(&status)).then(|| Told::plain(format!("API call to a.example answered {status}: {body}")));
    Reply::Answered(Answer {
        status,
        failure,
        content_type: content_type.map(str::to_owned),
        retry_after: None,
        body: body.as_bytes().to_vec(),
    })
}

pub fn ok(body: &Json) -> Reply {
    answer(200, Some("application/json"), &body.to_string())
}

pub fn failed(kind: FailureKind) -> Reply {
    Reply::Failed(Failure { told: Told::plain(format!("{kind:?}")), kind })
}
