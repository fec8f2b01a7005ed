//! The crate from outside, against servers of its own on the loopback.
#![forbid(unsafe_code)]

mod email;
mod guard;
mod http;
mod private;
mod seal;
mod servers;
mod sign;
