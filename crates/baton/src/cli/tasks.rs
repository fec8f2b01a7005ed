//! `baton tasks`

use serde_json::{Value as Json, json};

use super::fields::{self, Assignment};
use super::table::columns;
use super::tell;
use crate::remote::plain::{WIDTH, cut, plain, value, wrapped};
use crate::remote::{Call, Named, Remote, fresh_key};
use crate::settings::Settings;
use crate::trouble::{Trouble, note};
use crate::wiring;

#[derive(clap::Subcommand)]
pub enum Tasks {
    /// List the tasks of a workflow
    List(List),
    /// Show a task
    Show(Show),
    /// Create a task, or change the one that has the Unique ID said
    Create(Create),
    /// Change what is said of a task, and nothing else
    Update(Update),
    /// Complete or skip an item of a task's checklist
    Check(Check),
    /// Delete a task for ever
    Delete {
        /// By name or id
        workflow: String,
        /// By Unique ID or id
        task: String,
    },
}

#[derive(clap::Args)]
pub struct List {
    /// By name or id
    workflow: String,
    /// Only those with this value in a field, in Stage or in Assigned To; several fields must all hold, of several values of one any, and
    /// an empty value is blank
    #[arg(long, value_name = "NAME=VALUE", value_parser = fields::pair)]
    filter: Vec<(String, String)>,
    /// Only those that are not in an end stage
    #[arg(long)]
    active: bool,
    /// The API's answer, for programs
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
pub struct Show {
    /// By name or id
    workflow: String,
    /// By Unique ID or id
    task: String,
    /// The API's answer, for programs
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
pub struct Create {
    /// By name or id
    workflow: String,
    /// A field, or Stage or Assigned To; several values by saying it several times, and an empty one is blank. FIELD:=JSON gives JSON
    #[arg(value_name = "FIELD=VALUE", value_parser = fields::assignment)]
    set: Vec<Assignment>,
    /// Ask again for what may have been asked already: the same key does nothing twice [default: a fresh one]
    #[arg(long, value_name = "KEY")]
    idempotency_key: Option<String>,
    /// The API's answer, for programs
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
pub struct Update {
    /// By name or id
    workflow: String,
    /// By Unique ID or id
    task: String,
    /// A field, or Stage or Assigned To; several values by saying it several times, and an empty one is blank. FIELD:=JSON gives JSON
    #[arg(required = true, value_name = "FIELD=VALUE", value_parser = fields::assignment)]
    set: Vec<Assignment>,
    /// The API's answer, for programs
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
pub struct Check {
    /// By name or id
    workflow: String,
    /// By Unique ID or id
    task: String,
    /// By title or id
    item: String,
    /// Skip it instead of completing it
    #[arg(long)]
    skip: bool,
    /// The API's answer, for programs
    #[arg(long)]
    json: bool,
}

impl Tasks {
    pub fn run(self, settings: &Settings) -> Result<(), Trouble> {
        wiring::small_runtime()?.block_on(async {
            let remote = Remote::open(settings)?;
            match self {
                Tasks::List(list) => list.run(&remote).await,
                Tasks::Show(Show { workflow, task, json }) => {
                    let workflow = remote.workflow(&workflow).await?;
                    // That path is the list's.
                    if task == "active" {
                        return Err(Trouble::usage("active is no task to the API: say its id, or --active to `baton tasks list`"));
                    }
                    tell(&remote.ask(&Call::get(&at(&workflow, &task))).await?, json, |task| Ok(shown(task)))
                }
                Tasks::Create(Create { workflow, set, idempotency_key, json }) => {
                    let body = fields::body(set)?;
                    let workflow = remote.workflow(&workflow).await?;
                    let call = Call::post(&["workflows", &workflow.id, "tasks"], body, idempotency_key.unwrap_or_else(fresh_key));
                    let answer = remote.ask(&call).await?;
                    match answer.status {
                        201 => note("created"),
                        200 => note("changed: it was there already"),
                        _ => {}
                    }
                    tell(&answer, json, |task| Ok(shown(task)))
                }
                Tasks::Update(Update { workflow, task, set, json }) => {
                    let body = fields::body(set)?;
                    let workflow = remote.workflow(&workflow).await?;
                    tell(&remote.ask(&Call::put(&at(&workflow, &task), body)).await?, json, |task| Ok(shown(task)))
                }
                Tasks::Check(Check { workflow, task, item, skip, json }) => {
                    let workflow = remote.workflow(&workflow).await?;
                    let item = remote.checklist_item(&workflow, &task, &item).await?;
                    let path = ["workflows", &workflow.id, "tasks", &task, "checklist_items", &item.id];
                    let body = json!({ "status": if skip { "Skipped" } else { "Completed" } });
                    tell(&remote.ask(&Call::put(&path, body)).await?, json, |item| Ok(shown(item)))
                }
                Tasks::Delete { workflow, task } => {
                    let workflow = remote.workflow(&workflow).await?;
                    remote.look(&Call::delete(&at(&workflow, &task))).await?;
                    note(&format!("deleted {task}"));
                    Ok(())
                }
            }
        })
    }
}

fn at<'a>(workflow: &'a Named, task: &'a str) -> [&'a str; 4] {
    ["workflows", &workflow.id, "tasks", task]
}

impl List {
    async fn run(self, remote: &Remote) -> Result<(), Trouble> {
        let workflow = remote.workflow(&self.workflow).await?;
        let path = ["workflows", &workflow.id, "tasks", "active"];
        let call = Call::list(if self.active { &path[..] } else { &path[..3] });
        let call = self.filter.iter().fold(call, |call, (name, value)| call.query(name, value));
        let answer = remote.ask(&call).await?;
        if self.json || !answer.is_yes() {
            return tell(&answer, self.json, |_| Ok(String::new()));
        }
        let tasks = answer.json.as_array().ok_or_else(|| remote.unexpected())?;
        let fields = remote.look(&Call::get(&["workflows", &workflow.id, "fields"])).await?;
        let unique = fields.json.as_array().into_iter().flatten().find(|field| field["type"] == "uniqueId");
        let (table, left_out) = listed(tasks, unique.and_then(|field| field["name"].as_str()));
        super::print(&table)?;
        if !left_out.is_empty() {
            note(&wrapped(&left_out.join(", "), "left out for want of room, --json has all: ", "  "));
        }
        Ok(())
    }
}

const TASK_URL: &str = "Task URL";
const CELL_MAX: usize = 24;

/// The tasks with as many of their fields as there is room for, and the names of the others.
fn listed(tasks: &[Json], unique: Option<&str>) -> (String, Vec<String>) {
    let named = |name: &str| -> Vec<String> {
        let cells = tasks.iter().map(|task| cut(&value(&task[name]), CELL_MAX));
        std::iter::once(cut(&plain(name).to_uppercase(), CELL_MAX)).chain(cells).collect()
    };
    let first = std::iter::once("TASK".to_owned()).chain(tasks.iter().map(|task| name_of(task, unique)));
    let mut shown = vec![first.collect(), named("Stage"), named("Assigned To")];
    let width = |column: &Vec<String>| column.iter().map(|cell| cell.chars().count()).max().unwrap_or(0) + 2;
    let mut room = WIDTH.saturating_sub(shown.iter().map(width).sum());
    let mut left_out = Vec::new();
    let keys = tasks.first().and_then(Json::as_object).into_iter().flat_map(|task| task.keys());
    for name in keys.filter(|name| !["Stage", "Assigned To", TASK_URL].contains(&name.as_str()) && Some(name.as_str()) != unique) {
        let column = named(name);
        if width(&column) <= room + 2 {
            room = room.saturating_sub(width(&column));
            shown.push(column);
        } else {
            left_out.push(name.clone());
        }
    }
    let lines = (0..=tasks.len()).map(|line| shown.iter().map(|column| column[line].clone()).collect());
    (columns(lines.collect()), left_out)
}

/// As commands take it.
fn name_of(task: &Json, unique: Option<&str>) -> String {
    let id = || task[TASK_URL].as_str().and_then(|url| url.rsplit('/').next()).map(plain);
    unique.map(|name| value(&task[name])).filter(|name| !name.is_empty()).or_else(id).unwrap_or_default()
}

/// A line for each value.
fn shown(task: &Json) -> String {
    let lines = task.as_object().into_iter().flatten().map(|(name, told)| vec![plain(name), value(told)]);
    columns(lines.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(id: &str, note: &str) -> Json {
        let url = format!("http://x/workflows/w/tasks/{id}");
        json!({ "Stage": "Open", "Assigned To": null, "Task URL": url, "ID": null, "Note": note, "Flags": ["A", "B"], "Paid?": false })
    }

    #[test]
    fn a_list_fits_and_says_what_it_leaves_out() {
        let mut first = task("a1", "short");
        first["ID"] = "R-1".into();
        let (table, left_out) = listed(&[first, task("b2", &"long ".repeat(30))], Some("ID"));
        let expected = "\
TASK  STAGE  ASSIGNED TO  NOTE                      FLAGS  PAID?
R-1   Open                short                     A, B   false
b2    Open                long long long long lon…  A, B   false";
        assert_eq!((table.as_str(), left_out.len()), (expected, 0));

        let wide = json!({ "Stage": "x".repeat(40), "Assigned To": "y".repeat(20), "Task URL": "/t", "A": "z".repeat(30), "B": "1", "C": "w".repeat(25) });
        let (table, left_out) = listed(&[wide], None);
        assert!(table.lines().all(|line| line.chars().count() <= WIDTH), "{table}");
        assert_eq!(left_out, ["C"]);
        assert_eq!(listed(&[], Some("ID")).0, "TASK  STAGE  ASSIGNED TO");
    }

    #[test]
    fn a_task_is_a_line_for_each_value() {
        let shown = shown(&json!({ "Stage": "Open", "Assigned To": null, "Note": "a\nb" }));
        assert_eq!(shown, "Stage        Open\nAssigned To\nNote         a\\nb");
    }
}
