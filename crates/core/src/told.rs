//! What is said of a failure: whole, and bare for whoever may not see every field.
//!
//! An error may quote an answer, an address, a value: any field may stand in those, and nobody can tell afterwards which. So what is
//! said without them is made when the error is, and kept beside it.

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Told {
    /// It names nothing that a role can hide.
    Plain(String),
    Quoting {
        whole: String,
        bare: String,
    },
}

impl Told {
    pub fn plain(text: impl Into<String>) -> Told {
        Told::Plain(text.into())
    }

    pub fn quoting(whole: impl Into<String>, bare: impl Into<String>) -> Told {
        Told::Quoting { whole: whole.into(), bare: bare.into() }
    }

    pub fn whole(&self) -> &str {
        match self {
            Told::Plain(text) => text,
            Told::Quoting { whole, .. } => whole,
        }
    }

    /// As it is told to whoever may not see every field.
    pub fn bare(&self) -> Option<&str> {
        match self {
            Told::Plain(_) => None,
            Told::Quoting { bare, .. } => Some(bare),
        }
    }

    /// The same with the quotes taken out, for good.
    #[must_use]
    pub fn without_quotes(self) -> Told {
        match self {
            Told::Plain(text) | Told::Quoting { bare: text, .. } => Told::Plain(text),
        }
    }

    /// With other words in place of those that are told whole.
    #[must_use]
    pub fn map_whole(self, change: impl FnOnce(String) -> String) -> Told {
        match self {
            Told::Plain(text) => Told::Plain(change(text)),
            Told::Quoting { whole, bare } => Told::Quoting { whole: change(whole), bare },
        }
    }

    /// Several as one, as a step tells them.
    pub fn joined(all: &[Told]) -> Told {
        let join = |text: fn(&Told) -> &str| all.iter().map(text).collect::<Vec<_>>().join("; ");
        let whole = join(Told::whole);
        if all.iter().all(|told| told.bare().is_none()) {
            return Told::Plain(whole);
        }
        Told::Quoting { whole, bare: join(|told| told.bare().unwrap_or(told.whole())) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_quotes_nothing_is_kept_as_a_mere_text() {
        for (told, kept) in [
            (Told::plain("Task no longer exists"), r#""Task no longer exists""#),
            (Told::quoting("foo is not a valid email", "An address is not a valid email"), QUOTING),
        ] {
            assert_eq!(serde_json::to_string(&told).unwrap(), kept);
            assert_eq!(serde_json::from_str::<Told>(kept).unwrap(), told);
        }
    }

    const QUOTING: &str = r#"{"whole":"foo is not a valid email","bare":"An address is not a valid email"}"#;

    #[test]
    fn one_that_quotes_makes_all_of_them_quote() {
        let (plain, quoting) = (Told::plain("a"), Told::quoting("b: x", "b"));
        assert_eq!(Told::joined(&[plain.clone(), plain.clone()]), Told::plain("a; a"));
        assert_eq!(Told::joined(&[plain, quoting.clone()]), Told::quoting("a; b: x", "a; b"));
        assert_eq!(quoting.without_quotes(), Told::plain("b"));
    }
}
