//! The workflow that speed is measured on, and a server filled with its tasks.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use super::large;
use crate::http::Client;
use crate::load::{Job, Tasks};
use crate::server::{ADMIN, Server, Site, text_of};
use crate::{Outcome, clock};

const OTHER: &str = "reviewer@example.com";
const FINAL_LONGEST: Duration = Duration::from_secs(30);

/// A served workflow with its tasks, ready to be acted on.
pub struct Filled {
    pub site: Site,
    pub job: Job,
    pub tasks: Tasks,
    pub count: usize,
    environment: &'static [(&'static str, &'static str)],
}

/// What the workflow is like, and with which settings it is served.
pub struct Setup {
    definition: Value,
    environment: &'static [(&'static str, &'static str)],
}

/// Calls may go to this machine.
const OPEN: &[(&str, &str)] = &[("BATON_OUTBOUND_ALLOW", "127.0.0.1/32")];
pub const HANG: &str = "Hang";

impl Setup {
    pub fn usual() -> Setup {
        Setup { definition: definition(), environment: &[] }
    }

    pub fn with_connections() -> Setup {
        Setup { definition: definition(), environment: &[("BATON_LIMITS_CONNECTIONS", "10000")] }
    }

    /// Each action makes one call and then moves the task.
    pub fn calling(url: &str) -> Setup {
        let mut definition = definition();
        for action in definition["actions"].as_array_mut().into_iter().flatten() {
            let moves = action["steps"][0].take();
            action["steps"] = json!([{"do": "api_call", "url": url}, moves]);
        }
        Setup { definition, environment: OPEN }
    }

    /// With one more action, which makes a call and has all the time that a call may have.
    pub fn hanging(url: &str) -> Setup {
        let mut definition = definition();
        let hang = json!({"name": HANG, "from": ["Review"], "steps": [{"do": "api_call", "url": url, "timeout": "10m"}]});
        definition["actions"].as_array_mut().into_iter().for_each(|actions| actions.push(hang.clone()));
        Setup { definition, environment: OPEN }
    }
}

/// Two actions of one shape: 2 requirements, move + update + assign, each of which changes something whenever it is taken.
fn definition() -> Value {
    let action = |name: &str, from: &str, to: &str, decision: &str, user: &str| {
        json!({
            "name": name,
            "from": [from],
            "requirements": [{"require": "fields", "fields": ["Customer", "Email", "Amount"]}, {"require": "assigned"}],
            "steps": [
                {"do": "move_to_stage", "stage": to},
                {"do": "update_data", "set": {"Decision": decision, "Note": format!("{decision}: {{{{Customer}}}}, {{{{Amount}}}}")}},
                {"do": "assign_to", "user": user},
            ],
        })
    };
    json!({
        "name": "Claims",
        "record": {"singular": "Claim", "plural": "Claims"},
        "fields": [
            {"name": "ID", "type": "uniqueId", "autoincrement": true},
            {"name": "Customer", "type": "text", "required": true},
            {"name": "Email", "type": "email"},
            {"name": "Amount", "type": "currency", "currency": "USD"},
            {"name": "Received", "type": "date"},
            {"name": "Urgent", "type": "checkbox"},
            {"name": "Decision", "type": "singleSelect", "options": ["Approved", "Sent back"]},
            {"name": "Note", "type": "longText"},
        ],
        "stages": [{"name": "Review"}, {"name": "Approved"}, {"name": "Paid", "end": true}],
        "actions": [
            action("Approve", "Review", "Approved", "Approved", OTHER),
            action("Send back", "Approved", "Review", "Sent back", ADMIN),
        ],
    })
}

fn task(number: usize) -> String {
    let (cents, month, day) = (number % 100, 1 + number % 12, 1 + number % 28);
    let amount = format!("{}.{cents:02}", 10 + number % 9_000);
    let urgent = number.is_multiple_of(7);
    format!("Customer {number},customer{number}@example.com,{amount},2026-{month:02}-{day:02},{urgent},{ADMIN}")
}

impl Filled {
    /// A new site with `count` tasks; the server is stopped again, so that each measurement starts with a fresh one.
    pub fn create(binary: &Path, folder: PathBuf, database_url: Option<String>, count: usize) -> Outcome<Filled> {
        Filled::of(new_site(binary, &folder, database_url)?, &Setup::usual(), count)
    }

    pub fn of(site: Site, setup: &Setup, count: usize) -> Outcome<Filled> {
        let (server, _) = site.serve_until_ready(setup.environment)?;
        let mut client = site.client();
        let workflow = text_of(&client.post("/api/v1/workflows", &setup.definition.to_string())?.expect(201)?, "id")?;
        let other = json!({"email": OTHER, "role": "Collaborator", "first_name": "Riley", "last_name": "Reviewer"});
        client.post(&format!("/api/v1/workflows/{workflow}/users"), &other.to_string())?.expect(201)?;

        let start = clock::now();
        create_tasks(&site, &workflow, count)?;
        eprintln!("{count} tasks made in {:.1} s", start.elapsed().as_secs_f64());
        // Anew: the server has closed a connection on which nothing came for so long.
        let (forth, back) = actions(&mut site.client(), &workflow)?;
        server.stop()?;
        let job = Job { host: site.address(), api_key: site.api_key.clone(), workflow, forth, back };
        Ok(Filled { site, job, tasks: Tasks::new(count), count, environment: setup.environment })
    }

    /// Takes the action that is next for a task, and waits for its success; gives the execution's id.
    pub fn execute(&mut self, task: usize) -> Outcome<String> {
        let action = if self.tasks.is_moved(task) { &self.job.back } else { &self.job.forth };
        let id = execute(&mut self.site.client(), &self.job.workflow, &task.to_string(), action)?;
        self.tasks.toggle(task);
        Ok(id)
    }

    pub fn serve(&self) -> Outcome<Server> {
        Ok(self.site.serve_until_ready(self.environment)?.0)
    }
}

pub fn new_site(binary: &Path, folder: &Path, database_url: Option<String>) -> Outcome<Site> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    Site::create(binary, folder, database_url, Vec::new())
}

/// By an import: a million one by one would take longer than what is measured on them.
fn create_tasks(site: &Site, workflow: &str, count: usize) -> Outcome {
    let path = site.folder.join("tasks.csv");
    let mut out = BufWriter::new(File::create(&path)?);
    writeln!(out, "Customer,Email,Amount,Received,Urgent,Assigned To")?;
    for number in 0..count {
        writeln!(out, "{}", task(number))?;
    }
    out.flush()?;
    large::upload(site, workflow, &path)?;
    Ok(fs::remove_file(&path)?)
}

/// The ids of the two actions, found as any client would: the second is listed once the first was taken, and taking that
/// too leaves the task as it was.
fn actions(client: &mut Client, workflow: &str) -> Outcome<(String, String)> {
    let forth = listed(client, workflow, 1, "Approve")?;
    execute(client, workflow, "1", &forth)?;
    let back = listed(client, workflow, 1, "Send back")?;
    execute(client, workflow, "1", &back)?;
    Ok((forth, back))
}

pub fn listed(client: &mut Client, workflow: &str, task: usize, name: &str) -> Outcome<String> {
    let listed = client.get(&format!("/api/v1/workflows/{workflow}/tasks/{task}/actions"))?.expect(200)?;
    let action = listed.as_array().into_iter().flatten().find(|action| action["name"] == name);
    text_of(action.ok_or_else(|| format!("{name} is not among the actions {listed}"))?, "id")
}

fn execute(client: &mut Client, workflow: &str, task: &str, action: &str) -> Outcome<String> {
    let path = format!("/api/v1/workflows/{workflow}/executions");
    let id = text_of(&client.post(&path, &json!({"task_id": task, "action_id": action}).to_string())?.expect(202)?, "id")?;
    let status = clock::wait_for("a final status", FINAL_LONGEST, || {
        let answer = client.get(&format!("{path}/{id}"))?.expect(200)?;
        Ok(Some(answer).filter(|answer| answer["status"] != "Pending"))
    })?;
    if status["status"] == "Success" { Ok(id) } else { Err(format!("an execution ended as {status}").into()) }
}
