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
use baton_engine::{Ask, Failure, Outcome};
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
        pages.clone().renew();
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
    let first = pages.piece(&page, true, next.is_none());
    *response.body_mut() = match next {
        None => Body::from(first),
        Some(next) => Body::from_stream(Rest { first: Some(first), next: Some(pages.next(next)) }),
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
type NextPiece = Pin<Box<dyn Future<Output = (Outcome<Piece>, Pages)> + Send>>;

impl Pages {
    async fn page(self, begin: Begin, limit: usize) -> Outcome<Page> {
        let Pages { app, ask, workflow, list, .. } = self;
        app.read_long(ask, move |cx| lists::page(cx, &workflow, &list, &begin, limit)).await
    }

    fn next(self, mark: Mark) -> NextPiece {
        Box::pin(async move {
            // Counted once.
            let list = Arc::new(ListAsk { count: false, ..ListAsk::clone(&self.list) });
            let pages = Pages { list, ..self };
            let read = pages.clone().page(Begin::Behind(mark), PAGE_TASKS).await;
            let shown = read.map(|page| {
                let next = page.next.clone();
                (pages.piece(&page, false, next.is_none()), next)
            });
            (shown, pages)
        })
    }

    fn piece(&self, page: &Page, first: bool, last: bool) -> Bytes {
        let public_url = self.app.engine.public_url();
        match self.format {
            Format::Json => json(page, first, last, public_url),
            Format::Csv => csv(page, first, public_url),
        }
    }

    /// Behind the one who was answered from what is old. A runtime that ends waits for it, which is not for long.
    fn renew(self) {
        let Pages { app, ask, workflow, list, .. } = self;
        let (runtime, request) = (Handle::current(), ask.request.clone());
        drop(spawn_blocking(move || {
            let renewed = runtime.block_on(async {
                let _turn = app.lists.acquire().await;
                app.engine.read(ask, move |cx| lists::renew(cx, &workflow, &list)).await
            });
            if let Err(failure) = renewed {
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
        let (outcome, pages) = ready!(next.as_mut().poll(context));
        self.next = None;
        match outcome {
            Ok((piece, next)) => {
                self.next = next.map(|next| pages.next(next));
                Poll::Ready(Some(Ok(piece)))
            }
            Err(failure) => {
                log(&failure, &pages);
                Poll::Ready(Some(Err(BrokeOff)))
            }
        }
    }
}

fn log(failure: &Failure, pages: &Pages) {
    error!(request = pages.ask.request, ?failure, "a list of tasks broke off");
}
