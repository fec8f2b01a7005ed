//! What an endpoint refuses. `docs/errors.md` has the words, the status and the remedy of each refusal; an endpoint names those that
//! are its own, and the rest follows from what it is: who may call it, whether it has a body, what its path names.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::{Map, Value as Json, json};

use super::docs::{Docs, Refuses};
use super::nouns::WORKFLOWS;
use super::schemas;
use crate::route::{Policy, Route};

pub const DOCUMENT: &str = include_str!("../../../../docs/errors.md");

/// A row of the document.
pub struct Entry {
    pub code: &'static str,
    /// Without one it is never an answer: it is in the errors of an execution, or on the command line.
    pub status: Option<u16>,
    pub says: &'static str,
    pub remedy: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Shape {
    Plain,
    Fields,
    Items,
    Action,
}

const SHAPES: [Shape; 4] = [Shape::Plain, Shape::Fields, Shape::Items, Shape::Action];

impl Shape {
    pub fn schema(self) -> &'static str {
        match self {
            Shape::Plain => "Errors",
            Shape::Fields => "FieldErrors",
            Shape::Items => "BatchErrors",
            Shape::Action => "ActionErrors",
        }
    }

    fn example(self, says: &str) -> Json {
        match self {
            Shape::Plain => json!({ "errors": [says] }),
            Shape::Fields => json!({ "errors": { "Email": [says] } }),
            Shape::Items => json!({ "errors": { "3": { "Email": [says] } } }),
            Shape::Action => json!({ "status": "Fail", "errors": [says] }),
        }
    }

    fn example_name(self, code: &str) -> String {
        match self {
            Shape::Plain => code.to_owned(),
            Shape::Fields => format!("{code}.field"),
            Shape::Items => format!("{code}.batch"),
            Shape::Action => format!("{code}.action"),
        }
    }
}

pub type Refused = BTreeMap<u16, Vec<(Shape, &'static str)>>;

pub fn entries() -> &'static [Entry] {
    static ENTRIES: LazyLock<Vec<Entry>> = LazyLock::new(|| DOCUMENT.lines().filter_map(entry).collect());
    &ENTRIES
}

fn entry(line: &'static str) -> Option<Entry> {
    let (code, rest) = line.strip_prefix("| `")?.split_once("` | ")?;
    let (status, rest) = match rest.split_once(" | ") {
        Some((first, rest)) if first.parse::<u16>().is_ok() => (first.parse().ok(), rest),
        _ => (None, rest),
    };
    let (says, remedy) = rest.strip_suffix(" |")?.split_once(" | ")?;
    Some(Entry { code, status, says, remedy })
}

fn entry_of(code: &str) -> &'static Entry {
    entries().iter().find(|entry| entry.code == code).unwrap_or_else(|| panic!("docs/errors.md has no entry {code}"))
}

/// Status and sentence of what is no refusal: the server can't.
pub fn of_the_server() -> impl Iterator<Item = (u16, &'static str)> {
    DOCUMENT.lines().filter_map(|line| {
        let (status, rest) = line.strip_prefix("| ")?.split_once(" | ")?;
        Some((status.parse().ok()?, rest.split_once(" | ")?.0))
    })
}

/// Each code once, whatever shapes it comes in.
pub fn distinct<'a>(codes: &[(Shape, &'a str)]) -> Vec<&'a str> {
    let mut known: Vec<&str> = Vec::new();
    for (_, code) in codes {
        if !known.contains(code) {
            known.push(code);
        }
    }
    known
}

/// What the endpoint refuses, by status.
pub fn refused(route: &Route, docs: &Docs) -> Refused {
    let common = common(route, docs).into_iter().map(|code| (Shape::Plain, code));
    let own = docs.refuses.iter().flat_map(|refuses| {
        let shape = shape(refuses);
        refuses.codes().iter().map(move |code| (shape, *code))
    });
    let mut refused = Refused::new();
    for (shape, code) in common.chain(own) {
        let codes = refused.entry(status(shape, code)).or_default();
        if !codes.contains(&(shape, code)) {
            codes.push((shape, code));
        }
    }
    refused
}

fn shape(refuses: &Refuses) -> Shape {
    match refuses {
        Refuses::Plain(_) => Shape::Plain,
        Refuses::Fields(_) => Shape::Fields,
        Refuses::Items(_) => Shape::Items,
        Refuses::Action(_) => Shape::Action,
    }
}

/// As `problem.rs` decides it.
fn status(shape: Shape, code: &str) -> u16 {
    match (shape, code) {
        // A retry meets `no_task` as an answer, which is otherwise only in the errors of an execution.
        (Shape::Fields | Shape::Items, _) | (Shape::Action, "not_found" | "no_task") => 422,
        _ => entry_of(code).status.unwrap_or_else(|| panic!("{code} is never an answer")),
    }
}

fn common(route: &Route, docs: &Docs) -> Vec<&'static str> {
    let mut codes = Vec::new();
    let keyed = route.policy != Policy::Open;
    if keyed {
        codes.extend(["key_missing", "key_malformed", "key_unknown", "key_revoked", "key_expired"]);
        codes.extend(["not_a_parameter", "bad_parameter", "too_many_requests"]);
    }
    match route.policy {
        Policy::Open | Policy::Read => {}
        Policy::Inspect => codes.push("key_lacks_right"),
        Policy::Write | Policy::Administer => codes.extend(["key_read_only", "key_lacks_right"]),
    }
    let writes = matches!(route.policy, Policy::Write | Policy::Administer);
    if route.path.contains('{') {
        codes.push("not_found");
        // The end of a workflow, and of its archiving, is asked for when it is archived too.
        if writes && route.path.contains("{workflow}") && docs.noun.name != WORKFLOWS.name {
            codes.push("workflow_archived");
        }
    }
    if docs.body.is_some() {
        codes.extend(["body_invalid", "body_broken", "body_too_slow", "too_large", "wrong_content_type", "body_shape"]);
    }
    if route.method == "POST" {
        codes.push("key_reused");
    }
    if docs.parameters.iter().any(|parameter| parameter.name == "If-Match") {
        codes.push("version_moved");
    }
    codes
}

/// Every example that a response of the document points to.
pub fn examples(all: &[Refused]) -> Map<String, Json> {
    let mut used: Vec<(Shape, &str)> = all.iter().flat_map(Refused::values).flatten().copied().collect();
    let order = |code: &str| entries().iter().position(|entry| entry.code == code);
    used.sort_by_key(|(shape, code)| (order(code), *shape));
    used.dedup();
    let example = |(shape, code): (Shape, &str)| {
        let Entry { says, remedy, .. } = entry_of(code);
        (shape.example_name(code), json!({ "summary": code, "description": remedy, "value": shape.example(says) }))
    };
    used.into_iter().map(example).collect()
}

/// The content of an answer with one of these.
pub fn content(codes: &[(Shape, &str)]) -> Json {
    let shapes: Vec<Json> =
        SHAPES.into_iter().filter(|shape| codes.iter().any(|(used, _)| used == shape)).map(|shape| schemas::of(shape.schema())).collect();
    let schema = if let [one] = &shapes[..] { one.clone() } else { schemas::any_of(&shapes) };
    let pointer = |name: String| json!({ "$ref": format!("#/components/examples/{name}") });
    let examples: Map<String, Json> =
        codes.iter().map(|(shape, code)| shape.example_name(code)).map(|name| (name.clone(), pointer(name))).collect();
    json!({ "application/json": { "schema": schema, "examples": examples } })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_may_have_no_status() {
        let of = |code: &str| {
            let Entry { status, says, .. } = entry_of(code);
            (*status, *says)
        };
        assert_eq!(of("not_found"), (Some(404), "Task not found"));
        assert_eq!(of("no_task"), (None, "Task no longer exists"));
        assert_eq!(of_the_server().filter(|(status, _)| *status == 500).count(), 1);
    }
}
