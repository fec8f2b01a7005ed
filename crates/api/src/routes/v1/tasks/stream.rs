//! A list of tasks as one JSON array, or as one file (`_format=csv`), page by page: a million need no more memory than a page.

use std::sync::Arc;

use axum::body::Body;
use axum::http::header::{HeaderName, LINK};
use axum::http::{HeaderValue, Response, StatusCode};
use baton_core::csv::{Table, write_row};
use baton_core::refusal::Refusal;
use baton_core::task::show::Shown as ShownTask;
use baton_engine::commands::lists::{self, Begin, ListAsk, Mark, Page};
use baton_engine::{Ask, Outcome};
use bytes::Bytes;
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;
use tracing::{Span, error};

use super::asked::{Asked, Format};
use crate::app::App;
use crate::call::Call;
use crate::problem::Problem;
use crate::reply;
use crate::streamed::{self, Next};

/// Tasks that are read, shown and sent at once; fewer where they are large.
const PAGE_TASKS: usize = 500;
const X_TOTAL_COUNT: HeaderName = HeaderName::from_static("x-total-count");

/// The first page decides the status: what is refused is refused before anything is sent.
pub async fn tasks(call: Call, active_only: bool) -> Result<Response<Body>, Problem> {
    let asked = Asked::read(call.query()?, active_only)?;
    let (app, list) = (call.app.clone(), Arc::new(asked.list.clone()));
    let mut pages = Pages { app, ask: call.ask(), workflow: call.part("workflow"), list, format: asked.format, head: None };
    let page = pages.clone().page(asked.begin.clone(), asked.limit.unwrap_or(PAGE_TASKS)).await?;
    if page.is_old {
        pages.renew();
    }
    if matches!(asked.format, Format::Csv { .. }) {
        pages.head = Some(Arc::new(Head::of(&page)));
    }
    let mut response = match asked.format {
        Format::Json => reply::bytes(StatusCode::OK, reply::JSON, Vec::new()),
        Format::Csv { .. } => reply::csv(&page.found.workflow.name),
    };
    if let Some(count) = page.count {
        response.headers_mut().insert(X_TOTAL_COUNT, HeaderValue::from(count));
    }
    if let Some(link) = asked.link(call.head.uri.path(), &page) {
        response.headers_mut().insert(LINK, link);
    }
    let next = if asked.limit.is_some() { None } else { page.next.clone() };
    let first = piece(asked.format, &page, true, next.is_none(), pages.app.engine.public_url());
    *response.body_mut() = streamed::body(first, next.map(|mark| pages.behind(mark)));
    Ok(response)
}

#[derive(Clone)]
struct Pages {
    app: Arc<App>,
    ask: Ask,
    workflow: String,
    list: Arc<ListAsk>,
    format: Format,
    /// Of a file, whose rows all have the same columns. An object of JSON says itself what it has.
    head: Option<Arc<Head>>,
}

/// What a file has begun as.
#[derive(PartialEq, Eq)]
struct Head {
    revision: i64,
    columns: Vec<String>,
}

impl Head {
    fn of(page: &Page) -> Head {
        let columns = table(page, "").header().map(str::to_owned).collect();
        Head { revision: page.found.workflow.revision, columns }
    }
}

impl Pages {
    async fn page(self, begin: Begin, limit: usize) -> Outcome<Page> {
        let Pages { app, ask, workflow, list, .. } = self;
        app.read_long(ask, move |cx| lists::page(cx, &workflow, &list, &begin, limit)).await
    }

    /// The piece behind a mark. It is read while the one before it is sent.
    fn behind(&self, mark: Mark) -> Next {
        // Counted once.
        let list = ListAsk { count: false, ..ListAsk::clone(&self.list) };
        let (workflow, format, url) = (self.workflow.clone(), self.format, self.app.engine.public_url().to_owned());
        let head = self.head.clone();
        let reading = self.app.clone().read_long(self.ask.clone(), move |cx| {
            let page = lists::page(cx, &workflow, &list, &Begin::Behind(mark), PAGE_TASKS)?;
            if head.is_some_and(|head| *head != Head::of(&page)) {
                return Err(Refusal::ListHasChanged.into());
            }
            let next = page.next.clone();
            Ok((piece(format, &page, false, next.is_none(), &url), next))
        });
        let pages = self.clone();
        Next::new(async move {
            let (piece, next) = reading.await?;
            Ok((piece, next.map(|mark| pages.behind(mark))))
        })
    }

    /// Behind the one who was answered from what is old. A runtime that ends waits for it, which is not for long.
    fn renew(&self) {
        let Pages { app, ask, workflow, list, .. } = self.clone();
        let (runtime, request) = (Handle::current(), Span::current());
        drop(spawn_blocking(move || {
            let _within = request.enter();
            let renewed = app.read_long(ask, move |cx| lists::renew(cx, &workflow, &list));
            if let Err(failure) = runtime.block_on(renewed) {
                error!(%failure, "a list was not made anew");
            }
        }));
    }
}

const TASK_BYTES: usize = 512;

fn table<'a>(page: &'a Page, public_url: &'a str) -> Table<'a> {
    Table::new(&page.found.workflow, &page.found.workspace, page.found.access(), page.columns.as_ref(), public_url)
}

fn csv(delimiter: u8, page: &Page, first: bool, public_url: &str) -> Bytes {
    let mut text = Vec::with_capacity(page.tasks.len() * TASK_BYTES);
    let table = table(page, public_url);
    if first {
        write_row(&mut text, delimiter, table.header());
    }
    page.tasks.iter().for_each(|task| write_row(&mut text, delimiter, table.row(task)));
    text.into()
}

fn piece(format: Format, page: &Page, first: bool, last: bool, public_url: &str) -> Bytes {
    match format {
        Format::Json => json(page, first, last, public_url),
        Format::Csv { delimiter } => csv(delimiter, page, first, public_url),
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
