//! `baton import`

use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Map, Value as Json};

use super::export::to_file;
use super::{fields, note, print};
use crate::remote::plain::{plain, shell_word};
use crate::remote::{AWAY_MAX, Answer, Call, Named, Opened, Remote, fresh_key, sentences};
use crate::settings::Settings;
use crate::trouble::Trouble;
use crate::wiring;

/// Doubled each time, up to the most: several who wait under one key leave it requests for something else.
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(250);
const LOOK_AGAIN_AFTER_MAX: Duration = Duration::from_secs(2);
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
        let mapping = self.mapping()?;
        let key = self.idempotency_key.clone().unwrap_or_else(fresh_key);
        wiring::small_runtime()?.block_on(async {
            let remote = Remote::open(settings)?;
            let workflow = remote.workflow(&self.workflow).await?;
            let name = if self.is_stdin() { "stdin".to_owned() } else { self.file.display().to_string() };
            let accepted = remote.upload(&self.call(&workflow, mapping, &key), &name, self.opening()).await?;
            if !accepted.is_yes() {
                return Err(accepted.refusal());
            }
            let id = accepted.json["id"].as_str().ok_or_else(|| remote.unexpected())?;
            let place = ["workflows", &workflow.id, "imports", id, "errors"];
            let again = format!("with --idempotency-key {} the same command waits for it", shell_word(&key));
            note(&format!("import {} is accepted, and goes on whatever becomes of this command; {again}", plain(id)));
            let goes_on = || format!("import {} goes on: {again}, or see how by {}", plain(id), remote.curl(&plain(&place[..4].join("/"))));
            let ended = wait(&remote, &place[..4]).await.map_err(|trouble| trouble.and([goes_on()]))?;
            self.tell(&ended)?;
            if status(&ended) == "Fail" { Err(self.left(&remote, &Call::list(&place), &ended, &key).await) } else { Ok(()) }
        })
    }

    /// Why not all are in, and how to get at those that are not.
    async fn left(&self, remote: &Remote, rows: &Call, ended: &Answer, key: &str) -> Trouble {
        let saved = match &self.errors {
            Some(path) => to_file(remote, rows, path).await.map(|()| Some(path)),
            None => Ok(None),
        };
        let what_to_do = match &saved {
            Ok(Some(path)) => format!("; mend {} and import it", path.display()),
            _ if ended.json["failed"] == 0 => String::new(),
            _ => {
                let key = shell_word(key);
                format!("; the same command with --idempotency-key {key} --errors FILE writes them, to be mended")
            }
        };
        let mut errors = sentences(&ended.json["errors"]);
        if let Some(last) = errors.last_mut() {
            last.push_str(&what_to_do);
        }
        match saved {
            Ok(_) => Trouble::Refused(errors),
            Err(unsaved) => unsaved.and(errors),
        }
    }

    /// Of a column that is said twice, one would be left out silently.
    fn mapping(&self) -> Result<Map<String, Json>, Trouble> {
        let mut mapping = Map::new();
        for (column, field) in &self.map {
            let target = if field.is_empty() { Json::Null } else { field.as_str().into() };
            if mapping.insert(column.clone(), target).is_some() {
                return Err(Trouble::usage(format!("--map says twice what {column:?} is; allowed is one field for a column")));
            }
        }
        Ok(mapping)
    }

    fn call(&self, workflow: &Named, mapping: Map<String, Json>, key: &str) -> Call {
        let mut call = Call::upload(&["workflows", &workflow.id, "imports"], "text/csv", key.to_owned());
        if !mapping.is_empty() {
            call = call.query("_mapping", &Json::Object(mapping).to_string());
        }
        if let Some(delimiter) = &self.delimiter {
            call = call.query("_delimiter", delimiter);
        }
        if self.dry_run { call.query("_dry_run", "true") } else { call }
    }

    fn is_stdin(&self) -> bool {
        self.file == Path::new("-")
    }

    /// A file can be sent again; what comes by stdin comes once.
    fn opening(&self) -> impl FnMut() -> io::Result<Option<Opened>> {
        let path = (!self.is_stdin()).then(|| self.file.clone());
        let mut opened = false;
        move || {
            let is_first = !std::mem::replace(&mut opened, true);
            let Some(path) = &path else {
                return Ok(is_first.then(|| Opened { source: Box::new(Told::new(io::stdin(), None)), length: None }));
            };
            let file = File::open(path)?;
            let metadata = file.metadata()?;
            let length = metadata.is_file().then_some(metadata.len());
            Ok(Some(Opened { source: Box::new(Told::new(file, length)), length }))
        }
    }

    fn tell(&self, ended: &Answer) -> Result<(), Trouble> {
        if self.json {
            return print(&ended.text());
        }
        let count = |key: &str| ended.json[key].as_i64().unwrap_or(0);
        let (created, updated, failed) = (count("created"), count("updated"), count("failed"));
        let words = if self.dry_run { ["would be created", "updated", "not imported"] } else { ["created", "updated", "not imported"] };
        print(&format!("{created} {}, {updated} {}, {failed} {}", words[0], words[1], words[2]))
    }
}

/// Until it has ended. The longer that takes, the less often it is looked at.
async fn wait(remote: &Remote, place: &[&str]) -> Result<Answer, Trouble> {
    let (mut line, mut pauses) = (Line::default(), pauses());
    loop {
        let answer = remote.look_patiently(&Call::get(place), AWAY_MAX).await.inspect_err(|_| line.end())?;
        line.show(&progress(&answer.json));
        if status(&answer) != "Pending" {
            line.end();
            return Ok(answer);
        }
        tokio::time::sleep(pauses.next().unwrap_or(LOOK_AGAIN_AFTER_MAX)).await;
    }
}

fn pauses() -> impl Iterator<Item = Duration> {
    std::iter::successors(Some(LOOK_AGAIN_AFTER), |pause| Some((*pause * 2).min(LOOK_AGAIN_AFTER_MAX)))
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

/// One line on a terminal that says how far something is. Where nobody watches, nothing is said.
#[derive(Default)]
struct Line {
    shown: usize,
}

impl Line {
    fn show(&mut self, text: &str) {
        if io::stderr().is_terminal() {
            let width = self.shown;
            drop(write!(io::stderr(), "\r{text:width$}"));
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
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_import_is_looked_at_less_and_less_often() {
        let seconds = |pauses: &[Duration]| pauses.iter().sum::<Duration>().as_secs_f64();
        let pauses: Vec<Duration> = pauses().take(60).collect();
        assert!(seconds(&pauses[..3]) < 2.0 && seconds(&pauses[..34]) > 60.0, "{pauses:?}");
        assert!(pauses.iter().all(|pause| *pause <= LOOK_AGAIN_AFTER_MAX));
    }
}
