//! What each endpoint has answered, and how fast. By its route, never by the path, so that there are only so many.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::http::StatusCode;
use baton_engine::{Histogram, Metric, Sample};

use crate::route::ROUTES;

/// Statuses from 100 on.
const STATUSES: usize = 500;

/// In the order of [`ROUTES`]; one more for what meets none of them.
pub struct Requests(Vec<OfRoute>);

struct OfRoute {
    answered: Box<[AtomicU64]>,
    took: Histogram,
}

impl Requests {
    pub fn new() -> Requests {
        let of_route = || OfRoute { answered: (0..STATUSES).map(|_| AtomicU64::new(0)).collect(), took: Histogram::of_latency() };
        Requests((0..=ROUTES.len()).map(|_| of_route()).collect())
    }

    /// `route`: its place in [`ROUTES`].
    pub fn answered(&self, route: Option<usize>, status: StatusCode, took: Duration) {
        let of_route = &self.0[route.unwrap_or(ROUTES.len())];
        if let Some(answered) = of_route.answered.get(usize::from(status.as_u16()) - 100) {
            answered.fetch_add(1, Ordering::Relaxed);
        }
        of_route.took.took(took);
    }

    /// Only of those that somebody has asked.
    pub fn metrics(&self) -> Vec<Metric> {
        let names = ROUTES.iter().map(|route| (route.method.as_str(), route.path)).chain([("other", "none")]);
        let (mut answered, mut took) = (Vec::new(), Vec::new());
        for ((method, route), counted) in names.zip(&self.0) {
            let before = answered.len();
            for (status, count) in (100..).zip(&counted.answered) {
                let count = count.load(Ordering::Relaxed);
                if count > 0 {
                    let status: u16 = status;
                    let labels = [("method", method), ("route", route), ("status", &status.to_string())];
                    answered.push(Sample::number(&labels, count as f64));
                }
            }
            if answered.len() > before {
                took.push(Sample::of(&[("method", method), ("route", route)], &counted.took));
            }
        }
        vec![
            Metric::counter("baton_http_requests_total", "Requests answered; none is what meets no route.", answered),
            Metric::histogram("baton_http_request_duration_seconds", "From a request's head to its answer's head.", took),
        ]
    }
}
