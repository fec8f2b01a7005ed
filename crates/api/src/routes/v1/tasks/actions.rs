//! `GET /api/v1/workflows/<w>/tasks/<unique-id>/actions`: the actions that may be taken in the task's stage, in the
//! workflow's order, with `?performed_by=<e-mail>` by that user. Unmet requirements hide none; `?_explain=true` lists every
//! action with what speaks against it.

use axum::http::Method;
use baton_core::ids::Id;
use baton_engine::commands::actions;
use serde::Serialize;

use crate::call::{Call, ok};
use crate::openapi::docs::{Docs, Done, Parameter, Refuses, Takes};
use crate::openapi::nouns::ACTIONS;
use crate::openapi::parameters::of_query;
use crate::openapi::schemas;
use crate::query::bad;
use crate::route::{Handled, Policy, Route};
use crate::show::explained;
use serde_json::json;

pub const ROUTE: Route =
    Route { method: Method::GET, path: "/api/v1/workflows/{workflow}/tasks/{task}/actions", policy: Policy::Read, handle, docs };

const PERFORMED_BY: Parameter =
    of_query("performed_by", Takes::Text, "Only those that this user may take, by e-mail.", "harry@hogwarts.edu");
const EXPLAIN: Parameter = of_query("_explain", Takes::Flag, "Every action, with what speaks against it.", "true");

fn docs() -> Docs {
    let action = schemas::object(json!({ "id": schemas::id(), "name": schemas::text() }));
    let either = schemas::any_of(&[schemas::list_of(action), schemas::list_of(schemas::of("ExplainedAction"))]);
    Docs {
        id: "list_actions",
        noun: &ACTIONS,
        title: "List the actions of a task",
        text: "Those that may be taken in its stage, in the workflow's order; unmet requirements hide none. With `_explain=true` every action of \
               the workflow, with all that speaks against it and the shortest ways to open it.",
        parameters: &[PERFORMED_BY, EXPLAIN],
        body: None,
        answers: vec![Done::json(200, "The actions; with `_explain=true` explained.", either)],
        refuses: &[Refuses::Plain(&["not_of_workflow"])],
    }
}

#[derive(Serialize)]
struct Action {
    id: Id,
    name: String,
}

fn handle(call: Call) -> Handled {
    Box::pin(async move {
        let query = call.query()?;
        query.expect_only(&["performed_by", "_explain"])?;
        let (workflow, task) = (call.part("workflow"), call.part("task"));
        let performed_by = match query.get("performed_by") {
            Some(email) if email.trim().is_empty() => return Err(bad("performed_by", email, "the e-mail of a user").into()),
            email => email.map(str::to_owned),
        };
        if query.flag("_explain")? {
            let found = call.read(move |cx| actions::explain_all(cx, &workflow, &task, performed_by.as_deref())).await?;
            return ok(&explained::shown(&found));
        }
        let available = call.read(move |cx| actions::available(cx, &workflow, &task, performed_by.as_deref())).await?;
        ok(&available.into_iter().map(|action| Action { id: action.id, name: action.name }).collect::<Vec<_>>())
    })
}
