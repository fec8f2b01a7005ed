//! Wire shapes that several endpoints share.

pub mod actor;
pub mod execution;
pub mod explained;
pub mod history;
pub mod import;
pub mod item;
pub mod planned;
pub mod saved;
pub mod user;

use std::fmt::Display;

use baton_core::workflow::FieldKind;
use serde::Serializer;

/// The names of a select's options.
pub fn options_of(kind: &FieldKind) -> Option<Vec<&str>> {
    match kind {
        FieldKind::SingleSelect { options } | FieldKind::MultipleSelect { options } => {
            Some(options.iter().map(|option| option.name.as_str()).collect())
        }
        _ => None,
    }
}

pub fn as_text<S: Serializer>(value: &impl Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

pub fn as_text_if_any<S: Serializer>(value: &Option<impl Display>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => serializer.collect_str(value),
        None => serializer.serialize_none(),
    }
}
