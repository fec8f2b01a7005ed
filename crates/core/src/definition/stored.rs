//! How the store keeps a definition.

use super::Definition;

impl Definition {
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).expect("a definition is JSON")
    }

    /// Through a JSON value, since tagged enums can't be read straight from text where numbers keep all their digits.
    pub fn from_text(text: &str) -> Result<Definition, serde_json::Error> {
        serde_json::from_value(serde_json::from_str(text)?)
    }
}
