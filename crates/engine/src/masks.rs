//! Secrets that went out with a call do not come in again with its answer: neither into the task, nor to whoever looks at the execution.

mod spelling;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use baton_core::execution::call::{Answer, Failure, Reply};
use zeroize::Zeroizing;

use spelling::{Reading, each_reading};

const MASK: &str = "***";
/// A shorter one may stand in an answer by chance, and a mask in its place would only spoil that.
const BYTES_MIN: usize = 8;

/// What is masked: each secret in the forms that a server may take it for, whichever way it then writes them.
#[derive(Default)]
pub(crate) struct Masks(Vec<Zeroizing<String>>);

impl Masks {
    pub fn hide(&mut self, secret: &str) {
        // Who reads a header leaves out the spaces around it.
        let secret = secret.trim();
        if secret.len() < BYTES_MIN || self.0.iter().any(|known| known.as_str() == secret) {
            return;
        }
        self.0.push(Zeroizing::new(secret.to_owned()));
        if !secret.is_ascii() {
            // A header that is read as Latin-1, and that in an error, which is one line.
            let heard: String = secret.bytes().map(char::from).collect();
            self.0.push(Zeroizing::new(heard.replace(char::is_control, " ")));
            self.0.push(Zeroizing::new(heard));
        }
        for before in 0..3 {
            self.0.push(in_base64(secret, before));
            let url_safe = self.0.last().filter(|form| form.contains(['+', '/'])).map(|form| form.replace('+', "-").replace('/', "_"));
            self.0.extend(url_safe.map(Zeroizing::new));
        }
    }

    pub fn over(&self, reply: Reply) -> Reply {
        if self.0.is_empty() {
            return reply;
        }
        match reply {
            Reply::Answered(answer) => Reply::Answered(Answer {
                failure: answer.failure.map(|told| told.map_whole(|text| self.words(text))),
                body: self.masked(answer.body, false),
                ..answer
            }),
            Reply::Failed(failure) => Reply::Failed(Failure { told: failure.told.map_whole(|text| self.words(text)), ..failure }),
            Reply::Delivered => Reply::Delivered,
        }
    }

    /// Of words that were cut, the end may be the beginning of a secret.
    fn words(&self, text: String) -> String {
        String::from_utf8_lossy(&self.masked(text.into_bytes(), true)).into_owned()
    }

    fn masked(&self, text: Vec<u8>, cut: bool) -> Vec<u8> {
        let mut places: Vec<(usize, usize)> = Vec::new();
        each_reading(&text, cut, &mut |reading| {
            places.extend(self.beginning_in(&reading.bytes).flat_map(|secret| found(secret, reading)));
            places.extend(self.0.iter().filter(|_| cut).filter_map(|secret| begun(secret, reading)));
        });
        if places.is_empty() {
            return text;
        }
        places.sort_unstable();
        let mut masked = Vec::with_capacity(text.len());
        let mut rest = 0;
        for (from, to) in places {
            if from >= rest {
                masked.extend_from_slice(&text[rest..from]);
                masked.extend_from_slice(MASK.as_bytes());
            }
            rest = rest.max(to);
        }
        masked.extend_from_slice(&text[rest..]);
        masked
    }

    /// Those whose first bytes stand somewhere in the text: mostly none, and one look is less work than a search for each.
    fn beginning_in(&self, text: &[u8]) -> impl Iterator<Item = &str> {
        let mut begins = [false; 256];
        self.0.iter().for_each(|secret| begins[usize::from(secret.as_bytes()[0])] = true);
        let mut seen = vec![false; self.0.len()];
        for window in text.windows(BYTES_MIN).filter(|window| begins[usize::from(window[0])]) {
            for (secret, seen) in self.0.iter().zip(&mut seen) {
                *seen |= secret.as_bytes()[..BYTES_MIN] == *window;
            }
        }
        self.0.iter().zip(seen).filter_map(|(secret, seen)| seen.then_some(secret.as_str()))
    }
}

/// Behind so many bytes of a group of three, without the digits that it shares with its neighbours.
fn in_base64(secret: &str, before: usize) -> Zeroizing<String> {
    let shifted = Zeroizing::new([&[0; 2][..before], secret.as_bytes()].concat());
    let encoded = Zeroizing::new(STANDARD_NO_PAD.encode(&*shifted));
    Zeroizing::new(encoded[(8 * before).div_ceil(6)..8 * shifted.len() / 6].to_owned())
}

/// In one pass, however often it stands there: the answer is the server's to choose. Bytes that are no text are in no secret.
fn found(secret: &str, reading: &Reading<'_>) -> Vec<(usize, usize)> {
    let mut places = Vec::new();
    let mut at = 0;
    for chunk in reading.bytes.utf8_chunks() {
        let in_chunk = chunk.valid().match_indices(secret).map(|(from, _)| at + from);
        places.extend(in_chunk.map(|from| reading.place(from, from + secret.len())));
        at += chunk.valid().len() + chunk.invalid().len();
    }
    places
}

/// The beginning of a secret in the end of a text.
fn begun(secret: &str, reading: &Reading<'_>) -> Option<(usize, usize)> {
    let end = reading.bytes.len();
    let mut lengths = (BYTES_MIN..secret.len().min(end + 1)).rev();
    let length = lengths.find(|length| reading.bytes.ends_with(&secret.as_bytes()[..*length]))?;
    Some(reading.place(end - length, end))
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};
    use baton_core::execution::call::FailureKind;
    use baton_core::told::Told;
    use proptest::prelude::*;

    use super::*;

    fn hidden(secrets: &[&str], body: &str, failure: Option<&str>) -> (String, Option<String>) {
        let mut masks = Masks::default();
        secrets.iter().for_each(|secret| masks.hide(secret));
        let (failure, body) = (failure.map(|text| Told::quoting(text, "bare")), body.as_bytes().to_vec());
        let answer = Answer { status: 200, failure, content_type: None, retry_after: None, body };
        let Reply::Answered(answer) = masks.over(Reply::Answered(answer)) else { panic!("it is an answer") };
        (String::from_utf8(answer.body).unwrap(), answer.failure.map(|told| told.whole().to_owned()))
    }

    #[test]
    fn a_secret_is_masked_wherever_it_stands() {
        for (secrets, body, expected) in [
            (vec!["correct horse"], r#"{"a":"correct horse","b":"xcorrect horsecorrect horse"}"#, r#"{"a":"***","b":"x******"}"#),
            (vec![r#"say "please""#], r#"{"a":"say \"please\"","b":1}"#, r#"{"a":"***","b":1}"#),
            (vec!["geheim", "geheimer als geheim"], "geheim geheimer als geheim", "geheim ***"),
            (vec!["geheimes", "geheimes Wort"], "das geheimes Wort", "das ***"),
            (vec!["äußerst geheim"], "äußerst äußerst geheim", "äußerst ***"),
            (vec![], "as it is", "as it is"),
        ] {
            assert_eq!(hidden(&secrets, body, None).0, expected);
        }
    }

    const ODD: &str = "p&ss/w%rd \"<é>'\\+🦉";

    /// Each as a common server writes it: Rust and Python, JavaScript, Go, PHP, a form, a page.
    #[test]
    fn so_it_is_in_each_way_of_writing_it() {
        for spelled in [
            "p%26ss/w%25rd%20%22%3C%C3%A9%3E%27%5C%2B%F0%9F%A6%89",
            "p%26ss%2fw%25rd%20%22%3c%c3%a9%3e'%5c%2b%f0%9f%a6%89",
            "p%26ss%2Fw%25rd+%22%3C%C3%A9%3E%27%5C%2B%F0%9F%A6%89",
            "p&amp;ss/w%rd &quot;&lt;é&gt;&#39;\\+🦉",
            "p&amp;ss/w%rd &#34;&lt;&#233;&gt;&#x27;\\+&#x1f989;",
            r#"p&ss/w%rd \"<é>'\\+🦉"#,
            // A JSON text, and a page, in a JSON text.
            r#"p&ss\\/w%rd \\\"<\\u00e9>'\\\\+\\ud83e\\udd89"#,
            r#"p&amp;ss\/w%rd &quot;&lt;é&gt;'\\+🦉"#,
            r#"p&ss\/w%rd \"<\u00e9>'\\+\ud83e\udd89"#,
            r#"p\u0026ss/w%rd \"\u003c\u00E9\u003e\u0027\\\u002b\uD83E\uDD89"#,
            // The header's bytes, read as Latin-1.
            "p&ss/w%rd \"<Ã©>'\\+ð\u{9f}¦\u{89}",
            r#"p&ss/w%rd \"<\u00c3\u00a9>'\\+\u00f0\u009f\u00a6\u0089"#,
        ] {
            assert_eq!(hidden(&[ODD], &format!("[{spelled}]"), None).0, "[***]", "{spelled}");
            let cut = spelled.char_indices().map(|(at, _)| at).skip(spelled.len() * 3 / 4);
            for at in cut {
                assert_eq!(
                    hidden(&[ODD], "", Some(&format!("said: {}", &spelled[..at]))).1.unwrap(),
                    "said: ***",
                    "cut: {}",
                    &spelled[..at]
                );
            }
        }
    }

    #[test]
    fn so_it_is_in_base64_alone_and_among_others() {
        for encoded in [STANDARD.encode(ODD), URL_SAFE.encode(ODD)] {
            let encoded = encoded.trim_end_matches('=');
            // A byte ends in the last digit, which may be shared.
            let last = &encoded[encoded.len() - 1..];
            assert_eq!(hidden(&[ODD], &format!("[{encoded}=]"), None).0, format!("[***{last}=]"));
            let in_form = encoded.replace('+', "%2B").replace('/', "%2f");
            assert_eq!(hidden(&[ODD], &format!("[{in_form}%3D]"), None).0, format!("[***{last}%3D]"));
        }
        // Two digits at each end say nothing, or little.
        for (before, length) in [("a", 4), ("ab", 5), ("Bearer ", 12)] {
            let masked = hidden(&[ODD], &STANDARD_NO_PAD.encode(format!("{before}{ODD}")), None).0;
            assert!(masked.contains("***") && masked.len() <= length + "***".len(), "{masked}");
        }
    }

    #[test]
    fn so_it_is_in_words_also_where_they_were_cut() {
        let told = |failure: &str| hidden(&["correct horse battery"], "", Some(failure)).1.unwrap();
        assert_eq!(told("answered 401: correct horse battery!"), "answered 401: ***!");
        assert_eq!(told("answered 401: correct horse"), "answered 401: ***");
        assert_eq!(told("answered 401: correct%20horse%2"), "answered 401: ***");
        assert_eq!(told("answered 401: correct"), "answered 401: correct", "less than a secret");
        let mut masks = Masks::default();
        masks.hide("correct horse");
        let failed = |message: &str| Reply::Failed(Failure { told: Told::quoting(message, "bare"), kind: FailureKind::Final });
        assert_eq!(masks.over(failed("no correct horse")), failed("no ***"));
    }

    fn json(text: &str) -> String {
        let quoted = serde_json::Value::from(text).to_string();
        quoted[1..quoted.len() - 1].to_owned()
    }

    fn json_in_ascii(text: &str) -> String {
        text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect()
    }

    fn html(text: &str) -> String {
        text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#x27;")
    }

    proptest! {
        /// Whatever characters it has, also those of an escape.
        #[test]
        fn any_secret_is_masked_in_any_way(secret in "[ -~é🦉]{8,30}|[%&;#xu0-9a-fp+\\\\ ]{8,30}", way in 0..7usize) {
            prop_assume!(secret.trim().len() >= BYTES_MIN);
            let spelled = match way {
                0 => secret.clone(),
                1 => secret.bytes().map(|byte| format!("%{byte:02X}")).collect(),
                2 => secret.bytes().map(|byte| if byte == b' ' { "+".to_owned() } else { format!("%{byte:02x}") }).collect(),
                3 => json(&secret),
                4 => json_in_ascii(&secret),
                5 => html(&secret),
                _ => STANDARD.encode(&secret).trim_end_matches('=').to_owned(),
            };
            // One that repeats itself may begin in its own middle; what is left is less than one.
            let masked = hidden(&[&secret], &format!("<{spelled}>"), None).0;
            prop_assert!(masked.contains(MASK) && !masked.contains(&spelled), "{spelled}: {masked}");
        }

        #[test]
        fn what_has_no_secret_is_left_as_it_is(body in ".{0,200}") {
            prop_assert_eq!(hidden(&["correct horse battery"], &body, None).0, body);
        }
    }
}
