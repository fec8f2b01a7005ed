//! Secrets that went out with a call do not come in again with its answer: neither into the task, nor to whoever looks at the execution.

use baton_core::execution::call::{Answer, Failure, Reply};
use zeroize::Zeroizing;

const MASK: &str = "***";
/// A shorter one may stand in an answer by chance, and a mask in its place would only spoil that.
const BYTES_MIN: usize = 8;

/// What is masked.
#[derive(Default)]
pub(crate) struct Masks(Vec<Zeroizing<String>>);

impl Masks {
    pub fn hide(&mut self, secret: &str) {
        if secret.len() < BYTES_MIN {
            return;
        }
        let quoted = Zeroizing::new(serde_json::Value::from(secret).to_string());
        let escaped = &quoted[1..quoted.len() - 1];
        if escaped != secret {
            self.0.push(Zeroizing::new(escaped.to_owned()));
        }
        self.0.push(Zeroizing::new(secret.to_owned()));
    }

    pub fn over(&self, reply: Reply) -> Reply {
        match reply {
            Reply::Answered(answer) => Reply::Answered(Answer {
                failure: answer.failure.map(|text| self.text(text)),
                body: self.0.iter().fold(answer.body, |body, secret| masked(body, secret.as_bytes())),
                ..answer
            }),
            Reply::Failed(failure) => Reply::Failed(Failure { message: self.text(failure.message), ..failure }),
            Reply::Delivered => Reply::Delivered,
        }
    }

    /// Of words that were cut, the end may be the beginning of a secret.
    fn text(&self, text: String) -> String {
        self.0.iter().fold(text, |text, secret| {
            let mut text = text.replace(secret.as_str(), MASK);
            let begun = (BYTES_MIN..secret.len()).rev().find(|length| text.as_bytes().ends_with(&secret.as_bytes()[..*length]));
            if let Some(kept) = begun.and_then(|length| text.len().checked_sub(length)).filter(|kept| text.is_char_boundary(*kept)) {
                text.replace_range(kept.., MASK);
            }
            text
        })
    }
}

/// In one pass, however often it stands there: the answer is the server's to choose.
fn masked(body: Vec<u8>, secret: &[u8]) -> Vec<u8> {
    let mut masked = Vec::with_capacity(body.len());
    let mut rest = &body[..];
    while let Some(at) = rest.windows(secret.len()).position(|window| window == secret) {
        masked.extend_from_slice(&rest[..at]);
        masked.extend_from_slice(MASK.as_bytes());
        rest = &rest[at + secret.len()..];
    }
    masked.extend_from_slice(rest);
    masked
}

#[cfg(test)]
mod tests {
    use super::*;
    use baton_core::execution::call::FailureKind;

    fn hidden(secrets: &[&str], body: &str, failure: Option<&str>) -> (String, Option<String>) {
        let mut masks = Masks::default();
        secrets.iter().for_each(|secret| masks.hide(secret));
        let (failure, body) = (failure.map(str::to_owned), body.as_bytes().to_vec());
        let answer = Answer { status: 200, failure, content_type: None, retry_after: None, body };
        let Reply::Answered(answer) = masks.over(Reply::Answered(answer)) else { panic!("it is an answer") };
        (String::from_utf8(answer.body).unwrap(), answer.failure)
    }

    #[test]
    fn a_secret_is_masked_wherever_it_stands() {
        for (secrets, body, expected) in [
            (vec!["correct horse"], r#"{"a":"correct horse","b":"xcorrect horsecorrect horse"}"#, r#"{"a":"***","b":"x******"}"#),
            (vec![r#"say "please""#], r#"{"a":"say \"please\"","b":1}"#, r#"{"a":"***","b":1}"#),
            (vec!["geheim", "geheimer als geheim"], "geheim geheimer als geheim", "geheim ***"),
            (vec!["äußerst geheim"], "äußerst äußerst geheim", "äußerst ***"),
            (vec![], "as it is", "as it is"),
        ] {
            assert_eq!(hidden(&secrets, body, None).0, expected);
        }
    }

    #[test]
    fn so_it_is_in_words_also_where_they_were_cut() {
        let told = |failure: &str| hidden(&["correct horse battery"], "", Some(failure)).1.unwrap();
        assert_eq!(told("answered 401: correct horse battery!"), "answered 401: ***!");
        assert_eq!(told("answered 401: correct horse"), "answered 401: ***");
        assert_eq!(told("answered 401: correct"), "answered 401: correct", "less than a secret");
        let mut masks = Masks::default();
        masks.hide("correct horse");
        let failed = |message: &str| Reply::Failed(Failure { message: message.to_owned(), kind: FailureKind::Final });
        assert_eq!(masks.over(failed("no correct horse")), failed("no ***"));
    }
}
