//! Identifiers: 63 bits, time-ordered, written in base62.
//!
//! The upper 41 bits are milliseconds since 2020-01-01 UTC (until 2089), the lower 22 are random and, within
//! one millisecond of one program, rising. They are no secret.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::time::Timestamp;

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// 62^11 > 2^63, so no identifier is longer.
const LENGTH_MAX: usize = 11;
/// 2020-01-01T00:00:00Z in Unix milliseconds.
const EPOCH_MS: i64 = 1_577_836_800_000;
const RANDOM_BITS: u32 = 22;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(i64);

impl Id {
    /// The identifier made in the millisecond `unix_ms`; only the lowest 22 bits of `random` count.
    pub fn new(unix_ms: i64, random: u32) -> Id {
        let ms = (unix_ms - EPOCH_MS).clamp(0, (1 << 41) - 1);
        Id((ms << RANDOM_BITS) | i64::from(random & ((1 << RANDOM_BITS) - 1)))
    }

    /// The identifier after this one, for several made in one millisecond.
    pub fn following(self, distance: u32) -> Id {
        Id(self.0.saturating_add(i64::from(distance)) & i64::MAX)
    }

    pub fn from_i64(raw: i64) -> Option<Id> {
        (raw >= 0).then_some(Id(raw))
    }

    pub fn as_i64(self) -> i64 {
        self.0
    }

    /// To the millisecond, by the clock of whoever made it.
    pub fn made_at(self) -> Timestamp {
        Timestamp::from_micros(((self.0 >> RANDOM_BITS) + EPOCH_MS) * 1000)
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut buffer = [0u8; LENGTH_MAX];
        let mut start = LENGTH_MAX;
        let mut rest = self.0.unsigned_abs();
        loop {
            start -= 1;
            buffer[start] = DIGITS[usize::try_from(rest % 62).expect("below 62")];
            rest /= 62;
            if rest == 0 {
                break;
            }
        }
        f.write_str(std::str::from_utf8(&buffer[start..]).expect("ASCII digits"))
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an id is 1 to 11 characters of 0-9, A-Z and a-z")]
pub struct NotAnId;

impl FromStr for Id {
    type Err = NotAnId;

    /// Each identifier has one spelling only: no leading zeros.
    fn from_str(text: &str) -> Result<Id, NotAnId> {
        let bytes = text.as_bytes();
        if bytes.is_empty() || bytes.len() > LENGTH_MAX || (bytes[0] == b'0' && bytes.len() > 1) {
            return Err(NotAnId);
        }
        let mut raw: i64 = 0;
        for byte in bytes {
            let digit = match byte {
                b'0'..=b'9' => byte - b'0',
                b'A'..=b'Z' => byte - b'A' + 10,
                b'a'..=b'z' => byte - b'a' + 36,
                _ => return Err(NotAnId),
            };
            raw = raw.checked_mul(62).and_then(|r| r.checked_add(i64::from(digit))).ok_or(NotAnId)?;
        }
        Ok(Id(raw))
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Id, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl schemars::JsonSchema for Id {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Id".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^[0-9A-Za-z]{1,11}$" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_each() {
        for id in [Id(0), Id(61), Id(62), Id::new(1_790_000_000_000, 77), Id(i64::MAX)] {
            assert_eq!(id.to_string().parse(), Ok(id));
        }
        for bad in ["", "00", "0A", "a b", "é", "zzzzzzzzzzz", "123456789012"] {
            assert_eq!(bad.parse::<Id>(), Err(NotAnId), "{bad}");
        }
    }

    #[test]
    fn it_tells_when_it_was_made() {
        assert_eq!(Id::new(1_790_000_000_123, u32::MAX).made_at(), Timestamp::from_micros(1_790_000_000_123_000));
    }

    #[test]
    fn later_is_greater() {
        assert!(Id::new(1_790_000_000_001, 0) > Id::new(1_790_000_000_000, u32::MAX));
        assert!(Id::new(1_790_000_000_000, 5).following(1) > Id::new(1_790_000_000_000, 5));
    }
}
