//! YAML in and out, by the core schema of YAML 1.2: `yes` and `on` are texts, numbers keep every digit.
//!
//! The parser's events are read directly, because a deserializer would bring decimals in as binary floats.

use std::collections::HashMap;

use granit_parser::{Event, Parser, ScalarStyle, Span, Tag};
use serde_json::{Map, Number, Value};

use super::document::Definition;
use super::json::to_json;
use super::places::Places;
use super::problem::Path;
use super::text::{DEPTH_MAX, TextError};
use crate::limits::BODY_BYTES_MAX;

/// Values that one document may hold once its aliases are followed: a few nested aliases can name billions.
const VALUES_MAX: usize = 1_000_000;
/// Bytes of text that anchors and aliases may copy: each use of one makes its value anew.
const COPIED_BYTES_MAX: usize = BODY_BYTES_MAX;

pub fn parse_yaml(text: &str) -> Result<Value, TextError> {
    Reader::new(text, None).document()
}

/// The same, with the place of everything that is written there.
pub fn parse_yaml_with_places(text: &str) -> Result<(Value, Places), TextError> {
    let mut reader = Reader::new(text, Some(Places::default()));
    let value = reader.document()?;
    Ok((value, reader.places.unwrap_or_default()))
}

/// The document as YAML in block style, keys in their documented order.
pub fn to_yaml(definition: &Definition) -> String {
    let mut out = String::new();
    write_value(&mut out, &to_json(definition), 0, Place::Top);
    out
}

struct Reader<'a> {
    events: Parser<'a, granit_parser::StrInput<'a>>,
    anchors: HashMap<usize, (Value, Size)>,
    /// Of all that was read so far.
    size: Size,
    copied_bytes: usize,
    /// Where they are wanted.
    places: Option<Places>,
}

/// How much a value is, its aliases followed.
#[derive(Clone, Copy, Default)]
struct Size {
    values: usize,
    /// Of its texts and keys.
    bytes: usize,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str, places: Option<Places>) -> Reader<'a> {
        Reader { events: Parser::new_from_str(text), anchors: HashMap::new(), size: Size::default(), copied_bytes: 0, places }
    }

    fn document(&mut self) -> Result<Value, TextError> {
        loop {
            match self.next()? {
                (Event::StreamStart | Event::DocumentStart(..), _) => {}
                (Event::StreamEnd, span) => return Err(fail(&span, "the document is empty")),
                (event, span) => {
                    self.note(&Path::ROOT, &span);
                    let value = self.value(event, &span, &Path::ROOT, 0)?;
                    self.nothing_follows()?;
                    return Ok(value);
                }
            }
        }
    }

    fn nothing_follows(&mut self) -> Result<(), TextError> {
        loop {
            match self.next()? {
                (Event::StreamEnd, _) => return Ok(()),
                (Event::DocumentEnd, _) => {}
                (_, span) => return Err(fail(&span, "a second document begins; only one is allowed")),
            }
        }
    }

    fn next(&mut self) -> Result<(Event<'a>, Span), TextError> {
        match self.events.next() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => {
                let at = error.marker();
                Err(TextError { message: error.info(), line: at.line(), column: at.col() + 1 })
            }
            None => Err(TextError { message: "the text ends too early".to_owned(), line: 1, column: 1 }),
        }
    }

    fn note(&mut self, path: &Path<'_>, span: &Span) {
        if let Some(places) = &mut self.places {
            places.add(path, span.start.line(), span.start.col() + 1);
        }
    }

    fn value(&mut self, event: Event<'a>, span: &Span, path: &Path<'_>, depth: usize) -> Result<Value, TextError> {
        if depth > DEPTH_MAX {
            return Err(fail(span, &format!("nesting is deeper than {DEPTH_MAX}")));
        }
        let before = self.size;
        self.count(1, span)?;
        let (value, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.size.bytes += text.len();
                (scalar(&text, style, tag.as_deref(), span)?, anchor)
            }
            Event::SequenceStart(_, anchor, tag) => {
                refuse_tag(tag.as_deref(), "seq", span)?;
                (self.sequence(path, depth)?, anchor)
            }
            Event::MappingStart(_, anchor, tag) => {
                refuse_tag(tag.as_deref(), "map", span)?;
                (self.mapping(path, depth)?, anchor)
            }
            Event::Alias(anchor) => {
                let Some((_, size)) = self.anchors.get(&anchor) else {
                    return Err(fail(span, "the alias stands inside what it names"));
                };
                let size = *size;
                self.count(size.values, span)?;
                self.size.bytes += size.bytes;
                self.count_copied(size.bytes, span)?;
                return Ok(self.anchors[&anchor].0.clone());
            }
            _ => return Err(fail(span, "a value is missing")),
        };
        if anchor > 0 {
            let size = Size { values: self.size.values - before.values, bytes: self.size.bytes - before.bytes };
            self.count_copied(size.bytes, span)?;
            self.anchors.insert(anchor, (value.clone(), size));
        }
        Ok(value)
    }

    fn sequence(&mut self, path: &Path<'_>, depth: usize) -> Result<Value, TextError> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(Value::Array(items)),
                (event, span) => {
                    let path = path.index(items.len());
                    self.note(&path, &span);
                    items.push(self.value(event, &span, &path, depth + 1)?);
                }
            }
        }
    }

    fn mapping(&mut self, path: &Path<'_>, depth: usize) -> Result<Value, TextError> {
        let mut map = Map::new();
        loop {
            let (event, span) = self.next()?;
            let key = match event {
                Event::MappingEnd => return Ok(Value::Object(map)),
                Event::Scalar(text, ..) => text.into_owned(),
                _ => return Err(fail(&span, "a key must be a text")),
            };
            if map.contains_key(&key) {
                return Err(fail(&span, &format!("key {key:?} is given twice")));
            }
            self.size.bytes += key.len();
            let path = path.key(&key);
            self.note(&path, &span);
            let (event, span) = self.next()?;
            let value = self.value(event, &span, &path, depth + 1)?;
            map.insert(key, value);
        }
    }

    fn count(&mut self, values: usize, span: &Span) -> Result<(), TextError> {
        self.size.values = self.size.values.saturating_add(values);
        if self.size.values > VALUES_MAX {
            return Err(fail(span, &format!("the document holds more than {VALUES_MAX} values")));
        }
        Ok(())
    }

    fn count_copied(&mut self, bytes: usize, span: &Span) -> Result<(), TextError> {
        self.copied_bytes = self.copied_bytes.saturating_add(bytes);
        if self.copied_bytes > COPIED_BYTES_MAX {
            return Err(fail(span, &format!("anchors and aliases copy more than {COPIED_BYTES_MAX} bytes")));
        }
        Ok(())
    }
}

fn fail(span: &Span, message: &str) -> TextError {
    TextError { message: message.to_owned(), line: span.start.line(), column: span.start.col() + 1 }
}

/// Tags could make a value anything; only those that say what it is anyway are allowed.
fn refuse_tag(tag: Option<&Tag>, allowed: &str, span: &Span) -> Result<(), TextError> {
    match tag {
        None => Ok(()),
        Some(tag) if tag.handle() == "tag:yaml.org,2002:" && tag.suffix() == allowed => Ok(()),
        Some(tag) => Err(fail(span, &format!("the tag !{} is not allowed", tag.suffix()))),
    }
}

fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>, span: &Span) -> Result<Value, TextError> {
    if tag.is_some() {
        refuse_tag(tag, "str", span)?;
        return Ok(Value::from(text));
    }
    Ok(if style == ScalarStyle::Plain { plain(text) } else { Value::from(text) })
}

/// A plain scalar by the core schema; octal and hexadecimal numbers stay texts, since JSON has none.
fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ => number(text).map_or_else(|| Value::from(text), Value::Number),
    }
}

/// What reads as a number in JSON, too. `007` and `+1` stay texts: their spelling would be lost.
fn number(text: &str) -> Option<Number> {
    let first = text.bytes().next()?;
    if !(first.is_ascii_digit() || first == b'-') { None } else { text.parse().ok() }
}

/// Where a value stands, which decides whether it may begin on the line.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Top,
    AfterKey,
    AfterDash,
}

fn write_value(out: &mut String, value: &Value, indent: usize, place: Place) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (index, (key, value)) in map.iter().enumerate() {
                begin_line(out, indent, place, index);
                write_text(out, key, indent, false);
                out.push(':');
                write_value(out, value, indent + 1, Place::AfterKey);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (index, item) in items.iter().enumerate() {
                begin_line(out, indent, place, index);
                out.push('-');
                write_value(out, item, indent + 1, Place::AfterDash);
            }
        }
        other => {
            if place != Place::Top {
                out.push(' ');
            }
            match other {
                Value::Object(_) => out.push_str("{}"),
                Value::Array(_) => out.push_str("[]"),
                Value::String(text) => write_text(out, text, indent, true),
                Value::Null | Value::Bool(_) | Value::Number(_) => out.push_str(&other.to_string()),
            }
            if !out.ends_with('\n') {
                out.push('\n');
            }
        }
    }
}

/// The first entry after a dash stands on its line; every other begins one.
fn begin_line(out: &mut String, indent: usize, place: Place, index: usize) {
    match (place, index) {
        (Place::AfterDash, 0) => out.push(' '),
        (Place::AfterKey, 0) => {
            out.push('\n');
            push_indent(out, indent);
        }
        _ => push_indent(out, indent),
    }
}

fn push_indent(out: &mut String, indent: usize) {
    for _ in 0..indent {
        out.push_str("  ");
    }
}

fn write_text(out: &mut String, text: &str, indent: usize, block_allowed: bool) {
    if reads_plain(text) {
        out.push_str(text);
    } else if block_allowed && reads_as_block(text) {
        out.push_str(if text.ends_with('\n') { "|\n" } else { "|-\n" });
        for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
            if !line.is_empty() {
                push_indent(out, indent.max(1));
                out.push_str(line);
            }
            out.push('\n');
        }
    } else {
        // A JSON string is a double-quoted scalar of YAML, once the characters that YAML does not print are escaped.
        for character in Value::from(text).to_string().chars() {
            match character {
                '\u{7f}'..='\u{a0}' | '\u{ad}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => {
                    out.push_str(&format!("\\u{:04x}", u32::from(character)));
                }
                _ => out.push(character),
            }
        }
    }
}

/// Whether the text needs no quotes anywhere: only letters, digits and a few signs that mean nothing to YAML.
fn reads_plain(text: &str) -> bool {
    let harmless =
        |character: char| character.is_ascii_alphanumeric() || matches!(character, ' ' | '_' | '-' | '.' | '/' | '(' | ')' | '+');
    text.chars().next().is_some_and(|first| first.is_ascii_alphabetic())
        && !text.ends_with(' ')
        && text.chars().all(harmless)
        && plain(text).is_string()
        // Texts to YAML 1.2, booleans to readers of YAML 1.1.
        && !["y", "n", "yes", "no", "on", "off"].contains(&text.to_ascii_lowercase().as_str())
}

/// Whether a block scalar gives back exactly this text, also from an editor that trims the ends of lines.
fn reads_as_block(text: &str) -> bool {
    let body = text.strip_suffix('\n').unwrap_or(text);
    let clean =
        |line: &str| !line.ends_with([' ', '\t']) && line.chars().all(|character| !character.is_control() && character != '\u{feff}');
    body.contains('\n')
        && !body.ends_with('\n')
        && body.split('\n').next().is_some_and(|first| !first.is_empty() && !first.starts_with([' ', '\t']))
        && body.split('\n').all(clean)
        && !body.contains(['\u{85}', '\u{2028}', '\u{2029}', '\u{fffe}', '\u{ffff}'])
}
