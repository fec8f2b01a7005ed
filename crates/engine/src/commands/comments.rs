//! Comments on a task.

use baton_core::activity::{Activity, Kind};
use baton_core::actor::Actor;
use baton_core::env::Env;
use baton_core::limits::COMMENT_BYTES_MAX;
use baton_core::refusal::{Refusal, Refusals};
use baton_core::task::Task;
use baton_store::sql::comments;
pub use baton_store::sql::comments::Comment;
use serde_json::Value as Json;

use crate::cx::{Cx, Found, Outcome};

/// Oldest first, with what it takes to show the authors.
pub fn list(cx: &mut Cx<'_>, workflow: &str, task: &str) -> Outcome<(Found, Vec<Comment>)> {
    let (found, loaded) = cx.task(workflow, task, false)?;
    let comments = comments::of_task(cx.tx, loaded.task.id)?;
    Ok((found, comments))
}

pub fn add(cx: &mut Cx<'_>, workflow: &str, task: &str, body: Option<&Json>) -> Outcome<(Found, Comment)> {
    let (found, loaded) = cx.task(workflow, task, true)?;
    cx.check_writable(&found)?;
    let text = read_body(body).map_err(|refusal| Refusals::field("body", refusal))?;
    let row = insert(cx, &loaded.task, cx.actor(), text)?;
    let comment = Comment { id: row.id, author: row.actor, body: text.to_owned(), at: row.at };
    cx.append(&[row])?;
    Ok((found, comment))
}

fn read_body(body: Option<&Json>) -> Result<&str, Refusal> {
    let text = match body {
        None | Some(Json::Null) => return Err(Refusal::IsRequired),
        Some(Json::String(text)) => text.as_str(),
        Some(_) => return Err(Refusal::IsInvalid),
    };
    if text.trim().is_empty() {
        Err(Refusal::IsRequired)
    } else if text.contains('\0') {
        Err(Refusal::IsInvalid)
    } else if text.len() > COMMENT_BYTES_MAX {
        Err(Refusal::IsTooLong { bytes_max: COMMENT_BYTES_MAX })
    } else {
        Ok(text)
    }
}

/// Stores the comment; answers with its row of the history, not yet appended.
pub(super) fn insert(cx: &mut Cx<'_>, task: &Task, author: Actor, text: &str) -> Outcome<Activity> {
    let comment = Comment { id: cx.env.new_id(), author, body: text.to_owned(), at: cx.now() };
    comments::insert(cx.tx, cx.caller.workspace, task.id, &comment)?;
    Ok(Activity {
        id: comment.id,
        actor: author,
        after: Some(serde_json::json!({ "id": comment.id, "body": text }).to_string()),
        ..cx.task_activity(Kind::CommentAdded, task)
    })
}
