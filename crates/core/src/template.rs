//! Interpolation: `{{Field Name}}` in a text.

use crate::condition::Column;

/// A parsed text. Rendering is one pass: what a value brings in is never read as a template again.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    pub parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    Text(String),
    Name(Name),
}

#[derive(Clone, Debug, PartialEq)]
pub enum Name {
    Column(Column),
    TaskUrl,
    CurrentUserId,
    CurrentUserEmail,
    CurrentUserName,
    CurrentDate,
    CurrentDateTime,
}
