//! Every answer that a test gets is held to the document of the API: its status, headers, type and body must be declared for the
//! endpoint, and what it was refused for; and where it was done, so must be all that was asked with.

use std::collections::HashMap;
use std::panic::Location;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use baton_api::{Policy, ROUTES, Route, openapi_document};
use jsonschema::Validator;
use serde_json::{Map, Value as Json, json};

use super::review::Review;
use super::server::{Call, Reply, Server, get};

/// What is of the caller's own making, or hangs on what there is.
const OF_ANY_SHAPE: &[&str] = &["x-request-id", "location", "link", "ratelimit"];

/// What HTTP itself says of an answer.
const OF_HTTP: &[&str] = &["content-type", "content-length", "connection"];

#[track_caller]
fn hold(problem: Option<String>, call: &Call, reply: &Reply, place: &Location<'_>) {
    if let Some(problem) = problem {
        let answer = String::from_utf8_lossy(&reply.body);
        panic!(
            "{place}: {} {} answered {} {answer}: the document of the API does not declare {problem}",
            call.method, call.path, reply.status
        );
    }
}

pub fn check(call: &Call, reply: &Reply, place: &Location<'_>) {
    let (path, query) = call.path.split_once('?').unwrap_or((&call.path, ""));
    let whole = path.strip_prefix('/').filter(|rest| rest.starts_with('/')).map_or_else(|| format!("/api/v1{path}"), str::to_owned);
    let method = if call.method == "HEAD" { "GET" } else { call.method };
    // What is at no endpoint is not found, or not allowed, the same for all.
    let Some(route) = route_of(&whole, method) else { return };
    let operation = operation(route);
    let problems = [
        answer(operation, reply, call.method == "HEAD"),
        refusals(operation, reply),
        // Where no key is asked for nothing is looked at.
        if reply.status.is_success() && route.policy != Policy::Open { asked(operation, call, query) } else { None },
    ];
    hold(problems.into_iter().flatten().next(), call, reply, place);
}

fn decoded(segment: &str) -> String {
    percent_encoding::percent_decode_str(segment).decode_utf8_lossy().into_owned()
}

/// As the server finds it: words come before names.
pub fn route_of(path: &str, method: &str) -> Option<&'static Route> {
    let segments: Vec<String> = path.split('/').map(decoded).collect();
    let fits = |route: &&Route| {
        let known: Vec<&str> = route.path.split('/').collect();
        let same = |(known, segment): (&&str, &String)| if known.starts_with('{') { !segment.is_empty() } else { known == segment };
        known.len() == segments.len() && known.iter().zip(&segments).all(same)
    };
    let path = ROUTES.iter().filter(fits).map(|route| route.path).min_by_key(|path| path.matches('{').count())?;
    ROUTES.iter().find(|route| route.path == path && route.method == method)
}

pub fn operation(route: &Route) -> &'static Json {
    &openapi_document()["paths"][route.path][route.method.as_str().to_ascii_lowercase()]
}

/// What a reference stands for.
pub fn meant(json: &'static Json) -> &'static Json {
    match json["$ref"].as_str().and_then(|pointer| pointer.strip_prefix('#')) {
        Some(pointer) => openapi_document().pointer(pointer).unwrap_or_else(|| panic!("{pointer} points nowhere")),
        None => json,
    }
}

fn keys(json: &'static Json) -> impl Iterator<Item = (&'static String, &'static Json)> {
    json.as_object().into_iter().flat_map(Map::iter)
}

fn response(operation: &'static Json, reply: &Reply) -> Option<&'static Json> {
    Some(meant(operation["responses"].get(reply.status.as_str())?))
}

fn answer(operation: &'static Json, reply: &Reply, bare: bool) -> Option<String> {
    let Some(response) = response(operation, reply) else { return Some(format!("the status {}", reply.status)) };
    let declared = |name: &str| keys(&response["headers"]).any(|(known, _)| known.eq_ignore_ascii_case(name));
    let names = reply.headers.keys().map(|name| name.as_str());
    if let Some(undeclared) = names.filter(|name| !OF_HTTP.contains(name)).find(|name| !declared(name)) {
        return Some(format!("the header {undeclared}"));
    }
    let missing = |(name, header): &(&String, &'static Json)| meant(header)["required"] == true && reply.header(name).is_none();
    if let Some((name, _)) = keys(&response["headers"]).find(missing) {
        return Some(format!("that the header {name} is missing"));
    }
    let unlike = |(name, header): &(&String, &'static Json)| {
        let (given, example) = (reply.header(name).unwrap_or_default(), meant(header)["example"].as_str().unwrap_or_default());
        !given.is_empty() && !OF_ANY_SHAPE.contains(&name.to_ascii_lowercase().as_str()) && shape(given) != shape(example)
    };
    if let Some((name, _)) = keys(&response["headers"]).find(unlike) {
        return Some(format!("the header {name} as {:?}", reply.header(name)));
    }
    if bare {
        return None;
    }
    let Some(content) = response.get("content") else {
        return (!reply.body.is_empty()).then(|| "a body".to_owned());
    };
    let got = reply.header("content-type").unwrap_or_default().split(';').next().unwrap_or_default();
    let Some(media) = content.get(got) else { return Some(format!("the content type {got:?}")) };
    if got != "application/json" {
        return None;
    }
    body(&media["schema"], &reply.json())
}

/// What is left of a header where each word counts as one.
fn shape(text: &str) -> String {
    let mut shape = text.replace(|symbol: char| symbol.is_ascii_alphanumeric() || "-._%".contains(symbol), "a");
    while shape.contains("aa") {
        shape = shape.replace("aa", "a");
    }
    shape
}

/// A body that does not fit its schema, or whose keys are in another order.
fn body(schema: &'static Json, given: &Json) -> Option<String> {
    let validator = validator(schema);
    if let Some(error) = validator.iter_errors(given).next() {
        return Some(format!("this body: {error} at {}", error.instance_path()));
    }
    out_of_order(schema, given).map(|key| format!("that {key} stands where it does"))
}

fn validator(schema: &'static Json) -> Arc<Validator> {
    static VALIDATORS: LazyLock<Mutex<HashMap<usize, Arc<Validator>>>> = LazyLock::new(Mutex::default);
    let mut validators = VALIDATORS.lock().unwrap_or_else(PoisonError::into_inner);
    // The document stays where it is.
    let place = std::ptr::from_ref(schema) as usize;
    let compile = || {
        let mut root = schema.clone();
        root["components"] = json!({ "schemas": openapi_document()["components"]["schemas"] });
        Arc::new(jsonschema::draft202012::new(&root).unwrap_or_else(|error| panic!("{schema}: {error}")))
    };
    validators.entry(place).or_insert_with(compile).clone()
}

/// The first key of an answer that comes before one that its schema has earlier.
fn out_of_order(schema: &'static Json, given: &Json) -> Option<String> {
    let schema = meant(schema);
    if let Some(alternatives) = schema["anyOf"].as_array() {
        let fitting = alternatives.iter().find(|alternative| validator(alternative).is_valid(given));
        return fitting.and_then(|fitting| out_of_order(fitting, given));
    }
    match given {
        Json::Array(items) => items.iter().find_map(|item| out_of_order(schema.get("items")?, item)),
        Json::Object(given) => {
            let properties = schema["properties"].as_object()?;
            let places = given.keys().filter_map(|key| Some((key, properties.keys().position(|known| known == key)?)));
            let mut last = 0;
            for (key, place) in places {
                if place < last {
                    return Some(key.clone());
                }
                last = place;
            }
            given.iter().find_map(|(key, value)| out_of_order(properties.get(key)?, value))
        }
        _ => None,
    }
}

fn refusals(operation: &'static Json, reply: &Reply) -> Option<String> {
    let declared = response(operation, reply).and_then(|response| response["x-refusals"].as_array());
    let declared = |code: &&&str| declared.is_some_and(|known| known.iter().any(|known| known == **code));
    reply.codes.iter().find(|code| !declared(code)).map(|code| format!("the refusal {code}"))
}

/// What was asked with, where it was done.
fn asked(operation: &'static Json, call: &Call, query: &str) -> Option<String> {
    let declared: Vec<&'static Json> = operation["parameters"].as_array().into_iter().flatten().map(meant).collect();
    let named = |place: &str, name: &str| {
        declared.iter().any(|known| known["in"] == place && known["name"].as_str().is_some_and(|known| known.eq_ignore_ascii_case(name)))
    };
    let columns = declared.iter().any(|known| known["explode"] == true);
    for name in query.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split('=').next().unwrap_or_default()) {
        let name = decoded(&name.replace('+', " "));
        if !(named("query", &name) || (columns && !name.starts_with('_'))) {
            return Some(format!("the parameter {name}"));
        }
    }
    let heard = ["idempotency-key", "if-match", "prefer"];
    if let Some((name, _)) = call.headers.iter().find(|(name, _)| {
        let name = name.to_ascii_lowercase();
        heard.contains(&name.as_str()) && !named("header", &name)
    }) {
        return Some(format!("the header {name} of a request"));
    }
    // What is planned may be any document: what is wrong with it is the answer.
    if query.contains("_dry_run=true") && !call.path.contains("/executions") {
        return None;
    }
    let given: Json = serde_json::from_slice(&call.body).ok()?;
    match operation["requestBody"]["content"].get("application/json") {
        Some(media) => {
            body(&media["schema"], &given).filter(|told| told.starts_with("this body")).map(|told| format!("of the request {told}"))
        }
        None => None,
    }
}

/// Each with its route's method and path.
fn operations() -> impl Iterator<Item = (String, &'static Json)> {
    ROUTES.iter().map(|route| (format!("{} {}", route.method, route.path), operation(route)))
}

fn examples(media: &'static Json) -> Vec<&'static Json> {
    keys(&media["examples"]).map(|(_, example)| &meant(example)["value"]).collect()
}

#[test]
fn every_answer_and_body_has_an_example_and_the_example_fits() {
    for (name, operation) in operations() {
        let answers = keys(&operation["responses"]).map(|(status, response)| (status.as_str(), meant(response)));
        let asked = [("body", &operation["requestBody"])].into_iter().filter(|(_, body)| !body.is_null());
        for (what, part) in answers.chain(asked) {
            for (kind, media) in keys(&part["content"]).filter(|(kind, _)| *kind == "application/json") {
                let examples = examples(media);
                let optional = what == "body" && (part["required"] == false || part["content"].get("application/yaml").is_some());
                assert!(!examples.is_empty() || optional || name.ends_with("openapi.json"), "{name} {what} {kind} has no example");
                for example in examples {
                    assert_eq!(body(&media["schema"], example), None, "{name} {what}: {example}");
                }
            }
        }
    }
}

#[test]
fn every_refusal_that_is_an_answer_is_one_of_some_endpoint() {
    let declared = |code: &Json| {
        let mut answers = operations().flat_map(|(_, operation)| keys(&operation["responses"])).map(|(_, response)| meant(response));
        answers.any(|response| response["x-refusals"].as_array().is_some_and(|codes| codes.contains(code)))
    };
    // Of no endpoint, of the command line, and in what an import tells of itself.
    let nowhere = ["wrong_method", "last_admin", "rows_refused", "row_held_back", "row_not_reached", "import_interrupted"];
    let all = openapi_document()["x-refusals"].as_array().expect("a list");
    assert!(all.len() > 70, "{} refusals", all.len());
    for refusal in all.iter().filter(|refusal| !refusal["status"].is_null()) {
        let code = &refusal["code"];
        assert_eq!(declared(code), !nowhere.iter().any(|known| code == known), "{code}");
    }
}

#[test]
fn ids_of_operations_are_names_of_their_own() {
    let mut ids: Vec<&str> = operations().filter_map(|(_, operation)| operation["operationId"].as_str()).collect();
    assert_eq!(ids.len(), ROUTES.len());
    assert!(ids.iter().all(|id| id.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')), "{ids:?}");
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), ROUTES.len(), "an id is used twice");
}

#[tokio::test]
async fn every_condition_among_the_examples_is_one() {
    let document = super::review::REVIEW.replace("name: Amount,", "name: Deal size,").replace("Amount: hidden", "Deal size: hidden");
    let review = Review::of(Server::start().await, &document).await;
    let mut tried = Vec::new();
    for (name, operation) in operations() {
        for parameter in operation["parameters"].as_array().into_iter().flatten().map(meant) {
            let (Some(key), Some(example)) = (parameter["name"].as_str(), parameter["example"].as_str()) else { continue };
            if example.contains("\"rules\"") {
                let value: String = example.bytes().map(|byte| format!("%{byte:02X}")).collect();
                let (_, of_workflow) = name.split_once("{workflow}").expect("only tasks are found by a condition");
                review.send(get(review.at(&format!("{of_workflow}?{key}={value}")))).await.expect(200);
                tried.push(of_workflow.to_owned());
            }
        }
    }
    tried.sort_unstable();
    assert_eq!(tried, ["/tasks", "/tasks/active"]);
}
