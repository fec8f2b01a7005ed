//! A dry run for people: what the task would become, what each step would do, and how to have just that.

use serde_json::Value as Json;

use crate::remote::plain::{plain, shell_word, value, wrapped};

/// In place of what a field may stand in that the key's role hides.
const HIDDEN: &str = "hidden from this key";

/// `command` is without its quote.
pub fn shown(foresight: &Json, command: &str) -> String {
    let mut lines = vec![format!("It would end in {}, and nothing has been done.", value(&foresight["status"]))];
    lines.extend(changes("The task would change:", &foresight["changes"], ""));
    for (index, step) in foresight["steps"].as_array().into_iter().flatten().enumerate() {
        lines.extend(step_told(index + 1, step));
    }
    if let Some(quote) = foresight["quote"].as_str() {
        lines.push(format!("To do just this, or nothing, until {}:", value(&foresight["expires_at"])));
        lines.push(format!("{command} --quote {}", shell_word(&plain(quote))));
    }
    lines.join("\n")
}

fn changes(heading: &str, changes: &Json, indent: &str) -> Vec<String> {
    let Some(changes) = changes.as_object().filter(|changes| !changes.is_empty()) else { return Vec::new() };
    let heading = (!heading.is_empty()).then(|| format!("{indent}{heading}"));
    let change = |(name, pair): (&String, &Json)| match pair {
        Json::Null => format!("{indent}  {}: {HIDDEN}", plain(name)),
        pair => format!("{indent}  {}: {} -> {}", plain(name), or_blank(&pair[0]), or_blank(&pair[1])),
    };
    heading.into_iter().chain(changes.iter().map(change)).collect()
}

fn or_blank(json: &Json) -> String {
    Some(value(json)).filter(|shown| !shown.is_empty()).unwrap_or_else(|| "(blank)".to_owned())
}

fn step_told(number: usize, step: &Json) -> Vec<String> {
    let doubt = if step["certain"] == false { ", not certain" } else { "" };
    let status = match step["status"].as_str() {
        Some("Pending") => "not come to".to_owned(),
        _ => value(&step["status"]),
    };
    let mut lines = vec![format!("{number}. {}: {status}{doubt}", value(&step["kind"]))];
    lines.extend(changes("", &step["changes"], "   "));
    for (key, told) in step.as_object().into_iter().flatten() {
        match (key.as_str(), told) {
            ("kind" | "status" | "certain" | "changes", _) | ("deletes", Json::Bool(false)) => {}
            ("deletes", Json::Bool(true)) => lines.push("     deletes the task".to_owned()),
            (_, Json::Null) => lines.push(format!("     {}: {HIDDEN}", plain(key))),
            ("request", request) => lines.extend(request_told(request)),
            ("email" | "stage_change", parts) => lines.extend(parts_told(parts)),
            (_, Json::String(text)) => lines.extend(text_told(key, text)),
            (_, other) => lines.push(format!("     {}: {}", plain(key), value(other))),
        }
    }
    lines
}

fn request_told(request: &Json) -> Vec<String> {
    let mut lines = vec![format!("     {} {}", value(&request["method"]), value(&request["url"]))];
    match &request["headers"] {
        Json::Object(headers) => lines.extend(headers.iter().map(|(name, text)| format!("     {}: {}", plain(name), value(text)))),
        Json::Array(headers) => lines.extend(headers.iter().map(|header| format!("     {}", value(header)))),
        _ => {}
    }
    if let Some(body) = request["body"].as_str().filter(|body| !body.is_empty()) {
        lines.extend(body.lines().map(|line| wrapped(line, "       ", "       ")));
    }
    lines
}

/// What is empty says nothing.
fn parts_told(parts: &Json) -> Vec<String> {
    let said = parts.as_object().into_iter().flatten().filter(|(_, part)| !value(part).is_empty());
    said.flat_map(|(name, part)| match part {
        Json::String(text) => text_told(name, text),
        other => vec![format!("     {}: {}", plain(name), value(other))],
    })
    .collect()
}

/// A text of several lines stands below its name.
fn text_told(name: &str, text: &str) -> Vec<String> {
    let name = plain(name);
    match text.trim_end().lines().collect::<Vec<_>>()[..] {
        [line] => vec![wrapped(line, &format!("     {name}: "), "       ")],
        ref lines => std::iter::once(format!("     {name}:")).chain(lines.iter().map(|line| wrapped(line, "       ", "       "))).collect(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_dry_run_shows_what_would_be() {
        let foresight = json!({
            "status": "Success", "changes": { "Stage": ["Draft", "Paid"], "Note": [null, "x\u{1b}"], "Pay": null },
            "steps": [
                { "kind": "move_to_stage", "status": "Success", "certain": true, "changes": { "Stage": ["Draft", "Paid"] } },
                {
                    "kind": "api_call", "status": "Success", "certain": true,
                    "request": { "method": "POST", "url": "https://x/y", "headers": { "Authorization": "secret:T" }, "body": "{\"a\":1}" },
                },
                {
                    "kind": "email", "status": "Success", "certain": false,
                    "email": { "from": "a@b.c", "to": ["d@e.f", "g@h.i"], "cc": [], "subject": "Hi", "text": "One\n\nTwo\n" },
                },
                { "kind": "slack", "status": "Skipped", "certain": true, "reason": "has no effect yet" },
                { "kind": "add_comment", "status": "Pending", "certain": true, "comment": null },
            ],
            "quote": "q.1", "expires_at": "2026-11-23T23:11:01.123Z",
        });
        let expected = "\
It would end in Success, and nothing has been done.
The task would change:
  Stage: Draft -> Paid
  Note: (blank) -> x\\u{1b}
  Pay: hidden from this key
1. move_to_stage: Success
     Stage: Draft -> Paid
2. api_call: Success
     POST https://x/y
     Authorization: secret:T
       {\"a\":1}
3. email: Success, not certain
     from: a@b.c
     to: d@e.f, g@h.i
     subject: Hi
     text:
       One

       Two
4. slack: Skipped
     reason: has no effect yet
5. add_comment: not come to
     comment: hidden from this key
To do just this, or nothing, until 2026-11-23T23:11:01.123Z:
baton act Refunds R-1 Pay --quote q.1";
        assert_eq!(shown(&foresight, "baton act Refunds R-1 Pay"), expected);
    }
}
