//! The append-only history: facts, and the hash of each row.

use sha2::{Digest, Sha256};

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
    StageChangeScheduled,
    StageChangeDropped,
    ImportStarted,
    ImportFinished,
    WorkflowCreated,
    WorkflowArchived,
    WorkflowUnarchived,
    WorkflowDeleted,
    DefinitionSaved,
    CollaboratorAdded,
    CollaboratorRemoved,
    UserAdded,
    UserUpdated,
    ApiKeyCreated,
    ApiKeyRevoked,
    SecretSet,
    SecretDeleted,
    WorkspaceCreated,
}

impl Kind {
    pub const ALL: [Kind; 25] = [
        Kind::TaskCreated,
        Kind::TaskUpdated,
        Kind::TaskDeleted,
        Kind::CommentAdded,
        Kind::ChecklistUpdated,
        Kind::ExecutionStarted,
        Kind::ExecutionFinished,
        Kind::StageChangeScheduled,
        Kind::StageChangeDropped,
        Kind::ImportStarted,
        Kind::ImportFinished,
        Kind::WorkflowCreated,
        Kind::WorkflowArchived,
        Kind::WorkflowUnarchived,
        Kind::WorkflowDeleted,
        Kind::DefinitionSaved,
        Kind::CollaboratorAdded,
        Kind::CollaboratorRemoved,
        Kind::UserAdded,
        Kind::UserUpdated,
        Kind::ApiKeyCreated,
        Kind::ApiKeyRevoked,
        Kind::SecretSet,
        Kind::SecretDeleted,
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
            Kind::StageChangeScheduled => "stage_change.scheduled",
            Kind::StageChangeDropped => "stage_change.dropped",
            Kind::ImportStarted => "import.started",
            Kind::ImportFinished => "import.finished",
            Kind::WorkflowCreated => "workflow.created",
            Kind::WorkflowArchived => "workflow.archived",
            Kind::WorkflowUnarchived => "workflow.unarchived",
            Kind::WorkflowDeleted => "workflow.deleted",
            Kind::DefinitionSaved => "definition.saved",
            Kind::CollaboratorAdded => "collaborator.added",
            Kind::CollaboratorRemoved => "collaborator.removed",
            Kind::UserAdded => "user.added",
            Kind::UserUpdated => "user.updated",
            Kind::ApiKeyCreated => "api_key.created",
            Kind::ApiKeyRevoked => "api_key.revoked",
            Kind::SecretSet => "secret.set",
            Kind::SecretDeleted => "secret.deleted",
            Kind::WorkspaceCreated => "workspace.created",
        }
    }

    pub fn named(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// SHA-256 of the row's salted content.
pub type Hash = [u8; 32];

/// The hash of one row: of every column, each told from an absent one and from its neighbours by a length before it. The
/// salt keeps somebody who holds only the hash from guessing the values, once those are erased.
pub fn hash(row: &Activity) -> Hash {
    // Without `..`: a new column does not compile until it is covered.
    let Activity { id, workspace, workflow, task, version, at, actor, request, execution, kind, before, after, salt } = row;
    let mut content = Content(Sha256::new_with_prefix(b"baton activity 1"));
    content.bytes(salt);
    content.number(id.as_i64());
    content.number(workspace.as_i64());
    content.id(*workflow);
    content.id(*task);
    content.number(*version);
    content.number(at.micros());
    content.bytes(actor.kind().as_bytes());
    content.id(actor.id());
    content.text(request.as_deref());
    content.id(*execution);
    content.bytes(kind.name().as_bytes());
    content.text(before.as_deref());
    content.text(after.as_deref());
    content.0.finalize().into()
}

/// The hash of the chain up to a sealed row. `previous` is all zeros before the first.
pub fn chain(previous: &Hash, sequence: i64, row: &Hash) -> Hash {
    let mut content = Sha256::new_with_prefix(b"baton seal 1");
    content.update(previous);
    content.update(sequence.to_be_bytes());
    content.update(row);
    content.finalize().into()
}

struct Content(Sha256);

impl Content {
    fn bytes(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
    }

    fn number(&mut self, number: i64) {
        self.bytes(&number.to_be_bytes());
    }

    fn text(&mut self, text: Option<&str>) {
        match text {
            Some(text) => {
                self.0.update([1]);
                self.bytes(text.as_bytes());
            }
            None => self.0.update([0]),
        }
    }

    fn id(&mut self, id: Option<Id>) {
        match id {
            Some(id) => {
                self.0.update([1]);
                self.number(id.as_i64());
            }
            None => self.0.update([0]),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn id(raw: i64) -> Id {
        Id::from_i64(raw).expect("not negative")
    }

    fn row() -> Activity {
        Activity {
            id: id(1),
            workspace: id(2),
            workflow: Some(id(3)),
            task: Some(id(4)),
            version: 5,
            at: Timestamp::from_micros(6),
            actor: Actor::User(id(7)),
            request: Some("r".to_owned()),
            execution: Some(id(8)),
            kind: Kind::TaskUpdated,
            before: Some("b".to_owned()),
            after: Some("a".to_owned()),
            salt: [9; 16],
        }
    }

    #[test]
    fn every_column_counts() {
        let mutations: Vec<fn(&mut Activity)> = vec![
            |_| {},
            |row| row.id = id(10),
            |row| row.workspace = id(10),
            |row| row.workflow = Some(id(10)),
            |row| row.workflow = None,
            |row| row.task = Some(id(10)),
            |row| row.task = None,
            |row| (row.workflow, row.task) = (row.task, row.workflow),
            |row| row.version = 10,
            |row| row.at = Timestamp::from_micros(10),
            |row| row.actor = Actor::User(id(10)),
            |row| row.actor = Actor::ApiKey(id(7)),
            |row| row.actor = Actor::Operator,
            |row| row.request = Some(String::new()),
            |row| row.request = Some("rb".to_owned()),
            |row| row.request = None,
            |row| row.execution = Some(id(10)),
            |row| row.execution = None,
            |row| row.before = Some("ba".to_owned()),
            |row| row.before = Some(String::new()),
            |row| row.before = None,
            |row| row.after = Some("ba".to_owned()),
            |row| row.after = Some(String::new()),
            |row| row.after = None,
            |row| (row.before, row.after) = (row.after.take(), row.before.take()),
            // The same characters, divided in another way.
            |row| (row.before, row.after) = (Some("ba".to_owned()), Some(String::new())),
            |row| (row.before, row.after) = (Some(String::new()), Some("ba".to_owned())),
        ];
        let mut rows: Vec<Activity> = mutations
            .into_iter()
            .map(|mutate| {
                let mut row = row();
                mutate(&mut row);
                row
            })
            .collect();
        rows.extend(Kind::ALL.into_iter().filter(|kind| *kind != Kind::TaskUpdated).map(|kind| Activity { kind, ..row() }));
        for bit in 0..128 {
            let mut row = row();
            row.salt[bit / 8] ^= 1 << (bit % 8);
            rows.push(row);
        }
        let hashes: HashSet<Hash> = rows.iter().map(hash).collect();
        assert_eq!(hashes.len(), rows.len());
    }

    /// Stored hashes must stay right for ever: a change here needs a new prefix, and both to be verified.
    #[test]
    fn hashes_of_old_rows_hold() {
        let hex = |hash: Hash| hash.map(|byte| format!("{byte:02x}")).concat();
        assert_eq!(hex(hash(&row())), "3deaf74a2aff7e9b05e6176a3a5ed12c49c9e8b62bd55d3efd3343de8d8b8969");
        assert_eq!(hex(chain(&[0; 32], 1, &hash(&row()))), "93367c84076ca19a05dc1ddfa15aaf92b50260fd1426e2ffa35e53a65ceb6241");
    }

    #[test]
    fn the_chain_holds_place_and_past() {
        let (one, two) = (hash(&row()), hash(&Activity { version: 6, ..row() }));
        let start = [0; 32];
        let seals = [
            chain(&start, 1, &one),
            chain(&start, 2, &one),
            chain(&start, 1, &two),
            chain(&two, 1, &one),
            chain(&chain(&start, 1, &one), 2, &two),
        ];
        assert_eq!(HashSet::from(seals).len(), seals.len());
    }

    #[test]
    fn kinds_are_found_by_name() {
        for kind in Kind::ALL {
            assert_eq!(Kind::named(kind.name()), Some(kind));
        }
        assert_eq!(Kind::named("task.moved"), None);
    }
}
