//! What a failed command says on a terminal.

use baton_core::refusal::{Refusal, Refusals};
use baton_engine::Failure;

/// The sentences of a refusal.
pub struct Refused(pub Vec<String>);

pub fn sentences(sentence: String) -> Refused {
    Refused(vec![sentence])
}

impl From<Refusals> for Refused {
    fn from(refusals: Refusals) -> Refused {
        Refused(told(&refusals))
    }
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Refused {
        match failure {
            Failure::Refused(refusals) => refusals.into(),
            Failure::Store(error) => sentences(error.to_string()),
        }
    }
}

pub fn told(refusals: &Refusals) -> Vec<String> {
    match refusals {
        Refusals::Plain(refusal) => vec![refusal.to_string()],
        Refusals::Action(refusals) => refusals.iter().map(ToString::to_string).collect(),
        Refusals::Fields(fields) => {
            fields.iter().flat_map(|(name, refusals)| refusals.iter().map(move |refusal| told_of(name, refusal))).collect()
        }
        Refusals::Items(_) => refusals.clone().each().iter().map(ToString::to_string).collect(),
    }
}

fn told_of(name: &str, refusal: &Refusal) -> String {
    match refusal {
        Refusal::BadParameter { .. } => refusal.to_string(),
        Refusal::Definition { message } if name.is_empty() => message.clone(),
        Refusal::Definition { message } => format!("{name}: {message}"),
        _ => format!("{name} {refusal}"),
    }
}
