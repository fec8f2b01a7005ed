//! The server's texts, as a terminal may be given them: none of them moves the cursor, clears the screen or turns the reading round.

use serde_json::Value as Json;

/// Columns that lines are made to fit into.
pub const WIDTH: usize = 100;

fn is_unruly(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// On one line.
pub fn plain(text: &str) -> String {
    text.chars().map(|c| if is_unruly(c) { c.escape_default().to_string() } else { c.to_string() }).collect()
}

/// JSON, which may be written as the same JSON: it escapes some of them itself, and the others stand only in its texts.
pub fn plain_json(json: &str) -> String {
    let escaped = |c: char| if is_unruly(c) && !c.is_ascii_whitespace() { format!("\\u{:04x}", u32::from(c)) } else { c.to_string() };
    json.chars().map(escaped).collect()
}

/// A value of a task, on one line.
pub fn value(value: &Json) -> String {
    match value {
        Json::Null => String::new(),
        Json::String(text) => plain(text),
        Json::Array(items) => items.iter().map(self::value).collect::<Vec<_>>().join(", "),
        Json::Bool(_) | Json::Number(_) | Json::Object(_) => plain(&value.to_string()),
    }
}

/// Broken between words into lines that fit; what is one long word stays one.
pub fn wrapped(text: &str, first: &str, others: &str) -> String {
    let mut lines = vec![first.to_owned()];
    let mut empty = true;
    for word in plain(text).split(' ') {
        let line = lines.last_mut().expect("there is one");
        if !empty && line.chars().count() + 1 + word.chars().count() > WIDTH {
            lines.push(format!("{others}{word}"));
        } else {
            let space = if empty { "" } else { " " };
            line.push_str(&format!("{space}{word}"));
        }
        empty = false;
    }
    lines.iter().map(|line| line.trim_end()).collect::<Vec<_>>().join("\n")
}

/// So many characters at most.
pub fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most { text.to_owned() } else { text.chars().take(most - 1).chain(['…']).collect() }
}

/// As a shell reads it as one word.
pub fn shell_word(text: &str) -> String {
    let is_simple = |c: char| c.is_ascii_alphanumeric() || "-_./:@=+,%".contains(c);
    if !text.is_empty() && text.chars().all(is_simple) { text.to_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nothing_commands_the_terminal() {
        for (text, shown) in [
            ("Dr. Who, 12,50 €", "Dr. Who, 12,50 €"),
            ("a\nb\tc", "a\\nb\\tc"),
            ("\u{1b}[2J\u{7}", "\\u{1b}[2J\\u{7}"),
            ("\u{9b}2J\u{7f}", "\\u{9b}2J\\u{7f}"),
            ("\u{202e}dne", "\\u{202e}dne"),
        ] {
            assert_eq!(plain(text), shown);
        }
        let json = "{\"a\":\"\u{9b}2J\u{7f}\u{2066}é\"}\n";
        assert_eq!(plain_json(json), "{\"a\":\"\\u009b2J\\u007f\\u2066é\"}\n");
        assert_eq!(serde_json::from_str::<Json>(&plain_json(json)).unwrap(), serde_json::from_str::<Json>(json).unwrap());
    }

    #[test]
    fn values_are_on_one_line() {
        for (given, shown) in [
            (json!(null), ""),
            (json!("a\nb"), "a\\nb"),
            (json!(true), "true"),
            (json!(["A", "B"]), "A, B"),
            (json!({ "filename": "x.pdf" }), "{\"filename\":\"x.pdf\"}"),
        ] {
            assert_eq!(value(&given), shown);
        }
        assert_eq!((cut("12345", 5).as_str(), cut("123456", 5).as_str()), ("12345", "1234…"));
    }

    #[test]
    fn lines_fit() {
        let text = wrapped(&"word ".repeat(50), "  to open it: ", "    ");
        assert!(text.lines().count() > 2 && text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
        assert!(text.starts_with("  to open it: word word") && text.lines().nth(1).is_some_and(|line| line.starts_with("    word")));
        assert_eq!(wrapped(&"x".repeat(200), "> ", ""), format!("> {}", "x".repeat(200)));
    }

    #[test]
    fn words_reach_the_program_as_they_are() {
        for (text, word) in [("R-1", "R-1"), ("a b", "'a b'"), ("it's $x", r"'it'\''s $x'"), ("", "''")] {
            assert_eq!(shell_word(text), word);
        }
    }
}
