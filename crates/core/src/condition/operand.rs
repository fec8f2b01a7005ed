//! What a rule compares with: reading the `value` of a rule as the column's type.

use serde_json::Value as Json;

use super::names::{Class, ColumnType, Names};
use super::operator::Wants;
use super::{Comparable, Operand, Operator};
use crate::people::email_key;
use crate::suggest::did_you_mean;
use crate::time::{parse_date, parse_datetime};
use crate::value::{Value, fold, normalise_phone, option_named, parse_decimal, parse_unique_id};
use crate::workflow::{FieldKind, SelectOption};

/// A hundred years.
const DAYS_MAX: i64 = 36_525;

/// The operand that `value` stands for, or a message.
pub(super) fn parse_operand(operator: Operator, kind: ColumnType<'_>, value: Option<&Json>, names: &Names<'_>) -> Result<Operand, String> {
    let value = value.unwrap_or(&Json::Null);
    let one = |value: &Json| parse_one(operator, kind, value, names);
    match operator.wants() {
        // A query builder leaves the value of the operator chosen before.
        Wants::Nothing => Ok(Operand::Nothing),
        Wants::Days => parse_days(value).map(Operand::Days),
        Wants::One => Ok(Operand::Values(vec![one(value)?])),
        Wants::Two => {
            let values = list(value);
            if values.len() != 2 {
                return Err(format!("{} needs a list of two values", operator.name()));
            }
            values.iter().map(one).collect::<Result<_, _>>().map(Operand::Values)
        }
        Wants::Several => {
            let values = list(value);
            if values.is_empty() {
                return Err(format!("{} needs a list of at least one value", operator.name()));
            }
            values.iter().map(one).collect::<Result<_, _>>().map(Operand::Values)
        }
    }
}

fn parse_days(value: &Json) -> Result<i64, String> {
    let days = match value {
        Json::Number(number) => number.as_i64(),
        Json::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    days.filter(|days| (0..=DAYS_MAX).contains(days))
        .ok_or_else(|| format!("{} is not a number of days from 0 to {DAYS_MAX}", brief(value)))
}

/// A list, or what query builders write for one: texts with commas between them.
fn list(value: &Json) -> Vec<Json> {
    match value {
        Json::Array(items) => items.clone(),
        Json::String(text) => split_list(text).into_iter().map(Json::String).collect(),
        Json::Null => Vec::new(),
        scalar => vec![scalar.clone()],
    }
}

/// Trimmed, without empty ones.
pub(super) fn split_list(text: &str) -> Vec<String> {
    split_commas(text).into_iter().filter(|item| !item.is_empty()).collect()
}

/// What stands between commas, trimmed; `\,` is a comma within.
pub(crate) fn split_commas(text: &str) -> Vec<String> {
    let mut items = vec![String::new()];
    let mut rest = text;
    while let Some(at) = rest.find(',') {
        let item = items.last_mut().expect("one at least");
        match rest[..at].strip_suffix('\\') {
            Some(before) => {
                item.push_str(before);
                item.push(',');
            }
            None => {
                item.push_str(&rest[..at]);
                items.push(String::new());
            }
        }
        rest = &rest[at + 1..];
    }
    items.last_mut().expect("one at least").push_str(rest);
    items.into_iter().map(|item| item.trim().to_owned()).collect()
}

pub(super) fn join_list(items: &[String]) -> String {
    items.iter().map(|item| item.replace(',', "\\,")).collect::<Vec<_>>().join(",")
}

fn parse_one(operator: Operator, kind: ColumnType<'_>, value: &Json, names: &Names<'_>) -> Result<Comparable, String> {
    let blank = value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty());
    if blank {
        return Err("a value is needed; null and notNull compare with blank".to_owned());
    }
    match kind.class() {
        Class::Text => parse_text(operator, kind, value),
        Class::Number => {
            let decimal = match value {
                Json::Number(number) => parse_decimal(number.as_str()),
                Json::String(text) => parse_decimal(text.trim()),
                _ => None,
            };
            decimal.map(|decimal| Comparable::Value(Value::Decimal(decimal))).ok_or_else(|| format!("{} is not a number", brief(value)))
        }
        Class::Day => value
            .as_str()
            .and_then(|text| parse_date(text.trim()))
            .map(|date| Comparable::Value(Value::Date(date)))
            .ok_or_else(|| format!("{} is not a date (YYYY-MM-DD)", brief(value))),
        Class::Moment => parse_moment(value),
        Class::Person => match value.as_str() {
            Some(email) if email.contains('@') => Ok(Comparable::Email(email_key(email))),
            _ => Err(format!("{} is not an e-mail address", brief(value))),
        },
        Class::Option(options) | Class::Options(options) => parse_option(options, value),
        Class::Stage => {
            let name = value.as_str().ok_or_else(|| format!("{} is not a stage", brief(value)))?;
            names.stage(name.trim()).map(Comparable::Stage).ok_or_else(|| names.not_a_stage(name))
        }
        Class::Checkbox | Class::Files => Err(format!("{} can't be compared with", brief(value))),
    }
}

/// `=` and the like compare with what the field could hold, so the text is read as the field would read it.
fn parse_text(operator: Operator, kind: ColumnType<'_>, value: &Json) -> Result<Comparable, String> {
    let text = match (value, kind) {
        (Json::String(text), _) => text.as_str(),
        (Json::Number(number), ColumnType::Field(FieldKind::UniqueId { .. })) => number.as_str(),
        _ => return Err(format!("{} is not a text", brief(value))),
    };
    if text.contains('\0') {
        return Err("a text can't hold NUL".to_owned());
    }
    if operator.is_partial() {
        return Ok(Comparable::Folded(fold(text)));
    }
    let exact = match kind {
        ColumnType::Field(FieldKind::UniqueId { .. }) => {
            parse_unique_id(text).map_err(|_| format!("{} can't be a Unique ID", brief(value)))?
        }
        // Without a country: a definition means the same in every workspace.
        ColumnType::Field(FieldKind::Phone) => normalise_phone(text, None)
            .ok_or_else(|| format!("{} is not a phone number that begins with + and the country's code", brief(value)))?,
        ColumnType::Field(FieldKind::Email | FieldKind::Url) => text.trim().to_owned(),
        _ => text.to_owned(),
    };
    Ok(Comparable::Value(Value::Text(exact)))
}

fn parse_moment(value: &Json) -> Result<Comparable, String> {
    let text = value.as_str().map(str::trim);
    let moment = text.and_then(parse_datetime).map(|moment| Comparable::Value(Value::DateTime(moment)));
    moment
        .or_else(|| text.and_then(parse_date).map(Comparable::Day))
        .ok_or_else(|| format!("{} is neither a date (YYYY-MM-DD) nor a date and time with an offset", brief(value)))
}

fn parse_option(options: &[SelectOption], value: &Json) -> Result<Comparable, String> {
    let name = value.as_str().ok_or_else(|| format!("{} is not an option", brief(value)))?;
    match option_named(options, name) {
        Some(option) => Ok(Comparable::Value(Value::Option(option.id))),
        None => {
            let known = options.iter().map(|option| option.name.as_str());
            Err(format!("{name} is not an option{}", did_you_mean(name, known)))
        }
    }
}

/// A checkbox is asked for by `true` or `false`.
pub(super) fn parse_checked(value: Option<&Json>) -> Result<bool, String> {
    match value.unwrap_or(&Json::Null) {
        Json::Bool(checked) => Ok(*checked),
        Json::String(text) if text == "true" => Ok(true),
        Json::String(text) if text == "false" => Ok(false),
        other => Err(format!("{} is neither true nor false", brief(other))),
    }
}

/// The value as a message can carry it.
pub(super) fn brief(value: &Json) -> String {
    let text = value.to_string();
    if text.chars().count() <= 60 { text } else { text.chars().take(60).chain("...".chars()).collect() }
}
