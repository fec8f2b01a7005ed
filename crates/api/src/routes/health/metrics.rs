//! `GET /metrics`: what this node counts, in the text format of Prometheus.

use std::fmt::Write;

use axum::http::header::HeaderValue;
use axum::http::{Method, StatusCode};
use baton_engine::{Measured, Metric, MetricKind, Sample};

use super::process;
use crate::call::Call;
use crate::openapi::docs::{Docs, Done, Format};
use crate::openapi::nouns::SERVER;
use crate::openapi::schemas;
use crate::reply;
use crate::route::{Handled, Policy, Route};

pub const ROUTE: Route = Route { method: Method::GET, path: "/metrics", policy: Policy::Open, handle, docs };

fn docs() -> Docs {
    Docs {
        id: "get_metrics",
        noun: &SERVER,
        title: "What this node counts",
        text: "In the text format of Prometheus. [Operations](/api/docs/operations#watching-it) says what each is.",
        parameters: &[],
        body: None,
        answers: vec![
            Done::json(200, "A line for each value.", schemas::text())
                .in_format(Format::Texts(&["text/plain"]))
                .like(shown(&build()).into()),
        ],
        refuses: &[],
    }
}

const TEXT: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

fn handle(call: Call) -> Handled {
    Box::pin(async move {
        let mut metrics = vec![build()];
        metrics.extend(call.app.requests.metrics());
        metrics.extend(call.engine().metrics().await);
        metrics.extend(process::metrics());
        Ok(reply::bytes(StatusCode::OK, TEXT, metrics.iter().map(shown).collect::<String>().into_bytes()))
    })
}

fn build() -> Metric {
    let version = Sample::number(&[("version", env!("CARGO_PKG_VERSION"))], 1.0);
    Metric { name: "baton_build_info", kind: MetricKind::Gauge, help: "The version that runs.", samples: vec![version] }
}

/// Names, help and labels are our own, and hold nothing that the format would have escaped.
fn shown(metric: &Metric) -> String {
    let Metric { name, kind, help, samples } = metric;
    let kind = match kind {
        MetricKind::Counter => "counter",
        MetricKind::Gauge => "gauge",
        MetricKind::Histogram => "histogram",
    };
    let mut text = format!("# HELP {name} {help}\n# TYPE {name} {kind}\n");
    for Sample { labels, value } in samples {
        let labels: Vec<String> = labels.iter().map(|(label, value)| format!("{label}=\"{value}\"")).collect();
        let labels = labels.join(",");
        match value {
            Measured::Number(value) => line(&mut text, name, &labels, *value),
            Measured::Distribution(distribution) => {
                let separator = if labels.is_empty() { "" } else { "," };
                for (end, count) in &distribution.buckets {
                    line(&mut text, &format!("{name}_bucket"), &format!("{labels}{separator}le=\"{end}\""), *count as f64);
                }
                line(&mut text, &format!("{name}_bucket"), &format!("{labels}{separator}le=\"+Inf\""), distribution.count as f64);
                line(&mut text, &format!("{name}_sum"), &labels, distribution.sum);
                line(&mut text, &format!("{name}_count"), &labels, distribution.count as f64);
            }
        }
    }
    text
}

fn line(text: &mut String, name: &str, labels: &str, value: f64) {
    let labels = if labels.is_empty() { String::new() } else { format!("{{{labels}}}") };
    let _ = writeln!(text, "{name}{labels} {value}");
}
