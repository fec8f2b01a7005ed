//! `Idempotency-Key`: the answer of a POST is kept in the transaction of its change, and given again.

use sha2::{Digest, Sha256};

use baton_core::refusal::Refusal;
use baton_store::sql::idempotency::{self, Stored};

use crate::auth::KeyScope;
use crate::cx::{Cx, Outcome};

/// Kept answers are thrown away after this.
pub const KEPT_MICROS: i64 = 48 * 3600 * 1_000_000;

/// What a POST answers, as it goes over the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// Whether the answer is a repetition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replayed(pub bool);

/// A caller's key within its scope: method, path and query; workspace and rights are the caller's.
#[derive(Clone, Debug)]
pub struct IdempotencyScope([u8; 32]);

/// The same with what it came with.
#[derive(Clone, Debug)]
pub struct IdempotencyKey {
    scope: IdempotencyScope,
    body: [u8; 32],
}

/// What a key stands for, of a body that comes in pieces.
#[derive(Default)]
pub struct BodyHash(Sha256);

impl BodyHash {
    pub fn add(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }
}

impl IdempotencyScope {
    pub fn new(key: &str, method: &str, path_and_query: &str) -> IdempotencyScope {
        let mut scope = Sha256::new();
        for part in [key, method, path_and_query] {
            scope.update(part.len().to_be_bytes());
            scope.update(part);
        }
        IdempotencyScope(scope.finalize().into())
    }

    /// For a body that was never held as a whole.
    pub fn with(self, body: BodyHash) -> IdempotencyKey {
        IdempotencyKey { scope: self, body: body.0.finalize().into() }
    }
}

impl IdempotencyKey {
    pub fn new(key: &str, method: &str, path_and_query: &str, body: &[u8]) -> IdempotencyKey {
        IdempotencyKey { scope: IdempotencyScope::new(key, method, path_and_query), body: Sha256::digest(body).into() }
    }

    /// The same key for a part of what is asked for, which is done in a transaction of its own. The first part has the key itself, so
    /// that it stands for one request, however many parts that has.
    pub fn part(&self, number: usize) -> IdempotencyKey {
        if number == 0 {
            return self.clone();
        }
        let scope = Sha256::new().chain_update(self.scope.0).chain_update(number.to_be_bytes());
        IdempotencyKey { scope: IdempotencyScope(scope.finalize().into()), body: self.body }
    }
}

/// A refusal keeps nothing, so it may be tried again. A simultaneous twin meets the unique key and is run again by
/// the store, when it finds the first one's answer.
pub(crate) fn once(
    cx: &mut Cx<'_>,
    key: &IdempotencyKey,
    command: &mut dyn FnMut(&mut Cx<'_>) -> Outcome<Answer>,
) -> Outcome<(Answer, Replayed)> {
    if let Some(answer) = kept(cx, key)? {
        return Ok((answer, Replayed(true)));
    }
    let answer = command(cx)?;
    let stored = Stored {
        body_hash: key.body.to_vec(),
        status: i64::from(answer.status),
        headers: serde_json::to_string(&answer.headers).expect("strings are JSON"),
        body: answer.body.clone(),
    };
    let now = cx.now();
    idempotency::insert(cx.tx, cx.caller.workspace, &scope_of(&key.scope, &cx.caller.scope), &stored, now)?;
    Ok((answer, Replayed(false)))
}

/// The answer that is kept under the key, if there is one.
pub(crate) fn kept(cx: &mut Cx<'_>, key: &IdempotencyKey) -> Outcome<Option<Answer>> {
    let Some(stored) = find(cx, &key.scope)? else { return Ok(None) };
    if stored.body_hash != key.body {
        return Err(Refusal::KeyReused.into());
    }
    let headers = serde_json::from_str(&stored.headers).unwrap_or_default();
    Ok(Some(Answer { status: u16::try_from(stored.status).unwrap_or(200), headers, body: stored.body }))
}

/// Whether an answer is kept under the key, for whatever body.
pub(crate) fn is_kept(cx: &mut Cx<'_>, scope: &IdempotencyScope) -> Outcome<bool> {
    Ok(find(cx, scope)?.is_some())
}

fn find(cx: &mut Cx<'_>, scope: &IdempotencyScope) -> Outcome<Option<Stored>> {
    Ok(idempotency::find(cx.tx, cx.caller.workspace, &scope_of(scope, &cx.caller.scope))?)
}

/// API keys that may do the same share their answers; one that may do less must not learn what another was told.
fn scope_of(scope: &IdempotencyScope, allowed: &KeyScope) -> [u8; 32] {
    let KeyScope { read_only, workflows, role } = allowed;
    if *allowed == KeyScope::default() {
        return scope.0;
    }
    let allowed = serde_json::to_vec(&(read_only, workflows, role)).expect("plain data is JSON");
    Sha256::new().chain_update(scope.0).chain_update(allowed).finalize().into()
}
