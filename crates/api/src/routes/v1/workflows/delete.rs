//! `DELETE /api/v1/workflows/<w>?_confirm=<name>`: gone at once, with everything in it.

use axum::http::Method;
use baton_engine::commands::workflows;

use crate::call::Call;
use crate::reply;
use crate::route::{Handled, Policy, Route};

pub const ROUTE: Route = Route { method: Method::DELETE, path: "/api/v1/workflows/{workflow}", policy: Policy::Administer, handle };

fn handle(call: Call) -> Handled {
    Box::pin(async move {
        let query = call.query()?;
        query.expect_only(&["_confirm"])?;
        let (workflow, confirm) = (call.part("workflow"), query.get("_confirm").map(str::to_owned));
        call.write(move |cx| workflows::delete(cx, &workflow, confirm.as_deref())).await?;
        Ok(reply::no_content())
    })
}
