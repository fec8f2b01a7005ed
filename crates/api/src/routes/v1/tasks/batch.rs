//! An array as the body of `POST` and `PUT .../tasks`: all or nothing, answered with the tasks in their order.

use axum::body::Body;
use axum::http::{Response, StatusCode};
use baton_core::limits::BATCH_TASKS_MAX;
use baton_core::refusal::Refusal;
use baton_engine::commands::tasks::{self, Shown};

use super::shown;
use crate::body::Objects;
use crate::call::Call;
use crate::problem::Problem;
use crate::query::bad;
use crate::reply;

/// 201 where all are new, otherwise 200.
pub async fn create_or_update(call: Call, Objects { raw, all }: Objects) -> Result<Response<Body>, Problem> {
    check(&call, all.len())?;
    let workflow = call.part("workflow");
    let command = move |cx: &mut baton_engine::Cx<'_>| {
        let (saved, all_new) = tasks::create_or_update_all(cx, &workflow, &all)?;
        let status = if all_new { StatusCode::CREATED } else { StatusCode::OK };
        Ok(reply::answer(status, &in_order(&saved, cx.public_url())))
    };
    call.post(&raw, command).await
}

pub async fn update(call: Call, Objects { all, .. }: Objects) -> Result<Response<Body>, Problem> {
    check(&call, all.len())?;
    let workflow = call.part("workflow");
    let saved = call.write(move |cx| tasks::update_all(cx, &workflow, &all)).await?;
    Ok(reply::json(StatusCode::OK, &in_order(&saved, call.engine().public_url())))
}

fn check(call: &Call, count: usize) -> Result<(), Refusal> {
    call.expect_no_if_match()?;
    if count > BATCH_TASKS_MAX {
        return Err(bad("body", &format!("{count} tasks"), &format!("at most {BATCH_TASKS_MAX} tasks")));
    }
    Ok(())
}

fn in_order<'a>(saved: &'a [Shown], public_url: &'a str) -> Vec<impl serde::Serialize + 'a> {
    saved.iter().map(|saved| shown(saved, public_url)).collect()
}
