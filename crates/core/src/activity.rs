//! The append-only history: facts, and the hash of each row.

use crate::actor::Actor;
use crate::ids::Id;
use crate::time::Timestamp;

/// One row of the history as it is written. `before` and `after` are JSON objects of ids and raw values, so that
/// a rename follows and a task can be rebuilt; they are shown with names.
#[derive(Clone, Debug, PartialEq)]
pub struct Activity {
    pub id: Id,
    pub workspace: Id,
    pub workflow: Option<Id>,
    pub task: Option<Id>,
    /// The task's version after the change; 0 where the row is not about a task's state.
    pub version: i64,
    pub at: Timestamp,
    pub actor: Actor,
    pub request: Option<String>,
    pub execution: Option<Id>,
    pub kind: Kind,
    pub before: Option<String>,
    pub after: Option<String>,
    pub salt: [u8; 16],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    TaskCreated,
    TaskUpdated,
    TaskDeleted,
    CommentAdded,
    ChecklistUpdated,
    ExecutionStarted,
    ExecutionFinished,
    WorkflowCreated,
    DefinitionSaved,
    CollaboratorAdded,
    CollaboratorRemoved,
    UserAdded,
    UserUpdated,
    ApiKeyCreated,
    ApiKeyRevoked,
    WorkspaceCreated,
}

impl Kind {
    pub const ALL: [Kind; 16] = [
        Kind::TaskCreated,
        Kind::TaskUpdated,
        Kind::TaskDeleted,
        Kind::CommentAdded,
        Kind::ChecklistUpdated,
        Kind::ExecutionStarted,
        Kind::ExecutionFinished,
        Kind::WorkflowCreated,
        Kind::DefinitionSaved,
        Kind::CollaboratorAdded,
        Kind::CollaboratorRemoved,
        Kind::UserAdded,
        Kind::UserUpdated,
        Kind::ApiKeyCreated,
        Kind::ApiKeyRevoked,
        Kind::WorkspaceCreated,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Kind::TaskCreated => "task.created",
            Kind::TaskUpdated => "task.updated",
            Kind::TaskDeleted => "task.deleted",
            Kind::CommentAdded => "comment.added",
            Kind::ChecklistUpdated => "checklist.updated",
            Kind::ExecutionStarted => "execution.started",
            Kind::ExecutionFinished => "execution.finished",
            Kind::WorkflowCreated => "workflow.created",
            Kind::DefinitionSaved => "definition.saved",
            Kind::CollaboratorAdded => "collaborator.added",
            Kind::CollaboratorRemoved => "collaborator.removed",
            Kind::UserAdded => "user.added",
            Kind::UserUpdated => "user.updated",
            Kind::ApiKeyCreated => "api_key.created",
            Kind::ApiKeyRevoked => "api_key.revoked",
            Kind::WorkspaceCreated => "workspace.created",
        }
    }

    pub fn named(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// SHA-256 of the row's salted content.
pub type Hash = [u8; 32];
