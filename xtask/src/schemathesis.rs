//! Schemathesis asks the real server what its document allows, and much that it does not, and holds each answer to the document.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::http::Client;
use crate::random::Random;
use crate::server::{Site, text_of};
use crate::{Outcome, clock, shell};

/// One version for all, so that a run today and tomorrow ask the like.
const VERSION: &str = "4.32.5";
const HOW_TO_GET_IT: &str = "install Python 3.10 or later so that `python3 -m venv` works (Debian and Ubuntu: apt-get install python3-venv), \
                             and let pip reach a package index";
const EXAMPLES_SHORT: u32 = 5;

/// Asks the real server what its OpenAPI document allows and what it forbids, and holds every answer to the document.
#[derive(clap::Args)]
pub struct Options {
    /// Random requests of each kind for each endpoint, beside those that are made systematically.
    #[arg(long, default_value_t = EXAMPLES_SHORT)]
    examples: u32,
    /// Chooses the requests; that of an earlier run to ask the same again.
    #[arg(long)]
    seed: Option<u64>,
}

impl Options {
    pub fn short() -> Options {
        Options { examples: EXAMPLES_SHORT, seed: None }
    }
}

/// Schemathesis itself, in a Python environment of its own.
pub struct Program(PathBuf);

impl Program {
    /// Installs it where it is not there; the error says how to get it where we can't.
    pub fn find_or_install() -> Outcome<Program> {
        let environment = shell::workspace().join("target/tools").join(format!("schemathesis-{VERSION}"));
        let program = environment.join("bin/st");
        if shell::read(Command::new(&program).arg("--version")).is_ok_and(|told| told.trim().ends_with(VERSION)) {
            return Ok(Program(program));
        }
        install(&environment).map_err(|error| format!("{error}; {HOW_TO_GET_IT}"))?;
        Ok(Program(program))
    }
}

fn install(environment: &Path) -> Outcome {
    let has_venv = shell::read(Command::new("python3").args(["-c", "import ensurepip, venv"])).is_ok();
    if !has_venv && shell::in_path("apt-get") && shell::is_root() {
        let apt = |arguments: &[&str]| {
            shell::run(Command::new("apt-get").env("DEBIAN_FRONTEND", "noninteractive").args(["-qq", "--yes"]).args(arguments))
        };
        apt(&["update"])?;
        apt(&["install", "--no-install-recommends", "python3", "python3-venv"])?;
    }
    shell::run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(environment))?;
    let mut pip = Command::new(environment.join("bin/pip"));
    shell::run(pip.args(["install", "--quiet", "--disable-pip-version-check", &format!("schemathesis=={VERSION}")]))
}

pub fn run(options: &Options) -> Outcome {
    let Program(program) = Program::find_or_install()?;
    let seed = options.seed.unwrap_or_else(|| Random::new(clock::unix_seconds()).next());
    let binary = shell::build_baton(false)?;
    // Short, because the path of the socket in it has a limit.
    let folder = shell::workspace().join("target").join(format!("schemathesis-{}", std::process::id()));
    let site = Site::create(&binary, &folder, None, Vec::new())?;
    let (server, _) = site.serve_until_ready(&[])?;

    let mut ask = Command::new(program);
    ask.arg("--config-file").arg(shell::workspace().join("tests/schemathesis.toml"));
    ask.arg("run").arg(format!("http://{}/api/openapi.json", site.address()));
    ask.args(["--max-examples", &options.examples.to_string(), "--seed", &seed.to_string()]);
    // It leaves what it has learned where it runs.
    ask.current_dir(&folder).env("BATON_API_KEY", &site.api_key).envs(fill(&mut site.client())?);
    let outcome = shell::run(&mut ask);
    let stopped = server.stop();
    match outcome.and(stopped) {
        Ok(()) => Ok(fs::remove_dir_all(&folder)?),
        Err(error) => Err(format!("{error}; --seed {seed}; the log of the server is in {}", folder.display()).into()),
    }
}

/// Something of everything, and the ids of it by the names that `tests/schemathesis.toml` has for them.
fn fill(client: &mut Client) -> Outcome<Vec<(&'static str, String)>> {
    let mut post = |path: &str, body: Value, status: u16| client.post(path, &body.to_string())?.expect(status);
    let workflow = text_of(&post("/api/v1/workflows", definition("Asked"), 201)?, "id")?;
    let to_delete = text_of(&post("/api/v1/workflows", definition("Deleted"), 201)?, "id")?;
    let at = |rest: &str| format!("/api/v1/workflows/{workflow}{rest}");
    for task in ["678", "679"] {
        post(&at("/tasks"), json!({ "ID": task, "Name": "Dr. Who" }), 201)?;
    }
    let mut item = |title: &str| text_of(&post(&at("/tasks/678/checklist_items"), json!({ "title": title, "Stage": "Open" }), 201)?, "id");
    let (item, item_to_delete) = (item("Look")?, item("Look again")?);
    let actions = client.get(&at("/tasks/678/actions"))?.expect(200)?;
    let take = json!({ "task_id": "678", "action_id": text_of(&actions[0], "id")? });
    let execution = text_of(&client.post(&at("/executions"), &take.to_string())?.expect(202)?, "id")?;
    let users = client.get(&at("/users"))?.expect(200)?;
    Ok(vec![
        ("TASK", "678".to_owned()),
        ("TASK_TO_DELETE", "679".to_owned()),
        ("ITEM", item),
        ("ITEM_TO_DELETE", item_to_delete),
        ("EXECUTION", execution),
        ("USER_ID", text_of(&users[0], "id")?),
        ("WORKFLOW", workflow),
        ("WORKFLOW_TO_DELETE", to_delete),
    ])
}

fn definition(name: &str) -> Value {
    json!({
        "name": name,
        "fields": [
            { "name": "ID", "type": "uniqueId" },
            { "name": "Name", "type": "text" },
            { "name": "Email", "type": "email" },
            { "name": "Count", "type": "number" },
            { "name": "Plan", "type": "singleSelect", "options": ["Free", "Pro"] },
            { "name": "Urgent", "type": "checkbox" },
        ],
        "stages": [{ "name": "Open", "checklist": [{ "items": ["Look at it"] }] }, { "name": "Done", "end": true }],
        "actions": [
            { "name": "Count up", "from": ["Open"], "steps": [{ "do": "add_comment", "text": "{{Name}}" }] },
            { "name": "Finish", "from": ["Open"], "steps": [{ "do": "move_to_stage", "stage": "Done" }] },
        ],
    })
}
