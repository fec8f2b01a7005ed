//! Documents of the repository as pages.

use super::html::markdown;
use crate::openapi::{errors, examples};

pub struct Document {
    pub page: &'static str,
    pub title: &'static str,
    text: &'static str,
}

pub const DOCUMENTS: &[Document] = &[
    Document { page: "guide", title: "Guide", text: examples::DOCUMENT },
    Document { page: "errors", title: "Errors", text: errors::DOCUMENT },
    Document { page: "steps", title: "Steps", text: include_str!("../../../../docs/steps.md") },
    Document { page: "lint", title: "The linter", text: include_str!("../../../../docs/lint.md") },
    Document { page: "limits", title: "Limits", text: include_str!("../../../../docs/limits.md") },
    Document { page: "compatibility", title: "Compatibility", text: include_str!("../../../../docs/compatibility.md") },
    Document { page: "operations", title: "Running Baton", text: include_str!("../../../../docs/operations.md") },
];

pub fn page(document: &Document) -> String {
    markdown(document.text)
}
