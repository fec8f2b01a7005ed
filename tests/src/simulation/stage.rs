//! The workspace and workflow of all runs: made once a thread, and swept clean before each run.

use std::sync::Arc;

use baton_connect::seal::{KEY_BYTES, MasterKey, NONCE_BYTES};
use baton_core::ids::Id;
use baton_core::time::Timestamp;
use baton_core::workflow::Workflow;
use baton_engine::commands::definitions;
use baton_engine::commands::tasks::Expected;
use baton_engine::commands::workspaces::{self, NewWorkspace};
use baton_engine::env::{Clock, Entropy};
use baton_engine::{Ask, Credential, Engine, EngineOptions, Surroundings};
use baton_store::{Options, Place, Store, StoreError, Tx};
use serde_json::{Value as Json, json};

pub const ADMIN: &str = "albus@hogwarts.edu";
/// What each step that appends to it appends is named after action and step, so that a doubled, skipped or misplaced one is seen.
pub const TRAIL: &str = "Trail";
/// What some actions require.
pub const GATE: &str = "Gate";
/// What only people write to.
pub const NOTE: &str = "Note";

const SECRET: &str = "owl";
const MASTER_KEY: [u8; KEY_BYTES] = [7; KEY_BYTES];

pub struct Stage {
    pub store: Store,
    pub workspace: Id,
    pub workflow: String,
    /// The revision that runs.
    pub compiled: Arc<Workflow>,
}

/// What a run leaves; all other tables stay as they were made.
pub const TABLES: [&str; 13] = [
    "search_queue",
    "tasks",
    "task_values",
    "task_counts",
    "executions",
    "jobs",
    "nodes",
    "activity",
    "activity_heads",
    "comments",
    "idempotency",
    "calls",
    "timers",
];

const SWEEP: [&str; 14] = [
    "DELETE FROM tasks",
    "DELETE FROM task_values",
    "DELETE FROM task_counts",
    "DELETE FROM search_queue",
    "INSERT INTO task_search (task_search) VALUES ('delete-all')",
    "DELETE FROM executions",
    "DELETE FROM jobs",
    "DELETE FROM nodes",
    "DELETE FROM activity",
    "DELETE FROM activity_heads",
    "DELETE FROM comments",
    "DELETE FROM idempotency",
    "DELETE FROM calls",
    "DELETE FROM timers",
];

/// A clock for what is made before time begins.
struct Before;

impl Clock for Before {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(1_790_000_000_000_000)
    }

    fn monotonic(&self) -> std::time::Duration {
        std::time::Duration::ZERO
    }
}

impl Stage {
    pub async fn set() -> Stage {
        let store = Store::open(Options::new(Place::Memory)).expect("memory can be opened");
        let node = Id::from_i64(1).expect("not negative");
        let options = EngineOptions::new("http://localhost", 1, node);
        let engine = Engine::new(store.clone(), Surroundings::bare(Arc::new(Before), Entropy::from_seed(1)), options);
        let workspace = engine.fresh_id();
        let ask = Ask { credential: Credential::Operator { workspace }, request: None };
        let made = engine.write(ask.clone(), move |cx| {
            let admin_email = ADMIN.to_owned();
            workspaces::create(
                cx,
                &NewWorkspace { name: "Hogwarts".to_owned(), admin_email, admin_password: None, time_zone: "UTC".to_owned() },
            )?;
            let workflow = definitions::create(cx, &definition(false))?.workflow;
            definitions::save(cx, &workflow.to_string(), &definition(true), &Expected::Anything)?;
            Ok((workflow, cx.workflow(&workflow.to_string())?.workflow))
        });
        let (workflow, compiled) = made.await.expect("the definition is valid");
        let sealed = master_key().seal(&workspace.to_string(), SECRET, b"alohomora", [3; NONCE_BYTES]);
        let keep = move |tx: &mut dyn Tx| {
            let sql = "INSERT INTO secrets (workspace_id, name, sealed, created_at, updated_at) VALUES ($1, $2, $3, 0, 0)";
            tx.execute(sql, &[workspace.into(), SECRET.into(), sealed.as_slice().into()])
        };
        store.write(keep).await.expect("there is no such secret yet");
        Stage { store, workspace, workflow: workflow.to_string(), compiled }
    }

    pub async fn sweep(&self) -> Result<(), StoreError> {
        let sweep = |tx: &mut dyn Tx| SWEEP.iter().try_for_each(|sql| tx.execute(sql, &[]).map(drop));
        self.store.write(sweep).await
    }

    pub fn action(&self, name: &str) -> Id {
        self.compiled.actions.iter().find(|action| action.name == name).expect("the definition has it").id
    }

    pub fn field(&self, name: &str) -> Id {
        self.compiled.fields.iter().find(|field| field.name == name).expect("the definition has it").id
    }
}

pub fn master_key() -> MasterKey {
    MasterKey::new(&MASTER_KEY)
}

/// What is asked for, each action as often as it stands here.
pub const ACTIONS: [&str; 14] =
    ["Write", "Write", "Go", "Go", "Back", "Back", "Call", "Call", "Call", "Once", "Mail", "Plan", "Plan", "Drop"];

/// `strict`: with stages and requirements. The other one checks nothing.
fn definition(strict: bool) -> Json {
    let trail = |token: &str| json!({ "do": "update_data", "set": { TRAIL: format!("{{{{{TRAIL}}}}}{token};") } });
    let comment = |text: &str| json!({ "do": "add_comment", "text": text });
    let stage = |stage: &str| json!({ "do": "move_to_stage", "stage": stage });
    let later =
        |stage: &str, after: &str, keep: bool| json!({ "do": "schedule_stage_change", "stage": stage, "after": after, "keep": keep });
    let retry = json!({ "attempts": 4, "first": "1s", "max": "4s" });
    let call = |path: &str| json!({ "do": "api_call", "url": format!("https://owls.example.com/{path}"), "timeout": "5s" });
    let with = |mut step: Json, key: &str, value: Json| {
        step[key] = value;
        step
    };
    let repeated = |path: &str| with(call(path), "retry", retry.clone());
    let mapped = with(with(repeated("map"), "body", json!("{}")), "map", json!({ "Got": "/got" }));
    let signed = with(repeated("task"), "auth", json!({ "bearer": format!("secret:{SECRET}") }));
    let once = with(call("once"), "never_repeat", json!(true));
    let mail = json!({ "do": "email", "to": ADMIN, "subject": "Hello", "body": "{{Trail}}", "timeout": "5s" });
    let action = |name: &str, from: &[&str], required: bool, steps: Vec<Json>| {
        let from = if strict { json!(from) } else { json!(["Open", "Away", "Gone"]) };
        let requirements = if strict && required { json!([{ "require": "fields", "fields": [GATE] }]) } else { json!([]) };
        json!({ "name": name, "from": from, "requirements": requirements, "steps": steps })
    };
    let all = ["Open", "Away", "Gone"];
    json!({
        "name": "Owls",
        "fields": [
            { "name": TRAIL, "type": "longText" },
            { "name": GATE, "type": "text" },
            { "name": NOTE, "type": "text" },
            { "name": "Got", "type": "text" },
        ],
        "stages": [{ "name": "Open" }, { "name": "Away" }, { "name": "Gone", "end": true }],
        "actions": [
            action("Write", &["Open", "Away"], true, vec![trail("W1"), comment("W2"), trail("W3")]),
            action("Go", &["Open"], false, vec![trail("G1"), stage("Away"), trail("G3")]),
            action("Back", &["Away", "Gone"], false, vec![trail("B1"), stage("Open")]),
            action("Call", &all, false, vec![trail("C1"), signed, trail("C3"), mapped, comment("C5"), trail("C6")]),
            action("Once", &all, true, vec![trail("O1"), once, trail("O3")]),
            action("Mail", &all, false, vec![trail("M1"), mail, trail("M3")]),
            action("Plan", &["Open", "Away"], false, vec![trail("P1"), later("Gone", "6s", true), later("Away", "3s", false), trail("P4")]),
            action("Drop", &all, false, vec![trail("D1"), json!({ "do": "delete_task" }), repeated("gone")]),
        ],
    })
}
