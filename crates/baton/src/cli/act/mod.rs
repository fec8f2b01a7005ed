//! `baton act`: one action, on one task or on several.

mod foreseen;

use std::time::Duration;

use serde_json::{Map, Value as Json, json};
use tokio::time::Instant;

use super::fields::{self, Assignment};
use super::table::table;
use super::{explained, print, tell};
use crate::remote::plain::{plain, plain_json, shell_word};
use crate::remote::{Answer, Call, Named, Remote, fresh_key, sentences};
use crate::settings::{Settings, table::URL};
use crate::trouble::{Trouble, note};
use crate::wiring;

const WAIT_DEFAULT: &str = "600";
const WAIT_MAX: u64 = 86_400;

#[derive(clap::Args)]
pub struct Act {
    /// By name or id
    workflow: String,
    /// By Unique ID or id
    task: String,
    /// By name or id
    action: String,
    /// The user who takes it, instead of the key itself
    #[arg(long = "as", value_name = "E-MAIL")]
    performer: Option<String>,
    /// A field to set first, together with the action; several values by saying it several times. FIELD:=JSON gives JSON
    #[arg(long, value_name = "FIELD=VALUE", value_parser = fields::assignment)]
    set: Vec<Assignment>,
    /// Another task to take it on; may be said several times, and each is accepted or refused by itself
    #[arg(long, value_name = "TASK", conflicts_with_all = ["explain", "dry_run", "quote"])]
    also: Vec<String>,
    /// Take nothing; show what speaks against it, and how it could be opened
    #[arg(long, conflicts_with_all = ["dry_run", "quote", "wait", "idempotency_key"])]
    explain: bool,
    /// Take nothing; show what it would do, and the command that does just that
    #[arg(long, conflicts_with_all = ["quote", "wait", "idempotency_key"])]
    dry_run: bool,
    /// Do what a dry run has shown, or nothing
    #[arg(long, value_name = "QUOTE")]
    quote: Option<String>,
    /// Wait for its end, or that of all, so many seconds at most [default: 600]
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = WAIT_DEFAULT, value_parser = clap::value_parser!(u64).range(1..=WAIT_MAX))]
    wait: Option<u64>,
    /// Ask again for what may have been asked already: the same key does nothing twice [default: a fresh one]
    #[arg(long, value_name = "KEY")]
    idempotency_key: Option<String>,
    /// The API's answer, for programs
    #[arg(long)]
    json: bool,
}

impl Act {
    pub fn run(self, settings: &Settings) -> Result<(), Trouble> {
        wiring::small_runtime()?.block_on(async {
            let remote = Remote::open(settings)?;
            let workflow = remote.workflow(&self.workflow).await?;
            let action = remote.action(&workflow, &self.task, &self.action).await?;
            let body = self.body(&action)?;
            if self.explain {
                return tell(&explain(&remote, &workflow, &body).await?, self.json, |json| {
                    Ok(explained::shown(std::slice::from_ref(json)))
                });
            }
            if self.dry_run {
                return self.foresee(settings, &remote, &workflow, &body).await;
            }
            let key = self.idempotency_key.clone().unwrap_or_else(fresh_key);
            let answer = remote.ask(&Call::post(&executions(&workflow), body.clone(), key)).await?;
            if !answer.is_yes() {
                self.print_json(&answer)?;
                return Err(self.blocked(&remote, &workflow, &body, &answer).await);
            }
            match answer.json.as_array() {
                Some(accepted) => self.all_told(&remote, &workflow, &answer, accepted).await,
                None => self.told(&remote, &workflow, &answer).await,
            }
        })
    }

    fn body(&self, action: &Named) -> Result<Json, Trouble> {
        let mut body = match self.also.is_empty() {
            true => json!({ "task_id": self.task }),
            false => json!({ "task_ids": std::iter::once(&self.task).chain(&self.also).collect::<Vec<_>>() }),
        };
        body["action_id"] = action.id.as_str().into();
        if let Some(performer) = &self.performer {
            body["performed_by"] = performer.as_str().into();
        }
        if let Some(quote) = &self.quote {
            body["quote"] = quote.as_str().into();
        }
        if !self.set.is_empty() {
            body["fields"] = fields::body(self.set.clone())?;
        }
        Ok(body)
    }

    async fn foresee(&self, settings: &Settings, remote: &Remote, workflow: &Named, body: &Json) -> Result<(), Trouble> {
        let answer = remote.ask(&Call::question(&executions(workflow), body.clone()).query("_dry_run", "true")).await?;
        if !answer.is_yes() {
            self.print_json(&answer)?;
            return Err(self.blocked(remote, workflow, body, &answer).await);
        }
        tell(&answer, self.json, |json| Ok(foreseen::shown(json, &self.by_quote(settings))))?;
        let errors = answer.errors();
        if errors.is_empty() { Ok(()) } else { Err(Trouble::Refused(errors)) }
    }

    /// The command that does what was shown; the quote, which it lacks, knows the rest.
    fn by_quote(&self, settings: &Settings) -> String {
        let mut words = vec!["baton".to_owned(), "act".to_owned()];
        words.extend([&self.workflow, &self.task, &self.action].map(|name| shell_word(name)));
        if settings.is_flag(&URL) {
            words.extend(["--url".to_owned(), shell_word(&settings.url())]);
        }
        words.join(" ")
    }

    /// The refusal, with what would open the action. The POST does not tell that, so that it is asked for; a question that fails adds nothing.
    async fn blocked(&self, remote: &Remote, workflow: &Named, body: &Json, answer: &Answer) -> Trouble {
        let mut errors = answer.errors_and_what_to_do();
        if let (409, Some(last), true) = (answer.status, errors.last_mut(), self.quote.is_some()) {
            last.push_str("; see by --dry-run what it would do now, which gives a new quote");
        }
        let about_the_action = answer.json["status"] == "Fail" && answer.status != 409 && self.also.is_empty();
        let explained = if about_the_action { explain(remote, workflow, body).await.ok() } else { None };
        let ways = explained.filter(Answer::is_yes).map(|answer| explained::ways(&answer.json)).unwrap_or_default();
        Trouble::Blocked { errors, ways }
    }

    /// Stdout has the id, alone or with how it ended.
    async fn told(&self, remote: &Remote, workflow: &Named, answer: &Answer) -> Result<(), Trouble> {
        let id = answer.json["id"].as_str().ok_or_else(|| remote.unexpected())?;
        let Some(seconds) = self.wait else {
            note(&format!("accepted; see how it goes by: {}", watch(remote, workflow, id)));
            return tell(answer, self.json, |_| Ok(plain(id)));
        };
        let ended = match remote.ended(workflow, id, in_seconds(seconds)).await {
            Ok(ended) => ended,
            Err(trouble) => {
                tell(answer, self.json, |json| Ok(plain(&format!("{id} {}", status_of(json)))))?;
                return Err(trouble.and([goes_on(remote, workflow, id)]));
            }
        };
        let status = status_of(&ended.json);
        tell(&ended, self.json, |_| Ok(plain(&format!("{id} {status}"))))?;
        match status {
            "Success" => Ok(()),
            "Pending" => Err(Trouble::refused(not_ended(remote, workflow, id, seconds))),
            _ => Err(Trouble::Refused(ended.errors())),
        }
    }

    /// A line for each task, in the order asked.
    async fn all_told(&self, remote: &Remote, workflow: &Named, answer: &Answer, accepted: &[Json]) -> Result<(), Trouble> {
        let (ends, trouble) = match self.wait {
            Some(seconds) => ends_of(remote, workflow, accepted, seconds).await,
            None => (Vec::new(), None),
        };
        let (mut errors, mut shown, mut told) = (Vec::new(), Vec::new(), Vec::new());
        for (number, one) in accepted.iter().enumerate() {
            let (task, id) = (one["task_id"].as_str().unwrap_or_default(), one["id"].as_str());
            let end = ends.get(number).and_then(Option::as_ref);
            let now = end.map_or(one, |end| &end.json);
            let status = status_of(now);
            errors.extend(sentences(&now["errors"]).iter().map(|sentence| format!("{}: {sentence}", plain(task))));
            if let (Some(id), Some(_), "Pending", Some(seconds)) = (id, end, status, self.wait) {
                errors.push(not_ended(remote, workflow, id, seconds));
            }
            told.push(with_task(task, now));
            shown.push([plain(task), id.map(plain).unwrap_or_default(), plain(status)]);
        }
        match (self.json, self.wait) {
            (true, Some(_)) => print(&plain_json(&Json::from(told).to_string()))?,
            _ => tell(answer, self.json, |_| Ok(table(["TASK", "EXECUTION", "STATUS"], shown)))?,
        }
        match trouble {
            Some(trouble) => Err(trouble.and(errors)),
            None if errors.is_empty() => Ok(()),
            None => Err(Trouble::Refused(errors)),
        }
    }

    fn print_json(&self, answer: &Answer) -> Result<(), Trouble> {
        if self.json { print(&answer.text()) } else { Ok(()) }
    }
}

fn executions(workflow: &Named) -> [&str; 3] {
    ["workflows", &workflow.id, "executions"]
}

/// An execution says nothing of its task.
fn with_task(task: &str, execution: &Json) -> Json {
    let mut keys = Map::from_iter([("task_id".to_owned(), Json::from(task))]);
    keys.extend(execution.as_object().cloned().unwrap_or_default());
    Json::Object(keys)
}

async fn explain(remote: &Remote, workflow: &Named, body: &Json) -> Result<Answer, Trouble> {
    remote.ask(&Call::question(&executions(workflow), body.clone()).query("_explain", "true")).await
}

/// How each is that was accepted, when it has ended or the time for all is over. Trouble ends the waiting: those behind it are not looked at.
async fn ends_of(remote: &Remote, workflow: &Named, accepted: &[Json], seconds: u64) -> (Vec<Option<Answer>>, Option<Trouble>) {
    let deadline = in_seconds(seconds);
    let mut ends = Vec::new();
    for (number, one) in accepted.iter().enumerate() {
        let end = match one["id"].as_str() {
            None => None,
            Some(id) => match remote.ended(workflow, id, deadline).await {
                Ok(end) => Some(end),
                Err(trouble) => {
                    let behind = accepted[number + 1..].iter().filter(|one| one["id"].is_string()).count();
                    let unseen = (behind > 0).then(|| format!("not looked at, and shown as when accepted: {behind} more"));
                    return (ends, Some(trouble.and([goes_on(remote, workflow, id)]).and(unseen)));
                }
            },
        };
        ends.push(end);
    }
    (ends, None)
}

fn in_seconds(seconds: u64) -> Instant {
    Instant::now() + Duration::from_secs(seconds)
}

fn status_of(execution: &Json) -> &str {
    execution["status"].as_str().unwrap_or_default()
}

/// Whatever happens while it is waited for.
fn goes_on(remote: &Remote, workflow: &Named, id: &str) -> String {
    format!("{} is accepted, and goes on: see how by {}", plain(id), watch(remote, workflow, id))
}

fn not_ended(remote: &Remote, workflow: &Named, id: &str, seconds: u64) -> String {
    format!("{} has not ended within {seconds} s, and goes on: see how by {}", plain(id), watch(remote, workflow, id))
}

fn watch(remote: &Remote, workflow: &Named, id: &str) -> String {
    remote.curl(&format!("workflows/{}/executions/{}?_wait=60", workflow.id, plain(id)))
}
