//! `DELETE /api/v1/workflows/<w>?_confirm=<name>`: gone at once, with everything in it.

use axum::http::Method;
use baton_engine::commands::workflows;

use crate::call::Call;
use crate::openapi::docs::{Docs, Done, Parameter, Takes};
use crate::openapi::nouns::WORKFLOWS;
use crate::openapi::parameters::of_query;
use crate::reply;
use crate::route::{Handled, Policy, Route};

pub const ROUTE: Route = Route { method: Method::DELETE, path: "/api/v1/workflows/{workflow}", policy: Policy::Administer, handle, docs };

const CONFIRM: Parameter =
    of_query("_confirm", Takes::Text, "The name of the workflow: without it nothing is deleted.", "Early access").needed();

fn docs() -> Docs {
    Docs {
        id: "delete_workflow",
        noun: &WORKFLOWS,
        title: "Delete a workflow",
        text: "Gone at once, with everything in it, for everybody; executions that wait fail. The history keeps that its tasks were. It can't be undone.",
        parameters: &[CONFIRM],
        body: None,
        answers: vec![Done::empty(204, "It is gone.")],
        refuses: &[],
    }
}

fn handle(call: Call) -> Handled {
    Box::pin(async move {
        let query = call.query()?;
        query.expect_only(&["_confirm"])?;
        let (workflow, confirm) = (call.part("workflow"), query.get("_confirm").map(str::to_owned));
        call.write(move |cx| workflows::delete(cx, &workflow, confirm.as_deref())).await?;
        Ok(reply::no_content())
    })
}
