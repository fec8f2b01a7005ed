//! Where in a text each part of a document stands.

use std::collections::HashMap;

use super::problem::Path;

/// The lines and columns of a document, by path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places(HashMap<String, Place>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Counted from 1.
    pub line: usize,
    /// Counted from 1, in characters.
    pub column: usize,
}

impl Places {
    pub(super) fn add(&mut self, path: &Path<'_>, line: usize, column: usize) {
        self.0.insert(path.to_string(), Place { line, column });
    }

    /// The place of what stands at the path: its key, or the item of a list. Of what is not written there, such as a key that is
    /// missing, the place of what it belongs to.
    pub fn of(&self, path: &str) -> Option<Place> {
        let mut path = path;
        loop {
            if let Some(place) = self.0.get(path) {
                return Some(*place);
            }
            if path.is_empty() {
                return None;
            }
            path = &path[..path.rfind(['.', '[']).unwrap_or(0)];
        }
    }
}
