//! Spans on their way out, in the words of OpenTelemetry, by our own client. The address is the operator's, so the guard has no say.
//!
//! All this happens on the one thread of the batches, never where requests are served.

use std::env::var;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use baton_connect::guard::{Guard, SystemResolver, network};
use baton_connect::http::{CallError, Client, Failure, Request};
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

/// Milliseconds that an attempt may take; the first that is set counts. OpenTelemetry's exporter only knows how long it tries again.
const TIMEOUTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT"];
const SENT_WITHIN: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub struct Exporter {
    otlp: Otlp,
    unsent: Arc<Unsent>,
}

/// Why the last attempt came to no answer: the exporter makes "network error" of every reason.
type Unsent = Mutex<Option<String>>;

impl Exporter {
    /// `None`: where the variables of OpenTelemetry say.
    pub fn new(endpoint: Option<&str>) -> Result<Exporter, Trouble> {
        let anywhere = ["0.0.0.0/0", "::/0"].map(|all| network(all).expect("a network")).to_vec();
        let client = Client::new(Guard::new(anywhere, Arc::new(SystemResolver::default())), &Roots::of_the_machine());
        let client = client.map_err(|error| Trouble::refused(format!("no trace can be sent by TLS: {error}")))?;
        let within = TIMEOUTS.iter().find_map(|variable| var(variable).ok()?.parse().ok()).map_or(SENT_WITHIN, Duration::from_millis);
        let unsent = Arc::<Unsent>::default();
        let mut builder = Otlp::builder().with_http().with_http_client(Sender { client, within, unsent: unsent.clone() });
        if let Some(endpoint) = endpoint {
            builder = builder.with_endpoint(format!("{endpoint}/v1/traces"));
        }
        let otlp = builder.build().map_err(|error| Trouble::refused(format!("traces can't be sent: {error}")))?;
        Ok(Exporter { otlp, unsent })
    }
}

impl SpanExporter for Exporter {
    async fn export(&self, mut batch: Vec<SpanData>) -> OTelSdkResult {
        batch.iter_mut().for_each(translate);
        let spans = batch.len();
        self.otlp.export(batch).await.inspect_err(|error| {
            let error = take(&self.unsent).unwrap_or_else(|| error.to_string());
            warn!(error, spans, "traces could not be sent");
        })
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.otlp.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.otlp.force_flush()
    }

    fn set_resource(&mut self, resource: &opentelemetry_sdk::Resource) {
        self.otlp.set_resource(resource);
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
struct Sender {
    client: Client,
    within: Duration,
    unsent: Arc<Unsent>,
}

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
        Box::pin(async move {
            take(&self.unsent);
            self.send(request).inspect_err(|error| *self.unsent.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.to_string()))
        })
    }
}

impl Sender {
    fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, HttpError> {
        let (head, body) = request.into_parts();
        let headers: Result<Vec<(&str, &str)>, _> =
            head.headers.iter().map(|(name, value)| value.to_str().map(|value| (name.as_str(), value))).collect();
        let request = Request::new(head.method.as_str(), &head.uri.to_string(), &headers?, body, self.within)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let answered = runtime.block_on(self.client.call(&request));
        // A look-up of a name may take longer than anybody waits for it.
        runtime.shutdown_background();
        let answer = answered.map_err(|error| why(&error))?;
        Ok(http::Response::builder().status(answer.status).body(answer.body)?)
    }
}

fn take(unsent: &Unsent) -> Option<String> {
    unsent.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// With the detail, which calls of a workflow don't tell: this address is the operator's.
fn why(CallError { host, failure }: &CallError) -> String {
    match failure {
        Failure::NoConnection { detail } | Failure::BrokenOff { detail } => format!("{host} {failure}: {detail}"),
        _ => format!("{host} {failure}"),
    }
}
