//! For load balancers, supervisors and whoever watches; no key is asked for.

pub mod live;
pub mod metrics;
mod process;
pub mod ready;
