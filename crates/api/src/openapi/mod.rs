//! The API as one document, OpenAPI 3.1, made from the route table, from what each endpoint says of itself (`docs` beside its `ROUTE`),
//! from `docs/errors.md` and from the examples of `docs/api.md`. Tests hold every answer that they get against it.
//!
//! It is plain data, put together by hand: answers are written by hand as well, many of them without a type that a macro could read
//! (a task's keys are the workflow's fields), so that a macro would only be a second place to say the same.
//!
//! To add a parameter: one constant, in the endpoint's file or in `parameters`, and its place in the endpoint's `docs`. To add a shape:
//! a line in `schemas`.

pub mod docs;
pub mod errors;
pub mod examples;
pub mod nouns;
pub mod parameters;
pub mod schemas;

use std::sync::LazyLock;

use serde_json::{Map, Value as Json, json};

use self::docs::{Content, Docs, Done, Format, Given, Header, Parameter, Place, Takes};
use self::errors::Refused;
use self::nouns::NOUNS;
use crate::route::{Policy, ROUTES, Route};

const START: &str = "The REST API of Baton. The same server explains it at [/api/docs](/api/docs), with all that this document can't say.";

/// The whole document; the same for every server.
pub fn document() -> &'static Json {
    static DOCUMENT: LazyLock<Json> = LazyLock::new(made);
    &DOCUMENT
}

fn made() -> Json {
    let refused: Vec<Refused> = ROUTES.iter().map(|route| errors::refused(route, &(route.docs)())).collect();
    let tags: Vec<Json> = NOUNS.iter().map(|noun| json!({ "name": noun.name, "description": noun.text })).collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Baton",
            "version": env!("CARGO_PKG_VERSION"),
            "description": START,
            "license": { "name": "Apache-2.0 OR MIT", "identifier": "Apache-2.0 OR MIT" },
        },
        "servers": [{ "url": "/", "description": "The server that this document comes from." }],
        "security": [{ "key": [] }],
        "tags": tags,
        "paths": paths(&refused),
        "components": {
            "schemas": schemas::named(),
            "responses": shared_responses(),
            "headers": { "X-Request-Id": header(&parameters::REQUEST_ID, true) },
            "parameters": { "X-Request-Id": parameter(&parameters::X_REQUEST_ID) },
            "examples": errors::examples(&refused),
            "securitySchemes": {
                "key": { "type": "http", "scheme": "bearer", "description": "`Authorization: Bearer <key>`; a key begins with `bat_`." },
            },
        },
        "x-refusals": refusals(),
    })
}

/// Every refusal that there is, with its remedy; those without a status are only in the errors of an execution or on the command line.
fn refusals() -> Vec<Json> {
    let shown = |entry: &errors::Entry| json!({ "code": entry.code, "status": entry.status, "says": entry.says, "remedy": entry.remedy });
    errors::entries().iter().map(shown).collect()
}

fn paths(refused: &[Refused]) -> Map<String, Json> {
    let mut paths = Map::new();
    for (route, refused) in ROUTES.iter().zip(refused) {
        let place = paths.entry(route.path).or_insert_with(|| json!({}));
        place[route.method.as_str().to_ascii_lowercase()] = operation(route, &(route.docs)(), refused);
    }
    paths
}

fn operation(route: &'static Route, docs: &Docs, refused: &Refused) -> Json {
    let description = [docs.text, needs(route.policy)].join("\n\n");
    let mut operation = json!({
        "operationId": docs.id,
        "tags": [docs.noun.name],
        "summary": docs.title,
        "description": description.trim(),
    });
    let shared = json!({ "$ref": "#/components/parameters/X-Request-Id" });
    let taken = all_parameters(route, docs);
    operation["parameters"] = taken.iter().map(parameter).chain([shared]).collect();
    if let Some(body) = &docs.body {
        operation["requestBody"] = request_body(route, body);
    }
    operation["responses"] = Json::Object(responses(route, docs, refused));
    if route.policy == Policy::Open {
        operation["security"] = json!([]);
    }
    operation
}

/// What a key must be allowed.
pub fn needs(policy: Policy) -> &'static str {
    match policy {
        Policy::Open => "",
        Policy::Read => "A read-only key may ask; what a key does not cover does not exist for it.",
        Policy::Write => "To do it, the key must not be read-only, and its role must allow the change.",
        Policy::Inspect => "The key must not be narrowed to a lesser role; it may be read-only.",
        Policy::Administer => "The key must not be narrowed to a lesser role and, to do it, not be read-only.",
    }
}

/// Of path, query and headers, but for the one that all have.
pub fn all_parameters(route: &Route, docs: &Docs) -> Vec<Parameter> {
    let named = route.path.split(['{', '}']).skip(1).step_by(2);
    let parts = named.map(|name| {
        let part = parameters::PARTS.iter().find(|part| part.name == name);
        *part.unwrap_or_else(|| panic!("openapi/parameters.rs does not know the part {name} of {}", route.path))
    });
    let once = (route.method == "POST").then_some(parameters::IDEMPOTENCY_KEY);
    parts.chain(docs.parameters.iter().copied()).chain(once).collect()
}

fn parameter(parameter: &Parameter) -> Json {
    let Parameter { name, place, text, takes, example, required } = parameter;
    let place_name = match place {
        Place::Path => "path",
        Place::Query => "query",
        Place::Header => "header",
    };
    let mut shown = json!({ "name": name, "in": place_name, "description": text, "required": required });
    shown["schema"] = parameter_schema(parameter);
    match takes {
        // An object is spread over the query, each of its keys a parameter.
        Takes::Columns => shown["style"] = "form".into(),
        Takes::Flag | Takes::Number { .. } | Takes::Count => {
            shown["example"] = serde_json::from_str(example).expect("an example of its type")
        }
        Takes::Text | Takes::OneOf(_) | Takes::Like(_) => shown["example"] = (*example).into(),
    }
    if matches!(takes, Takes::Columns) {
        shown["explode"] = true.into();
        shown["example"] = json!({ "Stage": example });
    }
    shown
}

/// What a parameter may be.
pub fn parameter_schema(Parameter { place, takes, .. }: &Parameter) -> Json {
    match takes {
        Takes::Text if *place == Place::Path => json!({ "type": "string", "minLength": 1 }),
        Takes::Text => json!({ "type": "string" }),
        Takes::Flag => json!({ "type": "boolean" }),
        Takes::Number { max } => json!({ "type": "integer", "minimum": 1, "maximum": max }),
        Takes::Count => json!({ "type": "integer", "minimum": 0 }),
        Takes::OneOf(texts) => json!({ "type": "string", "enum": texts }),
        Takes::Like(pattern) => json!({ "type": "string", "pattern": pattern }),
        Takes::Columns => json!({ "type": "object", "additionalProperties": { "type": "string" } }),
    }
}

fn request_body(route: &'static Route, body: &Given) -> Json {
    let mut content = Map::new();
    for (media_type, yaml) in media_types(body.format) {
        let given = examples::of(route).filter(|example| example.body.is_some() && example.yaml == yaml && example.status < 300);
        let given = given.filter_map(|example| Some((example.heading, example.request_body()?)));
        content.insert(media_type.to_owned(), media(body.schema.clone(), given));
    }
    json!({ "description": body.text, "required": body.required, "content": content })
}

/// Each with whether it is YAML.
fn media_types(format: Format) -> Vec<(&'static str, bool)> {
    match format {
        Format::Json => vec![("application/json", false)],
        Format::JsonOrYaml => vec![("application/json", false), ("application/yaml", true)],
        Format::Texts(media_types) => media_types.iter().map(|media_type| (*media_type, false)).collect(),
    }
}

fn media(schema: Json, examples: impl Iterator<Item = (&'static str, Json)>) -> Json {
    let mut named: Map<String, Json> = Map::new();
    for (summary, value) in examples {
        if named.values().all(|known| known["value"] != value) {
            named.insert(format!("example_{}", named.len() + 1), json!({ "summary": summary, "value": value }));
        }
    }
    if named.is_empty() { json!({ "schema": schema }) } else { json!({ "schema": schema, "examples": named }) }
}

fn responses(route: &'static Route, docs: &Docs, refused: &Refused) -> Map<String, Json> {
    let mut responses: Map<String, Json> = docs.answers.iter().map(|answer| (answer.status.to_string(), answered(route, answer))).collect();
    for (status, codes) in refused {
        let shown = if *status == 401 { shared("KeyNeeded") } else { refusal(*status, codes) };
        responses.insert(status.to_string(), shown);
    }
    responses.insert("500".to_owned(), shared("Fault"));
    if route.policy != Policy::Open {
        responses.insert("503".to_owned(), shared("Unavailable"));
    }
    responses
}

/// Told with what may have been answered before.
pub fn replayed(route: &Route, answer: &Done) -> Option<Header> {
    (route.method == "POST" && answer.status < 300).then_some(parameters::REPLAYED)
}

fn answered(route: &'static Route, answer: &Done) -> Json {
    let once = replayed(route, answer);
    let rate: &[Header] = if route.policy == Policy::Open { &[] } else { parameters::RATE };
    let may_have: Vec<Header> = answer.may_have.iter().chain(rate).copied().chain(once).collect();
    let mut shown = json!({ "description": answer.text, "headers": headers(answer.headers, &may_have) });
    if let Some(Content { format, schema, example }) = &answer.content {
        let mut content = Map::new();
        for (media_type, yaml) in media_types(*format) {
            let given = examples::of(route).filter(|found| found.status == answer.status && !yaml);
            let given = given.filter_map(|found| Some((found.heading, found.answer_body()?)));
            let given = given.chain(example.iter().map(|example| ("", example.clone())));
            content.insert(media_type.to_owned(), media(schema.clone(), given));
        }
        if let Some(Content { format, schema, example }) = &answer.instead {
            let example = || example.iter().map(|example| ("", example.clone()));
            let instead = media_types(*format).into_iter();
            content.extend(instead.map(|(media_type, _)| (media_type.to_owned(), media(schema.clone(), example()))));
        }
        shown["content"] = content.into();
    }
    shown
}

fn headers(always: &[Header], at_times: &[Header]) -> Map<String, Json> {
    let always = always.iter().map(|of| (of.name.to_owned(), header(of, true)));
    let at_times = at_times.iter().map(|of| (of.name.to_owned(), header(of, false)));
    let id = ("X-Request-Id".to_owned(), json!({ "$ref": "#/components/headers/X-Request-Id" }));
    always.chain(at_times).chain([id]).collect()
}

fn header(Header { text, example, .. }: &Header, always: bool) -> Json {
    json!({ "description": text, "required": always, "schema": { "type": "string" }, "example": example })
}

fn shared(name: &str) -> Json {
    json!({ "$ref": format!("#/components/responses/{name}") })
}

fn refusal(status: u16, codes: &[(errors::Shape, &str)]) -> Json {
    let own: &[Header] = match status {
        401 => &[parameters::AUTHENTICATE],
        429 => &[parameters::RETRY_AFTER],
        _ => &[],
    };
    let told = errors::distinct(codes);
    let sentence = told.iter().map(|code| format!("`{code}`")).collect::<Vec<_>>().join(", ");
    json!({
        "description": format!("Refused: {sentence}. See [errors](/api/docs/errors)."),
        "headers": headers(own, if status == 401 { &[] } else { parameters::RATE }),
        "content": errors::content(codes),
        "x-refusals": told,
    })
}

/// Answers that nearly every endpoint has.
fn shared_responses() -> Json {
    let keys = ["key_missing", "key_malformed", "key_unknown", "key_revoked", "key_expired"].map(|code| (errors::Shape::Plain, code));
    let of_server = |status: u16, text: &str, own: &[Header]| {
        let told = errors::of_the_server().filter(|(known, _)| *known == status);
        let told = told.map(|(_, says)| ("", json!({ "errors": [says] })));
        json!({
            "description": text,
            "headers": headers(own, parameters::RATE),
            "content": { "application/json": media(schemas::of("Errors"), told) },
        })
    };
    json!({
        "KeyNeeded": refusal(401, &keys),
        "Fault": of_server(500, "A fault of Baton. The log has it under the id of the request.", &[]),
        "Unavailable": of_server(503, "The server can't at the moment. Nothing has happened, unless it says otherwise.", &[parameters::RETRY_AFTER]),
    })
}
