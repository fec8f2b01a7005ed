//! Secrets of a workspace: what they may be called, and what they may be. Their values never come into a definition or a task.

use crate::limits::SECRET_BYTES_MAX;

const NAME_BYTES_MAX: usize = 100;

/// What [`is_name`] allows, in words.
pub const NAME: &str = "a letter or _, then letters, digits and _, 100 characters at most";

pub fn is_name(text: &str) -> bool {
    let begins = text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    begins && text.len() <= NAME_BYTES_MAX && text.chars().all(|character| character.is_ascii_alphanumeric() || character == '_')
}

/// Control characters are of no use in a header or a password, and often there by mistake.
pub fn is_value(text: &str) -> bool {
    (1..=SECRET_BYTES_MAX).contains(&text.len()) && !text.contains(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_a_length_and_no_control_characters() {
        let longest = "x".repeat(SECRET_BYTES_MAX);
        for value in ["x", " ", "geheim \u{e4}", longest.as_str()] {
            assert!(is_value(value), "{} bytes", value.len());
        }
        for value in ["", "a\nb", "a\u{85}b", "\0", &format!("{longest}x")] {
            assert!(!is_value(value), "{} bytes", value.len());
        }
    }
}
