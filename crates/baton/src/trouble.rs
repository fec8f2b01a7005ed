//! Why a command did not do what was asked, and what the shell is told.

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

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Trouble {
        Trouble::refused(error.to_string())
    }
}

impl Trouble {
    pub fn refused(sentence: impl Into<String>) -> Trouble {
        Trouble::Refused(vec![sentence.into()])
    }

    pub fn usage(sentence: impl Into<String>) -> Trouble {
        Trouble::Usage(vec![sentence.into()])
    }

    pub fn tell(&self) -> ExitCode {
        let (sentences, code) = match self {
            Trouble::Refused(sentences) => (sentences.as_slice(), 1),
            Trouble::Blocked { errors, .. } => (errors.as_slice(), 1),
            Trouble::Usage(sentences) => (sentences.as_slice(), 2),
            Trouble::WouldChange => (&[][..], 2),
        };
        for sentence in sentences {
            eprintln!("error: {sentence}");
        }
        if let Trouble::Blocked { ways, .. } = self {
            ways.iter().for_each(|way| eprintln!("{way}"));
        }
        ExitCode::from(code)
    }
}
