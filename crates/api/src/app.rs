//! From a request to its answer: the id that follows it, its endpoint, and the one place where failures end.
//!
//! There is no stack of middleware: what every request needs is done here, once.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use axum::body::Body;
use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::header::{ALLOW, HeaderValue};
use axum::http::{Method, Request, Response};
use axum::routing::any;
use baton_core::refusal::{Refusal, Refusals};
use baton_engine::{Ask, Cx, Engine, Failure, Outcome};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::{JoinError, spawn_blocking};
use tracing::field::Empty;
use tracing::level_filters::LevelFilter;
use tracing::{Instrument, Span, debug, error, error_span};

use crate::ApiOptions;
use crate::call::{Call, no_page};
use crate::headers::{self, X_REQUEST_ID};
use crate::problem::{self, Problem};
use crate::rate;
use crate::reference::Pages;
use crate::reply;
use crate::requests::Requests;
use crate::room::{Room, Taken};
use crate::route::{Handled, Policy, ROUTES, Route};
use crate::uploads::Uploads;

pub struct App {
    pub engine: Engine,
    pub options: ApiOptions,
    /// What bodies that are not small may take together.
    pub room: Room,
    pub uploads: Uploads,
    /// The pages of `/api/docs`, once somebody has asked for one.
    pub reference: OnceLock<Pages>,
    /// Pages of lists, and plans, that are read at once.
    pub lists: Arc<Semaphore>,
    pub requests: Requests,
}

impl App {
    /// A command that looks at many tasks: SQLite reads on the thread that asks, which must be none of those that serve everything
    /// else. It begins at once where it is its turn, and otherwise when it is waited for.
    pub fn read_long<T: Send + 'static>(
        self: Arc<App>,
        ask: Ask,
        command: impl FnOnce(&mut Cx<'_>) -> Outcome<T> + Send + 'static,
    ) -> Pin<Box<dyn Future<Output = Outcome<T>> + Send>> {
        let (lists, runtime, span) = (self.lists.clone(), Handle::current(), Span::current());
        let begin = move |turn: Option<OwnedSemaphorePermit>| {
            spawn_blocking(move || {
                let done = runtime.block_on(self.engine.read(ask, command).instrument(span));
                drop(turn);
                done
            })
        };
        // It is told where every request's panic is.
        let told = |done: Result<Outcome<T>, JoinError>| done.unwrap_or_else(|error| resume_unwind(error.into_panic()));
        match lists.clone().try_acquire_owned() {
            Ok(turn) => {
                let begun = begin(Some(turn));
                Box::pin(async move { told(begun.await) })
            }
            // The semaphore is never closed.
            Err(_) => Box::pin(async move { told(begin(lists.acquire_owned().await.ok()).await) }),
        }
    }
}

pub fn router(engine: Engine, options: ApiOptions) -> axum::Router {
    router_of(places(|_| true), engine, options)
}

/// Only what tells how the process is, for a node that serves nobody.
pub fn watch_router(engine: Engine, options: ApiOptions) -> axum::Router {
    router_of(places(|route| route.policy == Policy::Open && !route.path.starts_with("/api")), engine, options)
}

fn router_of(places: Vec<Place>, engine: Engine, options: ApiOptions) -> axum::Router {
    let room = Room::new(options.body_bytes_max);
    let (reference, lists) = (OnceLock::new(), Arc::new(Semaphore::new(cores())));
    let app = Arc::new(App { engine, options, room, uploads: Uploads::default(), reference, lists, requests: Requests::new() });
    let mut router = axum::Router::new();
    for place in places {
        let (app, place) = (app.clone(), Arc::new(place));
        router = router.route(place.path, any(move |request| answer(app.clone(), Some(place.clone()), request)));
    }
    router.fallback(move |request| answer(app.clone(), None, request))
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// One path, with what may be done there.
struct Place {
    path: &'static str,
    /// Each with its place in [`ROUTES`].
    routes: Vec<(usize, &'static Route)>,
    /// The `Allow` header.
    allowed: String,
}

fn places(served: fn(&Route) -> bool) -> Vec<Place> {
    let mut places: Vec<Place> = Vec::new();
    for (number, route) in ROUTES.iter().enumerate().filter(|(_, route)| served(route)) {
        match places.iter_mut().find(|place| place.path == route.path) {
            Some(place) => place.routes.push((number, route)),
            None => places.push(Place { path: route.path, routes: vec![(number, route)], allowed: String::new() }),
        }
    }
    for place in &mut places {
        let mut methods: Vec<&str> = place.routes.iter().map(|(_, route)| route.method.as_str()).collect();
        if methods.contains(&"GET") {
            methods.push("HEAD");
        }
        methods.push("OPTIONS");
        place.allowed = methods.join(", ");
    }
    places
}

impl Place {
    /// The body of an answer to HEAD is dropped by the router.
    fn route(&self, method: &Method) -> Option<(usize, &'static Route)> {
        let method = if method == Method::HEAD { &Method::GET } else { method };
        self.routes.iter().find(|(_, route)| route.method == method).copied()
    }
}

async fn answer(app: Arc<App>, place: Option<Arc<Place>>, request: Request<Body>) -> Response<Body> {
    let begun = app.engine.monotonic();
    let request_id = headers::request_id(request.headers()).map_or_else(|| app.engine.fresh_id().to_string(), str::to_owned);
    let method = request.method().clone();
    let route = place.as_ref().and_then(|place| place.route(&method));
    // At every level, since whatever is logged of a request is logged with it; so it says no more than that needs, but to who looks closer.
    let span =
        error_span!("request", request = request_id, workspace = Empty, method = Empty, route = Empty, status = Empty, trace = Empty);
    let closer = LevelFilter::current() >= LevelFilter::DEBUG;
    if closer {
        span.record("method", known(&method));
        // The route, not the path: a path may hold values of fields.
        span.record("route", route.map(|(_, route)| route.path));
    }
    if let Some(join_trace) = app.options.join_trace {
        join_trace(&span, request.headers());
    }

    let mut response = handled(&app, place, route, request, &request_id).instrument(span.clone()).await;
    // Ids of requests are visible ASCII, ours or checked.
    if let Ok(id) = HeaderValue::from_str(&request_id) {
        response.headers_mut().insert(X_REQUEST_ID, id);
    }
    let (status, took) = (response.status(), app.engine.monotonic().saturating_sub(begun));
    app.requests.answered(route.map(|(number, _)| number), status, took);
    if closer {
        span.record("status", status.as_u16());
    }
    span.in_scope(|| debug!(micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX), "answered"));
    response
}

/// It names a span, and whoever asks may make up any word: what HTTP does not know has one name, as OpenTelemetry says.
fn known(method: &Method) -> &str {
    match *method {
        Method::GET | Method::HEAD | Method::POST | Method::PUT | Method::DELETE | Method::OPTIONS => method.as_str(),
        Method::PATCH | Method::CONNECT | Method::TRACE => method.as_str(),
        _ => "_OTHER",
    }
}

async fn handled(
    app: &Arc<App>,
    place: Option<Arc<Place>>,
    route: Option<(usize, &'static Route)>,
    request: Request<Body>,
    request_id: &str,
) -> Response<Body> {
    let Some(place) = place else { return problem::refused(&no_page().into()) };
    let Some((_, route)) = route else { return without_route(&place, request.method()) };
    let (mut head, body) = request.into_parts();
    // Only a path that is no UTF-8 has no parts; nothing has such a name.
    let Ok(path) = RawPathParams::from_request_parts(&mut head, &()).await else { return problem::refused(&no_page().into()) };
    let ask = Ask { credential: headers::credential(headers::authorization(&head.headers)), request: None };

    let call = Call { app: app.clone(), head, body, path, request_id: request_id.to_owned(), taken: Taken::default() };
    if route.policy == Policy::Open {
        return routed(app, route, call, ask, request_id).await;
    }
    let mut response = match app.engine.count_request(&ask) {
        Ok(()) => routed(app, route, call, ask.clone(), request_id).await,
        Err(refusal) => {
            call.turn_away().await;
            problem::refused(&refusal.into())
        }
    };
    if let Some(rate) = app.engine.rate(&ask) {
        rate::tell(&rate, response.headers_mut());
    }
    response
}

async fn routed(app: &App, route: &Route, call: Call, ask: Ask, request_id: &str) -> Response<Body> {
    let outcome = match Caught((route.handle)(call)).await {
        Ok(outcome) => outcome,
        Err(panic) => {
            error!(panic = panic_text(&*panic), "a request failed by a fault");
            return problem::fault(request_id);
        }
    };
    match outcome {
        Ok(response) => response,
        Err(Problem::NoRoom) => problem::no_room(),
        Err(Problem::NoPlace) => problem::no_place(),
        Err(Problem::Command(failure)) => problem::response(failure, request_id),
        Err(Problem::Request(refusals)) => problem::response(strangers_first(&app.engine, ask, refusals).await, request_id),
    }
}

/// What is wrong with a request is told to those who may ask at all.
async fn strangers_first(engine: &Engine, ask: Ask, refusals: Refusals) -> Failure {
    match engine.read(ask, |_| Ok(())).await {
        Ok(()) => Failure::Refused(refusals),
        Err(stranger) => stranger,
    }
}

fn without_route(place: &Place, method: &Method) -> Response<Body> {
    if method != Method::OPTIONS {
        return problem::refused(&Refusal::WrongMethod { method: method.to_string(), allowed: place.allowed.clone() }.into());
    }
    let mut response = reply::no_content();
    response.headers_mut().insert(ALLOW, HeaderValue::from_str(&place.allowed).expect("methods are ASCII"));
    response
}

/// A handler whose panic is an outcome: one request's fault must not close the connection without an answer.
struct Caught(Handled);

impl Future for Caught {
    type Output = Result<Result<Response<Body>, Problem>, Box<dyn Any + Send>>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let handled = &mut self.0;
        match catch_unwind(AssertUnwindSafe(|| handled.as_mut().poll(context))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(outcome)) => Poll::Ready(Ok(outcome)),
            Err(panic) => Poll::Ready(Err(panic)),
        }
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("not a text")
}
