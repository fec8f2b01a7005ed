//! What an endpoint says of itself, as data: its file has a `docs` beside the `ROUTE`, so that there is no endpoint without.

use serde_json::{Value as Json, json};

use super::nouns::Noun;

pub struct Docs {
    /// The name of the operation, for programs that are made from the document.
    pub id: &'static str,
    pub noun: &'static Noun,
    pub title: &'static str,
    /// Markdown.
    pub text: &'static str,
    /// Of the query, and headers. The parts of the path are known by their names in it.
    pub parameters: &'static [Parameter],
    pub body: Option<Given>,
    /// Where it is done; what is refused follows from `refuses`, the policy and the rest.
    pub answers: Vec<Done>,
    /// Beyond what every endpoint of its kind refuses (`errors.rs`).
    pub refuses: &'static [Refuses],
}

#[derive(Clone, Copy)]
pub struct Parameter {
    pub name: &'static str,
    pub place: Place,
    pub text: &'static str,
    pub takes: Takes,
    pub example: &'static str,
    pub required: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Path,
    Query,
    Header,
}

/// What a parameter may be.
#[derive(Clone, Copy)]
pub enum Takes {
    Text,
    Flag,
    /// A whole number from 1 on.
    Number {
        max: i64,
    },
    /// A whole number from 0 on.
    Count,
    OneOf(&'static [&'static str]),
    /// A regular expression of JSON Schema.
    Like(&'static str),
    /// Any number of parameters with names that only the workflow knows, each any number of times.
    Columns,
}

pub struct Given {
    pub schema: Json,
    pub format: Format,
    pub required: bool,
    pub text: &'static str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Json,
    /// A definition may come and go in both.
    JsonOrYaml,
    /// Of one of these types, always text.
    Texts(&'static [&'static str]),
}

pub struct Done {
    pub status: u16,
    pub text: &'static str,
    pub headers: &'static [Header],
    /// Those that are not always there; their texts say when.
    pub may_have: &'static [Header],
    /// Without one there is no body.
    pub content: Option<Content>,
    /// What it may be instead, where the caller asks for that.
    pub instead: Option<Content>,
}

pub struct Content {
    pub format: Format,
    pub schema: Json,
    /// Where `docs/api.md` has none.
    pub example: Option<Json>,
}

#[derive(Clone, Copy)]
pub struct Header {
    pub name: &'static str,
    pub text: &'static str,
    pub example: &'static str,
}

/// Codes of refusals in the shape of their answer.
pub enum Refuses {
    Plain(&'static [&'static str]),
    Fields(&'static [&'static str]),
    Items(&'static [&'static str]),
    Action(&'static [&'static str]),
}

impl Parameter {
    pub const fn needed(self) -> Parameter {
        Parameter { required: true, ..self }
    }
}

impl Given {
    pub fn json(schema: Json, text: &'static str) -> Given {
        Given { schema, format: Format::Json, required: true, text }
    }

    pub fn definition(schema: Json, text: &'static str) -> Given {
        Given { schema, format: Format::JsonOrYaml, required: true, text }
    }

    pub fn or_none(self) -> Given {
        Given { required: false, ..self }
    }
}

impl Done {
    pub fn json(status: u16, text: &'static str, schema: Json) -> Done {
        Done {
            status,
            text,
            headers: &[],
            may_have: &[],
            content: Some(Content { format: Format::Json, schema, example: None }),
            instead: None,
        }
    }

    pub fn empty(status: u16, text: &'static str) -> Done {
        Done { status, text, headers: &[], may_have: &[], content: None, instead: None }
    }

    pub fn in_format(self, format: Format) -> Done {
        Done { content: self.content.map(|content| Content { format, ..content }), ..self }
    }

    /// Text of this type where it is asked for.
    pub fn or_text(self, media_types: &'static [&'static str], example: &str) -> Done {
        let content = Content { format: Format::Texts(media_types), schema: json!({ "type": "string" }), example: Some(example.into()) };
        Done { instead: Some(content), ..self }
    }

    pub fn with(self, headers: &'static [Header]) -> Done {
        Done { headers, ..self }
    }

    pub fn may_have(self, headers: &'static [Header]) -> Done {
        Done { may_have: headers, ..self }
    }

    pub fn like(self, example: Json) -> Done {
        Done { content: self.content.map(|content| Content { example: Some(example), ..content }), ..self }
    }
}

impl Refuses {
    pub fn codes(&self) -> &'static [&'static str] {
        match self {
            Refuses::Plain(codes) | Refuses::Fields(codes) | Refuses::Items(codes) | Refuses::Action(codes) => codes,
        }
    }
}
