//! Moments, days and durations as Baton writes them.

use std::fmt;
use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::{AmbiguousOffset, TimeZone};
use serde::{Deserialize, Serialize};

/// A hundred years: more than any wait, and no overflow wherever it is added.
const DURATION_SECONDS_MAX: u64 = 100 * 366 * 24 * 60 * 60;

/// A moment: microseconds since 1970-01-01 UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    pub fn from_micros(micros: i64) -> Timestamp {
        Timestamp(micros)
    }

    pub fn micros(self) -> i64 {
        self.0
    }

    pub fn millis(self) -> i64 {
        self.0.div_euclid(1000)
    }

    pub fn plus_micros(self, micros: i64) -> Timestamp {
        Timestamp(self.0.saturating_add(micros))
    }

    /// The day that this moment falls on in `zone`.
    pub fn date_in(self, zone: &TimeZone) -> Date {
        zone.to_datetime(self.instant()).date()
    }

    fn instant(self) -> jiff::Timestamp {
        jiff::Timestamp::from_microsecond(self.0).unwrap_or(if self.0 < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX })
    }
}

/// `YYYY-MM-DD` and nothing else.
pub fn parse_date(text: &str) -> Option<Date> {
    let shape = text.bytes().enumerate().all(|(at, byte)| if at == 4 || at == 7 { byte == b'-' } else { byte.is_ascii_digit() });
    if text.len() != 10 || !shape {
        return None;
    }
    Date::new(text[..4].parse().ok()?, text[5..7].parse().ok()?, text[8..].parse().ok()?).ok()
}

/// An ISO 8601 date and time with an offset from UTC or `Z`; what is finer than a millisecond is cut off.
pub fn parse_datetime(text: &str) -> Option<Timestamp> {
    // A zone in brackets would be one more thing that can contradict the offset.
    if text.contains('[') {
        return None;
    }
    let instant: jiff::Timestamp = text.parse().ok()?;
    let year = TimeZone::UTC.to_datetime(instant).year();
    (0..=9999).contains(&year).then(|| Timestamp(instant.as_microsecond().div_euclid(1000) * 1000))
}

/// The first moment of `date` in `zone`: where 00:00 does not exist the next local time that does, where it occurs twice the first.
pub fn midnight(date: Date, zone: &TimeZone) -> Timestamp {
    let local = date.at(0, 0, 0, 0);
    let ambiguous = zone.to_ambiguous_timestamp(local);
    let instant = match ambiguous.offset() {
        // The gap begins with the last transition before the moment that 00:00 would have been by the old offset.
        AmbiguousOffset::Gap { before, .. } => before
            .to_timestamp(local)
            .ok()
            .and_then(|after_gap| zone.preceding(after_gap.saturating_add(jiff::SignedDuration::from_nanos(1)).ok()?).next())
            .map(|transition| transition.timestamp()),
        AmbiguousOffset::Unambiguous { offset } | AmbiguousOffset::Fold { before: offset, .. } => offset.to_timestamp(local).ok(),
    };
    let beyond = if date.year() < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
    Timestamp(instant.unwrap_or(beyond).as_microsecond())
}

/// `90s`, `10m`, `2h`, `3d`: a whole number and a unit. A day is 24 hours.
pub fn parse_duration(text: &str) -> Option<Duration> {
    let unit_seconds = match text.as_bytes().last()? {
        b's' => 1,
        b'm' => 60,
        b'h' => 60 * 60,
        b'd' => 24 * 60 * 60,
        _ => return None,
    };
    let count = &text[..text.len() - 1];
    if !count.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let seconds = count.parse::<u64>().ok()?.checked_mul(unit_seconds)?;
    (seconds <= DURATION_SECONDS_MAX).then(|| Duration::from_secs(seconds))
}

/// `2026-11-23T22:56:01.123Z`: UTC, to the millisecond.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = jiff::Timestamp::from_millisecond(self.millis()).unwrap_or(self.instant());
        write!(f, "{ms:.3}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        for good in ["2020-01-31", "2024-02-29", "0001-01-01", "9999-12-31"] {
            assert_eq!(parse_date(good).map(|date| date.to_string()).as_deref(), Some(good));
        }
        for bad in [
            "",
            "2023-02-29",
            "2020-1-31",
            "2020-13-01",
            "20200131",
            "2020-01-31T00:00",
            " 2020-01-31",
            "+2020-01-31",
            "２０２０-01-31",
            "2020-01-3é",
        ] {
            assert_eq!(parse_date(bad), None, "{bad}");
        }
    }

    #[test]
    fn datetimes() {
        for (text, expected) in [
            ("2020-01-31T12:30:00Z", Some("2020-01-31T12:30:00.000Z")),
            ("2020-01-31T12:30:00.1239999Z", Some("2020-01-31T12:30:00.123Z")),
            ("2020-01-31T12:30+02:00", Some("2020-01-31T10:30:00.000Z")),
            ("2020-01-31T00:30:00-23:00", Some("2020-01-31T23:30:00.000Z")),
            ("1969-12-31T23:59:59.9999Z", Some("1969-12-31T23:59:59.999Z")),
            ("2020-01-31T12:30:00", None),
            ("2020-01-31", None),
            ("2020-01-31T25:00:00Z", None),
            ("2020-01-31T12:30:00+02:00[Europe/Berlin]", None),
            ("-000001-01-01T00:00:00Z", None),
            ("9999-12-31T23:59:59-23:00", None),
            ("now", None),
            ("", None),
        ] {
            assert_eq!(parse_datetime(text).map(|moment| moment.to_string()).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn days_begin() {
        for (zone, day, expected) in [
            ("UTC", "2020-01-31", "2020-01-31T00:00:00.000Z"),
            ("Europe/Berlin", "2026-07-01", "2026-06-30T22:00:00.000Z"),
            // Clocks went from 00:00 to 01:00.
            ("America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00.000Z"),
            // Clocks went from 23:30 to 00:30: the day began at 00:30.
            ("America/Toronto", "1919-03-31", "1919-03-31T04:30:00.000Z"),
            // Clocks went from 01:00 back to 00:00: 00:00 occurred twice.
            ("America/Havana", "2025-11-02", "2025-11-02T04:00:00.000Z"),
            // A day that Samoa skipped begins with the next.
            ("Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00.000Z"),
            ("Pacific/Apia", "2011-12-31", "2011-12-30T10:00:00.000Z"),
        ] {
            let zone = TimeZone::get(zone).expect(zone);
            assert_eq!(midnight(parse_date(day).expect(day), &zone).to_string(), expected, "{day}");
        }
    }

    #[test]
    fn days_at_the_ends_of_time_are_no_panic() {
        let zone = TimeZone::get("Pacific/Apia").expect("a zone");
        assert!(midnight(Date::MIN, &zone) < midnight(Date::MAX, &zone));
    }

    #[test]
    fn durations() {
        for (text, seconds) in [("90s", Some(90)), ("10m", Some(600)), ("2h", Some(7200)), ("3d", Some(259_200)), ("0s", Some(0))] {
            assert_eq!(parse_duration(text).map(|duration| duration.as_secs()), seconds, "{text}");
        }
        for bad in ["", "s", "3", "3 d", "-3d", "1.5h", "3w", "3D", "1h30m", "99999999999d", "18446744073709551616s", "3é"] {
            assert_eq!(parse_duration(bad), None, "{bad}");
        }
    }
}
