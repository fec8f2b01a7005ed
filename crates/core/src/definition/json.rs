//! JSON in and out. A key given twice is refused: which of the two was meant cannot be known.

use std::fmt;

use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::document::Definition;
use super::text::{DEPTH_MAX, TextError};

pub fn parse_json(text: &str) -> Result<Value, TextError> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let strict = Strict { depth: 0 };
    let parsed = strict.deserialize(&mut reader).and_then(|value| reader.end().map(|()| value));
    parsed.map_err(|error| {
        let message = error.to_string();
        let place = format!(" at line {} column {}", error.line(), error.column());
        TextError { message: message.replace(&place, ""), line: error.line().max(1), column: error.column().max(1) }
    })
}

/// The document as JSON, keys in their documented order.
pub fn to_json(definition: &Definition) -> Value {
    serde_json::to_value(definition).expect("a definition has text keys only")
}

/// How serde_json hands on a number with all its digits.
const NUMBER_KEY: &str = "$serde_json::private::Number";

struct Strict {
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Strict {
    fn deeper<E: serde::de::Error>(&self) -> Result<usize, E> {
        if self.depth >= DEPTH_MAX { Err(E::custom(format!("nesting is deeper than {DEPTH_MAX}"))) } else { Ok(self.depth + 1) }
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let depth = self.deeper()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Strict { depth })? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let depth = self.deeper()?;
        let mut map = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if key == NUMBER_KEY && map.is_empty() {
                let digits: String = entries.next_value()?;
                return digits.parse::<Number>().map(Value::Number).map_err(A::Error::custom);
            }
            let value = entries.next_value_seed(Strict { depth })?;
            if map.contains_key(&key) {
                return Err(A::Error::custom(format!("key {key:?} is given twice")));
            }
            map.insert(key, value);
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_and_order_are_kept() {
        for text in [r#"{"b":1.10,"a":[1234567890123456789012345678,-0.0000000000000000000000000001,true,null,"x"]}"#, "1e+400", "\"é\""] {
            assert_eq!(parse_json(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        for (text, message, line, column) in [
            ("{\"a\":1,\n\"a\":2}", "key \"a\" is given twice", 2, 6),
            ("{\"a\":}", "expected value", 1, 6),
            ("", "EOF while parsing a value", 1, 1),
            ("{} x", "trailing characters", 1, 4),
        ] {
            assert_eq!(parse_json(text), Err(TextError { message: message.to_owned(), line, column }), "{text}");
        }
        let deep = "[".repeat(5000) + &"]".repeat(5000);
        assert!(parse_json(&deep).unwrap_err().message.contains("nesting is deeper than 100"));
    }
}
