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
}

pub struct Answer {
    pub status: u16,
    pub body: Json,
}

impl Call {
    pub fn get(path: String) -> Call {
        Call { method: "GET", path, body: None }
    }

    pub fn post(path: String, body: Json) -> Call {
        Call { method: "POST", path, body: Some(body) }
    }

    pub fn post_nothing(path: String) -> Call {
        Call { method: "POST", path, body: None }
    }

    /// A line for a shell. No value here has a quote in it.
    pub fn curl(&self, address: SocketAddr, api_key: &str) -> String {
        let mut line = format!("curl http://{address}{} --header 'Authorization: Bearer {api_key}'", self.path);
        match &self.body {
            None if self.method != "GET" => line.push_str(&format!(" --request {}", self.method)),
            None => {}
            Some(body) => line.push_str(&format!(" --header 'Content-Type: application/json' --data '{body}'")),
        }
        line
    }

    pub async fn send(&self, address: SocketAddr, api_key: &str) -> Result<Answer, Trouble> {
        let failed = |error: &dyn std::fmt::Display| Trouble::refused(format!("the demo's own server does not answer: {error}"));
        let stream = TcpStream::connect(address).await.map_err(|error| failed(&error))?;
        let (mut sender, connection) = handshake(TokioIo::new(stream)).await.map_err(|error| failed(&error))?;
        let request = Request::builder()
            .method(self.method)
            .uri(&self.path)
            .header(HOST, address.to_string())
            .header(AUTHORIZATION, format!("Bearer {api_key}"))
            .header(CONTENT_TYPE, "application/json")
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
