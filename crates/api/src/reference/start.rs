//! How to begin: all that somebody needs who has nothing but the server.

use super::html::markdown;

pub fn page() -> String {
    markdown(include_str!("start.md"))
}
