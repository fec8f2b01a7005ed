//! For load balancers and supervisors; no key is asked for.

pub mod live;
pub mod ready;
