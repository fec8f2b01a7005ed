//! Telephone numbers: whatever people write, kept as E.164 (`+4930123456`).

use super::countries::{COUNTRIES, Country, LENGTHS};

/// E.164 of `text`; a number without `+` is read as somebody in `country` (ISO 3166 alpha-2) would dial it.
pub fn normalise(text: &str, country: Option<&str>) -> Option<String> {
    // "+44 (0)20 ..." shows the trunk prefix for those at home; it is not part of the number.
    let text = text.trim();
    let without_trunk;
    let text = if text.starts_with('+') && text.contains("(0)") {
        without_trunk = text.replacen("(0)", " ", 1);
        &without_trunk
    } else {
        text
    };
    let (international, digits) = digits_of(text)?;
    if international {
        return e164(&digits);
    }
    let country = country.and_then(country_of)?;
    if !country.abroad.is_empty()
        && let Some(number) = digits.strip_prefix(country.abroad).and_then(e164)
    {
        return Some(number);
    }
    // Both readings can have a possible length; a leading trunk prefix is the likelier one.
    digits.strip_prefix(country.trunk).and_then(|rest| national(country, rest)).or_else(|| national(country, &digits))
}

/// The digits, and whether a `+` stands before them. Only what people put between digits may stand there.
fn digits_of(text: &str) -> Option<(bool, String)> {
    let (international, rest) = match text.strip_prefix('+') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let mut digits = String::with_capacity(rest.len());
    for character in rest.chars() {
        match character {
            '0'..='9' => digits.push(character),
            ' ' | '\u{a0}' | '\u{202f}' | '-' | '\u{2010}' | '\u{2011}' | '\u{2013}' | '.' | '/' | '(' | ')' => {}
            _ => return None,
        }
    }
    Some((international, digits))
}

fn e164(digits: &str) -> Option<String> {
    // No calling code begins another, so the first that fits is the one.
    let (code, lengths) = (1..=3).find_map(|length| lengths_after(digits.get(..length)?))?;
    has_length(lengths, &digits[code.len()..]).then(|| format!("+{digits}"))
}

fn national(country: &Country, digits: &str) -> Option<String> {
    let (code, lengths) = lengths_after(country.calling_code)?;
    has_length(lengths, digits).then(|| format!("+{code}{digits}"))
}

fn country_of(code: &str) -> Option<&'static Country> {
    let at = COUNTRIES.binary_search_by(|country| country.code.cmp(code)).ok()?;
    Some(&COUNTRIES[at])
}

fn lengths_after(calling_code: &str) -> Option<(&'static str, &'static [u8])> {
    let at = LENGTHS.binary_search_by(|(code, _)| (*code).cmp(calling_code)).ok()?;
    Some(LENGTHS[at])
}

fn has_length(lengths: &[u8], digits: &str) -> bool {
    lengths.iter().any(|length| usize::from(*length) == digits.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_as_people_do() {
        for (text, country, expected) in [
            ("+49 30 123456", None, Some("+4930123456")),
            ("+49 (0)30 / 123456", None, Some("+4930123456")),
            ("030 123456", Some("DE"), Some("+4930123456")),
            ("0049 30 123456", Some("DE"), Some("+4930123456")),
            ("030 123456", None, None),
            ("(650) 253-0000", Some("US"), Some("+16502530000")),
            ("1-650-253-0000", Some("US"), Some("+16502530000")),
            ("011 44 20 7946 0018", Some("US"), Some("+442079460018")),
            ("020 7946 0018", Some("GB"), Some("+442079460018")),
            ("8 (912) 345-67-89", Some("RU"), Some("+79123456789")),
            ("800 555 35 35", Some("RU"), Some("+78005553535")),
            ("06 1 234 5678", Some("HU"), Some("+3612345678")),
            // Italy has no trunk prefix: the zero belongs to the number.
            ("06 1234 5678", Some("IT"), Some("+390612345678")),
            ("+442079460018", Some("US"), Some("+442079460018")),
            ("030 123456", Some("XX"), None),
            ("+1 650 253 000", None, None),
            ("+1 650 253 00000", None, None),
            ("+210 123456", None, None),
            ("+", None, None),
            ("", Some("DE"), None),
            ("+49 30 CALLME", None, None),
            ("+49 30 123456 x12", None, None),
            ("++49 30 123456", None, None),
            ("+٤٩٣٠١٢٣٤٥٦", None, None),
            ("+800 1234 5678", None, Some("+80012345678")),
        ] {
            assert_eq!(normalise(text, country).as_deref(), expected, "{text} {country:?}");
        }
    }

    #[test]
    fn tables_can_be_searched() {
        assert!(COUNTRIES.is_sorted_by(|one, other| one.code < other.code));
        assert!(LENGTHS.is_sorted_by(|one, other| one.0 < other.0));
        for country in &COUNTRIES {
            assert!(lengths_after(country.calling_code).is_some(), "{}", country.code);
        }
        for (code, lengths) in LENGTHS {
            assert!(lengths.iter().all(|length| code.len() + usize::from(*length) <= 15), "{code}");
            assert!(LENGTHS.iter().all(|(other, _)| other == &code || !other.starts_with(code)), "{code}");
        }
    }
}
