//! How texts are compared without case.

use caseless::Caseless;
use unicode_normalization::UnicodeNormalization;

/// The canonical caseless form (Unicode, section 3.13): two texts that a reader would call the same but for case
/// have one. Folding a folded text changes nothing.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    // Decomposed first, since folding a precomposed letter and its parts need not agree (U+0345).
    text.chars().nfd().default_case_fold().nfc().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_equals_are_equal() {
        for (one, other) in [
            ("STRASSE", "straße"),
            ("Ångström", "A\u{30a}NGSTRO\u{308}M"),
            ("ΌΣΟΣ", "όσος"),
            ("\u{1fc3}", "\u{397}\u{345}"),
            ("\u{1fb4}", "α\u{345}\u{301}"),
            ("İ", "i\u{307}"),
            ("Nº 5", "nº 5"),
        ] {
            assert_eq!(fold(one), fold(other), "{one} {other}");
        }
        assert_ne!(fold("ı"), fold("i"));
        // Composed, so that "René" does not contain "rene".
        assert_eq!(fold("RENE\u{301}"), "ren\u{e9}");
    }

    #[test]
    fn folding_twice_is_folding_once() {
        for letter in '\0'..=char::MAX {
            for text in [letter.to_string(), format!("{letter}\u{345}\u{301}"), format!("a{letter}")] {
                let once = fold(&text);
                assert_eq!(fold(&once), once, "{letter:?}");
            }
        }
    }
}
