//! `baton import`

use std::fs::File;
use std::io::{IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use baton_connect::http::Outgoing;
use serde_json::{Map, Value as Json};

use super::{fields, note, print};
use crate::remote::plain::plain;
use crate::remote::{Answer, Call, Named, Remote, fresh_key, sentences};
use crate::settings::Settings;
use crate::trouble::Trouble;
use crate::wiring;

const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(300);
/// Bytes between two looks at how far it is.
const TELL_EVERY: u64 = 1024 * 1024;

#[derive(clap::Args)]
pub struct Import {
    /// The file, or - for stdin: the first line names the columns
    file: PathBuf,
    /// By name or id
    #[arg(long)]
    workflow: String,
    /// Which field a column is that is not called like it; an empty one leaves the column out
    #[arg(long, value_name = "COLUMN=FIELD", value_parser = fields::pair)]
    map: Vec<(String, String)>,
    /// What divides the cells [default: what the first line has most of]
    #[arg(long, value_parser = [",", ";", "tab"])]
    delimiter: Option<String>,
    /// Write nothing, and tell what would come of it
    #[arg(long)]
    dry_run: bool,
    /// Where to write the rows that are not imported, to be mended
    #[arg(long, value_name = "FILE")]
    errors: Option<PathBuf>,
    /// Ask again for what may have been asked already: the same key and file are one import, which is waited for [default: a fresh one]
    #[arg(long, value_name = "KEY")]
    idempotency_key: Option<String>,
    /// The API's last answer, for programs
    #[arg(long)]
    json: bool,
}

impl Import {
    pub fn run(self, settings: &Settings) -> Result<(), Trouble> {
        wiring::small_runtime()?.block_on(async {
            let remote = Remote::open(settings)?;
            let workflow = remote.workflow(&self.workflow).await?;
            let accepted = remote.upload(&self.call(&workflow), self.opening()).await?;
            if !accepted.is_yes() {
                return Err(accepted.refusal());
            }
            let id = accepted.json["id"].as_str().ok_or_else(|| remote.unexpected())?.to_owned();
            note(&format!("import {} is accepted, and goes on whatever becomes of this command", plain(&id)));
            let ended = self.wait(&remote, &workflow, &id).await?;
            if let (Some(path), "Fail") = (&self.errors, status(&ended)) {
                save(&remote, &workflow, &id, path).await?;
            }
            self.tell(&ended)
        })
    }

    fn call(&self, workflow: &Named) -> Call {
        let key = self.idempotency_key.clone().unwrap_or_else(fresh_key);
        let mut call = Call::upload(&["workflows", &workflow.id, "imports"], "text/csv", key);
        if !self.map.is_empty() {
            let target = |field: &str| if field.is_empty() { Json::Null } else { field.into() };
            let mapping: Map<String, Json> = self.map.iter().map(|(column, field)| (column.clone(), target(field))).collect();
            call = call.query("_mapping", &Json::Object(mapping).to_string());
        }
        if let Some(delimiter) = &self.delimiter {
            call = call.query("_delimiter", delimiter);
        }
        if self.dry_run { call.query("_dry_run", "true") } else { call }
    }

    /// A file can be sent again; what comes by stdin comes once.
    fn opening(&self) -> impl FnMut() -> Result<Option<Outgoing>, Trouble> {
        let path = self.file.clone();
        let mut opened = false;
        move || {
            let is_first = !std::mem::replace(&mut opened, true);
            if path == Path::new("-") {
                return Ok(is_first.then(|| Outgoing::new(Told::new(std::io::stdin(), None), None)));
            }
            let unreadable = |error: std::io::Error| Trouble::refused(format!("{} can't be read: {error}", path.display()));
            let file = File::open(&path).map_err(unreadable)?;
            let length = file.metadata().map_err(unreadable)?.is_file().then(|| file.metadata().map(|metadata| metadata.len()));
            let length = length.transpose().map_err(unreadable)?;
            Ok(Some(Outgoing::new(Told::new(file, length), length)))
        }
    }

    async fn wait(&self, remote: &Remote, workflow: &Named, id: &str) -> Result<Answer, Trouble> {
        let mut line = Line::default();
        loop {
            let answer = remote.look(&Call::get(&["workflows", &workflow.id, "imports", id])).await?;
            line.show(&progress(&answer.json));
            if status(&answer) != "Pending" {
                line.end();
                return Ok(answer);
            }
            tokio::time::sleep(LOOK_AGAIN_AFTER).await;
        }
    }

    fn tell(&self, ended: &Answer) -> Result<(), Trouble> {
        if self.json {
            print(&ended.text())?;
        } else {
            let count = |key: &str| ended.json[key].as_i64().unwrap_or(0);
            let (created, updated, failed) = (count("created"), count("updated"), count("failed"));
            let words = if self.dry_run { ["would be created", "updated", "not imported"] } else { ["created", "updated", "not imported"] };
            print(&format!("{created} {}, {updated} {}, {failed} {}", words[0], words[1], words[2]))?;
        }
        if status(ended) != "Fail" {
            return Ok(());
        }
        let mut errors = sentences(&ended.json["errors"]);
        if let (Some(path), Some(last)) = (&self.errors, errors.last_mut()) {
            last.push_str(&format!("; mend {} and import it", path.display()));
        }
        Err(Trouble::Refused(errors))
    }
}

fn status(answer: &Answer) -> &str {
    answer.json["status"].as_str().unwrap_or_default()
}

fn progress(import: &Json) -> String {
    let count = |key: &str| import[key].as_i64().unwrap_or(0);
    let (rows, done) = (count("rows"), count("done"));
    let percent = if rows > 0 { done * 100 / rows } else { 100 };
    format!("{percent:>3} %  {done} of {rows} rows, {} not imported", count("failed"))
}

async fn save(remote: &Remote, workflow: &Named, id: &str, path: &Path) -> Result<(), Trouble> {
    let unwritable = |error: std::io::Error| Trouble::refused(format!("{} can't be written: {error}", path.display()));
    let mut file = File::create(path).map_err(unwritable)?;
    remote.download(&Call::list(&["workflows", &workflow.id, "imports", id, "errors"]), &mut file).await?;
    file.flush().map_err(unwritable)
}

/// One line on a terminal that says how far something is. Where nobody watches, nothing is said.
#[derive(Default)]
struct Line {
    shown: usize,
}

impl Line {
    fn show(&mut self, text: &str) {
        if std::io::stderr().is_terminal() {
            let width = self.shown;
            drop(write!(std::io::stderr(), "\r{text:width$}"));
            self.shown = text.chars().count();
        }
    }

    fn end(&self) {
        if self.shown > 0 {
            note("");
        }
    }
}

/// A file that tells how much of it has been read.
struct Told<R> {
    source: R,
    length: Option<u64>,
    read: u64,
    told: u64,
    line: Line,
}

impl<R: Read> Told<R> {
    fn new(source: R, length: Option<u64>) -> Told<R> {
        Told { source, length, read: 0, told: 0, line: Line::default() }
    }
}

impl<R: Read> Read for Told<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.source.read(buffer)?;
        self.read += count as u64;
        if self.read >= self.told + TELL_EVERY {
            self.told = self.read;
            let mib = |bytes: u64| bytes / TELL_EVERY;
            let of = self.length.map(|length| format!(" of {}", mib(length))).unwrap_or_default();
            self.line.show(&format!("{}{of} MiB sent", mib(self.read)));
        }
        if count == 0 {
            self.line.end();
        }
        Ok(count)
    }
}
