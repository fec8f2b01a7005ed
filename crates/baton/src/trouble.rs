//! Why a command did not do what was asked, and what the shell is told.

use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;

use baton_store::StoreError;

/// Sentences for stderr, each saying what to do.
#[derive(Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Asked rightly, and refused: exit code 1.
    Refused(Vec<String>),
    /// The same, with the ways that open what was refused.
    Blocked { errors: Vec<String>, ways: Vec<String> },
    /// The command or a setting is wrong: exit code 2.
    Usage(Vec<String>),
    /// No trouble, but asked to be told by the exit code: 2.
    WouldChange,
}

/// A line beside the result, on stderr. Who has closed it does not want it.
pub fn note(line: &str) {
    drop(writeln!(io::stderr(), "{line}"));
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Trouble {
        Trouble::refused(error.to_string())
    }
}

impl Trouble {
    pub fn refused(sentence: impl Into<String>) -> Trouble {
        Trouble::Refused(vec![sentence.into()])
    }

    pub fn unread(what: impl Display, error: &io::Error) -> Trouble {
        Trouble::refused(format!("{what} can't be read: {error}"))
    }

    pub fn unwritten(what: impl Display, error: &io::Error) -> Trouble {
        Trouble::refused(format!("{what} can't be written: {error}"))
    }

    pub fn usage(sentence: impl Into<String>) -> Trouble {
        Trouble::Usage(vec![sentence.into()])
    }

    /// With more to know about it.
    pub fn and(mut self, more: impl IntoIterator<Item = String>) -> Trouble {
        match &mut self {
            Trouble::Refused(sentences) | Trouble::Blocked { errors: sentences, .. } | Trouble::Usage(sentences) => sentences.extend(more),
            Trouble::WouldChange => {}
        }
        self
    }

    pub fn tell(&self) -> ExitCode {
        let (sentences, code) = match self {
            Trouble::Refused(sentences) => (sentences.as_slice(), 1),
            Trouble::Blocked { errors, .. } => (errors.as_slice(), 1),
            Trouble::Usage(sentences) => (sentences.as_slice(), 2),
            Trouble::WouldChange => (&[][..], 2),
        };
        for sentence in sentences {
            note(&format!("error: {sentence}"));
        }
        if let Trouble::Blocked { ways, .. } = self {
            ways.iter().for_each(|way| note(way));
        }
        ExitCode::from(code)
    }
}
