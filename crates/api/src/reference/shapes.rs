//! Schemas as people read them.

use serde_json::{Map, Value as Json};

use super::html::{escaped, inline, markdown};

const NAMED: &str = "#/components/schemas/";
const INTRODUCTION: &str = "# Shapes

What answers and bodies are made of. Answers have their keys in the order in which they stand here, and no others; a body with another key is
refused. The same, for programs, is in [openapi.json](openapi.json).
";

pub fn page() -> String {
    let mut page = markdown(INTRODUCTION);
    for (name, schema) in named() {
        page.push_str(&format!("<section id=\"{name}\" class=\"shape\">\n<h2>{name}</h2>\n{}</section>\n", whole(schema)));
    }
    page
}

fn named() -> &'static Map<String, Json> {
    crate::openapi::document()["components"]["schemas"].as_object().expect("schemas have names")
}

/// What it says of itself, what it is, and its keys.
fn whole(schema: &Json) -> String {
    let text = schema["description"].as_str().map(markdown).unwrap_or_default();
    format!("{text}<p class=\"kind\">{}</p>\n{}", kind(schema), keys(schema))
}

/// The same where it is used: what has a name is opened below it.
pub fn used(schema: &Json) -> String {
    let mut text = format!("<p class=\"kind\">{}</p>\n{}", kind(schema), keys(schema));
    for name in names(schema) {
        text.push_str(&format!("<details><summary>Keys of {name}</summary>\n{}</details>\n", whole(&named()[name])));
    }
    text
}

/// Those of our shapes that it has in itself, but for texts.
fn names(schema: &Json) -> Vec<&str> {
    let own = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix(NAMED));
    let own = own.filter(|name| named().get(*name).is_some_and(|schema| schema["type"] == "object"));
    let within = schema["anyOf"].as_array().into_iter().flatten().chain(schema.get("items"));
    let mut names: Vec<&str> = own.into_iter().chain(within.flat_map(names)).collect();
    names.dedup();
    names
}

/// What it is, in a few words.
fn kind(schema: &Json) -> String {
    if let Some(reference) = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix(NAMED)) {
        return match reference.split_once('/') {
            None => format!("<a href=\"/api/docs/shapes#{reference}\">{reference}</a>"),
            Some(_) => crate::openapi::document().pointer(&format!("/components/schemas/{reference}")).map(kind).unwrap_or_default(),
        };
    }
    let alternatives = ["anyOf", "oneOf"].iter().find_map(|key| schema[*key].as_array());
    if let Some(alternatives) = alternatives {
        let mut kinds: Vec<String> = alternatives.iter().map(kind).collect();
        kinds.dedup();
        return kinds.join(" or ");
    }
    if let Some(constant) = schema.get("const") {
        return code(constant);
    }
    if let Some(values) = schema["enum"].as_array() {
        return format!("one of {}", values.iter().map(code).collect::<Vec<_>>().join(", "));
    }
    match &schema["type"] {
        Json::Array(types) => types.iter().map(|one| named_kind(one.as_str().unwrap_or_default(), schema)).collect::<Vec<_>>().join(" or "),
        Json::String(one) => named_kind(one, schema),
        _ => "anything".to_owned(),
    }
}

fn named_kind(name: &str, schema: &Json) -> String {
    match name {
        "string" => "text".to_owned(),
        "integer" => "whole number".to_owned(),
        "boolean" => "true or false".to_owned(),
        "array" => match schema.get("items").map_or_else(|| "anything".to_owned(), kind) {
            either if either.contains(" or ") => format!("list of ({either})"),
            one => format!("list of {one}"),
        },
        "object" => match schema.get("additionalProperties") {
            Some(values) if values.is_object() && schema["properties"].is_null() => format!("object with values: {}", kind(values)),
            _ => "object".to_owned(),
        },
        other => other.to_owned(),
    }
}

fn code(value: &Json) -> String {
    format!("<code>{}</code>", escaped(value.as_str().map_or_else(|| value.to_string(), str::to_owned).as_str()))
}

fn keys(schema: &Json) -> String {
    let alternatives = ["anyOf", "oneOf"].iter().filter_map(|key| schema[*key].as_array()).flatten();
    let mut text: String = alternatives.chain(schema.get("items")).map(keys).collect();
    let Some(properties) = schema["properties"].as_object() else { return text };
    let required = |key: &str| schema["required"].as_array().is_some_and(|required| required.iter().any(|known| known == key));
    text.push_str("<ul class=\"keys\">\n");
    for (key, of) in properties {
        let absent = if required(key) { "" } else { " <span class=\"absent\">may be absent</span>" };
        let told = of["description"].as_str().map(|told| format!(" {}", inline(told))).unwrap_or_default();
        let (key, kind, inner) = (escaped(key), kind(of), keys(of));
        text.push_str(&format!("<li><code>{key}</code> <span class=\"kind\">{kind}</span>{absent}{told}{inner}</li>\n"));
    }
    if let Some(others) = schema.get("additionalProperties").filter(|others| others.is_object()) {
        text.push_str(&format!("<li>any other key <span class=\"kind\">{}</span></li>\n", kind(others)));
    }
    text.push_str("</ul>\n");
    text
}

/// What a parameter takes, from the schema that the document has for it.
pub fn taken(schema: &Json) -> String {
    let limits = match (schema["minimum"].as_i64(), schema["maximum"].as_i64()) {
        (Some(least), Some(most)) if most < i64::MAX => format!(" from {least} to {most}"),
        (Some(least), _) => format!(" from {least} on"),
        _ => String::new(),
    };
    format!("{}{limits}", kind(schema))
}
