//! Each reason as it is told to whoever may not see every field: without what comes from outside or from a task, and without the
//! name of a field, which may be one of those.

use super::Refusal;
use crate::told::Told;

/// Stands for a field, or for a part of a step, that is not named.
pub const A_VALUE: &str = "A value";

impl Refusal {
    /// As an error of an execution, to be kept.
    pub fn told(&self) -> Told {
        match self {
            Refusal::CallFailed { told } => told.clone(),
            refusal => match refusal.bare() {
                Some(bare) => Told::quoting(refusal.to_string(), bare),
                None => Told::plain(refusal.to_string()),
            },
        }
    }

    /// `None`: it names nothing that a role can hide.
    fn bare(&self) -> Option<String> {
        match self {
            Refusal::FieldRequired { .. } => Some(format!("{A_VALUE} is required")),
            // The name is the answer's.
            Refusal::FieldRefused { reason, .. } if **reason == Refusal::IsNotAField => Some("A key is not a field".to_owned()),
            Refusal::FieldRefused { reason, .. } => Some(format!("{A_VALUE} {}", reason.bare().unwrap_or_else(|| reason.to_string()))),
            Refusal::PartGone { kind: "Stage", .. } => None,
            // An option is a field's.
            Refusal::PartGone { kind, .. } => Some(format!("{kind} no longer exists")),
            // It may be who stands in a field.
            Refusal::UserGone { .. } => Some("Whom to assign it to is not a user of this workflow".to_owned()),
            Refusal::CallFailed { told } => told.bare().map(str::to_owned),
            Refusal::AnswerInvalid { .. } => Some("The answer is not valid JSON".to_owned()),
            Refusal::NotAnEmail { .. } => Some("An address is not a valid email".to_owned()),
            Refusal::BodyInvalid { format, .. } => Some(format!("body is not valid {format}")),
            Refusal::IsNotAField
            | Refusal::KeyMissing
            | Refusal::KeyMalformed
            | Refusal::KeyUnknown
            | Refusal::KeyRevoked
            | Refusal::KeyExpired
            | Refusal::KeyReadOnly
            | Refusal::KeyLacksRight { .. }
            | Refusal::TooManyRequests { .. }
            | Refusal::NotFound { .. }
            | Refusal::IdRequired { .. }
            | Refusal::NotOfWorkflow { .. }
            | Refusal::MayNotPerform { .. }
            | Refusal::WrongStage { .. }
            | Refusal::ChecklistIncomplete
            | Refusal::NotAssigned
            | Refusal::NotAssignedToYou
            | Refusal::SomebodyElse
            | Refusal::Custom { .. }
            | Refusal::TooManyWaiting
            | Refusal::QuoteRequired { .. }
            | Refusal::QuoteInvalid
            | Refusal::QuoteExpired
            | Refusal::NotAsQuoted { .. }
            // It is made of what its reader sees.
            | Refusal::ChangedSinceQuote { .. }
            | Refusal::OtherExecution
            | Refusal::IsInvalid
            | Refusal::IsRequired
            | Refusal::IsNotEditable
            | Refusal::IsNotAnOption
            | Refusal::IsTaken
            | Refusal::IsNotAUserOfWorkspace
            | Refusal::IsNotAUserOfWorkflow
            | Refusal::IsNotAStage
            | Refusal::IsTooLong { .. }
            | Refusal::NoPerson
            | Refusal::NobodyLeft
            | Refusal::NoTask
            | Refusal::Interrupted { .. }
            | Refusal::Panicked { .. }
            | Refusal::WorkflowGone
            | Refusal::OutcomeUnknown
            | Refusal::NotInAnswer { .. }
            | Refusal::NoRecipient
            | Refusal::NoMailServer
            | Refusal::SecretMissing { .. }
            | Refusal::SecretUnfit
            | Refusal::TimeIsUp
            | Refusal::Cancelled { .. }
            // They name what their reader has sent, or count.
            | Refusal::ColumnUnknown { .. }
            | Refusal::ColumnMissing { .. }
            | Refusal::ColumnTwice { .. }
            | Refusal::RowsRefused { .. }
            | Refusal::RowHeldBack
            | Refusal::RowNotReached
            | Refusal::ImportInterrupted { .. }
            | Refusal::ImportHasEnded
            | Refusal::TooManyImports
            | Refusal::TooManyUploads
            | Refusal::RowsGone
            | Refusal::HasEnded
            | Refusal::HasNotFailed
            | Refusal::RetryPending { .. }
            | Refusal::RetrySucceeded { .. }
            | Refusal::BodyBroken
            | Refusal::BodyTooSlow { .. }
            | Refusal::BodyShape { .. }
            | Refusal::WrongContentType { .. }
            | Refusal::WrongMethod { .. }
            | Refusal::TooLarge { .. }
            | Refusal::WorkflowArchived
            | Refusal::VersionMoved { .. }
            | Refusal::KeyReused
            | Refusal::NotAParameter { .. }
            | Refusal::BadParameter { .. }
            | Refusal::ListHasChanged
            | Refusal::InCondition { .. }
            | Refusal::IsNotSortable
            | Refusal::IsNamedTwice
            | Refusal::ItemFromTemplate { .. }
            | Refusal::LastAdministrator
            | Refusal::AccountKeepsPassword
            | Refusal::LastAdmin
            | Refusal::IsDeactivated
            | Refusal::Definition { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_a_task_or_from_outside_is_told_bare() {
        let geheim = || "geheim".to_owned();
        let refused = |reason| Refusal::FieldRefused { field: geheim(), reason: Box::new(reason) };
        for (refusal, bare) in [
            (Refusal::FieldRequired { field: geheim() }, "A value is required"),
            (refused(Refusal::IsInvalid), "A value is invalid"),
            (refused(Refusal::IsNotAField), "A key is not a field"),
            (Refusal::PartGone { kind: "Option", name: geheim() }, "Option no longer exists"),
            (Refusal::UserGone { email: geheim() }, "Whom to assign it to is not a user of this workflow"),
            (Refusal::CallFailed { told: Told::quoting(geheim(), "API call answered 503") }, "API call answered 503"),
            (Refusal::AnswerInvalid { reason: geheim() }, "The answer is not valid JSON"),
            (Refusal::NotAnEmail { text: geheim() }, "An address is not a valid email"),
            (Refusal::BodyInvalid { format: "JSON", reason: geheim() }, "body is not valid JSON"),
        ] {
            let told = refusal.told();
            assert!(told.whole().contains("geheim"));
            assert_eq!(told.without_quotes(), Told::plain(bare));
        }
        let stage = Refusal::PartGone { kind: "Stage", name: "Review".to_owned() };
        assert_eq!(stage.told(), Told::plain("Stage Review no longer exists"));
    }
}
