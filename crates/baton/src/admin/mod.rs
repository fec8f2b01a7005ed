//! What the operator does to a store: asked of the running server over the socket in its data folder, or done here,
//! under the store's lock, when no server runs. Either way [`execute::execute`] does it.

mod backup;
mod client;
pub mod execute;
pub mod names;
mod plan;
mod sentences;
pub mod socket;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

pub use client::{ask, back_up};

#[derive(Debug, Serialize, Deserialize)]
pub enum Request {
    Init(NewWorkspace),
    Apply {
        workspace: Option<String>,
        workflow: Option<String>,
        document: Json,
    },
    /// What applying would do.
    Plan {
        workspace: Option<String>,
        workflow: Option<String>,
        document: Json,
    },
    CreateKey(NewKey),
    ListKeys {
        workspace: Option<String>,
    },
    RevokeKey {
        workspace: Option<String>,
        key: String,
    },
    AddUser(NewUser),
    ListUsers {
        workspace: Option<String>,
    },
    SetUserActive {
        workspace: Option<String>,
        email: String,
        active: bool,
    },
    SetSecret(NewSecret),
    ListSecrets {
        workspace: Option<String>,
    },
    DeleteSecret {
        workspace: Option<String>,
        name: String,
    },
    /// One workspace's history, or every one's.
    VerifyHistory {
        workspace: Option<String>,
    },
    /// Answered by the backup itself.
    BackUp,
}

#[derive(Serialize, Deserialize)]
pub struct NewWorkspace {
    pub name: String,
    pub admin_email: String,
    pub admin_password: Option<String>,
    pub time_zone: String,
}

/// The password must not get into a log.
impl std::fmt::Debug for NewWorkspace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewWorkspace").field("name", &self.name).finish_non_exhaustive()
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub struct NewKey {
    pub workspace: Option<String>,
    pub name: String,
    pub read_only: bool,
    /// Names or ids; empty is all.
    pub workflows: Vec<String>,
    pub role: Option<String>,
    pub expires_in_seconds: Option<u64>,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct NewUser {
    pub workspace: Option<String>,
    pub email: String,
    pub first_name: String,
    pub last_name: String,
    pub admin: bool,
    /// A workflow, by name or id, to be a collaborator of.
    pub workflow: Option<String>,
    pub role: Option<String>,
}

#[derive(Serialize, Deserialize)]
pub struct NewSecret {
    pub workspace: Option<String>,
    pub name: String,
    pub value: String,
}

/// The value must not get into a log.
impl std::fmt::Debug for NewSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewSecret").field("name", &self.name).finish_non_exhaustive()
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub enum Answer {
    Initialised { workspace: String, user: String, api_key: String },
    Applied(Applied),
    Planned(Planned),
    KeyCreated { id: String, secret: String },
    KeyRevoked { id: String, name: String },
    Keys(Vec<KeyLine>),
    User(UserLine),
    Users(Vec<UserLine>),
    SecretSet { name: String, new: bool },
    Secrets(Vec<SecretLine>),
    SecretDeleted { name: String },
    Verified(Vec<VerifiedLine>),
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Applied {
    pub workflow: String,
    pub name: String,
    pub revision: i64,
    pub change: Change,
    /// Each with its path.
    pub warnings: Vec<String>,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Planned {
    /// As the API shows it.
    pub json: Json,
    pub lines: Vec<String>,
    pub changes: bool,
    /// Each with its path.
    pub errors: Vec<String>,
    pub warnings: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Change {
    Created,
    Changed,
    Unchanged,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct KeyLine {
    pub id: String,
    pub name: String,
    /// What the key is narrowed to, in words.
    pub scope: String,
    pub state: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct UserLine {
    pub id: String,
    pub email: String,
    pub name: String,
    pub role: String,
    pub state: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct SecretLine {
    pub name: String,
    pub created_at: String,
    pub updated_at: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct VerifiedLine {
    pub workspace: String,
    pub sealed: u64,
    pub erased: u64,
    pub unsealed: u64,
    /// Each naming its place.
    pub faults: Vec<String>,
}

/// An answer, or the sentences of a refusal.
pub type Reply = Result<Answer, Vec<String>>;

/// What goes over the socket.
#[derive(Debug, Serialize, Deserialize)]
struct Envelope {
    /// The database that the command was told to use; the server may have another.
    database_url: Option<String>,
    request: Request,
}
