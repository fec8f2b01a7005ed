//! A list of tasks as one JSON array, page by page: a million need no more memory than a page.

use std::fmt;
use std::future::Future;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::Body;
use axum::http::{Response, StatusCode};
use baton_core::ids::Id;
use baton_core::task::show::Shown as ShownTask;
use baton_engine::commands::tasks::{self, ListAsk, Page};
use baton_engine::{Ask, Failure, Outcome};
use bytes::Bytes;
use futures_core::Stream;
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;
use tracing::{Instrument, Span, error};

use crate::app::App;
use crate::call::Call;
use crate::problem::Problem;
use crate::reply;

/// Tasks that are read, shown and sent at once; fewer where they are large.
const PAGE_TASKS: usize = 500;

/// The first page decides the status: what is refused is refused before anything is sent.
pub async fn tasks(call: Call, active_only: bool) -> Result<Response<Body>, Problem> {
    let ask = ListAsk { active_only, columns: call.query()?.columns()? };
    let pages = Pages { app: call.app.clone(), ask: call.ask(), workflow: call.part("workflow"), list: ask };
    let (first, last) = pages.after(None).await?;
    let body = match last {
        None => Body::from(first),
        Some(last) => Body::from_stream(Rest { first: Some(first), next: Some(pages.next(last)) }),
    };
    let mut response = reply::bytes(StatusCode::OK, reply::JSON, Vec::new());
    *response.body_mut() = body;
    Ok(response)
}

#[derive(Clone)]
struct Pages {
    app: Arc<App>,
    ask: Ask,
    workflow: String,
    list: ListAsk,
}

/// A piece of the array, and the last task in it where more may follow.
type Piece = (Bytes, Option<Id>);
type NextPiece = Pin<Box<dyn Future<Output = (Outcome<Piece>, Pages)> + Send>>;

impl Pages {
    async fn after(&self, after: Option<Id>) -> Outcome<Piece> {
        // The semaphore is never closed.
        let turn = self.app.lists.clone().acquire_owned().await.ok();
        let (runtime, pages, span) = (Handle::current(), self.clone(), Span::current());
        let work = move || {
            let piece = runtime.block_on(pages.read(after).instrument(span));
            drop(turn);
            piece
        };
        match spawn_blocking(work).await {
            Ok(piece) => piece,
            // It is told where every request's panic is.
            Err(error) => resume_unwind(error.into_panic()),
        }
    }

    /// Long work on SQLite, which reads on the thread that asks: none of those that serve everything else.
    async fn read(self, after: Option<Id>) -> Outcome<Piece> {
        let engine = self.app.engine.clone();
        let page = engine.read(self.ask, move |cx| tasks::page(cx, &self.workflow, &self.list, after, PAGE_TASKS)).await?;
        Ok(piece(&page, after.is_none(), engine.public_url()))
    }

    fn next(self, last: Id) -> NextPiece {
        Box::pin(async move { (self.after(Some(last)).await, self) })
    }
}

fn piece(page: &Page, first: bool, public_url: &str) -> Piece {
    const TASK_BYTES: usize = 512;
    let mut text = Vec::with_capacity(page.tasks.len() * TASK_BYTES);
    if first {
        text.push(b'[');
    }
    let (workflow, workspace, access) = (&page.found.workflow, &page.found.workspace, page.found.access());
    for (index, task) in page.tasks.iter().enumerate() {
        if !first || index > 0 {
            text.push(b',');
        }
        let shown = ShownTask { workflow, workspace, task, access, public_url: Some(public_url) };
        serde_json::to_writer(&mut text, &shown).expect("a task is always JSON");
    }
    let last = page.tasks.last().filter(|_| page.more).map(|task| task.id);
    if last.is_none() {
        text.push(b']');
    }
    (text.into(), last)
}

/// Ends only after the closing bracket; a failure on the way breaks the connection, so that a part is never taken
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
            Ok((piece, last)) => {
                self.next = last.map(|last| pages.next(last));
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
