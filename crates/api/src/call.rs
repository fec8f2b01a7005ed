//! One request, as the endpoints see it.

use std::future::Future;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::RawPathParams;
use axum::http::header::IF_MATCH;
use axum::http::request::Parts;
use axum::http::{Response, StatusCode};
use baton_core::ids::Id;
use baton_core::refusal::{Noun, Refusal};
use baton_engine::commands::tasks::Expected;
use baton_engine::{Answer, Ask, Cx, Engine, IdempotencyKey, IdempotencyScope, Outcome, Replayed};
use bytes::Bytes;

use crate::app::App;
use crate::body::{self, Document, Incoming, Object, OneOrMany};
use crate::headers;
use crate::problem::Problem;
use crate::query::{Query, bad};
use crate::reply;
use crate::room::Taken;
use crate::uploads::Place;

pub struct Call {
    pub app: Arc<App>,
    pub head: Parts,
    pub body: Body,
    pub path: RawPathParams,
    pub request_id: String,
    /// What its body takes of the room, as long as the call is worked on.
    pub taken: Taken,
}

impl Call {
    pub fn engine(&self) -> &Engine {
        &self.app.engine
    }

    pub fn ask(&self) -> Ask {
        Ask { credential: headers::credential(headers::authorization(&self.head.headers)), request: Some(self.request_id.clone()) }
    }

    /// A part of the path, percent-decoded, by its name in the route.
    pub fn part(&self, name: &str) -> String {
        self.path.iter().find(|(known, _)| *known == name).map(|(_, value)| value.to_owned()).unwrap_or_default()
    }

    pub fn query(&self) -> Result<Query, Refusal> {
        Query::parse(self.head.uri.query())
    }

    /// Most endpoints have no parameters.
    pub fn expect_no_query(&self) -> Result<(), Refusal> {
        match self.head.uri.query() {
            None => Ok(()),
            Some(_) => self.query()?.expect_empty(),
        }
    }

    pub fn expected(&self) -> Result<Expected, Refusal> {
        headers::expected(&self.head.headers)
    }

    /// Of several tasks each has a version of its own.
    pub fn expect_no_if_match(&self) -> Result<(), Refusal> {
        let Some(seen) = self.head.headers.get(IF_MATCH) else { return Ok(()) };
        let allowed = "none with several tasks, for each has a version of its own";
        Err(bad("If-Match", &String::from_utf8_lossy(seen.as_bytes()), allowed))
    }

    pub async fn object(&mut self) -> Result<Object, Problem> {
        self.check_stranger(!body::is_small(&self.body)).await?;
        body::object(self.incoming()).await
    }

    pub async fn one_or_many(&mut self) -> Result<OneOrMany, Problem> {
        self.check_stranger(!body::is_small(&self.body)).await?;
        body::one_or_many(self.incoming()).await
    }

    pub async fn document(&mut self) -> Result<Document, Problem> {
        // YAML costs far more than its bytes.
        self.check_stranger(true).await?;
        body::document(self.incoming()).await
    }

    /// The body of a POST whose path says all; its bytes are what an `Idempotency-Key` stands for.
    pub async fn nothing(&mut self) -> Result<Bytes, Problem> {
        self.check_stranger(!body::is_small(&self.body)).await?;
        body::nothing(self.incoming()).await
    }

    pub async fn expect_empty_body(&mut self) -> Result<(), Problem> {
        self.check_stranger(false).await?;
        body::expect_empty(self.incoming()).await
    }

    /// The command authenticates in its own transaction. Before it a key is looked up only where the body may take
    /// much memory: anybody can make up a key of the right form.
    async fn check_stranger(&mut self, look_up: bool) -> Result<(), Problem> {
        self.ask().credential.check_form()?;
        if look_up {
            self.workspace().await?;
        }
        Ok(())
    }

    /// That of its key.
    async fn workspace(&mut self) -> Result<Id, Problem> {
        let known = self.read(|cx| Ok(cx.caller.workspace)).await;
        if known.is_err() {
            self.incoming().discard().await;
        }
        Ok(known?)
    }

    /// A file that is read while it comes, and its place among those that do.
    pub async fn file(&mut self, content_type: &'static str) -> Result<(Incoming<'_>, Place), Problem> {
        self.ask().credential.check_form()?;
        let workspace = self.workspace().await?;
        let (bytes_max, place) = (self.app.options.import_bytes_max, self.app.uploads.begin(workspace));
        let incoming = Incoming { bytes_max, ..self.incoming() };
        incoming.expect(content_type)?;
        match place {
            Ok(place) => Ok((incoming, place)),
            Err(full) => {
                incoming.discard().await;
                Err(full)
            }
        }
    }

    /// It is not done, whatever its body says.
    pub async fn turn_away(mut self) {
        if !body::is_small(&self.body) {
            self.incoming().discard().await;
        }
    }

    fn incoming(&mut self) -> Incoming<'_> {
        let (body, bytes_max) = (std::mem::take(&mut self.body), self.app.options.body_bytes_max);
        Incoming { headers: &self.head.headers, body, bytes_max, room: &self.app.room, taken: &mut self.taken }
    }

    // These borrow nothing: a body can't be shared between threads, and so neither can a call.

    pub fn read<T, C>(&self, command: C) -> impl Future<Output = Outcome<T>> + Send + use<T, C>
    where
        T: Send + 'static,
        C: FnOnce(&mut Cx<'_>) -> Outcome<T> + Send + 'static,
    {
        let (engine, ask) = (self.engine().clone(), self.ask());
        async move { engine.read(ask, command).await }
    }

    /// The same for a command that looks at many tasks.
    pub fn read_long<T, C>(&self, command: C) -> impl Future<Output = Outcome<T>> + Send + use<T, C>
    where
        T: Send + 'static,
        C: FnOnce(&mut Cx<'_>) -> Outcome<T> + Send + 'static,
    {
        let (app, ask) = (self.app.clone(), self.ask());
        async move { app.read_long(ask, command).await }
    }

    pub fn write<T, C>(&self, command: C) -> impl Future<Output = Outcome<T>> + Send + use<T, C>
    where
        T: Send + 'static,
        C: FnMut(&mut Cx<'_>) -> Outcome<T> + Send + 'static,
    {
        let (engine, ask) = (self.engine().clone(), self.ask());
        async move { engine.write(ask, command).await }
    }

    /// For every POST: under its `Idempotency-Key`, if there is one. `raw` is the body that the key stands for.
    pub fn post<C>(&self, raw: &[u8], command: C) -> impl Future<Output = Result<Response<Body>, Problem>> + Send + use<C>
    where
        C: FnMut(&mut Cx<'_>) -> Outcome<Answer> + Send + 'static,
    {
        let answered = self.once(raw, command);
        async move { Ok(reply::from_answer(answered.await?)) }
    }

    /// The same for who goes on with the answer.
    pub fn once<C>(&self, raw: &[u8], command: C) -> impl Future<Output = Result<(Answer, Replayed), Problem>> + Send + use<C>
    where
        C: FnMut(&mut Cx<'_>) -> Outcome<Answer> + Send + 'static,
    {
        let (engine, ask, key) = (self.engine().clone(), self.ask(), self.idempotency_key(raw));
        async move { Ok(engine.write_once(ask, key?, command).await?) }
    }

    /// Of a file, whose hash is there when all of it has been read.
    pub fn idempotency_scope(&self) -> Result<Option<IdempotencyScope>, Refusal> {
        let key = headers::idempotency_key(&self.head.headers)?;
        Ok(key.map(|key| IdempotencyScope::new(key, self.head.method.as_str(), self.place())))
    }

    pub fn idempotency_key(&self, raw: &[u8]) -> Result<Option<IdempotencyKey>, Refusal> {
        let key = headers::idempotency_key(&self.head.headers)?;
        Ok(key.map(|key| IdempotencyKey::new(key, self.head.method.as_str(), self.place(), raw)))
    }

    fn place(&self) -> &str {
        self.head.uri.path_and_query().map_or(self.head.uri.path(), |place| place.as_str())
    }
}

/// An answer of 200 with JSON.
pub fn ok(body: &impl serde::Serialize) -> Result<Response<Body>, Problem> {
    Ok(reply::json(StatusCode::OK, body))
}

pub fn no_page() -> Refusal {
    Refusal::not_found(Noun::Page)
}
