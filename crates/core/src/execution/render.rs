//! What an outgoing step sends, from the task as the steps before left it.

use serde::Serialize;

use super::call::{EmailRequest, HttpRequest, Request};
use crate::access::Access;
use crate::condition::Scene;
use crate::definition::parse_json;
use crate::limits::{ADDRESS_BYTES_MAX, MESSAGE_BYTES_MAX};
use crate::refusal::Refusal;
use crate::task::show::Shown;
use crate::template::{Escape, Template};
use crate::value::parse_email;
use crate::workflow::{ApiCall, CallBody, Email};

const CONTENT_TYPE: &str = "Content-Type";

pub(super) fn http(call: &ApiCall, action: &str, scene: &Scene<'_>) -> Result<Request, Refusal> {
    let url = call.url.render_url(scene, ADDRESS_BYTES_MAX).map_err(|refusal| in_part("url", refusal))?;
    let mut headers = Vec::with_capacity(call.headers.len() + 1);
    for (name, value) in &call.headers {
        headers.push((name.clone(), part(name, value, scene, Escape::Header, ADDRESS_BYTES_MAX)?.trim().to_owned()));
    }
    let body = match &call.body {
        CallBody::Default => default_format(action, scene),
        CallBody::Empty => String::new(),
        CallBody::Custom { template, escape } => custom(template, *escape, scene)?,
    };
    if !body.is_empty() && !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(CONTENT_TYPE)) {
        headers.insert(0, (CONTENT_TYPE.to_owned(), "application/json".to_owned()));
    }
    Ok(Request::Http(HttpRequest { method: call.method.clone(), url, headers, auth: call.auth.clone(), body }))
}

fn custom(template: &Template, escape: Escape, scene: &Scene<'_>) -> Result<String, Refusal> {
    let body = part("body", template, scene, escape, MESSAGE_BYTES_MAX)?;
    // A blank value where a number was meant leaves a hole: whoever gets it could only say that it is malformed.
    if escape == Escape::JsonString
        && let Err(error) = parse_json(&body)
    {
        return Err(Refusal::BodyInvalid { format: "JSON", reason: error.to_string() });
    }
    Ok(body)
}

#[derive(Serialize)]
struct DefaultFormat<'a> {
    action: &'a str,
    user: Option<Person<'a>>,
    task: Shown<'a>,
}

#[derive(Serialize)]
struct Person<'a> {
    id: String,
    email: &'a str,
    first_name: &'a str,
    last_name: &'a str,
}

fn default_format(action: &str, scene: &Scene<'_>) -> String {
    let user = scene.performer.user().and_then(|user| scene.workspace.user(user));
    let format = DefaultFormat {
        action,
        user: user.map(|user| Person {
            id: user.id.to_string(),
            email: &user.email,
            first_name: &user.first_name,
            last_name: &user.last_name,
        }),
        task: Shown {
            workflow: scene.workflow,
            workspace: scene.workspace,
            task: scene.task,
            access: Access::Everything,
            public_url: None,
            only: None,
        },
    };
    serde_json::to_string(&format).expect("a task is JSON")
}

/// `from`: whom the operator lets Baton write as; `None` where no mail server is set.
pub(super) fn email(email: &Email, from: Option<&str>, scene: &Scene<'_>) -> Result<Request, Refusal> {
    let from = from.ok_or(Refusal::NoMailServer)?.to_owned();
    let list = |templates: &[Template], name: &str| -> Result<Vec<String>, Refusal> {
        let mut addresses = Vec::with_capacity(templates.len());
        for template in templates {
            let text = part(name, template, scene, Escape::Header, ADDRESS_BYTES_MAX)?;
            let text = text.trim();
            if !text.is_empty() {
                addresses.push(address(text)?.to_owned());
            }
        }
        Ok(addresses)
    };
    let (to, cc, bcc) = (list(&email.to, "to")?, list(&email.cc, "cc")?, list(&email.bcc, "bcc")?);
    if to.is_empty() && cc.is_empty() && bcc.is_empty() {
        return Err(Refusal::NoRecipient);
    }
    Ok(Request::Email(EmailRequest {
        from,
        to,
        cc,
        bcc,
        subject: part("subject", &email.subject, scene, Escape::Header, ADDRESS_BYTES_MAX)?,
        text: part("body", &email.body, scene, Escape::Plain, MESSAGE_BYTES_MAX)?,
        markdown: part("body", &email.body, scene, Escape::Markdown, 5 * MESSAGE_BYTES_MAX)?,
        date: scene.now,
    }))
}

/// `ada@example.com` or `Ada <ada@example.com>`.
fn address(text: &str) -> Result<&str, Refusal> {
    let bare = match text.strip_suffix('>').and_then(|text| text.rsplit_once('<')) {
        Some((name, bare)) if !name.contains(['<', '>', ',', ';', '"']) => bare,
        Some(_) => return Err(Refusal::NotAnEmail { text: text.to_owned() }),
        None => text,
    };
    parse_email(bare).map(|_| text).ok_or_else(|| Refusal::NotAnEmail { text: text.to_owned() })
}

fn part(name: &str, template: &Template, scene: &Scene<'_>, escape: Escape, bytes_max: usize) -> Result<String, Refusal> {
    template.render(scene, escape, bytes_max).map_err(|refusal| in_part(name, refusal))
}

/// A part that is gone says so itself.
fn in_part(name: &str, refusal: Refusal) -> Refusal {
    match refusal {
        gone @ Refusal::PartGone { .. } => gone,
        reason => Refusal::FieldRefused { field: name.to_owned(), reason: Box::new(reason) },
    }
}
