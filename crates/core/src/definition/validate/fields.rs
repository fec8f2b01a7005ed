//! Fields: what each type needs and takes.

use iso_currency::Currency;

use super::super::document::Definition;
use super::super::field::{Field, FieldType};
use super::super::problem::Path;
use super::Report;

pub(super) fn check(definition: &Definition, report: &mut Report<'_>) {
    let path = Path::ROOT.key("fields");
    let mut unique_id: Option<usize> = None;
    for (index, field) in definition.fields.iter().enumerate() {
        let path = path.index(index);
        if report.problems.is_repaired(&path.key("type").to_string()) {
            continue;
        }
        check_field(field, &path, report);
        if field.kind == FieldType::UniqueId {
            match unique_id {
                Some(first) => report
                    .problem(&path.key("type"), || format!("uniqueId is also the type of fields[{first}]; a workflow has at most one")),
                None => unique_id = Some(index),
            }
        }
    }
}

fn check_field(field: &Field, path: &Path<'_>, report: &mut Report<'_>) {
    let given = [
        ("options", field.options.is_some(), field.kind.has_options(), "singleSelect and multipleSelect"),
        ("currency", field.currency.is_some(), field.kind == FieldType::Currency, "currency"),
        ("autoincrement", field.autoincrement.is_some(), field.kind == FieldType::UniqueId, "uniqueId"),
        ("limit", field.limit.is_some(), field.kind == FieldType::File, "file"),
    ];
    for (key, present, fits, types) in given {
        if present && !fits {
            report.problem(&path.key(key), || format!("is only for fields of type {types}, and this one is of type {}", field.kind.name()));
        }
    }
    if field.kind.has_options() && field.options.as_ref().is_none_or(Vec::is_empty) {
        let what = if field.options.is_some() { "is empty" } else { "is missing" };
        report.problem(&path.key("options"), || format!("{what}: a {} needs at least one option", field.kind.name()));
    }
    if field.kind == FieldType::Currency {
        check_currency(field.currency.as_deref(), &path.key("currency"), report);
    }
    if field.kind == FieldType::File {
        report.warning(path, || format!("{} has no effect yet: files can't be attached in this version", field.name));
    }
}

fn check_currency(code: Option<&str>, path: &Path<'_>, report: &mut Report<'_>) {
    let Some(code) = code else {
        report.problem(path, || "is missing: an ISO 4217 code such as USD or EUR".to_owned());
        return;
    };
    match Currency::from_code(code) {
        Some(currency) if currency.exponent().is_some() => {}
        Some(_) => report.problem(path, || format!("{code} has no minor units, so it can't be the currency of a field")),
        None => {
            let upper = code.trim().to_ascii_uppercase();
            let hint = Currency::from_code(&upper).map(|_| format!("; did you mean {upper}?")).unwrap_or_default();
            report.problem(path, || format!("{code:?} is not an ISO 4217 code, such as USD or EUR{hint}"));
        }
    }
}
