//! Steps that leave the program, or that come to pass later, made ready to run.

use std::time::Duration;

use super::compile::Compiler;
use super::document::Definition;
use super::problem::Path;
use super::step::{self, ApiCall, Auth, Email, Recipients, ScheduleStageChange, Step, Zapier};
use crate::limits::{CALL_TIMEOUT, MAIL_TIMEOUT};
use crate::template::{Escape, Template};
use crate::time::parse_duration;
use crate::workflow;

const RETRY_FIRST: Duration = Duration::from_secs(2);
const RETRY_MAX: Duration = Duration::from_secs(300);
const SECRET: &str = "secret:";
/// Methods whose requests carry nothing unless the step says what.
const WITHOUT_BODY: [&str; 5] = ["GET", "HEAD", "DELETE", "OPTIONS", "TRACE"];

pub(super) fn policy(step: &Step) -> workflow::Policy {
    let (timeout, retry, never_repeat) = step.outgoing().unwrap_or_default();
    let patience = if matches!(step, Step::Email(_)) { MAIL_TIMEOUT } else { CALL_TIMEOUT };
    workflow::Policy {
        timeout: timeout.and_then(duration).unwrap_or(patience),
        retry: retry.map(|retry| {
            let first = retry.first.as_ref().and_then(duration).unwrap_or(RETRY_FIRST);
            workflow::Retry {
                attempts: retry.attempts,
                backoff: match retry.backoff {
                    Some(step::Backoff::Fixed) => workflow::Backoff::Fixed,
                    Some(step::Backoff::Exponential) | None => workflow::Backoff::Exponential,
                },
                first,
                max: retry.max.as_ref().and_then(duration).unwrap_or(RETRY_MAX.max(first)),
            }
        }),
        never_repeat,
    }
}

fn duration(written: &super::document::Duration) -> Option<Duration> {
    parse_duration(&written.0)
}

/// The calls that carry a secret: where each goes, and with what. Ids are left out.
pub fn calls_with_secrets(definition: &Definition) -> Vec<ApiCall> {
    let steps = definition.actions.iter().flat_map(|action| &action.steps);
    let automated = definition.automations.iter().flat_map(|automation| &automation.steps);
    let calls = steps.chain(automated).filter_map(|step| match step {
        Step::ApiCall(call) => Some(call),
        _ => None,
    });
    calls.filter(|call| call.auth.is_some()).map(|call| ApiCall { id: None, ..call.clone() }).collect()
}

/// Every secret that an action names, with its place in the document.
pub fn secrets(definition: &Definition) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let root = Path::ROOT.key("actions");
    for (number, action) in definition.actions.iter().enumerate() {
        let path = root.index(number);
        let path = path.key("steps");
        for (number, step) in action.steps.iter().enumerate() {
            let Step::ApiCall(ApiCall { auth: Some(auth), .. }) = step else { continue };
            let path = path.index(number);
            let path = path.key("auth");
            let (key, secret) = match auth {
                Auth::Basic(basic) => ("basic.password", &basic.password),
                Auth::Bearer(token) => ("bearer", token),
                Auth::Header(header) => ("header.value", &header.value),
                Auth::Hmac(hmac) => ("hmac.secret", &hmac.secret),
            };
            found.push((path.written(key).to_string(), name(secret)));
        }
    }
    found
}

impl Compiler<'_> {
    pub(super) fn schedule(&mut self, step: &ScheduleStageChange, path: &Path<'_>) -> workflow::Schedule {
        let when = match (step.after.as_ref().and_then(duration), &step.at) {
            (_, Some(field)) => workflow::When::At(self.field_ref(field, &path.key("at"))),
            (after, None) => workflow::When::After(after.unwrap_or_default()),
        };
        let stage = workflow::StageRef { id: self.stage(&step.stage, &path.key("stage")), name: step.stage.clone() };
        workflow::Schedule { stage, when, keep: step.keep }
    }

    pub(super) fn api_call(&mut self, step: &ApiCall, path: &Path<'_>) -> workflow::ApiCall {
        let method = step.method.clone().unwrap_or_else(|| "POST".to_owned());
        let mut headers = Vec::with_capacity(step.headers.len());
        for (name, value) in &step.headers {
            headers.push((name.clone(), self.template(value, &path.key("headers").key(name))));
        }
        let body = match &step.body {
            Some(body) => {
                workflow::CallBody::Custom { template: self.template(body, &path.key("body")), escape: escape_of(content_type(step)) }
            }
            None if WITHOUT_BODY.contains(&method.as_str()) => workflow::CallBody::Empty,
            None => workflow::CallBody::Default,
        };
        let answer = match (&step.map, &body) {
            (Some(map), _) => {
                let mut fields = Vec::with_capacity(map.len());
                for (field, pointer) in map {
                    fields.push((self.field_ref(field, &path.key("map").key(field)), pointer.clone()));
                }
                workflow::AnswerUse::Map(fields)
            }
            (None, workflow::CallBody::Default) => workflow::AnswerUse::Task,
            (None, workflow::CallBody::Empty | workflow::CallBody::Custom { .. }) => workflow::AnswerUse::Ignored,
        };
        let url = self.template(&step.url, &path.key("url"));
        workflow::ApiCall { method, url, headers, auth: step.auth.as_ref().map(auth), body, answer }
    }

    pub(super) fn zapier(&mut self, step: &Zapier, path: &Path<'_>) -> workflow::ApiCall {
        workflow::ApiCall {
            method: "POST".to_owned(),
            url: self.template(&step.url, &path.key("url")),
            headers: Vec::new(),
            auth: None,
            body: workflow::CallBody::Default,
            answer: workflow::AnswerUse::Ignored,
        }
    }

    pub(super) fn email(&mut self, step: &Email, path: &Path<'_>) -> workflow::Email {
        workflow::Email {
            to: self.recipients(Some(&step.to), &path.key("to")),
            cc: self.recipients(step.cc.as_ref(), &path.key("cc")),
            bcc: self.recipients(step.bcc.as_ref(), &path.key("bcc")),
            subject: self.template(&step.subject, &path.key("subject")),
            body: self.template(&step.body, &path.key("body")),
        }
    }

    /// Commas part addresses where the definition writes them; one that a value brings in is part of an address, and makes it invalid.
    fn recipients(&mut self, recipients: Option<&Recipients>, path: &Path<'_>) -> Vec<Template> {
        let written: &[String] = match recipients {
            None => &[],
            Some(Recipients::One(one)) => std::slice::from_ref(one),
            Some(Recipients::Several(several)) => several,
        };
        written.iter().flat_map(|text| split_at_commas(text)).map(|text| self.template(text, path)).collect()
    }
}

pub(crate) fn split_at_commas(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut at) = (0, 0);
    while at < text.len() {
        let rest = &text[at..];
        if rest.starts_with("{{") {
            at += rest.find("}}").map_or(rest.len(), |close| close + 2);
        } else {
            if rest.starts_with(',') {
                parts.push(text[start..at].trim());
                start = at + 1;
            }
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    parts.push(text[start..].trim());
    parts.retain(|part| !part.is_empty());
    parts
}

fn content_type(step: &ApiCall) -> Option<&str> {
    step.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("Content-Type")).map(|(_, value)| value.as_str())
}

/// What keeps a value a value in a body of this type. Without a type, a body is JSON.
fn escape_of(content_type: Option<&str>) -> Escape {
    let kind = content_type.map(|kind| kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase());
    match kind.as_deref() {
        None | Some("application/json") => Escape::JsonString,
        Some(kind) if kind.ends_with("+json") => Escape::JsonString,
        Some("application/x-www-form-urlencoded") => Escape::UrlPart,
        Some(kind) if kind.ends_with("/xml") || kind.ends_with("+xml") || kind == "text/html" => Escape::Html,
        Some(_) => Escape::Plain,
    }
}

/// Without `secret:`, which every secret of a valid document has.
fn name(secret: &str) -> String {
    secret.strip_prefix(SECRET).unwrap_or(secret).to_owned()
}

fn auth(auth: &Auth) -> workflow::Auth {
    match auth {
        Auth::Basic(basic) => workflow::Auth::Basic { user: basic.user.clone(), password: name(&basic.password) },
        Auth::Bearer(token) => workflow::Auth::Bearer { token: name(token) },
        Auth::Header(header) => workflow::Auth::Header { name: header.name.clone(), value: name(&header.value) },
        Auth::Hmac(hmac) => workflow::Auth::Hmac { secret: name(&hmac.secret) },
    }
}
