//! Secrets of a workspace: set, listed by name and deleted; nothing but a call that names one ever reads it.

use baton_connect::seal::NONCE_BYTES;
use baton_core::activity::{Activity, Kind};
use baton_core::refusal::{Noun, Refusal, Refusals};
use baton_core::secret;
use baton_store::sql::secrets;
pub use baton_store::sql::secrets::SecretRow;
use serde_json::json;

use crate::cx::{Cx, Outcome};

pub struct Set {
    pub row: SecretRow,
    /// Otherwise it was there, and is changed.
    pub new: bool,
}

pub fn set(cx: &mut Cx<'_>, name: &str, value: Option<&str>) -> Outcome<Set> {
    check_may_administer(cx)?;
    let value = value.ok_or_else(|| Refusals::field("value", Refusal::IsRequired))?;
    if !secret::is_name(name) {
        let refusal = Refusal::BadParameter { name: "name".to_owned(), value: name.to_owned(), allowed: secret::NAME.to_owned() };
        return Err(Refusals::field("name", refusal).into());
    }
    if !secret::is_value(value) {
        return Err(Refusals::field("value", Refusal::SecretUnfit).into());
    }
    let (workspace, now) = (cx.caller.workspace, cx.now());
    let new = secrets::sealed(cx.tx, workspace, name)?.is_none();
    let mut nonce = [0; NONCE_BYTES];
    cx.shared.entropy.fill(&mut nonce);
    let sealed = cx.shared.master_key.seal(&workspace.to_string(), name, value.as_bytes(), nonce);
    let row = secrets::set(cx.tx, workspace, name, &sealed, now)?;
    let activity = Activity { after: Some(named(name)), ..cx.activity(Kind::SecretSet) };
    cx.append(&[activity])?;
    Ok(Set { row, new })
}

pub fn list(cx: &mut Cx<'_>) -> Outcome<Vec<SecretRow>> {
    check_may_administer(cx)?;
    Ok(secrets::list(cx.tx, cx.caller.workspace)?)
}

pub fn delete(cx: &mut Cx<'_>, name: &str) -> Outcome<()> {
    check_may_administer(cx)?;
    // What can't be a name is none, and never comes to the store.
    if !secret::is_name(name) || !secrets::delete(cx.tx, cx.caller.workspace, name)? {
        return Err(Refusal::not_found(Noun::Secret).into());
    }
    let activity = Activity { before: Some(named(name)), ..cx.activity(Kind::SecretDeleted) };
    cx.append(&[activity])
}

/// Secrets serve every workflow, so that a key of some of them has no say in them.
fn check_may_administer(cx: &Cx<'_>) -> Outcome<()> {
    let scope = &cx.caller.scope;
    if scope.read_only {
        return Err(Refusal::KeyReadOnly.into());
    }
    if scope.role.is_some() || scope.workflows.is_some() {
        return Err(Refusal::KeyLacksRight { what: "administer secrets".to_owned() }.into());
    }
    Ok(())
}

fn named(name: &str) -> String {
    json!({ "name": name }).to_string()
}
