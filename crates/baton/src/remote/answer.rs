//! What came back: what was asked for, or a refusal and what to do about it.

use std::time::{Duration, SystemTime};

use serde_json::Value as Json;

use super::call::Call;
use super::plain::{plain, plain_json};
use crate::trouble::Trouble;

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub json: Json,
    text: String,
    /// Where it may be asked again: when, and with what.
    again: Option<(Duration, String)>,
}

impl Answer {
    /// Anything that Baton does not answer is none of its answers.
    pub(super) fn read(answer: baton_connect::http::Answer, now: SystemTime, call: &Call, url: &str) -> Result<Answer, Trouble> {
        let status = answer.status;
        let again = answer.retry_after(now).map(|after| (after, call.with_what()));
        Answer::parse(status, &answer.body, again)
            .ok_or_else(|| Trouble::refused(not_batons(url, &format!("{status} without Baton's JSON"))))
    }

    fn parse(status: u16, body: &[u8], again: Option<(Duration, String)>) -> Option<Answer> {
        let text = std::str::from_utf8(body).ok()?.trim().to_owned();
        let json: Json = if status == 204 { Json::Null } else { serde_json::from_str(&text).ok()? };
        let answer = Answer { status, json, text, again };
        (answer.is_yes() || !answer.errors().is_empty()).then_some(answer)
    }

    pub fn is_yes(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// As it came, on one line.
    pub fn text(&self) -> String {
        plain_json(&self.text)
    }

    /// The server's own sentences: of a refusal, and of what has failed.
    pub fn errors(&self) -> Vec<String> {
        sentences(&self.json["errors"])
    }

    pub fn refusal(&self) -> Trouble {
        Trouble::Refused(self.errors_and_what_to_do())
    }

    /// What to do is said with the last of them.
    pub fn errors_and_what_to_do(&self) -> Vec<String> {
        let mut errors = self.errors();
        if let (Some(what), Some(last)) = (self.what_to_do(), errors.last_mut()) {
            last.push_str(&format!("; {what}"));
        }
        errors
    }

    fn what_to_do(&self) -> Option<String> {
        match (self.status, &self.again) {
            (_, Some((after, with))) => Some(format!("ask again in {} s{with}", after.as_secs())),
            (401, _) => Some("set BATON_API_KEY to a key of this server: `baton api-key create --name NAME` makes one".to_owned()),
            // A performer who may not is told with who may.
            (403, _) if self.json["status"].is_null() => Some("use a key that may: `baton api-key create` makes one".to_owned()),
            (404, _) => Some("`baton tasks list WORKFLOW` shows which there are".to_owned()),
            _ => None,
        }
    }
}

/// They are a list, or lists by the names of fields.
pub fn sentences(errors: &Json) -> Vec<String> {
    match errors {
        Json::String(sentence) => vec![plain(sentence)],
        Json::Array(list) => list.iter().flat_map(sentences).collect(),
        Json::Object(names) => {
            let of = |(name, list): (&String, &Json)| -> Vec<String> {
                sentences(list).iter().map(|sentence| format!("{} {sentence}", plain(name))).collect()
            };
            names.iter().flat_map(of).collect()
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => Vec::new(),
    }
}

pub(super) fn not_batons(url: &str, what: &str) -> String {
    format!("{url} answered {what}: say by --url where Baton is")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(status: u16, body: &str, again: Option<u64>) -> Option<Vec<String>> {
        let again = again.map(|seconds| (Duration::from_secs(seconds), " with --idempotency-key k".to_owned()));
        Some(Answer::parse(status, body.as_bytes(), again)?.errors_and_what_to_do())
    }

    #[test]
    fn a_refusal_says_what_to_do() {
        let no = |sentence: &str| format!("{{\"errors\":[\"{sentence}\"]}}");
        for (status, body, again, expected) in [
            (
                401,
                no("API key is unknown"),
                None,
                vec!["API key is unknown; set BATON_API_KEY to a key of this server: `baton api-key create --name NAME` makes one"],
            ),
            (403, no("This key only reads"), None, vec!["This key only reads; use a key that may: `baton api-key create` makes one"]),
            (403, "{\"status\":\"Fail\",\"errors\":[\"a may not perform B\"]}".to_owned(), None, vec!["a may not perform B"]),
            (404, no("Task not found"), None, vec!["Task not found; `baton tasks list WORKFLOW` shows which there are"]),
            (409, no("Amount has changed"), None, vec!["Amount has changed"]),
            (
                422,
                "{\"errors\":{\"Plan\":[\"is not an option\"],\"Foo\":[\"is not a field\"]}}".to_owned(),
                None,
                vec!["Plan is not an option", "Foo is not a field"],
            ),
            (422, "{\"errors\":[\"A\",\"\\u001b[2J\"]}".to_owned(), None, vec!["A", "\\u{1b}[2J"]),
            (429, no("Too many"), Some(1), vec!["Too many; ask again in 1 s with --idempotency-key k"]),
            (503, no("The store is full"), Some(5), vec!["The store is full; ask again in 5 s with --idempotency-key k"]),
            (500, no("Something went wrong"), None, vec!["Something went wrong"]),
            (200, "[]".to_owned(), None, vec![]),
            (204, String::new(), None, vec![]),
        ] {
            assert_eq!(told(status, &body, again), Some(expected.into_iter().map(str::to_owned).collect()), "{status} {body}");
        }
    }

    #[test]
    fn what_is_not_batons_is_no_answer() {
        for (status, body) in [(200, "<html>"), (502, "Bad Gateway"), (404, "{}"), (500, "{\"errors\":[]}"), (301, ""), (200, "\u{0}")] {
            assert_eq!(told(status, body, None), None, "{status} {body}");
        }
    }
}
