//! One call over HTTP/1.1: the request goes out once, to an address that the [`Guard`] has admitted, and the answer comes back whole
//! or not at all.
//!
//! Each call has a connection of its own. So nothing that one workspace has opened ever serves another, proxies and redirects are
//! not there to be switched off, and what failed before the first byte left is known for certain.

mod answer;
mod failure;
mod limit;
mod request;
mod stream;

pub use answer::Answer;
pub use failure::{CallError, Failure};
pub use request::{BadRequest, CALL_TIMEOUT, CALL_TIMEOUT_MAX, Request};
pub use stream::{Outgoing, Sink};

use std::convert::Infallible;
use std::error::Error;
use std::sync::Arc;

use hyper::body::{Body, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;

use self::limit::Limit;
use crate::guard::{CONNECT_TIMEOUT, Guard};
use crate::place::Place;
use crate::tls::Roots;

/// Of an answer, after decompression, unless [`Client::taking`] says otherwise.
pub const ANSWER_BYTES_MAX: usize = 1024 * 1024;
/// Of an answer's status line and headers.
const HEAD_BYTES_MAX: usize = 64 * 1024;

pub struct Client {
    guard: Guard,
    tls: TlsConnector,
    answer_bytes_max: usize,
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

impl Client {
    pub fn new(guard: Guard, roots: &Roots) -> Result<Client, rustls::Error> {
        Ok(Client { guard, tls: TlsConnector::from(Arc::new(roots.client_config()?)), answer_bytes_max: ANSWER_BYTES_MAX })
    }

    /// The same, for answers of up to so many bytes.
    pub fn taking(self, answer_bytes_max: usize) -> Client {
        Client { answer_bytes_max, ..self }
    }

    /// Any status is an answer; [`Answer::failure`] says which are failures of the call.
    pub async fn call(&self, request: &Request) -> Result<Answer, CallError> {
        self.exchange(request).await.map_err(|failure| CallError { host: request.place().host().to_string(), failure })
    }

    /// The same with a body that is read while it is sent, instead of the request's own. As long as it goes on, it takes what it takes.
    pub async fn upload(&self, request: &Request, body: Outgoing) -> Result<Answer, CallError> {
        let limit = Limit::still();
        let body = limit.watch_body(body);
        let answered = self.send(request, request.to_http_of(body), &limit, async |response| {
            Answer::read(request.place(), response, &limit, self.answer_bytes_max).await
        });
        answered.await.map_err(|failure| CallError { host: request.place().host().to_string(), failure })
    }

    /// The same with an answer that is given to `sink` while it comes, if it is what was asked for; then it has no body here.
    pub async fn download(&self, request: &Request, sink: Sink<'_>) -> Result<Answer, CallError> {
        let limit = Limit::still();
        let mut http = request.to_http();
        http.headers_mut().insert(http::header::ACCEPT_ENCODING, http::HeaderValue::from_static("identity"));
        let answered = self.send(request, http, &limit, async |response: http::Response<Incoming>| {
            if !response.status().is_success() {
                return Answer::read(request.place(), response, &limit, self.answer_bytes_max).await;
            }
            let (head, body) = response.into_parts();
            limit.hold(true, stream::pour(body, sink)).await?;
            Ok(Answer::without_body(request.place(), &head))
        });
        answered.await.map_err(|failure| CallError { host: request.place().host().to_string(), failure })
    }

    async fn exchange(&self, request: &Request) -> Result<Answer, Failure> {
        let limit = Limit::whole(request.timeout());
        let read = async |response| Answer::read(request.place(), response, &limit, self.answer_bytes_max).await;
        self.send(request, request.to_http(), &limit, read).await
    }

    async fn send<B>(
        &self,
        request: &Request,
        http: http::Request<B>,
        limit: &Limit,
        read: impl AsyncFnOnce(http::Response<Incoming>) -> Result<Answer, Failure>,
    ) -> Result<Answer, Failure>
    where
        B: Body<Data = bytes::Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
    {
        let stream = limit.hold(false, self.connect(request.place())).await?;
        let (mut sender, connection) = http1::Builder::new()
            .max_buf_size(HEAD_BYTES_MAX)
            .handshake::<_, B>(TokioIo::new(limit.watch(stream)))
            .await
            .map_err(|error| Failure::NoConnection { detail: error.to_string() })?;
        let answer = async {
            let answered = async { sender.send_request(http).await.map_err(Failure::from) };
            read(limit.hold(true, answered).await?).await
        };
        tokio::select! {
            // What has come is looked at before the clock is: an answer in time is one, however late this is polled.
            biased;
            never = drive(connection) => match never {},
            answer = answer => answer,
        }
    }

    async fn connect(&self, place: &Place) -> Result<Box<dyn Stream>, Failure> {
        let deadline = Instant::now() + CONNECT_TIMEOUT;
        let connected = async {
            let admitted = self.guard.admit(place.host(), place.port()).await?;
            let stream = admitted.connect(deadline).await.map_err(no_connection)?;
            stream.set_nodelay(true).map_err(no_connection)?;
            if !place.is_https() {
                return Ok(Box::new(stream) as Box<dyn Stream>);
            }
            let stream = self.tls.connect(server_name(place)?, stream).await.map_err(no_connection)?;
            Ok(Box::new(stream) as Box<dyn Stream>)
        };
        let late = || Err(Failure::NoConnection { detail: format!("no connection within {} s", CONNECT_TIMEOUT.as_secs()) });
        timeout_at(deadline, connected).await.unwrap_or_else(|_| late())
    }
}

/// Who the server has to be.
fn server_name(place: &Place) -> Result<ServerName<'static>, Failure> {
    let name = match place.host() {
        url::Host::Ipv4(address) => return Ok(ServerName::from(std::net::IpAddr::V4(*address))),
        url::Host::Ipv6(address) => return Ok(ServerName::from(std::net::IpAddr::V6(*address))),
        url::Host::Domain(name) => name.clone(),
    };
    ServerName::try_from(name).map_err(|error| Failure::NoConnection { detail: error.to_string() })
}

fn no_connection(error: std::io::Error) -> Failure {
    Failure::NoConnection { detail: error.to_string() }
}

/// Moves the bytes until the other side ends. How it ended is told where the answer is awaited.
async fn drive(connection: impl Future<Output = hyper::Result<()>>) -> Infallible {
    let _ = connection.await;
    std::future::pending().await
}
