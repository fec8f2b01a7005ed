//! Spans on their way out, in the words of OpenTelemetry, by our own client. The address is the operator's, so the guard has no say.
//!
//! All this happens on the one thread of the batches, never where requests are served.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use baton_connect::guard::{Guard, SystemResolver, network};
use baton_connect::http::{Client, Request};
use baton_connect::tls::Roots;
use hyper::body::Bytes;
use opentelemetry::trace::{SpanKind, Status};
use opentelemetry::{Key, KeyValue, Value};
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{SpanExporter as Otlp, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};
use tracing::warn;

use crate::trouble::Trouble;

const SENT_WITHIN: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub struct Exporter(Otlp);

impl Exporter {
    /// `None`: where the variables of OpenTelemetry say.
    pub fn new(endpoint: Option<&str>) -> Result<Exporter, Trouble> {
        let anywhere = ["0.0.0.0/0", "::/0"].map(|all| network(all).expect("a network")).to_vec();
        let client = Client::new(Guard::new(anywhere, Arc::new(SystemResolver::default())), &Roots::of_the_machine());
        let client = client.map_err(|error| Trouble::refused(format!("no trace can be sent by TLS: {error}")))?;
        let mut builder = Otlp::builder().with_http().with_http_client(Sender(Arc::new(client)));
        if let Some(endpoint) = endpoint {
            builder = builder.with_endpoint(format!("{endpoint}/v1/traces"));
        }
        let exporter = builder.build().map_err(|error| Trouble::refused(format!("traces can't be sent: {error}")))?;
        Ok(Exporter(exporter))
    }
}

impl SpanExporter for Exporter {
    async fn export(&self, mut batch: Vec<SpanData>) -> OTelSdkResult {
        batch.iter_mut().for_each(translate);
        let spans = batch.len();
        self.0.export(batch).await.inspect_err(|error| warn!(%error, spans, "traces could not be sent"))
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.0.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.force_flush()
    }

    fn set_resource(&mut self, resource: &opentelemetry_sdk::Resource) {
        self.0.set_resource(resource);
    }
}

/// The log has short names of its own; who reads traces looks for the agreed ones.
fn translate(span: &mut SpanData) {
    let text =
        |name: &str| span.attributes.iter().find(|attribute| attribute.key.as_str() == name).map(|attribute| attribute.value.to_string());
    match &*span.name {
        "request" => {
            span.span_kind = SpanKind::Server;
            if text("status").is_some_and(|status| status.starts_with('5')) {
                span.status = Status::error("");
            }
            span.name = [text("method"), text("route")].into_iter().flatten().collect::<Vec<String>>().join(" ").into();
        }
        "call" => {
            span.span_kind = SpanKind::Client;
            if text("outcome").is_none_or(|outcome| outcome != "success") {
                span.status = Status::error("");
            }
        }
        _ => {}
    }
    span.attributes.retain(|attribute| attribute.key.as_str() != "trace");
    for KeyValue { key, value, .. } in &mut span.attributes {
        let agreed = match key.as_str() {
            "method" => "http.request.method".into(),
            "route" => "http.route".into(),
            "status" => {
                if let Ok(status) = value.to_string().parse() {
                    *value = Value::I64(status);
                }
                "http.response.status_code".into()
            }
            own => format!("baton.{own}"),
        };
        *key = Key::from(agreed);
    }
}

/// Each batch by a runtime of its own: what serves requests may be gone when the last one is sent.
struct Sender(Arc<Client>);

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sender")
    }
}

type Sent<'a> = Pin<Box<dyn Future<Output = Result<http::Response<Bytes>, HttpError>> + Send + 'a>>;

impl HttpClient for Sender {
    fn send_bytes<'a, 'b>(&'a self, request: http::Request<Bytes>) -> Sent<'b>
    where
        'a: 'b,
        Self: 'b,
    {
        Box::pin(async move { self.send(request) })
    }
}

impl Sender {
    fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, HttpError> {
        let (head, body) = request.into_parts();
        let headers: Result<Vec<(&str, &str)>, _> =
            head.headers.iter().map(|(name, value)| value.to_str().map(|value| (name.as_str(), value))).collect();
        let request = Request::new(head.method.as_str(), &head.uri.to_string(), &headers?, body, SENT_WITHIN)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let answered = runtime.block_on(self.0.call(&request));
        // A look-up of a name may take longer than anybody waits for it.
        runtime.shutdown_background();
        let answer = answered?;
        Ok(http::Response::builder().status(answer.status).body(answer.body)?)
    }
}
