//! Wire shapes that several endpoints share.

pub mod actor;
pub mod execution;
pub mod history;
pub mod item;
pub mod planned;
pub mod saved;
pub mod user;

use std::fmt::Display;

use serde::Serializer;

pub fn as_text<S: Serializer>(value: &impl Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

pub fn as_text_if_any<S: Serializer>(value: &Option<impl Display>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => serializer.collect_str(value),
        None => serializer.serialize_none(),
    }
}
