//! One request.

use std::time::Duration;

use baton_connect::http::Request;
use hyper::body::Bytes;
use serde_json::Value as Json;
use url::Url;

use super::plain::shell_word;
use super::{LIST_TIMEOUT, TIMEOUT};
use crate::trouble::Trouble;

pub struct Call {
    method: &'static str,
    /// Behind `/api/v1`.
    path: Vec<String>,
    query: Vec<(String, String)>,
    body: Option<Json>,
    content_type: &'static str,
    effect: Effect,
    timeout: Duration,
}

/// What asking twice would do.
enum Effect {
    /// Nothing: it only looks.
    Looks,
    /// Nothing more, by this `Idempotency-Key`.
    Once(String),
    Writes,
}

impl Call {
    fn new(method: &'static str, path: &[&str], body: Option<Json>, effect: Effect) -> Call {
        let path = path.iter().map(|part| (*part).to_owned()).collect();
        Call { method, path, query: Vec::new(), body, content_type: "application/json", effect, timeout: TIMEOUT }
    }

    pub fn get(path: &[&str]) -> Call {
        Call::new("GET", path, None, Effect::Looks)
    }

    pub fn list(path: &[&str]) -> Call {
        Call { timeout: LIST_TIMEOUT, ..Call::get(path) }
    }

    pub fn post(path: &[&str], body: Json, key: String) -> Call {
        Call::new("POST", path, Some(body), Effect::Once(key))
    }

    /// A file, which comes with the call and not in it.
    pub fn upload(path: &[&str], content_type: &'static str, key: String) -> Call {
        Call { content_type, ..Call::new("POST", path, None, Effect::Once(key)) }
    }

    /// A question that has a body.
    pub fn question(path: &[&str], body: Json) -> Call {
        Call::new("POST", path, Some(body), Effect::Looks)
    }

    pub fn put(path: &[&str], body: Json) -> Call {
        Call::new("PUT", path, Some(body), Effect::Writes)
    }

    pub fn delete(path: &[&str]) -> Call {
        Call::new("DELETE", path, None, Effect::Writes)
    }

    pub fn query(mut self, name: &str, value: &str) -> Call {
        self.query.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(super) fn may_be_repeated(&self) -> bool {
        !matches!(self.effect, Effect::Writes)
    }

    /// Where no answer came.
    pub(super) fn what_now(&self) -> String {
        match &self.effect {
            Effect::Looks => "ask again, and look into the server's log".to_owned(),
            Effect::Once(key) => {
                format!("whether it was done is not known: ask again with --idempotency-key {}, and nothing is done twice", shell_word(key))
            }
            Effect::Writes => "whether it was done is not known: look at the task, and ask again".to_owned(),
        }
    }

    /// Where it shall be asked again later.
    pub(super) fn with_what(&self) -> String {
        match &self.effect {
            Effect::Once(key) => format!(" with --idempotency-key {}", shell_word(key)),
            Effect::Looks | Effect::Writes => String::new(),
        }
    }

    pub(super) fn request(&self, url: &str, api_key: &str) -> Result<Request, Trouble> {
        self.request_within(self.timeout, url, api_key)
    }

    /// Where there is less time than it may take.
    pub(super) fn request_within(&self, longest: Duration, url: &str, api_key: &str) -> Result<Request, Trouble> {
        let url = self.url(url)?;
        let authorization = format!("Bearer {api_key}");
        let mut headers = vec![("authorization", authorization.as_str())];
        if self.method == "POST" || self.method == "PUT" {
            headers.push(("content-type", self.content_type));
        }
        let body = self.body.as_ref().map_or_else(Bytes::new, |body| Bytes::from(body.to_string()));
        if let Effect::Once(key) = &self.effect {
            headers.push(("idempotency-key", key));
        }
        Request::new(self.method, &url, &headers, body, self.timeout.min(longest))
            .map_err(|error| Trouble::usage(format!("this can't be asked: {error}")))
    }

    fn url(&self, base: &str) -> Result<String, Trouble> {
        let wrong = || Trouble::usage(format!("url is {base:?}, below which nothing can be asked: say another by --url"));
        // A URL leaves them out, and something else would be asked.
        if let Some(part) = self.path.iter().find(|part| ["", ".", ".."].contains(&part.trim())) {
            return Err(Trouble::usage(format!("{part:?} is the name of nothing; allowed is any text but a blank one, . and ..")));
        }
        let mut url = Url::parse(base).map_err(|_| wrong())?;
        url.path_segments_mut().map_err(|()| wrong())?.pop_if_empty().extend(["api", "v1"]).extend(&self.path);
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&self.query);
        }
        Ok(url.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_arrive_as_they_are() {
        for (base, task, expected) in [
            ("http://x:1", "C-1", "http://x:1/api/v1/tasks/C-1?Deal+size=1+%26+2"),
            ("https://x/baton", "a/b c?%", "https://x/baton/api/v1/tasks/a%2Fb%20c%3F%25?Deal+size=1+%26+2"),
            ("http://[::1]:3000", "é..", "http://[::1]:3000/api/v1/tasks/%C3%A9..?Deal+size=1+%26+2"),
        ] {
            assert_eq!(Call::get(&["tasks", task]).query("Deal size", "1 & 2").url(base), Ok(expected.to_owned()));
        }
        for task in ["", " ", ".", ".."] {
            assert!(Call::delete(&["tasks", task]).url("http://x").is_err(), "{task:?}");
        }
    }

    #[test]
    fn what_can_be_done_twice_is_not_repeated() {
        assert!(Call::get(&["x"]).may_be_repeated() && Call::post(&["x"], Json::Null, "k".to_owned()).may_be_repeated());
        assert!(!Call::put(&["x"], Json::Null).may_be_repeated() && !Call::delete(&["x"]).may_be_repeated());
    }
}
