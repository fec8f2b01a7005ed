//! What JSON and YAML have in common as texts.

use std::fmt;

/// Nesting that a document may have; a definition needs less than half of it.
pub(super) const DEPTH_MAX: usize = 100;

/// A text that is no JSON or no YAML.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct TextError {
    pub message: String,
    /// Counted from 1.
    pub line: usize,
    /// Counted from 1.
    pub column: usize,
}

impl fmt::Display for TextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at line {} column {}", self.message, self.line, self.column)
    }
}
