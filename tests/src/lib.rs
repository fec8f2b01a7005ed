//! Nothing but tests: see tests/it.
#![forbid(unsafe_code)]
