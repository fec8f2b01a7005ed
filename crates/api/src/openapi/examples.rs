//! The examples of `docs/api.md`, by endpoint. Each is run by a test against a server, so that none of them is made up.

use std::sync::LazyLock;

use serde_json::Value as Json;

use crate::route::{ROUTES, Route};

pub const DOCUMENT: &str = include_str!("../../../../docs/api.md");
pub const HOST: &str = "https://baton.example";

pub struct Example {
    /// The heading that it stands under.
    pub heading: &'static str,
    /// For a shell.
    pub command: &'static str,
    /// With the head of HTTP.
    pub answer: &'static str,
    pub method: &'static str,
    /// Without query.
    path: &'static str,
    pub yaml: bool,
    pub body: Option<&'static str>,
    pub status: u16,
}

pub fn all() -> &'static [Example] {
    static EXAMPLES: LazyLock<Vec<Example>> = LazyLock::new(|| read(DOCUMENT));
    &EXAMPLES
}

pub fn of(route: &'static Route) -> impl Iterator<Item = &'static Example> {
    all().iter().filter(move |example| example.method == route.method && best_route(example).is_some_and(|best| best == route.path))
}

impl Example {
    pub fn answer_body(&self) -> Option<Json> {
        let (_, body) = self.answer.split_once("\n\n")?;
        serde_json::from_str(body).ok()
    }

    pub fn request_body(&self) -> Option<Json> {
        let body = self.body?;
        if self.yaml { baton_core::definition::parse_yaml(body).ok() } else { crate::json::parse(body.as_bytes()).ok() }
    }
}

fn read(document: &'static str) -> Vec<Example> {
    let mut examples = Vec::new();
    let mut heading = "";
    let mut rest = document;
    while let Some((line, after)) = rest.split_once('\n') {
        rest = after;
        if let Some(found) = line.strip_prefix('#') {
            heading = found.trim_start_matches('#').trim();
        } else if line == "```sh"
            && let Some((command, after)) = after.split_once("\n```\n")
            && let Some((answer, after)) = after.trim_start().strip_prefix("```http\n").and_then(|answer| answer.split_once("\n```\n"))
        {
            examples.extend(example(heading, command, answer));
            rest = after;
        }
    }
    examples
}

fn example(heading: &'static str, command: &'static str, answer: &'static str) -> Option<Example> {
    let body = command.split_once("--data '").and_then(|(_, body)| Some(body.rsplit_once('\'')?.0));
    let stated = command.split_once("-X ").and_then(|(_, rest)| rest.split_whitespace().next());
    let (_, url) = command.split_once(HOST)?;
    let path = url.split(['?', '\'', ' ', '\n']).next()?;
    let status = answer.split(' ').nth(1)?.parse().ok()?;
    let method = stated.unwrap_or(if body.is_some() { "POST" } else { "GET" });
    Some(Example { heading, command, answer, method, path, yaml: command.contains("application/yaml"), body, status })
}

/// `tasks/active` is nearer than `tasks/{task}`.
fn best_route(example: &Example) -> Option<&'static str> {
    let fits = |route: &&Route| {
        let (route, path) = (route.path.split('/'), example.path.split('/'));
        route.clone().count() == path.clone().count() && route.zip(path).all(|(known, part)| known.starts_with('{') || known == part)
    };
    ROUTES.iter().filter(fits).map(|route| route.path).min_by_key(|path| path.matches('{').count())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route::Policy;

    /// `docs/api.md` is run whole by a test, and what asks for no key is called by others. So is what shows only how it is refused: by
    /// the time that an example asks, what it would cancel may have ended.
    #[test]
    fn every_endpoint_is_shown_by_an_example() {
        let elsewhere = ["cancel_execution", "cancel_import"];
        for route in ROUTES.iter().filter(|route| route.policy != Policy::Open && !elsewhere.contains(&(route.docs)().id)) {
            assert!(of(route).any(|example| example.status < 300), "{} {} is in no example of docs/api.md", route.method, route.path);
        }
    }
}
