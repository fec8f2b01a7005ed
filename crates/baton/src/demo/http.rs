//! A client for the demo's own requests, over real HTTP.

use std::net::SocketAddr;

use axum::body::Body;
use axum::http::Request;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http_body_util::BodyExt;
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use serde_json::Value as Json;
use tokio::net::TcpStream;

use crate::trouble::Trouble;

/// One request, as it is sent and as it would be typed.
pub struct Call {
    method: &'static str,
    path: String,
    body: Option<Json>,
    /// `Prefer`
    preference: Option<&'static str>,
}

pub struct Answer {
    pub status: u16,
    pub body: Json,
}

impl Call {
    pub fn get(path: String) -> Call {
        Call { method: "GET", path, body: None, preference: None }
    }

    pub fn post(path: String, body: Json) -> Call {
        Call { method: "POST", path, body: Some(body), preference: None }
    }

    pub fn put(path: String, body: Json) -> Call {
        Call { method: "PUT", ..Call::post(path, body) }
    }

    pub fn post_nothing(path: String) -> Call {
        Call { method: "POST", path, body: None, preference: None }
    }

    /// Answered when the execution has ended.
    pub fn waiting(self) -> Call {
        Call { preference: Some("wait=10"), ..self }
    }

    /// A line for a shell. No value here has a quote in it.
    pub fn curl(&self, address: SocketAddr, api_key: &str) -> String {
        // A shell has a use of its own for a question mark.
        let quote = if self.path.contains('?') { "'" } else { "" };
        let mut line = format!("curl {quote}http://{address}{}{quote} --header 'Authorization: Bearer {api_key}'", self.path);
        let usual = if self.body.is_some() { "POST" } else { "GET" };
        if self.method != usual {
            line.push_str(&format!(" --request {}", self.method));
        }
        if let Some(preference) = self.preference {
            line.push_str(&format!(" --header 'Prefer: {preference}'"));
        }
        if let Some(body) = &self.body {
            line.push_str(&format!(" --header 'Content-Type: application/json' --data '{body}'"));
        }
        line
    }

    pub async fn send(&self, address: SocketAddr, api_key: &str) -> Result<Answer, Trouble> {
        let failed = |error: &dyn std::fmt::Display| Trouble::refused(format!("the demo's own server does not answer: {error}"));
        let stream = TcpStream::connect(address).await.map_err(|error| failed(&error))?;
        let (mut sender, connection) = handshake(TokioIo::new(stream)).await.map_err(|error| failed(&error))?;
        let mut request = Request::builder()
            .method(self.method)
            .uri(&self.path)
            .header(HOST, address.to_string())
            .header(AUTHORIZATION, format!("Bearer {api_key}"))
            .header(CONTENT_TYPE, "application/json");
        if let Some(preference) = self.preference {
            request = request.header("prefer", preference);
        }
        let request = request
            .body(self.body.as_ref().map_or_else(Body::empty, |body| Body::from(body.to_string())))
            .map_err(|error| failed(&error))?;
        let exchange = async {
            let response = sender.send_request(request).await?;
            let status = response.status().as_u16();
            Ok::<_, hyper::Error>((status, response.into_body().collect().await?.to_bytes()))
        };
        tokio::pin!(connection);
        let (status, bytes) = tokio::select! {
            done = exchange => done.map_err(|error| failed(&error))?,
            ended = &mut connection => return Err(failed(&format!("the connection ended: {ended:?}"))),
        };
        let body = serde_json::from_slice(&bytes).map_err(|error| failed(&error))?;
        Ok(Answer { status, body })
    }
}
