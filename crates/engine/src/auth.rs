//! API keys: made once, shown once, kept as a hash.

use baton_core::access::{self, Access};
use baton_core::actor::Actor;
use baton_core::ids::Id;
use baton_core::refusal::Refusal;
use baton_core::time::Timestamp;
use baton_core::workflow::{Assigning, Rights, Workflow};
use baton_store::Tx;
use baton_store::sql::keys::{self, KeyRow};
use sha2::{Digest, Sha256};

use crate::cx::Outcome;
use crate::env::Entropy;

/// `bat_`, 32 random base62 digits (190 bits), 6 digits of checksum: scanners for leaked secrets can find it and
/// check it without asking us.
const PREFIX: &str = "bat_";
const RANDOM_DIGITS: usize = 32;
const CHECK_DIGITS: usize = 6;
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// How a caller says who it is.
#[derive(Clone, Debug)]
pub enum Credential {
    /// The `Authorization` header as it came.
    Header(Option<String>),
    /// The command line, on the server's own machine.
    Operator { workspace: Id },
}

impl Credential {
    pub(crate) fn header(&self) -> Option<&str> {
        match self {
            Credential::Header(header) => header.as_deref(),
            Credential::Operator { .. } => None,
        }
    }

    /// Whether this can be a key at all; no look-up, so that a stranger's body need not be read.
    pub fn check_form(&self) -> Result<(), Refusal> {
        match self {
            Credential::Header(header) => key_in(header.as_deref()).map(drop),
            Credential::Operator { .. } => Ok(()),
        }
    }
}

/// Who is calling, and what their key allows.
#[derive(Clone, Debug)]
pub struct Caller {
    pub workspace: Id,
    pub actor: Actor,
    /// The key's name, as the history shows it.
    pub name: String,
    pub scope: KeyScope,
    /// Under which its quotes are made; zeros where no key calls, for then there is nobody to prove anything to.
    pub(crate) key_hash: KeyHash,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyScope {
    pub read_only: bool,
    /// `None`: all workflows.
    pub workflows: Option<Vec<Id>>,
    /// The name of a role that the key is narrowed to, in each workflow.
    pub role: Option<String>,
}

/// Of a role that a workflow does not have.
static NO_RIGHTS: Rights = Rights {
    create: false,
    edit: false,
    delete: false,
    import: false,
    export: false,
    assigned_only: true,
    assigning: Assigning::Nobody,
    moving_by_hand: false,
    actions: Some(Vec::new()),
    analytics: false,
    fields: Vec::new(),
};

impl KeyScope {
    pub fn covers(&self, workflow: Id) -> bool {
        self.workflows.as_ref().is_none_or(|named| named.contains(&workflow))
    }

    /// A key narrowed to a role that a workflow does not have may do nothing there.
    pub(crate) fn known_in(&self, workflow: &Workflow) -> bool {
        self.role.as_ref().is_none_or(|role| access::of_role_named(workflow, role).is_some())
    }

    pub fn access<'a>(&self, workflow: &'a Workflow) -> Access<'a> {
        match &self.role {
            None => Access::Everything,
            Some(role) => access::of_role_named(workflow, role).unwrap_or(Access::Rights(&NO_RIGHTS)),
        }
    }
}

/// A new key, to be shown once.
pub fn new_key(entropy: &Entropy) -> String {
    let mut random = [0u8; RANDOM_DIGITS];
    let mut body = String::with_capacity(RANDOM_DIGITS);
    while body.len() < RANDOM_DIGITS {
        entropy.fill(&mut random);
        // 248 is the largest multiple of 62 in a byte: the rest would favour some digits.
        body.extend(
            random
                .iter()
                .filter(|byte| **byte < 248)
                .map(|byte| char::from(DIGITS[usize::from(byte % 62)]))
                .take(RANDOM_DIGITS - body.len()),
        );
    }
    format!("{PREFIX}{body}{}", checksum(&body))
}

fn checksum(body: &str) -> String {
    let digest = Sha256::digest(body.as_bytes());
    digest.iter().take(CHECK_DIGITS).map(|byte| char::from(DIGITS[usize::from(byte % 62)])).collect()
}

/// How a key is kept.
pub(crate) type KeyHash = [u8; 32];

pub fn hash(key: &str) -> KeyHash {
    Sha256::digest(key.as_bytes()).into()
}

fn key_in(header: Option<&str>) -> Result<&str, Refusal> {
    let header = header.ok_or(Refusal::KeyMissing)?;
    let (scheme, key) = header.split_once(' ').ok_or(Refusal::KeyMalformed)?;
    let key = key.trim();
    let body = key.strip_prefix(PREFIX).filter(|_| scheme.eq_ignore_ascii_case("Bearer")).ok_or(Refusal::KeyMalformed)?;
    let split = body.len().checked_sub(CHECK_DIGITS).filter(|split| body.is_char_boundary(*split)).ok_or(Refusal::KeyMalformed)?;
    let (random, check) = body.split_at(split);
    if random.len() == RANDOM_DIGITS && checksum(random) == check { Ok(key) } else { Err(Refusal::KeyMalformed) }
}

/// However the header writes it.
pub(crate) fn key_hash_in(header: Option<&str>) -> Option<KeyHash> {
    key_in(header).ok().map(hash)
}

pub(crate) fn authenticate(tx: &mut dyn Tx, credential: &Credential, now: Timestamp) -> Outcome<Caller> {
    let header = match credential {
        Credential::Operator { workspace } => {
            let (name, scope) = ("Operator".to_owned(), KeyScope::default());
            return Ok(Caller { workspace: *workspace, actor: Actor::Operator, name, scope, key_hash: [0; 32] });
        }
        Credential::Header(header) => header.as_deref(),
    };
    let key_hash = hash(key_in(header)?);
    let row = keys::by_hash(tx, &key_hash)?.ok_or(Refusal::KeyUnknown)?;
    caller(row, key_hash, now)
}

/// Who has asked for what is still being done, with what they may do now.
pub(crate) fn authenticate_again(tx: &mut dyn Tx, workspace: Id, actor: Actor, now: Timestamp) -> Outcome<Caller> {
    match actor {
        Actor::ApiKey(key) => caller(keys::by_id(tx, workspace, key)?.ok_or(Refusal::KeyUnknown)?, [0; 32], now),
        _ => authenticate(tx, &Credential::Operator { workspace }, now),
    }
}

fn caller(row: KeyRow, key_hash: [u8; 32], now: Timestamp) -> Outcome<Caller> {
    if row.revoked_at.is_some() {
        return Err(Refusal::KeyRevoked.into());
    }
    if row.expires_at.is_some_and(|expires_at| expires_at <= now) {
        return Err(Refusal::KeyExpired.into());
    }
    let scope = KeyScope { read_only: row.read_only, workflows: row.workflows, role: row.role };
    Ok(Caller { workspace: row.workspace, actor: Actor::ApiKey(row.id), name: row.name, scope, key_hash })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_known_by_its_checksum() {
        let key = new_key(&Entropy::from_seed(3));
        assert_eq!(key.len(), PREFIX.len() + RANDOM_DIGITS + CHECK_DIGITS);
        assert_eq!(key_in(Some(&format!("Bearer {key}"))), Ok(key.as_str()));
        assert_eq!(key_in(Some(&format!("bearer  {key} "))), Ok(key.as_str()));
        let mut wrong = key.clone();
        wrong.replace_range(8..9, if &key[8..9] == "x" { "y" } else { "x" });
        for bad in [
            format!("Bearer {wrong}"),
            key.clone(),
            format!("Basic {key}"),
            "Bearer bat_".to_owned(),
            "Bearer bat_ééé".to_owned(),
            "Bearer".to_owned(),
        ] {
            assert_eq!(key_in(Some(&bad)), Err(Refusal::KeyMalformed), "{bad}");
        }
        assert_eq!(key_in(None), Err(Refusal::KeyMissing));
    }
}
