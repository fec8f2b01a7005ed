//! What an endpoint is. To add one: a file in `routes/` with its `ROUTE` and what it says of itself, and its line in [`ROUTES`]; the
//! router and the reference are made from that table, so nothing else can be reached, and nothing is there that is not told.

use std::future::Future;
use std::pin::Pin;

use axum::body::Body;
use axum::http::{Method, Response};

use crate::call::Call;
use crate::openapi::docs::Docs;
use crate::problem::Problem;
use crate::routes::{health, reference, v1};

#[derive(Clone, Debug)]
pub struct Route {
    pub method: Method,
    /// Parts in braces are percent-decoded.
    pub path: &'static str,
    pub policy: Policy,
    /// What it says of itself in the reference.
    pub(crate) docs: fn() -> Docs,
    pub(crate) handle: fn(Call) -> Handled,
}

/// What a key must be allowed; the commands hold to it, and tests hold them to this table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// No key is asked for.
    Open,
    /// Any key; what it does not cover does not exist for it.
    Read,
    /// A key that is not read-only, whose role allows the change.
    Write,
    /// A key that is not narrowed to a lesser role; it may be read-only.
    Inspect,
    /// A key that is neither read-only nor narrowed to a lesser role.
    Administer,
}

pub(crate) type Handled = Pin<Box<dyn Future<Output = Result<Response<Body>, Problem>> + Send>>;

pub const ROUTES: &[Route] = &[
    health::live::ROUTE,
    health::ready::ROUTE,
    health::metrics::ROUTE,
    reference::openapi::ROUTE,
    reference::start::ROUTE,
    reference::page::ROUTE,
    v1::workspace::get::ROUTE,
    v1::workflows::list::ROUTE,
    v1::workflows::create::ROUTE,
    v1::workflows::archive::ARCHIVE,
    v1::workflows::archive::UNARCHIVE,
    v1::workflows::delete::ROUTE,
    v1::definition::get::ROUTE,
    v1::definition::put::ROUTE,
    v1::definition::revisions::ROUTE,
    v1::workflows::fields::ROUTE,
    v1::workflows::stages::ROUTE,
    v1::workflows::roles::ROUTE,
    v1::users::list::ROUTE,
    v1::users::create::ROUTE,
    v1::users::get::ROUTE,
    v1::users::put::ROUTE,
    v1::users::delete::ROUTE,
    v1::tasks::list::ROUTE,
    v1::tasks::active::ROUTE,
    v1::tasks::create::ROUTE,
    v1::tasks::put_by_body::ROUTE,
    v1::tasks::get::ROUTE,
    v1::tasks::put::ROUTE,
    v1::tasks::delete::ROUTE,
    v1::tasks::actions::ROUTE,
    v1::tasks::activity::ROUTE,
    v1::executions::list::ROUTE,
    v1::executions::create::ROUTE,
    v1::executions::get::ROUTE,
    v1::executions::cancel::ROUTE,
    v1::executions::retry::ROUTE,
    v1::imports::list::ROUTE,
    v1::imports::create::ROUTE,
    v1::imports::get::ROUTE,
    v1::imports::errors::ROUTE,
    v1::imports::cancel::ROUTE,
    v1::checklist_items::list::ROUTE,
    v1::checklist_items::create::ROUTE,
    v1::checklist_items::get::ROUTE,
    v1::checklist_items::put::ROUTE,
    v1::checklist_items::delete::ROUTE,
    v1::comments::list::ROUTE,
    v1::comments::create::ROUTE,
    v1::secrets::list::ROUTE,
    v1::secrets::put::ROUTE,
    v1::secrets::delete::ROUTE,
];
