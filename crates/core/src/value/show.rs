//! How values read: in the Tasks API, and in texts.

use serde_json::{Value as Json, json};

use super::{Value, show_decimal};
use crate::ids::Id;
use crate::people::Workspace;
use crate::workflow::{Field, FieldKind, SelectOption};

/// As the Tasks API shows it. What a value names and is gone (an option, a user) is left out.
pub fn show(field: &Field, workspace: &Workspace, value: Option<&Value>) -> Json {
    let Some(value) = value else {
        return match field.kind {
            FieldKind::Checkbox => Json::Bool(false),
            FieldKind::File { .. } => Json::Array(Vec::new()),
            _ => Json::Null,
        };
    };
    match value {
        Value::Checked => Json::Bool(true),
        Value::Option(id) => option_name(field, *id).map_or(Json::Null, Json::from),
        Value::Options(ids) => ids.iter().filter_map(|id| option_name(field, *id)).map(Json::from).collect(),
        Value::Person(id) => workspace.user(*id).map_or(Json::Null, |user| Json::from(user.email.as_str())),
        Value::Files(files) => {
            files.iter().map(|file| json!({ "blobId": file.blob, "contentType": file.content_type, "filename": file.filename })).collect()
        }
        Value::Text(_) | Value::Decimal(_) | Value::Date(_) | Value::DateTime(_) => Json::String(text(field, workspace, Some(value))),
    }
}

/// As it reads in a text, for instance in a template. Blank is empty; a checkbox is `true` or `false`.
pub fn text(field: &Field, workspace: &Workspace, value: Option<&Value>) -> String {
    let Some(value) = value else {
        return if field.kind == FieldKind::Checkbox { "false".to_owned() } else { String::new() };
    };
    match value {
        Value::Text(text) => text.clone(),
        Value::Decimal(decimal) => match field.kind {
            FieldKind::Currency { minor_units, .. } => show_decimal(*decimal, minor_units),
            _ => show_decimal(*decimal, 0),
        },
        Value::Date(date) => date.to_string(),
        Value::DateTime(moment) => moment.to_string(),
        Value::Checked => "true".to_owned(),
        Value::Person(id) => workspace.user(*id).map(|user| user.email.clone()).unwrap_or_default(),
        Value::Option(id) => option_name(field, *id).unwrap_or_default().to_owned(),
        Value::Options(ids) => joined(ids.iter().filter_map(|id| option_name(field, *id))),
        Value::Files(files) => joined(files.iter().map(|file| file.filename.as_str())),
    }
}

fn option_name(field: &Field, id: Id) -> Option<&str> {
    let options: &[SelectOption] = match &field.kind {
        FieldKind::SingleSelect { options } | FieldKind::MultipleSelect { options } => options,
        _ => &[],
    };
    options.iter().find(|option| option.id == id).map(|option| option.name.as_str())
}

fn joined<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}
