//! As much HTTP/1.1 as measuring and hammering our own server needs, with nothing between us and the bytes.

mod client;
mod stream;
mod wire;

pub use client::{Client, Lost, Reply};
pub use stream::Stream;
pub use wire::{Answer, Method, Request, find_text};
