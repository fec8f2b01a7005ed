//! Reach the world through one guard.
//!
//! Map: [`guard`] says where calls may go, by `address`, and opens every connection to a [`place`] that a workspace names;
//! [`http`] makes one call, [`email`] sends one message; [`seal`] keeps secrets at rest, [`private`] says who may use a file of one, [`sign`]
//! signs what goes out.
//!
//! Time and randomness come in from the caller. Nothing here is tried again, and nothing is remembered: that is the engine's.
#![forbid(unsafe_code)]

mod address;
pub mod email;
pub mod guard;
pub mod http;
pub mod place;
pub mod private;
pub mod seal;
pub mod sign;
pub mod tls;
