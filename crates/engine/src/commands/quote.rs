//! Quotes on their way to a caller and back. Nothing of one is stored: it carries what was asked for and what was shown, and a code
//! under the hash of the API key that asked. Every node reads that hash with the key anyway, so nothing need be agreed on or
//! configured; nobody else's key can use the quote, and with the key its quotes end.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use baton_core::activity::Kind;
use baton_core::execution::quote::{Inputs, Now, Quote, fingerprint};
use baton_core::execution::{Foresight, Reader};
use baton_core::ids::Id;
use baton_core::refusal::{Refusal, Refusals};
use baton_core::task::{Change, NotAChange};
use baton_core::time::Timestamp;
use baton_store::StoreError;
use baton_store::sql::activity::{self, ActivityRow};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::ask::{self, Purpose, Start, Wanted};
use crate::auth::Caller;
use crate::cx::{Cx, Outcome};

/// Changes that are looked through for what to tell.
const CHANGES_MAX: usize = 50;

/// What an action would do, and by which quote it does just that.
pub struct DryRun {
    pub foresight: Foresight,
    pub quote: String,
    pub expires_at: Timestamp,
}

/// Refuses as [`super::executions::start`] would, but for a key that is read-only.
pub fn dry_run(cx: &mut Cx<'_>, workflow: &str, ask: &Start) -> Outcome<DryRun> {
    if ask.quote.is_some() {
        return Err(Refusals::action(Refusal::NotAParameter { name: "quote".to_owned() }).into());
    }
    let wanted = ask::find(cx, workflow, ask, Purpose::Foresee)?;
    wanted.accept(cx)?;
    let at = cx.now();
    let foresight = wanted.foresee(cx, at)?;
    let quote = Quote {
        inputs: inputs(ask),
        workflow: wanted.found.workflow.id,
        revision: wanted.found.workflow.revision,
        task: wanted.task.id,
        version: wanted.loaded.task.version,
        performer: wanted.performer,
        sequence: wanted.loaded.last_sequence,
        at,
        shown: fingerprint(&foresight),
    };
    Ok(DryRun { foresight, quote: seal(&cx.caller, &quote), expires_at: quote.expires_at() })
}

/// What is asked for where a quote comes along, with that quote.
pub(super) fn open(cx: &Cx<'_>, workflow: &str, ask: &Start) -> Outcome<Option<(Quote, Start)>> {
    let Some(text) = &ask.quote else { return Ok(None) };
    let quote = unseal(&cx.caller, text).filter(|quote| quote.workflow.to_string() == workflow);
    let quote = quote.ok_or(Refusals::action(Refusal::QuoteInvalid))?;
    if quote.expires_at() <= cx.now() {
        return Err(Refusals::action(Refusal::QuoteExpired).into());
    }
    let Inputs { task_id, action_id, performed_by, fields } = quote.inputs(&inputs(ask)).map_err(Refusals::Action)?;
    let expected = ask.expected.clone();
    Ok(Some((quote, Start { task: task_id, action: action_id, performed_by, fields, quote: None, expected })))
}

fn inputs(ask: &Start) -> Inputs {
    let Start { task, action, performed_by, fields, quote: _, expected: _ } = ask.clone();
    Inputs { task_id: task, action_id: action, performed_by, fields }
}

/// What is not as it was when it was quoted.
pub(super) fn changed(cx: &mut Cx<'_>, wanted: &Wanted, quote: &Quote) -> Outcome<Vec<Refusal>> {
    let (found, task) = (&wanted.found, &wanted.loaded.task);
    let history = if task.id == quote.task && task.version > quote.version { history(cx, quote)? } else { Vec::new() };
    let reader = Reader { workflow: &found.workflow, workspace: &found.workspace, access: found.access() };
    let loaded = &wanted.loaded;
    let now = Now { task, performer: wanted.performer, last_sequence: loaded.last_sequence, waiting: loaded.waiting, reader };
    Ok(quote.changed(&now, &history))
}

/// The changes of the task since, in order.
fn history(cx: &mut Cx<'_>, quote: &Quote) -> Outcome<Vec<Change>> {
    let since = Id::from_i64(i64::MAX).map(|last| (quote.version, last));
    let rows = activity::of_task(cx.tx, cx.caller.workspace, quote.task, since, CHANGES_MAX)?;
    let mut history = Vec::new();
    for ActivityRow { activity: row, .. } in rows.into_iter().filter(|row| row.activity.kind == Kind::TaskUpdated) {
        let (before, after) = (row.before.unwrap_or_default(), row.after.unwrap_or_default());
        let corrupt = |error: NotAChange| StoreError::Corrupt { table: "activity", id: row.id.to_string(), what: error.to_string() };
        history.push(Change::from_json(&before, &after).map_err(corrupt)?);
    }
    Ok(history)
}

/// The last that is asked before an action is taken: by its quote, as that has shown it; without one where it needs none.
pub(super) fn confirm(cx: &mut Cx<'_>, wanted: &Wanted, quote: Option<&Quote>) -> Outcome<Option<Refusal>> {
    let name = || wanted.action().name.clone();
    let Some(quote) = quote else {
        return Ok(wanted.action().needs_quote.then(|| Refusal::QuoteRequired { action: name() }));
    };
    let now = cx.now();
    let zone = &wanted.found.workspace.zone;
    let same_day = quote.at.date_in(zone) == now.date_in(zone);
    let (as_then, as_now) = (wanted.foresee(cx, quote.at)?, wanted.foresee(cx, now)?);
    let shows = quote.still_shows(&as_then, &as_now, same_day);
    Ok((!shows).then(|| Refusal::ChangedSinceQuote { what: format!("What {} would do", name()), values: None }))
}

fn seal(caller: &Caller, quote: &Quote) -> String {
    let payload = serde_json::to_vec(quote).expect("a quote is JSON");
    let code = code(caller, &payload).finalize().into_bytes();
    format!("{}.{}", URL_SAFE_NO_PAD.encode(payload), URL_SAFE_NO_PAD.encode(code))
}

fn unseal(caller: &Caller, text: &str) -> Option<Quote> {
    let (payload, code) = text.split_once('.')?;
    let (payload, given) = (URL_SAFE_NO_PAD.decode(payload).ok()?, URL_SAFE_NO_PAD.decode(code).ok()?);
    self::code(caller, &payload).verify_slice(&given).ok()?;
    serde_json::from_slice(&payload).ok()
}

fn code(caller: &Caller, payload: &[u8]) -> Hmac<Sha256> {
    let mut code = Hmac::<Sha256>::new_from_slice(&caller.key_hash).expect("HMAC takes a key of any length");
    code.update(b"baton quote 1");
    code.update(payload);
    code
}
