//! Reading JSON bodies: strict, except that one trailing comma is tolerated in an object or array, because the
//! documented example has one. Numbers keep their digits; a key given twice is refused.

use std::fmt;

use serde_json::{Map, Number, Value as Json};

/// Deeper nesting is refused, so that a body cannot use up the stack.
pub const DEPTH_MAX: usize = 128;

/// What is wrong, and where: both from 1, the column in characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonError {
    pub message: String,
    pub line: usize,
    pub column: usize,
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at line {} column {}", self.message, self.line, self.column)
    }
}

pub fn parse(bytes: &[u8]) -> Result<Json, JsonError> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let valid = &bytes[..error.valid_up_to()];
        located("text must be UTF-8", std::str::from_utf8(valid).unwrap_or_default())
    })?;
    let mut reader = Reader { text, at: 0 };
    let parsed = reader.value(DEPTH_MAX).and_then(|value| {
        reader.skip_space();
        if reader.at == text.len() { Ok(value) } else { Err(wrong("expected nothing after the value")) }
    });
    parsed.map_err(|Wrong { message, at }| located(message, &text[..at.unwrap_or(reader.at)]))
}

/// A mistake just behind `before`.
fn located(message: impl Into<String>, before: &str) -> JsonError {
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    JsonError {
        message: message.into(),
        line: before.bytes().filter(|byte| *byte == b'\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
    }
}

/// `at` is where the mistake is, if not where the reader stands.
struct Wrong {
    message: String,
    at: Option<usize>,
}

fn wrong(message: impl Into<String>) -> Wrong {
    Wrong { message: message.into(), at: None }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Takes `byte` if it is next, after any space.
    fn take(&mut self, byte: u8) -> bool {
        self.skip_space();
        let next = self.peek() == Some(byte);
        self.at += usize::from(next);
        next
    }

    fn value(&mut self, depth_left: usize) -> Result<Json, Wrong> {
        self.skip_space();
        match self.peek() {
            Some(b'{' | b'[') if depth_left == 0 => Err(wrong(format!("nesting is deeper than {DEPTH_MAX}"))),
            Some(b'{') => self.object(depth_left - 1).map(Json::Object),
            Some(b'[') => self.array(depth_left - 1).map(Json::Array),
            Some(b'"') => self.string().map(Json::String),
            Some(b'-' | b'0'..=b'9') => self.number().map(Json::Number),
            Some(b't') => self.word("true", Json::Bool(true)),
            Some(b'f') => self.word("false", Json::Bool(false)),
            Some(b'n') => self.word("null", Json::Null),
            Some(_) => Err(wrong("expected a value")),
            None => Err(wrong("expected a value, but the text ends")),
        }
    }

    fn word(&mut self, word: &str, value: Json) -> Result<Json, Wrong> {
        if !self.text[self.at..].starts_with(word) {
            return Err(wrong("expected a value"));
        }
        self.at += word.len();
        Ok(value)
    }

    fn object(&mut self, depth_left: usize) -> Result<Map<String, Json>, Wrong> {
        self.at += 1;
        let mut object = Map::new();
        while !self.take(b'}') {
            if self.peek() != Some(b'"') {
                return Err(wrong(if object.is_empty() {
                    "expected a key in double quotes or `}`"
                } else {
                    "expected a key in double quotes"
                }));
            }
            let key_at = self.at;
            let key = self.string()?;
            if object.contains_key(&key) {
                return Err(Wrong { message: format!("key {key:?} is given twice"), at: Some(key_at) });
            }
            if !self.take(b':') {
                return Err(wrong("expected `:` after the key"));
            }
            let value = self.value(depth_left)?;
            object.insert(key, value);
            if !self.take(b',') {
                return if self.take(b'}') { Ok(object) } else { Err(wrong("expected `,` or `}`")) };
            }
        }
        Ok(object)
    }

    fn array(&mut self, depth_left: usize) -> Result<Vec<Json>, Wrong> {
        self.at += 1;
        let mut array = Vec::new();
        while !self.take(b']') {
            array.push(self.value(depth_left)?);
            if !self.take(b',') {
                return if self.take(b']') { Ok(array) } else { Err(wrong("expected `,` or `]`")) };
            }
        }
        Ok(array)
    }

    fn string(&mut self) -> Result<String, Wrong> {
        self.at += 1;
        let mut string = String::new();
        loop {
            let plain = self.text.as_bytes()[self.at..].iter().take_while(|byte| !matches!(byte, b'"' | b'\\' | 0..=0x1f)).count();
            string.push_str(&self.text[self.at..self.at + plain]);
            self.at += plain;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(string);
                }
                Some(b'\\') => string.push(self.escape()?),
                Some(_) => return Err(wrong("a control character in a text must be written as an escape")),
                None => return Err(wrong("expected `\"`, but the text ends")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, Wrong> {
        let start = self.at;
        let unknown = || Wrong { message: "unknown escape".to_owned(), at: Some(start) };
        let letter = self.text.as_bytes().get(start + 1).copied().ok_or_else(unknown)?;
        self.at += 2;
        Ok(match letter {
            b'"' | b'\\' | b'/' => char::from(letter),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let lone = || Wrong { message: "half of a surrogate pair".to_owned(), at: Some(start) };
                let first = self.four_digits(start)?;
                match first {
                    0xd800..=0xdbff => {
                        if !self.text[self.at..].starts_with("\\u") {
                            return Err(lone());
                        }
                        self.at += 2;
                        let second = self.four_digits(start)?;
                        let low = second.checked_sub(0xdc00).filter(|low| *low < 0x400).ok_or_else(lone)?;
                        char::from_u32(0x10000 + ((first - 0xd800) << 10) + low).ok_or_else(lone)?
                    }
                    _ => char::from_u32(first).ok_or_else(lone)?,
                }
            }
            _ => return Err(unknown()),
        })
    }

    fn four_digits(&mut self, escape_at: usize) -> Result<u32, Wrong> {
        let digits = self.text.as_bytes().get(self.at..self.at + 4).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        let digits = digits.ok_or(Wrong { message: "`\\u` needs four hexadecimal digits".to_owned(), at: Some(escape_at) })?;
        self.at += 4;
        Ok(digits.iter().fold(0, |code, digit| code * 16 + char::from(*digit).to_digit(16).unwrap_or(0)))
    }

    fn number(&mut self) -> Result<Number, Wrong> {
        let start = self.at;
        let invalid = || Wrong { message: "expected a number".to_owned(), at: Some(start) };
        self.at += usize::from(self.peek() == Some(b'-'));
        let integer_at = self.at;
        let integer = self.digits();
        if integer == 0 || (integer > 1 && self.text.as_bytes()[integer_at] == b'0') {
            return Err(invalid());
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            if self.digits() == 0 {
                return Err(invalid());
            }
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            if self.digits() == 0 {
                return Err(invalid());
            }
        }
        self.text[start..self.at].parse().map_err(|_| invalid())
    }

    fn digits(&mut self) -> usize {
        let count = self.text.as_bytes()[self.at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += count;
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_json_allows_is_read_as_serde_reads_it() {
        for text in [
            "null",
            " [true , false,\n\tnull\r] ",
            r#"{"b":1,"a":{"c":[{}]},"":[]}"#,
            r#""\"\\\/\b\f\n\r\t\u00e9\ud83c\udf0a é🌊""#,
            "[0,-0,12345678901234567890123456789,0.10,-1.5,1e5,1E-7,2.5e+10]",
            r#""\u0000""#,
        ] {
            assert_eq!(parse(text.as_bytes()), Ok(serde_json::from_str(text).expect(text)), "{text}");
        }
    }

    #[test]
    fn a_trailing_comma_is_tolerated_and_no_more() {
        for (text, strict) in [("{\"a\":1,}", "{\"a\":1}"), ("[1,2 , ]", "[1,2]"), ("{\"a\":[{},],\n}", "{\"a\":[{}]}")] {
            assert_eq!(parse(text.as_bytes()), Ok(serde_json::from_str(strict).expect(strict)), "{text}");
        }
        for text in ["{,}", "[,]", "[1,,]", "{\"a\":1,,}", "1,"] {
            assert!(parse(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        for (text, told) in [
            ("", "expected a value, but the text ends at line 1 column 1"),
            ("{\n  \"a\": 1,\n  \"b\" 2\n}", "expected `:` after the key at line 3 column 7"),
            ("{\"a\":1,\n \"a\":2}", "key \"a\" is given twice at line 2 column 2"),
            ("{\"a\":1 \"b\":2}", "expected `,` or `}` at line 1 column 8"),
            ("{a:1}", "expected a key in double quotes or `}` at line 1 column 2"),
            ("{\"a\":1,b:2}", "expected a key in double quotes at line 1 column 8"),
            ("[1 2]", "expected `,` or `]` at line 1 column 4"),
            ("[1", "expected `,` or `]` at line 1 column 3"),
            ("{} x", "expected nothing after the value at line 1 column 4"),
            ("\"éé", "expected `\"`, but the text ends at line 1 column 4"),
            ("\"a\nb\"", "a control character in a text must be written as an escape at line 1 column 3"),
            ("\"\\x\"", "unknown escape at line 1 column 2"),
            ("\"\\", "unknown escape at line 1 column 2"),
            ("\"\\u12g4\"", "`\\u` needs four hexadecimal digits at line 1 column 2"),
            ("\"\\ué\"", "`\\u` needs four hexadecimal digits at line 1 column 2"),
            ("\"\\ud83c\"", "half of a surrogate pair at line 1 column 2"),
            ("\"\\ud83c\\u0041\"", "half of a surrogate pair at line 1 column 2"),
            ("\"\\udf0a\"", "half of a surrogate pair at line 1 column 2"),
            ("01", "expected a number at line 1 column 1"),
            ("-", "expected a number at line 1 column 1"),
            ("1.", "expected a number at line 1 column 1"),
            ("1e", "expected a number at line 1 column 1"),
            ("nul", "expected a value at line 1 column 1"),
            ("{\"a\": // why\n1}", "expected a value at line 1 column 7"),
            ("\u{feff}{}", "expected a value at line 1 column 1"),
        ] {
            assert_eq!(parse(text.as_bytes()).unwrap_err().to_string(), told, "{text:?}");
        }
        assert_eq!(parse(b"{\"a\":\"\xff\"}").unwrap_err().to_string(), "text must be UTF-8 at line 1 column 7");
    }

    #[test]
    fn nesting_is_limited() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(parse(nested(DEPTH_MAX).as_bytes()).is_ok());
        assert_eq!(parse(nested(DEPTH_MAX + 1).as_bytes()).unwrap_err().message, "nesting is deeper than 128");
        assert!(parse("[".repeat(1_000_000).as_bytes()).is_err());
    }
}
