//! A list of tasks as one JSON array, or as one file (`_format=csv`), page by page: a million need no more memory than a page.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::Body;
use axum::http::header::{HeaderName, LINK};
use axum::http::{HeaderValue, Response, StatusCode};
use baton_core::csv::{Table, write_row};
use baton_core::task::show::Shown as ShownTask;
use baton_engine::commands::lists::{self, Begin, ListAsk, Mark, Page};
use baton_engine::{Ask, Outcome};
use bytes::Bytes;
use futures_core::Stream;
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;
use tracing::error;

use super::asked::{Asked, Format};
use crate::app::App;
use crate::call::Call;
use crate::problem::Problem;
use crate::reply;

/// Tasks that are read, shown and sent at once; fewer where they are large.
const PAGE_TASKS: usize = 500;
const X_TOTAL_COUNT: HeaderName = HeaderName::from_static("x-total-count");

/// The first page decides the status: what is refused is refused before anything is sent.
pub async fn tasks(call: Call, active_only: bool) -> Result<Response<Body>, Problem> {
    let asked = Asked::read(call.query()?, active_only)?;
    let (app, list) = (call.app.clone(), Arc::new(asked.list.clone()));
    let pages = Pages { app, ask: call.ask(), workflow: call.part("workflow"), list, format: asked.format };
    let page = pages.clone().page(asked.begin.clone(), asked.limit.unwrap_or(PAGE_TASKS)).await?;
    if page.is_old {
        pages.renew();
    }
    let mut response = match asked.format {
        Format::Json => reply::bytes(StatusCode::OK, reply::JSON, Vec::new()),
        Format::Csv => reply::csv(&page.found.workflow.name),
    };
    if let Some(count) = page.count {
        response.headers_mut().insert(X_TOTAL_COUNT, HeaderValue::from(count));
    }
    if let Some(link) = asked.link(call.head.uri.path(), &page) {
        response.headers_mut().insert(LINK, link);
    }
    let next = if asked.limit.is_some() { None } else { page.next.clone() };
    let first = piece(asked.format, &page, true, next.is_none(), pages.app.engine.public_url());
    *response.body_mut() = match next {
        None => Body::from(first),
        Some(next) => Body::from_stream(Rest { next: Some(pages.behind(next)), first: Some(first), pages }),
    };
    Ok(response)
}

#[derive(Clone)]
struct Pages {
    app: Arc<App>,
    ask: Ask,
    workflow: String,
    list: Arc<ListAsk>,
    format: Format,
}

/// A piece of the array, and where it goes on.
type Piece = (Bytes, Option<Mark>);
type NextPiece = Pin<Box<dyn Future<Output = Outcome<Piece>> + Send>>;

impl Pages {
    async fn page(self, begin: Begin, limit: usize) -> Outcome<Page> {
        let Pages { app, ask, workflow, list, .. } = self;
        app.read_long(ask, move |cx| lists::page(cx, &workflow, &list, &begin, limit)).await
    }

    /// The piece behind a mark. It is read while the one before it is sent.
    fn behind(&self, mark: Mark) -> NextPiece {
        // Counted once.
        let list = ListAsk { count: false, ..ListAsk::clone(&self.list) };
        let (workflow, format, url) = (self.workflow.clone(), self.format, self.app.engine.public_url().to_owned());
        self.app.clone().read_long(self.ask.clone(), move |cx| {
            let page = lists::page(cx, &workflow, &list, &Begin::Behind(mark), PAGE_TASKS)?;
            let next = page.next.clone();
            Ok((piece(format, &page, false, next.is_none(), &url), next))
        })
    }

    /// Behind the one who was answered from what is old. A runtime that ends waits for it, which is not for long.
    fn renew(&self) {
        let Pages { app, ask, workflow, list, .. } = self.clone();
        let (runtime, request) = (Handle::current(), ask.request.clone());
        drop(spawn_blocking(move || {
            let renewed = app.read_long(ask, move |cx| lists::renew(cx, &workflow, &list));
            if let Err(failure) = runtime.block_on(renewed) {
                error!(request, ?failure, "a list was not made anew");
            }
        }));
    }
}

const TASK_BYTES: usize = 512;

fn csv(page: &Page, first: bool, public_url: &str) -> Bytes {
    let mut text = Vec::with_capacity(page.tasks.len() * TASK_BYTES);
    let table = Table::new(&page.found.workflow, &page.found.workspace, page.found.access(), page.columns.as_ref(), public_url);
    if first {
        write_row(&mut text, table.header());
    }
    page.tasks.iter().for_each(|task| write_row(&mut text, table.row(task)));
    text.into()
}

fn piece(format: Format, page: &Page, first: bool, last: bool, public_url: &str) -> Bytes {
    match format {
        Format::Json => json(page, first, last, public_url),
        Format::Csv => csv(page, first, public_url),
    }
}

fn json(page: &Page, first: bool, last: bool, public_url: &str) -> Bytes {
    let mut text = Vec::with_capacity(page.tasks.len() * TASK_BYTES);
    if first {
        text.push(b'[');
    }
    let (workflow, workspace, access) = (&page.found.workflow, &page.found.workspace, page.found.access());
    for (index, task) in page.tasks.iter().enumerate() {
        if !first || index > 0 {
            text.push(b',');
        }
        let shown = ShownTask { workflow, workspace, task, access, public_url: Some(public_url), only: page.columns.as_ref() };
        serde_json::to_writer(&mut text, &shown).expect("a task is always JSON");
    }
    if last {
        text.push(b']');
    }
    text.into()
}

/// Of JSON ends only after the closing bracket; a failure on the way breaks the connection, so that a part is never taken
/// for the whole.
struct Rest {
    pages: Pages,
    first: Option<Bytes>,
    next: Option<NextPiece>,
}

/// Only hyper meets it; the log has the reason.
#[derive(Debug)]
struct BrokeOff;

impl fmt::Display for BrokeOff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the list of tasks broke off")
    }
}

impl std::error::Error for BrokeOff {}

impl Stream for Rest {
    type Item = Result<Bytes, BrokeOff>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(first)));
        }
        let Some(next) = &mut self.next else { return Poll::Ready(None) };
        let outcome = ready!(next.as_mut().poll(context));
        self.next = None;
        Poll::Ready(Some(match outcome {
            Ok((piece, next)) => {
                self.next = next.map(|next| self.pages.behind(next));
                Ok(piece)
            }
            Err(failure) => {
                error!(request = self.pages.ask.request, ?failure, "a list of tasks broke off");
                Err(BrokeOff)
            }
        }))
    }
}
