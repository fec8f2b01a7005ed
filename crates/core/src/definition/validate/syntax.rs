//! Small languages that stand inside a definition: durations, secrets, emoji, cron, addresses, pointers.
//! Each function says what is wrong, or nothing.

use std::time::Duration;

use crate::secret;
use crate::template::rename_names;
use crate::time::parse_duration;

/// Longer than nothing, and at most `most`.
pub(super) fn duration(text: &str, most: Option<(Duration, &str)>) -> Result<Duration, String> {
    let Some(length) = parse_duration(text) else {
        return Err(format!("{text:?} is not a duration: a whole number and a unit, such as 90s, 10m, 2h or 3d"));
    };
    if length.is_zero() {
        return Err(format!("{text} is no time at all; it must be longer than 0s"));
    }
    match most {
        Some((most, name)) if length > most => Err(format!("{text} is too long; at most {name} is allowed")),
        _ => Ok(length),
    }
}

/// `secret:NAME`
pub(super) fn secret(text: &str) -> Option<String> {
    let fits = text.strip_prefix("secret:").is_some_and(secret::is_name);
    (!fits).then(|| "must name a secret of the workspace, such as secret:CRM_TOKEN; secrets are never written in a definition".to_owned())
}

/// An address of the web, as far as it is known before interpolation.
pub(super) fn address(text: &str) -> Option<String> {
    if text.trim_start().starts_with("{{") {
        return None;
    }
    let fits = outline(text, "x").is_some_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    (!fits).then(|| format!("{:?} is not an address that begins with https:// or http://", brief(text)))
}

/// The address with this in place of every name.
fn outline(text: &str, name: &str) -> Option<url::Url> {
    let named = rename_names(text, &|_| Some("x".to_owned())).replace("{{x}}", name);
    url::Url::parse(named.trim()).ok()
}

/// Set when a call is sent, or unsafe in the hands of a step: they say how the message is framed, who gets it and what becomes of the connection.
const HEADERS_OURS: [&str; 13] = [
    "accept-encoding",
    "connection",
    "content-length",
    "expect",
    "host",
    "idempotency-key",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Where a call goes that carries a secret: no value of a task may choose it.
pub(super) fn fixed_host(text: &str) -> Option<String> {
    let (fixed, _) = text.split_once("{{")?;
    let after_scheme = fixed.split_once("//").map(|(_, rest)| rest);
    let ends = after_scheme.is_some_and(|rest| rest.find(['/', '?', '#']).is_some_and(|end| end > 0));
    // Who reads the address passes over more slashes than are written, and over tabs.
    let origin = |name: &str| outline(text, name).map(|url| url.origin());
    let fits = ends && origin("x") == origin("y");
    (!fits).then(|| "must be written out as far as its host: with auth, no value may choose who gets the secret".to_owned())
}

/// The name of a request's method.
pub(super) fn method(text: &str) -> Option<String> {
    if text == "CONNECT" {
        return Some("CONNECT opens a tunnel, which a step can't use; give another method, such as POST".to_owned());
    }
    let fits = (1..=20).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_uppercase());
    (!fits).then(|| format!("{:?} is not a method, such as GET, POST, PUT, PATCH or DELETE", brief(text)))
}

/// The name of a header.
pub(super) fn header(text: &str) -> Option<String> {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    let fits = (1..=200).contains(&text.len()) && text.bytes().all(token);
    if HEADERS_OURS.contains(&text.to_ascii_lowercase().as_str()) {
        return Some(format!("{text} is set by Baton itself, so a step can't set it"));
    }
    (!fits).then(|| format!("{:?} is not the name of a header: letters, digits and - without spaces", brief(text)))
}

/// A JSON pointer of RFC 6901.
pub(super) fn pointer(text: &str) -> Option<String> {
    let begins = text.is_empty() || text.starts_with('/');
    let escaped = text.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    (!begins || !escaped).then(|| format!("{:?} is not a JSON pointer, such as /customer/id", brief(text)))
}

/// Five fields of numbers, ranges, lists and steps.
pub(super) fn cron(text: &str) -> Option<String> {
    const FIELDS: [(&str, u32, u32); 5] =
        [("minute", 0, 59), ("hour", 0, 23), ("day of the month", 1, 31), ("month", 1, 12), ("day of the week", 0, 7)];
    let given: Vec<&str> = text.split_ascii_whitespace().collect();
    if given.len() != FIELDS.len() {
        return Some(format!(
            "{:?} has {} fields; cron takes five: minute, hour, day of the month, month, day of the week",
            brief(text),
            given.len()
        ));
    }
    let wrong = given.iter().zip(FIELDS).find(|(given, (_, least, most))| !given.split(',').all(|part| cron_part(part, *least, *most)))?;
    let (given, (name, least, most)) = wrong;
    Some(format!("{:?} is not a {name} of cron: *, or numbers from {least} to {most} with , - and /", brief(given)))
}

fn cron_part(part: &str, least: u32, most: u32) -> bool {
    let number = |text: &str| text.parse::<u32>().ok().filter(|number| (least..=most).contains(number));
    let (range, step) = part.split_once('/').map_or((part, None), |(range, step)| (range, Some(step)));
    let range_fits = range == "*"
        || match range.split_once('-') {
            Some((from, to)) => number(from).zip(number(to)).is_some_and(|(from, to)| from <= to),
            None => number(range).is_some() && step.is_none(),
        };
    range_fits && step.is_none_or(|step| step.parse::<u32>().is_ok_and(|step| (1..=most).contains(&step)))
}

/// One emoji: what a keyboard enters at one press, which may be several characters.
pub(super) fn emoji(text: &str) -> Option<String> {
    (!is_emoji(text)).then(|| format!("{:?} is not one emoji", brief(text)))
}

fn is_emoji(text: &str) -> bool {
    let characters: Vec<char> = text.chars().take(32).collect();
    match characters.as_slice() {
        // A flag: two regional indicators.
        [first, second] if is_regional(*first) && is_regional(*second) => true,
        // A keycap.
        ['0'..='9' | '#' | '*', '\u{20e3}'] | ['0'..='9' | '#' | '*', '\u{fe0f}', '\u{20e3}'] => true,
        characters => characters.split(|character| *character == '\u{200d}').all(is_emoji_element),
    }
}

/// A pictograph with what may follow it: presentation, skin tone, or the tags of a regional flag.
fn is_emoji_element(characters: &[char]) -> bool {
    let Some((base, mut rest)) = characters.split_first() else { return false };
    if let ['\u{fe0f}', after @ ..] = rest {
        rest = after;
    }
    if let ['\u{1f3fb}'..='\u{1f3ff}', after @ ..] = rest {
        rest = after;
    }
    let tags = matches!(rest, [] | ['\u{e0020}'..='\u{e007e}', .., '\u{e007f}'])
        && rest.iter().all(|character| matches!(character, '\u{e0020}'..='\u{e007f}'));
    is_pictograph(*base) && tags
}

fn is_regional(character: char) -> bool {
    matches!(character, '\u{1f1e6}'..='\u{1f1ff}')
}

fn is_pictograph(character: char) -> bool {
    matches!(character,
        '\u{a9}' | '\u{ae}' | '\u{203c}' | '\u{2049}' | '\u{2122}' | '\u{2139}' | '\u{2194}'..='\u{21aa}' | '\u{231a}'..='\u{23ff}'
        | '\u{24c2}' | '\u{25aa}'..='\u{27bf}' | '\u{2934}' | '\u{2935}' | '\u{2b05}'..='\u{2b55}' | '\u{3030}' | '\u{303d}'
        | '\u{3297}' | '\u{3299}' | '\u{1f004}'..='\u{1f1e5}' | '\u{1f200}'..='\u{1faff}')
}

/// A text as a message can carry it.
pub(super) fn brief(text: &str) -> String {
    const CHARACTERS_MAX: usize = 60;
    if text.chars().count() <= CHARACTERS_MAX { text.to_owned() } else { text.chars().take(CHARACTERS_MAX).chain("...".chars()).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emoji_are_one() {
        for good in ["🌊", "🚀", "❤️", "👍🏽", "👩‍💻", "👨‍👩‍👧‍👦", "🇩🇪", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "1️⃣", "✅", "🏳️‍🌈", "☎️"]
        {
            assert_eq!(emoji(good), None, "{good}");
        }
        for bad in ["", "a", "1", "🌊🌊", "🌊 ", "ab", "é", "🇩", "\u{200d}", "🌊\u{200d}", "wave"] {
            assert!(emoji(bad).is_some(), "{bad:?}");
        }
    }

    #[test]
    fn cron_has_five_fields_in_range() {
        for good in ["* * * * *", "0 9 * * 1-5", "*/15 0,12 1 1-6/2 7", "59 23 31 12 0"] {
            assert_eq!(cron(good), None, "{good}");
        }
        for bad in [
            "",
            "* * * *",
            "* * * * * *",
            "60 * * * *",
            "* 24 * * *",
            "* * 0 * *",
            "* * * 13 *",
            "* * * * 8",
            "5-1 * * * *",
            "*/0 * * * *",
            "a * * * *",
            "1/5 * * * *",
        ] {
            assert!(cron(bad).is_some(), "{bad:?}");
        }
    }

    #[test]
    fn addresses_are_checked_around_their_templates() {
        for good in
            ["https://crm.example.com/approved", "http://a.example/{{Name}}?q={{ Deal size }}", "{{Website}}/x", "https://{{Host}}/"]
        {
            assert_eq!(address(good), None, "{good}");
        }
        for bad in ["", "crm.example.com", "ftp://a.example/", "https://", "javascript:alert(1)", "//a.example"] {
            assert!(address(bad).is_some(), "{bad:?}");
        }
    }

    #[test]
    fn no_value_chooses_the_host() {
        for good in ["https://a.example", "https://a.example/{{Name}}", "http://a.example?{{Name}}", "https://a.example:8/#{{Name}}"] {
            assert_eq!(fixed_host(good), None, "{good}");
        }
        for bad in [
            "{{Site}}",
            "{{Site}}/x",
            "https://{{Host}}/",
            "https://a.{{Host}}/",
            "https://a.example{{Name}}",
            "https:///{{Name}}",
            "https://\\/{{Name}}",
            "https://\t/{{Name}}",
            "https:\\\\/{{Name}}/",
        ] {
            assert!(fixed_host(bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn pointers_headers_methods_and_secrets() {
        for (check, good, bad) in [
            (pointer as fn(&str) -> Option<String>, vec!["", "/a/0", "/a~1b/~0"], vec!["a", "/a~2", "/~"]),
            (header, vec!["X-Trace", "a_b"], vec!["", "X Trace", "X:", "é", "Host", "content-length", "Idempotency-Key"]),
            (method, vec!["GET", "PROPFIND"], vec!["", "get", "G T", "CONNECT"]),
            (secret, vec!["secret:CRM_TOKEN", "secret:_a1"], vec!["", "CRM_TOKEN", "secret:", "secret:1a", "secret:a b", "Bearer x"]),
        ] {
            good.iter().for_each(|text| assert_eq!(check(text), None, "{text}"));
            bad.iter().for_each(|text| assert!(check(text).is_some(), "{text}"));
        }
    }
}
