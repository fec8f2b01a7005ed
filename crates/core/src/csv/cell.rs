//! How a value reads in a cell, and what is read out of one. A blank value is an empty cell, and the other way round.

use std::borrow::Cow;

use serde_json::Value as Json;

use crate::people::Workspace;
use crate::value::{self, Value};
use crate::workflow::{Field, FieldKind};

/// Between the options of a multipleSelect; where one of them would be read as several, they come as a JSON list.
const OPTIONS_DIVIDER: char = ';';

/// As a cell of the field's column.
pub fn cell<'a>(field: &Field, workspace: &Workspace, value: Option<&'a Value>) -> Cow<'a, str> {
    match (value, &field.kind) {
        (Some(Value::Text(text)), _) => Cow::Borrowed(text),
        (Some(Value::Options(_)), _) => Cow::Owned(options_cell(&value::show(field, workspace, value))),
        (Some(Value::Files(_)), _) => Cow::Owned(value::show(field, workspace, value).to_string()),
        (value, _) => Cow::Owned(value::text(field, workspace, value)),
    }
}

fn options_cell(shown: &Json) -> String {
    let names: Vec<&str> = shown.as_array().into_iter().flatten().filter_map(Json::as_str).collect();
    let is_clear = names.iter().all(|name| !name.contains(OPTIONS_DIVIDER)) && names.first().is_none_or(|name| !name.starts_with('['));
    if is_clear { names.join("; ") } else { shown.to_string() }
}

/// What a body would say in its stead.
pub(super) fn json(field: &Field, cell: &str) -> Json {
    let is_blank = cell.trim().is_empty();
    match &field.kind {
        _ if is_blank => Json::Null,
        FieldKind::Checkbox => checked(cell.trim()).map_or_else(|| cell.into(), Json::Bool),
        FieldKind::MultipleSelect { .. } => options(cell),
        FieldKind::File { .. } => serde_json::from_str(cell).unwrap_or_else(|_| cell.into()),
        _ => cell.into(),
    }
}

fn checked(cell: &str) -> Option<bool> {
    let is_any = |words: [&str; 3]| words.iter().any(|word| cell.eq_ignore_ascii_case(word));
    if is_any(["true", "yes", "1"]) {
        Some(true)
    } else if is_any(["false", "no", "0"]) {
        Some(false)
    } else {
        None
    }
}

fn options(cell: &str) -> Json {
    if cell.trim_start().starts_with('[')
        && let Ok(names) = serde_json::from_str::<Vec<String>>(cell)
    {
        return names.into();
    }
    cell.split(OPTIONS_DIVIDER).map(str::trim).filter(|name| !name.is_empty()).collect()
}
