//! One test binary for what needs more than one crate.
#![forbid(unsafe_code)]

mod tidy;
