//! The structural check: a value against the schema, every problem with its path.
//!
//! What cannot be read is repaired (unknown keys dropped, a stand-in for what is wrong), so that the rest of the
//! document can still be looked at; nothing more is said about a repaired place.

use serde_json::{Map, Value};

use super::problem::{Path, Problems, one_of};
use crate::ids::Id;
use crate::limits::{LIST_ITEMS_MAX, MESSAGE_BYTES_MAX};
use crate::suggest::did_you_mean;

/// Checks and repairs `value`, so that it can be read as what the schema was made from.
pub(super) fn check(schema: &Value, value: &mut Value, problems: &mut Problems) {
    let empty = Map::new();
    let definitions = schema.get("$defs").and_then(Value::as_object).unwrap_or(&empty);
    let mut checker = Checker { definitions, problems };
    if !checker.check(schema, value, &Path::ROOT) {
        checker.problems.repaired(&Path::ROOT);
        *value = checker.stand_in(schema);
    }
}

struct Checker<'a> {
    definitions: &'a Map<String, Value>,
    problems: &'a mut Problems,
}

/// The schema of what no property describes.
static ANYTHING: Value = Value::Bool(true);

/// Where ids are written: one that cannot be an id is one that this workflow does not have, so it is ignored.
const ID: &str = "#/$defs/Id";
/// Conditions are checked by their own compiler, which knows more about them than the schema does.
const CONDITION: &str = "#/$defs/Condition";

impl<'a> Checker<'a> {
    /// False when the value cannot stay; the reason has been told.
    fn check(&mut self, schema: &'a Value, value: &mut Value, path: &Path<'_>) -> bool {
        if schema.get("$ref").is_some_and(|reference| reference == CONDITION) {
            return self.check_anything(value, path);
        }
        let schema = self.resolve(schema);
        if let Some(allowed) = constants(schema) {
            return self.check_constant(&allowed, value, path);
        }
        if let Some(alternatives) = alternatives(schema) {
            return self.check_alternatives(alternatives, value, path);
        }
        let Some(kind) = schema.get("type").and_then(Value::as_str) else {
            return self.check_anything(value, path);
        };
        if !is_of(kind, value) {
            self.wrong_kind(&[kind], value, path);
            return false;
        }
        match value {
            Value::Object(map) => self.check_object(schema, map, path),
            Value::Array(items) => self.check_array(schema, items, path),
            Value::String(text) => return self.check_text(text, path),
            Value::Number(number) => return self.check_number(schema, number, path),
            Value::Null | Value::Bool(_) => {}
        }
        true
    }

    fn check_object(&mut self, schema: &'a Value, map: &mut Map<String, Value>, path: &Path<'_>) {
        let properties = schema.get("properties").and_then(Value::as_object);
        let additional = schema.get("additionalProperties").filter(|additional| **additional != Value::Bool(false));
        if additional.is_some() && map.len() > LIST_ITEMS_MAX {
            self.problems.add(path, || format!("has {} keys; at most {LIST_ITEMS_MAX} are allowed", map.len()));
            self.problems.repaired(path);
            map.clear();
        }
        let mut dropped = Vec::new();
        for (key, value) in map.iter_mut() {
            let place = path.key(key);
            let known = properties.and_then(|properties| properties.get(key));
            let Some(schema_of_key) = known.or(additional) else {
                self.unknown_key(properties, key, &place);
                dropped.push(key.clone());
                continue;
            };
            let required = is_required(schema, key);
            // An empty key of YAML reads as null: it is as if it were left out.
            let left_out = value.is_null() && known.is_some() && !required && !self.takes_null(schema_of_key);
            if left_out || is_foreign_id(schema_of_key, value) {
                dropped.push(key.clone());
            } else if !self.check(schema_of_key, value, &place) {
                self.problems.repaired(&place);
                if required {
                    *value = self.stand_in(schema_of_key);
                } else {
                    dropped.push(key.clone());
                }
            }
        }
        if !dropped.is_empty() {
            let dropped: std::collections::HashSet<String> = dropped.into_iter().collect();
            map.retain(|key, _| !dropped.contains(key));
        }
        for key in required_keys(schema) {
            if map.contains_key(key) {
                continue;
            }
            let schema_of_key = properties.and_then(|properties| properties.get(key)).unwrap_or(&ANYTHING);
            let place = path.key(key);
            let allowed = constants(self.resolve(schema_of_key));
            self.problems.add(&place, || match allowed {
                Some(allowed) => format!("is missing: one of {}", one_of(allowed)),
                None => "is missing".to_owned(),
            });
            self.problems.repaired(&place);
            map.insert(key.to_owned(), self.stand_in(schema_of_key));
        }
    }

    fn check_array(&mut self, schema: &'a Value, items: &mut Vec<Value>, path: &Path<'_>) {
        let most = limit(schema, "maxItems").unwrap_or(LIST_ITEMS_MAX);
        if items.len() > most {
            self.problems.add(path, || format!("has {} items; at most {most} are allowed", items.len()));
            // What is beyond the limit is not looked at, so that a huge list costs no more than a long one.
            items.truncate(most);
            self.problems.cut(path);
        }
        if limit(schema, "minItems").is_some_and(|least| items.len() < least) {
            self.problems.add(path, || "is empty; at least one item is needed".to_owned());
        }
        let Some(schema_of_item) = schema.get("items") else { return };
        for (index, item) in items.iter_mut().enumerate() {
            let place = path.index(index);
            if !self.check(schema_of_item, item, &place) {
                self.problems.repaired(&place);
                *item = self.stand_in(schema_of_item);
            }
        }
    }

    fn check_text(&mut self, text: &str, path: &Path<'_>) -> bool {
        if text.len() > MESSAGE_BYTES_MAX {
            self.problems.add(path, || format!("is {} bytes long; at most {MESSAGE_BYTES_MAX} are allowed", text.len()));
            return false;
        }
        if text.contains('\0') {
            self.problems.add(path, || "holds a NUL character, which no text may".to_owned());
            return false;
        }
        true
    }

    fn check_number(&mut self, schema: &Value, number: &serde_json::Number, path: &Path<'_>) -> bool {
        let (least, most) = (schema.get("minimum").and_then(Value::as_i64), schema.get("maximum").and_then(Value::as_i64));
        let Some(given) = number.as_i64() else {
            // Not a whole number in range, and no bounds are set on others.
            return true;
        };
        if least.is_some_and(|least| given < least) || most.is_some_and(|most| given > most) {
            self.problems.add(path, || match (least, most) {
                (Some(least), Some(most)) => format!("is {given}; allowed is {least} to {most}"),
                (Some(least), None) => format!("is {given}; allowed is {least} or more"),
                _ => format!("is {given}; allowed is {} or less", most.unwrap_or(i64::MAX)),
            });
            return false;
        }
        true
    }

    fn check_constant(&mut self, allowed: &[&str], value: &Value, path: &Path<'_>) -> bool {
        let Some(text) = value.as_str() else {
            self.problems.add(path, || format!("must be {}, not {}", one_of(allowed.iter().copied()), describe(value)));
            return false;
        };
        if !allowed.contains(&text) {
            self.problems.add(path, || not_allowed(text, allowed));
            return false;
        }
        true
    }

    /// A value of any shape: only what no text may be is looked for.
    fn check_anything(&mut self, value: &mut Value, path: &Path<'_>) -> bool {
        match value {
            Value::String(text) => self.check_text(text, path),
            Value::Array(items) => items.iter_mut().enumerate().all(|(index, item)| self.check_anything(item, &path.index(index))),
            Value::Object(map) => map.iter_mut().all(|(key, item)| self.check_anything(item, &path.key(key))),
            Value::Null | Value::Bool(_) | Value::Number(_) => true,
        }
    }

    /// Picks the alternative that the author meant, so that what is told is about that one.
    fn check_alternatives(&mut self, alternatives: Vec<&'a Value>, value: &mut Value, path: &Path<'_>) -> bool {
        let alternatives: Vec<&'a Value> = alternatives.into_iter().map(|alternative| self.resolve(alternative)).collect();
        let fitting: Vec<&'a Value> =
            alternatives.iter().copied().filter(|alternative| kind_of(alternative).is_none_or(|kind| is_of(kind, value))).collect();
        match (fitting.as_slice(), &*value) {
            ([], _) => {
                let kinds: Vec<&str> = alternatives.iter().filter_map(|alternative| kind_of(alternative)).collect();
                self.wrong_kind(&kinds, value, path);
                false
            }
            ([only], _) => self.check(only, value, path),
            (_, Value::Object(map)) => match self.meant(&fitting, map, path) {
                Some(alternative) => self.check(alternative, value, path),
                None => false,
            },
            (_, Value::String(text)) => {
                let text = text.clone();
                let constants: Option<Vec<&str>> =
                    fitting.iter().map(|alternative| constants(alternative)).collect::<Option<Vec<_>>>().map(|all| all.concat());
                match constants {
                    Some(allowed) => self.check_constant(&allowed, value, path),
                    None => self.check_text(&text, path),
                }
            }
            ([first, ..], _) => self.check(first, value, path),
        }
    }

    /// Which of several kinds of mapping this one is.
    fn meant(&mut self, alternatives: &[&'a Value], map: &Map<String, Value>, path: &Path<'_>) -> Option<&'a Value> {
        if let Some(tag) = tag_of(alternatives) {
            return self.meant_by_tag(alternatives, tag, map, path);
        }
        let present = |alternative: &Value| required_keys(alternative).filter(|key| map.contains_key(*key)).count();
        let best = alternatives.iter().copied().max_by_key(|alternative| present(alternative)).filter(|best| present(best) > 0);
        if best.is_none() {
            let allowed: Vec<&str> = alternatives.iter().flat_map(|alternative| required_keys(alternative)).collect();
            let hint = map.keys().next().map(|key| did_you_mean(key, allowed.iter().copied())).unwrap_or_default();
            self.problems.add(path, || format!("must be a mapping with one of {}{hint}", one_of(allowed)));
        }
        best
    }

    fn meant_by_tag(&mut self, alternatives: &[&'a Value], tag: &str, map: &Map<String, Value>, path: &Path<'_>) -> Option<&'a Value> {
        let place = path.key(tag);
        let allowed: Vec<&str> = alternatives.iter().filter_map(|alternative| tag_value(alternative, tag)).collect();
        match map.get(tag) {
            None => self.problems.add(&place, || format!("is missing: one of {}", one_of(allowed))),
            Some(Value::String(given)) => {
                let meant = alternatives.iter().copied().find(|alternative| tag_value(alternative, tag) == Some(given));
                if meant.is_some() {
                    return meant;
                }
                self.problems.add(&place, || not_allowed(given, &allowed));
            }
            Some(other) => {
                self.problems.add(&place, || format!("must be {}, not {}", one_of(allowed), describe(other)));
            }
        }
        None
    }

    fn unknown_key(&mut self, properties: Option<&Map<String, Value>>, key: &str, path: &Path<'_>) {
        self.problems.add(path, || {
            let allowed: Vec<&str> = properties.into_iter().flat_map(Map::keys).map(String::as_str).collect();
            format!("is not a key here{}; allowed: {}", did_you_mean(key, allowed.iter().copied()), allowed.join(", "))
        });
    }

    fn wrong_kind(&mut self, kinds: &[&str], value: &Value, path: &Path<'_>) {
        self.problems.add(path, || {
            let mut wanted: Vec<&str> = kinds.iter().map(|kind| kind_name(kind)).collect();
            wanted.dedup();
            let quote = kinds.contains(&"string") && matches!(value, Value::Number(_) | Value::Bool(_));
            let hint = if quote { ": put it in quotes" } else { "" };
            format!("must be {}, not {}{hint}", one_of(wanted), describe(value))
        });
    }

    /// The least value that the schema takes.
    fn stand_in(&self, schema: &'a Value) -> Value {
        let schema = self.resolve(schema);
        if let Some(allowed) = constants(schema) {
            return allowed.first().map_or(Value::Null, |first| Value::from(*first));
        }
        if let Some(first) = alternatives(schema).and_then(|alternatives| alternatives.first().copied()) {
            return self.stand_in(first);
        }
        match schema.get("type").and_then(Value::as_str) {
            Some("string") => Value::from(""),
            Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or(Value::from(0)),
            Some("boolean") => Value::Bool(false),
            Some("array") => Value::Array(Vec::new()),
            Some("object") => {
                let properties = schema.get("properties").and_then(Value::as_object);
                let stand_in = |key: &'a str| {
                    let schema = properties.and_then(|properties| properties.get(key)).unwrap_or(&ANYTHING);
                    (key.to_owned(), self.stand_in(schema))
                };
                Value::Object(required_keys(schema).map(stand_in).collect())
            }
            _ => Value::Null,
        }
    }

    fn takes_null(&self, schema: &'a Value) -> bool {
        let schema = self.resolve(schema);
        schema.get("type").is_none() && constants(schema).is_none() && alternatives(schema).is_none()
    }

    fn resolve(&self, schema: &'a Value) -> &'a Value {
        let name = schema.get("$ref").and_then(Value::as_str).and_then(|reference| reference.strip_prefix("#/$defs/"));
        name.and_then(|name| self.definitions.get(name)).map_or(schema, |found| self.resolve(found))
    }
}

fn is_foreign_id(schema: &Value, value: &Value) -> bool {
    schema.get("$ref").is_some_and(|reference| reference == ID) && value.as_str().is_some_and(|text| text.parse::<Id>().is_err())
}

fn not_allowed(given: &str, allowed: &[&str]) -> String {
    format!("{given:?} is not one of {}{}", allowed.join(", "), did_you_mean(given, allowed.iter().copied()))
}

/// The texts that the schema allows, if it allows only certain ones.
fn constants(schema: &Value) -> Option<Vec<&str>> {
    if let Some(only) = schema.get("const") {
        return Some(only.as_str().into_iter().collect());
    }
    schema.get("enum").and_then(Value::as_array).map(|values| values.iter().filter_map(Value::as_str).collect())
}

fn alternatives(schema: &Value) -> Option<Vec<&Value>> {
    let listed = schema.get("oneOf").or_else(|| schema.get("anyOf"))?.as_array()?;
    Some(listed.iter().collect())
}

/// The key by which all of these mappings tell what they are, such as `do`.
fn tag_of<'a>(alternatives: &[&'a Value]) -> Option<&'a str> {
    let (first, rest) = alternatives.split_first()?;
    let tag = first.get("properties")?.as_object()?.keys().find(|key| tag_value(first, key).is_some())?;
    rest.iter().all(|alternative| tag_value(alternative, tag).is_some()).then_some(tag.as_str())
}

fn tag_value<'a>(alternative: &'a Value, tag: &str) -> Option<&'a str> {
    alternative.get("properties")?.get(tag)?.get("const")?.as_str()
}

fn required_keys(schema: &Value) -> impl Iterator<Item = &str> {
    schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

fn is_required(schema: &Value, key: &str) -> bool {
    required_keys(schema).any(|required| required == key)
}

fn limit(schema: &Value, key: &str) -> Option<usize> {
    schema.get(key).and_then(Value::as_u64).and_then(|limit| usize::try_from(limit).ok())
}

fn kind_of(schema: &Value) -> Option<&str> {
    schema.get("type").and_then(Value::as_str)
}

fn is_of(kind: &str, value: &Value) -> bool {
    match kind {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        _ => false,
    }
}

fn kind_name(kind: &str) -> &str {
    match kind {
        "string" => "a text",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "true or false",
        "array" => "a list",
        "object" => "a mapping",
        "null" => "null",
        other => other,
    }
}

fn describe(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(value) => format!("the number {value}"),
        Value::String(_) => "a text".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a mapping".to_owned(),
    }
}
