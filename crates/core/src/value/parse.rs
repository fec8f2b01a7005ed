//! What callers may send for each type of field.

use email_address::{EmailAddress, Options};
use serde_json::Value as Json;
use unicode_normalization::{UnicodeNormalization, is_nfc};

use super::{Value, decimal::parse_decimal, phone, show::show};
use crate::limits::{LONG_TEXT_BYTES_MAX, TEXT_BYTES_MAX, UNIQUE_ID_CHARACTERS_MAX};
use crate::people::{UserState, Workspace, email_key};
use crate::refusal::Refusal;
use crate::time::{parse_date, parse_datetime};
use crate::workflow::{Field, FieldKind, SelectOption};

/// The value that `json` stands for; `None` is blank.
pub fn parse(field: &Field, workspace: &Workspace, json: &Json) -> Result<Option<Value>, Refusal> {
    if is_blank(json) {
        return Ok(None);
    }
    match &field.kind {
        FieldKind::Text => parse_text(json, TEXT_BYTES_MAX).map(Some),
        FieldKind::LongText => parse_text(json, LONG_TEXT_BYTES_MAX).map(Some),
        FieldKind::Number => parse_number(json, None).map(Some),
        FieldKind::Currency { minor_units, .. } => parse_number(json, Some(*minor_units)).map(Some),
        FieldKind::Phone => {
            let number = phone::normalise(string(json)?, workspace.country.as_deref()).ok_or(Refusal::IsInvalid)?;
            Ok(Some(Value::Text(number)))
        }
        FieldKind::Date => Ok(Some(Value::Date(parse_date(string(json)?.trim()).ok_or(Refusal::IsInvalid)?))),
        FieldKind::DateTime => Ok(Some(Value::DateTime(parse_datetime(string(json)?.trim()).ok_or(Refusal::IsInvalid)?))),
        FieldKind::Person => parse_person(workspace, string(json)?).map(Some),
        FieldKind::SingleSelect { options } => parse_option(options, json).map(|option| Some(Value::Option(option.id))),
        FieldKind::MultipleSelect { options } => parse_options(options, json).map(Some),
        FieldKind::Checkbox => parse_checkbox(json),
        FieldKind::UniqueId { .. } => match json {
            Json::String(text) => parse_unique_id(text).map(|id| Some(Value::Text(id))),
            Json::Number(number) if is_integer(number.as_str()) => parse_unique_id(number.as_str()).map(|id| Some(Value::Text(id))),
            _ => Err(Refusal::IsInvalid),
        },
        FieldKind::Email => {
            let address = parse_email(string(json)?.trim()).ok_or(Refusal::IsInvalid)?;
            Ok(Some(Value::Text(address.to_owned())))
        }
        FieldKind::Url => parse_url(string(json)?.trim()).map(Some),
        // Attachments come with a later version; until then only blank can be said.
        FieldKind::File { .. } => Err(Refusal::IsInvalid),
    }
}

/// Like [`parse`], for a field that has the value `current`: what the field already shows may always be sent
/// back, so a deactivated person stays, though nobody can newly be set to them, and so do files.
pub fn parse_over(field: &Field, workspace: &Workspace, json: &Json, current: Option<&Value>) -> Result<Option<Value>, Refusal> {
    if let (Some(Value::Person(id)), Json::String(email)) = (current, json)
        && field.kind == FieldKind::Person
        && workspace.user(*id).is_some_and(|user| email_key(&user.email) == email_key(email))
    {
        return Ok(current.cloned());
    }
    if let Some(Value::Files(_)) = current
        && *json == show(field, workspace, current)
    {
        return Ok(current.cloned());
    }
    parse(field, workspace, json)
}

fn is_blank(json: &Json) -> bool {
    match json {
        Json::Null => true,
        Json::String(text) => text.trim().is_empty(),
        Json::Array(items) => items.is_empty(),
        Json::Bool(_) | Json::Number(_) | Json::Object(_) => false,
    }
}

fn string(json: &Json) -> Result<&str, Refusal> {
    json.as_str().ok_or(Refusal::IsInvalid)
}

fn parse_text(json: &Json, bytes_max: usize) -> Result<Value, Refusal> {
    let text = string(json)?;
    if text.len() > bytes_max {
        return Err(Refusal::IsTooLong { bytes_max });
    }
    if text.contains('\0') {
        return Err(Refusal::IsInvalid);
    }
    Ok(Value::Text(text.to_owned()))
}

fn parse_number(json: &Json, minor_units: Option<u32>) -> Result<Value, Refusal> {
    let decimal = match json {
        Json::Number(number) => parse_decimal(number.as_str()),
        Json::String(text) => parse_decimal(text.trim()),
        _ => None,
    };
    let decimal = decimal.ok_or(Refusal::IsInvalid)?;
    // Trailing zeros are gone here, so the scale says how many places are needed.
    if minor_units.is_some_and(|places| decimal.scale() > places) {
        return Err(Refusal::IsInvalid);
    }
    Ok(Value::Decimal(decimal))
}

fn parse_person(workspace: &Workspace, email: &str) -> Result<Value, Refusal> {
    workspace
        .user_by_email(email)
        .filter(|user| user.state != UserState::Deactivated)
        .map(|user| Value::Person(user.id))
        .ok_or(Refusal::IsNotAUserOfWorkspace)
}

fn parse_option<'a>(options: &'a [SelectOption], json: &Json) -> Result<&'a SelectOption, Refusal> {
    match json {
        Json::String(name) => option_named(options, name).ok_or(Refusal::IsNotAnOption),
        Json::Null | Json::Bool(_) | Json::Number(_) => Err(Refusal::IsNotAnOption),
        Json::Array(_) | Json::Object(_) => Err(Refusal::IsInvalid),
    }
}

/// A single name counts as a list of one, so that an interpolated text can set it.
fn parse_options(options: &[SelectOption], json: &Json) -> Result<Value, Refusal> {
    let items = match json {
        Json::Array(items) => items.as_slice(),
        Json::String(_) => std::slice::from_ref(json),
        _ => return Err(Refusal::IsInvalid),
    };
    let mut chosen = Vec::with_capacity(items.len().min(options.len()));
    for item in items {
        let option = parse_option(options, item)?.id;
        if !chosen.contains(&option) {
            chosen.push(option);
        }
    }
    Ok(Value::Options(chosen))
}

/// The option with exactly this name, but for space around it and the Unicode form of its letters.
pub fn option_named<'a>(options: &'a [SelectOption], name: &str) -> Option<&'a SelectOption> {
    let exactly = |name: &str| options.iter().find(|option| option.name == name);
    exactly(name).or_else(|| exactly(&nfc(name.trim())))
}

/// The texts are for templates, which can make nothing but text.
fn parse_checkbox(json: &Json) -> Result<Option<Value>, Refusal> {
    match json {
        Json::Bool(true) => Ok(Some(Value::Checked)),
        Json::Bool(false) => Ok(None),
        Json::String(text) if text.trim() == "true" => Ok(Some(Value::Checked)),
        Json::String(text) if text.trim() == "false" => Ok(None),
        _ => Err(Refusal::IsInvalid),
    }
}

fn is_integer(number: &str) -> bool {
    number.strip_prefix('-').unwrap_or(number).bytes().all(|byte| byte.is_ascii_digit())
}

/// A Unique ID as it is stored and looked up: in a body, and as the segment of a path, where `.` and `..` would
/// be resolved away on the way here.
pub fn parse_unique_id(text: &str) -> Result<String, Refusal> {
    let id = nfc(text.trim());
    if id.is_empty() || id == "." || id == ".." || id.contains('\0') {
        return Err(Refusal::IsInvalid);
    }
    if id.chars().count() > UNIQUE_ID_CHARACTERS_MAX {
        return Err(Refusal::IsTooLong { bytes_max: UNIQUE_ID_CHARACTERS_MAX });
    }
    Ok(id)
}

fn nfc(text: &str) -> String {
    if is_nfc(text) { text.to_owned() } else { text.nfc().collect() }
}

/// A bare address of a domain with a dot: `Ann <ann@example.com>` and `ann@localhost` are refused.
pub fn parse_email(text: &str) -> Option<&str> {
    let options = Options::default().without_display_text().without_domain_literal().with_required_tld();
    // The crate takes any control character inside quotes.
    let plain = !text.chars().any(char::is_control);
    (plain && EmailAddress::parse_with_options(text, options).is_ok()).then_some(text)
}

/// Kept as it was written. The parser would quietly drop line breaks and trim, so they are refused before.
fn parse_url(text: &str) -> Result<Value, Refusal> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(Refusal::IsTooLong { bytes_max: TEXT_BYTES_MAX });
    }
    if text.contains(|character: char| character.is_whitespace() || character.is_control()) {
        return Err(Refusal::IsInvalid);
    }
    match url::Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(Value::Text(text.to_owned())),
        _ => Err(Refusal::IsInvalid),
    }
}
