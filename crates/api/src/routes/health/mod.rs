//! For load balancers, supervisors and whoever watches; no key is asked for.

pub mod live;
pub mod metrics;
pub mod ready;
