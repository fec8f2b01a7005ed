//! Traces, sent by OTLP to where the operator says. Without that nothing is made for them.

use std::env::var;

use axum::http::HeaderMap;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{TraceContextExt, TracerProvider};
use opentelemetry_http::HeaderExtractor;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{Sampler, SdkTracer, SdkTracerProvider};
use tracing::Subscriber;
use tracing::field::display;
use tracing_opentelemetry::{OpenTelemetryLayer, OpenTelemetrySpanExt};
use tracing_subscriber::registry::LookupSpan;

use super::export::Exporter;
use crate::settings::Settings;
use crate::trouble::Trouble;

/// Where others look for the address, which is then read by the exporter; what is set for Baton goes before it.
const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];
const SERVICE_NAME: &str = "OTEL_SERVICE_NAME";

/// What is still to be sent is sent when this is dropped.
pub struct Traces(SdkTracerProvider);

impl Traces {
    /// `None`: nobody collects them.
    pub fn start(settings: &Settings) -> Result<Option<Traces>, Trouble> {
        let is_set = |variable: &str| var(variable).is_ok_and(|value| !value.is_empty());
        if settings.otlp_endpoint.is_none() && !ENDPOINTS.into_iter().any(is_set) {
            return Ok(None);
        }
        let exporter = Exporter::new(settings.otlp_endpoint.as_deref())?;
        let mut resource = Resource::builder().with_attribute(opentelemetry::KeyValue::new("service.version", env!("CARGO_PKG_VERSION")));
        if settings.otlp_service_name.is_some() || !is_set(SERVICE_NAME) {
            resource = resource.with_service_name(settings.otlp_service_name.clone().unwrap_or_else(|| "baton".to_owned()));
        }
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            // Whoever calls has decided for its trace already.
            .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(settings.otlp_sampling))))
            .with_resource(resource.build())
            .build();
        Ok(Some(Traces(provider)))
    }

    pub fn layer<S: Subscriber + for<'a> LookupSpan<'a>>(&self) -> OpenTelemetryLayer<S, SdkTracer> {
        let layer = tracing_opentelemetry::layer().with_tracer(self.0.tracer("baton"));
        layer.with_location(false).with_threads(false).with_tracked_inactivity(false).with_target(false)
    }
}

impl Drop for Traces {
    fn drop(&mut self) {
        // The exporter has told what it could not send.
        let _ = self.0.shutdown();
    }
}

/// Makes a request's span part of its caller's trace (W3C Trace Context), and tells the log which that is.
pub fn join(span: &tracing::Span, head: &HeaderMap) {
    let parent = TraceContextPropagator::new().extract(&HeaderExtractor(head));
    if parent.span().span_context().is_valid() {
        // It is its first use, and there is a layer for it.
        let _ = span.set_parent(parent);
    }
    let context = span.context();
    let trace = context.span().span_context().trace_id();
    span.record("trace", display(trace));
}
