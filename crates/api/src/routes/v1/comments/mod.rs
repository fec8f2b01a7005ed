//! Comments on a task.

pub mod create;
pub mod list;

use baton_core::actor::Actor;
use baton_core::time::Timestamp;
use baton_engine::Found;
use baton_engine::commands::comments::Comment;
use serde::Serialize;

use crate::show::as_text;

#[derive(Serialize)]
struct ShownComment<'a> {
    author: &'a str,
    body: &'a str,
    #[serde(serialize_with = "as_text")]
    timestamp: Timestamp,
}

/// The author is an e-mail where a person wrote it.
fn shown<'a>(comment: &'a Comment, found: &'a Found) -> ShownComment<'a> {
    let author = match comment.author {
        Actor::User(user) => found.workspace.user(user).map(|user| user.email.as_str()),
        Actor::ApiKey(_) | Actor::Operator | Actor::Schedule => None,
    };
    ShownComment { author: author.unwrap_or("API"), body: &comment.body, timestamp: comment.at }
}
