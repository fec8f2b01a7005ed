//! A server in the test's own process: the real router, engine and store, asked without a socket.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Request, Response, StatusCode};
use baton_api::{ApiOptions, RefusalCodes};
use baton_connect::guard::{Guard, SystemResolver, network};
use baton_connect::http::Client;
use baton_connect::tls::Roots;
use baton_core::ids::Id;
use baton_engine::commands::{api_keys, users, workspaces};
use baton_engine::env::{Clock, Entropy, SystemClock};
use baton_engine::world::{Mail, Outside};
use baton_engine::{Ask, Credential, Engine, EngineOptions, KeyScope, Surroundings};
use baton_store::{Options, Place, Store};
use http_body_util::BodyExt;
use serde_json::Value as Json;
use tokio::sync::Notify;
use tower::ServiceExt;

use super::contract;

pub const PUBLIC_URL: &str = "https://baton.example";

pub struct Server {
    pub router: Router,
    pub engine: Engine,
    pub workspace: Id,
    /// A full key.
    pub key: String,
    stop: Arc<Notify>,
}

impl Server {
    /// On SQLite in memory, without a worker: what is accepted stays Pending until [`Server::work`].
    pub async fn start() -> Server {
        Server::on(Options::new(Place::Memory)).await
    }

    pub async fn working() -> Server {
        let server = Server::start().await;
        server.work();
        server
    }

    pub async fn on(options: Options) -> Server {
        Server::with(options, Arc::new(SystemClock::new())).await
    }

    pub async fn with(options: Options, clock: Arc<dyn Clock>) -> Server {
        Server::over(Store::open(options).expect("the store opens"), clock, loopback(None)).await
    }

    pub async fn over(store: Store, clock: Arc<dyn Clock>, world: Outside) -> Server {
        Server::with_options(store, clock, world, EngineOptions::new(PUBLIC_URL, 4, Id::new(0, 1))).await
    }

    pub async fn with_options(store: Store, clock: Arc<dyn Clock>, world: Outside, options: EngineOptions) -> Server {
        let surroundings = Surroundings { world: Arc::new(world), ..Surroundings::bare(clock, Entropy::from_system()) };
        let engine = Engine::new(store, surroundings, options);
        let router = baton_api::router(engine.clone(), ApiOptions::default());
        let workspace = engine.fresh_id();
        let mut server = Server { router, engine, workspace, key: String::new(), stop: Arc::new(Notify::new()) };
        server.key = server.new_workspace(workspace, "Hogwarts", "albus@hogwarts.edu").await;
        server
    }

    /// Another workspace; its key.
    pub async fn new_workspace(&self, workspace: Id, name: &str, admin: &str) -> String {
        let new = workspaces::NewWorkspace {
            name: name.to_owned(),
            admin_email: admin.to_owned(),
            admin_password: None,
            time_zone: "Europe/London".to_owned(),
        };
        let ask = Ask { credential: Credential::Operator { workspace }, request: None };
        self.engine.write(ask, move |cx| workspaces::create(cx, &new)).await.expect("a workspace").api_key
    }

    pub fn operator(&self) -> Ask {
        Ask { credential: Credential::Operator { workspace: self.workspace }, request: None }
    }

    /// An active user of the workspace.
    pub async fn user(&self, email: &str) -> Id {
        let email = email.to_owned();
        let made = self.engine.write(self.operator(), move |cx| users::create(cx, &email, "Harry", "Potter", false)).await;
        made.expect("a user").id
    }

    pub async fn deactivate(&self, email: &str) {
        let email = email.to_owned();
        self.engine.write(self.operator(), move |cx| users::set_active(cx, &email, false)).await.expect("deactivated");
    }

    /// A narrowed key: its id and what is shown once.
    pub async fn key(&self, scope: KeyScope) -> (Id, String) {
        let new = api_keys::NewKey { name: "Narrow".to_owned(), scope, expires_at: None, created_by: None };
        let made = self.engine.write(self.operator(), move |cx| api_keys::create(cx, &new)).await.expect("a key");
        (made.id, made.secret)
    }

    /// Runs executions from now on.
    pub fn work(&self) {
        let (engine, stop) = (self.engine.clone(), self.stop.clone());
        #[expect(clippy::disallowed_methods, reason = "ends with the test's own runtime")]
        tokio::spawn(async move { engine.work(stop).await.expect("the worker keeps its lease") });
    }

    /// Every answer is held to the document of the API.
    #[track_caller]
    pub fn send(&self, call: Call) -> impl Future<Output = Reply> {
        let place = std::panic::Location::caller();
        async move {
            let asked = call.clone();
            let reply = Reply::read(self.respond(call).await).await;
            contract::check(&asked, &reply, place);
            reply
        }
    }

    pub async fn respond(&self, mut call: Call) -> Response<Body> {
        let body = std::mem::take(&mut call.body);
        self.respond_to(call, Body::from(body)).await
    }

    /// With a body of another kind than one that is whole.
    pub async fn respond_to(&self, call: Call, body: Body) -> Response<Body> {
        let path = if call.path.starts_with("//") { call.path[1..].to_owned() } else { format!("/api/v1{}", call.path) };
        let mut request = Request::builder().method(call.method).uri(path);
        if !call.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("authorization")) {
            request = request.header("authorization", format!("Bearer {}", self.key));
        }
        for (name, value) in call.headers.iter().filter(|(_, value)| !value.is_empty()) {
            request = request.header(name, value);
        }
        let request = request.body(body).expect("a request");
        self.router.clone().oneshot(request).await.expect("the router always answers")
    }

    /// Sends, and holds the answer to a status and to a body with its keys in their order.
    #[track_caller]
    pub fn check(&self, call: Call, status: u16, body: Json) -> impl Future<Output = Reply> {
        let place = std::panic::Location::caller();
        async move {
            let told = format!("{place}: {} {}", call.method, call.path);
            let reply = self.send(call).await;
            assert_eq!((reply.status.as_u16(), reply.text()), (status, body.to_string().as_str()), "{told}");
            reply
        }
    }

    /// The same with only the errors told plainly.
    #[track_caller]
    pub fn refuses(&self, call: Call, status: u16, errors: &[&str]) -> impl Future<Output = Reply> {
        self.check(call, status, serde_json::json!({ "errors": errors }))
    }
}

/// Calls reach servers of the tests, as an operator may allow it, and no other network of this machine.
pub fn loopback(mail: Option<Mail>) -> Outside {
    let guard = Guard::new(vec![network("127.0.0.0/8").expect("a network")], Arc::new(SystemResolver::default()));
    Outside::new(Client::new(guard, &Roots::default()).expect("no certificate is read"), mail)
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.notify_one();
    }
}

/// A request; the path begins behind `/api/v1`, or with `//` where it is meant whole.
#[derive(Clone, Debug)]
pub struct Call {
    pub method: &'static str,
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
}

pub fn get(path: impl Into<String>) -> Call {
    Call { method: "GET", path: path.into(), headers: Vec::new(), body: Bytes::new() }
}

pub fn delete(path: impl Into<String>) -> Call {
    Call { method: "DELETE", ..get(path) }
}

pub fn post(path: impl Into<String>, body: impl ToString) -> Call {
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    Call { method: "POST", path: path.into(), headers, body: body.to_string().into() }
}

pub fn put(path: impl Into<String>, body: impl ToString) -> Call {
    Call { method: "PUT", ..post(path, body) }
}

impl Call {
    /// Replaces the header; an empty value leaves it out.
    pub fn with(mut self, name: &str, value: &str) -> Call {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn by(self, key: &str) -> Call {
        self.with("authorization", &format!("Bearer {key}"))
    }

    pub fn json(&self) -> Json {
        serde_json::from_slice(&self.body).expect("a body of JSON")
    }
}

pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// Of what was refused.
    pub codes: Vec<&'static str>,
}

impl Reply {
    pub async fn read(response: Response<Body>) -> Reply {
        let (head, body) = response.into_parts();
        let body = body.collect().await.expect("a whole body").to_bytes();
        let codes = head.extensions.get::<RefusalCodes>().map(|codes| codes.0.clone()).unwrap_or_default();
        Reply { status: head.status, headers: head.headers, body, codes }
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("text")
    }

    #[track_caller]
    pub fn json(&self) -> Json {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("ASCII"))
    }

    #[track_caller]
    pub fn expect(self, status: u16) -> Reply {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        self
    }

    pub fn string(&self, key: &str) -> String {
        self.json()[key].as_str().unwrap_or_else(|| panic!("no text {key}: {}", self.text())).to_owned()
    }
}
