//! How values filter and sort: the texts that the store's side table keeps and compares byte by byte.
//!
//! The order of values *is* the order of their sort keys, here and in SQL alike, so both always agree.

use std::cmp::Ordering;

use rust_decimal::Decimal;
use sha2::{Digest, Sha256};

use super::{FilterKey, Value, decimal::parse_decimal, fold, option_named, phone};
use crate::people::Workspace;
use crate::refusal::Refusal;
use crate::time::{Timestamp, parse_date};
use crate::workflow::{Field, FieldKind};

/// Longer texts are cut, so that every index row stays small.
const KEY_BYTES_MAX: usize = 200;

/// One key for each thing that a filter may look for. Files have none, and blank has none at all.
pub fn filter_keys(field: &Field, value: &Value) -> Vec<FilterKey> {
    let plain = |exact: String| FilterKey { field: field.id, sort: exact.clone(), exact };
    match value {
        Value::Files(_) => Vec::new(),
        Value::Options(ids) => ids.iter().map(|id| plain(id.to_string())).collect(),
        Value::Text(text) => vec![FilterKey { field: field.id, sort: sort_text(&field.kind, text), exact: exact_text(text) }],
        _ => vec![plain(exact_key(value))],
    }
}

/// Orders as the values do. Options and people have an order only in the definition and by their e-mail, both of which
/// change without the task: whoever sorts by them asks there. Their key only keeps equal ones together.
pub fn sort_key(kind: &FieldKind, value: &Value) -> String {
    match value {
        Value::Text(text) => sort_text(kind, text),
        _ => exact_key(value),
    }
}

/// Equal for equal values only.
pub fn exact_key(value: &Value) -> String {
    match value {
        Value::Text(text) => exact_text(text),
        Value::Decimal(decimal) => sort_decimal(*decimal),
        Value::Date(date) => date.to_string(),
        Value::DateTime(moment) => sort_moment(*moment),
        Value::Checked => "true".to_owned(),
        Value::Person(id) | Value::Option(id) => id.to_string(),
        Value::Options(ids) => ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(","),
        Value::Files(files) => files.iter().map(|file| file.blob.to_string()).collect::<Vec<_>>().join(","),
    }
}

/// The order of two values of one field, by which lists sort and conditions compare.
pub fn compare(kind: &FieldKind, one: &Value, other: &Value) -> Ordering {
    match (one, other) {
        // The common types without making keys.
        (Value::Decimal(one), Value::Decimal(other)) => one.cmp(other),
        (Value::Date(one), Value::Date(other)) => one.cmp(other),
        (Value::DateTime(one), Value::DateTime(other)) => one.cmp(other),
        (Value::Text(one), Value::Text(other)) => compare_texts(kind, one, other),
        _ => exact_key(one).cmp(&exact_key(other)),
    }
}

/// The value that `?<Field>=text` in an address asks for, of a multipleSelect one option; `None` asks for blank.
pub fn parse_filter(field: &Field, workspace: &Workspace, text: &str) -> Result<Option<Value>, Refusal> {
    let text = match field.kind {
        // An unencoded `+` in an address arrives as a space.
        FieldKind::Phone if text.starts_with(' ') => &format!("+{}", text.trim()),
        _ => text,
    };
    if matches!(field.kind, FieldKind::DateTime | FieldKind::File { .. }) {
        return Err(Refusal::IsInvalid);
    }
    if text.trim().is_empty() {
        return Ok(None);
    }
    if text.contains('\0') {
        return Err(Refusal::IsInvalid);
    }
    let value = match &field.kind {
        FieldKind::Text | FieldKind::LongText => Value::Text(text.to_owned()),
        // Not checked further: what no task can have is not wrong to look for.
        FieldKind::Email | FieldKind::Url => Value::Text(text.trim().to_owned()),
        FieldKind::UniqueId { .. } => Value::Text(super::parse_unique_id(text)?),
        FieldKind::Phone => Value::Text(phone::normalise(text, workspace.country.as_deref()).ok_or(Refusal::IsInvalid)?),
        FieldKind::Number | FieldKind::Currency { .. } => Value::Decimal(parse_decimal(text.trim()).ok_or(Refusal::IsInvalid)?),
        FieldKind::Date => Value::Date(parse_date(text.trim()).ok_or(Refusal::IsInvalid)?),
        // Deactivated users too: their tasks can still be looked for.
        FieldKind::Person => Value::Person(workspace.user_by_email(text).ok_or(Refusal::IsNotAUserOfWorkspace)?.id),
        FieldKind::SingleSelect { options } | FieldKind::MultipleSelect { options } => {
            Value::Option(option_named(options, text).ok_or(Refusal::IsNotAnOption)?.id)
        }
        FieldKind::Checkbox => match text.trim() {
            "true" => Value::Checked,
            "false" => return Ok(None),
            _ => return Err(Refusal::IsInvalid),
        },
        FieldKind::DateTime | FieldKind::File { .. } => return Err(Refusal::IsInvalid),
    };
    Ok(Some(value))
}

/// Under which keys a value may be found where its field's type is not known any more.
pub fn possible_sort_keys(value: &Value) -> Vec<String> {
    match value {
        Value::Files(_) => Vec::new(),
        Value::Options(options) => options.iter().map(ToString::to_string).collect(),
        Value::Text(text) => vec![folded_beginning(text), sort_counted(text)],
        value => vec![exact_key(value)],
    }
}

/// Of a folded text this long or longer the key may not hold all.
pub const WHOLE_KEY_BYTES: usize = KEY_BYTES_MAX - 3;

/// The moment that such a key stands for.
pub fn moment_of_key(key: &str) -> Option<Timestamp> {
    let raw: u64 = key.parse().ok()?;
    Some(Timestamp::from_micros((raw ^ (1 << 63)).cast_signed()))
}

/// A short text is its own key. A long one is its beginning and a hash: such a key is longer than any short text.
fn exact_text(text: &str) -> String {
    if text.len() <= KEY_BYTES_MAX {
        return text.to_owned();
    }
    let mut key = text[..text.floor_char_boundary(KEY_BYTES_MAX - 32)].to_owned();
    for byte in Sha256::digest(text.as_bytes()) {
        key.push_str(&format!("{byte:02x}"));
    }
    key
}

/// The order of two texts of one field.
pub(crate) fn compare_texts(kind: &FieldKind, one: &str, other: &str) -> Ordering {
    sort_text(kind, one).cmp(&sort_text(kind, other))
}

fn sort_text(kind: &FieldKind, text: &str) -> String {
    match kind {
        // Numbers that the workflow gave out come in their order, before whatever texts an earlier definition allowed.
        FieldKind::UniqueId { autoincrement: true } => sort_counted(text),
        _ => folded_beginning(text),
    }
}

fn sort_counted(text: &str) -> String {
    match parse_decimal(text) {
        Some(number) => sort_decimal(number),
        None => format!("~{}", folded_beginning(text)),
    }
}

/// Of a long text only the beginning is folded: enough to fill the key, whatever folding does to its letters.
fn folded_beginning(text: &str) -> String {
    let mut folded = fold(&text[..text.floor_char_boundary(8 * KEY_BYTES_MAX)]);
    folded.truncate(folded.floor_char_boundary(KEY_BYTES_MAX));
    folded
}

/// Sign, then the place of the first digit, then the digits: `1`; `2` 28 `15` is 1.5; `0` is below zero, with all digits turned round and
/// an end mark, since there the longer of two is the smaller.
fn sort_decimal(decimal: Decimal) -> String {
    let normal = decimal.normalize();
    if normal.is_zero() {
        return "1".to_owned();
    }
    let digits = normal.mantissa().unsigned_abs().to_string();
    let place = 28 + digits.len() - usize::try_from(normal.scale()).expect("at most 28");
    let digits = digits.trim_end_matches('0');
    if normal.is_sign_positive() {
        return format!("2{place:02}{digits}");
    }
    let turned: String = digits.bytes().map(|digit| char::from(b'0' + b'9' - digit)).collect();
    format!("0{:02}{turned}~", 99 - place)
}

fn sort_moment(moment: Timestamp) -> String {
    format!("{:020}", moment.micros().cast_unsigned() ^ (1 << 63))
}
