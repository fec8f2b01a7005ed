//! What the refunds call: a bookkeeping that gives each its reference, and a bank that has hours.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::{Value as Json, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// Answers until it is dropped.
pub struct Payments {
    pub address: SocketAddr,
    bank_is_closed: Arc<AtomicBool>,
    _serving: JoinSet<()>,
}

impl Payments {
    pub async fn open() -> std::io::Result<Payments> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let bank_is_closed = Arc::new(AtomicBool::new(false));
        let router =
            Router::new().route("/references", post(reference)).route("/transfers", post(transfer)).with_state(Arc::clone(&bank_is_closed));
        let mut serving = JoinSet::new();
        serving.spawn(async move { drop(axum::serve(listener, router).await) });
        Ok(Payments { address, bank_is_closed, _serving: serving })
    }

    pub fn close_bank(&self, closed: bool) {
        self.bank_is_closed.store(closed, Ordering::Relaxed);
    }
}

/// The same for the same order, whenever it is asked.
async fn reference(body: Bytes) -> Response {
    let asked: Json = serde_json::from_slice(&body).unwrap_or_default();
    match asked["task"]["Order"].as_str() {
        Some(order) => in_json(&json!({ "task": { "Payment reference": format!("PAY-{}", order.trim_start_matches("R-")) } })),
        None => (StatusCode::UNPROCESSABLE_ENTITY, "A task with its Order is expected").into_response(),
    }
}

async fn transfer(State(bank_is_closed): State<Arc<AtomicBool>>) -> Response {
    if bank_is_closed.load(Ordering::Relaxed) {
        return (StatusCode::SERVICE_UNAVAILABLE, "The bank is closed until nine").into_response();
    }
    in_json(&json!({ "transferred": true }))
}

fn in_json(body: &Json) -> Response {
    ([(CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}
