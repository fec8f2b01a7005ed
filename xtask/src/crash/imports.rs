//! Files of some thousand rows, sent while the server dies. What was accepted goes on through the deaths of later rounds, and is judged at
//! the end: every row a task, and none twice.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::PathBuf;

use serde_json::{Value, json};

use super::settle::SETTLE_LONGEST;
use crate::http::Client;
use crate::server::{Site, text_of};
use crate::{Outcome, clock};

/// Some chunks.
const ROWS: usize = 3500;

/// Where files are imported to: the tasks of executions are judged by their lists, which should stay short.
pub struct Imports {
    path: String,
    folder: PathBuf,
    /// Each that was accepted, and the name of its rows.
    accepted: Vec<(String, String)>,
}

/// One that is being sent.
pub struct Sending {
    path: String,
    file: PathBuf,
    name: String,
}

impl Imports {
    pub fn set_up(site: &Site, client: &mut Client) -> Outcome<Imports> {
        let definition = json!({
            "name": "Rows",
            "fields": [{"name": "ID", "type": "uniqueId"}, {"name": "Name", "type": "text"}],
            "stages": [{"name": "Open"}],
        });
        let workflow = text_of(&client.post("/api/v1/workflows", &definition.to_string())?.expect(201)?, "id")?;
        Ok(Imports { path: format!("/api/v1/workflows/{workflow}"), folder: site.folder.clone(), accepted: Vec::new() })
    }

    pub fn prepare(&self, name: &str) -> Outcome<Sending> {
        let file = self.folder.join("rows.csv");
        let mut rows = "ID,Name\n".to_owned();
        for row in 0..ROWS {
            writeln!(rows, "{},{name}", id(name, row))?;
        }
        fs::write(&file, rows)?;
        Ok(Sending { path: format!("{}/imports", self.path), file, name: name.to_owned() })
    }

    /// How many the death has left between two chunks.
    pub fn cut(&self, client: &mut Client) -> Outcome<usize> {
        let listed = client.get(&format!("{}/imports", self.path))?.expect(200)?;
        Ok(listed.as_array().into_iter().flatten().filter(|import| is_between_chunks(import)).count())
    }

    /// After the restart: it was accepted as a whole or not at all, and in the latter case is sent again. True if it was accepted.
    pub fn settle(&mut self, client: &mut Client, sending: &Sending, told: Option<String>) -> Outcome<bool> {
        let known = |id: &str| self.accepted.iter().any(|(accepted, _)| accepted == id);
        let listed = client.get(&format!("{}?_limit=1", sending.path))?.expect(200)?;
        let newest = listed[0]["id"].as_str().filter(|id| !known(id)).map(str::to_owned);
        let was_accepted = newest.is_some();
        let id = match (told, newest) {
            (Some(told), newest) if newest.as_ref() != Some(&told) => {
                return Err(format!("import {told} was accepted, and the newest there is {newest:?}").into());
            }
            (_, Some(newest)) => newest,
            (_, None) => sending.send(client)?.ok_or("a server that is well took no file")?,
        };
        self.accepted.push((id, sending.name.clone()));
        Ok(was_accepted)
    }

    /// Waits for all of them.
    pub fn judge(&self, client: &mut Client) -> Outcome {
        for (import, name) in &self.accepted {
            let ended = clock::wait_for(&format!("the end of import {import}"), SETTLE_LONGEST, || {
                let found = client.get(&format!("{}/imports/{import}", self.path))?.expect(200)?;
                Ok((found["status"] != "Pending").then_some(found))
            })?;
            let tasks = client.get(&format!("{}/tasks?Name={name}&_fields=ID", self.path))?.expect(200)?;
            if let Some(finding) = finding(name, &ended, &tasks) {
                return Err(format!("import {import}: {finding}").into());
            }
        }
        Ok(())
    }
}

impl Sending {
    /// The import's id, where it was accepted and the answer came.
    pub fn send(&self, client: &mut Client) -> Outcome<Option<String>> {
        let Ok(reply) = client.upload(&self.path, "text/csv", &mut File::open(&self.file)?) else { return Ok(None) };
        match reply.status {
            202 => text_of(&reply.json()?, "id").map(Some),
            429 | 503 => Ok(None),
            status => Err(format!("a sound file was answered {status}: {}", reply.text()).into()),
        }
    }
}

fn id(name: &str, row: usize) -> String {
    format!("{name}-{row}")
}

fn is_between_chunks(import: &Value) -> bool {
    import["status"] == "Pending" && import["done"].as_u64().is_some_and(|done| 0 < done && done < ROWS as u64)
}

fn finding(name: &str, ended: &Value, tasks: &Value) -> Option<String> {
    let counts = ["created", "updated", "failed"].map(|count| ended[count].as_u64());
    if ended["status"] != "Success" || counts != [Some(ROWS as u64), Some(0), Some(0)] {
        return Some(format!("it has come to {ended}"));
    }
    let found: Vec<&str> = tasks.as_array().into_iter().flatten().filter_map(|task| task["ID"].as_str()).collect();
    let expected: Vec<String> = (0..ROWS).map(|row| id(name, row)).collect();
    let first = found.iter().zip(&expected).take_while(|(found, expected)| *found == expected).count();
    (found != expected).then(|| format!("row {first} is {:?}, and {} of {ROWS} are there", found.get(first), found.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_is_missing_or_twice_or_out_of_order_is_found() {
        let ended = json!({"status": "Success", "created": ROWS, "updated": 0, "failed": 0});
        let rows: Vec<String> = (0..ROWS).map(|row| id("a", row)).collect();
        let tasks = |rows: &[String]| rows.iter().map(|row| json!({ "ID": row })).collect::<Value>();
        assert_eq!(finding("a", &ended, &tasks(&rows)), None);
        assert!(finding("a", &ended, &tasks(&rows[1..])).is_some());
        assert!(finding("a", &ended, &tasks(&[&rows[..], &rows[..1]].concat())).is_some());
        let mut swapped = rows.clone();
        swapped.swap(7, 8);
        assert!(finding("a", &ended, &tasks(&swapped)).is_some());
        for (count, value) in [("created", json!(ROWS - 1)), ("updated", json!(1)), ("failed", json!(1)), ("status", json!("Fail"))] {
            let mut other = ended.clone();
            other[count] = value;
            assert!(finding("a", &other, &tasks(&rows)).is_some(), "{count}");
        }
    }

    #[test]
    fn between_two_chunks_some_are_done_and_some_are_not() {
        let between = |status: &str, done: usize| is_between_chunks(&json!({ "status": status, "done": done }));
        assert!(between("Pending", 1000) && between("Pending", ROWS - 500));
        assert!(!between("Pending", 0) && !between("Pending", ROWS) && !between("Success", ROWS) && !between("Fail", 1000));
    }
}
